//! 8254 programmable interval timer, with system control port B (61h) beside it as on a PC/AT.
//!
//! Sources: Intel 8254 datasheet (231164), keyed \[8254\]; IBM PC/AT Technical Reference (1502494), keyed \[AT\].
//!
//! *Modelled*: the three counters in all modes (`counter`), counter and status latches, read-back; IRQ0 from OUT0;
//! gate 2, speaker data, refresh toggle and OUT2 in port 61h; the speaker's line as time-stamped edges, made sound by [`Steps`].
//!
//! A tone above half the sample rate is its mean, which is all that a loudspeaker makes of it.
//!
//! *Not modelled*: the cone's resonance; parity and I/O channel check (bits 6 and 7 of port 61h read 0); counter 1 drives nothing, the refresh
//! toggle runs at its customary 15.085 us.

mod counter;

pub use counter::{Counter, Mode};

use crate::sound::Frame;
use crate::sound::steps::{self, Steps, StepsState};
use ringzero_bus::{
    Clock, Device, EventSlot, Fabric, ForkError, IrqPin, PortAccess, Section, SnapshotError, VTime,
};
use serde::{Deserialize, Serialize};

/// A byte written to the control word register [8254, "Control Word Format", "Read-Back Command Format"].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Control {
    Program { counter: usize, access: counter::Access, mode: Mode, bcd: bool },
    LatchCount { counter: usize },
    ReadBack { counters: u8, count: bool, status: bool },
}

impl Control {
    fn decode(byte: u8) -> Self {
        let counter = usize::from(byte >> 6);
        if counter == 3 {
            return Self::ReadBack {
                counters: byte >> 1 & 7,
                count: byte & 0x20 == 0,
                status: byte & 0x10 == 0,
            };
        }
        match counter::Access::decode(byte >> 4 & 3) {
            None => Self::LatchCount { counter },
            Some(access) => {
                Self::Program { counter, access, mode: Mode::decode(byte >> 1 & 7), bcd: byte & 1 != 0 }
            }
        }
    }
}

/// The chip: three counters fed from one clock.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct I8254 {
    counters: [Counter; 3],
}

impl I8254 {
    /// Counter `n` (0 to 2).
    pub fn counter(&self, n: usize) -> &Counter {
        &self.counters[n]
    }

    /// Reads A1 A0 = `offset` at clock `tick`. The control word register cannot be read.
    pub fn read(&mut self, offset: u16, tick: i64) -> u8 {
        match self.counters.get_mut(usize::from(offset)) {
            Some(counter) => counter.read(tick),
            None => 0xFF,
        }
    }

    /// Writes A1 A0 = `offset` at clock `tick`.
    pub fn write(&mut self, offset: u16, value: u8, tick: i64) {
        if let Some(counter) = self.counters.get_mut(usize::from(offset)) {
            return counter.write(value, tick);
        }
        match Control::decode(value) {
            Control::Program { counter, access, mode, bcd } => {
                self.counters[counter].program(access, mode, bcd, tick);
            }
            Control::LatchCount { counter } => self.counters[counter].latch_count(tick),
            Control::ReadBack { counters, count, status } => {
                for (n, counter) in self.counters.iter_mut().enumerate() {
                    if counters & (1 << n) == 0 {
                        continue;
                    }
                    if count {
                        counter.latch_count(tick);
                    }
                    if status {
                        counter.latch_status(tick);
                    }
                }
            }
        }
    }

    /// Drives the GATE pin of counter `n`.
    pub fn set_gate(&mut self, n: usize, level: bool, tick: i64) {
        self.counters[n].set_gate(level, tick);
    }
}

/// Port 61h, bits a program can write [AT, "System Control Port B"].
const TIMER_2_GATE: u8 = 0x01;
const SPEAKER_DATA: u8 = 0x02;
const WRITABLE: u8 = 0x0F;
const REFRESH_TOGGLE: u8 = 0x10;
const OUT_2: u8 = 0x20;
/// Clocks between refreshes: counter 1's usual count, 15.085 us.
const REFRESH_CLOCKS: i64 = 18;
/// The speaker's level while its line is high.
const SPEAKER_HIGH: i32 = 16_000;
/// Its high-pass, 30 Hz: see [`Steps::new`].
const SPEAKER_HIGH_PASS: u32 = 8;
/// Clocks of a period that nobody hears.
const INAUDIBLE_CLOCKS: u32 = 24;

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct PitState {
    chip: I8254,
    port_b: u8,
}

/// The card. Ports: region 0 is 40h-43h, region 1 is 61h.
#[derive(Clone, Debug)]
pub struct Pit {
    state: PitState,
    speaker: Steps,
    /// The speaker has been told of the line up to here.
    followed: VTime,
    irq: IrqPin,
    edge: EventSlot,
}

fn tick_at(now: VTime) -> i64 {
    i64::try_from(Clock::PIT.ticks_at(now)).unwrap_or(i64::MAX)
}

fn time_of(tick: i64) -> VTime {
    Clock::PIT.time_of_tick(u64::try_from(tick).unwrap_or(0))
}

impl Pit {
    /// A timer whose OUT0 drives `irq`; `edge` is a deadline of its own.
    pub fn new(irq: IrqPin, edge: EventSlot) -> Self {
        let mut state = PitState::default();
        for n in 0..2 {
            state.chip.set_gate(n, true, 0);
        }
        Self { state, speaker: Steps::new(SPEAKER_HIGH_PASS), followed: VTime(0), irq, edge }
    }

    /// The chip, for inspection.
    pub fn chip(&self) -> &I8254 {
        &self.state.chip
    }

    /// The count that counter 0 reloads, 1 to 65536, or `None` before it was programmed.
    pub fn counter_0_period(&self) -> Option<u32> {
        self.state.chip.counter(0).period()
    }

    /// Adds the speaker's sound at `now` to frames from `first` on, which lie [`crate::sound::LATENCY`] back.
    pub fn render(&mut self, now: VTime, first: u64, out: &mut [Frame]) {
        self.speaker.listen(first);
        self.follow_speaker(now);
        self.speaker.render(first, out);
    }

    fn speaker_level(&self, tick: i64) -> i32 {
        let counter = self.state.chip.counter(2);
        if self.state.port_b & SPEAKER_DATA == 0 {
            return 0;
        }
        match self.inaudible_period() {
            Some(period) if counter.next_change(tick).is_some() => {
                let high = if counter.mode() == Mode::SquareWave { (period + 1) / 2 } else { period - 1 };
                SPEAKER_HIGH * high / period
            }
            _ if counter.out(tick) => SPEAKER_HIGH,
            _ => 0,
        }
    }

    /// The period of a tone that nobody hears.
    fn inaudible_period(&self) -> Option<i32> {
        let counter = self.state.chip.counter(2);
        let repeats = matches!(counter.mode(), Mode::RateGenerator | Mode::SquareWave);
        counter
            .period()
            .filter(|&period| repeats && (2..=INAUDIBLE_CLOCKS).contains(&period))
            .map(|n| n as i32)
    }

    /// Tells the speaker of every edge up to `now`.
    fn follow_speaker(&mut self, now: VTime) {
        if now <= self.followed {
            return;
        }
        let mut tick = tick_at(self.followed);
        let moves = self.state.port_b & SPEAKER_DATA != 0 && self.inaudible_period().is_none();
        let end = if moves { tick_at(now) } else { tick };
        while let Some(next) = self.state.chip.counter(2).next_change(tick).filter(|&next| next <= end) {
            self.speaker.set(time_of(next), self.speaker_level(next));
            tick = next;
        }
        self.followed = now;
        self.speaker.follow(now);
    }

    /// Software is about to do something with counter 2 or port B. What the line did is followed over a short time only,
    /// so that a long one costs nothing; to a listener all of it was told.
    fn touch_speaker(&mut self, now: VTime) {
        let passed = now.ns_since(self.speaker.known_until());
        if passed > steps::MEMORY_NS {
            if self.speaker.is_heard(passed) {
                self.follow_speaker(now);
            }
            let start = VTime(now.0 - steps::MEMORY_NS);
            self.speaker.settle(start, self.speaker_level(tick_at(start)));
            self.followed = start;
        }
        self.follow_speaker(now);
    }

    /// Software has done it.
    fn mark_speaker(&mut self, now: VTime) {
        self.speaker.set(now, self.speaker_level(tick_at(now)));
        self.speaker.mark(now);
        self.followed = now;
    }

    /// Shows OUT0 on IRQ0 and arms the next moment at which it must be looked at.
    fn update_irq(&mut self, fabric: &mut Fabric) {
        let tick = tick_at(fabric.now);
        let counter = self.state.chip.counter(0);
        fabric.irqs.set(self.irq, counter.out(tick));
        match counter.next_notice(tick) {
            Some(next) => fabric.sched.arm(self.edge, time_of(next)),
            None => fabric.sched.cancel(self.edge),
        }
    }

    fn read_port_b(&self, tick: i64) -> u8 {
        let refresh = if tick / REFRESH_CLOCKS % 2 != 0 { REFRESH_TOGGLE } else { 0 };
        let out_2 = if self.state.chip.counter(2).out(tick) { OUT_2 } else { 0 };
        self.state.port_b | refresh | out_2
    }

    fn write_port_b(&mut self, value: u8, tick: i64) {
        self.state.port_b = value & WRITABLE;
        self.state.chip.set_gate(2, value & TIMER_2_GATE != 0, tick);
    }
}

impl Device for Pit {
    fn name(&self) -> &'static str {
        "pit"
    }

    fn reset(&mut self, fabric: &mut Fabric) {
        // The 8254 has no RESET pin: its counters run on until they are programmed. Port B has one.
        self.touch_speaker(fabric.now);
        self.write_port_b(0, tick_at(fabric.now));
        self.mark_speaker(fabric.now);
    }

    fn pio_read(&mut self, fabric: &mut Fabric, access: PortAccess) -> u32 {
        let tick = tick_at(fabric.now);
        u32::from(match access.region {
            0 => self.state.chip.read(access.offset, tick),
            _ => self.read_port_b(tick),
        })
    }

    fn pio_write(&mut self, fabric: &mut Fabric, access: PortAccess, value: u32) {
        let tick = tick_at(fabric.now);
        // Counters 0 and 1 are no business of the speaker.
        let heard = match (access.region, access.offset) {
            (0, 3) => matches!(Control::decode(value as u8), Control::Program { counter: 2, .. }),
            (0, counter) => counter == 2,
            _ => true,
        };
        if heard {
            self.touch_speaker(fabric.now);
        }
        match access.region {
            0 => self.state.chip.write(access.offset, value as u8, tick),
            _ => self.write_port_b(value as u8, tick),
        }
        if heard {
            self.mark_speaker(fabric.now);
        }
        if access.region == 0 {
            self.update_irq(fabric);
        }
    }

    fn on_event(&mut self, fabric: &mut Fabric, _slot: EventSlot, deadline: VTime) {
        // A rate generator's low pulse is one clock long: show its end only, as an edge.
        if self.state.chip.counter(0).out(tick_at(deadline)) {
            fabric.irqs.set(self.irq, false);
        }
        self.update_irq(fabric);
    }

    fn fork(&self) -> Result<Box<dyn Device>, ForkError> {
        Ok(Box::new(self.clone()))
    }

    fn save(&self) -> Result<Section, SnapshotError> {
        Section::encode(self.name(), 2, &(&self.state, self.speaker.save()))
    }

    fn load(&mut self, section: &Section) -> Result<(), SnapshotError> {
        let (state, speaker): (PitState, StepsState) = section.decode(self.name(), 2)?;
        if !state.chip.counters.iter().all(Counter::is_valid) || !Steps::accepts(&speaker) {
            return Err(SnapshotError::OutOfRange { section: "pit", what: "counter or speaker" });
        }
        self.state = state;
        self.speaker.load(speaker);
        self.followed = self.speaker.known_until();
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ringzero_bus::{Irq, Width};

    fn pit() -> (Pit, Fabric) {
        let mut fabric = Fabric::new(0);
        let irq = fabric.irqs.add_pin(Irq(0));
        (Pit::new(irq, EventSlot::for_test(0)), fabric)
    }

    fn out(pit: &mut Pit, fabric: &mut Fabric, region: u8, offset: u16, value: u8) {
        pit.pio_write(fabric, PortAccess { region, offset, width: Width::Byte }, value.into());
    }

    fn read(pit: &mut Pit, fabric: &mut Fabric, region: u8, offset: u16) -> u8 {
        pit.pio_read(fabric, PortAccess { region, offset, width: Width::Byte }) as u8
    }

    #[test]
    fn control_words_decode() {
        assert_eq!(Control::decode(0x00), Control::LatchCount { counter: 0 });
        assert_eq!(Control::decode(0xE2), Control::ReadBack { counters: 1, count: false, status: true });
    }

    #[test]
    fn a_rate_generator_makes_one_edge_per_period() {
        let (mut pit, mut fabric) = pit();
        for (offset, value) in [(3, 0x34), (0, 100), (0, 0)] {
            out(&mut pit, &mut fabric, 0, offset, value);
        }
        let mut rises = 0;
        while let Some(due) = fabric.sched.next_deadline().filter(|&due| due <= time_of(1001)) {
            fabric.now = due;
            fabric.sched.take_due(due);
            fabric.irqs.take_changes(|_, _| {});
            pit.on_event(&mut fabric, EventSlot::for_test(0), due);
            fabric.irqs.take_changes(|_, level| rises += u32::from(level));
        }
        assert_eq!(rises, 10);
    }

    #[test]
    fn out_2_shows_in_port_61h() {
        let (mut pit, mut fabric) = pit();
        out(&mut pit, &mut fabric, 1, 0, 1);
        for (offset, value) in [(3, 0xB0), (2, 10), (2, 0)] {
            out(&mut pit, &mut fabric, 0, offset, value);
        }
        assert_eq!(read(&mut pit, &mut fabric, 1, 0) & OUT_2, 0);
        fabric.now = time_of(11);
        assert_eq!(read(&mut pit, &mut fabric, 1, 0) & OUT_2, OUT_2);
    }

    #[test]
    fn the_refresh_bit_toggles_every_15_us() {
        let (mut pit, mut fabric) = pit();
        let first = read(&mut pit, &mut fabric, 1, 0) & REFRESH_TOGGLE;
        fabric.now = VTime(15_100);
        assert_ne!(read(&mut pit, &mut fabric, 1, 0) & REFRESH_TOGGLE, first);
    }

    /// The first `frames` frames of the speaker.
    fn sound(pit: &mut Pit, frames: usize) -> Vec<i32> {
        let mut out = vec![[0; 2]; frames];
        pit.render(crate::sound::time_of(frames as u64 + crate::sound::LATENCY), 0, &mut out);
        out.iter().map(|frame| frame[0]).collect()
    }

    fn listened() -> (Pit, Fabric) {
        let (mut pit, fabric) = pit();
        pit.render(VTime(0), 0, &mut []);
        (pit, fabric)
    }

    #[test]
    fn a_tone_reaches_the_speaker() {
        let (mut pit, mut fabric) = listened();
        for (offset, value) in [(3, 0xB6), (2, 0xA9), (2, 0x04)] {
            out(&mut pit, &mut fabric, 0, offset, value);
        }
        out(&mut pit, &mut fabric, 1, 0, 3);
        let samples = sound(&mut pit, 4800);
        let crossings = samples.windows(2).filter(|w| w[0] < 0 && w[1] >= 0).count();
        assert!((98..=101).contains(&crossings), "{crossings} cycles of a 1 kHz tone in 0.1 s");
    }

    /// Pulses of `width` clocks in mode 0, one every 64: what "RealSound" and its like do.
    fn pulses(pit: &mut Pit, fabric: &mut Fabric, ticks: std::ops::Range<i64>, width: u8) {
        for n in ticks.step_by(64) {
            fabric.now = time_of(n);
            out(pit, fabric, 0, 2, width);
        }
    }

    #[test]
    fn pulse_width_modulation_makes_levels() {
        let (mut pit, mut fabric) = listened();
        out(&mut pit, &mut fabric, 0, 3, 0x90);
        out(&mut pit, &mut fabric, 1, 0, 3);
        pulses(&mut pit, &mut fabric, 0..600_000, 32);
        pulses(&mut pit, &mut fabric, 600_000..660_000, 16);
        let samples = sound(&mut pit, 26_000);
        let mean = |range: std::ops::Range<usize>| {
            let len = range.len() as i32;
            samples[range].iter().sum::<i32>() / len
        };
        // A wider count keeps OUT low for longer: from 32 to 48 clocks high of 64.
        let (before, after) = (mean(23_000..24_000), mean(24_145..24_175));
        // The high-pass has taken a tenth of it away again.
        assert!((after - before - 3600).abs() < 400, "{before} {after}");
    }

    #[test]
    fn a_tone_above_the_audible_is_its_mean() {
        let (mut pit, mut fabric) = listened();
        for (region, offset, value) in [(0, 3, 0x96), (0, 2, 8), (1, 0, 3)] {
            out(&mut pit, &mut fabric, region, offset, value);
        }
        let samples = sound(&mut pit, 200);
        assert!((samples[50] - samples[60]).abs() < 500 && samples[60] > 5000, "{samples:?}");
    }

    #[test]
    fn listening_does_not_show_in_the_state() {
        let (mut heard, mut fabric) = listened();
        let (mut unheard, mut other) = super::tests::pit();
        for (n, value) in (0..60u64).zip([0xB6u8, 0x40, 0x13].into_iter().cycle()) {
            for (pit, fabric) in [(&mut heard, &mut fabric), (&mut unheard, &mut other)] {
                fabric.now = VTime(n * n * 100_000);
                out(pit, fabric, 0, if n % 3 == 0 { 3 } else { 2 }, value);
                out(pit, fabric, 1, 0, 3);
            }
            heard.render(fabric.now, n, &mut [[0; 2]]);
        }
        assert_eq!(heard.save().unwrap().bytes(), unheard.save().unwrap().bytes());
    }

    #[test]
    fn a_snapshot_round_trips() {
        let (mut pit, mut fabric) = pit();
        out(&mut pit, &mut fabric, 0, 3, 0x36);
        out(&mut pit, &mut fabric, 0, 0, 7);
        let saved = pit.save().unwrap();
        let (mut other, _) = super::tests::pit();
        other.load(&saved).unwrap();
        assert_eq!(other.state, pit.state);
    }
}
