//! The opcode map: which handler an instruction gets. Read only when a block is decoded.

mod bmi;
mod by;
mod control;
mod data;
mod fused;
mod pairs;
mod short_pairs;
mod simd;
mod simd_float;
mod stack;
mod system;
mod x87;

use super::lower::{Chosen, Lowering};
pub(super) use fused::{fused_pair, quiet_form};
use iced_x86::{Code, ConditionCode};

/// The handler of an instruction; `None` for those not implemented, which are then undefined.
pub(crate) fn choose(l: &mut Lowering<'_>) -> Option<Chosen> {
    data::data(l)
        .or_else(|| stack::stack(l))
        .or_else(|| control::control(l))
        .or_else(|| bmi::bmi(l))
        .or_else(|| system::system(l))
        .or_else(|| x87::x87(l))
        .or_else(|| simd::simd(l))
}

/// The condition field of the opcode.
pub(super) fn condition_number(code: ConditionCode) -> Option<u8> {
    use ConditionCode as C;
    Some(match code {
        C::o => 0,
        C::no => 1,
        C::b => 2,
        C::ae => 3,
        C::e => 4,
        C::ne => 5,
        C::be => 6,
        C::a => 7,
        C::s => 8,
        C::ns => 9,
        C::p => 10,
        C::np => 11,
        C::l => 12,
        C::ge => 13,
        C::le => 14,
        C::g => 15,
        C::None => return None,
    })
}

/// Operand width of PUSH, POP, CALL, RET and their kin: by how far they move the stack pointer.
fn return_bits(l: &Lowering<'_>) -> u32 {
    let is_32 = matches!(
        l.ins.code(),
        Code::Retnd
            | Code::Retnd_imm16
            | Code::Retfd
            | Code::Retfd_imm16
            | Code::Leaved
            | Code::Enterd_imm16_imm8
    );
    if is_32 { 32 } else { 16 }
}
