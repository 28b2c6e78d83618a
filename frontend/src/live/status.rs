//! What the display tells of the machine.

use super::Live;
use crate::lights::Lamp;
use crate::pace::Pace;
use crate::shelf::DrawerState;
use std::time::Instant;

/// What the machine is doing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) enum Activity {
    #[default]
    Running,
    Idle,
    Paused,
    /// Until a reset.
    Stopped(String),
}

/// What is heard of the machine.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Sound {
    /// Nobody listens.
    #[default]
    None,
    Muted,
    Silent,
    Playing,
}

/// What a title and a status line tell.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Status {
    pub(crate) activity: Activity,
    /// Instructions per microsecond of wall time.
    pub(crate) mips: u64,
    /// Virtual time passed per wall time, in hundredths.
    pub(crate) percent: u64,
    /// The fixed rate, if it is one.
    pub(crate) rate: Option<u32>,
    pub(crate) pace: Pace,
    /// Drives at work, such as "A: CD".
    pub(crate) lights: String,
    /// Every drive's light.
    pub(crate) lamps: Vec<Lamp>,
    /// Drives whose disks can be changed.
    pub(crate) drawers: Vec<DrawerState>,
    /// Lights of the keyboard: bit 0 Scroll Lock, 1 Num Lock, 2 Caps Lock.
    pub(crate) leds: u8,
    pub(crate) sound: Sound,
    /// The guest takes places of the pointer: it needs no capture.
    pub(crate) takes_places: bool,
    pub(crate) recording: bool,
    /// There is a state to go back to.
    pub(crate) saved: bool,
}

impl Live<'_> {
    /// What there is to tell at `now`, rates since the last time.
    pub(super) fn account(&mut self, now: Instant) -> Status {
        let machine = &self.session.machine;
        let (count, at) = (machine.count(), machine.now());
        let (then, (old_count, old_at)) = std::mem::replace(&mut self.counted, (now, (count, at)));
        let passed = u64::try_from(now.saturating_duration_since(then).as_nanos()).unwrap_or(u64::MAX).max(1);
        let per = |amount: u64, times: u128| {
            u64::try_from(u128::from(amount) * times / u128::from(passed)).unwrap_or(u64::MAX)
        };
        Status {
            activity: self.activity.clone(),
            // A saved state may lie before what was counted last.
            mips: per(count.saturating_sub(old_count), 1000),
            percent: per(at.ns_since(old_at), 100),
            rate: self.pacer.rate(),
            pace: self.pacer.pace(),
            lights: self.told_lights.clone(),
            lamps: self.lights.lamps(machine),
            drawers: self.session.shelf.state(&self.session.machine),
            leds: self.session.machine.keyboard_leds(),
            sound: self.session.sound(now),
            takes_places: self.told_places,
            recording: self.session.recording.is_some(),
            saved: self.saved.is_some(),
        }
    }
}
