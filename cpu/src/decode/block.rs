//! How a decoded block lies in memory: one run of slots with a [`Prefix`], a [`Head`], an [`Op`] per instruction, [`Links`], and
//! where each instruction begins.
#![expect(unsafe_code, reason = "a block is written slot by slot, each as what it holds")]

use super::form::Form;
use super::ledger::Ledger;
use crate::exec::dispatch::{ending, fall_through};
use crate::exec::far::Undefined;
use crate::exec::op::{Head, Links, Op, Prefix};
use ringzero_bus::RamOffset;

/// One lowered instruction on its way into a block.
#[derive(Clone, Copy)]
pub(crate) struct Lowered {
    pub(crate) op: Op,
    /// Length of the instruction in bytes.
    pub(crate) len: u8,
    /// Whether nothing can follow it in its block.
    pub(crate) ends_block: bool,
    /// What tells whether it may do less, or more at once.
    pub(crate) form: Form,
    /// Whether its handler leaves the flags alone though the instruction sets them.
    pub(crate) quiet: bool,
}

impl Lowered {
    /// Nothing yet: one byte that is no instruction.
    pub(crate) const NONE: Self =
        Self { op: Op::bare(ending::<Undefined>), len: 1, ends_block: true, form: Form::OTHER, quiet: false };
}

/// What a block's allocation is counted in. Prefix, head, operation and links have its size and alignment.
pub(crate) type Slot = [u64; 3];

const OFFSETS_PER_SLOT: usize = size_of::<Slot>() / size_of::<u16>();

/// Instructions to be laid out as a block.
#[derive(Clone, Copy)]
pub(crate) struct Layout<'a> {
    /// In order, one behind the other in guest memory; at most 255.
    pub(crate) instructions: &'a [Lowered],
    /// Where the first begins; [`Prefix::NOWHERE`] when nothing may link to the block or from it.
    pub(crate) offset: RamOffset,
}

impl Layout<'_> {
    /// Operations: where the last instruction does not branch, one more goes on at the next.
    pub(super) fn ops(&self) -> usize {
        self.instructions.len() + usize::from(self.falls_through())
    }

    fn falls_through(&self) -> bool {
        self.instructions.last().is_some_and(|last| !last.ends_block)
    }

    /// Slots needed.
    pub(crate) fn slots(&self) -> usize {
        self.ops() + 3 + (self.instructions.len() + 1).div_ceil(OFFSETS_PER_SLOT)
    }

    /// Slots from the head to the links.
    pub(crate) fn links(&self) -> usize {
        self.ops() + 1
    }

    /// Writes the block to `at`, where there is room for `room` slots.
    ///
    /// # Safety
    /// So many slots at `at` may be written, no fewer than [`Layout::slots`], and no operation there is being executed.
    pub(crate) unsafe fn write(&self, at: *mut Slot, room: usize) -> *mut Head {
        let (len, ops) = (self.instructions.len(), self.ops());
        let offsets_end = (ops + 3) * OFFSETS_PER_SLOT + len + 1;
        crate::check!(
            offsets_end <= room * OFFSETS_PER_SLOT,
            "{len} instructions do not fit into {room} slots"
        );
        crate::check!(ops <= usize::from(u8::MAX), "{ops} operations cannot be numbered");
        // SAFETY: all writes are inside the slots that the caller promises, and each slot is big enough for what it holds.
        unsafe {
            let head = at.add(1);
            let first = head.add(1);
            let offsets = first.add(ops + 1).cast::<u16>();
            head.cast::<Head>().write(Head { gate: len as i64, len: len as i64, offsets });
            let mut begins = 0u16;
            for (n, instruction) in self.instructions.iter().enumerate() {
                offsets.add(n).write(begins);
                begins += u16::from(instruction.len);
                let op = Op { number: n as u8 + 1, ..instruction.op };
                first.add(n).cast::<Op>().write(op);
            }
            offsets.add(len).write(begins);
            if self.falls_through() {
                let fall = Op { disp: begins.into(), number: len as u8 + 1, ..Op::bare(fall_through) };
                first.add(len).cast::<Op>().write(fall);
            }
            first.add(ops).cast::<Links>().write(Links::none());
            let first = (*first.cast::<Op>()).run;
            at.cast::<Prefix>().write(Prefix { first, offset: self.offset.0 });
            head.cast()
        }
    }
}

/// A block for one use, in memory of its own.
pub(crate) struct Scratch {
    slots: Vec<Slot>,
    pub(super) ledger: Ledger,
}

// SAFETY: the pointers inside lead into the same allocation, or to what is never written.
unsafe impl Send for Scratch {}

impl Scratch {
    pub(crate) fn new() -> Self {
        Self { slots: Vec::new(), ledger: Ledger::new() }
    }

    /// Lays out a block in place of the last one. None of its operations is being executed.
    pub(crate) fn lay_out(&mut self, layout: &Layout<'_>) -> *const Head {
        self.slots.clear();
        self.slots.resize(layout.slots(), Slot::default());
        // SAFETY: there is room, and the caller runs nothing.
        let head = unsafe { layout.write(self.slots.as_mut_ptr(), self.slots.len()) };
        self.ledger.clear();
        self.ledger.note(head, layout.ops());
        head
    }
}
