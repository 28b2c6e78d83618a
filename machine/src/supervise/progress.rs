//! Whether a guest gets on: by what it shows, says, reads and writes, and by interrupts it had not taken before.

use crate::machine::{Hang, Machine};
use ringzero_bus::VTime;

/// Virtual time for which a loop of the processor's that only an interrupt can end may go on with none that does.
const SPIN_NS: u64 = 60_000_000_000;

/// What shows that something has happened. The cursor's blinking is no picture, the timer's ticking no interrupt.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Signs {
    heard: u64,
    picture: u64,
    disk_commands: u64,
    vectors: [u64; 4],
}

/// When the guest last got on.
#[derive(Clone, Debug, Default)]
pub(super) struct ProgressWatch {
    heard: u64,
    signs: Signs,
    since: Option<VTime>,
}

impl ProgressWatch {
    pub(super) fn hear(&mut self, bytes: usize) {
        self.heard += bytes as u64;
    }

    pub(super) fn restart(&mut self) {
        self.since = None;
    }

    pub(super) fn look(&mut self, machine: &Machine, hang_after_ns: Option<u64>) -> Option<Hang> {
        let signs = Signs {
            heard: self.heard,
            picture: machine.picture_changes(),
            disk_commands: machine.disk_commands(),
            vectors: machine.cpu().recorder().vectors(),
        };
        let now = machine.now();
        if signs != self.signs || self.since.is_none() {
            (self.signs, self.since) = (signs, Some(now));
        }
        let since = self.since.unwrap_or(now);
        let spins = machine.spins() && now.ns_since(since) >= SPIN_NS;
        let quiet = hang_after_ns.filter(|&limit| now.ns_since(since) >= limit);
        match quiet {
            _ if spins => Some(Hang::SpinsInterrupted(VTime(SPIN_NS))),
            Some(limit) if machine.spins() => Some(Hang::SpinsInterrupted(VTime(limit))),
            Some(limit) => Some(Hang::Quiet(VTime(limit))),
            None => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Config, Media, OnIdle};

    const SECOND: u64 = 1_000_000_000;

    /// Lets time pass without an instruction.
    fn pass(machine: &mut Machine, ns: u64) {
        let later = machine.now().plus_ns(ns);
        while machine.now() < later {
            machine.skip_to(later);
            machine.run(machine.count(), OnIdle::Return);
        }
    }

    #[test]
    fn a_guest_that_shows_nothing_for_long_hangs_and_one_that_speaks_does_not() {
        let mut machine = Machine::new(Config::default(), Media::default()).unwrap();
        let mut watch = ProgressWatch::default();
        assert_eq!(watch.look(&machine, Some(SECOND)), None);
        pass(&mut machine, 2 * SECOND);
        watch.hear(1);
        assert_eq!(watch.look(&machine, Some(SECOND)), None);
        pass(&mut machine, SECOND);
        assert_eq!(watch.look(&machine, None), None);
        assert_eq!(watch.look(&machine, Some(SECOND)), Some(Hang::Quiet(VTime(SECOND))));
    }
}
