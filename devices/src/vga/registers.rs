//! The registers that the picture is made of, and what a write changes in them.

use super::attribute::{self, Attribute};
use super::crtc::Crtc;
use super::dac::Dac;
use super::graphics::Graphics;
use super::sequencer::Sequencer;
use super::timing::Timing;
use super::vbe::Vbe;
use serde::{Deserialize, Serialize};

/// Miscellaneous output register, 3C2h [VGA, "Miscellaneous Output Register"].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Misc(pub(super) u8);

impl Misc {
    /// IOS: the CRTC answers at 3Dxh rather than 3Bxh.
    pub(super) fn colour_ports(self) -> bool {
        self.0 & 0x01 != 0
    }
    /// ERAM.
    pub(super) fn memory_enabled(self) -> bool {
        self.0 & 0x02 != 0
    }
    /// CS: dots per second.
    fn dot_clock(self) -> u64 {
        if self.0 >> 2 & 3 == 1 { 28_322_000 } else { 25_175_000 }
    }
}

/// All that decides how memory is shown.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Registers {
    pub(super) misc: Misc,
    pub(super) crtc: Crtc,
    pub(super) sequencer: Sequencer,
    pub(super) graphics: Graphics,
    pub(super) attribute: Attribute,
    pub(super) dac: Dac,
    pub(super) vbe: Vbe,
}

/// A register that takes a new value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Change {
    Misc(u8),
    Crtc(u8, u8),
    Sequencer(u8, u8),
    Graphics(u8, u8),
    Attribute(u8, u8),
    Colour(u8, [u8; 3]),
    /// PEL mask.
    Mask(u8),
    /// The registers of the Bochs extension, all of them: they change together.
    Vbe(Vbe),
}

/// What a change means to someone who draws the picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Effect {
    /// The picture does not depend on it.
    None,
    /// It shows at once, whatever the beam has passed: the cursor.
    Cursor,
    /// It shows from the next line on, or from the next picture on.
    Line,
    /// Pictures have another size or another timing.
    Geometry,
}

impl Change {
    fn effect(self, registers: &Registers) -> Effect {
        match self {
            Self::Misc(_) => Effect::Geometry,
            Self::Crtc(7, value) if (registers.crtc.get(7) ^ value) & !0x10 == 0 => Effect::Line,
            Self::Crtc(0x11, value) if (registers.crtc.get(0x11) ^ value) & 0x0F == 0 => Effect::None,
            Self::Crtc(0x00..=0x07 | 0x10..=0x12 | 0x15..=0x16, _) => Effect::Geometry,
            Self::Crtc(0x0A | 0x0B | 0x0E | 0x0F, _) => Effect::Cursor,
            Self::Sequencer(1, value) if (registers.sequencer.get(1) ^ value) & !0x20 == 0 => Effect::Line,
            Self::Sequencer(0 | 1, _) => Effect::Geometry,
            Self::Attribute(attribute::INDEX, value)
                if (registers.attribute.get(attribute::INDEX) ^ value)
                    & attribute::PALETTE_ADDRESS_SOURCE
                    == 0 =>
            {
                Effect::None
            }
            Self::Sequencer(3, _) | Self::Graphics(5, _) => Effect::Line,
            Self::Sequencer(..) | Self::Graphics(..) => Effect::None,
            Self::Crtc(..) | Self::Attribute(..) | Self::Colour(..) | Self::Mask(_) => Effect::Line,
            Self::Vbe(vbe) if vbe.differs_in_bank_only(&registers.vbe) => Effect::None,
            Self::Vbe(vbe) if vbe.differs_in_place_only(&registers.vbe) => Effect::Line,
            Self::Vbe(_) => Effect::Geometry,
        }
    }
}

impl Registers {
    fn has(&self, change: Change) -> bool {
        match change {
            Change::Misc(value) => self.misc.0 == value,
            Change::Crtc(register, value) => self.crtc.get(register) == value,
            Change::Sequencer(register, value) => self.sequencer.get(register) == value,
            Change::Graphics(register, value) => self.graphics.get(register) == value,
            Change::Attribute(register, value) => self.attribute.get(register) == value,
            Change::Colour(index, colour) => self.dac.colour(index) == colour,
            Change::Mask(value) => self.dac.mask == value,
            Change::Vbe(vbe) => self.vbe == vbe,
        }
    }

    /// What `change` would do; `None` when everything is so already.
    pub(super) fn effect(&self, change: Change) -> Option<Effect> {
        (!self.has(change)).then(|| change.effect(self))
    }

    pub(super) fn apply(&mut self, change: Change) {
        match change {
            Change::Misc(value) => self.misc = Misc(value),
            Change::Crtc(register, value) => self.crtc.set(register, value),
            Change::Sequencer(register, value) => self.sequencer.set(register, value),
            Change::Graphics(register, value) => self.graphics.set(register, value),
            Change::Attribute(register, value) => self.attribute.set(register, value),
            Change::Colour(index, colour) => self.dac.set_colour(index, colour),
            Change::Mask(value) => self.dac.mask = value,
            Change::Vbe(vbe) => self.vbe = vbe,
        }
    }

    /// How the beam moves.
    pub(super) fn timing(&self) -> Timing {
        match self.vbe.size() {
            Some((width, height)) => Timing::of_size(width as u64, height as u64),
            None => self.crtc.timing(self.misc.dot_clock(), self.sequencer.timing()),
        }
    }

    pub(super) fn is_valid(&self, video_memory: usize) -> bool {
        self.crtc.is_valid()
            && self.sequencer.index < 8
            && self.graphics.index < 16
            && self.attribute.is_valid()
            && self.dac.is_valid()
            && self.vbe.is_valid(video_memory)
    }
}
