//! What a checked build knows of blocks: where they lie and what was written there. In other builds it is nothing, and its
//! functions do nothing.

#[cfg(feature = "checked")]
pub(crate) use kept::Ledger;
#[cfg(not(feature = "checked"))]
pub(crate) use left_out::Ledger;

use crate::cpu::Cpu;
use crate::exec::op::{Head, Op};

/// Operations are followed by pointer: each of these pointers must lead to a block that the cache, or the block for one
/// use, holds, and find there what was written.
impl Cpu {
    /// `op` is an operation of a block, as it was written.
    #[inline(always)]
    pub(crate) fn check_op(&self, op: *const Op) {
        if crate::CHECKED {
            let known = self.cache.ledger.knows_op(op) || self.scratch.ledger.knows_op(op);
            assert!(known, "{op:p} is no operation of a block, or another than was written");
        }
    }

    /// `op` is the last operation of a block: links lie behind it.
    #[inline(always)]
    pub(crate) fn check_last(&self, op: *const Op) {
        if crate::CHECKED {
            let last = self.cache.ledger.is_last(op) || self.scratch.ledger.is_last(op);
            assert!(last, "{op:p} is not the last operation of a block");
        }
    }

    /// `head` is the start of a block, or of the one that stands for none.
    #[inline(always)]
    pub(crate) fn check_head(&self, head: *const Head) {
        if crate::CHECKED {
            let known = self.cache.ledger.knows_head(head) || self.scratch.ledger.knows_head(head);
            assert!(known, "{head:p} is not the start of a block");
        }
    }
}

#[cfg(feature = "checked")]
mod kept {
    #![expect(unsafe_code, reason = "blocks are compared with what was written")]

    use crate::exec::op::{Head, Op, unlinked};
    use std::collections::BTreeMap;

    /// A block as it was written.
    struct Written {
        ops: Vec<Op>,
        len: i64,
        offsets: usize,
    }

    /// Blocks by the address of their heads.
    pub(crate) struct Ledger {
        blocks: BTreeMap<usize, Written>,
    }

    fn is_same(a: &Op, b: &Op) -> bool {
        std::ptr::fn_addr_eq(a.run, b.run)
            && (a.disp, a.imm, a.mem, a.number, a.kind) == (b.disp, b.imm, b.mem, b.number, b.kind)
            && (a.dst, a.src, a.base, a.index) == (b.dst, b.src, b.base, b.index)
    }

    impl Written {
        /// Whether the head at this address is still that of this block, open or closed.
        fn has(&self, head: *const Head) -> bool {
            // SAFETY: the ledger holds the heads of blocks that were laid out and not dropped.
            let head = unsafe { &*head };
            let gate = head.gate == self.len || head.gate == Head::CLOSED;
            gate && head.len == self.len && head.offsets.addr() == self.offsets
        }
    }

    impl Ledger {
        pub(crate) fn new() -> Self {
            Self { blocks: BTreeMap::new() }
        }

        /// A block of `ops` operations was written at `head`.
        pub(crate) fn note(&mut self, head: *const Head, ops: usize) {
            // SAFETY: the caller has just written the block.
            let (head, ops) = unsafe { (&*head, std::slice::from_raw_parts(head.add(1).cast::<Op>(), ops)) };
            let written = Written { ops: ops.to_vec(), len: head.len, offsets: head.offsets.addr() };
            self.blocks.insert((&raw const *head).addr(), written);
        }

        /// The blocks that `which` picks are dropped.
        pub(crate) fn forget(&mut self, which: impl Fn(*const Head) -> bool) {
            self.blocks.retain(|&head, _| !which(std::ptr::without_provenance(head)));
        }

        pub(crate) fn clear(&mut self) {
            self.blocks.clear();
        }

        /// The block that `op` lies in, and its place there.
        fn find(&self, op: *const Op) -> Option<(&Written, usize)> {
            let (&head, written) = self.blocks.range(..op.addr()).next_back()?;
            let distance = op.addr() - head - size_of::<Head>().min(op.addr() - head);
            let number = distance / size_of::<Op>();
            let whole = op.addr() == head + size_of::<Head>() + number * size_of::<Op>();
            (whole && number < written.ops.len()).then_some((written, number))
        }

        pub(crate) fn knows_op(&self, op: *const Op) -> bool {
            self.find(op).is_some_and(|(written, number)| {
                let head = op.wrapping_sub(number + 1).cast();
                // SAFETY: an operation of a block lies there.
                let same = is_same(unsafe { &*op }, &written.ops[number]);
                same && usize::from(written.ops[number].number) == number + 1 && written.has(head)
            })
        }

        pub(crate) fn is_last(&self, op: *const Op) -> bool {
            self.find(op).is_some_and(|(written, number)| number + 1 == written.ops.len())
        }

        pub(crate) fn knows_head(&self, head: *const Head) -> bool {
            head == unlinked() || self.blocks.get(&head.addr()).is_some_and(|written| written.has(head))
        }
    }
}

#[cfg(not(feature = "checked"))]
mod left_out {
    use crate::exec::op::{Head, Op};

    /// Nothing.
    pub(crate) struct Ledger;

    impl Ledger {
        pub(crate) fn new() -> Self {
            Self
        }
        #[inline(always)]
        pub(crate) fn note(&mut self, _head: *const Head, _ops: usize) {}
        #[inline(always)]
        pub(crate) fn forget(&mut self, _which: impl Fn(*const Head) -> bool) {}
        #[inline(always)]
        pub(crate) fn clear(&mut self) {}
        #[inline(always)]
        pub(crate) fn knows_op(&self, _op: *const Op) -> bool {
            true
        }
        #[inline(always)]
        pub(crate) fn is_last(&self, _op: *const Op) -> bool {
            true
        }
        #[inline(always)]
        pub(crate) fn knows_head(&self, _head: *const Head) -> bool {
            true
        }
    }
}

#[cfg(all(test, feature = "checked"))]
mod tests {
    #![expect(unsafe_code, reason = "a block is overwritten for once")]

    use super::*;
    use crate::model::Model;
    use ringzero_bus::{PhysAddr, SystemBus};
    use std::panic::{AssertUnwindSafe, catch_unwind};

    /// A processor that has run INC AX; INC BX; JMP to the first, and the head of that block.
    fn set_up() -> (Cpu, *const Head) {
        let (mut cpu, mut bus) = (Cpu::new(Model::I8086), SystemBus::new(1 << 20, 1));
        bus.fabric_mut().ram.write(PhysAddr(0xF_FFF0), &[0x40, 0x43, 0xEB, 0xFC]);
        cpu.run(&mut bus, 300);
        let head = cpu.find_block(&mut bus).expect("it has run");
        (cpu, head)
    }

    fn panics(act: impl FnOnce()) -> bool {
        catch_unwind(AssertUnwindSafe(act)).is_err()
    }

    #[test]
    fn a_pointer_to_no_operation_is_caught() {
        let (cpu, head) = set_up();
        let first = head.wrapping_add(1).cast::<Op>();
        cpu.check_op(first);
        cpu.check_last(first.wrapping_add(2));
        for stray in [first.wrapping_sub(1), first.wrapping_add(3), first.wrapping_byte_add(8)] {
            assert!(panics(|| cpu.check_op(stray)));
        }
        assert!(panics(|| cpu.check_last(first)) && panics(|| cpu.check_head(first.cast())));
    }

    #[test]
    fn an_operation_that_was_overwritten_is_caught() {
        let (cpu, head) = set_up();
        let second = head.wrapping_add(1).cast::<Op>().wrapping_add(1);
        // SAFETY: it lies in the block, and nothing runs.
        unsafe { (*second.cast_mut()).dst ^= 8 };
        assert!(panics(|| cpu.check_op(second)));
    }

    #[test]
    fn a_block_that_was_dropped_is_caught() {
        let (mut cpu, head) = set_up();
        cpu.check_head(head);
        cpu.cache.clear();
        assert!(panics(|| cpu.check_head(head)));
    }
}
