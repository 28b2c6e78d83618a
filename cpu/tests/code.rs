//! Fetching and decoding: code that changes, crosses pages, wraps, or is too long.

use crate::bench::{Bench, CODE};
use ringzero_bus::PhysAddr;
use ringzero_cpu::{Exit, Model, SegReg, Segment, number};

const AX: u8 = number::AX;

#[test]
fn a_store_changes_the_next_instruction_of_its_block() {
    // MOV BYTE CS:[0007], 42h (the byte behind B0h); MOV AL, 11h; HLT
    let code = [0x2E, 0xC6, 0x06, 0x07, 0x00, 0x42, 0xB0, 0x11, 0xF4];
    for model in Model::ALL {
        let mut bench = Bench::new(model, &code);
        assert_eq!(bench.run(100), Exit::Halted);
        assert_eq!(bench.reg(AX) & 0xFF, 0x42, "{}", model.name);
        assert_eq!(bench.count(), 3);
    }
}

#[test]
fn a_loop_that_changes_itself_is_decoded_anew_each_time() {
    // INC BYTE CS:[0006]; MOV AL, 0; LOOP; HLT
    let code = [0x2E, 0xFE, 0x06, 0x06, 0x00, 0xB0, 0x00, 0xE2, 0xF7, 0xF4];
    let mut bench = Bench::new(Model::I80386, &code);
    bench.set_reg(number::CX, 100);
    assert_eq!(bench.run(1000), Exit::Halted);
    assert_eq!(bench.reg(AX) & 0xFF, 100);
}

#[test]
fn a_repeated_store_over_itself_stops_being_one() {
    // REP STOSB from the instruction on, storing HLT.
    let mut bench = Bench::new(Model::I80386, &[0x90, 0xF3, 0xAA, 0x90]);
    bench.cpu.update_state(|state| state.segments[SegReg::Es as usize] = Segment::real(0x800));
    bench.set_reg(AX, 0xF4);
    bench.set_reg(number::DI, 1);
    bench.set_reg(number::CX, 50);
    assert_eq!(bench.run(1000), Exit::Halted);
    assert_eq!((bench.ip(), bench.reg(number::CX)), (2, 49));
}

#[test]
fn the_same_offset_in_another_segment_is_another_place() {
    // CALL 0810h:0100h; MOV BL, AL; CALL 1811h:0100h; HLT; and at both: MOV AL, n; RETF. What is kept of jumps meets.
    let code = [0x9A, 0x00, 0x01, 0x10, 0x08, 0x88, 0xC3, 0x9A, 0x00, 0x01, 0x11, 0x18, 0xF4];
    for model in Model::ALL {
        let mut bench = Bench::new(model, &code);
        bench.write(0x8200, &[0xB0, 1, 0xCB]);
        bench.write(0x1_8210, &[0xB0, 2, 0xCB]);
        assert_eq!(bench.run(100), Exit::Halted);
        assert_eq!((bench.reg(number::BX) & 0xFF, bench.reg(AX) & 0xFF), (1, 2), "{}", model.name);
    }
}

#[test]
fn code_written_from_outside_is_seen() {
    let mut bench = Bench::new(Model::I80386, &[0x40, 0xEB, 0xFD]); // INC AX; JMP
    bench.run(10);
    bench.bus.fabric_mut().ram.write(PhysAddr(CODE), &[0xF4]);
    assert_eq!(bench.run(10), Exit::Halted);
}

#[test]
fn code_that_a_device_writes_during_an_out_is_seen_after_it() {
    // OUT 30h, AL: the device writes AL over the first byte; JMP to it.
    let mut bench = Bench::new(Model::I80386, &[0x90, 0x90, 0xE6, 0x30, 0xEB, 0xFA]);
    bench.set_reg(AX, 0xF4);
    assert_eq!(bench.run(100), Exit::Halted);
    assert_eq!(bench.count(), 5);
}

#[test]
fn an_instruction_may_cross_a_page() {
    let mut bench = Bench::new(Model::I80386, &[]);
    bench.write(0x8FFE, &[0xB8, 0x34, 0x12, 0xF4]); // MOV AX, 1234h; HLT
    bench.cpu.update_state(|state| state.ip = 0xFFE);
    assert_eq!(bench.run(10), Exit::Halted);
    assert_eq!(bench.reg(AX), 0x1234);
}

#[test]
fn the_second_page_of_a_crossing_instruction_may_change() {
    let mut bench = Bench::new(Model::I80386, &[]);
    // At 0FFEh: MOV AX, 0; INC BYTE CS:[1000h], its high byte; JMP 0FFEh
    bench.write(0x8FFE, &[0xB8, 0x00, 0x00, 0x2E, 0xFE, 0x06, 0x00, 0x10, 0xEB, 0xF6]);
    bench.cpu.update_state(|state| state.ip = 0xFFE);
    bench.run(10);
    assert_eq!(bench.reg(AX), 0x0300);
}

#[test]
fn the_8086_fetches_on_at_offset_0() {
    for model in [Model::I8086, Model::I80186] {
        let mut bench = Bench::new(model, &[0x12, 0xF4]);
        bench.write(0x1_7FFE, &[0xB8, 0x34]); // MOV AX, 1234h
        bench.cpu.update_state(|state| state.ip = 0xFFFE);
        assert_eq!(bench.run(10), Exit::Halted);
        assert_eq!((bench.reg(AX), bench.ip()), (0x1234, 2), "{}", model.name);
    }
}

#[test]
fn later_chips_fault_on_an_instruction_that_leaves_the_segment() {
    for model in [Model::I80286, Model::I80386] {
        let mut bench = Bench::new(model, &[0x12, 0xF4]);
        bench.write(0x1_7FFE, &[0xB8, 0x34]);
        bench.cpu.update_state(|state| state.ip = 0xFFFE);
        assert_eq!(bench.run_to_handler(5), Some(13), "{}", model.name);
        assert_eq!(bench.return_ip(), 0xFFFE);
    }
}

#[test]
fn the_address_space_of_the_8086_ends_at_1_mib() {
    let mut bench = Bench::new(Model::I8086, &[0xA1, 0x10, 0x00, 0xF4]); // MOV AX, [0010h]
    bench.write(0, &[0x78, 0x56]);
    bench.cpu.update_state(|state| state.segments[SegReg::Ds as usize] = Segment::real(0xFFFF));
    bench.run(10);
    assert_eq!(bench.reg(AX), 0x5678);
}

#[test]
fn a_word_at_offset_ffff_wraps_on_the_8086_and_faults_later() {
    let code = [0xA1, 0xFF, 0xFF, 0xF4]; // MOV AX, [FFFFh]
    let mut bench = Bench::new(Model::I8086, &code);
    bench.write(0x9000, &[0x12]);
    bench.write(0x1_8FFF, &[0x34]);
    bench.run(10);
    assert_eq!(bench.reg(AX), 0x1234);
    assert_eq!(Bench::new(Model::I80286, &code).run_to_handler(5), Some(13));
    assert_eq!(Bench::new(Model::I80386, &code).run_to_handler(5), Some(13));
}

/// So many segment prefixes before MOV AL, [BX].
fn long(prefixes: usize) -> Vec<u8> {
    [vec![0x3E; prefixes], vec![0x8A, 0x07, 0xF4]].concat()
}

#[test]
fn an_instruction_has_a_longest_length() {
    for (model, most) in [(Model::I80286, 10), (Model::I80386, 15)] {
        assert_eq!(Bench::new(model, &long(most - 2)).run(10), Exit::Halted, "{}", model.name);
        assert_eq!(Bench::new(model, &long(most - 1)).run_to_handler(4), Some(13), "{}", model.name);
    }
}

#[test]
fn the_8086_takes_prefixes_without_end() {
    let mut bench = Bench::new(Model::I8086, &long(500));
    bench.write(0x9000, &[0x5A]);
    assert_eq!(bench.run(1000), Exit::Halted);
    assert_eq!(bench.reg(AX), 0x5A);
}

#[test]
fn lock_is_for_read_modify_write_in_memory_only() {
    let locked_add = [0xF0, 0x01, 0x07, 0xF4]; // LOCK ADD [BX], AX
    let locked_register = [0xF0, 0x01, 0xC3, 0xF4];
    let locked_load = [0xF0, 0x8B, 0x07, 0xF4];
    assert_eq!(Bench::new(Model::I80386, &locked_add).run(10), Exit::Halted);
    assert_eq!(Bench::new(Model::I80386, &locked_register).run_to_handler(4), Some(6));
    assert_eq!(Bench::new(Model::I80386, &locked_load).run_to_handler(4), Some(6));
    assert_eq!(Bench::new(Model::I80286, &locked_load).run(10), Exit::Halted);
}

#[test]
fn an_instruction_that_was_too_long_is_decoded_anew_when_any_of_its_bytes_changes() {
    for model in [Model::I80286, Model::I80386] {
        // Prefixes across the end of a line, where the watch on decoded code has its grain.
        let mut bench = Bench::new(model, &[]);
        bench.write(CODE + 0x3D, &[0x26; 20]);
        bench.cpu.update_state(|state| state.ip = 0x3D);
        bench.run(1);
        assert!(bench.cpu.state().pending.is_some(), "{}", model.name);
        bench.cpu.update_state(|state| state.pending = None);
        bench.write(CODE + 0x41, &[0x90]);
        bench.run(1);
        assert_eq!((bench.cpu.state().pending, bench.ip()), (None, 0x42), "{}", model.name);
    }
}

/// Blocks kept of 64 KB of JMP to the next instruction: the last one reaches the end of its segment.
const JUMPS: u64 = 0x7FFF;

/// Blocks decoded in each of `laps` laps through them.
fn decoded_by_lap(bench: &mut Bench, laps: usize) -> Vec<u64> {
    bench.write(0x2_0000, &[0xEB, 0x00].repeat(0x8000));
    bench.cpu.update_state(|state| state.segments[SegReg::Cs as usize] = Segment::real(0x2000));
    let mut before = 0;
    let lap = |_| {
        assert_eq!(bench.run(0x8000), Exit::Budget);
        assert_eq!(bench.ip(), 0);
        let decoded = bench.cpu.stats().blocks.decoded;
        decoded - std::mem::replace(&mut before, decoded)
    };
    (0..laps).map(lap).collect()
}

#[test]
fn the_code_cache_grows_when_code_is_wanted_again() {
    let mut bench = Bench::new(Model::I80386, &[]);
    let decoded = decoded_by_lap(&mut bench, 6);
    assert_eq!((decoded[0], decoded[5]), (JUMPS, 0), "{decoded:?}");
    assert!((1..JUMPS).contains(&decoded[1]), "{decoded:?}");
}

#[test]
fn the_code_cache_stays_within_its_bound() {
    let mut bench = Bench::new(Model::I80386, &[]);
    bench.cpu.set_code_cache(1 << 20);
    assert_eq!(decoded_by_lap(&mut bench, 4), [JUMPS; 4]);
    let blocks = bench.cpu.stats().blocks;
    assert!(blocks.decoded - blocks.evicted <= (1 << 20) / 144, "{blocks:?}");
}
