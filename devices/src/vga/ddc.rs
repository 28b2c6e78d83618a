//! DDC2B: the monitor's EDID as a memory on a two-wire bus, clocked by software.
//!
//! Sources: VESA Display Data Channel Command Interface, keyed \[DDC\]; the I2C-bus specification, keyed \[I2C\].

use super::edid;
use serde::{Deserialize, Serialize};

/// The memory's address on the bus, the direction bit clear.
const ADDRESS: u8 = 0xA0;
/// Behind a start condition the clock has yet to fall for the first bit.
const STARTED: u8 = u8::MAX;

/// What the monitor does with the bits that come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
enum Phase {
    /// It waits for a start condition.
    #[default]
    Idle,
    /// Its address, and whether it is to send.
    Address,
    /// The place of the next byte.
    Word,
    /// It sends.
    Send,
}

/// The monitor's end of the bus, and the levels of the host's end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Ddc {
    enabled: bool,
    clock: bool,
    data: bool,
    /// The monitor lets the data line be high.
    released: bool,
    phase: Phase,
    /// Clocks of the present byte, the ninth being the acknowledge.
    bit: u8,
    shift: u8,
    place: u8,
}

impl Default for Ddc {
    fn default() -> Self {
        Self {
            enabled: false,
            clock: true,
            data: true,
            released: true,
            phase: Phase::Idle,
            bit: 0,
            shift: 0,
            place: 0,
        }
    }
}

impl Ddc {
    /// Bits 0 and 1: the host's clock and data; bits 2 and 3: the lines; bit 7: the port is on [VBE-DISPI].
    pub(super) fn read(&self) -> u16 {
        if !self.enabled {
            return 0x000F;
        }
        let line = self.data && self.released;
        (u16::from(self.clock) * 0x05) | u16::from(self.data) << 1 | u16::from(line) << 3 | 0x80
    }

    pub(super) fn write(&mut self, value: u16) {
        self.enabled = value & 0x80 != 0;
        if self.enabled {
            self.drive(value & 1 != 0, value & 2 != 0);
        }
    }

    fn drive(&mut self, clock: bool, data: bool) {
        let (old_clock, old_data) = (self.clock, self.data);
        (self.clock, self.data) = (clock, data);
        match (old_clock, clock) {
            // Data may change only while the clock is low: anything else is a start or a stop [I2C].
            (true, true) if old_data && !data => {
                (self.phase, self.bit, self.released) = (Phase::Address, STARTED, true);
            }
            (true, true) if !old_data && data => (self.phase, self.released) = (Phase::Idle, true),
            (false, true) => self.clock_rises(),
            (true, false) => self.clock_falls(),
            _ => {}
        }
    }

    /// The line is sampled.
    fn clock_rises(&mut self) {
        match (self.phase, self.bit) {
            (Phase::Send, 8) if self.data => self.phase = Phase::Idle,
            (Phase::Address | Phase::Word, 0..8) => self.shift = self.shift << 1 | u8::from(self.data),
            _ => {}
        }
    }

    /// The next bit begins.
    fn clock_falls(&mut self) {
        if self.phase == Phase::Idle {
            self.released = true;
            return;
        }
        self.bit = self.bit.wrapping_add(1);
        match self.bit {
            8 => self.end_of_byte(),
            9 => {
                self.bit = 0;
                self.begin_byte();
            }
            _ if self.phase == Phase::Send => self.put_bit(),
            _ => {}
        }
    }

    /// Eight bits are through: who received them acknowledges by holding the line low.
    fn end_of_byte(&mut self) {
        self.released = self.phase == Phase::Send;
        match self.phase {
            Phase::Address if self.shift & !1 != ADDRESS => (self.phase, self.released) = (Phase::Idle, true),
            Phase::Word => self.place = self.shift,
            _ => {}
        }
    }

    fn begin_byte(&mut self) {
        self.released = true;
        self.phase = match self.phase {
            Phase::Address if self.shift & 1 != 0 => Phase::Send,
            Phase::Address => Phase::Word,
            other => other,
        };
        if self.phase == Phase::Send {
            self.shift = edid::block()[usize::from(self.place) % edid::SIZE];
            self.place = self.place.wrapping_add(1);
            self.put_bit();
        }
    }

    fn put_bit(&mut self) {
        self.released = self.shift << self.bit & 0x80 != 0;
    }

    pub(super) fn is_valid(&self) -> bool {
        self.bit < 9 || self.bit == STARTED
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(ddc: &mut Ddc, clock: u16, data: u16) -> u16 {
        ddc.write(0x80 | clock | data << 1);
        ddc.read() >> 3 & 1
    }

    fn start(ddc: &mut Ddc) {
        for (clock, data) in [(0, 1), (1, 1), (1, 0), (0, 0)] {
            lines(ddc, clock, data);
        }
    }

    fn bit(ddc: &mut Ddc, data: u16) -> u16 {
        lines(ddc, 0, data);
        let read = lines(ddc, 1, data);
        lines(ddc, 0, data);
        read
    }

    /// Sends a byte; whether it was acknowledged.
    fn send(ddc: &mut Ddc, byte: u16) -> bool {
        for n in (0..8).rev() {
            bit(ddc, byte >> n & 1);
        }
        bit(ddc, 1) == 0
    }

    fn receive(ddc: &mut Ddc, last: u16) -> u8 {
        let byte = (0..8).fold(0, |byte, _| byte << 1 | bit(ddc, 1) as u8);
        bit(ddc, last);
        byte
    }

    #[test]
    fn the_block_is_read_from_a_place_on() {
        let mut ddc = Ddc::default();
        start(&mut ddc);
        assert!(send(&mut ddc, 0xA0) && send(&mut ddc, 0));
        start(&mut ddc);
        assert!(send(&mut ddc, 0xA1));
        let read: Vec<u8> = (0..128).map(|n| receive(&mut ddc, u16::from(n == 127))).collect();
        assert_eq!(read, edid::block());
    }

    #[test]
    fn another_address_is_not_acknowledged() {
        let mut ddc = Ddc::default();
        start(&mut ddc);
        assert!(!send(&mut ddc, 0x6E));
    }

    #[test]
    fn lines_are_high_while_the_port_is_off() {
        assert_eq!(Ddc::default().read(), 0x000F);
    }
}
