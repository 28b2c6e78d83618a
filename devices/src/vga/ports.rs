//! The card's ports.

use super::registers::Change;
use super::vbe::{Written, register};
use super::{MEMORY, Vga};
use ringzero_bus::ram::PAGE_SIZE;
use ringzero_bus::{Fabric, PortAccess, RamOffset, VTime, Width};

/// A port by what it does, whatever its address. `None` is a port that does not answer at present.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum VgaPort {
    CrtcIndex,
    CrtcData,
    /// Input status 1 when read, feature control when written.
    Status1,
    /// 3C0h to 3CFh, by its low four bits.
    Fixed(u16),
    VbeIndex,
    VbeData,
}

impl Vga {
    fn decode(&self, access: PortAccess) -> Option<VgaPort> {
        let colour = self.state.registers.misc.colour_ports();
        match (access.region, access.offset) {
            (0, 0) if !colour => Some(VgaPort::CrtcIndex),
            (0, _) if !colour => Some(VgaPort::CrtcData),
            (1, _) if !colour => Some(VgaPort::Status1),
            (2, n) => Some(VgaPort::Fixed(n)),
            (3, 0) if colour => Some(VgaPort::CrtcIndex),
            (3, _) if colour => Some(VgaPort::CrtcData),
            (4, _) if colour => Some(VgaPort::Status1),
            (5, 0) if access.width == Width::Word => Some(VgaPort::VbeIndex),
            (5, 1) if access.width == Width::Word => Some(VgaPort::VbeData),
            _ => None,
        }
    }

    pub(super) fn read_port(&mut self, fabric: &mut Fabric, access: PortAccess) -> u32 {
        match self.decode(access) {
            None => access.width.open_bus(),
            Some(VgaPort::CrtcIndex) => self.state.registers.crtc.index.into(),
            Some(VgaPort::CrtcData) => self.state.registers.crtc.read().into(),
            Some(VgaPort::Status1) => self.status_1(fabric.now).into(),
            Some(VgaPort::Fixed(offset)) => self.read_fixed(offset).into(),
            Some(VgaPort::VbeIndex) => self.state.vbe_index.into(),
            Some(VgaPort::VbeData) => self.read_vbe(self.state.vbe_index).into(),
        }
    }

    pub(super) fn write_port(&mut self, fabric: &mut Fabric, access: PortAccess, value: u32) {
        let byte = value as u8;
        match self.decode(access) {
            None => {}
            Some(VgaPort::CrtcIndex) => self.state.registers.crtc.index = byte & 0x3F,
            Some(VgaPort::CrtcData) => {
                let written = self.state.registers.crtc.written(byte);
                self.change_some(fabric, written.map(|(n, value)| Change::Crtc(n, value)));
            }
            Some(VgaPort::Status1) => self.state.feature = byte,
            Some(VgaPort::Fixed(offset)) => self.write_fixed(fabric, offset, byte),
            Some(VgaPort::VbeIndex) => self.state.vbe_index = value as u16,
            Some(VgaPort::VbeData) => self.write_vbe(fabric, self.state.vbe_index, value as u16),
        }
    }

    fn change_some(&mut self, fabric: &mut Fabric, change: Option<Change>) {
        if let Some(change) = change {
            self.change(fabric, change);
        }
    }

    /// Input status register 1 [VGA, "Input Status Register 1"].
    fn status_1(&mut self, now: VTime) -> u8 {
        self.state.registers.attribute.reset_flip_flop();
        self.state.registers.timing().at(now).status()
    }

    /// Input status register 0: the sense switch reads a colour display; bit 7 is the retrace interrupt.
    fn status_0(&self) -> u8 {
        0x10 | u8::from(self.state.retrace_pending) << 7
    }

    fn read_fixed(&mut self, offset: u16) -> u8 {
        let registers = &mut self.state.registers;
        match offset {
            0x0 => registers.attribute.read_index(),
            0x1 => registers.attribute.read_data(),
            0x2 => self.status_0(),
            0x3 => self.state.enable,
            0x4 => registers.sequencer.index,
            0x5 => registers.sequencer.read(),
            0x6 => registers.dac.mask,
            0x7 => registers.dac.read_state(),
            0x8 => registers.dac.write_index(),
            0x9 => registers.dac.read_data(),
            0xA => self.state.feature,
            0xC => registers.misc.0,
            0xE => registers.graphics.index,
            0xF => registers.graphics.read(),
            _ => 0xFF,
        }
    }

    fn write_fixed(&mut self, fabric: &mut Fabric, offset: u16, value: u8) {
        let registers = &mut self.state.registers;
        let change = match offset {
            0x0 => registers.attribute.written(value).map(|(n, value)| Change::Attribute(n, value)),
            0x2 => Some(Change::Misc(value)),
            0x5 => registers.sequencer.written(value).map(|(n, value)| Change::Sequencer(n, value)),
            0x6 => Some(Change::Mask(value)),
            0x9 => {
                let wide = registers.vbe.wide_dac();
                registers.dac.written(value, wide).map(|(n, colour)| Change::Colour(n, colour))
            }
            0xF => registers.graphics.written(value).map(|(n, value)| Change::Graphics(n, value)),
            0x3 => {
                self.state.enable = value & 1;
                return self.follow_window(fabric);
            }
            0x4 => return registers.sequencer.index = value & 7,
            0x7 => return registers.dac.set_read_index(value),
            0x8 => return registers.dac.set_write_index(value),
            0xE => return registers.graphics.index = value & 0x0F,
            _ => return,
        };
        self.change_some(fabric, change);
    }

    // --- the Bochs extension --------------------------------------------------------------------------------

    pub(super) fn read_vbe(&self, index: u16) -> u16 {
        match index {
            register::DDC => self.state.ddc.read(),
            index => self.state.registers.vbe.read(index, MEMORY),
        }
    }

    pub(super) fn write_vbe(&mut self, fabric: &mut Fabric, index: u16, value: u16) {
        if index == register::DDC {
            return self.state.ddc.write(value);
        }
        let Written { vbe, clear } = self.state.registers.vbe.written(index, value, MEMORY);
        self.change(fabric, Change::Vbe(vbe));
        for at in (0..clear).step_by(PAGE_SIZE) {
            let zeros = &[0; PAGE_SIZE][..PAGE_SIZE.min(clear - at)];
            fabric.ram.write_at(RamOffset(self.wiring.memory.0 + at as u64), zeros);
        }
    }
}
