//! Video memory: pages that the CPU reaches as it does RAM, of which a display wants to know whether they were written.

use super::{GuestRam, PAGE_SIZE, Page, PageRef, RamOffset};
use std::ops::Range;

/// Which pages are video memory, and whether they were written.
#[derive(Clone, Debug, Default)]
pub(super) struct VideoPages {
    range: Range<usize>,
    /// By page: written since this was last taken.
    stored: Vec<bool>,
    any_stored: bool,
    epoch: u64,
}

impl VideoPages {
    pub(super) fn range(&self) -> Range<usize> {
        self.range.clone()
    }

    #[inline]
    pub(super) fn note_store(&mut self, page: usize) {
        if let Some(stored) = page.checked_sub(self.range.start).and_then(|n| self.stored.get_mut(n)) {
            (*stored, self.any_stored) = (true, true);
        }
    }

    pub(super) fn note_all(&mut self) {
        self.stored.fill(true);
        self.any_stored = !self.stored.is_empty();
    }

    /// A page of video memory is looked at once in full before its stores go unseen.
    pub(super) fn may_be_stored(&self, page: usize) -> bool {
        let stored = page.checked_sub(self.range.start).and_then(|n| self.stored.get(n));
        stored.copied().unwrap_or(true)
    }
}

impl GuestRam {
    /// Appends zeroed video memory, rounded up to whole pages, and tells where it lies. A machine has one.
    pub fn add_video(&mut self, bytes: usize) -> RamOffset {
        let (first, count) = (self.pages.len(), bytes.div_ceil(PAGE_SIZE));
        let zeros = PageRef::new(&Page([0; PAGE_SIZE]));
        self.pages.extend(std::iter::repeat_n(zeros, count));
        self.code_lines.resize(self.pages.len(), 0);
        self.own.resize(self.pages.len(), false);
        self.video = VideoPages {
            range: first..first + count,
            stored: vec![false; count],
            any_stored: false,
            epoch: 0,
        };
        RamOffset((first * PAGE_SIZE) as u64)
    }

    /// The pages of video memory, first to last.
    pub fn video_pages(&self) -> impl Iterator<Item = &[u8; PAGE_SIZE]> {
        self.pages[self.video.range()].iter().map(|page| &page.0)
    }

    /// Whether a page is video memory.
    pub fn is_video(&self, page: u32) -> bool {
        self.video.range.contains(&(page as usize))
    }

    /// Whether video memory was written since [`GuestRam::take_stored_video`].
    pub fn has_stored_video(&self) -> bool {
        self.video.any_stored
    }

    /// Takes note that video memory was written, so that the next store to each page is noted again. Not while a CPU
    /// runs on it.
    pub fn take_stored_video(&mut self) {
        if std::mem::take(&mut self.video.any_stored) {
            self.video.stored.fill(false);
            self.renew_video();
        }
    }

    /// Changes whenever addresses of video memory that were given out are void: another part of it answers at an
    /// address, or stores must be noted again.
    pub fn video_epoch(&self) -> u64 {
        self.video.epoch
    }

    pub(crate) fn renew_video(&mut self) {
        self.video.epoch += 1;
    }

    /// Four bytes at an offset that is a multiple of four.
    #[inline]
    pub fn video_dword(&self, at: RamOffset) -> [u8; 4] {
        let (page, inside) = place(at);
        let bytes = self.pages[page].0[inside..].first_chunk();
        *bytes.expect("four bytes at a multiple of four lie in one page")
    }

    /// Writes four bytes of video memory at an offset that is a multiple of four.
    #[inline]
    pub fn set_video_dword(&mut self, at: RamOffset, bytes: [u8; 4]) {
        let (page, inside) = place(at);
        if let Some(four) = self.page_mut(page).0[inside..].first_chunk_mut() {
            *four = bytes;
        }
        self.video.note_store(page);
        if self.code_lines[page] != 0 {
            self.hit(page, 1 << (inside / super::LINE_SIZE));
        }
    }
}

fn place(at: RamOffset) -> (usize, usize) {
    let at = (at.0 & !3) as usize;
    (at / PAGE_SIZE, at % PAGE_SIZE)
}
