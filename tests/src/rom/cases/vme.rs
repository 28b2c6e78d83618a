//! Virtual-8086 mode extensions and protected-mode virtual interrupts of the Pentium.

use super::v86::IOPL3;
use crate::rom::asm::{Asm, Code, code};
use crate::rom::builder::{Builder, See, bits, see};
use crate::rom::layout::*;
use iced_x86::code_asm::*;

pub(crate) fn cases(r: &mut Builder) -> Asm {
    redirection(r)?;
    virtual_flag(r)?;
    protected(r)
}

const VIF: u32 = 1 << 19;
const VIP: u32 = 1 << 20;

/// VIP, VIF, IOPL, IF.
const FLAGS: [See; 1] = [bits("flags", vars::LAST + last::EFLAGS, 4, VIP | VIF | 0x3200)];

/// CR4.VME, an interrupt redirection bitmap where only vector 40h goes to the 8086 program, then V86 mode.
fn with_vme(t: &mut Code, flags: u32, vector_40: u8, f: impl Fn(&mut Code) -> Asm) -> Asm {
    let handler = t.code16(|t| code!(t; at(); db(&[0x0F, 0x0B])))?;
    let there = t.code16(f)?;
    code!(t; desc(KTSS, segment(TSS, 0x89, kind::TSS32, size::S16)); mov(edi, TSS + 0x68); mov(eax, -1); mov(ecx, 9))?;
    t.rep().stosd()?;
    code!(t; mov(word_ptr(TSS + 0x66), 0x88); mov(byte_ptr(TSS + 0x68 + 8), u32::from(vector_40));
        mov(eax, u32::from(KTSS)); ltr(ax);
        poke(0xDFFC, 0); poke(0x40 * 4, u32::from(CODE_SEGMENT) << 16 | handler);
        mov(eax, 1); mov(cr4, eax); to_v86(there, flags))
}

fn redirection(r: &mut Builder) -> Asm {
    r.cite("[SDM 3B, \"Class 3-Software Interrupt Handling in Virtual-8086 Mode\"]");
    let pushed = [FLAGS[0], see("ip_cs", 0xDFFC, 2), bits("pushed", 0xDFFE, 2, 0x3200)];
    r.case(
        "vme_int_iopl_0_to_program",
        "#UD ip+00 cs=2000 v86 flags=00000200 ip_cs=2000 pushed=3200",
        &pushed,
        |t| with_vme(t, VIF | 0x200, 0xFE, |t| code!(t; int(0x40))),
    )?;
    r.case(
        "vme_int_iopl_3_to_program",
        "#UD ip+00 cs=2000 v86 flags=00003000 ip_cs=2000 pushed=3200",
        &pushed,
        |t| with_vme(t, IOPL3 | 0x200, 0xFE, |t| code!(t; int(0x40))),
    )?;
    r.case("vme_int_iopl_0_to_monitor", "#GP(0000) ip+00 cs=2000 v86", &[], |t| {
        with_vme(t, 0, 0xFF, |t| code!(t; at(); int(0x40)))
    })?;
    r.case("vme_int_iopl_3_to_gate", "int40 ip+02 cs=2000 v86", &[], |t| {
        with_vme(t, IOPL3, 0xFF, |t| code!(t; at(); int(0x40)))
    })?;
    r.case("vme_int3_is_not_redirected", "#BP ip+01 cs=2000 v86", &[], |t| {
        with_vme(t, 0, 0xFE, |t| code!(t; mov(ax, 0); at(); int3()))
    })
}

fn virtual_flag(r: &mut Builder) -> Asm {
    r.cite("[SDM 3B, \"Maskable Hardware Interrupts in Virtual-8086 Mode with VME\"]");
    let ud = |t: &mut Code| t.db(&[0x0F, 0x0B]);
    r.case("vme_sti_sets_vif", "#UD ip+01 cs=2000 v86 flags=00080000", &FLAGS, |t| {
        with_vme(t, 0, 0xFF, |t| {
            code!(t; at(); sti())?;
            ud(t)
        })
    })?;
    r.case("vme_cli_clears_vif", "#UD ip+01 cs=2000 v86 flags=00000200", &FLAGS, |t| {
        with_vme(t, VIF | 0x200, 0xFF, |t| {
            code!(t; at(); cli())?;
            ud(t)
        })
    })?;
    r.case("vme_sti_with_vip", "#GP(0000) ip+00 cs=2000 v86 flags=00100000", &FLAGS, |t| {
        with_vme(t, VIP, 0xFF, |t| code!(t; at(); sti()))
    })?;
    r.case("vme_cli_at_iopl_3_is_if", "ok cs=2000 v86 flags=00083000", &FLAGS, |t| {
        with_vme(t, VIF | IOPL3 | 0x200, 0xFF, |t| code!(t; cli()))
    })?;
    r.case(
        "vme_pushf_shows_vif",
        "#UD ip+02 cs=2000 v86 pushed=3200",
        &[bits("pushed", vars::LAST + last::EAX, 2, 0x3200)],
        |t| {
            with_vme(t, VIF, 0xFF, |t| {
                code!(t; at(); pushf(); pop(ax))?;
                ud(t)
            })
        },
    )?;
    r.case("vme_popf_sets_vif", "#UD ip+01 cs=2000 v86 flags=00080000", &FLAGS, |t| {
        with_vme(t, 0, 0xFF, |t| {
            code!(t; push(0x202); at(); popf())?;
            ud(t)
        })
    })?;
    r.case("vme_popf_of_tf", "#GP(0000) ip+00 cs=2000 v86", &[], |t| {
        with_vme(t, 0, 0xFF, |t| code!(t; push(0x102); at(); popf()))
    })?;
    r.case("vme_popf_of_if_with_vip", "#GP(0000) ip+00 cs=2000 v86", &[], |t| {
        with_vme(t, VIP, 0xFF, |t| code!(t; push(0x202); at(); popf()))
    })?;
    r.case("vme_popfd_iopl_0", "#GP(0000) ip+00 cs=2000 v86", &[], |t| {
        with_vme(t, 0, 0xFF, |t| code!(t; push(0); push(2); at(); db(&[0x66, 0x9D])))
    })?;
    r.case("vme_iret_sets_vif", "#UD ip+00 cs=2000 v86 flags=00080000", &FLAGS, |t| {
        with_vme(t, 0, 0xFF, |t| {
            let there = t.spot();
            let offset = t.addr(there);
            code!(t; push(0x202); mov(ax, i32::from(CODE_SEGMENT)); push(ax); mov(ax, offset); push(ax); iret();
                place(there); at())?;
            ud(t)
        })
    })
}

/// CR4.PVI, level 3 with IOPL 0.
fn with_pvi(t: &mut Code, flags: u32) -> Asm {
    let there = t.spot();
    let offset = t.addr(there);
    code!(t; mov(eax, 2); mov(cr4, eax); iret_to(UCODE, offset, flags | 2, (UDATA, STACK3)); place(there))
}

fn protected(r: &mut Builder) -> Asm {
    r.cite("[SDM 3B, \"Protected-Mode Virtual Interrupts\"]");
    r.case("pvi_sti_sets_vif", "ok cs=001b flags=00080000", &FLAGS, |t| {
        with_pvi(t, 0)?;
        t.sti()
    })?;
    r.case("pvi_cli_clears_vif", "ok cs=001b flags=00000200", &FLAGS, |t| {
        with_pvi(t, VIF | 0x200)?;
        t.cli()
    })?;
    r.case("pvi_sti_with_vip", "#GP(0000) ip+00 cs=001b flags=00100000", &FLAGS, |t| {
        with_pvi(t, VIP)?;
        code!(t; at(); sti())
    })?;
    r.case(
        "pvi_at_level_2_faults",
        "#GP(0000) ip+00 cs=005a",
        &[],
        |t| code!(t; mov(eax, 2); mov(cr4, eax); to_level(2); at(); cli()),
    )?;
    r.case("pvi_iopl_3_is_if", "ok cs=001b flags=00003200", &FLAGS, |t| {
        with_pvi(t, IOPL3)?;
        t.sti()
    })?;
    r.case("pvi_popf_is_as_always", "ok cs=001b flags=00000000", &FLAGS, |t| {
        with_pvi(t, 0)?;
        code!(t; push(0x202); popfd())
    })
}
