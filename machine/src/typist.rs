//! Types text: the next key goes down when the guest waits for one.

use ringzero_bus::VTime;
use ringzero_devices::keyboard::Key;
use ringzero_devices::keyboard::layout::{self, KeyStroke};
use std::collections::VecDeque;

/// Between two changes of keys, in virtual nanoseconds: 20 ms.
const PACE_NS: u64 = 20_000_000;

/// A character that the keyboard layout does not have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} cannot be typed on a US keyboard")]
pub struct Untypable(pub char);

/// Key changes still to be made.
#[derive(Debug, Default)]
pub(crate) struct Typist {
    strokes: VecDeque<KeyStroke>,
    /// Changes of the stroke under way, and when the next is due.
    under_way: VecDeque<(Key, bool)>,
    next: VTime,
}

impl Typist {
    /// Queues `text`; nothing is queued when one of its characters has no key.
    pub(crate) fn queue(&mut self, text: &str) -> Result<(), Untypable> {
        let strokes = text.chars().map(|c| layout::strokes(c).ok_or(Untypable(c)));
        let strokes = strokes.collect::<Result<Vec<_>, _>>()?;
        self.strokes.extend(strokes);
        Ok(())
    }

    /// Whether everything has been typed.
    pub(crate) fn is_done(&self) -> bool {
        self.strokes.is_empty() && self.under_way.is_empty()
    }

    /// The guest waits for a key: begins the next stroke.
    pub(crate) fn guest_waits(&mut self, now: VTime) {
        if !self.under_way.is_empty() || now < self.next {
            return;
        }
        let Some(stroke) = self.strokes.pop_front() else { return };
        let shift = stroke.shift.then_some(Key::ShiftLeft);
        let presses = shift.into_iter().chain([stroke.key]).map(|key| (key, true));
        let releases = [stroke.key].into_iter().chain(shift).map(|key| (key, false));
        self.under_way.extend(presses.chain(releases));
    }

    /// When the next change of the present stroke is due.
    pub(crate) fn due(&self) -> Option<VTime> {
        (!self.under_way.is_empty()).then_some(self.next)
    }

    /// The change that is due by `now`.
    pub(crate) fn take_due(&mut self, now: VTime) -> Option<(Key, bool)> {
        if now < self.next {
            return None;
        }
        let change = self.under_way.pop_front()?;
        self.next = now.plus_ns(PACE_NS);
        Some(change)
    }
}
