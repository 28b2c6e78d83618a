//! The serial mouse at a [`Uart`]: power from the modem outputs, bytes to the receiver.

use super::serial_mouse::{DIVISOR, SerialMouse, SerialMouseKind};
use super::{Received, Uart, lsr};
use crate::mouse::MouseButton;
use ringzero_bus::Fabric;

/// LCR: eight data bits.
const EIGHT_BITS: u8 = 3;

impl Uart {
    /// The same port with a mouse at it.
    #[must_use]
    pub fn with_mouse(mut self, kind: SerialMouseKind) -> Self {
        self.state.mouse = Some(SerialMouse::new(kind));
        self
    }

    /// Whether a mouse is at the port that a driver listens to: it has power, and the port its speed.
    pub fn listens_to_mouse(&self) -> bool {
        self.state.mouse.is_some_and(|mouse| mouse.is_powered()) && self.state.divisor == DIVISOR
    }

    /// The mouse moves by so many counts to the right and down, its wheel by steps towards the user.
    pub fn mouse_motion(&mut self, fabric: &mut Fabric, right: i32, down: i32, wheel: i32) {
        if let Some(mouse) = &mut self.state.mouse {
            mouse.motion(right, down, wheel);
            self.feed_mouse(fabric);
            self.schedule_arrival(fabric);
        }
    }

    /// A button of the mouse goes down or up.
    pub fn mouse_button(&mut self, fabric: &mut Fabric, button: MouseButton, pressed: bool) {
        if let Some(mouse) = &mut self.state.mouse {
            mouse.button(button, pressed);
            self.feed_mouse(fabric);
            self.schedule_arrival(fabric);
        }
    }

    /// Gives the mouse power as the modem outputs have it, and lets it speak when its last byte has left.
    pub(super) fn feed_mouse(&mut self, fabric: &mut Fabric) {
        let on = !self.loopback() && self.state.mcr & 3 == 3;
        let Some(mouse) = &mut self.state.mouse else { return };
        if mouse.is_powered() && !on {
            self.state.input.clear();
        }
        mouse.set_power(on);
        if !self.state.input.is_empty() {
            return;
        }
        let Some(bytes) = mouse.next() else { return };
        // At another speed bits come out wrong; with eight data bits the stop bit is one of them.
        let understood = self.state.divisor == DIVISOR;
        let stop_bit = if self.state.lcr & 3 == EIGHT_BITS { 0x80 } else { 0 };
        self.state.input.extend(bytes.into_iter().map(|byte| match understood {
            true => Received { byte: byte | stop_bit, errors: 0 },
            false => Received { byte: 0, errors: lsr::FRAMING },
        }));
        self.schedule_arrival(fabric);
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::Bench;
    use super::*;

    /// A port with a mouse, at 1200 baud with seven data bits, whose driver has given it power.
    fn listening() -> Bench {
        let mut bench = Bench::new();
        bench.uart = bench.uart.clone().with_mouse(SerialMouseKind::ThreeButtons);
        for (offset, value) in [(3, 0x82), (0, 96), (1, 0), (3, 0x02), (4, 0x08), (4, 0x0B)] {
            bench.out(offset, value);
        }
        bench
    }

    fn received(bench: &mut Bench, count: usize) -> Vec<u8> {
        (0..count)
            .map(|_| {
                bench.run(8_000_000);
                assert_eq!(bench.read(5) & (lsr::DATA_READY | lsr::FRAMING), lsr::DATA_READY);
                bench.read(0)
            })
            .collect()
    }

    #[test]
    fn power_makes_the_mouse_say_what_it_is() {
        let mut bench = listening();
        assert_eq!(received(&mut bench, 2), b"M3");
        bench.out(4, 0x09);
        bench.out(4, 0x0B);
        assert_eq!(received(&mut bench, 2), b"M3");
    }

    #[test]
    fn motion_arrives_at_1200_baud() {
        let mut bench = listening();
        received(&mut bench, 2);
        bench.uart.mouse_motion(&mut bench.fabric, 3, -2, 0);
        bench.run(7_400_000);
        assert_eq!(bench.read(5) & lsr::DATA_READY, 0);
        assert_eq!(received(&mut bench, 3), [0x4C, 0x03, 0x3E]);
        assert!(bench.uart.listens_to_mouse());
    }

    #[test]
    fn at_another_speed_frames_are_broken() {
        let mut bench = Bench::new();
        bench.uart = bench.uart.clone().with_mouse(SerialMouseKind::ThreeButtons);
        bench.out(4, 0x08);
        bench.out(4, 0x0B);
        bench.run(1_000_000);
        assert_eq!(bench.read(5) & lsr::FRAMING, lsr::FRAMING);
        assert!(!bench.uart.listens_to_mouse());
    }

    #[test]
    fn with_eight_data_bits_the_stop_bit_is_one_of_them() {
        let mut bench = listening();
        bench.out(3, 0x03);
        bench.out(4, 0x09);
        bench.out(4, 0x0B);
        bench.run(20_000_000);
        assert_eq!(bench.read(0), b'M' | 0x80);
    }
}
