//! Small kernels that break in the ways kernels do, and two that end well.

use super::Asm;
use super::elf::{self, LOAD};
use iced_x86::code_asm::*;
use iced_x86::{BlockEncoderOptions, IcedError};

/// Data of the kernels, behind the page of code.
const IDT: u32 = LOAD + 0x1000;
const DIRECTORY: u32 = LOAD + 0x2000;
const TABLE: u32 = LOAD + 0x3000;
/// What LIDT loads: the whole table, and one of no entries.
const IDTR: u32 = LOAD + 0x4000;
const NO_IDTR: u32 = LOAD + 0x4008;
const STACK: u32 = LOAD + 0x8000;
/// A stack whose page is not mapped.
const UNMAPPED: u32 = LOAD + 0xA000;
/// Selectors: the flat code segment of PVH's entry, and none.
const CODE: u16 = 0x08;
/// First vector of the interrupt controllers.
const VECTORS: u32 = 0x20;

/// A kernel being written.
struct Writer {
    a: CodeAssembler,
    symbols: Vec<(&'static str, CodeLabel)>,
    idt_selector: u16,
}

impl Writer {
    /// Names this place.
    fn symbol(&mut self, name: &'static str) -> Result<CodeLabel, IcedError> {
        let mut here = self.a.create_label();
        self.a.set_label(&mut here)?;
        self.symbols.push((name, here));
        self.a.nop()?;
        Ok(here)
    }

    fn out8(&mut self, port: u32, value: u32) -> Asm {
        self.a.mov(dx, port)?;
        self.a.mov(al, value)?;
        self.a.out(dx, al)
    }

    /// Loads the whole IDT and a stack.
    fn set_up(&mut self) -> Asm {
        self.symbol("start")?;
        self.a.mov(esp, STACK)?;
        self.a.lidt(ptr(IDTR))
    }

    /// Maps the first 4 MiB but for one page.
    fn page(&mut self) -> Asm {
        self.symbol("enable_paging")?;
        self.a.mov(eax, DIRECTORY)?;
        self.a.mov(cr3, eax)?;
        self.a.mov(eax, cr0)?;
        self.a.or(eax, 0x8000_0000u32 as i32)?;
        self.a.mov(cr0, eax)
    }

    /// 8259A pair: vectors from [`VECTORS`], all lines masked but those given.
    fn interrupt_controllers(&mut self, open: u32) -> Asm {
        self.symbol("remap_pic")?;
        for (port, value) in [
            (0x20, 0x11),
            (0xA0, 0x11),
            (0x21, VECTORS),
            (0xA1, VECTORS + 8),
            (0x21, 4),
            (0xA1, 2),
            (0x21, 1),
            (0xA1, 1),
            (0x21, 0xFF & !open),
            (0xA1, 0xFF),
        ] {
            self.out8(port, value)?;
        }
        Ok(())
    }

    fn spin(&mut self, name: &'static str) -> Asm {
        let here = self.symbol(name)?;
        self.a.jmp(here)
    }
}

/// A kernel.
pub struct Broken {
    /// Its name.
    pub name: &'static str,
    write: fn(&mut Writer) -> Asm,
    idt_selector: u16,
}

impl Broken {
    /// All of them.
    pub const ALL: [Self; 12] = [
        Self::new("bad-idt", bad_idt),
        Self::new("unmapped-stack", unmapped_stack),
        Self { idt_selector: 0, ..Self::new("null-cs", null_cs) },
        Self::new("long-mode", long_mode),
        Self::new("cli-hlt", cli_hlt),
        Self::new("jump-to-itself", jump_to_itself),
        Self::new("jump-to-itself-interrupted", jump_to_itself_interrupted),
        Self::new("irq-storm", irq_storm),
        Self::new("reset-loop", reset_loop),
        Self::new("endless-serial", endless_serial),
        Self::new("debug-exit", debug_exit),
        Self::new("power-off", power_off),
    ];

    const fn new(name: &'static str, write: fn(&mut Writer) -> Asm) -> Self {
        Self { name, write, idt_selector: CODE }
    }

    /// An ELF file with symbols.
    pub fn kernel(&self) -> Result<Vec<u8>, IcedError> {
        let a = CodeAssembler::new(32)?;
        let mut writer = Writer { a, symbols: Vec::new(), idt_selector: self.idt_selector };
        (self.write)(&mut writer)?;
        let mut handler = writer.symbol("acknowledge")?;
        writer.out8(0x20, 0x20)?;
        writer.a.iretd()?;
        // The assembler wants a label to be used once it is made.
        writer.a.jmp(handler)?;
        let options = BlockEncoderOptions::RETURN_NEW_INSTRUCTION_OFFSETS;
        let result = writer.a.assemble_options(u64::from(LOAD), options)?;
        let symbols: Result<Vec<_>, IcedError> = writer
            .symbols
            .iter()
            .map(|(name, label)| Ok(((*name).to_owned(), result.label_ip(label)? as u32)))
            .collect();
        let handler_at = result.label_ip(&handler)? as u32;
        let mut image = result.inner.code_buffer;
        assert!(image.len() <= 0x1000, "the code reaches into its data");
        image.resize(elf::SIZE as usize, 0);
        writer.fill(&mut image, handler_at);
        let _ = &mut handler;
        Ok(elf::kernel(&image, &symbols?))
    }
}

impl Writer {
    /// Puts tables into the image.
    fn fill(&self, image: &mut [u8], handler: u32) {
        let mut put = |at: u32, bytes: &[u8]| {
            let at = (at - LOAD) as usize;
            image[at..at + bytes.len()].copy_from_slice(bytes);
        };
        let [h0, h1, h2, h3] = handler.to_le_bytes();
        let [s0, s1] = self.idt_selector.to_le_bytes();
        for vector in 0..64 {
            put(IDT + vector * 8, &[h0, h1, s0, s1, 0, 0x8E, h2, h3]);
        }
        put(IDTR, &[0xFF, 0x01]);
        put(IDTR + 2, &IDT.to_le_bytes());
        put(NO_IDTR + 2, &IDT.to_le_bytes());
        put(DIRECTORY, &(TABLE | 3).to_le_bytes());
        for page in (0..1024).filter(|page| page * 0x1000 != UNMAPPED) {
            put(TABLE + page * 4, &(page * 0x1000 + 3).to_le_bytes());
        }
    }
}

fn bad_idt(w: &mut Writer) -> Asm {
    w.set_up()?;
    w.a.lidt(ptr(NO_IDTR))?;
    w.symbol("divide")?;
    w.a.xor(ecx, ecx)?;
    w.a.div(ecx)?;
    w.spin("never")
}

fn unmapped_stack(w: &mut Writer) -> Asm {
    w.set_up()?;
    w.page()?;
    w.symbol("use_stack")?;
    w.a.mov(esp, UNMAPPED + 0x800)?;
    w.a.push(eax)?;
    w.spin("never")
}

fn null_cs(w: &mut Writer) -> Asm {
    w.set_up()?;
    w.symbol("system_call")?;
    w.a.int(0x30)?;
    w.spin("never")
}

/// Enables 64-bit mode without asking whether there is one.
fn long_mode(w: &mut Writer) -> Asm {
    w.set_up()?;
    w.a.lidt(ptr(NO_IDTR))?;
    w.symbol("enable_long_mode")?;
    w.a.mov(ecx, 0xC000_0080u32)?;
    w.a.rdmsr()?;
    w.a.or(eax, 1 << 8)?;
    w.a.wrmsr()?;
    w.spin("never")
}

fn cli_hlt(w: &mut Writer) -> Asm {
    w.set_up()?;
    w.symbol("panic")?;
    w.a.cli()?;
    w.a.hlt()?;
    w.spin("never")
}

fn jump_to_itself(w: &mut Writer) -> Asm {
    w.set_up()?;
    w.spin("forever")
}

/// The timer ticks, and its handler changes nothing.
fn jump_to_itself_interrupted(w: &mut Writer) -> Asm {
    w.set_up()?;
    w.interrupt_controllers(1)?;
    w.a.sti()?;
    w.spin("forever")
}

/// COM1's interrupt is level-triggered, and nobody serves it.
fn irq_storm(w: &mut Writer) -> Asm {
    w.set_up()?;
    w.interrupt_controllers(1 << 4)?;
    w.out8(0x4D0, 1 << 4)?;
    w.symbol("enable_transmitter_interrupt")?;
    w.out8(0x3FC, 8)?;
    w.out8(0x3F9, 2)?;
    w.a.sti()?;
    w.a.nop()?;
    let again = w.symbol("work")?;
    w.a.inc(eax)?;
    w.a.jmp(again)
}

fn reset_loop(w: &mut Writer) -> Asm {
    w.set_up()?;
    w.symbol("reset")?;
    w.out8(0x64, 0xFE)?;
    w.spin("wait")
}

fn endless_serial(w: &mut Writer) -> Asm {
    w.set_up()?;
    // 115200 baud.
    for (port, value) in [(0x3FB, 0x83), (0x3F8, 1), (0x3F9, 0), (0x3FB, 3)] {
        w.out8(port, value)?;
    }
    let again = w.symbol("print")?;
    w.a.mov(dx, 0x3FD)?;
    w.a.in_(al, dx)?;
    w.a.test(al, 0x20)?;
    w.a.jz(again)?;
    w.out8(0x3F8, u32::from(b'x'))?;
    w.a.jmp(again)
}

fn debug_exit(w: &mut Writer) -> Asm {
    w.set_up()?;
    w.out8(0xF4, 0x10)?;
    w.spin("never")
}

/// SLP_EN of the power management's control register.
fn power_off(w: &mut Writer) -> Asm {
    w.set_up()?;
    w.a.mov(dx, 0x604)?;
    w.a.mov(ax, 0x2000)?;
    w.a.out(dx, ax)?;
    w.spin("never")
}
