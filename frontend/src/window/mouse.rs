//! The desktop's mouse as the guest's: captured or not, motion in whole counts.

use super::scale::Rect;
use ringzero_machine::MouseButton;
use winit::event::{MouseButton as DesktopButton, MouseScrollDelta};
use winit::window::{CursorGrabMode, Window};

/// Pixels of a smooth wheel that are one step.
const PIXELS_PER_STEP: f64 = 40.0;

/// Whether the guest has the mouse, what is left of its motion, and which buttons it holds.
#[derive(Debug, Default)]
pub(super) struct Mouse {
    captured: bool,
    /// Fractions of counts to the right and down, and of wheel steps, that were not yet told.
    rest: (f64, f64, f64),
    held: Vec<MouseButton>,
}

/// Takes the whole part out of a sum.
fn whole(rest: &mut f64, more: f64) -> i32 {
    *rest += if more.is_finite() { more } else { 0.0 };
    let whole = rest.trunc().clamp(-10_000.0, 10_000.0);
    *rest = rest.fract();
    whole as i32
}

/// A place of the window as one of the picture, from 0 to FFFFh; beside the picture its edge.
pub(super) fn place(picture: Rect, (x, y): (usize, usize)) -> (u16, u16) {
    let part = |at: usize, first: usize, size: usize| {
        let most = size.saturating_sub(1).max(1);
        // The middle of what a pixel stands for: a guest that scales down finds the pixel again.
        u16::try_from((at.saturating_sub(first).min(most) * 0xFFFF + most / 2) / most).unwrap_or(u16::MAX)
    };
    (part(x, picture.x, picture.width), part(y, picture.y, picture.height))
}

impl Mouse {
    pub(super) fn is_captured(&self) -> bool {
        self.captured
    }

    /// Gives the guest the pointer or takes it back; whether the desktop plays along.
    pub(super) fn capture(&mut self, window: &Window, capture: bool) -> bool {
        let done = if capture {
            // Not every desktop can hold a pointer still; confined, its motion still counts.
            let grab = |mode| window.set_cursor_grab(mode).is_ok();
            grab(CursorGrabMode::Locked) || grab(CursorGrabMode::Confined)
        } else {
            // A window that is gone has let it go already.
            let _ = window.set_cursor_grab(CursorGrabMode::None);
            true
        };
        if done {
            self.captured = capture;
            self.rest = (0.0, 0.0, 0.0);
        }
        done
    }

    /// Counts to the right and down.
    pub(super) fn motion(&mut self, (right, down): (f64, f64)) -> (i32, i32) {
        (whole(&mut self.rest.0, right), whole(&mut self.rest.1, down))
    }

    /// Steps towards the user.
    pub(super) fn wheel(&mut self, delta: MouseScrollDelta) -> i32 {
        let away = match delta {
            MouseScrollDelta::LineDelta(_, lines) => f64::from(lines),
            MouseScrollDelta::PixelDelta(pixels) => pixels.y / PIXELS_PER_STEP,
        };
        whole(&mut self.rest.2, -away)
    }

    /// The guest's button; none for a release of what it does not hold.
    pub(super) fn button(&mut self, button: DesktopButton, pressed: bool) -> Option<MouseButton> {
        let button = match button {
            DesktopButton::Left => MouseButton::Left,
            DesktopButton::Right => MouseButton::Right,
            DesktopButton::Middle => MouseButton::Middle,
            DesktopButton::Back => MouseButton::Fourth,
            DesktopButton::Forward => MouseButton::Fifth,
            DesktopButton::Other(_) => return None,
        };
        let was_held = self.held.contains(&button);
        self.held.retain(|held| *held != button);
        if pressed {
            self.held.push(button);
        }
        (pressed || was_held).then_some(button)
    }

    /// Buttons that must be released now.
    pub(super) fn take_held(&mut self) -> Vec<MouseButton> {
        std::mem::take(&mut self.held)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fractions_of_counts_are_kept() {
        let mut mouse = Mouse::default();
        assert_eq!(mouse.motion((0.6, -0.6)), (0, 0));
        assert_eq!(mouse.motion((0.6, -0.6)), (1, -1));
        assert_eq!(mouse.motion((f64::NAN, 3.0)), (0, 2));
    }

    #[test]
    fn places_reach_from_edge_to_edge_and_not_beyond() {
        let picture = Rect { x: 10, y: 20, width: 101, height: 51 };
        assert_eq!(place(picture, (10, 20)), (0, 0));
        assert_eq!(place(picture, (110, 70)), (0xFFFF, 0xFFFF));
        assert_eq!(place(picture, (60, 45)), (0x8000, 0x8000));
        assert_eq!(place(picture, (0, 500)), (0, 0xFFFF));
        assert_eq!(place(Rect::default(), (5, 5)), (0xFFFF, 0xFFFF));
    }

    #[test]
    fn the_wheel_counts_towards_the_user() {
        let mut mouse = Mouse::default();
        assert_eq!(mouse.wheel(MouseScrollDelta::LineDelta(0.0, 1.0)), -1);
    }

    #[test]
    fn a_release_without_a_press_is_not_the_guests() {
        let mut mouse = Mouse::default();
        assert_eq!(mouse.button(DesktopButton::Left, false), None);
        assert_eq!(mouse.button(DesktopButton::Left, true), Some(MouseButton::Left));
        assert_eq!(mouse.take_held(), [MouseButton::Left]);
    }
}
