//! Where a guest spends its instructions: a sample of its call stack every so many of them.
//!
//! Samples are taken by count of instructions, so a profile is a function of the run, and the run does not depend on it. A guest
//! that waits begins no instructions and is in no sample.

mod stack;

use crate::machine::Machine;
use crate::symbols::Symbols;
use ringzero_cpu::CpuState;
use ringzero_cpu::recorder::Place;
use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

/// Stacks that are told apart. Beyond them only the place itself is, and beyond as many places again only the mode.
const MOST_STACKS: usize = 1 << 15;

/// Samples so far.
#[derive(Clone, Debug)]
pub struct Profile {
    every: u64,
    /// The instruction before which the next sample is due.
    due: u64,
    symbols: Option<Arc<Symbols>>,
    /// From the mode to the innermost function, and how often.
    stacks: BTreeMap<Box<[Frame]>, u64>,
}

/// What the processor was in, from the widest to the narrowest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Frame {
    Mode(Mode),
    /// A function, by the linear address where it begins.
    Function(u64),
    /// A place without a name: selector and offset.
    Place(u16, u32),
    /// Too many others to tell.
    Other,
}

/// What code means, and what it may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Mode {
    Real,
    V86,
    Ring(u8),
    Management,
}

impl Mode {
    fn of(state: &CpuState) -> Self {
        match () {
            () if state.in_smm => Self::Management,
            () if !state.protected() => Self::Real,
            () if state.v86() => Self::V86,
            () => Self::Ring(state.cpl),
        }
    }
}

impl fmt::Display for Mode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Real => f.write_str("real"),
            Self::V86 => f.write_str("v86"),
            Self::Ring(level) => write!(f, "ring{level}"),
            Self::Management => f.write_str("smm"),
        }
    }
}

impl Profile {
    /// How many instructions lie between two samples.
    pub fn every(&self) -> u64 {
        self.every
    }

    /// Samples taken.
    pub fn samples(&self) -> u64 {
        self.stacks.values().sum()
    }

    /// The samples in the folded form that flame graphs are drawn from: a line for each stack, its frames from the outermost to the
    /// innermost with semicolons between, and the number of samples.
    pub fn folded(&self) -> String {
        let mut lines: BTreeMap<String, u64> = BTreeMap::new();
        for (stack, samples) in &self.stacks {
            let names: Vec<String> = stack.iter().map(|frame| self.name(frame)).collect();
            *lines.entry(names.join(";")).or_default() += samples;
        }
        lines.iter().map(|(stack, samples)| format!("{stack} {samples}\n")).collect()
    }

    fn name(&self, frame: &Frame) -> String {
        match frame {
            Frame::Mode(mode) => mode.to_string(),
            Frame::Function(address) => {
                let found = self.symbols.as_ref().and_then(|symbols| symbols.name_of(*address));
                found.map_or_else(|| format!("{address:08x}"), |(name, _)| as_frame(name))
            }
            Frame::Place(cs, ip) => format!("{cs:04x}:{ip:08x}"),
            Frame::Other => "other".to_owned(),
        }
    }

    /// A place by the function it lies in, if that has a name.
    fn frame(&self, place: &Place) -> Frame {
        let named = self.symbols.as_ref().and_then(|symbols| symbols.name_of(place.linear()));
        match named {
            Some((_, offset)) => Frame::Function(place.linear() - offset),
            None => Frame::Place(place.cs, place.ip as u32),
        }
    }

    /// Adds samples of `place`, whose callers return to `callers`, the innermost first.
    fn add(&mut self, mode: Mode, place: &Place, callers: &[u32], samples: u64) {
        let leaf = self.frame(place);
        let callers = callers.iter().rev().map(|&ip| self.frame(&Place { ip: ip.into(), ..*place }));
        let stack: Box<[Frame]> = [Frame::Mode(mode)].into_iter().chain(callers).chain([leaf]).collect();
        self.count(stack, samples, MOST_STACKS);
    }

    fn count(&mut self, stack: Box<[Frame]>, samples: u64, most: usize) {
        let is_new = !self.stacks.contains_key(&stack);
        let short: Box<[Frame]> = match (&*stack, self.stacks.len()) {
            ([mode, .., leaf], known) if is_new && known >= most => {
                let leaf_only: Box<[Frame]> = [*mode, *leaf].into();
                let room = known < 2 * most || self.stacks.contains_key(&leaf_only);
                if room { leaf_only } else { [*mode, Frame::Other].into() }
            }
            _ => stack,
        };
        *self.stacks.entry(short).or_default() += samples;
    }
}

/// A name without what separates frames and lines.
fn as_frame(name: &str) -> String {
    name.chars().map(|c| if c == ';' || c.is_control() { ',' } else { c }).collect()
}

impl Machine {
    /// From now on takes a sample every `every` instructions; `symbols` are the names of functions. The guest sees nothing of it.
    pub fn start_profile(&mut self, every: u64, symbols: Option<Arc<Symbols>>) {
        let every = every.max(1);
        let due = self.count().saturating_add(every);
        self.profile = Some(Box::new(Profile { every, due, symbols, stacks: BTreeMap::new() }));
    }

    /// The profile so far, if one was started.
    pub fn profile(&self) -> Option<&Profile> {
        self.profile.as_deref()
    }

    /// The instruction before which a sample is due.
    pub(crate) fn sample_due(&self) -> u64 {
        self.profile.as_ref().map_or(u64::MAX, |profile| profile.due)
    }

    /// Takes the sample that is due, if one is. Rounds of a loop that were passed over were spent where the processor still is.
    pub(crate) fn take_due_sample(&mut self) {
        let count = self.count();
        let Some(mut profile) = self.profile.take() else { return };
        // The machine may have gone back to an earlier state.
        profile.due = profile.due.min(count.saturating_add(profile.every));
        if let Some(late) = count.checked_sub(profile.due) {
            let samples = late / profile.every + 1;
            let callers = stack::callers(self.registers(), |at, bytes| self.read_linear(at, bytes));
            profile.add(Mode::of(self.registers()), &self.place(), &callers, samples);
            profile.due = profile.due.saturating_add(samples.saturating_mul(profile.every));
        }
        self.profile = Some(profile);
    }
}

#[cfg(test)]
mod tests;
