//! The mouse, as the host moves it.

use crate::machine::Machine;
use ringzero_devices::mouse::MouseButton;

impl Machine {
    /// The mouse moves by so many counts to the right and down, its wheel by so many steps towards the user. Without a
    /// mouse nothing happens.
    pub fn mouse_move(&mut self, right: i32, down: i32, wheel: i32) {
        self.bus.call(self.parts.kbc, |kbc, fabric| kbc.mouse_motion(fabric, right, down, wheel));
    }

    /// A button of the mouse goes down or up.
    pub fn mouse_button(&mut self, button: MouseButton, pressed: bool) {
        self.bus.call(self.parts.kbc, |kbc, fabric| kbc.mouse_button(fabric, button, pressed));
    }
}
