//! Which model has what.

use crate::bench::Bench;
use ringzero_cpu::{Exit, Model, cr4, flags, number};

/// The vector that a few instructions raise.
fn raised(model: Model, code: &[u8]) -> Option<u8> {
    let mut program = code.to_vec();
    program.push(0xF4);
    Bench::new(model, &program).run_to_handler(6)
}

#[test]
fn instructions_came_one_generation_after_the_other() {
    let table: [(&str, &[u8], Model, Model); 12] = [
        ("bswap eax", &[0x66, 0x0F, 0xC8], Model::I80386, Model::I80486),
        ("cmpxchg [0], cx", &[0x0F, 0xB1, 0x0E, 0, 0], Model::I80386, Model::I80486),
        ("cpuid", &[0x0F, 0xA2], Model::I80386, Model::I80486),
        ("rdtsc", &[0x0F, 0x31], Model::I80486, Model::PENTIUM),
        ("cmpxchg8b [0]", &[0x0F, 0xC7, 0x0E, 0, 0], Model::I80486, Model::PENTIUM),
        ("emms", &[0x0F, 0x77], Model::I80486, Model::PENTIUM),
        ("cmovz ax, cx", &[0x0F, 0x44, 0xC1], Model::PENTIUM, Model::PENTIUM3),
        ("nop [bx+si]", &[0x0F, 0x1F, 0x00], Model::PENTIUM, Model::PENTIUM3),
        ("fcomi st1", &[0xDB, 0xF1], Model::PENTIUM, Model::PENTIUM3),
        ("mfence", &[0x0F, 0xAE, 0xF0], Model::PENTIUM3, Model::PENTIUM4),
        ("movbe ax, [0]", &[0x0F, 0x38, 0xF0, 0x06, 0, 0], Model::PENTIUM4, Model::MAX),
        ("adcx eax, ecx", &[0x66, 0x0F, 0x38, 0xF6, 0xC1], Model::PENTIUM4, Model::MAX),
    ];
    for (name, code, without, with) in table {
        assert_eq!(raised(without, code), Some(6), "{name} on {}", without.name);
        assert_eq!(raised(with, code), None, "{name} on {}", with.name);
    }
}

#[test]
fn lzcnt_and_tzcnt_are_bsr_and_bsf_before_they_exist() {
    // LZCNT CX, AX of 1.
    let result = |model: Model, code: &[u8]| {
        let mut bench = Bench::new(model, code);
        bench.set_reg(number::AX, 0x10);
        assert_eq!(bench.run(10), Exit::Halted);
        bench.reg(number::CX) as u16
    };
    let (lzcnt, tzcnt) = ([0xF3, 0x0F, 0xBD, 0xC8, 0xF4], [0xF3, 0x0F, 0xBC, 0xC8, 0xF4]);
    assert_eq!(result(Model::PENTIUM4, &lzcnt), 4);
    assert_eq!(result(Model::MAX, &lzcnt), 11);
    assert_eq!(result(Model::PENTIUM4, &tzcnt), 4);
    assert_eq!(result(Model::MAX, &tzcnt), 4);
}

#[test]
fn vex_prefixes_are_undefined_in_real_mode() {
    // ANDN EAX, ECX, EDX.
    assert_eq!(raised(Model::MAX, &[0xC4, 0xE2, 0x70, 0xF2, 0xC2]), Some(6));
}

#[test]
fn sse_needs_the_consent_of_the_system() {
    // XORPS XMM0, XMM0.
    let code = [0x0F, 0x57, 0xC0, 0xF4];
    assert_eq!(raised(Model::PENTIUM3, &code), Some(6));
    let mut bench = Bench::new(Model::PENTIUM3, &code);
    bench.cpu.update_state(|state| state.cr4 = cr4::OSFXSR);
    assert_eq!(bench.run_to_handler(2), None);
}

#[test]
fn an_unmasked_exception_of_sse_is_xm_or_ud() {
    // DIVSS XMM0, XMM1: one by zero.
    let code = [0xF3, 0x0F, 0x5E, 0xC1];
    for (bits, vector) in [(cr4::OSFXSR, 6), (cr4::OSFXSR | cr4::OSXMMEXCPT, 19)] {
        let mut bench = Bench::new(Model::PENTIUM3, &code);
        bench.cpu.update_state(|state| {
            state.cr4 = bits;
            state.mxcsr = 0x1D80;
            state.xmm[0] = 0x3F80_0000;
        });
        assert_eq!(bench.run_to_handler(3), Some(vector));
        assert_eq!(bench.cpu.state().mxcsr, 0x1D84);
        assert_eq!(bench.cpu.state().xmm[0], 0x3F80_0000);
    }
}

#[test]
fn eflags_id_can_be_changed_where_there_is_cpuid() {
    // PUSHFD; POP EAX; XOR EAX, 240000h; PUSH EAX; POPFD; HLT
    let code = [0x66, 0x9C, 0x66, 0x58, 0x66, 0x35, 0, 0, 0x24, 0, 0x66, 0x50, 0x66, 0x9D, 0xF4];
    for (model, changed) in [(Model::I80386, 0), (Model::I80486, 0x24_0000)] {
        let mut bench = Bench::new(model, &code);
        assert_eq!(bench.run(20), Exit::Halted);
        let found = bench.cpu.state().flags.bits() & (flags::bit::AC | flags::bit::ID);
        assert_eq!(found, changed, "{}", model.name);
    }
}

#[test]
fn the_time_stamp_counter_follows_virtual_time() {
    // RDTSC; HLT, at a rate of one instruction in a microsecond.
    let mut bench = Bench::new(Model::PENTIUM, &[0x90, 0x90, 0x90, 0x0F, 0x31, 0xF4]);
    assert_eq!(bench.run(10), Exit::Halted);
    let ticks = bench.reg(number::AX) & 0xFFFF_FFFF;
    assert_eq!(ticks % 200, 0);
    assert_eq!(ticks / 200, 3);
}

#[test]
fn a_register_that_is_not_there_is_gp() {
    assert_eq!(raised(Model::PENTIUM, &[0x66, 0xB9, 0x77, 0x02, 0, 0, 0x0F, 0x32]), Some(13));
    assert_eq!(raised(Model::PENTIUM3, &[0x66, 0xB9, 0x77, 0x02, 0, 0, 0x0F, 0x32]), None);
}

#[test]
fn a_bit_of_cr4_without_its_feature_is_gp() {
    // MOV EAX, 20h (PAE); MOV CR4, EAX.
    let code = [0x66, 0xB8, 0x20, 0, 0, 0, 0x0F, 0x22, 0xE0];
    assert_eq!(raised(Model::PENTIUM, &code), Some(13));
    assert_eq!(raised(Model::PENTIUM3, &code), None);
    assert_eq!(raised(Model::I80386, &code), Some(6));
}
