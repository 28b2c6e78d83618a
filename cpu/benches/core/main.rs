//! What the processor's parts cost: decoding, each class of operation, translations, interrupts, ports. `make bench`.

mod rig;

use divan::Bencher;
use divan::counter::ItemsCount;
use iced_x86::code_asm::*;
use rig::{BEYOND, CODE, DATA, HANDLERS, PAGE, Rig, Ring};
use std::cell::RefCell;

/// Instructions of a sample of a loop.
const INSTRUCTIONS: u64 = 1_000_000;
/// The same of floating point.
const FLOATS: u64 = 200_000;
/// Pages that the first level of the TLB cannot hold, and the second can.
const FIRST_LEVEL_MISSES: u32 = 2048;
/// Pages that neither can hold.
const WALKS: u32 = 32768;

/// Writes a piece of code.
type Emit = fn(&mut CodeAssembler) -> Result<(), IcedError>;

fn main() {
    divan::main();
}

/// Instructions to be run over and over. EAX is 1, ECX 3, EBX and EBP point to data.
struct Class {
    name: &'static str,
    /// Once, before the loop.
    before: Emit,
    /// What is repeated.
    body: Emit,
}

impl std::fmt::Display for Class {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name)
    }
}

const fn class(name: &'static str, body: Emit) -> Class {
    Class { name, before: |_| Ok(()), body }
}

/// On the x87 with 1 in ST(1) and pi in ST(0).
const fn x87(name: &'static str, body: Emit) -> Class {
    let before: Emit = |a| {
        a.fninit()?;
        a.fld1()?;
        a.fldpi()
    };
    Class { name, before, body }
}

/// With two doubles of 1 in XMM0 and XMM1, four singles of 3 in XMM2 to XMM4, of 1 in XMM5; the precision flag is set, as in every
/// program that has computed anything.
const fn sse(name: &'static str, body: Emit) -> Class {
    let before: Emit = |a| {
        a.cvtsi2sd(xmm1, eax)?;
        a.unpcklpd(xmm1, xmm1)?;
        a.movapd(xmm0, xmm1)?;
        a.cvtsi2ss(xmm3, ecx)?;
        a.shufps(xmm3, xmm3, 0)?;
        a.movaps(xmm2, xmm3)?;
        a.movaps(xmm4, xmm3)?;
        a.cvtsi2ss(xmm5, eax)?;
        a.shufps(xmm5, xmm5, 0)?;
        a.movaps(xmm6, xmm5)?;
        a.divps(xmm6, xmm3)
    };
    Class { name, before, body }
}

const ARITHMETIC: [Class; 7] = [
    class("ALU, registers", |a| {
        a.add(eax, ecx)?;
        a.xor(edx, eax)?;
        a.sub(esi, edx)?;
        a.inc(edi)
    }),
    class("ALU, memory operand", |a| {
        a.add(dword_ptr(ebx), eax)?;
        a.xor(edx, dword_ptr(ebx + 4))?;
        a.cmp(byte_ptr(ebx + ecx * 4 + 8), 5)
    }),
    class("load", |a| {
        a.mov(eax, dword_ptr(ebx))?;
        a.mov(edx, dword_ptr(ebx + ecx * 4 + 8))?;
        a.movzx(esi, byte_ptr(ebp + 3))
    }),
    class("store", |a| {
        a.mov(dword_ptr(ebx), eax)?;
        a.mov(dword_ptr(ebx + ecx * 4 + 8), edx)?;
        a.mov(byte_ptr(ebp + 3), al)
    }),
    class("shift and rotate", |a| {
        a.shl(eax, 3)?;
        a.sar(edx, 1)?;
        a.rol(esi, 5)?;
        a.shr(edi, cl)
    }),
    class("multiply", |a| {
        a.imul_2(esi, ecx)?;
        a.mul(ecx)
    }),
    class("divide", |a| {
        a.xor(edx, edx)?;
        a.mov(eax, 123_456)?;
        a.div(ecx)
    }),
];

const CONTROL: [Class; 6] = [
    class("branch, taken", |a| {
        let mut next = a.create_label();
        a.cmp(ecx, ecx)?;
        a.je(next)?;
        a.set_label(&mut next)
    }),
    class("branch, not taken", |a| {
        let mut next = a.create_label();
        a.cmp(ecx, ecx)?;
        a.jne(next)?;
        a.set_label(&mut next)
    }),
    class("call and return", |a| {
        let (mut function, mut next) = (a.create_label(), a.create_label());
        a.call(function)?;
        a.jmp(next)?;
        a.set_label(&mut function)?;
        a.ret()?;
        a.set_label(&mut next)
    }),
    Class {
        name: "indirect jump",
        // Two MOVs of five bytes, then two jumps of two bytes to each other.
        before: |a| {
            a.mov(edx, CODE + 12)?;
            a.mov(esi, CODE + 10)
        },
        body: |a| {
            a.jmp(edx)?;
            a.jmp(esi)
        },
    },
    class("push and pop", |a| {
        a.push(eax)?;
        a.push(edx)?;
        a.pop(esi)?;
        a.pop(edi)
    }),
    class("set on condition, conditional move", |a| {
        a.cmp(eax, ecx)?;
        a.setb(dl)?;
        a.cmova(esi, edi)
    }),
];

const STRINGS: [Class; 2] = [
    class("REP MOVSD", |a| {
        a.mov(ecx, 1000)?;
        a.mov(esi, DATA)?;
        a.mov(edi, DATA + 2 * PAGE)?;
        a.rep().movsd()
    }),
    class("REP STOSD", |a| {
        a.mov(ecx, 1000)?;
        a.mov(edi, DATA)?;
        a.rep().stosd()
    }),
];

const FLOATING_POINT: [Class; 8] = [
    x87("x87 add", |a| a.fadd_2(st0, st1)),
    x87("x87 multiply", |a| a.fmul_2(st0, st1)),
    x87("x87 divide", |a| a.fdiv_2(st0, st1)),
    x87("x87 load and store", |a| {
        a.fld(qword_ptr(ebx))?;
        a.fstp(qword_ptr(ebx + 8))
    }),
    x87("x87 sine", |a| {
        a.fld(st1)?;
        a.fsin()?;
        a.fstp(st0)
    }),
    sse("SSE2 scalar", |a| {
        a.addsd(xmm0, xmm1)?;
        a.mulsd(xmm1, xmm1)?;
        a.divsd(xmm0, xmm1)
    }),
    sse("SSE packed", |a| {
        a.addps(xmm2, xmm3)?;
        a.subps(xmm2, xmm3)?;
        a.mulps(xmm4, xmm5)
    }),
    sse("SSE2 integer", |a| {
        a.paddd(xmm0, xmm1)?;
        a.pxor(xmm2, xmm0)?;
        a.pmullw(xmm3, xmm1)?;
        a.punpcklbw(xmm4, xmm2)
    }),
];

fn run_class(bencher: Bencher<'_, '_>, class: &Class, instructions: u64) {
    let mut rig = Rig::new(Ring::Kernel, |a| repeat(a, class.before, 16, class.body));
    bencher.counter(ItemsCount::new(instructions)).bench_local(|| rig.run(instructions));
}

/// `before` once, then `times` copies of `body` for ever.
fn repeat(a: &mut CodeAssembler, before: Emit, times: u32, body: Emit) -> Result<(), IcedError> {
    let mut start = a.create_label();
    before(a)?;
    a.set_label(&mut start)?;
    for _ in 0..times {
        body(a)?;
    }
    a.jmp(start)
}

#[divan::bench(args = ARITHMETIC, sample_count = 20, sample_size = 1)]
fn arithmetic(bencher: Bencher<'_, '_>, class: &Class) {
    run_class(bencher, class, INSTRUCTIONS);
}

#[divan::bench(args = CONTROL, sample_count = 20, sample_size = 1)]
fn control(bencher: Bencher<'_, '_>, class: &Class) {
    run_class(bencher, class, INSTRUCTIONS);
}

#[divan::bench(args = STRINGS, sample_count = 20, sample_size = 1)]
fn string_iterations(bencher: Bencher<'_, '_>, class: &Class) {
    run_class(bencher, class, INSTRUCTIONS);
}

#[divan::bench(args = FLOATING_POINT, sample_count = 20, sample_size = 1)]
fn floating_point(bencher: Bencher<'_, '_>, class: &Class) {
    run_class(bencher, class, FLOATS);
}

// --- decoding -----------------------------------------------------------------------------------------------

/// Straight code of every common shape.
fn straight(a: &mut CodeAssembler, instructions: u32) -> Result<(), IcedError> {
    for _ in 0..instructions / 8 {
        a.mov(eax, dword_ptr(ebx + 4))?;
        a.add(eax, ecx)?;
        a.lea(edx, ptr(eax + ecx * 4 + 100))?;
        a.mov(dword_ptr(ebx + 8), edx)?;
        a.test(eax, eax)?;
        a.push(eax)?;
        a.pop(esi)?;
        a.shl(esi, 2)?;
    }
    a.jmp(u64::from(CODE))
}

/// Instructions that are decoded, lowered and run for the first time.
#[divan::bench(sample_count = 50, sample_size = 1)]
fn decode_and_lower(bencher: Bencher<'_, '_>) {
    const FRESH: u32 = 1200;
    let rig = RefCell::new(Rig::new(Ring::Kernel, |a| straight(a, FRESH)));
    bencher
        .with_inputs(|| rig.borrow_mut().restart())
        .counter(ItemsCount::new(FRESH))
        .bench_local_values(|()| rig.borrow_mut().run(u64::from(FRESH)));
}

// --- events: each is one turn of a loop ---------------------------------------------------------------------

/// A loop of so many instructions a turn, in which something happens once.
struct Happening {
    name: &'static str,
    ring: Ring,
    instructions: u64,
    body: Emit,
}

impl std::fmt::Display for Happening {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name)
    }
}

const fn event(name: &'static str, ring: Ring, instructions: u64, body: Emit) -> Happening {
    Happening { name, ring, instructions, body }
}

/// Loads from one page after another of `pages`, beginning anew behind the last.
fn walk_over(a: &mut CodeAssembler, pages: u32) -> Result<(), IcedError> {
    a.mov(eax, dword_ptr(ebx))?;
    a.add(ebx, PAGE as i32)?;
    a.cmp(ebx, (BEYOND + pages * PAGE) as i32)?;
    a.mov(edx, BEYOND)?;
    a.cmovae(ebx, edx)
}

const EVENTS: [Happening; 11] = [
    event("a miss of the TLB's first level", Ring::Kernel, 6, |a| walk_over(a, FIRST_LEVEL_MISSES)),
    event("a page walk", Ring::Kernel, 6, |a| walk_over(a, WALKS)),
    event("a page walk behind a load of CR3", Ring::Kernel, 4, |a| {
        a.mov(edx, cr3)?;
        a.mov(cr3, edx)?;
        a.mov(eax, dword_ptr(ebx))
    }),
    event("INT and IRET in one ring", Ring::Kernel, 3, |a| a.int(0x80)),
    event("INT from ring 3 to ring 0, and back", Ring::User, 3, |a| a.int(0x80)),
    // The interrupt itself counts as an instruction.
    event("an interrupt of a chip, and IRET", Ring::Kernel, 4, |a| a.out(0x20, al)),
    event("IN from a chip", Ring::Kernel, 2, |a| a.in_(al, 0x21)),
    event("OUT to a chip", Ring::Kernel, 2, |a| a.out(0x21, al)),
    event("a fault, and IRET", Ring::Kernel, 5, |a| {
        // The handler of #UD skips two bytes.
        a.ud2()
    }),
    event("a store beside code", Ring::Kernel, 2, |a| a.mov(dword_ptr(CODE + PAGE - 64), eax)),
    event("a store to code that runs next", Ring::Kernel, 4, |a| {
        let mut next = a.create_label();
        // The immediate of MOV: behind the MOV before the loop, this ADD, the jump, and an opcode.
        a.add(byte_ptr(CODE + 5 + 7 + 2 + 1), 1)?;
        a.jmp(next)?;
        a.set_label(&mut next)?;
        a.mov(al, 0)
    }),
];

#[divan::bench(args = EVENTS, sample_count = 20, sample_size = 1)]
fn events(bencher: Bencher<'_, '_>, event: &Happening) {
    const TURNS: u64 = 20_000;
    let mut rig = Rig::new(event.ring, |a| {
        a.mov(ebx, BEYOND)?;
        repeat(a, |_| Ok(()), 1, event.body)
    });
    rig.handle(HANDLERS, |a| a.iretd());
    rig.handle(rig::UNDEFINED, |a| {
        a.add(dword_ptr(esp), 2)?;
        a.iretd()
    });
    bencher.counter(ItemsCount::new(TURNS)).bench_local(|| rig.run(TURNS * event.instructions));
}
