//! VGA: the IBM Video Graphics Array with 256 KB.
//!
//! Sources: IBM PS/2 Hardware Interface Technical Reference, "Video Subsystem", keyed \[VGA\]; where the manual is
//! silent, Intel 82C440 / FreeVGA register descriptions.
//!
//! *Modelled*: CRTC, sequencer, graphics controller, attribute controller, DAC, general registers; the memory path with
//! all modes; the picture in every standard mode and what can be made of their registers; retrace and display enable
//! from the CRTC's own timing.
//!
//! *Not modelled*: the vertical retrace interrupt, the light pen, the border, blinking in graphics modes, register
//! changes within a frame (a frame is drawn as the registers stand when it is asked for).

mod attribute;
mod crtc;
mod dac;
mod graphics;
mod render;
mod sequencer;

pub use render::Frame;

use crate::text::TextScreen;
use attribute::Attribute;
use crtc::Crtc;
use dac::Dac;
use graphics::{Graphics, MemoryPath};
use ringzero_bus::{
    Device, Fabric, ForkError, MmioAccess, PciFunction, PciFunctionId, PortAccess, Section, SnapshotError,
    VTime,
};
use sequencer::Sequencer;
use serde::{Deserialize, Serialize};

/// Bytes of one plane.
const PLANE: usize = 0x1_0000;

/// Miscellaneous output register, 3C2h [VGA, "Miscellaneous Output Register"].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Misc(u8);

impl Misc {
    /// IOS: the CRTC answers at 3Dxh rather than 3Bxh.
    fn colour_ports(self) -> bool {
        self.0 & 0x01 != 0
    }
    /// ERAM.
    fn memory_enabled(self) -> bool {
        self.0 & 0x02 != 0
    }
    /// CS: dots per second.
    fn dot_clock(self) -> u64 {
        if self.0 >> 2 & 3 == 1 { 28_322_000 } else { 25_175_000 }
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct VgaState {
    misc: Misc,
    feature: u8,
    /// 3C3h bit 0: the video subsystem answers.
    enable: u8,
    crtc: Crtc,
    sequencer: Sequencer,
    graphics: Graphics,
    attribute: Attribute,
    dac: Dac,
    /// Four planes, interleaved: plane p of address a is byte 4a + p.
    memory: Vec<u8>,
}

impl Default for VgaState {
    fn default() -> Self {
        Self {
            misc: Misc::default(),
            feature: 0,
            enable: 1,
            crtc: Crtc::default(),
            sequencer: Sequencer::default(),
            graphics: Graphics::default(),
            attribute: Attribute::default(),
            dac: Dac::default(),
            memory: vec![0; 4 * PLANE],
        }
    }
}

/// The card. Port regions and what they must be attached to are [`PORTS`]; its memory is A0000h-BFFFFh.
#[derive(Clone, Debug, Default)]
pub struct Vga {
    state: VgaState,
    /// Counts changes that may show.
    changes: u64,
}

/// The card's port ranges, in the order of its regions.
pub const PORTS: [std::ops::RangeInclusive<u16>; 5] =
    [0x3B4..=0x3B5, 0x3BA..=0x3BA, 0x3C0..=0x3CF, 0x3D4..=0x3D5, 0x3DA..=0x3DA];
/// The card's window.
pub const WINDOW: std::ops::RangeInclusive<u64> = 0xA_0000..=0xB_FFFF;

/// A port by what it does, whatever its address. `None` is a port that does not answer at present.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum VgaPort {
    CrtcIndex,
    CrtcData,
    /// Input status 1 when read, feature control when written.
    Status1,
    /// 3C0h to 3CFh, by its low four bits.
    Fixed(u16),
}

impl Vga {
    /// A card after power-on: nothing programmed, the screen black.
    pub fn new() -> Self {
        Self::default()
    }

    /// Draws the screen as it shows at `now`. The frame's memory is reused.
    pub fn render(&self, now: VTime, frame: &mut Frame) {
        render::render(&self.state, now, frame);
    }

    /// The text on the screen, or `None` in a graphics mode.
    pub fn text(&self) -> Option<TextScreen> {
        render::text(&self.state)
    }

    /// Counts changes that may show, the cursor's blinking apart.
    pub fn changes(&self) -> u64 {
        self.changes
    }

    /// Equal numbers at two times mean equal pictures.
    pub fn generation(&self, now: VTime) -> u64 {
        let phase =
            if self.state.attribute.graphics_mode() { 0 } else { render::blink_phase(&self.state, now) };
        self.changes << 2 | phase
    }

    fn decode(&self, access: PortAccess) -> Option<VgaPort> {
        let colour = self.state.misc.colour_ports();
        match (access.region, access.offset) {
            (0, 0) if !colour => Some(VgaPort::CrtcIndex),
            (0, _) if !colour => Some(VgaPort::CrtcData),
            (1, _) if !colour => Some(VgaPort::Status1),
            (2, n) => Some(VgaPort::Fixed(n)),
            (3, 0) if colour => Some(VgaPort::CrtcIndex),
            (3, _) if colour => Some(VgaPort::CrtcData),
            (4, _) if colour => Some(VgaPort::Status1),
            _ => None,
        }
    }

    /// Input status register 1 [VGA, "Input Status Register 1"].
    fn status_1(&mut self, now: VTime) -> u8 {
        self.state.attribute.reset_flip_flop();
        let timing = self.state.crtc.timing(self.state.misc.dot_clock(), self.state.sequencer.timing());
        timing.at(now).status()
    }

    fn read_fixed(&mut self, offset: u16) -> u8 {
        let state = &mut self.state;
        match offset {
            0x0 => state.attribute.read_index(),
            0x1 => state.attribute.read_data(),
            // Input status register 0: the sense switch reads a colour display.
            0x2 => 0x10,
            0x3 => state.enable,
            0x4 => state.sequencer.index,
            0x5 => state.sequencer.read(),
            0x6 => state.dac.mask,
            0x7 => state.dac.read_state(),
            0x8 => state.dac.write_index(),
            0x9 => state.dac.read_data(),
            0xA => state.feature,
            0xC => state.misc.0,
            0xE => state.graphics.index,
            0xF => state.graphics.read(),
            _ => 0xFF,
        }
    }

    fn write_fixed(&mut self, offset: u16, value: u8) {
        let state = &mut self.state;
        match offset {
            0x0 => state.attribute.write(value),
            0x2 => state.misc = Misc(value),
            0x3 => state.enable = value & 1,
            0x4 => state.sequencer.index = value & 7,
            0x5 => state.sequencer.write(value),
            0x6 => state.dac.mask = value,
            0x7 => state.dac.set_read_index(value),
            0x8 => state.dac.set_write_index(value),
            0x9 => state.dac.write_data(value),
            0xE => state.graphics.index = value & 0x0F,
            0xF => state.graphics.write(value),
            _ => {}
        }
    }

    /// Where in the window's memory a byte at `offset` from A0000h lies, if the card answers there.
    fn window(&self, offset: u64) -> Option<usize> {
        let (first, len) = self.state.graphics.window();
        let inside = offset.checked_sub(first).filter(|&at| at < len)?;
        (self.state.misc.memory_enabled() && self.state.enable != 0).then_some(inside as usize)
    }

    fn path(&mut self) -> MemoryPath<'_> {
        let VgaState { sequencer, graphics, memory, .. } = &mut self.state;
        MemoryPath { sequencer, graphics, memory }
    }
}

impl PciFunction for Vga {
    fn config_written(&mut self, _fabric: &mut Fabric, _function: PciFunctionId, _offset: u8) {}
}

impl Device for Vga {
    fn name(&self) -> &'static str {
        "vga"
    }

    fn reset(&mut self, _fabric: &mut Fabric) {
        let memory = std::mem::take(&mut self.state.memory);
        self.state = VgaState { memory, ..VgaState::default() };
        self.changes += 1;
    }

    fn pio_read(&mut self, fabric: &mut Fabric, access: PortAccess) -> u32 {
        u32::from(match self.decode(access) {
            None => 0xFF,
            Some(VgaPort::CrtcIndex) => self.state.crtc.index,
            Some(VgaPort::CrtcData) => self.state.crtc.read(),
            Some(VgaPort::Status1) => self.status_1(fabric.now),
            Some(VgaPort::Fixed(offset)) => self.read_fixed(offset),
        })
    }

    fn pio_write(&mut self, _fabric: &mut Fabric, access: PortAccess, value: u32) {
        let value = value as u8;
        match self.decode(access) {
            None => return,
            Some(VgaPort::CrtcIndex) => self.state.crtc.index = value & 0x3F,
            Some(VgaPort::CrtcData) => self.state.crtc.write(value),
            Some(VgaPort::Status1) => self.state.feature = value,
            Some(VgaPort::Fixed(offset)) => self.write_fixed(offset, value),
        }
        self.changes += 1;
    }

    fn mmio_read(&mut self, _fabric: &mut Fabric, access: MmioAccess) -> u32 {
        (0..access.width.bytes()).fold(0, |value, n| {
            let byte = match self.window(access.offset + u64::from(n)) {
                Some(at) => self.path().read(at),
                None => 0xFF,
            };
            value | u32::from(byte) << (8 * n)
        })
    }

    fn mmio_write(&mut self, _fabric: &mut Fabric, access: MmioAccess, value: u32) {
        for n in 0..access.width.bytes() {
            if let Some(at) = self.window(access.offset + u64::from(n)) {
                self.path().write(at, (value >> (8 * n)) as u8);
            }
        }
        self.changes += 1;
    }

    fn fork(&self) -> Result<Box<dyn Device>, ForkError> {
        Ok(Box::new(self.clone()))
    }

    fn save(&self) -> Result<Section, SnapshotError> {
        Section::encode(self.name(), 1, &self.state)
    }

    fn load(&mut self, section: &Section) -> Result<(), SnapshotError> {
        let state: VgaState = section.decode(self.name(), 1)?;
        let valid = state.memory.len() == 4 * PLANE
            && state.crtc.is_valid()
            && state.sequencer.index < 8
            && state.graphics.index < 16
            && state.attribute.is_valid()
            && state.dac.is_valid();
        if !valid {
            return Err(SnapshotError::OutOfRange { section: "vga", what: "index or length" });
        }
        self.state = state;
        self.changes += 1;
        Ok(())
    }
}

#[cfg(test)]
#[path = "vga/tests.rs"]
mod tests;
