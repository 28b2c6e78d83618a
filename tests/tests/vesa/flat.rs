//! Calls the copy of a 32-bit interface in protected mode.

use iced_x86::code_asm::*;
use ringzero_tests::caller::{Caller, Registers};

/// Where the copy of the interface lies.
pub(super) const COPY: u32 = 0xB000;
/// The 32-bit code that calls it, and a dword beside it.
const CODE: u32 = 0xA00;
const SAVED_EAX: u32 = 0x8E0;

/// Calls `entry` near in 32-bit protected mode, with the buffer in ES.
pub(super) fn call(caller: &mut Caller, entry: u32, registers: Registers) -> Registers {
    let descriptor = |base: u32, flags: u8, access: u8| {
        let [b0, b1, b2, b3] = base.to_le_bytes();
        [0xFF, 0xFF, b0, b1, b2, access, flags, b3]
    };
    // 08h flat code, 10h flat data, 18h 16-bit code, 20h the buffer.
    let gdt = [
        [0; 8],
        descriptor(0, 0xCF, 0x9B),
        descriptor(0, 0xCF, 0x93),
        descriptor(0, 0x0F, 0x9B),
        descriptor(0x2_0000, 0xCF, 0x93),
    ];
    caller.machine.write_physical(0x900, &gdt.concat());
    caller.machine.write_physical(0x8F0, &[0x27, 0, 0x00, 0x09, 0, 0]);
    let enter = enter_flat().unwrap();
    let back = 0x600 + enter.len() as u32;
    caller.machine.write_physical(CODE.into(), &in_flat(entry, back).unwrap());
    caller.run(&[enter, leave_flat(back).unwrap()].concat(), registers)
}

type Code = Result<Vec<u8>, iced_x86::IcedError>;

fn far_jump(selector: u8, to: u32) -> [u8; 8] {
    let [a, b, c, d] = to.to_le_bytes();
    [0x66, 0xEA, a, b, c, d, selector, 0]
}

fn enter_flat() -> Code {
    let mut a = CodeAssembler::new(16)?;
    a.cli()?;
    a.mov(ptr(SAVED_EAX), eax)?;
    a.lgdt(ptr(0x8F0u32))?;
    a.mov(eax, cr0)?;
    a.or(al, 1)?;
    a.mov(cr0, eax)?;
    a.db(&far_jump(0x08, CODE))?;
    a.assemble(0x600)
}

fn in_flat(entry: u32, back: u32) -> Code {
    let mut a = CodeAssembler::new(32)?;
    a.mov(ax, 0x10)?;
    a.mov(ds, eax)?;
    a.mov(ss, eax)?;
    a.movzx(esp, sp)?;
    a.mov(ax, 0x20)?;
    a.mov(es, eax)?;
    a.xor(edi, edi)?;
    a.mov(esi, entry)?;
    a.mov(eax, ptr(SAVED_EAX))?;
    a.call(esi)?;
    a.mov(ptr(SAVED_EAX), eax)?;
    // Without the prefix, in 32-bit code.
    a.db(&far_jump(0x18, back)[1..])?;
    a.assemble(CODE.into())
}

fn leave_flat(at: u32) -> Code {
    let mut a = CodeAssembler::new(16)?;
    a.mov(eax, cr0)?;
    a.and(al, 0xFEu32)?;
    a.mov(cr0, eax)?;
    let mut real = a.create_label();
    a.push(0)?;
    a.call(real)?;
    a.set_label(&mut real)?;
    a.pop(ax)?;
    a.add(ax, 6)?;
    a.push(ax)?;
    a.retf()?;
    a.xor(ax, ax)?;
    a.mov(ds, ax)?;
    a.mov(ss, ax)?;
    a.mov(eax, ptr(SAVED_EAX))?;
    a.sti()?;
    a.assemble(at.into())
}
