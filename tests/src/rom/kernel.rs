//! The ROM's kernel: start, a known state for each case, handlers that tell what happened, and printing.

use super::asm::{Asm, Code, OK, Region, assemble, code};
use super::layout::{last, vars, *};
use iced_x86::IcedError;
use iced_x86::code_asm::*;

/// Addresses of the kernel's routines.
#[derive(Clone, Copy, Debug)]
pub struct Kernel {
    /// Ends a case.
    pub(crate) next_case: u32,
    /// Prints a value; its description follows the call.
    pub(crate) show: u32,
    /// 32-bit entry after RESET, flat segments, no stack.
    pub(crate) main: u32,
    /// Goes to the present case's continuation in a known state.
    pub go_on: u32,
    /// Prints the string behind the call.
    pub say: u32,
    /// Resumes as it is.
    pub plain: u32,
    /// Resumes with RF set.
    pub with_rf: u32,
    /// Resumes with TF clear.
    pub without_tf: u32,
    /// Stub of vector 0; the others follow every 16 bytes.
    pub stubs: u32,
}

impl Kernel {
    /// The handler of `vector`.
    pub fn stub(&self, vector: u8) -> u32 {
        self.stubs + u32::from(vector) * STUB
    }
}

/// Bytes from one stub to the next.
const STUB: u32 = 16;
/// Events after which a case is ended: it resumes without end.
const MOST_EVENTS: i32 = 24;
/// Offset of the first initial TSS; the others follow it.
const TSS_IMAGE: u32 = INITIAL + GDT_LIMIT as u32 + 1 + 0x800;
/// The debug console.
const CONSOLE: i32 = 0xE9;

/// Whether the processor pushes an error code for this exception.
fn has_error_code(vector: u8) -> bool {
    matches!(vector, 8 | 10..=14 | 17)
}

/// Assembles the kernel for its place.
pub(crate) fn build(low: &mut Region) -> Result<(Kernel, Vec<u8>), IcedError> {
    let piece = assemble(32, CODE + KERNEL, low, &kernel)?;
    let outside: [u32; 9] = std::array::from_fn(|n| piece.spots[n]);
    let [main, next_case, show, go_on, say, plain, with_rf, without_tf, stubs] = outside;
    Ok((Kernel { next_case, show, main, go_on, say, plain, with_rf, without_tf, stubs }, piece.bytes))
}

/// GDT, IDT and TSS as every case finds them.
pub(crate) fn initial_tables(kernel: Kernel) -> Vec<u8> {
    let mut bytes: Vec<u8> = INITIAL_GDT.iter().flat_map(|d| d.to_le_bytes()).collect();
    bytes.resize(usize::from(GDT_LIMIT) + 1, 0);
    for vector in 0..=255u8 {
        // Programs may use all vectors that are not exceptions, and INT3 and INTO.
        let level = if vector >= 32 || matches!(vector, 3 | 4) { kind::DPL3 } else { 0 };
        bytes.extend(gate(KCODE, kernel.stub(vector), kind::INT32 | level, 0).to_le_bytes());
    }
    let mut tss = [0u32; 26];
    for (level, (top, segment)) in STACKS.iter().zip([KDATA, DATA1, DATA2]).enumerate() {
        tss[1 + level * 2] = *top;
        tss[2 + level * 2] = u32::from(segment);
    }
    tss[25] = (TSS_LIMIT + 1) << 16;
    bytes.extend(tss.iter().flat_map(|word| word.to_le_bytes()));
    // Tasks for cases: cases give them an EIP and a descriptor.
    bytes.extend(task_32(TASK_STACK).iter().flat_map(|word| word.to_le_bytes()));
    bytes.extend(task_16().iter().flat_map(|word| word.to_le_bytes()));
    bytes.extend(task_32(HANDLER_STACK).iter().flat_map(|word| word.to_le_bytes()));
    bytes
}

/// A 32-bit TSS of a task at level 0 [SDM 3A, "Task-State Segment (TSS)"].
fn task_32(stack: u32) -> [u32; 26] {
    let mut tss = [0; 26];
    (tss[1], tss[2]) = (STACKS[0], u32::from(KDATA));
    (tss[9], tss[14], tss[25]) = (2, stack, 0x68 << 16);
    for (offset, selector) in [(18, KDATA), (19, KCODE), (20, KDATA), (21, KDATA), (22, KDATA), (23, KDATA)] {
        tss[offset] = u32::from(selector);
    }
    tss
}

/// A 16-bit TSS of a task in [`KCODE16`].
fn task_16() -> [u16; 22] {
    let mut tss = [0; 22];
    (tss[1], tss[2]) = (STACKS[0] as u16, KDATA);
    (tss[8], tss[9], tss[13]) = (2, 0x1234, TASK_STACK as u16);
    (tss[17], tss[18], tss[19], tss[20]) = (KDATA, KCODE16, KDATA16, KDATA);
    tss
}

/// From RESET to the kernel, in the ROM's own place at the end of the first megabyte.
pub(crate) fn start(kernel: Kernel, low: &mut Region) -> Result<Vec<u8>, IcedError> {
    let piece = assemble(16, START & 0xFFFF, low, &|t: &mut Code| {
        let (resume, protected, gdt, pointer) = (t.spot(), t.spot(), t.spot(), t.spot());
        // Shutdown codes 05h and 0Ah: on through 40:67h [AT, "Shutdown Status Byte"].
        let (to_resume, at_pointer, at_gdt) = (t.label(resume), t.addr(pointer), t.addr(gdt));
        code!(t;
            cli(); cld();
            mov(al, 0x8F); out(0x70, al); in_(al, 0x71);
            cmp(al, 0x05); je(to_resume); cmp(al, 0x0A); je(to_resume))?;
        let at_protected = t.addr(protected);
        code!(t;
            db(&[0x2E, 0x66, 0x0F, 0x01, 0x16]); dw(&[at_pointer as u16]);
            mov(eax, cr0); or(al, 1); mov(cr0, eax);
            db(&[0x66, 0xEA]); dd(&[0xF_0000 + at_protected]); dw(&[KCODE]))?;
        t.place(resume)?;
        code!(t;
            mov(al, 0x8F); out(0x70, al); mov(al, 0); out(0x71, al);
            xor(ax, ax); mov(ds, ax);
            db(&[0xFF, 0x2E, 0x67, 0x04]))?;
        t.place(protected)?;
        // 32-bit from here: MOV DS..SS,10h; copy; jump.
        t.db(&[0xB8])?;
        t.dd(&[u32::from(KDATA)])?;
        t.db(&[0x8E, 0xD8, 0x8E, 0xC0, 0x8E, 0xD0, 0xBE])?;
        t.dd(&[0u32.wrapping_sub(ROM_SIZE as u32)])?;
        t.db(&[0xBF])?;
        t.dd(&[CODE])?;
        t.db(&[0xB9])?;
        t.dd(&[ROM_SIZE as u32 / 4])?;
        t.db(&[0xF3, 0xA5, 0xB8])?;
        t.dd(&[kernel.main])?;
        t.db(&[0xFF, 0xE0])?;
        t.place(gdt)?;
        for descriptor in &INITIAL_GDT[..3] {
            t.db(&descriptor.to_le_bytes())?;
        }
        t.place(pointer)?;
        t.dw(&[0x17])?;
        t.dd(&[0xF_0000 + at_gdt])
    })?;
    Ok(piece.bytes)
}

fn kernel(t: &mut Code) -> Asm {
    let r = Routines {
        main: t.spot(),
        next_case: t.spot(),
        show: t.spot(),
        go_on: t.spot(),
        say: t.spot(),
        plain: t.spot(),
        with_rf: t.spot(),
        without_tf: t.spot(),
        stubs: t.spot(),
        known_state: t.spot(),
        run_case: t.spot(),
        common: t.spot(),
        print: t.spot(),
        hex: t.spot(),
    };
    page_tables(t)?;
    main_and_cases(t, &r)?;
    known_state(t, &r)?;
    printing(t, &r)?;
    handler(t, &r)?;
    resuming(t, &r)?;
    stubs(t, &r)
}

/// What cases with paging call, at the kernel's first byte: a directory at [`PAGES`] that maps 4 MiB to themselves for
/// everybody, and an empty table behind them.
fn page_tables(t: &mut Code) -> Asm {
    code!(t; mov(edi, PAGES); xor(eax, eax); mov(ecx, 0xC000 / 4))?;
    t.rep().stosd()?;
    code!(t; mov(dword_ptr(PAGES), (PAGES + 0x1000) | 7); mov(dword_ptr(PAGES + 4), (PAGES + 0x2000) | 7);
        mov(edi, PAGES + 0x1000); mov(eax, 7); mov(ecx, 1024))?;
    let next = t.here()?;
    let again = t.label(next);
    code!(t; stosd(); add(eax, 0x1000); loop_(again); xor(eax, eax); xor(edi, edi); ret())
}

/// The kernel's own places; the first nine are known outside.
struct Routines {
    main: super::asm::Spot,
    next_case: super::asm::Spot,
    show: super::asm::Spot,
    go_on: super::asm::Spot,
    say: super::asm::Spot,
    plain: super::asm::Spot,
    with_rf: super::asm::Spot,
    without_tf: super::asm::Spot,
    stubs: super::asm::Spot,
    known_state: super::asm::Spot,
    run_case: super::asm::Spot,
    common: super::asm::Spot,
    print: super::asm::Spot,
    hex: super::asm::Spot,
}

fn text(t: &mut Code, say: CodeLabel, text: &str) -> Asm {
    t.call(say)?;
    t.db(text.as_bytes())?;
    t.db(&[0])
}

fn main_and_cases(t: &mut Code, r: &Routines) -> Asm {
    let (say, known_state, run_case) = (t.label(r.say), t.label(r.known_state), t.label(r.run_case));
    let (cold, no_cpuid, done, name) = (t.spot(), t.spot(), t.spot(), t.label(r.print));
    let (to_cold, to_no_cpuid, to_done, go_on) =
        (t.label(cold), t.label(no_cpuid), t.label(done), t.label(r.go_on));
    t.place(r.main)?;
    code!(t;
        mov(esp, STACK);
        mov(al, 0xFF); out(0x21, al); out(0xA1, al);
        in_(al, 0x92); or(al, 2); and(al, 0xFE); out(0x92, al);
        cmp(dword_ptr(vars::MAGIC), vars::RUNNING); jne(to_cold))?;
    // A reset in the middle of a case.
    text(t, say, " reset")?;
    code!(t; jmp(go_on))?;
    t.place(cold)?;
    code!(t;
        mov(dword_ptr(vars::MAGIC), vars::RUNNING);
        mov(dword_ptr(vars::INDEX), 0); mov(dword_ptr(vars::HAS_CR4), 0); mov(dword_ptr(vars::FEATURES), 0);
        pushfd(); pop(eax); mov(ecx, eax); xor(eax, 0x20_0000); push(eax); popfd(); pushfd(); pop(eax);
        xor(eax, ecx); test(eax, 0x20_0000); jz(to_no_cpuid);
        mov(eax, 1); cpuid(); mov(dword_ptr(vars::FEATURES), edx);
        // VME, DE, PSE, TSC, PAE, MCE or PGE: there is a CR4.
        and(edx, 0x20DE); mov(dword_ptr(vars::HAS_CR4), edx))?;
    t.place(no_cpuid)?;
    t.jmp(run_case)?;
    t.place(r.next_case)?;
    text(t, say, "\n")?;
    t.inc(dword_ptr(vars::INDEX))?;
    t.place(r.run_case)?;
    code!(t;
        mov(ebx, dword_ptr(vars::INDEX)); shl(ebx, 4); add(ebx, CODE + TABLE);
        mov(esi, dword_ptr(ebx)); test(esi, esi); jz(to_done);
        mov(eax, dword_ptr(ebx + 8)); mov(dword_ptr(vars::AT), eax);
        mov(eax, dword_ptr(ebx + 12)); mov(dword_ptr(vars::CONT), eax);
        mov(ebx, dword_ptr(ebx + 4));
        call(name))?;
    text(t, say, ":")?;
    code!(t; mov(dword_ptr(vars::EVENTS), 0); mov(eax, dword_ptr(vars::HAS_CR4)); jmp(known_state))?;
    t.place(done)?;
    text(t, say, "end\n")?;
    end_of_run(t)
}

/// Tells the machine that it is over, in every machine's way.
fn end_of_run(t: &mut Code) -> Asm {
    t.mov(dword_ptr(vars::MAGIC), 0)?;
    t.mov(edx, 0x8900)?;
    for byte in b"Shutdown" {
        code!(t; mov(al, i32::from(*byte)); out(dx, al))?;
    }
    code!(t; mov(eax, 0x10); out(0xF4, eax); cli())?;
    let forever = t.here()?;
    let again = t.label(forever);
    code!(t; hlt(); jmp(again))
}

/// Paging off, tables as they were assembled, all registers known; then to EBX.
fn known_state(t: &mut Code, r: &Routines) -> Asm {
    let (no_cr4, gdtr, idtr) = (t.spot(), t.spot(), t.spot());
    let (to_no_cr4, gdtr_at, idtr_at) = (t.label(no_cr4), t.addr(gdtr), t.addr(idtr));
    t.place(r.known_state)?;
    code!(t;
        mov(eax, 0x11); mov(cr0, eax); xor(eax, eax); mov(cr3, eax);
        cmp(dword_ptr(vars::HAS_CR4), 0); je(to_no_cr4); mov(cr4, eax))?;
    t.place(no_cr4)?;
    let zeros = [(LDT, 0x80), (vars::RESUME, 0x400), (vars::LAST, 0x100), (TSS_A, 0x1000), (DATA, 0x1000)];
    for (at, bytes) in zeros {
        code!(t; mov(edi, at); mov(ecx, bytes / 4); xor(eax, eax))?;
        t.rep().stosd()?;
    }
    let copies = [
        (INITIAL, GDT, u32::from(GDT_LIMIT) + 1),
        (INITIAL + u32::from(GDT_LIMIT) + 1, IDT, 0x800),
        (TSS_IMAGE, TSS, TSS_LIMIT + 1),
        (TSS_IMAGE + 0x68, TSS_A, 0x68),
        (TSS_IMAGE + 0xD0, TSS_B, 0x2C),
        (TSS_IMAGE + 0xFC, TSS_D, 0x68),
    ];
    for (from, to, bytes) in copies {
        code!(t; mov(esi, CODE + from); mov(edi, to); mov(ecx, bytes / 4))?;
        t.rep().movsd()?;
    }
    code!(t;
        lgdt(ptr(gdtr_at)); lidt(ptr(idtr_at)); xor(eax, eax); lldt(ax);
        mov(eax, u32::from(KTSS)); ltr(ax);
        mov(eax, u32::from(KDATA)); mov(ds, ax); mov(es, ax); mov(fs, ax); mov(gs, ax); mov(ss, ax);
        mov(esp, STACK); push(2); popfd();
        xor(eax, eax); mov(dr6, eax); mov(dr7, eax);
        mov(ecx, eax); mov(edx, eax); mov(esi, eax); mov(edi, eax); mov(ebp, eax);
        jmp(ebx))?;
    t.place(gdtr)?;
    code!(t; dw(&[GDT_LIMIT]); dd(&[GDT]))?;
    t.place(idtr)?;
    code!(t; dw(&[0x7FF]); dd(&[IDT]))?;
    // The end of a case's last event: registers as the continuation wants them.
    t.place(r.go_on)?;
    code!(t;
        xor(eax, eax); mov(dr7, eax);
        mov(eax, u32::from(KDATA)); mov(ds, ax); mov(es, ax); mov(ss, ax); mov(esp, LAST_STACK); push(2); popfd();
        jmp(dword_ptr(vars::CONT)))
}

fn printing(t: &mut Code, r: &Routines) -> Asm {
    let (print, hex) = (t.label(r.print), t.label(r.hex));
    // print: the string at ESI; ESI behind it.
    let (next, out_of) = (t.spot(), t.spot());
    let (to_next, to_out) = (t.label(next), t.label(out_of));
    t.place(r.print)?;
    t.cld()?;
    t.place(next)?;
    code!(t; lodsb(); test(al, al); jz(to_out); out(CONSOLE, al); jmp(to_next))?;
    t.place(out_of)?;
    t.ret()?;
    // say: the string behind the call.
    t.place(r.say)?;
    code!(t; pop(esi); call(print); jmp(esi))?;
    // hex: the low CL nibbles of EAX.
    let (digit, decimal) = (t.spot(), t.spot());
    let (to_digit, to_decimal) = (t.label(digit), t.label(decimal));
    t.place(r.hex)?;
    code!(t; mov(edx, eax); movzx(ecx, cl); mov(ch, cl); shl(cl, 2); ror(edx, cl); mov(cl, ch); movzx(ecx, cl))?;
    t.place(digit)?;
    code!(t; rol(edx, 4); mov(al, dl); and(al, 15); add(al, i32::from(b'0')); cmp(al, 0x3A); jb(to_decimal);
        add(al, 0x27))?;
    t.place(decimal)?;
    code!(t; out(CONSOLE, al); dec(ecx); jnz(to_digit); ret())?;
    // show: width, address, mask, name behind the call.
    let unmasked = t.spot();
    let to_unmasked = t.label(unmasked);
    t.place(r.show)?;
    code!(t;
        pop(esi); mov(bl, byte_ptr(esi)); mov(edi, dword_ptr(esi + 1)); add(esi, 5);
        mov(ebp, u32::MAX); test(bl, 0x80); jz(to_unmasked); mov(ebp, dword_ptr(esi)); add(esi, 4))?;
    t.place(unmasked)?;
    code!(t;
        mov(al, i32::from(b' ')); out(CONSOLE, al); call(print);
        mov(al, i32::from(b'=')); out(CONSOLE, al);
        mov(eax, dword_ptr(edi)); and(eax, ebp); mov(cl, bl); and(cl, 7); shl(cl, 1); call(hex); jmp(esi))
}

/// What the vectors are called [SDM 3A, "Exception and Interrupt Vectors"]; 4 bytes each.
const NAMES: &[u8; 80] =
    b"#DE\0#DB\0NMI\0#BP\0#OF\0#BR\0#UD\0#NM\0#DF\0CSO\0#TS\0#NP\0#SS\0#GP\0#PF\0#15\0#MF\0#AC\0#MC\0#XM\0";

fn handler(t: &mut Code, r: &Routines) -> Asm {
    let (outer, stop, names) = (t.spot(), t.spot(), t.spot());
    let (to_outer, to_stop, go_on, names_at) =
        (t.label(outer), t.label(stop), t.label(r.go_on), t.addr(names));
    t.place(names)?;
    t.db(NAMES)?;
    t.place(r.common)?;
    let frame = last::FRAME;
    code!(t;
        pushad(); push(ds); push(es); push(fs); push(gs); cld();
        mov(eax, u32::from(KDATA)); mov(ds, ax); mov(es, ax);
        mov(ebp, esp); mov(esi, esp); mov(edi, vars::LAST); mov(ecx, frame))?;
    t.rep().movsd()?;
    code!(t;
        lea(eax, ptr(ebp + last::ESP)); mov(dword_ptr(vars::LAST + last::HANDLER_ESP), eax);
        mov(eax, ss); mov(dword_ptr(vars::LAST + last::HANDLER_SS), eax);
        test(byte_ptr(ebp + last::CS), 3); jnz(to_outer);
        test(dword_ptr(ebp + last::EFLAGS), 0x2_0000); jnz(to_outer);
        lea(eax, ptr(ebp + last::ESP)); mov(dword_ptr(vars::LAST + last::ESP), eax);
        mov(eax, ss); mov(dword_ptr(vars::LAST + last::SS), eax))?;
    t.place(outer)?;
    code!(t;
        mov(eax, cr2); mov(dword_ptr(vars::LAST + last::CR2), eax);
        mov(eax, cr0); mov(dword_ptr(vars::LAST + last::CR0), eax);
        mov(eax, cr3); mov(dword_ptr(vars::LAST + last::CR3), eax);
        mov(eax, dr7); mov(dword_ptr(vars::LAST + last::DR7), eax);
        mov(eax, dr6); mov(dword_ptr(vars::LAST + last::DR6), eax); xor(eax, eax); mov(dr6, eax);
        str(eax); mov(dword_ptr(vars::LAST + last::TR), eax);
        sldt(eax); mov(dword_ptr(vars::LAST + last::LDTR), eax))?;
    tell_event(t, r, names_at)?;
    code!(t;
        inc(dword_ptr(vars::EVENTS)); cmp(dword_ptr(vars::EVENTS), MOST_EVENTS); ja(to_stop);
        mov(eax, dword_ptr(ebp + last::VECTOR)); mov(eax, dword_ptr(eax * 4 + vars::RESUME));
        test(eax, eax); jz(to_stop); call(eax);
        pop(gs); pop(fs); pop(es); pop(ds); popad(); add(esp, 8); iretd())?;
    t.place(stop)?;
    t.jmp(go_on)
}

/// `#GP(0010) ip+0 cs=001b`, and what belongs to some vectors.
fn tell_event(t: &mut Code, r: &Routines, names_at: u32) -> Asm {
    let (say, print, hex) = (t.label(r.say), t.label(r.print), t.label(r.hex));
    let [other, plain, named, behind, not_debug, not_page, nearby, kernel_code, not_v86, where_] =
        std::array::from_fn(|_| t.spot());
    let [
        to_other,
        to_plain,
        to_named,
        to_behind,
        to_not_debug,
        to_not_page,
        to_nearby,
        to_kernel,
        to_not_v86,
        to_where,
    ] = [other, plain, named, behind, not_debug, not_page, nearby, kernel_code, not_v86, where_]
        .map(|s| t.label(s));
    let field = |offset: u32| dword_ptr(vars::LAST + offset);
    text(t, say, " ")?;
    code!(t; mov(ebx, field(last::VECTOR)); cmp(ebx, OK); jne(to_other))?;
    text(t, say, "ok")?;
    t.jmp(to_behind)?;
    t.place(other)?;
    code!(t; cmp(ebx, 20); jb(to_named))?;
    text(t, say, "int")?;
    code!(t; mov(eax, ebx); mov(cl, 2); call(hex); jmp(to_where))?;
    t.place(named)?;
    code!(t; lea(esi, ptr(ebx * 4 + names_at)); call(print);
        mov(eax, 0x2_7D00); bt(eax, ebx); jnc(to_plain))?;
    text(t, say, "(")?;
    code!(t; mov(eax, field(last::ERROR)); mov(cl, 4); call(hex))?;
    text(t, say, ")")?;
    t.place(plain)?;
    t.zero_bytes()?;
    t.place(where_)?;
    text(t, say, " ip")?;
    code!(t; mov(eax, field(last::EIP)); sub(eax, dword_ptr(vars::AT)); mov(edx, eax); sar(edx, 8); jz(to_nearby))?;
    text(t, say, "=")?;
    code!(t; mov(eax, field(last::EIP)); mov(cl, 8); call(hex); jmp(to_behind))?;
    t.place(nearby)?;
    text(t, say, "+")?;
    code!(t; mov(eax, field(last::EIP)); sub(eax, dword_ptr(vars::AT)); mov(cl, 2); call(hex))?;
    t.place(behind)?;
    code!(t; cmp(word_ptr(vars::LAST + last::CS), i32::from(KCODE)); je(to_kernel))?;
    text(t, say, " cs=")?;
    code!(t; mov(eax, field(last::CS)); mov(cl, 4); call(hex))?;
    t.place(kernel_code)?;
    code!(t; test(field(last::EFLAGS), 0x2_0000); jz(to_not_v86))?;
    text(t, say, " v86")?;
    t.place(not_v86)?;
    code!(t; cmp(ebx, 1); jne(to_not_debug))?;
    text(t, say, " dr6=")?;
    code!(t; mov(eax, field(last::DR6)); and(eax, 0xE00F); mov(cl, 4); call(hex))?;
    t.place(not_debug)?;
    code!(t; cmp(ebx, 14); jne(to_not_page))?;
    text(t, say, " cr2=")?;
    code!(t; mov(eax, field(last::CR2)); mov(cl, 8); call(hex))?;
    t.place(not_page)?;
    t.zero_bytes()
}

/// What resuming handlers may call: EBP is the frame.
fn resuming(t: &mut Code, r: &Routines) -> Asm {
    t.place(r.plain)?;
    t.ret()?;
    t.place(r.with_rf)?;
    code!(t; or(dword_ptr(ebp + last::EFLAGS), 0x1_0000); ret())?;
    t.place(r.without_tf)?;
    code!(t; and(dword_ptr(ebp + last::EFLAGS), !0x100i32); ret())
}

fn stubs(t: &mut Code, r: &Routines) -> Asm {
    t.place(r.stubs)?;
    let (stubs, common) = (t.addr(r.stubs), t.addr(r.common));
    for vector in 0..=255u8 {
        let mut bytes = if has_error_code(vector) { vec![] } else { vec![0x6A, 0x00] };
        bytes.push(0x68);
        bytes.extend(u32::from(vector).to_le_bytes());
        bytes.push(0xE9);
        let next = stubs.wrapping_add(u32::from(vector) * STUB + bytes.len() as u32 + 4);
        bytes.extend(common.wrapping_sub(next).to_le_bytes());
        bytes.resize(STUB as usize, 0x90);
        t.db(&bytes)?;
    }
    Ok(())
}
