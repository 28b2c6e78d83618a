//! A kernel as pieces of memory.

use super::KernelError;

/// A piece.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Segment {
    pub(super) address: u32,
    pub(super) data: Vec<u8>,
    /// Bytes in memory, at least those of the data; zeros behind it.
    pub(super) memory_size: u32,
}

/// All of them, none overlapping, none beyond memory.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Image {
    pub(super) segments: Vec<Segment>,
}

impl Image {
    /// Adds a piece of the file.
    pub(super) fn add(
        &mut self,
        file: &[u8],
        range: std::ops::Range<u64>,
        address: u64,
        memory_size: u64,
        memory: u64,
    ) -> Result<(), KernelError> {
        let outside = KernelError::Damaged("a part of it lies behind the end of the file");
        let place = |offset: u64| usize::try_from(offset).ok();
        let data = place(range.start).zip(place(range.end)).and_then(|(start, end)| file.get(start..end));
        let data = data.ok_or(outside)?;
        let memory_size = memory_size.max(data.len() as u64);
        let end = address.checked_add(memory_size).ok_or(KernelError::Damaged("a part of it is too long"))?;
        if end > memory {
            return Err(KernelError::NoRoom { needed: end, memory });
        }
        if self.overlaps(address, end) {
            return Err(KernelError::Damaged("two parts of it lie at the same address"));
        }
        let (address, memory_size) = (address as u32, memory_size as u32);
        self.segments.push(Segment { address, data: data.to_vec(), memory_size });
        Ok(())
    }

    /// Whether anything lies between two addresses.
    pub(super) fn overlaps(&self, start: u64, end: u64) -> bool {
        self.segments.iter().any(|segment| {
            let first = u64::from(segment.address);
            start < first + u64::from(segment.memory_size) && first < end
        })
    }

    /// First address behind everything.
    pub(super) fn end(&self) -> u32 {
        self.segments.iter().map(|s| s.address.saturating_add(s.memory_size)).max().unwrap_or(0)
    }
}
