//! A medium that is nowhere but in memory.

use super::{BLOCK, Block, BlockMedium, MediumError, NoFork, pieces, range};
use std::sync::Arc;

/// A medium in memory.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MemoryMedium {
    blocks: Vec<Block>,
    len: u64,
    read_only: bool,
}

impl MemoryMedium {
    /// A medium that holds `bytes`.
    pub fn new(bytes: Vec<u8>) -> Self {
        let block = |part: &[u8]| {
            let mut block = [0; BLOCK];
            block[..part.len()].copy_from_slice(part);
            Arc::new(block)
        };
        Self { blocks: bytes.chunks(BLOCK).map(block).collect(), len: bytes.len() as u64, read_only: false }
    }

    /// A medium that holds `len` zeros.
    pub fn zeroed(len: usize) -> Self {
        let blocks = std::iter::repeat_n(Arc::new([0; BLOCK]), len.div_ceil(BLOCK)).collect();
        Self { blocks, len: len as u64, read_only: false }
    }

    /// The same, but writes are refused.
    #[must_use]
    pub fn write_protected(mut self) -> Self {
        self.read_only = true;
        self
    }

    /// What it holds.
    pub fn to_vec(&self) -> Vec<u8> {
        let mut bytes = self.blocks.iter().flat_map(|block| block.iter().copied()).collect::<Vec<_>>();
        bytes.truncate(self.len as usize);
        bytes
    }
}

impl BlockMedium for MemoryMedium {
    fn len(&self) -> u64 {
        self.len
    }
    fn read_only(&self) -> bool {
        self.read_only
    }
    fn read_at(&mut self, offset: u64, out: &mut [u8]) -> Result<(), MediumError> {
        range(offset, out.len(), self.len)?;
        for (number, inside, part) in pieces(offset, out.len()) {
            let len = part.len();
            out[part].copy_from_slice(&self.blocks[number as usize][inside..inside + len]);
        }
        Ok(())
    }
    fn write_at(&mut self, offset: u64, data: &[u8]) -> Result<(), MediumError> {
        if self.read_only {
            return Err(MediumError::ReadOnly);
        }
        range(offset, data.len(), self.len)?;
        for (number, inside, part) in pieces(offset, data.len()) {
            let block = Arc::make_mut(&mut self.blocks[number as usize]);
            block[inside..inside + part.len()].copy_from_slice(&data[part]);
        }
        Ok(())
    }
    fn flush(&mut self) -> Result<(), MediumError> {
        Ok(())
    }
    fn fork(&self) -> Result<Box<dyn BlockMedium>, NoFork> {
        Ok(Box::new(self.clone()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_read_past_the_end_is_an_error() {
        let mut medium = MemoryMedium::new(vec![1; 8]);
        assert_eq!(medium.read_at(6, &mut [0; 3]), Err(MediumError::OutOfRange { offset: 6, len: 3 }));
        assert!(medium.read_at(u64::MAX, &mut [0; 3]).is_err());
    }

    #[test]
    fn a_protected_medium_refuses_writes() {
        let mut medium = MemoryMedium::new(vec![1; 8]).write_protected();
        assert_eq!(medium.write_at(0, &[2]), Err(MediumError::ReadOnly));
    }

    #[test]
    fn a_fork_does_not_see_later_writes() {
        let mut medium = MemoryMedium::zeroed(BLOCK + 2);
        medium.write_at(BLOCK as u64 - 1, &[1, 2, 3]).unwrap();
        let mut fork = medium.fork().unwrap();
        fork.write_at(BLOCK as u64, &[9]).unwrap();
        medium.write_at(BLOCK as u64 - 1, &[8]).unwrap();
        let mut out = [0; 3];
        fork.read_at(BLOCK as u64 - 1, &mut out).unwrap();
        assert_eq!((out, &medium.to_vec()[BLOCK - 1..]), ([1, 9, 3], &[8, 2, 3][..]));
    }
}
