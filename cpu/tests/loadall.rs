//! LOADALL of the 80286 and the 80386.

use crate::bench::{Bench, CODE};
use ringzero_cpu::{Exit, Model, SegAttr, SegReg, cr0, flags, number};

const AX: u8 = number::AX;

/// An image of the 80286 for code at 0800:0010, stack at 0A00:1000, DS with a base above 1 MiB.
fn image_286(msw: u16) -> [u8; 102] {
    let mut image = [0; 102];
    let mut word = |at: usize, value: u16| image[at..at + 2].copy_from_slice(&value.to_le_bytes());
    word(0x06, msw);
    word(0x18, 0x0003);
    word(0x1A, 0x0010);
    for (at, selector) in [(0x1E, 0x1234), (0x20, 0xA00), (0x22, 0x800), (0x24, 0x900)] {
        word(at, selector);
    }
    for n in 0..8 {
        word(0x26 + 2 * n, 0x1110 * (n as u16 + 1));
    }
    word(0x2C, 0x1000);
    word(0x4E + 4, 0x00FF);
    word(0x5A + 4, 0x03FF);
    for (at, base, access) in
        [(0x36, 0x9000u32, 0x93), (0x3C, 0x8000, 0x93), (0x42, 0xA000, 0x93), (0x48, 0x12_0000, 0x93)]
    {
        image[at..at + 3].copy_from_slice(&base.to_le_bytes()[..3]);
        image[at + 3] = access;
        image[at + 4..at + 6].copy_from_slice(&[0xFF, 0xFF]);
    }
    image
}

/// LOADALL at 0800:0000, `code` at 0800:0010.
fn bench_286(image: &[u8; 102], code: &[u8]) -> Bench {
    let mut bench = Bench::new(Model::I80286, &[0x0F, 0x05]);
    bench.write(0x800, image);
    bench.write(CODE + 0x10, code);
    bench.write(0x12_0004, &[0xFE, 0xCA]);
    bench
}

#[test]
fn an_80286_reads_above_1_mib_in_real_mode_through_a_loaded_cache() {
    // MOV AX, [4]; HLT
    let mut bench = bench_286(&image_286(0), &[0xA1, 4, 0, 0xF4]);
    assert_eq!(bench.run(10), Exit::Halted);
    assert_eq!(bench.reg(AX), 0xCAFE);
    assert!(!bench.cpu.state().protected());
}

#[test]
fn a_selector_load_in_real_mode_ends_what_loadall_did_to_the_base() {
    // MOV AX, DS; MOV DS, AX; MOV AX, [4]; HLT
    let mut bench = bench_286(&image_286(0), &[0x8C, 0xD8, 0x8E, 0xD8, 0xA1, 4, 0, 0xF4]);
    bench.write(0x1_2344, &[0x34, 0x12]);
    assert_eq!(bench.run(10), Exit::Halted);
    assert_eq!(bench.reg(AX), 0x1234);
}

#[test]
fn all_registers_of_the_80286_come_from_the_image() {
    let mut bench = bench_286(&image_286(0), &[0xF4]);
    bench.run(1);
    let state = bench.cpu.state();
    assert_eq!(
        [7, 6, 5, 4, 3, 2, 1, 0].map(|n| state.regs.number(n)),
        [0x1110, 0x2220, 0x3330, 0x1000, 0x5550, 0x6660, 0x7770, 0x8880]
    );
    assert_eq!(state.flags.bits(), 0x0003);
    assert_eq!((state.gdtr.limit, state.idtr.limit), (0xFF, 0x3FF));
    assert_eq!(state.seg(SegReg::Ds).selector, 0x1234);
    assert_eq!(state.ip, 0x10);
}

#[test]
fn an_absent_cache_faults_when_it_is_used() {
    let mut image = image_286(0);
    image[0x48 + 3] = 0x13;
    let mut bench = bench_286(&image, &[0xA1, 4, 0, 0xF4]);
    assert_eq!(bench.run_to_handler(10), Some(13));
}

#[test]
fn loadall_enters_protected_mode_and_does_not_leave_it() {
    let mut bench = bench_286(&image_286(1), &[0x0F, 0x05]);
    bench.run(1);
    assert!(bench.cpu.state().protected());
    bench.write(0x806, &[0, 0]);
    bench.run(1);
    assert!(bench.cpu.state().protected());
}

#[test]
fn loadall_needs_level_0() {
    let mut image = image_286(1);
    image[0x3C + 3] = 0xFB;
    image[0x42 + 3] = 0xF3;
    let mut bench = bench_286(&image, &[0x0F, 0x05]);
    bench.run(1);
    assert_eq!(bench.cpu.state().cpl, 3);
    bench.run(1);
    assert!(bench.cpu.state().pending.is_some());
}

#[test]
fn other_models_do_not_know_the_80286s_loadall() {
    for model in [Model::I80386, Model::I80486] {
        let mut bench = Bench::new(model, &[0x0F, 0x05]);
        assert_eq!(bench.run_to_handler(3), Some(6), "{}", model.name);
    }
}

/// An image of the 80386 in the order of its fields: code at 0800:0010, all other segments flat.
fn image_386(cr0: u32, eflags: u32) -> Vec<u8> {
    let mut image = vec![cr0, eflags, 0x10];
    image.extend([0x11_1111, 0x22_2222, 0x33_3333, 0x1000, 0x20_0000, 0x66_6666, 0x77_7777, 0x88_8888]);
    image.extend([0, 0x400, 0, 0, 0, 0, 0, 0xA00, 0x800, 0]);
    let table = |limit| [0, 0, limit];
    let cache = |base, limit| [0x0000_9300, base, limit];
    image.extend([0x8B00, 0, 0x67]);
    for table in [table(0x3FF), table(0xFF), [0x8200, 0, 0]] {
        image.extend(table);
    }
    let (flat, code) = (cache(0, u32::MAX), cache(0x8000, 0xFFFF));
    for segment in [flat, flat, flat, cache(0xA000, 0xFFFF), code, flat] {
        image.extend(segment);
    }
    image.into_iter().flat_map(u32::to_le_bytes).collect()
}

/// LOADALL from 0900:0100 at 0800:0000; MOV EAX, [EBX]; HLT at 0800:0010.
fn bench_386(image: &[u8]) -> Bench {
    let mut bench = Bench::new(Model::I80386, &[0x0F, 0x07]);
    bench.write(0x9100, image);
    bench.write(CODE + 0x10, &[0x67, 0x66, 0x8B, 0x03, 0xF4]);
    bench.write(0x20_0000, &0xCAFE_BABE_u32.to_le_bytes());
    bench.set_reg(number::DI, 0x100);
    bench
}

#[test]
fn an_80386_reads_4_gib_in_real_mode_through_a_loaded_cache() {
    let mut bench = bench_386(&image_386(0, 2));
    assert_eq!(bench.run(10), Exit::Halted);
    assert_eq!(bench.reg(AX), 0xCAFE_BABE);
}

#[test]
fn all_registers_of_the_80386_come_from_the_image() {
    let mut bench = bench_386(&image_386(cr0::PE, 0x3202));
    bench.run(1);
    let state = bench.cpu.state();
    assert_eq!(state.regs.number(number::DI), 0x11_1111);
    assert_eq!(state.regs.number(AX), 0x88_8888);
    assert_eq!((state.cr0, state.flags.bits()), (cr0::PE, 0x3202));
    assert_eq!((state.idtr.limit, state.gdtr.limit, state.tr.attr), (0x3FF, 0xFF, SegAttr(0x8B)));
    assert_eq!((state.seg(SegReg::Ss).selector, state.seg(SegReg::Cs).selector), (0xA00, 0x800));
    assert_eq!(state.ip, 0x10);
}

#[test]
fn the_80386_leaves_protected_mode_by_loadall() {
    let mut bench = bench_386(&image_386(0, 2));
    bench.cpu.update_state(|state| state.cr0 |= cr0::PE);
    bench.run(1);
    assert!(!bench.cpu.state().protected());
}

#[test]
fn the_80386_enters_virtual_8086_mode_by_loadall() {
    let mut bench = bench_386(&image_386(cr0::PE, flags::bit::VM | 2));
    bench.run(1);
    assert!(bench.cpu.state().v86());
    assert_eq!(bench.cpu.state().cpl, 3);
}

#[test]
fn an_image_beyond_its_segment_changes_nothing() {
    let mut bench = bench_386(&image_386(0, 2));
    bench.set_reg(number::DI, 0xFF80);
    assert_eq!(bench.run_to_handler(3), Some(13));
    assert_eq!(bench.reg(number::DI), 0xFF80);
}
