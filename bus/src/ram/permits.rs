//! Whether an access by address keeps the promise stated at [`GuestRam::claim`]: what a checked build of the CPU asks
//! before each.

use super::{GuestRam, PAGE_SIZE, Page, RamClaim, lines_of};

/// By how many bytes the address `at` lies behind the start of `page`, if `len` bytes from there on lie inside.
fn inside(page: &Page, at: u64, len: u64) -> Option<usize> {
    let from = at.checked_sub((&raw const *page).addr() as u64)?;
    let end = from.checked_add(len)?;
    (len > 0 && end <= PAGE_SIZE as u64).then_some(from as usize)
}

impl GuestRam {
    /// Whether the holder of `claim` may load `len` bytes at the address `at`, in page number `page`: where the page lies,
    /// or where it lay before a move that the holder has not been told of.
    pub fn permits_load(&self, claim: &RamClaim, page: u32, at: u64, len: u64) -> bool {
        let present = self.pages.get(page as usize).is_some_and(|page| inside(page, at, len).is_some());
        let mut old = self.moves.iter().filter(|moved| moved.page == page);
        self.is_claimed_by(claim) && (present || old.any(|moved| inside(&moved._old, at, len).is_some()))
    }

    /// Whether the holder of `claim` may store `len` bytes at the address `at`, in page number `page`: nobody else holds
    /// the page, no line of it that is hit holds decoded code, and if it is video memory the store need not be noted.
    pub fn permits_store(&self, claim: &RamClaim, page: u32, at: u64, len: u64) -> bool {
        let place = self.pages.get(page as usize).and_then(|page| inside(page, at, len));
        place.is_some_and(|from| {
            let lines = lines_of(from, from + len as usize - 1);
            self.is_claimed_by(claim)
                && !self.is_shared(page)
                && self.is_own(page)
                && self.code_lines(page) & lines == 0
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::PhysAddr;

    /// Three pages of which the first is the machine's own, and where it lies.
    fn memory() -> (GuestRam, RamClaim, u64) {
        let mut ram = GuestRam::new(3 * PAGE_SIZE);
        let claim = ram.claim();
        ram.write(PhysAddr(0), &[1]);
        drop(ram.take_moves(&claim));
        let at = ram.host_address(0) as u64;
        (ram, claim, at)
    }

    #[test]
    fn an_access_stays_inside_its_page() {
        let (ram, claim, at) = memory();
        assert!(ram.permits_load(&claim, 0, at + 4088, 8) && ram.permits_store(&claim, 0, at + 4088, 8));
        assert!(!ram.permits_load(&claim, 0, at + 4089, 8) && !ram.permits_store(&claim, 0, at + 4089, 8));
        assert!(!ram.permits_load(&claim, 0, at - 1, 1) && !ram.permits_load(&claim, 1, at, 1));
        assert!(!ram.permits_load(&claim, 3, at, 1));
    }

    #[test]
    fn a_shared_page_and_a_line_with_code_take_no_store() {
        let (mut ram, claim, at) = memory();
        let shared = ram.host_address(1) as u64;
        assert!(ram.permits_load(&claim, 1, shared, 1) && !ram.permits_store(&claim, 1, shared, 1));
        ram.mark_code(0, 0b10);
        assert!(ram.permits_store(&claim, 0, at + 60, 4) && !ram.permits_store(&claim, 0, at + 61, 4));
    }

    #[test]
    fn the_old_place_of_a_page_may_be_read_until_its_move_is_taken() {
        let (mut ram, claim, _) = memory();
        let old = ram.host_address(1) as u64;
        ram.write(PhysAddr(0x1000), &[1]);
        assert!(ram.permits_load(&claim, 1, old, 1) && !ram.permits_store(&claim, 1, old, 1));
        drop(ram.take_moves(&claim));
        assert!(!ram.permits_load(&claim, 1, old, 1));
    }

    #[test]
    fn a_claim_that_has_ended_permits_nothing() {
        let (mut ram, claim, at) = memory();
        let _next = ram.claim();
        assert!(!ram.permits_load(&claim, 0, at, 1) && !ram.permits_store(&claim, 0, at, 1));
    }
}
