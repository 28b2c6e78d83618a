//! The jump cache: blocks by the instruction pointer they begin at, for jumps whose target is not linked.
#![expect(unsafe_code, reason = "the table is indexed by a masked number")]

use crate::code_mode::CodeMode;
use crate::exec::op::Head;

const ENTRIES: usize = 4096;
/// Contexts that may be known again when they come back: programs call from segment to segment.
const CONTEXTS: usize = 64;

/// Everything but the instruction pointer that decides which block begins there, as a number. A number is never used again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Context(u64);

impl Context {
    /// Not known yet.
    const UNKNOWN: Self = Self(0);
    /// The context of an empty entry.
    const NEVER: Self = Self(u64::MAX);
}

/// What a [`Context`] stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Circumstances {
    pub(crate) mode: CodeMode,
    /// Base of the code segment.
    pub(crate) base: u64,
    /// Its limit.
    pub(crate) limit: u32,
    /// Whether pages must be user pages.
    pub(crate) user: bool,
}

impl Circumstances {
    /// The entry of [`Jumps::known`] for them.
    fn hash(&self) -> usize {
        (self.base >> 4 ^ self.base >> 10 ^ self.base >> 16 ^ u64::from(self.user)) as usize
    }
}

#[derive(Clone, Copy, Debug)]
struct Jump {
    context: Context,
    ip: u64,
    head: *const Head,
}

const EMPTY: Jump = Jump { context: Context::NEVER, ip: 0, head: std::ptr::null() };

/// The jump cache.
pub(crate) struct Jumps {
    table: Box<[Jump; ENTRIES]>,
    /// The present context.
    context: Context,
    known: [Option<(Circumstances, Context)>; CONTEXTS],
    /// Contexts made so far.
    made: u64,
}

impl Jumps {
    pub(crate) fn new() -> Self {
        // Made on the heap: an array would pass over the host's stack.
        let table = vec![EMPTY; ENTRIES].into_boxed_slice().try_into().expect("as many entries as asked for");
        Self { table, context: Context::UNKNOWN, known: [None; CONTEXTS], made: 0 }
    }

    /// Which entry a block that begins at linear address `lin` has.
    #[inline(always)]
    fn index(lin: u64) -> usize {
        (lin ^ lin >> 12) as usize % ENTRIES
    }

    /// The block at `ip` of a code segment at `base`, if it was met in the present context.
    #[inline(always)]
    pub(crate) fn find(&self, base: u64, ip: u64) -> Option<*const Head> {
        let index = Self::index(base.wrapping_add(ip));
        crate::check!(index < self.table.len(), "entry {index} of the jump cache");
        // SAFETY: the index is below the table's length.
        let jump = unsafe { self.table.get_unchecked(index) };
        (jump.ip == ip && jump.context == self.context).then_some(jump.head)
    }

    /// Remembers a block.
    pub(crate) fn remember(&mut self, context: Context, base: u64, ip: u64, head: *const Head) {
        self.table[Self::index(base.wrapping_add(ip))] = Jump { context, ip, head };
    }

    /// The present context, which `circumstances` are.
    #[inline]
    pub(crate) fn context(&mut self, circumstances: impl FnOnce() -> Circumstances) -> Context {
        if self.context == Context::UNKNOWN {
            self.context = self.number_of(circumstances());
        }
        self.context
    }

    fn number_of(&mut self, circumstances: Circumstances) -> Context {
        let known = &mut self.known[circumstances.hash() % CONTEXTS];
        match known {
            Some((known, context)) if *known == circumstances => *context,
            _ => {
                self.made += 1;
                let context = Context(self.made);
                *known = Some((circumstances, context));
                context
            }
        }
    }

    /// The circumstances may have changed.
    #[inline(always)]
    pub(crate) fn leave_context(&mut self) {
        self.context = Context::UNKNOWN;
    }

    /// Pages may lie elsewhere: no context comes back.
    pub(crate) fn forget_pages(&mut self) {
        self.known = [None; CONTEXTS];
        self.leave_context();
    }

    /// Forgets the blocks that `which` picks.
    pub(crate) fn forget(&mut self, which: impl Fn(*const Head) -> bool) {
        self.table.iter_mut().filter(|jump| which(jump.head)).for_each(|jump| *jump = EMPTY);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(base: u64) -> Circumstances {
        Circumstances { mode: CodeMode::default(), base, limit: 0xFFFF, user: false }
    }

    #[test]
    fn a_block_is_found_in_its_context_only() {
        let mut jumps = Jumps::new();
        let head = std::ptr::dangling::<Head>();
        let first = jumps.context(|| at(0));
        jumps.remember(first, 0, 0x100, head);
        assert_eq!(jumps.find(0, 0x100), Some(head));
        jumps.leave_context();
        assert_eq!(jumps.find(0, 0x100), None);
        assert_ne!(jumps.context(|| at(0x10)), first);
        assert_eq!(jumps.find(0x10, 0xF0), None);
        jumps.leave_context();
        assert_eq!(jumps.context(|| at(0)), first);
        assert_eq!(jumps.find(0, 0x100), Some(head));
        jumps.forget_pages();
        assert_ne!(jumps.context(|| at(0)), first);
        assert_eq!(jumps.find(0, 0x100), None);
    }

    #[test]
    fn an_empty_entry_is_found_by_nobody() {
        assert_eq!(Jumps::new().find(0, 0), None);
    }
}
