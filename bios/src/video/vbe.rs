//! INT 10h AH=4Fh: modes beyond the VGA's, by the Bochs extension [VBE 3.0].
//!
//! *Modelled*: functions 00h to 0Bh, 10h and 15h; the window function for far calls, the protected-mode interface of VBE 2.0
//! and the protected-mode entry point of VBE 3.0 are code in the ROM (`roms/build/vesa.rs`). *Not modelled*: refresh rates
//! (a mode has 60 Hz, whatever its CRTC block says), stereo, accelerators, text output in these modes.

mod ddc;
mod display;
mod info;
mod mode;
mod state;

use crate::guest::{Guest, Served, WaitLabels};
use crate::pci::Function as PciFunction;
use ringzero_roms::vesa::{MODES, VesaMode};

pub(super) use mode::leave;

const INDEX: u16 = 0x1CE;
const DATA: u16 = 0x1CF;

/// Registers of the extension [VBE-DISPI].
mod register {
    pub(super) const ID: u16 = 0;
    pub(super) const XRES: u16 = 1;
    pub(super) const YRES: u16 = 2;
    pub(super) const BPP: u16 = 3;
    pub(super) const ENABLE: u16 = 4;
    pub(super) const BANK: u16 = 5;
    pub(super) const VIRT_WIDTH: u16 = 6;
    pub(super) const VIRT_HEIGHT: u16 = 7;
    pub(super) const X_OFFSET: u16 = 8;
    pub(super) const Y_OFFSET: u16 = 9;
    pub(super) const VIDEO_MEMORY_64K: u16 = 10;
    pub(super) const DDC: u16 = 11;
}

/// Bits of the enable register.
mod enable {
    pub(super) const ON: u16 = 0x01;
    pub(super) const DAC_8_BIT: u16 = 0x20;
    pub(super) const LINEAR: u16 = 0x40;
    pub(super) const NO_CLEAR: u16 = 0x80;
}

/// AH of the answer [VBE 3.0, "VBE Return Status"].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Status {
    Done = 0,
    Failed = 1,
    /// Not in this mode.
    Invalid = 3,
}

/// The functions, by AL.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Function {
    ControllerInfo,
    ModeInfo,
    SetMode,
    CurrentMode,
    SaveRestore,
    Window,
    ScanLine,
    DisplayStart,
    DacWidth,
    Palette,
    ProtectedMode,
    PixelClock,
    Power,
    Ddc,
    Unknown,
}

impl Function {
    fn decode(al: u8) -> Self {
        match al {
            0x00 => Self::ControllerInfo,
            0x01 => Self::ModeInfo,
            0x02 => Self::SetMode,
            0x03 => Self::CurrentMode,
            0x04 => Self::SaveRestore,
            0x05 => Self::Window,
            0x06 => Self::ScanLine,
            0x07 => Self::DisplayStart,
            0x08 => Self::DacWidth,
            0x09 => Self::Palette,
            0x0A => Self::ProtectedMode,
            0x0B => Self::PixelClock,
            0x10 => Self::Power,
            0x15 => Self::Ddc,
            _ => Self::Unknown,
        }
    }
}

fn read(g: &mut Guest, register: u16) -> u16 {
    g.outw(INDEX, register);
    g.inw(DATA)
}

fn write(g: &mut Guest, register: u16, value: u16) {
    g.outw(INDEX, register);
    g.outw(DATA, value);
}

/// Whether the card has the extension.
pub(super) fn is_present(g: &mut Guest) -> bool {
    read(g, register::ID) & 0xFFF0 == 0xB0C0
}

/// Whether one of its modes is on.
fn is_on(g: &mut Guest) -> bool {
    read(g, register::ENABLE) & enable::ON != 0
}

fn memory_64k(g: &mut Guest) -> u16 {
    read(g, register::VIDEO_MEMORY_64K)
}

fn find(number: u16) -> Option<VesaMode> {
    MODES.iter().copied().find(|mode| mode.number == number)
}

/// Bytes from a row to the next, in each plane where there are four.
fn bytes_of(depth: u16, pixels: u16) -> u32 {
    let pixels = u32::from(pixels);
    match depth {
        4 => pixels / 8,
        15 => 2 * pixels,
        depth => pixels * u32::from(depth / 8),
    }
}

/// Where PCI has put the linear frame buffer; `None` on a machine without.
fn frame_buffer(g: &mut Guest) -> Option<u32> {
    let card = PciFunction::all().find(|function| function.read(g, 0x00) == 0x1111_1234)?;
    let base = card.read(g, 0x10) & !0xF;
    (base != 0).then_some(base)
}

/// The service; a wait for the retrace goes on at `labels`.
pub(super) fn int10(g: &mut Guest, labels: WaitLabels) -> Served {
    if !is_present(g) {
        return Ok(());
    }
    let status = match Function::decode(g.al()) {
        Function::ControllerInfo => info::controller(g)?,
        Function::ModeInfo => info::mode(g)?,
        Function::SetMode => mode::set(g)?,
        Function::CurrentMode => mode::current(g)?,
        Function::SaveRestore => state::save_restore(g)?,
        Function::Window => display::window(g),
        Function::ScanLine => display::scan_line(g),
        Function::DisplayStart => match display::start(g) {
            Some(status) => status,
            None => {
                g.spin(labels);
                return Ok(());
            }
        },
        Function::DacWidth => display::dac_width(g),
        Function::Palette => match display::palette(g)? {
            Some(status) => status,
            None => {
                g.spin(labels);
                return Ok(());
            }
        },
        Function::ProtectedMode => info::protected_mode(g),
        Function::PixelClock => Status::Done,
        Function::Power => display::power(g),
        Function::Ddc => ddc::int10(g)?,
        Function::Unknown => return Ok(()),
    };
    g.set_al(0x4F);
    g.set_ah(status as u8);
    Ok(())
}
