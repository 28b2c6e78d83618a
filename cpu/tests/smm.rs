//! System management mode.

use crate::bench::Bench;
use ringzero_cpu::{Activity, CpuState, Event, Exit, Fault, Model, SegReg, cr0, number};

/// SMBASE after reset, where the handler begins, and the save map's SMBASE and EAX.
const HANDLER: u64 = 0x3_8000;
const SAVED_SMBASE: u64 = 0x3_FEF8;
const SAVED_EAX: u64 = 0x3_FFD0;

/// RSM; HLT stands for code that must not run.
const RSM: [u8; 3] = [0x0F, 0xAA, 0xF4];

/// The guest-visible state apart from what counts instructions.
fn comparable(state: &CpuState) -> CpuState {
    CpuState { count: 0, ..state.clone() }
}

#[test]
fn rsm_restores_what_smi_saved() {
    let mut bench = Bench::new(Model::PENTIUM, &[0x90, 0x90, 0xF4]);
    bench.write(HANDLER, &RSM);
    bench.cpu.run(&mut bench.bus, 1);
    let before = comparable(bench.cpu.state());
    bench.cpu.raise_smi();
    bench.cpu.run(&mut bench.bus, 1);
    assert!(bench.cpu.state().in_smm);
    assert_eq!(bench.cpu.state().ip, 0x8000);
    assert_eq!(bench.cpu.state().seg(SegReg::Cs).base, 0x3_0000);
    assert_eq!(bench.cpu.state().seg(SegReg::Ds).limit, u32::MAX);
    bench.cpu.run(&mut bench.bus, 1);
    assert_eq!(comparable(bench.cpu.state()), before);
}

#[test]
fn protected_mode_and_its_segments_survive() {
    let mut bench = Bench::new(Model::PENTIUM3, &[0x90, 0xF4]);
    bench.write(HANDLER, &RSM);
    bench.cpu.update_state(|state| {
        state.cr0 |= cr0::PE;
        state.segments[SegReg::Fs as usize].base = 0x1234_5678;
        state.segments[SegReg::Fs as usize].usable = false;
        state.gdtr.base = 0x9000;
    });
    let before = comparable(bench.cpu.state());
    bench.cpu.raise_smi();
    bench.cpu.run(&mut bench.bus, 1);
    assert_eq!(bench.cpu.state().cr0 & cr0::PE, 0);
    bench.cpu.run(&mut bench.bus, 1);
    assert_eq!(comparable(bench.cpu.state()), before);
}

#[test]
fn the_handler_may_change_what_rsm_restores() {
    let mut bench = Bench::new(Model::PENTIUM, &[0x90, 0xF4]);
    // MOV BYTE PTR [3FFD0h], 55h with a 32-bit address, then SMBASE := 40000h the same way.
    let mut handler = vec![0x67, 0xC6, 0x05];
    handler.extend((SAVED_EAX as u32).to_le_bytes());
    handler.push(0x55);
    handler.extend([0x67, 0xC6, 0x05]);
    handler.extend((SAVED_SMBASE as u32 + 2).to_le_bytes());
    handler.push(0x04);
    handler.extend(RSM);
    bench.write(HANDLER, &handler);
    bench.cpu.raise_smi();
    bench.cpu.run(&mut bench.bus, 4);
    assert_eq!(bench.cpu.state().regs.number(number::AX) & 0xFF, 0x55);
    assert_eq!(bench.cpu.state().smbase, 0x4_0000);
}

#[test]
fn an_smi_wakes_a_halted_processor_which_halts_again() {
    let mut bench = Bench::new(Model::PENTIUM, &[0xF4, 0x90]);
    bench.write(HANDLER, &RSM);
    assert_eq!(bench.cpu.run(&mut bench.bus, 10), Exit::Halted);
    bench.cpu.raise_smi();
    assert_eq!(bench.cpu.run(&mut bench.bus, 10), Exit::Halted);
    assert_eq!(bench.cpu.state().ip, 1);
    assert!(!bench.cpu.state().in_smm);
}

#[test]
fn rsm_outside_is_undefined() {
    let mut bench = Bench::new(Model::PENTIUM, &RSM);
    bench.cpu.run(&mut bench.bus, 1);
    assert_eq!(bench.cpu.state().pending, Some(Event::Fault(Fault::InvalidOpcode)));
}

#[test]
fn an_impossible_saved_state_shuts_down() {
    let mut bench = Bench::new(Model::PENTIUM, &[0x90, 0xF4]);
    bench.write(HANDLER, &RSM);
    bench.cpu.raise_smi();
    bench.cpu.run(&mut bench.bus, 1);
    // CR0 with PG and without PE.
    bench.write(0x3_FFFC, &0x8000_0000u32.to_le_bytes());
    assert_eq!(bench.cpu.run(&mut bench.bus, 10), Exit::Shutdown);
    assert_eq!(bench.cpu.state().activity, Activity::Shutdown);
}

#[test]
fn a_model_without_it_ignores_the_pin() {
    let mut bench = Bench::new(Model::I80386, &[0x90, 0xF4]);
    bench.cpu.raise_smi();
    assert_eq!(bench.cpu.run(&mut bench.bus, 10), Exit::Halted);
    assert!(!bench.cpu.state().in_smm);
}
