//! INT 10h for a VGA [IBM VGA BIOS, "Interrupt 10H"; IBM VGA TRM].
//!
//! *Modelled*: functions 00h to 13h, 1Ah, 1Bh, 1Ch in all modes to 13h; VESA's (4Fh) in `vbe`. *Not modelled*: light pen
//! (answers "not triggered"), two adapters at once.

mod fonts;
mod modes;
mod palette;
mod pixels;
mod state;
mod text;
mod vbe;

use crate::bda::{self, own};
use crate::guest::{Guest, Served, WaitLabels};
use ringzero_bus::LinAddr;
use ringzero_roms::{label, video, video_data};

/// The video ROM's segment.
pub(crate) const ROM: u16 = 0xC000;

const SEQUENCER: u16 = 0x3C4;
const GRAPHICS: u16 = 0x3CE;

/// The functions, by AH.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Function {
    SetMode,
    CursorShape,
    SetCursor,
    ReadCursor,
    LightPen,
    SetPage,
    ScrollUp,
    ScrollDown,
    ReadCharacter,
    WriteCharacter { attribute: bool },
    CgaPalette,
    WritePixel,
    ReadPixel,
    Teletype,
    ReadMode,
    Palette,
    Fonts,
    Alternate,
    WriteString,
    DisplayCombination,
    FunctionalityInfo,
    SaveRestore,
    Vesa,
    Unknown,
}

impl Function {
    fn decode(ah: u8) -> Self {
        match ah {
            0x00 => Self::SetMode,
            0x01 => Self::CursorShape,
            0x02 => Self::SetCursor,
            0x03 => Self::ReadCursor,
            0x04 => Self::LightPen,
            0x05 => Self::SetPage,
            0x06 => Self::ScrollUp,
            0x07 => Self::ScrollDown,
            0x08 => Self::ReadCharacter,
            0x09 => Self::WriteCharacter { attribute: true },
            0x0A => Self::WriteCharacter { attribute: false },
            0x0B => Self::CgaPalette,
            0x0C => Self::WritePixel,
            0x0D => Self::ReadPixel,
            0x0E => Self::Teletype,
            0x0F => Self::ReadMode,
            0x10 => Self::Palette,
            0x11 => Self::Fonts,
            0x12 => Self::Alternate,
            0x13 => Self::WriteString,
            0x1A => Self::DisplayCombination,
            0x1B => Self::FunctionalityInfo,
            0x1C => Self::SaveRestore,
            0x4F => Self::Vesa,
            _ => Self::Unknown,
        }
    }
}

/// The video ROM's entry for POST: vectors, data area, mode 3.
pub(crate) fn init(g: &mut Guest) -> Served {
    g.write_far(LinAddr(0x10 * 4), ROM, video::INT10)?;
    g.write_far(LinAddr(0x42 * 4), 0xF000, label::INT10_SYSTEM)?;
    g.write_far(LinAddr(0x1F * 4), ROM, video_data::FONT_8X8_UPPER)?;
    g.write_far(bda::at(bda::SAVE_TABLE), ROM, video_data::SAVE_TABLE)?;
    // Cursor emulation, 256 KiB, VGA active with 400 lines, colour display.
    g.set_bda(bda::VIDEO_CONTROL, 0x60)?;
    g.set_bda(bda::VIDEO_SWITCHES, 0xF9)?;
    g.set_bda(bda::VGA_FLAGS, 0x11)?;
    g.set_bda(bda::DCC_INDEX, 0x0B)?;
    modes::set(g, 3)
}

/// The service; a bell waits at `labels`.
pub(crate) fn int10(g: &mut Guest, labels: WaitLabels) -> Served {
    match Function::decode(g.ah()) {
        Function::SetMode => {
            let mode = g.al();
            modes::set(g, mode)
        }
        Function::CursorShape => text::set_cursor_shape(g),
        Function::SetCursor => text::set_cursor_request(g),
        Function::ReadCursor => text::read_cursor(g),
        Function::LightPen => {
            g.set_ah(0);
            Ok(())
        }
        Function::SetPage => text::set_page(g),
        Function::ScrollUp => text::scroll_request(g, text::Direction::Up),
        Function::ScrollDown => text::scroll_request(g, text::Direction::Down),
        Function::ReadCharacter => text::read_character(g),
        Function::WriteCharacter { attribute } => text::write_character(g, attribute),
        Function::CgaPalette => palette::cga(g),
        Function::WritePixel => pixels::write_request(g),
        Function::ReadPixel => pixels::read_request(g),
        Function::Teletype => {
            let (character, colour) = (g.al(), g.bl());
            let bell = text::teletype(g, character, colour)?;
            ring(g, bell, labels)
        }
        Function::ReadMode => text::read_mode(g),
        Function::Palette => palette::int10(g),
        Function::Fonts => fonts::int10(g),
        Function::Alternate => state::alternate(g),
        Function::WriteString => {
            let bell = text::write_string(g)?;
            ring(g, bell, labels)
        }
        Function::DisplayCombination => state::display_combination(g),
        Function::FunctionalityInfo => state::functionality(g),
        Function::SaveRestore => state::save_restore(g),
        Function::Vesa => vbe::int10(g, labels),
        Function::Unknown => Ok(()),
    }
}

/// Starts the bell: 896 Hz for a quarter of a second.
fn ring(g: &mut Guest, bell: bool, labels: WaitLabels) -> Served {
    if !bell {
        return Ok(());
    }
    g.arm(own::BEEP_DEADLINE, 250_000_000)?;
    g.outb(0x43, 0xB6);
    g.outb(0x42, 0x33);
    g.outb(0x42, 0x05);
    let control = g.inb(0x61);
    g.outb(0x61, control | 3);
    g.wait(labels);
    Ok(())
}

/// A service that waits goes on: what was asked for is in the caller's registers.
pub(crate) fn int10_again(g: &mut Guest, labels: WaitLabels) -> Served {
    match Function::decode(g.ah()) {
        Function::Vesa => vbe::int10(g, labels),
        _ => beep_again(g, labels),
    }
}

/// The bell rings on, or ends.
fn beep_again(g: &mut Guest, labels: WaitLabels) -> Served {
    if g.expired(own::BEEP_DEADLINE)? {
        let control = g.inb(0x61);
        g.outb(0x61, control & !3);
    } else {
        g.wait(labels);
    }
    Ok(())
}

/// Writes an attribute controller register; the display is enabled again [IBM VGA TRM, "Attribute Controller"].
fn set_attribute(g: &mut Guest, index: u8, value: u8) -> Served {
    reset_attribute_flipflop(g)?;
    g.outb(0x3C0, index);
    g.outb(0x3C0, value);
    g.outb(0x3C0, 0x20);
    Ok(())
}

fn attribute(g: &mut Guest, index: u8) -> Served<u8> {
    reset_attribute_flipflop(g)?;
    g.outb(0x3C0, index);
    let value = g.inb(0x3C1);
    reset_attribute_flipflop(g)?;
    g.outb(0x3C0, 0x20);
    Ok(value)
}

fn reset_attribute_flipflop(g: &mut Guest) -> Served {
    let crtc = g.bda16(bda::CRTC_PORT)?;
    g.inb(crtc.wrapping_add(6));
    Ok(())
}

#[cfg(test)]
mod tests;
