//! Integer forms that came after the Pentium 4.

use super::by::{by_place, by_shape, by_source, by_wide, by_width};
use crate::decode::lower::{Chosen, Kind, Lowering, register_field};
use crate::exec::access::{Dst, Src};
use crate::exec::bmi::{
    AddCarry, Andn, Bextr, Blsi, Blsmsk, Blsr, Bzhi, Crc32, Lzcnt, Mulx, Pdep, Pext, Popcnt, Rorx, Sarx,
    Shlx, Shrx, Three, ThreeOperand, Two, TwoOperand, Tzcnt,
};
use crate::exec::mov::Movbe;
use iced_x86::Mnemonic;

/// `$body` with `$s` as the r/m operand, which is number `$n`.
macro_rules! by_rm {
    ($l:expr, $n:expr, $s:ident => $body:expr) => {
        if $l.kind($n) == Kind::Reg {
            type $s = Src;
            $body
        } else {
            by_shape!($l.shape, $s => $body)
        }
    };
}

pub(super) fn bmi(l: &mut Lowering<'_>) -> Option<Chosen> {
    use Mnemonic as M;
    Some(match l.ins.mnemonic() {
        M::Andn => three::<Andn>(l, 1, 2),
        M::Bextr => three::<Bextr>(l, 2, 1),
        M::Bzhi => three::<Bzhi>(l, 2, 1),
        M::Pdep => three::<Pdep>(l, 1, 2),
        M::Pext => three::<Pext>(l, 1, 2),
        M::Sarx => three::<Sarx>(l, 2, 1),
        M::Shlx => three::<Shlx>(l, 2, 1),
        M::Shrx => three::<Shrx>(l, 2, 1),
        M::Mulx => {
            place_operands(l, 1, 2);
            by_rm!(l, 2, S => Lowering::fast::<Mulx<S>>())
        }
        M::Rorx => by_source!(l, S => Lowering::fast::<Rorx<S>>()),
        M::Blsi => two::<Blsi>(l),
        M::Blsmsk => two::<Blsmsk>(l),
        M::Blsr => two::<Blsr>(l),
        M::Lzcnt => two::<Lzcnt>(l),
        M::Tzcnt => two::<Tzcnt>(l),
        M::Popcnt => two::<Popcnt>(l),
        M::Adcx => by_source!(l, S => Lowering::fast::<AddCarry<false, S>>()),
        M::Adox => by_source!(l, S => Lowering::fast::<AddCarry<true, S>>()),
        M::Crc32 => by_width!(l.operand_bits(1), T => by_source!(l, S => Lowering::fast::<Crc32<T, S>>())),
        M::Movbe => by_wide!(l.bits(), T => by_place!(l, D => if l.kind(1) == Kind::Reg {
            Lowering::fast::<Movbe<T, D, Src>>()
        } else {
            by_shape!(l.shape, S => Lowering::fast::<Movbe<T, Dst, S>>())
        })),
        _ => return None,
    })
}

/// The register of operand `vvvv` to `op.imm`, that of operand `rm` to `op.src`.
fn place_operands(l: &mut Lowering<'_>, vvvv: u32, rm: u32) {
    l.op.imm = u32::from(register_field(l.ins.op_register(vvvv)));
    if l.kind(rm) == Kind::Reg {
        l.op.src = register_field(l.ins.op_register(rm));
    }
}

fn three<O: Three>(l: &mut Lowering<'_>, vvvv: u32, rm: u32) -> Chosen {
    place_operands(l, vvvv, rm);
    by_rm!(l, rm, S => Lowering::fast::<ThreeOperand<O, S>>())
}

fn two<O: Two>(l: &mut Lowering<'_>) -> Chosen {
    by_wide!(l.bits(), T => by_source!(l, S => Lowering::fast::<TwoOperand<O, T, S>>()))
}
