//! Which slab a page is put in: that of its region of guest memory, at its own place, so that neighbours stay neighbours.

use super::slab::{PLACES, Page, PageRef, Slab};
use std::sync::{Arc, Weak};

/// Slabs of a region at a time. A page that an image or a fork still holds at its place is put at the same place of the
/// next slab; with more holders than this it lies somewhere.
const MOST_SLABS: usize = 4;

/// The slabs of one memory by regions of [`PLACES`] pages. Its pages keep them alive, wherever these have gone.
#[derive(Default)]
pub(super) struct Regions(Vec<Vec<Weak<Slab>>>);

impl Regions {
    /// A copy of page `number` of `count` pages.
    pub(super) fn copy(&mut self, number: usize, count: usize, contents: &Page) -> PageRef {
        let (region, place) = (number / PLACES, number % PLACES);
        if self.0.len() <= region {
            self.0.resize_with(region + 1, Vec::new);
        }
        let slabs = &mut self.0[region];
        let known = slabs.iter().filter_map(Weak::upgrade).find_map(|slab| slab.put(place, contents));
        known
            .or_else(|| add_slab(slabs, (count - region * PLACES).min(PLACES))?.put(place, contents))
            .unwrap_or_else(|| PageRef::new(contents))
    }
}

/// One more slab for a region, if it may have one.
fn add_slab(slabs: &mut Vec<Weak<Slab>>, places: usize) -> Option<Arc<Slab>> {
    slabs.retain(|slab| slab.strong_count() > 0);
    let slab = (slabs.len() < MOST_SLABS).then(|| Slab::new(places))??;
    slabs.push(Arc::downgrade(&slab));
    Some(slab)
}
