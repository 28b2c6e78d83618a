//! The Bochs extension: sizes and depths beyond the VGA's, through an index and a data port of 16 bits.
//!
//! Sources: "VBE Display Interface" of Bochs, keyed \[VBE-DISPI\], up to its version B0C5h.

use serde::{Deserialize, Serialize};

/// The registers by their index [VBE-DISPI].
pub(super) mod register {
    pub(crate) const ID: u16 = 0;
    pub(crate) const XRES: u16 = 1;
    pub(crate) const YRES: u16 = 2;
    pub(crate) const BPP: u16 = 3;
    pub(crate) const ENABLE: u16 = 4;
    pub(crate) const BANK: u16 = 5;
    pub(crate) const VIRT_WIDTH: u16 = 6;
    pub(crate) const VIRT_HEIGHT: u16 = 7;
    pub(crate) const X_OFFSET: u16 = 8;
    pub(crate) const Y_OFFSET: u16 = 9;
    pub(crate) const VIDEO_MEMORY_64K: u16 = 10;
    pub(crate) const DDC: u16 = 11;
}

/// The largest picture.
const MOST: (u16, u16) = (2560, 1600);
/// The versions software may ask for, the last being what a reset shows.
const IDS: std::ops::RangeInclusive<u16> = 0xB0C0..=0xB0C5;
/// What a bank of the window holds.
const BANK: usize = 0x1_0000;

const ENABLED: u16 = 0x01;
const GET_CAPABILITIES: u16 = 0x02;
const BANK_GRANULARITY_32K: u16 = 0x10;
const DAC_8_BIT: u16 = 0x20;
const NO_CLEAR: u16 = 0x80;

/// How a pixel lies in memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Depth {
    /// Four planes.
    Planar,
    /// An index of the DAC.
    Indexed,
    /// 1:5:5:5.
    Bits15,
    /// 5:6:5.
    Bits16,
    /// Blue, green, red.
    Bits24,
    /// Blue, green, red, nothing.
    Bits32,
}

impl Depth {
    fn of_bits(bits: u16) -> Self {
        match bits {
            4 => Self::Planar,
            15 => Self::Bits15,
            16 => Self::Bits16,
            24 => Self::Bits24,
            32 => Self::Bits32,
            _ => Self::Indexed,
        }
    }

    fn bits(self) -> u16 {
        match self {
            Self::Planar => 4,
            Self::Indexed => 8,
            Self::Bits15 => 15,
            Self::Bits16 => 16,
            Self::Bits24 => 24,
            Self::Bits32 => 32,
        }
    }

    /// Bytes of `pixels` pixels in a row.
    pub(super) fn bytes(self, pixels: usize) -> usize {
        match self {
            Self::Planar => pixels / 2,
            Self::Indexed => pixels,
            Self::Bits15 | Self::Bits16 => 2 * pixels,
            Self::Bits24 => 3 * pixels,
            Self::Bits32 => 4 * pixels,
        }
    }
}

/// What a write to the extension does besides changing registers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Written {
    pub(super) vbe: Vbe,
    /// So many bytes at the start of memory become 0.
    pub(super) clear: usize,
}

/// The extension's registers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Vbe {
    id: u16,
    xres: u16,
    yres: u16,
    bpp: u16,
    enable: u16,
    bank: u16,
    virt_width: u16,
    x_offset: u16,
    y_offset: u16,
}

impl Default for Vbe {
    fn default() -> Self {
        Self {
            id: *IDS.end(),
            xres: 640,
            yres: 480,
            bpp: 8,
            enable: 0,
            bank: 0,
            virt_width: 640,
            x_offset: 0,
            y_offset: 0,
        }
    }
}

impl Vbe {
    /// Columns and rows while the extension makes the picture.
    pub(super) fn size(&self) -> Option<(usize, usize)> {
        (self.enable & ENABLED != 0).then_some((self.xres.into(), self.yres.into()))
    }

    pub(super) fn depth(&self) -> Depth {
        Depth::of_bits(self.bpp)
    }

    /// The DAC has eight bits for each component.
    pub(super) fn wide_dac(&self) -> bool {
        self.enable & DAC_8_BIT != 0
    }

    /// Pixels of a row in memory.
    pub(super) fn virtual_width(&self) -> usize {
        self.virt_width.into()
    }

    /// Bytes from a row to the next.
    pub(super) fn stride(&self) -> usize {
        self.depth().bytes(self.virtual_width())
    }

    /// The pixel at the upper left corner: column, row.
    pub(super) fn offset(&self) -> (usize, usize) {
        (self.x_offset.into(), self.y_offset.into())
    }

    /// Where in memory the window at A0000h begins, while it shows memory byte for byte.
    pub(super) fn window(&self) -> Option<usize> {
        let packed = self.size().is_some() && self.depth() != Depth::Planar;
        packed.then_some(usize::from(self.bank) * self.bank_unit())
    }

    fn bank_unit(&self) -> usize {
        if self.enable & BANK_GRANULARITY_32K != 0 { BANK / 2 } else { BANK }
    }

    /// Equal but for the bank and the bits that say nothing of the picture.
    pub(super) fn differs_in_bank_only(&self, other: &Self) -> bool {
        let shown = |vbe: &Self| Self { id: 0, bank: 0, enable: vbe.enable & (ENABLED | DAC_8_BIT), ..*vbe };
        shown(self) == shown(other)
    }

    /// Equal but for the place of the picture in memory.
    pub(super) fn differs_in_place_only(&self, other: &Self) -> bool {
        Self { x_offset: other.x_offset, y_offset: other.y_offset, ..*self }.differs_in_bank_only(other)
    }

    /// Reads a register, with `memory` bytes of video memory.
    pub(super) fn read(&self, index: u16, memory: usize) -> u16 {
        let capabilities = self.enable & GET_CAPABILITIES != 0;
        match index {
            register::ID => self.id,
            register::XRES if capabilities => MOST.0,
            register::YRES if capabilities => MOST.1,
            register::BPP if capabilities => 32,
            register::XRES => self.xres,
            register::YRES => self.yres,
            register::BPP => self.bpp,
            register::ENABLE => self.enable,
            register::BANK => self.bank,
            register::VIRT_WIDTH => self.virt_width,
            register::VIRT_HEIGHT => u16::try_from(memory / self.stride().max(1)).unwrap_or(u16::MAX),
            register::X_OFFSET => self.x_offset,
            register::Y_OFFSET => self.y_offset,
            register::VIDEO_MEMORY_64K => u16::try_from(memory / BANK).unwrap_or(u16::MAX),
            _ => 0,
        }
    }

    /// What writing a register makes of all of them.
    pub(super) fn written(&self, index: u16, value: u16, memory: usize) -> Written {
        let mut vbe = *self;
        let mut clear = 0;
        match index {
            register::ID if IDS.contains(&value) => vbe.id = value,
            register::XRES => vbe.xres = value,
            register::YRES => vbe.yres = value,
            register::BPP => vbe.bpp = if value == 0 { 8 } else { value },
            register::BANK => vbe.bank = value,
            register::VIRT_WIDTH => vbe.virt_width = value,
            register::X_OFFSET => vbe.x_offset = value,
            register::Y_OFFSET => vbe.y_offset = value,
            register::ENABLE => clear = vbe.enable(value, memory),
            _ => {}
        }
        vbe.fit(memory);
        Written { vbe, clear: clear.min(memory) }
    }

    /// Switches the extension on or off; the bytes of memory to be cleared.
    fn enable(&mut self, value: u16, memory: usize) -> usize {
        let begins = value & ENABLED != 0 && self.enable & ENABLED == 0;
        self.enable = value;
        if value & ENABLED == 0 {
            self.bank = 0;
        }
        if !begins {
            return 0;
        }
        (self.virt_width, self.x_offset, self.y_offset, self.bank) = (self.xres, 0, 0, 0);
        self.fit(memory);
        if value & NO_CLEAR == 0 { usize::from(self.yres) * self.stride() } else { 0 }
    }

    /// Makes sure that the picture lies in memory [VBE-DISPI]: what does not fit gives way.
    fn fit(&mut self, memory: usize) {
        self.bpp = Depth::of_bits(self.bpp).bits();
        self.xres = (self.xres & !7).clamp(8, MOST.0);
        self.yres = self.yres.clamp(1, MOST.1);
        self.virt_width = (self.virt_width & !7).max(self.xres);
        if self.stride() > memory {
            self.virt_width = self.xres;
        }
        let rows = memory / self.stride().max(1);
        self.yres = self.yres.min(u16::try_from(rows).unwrap_or(u16::MAX)).max(1);
        // Where the last picture begins. Columns may lead on into the next rows: Linux shows a picture that begins in
        // the middle of a row.
        let last = memory.saturating_sub(usize::from(self.yres) * self.stride());
        if self.depth().bytes(self.x_offset.into()) > last {
            self.x_offset = 0;
        }
        let rows = (last - self.depth().bytes(self.x_offset.into())) / self.stride().max(1);
        self.y_offset = self.y_offset.min(u16::try_from(rows).unwrap_or(u16::MAX));
        let last = memory.saturating_sub(BANK) / self.bank_unit();
        self.bank = self.bank.min(u16::try_from(last).unwrap_or(u16::MAX));
    }

    /// Whether software could have made these registers.
    pub(super) fn is_valid(&self, memory: usize) -> bool {
        let mut fitted = *self;
        fitted.fit(memory);
        fitted == *self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MEMORY: usize = 16 << 20;

    fn set(vbe: &mut Vbe, index: u16, value: u16) -> usize {
        let written = vbe.written(index, value, MEMORY);
        *vbe = written.vbe;
        written.clear
    }

    #[test]
    fn enabling_resets_the_place_and_clears_what_shows() {
        let mut vbe = Vbe::default();
        set(&mut vbe, register::XRES, 1024);
        set(&mut vbe, register::YRES, 768);
        set(&mut vbe, register::BPP, 32);
        assert_eq!(set(&mut vbe, register::ENABLE, 0x41), 1024 * 768 * 4);
        assert_eq!((vbe.size(), vbe.stride()), (Some((1024, 768)), 4096));
        assert_eq!(set(&mut vbe, register::ENABLE, 0x41), 0);
        set(&mut vbe, register::ENABLE, 0);
        assert_eq!(set(&mut vbe, register::ENABLE, 0xC1), 0);
    }

    #[test]
    fn the_picture_stays_in_memory() {
        let mut vbe = Vbe::default();
        set(&mut vbe, register::ENABLE, 0x41);
        set(&mut vbe, register::VIRT_WIDTH, 1000);
        set(&mut vbe, register::X_OFFSET, 900);
        set(&mut vbe, register::Y_OFFSET, 0xFFFF);
        assert_eq!(vbe.offset(), (900, (MEMORY - 900) / 1000 - 480));
        // A picture as large as memory begins at its start.
        set(&mut vbe, register::VIRT_WIDTH, 32_768);
        set(&mut vbe, register::YRES, 512);
        assert_eq!(vbe.offset(), (0, 0));
    }

    #[test]
    fn columns_lead_on_into_further_rows() {
        let mut vbe = Vbe::default();
        set(&mut vbe, register::BPP, 32);
        set(&mut vbe, register::ENABLE, 0x41);
        set(&mut vbe, register::X_OFFSET, 600);
        set(&mut vbe, register::Y_OFFSET, 700);
        assert_eq!(vbe.offset(), (600, 700));
    }

    #[test]
    fn capabilities_are_the_most() {
        let mut vbe = Vbe::default();
        set(&mut vbe, register::ENABLE, GET_CAPABILITIES);
        let read = [register::XRES, register::YRES, register::BPP, register::VIDEO_MEMORY_64K]
            .map(|index| vbe.read(index, MEMORY));
        assert_eq!(read, [2560, 1600, 32, 256]);
    }

    #[test]
    fn no_sequence_of_writes_leaves_the_valid_states() {
        let (mut vbe, mut seed) = (Vbe::default(), 1u32);
        for _ in 0..100_000 {
            seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            set(&mut vbe, (seed >> 28) as u16, (seed >> 8) as u16);
            assert!(vbe.is_valid(MEMORY));
            let (x, y) = vbe.offset();
            let (width, height) = (usize::from(vbe.xres), usize::from(vbe.yres));
            assert!((y + height) * vbe.stride() + vbe.depth().bytes(x) <= MEMORY);
            assert!(width <= vbe.virtual_width());
        }
    }
}
