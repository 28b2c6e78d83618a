//! System management mode.

use crate::bench::Bench;
use ringzero_bus::PhysAddr;
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

#[test]
fn smi_by_the_wire_comes_behind_the_instruction_that_pulled_it() {
    // INC AX; OUT B2h, AL; INC AX; INC AX; HLT
    let code = [0x40, 0xE6, 0xB2, 0x40, 0x40, 0xF4];
    let run = |block_limit: usize, slice: u64| {
        let mut bench = Bench::new(Model::PENTIUM, &code);
        bench.cpu.set_block_limit(block_limit);
        bench.write(HANDLER, &RSM);
        let mut entered = None;
        while bench.cpu.state().activity == Activity::Running {
            bench.cpu.run(&mut bench.bus, slice);
            if bench.cpu.state().in_smm {
                entered.get_or_insert(bench.cpu.state().count);
            }
        }
        (entered, comparable(bench.cpu.state()), bench.cpu.state().count)
    };
    let (entered, state, count) = run(1, 1);
    assert_eq!((entered, count), (Some(3), 7));
    for (block_limit, slice) in [(48, 1), (1, 100), (48, 2), (48, 100)] {
        let (_, other, other_count) = run(block_limit, slice);
        assert_eq!((other, other_count), (state.clone(), count), "{block_limit} {slice}");
    }
}

#[test]
fn the_handler_runs_from_ram_under_the_window_and_nothing_else_sees_it() {
    // OUT B3h, AL; OUT B2h, AL; HLT
    let mut bench = Bench::new(Model::PENTIUM, &[0xE6, 0xB3, 0xE6, 0xB2, 0xF4]);
    bench.bus.attach_rom("window", 0xA_0000, &[0xF4; 0x2_0000]).unwrap();
    bench.cpu.update_state(|state| state.smbase = 0xA_0000);
    bench.bus.fabric_mut().ram.write(PhysAddr(0xA_8000), &RSM);
    assert_eq!(bench.cpu.run(&mut bench.bus, 3), Exit::Budget);
    assert_eq!((bench.cpu.state().in_smm, bench.cpu.state().ip), (true, 0x8000));
    assert_eq!(bench.bus.peek(PhysAddr(0xA_8000)), Some(0x0F));
    assert_eq!(bench.cpu.run(&mut bench.bus, 100), Exit::Halted);
    assert_eq!((bench.cpu.state().in_smm, bench.cpu.state().ip), (false, 5));
    assert_eq!(bench.bus.peek(PhysAddr(0xA_8000)), Some(0xF4));
}
