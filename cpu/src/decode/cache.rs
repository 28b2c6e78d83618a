//! Decoded blocks by where their first byte lies and the mode they were decoded in.
#![expect(unsafe_code, reason = "blocks link to each other by pointer and are never freed while linked")]

use crate::code_mode::CodeMode;
use crate::exec::dispatch::{fall_through, recorded};
use crate::exec::op::{Handler, Head, Links, Op, SLOT_HANDLERS};
use ringzero_bus::ram::{LINE_SIZE, PAGE_SIZE};
use ringzero_bus::{CodeHit, RamOffset};
use std::collections::HashMap;

/// Identity of a decoded block: where its first byte lives and everything that lowering relied on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct BlockKey {
    /// First byte.
    pub(crate) offset: RamOffset,
    /// Its IP, where the code segment has a base or limit that counts; 0 in a flat one.
    pub(crate) ip: u64,
    /// The code segment's limit.
    pub(crate) limit: u32,
    /// Mode.
    pub(crate) mode: CodeMode,
}

/// One lowered instruction on its way into a block.
#[derive(Clone, Copy)]
pub(crate) struct Lowered {
    pub(crate) op: Op,
    /// Length of the instruction in bytes.
    pub(crate) len: u8,
    /// Whether nothing can follow it in its block.
    pub(crate) ends_block: bool,
}

/// A slot of a block's allocation: a head, an operation, links, or instruction offsets.
type Slot = [u64; 3];

const OFFSETS_PER_SLOT: usize = size_of::<Slot>() / size_of::<u16>();

/// A block's allocation. Pointers into it stay valid while it lives, wherever the `Block` is moved.
pub(crate) struct Block {
    slots: Box<[Slot]>,
}

// SAFETY: the pointers inside lead to blocks of the same cache, which moves between threads as a whole.
unsafe impl Send for Block {}

impl Block {
    /// Lays out instructions that begin one after another in memory page `page`. Where the last one does not
    /// branch an operation follows that goes on at the next.
    pub(crate) fn new(instructions: &[Lowered], page: u32) -> Self {
        Self::lay_out(instructions, page, 0)
    }

    /// The same with entries to be recorded: the first operation records and then does what it is.
    pub(crate) fn recorded(instructions: &[Lowered], page: u32) -> Self {
        let mut block = Self::lay_out(instructions, page, 1);
        let head = block.slots.as_mut_ptr();
        // SAFETY: behind the head is the first operation, and before the offsets is the slot added for its handler.
        unsafe {
            let first = head.add(1).cast::<Op>();
            let kept = (*head.cast::<Head>()).offsets.cast_mut().cast::<Handler>().sub(SLOT_HANDLERS);
            kept.write((*first).run);
            (*first).run = recorded;
        }
        block
    }

    /// `spare` slots lie before the offsets.
    fn lay_out(instructions: &[Lowered], page: u32, spare: usize) -> Self {
        let len = instructions.len();
        let falls_through = instructions.last().is_some_and(|last| !last.ends_block);
        let ops = len + usize::from(falls_through);
        let offset_slots = (len + 1).div_ceil(OFFSETS_PER_SLOT);
        let mut block = Self { slots: vec![[0; 3]; ops + 2 + spare + offset_slots].into_boxed_slice() };
        let first = block.slots.as_mut_ptr();
        // SAFETY: all writes are inside the allocation; head, operation and links have the size of a slot and its
        // alignment, and a slot of integers has no invalid contents.
        unsafe {
            let offsets = first.add(ops + 2 + spare).cast::<u16>();
            let head = Head { gate: len as i64, len: len as i64, offsets };
            first.cast::<Head>().write(head);
            let mut at = 0u16;
            for (n, instruction) in instructions.iter().enumerate() {
                offsets.add(n).write(at);
                at += u16::from(instruction.len);
                let mut op = instruction.op;
                op.number = n as u8 + 1;
                first.add(1 + n).cast::<Op>().write(op);
            }
            offsets.add(len).write(at);
            if falls_through {
                let fall = Op { imm: u32::from(at), number: len as u8 + 1, ..Op::bare(fall_through) };
                first.add(1 + len).cast::<Op>().write(fall);
            }
            first.add(1 + ops).cast::<Links>().write(Links::none(page));
        }
        block
    }

    pub(crate) fn head(&self) -> *const Head {
        self.slots.as_ptr().cast()
    }

    fn close(&mut self) {
        // SAFETY: a block starts with its head.
        unsafe { (*self.slots.as_mut_ptr().cast::<Head>()).gate = Head::CLOSED }
    }

    fn is_closed(head: *const Head) -> bool {
        // SAFETY: the jump cache forgets a block before it is freed.
        unsafe { (*head).gate == Head::CLOSED }
    }
}

struct Entry {
    key: BlockKey,
    lines: u64,
    block: Block,
}

const JUMP_CACHE: usize = 4096;
/// Bytes of blocks after which everything is dropped and decoded again as needed.
const CAPACITY: usize = 32 << 20;

/// Decoded blocks.
pub(crate) struct BlockCache {
    by_key: HashMap<BlockKey, u32>,
    blocks: Vec<Entry>,
    by_page: HashMap<u32, Vec<u32>>,
    jumps: Box<[Option<(BlockKey, *const Head)>]>,
    bytes: usize,
    found_page: u64,
    /// The last page instructions were fetched from: linear page and its memory offset.
    fetch: Option<(u64, RamOffset)>,
}

// SAFETY: as for `Block`.
unsafe impl Send for BlockCache {}

const PAGE_MASK: u64 = PAGE_SIZE as u64 - 1;

/// The lines of its page that `len` bytes from `offset` touch.
pub(crate) fn lines_of(offset: RamOffset, len: usize) -> u64 {
    let first = (offset.0 & PAGE_MASK) as usize / LINE_SIZE;
    let last = ((offset.0 & PAGE_MASK) as usize + len.max(1) - 1) / LINE_SIZE;
    (u64::MAX >> (63 - last.min(63))) & (u64::MAX << first)
}

impl BlockCache {
    pub(crate) fn new() -> Self {
        Self {
            by_key: HashMap::new(),
            blocks: Vec::new(),
            by_page: HashMap::new(),
            jumps: vec![None; JUMP_CACHE].into_boxed_slice(),
            bytes: 0,
            found_page: u64::MAX,
            fetch: None,
        }
    }

    fn slot(key: &BlockKey) -> usize {
        let mixed = key.offset.0 ^ key.offset.0 >> 12;
        mixed as usize % JUMP_CACHE
    }

    /// The memory offset of the instruction at `lin`, if it is in the page last fetched from.
    #[inline]
    pub(crate) fn fetch_offset(&self, lin: u64) -> Option<RamOffset> {
        let (page, offset) = self.fetch?;
        (lin & !PAGE_MASK == page).then(|| RamOffset(offset.0 + (lin & PAGE_MASK)))
    }

    /// Remembers where the page of `lin` lies.
    pub(crate) fn set_fetch_page(&mut self, lin: u64, offset: RamOffset) {
        self.fetch = Some((lin & !PAGE_MASK, RamOffset(offset.0 & !PAGE_MASK)));
    }

    /// Forgets where pages lie: after A20, paging or CR3 changed.
    pub(crate) fn forget_fetch_page(&mut self) {
        self.fetch = None;
    }

    pub(crate) fn found_page(&self) -> u64 {
        self.found_page
    }

    /// An open block.
    pub(crate) fn find(&mut self, key: BlockKey) -> Option<*const Head> {
        self.found_page = u64::from(key.offset.page());
        let slot = Self::slot(&key);
        if let Some((found, head)) = self.jumps[slot]
            && found == key
            && !Block::is_closed(head)
        {
            return Some(head);
        }
        let &index = self.by_key.get(&key)?;
        let head = self.blocks[index as usize].block.head();
        self.jumps[slot] = Some((key, head));
        Some(head)
    }

    /// Takes in a block of `len` bytes.
    pub(crate) fn insert(&mut self, key: BlockKey, len: usize, block: Block) -> *const Head {
        let head = block.head();
        let index = self.blocks.len() as u32;
        self.bytes += block.slots.len() * size_of::<Slot>();
        self.by_page.entry(key.offset.page()).or_default().push(index);
        self.by_key.insert(key, index);
        self.jumps[Self::slot(&key)] = Some((key, head));
        self.blocks.push(Entry { key, lines: lines_of(key.offset, len), block });
        head
    }

    /// Closes the blocks that overlap lines a write has hit.
    pub(crate) fn invalidate(&mut self, hit: CodeHit) {
        let Some(indices) = self.by_page.get_mut(&hit.page) else { return };
        let (blocks, by_key) = (&mut self.blocks, &mut self.by_key);
        indices.retain(|&index| {
            let entry = &mut blocks[index as usize];
            if entry.lines & hit.lines == 0 {
                return true;
            }
            entry.block.close();
            by_key.remove(&entry.key);
            false
        });
    }

    /// Whether it is time to [`BlockCache::clear`].
    pub(crate) fn is_full(&self) -> bool {
        self.bytes > CAPACITY
    }

    /// A cache that knows the last page and no block.
    pub(crate) fn without_blocks(&self) -> Self {
        Self { fetch: self.fetch, ..Self::new() }
    }

    /// Drops every block. No block may be running. Where the last page lies is kept: paging decides when that ends.
    pub(crate) fn clear(&mut self) {
        *self = self.without_blocks();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_cover_first_to_last_byte() {
        assert_eq!(lines_of(RamOffset(0x1000), 1), 1);
        assert_eq!(lines_of(RamOffset(0x103F), 2), 0b11);
        assert_eq!(lines_of(RamOffset(0x1FC0), 64), 1 << 63);
        assert_eq!(lines_of(RamOffset(0x1000), 4096), u64::MAX);
    }
}
