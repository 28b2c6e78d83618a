//! 80286 protected mode as software of its time used it: memory above 1 MiB is copied there, and real mode is reached
//! again by resetting the processor, with a shutdown code in CMOS that says where to go on [IBM AT TRM, "Shutdown
//! Byte"].

use super::{Asm, Program, STACK, Tables, descriptor, floppy, gate, table_register};
use crate::session::SharedDisk;
use iced_x86::IcedError;
use iced_x86::code_asm::*;

/// What the program prints last.
pub const END: &str = "All ways back work.";
/// What it prints after each way back; the last only on an 80386 and later.
pub const LINES: [&str; 6] = [
    "05h by the 8042: real mode again",
    "09h by the 8042: real mode again",
    "0Ah by the 8042: real mode again",
    "0Ah by a triple fault: real mode again",
    "0Ah by port 92h: real mode again",
    "CR0: real mode again",
];

/// A floppy with the program.
pub fn disk() -> Result<SharedDisk, IcedError> {
    floppy(code, tables)
}

/// How the processor is reset.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Reset {
    /// Command FEh of the keyboard controller pulses its output bit 0.
    KeyboardController,
    /// No interrupt table: INT3, #GP and the double fault all fail.
    TripleFault,
    /// Bit 0 of port 92h.
    Port92,
}

/// A way back into real mode, with the labels of its protected-mode code and of where it comes back.
struct Way {
    shutdown: u32,
    reset: Reset,
    inside: &'static str,
    back: &'static str,
}

const WAYS: [Way; 5] = [
    Way { shutdown: 0x05, reset: Reset::KeyboardController, inside: "inside 0", back: "back 0" },
    Way { shutdown: 0x09, reset: Reset::KeyboardController, inside: "inside 1", back: "back 1" },
    Way { shutdown: 0x0A, reset: Reset::KeyboardController, inside: "inside 2", back: "back 2" },
    Way { shutdown: 0x0A, reset: Reset::TripleFault, inside: "inside 3", back: "back 3" },
    Way { shutdown: 0x0A, reset: Reset::Port92, inside: "inside 4", back: "back 4" },
];

/// Variables: the way's number, which changes the copy; faults and interrupts seen in protected mode; a witness.
const WAY: u32 = 0x7000;
const SEEN: u32 = 0x7002;
const WITNESS: u32 = 0x7004;
/// Where the stack for shutdown code 9 begins: flags, CS, IP, eight registers, ES and DS.
const RETURN_STACK: u32 = STACK - 0x100;

/// Tables behind the code.
const GDT: u16 = 0x9D00;
const IDT: u16 = 0x9E00;
const GDTR: u16 = 0x9CE0;
const IDTR: u16 = 0x9CE8;
const NO_IDTR: u16 = 0x9CF0;
const REAL_IDTR: u16 = 0x9CF8;
/// Descriptors for INT 15h, AH=87h: up and down.
const MOVE_UP: u16 = 0x9C00;
const MOVE_DOWN: u16 = 0x9C40;

/// Selectors of the memory above 1 MiB, and of a segment of 16 bytes.
const ABOVE: u32 = 0x18;
const COPY: u32 = 0x20;
const SMALL: u32 = 0x28;
/// Words that are copied.
const WORDS: u32 = 0x1000;
/// The first of them, and what each adds to the one before.
const FIRST: u32 = 0x1234;
const STEP: u32 = 0x0301;

fn tables(p: &Program) -> Tables {
    let gdt = [
        [0; 8],
        descriptor(0, 0xFFFF, 0x9A),
        descriptor(0, 0xFFFF, 0x92),
        descriptor(0x11_0000, 0xFFFF, 0x92),
        descriptor(0x12_0000, 0xFFFF, 0x92),
        descriptor(u32::from(GDT), 0x000F, 0x92),
    ];
    let mut idt = vec![[0; 8]; 0x41];
    idt[0x0D] = gate(p.at("general protection"));
    idt[0x40] = gate(p.at("interrupt"));
    let block_move = |from, to| {
        let segment = |base| descriptor(base, 0xFFFF, 0x93);
        [[0; 8], [0; 8], segment(from), segment(to), [0; 8], [0; 8]].concat()
    };
    vec![
        (GDT, gdt.concat()),
        (IDT, idt.concat()),
        (GDTR, table_register(GDT, 0x2F).to_vec()),
        (IDTR, table_register(IDT, 0x207).to_vec()),
        (NO_IDTR, table_register(0, 0).to_vec()),
        (REAL_IDTR, table_register(0, 0x3FF).to_vec()),
        (MOVE_UP, block_move(0x1_0000, 0x11_0000)),
        (MOVE_DOWN, block_move(0x12_0000, 0x2_0000)),
    ]
}

fn code(p: &mut Program) -> Asm {
    p.print("80286 protected mode\r\n")?;
    open_a20(p)?;
    fill(p)?;
    block_move(p, MOVE_UP)?;
    p.a.mov(word_ptr(WITNESS), 0xA55A)?;
    for (n, way) in (0..).zip(&WAYS) {
        go_and_come_back(p, n, way)?;
    }
    let mut end = p.a.create_label();
    p.skip_before_80386(end)?;
    through_cr0(p)?;
    p.a.set_label(&mut end)?;
    p.print(END)?;
    let mut idle = p.a.create_label();
    p.a.set_label(&mut idle)?;
    p.a.hlt()?;
    p.a.jmp(idle)?;
    subroutines(p)
}

/// A20 through the keyboard controller's output port, as the PC AT has it.
fn open_a20(p: &mut Program) -> Asm {
    for (port, value) in [(0x64, 0xD1), (0x60, 0xDF), (0x64, 0xFF)] {
        let mut busy = p.a.create_label();
        p.a.set_label(&mut busy)?;
        p.a.in_(al, 0x64)?;
        p.a.test(al, 2)?;
        p.a.jnz(busy)?;
        p.a.mov(al, value)?;
        p.a.out(port, al)?;
    }
    Ok(())
}

/// The words that are copied, at 1000:0000.
fn fill(p: &mut Program) -> Asm {
    p.a.mov(ax, 0x1000)?;
    p.a.mov(es, ax)?;
    p.a.xor(di, di)?;
    p.a.mov(cx, WORDS)?;
    p.a.mov(ax, FIRST)?;
    let mut next = p.a.create_label();
    p.a.set_label(&mut next)?;
    p.a.stosw()?;
    p.a.add(ax, STEP)?;
    p.a.loop_(next)
}

/// INT 15h, AH=87h.
fn block_move(p: &mut Program, table: u16) -> Asm {
    p.a.xor(ax, ax)?;
    p.a.mov(es, ax)?;
    p.a.mov(si, u32::from(table))?;
    p.a.mov(cx, WORDS)?;
    p.a.mov(ah, 0x87)?;
    p.a.int(0x15)?;
    p.require(CodeAssembler::jnc, "block move")
}

fn go_and_come_back(p: &mut Program, n: u32, way: &Way) -> Asm {
    p.a.mov(word_ptr(WAY), n + 1)?;
    p.a.cli()?;
    return_address(p, way)?;
    p.a.mov(al, 0x8F)?;
    p.a.out(0x70, al)?;
    p.a.mov(al, way.shutdown)?;
    p.a.out(0x71, al)?;
    p.enter_protected(GDTR, IDTR, way.inside)?;
    p.call("inside")?;
    reset(p, way.reset)?;
    let mut never = p.a.create_label();
    p.a.set_label(&mut never)?;
    p.a.hlt()?;
    p.a.jmp(never)?;
    p.label(way.back)?;
    if way.shutdown == 0x09 {
        // The registers are back: what was in AX's place says so.
        p.a.cmp(ax, 0x0A0A)?;
        p.require(CodeAssembler::je, "restored register")?;
    }
    p.real_segments()?;
    p.a.sti()?;
    p.call("check")?;
    p.print(LINES[n as usize])?;
    p.print("\r\n")
}

/// 40:67h: where POST goes on, or the stack that it takes everything from.
fn return_address(p: &mut Program, way: &Way) -> Asm {
    let mut pointer = p.at(way.back);
    if way.shutdown == 0x09 {
        pointer = RETURN_STACK;
        p.a.mov(word_ptr(RETURN_STACK + 18), 0x0A0A)?;
        p.a.mov(word_ptr(RETURN_STACK + 20), p.at(way.back))?;
        p.a.mov(word_ptr(RETURN_STACK + 22), 0)?;
        p.a.mov(word_ptr(RETURN_STACK + 24), 2)?;
    }
    p.a.mov(word_ptr(0x467), pointer)?;
    p.a.mov(word_ptr(0x469), 0)
}

fn reset(p: &mut Program, how: Reset) -> Asm {
    match how {
        Reset::KeyboardController => {
            p.a.mov(al, 0xFE)?;
            p.a.out(0x64, al)
        }
        Reset::TripleFault => {
            p.a.lidt(ptr(u32::from(NO_IDTR)))?;
            p.a.int3()
        }
        Reset::Port92 => {
            p.a.in_(al, 0x92)?;
            p.a.and(al, 0xFEu32)?;
            p.a.out(0x92, al)?;
            p.a.or(al, 1)?;
            p.a.out(0x92, al)
        }
    }
}

/// The short way, which the 80286 does not have.
fn through_cr0(p: &mut Program) -> Asm {
    p.a.mov(word_ptr(WAY), WAYS.len() as u32 + 1)?;
    p.enter_protected(GDTR, IDTR, "inside CR0")?;
    p.call("inside")?;
    p.leave_by_cr0(REAL_IDTR, "back CR0")?;
    p.a.sti()?;
    p.call("check")?;
    p.print(LINES[WAYS.len()])?;
    p.print("\r\n")
}

fn subroutines(p: &mut Program) -> Asm {
    p.label("inside")?;
    copy_above(p)?;
    meet_faults(p)?;
    p.a.ret()?;
    p.label("check")?;
    check(p)?;
    p.a.ret()?;
    handlers(p)
}

/// In protected mode: each word from 110000h, plus the way's number, to 120000h.
fn copy_above(p: &mut Program) -> Asm {
    p.a.mov(dx, word_ptr(WAY))?;
    p.a.mov(ax, ABOVE)?;
    p.a.mov(ds, ax)?;
    p.a.mov(ax, COPY)?;
    p.a.mov(es, ax)?;
    p.a.xor(si, si)?;
    p.a.xor(di, di)?;
    p.a.mov(cx, WORDS)?;
    let mut next = p.a.create_label();
    p.a.set_label(&mut next)?;
    p.a.lodsw()?;
    p.a.add(ax, dx)?;
    p.a.stosw()?;
    p.a.loop_(next)?;
    p.a.mov(ax, super::DATA)?;
    p.a.mov(ds, ax)
}

/// A byte behind a segment's end, an interrupt, and PE, which LMSW cannot clear.
fn meet_faults(p: &mut Program) -> Asm {
    p.a.mov(word_ptr(SEEN), 0)?;
    p.a.mov(ax, SMALL)?;
    p.a.mov(es, ax)?;
    // MOV AL, ES:[10h]: four bytes, which the handler steps over.
    p.a.db(&[0x26, 0xA0, 0x10, 0x00])?;
    p.a.int(0x40)?;
    p.a.smsw(ax)?;
    p.a.and(al, 0xFEu32)?;
    p.a.lmsw(ax)?;
    p.a.smsw(ax)?;
    p.a.and(ax, 1)?;
    p.a.add(word_ptr(SEEN), ax)
}

/// Real mode, witness, faults, and the copy, brought down to 2000:0000.
fn check(p: &mut Program) -> Asm {
    p.a.smsw(ax)?;
    p.a.test(al, 1)?;
    p.require(CodeAssembler::jz, "real mode")?;
    p.a.cmp(word_ptr(WITNESS), 0xA55A)?;
    p.require(CodeAssembler::je, "memory")?;
    p.a.cmp(word_ptr(SEEN), 0x0111)?;
    p.require(CodeAssembler::je, "protection")?;
    block_move(p, MOVE_DOWN)?;
    p.a.mov(ax, 0x2000)?;
    p.a.mov(es, ax)?;
    p.a.xor(di, di)?;
    p.a.mov(cx, WORDS)?;
    p.a.mov(ax, FIRST)?;
    p.a.add(ax, word_ptr(WAY))?;
    let (mut next, mut differs) = (p.a.create_label(), p.a.create_label());
    p.a.set_label(&mut next)?;
    p.a.scasw()?;
    p.a.jne(differs)?;
    p.a.add(ax, STEP)?;
    p.a.loop_(next)?;
    p.a.cmp(ax, ax)?;
    p.a.set_label(&mut differs)?;
    p.require(CodeAssembler::je, "copy above 1 MiB")
}

/// #GP steps over four bytes and counts 10h; INT 40h counts 100h.
fn handlers(p: &mut Program) -> Asm {
    p.label("general protection")?;
    p.a.add(sp, 2)?;
    p.a.push(bp)?;
    p.a.mov(bp, sp)?;
    p.a.add(word_ptr(bp + 2), 4)?;
    p.a.pop(bp)?;
    p.a.add(word_ptr(SEEN), 0x10)?;
    p.a.iret()?;
    p.label("interrupt")?;
    p.a.add(word_ptr(SEEN), 0x100)?;
    p.a.iret()
}
