//! A20, unreal mode, and the limits it lifts.

use crate::bench::{Bench, CODE};
use ringzero_bus::{Port, Width};
use ringzero_cpu::{Event, Exit, Fault, Model, SegAttr, SegReg, Segment, cr0, number};

const AX: u8 = number::AX;

/// Reads the word at FFFF:0010, which is at 1 MiB or at 0.
const READ_ABOVE: [u8; 4] = [0xA1, 0x10, 0x00, 0xF4];

fn above_1_mib(model: Model, code: &[u8]) -> Bench {
    let mut bench = Bench::new(model, code);
    bench.write(0x10_0000, &[0xAA, 0xAA]);
    bench.write(0, &[0x11, 0x11]);
    bench.cpu.update_state(|state| state.segments[SegReg::Ds as usize] = Segment::real(0xFFFF));
    bench
}

#[test]
fn with_a20_on_later_chips_read_above_1_mib() {
    for model in [Model::I80286, Model::I80386] {
        let mut bench = above_1_mib(model, &READ_ABOVE);
        bench.run(10);
        assert_eq!(bench.reg(AX), 0xAAAA, "{}", model.name);
    }
}

#[test]
fn with_a20_off_memory_above_1_mib_is_that_at_0() {
    let mut bench = above_1_mib(Model::I80286, &READ_ABOVE);
    bench.bus.pio_write(Port(0x92), Width::Byte, 0);
    bench.run(10);
    assert_eq!(bench.reg(AX), 0x1111);
}

#[test]
fn an_out_that_moves_a20_counts_from_the_next_instruction_on() {
    // MOV AX,[10h]; MOV BX,AX; MOV AL,0; OUT 92h,AL; MOV AX,[10h]; MOV CX,AX; MOV AL,2; OUT 92h,AL; MOV AX,[10h]; HLT
    let code = [
        0xA1, 0x10, 0, 0x8B, 0xD8, 0xB0, 0, 0xE6, 0x92, 0xA1, 0x10, 0, 0x8B, 0xC8, 0xB0, 2, 0xE6, 0x92, 0xA1,
        0x10, 0, 0xF4,
    ];
    let mut bench = above_1_mib(Model::I80386, &code);
    assert_eq!(bench.run(100), Exit::Halted);
    assert_eq!([number::BX, number::CX, AX].map(|n| bench.reg(n)), [0xAAAA, 0x1111, 0xAAAA]);
}

#[test]
fn code_above_1_mib_follows_a20() {
    let mut bench = Bench::new(Model::I80386, &[]);
    bench.write(0x10_0000, &[0xB0, 0x01, 0xE6, 0x92, 0xF4]); // MOV AL, 1; OUT 92h, AL: off; HLT
    bench.write(0, &[0, 0, 0, 0, 0xB4, 0x77, 0xF4]); // Behind the OUT: MOV AH, 77h; HLT
    bench.cpu.update_state(|state| {
        state.segments[SegReg::Cs as usize] = Segment::real(0xFFFF);
        state.ip = 0x10;
    });
    assert_eq!(bench.run(100), Exit::Halted);
    assert_eq!(bench.reg(AX), 0x7701);
}

/// Goes through protected mode: `enter` and `leave` switch CR0.PE; between them DS takes selector 8 of a GDT whose
/// descriptor 1 is flat 4 GiB data. Then EBX = 200000h is read through DS = 0, and HLT.
fn unreal(enter: &[u8], leave: &[u8]) -> Bench {
    let mut code = vec![0xFA, 0x0F, 0x01, 0x16, 0x00, 0x01]; // CLI; LGDT [0100h]
    code.extend_from_slice(enter);
    code.extend_from_slice(&[0xB8, 0x08, 0x00, 0x8E, 0xD8]); // MOV AX, 8; MOV DS, AX
    code.extend_from_slice(leave);
    code.extend_from_slice(&[0x31, 0xC0, 0x8E, 0xD8]); // XOR AX, AX; MOV DS, AX
    code.extend_from_slice(&[0x67, 0x66, 0x8B, 0x03, 0xF4]); // MOV EAX, [EBX]; HLT
    let mut bench = Bench::new(Model::I80386, &code);
    bench.write(0x9100, &[0x0F, 0x00, 0x00, 0x92, 0x00, 0x00]);
    bench.write(0x9208, &[0xFF, 0xFF, 0, 0, 0, 0x92, 0xCF, 0]);
    bench.write(0x20_0000, &0xCAFE_BABE_u32.to_le_bytes());
    bench.set_reg(number::BX, 0x20_0000);
    bench
}

/// MOV ECX, CR0; OR CL, 1; MOV CR0, ECX.
const SET_PE: [u8; 9] = [0x0F, 0x20, 0xC1, 0x80, 0xC9, 0x01, 0x0F, 0x22, 0xC1];
/// MOV ECX, CR0; AND CL, FEh; MOV CR0, ECX.
const CLEAR_PE: [u8; 9] = [0x0F, 0x20, 0xC1, 0x80, 0xE1, 0xFE, 0x0F, 0x22, 0xC1];

#[test]
fn a_limit_loaded_in_protected_mode_stays_in_real_mode() {
    let mut bench = unreal(&SET_PE, &CLEAR_PE);
    assert_eq!(bench.run(100), Exit::Halted);
    assert_eq!(bench.reg(AX), 0xCAFE_BABE);
    assert_eq!(bench.cpu.state().cr0 & cr0::PE, 0);
}

#[test]
fn lmsw_enters_protected_mode_too() {
    let lmsw = [0xB9, 0x01, 0x00, 0x0F, 0x01, 0xF1]; // MOV CX, 1; LMSW CX
    let mut bench = unreal(&lmsw, &CLEAR_PE);
    assert_eq!(bench.run(100), Exit::Halted);
    assert_eq!(bench.reg(AX), 0xCAFE_BABE);
}

#[test]
fn lmsw_does_not_leave_protected_mode() {
    let code = [0xB9, 0x01, 0x00, 0x0F, 0x01, 0xF1, 0x31, 0xC9, 0x0F, 0x01, 0xF1, 0xF4];
    for model in [Model::I80286, Model::I80386] {
        let mut bench = Bench::new(model, &code);
        assert_eq!(bench.run(100), Exit::Halted);
        assert_eq!(bench.cpu.state().cr0 & cr0::PE, 1, "{}", model.name);
    }
}

#[test]
fn without_it_an_offset_beyond_64_kib_faults() {
    let mut bench = Bench::new(Model::I80386, &[0x67, 0x66, 0x8B, 0x03, 0xF4]);
    bench.set_reg(number::BX, 0x1_0000);
    assert_eq!(bench.run_to_handler(5), Some(13));
    assert_eq!(bench.return_ip(), 0);
}

#[test]
fn without_it_a_stack_access_beyond_64_kib_is_a_stack_fault() {
    let mut bench = Bench::new(Model::I80386, &[0x67, 0x66, 0x8B, 0x45, 0x00, 0xF4]); // MOV EAX, [EBP]
    bench.set_reg(number::BP, 0x1_0000);
    assert_eq!(bench.run_to_handler(5), Some(12));
}

#[test]
fn a_32_bit_address_below_64_kib_works_in_real_mode() {
    let mut bench = Bench::new(Model::I80386, &[0x67, 0x66, 0x8B, 0x04, 0xB3, 0xF4]); // MOV EAX, [EBX+ESI*4]
    bench.set_reg(number::BX, 0x10);
    bench.set_reg(number::SI, 4);
    bench.write(0x9020, &7u32.to_le_bytes());
    assert_eq!(bench.run(10), Exit::Halted);
    assert_eq!(bench.reg(AX), 7);
}

#[test]
fn a_store_that_faults_changes_nothing() {
    // ADD [FFFFh], AX
    let mut bench = Bench::new(Model::I80386, &[0x01, 0x06, 0xFF, 0xFF]);
    bench.set_reg(AX, 0x0101);
    assert_eq!(bench.run_to_handler(5), Some(13));
    assert_eq!((bench.byte(0x1_8FFF), bench.byte(0x1_9000)), (0, 0));
    assert_eq!(bench.byte(CODE), 0x01);
}

/// `code` in a flat 32-bit code segment of protected mode with these rights.
fn flat_code(attr: u16, code: &[u8]) -> Bench {
    let mut bench = Bench::new(Model::I80386, code);
    bench.cpu.update_state(|state| {
        let attr = SegAttr(attr);
        state.cr0 |= cr0::PE;
        state.segments[SegReg::Cs as usize] =
            Segment { selector: 8, base: 0, limit: u32::MAX, attr, usable: true };
        state.ip = CODE;
    });
    bench.set_reg(number::BX, 0x9000);
    bench
}

#[test]
fn a_store_through_a_flat_code_segment_faults() {
    // MOV [ECX], AL finds the page of both; MOV CS:[EBX], AL
    let mut bench = flat_code(0xC09B, &[0x88, 0x01, 0x2E, 0x88, 0x03]);
    bench.write(0x9000, &[0x55]);
    bench.set_reg(number::CX, 0x10);
    bench.run(2);
    assert_eq!(bench.cpu.state().pending, Some(Event::Fault(Fault::GeneralProtection(0))));
    assert_eq!(bench.byte(0x9000), 0x55);
}

#[test]
fn a_load_through_a_flat_execute_only_segment_faults() {
    for (attr, faults) in [(0xC09B, false), (0xC099, true)] {
        let mut bench = flat_code(attr, &[0x2E, 0x8A, 0x03, 0x90]); // MOV AL, CS:[EBX]
        bench.run(1);
        assert_eq!(bench.cpu.state().pending.is_some(), faults, "{attr:x}");
    }
}

/// Paging over two pages of data, 2000h and 3000h mapped to themselves; `code` is 32-bit and flat at 8000h.
fn paged(code: &[u8]) -> Bench {
    let mut bench = Bench::new(Model::PENTIUM4, code);
    bench.write(0x1_0000, &0x1_1007u32.to_le_bytes());
    for page in 0..1024u32 {
        bench.write(0x1_1000 + u64::from(page) * 4, &(page << 12 | 7).to_le_bytes());
    }
    bench.cpu.update_state(|state| {
        let flat =
            |attr| Segment { selector: 8, base: 0, limit: u32::MAX, attr: SegAttr(attr), usable: true };
        state.segments = [flat(0xC093); 6];
        state.segments[SegReg::Cs as usize] = flat(0xC09B);
        state.ip = CODE;
        state.cr3 = 0x1_0000;
        state.cr0 |= cr0::PE | cr0::PG;
    });
    bench
}

#[test]
fn a_changed_page_table_counts_once_the_tlb_forgets_whether_or_not_the_page_holds_code() {
    // MOV [2800h], AL; CALL 2000h, which returns, in one of two variants; map page 2 to frame 3; MOV [2900h], AL; HLT
    let call = [0xE8, 0xF5, 0x9F, 0xFF, 0xFF];
    let no_call = [0x90; 5];
    for call in [call, no_call] {
        let mut code = [&[0xA2, 0x00, 0x28, 0x00, 0x00, 0x90][..], &call].concat();
        code.extend([0xC7, 0x05, 0x08, 0x10, 0x01, 0x00, 0x07, 0x30, 0x00, 0x00]);
        code.extend([0xA2, 0x00, 0x29, 0x00, 0x00, 0xF4]);
        let mut bench = paged(&code);
        bench.write(0x2000, &[0xC3]);
        bench.set_reg(AX, 0x77);
        assert_eq!(bench.run(20), Exit::Halted);
        assert_eq!((bench.byte(0x2900), bench.byte(0x3900)), (0x77, 0));
    }
}

/// Protected mode with a 16-bit code segment at 1000h of limit 0FFh that holds `code`; a handler table is not there, so
/// what is raised stays pending.
fn pending_fault(code: &[u8]) -> (Option<Event>, u64, u64) {
    let mut bench = Bench::new(Model::I80386, &[]);
    bench.write(0x1000, code);
    bench.cpu.update_state(|state| {
        state.cr0 |= 1;
        state.ip = 0;
        state.regs.set_number(4, 0x2000);
        let flat = Segment { selector: 8, base: 0, limit: u32::MAX, attr: SegAttr(0x93), usable: true };
        state.segments = [flat; 6];
        state.segments[SegReg::Cs as usize] =
            Segment { base: 0x1000, limit: 0xFF, attr: SegAttr(0x9B), ..flat };
    });
    bench.cpu.run(&mut bench.bus, 1);
    let state = bench.cpu.state();
    (state.pending, state.ip, state.regs.number(4))
}

#[test]
fn a_near_branch_beyond_the_code_segment_faults_where_it_is() {
    let fault = Some(Event::Fault(Fault::GeneralProtection(0)));
    let (jump, call) = ([0xE9, 0x00, 0x10], [0xE8, 0x00, 0x10]);
    let (taken_jz, indirect) = ([0x0F, 0x84, 0x00, 0x10], [0xFF, 0xE4]);
    for code in [&jump[..], &call, &indirect] {
        assert_eq!(pending_fault(code), (fault, 0, 0x2000), "{code:02x?}");
    }
    // ZF is clear: the branch is not taken.
    assert_eq!(pending_fault(&taken_jz), (None, 4, 0x2000));
    let taken_jnz = [0x0F, 0x85, 0x00, 0x10];
    assert_eq!(pending_fault(&taken_jnz), (fault, 0, 0x2000));
}

/// A processor in protected mode whose DS takes selector 8, a descriptor with `bytes`.
fn loaded(model: Model, bytes: [u8; 8]) -> Bench {
    // MOV AX, 8; MOV DS, AX; HLT
    let mut bench = Bench::new(model, &[0xB8, 0x08, 0x00, 0x8E, 0xD8, 0xF4]);
    bench.write(0x1_0008, &bytes);
    bench.cpu.update_state(|state| {
        state.cr0 |= cr0::PE;
        state.gdtr.base = 0x1_0000;
    });
    bench.run(3);
    bench
}

#[test]
fn an_80286_ignores_the_reserved_bytes_of_a_descriptor() {
    let bytes = [0x34, 0x12, 0x00, 0x00, 0x12, 0x93, 0xCF, 0x80];
    let segment = |model| *loaded(model, bytes).cpu.state().seg(SegReg::Ds);
    let (old, new) = (segment(Model::I80286), segment(Model::I80386));
    assert_eq!((old.base, old.limit, old.attr), (0x12_0000, 0x1234, SegAttr(0x93)));
    assert_eq!((new.base, new.limit, new.attr), (0x8012_0000, 0xF123_4FFF, SegAttr(0xC093)));
}

#[test]
fn an_80286_knows_no_system_descriptor_of_the_80386() {
    for (model, vector) in [(Model::I80286, Some(13)), (Model::I80386, None)] {
        // MOV AX, 8; LTR AX, which is a TSS of the 80386; HLT
        let mut bench = Bench::new(model, &[0xB8, 0x08, 0x00, 0x0F, 0x00, 0xD8, 0xF4]);
        bench.write(0x1_0008, &[0xFF, 0x00, 0x00, 0x00, 0x02, 0x89, 0x00, 0x00]);
        bench.cpu.update_state(|state| {
            state.cr0 |= cr0::PE;
            state.gdtr.base = 0x1_0000;
        });
        bench.run(2);
        let fault = bench.cpu.state().pending.map(|Event::Fault(fault)| fault.vector());
        assert_eq!(fault, vector, "{}", model.name);
    }
}
