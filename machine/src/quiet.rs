//! Whether a guest is quiet: it has taken every key, shows nothing new, and does not ask our BIOS for keys. Kernels with a
//! keyboard driver of their own, and firmware of others, are typed at when they are.
//!
//! The guest is looked at on a grid of virtual time, so that how a run is sliced does not show.

use crate::machine::Machine;
use crate::typist::KeyWait;
use ringzero_bus::VTime;

/// Virtual time for which a question to our BIOS says how the guest reads its keyboard.
const ASKED_NS: u64 = 3_000_000_000;
/// Virtual time between two looks.
const GRID_NS: u64 = 10_000_000;

/// What a guest does that is no quiet.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Signs {
    picture: u64,
    disk_commands: u64,
    serial: u64,
    keys_taken: bool,
}

/// Since when the guest is quiet.
#[derive(Clone, Debug, Default)]
pub(crate) struct QuietWatch {
    signs: Signs,
    since: Option<VTime>,
    asked: Option<VTime>,
    /// When to look next.
    due: VTime,
}

impl QuietWatch {
    /// The guest asked our BIOS for a key: it is typed at when it does so again.
    pub(crate) fn asked_for_keys(&mut self, now: VTime) {
        self.asked = Some(now);
    }

    /// Begins anew at `now`.
    pub(crate) fn restart(&mut self, now: VTime) {
        (self.since, self.due) = (None, now);
    }

    fn look(&mut self, signs: Signs, now: VTime) {
        if self.since.is_none() || signs != self.signs || !signs.keys_taken {
            (self.signs, self.since) = (signs, Some(now));
        }
        self.due = VTime((now.0 / GRID_NS + 1) * GRID_NS);
    }

    /// Since when, if nothing says otherwise.
    fn since(&self) -> Option<VTime> {
        let asked = self.asked.map(|asked| asked.plus_ns(ASKED_NS));
        self.since.map(|since| asked.map_or(since, |asked| asked.max(since)))
    }
}

impl Machine {
    fn signs(&self) -> Signs {
        Signs {
            picture: self.picture_changes(),
            disk_commands: self.disk_commands(),
            serial: self.parts.com.iter().map(|&com| self.bus.get(com).sent()).sum(),
            keys_taken: self.bus.get(self.parts.kbc).is_idle(),
        }
    }

    /// When the guest is to be looked at next: while there is text to type.
    pub(crate) fn quiet_look_due(&self) -> Option<VTime> {
        (!self.is_typing_done()).then_some(self.quiet.due)
    }

    /// Types the next key if there is one to type and the guest has been quiet for long enough.
    pub(crate) fn type_at_quiet_guest(&mut self) {
        let now = self.now();
        if self.quiet_look_due().is_none_or(|due| now < due) {
            return;
        }
        let signs = self.signs();
        self.note_video_memory();
        self.quiet.look(signs, now);
        // A guest that asked not long ago is quiet from a moment that is still to come.
        if let Some(since) = self.quiet.since().filter(|&since| since <= now && !self.waits_for_key()) {
            self.typist.guest_waits(KeyWait::Quiet(since), now);
        }
    }
}
