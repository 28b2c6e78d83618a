//! Text on the guest's keyboard, in the layout that the guest has loaded.

use ringzero_machine::{Layout, Machine, Untypable};

/// Layouts by name.
pub(crate) const LAYOUTS: &[(&str, Layout)] =
    &[("us", Layout::Us), ("uk", Layout::Uk), ("de", Layout::De), ("fr", Layout::Fr)];

/// Whether every character of `text` is on the keyboard.
pub(crate) fn check(layout: Layout, text: &str) -> Result<(), String> {
    match text.chars().find(|&c| layout.stroke(c).is_none()) {
        Some(c) => Err(Untypable(c, layout).to_string()),
        None => Ok(()),
    }
}

/// Begins to type `text`.
pub(crate) fn begin(machine: &mut Machine, layout: Layout, text: &str) -> Result<(), String> {
    machine.type_text_at_once(layout, text).map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_layout_has_its_name() {
        assert_eq!(LAYOUTS.len(), Layout::ALL.len());
        assert!(LAYOUTS.iter().all(|(name, layout)| *name == layout.name()));
    }
}
