//! Where everything lies: memory, selectors, descriptors.

/// Bytes of the ROM; it ends at 4 GiB and, again, at 1 MiB.
pub const ROM_SIZE: usize = 128 << 10;
/// Linear address in RAM to which the ROM copies itself.
pub const CODE: u32 = 0x2_0000;
/// The same as a real-mode segment.
pub const CODE_SEGMENT: u16 = (CODE >> 4) as u16;

/// Offset of 16-bit fragments in the ROM and in [`CODE`]; not near 0, so that immediates have one size.
pub(crate) const LOW: u32 = 0x100;
/// Offset of the table of cases: name, entry, label, continuation of each.
pub(crate) const TABLE: u32 = 0x2000;
/// Offset of the initial descriptor tables.
pub(crate) const INITIAL: u32 = 0x6000;
/// Offset of the kernel; the cases follow it.
pub(crate) const KERNEL: u32 = 0x7000;
/// Offset of the code that RESET starts.
pub(crate) const START: u32 = 0x1_FF00;

/// Cases the table has room for.
pub(crate) const MOST_CASES: usize = ((INITIAL - TABLE) / 16) as usize - 1;

/// The kernel's variables.
pub mod vars {
    /// Label of the present case: saved instruction pointers are shown as distances from it.
    pub const AT: u32 = 0x604;
    /// Where the present case goes on after its last event.
    pub const CONT: u32 = 0x608;
    /// Number of the present case.
    pub const INDEX: u32 = 0x60C;
    /// [`RUNNING`] while cases run.
    pub const MAGIC: u32 = 0x610;
    /// The value of [`MAGIC`].
    pub const RUNNING: u32 = 0x4D52_5A52;
    /// Not zero when the processor has CR4.
    pub const HAS_CR4: u32 = 0x614;
    /// A word that cases may use.
    pub const NOTE: u32 = 0x618;
    /// CPUID's feature bits (function 1, EDX), 0 without CPUID.
    pub const FEATURES: u32 = 0x61C;
    /// Events of the present case; too many of them end it.
    pub const EVENTS: u32 = 0x620;
    /// Per vector, 0 or the address of a routine after which the handler resumes the program by IRET.
    pub const RESUME: u32 = 0x700;
    /// The last event: see [`super::last`].
    pub const LAST: u32 = 0xC00;
}

/// What is kept of the last event, as offsets from [`vars::LAST`].
#[expect(missing_docs, reason = "registers")]
pub mod last {
    pub const GS: u32 = 0;
    pub const FS: u32 = 4;
    pub const ES: u32 = 8;
    pub const DS: u32 = 12;
    pub const EDI: u32 = 16;
    pub const ESI: u32 = 20;
    pub const EBP: u32 = 24;
    pub const EBX: u32 = 32;
    pub const EDX: u32 = 36;
    pub const ECX: u32 = 40;
    pub const EAX: u32 = 44;
    pub const VECTOR: u32 = 48;
    pub const ERROR: u32 = 52;
    pub const EIP: u32 = 56;
    pub const CS: u32 = 60;
    pub const EFLAGS: u32 = 64;
    pub const ESP: u32 = 68;
    pub const SS: u32 = 72;
    /// ES, DS, FS, GS that an interrupt out of V86 mode pushed.
    pub const V86_ES: u32 = 76;
    pub const V86_DS: u32 = 80;
    pub const V86_FS: u32 = 84;
    pub const V86_GS: u32 = 88;
    /// Double words copied from the stack.
    pub const FRAME: u32 = 23;
    pub const CR2: u32 = 96;
    pub const DR6: u32 = 100;
    pub const TR: u32 = 104;
    pub const LDTR: u32 = 108;
    pub const CR0: u32 = 112;
    pub const CR3: u32 = 116;
    pub const DR7: u32 = 120;
    /// ESP and SS inside the handler.
    pub const HANDLER_ESP: u32 = 124;
    pub const HANDLER_SS: u32 = 128;
}

/// Linear address of the IDT; 256 gates.
pub const IDT: u32 = 0x1000;
/// Linear address of the GDT.
pub const GDT: u32 = 0x2000;
/// Its limit.
pub const GDT_LIMIT: u16 = 0x1FF;
/// Linear address of the LDT.
pub const LDT: u32 = 0x2800;
/// Its limit.
pub const LDT_LIMIT: u16 = 0x7F;
/// Linear address of the first TSS.
pub const TSS: u32 = 0x3000;
/// Its limit: no I/O permission bitmap.
pub const TSS_LIMIT: u32 = 0x67;
/// Linear addresses of further TSSs, for cases.
pub const TSS_A: u32 = 0x3400;
/// The second of them.
pub const TSS_B: u32 = 0x3800;
/// The TSS of a task that handles exceptions.
pub const TSS_D: u32 = 0x3C00;

/// Top of the kernel's stack, on which cases start.
pub const STACK: u32 = 0x9000;
/// Top of the stack on which a case's end is told.
pub const LAST_STACK: u32 = 0xF000;
/// Tops of the stacks that the TSS names for levels 0, 1 and 2.
pub const STACKS: [u32; 3] = [0xA000, 0xB000, 0xC000];
/// Top of the stack of level 3.
pub const STACK3: u32 = 0xD000;
/// Stack segment of V86 code; SP starts at 1000h.
pub const V86_STACK: u16 = 0x0D00;
/// Top of the stack of the tasks in [`TSS_A`] and [`TSS_B`].
pub const TASK_STACK: u32 = 0x8000;
/// Top of the stack of the task in [`TSS_D`]: three words lie above it.
pub const HANDLER_STACK: u32 = 0x7FF0;
/// Page tables of cases with paging.
pub const PAGES: u32 = 0x1_0000;
/// 4 KiB of zeros at the start of each case, for data segments.
pub const DATA: u32 = 0x5_0000;

/// Flat code, level 0: cases begin here.
pub const KCODE: u16 = 0x08;
/// Flat data, level 0.
pub const KDATA: u16 = 0x10;
/// Flat code, level 3.
pub const UCODE: u16 = 0x1B;
/// Flat data, level 3.
pub const UDATA: u16 = 0x23;
/// 16-bit code at [`CODE`], level 0.
pub const KCODE16: u16 = 0x28;
/// 16-bit data at 0, level 0, 64 KiB.
pub const KDATA16: u16 = 0x30;
/// 16-bit code at [`CODE`], level 3.
pub const UCODE16: u16 = 0x3B;
/// 16-bit data at 0, level 3, 64 KiB.
pub const UDATA16: u16 = 0x43;
/// Flat code, level 1.
pub const CODE1: u16 = 0x49;
/// Flat data, level 1.
pub const DATA1: u16 = 0x51;
/// Flat code, level 2.
pub const CODE2: u16 = 0x5A;
/// Flat data, level 2.
pub const DATA2: u16 = 0x62;
/// The TSS in use.
pub const KTSS: u16 = 0x68;
/// The LDT; cases load it where they need it.
pub const KLDT: u16 = 0x70;
/// Slots of the GDT that are empty at the start of each case.
pub const A: u16 = 0x100;
/// See [`A`].
pub const B: u16 = 0x108;
/// See [`A`].
pub const C: u16 = 0x110;
/// See [`A`].
pub const D: u16 = 0x118;
/// A selector beyond the GDT's limit.
pub const BEYOND: u16 = 0x200;
/// The first slot of the LDT as a selector.
pub const L: u16 = 0x04;

/// The access byte of a descriptor [SDM 3A, "Segment Descriptors"].
#[expect(missing_docs, reason = "the names are the manual's")]
pub mod kind {
    pub const P: u8 = 0x80;
    /// Data: read-only, not accessed, present.
    pub const RO: u8 = 0x90;
    pub const RW: u8 = 0x92;
    /// Expand-down.
    pub const RO_DOWN: u8 = 0x94;
    pub const RW_DOWN: u8 = 0x96;
    /// Code: execute-only.
    pub const XO: u8 = 0x98;
    pub const XR: u8 = 0x9A;
    /// Conforming.
    pub const XO_CONFORMING: u8 = 0x9C;
    pub const XR_CONFORMING: u8 = 0x9E;
    pub const TSS16: u8 = 0x81;
    pub const LDT: u8 = 0x82;
    pub const TSS16_BUSY: u8 = 0x83;
    pub const CALL16: u8 = 0x84;
    pub const TASK: u8 = 0x85;
    pub const INT16: u8 = 0x86;
    pub const TRAP16: u8 = 0x87;
    pub const TSS32: u8 = 0x89;
    pub const TSS32_BUSY: u8 = 0x8B;
    pub const CALL32: u8 = 0x8C;
    pub const INT32: u8 = 0x8E;
    pub const TRAP32: u8 = 0x8F;
    pub const DPL1: u8 = 0x20;
    pub const DPL2: u8 = 0x40;
    pub const DPL3: u8 = 0x60;
    pub const ACCESSED: u8 = 0x01;
}

/// G, D/B and AVL of a descriptor.
pub mod size {
    /// 16-bit, limit in bytes.
    pub const S16: u8 = 0x0;
    /// D/B: 32-bit, limit in bytes.
    pub const S32: u8 = 0x4;
    /// G: 16-bit, limit in pages.
    pub const S16_PAGES: u8 = 0x8;
    /// D/B and G.
    pub const S32_PAGES: u8 = 0xC;
}

/// A segment, TSS or LDT descriptor: `limit` is the 20-bit field, `flags` one of [`size`].
pub const fn segment(base: u32, limit: u32, access: u8, flags: u8) -> u64 {
    let low = (limit & 0xFFFF) | (base << 16);
    let high = (base >> 16 & 0xFF)
        | (access as u32) << 8
        | (limit & 0xF_0000)
        | (flags as u32) << 20
        | (base & 0xFF00_0000);
    (high as u64) << 32 | low as u64
}

/// A flat segment.
pub const fn flat(access: u8) -> u64 {
    segment(0, 0xF_FFFF, access, size::S32_PAGES)
}

/// A gate [SDM 3A, "Call Gates", "IDT Descriptors"].
pub const fn gate(selector: u16, offset: u32, access: u8, parameters: u8) -> u64 {
    let low = (offset & 0xFFFF) | (selector as u32) << 16;
    let high = (offset & 0xFFFF_0000) | (access as u32) << 8 | parameters as u32;
    (high as u64) << 32 | low as u64
}

/// The GDT's first descriptors, by index.
pub(crate) const INITIAL_GDT: [u64; 15] = {
    use kind::*;
    [
        0,
        flat(XR | ACCESSED),
        flat(RW | ACCESSED),
        flat(XR | DPL3 | ACCESSED),
        flat(RW | DPL3 | ACCESSED),
        segment(CODE, 0xFFFF, XR | ACCESSED, size::S16),
        segment(0, 0xFFFF, RW | ACCESSED, size::S16),
        segment(CODE, 0xFFFF, XR | DPL3 | ACCESSED, size::S16),
        segment(0, 0xFFFF, RW | DPL3 | ACCESSED, size::S16),
        flat(XR | DPL1 | ACCESSED),
        flat(RW | DPL1 | ACCESSED),
        flat(XR | DPL2 | ACCESSED),
        flat(RW | DPL2 | ACCESSED),
        segment(TSS, TSS_LIMIT, TSS32, size::S16),
        segment(super::layout::LDT, LDT_LIMIT as u32, kind::LDT, size::S16),
    ]
};
