//! The guest-visible state of a processor: plain data, saved and hashed.

use crate::fault::Fault;
use crate::flags::{Flags, bit};
use crate::fpu::Fpu;
use crate::model::{Generation, Model};
use crate::msr::Msrs;
use crate::regs::Regs;
use crate::segment::{SegReg, Segment};
use ringzero_float::Mxcsr;
use serde::{Deserialize, Serialize};

/// Bits of CR0 [SDM 3A, "Control Registers"].
#[expect(missing_docs, reason = "the names are the manual's")]
pub mod cr0 {
    pub const PE: u32 = 1 << 0;
    pub const MP: u32 = 1 << 1;
    pub const EM: u32 = 1 << 2;
    pub const TS: u32 = 1 << 3;
    pub const ET: u32 = 1 << 4;
    pub const NE: u32 = 1 << 5;
    pub const WP: u32 = 1 << 16;
    pub const AM: u32 = 1 << 18;
    pub const NW: u32 = 1 << 29;
    pub const CD: u32 = 1 << 30;
    pub const PG: u32 = 1 << 31;
    /// Those an 80386 has.
    pub const OF_80386: u32 = PE | MP | EM | TS | ET | PG;
    /// Those an 80486 has.
    pub const OF_80486: u32 = PE | MP | EM | TS | ET | NE | WP | AM | NW | CD | PG;
}

/// Bits of CR4 [SDM 3A, "Control Registers"].
#[expect(missing_docs, reason = "the names are the manual's")]
pub mod cr4 {
    pub const VME: u32 = 1 << 0;
    pub const PVI: u32 = 1 << 1;
    pub const TSD: u32 = 1 << 2;
    pub const DE: u32 = 1 << 3;
    pub const PSE: u32 = 1 << 4;
    pub const PAE: u32 = 1 << 5;
    pub const MCE: u32 = 1 << 6;
    pub const PGE: u32 = 1 << 7;
    pub const PCE: u32 = 1 << 8;
    pub const OSFXSR: u32 = 1 << 9;
    pub const OSXMMEXCPT: u32 = 1 << 10;
}

/// GDTR or IDTR.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TableRegister {
    /// Linear address of the table.
    pub base: u64,
    /// Offset of its last byte.
    pub limit: u16,
}

/// What is to be delivered before the next instruction.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Event {
    /// An exception; IP already points where it must.
    Fault(Fault),
}

/// What the last instruction holds back for one more [SDM 3A, "Masking Exceptions and Interrupts When Switching Stacks"].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Shadow {
    /// Nothing.
    #[default]
    None,
    /// Interrupts: it was STI.
    Sti,
    /// Interrupts, debug traps, and breakpoints on the next instruction: it was MOV SS or POP SS.
    StackLoad,
}

/// Whether the processor fetches instructions.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Activity {
    /// It does.
    #[default]
    Running,
    /// After HLT: until an interrupt.
    Halted,
    /// After a triple fault: until RESET.
    Shutdown,
}

/// Registers and everything else an instruction can leave behind.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CpuState {
    /// General registers.
    pub regs: Regs,
    /// Offset of the next instruction in CS.
    pub ip: u64,
    /// EFLAGS.
    pub flags: Flags,
    /// ES, CS, SS, DS, FS, GS.
    pub segments: [Segment; 6],
    /// Current privilege level, 0 to 3; 0 in real mode, 3 in virtual-8086 mode.
    pub cpl: u8,
    /// CR0; its low half is the MSW of the 80286.
    pub cr0: u32,
    /// CR2, the linear address of the last page fault.
    pub cr2: u64,
    /// CR3, the page directory.
    pub cr3: u64,
    /// CR4.
    pub cr4: u32,
    /// The page-directory pointers that PAE paging read when CR3 was loaded.
    pub pdpte: [u64; 4],
    /// Model-specific registers.
    pub msrs: Msrs,
    /// The x87, whose registers MMX uses too.
    pub fpu: Fpu,
    /// XMM0 to XMM7.
    pub xmm: [u128; 8],
    /// MXCSR.
    pub mxcsr: u32,
    /// DR0 to DR7.
    pub dr: [u64; 8],
    /// TR3 to TR7 of the 80386 and 80486 in their places, stored and not acted on.
    pub test_registers: [u32; 8],
    /// GDTR.
    pub gdtr: TableRegister,
    /// IDTR.
    pub idtr: TableRegister,
    /// LDTR.
    pub ldtr: Segment,
    /// TR.
    pub tr: Segment,
    /// In system management mode.
    pub in_smm: bool,
    /// An SMI waits to be taken.
    pub smi_pending: bool,
    /// INIT waits to be taken.
    pub init_pending: bool,
    /// An NMI waits to be taken.
    pub nmi_pending: bool,
    /// NMIs wait for an IRET.
    pub nmi_blocked: bool,
    /// The same outside system management mode, while in it.
    pub nmi_blocked_outside: bool,
    /// Where the state save map and the handler of system management mode lie.
    pub smbase: u32,
    /// Running, halted or shut down.
    pub activity: Activity,
    /// What waits for one more instruction.
    pub interrupt_shadow: Shadow,
    /// Bits of DR6 for breakpoints that the last instruction hit: a trap that is still to come.
    pub breakpoint_hits: u64,
    /// An exception to deliver.
    pub pending: Option<Event>,
    /// Instructions begun since power-on.
    pub count: u64,
}

impl CpuState {
    /// The state after RESET [SDM 3A, "Processor State After Reset"].
    pub fn reset(model: &Model, count: u64) -> Self {
        let mut segments = [Segment::real(0); 6];
        let mut cs = Segment::real(0xF000);
        let mut ip = 0xFFF0;
        match model.generation {
            Generation::I8086 | Generation::I80186 => {
                cs = Segment::real(0xFFFF);
                ip = 0;
            }
            // The address lines above 19 are high until the first far transfer.
            Generation::I80286 => cs.base = 0xFF_0000,
            _ => cs.base = 0xFFFF_0000,
        }
        segments[SegReg::Cs as usize] = cs;
        let mut regs = Regs::default();
        regs.set_number(2, u64::from(model.reset_dx));
        Self {
            regs,
            ip,
            flags: Flags::from_bits(model.flags_ones),
            segments,
            cpl: 0,
            cr0: match model.generation {
                Generation::I80286 => 0xFFF0,
                generation if generation >= Generation::I80486 => cr0::CD | cr0::NW | cr0::ET,
                _ => 0,
            },
            cr2: 0,
            cr3: 0,
            cr4: 0,
            pdpte: [0; 4],
            msrs: Msrs::reset(model),
            fpu: Fpu::RESET,
            xmm: [0; 8],
            mxcsr: Mxcsr::INITIAL.0,
            dr: [0, 0, 0, 0, 0, 0, 0xFFFF_0FF0, 0x400],
            test_registers: [0; 8],
            gdtr: TableRegister { base: 0, limit: 0xFFFF },
            idtr: TableRegister { base: 0, limit: 0x3FF },
            ldtr: Segment { limit: 0xFFFF, ..Segment::default() },
            tr: Segment { limit: 0xFFFF, ..Segment::default() },
            in_smm: false,
            smi_pending: false,
            init_pending: false,
            nmi_pending: false,
            nmi_blocked: false,
            nmi_blocked_outside: false,
            smbase: 0x3_0000,
            activity: Activity::Running,
            interrupt_shadow: Shadow::None,
            breakpoint_hits: 0,
            pending: None,
            count,
        }
    }

    /// A segment register.
    #[inline(always)]
    pub fn seg(&self, reg: SegReg) -> &Segment {
        &self.segments[reg as usize]
    }

    /// CR0.PE: protected mode, segment registers hold selectors.
    pub fn protected(&self) -> bool {
        self.cr0 & cr0::PE != 0
    }

    /// EFLAGS.VM in protected mode: virtual-8086 mode.
    pub fn v86(&self) -> bool {
        self.flags.control(bit::VM) && self.protected()
    }

    /// The I/O privilege level.
    pub fn iopl(&self) -> u8 {
        (self.flags.control_bits(bit::IOPL) >> 12) as u8
    }
}
