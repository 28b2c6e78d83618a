//! Memory and registers, as a debugger reaches them: without side effects on devices.

use crate::machine::Machine;
use ringzero_bus::{LinAddr, PhysAddr, Width};
use ringzero_cpu::CpuState;
use ringzero_cpu::recorder::{Mark, MarkKind, Place};

const PAGE: u64 = 4096;

impl Machine {
    /// Reads physical memory, RAM and ROM. Bytes of devices and of nothing read FFh.
    pub fn read_physical(&self, addr: u64, out: &mut [u8]) {
        for (n, byte) in (0..).zip(out) {
            *byte = self.bus.peek(PhysAddr(addr.wrapping_add(n))).unwrap_or(0xFF);
        }
    }

    /// Reads physical memory as the processor would: RAM, ROM, and devices such as the video memory, which note the read
    /// as one of the processor's.
    pub fn read_memory(&mut self, addr: u64, out: &mut [u8]) {
        for (n, byte) in (0..).zip(out) {
            let at = PhysAddr(addr.wrapping_add(n));
            *byte = self.bus.peek(at).unwrap_or_else(|| self.bus.read(at, Width::Byte) as u8);
        }
    }

    /// Writes RAM at a physical address; what falls outside RAM is dropped.
    pub fn write_physical(&mut self, addr: u64, data: &[u8]) {
        self.bus.fabric_mut().ram.write(PhysAddr(addr), data);
    }

    /// Reads memory at a linear address, as the processor's present page tables map it. False, with FFh for what cannot
    /// be read, where a page is not present.
    pub fn read_linear(&self, addr: u64, out: &mut [u8]) -> bool {
        let mut all = true;
        let (mut at, mut rest) = (addr, out);
        while !rest.is_empty() {
            let piece = rest.len().min((PAGE - at % PAGE) as usize);
            let (now, later) = rest.split_at_mut(piece);
            match self.cpu.translate_for_inspection(&self.bus, LinAddr(at)) {
                Some(found) => self.read_physical(found.0, now),
                None => {
                    now.fill(0xFF);
                    all = false;
                }
            }
            (at, rest) = (at.wrapping_add(piece as u64), later);
        }
        all
    }

    /// Writes memory at a linear address; false, with nothing written, where a page is not present.
    pub fn write_linear(&mut self, addr: u64, data: &[u8]) -> bool {
        let places: Option<Vec<PhysAddr>> = (0..data.len() as u64)
            .map(|n| self.cpu.translate_for_inspection(&self.bus, LinAddr(addr.wrapping_add(n))))
            .collect();
        let Some(places) = places else { return false };
        for (at, byte) in places.into_iter().zip(data) {
            self.bus.fabric_mut().ram.write(at, &[*byte]);
        }
        true
    }

    /// The processor's registers.
    pub fn registers(&self) -> &CpuState {
        self.cpu.state()
    }

    /// Changes the processor's registers.
    pub fn change_registers(&mut self, change: impl FnOnce(&mut CpuState)) {
        self.cpu.update_state(change);
    }

    /// Where the processor stands.
    pub fn place(&self) -> Place {
        Place::of(self.cpu.state())
    }

    /// The same as the end of the processor's trail.
    pub fn present_mark(&self) -> Mark {
        Mark { place: self.place(), kind: MarkKind::Reached }
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
        assert_eq!((cell[0], cell[1]), (screen.row(0)[0].character, screen.row(0)[0].attribute));
    }
}
