//! The modes of the CGA: two banks of lines, the palette chosen by INT 10h AH=0Bh.

use super::{Asm, Program};

fn banks(p: &mut Program) -> Asm {
    p.segment(0xB800)?;
    p.ramp(0x0000, 8000, 1)?;
    p.ramp(0x2000, 8000, 3)
}

pub(super) fn four_colours(p: &mut Program) -> Asm {
    p.set_mode(4)?;
    banks(p)?;
    p.video([0x0B00, 0x0100, 0, 0])?;
    p.video([0x0B00, 0x0001, 0, 0])?;
    p.rest()
}

pub(super) fn two_colours(p: &mut Program) -> Asm {
    p.set_mode(6)?;
    banks(p)?;
    p.rest()
}
