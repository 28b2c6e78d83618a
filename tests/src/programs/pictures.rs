//! Pictures that show what a register of the VGA does: each is a boot program that draws one and waits.
//!
//! Text is drawn with glyphs of their own, so that another BIOS draws the same.

mod cga;
mod colours;
mod geometry;
mod modes;
mod planes;
mod raster;
mod text;
mod vesa;

use super::{Asm, Program, com_file, floppy};
use crate::session::SharedDisk;
use iced_x86::IcedError;
use iced_x86::code_asm::*;

const SEQUENCER: u32 = 0x3C4;
const GRAPHICS: u32 = 0x3CE;
const CRTC: u32 = 0x3D4;
const STATUS_1: u32 = 0x3DA;

/// A picture.
#[derive(Clone, Copy)]
pub struct Picture {
    /// Its name, also that of its golden.
    pub name: &'static str,
    /// What a peer shows otherwise, and why ours stands; empty where they agree.
    pub differs: &'static str,
    draw: fn(&mut Program) -> Asm,
}

impl Picture {
    /// A floppy that draws it.
    pub fn disk(&self) -> Result<SharedDisk, IcedError> {
        floppy(self.draw, |_| Vec::new())
    }

    /// The same as a program for DOS.
    pub fn com_file(&self) -> Result<Vec<u8>, IcedError> {
        com_file(self.draw)
    }
}

const fn picture(name: &'static str, draw: fn(&mut Program) -> Asm) -> Picture {
    Picture { name, differs: "", draw }
}

/// The manual: the ninth dot repeats the eighth in characters C0h to DFh.
const LINES_FROM_B0: &str = "QEMU takes characters from B0h on for line characters";
/// Bochs pans, and the VGA's manual says how.
const NO_PANNING: &str = "QEMU 7.2 pans neither by dots nor by bytes nor by lines";

/// All of them.
pub const ALL: &[Picture] = &[
    picture("write_modes", planes::write_modes),
    picture("logic_functions", planes::logic_functions),
    picture("read_modes", planes::read_modes),
    picture("latches", planes::latches),
    picture("mode_x", geometry::mode_x),
    picture("tall_mode_x", geometry::tall_mode_x),
    Picture { name: "split_screen", differs: NO_PANNING, draw: geometry::split_screen },
    Picture { name: "panning", differs: NO_PANNING, draw: geometry::panning },
    picture("row_height", geometry::row_height),
    picture("long_rows", geometry::long_rows),
    picture("cga_4_colours", cga::four_colours),
    picture("cga_2_colours", cga::two_colours),
    Picture { name: "text_80_by_25", differs: LINES_FROM_B0, draw: text::eighty_by_25 },
    Picture {
        name: "text_40_by_25",
        differs: "QEMU has no cells of eighteen dots; the ninth dot of lines as in text_80_by_25",
        draw: text::forty_by_25,
    },
    picture("text_80_by_50", text::eighty_by_50),
    Picture { name: "two_fonts", differs: LINES_FROM_B0, draw: text::two_fonts },
    Picture {
        name: "monochrome_text",
        differs: "QEMU draws no underlines, and its BIOS makes intensified black grey",
        draw: text::monochrome,
    },
    Picture { name: "text_scrolled_by_lines", differs: NO_PANNING, draw: text::scrolled },
    picture("mode_0d", modes::mode_0d),
    picture("mode_0e", modes::mode_0e),
    picture("mode_0f", modes::mode_0f),
    picture("mode_10", modes::mode_10),
    picture("mode_11", modes::mode_11),
    picture("mode_13", modes::mode_13),
    Picture { name: "pel_mask", differs: "QEMU has no PEL mask", draw: colours::pel_mask },
    picture("colour_select", colours::colour_select),
    picture("plane_enable", colours::plane_enable),
    Picture {
        name: "raster_bars",
        differs: "QEMU and Bochs draw a frame with the palette of one moment; the DAC has one colour at a time",
        draw: raster::bars,
    },
    Picture {
        name: "raster_panning",
        differs: "as raster_bars: the attribute controller pans each line as it is told by then",
        draw: raster::panning,
    },
    Picture {
        name: "retrace_interrupts",
        differs: "QEMU and Bochs have no vertical retrace interrupt",
        draw: raster::interrupts,
    },
    Picture {
        name: "vesa_planar",
        differs: "QEMU 7.2 shows a black screen in this mode, whose memory is that of mode 12h [VBE 3.0]",
        draw: vesa::planar,
    },
    picture("vesa_8", vesa::depth_8),
    picture("vesa_15", vesa::depth_15),
    picture("vesa_16", vesa::depth_16),
    picture("vesa_24", vesa::depth_24),
    picture("vesa_32", vesa::depth_32),
    picture("vesa_panning", vesa::panning),
];

impl Program {
    /// INT 10h.
    fn video(&mut self, values: [u32; 4]) -> Asm {
        for (register, value) in [ax, bx, cx, dx].into_iter().zip(values) {
            self.a.mov(register, value)?;
        }
        self.a.int(0x10)
    }

    fn set_mode(&mut self, mode: u32) -> Asm {
        self.video([mode, 0, 0, 0])
    }

    fn out(&mut self, port: u32, value: u32) -> Asm {
        self.a.mov(dx, port)?;
        self.a.mov(al, value)?;
        self.a.out(dx, al)
    }

    /// Gives register `index` behind `port` a value.
    fn register(&mut self, port: u32, index: u32, value: u32) -> Asm {
        self.a.mov(dx, port)?;
        self.a.mov(ax, value << 8 | index)?;
        self.a.out(dx, ax)
    }

    fn registers(&mut self, port: u32, values: &[(u32, u32)]) -> Asm {
        values.iter().try_for_each(|&(index, value)| self.register(port, index, value))
    }

    /// CR0 to CR7 can be written.
    fn unlock_crtc(&mut self) -> Asm {
        self.a.mov(dx, CRTC)?;
        self.a.mov(al, 0x11)?;
        self.a.out(dx, al)?;
        self.a.inc(dx)?;
        self.a.in_(al, dx)?;
        self.a.and(al, 0x7F)?;
        self.a.out(dx, al)
    }

    /// Gives a register of the attribute controller a value; the display stays on.
    fn attribute(&mut self, index: u32, value: u32) -> Asm {
        self.a.mov(dx, STATUS_1)?;
        self.a.in_(al, dx)?;
        for byte in [index, value, 0x20] {
            self.out(0x3C0, byte)?;
        }
        Ok(())
    }

    /// Gives a colour of the DAC its six-bit components.
    fn colour(&mut self, index: u32, rgb: [u32; 3]) -> Asm {
        self.out(0x3C8, index)?;
        rgb.into_iter().try_for_each(|part| self.out(0x3C9, part))
    }

    /// ES.
    fn segment(&mut self, segment: u32) -> Asm {
        self.a.mov(ax, segment)?;
        self.a.mov(es, ax)
    }

    /// Fills `len` bytes at ES:`at`.
    fn fill(&mut self, at: u32, len: u32, value: u32) -> Asm {
        self.a.mov(di, at)?;
        self.a.mov(cx, len)?;
        self.a.mov(al, value)?;
        self.a.cld()?;
        self.a.rep().stosb()
    }

    /// Writes `len` bytes at ES:`at`, each `step` more than the one before.
    fn ramp(&mut self, at: u32, len: u32, step: u32) -> Asm {
        let mut next = self.a.create_label();
        self.a.mov(di, at)?;
        self.a.mov(cx, len)?;
        self.a.xor(al, al)?;
        self.a.cld()?;
        self.a.set_label(&mut next)?;
        self.a.stosb()?;
        self.a.add(al, step)?;
        self.a.loop_(next)
    }

    /// Reads a byte, for what the read does.
    fn peek(&mut self, at: u32) -> Asm {
        self.a.mov(al, byte_ptr(at).es())
    }

    /// Writes a text's characters with their attribute from cell `cell` of B800h on.
    fn cells(&mut self, cell: u32, text: &[u8], attribute: u32) -> Asm {
        for (n, &character) in (0..).zip(text) {
            self.a.mov(word_ptr(2 * (cell + n)).es(), attribute << 8 | u32::from(character))?;
        }
        Ok(())
    }

    /// Repeats what `body` does `count` times, DI counting up from 0; it keeps DI.
    fn repeat(&mut self, count: u32, body: impl FnOnce(&mut Self) -> Asm) -> Asm {
        let mut next = self.a.create_label();
        let mut end = self.a.create_label();
        self.a.xor(di, di)?;
        self.a.set_label(&mut next)?;
        body(self)?;
        self.a.inc(di)?;
        self.a.cmp(di, count)?;
        self.a.jae(end)?;
        self.a.jmp(next)?;
        self.a.set_label(&mut end)?;
        self.a.nop()
    }

    /// The picture is done: the processor waits.
    fn rest(&mut self) -> Asm {
        let mut here = self.a.create_label();
        self.a.sti()?;
        self.a.set_label(&mut here)?;
        self.a.hlt()?;
        self.a.jmp(here)
    }

    /// Waits until a bit of input status register 1 is set, or clear.
    fn wait_status(&mut self, bit: u32, set: bool) -> Asm {
        let mut again = self.a.create_label();
        self.a.mov(dx, STATUS_1)?;
        self.a.set_label(&mut again)?;
        self.a.in_(al, dx)?;
        self.a.test(al, bit)?;
        if set { self.a.jz(again) } else { self.a.jnz(again) }
    }
}
