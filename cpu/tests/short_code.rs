//! 16-bit code: far transfers and segment loads of real and virtual-8086 mode, and what instructions of a block spare each other.

use crate::bench::{Bench, CODE};
use ringzero_cpu::{CpuState, Exit, Generation, Model, SegAttr, SegReg, Segment, cr4, flags, number};

/// Numbers that look random.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, end: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) % end
    }
}

/// An instruction that may be in a pair, or stands beside them.
fn instruction(numbers: &mut Numbers) -> Vec<u8> {
    let [to, from, byte, high] = [8, 8, 256, 256].map(|end| numbers.below(end) as u8);
    let registers = 0xC0 | to << 3 | from;
    let memory = 0x06 | to << 3;
    match numbers.below(24) {
        0 => vec![0x8B, registers],
        1 => vec![0xB8 | to, byte, high],
        2 => vec![0x8B, memory, byte, high],
        3 => vec![0x89, memory, byte, high],
        4 => vec![0x03, registers],
        5 => vec![0x03, memory, byte, high],
        6 => vec![0x2B, registers],
        7 => vec![0x33, registers],
        8 => vec![0x40 | to],
        9 => vec![0xF7, 0xE8 | from],
        10 => vec![0xF7, 0xE0 | from],
        11 => vec![0x0F, 0xAC, registers, byte % 40],
        12 => vec![0x0F, 0xA4, registers, byte % 40],
        13 | 14 => vec![0x50 | to],
        15 | 16 => vec![0x58 | to],
        17 => vec![0x0F, 0xAF, registers],
        18 => vec![0x6B, registers, byte],
        19 => vec![0x3B, registers, 0x70 | (byte & 15), 0],
        20 => vec![0x8B, 0x40 | to << 3 | from, byte],
        21 => vec![0x89, 0x40 | to << 3 | from, byte],
        22 => vec![0x83, 0x3E, byte, high, from, 0x70 | (byte & 15), 0],
        _ => vec![0x9C],
    }
}

fn bench_of(model: Model, code: &[u8], seed: u64) -> Bench {
    let mut bench = Bench::new(model, code);
    let mut numbers = Numbers(seed);
    for number in 0..8 {
        let value = numbers.below(0x1_0000);
        bench.set_reg(number, if number == number::SP { value & 0xFFFE } else { value });
    }
    bench
}

fn seen(bench: &Bench) -> (CpuState, Box<[u8; 0x1_2000]>) {
    (bench.cpu.state().clone(), Box::new(bench.bus.fabric().ram.bytes(ringzero_bus::PhysAddr(CODE))))
}

#[test]
fn a_run_of_16_bit_code_does_not_depend_on_what_instructions_spare_each_other() {
    let mut numbers = Numbers(0x5EED_0016);
    for round in 0..400 {
        let model = Model::ALL[round % Model::ALL.len()];
        // Before the 80386 there are no two-byte instructions among these.
        let known = |bytes: &Vec<u8>| bytes[0] != 0x0F || model.at_least(Generation::I80386);
        let instructions = std::iter::repeat_with(|| instruction(&mut numbers)).filter(known);
        let mut code = instructions.take(40).flatten().collect::<Vec<_>>();
        code.push(0xF4);
        let seed = numbers.below(u64::MAX) | 1;
        let mut whole = bench_of(model, &code, seed);
        let mut untuned = bench_of(model, &code, seed);
        untuned.cpu.set_tuned(false);
        let mut single = bench_of(model, &code, seed);
        let exit = whole.run(120);
        assert_eq!(exit, untuned.run(120), "{} {code:02x?}", model.name);
        for _ in 0..120 {
            single.run(1);
        }
        assert!(seen(&whole) == seen(&untuned), "{} {code:02x?}", model.name);
        assert!(seen(&whole) == seen(&single), "{} {code:02x?}", model.name);
    }
}

#[test]
fn far_calls_go_on_from_segment_to_segment() {
    // CALL 0800h:0020h; CALL 0801h:0010h, which is the same place; CALL 0900h:0020h; LOOP; HLT. At both: ADD BX, CS; RETF.
    let code =
        [0x9A, 0x20, 0, 0x00, 0x08, 0x9A, 0x10, 0, 0x01, 0x08, 0x9A, 0x20, 0, 0x00, 0x09, 0xE2, 0xEF, 0xF4];
    let add = [0x8C, 0xC8, 0x01, 0xC3, 0xCB]; // MOV AX, CS; ADD BX, AX; RETF
    for model in Model::ALL {
        let mut bench = Bench::new(model, &code);
        bench.write(0x8020, &add);
        bench.write(0x9020, &add);
        bench.set_reg(number::CX, 100);
        bench.set_reg(number::BX, 0);
        assert_eq!(bench.run(10_000), Exit::Halted, "{}", model.name);
        assert_eq!(bench.reg(number::BX), (100 * (0x800 + 0x801 + 0x900)) & 0xFFFF, "{}", model.name);
        assert_eq!((bench.count(), bench.reg(number::SP)), (100 * 13 + 1, 0x1000));
    }
}

#[test]
fn far_jumps_and_calls_through_memory_lead_where_it_says() {
    // CALL FAR [0]; JMP FAR [4]; at 0900:0100: MOV AL, CL; RETF 2; at 0910:0030: HLT
    let code = [0x50, 0xFF, 0x1E, 0, 0, 0xFF, 0x2E, 4, 0];
    for model in Model::ALL {
        let mut bench = Bench::new(model, &code);
        bench.write(0x9000, &[0x00, 0x01, 0x00, 0x09, 0x30, 0x00, 0x10, 0x09]);
        bench.write(0x9100, &[0x88, 0xC8, 0xCA, 2, 0]);
        bench.write(0x9130, &[0xF4]);
        bench.set_reg(number::CX, 0x5A);
        assert_eq!(bench.run(100), Exit::Halted, "{}", model.name);
        let cs = bench.cpu.state().seg(SegReg::Cs).selector;
        assert_eq!((cs, bench.ip(), bench.count()), (0x910, 0x31, 6), "{}", model.name);
        assert_eq!((bench.reg(number::AX) & 0xFF, bench.reg(number::SP)), (0x5A, 0x1000));
    }
}

#[test]
fn a_far_call_beyond_the_limit_faults_with_its_own_address() {
    // NOP; CALL 0900h:2000h, with 1000h the limit of CS
    let mut bench = Bench::new(Model::I80386, &[0x90, 0x9A, 0x00, 0x20, 0x00, 0x09]);
    bench.cpu.update_state(|state| state.segments[SegReg::Cs as usize].limit = 0x0FFF);
    assert_eq!(bench.run_to_handler(3), Some(13));
    let frame = bench.bus.fabric().ram.bytes::<6>(ringzero_bus::PhysAddr(0xA000 + 0xFFA));
    assert_eq!((bench.reg(number::SP), &frame[..4]), (0xFFA, &[1, 0, 0x00, 0x08][..]));
}

#[test]
fn a_far_call_to_where_the_stack_ends_changes_nothing_but_memory() {
    // CALL 0900h:0000h with SP = 3: the return offset would lie at FFFFh.
    let mut bench = Bench::new(Model::I80386, &[0x9A, 0x00, 0x00, 0x00, 0x09]);
    bench.set_reg(number::SP, 3);
    bench.run(1);
    assert_eq!((bench.reg(number::SP), bench.ip()), (3, 0));
    assert_eq!(bench.bus.fabric().ram.bytes::<2>(ringzero_bus::PhysAddr(0xA001)), [0x00, 0x08]);
}

/// A processor in virtual-8086 mode at 0800:0000.
fn virtual_8086(code: &[u8]) -> Bench {
    let mut bench = Bench::new(Model::I80486, code);
    bench.cpu.update_state(|state| {
        state.cr0 |= 1;
        state.cpl = 3;
        state.flags.set_control(flags::bit::VM | flags::bit::IOPL, true);
        for segment in &mut state.segments {
            *segment = Segment { attr: SegAttr::V86_DATA, ..*segment };
        }
    });
    bench
}

#[test]
fn virtual_8086_mode_goes_from_segment_to_segment_as_real_mode_does() {
    // MOV AX, 0920h; MOV ES, AX; LDS SI, [0]; CALL 0900h:0100h; JMP $; at 0900:0100: MOV BX, ES:[0]; MOV DX, [SI]; RETF
    let code = [0xB8, 0x20, 0x09, 0x8E, 0xC0, 0xC5, 0x36, 0, 0, 0x9A, 0, 1, 0, 9, 0xEB, 0xFE];
    let mut bench = virtual_8086(&code);
    bench.write(0x9000, &[0x10, 0x00, 0x40, 0x09]);
    bench.write(0x9100, &[0x26, 0x8B, 0x1E, 0, 0, 0x8B, 0x14, 0xCB]);
    bench.write(0x9200, &[0x34, 0x12]);
    bench.write(0x9410, &[0x78, 0x56]);
    assert_eq!(bench.run(10), Exit::Budget);
    assert_eq!((bench.reg(number::BX), bench.reg(number::DX), bench.ip()), (0x1234, 0x5678, 14));
    assert_eq!(bench.cpu.state().seg(SegReg::Ds).selector, 0x940);
    for reg in [SegReg::Es, SegReg::Ds, SegReg::Cs] {
        let segment = *bench.cpu.state().seg(reg);
        let loaded = Segment { attr: SegAttr::V86_DATA, ..Segment::real(segment.selector) };
        assert_eq!(segment, loaded);
    }
}

#[test]
fn a_load_in_virtual_8086_mode_gives_rights_and_limit_back() {
    // MOV ES, AX; MOV BX, ES:[1000h]; JMP $
    let mut bench = virtual_8086(&[0x8E, 0xC0, 0x26, 0x8B, 0x1E, 0x00, 0x10, 0xEB, 0xFE]);
    bench.cpu.update_state(|state| {
        let es = &mut state.segments[SegReg::Es as usize];
        (es.limit, es.attr) = (0x0FFF, SegAttr::REAL_DATA);
    });
    bench.set_reg(number::AX, 0x0900);
    bench.write(0xA000, &[0x34, 0x12]);
    assert_eq!(bench.run(5), Exit::Budget);
    let es = *bench.cpu.state().seg(SegReg::Es);
    assert_eq!(es, Segment { attr: SegAttr::V86_DATA, ..Segment::real(0x900) });
    assert_eq!(bench.reg(number::BX), 0x1234);
}

#[test]
fn a_load_in_real_mode_keeps_a_small_limit() {
    // MOV ES, AX; MOV BX, ES:[0800h]; MOV ES, AX; MOV BX, ES:[1000h]
    let code = [0x8E, 0xC0, 0x26, 0x8B, 0x1E, 0x00, 0x08, 0x8E, 0xC0, 0x26, 0x8B, 0x1E, 0x00, 0x10];
    let mut bench = Bench::new(Model::I80386, &code);
    bench.cpu.update_state(|state| state.segments[SegReg::Es as usize].limit = 0x0FFF);
    bench.set_reg(number::AX, 0x0900);
    bench.write(0x9800, &[0x34, 0x12]);
    assert_eq!(bench.run_to_handler(5), Some(13));
    let es = *bench.cpu.state().seg(SegReg::Es);
    assert_eq!((es.limit, es.base, bench.reg(number::BX)), (0x0FFF, 0x9000, 0x1234));
}

#[test]
fn vectors_lie_in_their_segment_with_16_bit_addresses_too() {
    // MOVLPS XMM0, [BX+10h]; MOVLPS [BX+20h], XMM0
    let mut bench = Bench::new(Model::PENTIUM3, &[0x0F, 0x12, 0x47, 0x10, 0x0F, 0x13, 0x47, 0x20]);
    bench.cpu.update_state(|state| state.cr4 |= cr4::OSFXSR);
    bench.set_reg(number::BX, 0x100);
    bench.write(0x9110, &[1, 2, 3, 4, 5, 6, 7, 8]);
    bench.run(2);
    assert_eq!(bench.bus.fabric().ram.bytes::<8>(ringzero_bus::PhysAddr(0x9120)), [1, 2, 3, 4, 5, 6, 7, 8]);
}
