use super::*;
use crate::storage::MemoryMedium;
use crate::{Config, Media, OnIdle};
use ringzero_cpu::{Model, SegReg, number};

fn profile() -> Profile {
    Profile { every: 1, due: 0, symbols: None, stacks: BTreeMap::new() }
}

fn at(ip: u64) -> Place {
    Place { cs: 8, ip, ..Place::default() }
}

#[test]
fn a_stack_is_a_line_from_the_mode_to_the_innermost_function() {
    let mut profile = profile();
    profile.add(Mode::Ring(0), &at(0xC010_0000), &[0x20, 0x10], 2);
    profile.add(Mode::Ring(0), &at(0xC010_0000), &[0x20, 0x10], 1);
    profile.add(Mode::Real, &at(0x7C00), &[], 5);
    assert_eq!(profile.folded(), "real;0008:00007c00 5\nring0;0008:00000010;0008:00000020;0008:c0100000 3\n");
    assert_eq!(profile.samples(), 8);
}

#[test]
fn what_separates_frames_is_in_no_name() {
    assert_eq!(as_frame("<[u8; 4] as T>::f\n"), "<[u8, 4] as T>::f,");
}

#[test]
fn too_many_stacks_are_told_apart_by_their_places_and_then_no_more() {
    let mut profile = profile();
    for n in 0..9 {
        let stack = [Frame::Mode(Mode::Real), Frame::Place(0, n), Frame::Place(0, 100 + n / 2)];
        profile.count(stack.into(), 1, 2);
    }
    let lengths: Vec<usize> = profile.stacks.keys().map(|stack| stack.len()).collect();
    assert_eq!(profile.samples(), 9);
    assert!(profile.stacks.len() <= 5, "{lengths:?}");
    assert!(profile.folded().contains("real;other "), "{}", profile.folded());
}

/// A flat 32-bit state with EBP and ESP.
fn flat(bp: u64, sp: u64) -> CpuState {
    let mut state = CpuState::reset(&Model::I80386, 0);
    for reg in SegReg::ALL {
        let segment = &mut state.segments[reg as usize];
        (segment.base, segment.limit, segment.attr.0) = (0, u32::MAX, 0x4093);
    }
    state.regs.set_number(number::BP, bp);
    state.regs.set_number(number::SP, sp);
    state
}

/// Memory with frames at 1000h, 1020h and 1040h that return to behind calls at 100h, 200h and 300h.
fn memory() -> Vec<u8> {
    let mut memory = vec![0; 0x2000];
    for (frame, outer, to) in [(0x1000, 0x1020_u32, 0x100_u32), (0x1020, 0x1040, 0x200), (0x1040, 0, 0x300)] {
        memory[frame..frame + 4].copy_from_slice(&outer.to_le_bytes());
        memory[frame + 4..frame + 8].copy_from_slice(&to.to_le_bytes());
    }
    memory[0x100 - 5] = 0xE8;
    memory[0x200 - 2..0x200].copy_from_slice(&[0xFF, 0xD0]);
    memory[0x300 - 7..0x300 - 5].copy_from_slice(&[0xFF, 0x94]);
    memory
}

fn callers(state: &CpuState, memory: &[u8]) -> Vec<u32> {
    stack::callers(state, |at, bytes| match memory.get(at as usize..at as usize + bytes.len()) {
        Some(found) => {
            bytes.copy_from_slice(found);
            true
        }
        None => false,
    })
}

#[test]
fn callers_are_found_by_the_chain_of_frame_pointers() {
    assert_eq!(callers(&flat(0x1000, 0xFF0), &memory()), [0x100, 0x200, 0x300]);
}

#[test]
fn a_frame_that_does_not_return_to_behind_a_call_ends_the_chain() {
    let mut memory = memory();
    memory[0x200 - 2] = 0x90;
    assert_eq!(callers(&flat(0x1000, 0xFF0), &memory), [0x100]);
}

#[test]
fn a_frame_pointer_below_the_stack_or_off_memory_is_none() {
    assert_eq!(callers(&flat(0x1000, 0x1010), &memory()), []);
    assert_eq!(callers(&flat(0x1002, 0xFF0), &memory()), []);
    assert_eq!(callers(&flat(0xFFFF_FFFC, 0xFFFF_FFF0), &memory()), []);
    assert_eq!(callers(&flat(0, 0), &[]), []);
}

#[test]
fn a_chain_that_goes_round_ends() {
    let mut memory = memory();
    memory[0x1020..0x1024].copy_from_slice(&0x1000_u32.to_le_bytes());
    assert_eq!(callers(&flat(0x1000, 0xFF0), &memory), [0x100, 0x200]);
}

#[test]
fn sixteen_bit_frames_are_words() {
    let mut memory = vec![0; 0x2000];
    memory[0x1000..0x1004].copy_from_slice(&[0, 0, 0x34, 0x02]);
    memory[0x234 - 3] = 0xE8;
    let mut state = CpuState::reset(&Model::I80386, 0);
    state.segments[SegReg::Cs as usize] = ringzero_cpu::Segment::real(0);
    state.regs.set_number(number::BP, 0xDEAD_1000);
    state.regs.set_number(number::SP, 0xFF8);
    assert_eq!(callers(&state, &memory), [0x234]);
}

/// A machine whose boot sector counts with interrupts off, then waits for interrupts in a loop.
fn counting() -> Machine {
    // cli; xor cx, cx; l: inc ax; loop l; sti; jmp $
    let program = [0xFA, 0x31, 0xC9, 0x40, 0xE2, 0xFD, 0xFB, 0xEB, 0xFE];
    let mut sector = vec![0; 512];
    sector[..program.len()].copy_from_slice(&program);
    sector[510..].copy_from_slice(&[0x55, 0xAA]);
    let mut media = Media::default();
    media.floppies[0] = Some(Box::new(MemoryMedium::new(sector)));
    Machine::new(Config::default(), media).unwrap()
}

#[test]
fn a_run_is_the_same_with_a_profile() {
    let hashes = [None, Some(1_009), Some(100_003)].map(|every| {
        let mut machine = counting();
        if let Some(every) = every {
            machine.start_profile(every, None);
        }
        machine.run(30_000_000, OnIdle::Jump);
        let samples = machine.profile().map(Profile::samples);
        assert_eq!(samples, every.map(|every| 30_000_000 / every), "every {every:?}");
        machine.state_hash().unwrap()
    });
    assert!(hashes.iter().all(|hash| *hash == hashes[0]));
}

#[test]
fn rounds_that_are_passed_over_count_where_they_are() {
    let mut machine = counting();
    machine.start_profile(1_000, None);
    machine.run(30_000_000, OnIdle::Jump);
    assert!(machine.stats().passed_over > 10_000_000);
    let folded = machine.profile().unwrap().folded();
    let waiting = folded.lines().find(|line| line.starts_with("real;0000:00007c07 ")).unwrap();
    let samples: u64 = waiting.rsplit(' ').next().unwrap().parse().unwrap();
    assert!(samples > 20_000, "{folded}");
}

#[test]
fn a_fork_that_takes_over_goes_on_with_profile_and_counts() {
    let mut machine = counting();
    let mut saved = machine.fork().unwrap();
    machine.start_profile(10_000, None);
    machine.run(1_000_000, OnIdle::Jump);
    saved.take_over_accounts(&mut machine);
    saved.run(1_000_000, OnIdle::Jump);
    assert_eq!(saved.profile().map(Profile::samples), Some(200));
    assert_eq!(saved.stats().instructions(), 2_000_000);
}
