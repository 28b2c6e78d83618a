//! Tables for a random guest in protected or virtual-8086 mode: segments of every kind, gates to handlers that return,
//! tasks of both sizes.

use super::paging;
use super::program::{CODE, CODE_SEGMENT, Dialect, TILE};
use super::random::Random;
use ringzero_bus::{GuestRam, PhysAddr};
use ringzero_cpu::{
    CpuState, Features, Flags, Generation, Model, SegAttr, SegReg, Segment, TableRegister, cr0, cr4, number,
};

const IDT: u64 = 0x2000;
const GDT: u64 = 0x3000;
/// Task-state segments: the first task's, two of the 80386's size, one of the 80286's.
const TSS: [u64; 4] = [0x3400, 0x3500, 0x3600, 0x3700];
const HANDLERS: u64 = 0x3780;
const LDT: u64 = 0x4D00;

/// Selector, base, limit as the descriptor has it, rights.
const SEGMENTS: [(u16, u32, u32, u16); 26] = [
    (0x08, 0, 0xF_FFFF, 0xC09B),         // flat code
    (0x10, 0, 0xF_FFFF, 0xC093),         // flat data
    (0x18, CODE as u32, 0xFFFF, 0x009B), // 16-bit code
    (0x20, CODE as u32, 0xFFFF, 0x0093), // 16-bit data
    (0x28, CODE as u32, 0x0FFF, 0x0097), // expand-down data
    (0x30, CODE as u32, 0xFFFF, 0x4093), // 64 KiB, 32-bit stack
    (0x3B, 0, 0xF_FFFF, 0xC0FB),         // flat code, ring 3
    (0x43, 0, 0xF_FFFF, 0xC0F3),         // flat data, ring 3
    (0x4B, CODE as u32, 0xFFFF, 0x00FB), // 16-bit code, ring 3
    (0x50, TSS[0] as u32, 0xFF, 0x008B), // the first task
    (0x58, TSS[1] as u32, 0xFF, 0x00E9), // tasks
    (0x60, TSS[2] as u32, 0x67, 0x0089),
    (0x68, TSS[3] as u32, 0x2B, 0x00E1), // an 80286's
    (0x70, LDT as u32, 0x2F, 0x0082),
    (0x90, 0, 0xF_FFFF, 0xC09F),         // conforming code
    (0x98, CODE as u32, 0xFFFF, 0x009E), // 16-bit conforming code
    (0xA0, 0, 0xF_FFFF, 0xC0F1),         // read-only data
    (0xA8, 0, 0xF_FFFF, 0xC073),         // not present
    (0xB8, 0, 0xF_FFFF, 0xC09B),         // SYSENTER's and SYSEXIT's four
    (0xC0, 0, 0xF_FFFF, 0xC093),
    (0xC8, 0, 0xF_FFFF, 0xC0FB),
    (0xD0, 0, 0xF_FFFF, 0xC0F3),
    (0xD8, 0, 0xF_FFFF, 0xC0B3),         // ring 1 stack
    (0xE0, 0, 0xF_FFFF, 0xC0BB),         // ring 1 code
    (0xE8, CODE as u32, 0x0FFF, 0x40F7), // expand-down data with a 4 GiB top
    (0xF0, CODE as u32, 0x0FFF, 0x00F3), // 4 KiB of data
];

/// Call gates of both sizes, and a task gate.
const GATE_DESCRIPTORS: [(u16, u16, u16); 3] =
    [(0x78, 0x08, 0xEC01), (0x80, 0x18, 0xE402), (0x88, 0x58, 0xE500)];

/// Selectors of TSSs, gates and the code behind them, for far jumps and calls.
pub const GATES: [u16; 7] = [0x58, 0x60, 0x68, 0x78, 0x80, 0x88, 0x0C];
/// Vectors that lead through task gates, trap gates of the 80286, or to level 3.
pub const SPECIAL_VECTORS: [u8; 6] = [0x40, 0x41, 0x42, 0x43, 0x03, 0x80];

/// A selector of anything, of the LDT, or of nothing.
pub fn any_selector(random: &mut Random) -> u16 {
    match random.below(8) {
        0 => random.pick(&GATES),
        1 => random.pick(&[0, 3, 0xF8, 0x0104, 0x0C, 0x14, 0x1C, 0x27]),
        2 => random.word(),
        _ => {
            let (selector, ..) = random.pick(&SEGMENTS);
            if random.one_in(6) { selector ^ 3 } else { selector }
        }
    }
}

/// A selector for a far jump: mostly code.
pub fn far_selector(random: &mut Random) -> u16 {
    let other = any_selector(random);
    random.pick(&[0x08, 0x3B, 0x18, 0x4B, 0x90, 0x93, 0x98, other])
}

/// How a guest begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Start {
    /// Real mode.
    Real,
    /// Protected mode without paging.
    Protected,
    /// Virtual-8086 mode, sometimes with paging.
    V86,
    /// Protected mode with paging.
    Paged,
}

impl Start {
    /// The `n`th of those that a model has.
    pub fn of(model: &Model, n: u64) -> Self {
        let all = [Self::Real, Self::Protected, Self::V86, Self::Paged];
        let most = match model.generation {
            Generation::I8086 | Generation::I80186 => 1,
            Generation::I80286 => 2,
            _ => 4,
        };
        all[(n % most) as usize]
    }

    /// What the code for it is like.
    pub fn dialect(self, model: Model, random: &mut Random) -> Dialect {
        match self {
            Self::Real => Dialect::real(model),
            Self::V86 => Dialect { protected: random.one_in(2), ..Dialect::real(model) },
            // One that does not fit the segment the guest begins in is decoded all the same.
            Self::Protected | Self::Paged if random.one_in(3) || !wide(&model) => {
                Dialect { model, bits: 16, origin: 0, protected: true }
            }
            Self::Protected | Self::Paged => {
                Dialect { model, bits: 32, origin: CODE as u32, protected: true }
            }
        }
    }
}

fn wide(model: &Model) -> bool {
    model.at_least(Generation::I80386)
}

/// Puts the tables into memory and the processor into the mode that `start` says. The 80286 gets what it knows of them.
pub fn enter(state: &mut CpuState, dialect: &Dialect, start: Start, ram: &mut GuestRam, random: &mut Random) {
    let model = &dialect.model;
    for (selector, base, limit, attr) in SEGMENTS {
        let low = u64::from(limit & 0xFFFF) | u64::from(base & 0xFF_FFFF) << 16;
        let high = u64::from(attr) | u64::from(limit & 0xF_0000) >> 8;
        put(ram, GDT + u64::from(selector & 0xFFF8), low | high << 40 | u64::from(base >> 24) << 56);
    }
    for (selector, target, rights) in GATE_DESCRIPTORS {
        let offset = CODE + random.below(TILE as u64);
        put(ram, GDT + u64::from(selector), gate(offset, target, rights));
    }
    for n in 0..6 {
        let gate = gate(CODE + random.below(TILE as u64), 0x08, 0xEC00);
        let (_, base, ..) = random.pick(&SEGMENTS);
        let data = 0x0000_F300_0000_FFFF | u64::from(base & 0xFF_FFFF) << 16;
        put(ram, LDT + n * 8, if n == 1 { gate } else { data });
    }
    write_gates(ram, random, wide(model));
    state.gdtr = TableRegister { base: GDT, limit: 0xFF };
    state.idtr = TableRegister { base: IDT, limit: 0x7FF };
    let attr = SegAttr(if wide(model) { 0x8B } else { 0x83 });
    state.tr = Segment { selector: 0x50, base: TSS[0], limit: 0xFF, attr, usable: true };
    if !wide(model) {
        put(ram, GDT + 0x50, TSS[0] << 16 | 0xFF | 0x83 << 40);
    }
    state.ldtr = Segment { selector: 0x70, base: LDT, limit: 0x2F, attr: SegAttr(0x82), usable: true };
    state.cr0 |= cr0::PE;
    features(state, model, random);
    if wide(model) && (start == Start::Paged || start == Start::V86 && random.one_in(2)) {
        paging::enter(state, model, ram, random);
    }
    write_tasks(state, ram, random);
    if start == Start::V86 && wide(model) {
        enter_v86(state, random);
    } else {
        load_segments(state, dialect, random);
    }
}

fn put(ram: &mut GuestRam, at: u64, descriptor: u64) {
    ram.write(PhysAddr(at), &descriptor.to_le_bytes());
}

/// A gate: `rights` is the second doubleword's low half, its type and its parameters.
fn gate(offset: u64, selector: u16, rights: u16) -> u64 {
    offset & 0xFFFF | u64::from(selector) << 16 | u64::from(rights) << 32 | (offset >> 16) << 48
}

/// CR0 and CR4 with some of what the model has turned on.
fn features(state: &mut CpuState, model: &Model, random: &mut Random) {
    if !wide(model) {
        return;
    }
    state.cr0 = cr0::PE | cr0::ET;
    if model.at_least(Generation::I80486) {
        state.cr0 |= random.bits() as u32 & (cr0::NE | cr0::AM | cr0::WP);
    }
    for (feature, bits) in [
        (Features::VME, cr4::VME | cr4::PVI),
        (Features::DE, cr4::DE),
        (Features::TSC, cr4::TSD),
        (Features::FXSR, cr4::OSFXSR),
        (Features::SSE, cr4::OSXMMEXCPT),
    ] {
        if model.has(feature) {
            state.cr4 |= random.bits() as u32 & bits;
        }
    }
    if model.has(Features::FXSR) && !random.one_in(4) {
        state.cr4 |= cr4::OSFXSR;
    }
    if model.has(Features::SEP) {
        state.msrs.sysenter_cs = random.pick(&[0xB8, 0xB8, 0]);
        state.msrs.sysenter_esp = 0xF000;
        state.msrs.sysenter_eip = CODE as u32 + random.below(TILE as u64) as u32;
    }
}

/// Interrupt gates to handlers that return behind the instruction at fault, or to it.
fn write_gates(ram: &mut GuestRam, random: &mut Random, wide_model: bool) {
    let mut at = HANDLERS;
    for vector in 0..256u64 {
        let narrow = !wide_model || vector != 1 && random.one_in(12);
        let body = handler(vector, narrow, wide_model, random);
        ram.write(PhysAddr(at), &body);
        let kind: u16 = match (vector, random.below(6)) {
            (0x40 | 0x41, _) => 0xE500,
            (8 | 10 | 13, 0) if random.one_in(4) => 0x8500,
            (_, 0) => 0x8E00,
            (_, 1 | 2) => 0xEF00,
            _ => 0xEE00,
        };
        let selector = match (vector, wide_model) {
            (0x40, _) => 0x58,
            (0x41, _) => 0x68,
            (0x42, _) => 0x3B,
            (_, false) => 0x10C,
            _ => 0x08,
        };
        let kind = if narrow && kind != 0xE500 && kind != 0x8500 { kind & !0x0800 } else { kind };
        // The 80286's handlers are reached through a 64 KiB segment at 0.
        put(ram, IDT + vector * 8, gate(at, if selector == 0x10C { 0xF8 } else { selector }, kind));
        at += body.len() as u64;
    }
    if !wide_model {
        put(ram, GDT + 0xF8, 0x0000_9B00_0000_FFFF);
    }
}

/// A handler: in 32-bit code that addresses the stack by ESP, or in 16-bit code for an 80286.
fn handler(vector: u64, narrow: bool, wide_model: bool, random: &mut Random) -> Vec<u8> {
    let skip = 1 + random.below(4) as u8;
    let has_error = matches!(vector, 8 | 10..=14 | 17);
    let skips = matches!(vector, 0 | 5..=7 | 10..=14 | 17 | 19);
    let mut body: Vec<u8> = Vec::new();
    if vector == 7 {
        body.extend([0x0F, 0x06]); // CLTS
    }
    if matches!(vector, 16 | 0x2D) {
        body.extend([0xDB, 0xE2]); // FNCLEX
    }
    if !wide_model {
        if has_error {
            body.extend([0x83, 0xC4, 0x02]); // ADD SP, 2
        }
        if vector == 1 && random.one_in(2) {
            // PUSH BP; MOV BP, SP; AND byte [BP+7], FEh: TF; POP BP
            body.extend([0x55, 0x8B, 0xEC, 0x80, 0x66, 0x07, 0xFE, 0x5D]);
        }
        if skips {
            // PUSH BP; MOV BP, SP; ADD word [BP+2], skip; POP BP
            body.extend([0x55, 0x8B, 0xEC, 0x83, 0x46, 0x02, skip, 0x5D]);
        }
        body.push(0xCF);
        return body;
    }
    if has_error {
        body.extend([0x83, 0xC4, if narrow { 2 } else { 4 }]); // ADD ESP, 4: the error code
    }
    if vector == 1 {
        body.extend([0x80, 0x4C, 0x24, 0x0A, 0x01]); // OR byte [ESP+10], 1: RF
    }
    if vector == 1 && random.one_in(2) {
        body.extend([0x80, 0x64, 0x24, 0x09, 0xFE]); // AND byte [ESP+9], FEh: TF
    }
    if vector == 17 && !narrow && random.one_in(2) {
        body.extend([0x80, 0x64, 0x24, 0x0A, 0xFB]); // AND byte [ESP+10], FBh: AC
    }
    if narrow {
        body.push(0x66);
    }
    if skips {
        body.extend([0x83, 0x04, 0x24, skip]); // ADD dword or word [ESP], skip
        if narrow {
            body.push(0x66);
        }
    }
    body.push(0xCF);
    body
}

/// Tasks that begin somewhere in the code, and the first one's stacks and permissions.
fn write_tasks(state: &CpuState, ram: &mut GuestRam, random: &mut Random) {
    for (n, base) in (0..3).zip(TSS) {
        let mut tss = [0u8; 0x68];
        let mut dword = |at: usize, value: u32| tss[at..at + 4].copy_from_slice(&value.to_le_bytes());
        for (at, value) in [(4, 0xF000), (8, 0x10), (0xC, 0xF400), (0x10, 0xD9), (0x14, 0xF800), (0x18, 0x10)]
        {
            dword(at, value);
        }
        dword(0x1C, state.cr3 as u32);
        dword(0x20, CODE as u32 + random.below(TILE as u64) as u32);
        let virtual_8086 = n == 2 && random.one_in(2);
        let flags = random.pick(&[0x202, 0x3202, 0x4_0202, 0x302]);
        dword(0x24, flags | if virtual_8086 { 0x2_0000 } else { 0 });
        for register in 0..8 {
            dword(0x28 + 4 * register, CODE as u32 + random.below(0x2000) as u32);
        }
        dword(0x38, 0xD000);
        let user = random.one_in(2);
        let (code, data) = if user { (0x3B, 0x43) } else { (0x08, 0x10) };
        for (at, selector) in
            [(0x48, data), (0x4C, code), (0x50, data), (0x54, data), (0x58, 0), (0x5C, 0x14)]
        {
            dword(at, if virtual_8086 { u32::from(CODE_SEGMENT) } else { selector });
        }
        dword(0x60, 0x70);
        // The T bit, and an I/O bitmap in what lies behind: tiles, or the next TSS.
        dword(0x64, 0x0088_0000 | u32::from(random.one_in(4)));
        ram.write(PhysAddr(base), &tss);
    }
    write_narrow_task(ram, random);
}

fn write_narrow_task(ram: &mut GuestRam, random: &mut Random) {
    let words: [u16; 22] = [
        0,
        0xF000,
        0x10,
        0xF400,
        0xD9,
        0xF800,
        0x10,
        random.below(TILE as u64) as u16,
        random.pick(&[0x0202, 0x3202, 0x4202]),
        1,
        2,
        3,
        0x100,
        0x6000,
        5,
        0x200,
        0x300,
        0x20,
        0x18,
        0x20,
        0x20,
        0x70,
    ];
    let bytes: Vec<u8> = words.into_iter().flat_map(u16::to_le_bytes).collect();
    ram.write(PhysAddr(TSS[3]), &bytes);
}

fn segment(index: usize) -> Segment {
    let (selector, base, limit, attr) = SEGMENTS[index];
    let limit = if attr & 0x8000 != 0 { limit << 12 | 0xFFF } else { limit };
    Segment { selector, base: u64::from(base), limit, attr: SegAttr(attr), usable: true }
}

/// Segments for the dialect's code, at level 0 or 3.
fn load_segments(state: &mut CpuState, dialect: &Dialect, random: &mut Random) {
    let user = random.one_in(3);
    let narrow = dialect.bits == 16;
    let (code, stack, data): (usize, usize, &[usize]) = match (user, narrow) {
        (true, false) => (6, 7, &[7, 7, 7, 24]),
        (true, true) => (8, 7, &[7, 25]),
        (false, false) => (random.pick(&[0, 0, 0, 14]), random.pick(&[1, 1, 5]), &[1, 1, 1, 7, 24]),
        (false, true) => (2, random.pick(&[1, 3, 5]), &[3, 3, 3, 1, 4]),
    };
    for reg in SegReg::ALL {
        state.segments[reg as usize] = segment(random.pick(data));
    }
    if !wide(&dialect.model) {
        state.segments[SegReg::Ds as usize] = segment(3);
        state.segments[SegReg::Ss as usize] = segment(3);
    }
    state.segments[SegReg::Cs as usize] = segment(code);
    if wide(&dialect.model) {
        state.segments[SegReg::Ss as usize] = segment(stack);
    }
    state.cpl = if user && wide(&dialect.model) { 3 } else { 0 };
    if state.cpl == 0 && user {
        state.segments[SegReg::Cs as usize] = segment(2);
    }
    let flat_code = state.seg(SegReg::Cs).base == 0;
    state.ip = random.below(TILE as u64) + if flat_code { CODE } else { 0 };
    state.regs.set_number(number::SP, 0x6000);
    if state.seg(SegReg::Ss).base == 0 {
        state.regs.set_number(number::SP, 0xE000);
    }
    let origin = u64::from(dialect.origin);
    let farther = if wide(&dialect.model) { 0x4_0000 } else { 0x7000 };
    for reg in [number::BX, number::SI, number::DI, number::BP] {
        let span = random.pick(&[0x2000, 0x2000, farther]);
        state.regs.set_number(reg, origin + random.below(span));
    }
    more_flags(state, &dialect.model, random);
}

/// IOPL, AC, and NT now and then.
fn more_flags(state: &mut CpuState, model: &Model, random: &mut Random) {
    let mut bits = state.flags.bits() & !0x7000 | random.pick(&[0, 0x1000, 0x3000, 0x3000]);
    if model.at_least(Generation::I80486) && random.one_in(4) {
        bits |= 0x4_0000;
    }
    if random.one_in(10) {
        bits |= 0x4000;
    }
    state.flags = Flags::from_bits(bits);
}

/// Real-mode segments near the code, at level 3.
fn enter_v86(state: &mut CpuState, random: &mut Random) {
    for reg in SegReg::ALL {
        let selector = if random.one_in(5) { random.word() } else { CODE_SEGMENT + random.below(80) as u16 };
        state.segments[reg as usize] = Segment { attr: SegAttr(0xF3), ..Segment::real(selector) };
    }
    state.segments[SegReg::Cs as usize] = Segment { attr: SegAttr(0xF3), ..Segment::real(CODE_SEGMENT) };
    state.cpl = 3;
    state.ip = random.below(TILE as u64);
    state.regs.set_number(number::SP, 0x6000);
    let virtual_interrupts = random.pick(&[0, 0x8_0000, 0x18_0000]);
    let virtual_interrupts = if state.cr4 & cr4::VME != 0 { virtual_interrupts } else { 0 };
    let bits =
        state.flags.bits() & !0x7000 | random.pick(&[0, 0x3000, 0x3000]) | 0x2_0000 | virtual_interrupts;
    state.flags = Flags::from_bits(bits);
}
