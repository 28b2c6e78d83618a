//! The game port: two sticks with two axes and two buttons each.
//!
//! Source: IBM Personal Computer Options and Adapters Technical Reference, "Game Control Adapter", keyed \[IBM Game Control
//! Adapter\].
//!
//! *Modelled*: port 201h, the four one-shots with the time that an axis' resistance gives them, the buttons. A write starts
//! the one-shots that do not run. Where no stick is plugged in, nothing answers: programs that look for one see an empty
//! slot, so the port does no harm in a machine whose host has no stick.
//!
//! *Not modelled*: an axis that moves while its one-shot runs; what it showed at the start counts.

use ringzero_bus::{Device, Fabric, ForkError, PortAccess, Section, SnapshotError, VTime};
use serde::{Deserialize, Serialize};

/// The port.
pub const PORT: u16 = 0x201;
/// Sticks that can be plugged in.
pub const STICKS: usize = 2;

/// Nanoseconds of a one-shot without any resistance, and of each ohm of it [IBM Game Control Adapter, "Interface"].
const ONE_SHOT_NS: u64 = 24_200;
const NS_PER_OHM: u64 = 11;
/// An axis' resistance at its end.
const OHMS: u64 = 100_000;

/// A stick as it is held.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stick {
    /// To the left (-32768), in the middle (0), to the right (32767).
    pub x: i16,
    /// Away from the user to towards the user.
    pub y: i16,
    /// Buttons that are pressed.
    pub buttons: [bool; 2],
}

/// How long an axis' one-shot takes.
fn one_shot_ns(position: i16) -> u64 {
    let place = u64::from(position.cast_unsigned() ^ 0x8000);
    ONE_SHOT_NS + NS_PER_OHM * (place * OHMS / 0xFFFF)
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct State {
    sticks: [Option<Stick>; STICKS],
    /// When the one-shots end: X and Y of the first stick, then of the second.
    ends: [VTime; 2 * STICKS],
}

/// The card. Region 0 is port 201h.
#[derive(Clone, Debug, Default)]
pub struct GamePort {
    state: State,
}

impl GamePort {
    /// A port with nothing plugged in.
    pub fn new() -> Self {
        Self::default()
    }

    /// Moves stick `number`, 0 or 1, plugs it in or, with `None`, out.
    pub fn set_stick(&mut self, number: usize, stick: Option<Stick>) {
        if let Some(place) = self.state.sticks.get_mut(number) {
            *place = stick;
        }
    }

    /// The one-shots that have ended start.
    fn fire(&mut self, now: VTime) {
        for (number, stick) in self.state.sticks.iter().enumerate() {
            let Some(stick) = stick else { continue };
            for (end, position) in self.state.ends[2 * number..].iter_mut().zip([stick.x, stick.y]) {
                if *end <= now {
                    *end = now.plus_ns(one_shot_ns(position));
                }
            }
        }
    }

    /// Bits 3-0: one-shots that run; bits 7-4: buttons that are up.
    fn read(&self, now: VTime) -> u8 {
        let flag = |on: bool, bit: usize| u8::from(on) << bit;
        (0..STICKS).fold(0, |value, n| {
            let Some(stick) = self.state.sticks[n] else { return value | 0x33 << (2 * n) };
            let runs = [0, 1].map(|axis| now < self.state.ends[2 * n + axis]);
            let up = stick.buttons.map(|pressed| !pressed);
            value
                | flag(runs[0], 2 * n)
                | flag(runs[1], 2 * n + 1)
                | flag(up[0], 4 + 2 * n)
                | flag(up[1], 5 + 2 * n)
        })
    }
}

impl Device for GamePort {
    fn name(&self) -> &'static str {
        "gameport"
    }

    /// The sticks stay as they are held; one-shots have no reset.
    fn reset(&mut self, _fabric: &mut Fabric) {}

    fn pio_read(&mut self, fabric: &mut Fabric, _access: PortAccess) -> u32 {
        u32::from(self.read(fabric.now))
    }

    fn pio_write(&mut self, fabric: &mut Fabric, _access: PortAccess, _value: u32) {
        self.fire(fabric.now);
    }

    fn fork(&self) -> Result<Box<dyn Device>, ForkError> {
        Ok(Box::new(self.clone()))
    }

    fn save(&self) -> Result<Section, SnapshotError> {
        Section::encode(self.name(), 1, &self.state)
    }

    fn load(&mut self, section: &Section) -> Result<(), SnapshotError> {
        self.state = section.decode(self.name(), 1)?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(stick: Stick) -> GamePort {
        let mut port = GamePort::new();
        port.set_stick(0, Some(stick));
        port
    }

    #[test]
    fn without_a_stick_the_port_is_an_empty_slot() {
        let mut port = GamePort::new();
        port.fire(VTime(0));
        assert_eq!(port.read(VTime(1_000_000_000)), 0xFF);
    }

    #[test]
    fn an_axis_takes_as_long_as_its_resistance_says() {
        let mut port = with(Stick { x: i16::MIN, y: i16::MAX, ..Stick::default() });
        port.fire(VTime(1000));
        assert_eq!(port.read(VTime(1000)) & 3, 3);
        assert_eq!(port.read(VTime(1000 + 24_200)) & 3, 2);
        assert_eq!(port.read(VTime(1000 + 1_124_199)) & 3, 2);
        assert_eq!(port.read(VTime(1000 + 1_124_200)) & 3, 0);
    }

    #[test]
    fn a_stick_in_the_middle_has_half_the_resistance() {
        assert_eq!(one_shot_ns(0), 24_200 + 11 * 50_000);
    }

    #[test]
    fn a_one_shot_that_runs_is_not_started_again() {
        let mut port = with(Stick { x: i16::MIN, ..Stick::default() });
        port.fire(VTime(0));
        port.fire(VTime(20_000));
        assert_eq!(port.read(VTime(24_200)) & 1, 0);
    }

    #[test]
    fn pressed_buttons_read_as_0() {
        let mut port = with(Stick { buttons: [true, false], ..Stick::default() });
        assert_eq!(port.read(VTime(0)) & 0xF0, 0xE0);
        port.set_stick(1, Some(Stick { buttons: [false, true], ..Stick::default() }));
        assert_eq!(port.read(VTime(0)) & 0xF0, 0x60);
    }

    #[test]
    fn a_stick_that_is_missing_never_ends_its_one_shots() {
        let port = with(Stick::default());
        assert_eq!(port.read(VTime(0)), 0xFC);
    }
}
