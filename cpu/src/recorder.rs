//! What the processor did last, for people who look into a run: the exceptions and interrupts it took, and, when asked
//! to, where branches led.
//!
//! Nothing here is visible to the guest, saved or hashed.

mod trail;

use crate::fault::Fault;
use crate::segment::SegReg;
use crate::state::CpuState;
use std::collections::VecDeque;
use trail::Trail;

/// Exceptions and interrupts that are remembered.
const DELIVERIES: usize = 256;

/// Instructions of a handler between two nested interrupts that count as one storm.
const LONGEST_NESTED: u64 = 4096;

/// What entered a handler.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cause {
    /// An exception.
    Fault(Fault),
    /// The INTR pin.
    Interrupt(u8),
    /// INT n, INT3, INTO or INT1.
    Software(u8),
    /// A non-maskable interrupt.
    Nmi,
    /// A system management interrupt.
    Smi,
}

impl Cause {
    /// The vector; `None` for a system management interrupt, which has none.
    pub fn vector(self) -> Option<u8> {
        match self {
            Self::Fault(fault) => Some(fault.vector()),
            Self::Interrupt(vector) | Self::Software(vector) => Some(vector),
            Self::Nmi => Some(2),
            Self::Smi => None,
        }
    }
}

/// Where the processor stood.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Place {
    /// Instructions begun before.
    pub count: u64,
    /// Offset in the code segment.
    pub ip: u64,
    /// The code segment's base.
    pub base: u32,
    /// The code segment's selector.
    pub cs: u16,
    /// Default operand size of the code: 16 or 32.
    pub bits: u8,
    /// Current privilege level.
    pub cpl: u8,
}

/// A place in the trail, and what it has to do with the one before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mark {
    /// Where.
    pub place: Place,
    /// What about it.
    pub kind: MarkKind,
}

/// What a [`Mark`] is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum MarkKind {
    /// Control went on here; from the mark before, the code itself tells the way.
    #[default]
    Reached = 0,
    /// A handler was entered from here.
    Handler = 1,
    /// Rounds of a loop were counted and not run: this is the place of the mark before.
    PassedOver = 2,
}

/// What of a [`Place`] belongs to the code segment: base, selector, operand size, privilege level, from bit 0 on; and from bit 62
/// on what kind of mark it is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct CodePlace(u64);

impl CodePlace {
    /// That of `state`.
    pub(crate) fn of(state: &CpuState) -> Self {
        let cs = state.seg(SegReg::Cs);
        let bits = if cs.attr.is_big() { 32 } else { 16 };
        let high = u64::from(cs.selector) | bits << 16 | u64::from(state.cpl) << 24;
        Self(cs.base & 0xFFFF_FFFF | high << 32)
    }

    fn at(self, count: u64, ip: u64) -> Place {
        let [low, high, bits, cpl] = [0, 32, 48, 56].map(|shift| self.0 >> shift);
        Place { count, ip, base: low as u32, cs: high as u16, bits: bits as u8, cpl: cpl as u8 & 3 }
    }

    fn of_place(place: &Place) -> Self {
        let high = u64::from(place.cs) | u64::from(place.bits) << 16 | u64::from(place.cpl) << 24;
        Self(u64::from(place.base) | high << 32)
    }

    fn marked(self, kind: MarkKind) -> Self {
        Self(self.0 | (kind as u64) << 62)
    }

    fn kind(self) -> MarkKind {
        match self.0 >> 62 {
            0 => MarkKind::Reached,
            1 => MarkKind::Handler,
            _ => MarkKind::PassedOver,
        }
    }
}

impl Place {
    /// Where `state` stands.
    pub fn of(state: &CpuState) -> Self {
        CodePlace::of(state).at(state.count, state.ip)
    }

    /// The linear address.
    pub fn linear(&self) -> u64 {
        u64::from(self.base.wrapping_add(self.ip as u32))
    }
}

/// One handler entered, or not: see [`Recorder::failed`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Delivery {
    /// Why.
    pub cause: Cause,
    /// The instruction that was interrupted, or that failed.
    pub at: Place,
    /// CR2 at that time.
    pub cr2: u64,
}

/// One vector taken over and over, with no instruction outside its handler.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Storm {
    /// The vector.
    pub vector: u8,
    /// How often in a row.
    pub times: u64,
    /// Instructions begun when it came first.
    pub since: u64,
}

/// The processor's recent past.
#[derive(Clone, Debug, Default)]
pub struct Recorder {
    deliveries: VecDeque<Delivery>,
    /// The exception being delivered and those that followed from it.
    chain: Vec<Delivery>,
    storm: Storm,
    /// Bit n: vector n was taken from the INTR pin.
    vectors: [u64; 4],
    /// Instructions begun behind the last IRET; 0 while none has followed the last interrupt.
    returned_at: u64,
    /// Instructions begun at the last interrupt.
    interrupted_at: u64,
    /// Every delivery since the last [`Recorder::take_all`], when someone listens.
    all: Option<Vec<Delivery>>,
    trail: Trail,
}

impl Recorder {
    /// The exceptions and interrupts taken last, oldest first; software interrupts are not among them.
    pub fn deliveries(&self) -> impl ExactSizeIterator<Item = &Delivery> + DoubleEndedIterator {
        self.deliveries.iter()
    }

    /// The last exception, and the further ones that its delivery led to: four or more, with a double fault among them, stand for a
    /// shutdown.
    pub fn failed(&self) -> &[Delivery] {
        &self.chain
    }

    /// The vector that keeps the processor busy at present.
    pub fn storm(&self) -> Storm {
        self.storm
    }

    /// The vectors taken from the INTR pin since power-on: bit n of the whole stands for vector n.
    pub fn vectors(&self) -> [u64; 4] {
        self.vectors
    }

    /// Keeps every delivery for [`Recorder::take_all`], software interrupts included.
    pub fn listen(&mut self, on: bool) {
        self.all = on.then(Vec::new);
    }

    /// Whether somebody does: software interrupts are of use to nobody else.
    pub(crate) fn listens(&self) -> bool {
        self.all.is_some()
    }

    /// The deliveries since the last call, in order.
    pub fn take_all(&mut self) -> Vec<Delivery> {
        self.all.as_mut().map(std::mem::take).unwrap_or_default()
    }

    /// Where control went on behind branches that were taken and may not have been, or that may have led elsewhere, and the like;
    /// oldest first.
    pub fn trail(&self) -> impl Iterator<Item = Mark> {
        self.trail.marks()
    }

    pub(crate) fn set_capacity(&mut self, places: usize) {
        self.trail = Trail::new(places);
    }

    /// A branch leads to `ip` when `count` instructions have begun.
    #[inline(always)]
    pub(crate) fn turn(&mut self, count: u64, ip: u64, code: CodePlace) {
        self.trail.push(count, ip, code);
    }

    /// The run loop goes on at `ip`.
    pub(crate) fn go_on(&mut self, count: u64, ip: u64, code: CodePlace) {
        if !self.trail.ends_at(count, ip) {
            self.trail.push(count, ip, code);
        }
    }

    /// Rounds of a loop were passed over: the processor is where it was.
    pub(crate) fn passed_over(&mut self, count: u64, ip: u64, code: CodePlace) {
        self.trail.push(count, ip, code.marked(MarkKind::PassedOver));
    }

    fn enter_handler(&mut self, at: Place) {
        let code = CodePlace::of_place(&at).marked(MarkKind::Handler);
        self.trail.push(at.count.wrapping_sub(1), at.ip, code);
    }

    /// A handler is entered, or an exception is about to be delivered.
    pub(crate) fn note(&mut self, delivery: Delivery) {
        if let Some(all) = &mut self.all {
            all.push(delivery);
        }
        if matches!(delivery.cause, Cause::Software(_)) {
            return;
        }
        self.enter_handler(delivery.at);
        if self.deliveries.len() == DELIVERIES {
            self.deliveries.pop_front();
        }
        self.deliveries.push_back(delivery);
    }

    /// An exception begins to be delivered.
    pub(crate) fn begin_chain(&mut self, delivery: Delivery) {
        self.chain.clear();
        self.chain.push(delivery);
        self.note(delivery);
    }

    /// The delivery of the chain's last exception failed with another.
    pub(crate) fn extend_chain(&mut self, delivery: Delivery) {
        self.chain.push(delivery);
        self.note(delivery);
    }

    /// An IRET is done; `count` instructions have begun.
    pub(crate) fn returned(&mut self, count: u64) {
        self.returned_at = count;
    }

    /// The INTR pin's `vector` is taken when `count` instructions have begun.
    pub(crate) fn interrupted(&mut self, vector: u8, count: u64) {
        self.vectors[usize::from(vector >> 6)] |= 1 << (vector & 63);
        // Nested without an IRET, the handler must have been cut short: one that leaves by a jump goes on elsewhere.
        let nested = self.returned_at == 0 && count.saturating_sub(self.interrupted_at) <= LONGEST_NESTED;
        let idle = nested || count <= self.returned_at + 1;
        if idle && vector == self.storm.vector {
            self.storm.times += 1;
        } else {
            self.storm = Storm { vector, times: 1, since: count };
        }
        (self.returned_at, self.interrupted_at) = (0, count);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_packed_and_unpacked() {
        let mut state = CpuState::reset(&crate::model::Model::I80386, 0);
        state.cpl = 3;
        let place = Place::of(&state);
        assert_eq!((place.cs, place.base, place.bits, place.cpl), (0xF000, 0xFFFF_0000, 16, 3));
        assert_eq!((place.count, place.ip), (0, 0xFFF0));
        for kind in [MarkKind::Reached, MarkKind::Handler, MarkKind::PassedOver] {
            let code = CodePlace::of_place(&place).marked(kind);
            assert_eq!((code.kind(), code.at(0, 0xFFF0)), (kind, place));
        }
    }

    #[test]
    fn a_storm_ends_with_an_instruction_outside_the_handler() {
        let mut recorder = Recorder::default();
        for n in 1..5 {
            recorder.interrupted(0x20, n * 10);
            recorder.returned(n * 10 + 9);
        }
        assert_eq!(recorder.storm(), Storm { vector: 0x20, times: 4, since: 10 });
        recorder.interrupted(0x20, 60);
        assert_eq!(recorder.storm().times, 1);
    }

    #[test]
    fn interrupts_far_apart_are_no_storm_even_without_an_iret() {
        let mut recorder = Recorder::default();
        (1..9).for_each(|n| recorder.interrupted(8, n * 100_000));
        assert_eq!(recorder.storm().times, 1);
    }
}
