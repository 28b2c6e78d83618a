//! Gates and descriptors that a processor has checked before: what another finds that never did, it must find too.

use crate::bench::{Bench, CODE, HANDLERS};
use ringzero_bus::PhysAddr;
use ringzero_cpu::{Model, SegAttr, SegReg, Segment, TableRegister, cr0, number};

const GDT: u64 = 0x1_0000;
/// Selector 8 and its descriptor: flat, 32-bit, accessed code.
const FLAT_CODE: [u8; 8] = [0xFF, 0xFF, 0, 0, 0, 0x9B, 0xCF, 0];
const IDT: u64 = 0x1_1000;
/// The gate of vector 80h.
const GATE: u64 = IDT + 0x80 * 8;
const STACK: u64 = 0xB000;
/// JMP 8:CODE.
const FAR_JUMP: u64 = CODE + 0x10;

/// Flat protected mode at INT 80h and a jump back to it, after two rounds of that.
fn warmed_up(model: Model) -> Bench {
    let mut bench = Bench::new(model, &[0xCD, 0x80, 0xEB, 0xFC]);
    bench.write(FAR_JUMP, &[0xEA, 0x00, 0x80, 0, 0, 8, 0]);
    bench.write(GDT + 8, &FLAT_CODE);
    bench.write(GDT + 0x10, &[0xFF, 0xFF, 0, 0, 0, 0x93, 0xCF, 0]);
    for vector in 0..=255u8 {
        let offset = (HANDLERS as u16 + u16::from(vector)).to_le_bytes();
        bench.write(IDT + u64::from(vector) * 8, &[offset[0], offset[1], 8, 0, 0, 0x8E, 0, 0]);
    }
    bench.cpu.update_state(|state| {
        let flat = |selector, attr| Segment {
            selector,
            base: 0,
            limit: u32::MAX,
            attr: SegAttr(attr),
            usable: true,
        };
        state.cr0 |= cr0::PE;
        state.segments = [flat(0x10, 0xC093); 6];
        state.segments[SegReg::Cs as usize] = flat(8, 0xC09B);
        state.gdtr = TableRegister { base: GDT, limit: 0x17 };
        state.idtr = TableRegister { base: IDT, limit: 0x7FF };
        state.regs.set_number(number::SP, STACK);
        state.ip = CODE;
    });
    bench.run(6);
    assert_eq!((bench.ip(), bench.reg(number::SP)), (CODE, STACK));
    bench
}

/// What can be seen of a processor and its tables and stack.
fn seen(bench: &Bench) -> impl PartialEq + std::fmt::Debug + use<> {
    let ram = &bench.bus.fabric().ram;
    let memory = [GDT, GATE, STACK - 0x20].map(|at| ram.bytes::<0x20>(PhysAddr(at)));
    (bench.cpu.state().clone(), memory)
}

/// After `change` a processor that remembers and one that does not go the same way.
fn is_forgotten(model: Model, name: &str, change: impl Fn(&mut Bench)) {
    let mut warm = warmed_up(model);
    let mut cold = warm.fork();
    for bench in [&mut warm, &mut cold] {
        change(bench);
    }
    for step in 0..5 {
        warm.run(1);
        cold.run(1);
        assert_eq!(seen(&warm), seen(&cold), "{name}, step {step}, {}", model.name);
    }
}

#[test]
fn a_gate_that_changes_is_checked_anew() {
    let kind = |kind| vec![(5, kind)];
    let changes = [
        ("not present", kind(0x0E)),
        ("a trap gate", kind(0x8F)),
        ("a 16-bit gate", kind(0x86)),
        ("a task gate", kind(0x85)),
        ("no gate", kind(0x9B)),
        ("for all levels", kind(0xEE)),
        ("the null selector", vec![(2, 0)]),
        ("a selector for level 3", vec![(2, 0x0B)]),
        ("another selector", vec![(2, 0x10)]),
        ("another offset", vec![(0, 0x81)]),
    ];
    for model in [Model::I80386, Model::MAX] {
        for (name, bytes) in &changes {
            is_forgotten(model, name, |bench| {
                bytes.iter().for_each(|(n, byte)| bench.write(GATE + n, &[*byte]));
            });
        }
    }
}

#[test]
fn a_code_segment_that_changes_is_checked_anew() {
    let changes = [
        ("not accessed", (5, 0x9A)),
        ("not present", (5, 0x1B)),
        ("of level 1", (5, 0xBB)),
        ("conforming", (5, 0x9F)),
        ("data", (5, 0x93)),
        ("with a base", (3, 0x01)),
        ("shorter", (6, 0x40)),
        ("of 16 bits", (6, 0x8F)),
    ];
    for model in [Model::I80386, Model::MAX] {
        for (name, (n, byte)) in changes {
            is_forgotten(model, name, |bench| bench.write(GDT + 8 + n, &[byte]));
        }
        is_forgotten(model, "outside its table", |bench| {
            bench.cpu.update_state(|state| state.gdtr.limit = 0x0E);
        });
    }
}

#[test]
fn a_descriptor_is_marked_accessed_whenever_it_is_not() {
    for model in [Model::I80386, Model::MAX] {
        let mut bench = warmed_up(model);
        for _ in 0..3 {
            bench.write(GDT + 8 + 5, &[0x9A]);
            bench.run(3);
            assert_eq!((bench.ip(), bench.byte(GDT + 8 + 5)), (CODE, 0x9B), "{}", model.name);
        }
    }
}

#[test]
fn a_known_gate_does_not_lead_beyond_a_code_segment_known_since() {
    for model in [Model::I80386, Model::MAX] {
        is_forgotten(model, "a gate beyond the limit", |bench| {
            // The handler is at 1_0000h; the segment ends at FFFFh when it is loaded anew.
            bench.write(GATE, &[0, 0, 8, 0, 0, 0x8E, 1, 0]);
            bench.write(GDT, &[0xCF]);
            bench.run(6);
            bench.write(GDT + 8, &[0xFF, 0xFF, 0, 0, 0, 0x9B, 0x40, 0]);
            for _ in 0..2 {
                bench.cpu.update_state(|state| state.ip = FAR_JUMP);
                bench.run(1);
            }
            assert_eq!((bench.ip(), bench.cpu.state().seg(SegReg::Cs).limit), (CODE, 0xFFFF));
        });
    }
}
