//! Single steps and breakpoints.

use super::tasks::task_a;
use crate::rom::asm::{Asm, Code, code};
use crate::rom::builder::{Builder, bits, reg, see};
use crate::rom::layout::*;
use iced_x86::code_asm::*;

pub(crate) fn cases(r: &mut Builder) -> Asm {
    single_step(r)?;
    instruction_breakpoints(r)?;
    data_breakpoints(r)?;
    registers(r)
}

/// EFLAGS with TF.
const TF: i32 = 0x102;

fn single_step(r: &mut Builder) -> Asm {
    r.cite("[SDM 3B, \"Single-Step Exception Condition\"]");
    let k = r.kernel();
    r.case(
        "tf_traps_behind_the_next",
        "#DB ip+01 dr6=4000 ok",
        &[],
        |t| code!(t; resume(1, k.without_tf); push(TF); popfd(); at(); nop(); nop()),
    )?;
    r.case(
        "tf_popf_that_clears_it",
        "#DB ip+01 dr6=4000 ok",
        &[],
        |t| code!(t; resume(1, k.plain); push(2); push(TF); popfd(); at(); popfd(); nop()),
    )?;
    r.case(
        "tf_is_saved_by_int_and_clear_inside",
        "ok saved=0100",
        &[bits("saved", vars::LAST + last::EFLAGS, 2, 0x100)],
        |t| code!(t; push(TF); popfd()),
    )?;
    r.case("tf_again_after_iret", "int40 ip+02 #DB ip+03 dr6=4000 ok", &[], |t| {
        code!(t; resume(0x40, k.plain); resume(1, k.without_tf); push(TF); popfd(); at(); int(0x40); nop(); nop())
    })?;
    r.case("tf_mov_ss_holds_back", "#DB ip+04 dr6=4000 ok", &[], |t| {
        code!(t; resume(1, k.without_tf); mov(eax, u32::from(KDATA)); push(TF); popfd(); at(); mov(ss, ax); nop(); nop())
    })?;
    r.case("tf_pop_ss_holds_back", "#DB ip+02 dr6=4000 ok", &[], |t| {
        code!(t; resume(1, k.without_tf); push(u32::from(KDATA)); push(TF); popfd(); at(); pop(ss); nop(); nop())
    })?;
    r.case("tf_mov_ds_does_not", "#DB ip+03 dr6=4000 ok", &[], |t| {
        code!(t; resume(1, k.without_tf); mov(eax, u32::from(KDATA)); push(TF); popfd(); at(); mov(ds, ax); nop(); nop())
    })?;
    r.case("tf_rep_traps_in_each_round", "#DB ip+00 dr6=4000 ok", &[], |t| {
        code!(t; resume(1, k.without_tf); mov(ecx, 3); mov(edi, DATA); push(TF); popfd(); at())?;
        t.rep().stosb()
    })?;
    r.case(
        "tf_fault_comes_without_trap",
        "#UD ip+00 saved=0100",
        &[bits("saved", vars::LAST + last::EFLAGS, 2, 0x100)],
        |t| code!(t; resume(1, k.without_tf); push(TF); popfd(); at(); db(&[0x0F, 0x0B])),
    )?;
    r.case("tf_iret_sets_it", "#DB ip+01 dr6=4000 ok", &[], |t| {
        let there = t.spot();
        let offset = t.addr(there);
        code!(t; resume(1, k.without_tf); push(TF); push(u32::from(KCODE)); push(offset); iretd(); place(there); at(); nop(); nop())
    })?;
    r.case(
        "tf_at_level_3",
        "#DB ip+01 cs=001b dr6=4000 ok cs=001b",
        &[],
        |t| code!(t; resume(1, k.without_tf); to_level(3); push(TF); popfd(); at(); nop(); nop()),
    )?;
    r.case("tf_in_v86", "#DB ip+01 cs=2000 v86 dr6=4000 ok cs=2000 v86", &[], |t| {
        let there = t.code16(|t| code!(t; nop(); at(); nop(); nop()))?;
        code!(t; resume(1, k.without_tf))?;
        let entry = there + 1;
        t.to_v86(entry, 0x3100)
    })?;
    r.cite("[SDM 2A, \"INT n/INTO/INT3/INT1\"]");
    r.case("icebp_is_a_trap", "#DB ip+01 dr6=0000", &[], |t| code!(t; at(); db(&[0xF1])))?;
    r.case(
        "icebp_at_3_ignores_dpl",
        "#DB ip+01 cs=001b dr6=0000",
        &[],
        |t| code!(t; to_level(3); at(); db(&[0xF1])),
    )?;
    r.case("int_1_at_3", "#GP(000a) ip+00 cs=001b", &[], |t| code!(t; to_level(3); at(); db(&[0xCD, 0x01])))
}

/// DR0 to DR3 and DR7.
fn breakpoints(t: &mut Code, addresses: &[u32], dr7_bits: u32) -> Asm {
    for (&address, register) in addresses.iter().zip([dr0, dr1, dr2, dr3]) {
        code!(t; mov(eax, address); mov(register, eax))?;
    }
    code!(t; mov(eax, dr7_bits); mov(dr7, eax))
}

fn instruction_breakpoints(r: &mut Builder) -> Asm {
    r.cite("[SDM 3B, \"Instruction-Breakpoint Exception Condition\"]");
    let k = r.kernel();
    for (name, number, dr7_bits, expected) in [
        ("local", 0, 1, "#DB ip+00 dr6=0001 ok"),
        ("global", 0, 2, "#DB ip+00 dr6=0001 ok"),
        ("dr3", 3, 0x40, "#DB ip+00 dr6=0008 ok"),
        ("disabled", 0, 0, "ok"),
    ] {
        r.case(&format!("break_instruction_{name}"), expected, &[], |t| {
            let there = t.spot();
            let mut addresses = [0; 4];
            addresses[number] = t.addr(there);
            t.resume(1, k.with_rf)?;
            breakpoints(t, &addresses, dr7_bits)?;
            code!(t; place(there); at(); nop(); nop())
        })?;
    }
    r.case("break_two_at_one_place", "#DB ip+00 dr6=0003 ok", &[], |t| {
        let there = t.spot();
        let address = t.addr(there);
        t.resume(1, k.with_rf)?;
        breakpoints(t, &[address, address], 5)?;
        code!(t; place(there); at(); nop())
    })?;
    r.case("break_not_on_the_second_byte", "ok", &[], |t| {
        let there = t.spot();
        let address = t.addr(there);
        breakpoints(t, &[address + 1], 1)?;
        code!(t; place(there); at(); mov(eax, 1))
    })?;
    r.case("break_at_level_3", "#DB ip+00 cs=001b dr6=0001 ok cs=001b", &[], |t| {
        let there = t.spot();
        let address = t.addr(there);
        t.resume(1, k.with_rf)?;
        breakpoints(t, &[address], 1)?;
        code!(t; to_level(3); place(there); at(); nop())
    })?;
    r.case("break_behind_mov_ss_is_lost", "ok", &[], |t| {
        let there = t.spot();
        let address = t.addr(there);
        t.resume(1, k.with_rf)?;
        breakpoints(t, &[address], 1)?;
        code!(t; mov(eax, u32::from(KDATA)); mov(ss, ax); place(there); at(); nop())
    })?;
    r.case("break_rf_lasts_one_instruction", "#DB ip+01 dr6=0002 ok", &[], |t| {
        let (first, second) = (t.spot(), t.spot());
        let addresses = [t.addr(first), t.addr(second)];
        t.resume(1, k.with_rf)?;
        breakpoints(t, &addresses, 5)?;
        code!(t; push(0x1_0002); push(u32::from(KCODE)); push(addresses[0]); iretd(); place(first); at(); nop();
            place(second); nop())
    })?;
    let rf = [bits("rf", vars::LAST + last::EFLAGS, 4, 0x1_0000)];
    r.case(
        "rf_in_the_image_of_a_fault",
        "#UD ip+00 rf=00010000",
        &rf,
        |t| code!(t; at(); db(&[0x0F, 0x0B])),
    )?;
    r.case("rf_not_in_the_image_of_int_n", "int40 ip+02 rf=00000000", &rf, |t| code!(t; at(); int(0x40)))
}

/// R/W and LEN of breakpoint 0, enabled.
const fn watch(rw: u32, len: u32) -> u32 {
    1 | rw << 16 | len << 18
}

fn data_breakpoints(r: &mut Builder) -> Asm {
    r.cite("[SDM 3B, \"Data Memory and I/O Breakpoint Exception Conditions\"]");
    let k = r.kernel();
    // R/W, LEN, address, what is done: 'w' or 'r' of a double word at DATA, 'b' writes its first byte; hit.
    let tries: [(&str, u32, u32, u32, char, bool); 11] = [
        ("write", 1, 3, DATA, 'w', true),
        ("write_ignores_reads", 1, 3, DATA, 'r', false),
        ("access_read", 3, 3, DATA, 'r', true),
        ("access_write", 3, 3, DATA, 'w', true),
        ("last_byte", 1, 0, DATA + 3, 'w', true),
        ("behind", 1, 0, DATA + 4, 'w', false),
        ("before", 1, 0, DATA - 1, 'w', false),
        ("word_ignores_bit_0", 1, 1, DATA + 1, 'b', true),
        ("dword_ignores_bits_0_and_1", 1, 3, DATA + 3, 'b', true),
        ("byte_elsewhere_in_dword", 1, 0, DATA + 1, 'b', false),
        ("word_not_in_byte", 1, 1, DATA + 2, 'b', false),
    ];
    for (name, rw, len, address, what, hit) in tries {
        r.case(&format!("watch_{name}"), if hit { "#DB ip+05 dr6=0001 ok" } else { "ok" }, &[], |t| {
            t.resume(1, k.plain)?;
            breakpoints(t, &[address], watch(rw, len))?;
            t.at()?;
            match what {
                'r' => code!(t; db(&[0xA1]); dd(&[DATA])),
                'b' => code!(t; db(&[0xA2]); dd(&[DATA])),
                _ => code!(t; db(&[0xA3]); dd(&[DATA])),
            }
        })?;
    }
    r.case("watch_push", "#DB ip+02 dr6=0001 ok", &[], |t| {
        t.resume(1, k.plain)?;
        breakpoints(t, &[STACK - 4], watch(1, 3))?;
        code!(t; at(); push(1))
    })?;
    r.case(
        "watch_rep_stops_in_its_round",
        "#DB ip+00 dr6=0001 ok ecx=00000000",
        &[reg("ecx", last::ECX)],
        |t| {
            t.resume(1, k.plain)?;
            breakpoints(t, &[DATA + 1], watch(1, 0))?;
            code!(t; mov(edi, DATA); mov(ecx, 4); at())?;
            t.rep().stosb()
        },
    )?;
    r.case("watch_and_step_together", "#DB ip+05 dr6=4001 ok", &[], |t| {
        t.resume(1, k.without_tf)?;
        breakpoints(t, &[DATA], watch(1, 3))?;
        code!(t; push(TF); popfd(); at(); db(&[0xA3]); dd(&[DATA]); nop())
    })?;
    r.case("watch_faulting_write_does_not_hit", "#GP(0000) ip+00", &[], |t| {
        code!(t; desc(A, segment(DATA, 0xFFF, kind::RO, size::S32)))?;
        breakpoints(t, &[DATA], watch(1, 3))?;
        code!(t; mov(eax, u32::from(A)); mov(ds, ax); at(); mov(byte_ptr(0u32), 1))
    })?;
    r.case("watch_port_with_de", "#DB ip+02 dr6=0001 ok", &[], |t| {
        code!(t; resume(1, k.plain); mov(eax, 8); mov(cr4, eax))?;
        breakpoints(t, &[0x80], watch(2, 0))?;
        code!(t; at(); out(0x80, al))
    })
}

fn registers(r: &mut Builder) -> Asm {
    r.cite("[SDM 3B, \"Debug Registers\"]");
    let k = r.kernel();
    let value = reg("eax", last::EAX);
    r.case(
        "gd_guards_reads",
        "#DB ip+00 dr6=2000 ok gd=00000000",
        &[bits("gd", vars::LAST + last::DR7, 4, 0x2000)],
        |t| code!(t; resume(1, k.plain); mov(eax, 0x2000); mov(dr7, eax); at(); mov(eax, dr0)),
    )?;
    r.case(
        "gd_guards_writes",
        "#DB ip+00 dr6=2000 ok",
        &[],
        |t| code!(t; resume(1, k.plain); mov(eax, 0x2000); mov(dr7, eax); at(); mov(dr3, eax)),
    )?;
    r.case(
        "dr6_reserved_bits",
        "ok eax=ffff0ff0",
        &[value],
        |t| code!(t; xor(eax, eax); mov(dr6, eax); mov(eax, dr6)),
    )?;
    r.case(
        "dr7_reserved_bits",
        "ok eax=00000400",
        &[value],
        |t| code!(t; xor(eax, eax); mov(dr7, eax); mov(eax, dr7)),
    )?;
    r.case(
        "dr4_is_dr6",
        "ok eax=ffff0ff0",
        &[value],
        |t| code!(t; xor(eax, eax); mov(dr6, eax); db(&[0x0F, 0x21, 0xE0])),
    )?;
    r.case("dr5_is_dr7", "ok eax=00000400", &[value], |t| code!(t; db(&[0x0F, 0x21, 0xE8])))?;
    r.case(
        "dr4_with_de",
        "#UD ip+00",
        &[],
        |t| code!(t; mov(eax, 8); mov(cr4, eax); at(); db(&[0x0F, 0x21, 0xE0])),
    )?;
    r.case("dr_read_at_3", "#GP(0000) ip+00 cs=001b", &[], |t| code!(t; to_level(3); at(); mov(eax, dr7)))?;
    r.case("dr_write_at_3", "#GP(0000) ip+00 cs=001b", &[], |t| code!(t; to_level(3); at(); mov(dr0, eax)))?;
    r.case(
        "task_switch_clears_local_breakpoints",
        "ok dr7=00000408",
        &[bits("dr7", vars::LAST + last::DR7, 4, 0x4FF)],
        |t| {
            let there = task_a(t)?;
            breakpoints(t, &[0, 0], 0xD)?;
            code!(t; jmp_far(A, 0); place(there))
        },
    )?;
    r.case(
        "dr6_is_kept_until_cleared",
        "#DB ip+05 dr6=0001 #DB ip+0a dr6=0001 ok",
        &[see("at", DATA, 4)][..0],
        |t| {
            t.resume(1, k.plain)?;
            breakpoints(t, &[DATA], watch(1, 3))?;
            code!(t; at(); db(&[0xA3]); dd(&[DATA]); db(&[0xA3]); dd(&[DATA]))
        },
    )
}
