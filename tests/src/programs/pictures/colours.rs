//! From pixels to colours: the DAC's mask, the attribute controller's palette.

use super::{Asm, Program, SEQUENCER};

/// All 256 colours in 16 by 16 fields, those with bit 6 or 3 under others' names.
pub(super) fn pel_mask(p: &mut Program) -> Asm {
    p.set_mode(0x13)?;
    p.segment(0xA000)?;
    fields(p)?;
    p.out(0x3C6, 0xB7)?;
    p.rest()
}

fn fields(p: &mut Program) -> Asm {
    for row in 0..16 {
        for column in 0..16 {
            for line in 0..4 {
                p.fill((row * 5 + line) * 320 + column * 9, 8, row * 16 + column)?;
            }
        }
        if row == 7 {
            break;
        }
    }
    Ok(())
}

/// Four bits of the palette's index come from the colour select register.
pub(super) fn colour_select(p: &mut Program) -> Asm {
    stripes(p)?;
    for index in 0..64 {
        p.colour(0x90 + index, [index, 63 - index, 32])?;
    }
    p.attribute(0x30, 0x81)?;
    p.attribute(0x34, 0x09)?;
    p.rest()
}

/// Plane 1 does not show.
pub(super) fn plane_enable(p: &mut Program) -> Asm {
    stripes(p)?;
    p.attribute(0x32, 0x0D)?;
    p.rest()
}

/// Mode 10h, a stripe of each colour.
fn stripes(p: &mut Program) -> Asm {
    p.set_mode(0x10)?;
    p.segment(0xA000)?;
    for colour in 0..16 {
        p.register(SEQUENCER, 2, colour)?;
        p.fill(colour * 20 * 80, 18 * 80, 0xFF)?;
    }
    Ok(())
}
