//! Compact operations: what an instruction is lowered to, once, and how they lie in a block.
//!
//! A block is a run of 24-byte slots: a [`Prefix`], a [`Head`], one [`Op`] per instruction, a [`Links`] slot behind the
//! last operation, and the offsets of the instructions (`u16` each, one more than there are instructions).

use super::dispatch::Flow;
use crate::cpu::Cpu;
use crate::regs::RegOffset;
use crate::segment::SegReg;

/// Executes an operation and everything behind it, until the block chain is left.
///
/// # Safety
/// The pointer is to an operation inside a block that `cpu` holds.
pub(crate) type Handler = unsafe fn(&mut Cpu, *const Op, i64) -> Flow;

/// Bytes of a slot.
const SLOT: usize = 24;

/// One lowered instruction.
#[derive(Clone, Copy)]
#[repr(C, align(8))]
pub(crate) struct Op {
    /// What executes it; may stand for this and the next operation together.
    pub(crate) run: Handler,
    /// Displacement, or the distance from the block's start to where control goes on: the target of a branch.
    pub(crate) disp: u32,
    /// Immediate, or the distance to the next instruction from the block's start.
    pub(crate) imm: u32,
    /// Destination register, a [`RegOffset`].
    pub(crate) dst: u8,
    /// Source register, a [`RegOffset`].
    pub(crate) src: u8,
    /// Base register, a [`RegOffset`], [`RegOffset::ZERO`] when there is none.
    pub(crate) base: u8,
    /// Index register, a [`RegOffset`], [`RegOffset::ZERO`] when there is none.
    pub(crate) index: u8,
    /// How the address is made.
    pub(crate) mem: MemInfo,
    /// Place in the block, from 1.
    pub(crate) number: u8,
    /// The instruction form, iced-x86's `Code`: with the fields above all that a compiler needs.
    pub(crate) kind: u16,
}

const _: () = assert!(size_of::<Op>() == SLOT);

/// Scale (bits 0-1), segment (2-4), address size (5-6: 16, 32, 64 bits), segment is flat (7).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct MemInfo(u8);

impl MemInfo {
    pub(crate) fn new(scale_log2: u8, seg: SegReg, address_bits: u32, flat: bool) -> Self {
        let size = match address_bits {
            16 => 0,
            32 => 1,
            _ => 2,
        };
        Self(scale_log2 & 3 | (seg as u8) << 2 | size << 5 | u8::from(flat) << 7)
    }
    #[inline(always)]
    pub(crate) fn scale_log2(self) -> u32 {
        u32::from(self.0 & 3)
    }
    #[inline(always)]
    pub(crate) fn seg(self) -> usize {
        usize::from(self.0 >> 2 & 7)
    }
    /// Addresses of 16 bits, which have no scale.
    #[inline(always)]
    pub(crate) fn has_short_addresses(self) -> bool {
        self.0 >> 5 & 3 == 0
    }
    /// Mask of an effective address.
    #[inline(always)]
    pub(crate) fn address_mask(self) -> u64 {
        match self.0 >> 5 & 3 {
            0 => 0xFFFF,
            1 => 0xFFFF_FFFF,
            _ => u64::MAX,
        }
    }
}

impl Op {
    /// An operation without operands.
    pub(crate) const fn bare(run: Handler) -> Self {
        let zero = RegOffset::ZERO.raw();
        Self {
            run,
            disp: 0,
            imm: 0,
            dst: zero,
            src: zero,
            base: zero,
            index: zero,
            mem: MemInfo(0),
            number: 0,
            kind: 0,
        }
    }

    /// The immediate, sign-extended.
    #[inline(always)]
    pub(crate) fn imm_sext(&self) -> u64 {
        self.imm as i32 as i64 as u64
    }
}

/// Before a block's head: what is rarely asked for.
#[derive(Clone, Copy)]
#[repr(C, align(8))]
pub(crate) struct Prefix {
    /// The handler of the first operation once more. A branch not taken goes on by this one: compilers make one jump of two that
    /// load the same word, and the host predicts two better.
    pub(crate) first: Handler,
    /// Where the block's first byte lies in memory, or [`Prefix::NOWHERE`].
    pub(crate) offset: u64,
}

const _: () = assert!(size_of::<Prefix>() <= SLOT);

impl Prefix {
    /// The offset of a block for one use, which nothing links to.
    pub(crate) const NOWHERE: u64 = u64::MAX;
}

/// The start of a block.
#[derive(Clone, Copy)]
#[repr(C, align(8))]
pub(crate) struct Head {
    /// The block may be entered while at least so many instructions are left: its length, or [`Head::CLOSED`].
    pub(crate) gate: i64,
    /// Instructions in the block.
    pub(crate) len: i64,
    /// Where each instruction begins, and where the last ends, relative to the block's start.
    pub(crate) offsets: *const u16,
}

const _: () = assert!(size_of::<Head>() == SLOT);

impl Head {
    /// No budget opens this gate: the block is unlinked or dropped.
    pub(crate) const CLOSED: i64 = i64::MAX;
}

/// Behind a block's last operation: where control goes next.
#[derive(Clone, Copy)]
#[repr(C)]
pub(crate) struct Links {
    /// When the branch is taken, or there is no branch.
    pub(crate) taken: *const Head,
    /// When it is not.
    pub(crate) fall: *const Head,
}

const _: () = assert!(size_of::<Links>() <= SLOT);

/// The block every link leads to until it is made.
struct Unlinked(Head);
// SAFETY: it is never written and its pointer is never followed.
#[expect(unsafe_code, reason = "a static with a null pointer in it")]
unsafe impl Sync for Unlinked {}
static UNLINKED: Unlinked = Unlinked(Head { gate: Head::CLOSED, len: 0, offsets: std::ptr::null() });

/// The head that stands for "not linked yet".
pub(crate) fn unlinked() -> *const Head {
    &raw const UNLINKED.0
}

impl Links {
    /// Nothing linked.
    pub(crate) fn none() -> Self {
        Self { taken: unlinked(), fall: unlinked() }
    }
}
