//! Types text: the next key goes down when the guest waits for one.

use ringzero_bus::VTime;
use ringzero_devices::keyboard::Key;
use ringzero_devices::keyboard::layout::{KeyStroke, Layout};
use std::collections::VecDeque;

/// Between two changes of keys, in virtual nanoseconds: 20 ms.
const PACE_NS: u64 = 20_000_000;

/// How long a guest must have been asking for keys, or must have been quiet, before the first one is typed, in virtual
/// nanoseconds: boot loaders and kernels offer a key for a few seconds and go on without it.
const SETTLED_NS: u64 = 5_000_000_000;
/// How long a guest that does not say that it wants keys must have been quiet before the next one, and before the one
/// behind Enter, which may start a program.
const QUIET_NS: u64 = 60_000_000;
const QUIET_AFTER_ENTER_NS: u64 = 500_000_000;

/// How a guest waits for a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum KeyWait {
    /// In a call that comes back only with a key.
    Blocking,
    /// By asking again and again, since then.
    Polling(VTime),
    /// It asks nobody; since then it has taken every key and shown nothing new.
    Quiet(VTime),
}

/// A character that the keyboard layout does not have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{:?} cannot be typed on a keyboard of layout {:?}", .0, .1.name())]
pub struct Untypable(pub char, pub Layout);

/// Key changes still to be made.
#[derive(Clone, Debug, Default)]
pub(crate) struct Typist {
    strokes: VecDeque<KeyStroke>,
    /// Changes of the stroke under way, and when the next is due.
    under_way: VecDeque<(Key, bool)>,
    next: VTime,
    /// The last key of which typing has begun.
    last: Option<Key>,
    /// The guest is known to wait: there is no need to see whether it goes on.
    settled: bool,
}

impl Typist {
    /// Queues `text`; nothing is queued when one of its characters has no key.
    pub(crate) fn queue(&mut self, text: &str, layout: Layout) -> Result<(), Untypable> {
        let strokes = text.chars().map(|c| layout.stroke(c).ok_or(Untypable(c, layout)));
        let strokes = strokes.collect::<Result<Vec<_>, _>>()?;
        self.strokes.extend(strokes);
        Ok(())
    }

    /// The guest is known to wait for what is queued.
    pub(crate) fn hurry(&mut self) {
        self.settled = true;
    }

    /// Whether everything has been typed.
    pub(crate) fn is_done(&self) -> bool {
        self.strokes.is_empty() && self.under_way.is_empty()
    }

    /// The guest waits for a key: begins the next stroke.
    pub(crate) fn guest_waits(&mut self, wait: KeyWait, now: VTime) {
        let settled = match wait {
            KeyWait::Blocking => true,
            KeyWait::Polling(since) => self.settled || now.ns_since(since) >= SETTLED_NS,
            KeyWait::Quiet(since) => now.ns_since(since) >= self.quiet_ns(),
        };
        if !settled || !self.under_way.is_empty() || now < self.next {
            return;
        }
        let Some(stroke) = self.strokes.pop_front() else { return };
        (self.last, self.settled) = (Some(stroke.key), true);
        let shift = stroke.shift.then_some(Key::ShiftLeft);
        let held: Vec<Key> = shift.into_iter().chain(stroke.alt_gr.then_some(Key::AltRight)).collect();
        let presses = held.iter().copied().chain([stroke.key]).map(|key| (key, true));
        let releases = [stroke.key].into_iter().chain(held.iter().rev().copied()).map(|key| (key, false));
        self.under_way.extend(presses.chain(releases));
    }

    fn quiet_ns(&self) -> u64 {
        match self.last {
            _ if !self.settled => SETTLED_NS,
            Some(Key::Enter) => QUIET_AFTER_ENTER_NS,
            _ => QUIET_NS,
        }
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
