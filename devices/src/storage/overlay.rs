//! Writes kept in memory over a base that never changes.

use super::{BLOCK, Block, BlockMedium, MediumError, NoFork, pieces, range};
use std::collections::BTreeMap;
use std::sync::Arc;

/// A medium whose writes stay in memory, by blocks of 4 KiB; the base is only read.
#[derive(Debug)]
pub struct Overlay<M> {
    base: M,
    blocks: BTreeMap<u64, Block>,
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

    fn base_block(&mut self, number: u64) -> Result<Block, MediumError> {
        let start = number * BLOCK as u64;
        let len = (self.base.len() - start).min(BLOCK as u64) as usize;
        let mut block = [0; BLOCK];
        self.base.read_at(start, &mut block[..len])?;
        Ok(Arc::new(block))
    }
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
                Arc::make_mut(block)[inside..inside + part.len()].copy_from_slice(&data[part]);
            }
        }
        Ok(())
    }
    fn flush(&mut self) -> Result<(), MediumError> {
        Ok(())
    }
    fn fork(&self) -> Result<Box<dyn BlockMedium>, NoFork> {
        Ok(Box::new(Overlay { base: self.base.fork()?, blocks: self.blocks.clone() }))
    }
    fn growth(&self) -> u64 {
        self.base.growth() + (self.blocks.len() * BLOCK) as u64
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
        assert!(overlay.base.to_vec().iter().all(|&byte| byte == 7));
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

    #[test]
    fn a_fork_shares_what_was_written_and_grows_alone() {
        let mut overlay = Overlay::new(MemoryMedium::new(vec![7; 3 * BLOCK]));
        overlay.write_at(0, &[1; 2 * BLOCK]).unwrap();
        let mut fork = overlay.fork().unwrap();
        fork.write_at(2, &[2]).unwrap();
        fork.write_at(2 * BLOCK as u64, &[3]).unwrap();
        overlay.write_at(1, &[4]).unwrap();
        let read = |medium: &mut dyn BlockMedium| {
            let (mut start, mut end) = ([0; 4], [0]);
            medium.read_at(0, &mut start).unwrap();
            medium.read_at(2 * BLOCK as u64, &mut end).unwrap();
            (start, end, medium.growth() / BLOCK as u64)
        };
        assert_eq!(read(&mut overlay), ([1, 4, 1, 1], [7], 2));
        assert_eq!(read(fork.as_mut()), ([1, 1, 2, 1], [3], 3));
    }
}
