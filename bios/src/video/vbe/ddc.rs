//! AL=15h: what the monitor says of itself, read bit by bit [VBE/DDC; I2C].

use super::{Status, read, register, write};
use crate::guest::{Guest, Served};
use ringzero_bus::LinAddr;

/// The memory's address on the bus.
const ADDRESS: u8 = 0xA0;
const SIZE: usize = 128;

pub(super) fn int10(g: &mut Guest) -> Served<Status> {
    match g.bl() {
        // A block takes about a second; DDC2.
        0 => {
            g.set_bx(0x0102);
            Ok(Status::Done)
        }
        1 if g.dx() == 0 => {
            let at = LinAddr::real(g.regs().es, g.di());
            g.check(at, SIZE)?;
            let Some(block) = Wire(g).block() else { return Ok(Status::Failed) };
            g.write(at, &block)?;
            Ok(Status::Done)
        }
        _ => Ok(Status::Failed),
    }
}

/// The host's end of the two wires.
struct Wire<'a, 'b>(&'a mut Guest<'b>);

impl Wire<'_, '_> {
    fn drive(&mut self, clock: bool, data: bool) {
        write(self.0, register::DDC, 0x80 | u16::from(clock) | u16::from(data) << 1);
    }

    fn data(&mut self) -> bool {
        read(self.0, register::DDC) & 8 != 0
    }

    fn start(&mut self) {
        for (clock, data) in [(false, true), (true, true), (true, false), (false, false)] {
            self.drive(clock, data);
        }
    }

    fn stop(&mut self) {
        for (clock, data) in [(false, false), (true, false), (true, true)] {
            self.drive(clock, data);
        }
        write(self.0, register::DDC, 0);
    }

    fn bit(&mut self, data: bool) -> bool {
        self.drive(false, data);
        self.drive(true, data);
        let read = self.data();
        self.drive(false, data);
        read
    }

    /// Sends a byte; whether it was acknowledged.
    fn send(&mut self, byte: u8) -> bool {
        for n in (0..8).rev() {
            self.bit(byte >> n & 1 != 0);
        }
        !self.bit(true)
    }

    fn receive(&mut self, last: bool) -> u8 {
        let byte = (0..8).fold(0, |byte, _| byte << 1 | u8::from(self.bit(true)));
        self.bit(last);
        byte
    }

    /// The first block; `None` when no monitor answers.
    fn block(&mut self) -> Option<[u8; SIZE]> {
        self.start();
        let mut answers = self.send(ADDRESS) && self.send(0);
        self.start();
        answers = answers && self.send(ADDRESS | 1);
        let block = std::array::from_fn(|n| if answers { self.receive(n == SIZE - 1) } else { 0 });
        self.stop();
        answers.then_some(block)
    }
}
