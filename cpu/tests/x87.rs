//! The x87's state in memory, and how its exceptions are reported.

use crate::bench::Bench;
use ringzero_cpu::{CpuState, Exit, Model, SegAttr, SegReg, Segment, cr0, number};

/// FNINIT; FLD1; FLDZ; FLDPI; FCOM DWORD [2468h].
const SOME_STATE: [u8; 12] = [0xDB, 0xE3, 0xD9, 0xE8, 0xD9, 0xEE, 0xD9, 0xEB, 0xD8, 0x16, 0x68, 0x24];
/// DS:0, where images are stored.
const IMAGE: u64 = 0x9000;

/// Runs `SOME_STATE` and then `code`, in real or in 16-bit protected mode.
fn after(protected: bool, code: &[u8]) -> Bench {
    let mut program = SOME_STATE.to_vec();
    program.extend(code);
    program.push(0xF4);
    let mut bench = Bench::new(Model::PENTIUM3, &program);
    bench.cpu.update_state(|state| {
        state.cr0 = cr0::NE | u32::from(protected);
        if protected {
            enter_protected_mode(state);
        }
    });
    assert_eq!(bench.run(100), Exit::Halted);
    bench
}

/// The same segments as in real mode, behind selectors.
fn enter_protected_mode(state: &mut CpuState) {
    for (n, segment) in (1u16..).zip(&mut state.segments) {
        let attr = SegAttr(if n == 2 { 0x9B } else { 0x93 });
        *segment = Segment { selector: n * 8, attr, ..*segment };
    }
}

fn words<const N: usize>(bench: &Bench, at: u64) -> [u16; N] {
    std::array::from_fn(|n| {
        let at = at + 2 * n as u64;
        u16::from_le_bytes([bench.byte(at), bench.byte(at + 1)])
    })
}

fn dwords<const N: usize>(bench: &Bench, at: u64) -> [u32; N] {
    let words = words::<56>(bench, at);
    std::array::from_fn(|n| u32::from(words[2 * n]) | u32::from(words[2 * n + 1]) << 16)
}

/// FCW after FNINIT; FSW with TOP 5 and ST(0) greater; FTW: pi valid, zero, one valid, the rest empty.
const FCW: u16 = 0x037F;
const FSW: u16 = 0x2800;
const FTW: u16 = 0x13FF;
/// FOP of FCOM m32 with that ModR/M byte, its offset in CS, and its operand's in DS.
const FOP: u16 = 0x016;
const FIP: u16 = 8;
const FDP: u16 = 0x2468;

#[test]
fn an_environment_of_16_bit_real_mode_holds_linear_addresses() {
    let bench = after(false, &[0xD9, 0x36, 0x00, 0x00]); // FNSTENV [0]
    // CS is 0800h and DS 0900h: 08008h and 0B468h.
    assert_eq!(words(&bench, IMAGE), [FCW, FSW, FTW, 0x8008, FOP, 0xB468, 0]);
}

#[test]
fn an_environment_of_16_bit_protected_mode_holds_selectors() {
    let bench = after(true, &[0xD9, 0x36, 0x00, 0x00]);
    assert_eq!(words(&bench, IMAGE), [FCW, FSW, FTW, FIP, 0x10, FDP, 0x20]);
}

#[test]
fn an_environment_of_32_bit_real_mode_splits_addresses() {
    let bench = after(false, &[0x66, 0xD9, 0x36, 0x00, 0x00]);
    let high = |low: u16| 0xFFFF_0000 | u32::from(low);
    let expected = [high(FCW), high(FSW), high(FTW), high(0x8008), u32::from(FOP), high(0xB468), 0];
    assert_eq!(dwords(&bench, IMAGE), expected);
}

#[test]
fn an_environment_of_32_bit_protected_mode_holds_the_opcode() {
    let bench = after(true, &[0x66, 0xD9, 0x36, 0x00, 0x00]);
    let high = |low: u16| 0xFFFF_0000 | u32::from(low);
    let selector_and_opcode = u32::from(FOP) << 16 | 0x10;
    let expected = [high(FCW), high(FSW), high(FTW), FIP.into(), selector_and_opcode, FDP.into(), high(0x20)];
    assert_eq!(dwords(&bench, IMAGE), expected);
}

#[test]
fn fnstenv_masks_all_exceptions() {
    // FLDCW [20h] with 0040h first; then FNSTENV, FNSTCW [40h].
    let mut bench =
        Bench::new(Model::PENTIUM, &[0xD9, 0x2E, 0x20, 0, 0xD9, 0x36, 0, 0, 0xD9, 0x3E, 0x40, 0, 0xF4]);
    bench.write(IMAGE + 0x20, &[0x40, 0x03]);
    bench.run(100);
    assert_eq!(words::<1>(&bench, IMAGE), [0x0340]);
    assert_eq!(words::<1>(&bench, IMAGE + 0x40), [0x037F]);
}

#[test]
fn frstor_brings_back_what_fnsave_stored() {
    for prefix in [&[][..], &[0x66]] {
        let mut code = Vec::new();
        for (opcode, modrm) in [(0xDD, 0x36), (0xDD, 0x26)] {
            code.extend(prefix);
            code.extend([opcode, modrm, 0, 0]); // FNSAVE [0]; FRSTOR [0]
        }
        let (saved, plain) = (after(false, &code), after(false, &[]));
        let (saved, plain) = (&saved.cpu.state().fpu, &plain.cpu.state().fpu);
        assert_eq!(saved.registers, plain.registers);
        assert_eq!((saved.control, saved.status, saved.in_use), (plain.control, plain.status, plain.in_use));
        assert_eq!(saved.opcode, plain.opcode);
    }
}

#[test]
fn fnsave_initialises() {
    let bench = after(false, &[0xDD, 0x36, 0x00, 0x00]);
    let fpu = &bench.cpu.state().fpu;
    assert_eq!((fpu.control, fpu.status, fpu.in_use), (FCW, 0, 0));
    // The registers lie behind the environment: pi, zero, one.
    assert_eq!(words::<5>(&bench, IMAGE + 14), [0xC235, 0x2168, 0xDAA2, 0xC90F, 0x4000]);
}

#[test]
fn fxsave_needs_an_aligned_image_and_fxrstor_brings_it_back() {
    let saved = after(false, &[0x0F, 0xAE, 0x06, 0, 0, 0xDB, 0xE3, 0x0F, 0xAE, 0x0E, 0, 0]);
    let plain = after(false, &[]);
    assert_eq!(saved.cpu.state().fpu.registers, plain.cpu.state().fpu.registers);
    assert_eq!(saved.cpu.state().fpu.status, FSW);
    assert_eq!(saved.byte(IMAGE + 4), 0b1110_0000);
    let mut bench = Bench::new(Model::PENTIUM3, &[0x0F, 0xAE, 0x06, 0x08, 0x00]);
    assert_eq!(bench.run_to_handler(2), Some(13));
}

/// FNINIT; FLDCW [20h] that unmasks division by zero; FLD1; FLDZ; FDIVP; FNOP; HLT.
const DIVIDE: [u8; 15] =
    [0xDB, 0xE3, 0xD9, 0x2E, 0x20, 0, 0xD9, 0xE8, 0xD9, 0xEE, 0xDE, 0xF9, 0xD9, 0xD0, 0xF4];

fn divide(model: Model, cr0: u32) -> Bench {
    let mut bench = Bench::new(model, &DIVIDE);
    bench.write(IMAGE + 0x20, &[0x7B, 0x03]);
    bench.cpu.update_state(|state| state.cr0 = cr0);
    bench
}

#[test]
fn with_ne_the_next_waiting_instruction_raises_mf() {
    let mut bench = divide(Model::I80486, cr0::NE | cr0::ET);
    assert_eq!(bench.run_to_handler(20), Some(16));
    assert_eq!(bench.return_ip(), 12, "the FNOP behind the division");
    // The division has not been done: both operands are still there.
    assert_eq!(bench.cpu.state().fpu.top(), 6);
    assert_eq!(bench.cpu.state().fpu.status & 0x8084, 0x8084);
}

#[test]
fn without_ne_ferr_is_driven_instead() {
    for model in [Model::I80386, Model::PENTIUM] {
        let mut bench = divide(model, cr0::ET);
        assert_eq!(bench.run(100), Exit::Halted);
        assert!(bench.bus.fabric().wires.ferr, "{}", model.name);
    }
}

#[test]
fn ts_and_em_make_it_unavailable() {
    for bits in [cr0::TS, cr0::EM] {
        let mut bench = Bench::new(Model::PENTIUM, &[0xD9, 0xE8]);
        bench.cpu.update_state(|state| state.cr0 |= bits);
        assert_eq!(bench.run_to_handler(2), Some(7));
    }
    for (bits, raised) in [(cr0::TS, None), (cr0::MP, None), (cr0::TS | cr0::MP, Some(7))] {
        let mut bench = Bench::new(Model::PENTIUM, &[0x9B, 0xF4]);
        bench.cpu.update_state(|state| state.cr0 |= bits);
        assert_eq!(bench.run_to_handler(2), raised);
    }
}

#[test]
fn a_blocks_second_instruction_knows_where_it_is() {
    let bench = after(true, &[]);
    assert_eq!(bench.cpu.state().fpu.instruction.offset, u32::from(FIP));
    assert_eq!(bench.cpu.state().fpu.operand.offset, u32::from(FDP));
}

#[test]
fn fnstsw_ax_shows_the_comparison() {
    let bench = after(false, &[0xDF, 0xE0]);
    assert_eq!(bench.reg(number::AX) as u16, FSW);
    assert_eq!(bench.cpu.state().seg(SegReg::Ds).selector, 0x900);
}
