//! Where pages lie on the host: in slabs, with the counts of their holders beside the memory and not in it.
//!
//! A slab of [`PLACES`] pages is as large as a large page of the host and aligned to one, so that the host can map it by
//! one entry of its TLB. What holds of it, and what the unsafe code here relies on:
//!
//! - A place whose count is 0 is free and nobody reads or writes it. [`Slab::put`] takes it by changing 0 to 1, which one
//!   caller alone can do, and writes the whole page before it gives out a [`PageRef`]. What was never taken is never read:
//!   fresh memory need not be clear.
//! - The count of a taken place is the number of [`PageRef`]s to it. They read the page. It is written by one that is the
//!   only one and is borrowed mutably, through [`PageRef::get_mut`]; and by who has its address and keeps the promise
//!   stated at [`super::GuestRam::claim`]. The PageRef that leaves last sets the place free.
//! - A taken place holds one strong reference to the slab, which it gives back after it is free. So the memory is
//!   freed with the last page in it, by whichever thread drops that.
//! - A count does not come round to 0: handles are wider than it is, and [`PageRef::clone`] minds those that were
//!   forgotten.
#![expect(unsafe_code, reason = "pages lie in memory that is taken and given back place by place")]

mod live;

use super::PAGE_SIZE;
use std::alloc::Layout;
use std::ops::Deref;
use std::ptr::NonNull;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicPtr, AtomicUsize, Ordering, fence};

/// Pages in a slab that is a large page of the host: 2 MiB of them.
pub(super) const PLACES: usize = 512;
/// Pages taken in a slab from which on it is worth a large page. That fills what is left of it: small guests stay small.
const DENSE: usize = PLACES / 2;

/// The contents of a page. Guests align their data; lines of the host's cache should lie where they expect them.
#[derive(Clone)]
#[repr(align(64))]
pub(super) struct Page(pub(super) [u8; PAGE_SIZE]);

/// Memory for pages.
pub(super) struct Slab {
    memory: NonNull<Page>,
    places: Box<[Place]>,
    /// The host was asked for a large page.
    asked: AtomicBool,
}

/// Room for a page, and who holds the one that is there.
struct Place {
    holders: AtomicUsize,
    page: NonNull<Page>,
    /// The slab, while the place is taken.
    slab: AtomicPtr<Slab>,
}

// SAFETY: the memory belongs to the slab, and pages are Send and Sync; who may reach which is said above.
unsafe impl Send for Slab {}
// SAFETY: as above.
unsafe impl Sync for Slab {}

impl Slab {
    /// Memory for 1 to [`PLACES`] pages, all of it free; `None` if the host has none.
    pub(super) fn new(places: usize) -> Option<Arc<Self>> {
        let layout = Self::layout(places);
        assert!(layout.size() > 0, "a slab has places");
        // SAFETY: the size is not 0.
        let memory = NonNull::new(unsafe { std::alloc::alloc(layout) })?.cast::<Page>();
        let place = |n| Place {
            holders: AtomicUsize::new(0),
            // SAFETY: the memory is as long as there are places.
            page: unsafe { memory.add(n) },
            slab: AtomicPtr::default(),
        };
        let places: Box<[Place]> = (0..places).map(place).collect();
        live::enter(&places);
        Some(Arc::new(Self { memory, places, asked: AtomicBool::default() }))
    }

    fn layout(places: usize) -> Layout {
        let align = match places {
            PLACES => PLACES * PAGE_SIZE,
            1 => align_of::<Page>(),
            _ => PAGE_SIZE,
        };
        Layout::from_size_align(places * PAGE_SIZE, align).expect("an alignment is a power of two")
    }

    /// Puts a page at a place, unless that is taken or not in this slab.
    pub(super) fn put(self: &Arc<Self>, place: usize, contents: &Page) -> Option<PageRef> {
        let place = self.places.get(place)?;
        // What the holders before have done to the page is over before it is written here.
        place.holders.compare_exchange(0, 1, Ordering::Acquire, Ordering::Relaxed).ok()?;
        crate::check!(self.has_memory_of(place.page), "a place beside its slab");
        // SAFETY: the place was free and is now ours alone, so that `contents`, which can be read, lies elsewhere.
        unsafe { place.page.copy_from_nonoverlapping(NonNull::from(contents), 1) };
        place.slab.store(Arc::into_raw(Arc::clone(self)).cast_mut(), Ordering::Relaxed);
        self.consider_large_page();
        Some(PageRef { page: place.page, place: NonNull::from(place) })
    }

    /// Whether a page lies in this slab's memory.
    fn has_memory_of(&self, page: NonNull<Page>) -> bool {
        let offset = page.addr().get().wrapping_sub(self.memory.addr().get());
        offset.is_multiple_of(PAGE_SIZE) && offset / PAGE_SIZE < self.places.len()
    }

    /// Asks the host for a large page, once, when there is enough in it.
    fn consider_large_page(self: &Arc<Self>) {
        // There are as many strong references as taken places, but for the few of callers.
        if Arc::strong_count(self) <= DENSE || self.places.len() != PLACES {
            return;
        }
        if !self.asked.swap(true, Ordering::Relaxed) {
            ask_for_large_page(self.memory.cast());
        }
    }
}

impl Drop for Slab {
    fn drop(&mut self) {
        live::leave(&self.places);
        crate::check!(
            self.places.iter().all(|place| place.holders.load(Ordering::Relaxed) == 0),
            "memory is freed that has pages"
        );
        // SAFETY: it was allocated with this layout, and no place is taken.
        unsafe { std::alloc::dealloc(self.memory.as_ptr().cast(), Self::layout(self.places.len())) };
    }
}

/// A page that is shared by all clones of this.
pub(super) struct PageRef {
    /// As in the place. A processor that reaches pages at random spares itself the way by there.
    page: NonNull<Page>,
    place: NonNull<Place>,
}

// SAFETY: a page is Send and Sync, and so is its slab; all else in a place that changes is atomic.
unsafe impl Send for PageRef {}
// SAFETY: as above.
unsafe impl Sync for PageRef {}

impl PageRef {
    /// A page in a slab of its own.
    pub(super) fn new(contents: &Page) -> Self {
        let page = Slab::new(1).and_then(|slab| slab.put(0, contents));
        page.unwrap_or_else(|| std::alloc::handle_alloc_error(Slab::layout(1)))
    }

    /// How many hold the page.
    #[inline]
    pub(super) fn holders(&self) -> usize {
        // What those did who hold it no more is over.
        self.place().holders.load(Ordering::Acquire)
    }

    /// The page to be written, if nobody else holds it.
    #[inline]
    pub(super) fn get_mut(&mut self) -> Option<&mut Page> {
        if self.holders() != 1 {
            return None;
        }
        // SAFETY: the page is taken and written. This is its only holder, and borrowed mutably.
        Some(unsafe { self.page.as_mut() })
    }

    /// The address of the page, by which one can reach it who keeps the promise stated at [`super::GuestRam::claim`].
    pub(super) fn expose(&self) -> usize {
        crate::check!(self.is_held(), "the address of a page that nobody holds");
        self.page.as_ptr().expose_provenance()
    }

    #[inline]
    fn place(&self) -> &Place {
        crate::check!(live::knows(self.place.as_ptr()), "a page without a slab");
        // SAFETY: the place is taken while there is this, and so keeps the slab that it is in.
        unsafe { self.place.as_ref() }
    }

    /// Whether the place is taken, by this page: what all else relies on.
    fn is_held(&self) -> bool {
        let place = self.place();
        place.holders.load(Ordering::Relaxed) > 0 && place.page == self.page
    }
}

impl Deref for PageRef {
    type Target = Page;

    #[inline]
    fn deref(&self) -> &Page {
        crate::check!(self.is_held(), "a page is read that nobody holds");
        // SAFETY: the page is taken and was written when it was; it is not written meanwhile but by who promised not to.
        unsafe { self.page.as_ref() }
    }
}

impl Clone for PageRef {
    #[inline]
    fn clone(&self) -> Self {
        let before = self.place().holders.fetch_add(1, Ordering::Relaxed);
        assert!(before < usize::MAX / 2, "handles of pages were forgotten");
        Self { ..*self }
    }
}

impl Drop for PageRef {
    #[inline]
    fn drop(&mut self) {
        let place = self.place();
        let slab = place.slab.load(Ordering::Relaxed);
        if place.holders.fetch_sub(1, Ordering::Release) == 1 {
            // What all holders did to the page comes before its memory is given back.
            fence(Ordering::Acquire);
            // SAFETY: the reference that the place held, from `Slab::put`. It is free now, and this is not used again.
            unsafe { Arc::decrement_strong_count(slab) };
        }
    }
}

/// Asks the host to map [`PLACES`] pages by one entry of its TLB: at once, or if it cannot, when it comes to it. It is
/// advice: no host has to follow it.
#[cfg(all(target_os = "linux", not(miri)))]
fn ask_for_large_page(memory: NonNull<libc::c_void>) {
    /// Linux 6.1 and later. Not every C library names it.
    const MADV_COLLAPSE: libc::c_int = 25;
    // SAFETY: the range was allocated, and neither advice changes what is in it.
    unsafe {
        if libc::madvise(memory.as_ptr(), PLACES * PAGE_SIZE, MADV_COLLAPSE) != 0 {
            libc::madvise(memory.as_ptr(), PLACES * PAGE_SIZE, libc::MADV_HUGEPAGE);
        }
    }
}

#[cfg(not(all(target_os = "linux", not(miri))))]
fn ask_for_large_page(_memory: NonNull<u8>) {}

#[cfg(test)]
mod tests {
    use super::*;

    const SEVEN: Page = Page([7; PAGE_SIZE]);

    #[test]
    fn a_large_slab_is_aligned_to_its_size() {
        let slabs = [(); 2].map(|()| Slab::new(PLACES).unwrap());
        let last = slabs.each_ref().map(|slab| slab.put(PLACES - 1, &SEVEN).unwrap().expose());
        assert_eq!(last.map(|at| at % (PLACES * PAGE_SIZE)), [(PLACES - 1) * PAGE_SIZE; 2]);
    }

    #[test]
    fn a_place_is_taken_by_one_page_at_a_time() {
        let slab = Slab::new(4).unwrap();
        let page = slab.put(3, &SEVEN).unwrap();
        let other = page.clone();
        drop(page);
        assert!(slab.put(3, &SEVEN).is_none() && slab.put(2, &SEVEN).is_some());
        drop(other);
        assert_eq!(slab.put(3, &Page([8; PAGE_SIZE])).unwrap().0, [8; PAGE_SIZE]);
    }

    #[test]
    fn there_is_no_place_behind_the_last() {
        assert!(Slab::new(4).unwrap().put(4, &SEVEN).is_none());
    }

    #[test]
    fn a_page_is_written_by_its_only_holder() {
        let mut page = PageRef::new(&SEVEN);
        let other = page.clone();
        assert!(page.holders() == 2 && page.get_mut().is_none());
        drop(other);
        page.get_mut().unwrap().0[9] = 1;
        assert_eq!((page.holders(), page.0[9], page.0[8]), (1, 1, 7));
    }

    #[test]
    fn the_last_page_frees_the_slab() {
        let slab = Slab::new(4).unwrap();
        let (first, second) = (slab.put(0, &SEVEN).unwrap(), slab.put(1, &SEVEN).unwrap());
        let (weak, third) = (Arc::downgrade(&slab), first.clone());
        drop((slab, first, second));
        assert!(weak.strong_count() == 1 && third.0 == SEVEN.0);
        drop(third);
        assert_eq!(weak.strong_count(), 0);
    }

    #[test]
    fn a_dense_slab_keeps_its_pages_when_the_host_maps_it_anew() {
        let slab = Slab::new(PLACES).unwrap();
        let number = |n: usize| (n as u64 + 1).to_le_bytes();
        let pages: Vec<PageRef> = (0..PLACES)
            .map(|n| {
                let mut page = Page([0; PAGE_SIZE]);
                page.0[..8].copy_from_slice(&number(n));
                slab.put(n, &page).unwrap()
            })
            .collect();
        assert!(slab.asked.load(Ordering::Relaxed));
        assert!(
            pages
                .iter()
                .enumerate()
                .all(|(n, page)| page.0[..8] == number(n) && page.0[8..] == [0; PAGE_SIZE - 8])
        );
    }

    #[test]
    fn pages_go_from_thread_to_thread() {
        let slab = Slab::new(1).unwrap();
        let take = |n: u8| {
            for _ in 0..200 {
                if let Some(mut page) = slab.put(0, &Page([n; PAGE_SIZE])) {
                    let other = page.clone();
                    assert_eq!(page.0, [n; PAGE_SIZE]);
                    drop(other);
                    page.get_mut().unwrap().0[0] = n + 1;
                }
            }
        };
        std::thread::scope(|threads| {
            threads.spawn(|| take(1));
            threads.spawn(|| take(3));
        });
        assert_eq!(Arc::strong_count(&slab), 1);
    }
}
