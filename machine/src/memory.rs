//! Guest memory, as the host looks at it.

use crate::machine::Machine;
use ringzero_bus::{PhysAddr, Width};

impl Machine {
    /// Reads physical memory as the processor would, behind the A20 gate: RAM, ROM, and devices such as the video memory.
    /// RAM and ROM are read without a trace; a device notes the read as one of the processor's.
    pub fn read_memory(&mut self, address: u64, out: &mut [u8]) {
        for (n, byte) in (0..).zip(out) {
            let at = PhysAddr(address.wrapping_add(n));
            *byte = self.bus.peek(at).unwrap_or_else(|| self.bus.read(at, Width::Byte) as u8);
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::{Config, Machine, Media, OnIdle};

    #[test]
    fn rom_and_video_memory_are_read_where_they_are() {
        let mut machine = Machine::new(Config::default(), Media::default()).unwrap();
        machine.run(10_000_000, OnIdle::Jump);
        let mut reset = [0; 1];
        machine.read_memory(0xF_FFF0, &mut reset);
        // The reset vector's far jump.
        assert_eq!(reset, [0xEA]);
        let screen = machine.text_screen().unwrap();
        let mut cell = [0; 2];
        machine.read_memory(0xB_8000, &mut cell);
        assert_eq!(char::from(cell[0]), screen.line(0).chars().next().unwrap());
    }
}
