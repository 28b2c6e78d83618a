//! Writes kept in memory over a base that never changes.

use super::{BlockMedium, MediumError, range};
use std::collections::BTreeMap;

/// Bytes kept per written block.
const BLOCK: usize = 4096;

/// A medium whose writes stay in memory, by blocks of 4 KiB; the base is only read.
#[derive(Debug)]
pub struct Overlay<M> {
    base: M,
    blocks: BTreeMap<u64, Box<[u8]>>,
}

impl<M: BlockMedium> Overlay<M> {
    /// An overlay without writes.
    pub fn new(base: M) -> Self {
        Self { base, blocks: BTreeMap::new() }
    }

    /// Blocks written so far.
    pub fn written_blocks(&self) -> usize {
        self.blocks.len()
    }

    /// Forgets every write.
    pub fn discard(&mut self) {
        self.blocks.clear();
    }

    fn base_block(&mut self, number: u64) -> Result<Box<[u8]>, MediumError> {
        let start = number * BLOCK as u64;
        let len = (self.base.len() - start).min(BLOCK as u64) as usize;
        let mut block = vec![0; BLOCK];
        self.base.read_at(start, &mut block[..len])?;
        Ok(block.into_boxed_slice())
    }
}

/// The pieces of `len` bytes at `offset`: block number, first byte in it, and the range of the caller's buffer.
fn pieces(offset: u64, len: usize) -> impl Iterator<Item = (u64, usize, std::ops::Range<usize>)> {
    let mut done = 0;
    std::iter::from_fn(move || {
        let at = offset + done as u64;
        let inside = (at % BLOCK as u64) as usize;
        let count = (BLOCK - inside).min(len - done);
        let piece = (at / BLOCK as u64, inside, done..done + count);
        done += count;
        (count > 0).then_some(piece)
    })
}

impl<M: BlockMedium> BlockMedium for Overlay<M> {
    fn len(&self) -> u64 {
        self.base.len()
    }
    fn read_only(&self) -> bool {
        false
    }
    fn read_at(&mut self, offset: u64, out: &mut [u8]) -> Result<(), MediumError> {
        range(offset, out.len(), self.len())?;
        for (number, inside, part) in pieces(offset, out.len()) {
            match self.blocks.get(&number) {
                Some(block) => {
                    let len = part.len();
                    out[part].copy_from_slice(&block[inside..inside + len]);
                }
                None => self.base.read_at(number * BLOCK as u64 + inside as u64, &mut out[part])?,
            }
        }
        Ok(())
    }
    fn write_at(&mut self, offset: u64, data: &[u8]) -> Result<(), MediumError> {
        range(offset, data.len(), self.len())?;
        for (number, inside, part) in pieces(offset, data.len()) {
            if !self.blocks.contains_key(&number) {
                let block = self.base_block(number)?;
                self.blocks.insert(number, block);
            }
            if let Some(block) = self.blocks.get_mut(&number) {
                block[inside..inside + part.len()].copy_from_slice(&data[part]);
            }
        }
        Ok(())
    }
    fn flush(&mut self) -> Result<(), MediumError> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::storage::MemoryMedium;

    #[test]
    fn writes_are_read_back_and_the_base_stays() {
        let mut overlay = Overlay::new(MemoryMedium::new(vec![7; 10_000]).write_protected());
        overlay.write_at(4090, &[1; 12]).unwrap();
        let mut out = [0; 14];
        overlay.read_at(4089, &mut out).unwrap();
        assert_eq!(out, [7, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 7]);
        assert!(overlay.base.bytes().iter().all(|&byte| byte == 7));
    }

    #[test]
    fn the_last_block_may_be_short() {
        let mut overlay = Overlay::new(MemoryMedium::new(vec![7; 4100]));
        overlay.write_at(4099, &[1]).unwrap();
        assert!(overlay.write_at(4100, &[1]).is_err());
        overlay.discard();
        let mut out = [0];
        overlay.read_at(4099, &mut out).unwrap();
        assert_eq!(out, [7]);
    }
}
