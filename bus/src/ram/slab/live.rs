//! What a checked build knows of slabs: which of them there are. In other builds it is nothing, and its functions do nothing.

use super::Place;

#[cfg(feature = "checked")]
static PLACES: std::sync::RwLock<std::collections::BTreeMap<usize, usize>> =
    std::sync::RwLock::new(std::collections::BTreeMap::new());

/// These places are a slab's from now on.
pub(super) fn enter(places: &[Place]) {
    #[cfg(feature = "checked")]
    PLACES.write().expect("nobody panics here").insert(places.as_ptr().addr(), places.len());
    #[cfg(not(feature = "checked"))]
    let _ = places;
}

/// They are no more.
pub(super) fn leave(places: &[Place]) {
    #[cfg(feature = "checked")]
    PLACES.write().expect("nobody panics here").remove(&places.as_ptr().addr());
    #[cfg(not(feature = "checked"))]
    let _ = places;
}

/// Whether this is a place of a slab that there is.
#[cfg(feature = "checked")]
pub(super) fn knows(place: *const Place) -> bool {
    let places = PLACES.read().expect("nobody panics here");
    let before = places.range(..=place.addr()).next_back();
    before.is_some_and(|(start, count)| {
        let offset = place.addr() - start;
        offset < count * size_of::<Place>() && offset.is_multiple_of(size_of::<Place>())
    })
}

/// Whether this is a place of a slab that there is: nobody looks.
#[cfg(not(feature = "checked"))]
pub(super) fn knows(_place: *const Place) -> bool {
    true
}
