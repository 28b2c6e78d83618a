//! Tables for a random guest in protected mode: segments of every kind, gates to handlers that return, pages with
//! holes in them.

use super::program::{CODE, TILE};
use super::random::Random;
use ringzero_bus::{GuestRam, PhysAddr};
use ringzero_cpu::{CpuState, SegAttr, SegReg, Segment, TableRegister, cr0, number};

const IDT: u64 = 0x2000;
const GDT: u64 = 0x3000;
const TSS: u64 = 0x3400;
const HANDLERS: u64 = 0x3800;
const PAGE_DIRECTORY: u64 = 0x5000;
const PAGE_TABLE: u64 = 0x6000;

/// Selector, base, limit as the descriptor has it, rights.
const SEGMENTS: [(u16, u32, u32, u16); 9] = [
    (0x08, 0, 0xF_FFFF, 0xC09B),         // flat code
    (0x10, 0, 0xF_FFFF, 0xC093),         // flat data
    (0x18, CODE as u32, 0xFFFF, 0x009B), // 16-bit code
    (0x20, CODE as u32, 0xFFFF, 0x0093), // 16-bit data
    (0x28, CODE as u32, 0x0FFF, 0x0097), // expand-down data
    (0x30, CODE as u32, 0xFFFF, 0x4093), // 64 KiB, 32-bit stack
    (0x3B, 0, 0xF_FFFF, 0xC0FB),         // flat code, ring 3
    (0x43, 0, 0xF_FFFF, 0xC0F3),         // flat data, ring 3
    (0x4B, CODE as u32, 0xFFFF, 0x00FB), // 16-bit code, ring 3
];

/// Puts the tables into memory and the processor into protected mode.
pub fn enter(state: &mut CpuState, ram: &mut GuestRam, random: &mut Random) {
    for (selector, base, limit, attr) in SEGMENTS {
        let low = u64::from(limit & 0xFFFF) | u64::from(base & 0xFF_FFFF) << 16;
        let high = u64::from(attr) | u64::from(limit & 0xF_0000) >> 8;
        let descriptor = low | high << 40 | u64::from(base >> 24) << 56;
        ram.write(PhysAddr(GDT + u64::from(selector & 0xFFF8)), &descriptor.to_le_bytes());
    }
    write_gates(ram, random);
    ram.write(PhysAddr(TSS + 4), &[0x00, 0xF0, 0, 0, 0x10, 0, 0, 0]);
    ram.write(PhysAddr(TSS + 0x64), &[0, 0, 0xFF, 0xFF]);
    state.gdtr = TableRegister { base: GDT, limit: 0x5F };
    state.idtr = TableRegister { base: IDT, limit: 0x7FF };
    state.tr = Segment { selector: 0x50, base: TSS, limit: 0x67, attr: SegAttr(0x8B), usable: true };
    state.cr0 = cr0::PE | cr0::ET;
    load_segments(state, random);
    if random.one_in(3) {
        write_pages(ram, random);
        state.cr3 = PAGE_DIRECTORY;
        state.cr0 |= cr0::PG;
    }
}

/// Interrupt gates to handlers that return behind the instruction at fault, or to it.
fn write_gates(ram: &mut GuestRam, random: &mut Random) {
    let mut at = HANDLERS;
    for vector in 0..256u64 {
        let mut body: Vec<u8> = Vec::new();
        if matches!(vector, 8 | 10..=14) {
            body.extend([0x83, 0xC4, 0x04]); // ADD ESP, 4: the error code
        }
        if matches!(vector, 0 | 5..=7 | 10..=14) {
            body.extend([0x83, 0x04, 0x24, 1 + random.below(4) as u8]); // ADD dword [ESP], skip
        }
        body.push(0xCF);
        ram.write(PhysAddr(at), &body);
        let kind = random.pick(&[0xEEu64, 0xEF, 0x8E]);
        let gate = (at & 0xFFFF) | 0x08 << 16 | kind << 40 | (at >> 16) << 48;
        ram.write(PhysAddr(IDT + vector * 8), &gate.to_le_bytes());
        at += body.len() as u64;
    }
}

fn segment(index: usize) -> Segment {
    let (selector, base, limit, attr) = SEGMENTS[index];
    let limit = if attr & 0x8000 != 0 { limit << 12 | 0xFFF } else { limit };
    Segment { selector, base: u64::from(base), limit, attr: SegAttr(attr), usable: true }
}

fn load_segments(state: &mut CpuState, random: &mut Random) {
    let user = random.one_in(3);
    let (code, stack, data): (usize, usize, &[usize]) = if user {
        (random.pick(&[6, 6, 8]), 7, &[7])
    } else {
        (random.pick(&[0, 0, 2]), random.pick(&[1, 3, 5]), &[1, 1, 3, 4])
    };
    for reg in SegReg::ALL {
        state.segments[reg as usize] = segment(random.pick(data));
    }
    state.segments[SegReg::Cs as usize] = segment(code);
    state.segments[SegReg::Ss as usize] = segment(stack);
    let flat_code = state.seg(SegReg::Cs).base == 0;
    state.ip = random.below(TILE as u64) + if flat_code { CODE } else { 0 };
    state.regs.set_number(number::SP, 0xE000);
    for reg in [number::BX, number::SI, number::DI, number::BP] {
        state.regs.set_number(reg, CODE + random.below(0x2000));
    }
}

/// The first 4 MiB, mapped to themselves; some pages absent, read-only, or for the supervisor.
fn write_pages(ram: &mut GuestRam, random: &mut Random) {
    ram.write(PhysAddr(PAGE_DIRECTORY), &[0; TILE]);
    ram.write(PhysAddr(PAGE_DIRECTORY), &(PAGE_TABLE as u32 | 7).to_le_bytes());
    for page in 0..1024u32 {
        let rights = if page < 16 || !random.one_in(4) { 7 } else { random.pick(&[0, 1, 3, 5]) };
        // Some pages have an alias elsewhere.
        let frame = if page > 64 && random.one_in(8) { 8 + random.below(8) as u32 } else { page };
        ram.write(PhysAddr(PAGE_TABLE + u64::from(page) * 4), &(frame << 12 | rights).to_le_bytes());
    }
}
