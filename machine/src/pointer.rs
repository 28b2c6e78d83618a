//! Mouse, tablet and sticks, as the host moves them: whichever device the guest uses is told.

use crate::machine::Machine;
use ringzero_devices::gameport::Stick;
use ringzero_devices::mouse::MouseButton;
use ringzero_devices::uart::Uart;
use ringzero_devices::usb::hid::HidKind;

/// The device that the guest's driver listens to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Pointer {
    /// That of VMware's backdoor.
    Backdoor,
    Tablet,
    UsbMouse,
    /// At this serial port.
    Serial(usize),
    /// At the keyboard controller, or none.
    Ps2,
}

impl Machine {
    /// Which device the guest listens to. One that a driver has switched on beats one that is merely there.
    fn pointer(&self) -> Pointer {
        if self.parts.vmmouse.is_some_and(|vmmouse| self.bus.get(vmmouse).is_enabled()) {
            return Pointer::Backdoor;
        }
        if self.uses_usb(HidKind::Tablet) {
            return Pointer::Tablet;
        }
        if self.uses_usb(HidKind::Mouse) {
            return Pointer::UsbMouse;
        }
        let serial = self.parts.com.iter().position(|&com| self.bus.get(com).listens_to_mouse());
        serial.map_or(Pointer::Ps2, Pointer::Serial)
    }

    /// Whether a guest's driver asks a USB device of this kind for news.
    pub(crate) fn uses_usb(&self, kind: HidKind) -> bool {
        self.parts.usb.is_some_and(|usb| self.bus.get(usb).uses(kind))
    }

    /// Whether the guest takes places on the screen, [`Machine::pointer_to`], rather than motion.
    pub fn takes_places(&self) -> bool {
        match self.pointer() {
            Pointer::Backdoor => {
                self.parts.vmmouse.is_some_and(|vmmouse| self.bus.get(vmmouse).is_absolute())
            }
            Pointer::Tablet => true,
            Pointer::UsbMouse | Pointer::Serial(_) | Pointer::Ps2 => false,
        }
    }

    /// The pointer is at a place of the screen, from 0 at the left and at the top to FFFFh. Nothing happens where the guest
    /// takes motion.
    pub fn pointer_to(&mut self, x: u16, y: u16) {
        match (self.pointer(), self.parts.usb) {
            (Pointer::Backdoor, _) => self.tell_backdoor(|vmmouse| vmmouse.place(x, y, 0)),
            (Pointer::Tablet, Some(usb)) => {
                self.bus.call(usb, |usb, fabric| usb.place(fabric, x >> 1, y >> 1, 0));
            }
            _ => {}
        }
    }

    /// The mouse moves by so many counts to the right and down, its wheel by so many steps towards the user. Without a
    /// mouse nothing happens; a guest that takes places hears of the wheel only.
    pub fn mouse_move(&mut self, right: i32, down: i32, wheel: i32) {
        match (self.pointer(), self.parts.usb) {
            (Pointer::Backdoor, _) => self.tell_backdoor(|vmmouse| vmmouse.motion(right, down, wheel)),
            (Pointer::Tablet, Some(usb)) => {
                self.bus.call(usb, |usb, fabric| usb.tablet_wheel(fabric, wheel));
            }
            (Pointer::UsbMouse, Some(usb)) => {
                self.bus.call(usb, |usb, fabric| usb.motion(fabric, right, down, wheel));
            }
            (Pointer::Serial(port), _) => {
                self.with_serial(port, |com, fabric| com.mouse_motion(fabric, right, down, wheel));
            }
            _ => self.bus.call(self.parts.kbc, |kbc, fabric| kbc.mouse_motion(fabric, right, down, wheel)),
        }
    }

    /// A button of the mouse goes down or up.
    pub fn mouse_button(&mut self, button: MouseButton, pressed: bool) {
        if pressed {
            return self.set_button(self.pointer(), button, true);
        }
        // What is held at one device is let go there, whichever the guest uses now.
        let ports = (0..self.parts.com.len()).map(Pointer::Serial);
        let all = [Pointer::Backdoor, Pointer::Tablet, Pointer::UsbMouse, Pointer::Ps2];
        for pointer in all.into_iter().chain(ports) {
            self.set_button(pointer, button, false);
        }
    }

    fn set_button(&mut self, pointer: Pointer, button: MouseButton, pressed: bool) {
        let kind = if pointer == Pointer::Tablet { HidKind::Tablet } else { HidKind::Mouse };
        match pointer {
            Pointer::Backdoor => self.tell_backdoor(|vmmouse| vmmouse.button(button, pressed)),
            Pointer::Tablet | Pointer::UsbMouse => {
                if let Some(usb) = self.parts.usb {
                    self.bus.call(usb, |usb, fabric| usb.button(fabric, kind, button, pressed));
                }
            }
            Pointer::Serial(port) => {
                self.with_serial(port, |com, fabric| com.mouse_button(fabric, button, pressed));
            }
            Pointer::Ps2 => {
                self.bus.call(self.parts.kbc, |kbc, fabric| kbc.mouse_button(fabric, button, pressed));
            }
        }
    }

    fn with_serial(&mut self, port: usize, act: impl FnOnce(&mut Uart, &mut ringzero_bus::Fabric)) {
        if let Some(&com) = self.parts.com.get(port) {
            self.bus.call(com, act);
        }
    }

    /// Does something at the backdoor's pointer, which says whether there is news: the PS/2 mouse then sends a packet
    /// without motion, whose interrupt makes the driver look.
    fn tell_backdoor(&mut self, act: impl FnOnce(&mut ringzero_devices::vmmouse::VmMouse) -> bool) {
        let Some(vmmouse) = self.parts.vmmouse else { return };
        if self.bus.call(vmmouse, |vmmouse, _| act(vmmouse)) {
            self.bus.call(self.parts.kbc, |kbc, fabric| kbc.nudge_mouse(fabric));
        }
    }

    /// Moves stick `number` (0 or 1) of the game port, plugs it in or, with `None`, out.
    pub fn set_joystick(&mut self, number: usize, stick: Option<Stick>) {
        if let Some(gameport) = self.parts.gameport {
            self.bus.call(gameport, |port, _| port.set_stick(number, stick));
        }
    }
}

#[cfg(test)]
#[path = "pointer_tests.rs"]
mod tests;
