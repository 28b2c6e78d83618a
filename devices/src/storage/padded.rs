//! A short image made as long as its disk.

use super::{BlockMedium, MediumError, MemoryMedium, NoFork, range};

/// A base that reads zeros past its end, up to a given length. What is written there stays in memory: it does not
/// lengthen the base.
#[derive(Debug)]
pub struct Padded<M> {
    base: M,
    tail: MemoryMedium,
}

impl<M: BlockMedium> Padded<M> {
    /// `base` made `len` bytes long; a base that is longer already stays as it is.
    pub fn new(base: M, len: u64) -> Self {
        let missing = usize::try_from(len.saturating_sub(base.len())).unwrap_or(0);
        Self { base, tail: MemoryMedium::zeroed(missing) }
    }

    /// How many of `len` bytes at `offset` lie in the base.
    fn in_base(&self, offset: u64, len: usize) -> usize {
        usize::try_from(self.base.len().saturating_sub(offset)).map_or(len, |left| left.min(len))
    }

    fn tail_start(&self, offset: u64, in_base: usize) -> u64 {
        (offset + in_base as u64).saturating_sub(self.base.len())
    }
}

impl<M: BlockMedium> BlockMedium for Padded<M> {
    fn len(&self) -> u64 {
        self.base.len() + self.tail.len()
    }
    fn read_only(&self) -> bool {
        self.base.read_only()
    }
    fn read_at(&mut self, offset: u64, out: &mut [u8]) -> Result<(), MediumError> {
        range(offset, out.len(), self.len())?;
        let split = self.in_base(offset, out.len());
        let start = self.tail_start(offset, split);
        let (inside, outside) = out.split_at_mut(split);
        if !inside.is_empty() {
            self.base.read_at(offset, inside)?;
        }
        self.tail.read_at(start, outside)
    }
    fn write_at(&mut self, offset: u64, data: &[u8]) -> Result<(), MediumError> {
        if self.read_only() {
            return Err(MediumError::ReadOnly);
        }
        range(offset, data.len(), self.len())?;
        let split = self.in_base(offset, data.len());
        let start = self.tail_start(offset, split);
        let (inside, outside) = data.split_at(split);
        if !inside.is_empty() {
            self.base.write_at(offset, inside)?;
        }
        self.tail.write_at(start, outside)
    }
    fn flush(&mut self) -> Result<(), MediumError> {
        self.base.flush()
    }
    fn fork(&self) -> Result<Box<dyn BlockMedium>, NoFork> {
        Ok(Box::new(Padded { base: self.base.fork()?, tail: self.tail.clone() }))
    }
    fn growth(&self) -> u64 {
        self.base.growth()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::storage::MemoryMedium;

    #[test]
    fn past_the_end_reads_zeros_and_keeps_writes() {
        let mut padded = Padded::new(MemoryMedium::new(vec![1; 3]), 6);
        let mut out = [9; 6];
        padded.read_at(0, &mut out).unwrap();
        assert_eq!(out, [1, 1, 1, 0, 0, 0]);
        padded.write_at(2, &[5, 6, 7]).unwrap();
        padded.read_at(0, &mut out).unwrap();
        assert_eq!((out, padded.base.len()), ([1, 1, 5, 6, 7, 0], 3));
        assert!(padded.read_at(5, &mut [0; 2]).is_err());
    }
}
