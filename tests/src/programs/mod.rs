//! Small boot programs of our own, on floppies built for them.
//!
//! - [`apic`]: interrupts through local and I/O APIC.
//! - [`broken`]: kernels that break in the ways kernels do, as ELF files made by [`elf`].
//! - [`pictures`]: what the registers of the VGA do.
//! - [`shutdown`]: 80286 protected mode, left by every kind of reset.
//! - [`sound`]: whatever ports are written to make a sound.
//! - [`coprocessor`]: unmasked x87 exceptions, as IRQ 13 and as vector 10h.

pub mod apic;
pub mod broken;
pub mod coprocessor;
pub mod elf;
pub mod pictures;
pub mod shutdown;
pub mod sound;

use crate::session::SharedDisk;
use iced_x86::code_asm::*;
use iced_x86::{BlockEncoderOptions, IcedError};
use std::collections::BTreeMap;

/// What assembling returns.
type Asm = Result<(), IcedError>;

/// Where the boot sector puts the program, in segment 0.
const ORIGIN: u16 = 0x8000;
/// Sectors of a program: the rest of a 1.44 MB floppy's first track.
const SECTORS: u32 = 17;
/// Top of the stack, before and after protected mode.
const STACK: u32 = 0x7C00;

/// Flat 64 KiB code and data at 0; selectors are the same in every program.
const CODE: u32 = 0x08;
const DATA: u32 = 0x10;

/// A program being written. It is assembled twice: the second time all labels are known.
struct Program {
    a: CodeAssembler,
    labels: Vec<(&'static str, CodeLabel)>,
    known: BTreeMap<&'static str, u16>,
}

impl Program {
    /// Makes a place that can be named in data.
    fn label(&mut self, name: &'static str) -> Asm {
        let mut here = self.a.create_label();
        self.a.set_label(&mut here)?;
        self.labels.push((name, here));
        self.a.nop()
    }

    /// The offset of a label; in the first pass just a number of the same size.
    fn at(&self, name: &str) -> u32 {
        self.known.get(name).copied().unwrap_or(0x7FFF).into()
    }

    /// Calls the subroutine of that name.
    fn call(&mut self, name: &str) -> Asm {
        self.a.mov(ax, self.at(name))?;
        self.a.call(ax)
    }

    /// Prints a text.
    fn print(&mut self, text: &str) -> Asm {
        let (mut message, mut behind) = (self.a.create_label(), self.a.create_label());
        self.a.call(message)?;
        self.a.db(text.as_bytes())?;
        self.a.db(&[0])?;
        self.a.set_label(&mut message)?;
        self.a.pop(si)?;
        let mut next = self.a.create_label();
        self.a.set_label(&mut next)?;
        self.a.lodsb()?;
        self.a.test(al, al)?;
        self.a.jz(behind)?;
        self.a.mov(ah, 0x0E)?;
        self.a.mov(bx, 7)?;
        self.a.int(0x10)?;
        self.a.jmp(next)?;
        self.a.set_label(&mut behind)?;
        self.a.nop()
    }

    /// Prints "failed" and halts unless the condition that `jump` tests holds.
    fn require(&mut self, jump: fn(&mut CodeAssembler, CodeLabel) -> Asm, what: &str) -> Asm {
        let mut fine = self.a.create_label();
        jump(&mut self.a, fine)?;
        self.print(what)?;
        self.print(" failed\r\n")?;
        self.a.hlt()?;
        self.a.set_label(&mut fine)?;
        self.a.nop()
    }

    /// Data and stack segments at 0, as the boot sector left them.
    fn real_segments(&mut self) -> Asm {
        self.a.xor(ax, ax)?;
        self.a.mov(ds, ax)?;
        self.a.mov(es, ax)?;
        self.a.mov(ss, ax)?;
        self.a.mov(sp, STACK)
    }

    /// A far jump to the next instruction through `selector`: a far return, which keeps labels near.
    fn reload_code(&mut self, selector: u32, name: &'static str) -> Asm {
        self.a.mov(ax, selector)?;
        self.a.push(ax)?;
        self.a.mov(ax, self.at(name))?;
        self.a.push(ax)?;
        self.a.retf()?;
        self.label(name)
    }

    /// Into protected mode by LMSW; the table registers' contents are at `gdtr` and `idtr`. The stack stays where it is.
    fn enter_protected(&mut self, gdtr: u16, idtr: u16, name: &'static str) -> Asm {
        self.a.cli()?;
        self.a.lgdt(ptr(u32::from(gdtr)))?;
        self.a.lidt(ptr(u32::from(idtr)))?;
        self.a.smsw(ax)?;
        self.a.or(al, 1)?;
        self.a.lmsw(ax)?;
        self.reload_code(CODE, name)?;
        self.a.mov(ax, DATA)?;
        self.load_segments()
    }

    /// DS, ES and SS from AX.
    fn load_segments(&mut self) -> Asm {
        for register in [ds, es, ss] {
            self.a.mov(register, ax)?;
        }
        Ok(())
    }

    /// Out of protected mode by CR0, as the 80386 can; `idtr` describes the real-mode vectors. Limits and rights stay
    /// as they are, so they must be those of real mode before [SDM 3A, "Switching Back to Real-Address Mode"].
    fn leave_by_cr0(&mut self, idtr: u16, name: &'static str) -> Asm {
        self.a.mov(ax, DATA)?;
        self.load_segments()?;
        self.a.mov(eax, cr0)?;
        self.a.and(al, 0xFEu32)?;
        self.a.mov(cr0, eax)?;
        self.reload_code(0, name)?;
        self.a.lidt(ptr(u32::from(idtr)))?;
        self.real_segments()
    }

    /// Jumps to `target` on anything before the 80386, which keeps IOPL at 0 in real mode.
    fn skip_before_80386(&mut self, target: CodeLabel) -> Asm {
        self.a.mov(ax, 0x3000)?;
        self.a.push(ax)?;
        self.a.popf()?;
        self.a.pushf()?;
        self.a.pop(ax)?;
        self.a.sti()?;
        self.a.test(ah, 0x30)?;
        self.jump_if_zero(target)
    }

    /// JZ of any length: before the 80386 it reaches no further than 127 bytes.
    fn jump_if_zero(&mut self, target: CodeLabel) -> Asm {
        let mut behind = self.a.create_label();
        self.a.jnz(behind)?;
        self.a.jmp(target)?;
        self.a.set_label(&mut behind)?;
        self.a.nop()
    }
}

/// A segment descriptor of the 80286.
fn descriptor(base: u32, limit: u16, access: u8) -> [u8; 8] {
    let ([l0, l1], [b0, b1, b2, _]) = (limit.to_le_bytes(), base.to_le_bytes());
    [l0, l1, b0, b1, b2, access, 0, 0]
}

/// An interrupt gate of the 80286 to `offset` of the flat code segment.
fn gate(offset: u32) -> [u8; 8] {
    let [o0, o1, ..] = offset.to_le_bytes();
    [o0, o1, CODE as u8, 0, 0, 0x86, 0, 0]
}

/// The contents of GDTR or IDTR.
fn table_register(base: u16, limit: u16) -> [u8; 6] {
    let ([l0, l1], [b0, b1]) = (limit.to_le_bytes(), base.to_le_bytes());
    [l0, l1, b0, b1, 0, 0]
}

/// Tables beside the code: where, and what.
type Tables = Vec<(u16, Vec<u8>)>;

/// A floppy that boots what `code` writes and `tables` adds.
fn floppy(code: fn(&mut Program) -> Asm, tables: fn(&Program) -> Tables) -> Result<SharedDisk, IcedError> {
    let (program, bytes) = assemble_at(ORIGIN, code)?;
    let mut disk = boot_sector()?;
    disk.resize(1440 << 10, 0);
    disk[512..512 + bytes.len()].copy_from_slice(&bytes);
    for (at, table) in tables(&program) {
        let at = 512 + usize::from(at - ORIGIN);
        assert!(at >= 512 + bytes.len(), "the code reaches into its tables");
        disk[at..at + table.len()].copy_from_slice(&table);
    }
    Ok(SharedDisk::new(disk))
}

/// A program for DOS: the same code in a COM file.
fn com_file(code: fn(&mut Program) -> Asm) -> Result<Vec<u8>, IcedError> {
    Ok(assemble_at(0x100, code)?.1)
}

/// All passes.
fn assemble_at(origin: u16, code: fn(&mut Program) -> Asm) -> Result<(Program, Vec<u8>), IcedError> {
    let mut program = assemble(origin, code, BTreeMap::new())?.0;
    let known = assemble(origin, code, std::mem::take(&mut program.known))?.0.known;
    assemble(origin, code, known)
}

/// One pass: the program with its labels' places, and its bytes.
fn assemble(
    origin: u16,
    code: fn(&mut Program) -> Asm,
    known: BTreeMap<&'static str, u16>,
) -> Result<(Program, Vec<u8>), IcedError> {
    let mut program = Program { a: CodeAssembler::new(16)?, labels: Vec::new(), known };
    code(&mut program)?;
    let options = BlockEncoderOptions::RETURN_NEW_INSTRUCTION_OFFSETS;
    let result = program.a.assemble_options(origin.into(), options)?;
    for (name, label) in std::mem::take(&mut program.labels) {
        program.known.insert(name, result.label_ip(&label)? as u16);
    }
    Ok((program, result.inner.code_buffer))
}

/// Reads the rest of the track to [`ORIGIN`] and goes there.
fn boot_sector() -> Result<Vec<u8>, IcedError> {
    let mut program = Program { a: CodeAssembler::new(16)?, labels: Vec::new(), known: BTreeMap::new() };
    program.real_segments()?;
    let a = &mut program.a;
    a.mov(ax, 0x0200 | SECTORS)?;
    a.mov(bx, u32::from(ORIGIN))?;
    a.mov(cx, 2)?;
    a.xor(dx, dx)?;
    a.int(0x13)?;
    a.mov(ax, u32::from(ORIGIN))?;
    a.jmp(ax)?;
    let mut bytes = a.assemble(0x7C00)?;
    bytes.resize(510, 0);
    bytes.extend([0x55, 0xAA]);
    Ok(bytes)
}
