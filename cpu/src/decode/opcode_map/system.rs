//! Flags, I/O, system registers.

use super::by::{by_place, by_source, by_store, by_wide, by_width, by_word};
use crate::decode::lower::{Chosen, Kind, Lowering};
use crate::exec::access::{Dst, InMemory, Segmented};
use crate::exec::control_registers::{Clts, Invlpg, LmswMemory, LmswRegister, Smsw};
use crate::exec::io::{In, Out, PortInDx, PortInImm};
use crate::exec::machine_specific::{Cpuid, InvalidateCache, Rdmsr, Rdpmc, Rdtsc, Sysenter, Sysexit, Wrmsr};
use crate::exec::system::{Clc, Cld, Cli, Cmc, Gdtr, Idtr, LoadTable, Stc, Std, Sti, StoreTable};
use crate::protected::loadall::{Loadall286, Loadall386};
use crate::protected::smm::Rsm;
use crate::protected::verify::{Arpl, Lar, Lldt, Lsl, Ltr, StoreSelector, Verify};
use iced_x86::{Code, Mnemonic};

/// Flags, I/O, system registers.
pub(super) fn system(l: &mut Lowering<'_>) -> Option<Chosen> {
    use Mnemonic as M;
    Some(match l.ins.mnemonic() {
        M::Clc => Lowering::fast::<Clc>(),
        M::Stc => Lowering::fast::<Stc>(),
        M::Cmc => Lowering::fast::<Cmc>(),
        M::Cld => Lowering::fast::<Cld>(),
        M::Std => Lowering::fast::<Std>(),
        M::Cli => Lowering::fast::<Cli>(),
        M::Sti => Lowering::end::<Sti>(),
        M::In => by_width!(l.bits(), T => if l.kind(1) == Kind::Imm {
            Lowering::slow::<In<T, PortInImm>>()
        } else {
            Lowering::slow::<In<T, PortInDx>>()
        }),
        M::Out => by_width!(l.operand_bits(1), T => if l.kind(0) == Kind::Imm {
            Lowering::slow::<Out<T, PortInImm>>()
        } else {
            Lowering::slow::<Out<T, PortInDx>>()
        }),
        M::Cpuid => Lowering::fast::<Cpuid>(),
        M::Rdtsc => Lowering::slow::<Rdtsc>(),
        M::Rdpmc => Lowering::slow::<Rdpmc>(),
        M::Rdmsr => Lowering::slow::<Rdmsr>(),
        M::Wrmsr => Lowering::end::<Wrmsr>(),
        M::Invd | M::Wbinvd => Lowering::slow::<InvalidateCache>(),
        M::Invlpg => Lowering::end::<Invlpg>(),
        M::Sysenter => Lowering::end::<Sysenter>(),
        M::Sysexit => Lowering::end::<Sysexit>(),
        M::Rsm => Lowering::end::<Rsm>(),
        M::Clts => Lowering::end::<Clts>(),
        M::Lmsw => {
            l.op.src = l.op.dst;
            if l.kind(0) == Kind::Reg {
                Lowering::end::<LmswRegister>()
            } else {
                Lowering::end::<LmswMemory>()
            }
        }
        M::Smsw if l.kind(0) == Kind::Mem => Lowering::slow::<Smsw<u16, InMemory<Segmented>>>(),
        M::Smsw => by_wide!(l.bits(), T => Lowering::slow::<Smsw<T, Dst>>()),
        M::Lgdt => by_wide!(table_bits(l), T => Lowering::end::<LoadTable<Gdtr, T>>()),
        M::Lidt => by_wide!(table_bits(l), T => Lowering::end::<LoadTable<Idtr, T>>()),
        M::Lldt => by_word!(l, S => Lowering::end::<Lldt<S>>()),
        M::Ltr => by_word!(l, S => Lowering::end::<Ltr<S>>()),
        M::Sldt => by_store!(l, T, D => Lowering::slow::<StoreSelector<false, T, D>>()),
        M::Str => by_store!(l, T, D => Lowering::slow::<StoreSelector<true, T, D>>()),
        M::Verr => by_word!(l, S => Lowering::slow::<Verify<false, S>>()),
        M::Verw => by_word!(l, S => Lowering::slow::<Verify<true, S>>()),
        M::Lar => by_wide!(l.bits(), T => by_source!(l, S => Lowering::slow::<Lar<T, S>>())),
        M::Lsl => by_wide!(l.bits(), T => by_source!(l, S => Lowering::slow::<Lsl<T, S>>())),
        M::Arpl => by_place!(l, D => Lowering::slow::<Arpl<D>>()),
        M::Loadall if l.ins.code() == Code::Loadall286 => Lowering::end::<Loadall286>(),
        M::Loadall if l.ins.code() == Code::Loadall386 => Lowering::end::<Loadall386>(),
        M::Sgdt => Lowering::slow::<StoreTable<Gdtr>>(),
        M::Sidt => Lowering::slow::<StoreTable<Idtr>>(),
        _ => return None,
    })
}

/// Operand size of LGDT and LIDT.
fn table_bits(l: &Lowering<'_>) -> u32 {
    if matches!(l.ins.code(), Code::Lgdt_m1632 | Code::Lidt_m1632) { 32 } else { 16 }
}
