//! Text on the guest's keyboard, in the layout that the guest has loaded.

use ringzero_machine::Machine;
use ringzero_machine::keyboard::layout;

/// A keyboard layout.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Layout {
    #[default]
    Us,
}

/// Layouts by name.
pub(crate) const LAYOUTS: &[(&str, Layout)] = &[("us", Layout::Us)];

/// Whether every character of `text` is on the keyboard.
pub(crate) fn check(layout: Layout, text: &str) -> Result<(), String> {
    let Layout::Us = layout;
    match text.chars().find(|&c| layout::strokes(c).is_none()) {
        Some(c) => Err(format!("{c:?} cannot be typed on a US keyboard")),
        None => Ok(()),
    }
}

/// Begins to type `text`.
pub(crate) fn begin(machine: &mut Machine, layout: Layout, text: &str) -> Result<(), String> {
    let Layout::Us = layout;
    machine.type_text(text).map_err(|error| error.to_string())
}
