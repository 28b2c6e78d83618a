//! A guest that reads one port over and over until it changes. What it reads may be known to stay as it is for a while, and then the
//! rounds of its loop need not be run.
//!
//! Nothing here is visible to the guest, saved or hashed.

use super::SystemBus;
use crate::time::VTime;
use crate::types::Port;

/// Reads of a port in a row, before the loop they come from is looked at; and the most, where looks were in vain.
const PATIENCE: u32 = 16;
const LONGEST_PATIENCE: u32 = 1 << 20;
/// Ports are told apart by as much of their number.
const PLACES: usize = 64;

/// Who polls what.
#[derive(Clone, Copy)]
pub(super) struct Polls {
    port: Port,
    /// Reads of `port` in a row.
    times: u32,
    /// After how many reads in a row something is to be done.
    due: u32,
    /// Reads in a row that a port needs, by its number.
    patience: [u32; PLACES],
    /// A loop is to be looked at.
    called: bool,
    watch: Option<Polled>,
}

/// What a stretch of execution has read of ports.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Polled {
    /// Reads.
    pub reads: u64,
    /// Until when each of them, done again, would find and change nothing else, if no event comes before; `None` where that is not
    /// known.
    pub until: Option<VTime>,
}

impl Polls {
    pub(super) fn new() -> Self {
        let patience = [PATIENCE; PLACES];
        Self { port: Port(0), times: 0, due: PATIENCE, patience, called: false, watch: None }
    }

    /// Whether something is to be done about this read of `port`.
    #[inline]
    pub(super) fn count(&mut self, port: Port) -> bool {
        if self.port != port {
            self.turn_to(port);
        }
        self.times += 1;
        self.times >= self.due
    }

    fn turn_to(&mut self, port: Port) {
        (self.port, self.times) = (port, 0);
        self.due = if self.watch.is_some() { 0 } else { self.patience[place(port)] };
    }
}

fn place(port: Port) -> usize {
    usize::from(port.0) % PLACES
}

impl SystemBus {
    /// The port that is being polled was read, and will give the same until then if nothing happens.
    #[cold]
    pub(super) fn note_poll(&mut self, until: Option<VTime>) {
        let listening = self.tap.is_some();
        let polls = &mut self.polls;
        polls.times = 0;
        match &mut polls.watch {
            Some(watch) => {
                watch.reads += 1;
                watch.until = watch.until.min(until);
            }
            None if until.is_some() && !listening => {
                polls.called = true;
                self.attention = true;
            }
            None => self.set_polls_aside(),
        }
    }

    /// Whether a port was polled since the last call.
    pub fn take_poll(&mut self) -> bool {
        std::mem::take(&mut self.polls.called)
    }

    /// Watches what is read of ports from now on.
    pub fn watch_polls(&mut self) {
        self.polls.watch = Some(Polled { reads: 0, until: Some(VTime::MAX) });
        self.polls.due = 0;
    }

    /// What was read since [`SystemBus::watch_polls`].
    pub fn end_watch(&mut self) -> Polled {
        let port = self.polls.port;
        let polled = self.polls.watch.take().unwrap_or(Polled { reads: 0, until: None });
        self.polls.turn_to(port);
        polled
    }

    /// Reads were left out that would have changed nothing: they are counted all the same.
    pub fn pass_over_reads(&mut self, reads: u64) {
        self.accesses.reads += reads;
        self.polls.patience[place(self.polls.port)] = PATIENCE;
        self.polls.due = PATIENCE;
    }

    /// Nothing came of a look at the loop: the next one is to be longer in coming.
    pub fn set_polls_aside(&mut self) {
        let polls = &mut self.polls;
        let patience = &mut polls.patience[place(polls.port)];
        *patience = (*patience * 2).min(LONGEST_PATIENCE);
        polls.due = *patience;
    }
}
