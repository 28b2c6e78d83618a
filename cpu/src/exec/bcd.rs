//! AAA AAS AAM AAD DAA DAS.

use super::access::Access;
use super::dispatch::Semantics;
use super::mov::simple;
use super::op::Op;
use crate::cpu::Cpu;
use crate::fault::Fault;
use crate::model::Generation;
use crate::regs::number::AX;

/// DAA and DAS: what is taken from or added to AL, and the carries.
fn decimal_adjust(cpu: &mut Cpu, sign: i16) {
    let (old, old_cf, old_af) = (cpu.state.regs.read::<u8>(AX), cpu.state.flags.cf(), cpu.state.flags.af());
    let af = old & 0xF > 9 || old_af;
    // The 8086 raises its upper threshold when the low nibble was carried into [8086 captures].
    let original = !cpu.model.at_least(Generation::I80186);
    let threshold = if original && old_af { 0x9F } else { 0x99 };
    let cf = old > threshold || old_cf;
    let adjust = sign * (if af { 6 } else { 0 } + if cf { 0x60 } else { 0 });
    let al = (i16::from(old) + adjust) as u8;
    let borrowed = !original && sign < 0 && af && old < 6;
    let of = if sign > 0 { al & !old & 0x80 != 0 } else { old & !al & 0x80 != 0 };
    cpu.state.regs.write(AX, al);
    cpu.state.flags.set_result(al, cf || borrowed, of, af);
}

/// AAA and AAS.
fn ascii_adjust(cpu: &mut Cpu, sign: i16) {
    let ax = cpu.state.regs.read::<u16>(AX);
    let al = ax as u8;
    let adjust = al & 0xF > 9 || cpu.state.flags.af();
    let adjusted = if !adjust {
        ax
    } else if cpu.model.at_least(Generation::I80286) {
        // One 16-bit addition: a carry out of AL reaches AH.
        ax.wrapping_add_signed(sign * 0x106)
    } else {
        let low = (i16::from(al) + sign * 6) as u8;
        let high = ((ax >> 8) as u8).wrapping_add_signed(sign as i8);
        u16::from(low) | u16::from(high) << 8
    };
    cpu.state.regs.write(AX, adjusted & 0xFF0F);
    let low = adjusted as u8;
    cpu.state.flags.set_result(low, adjust, false, adjust);
}

simple! {
    /// DAA [SDM 2A, "DAA"].
    Daa: |m, _op| { decimal_adjust(m.cpu(), 1); Ok(()) };
    /// DAS [SDM 2A, "DAS"].
    Das: |m, _op| { decimal_adjust(m.cpu(), -1); Ok(()) };
    /// AAA [SDM 2A, "AAA"].
    Aaa: |m, _op| { ascii_adjust(m.cpu(), 1); Ok(()) };
    /// AAS [SDM 2A, "AAS"].
    Aas: |m, _op| { ascii_adjust(m.cpu(), -1); Ok(()) };

    /// AAM [SDM 2A, "AAM"]: AH := AL / imm8, AL := AL MOD imm8.
    Aam: |m, op| {
        let cpu = m.cpu();
        let al = cpu.state.regs.read::<u8>(AX);
        let base = op.imm as u8;
        let Some(quotient) = al.checked_div(base) else {
            if !cpu.model.at_least(Generation::I80286) {
                // The flags are set before the error is found [8086 captures].
                cpu.state.flags.set_result(0u8, false, false, false);
            }
            return Err(Fault::DivideError.into());
        };
        let remainder = al % base;
        cpu.state.regs.write(AX, u16::from(quotient) << 8 | u16::from(remainder));
        cpu.state.flags.set_result(remainder, false, false, false);
        Ok(())
    };

    /// AAD [SDM 2A, "AAD"]: AL := AL + AH * imm8, AH := 0. Flags as the addition leaves them.
    Aad: |m, op| {
        let cpu = m.cpu();
        let ax = cpu.state.regs.read::<u16>(AX);
        let product = ((ax >> 8) as u8).wrapping_mul(op.imm as u8);
        let al = (ax as u8).wrapping_add(product);
        cpu.state.flags.set_add(ax as u8, product, al);
        cpu.state.regs.write(AX, u16::from(al));
        Ok(())
    };
}
