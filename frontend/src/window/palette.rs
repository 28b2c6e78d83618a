//! The menu over the picture: what can be done, found by typing, arrows or the mouse.
//!
//! [`Palette`] knows pages, entries and what is chosen; [`view`] draws it. Neither does anything itself: what was chosen
//! is given back as an [`Act`].

mod files;
mod pages;
pub(super) mod view;

use crate::live::{Control, Status};
use crate::looks::{Aspect, Filter, Looks};
use crate::shelf::Drawer;
use std::path::PathBuf;

/// What the window does itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Own {
    FullScreen,
    Mouse,
    StatusLine,
    Filter(Filter),
    Aspect(Aspect),
    Quit,
}

/// A page of the menu.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Page {
    Main,
    Drive(Drawer),
    /// A file for a drive is being looked for.
    File(Drawer),
    /// Which drive does an image go into?
    Drop(PathBuf),
    Speed,
    Filter,
    Keys,
}

/// What an entry does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Act {
    Machine(Control),
    Window(Own),
    Open(Page),
    /// The path being typed becomes this.
    Path(String),
    /// Nothing, for the reason that the entry tells.
    Nothing,
}

/// A line of the menu.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Entry {
    pub(super) label: String,
    /// A key that does the same, or what is set now.
    pub(super) note: String,
    pub(super) act: Act,
}

/// What entries depend on.
#[derive(Clone, Copy, Debug)]
pub(super) struct Facts<'a> {
    pub(super) status: &'a Status,
    pub(super) looks: &'a Looks,
    pub(super) has_mouse: bool,
}

/// A key of the menu.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Press {
    Up,
    Down,
    PageUp,
    PageDown,
    First,
    Last,
    Enter,
    Complete,
    Erase,
    EraseAll,
    Back,
    Text(String),
}

/// What comes of a key or a click.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    /// The menu stays.
    Stays,
    Closes,
    /// The menu closes, and this is to be done.
    Does(Act),
}

/// Entries that a page key moves by.
const STRIDE: usize = 10;

/// The open menu.
#[derive(Clone, Debug)]
pub(super) struct Palette {
    /// The way to this page.
    pages: Vec<Page>,
    input: String,
    selected: usize,
    entries: Vec<Entry>,
}

impl Palette {
    /// The menu, opened at a page.
    pub(super) fn open(page: Page, facts: Facts<'_>) -> Self {
        let mut palette = Self { pages: vec![page], input: String::new(), selected: 0, entries: Vec::new() };
        palette.refresh(facts);
        palette
    }

    pub(super) fn title(&self) -> String {
        pages::title(self.page())
    }

    /// What was typed.
    pub(super) fn input(&self) -> &str {
        &self.input
    }

    pub(super) fn entries(&self) -> &[Entry] {
        &self.entries
    }

    pub(super) fn selected(&self) -> usize {
        self.selected
    }

    fn page(&self) -> &Page {
        self.pages.last().unwrap_or(&Page::Main)
    }

    /// The facts have changed.
    pub(super) fn refresh(&mut self, facts: Facts<'_>) {
        self.entries = match self.page() {
            Page::File(drawer) => files::entries(*drawer, &self.input),
            page => matching(pages::entries(page, facts), &self.input),
        };
        self.selected = self.selected.min(self.entries.len().saturating_sub(1));
    }

    /// A key is pressed.
    pub(super) fn press(&mut self, press: Press, facts: Facts<'_>) -> Outcome {
        let last = self.entries.len().saturating_sub(1);
        match press {
            Press::Up => self.selected = self.selected.checked_sub(1).unwrap_or(last),
            Press::Down => self.selected = if self.selected >= last { 0 } else { self.selected + 1 },
            Press::PageUp => self.selected = self.selected.saturating_sub(STRIDE),
            Press::PageDown => self.selected = (self.selected + STRIDE).min(last),
            Press::First => self.selected = 0,
            Press::Last => self.selected = last,
            Press::Enter => return self.choose(self.selected, facts),
            Press::Complete => self.complete(facts),
            Press::Erase => {
                self.input.pop();
                self.typed(facts);
            }
            Press::EraseAll => {
                self.input.clear();
                self.typed(facts);
            }
            Press::Text(text) => {
                self.input.extend(text.chars().filter(|c| !c.is_control()));
                self.typed(facts);
            }
            Press::Back => return self.back(facts),
        }
        Outcome::Stays
    }

    /// The pointer is over an entry.
    pub(super) fn hover(&mut self, index: usize) -> bool {
        let moved = index < self.entries.len() && self.selected != index;
        if moved {
            self.selected = index;
        }
        moved
    }

    /// An entry is chosen.
    pub(super) fn choose(&mut self, index: usize, facts: Facts<'_>) -> Outcome {
        let Some(entry) = self.entries.get(index) else { return Outcome::Stays };
        match entry.act.clone() {
            Act::Open(page) => {
                self.pages.push(page);
                self.turn(facts);
                Outcome::Stays
            }
            Act::Path(path) => {
                self.input = path;
                self.typed(facts);
                Outcome::Stays
            }
            Act::Nothing => Outcome::Stays,
            act => Outcome::Does(act),
        }
    }

    /// What was typed is erased first, then the page before comes back, then the menu closes.
    fn back(&mut self, facts: Facts<'_>) -> Outcome {
        let is_file = matches!(self.page(), Page::File(_));
        if !self.input.is_empty() && !is_file {
            self.input.clear();
            self.typed(facts);
            return Outcome::Stays;
        }
        self.pages.pop();
        if self.pages.is_empty() {
            return Outcome::Closes;
        }
        self.turn(facts);
        Outcome::Stays
    }

    fn turn(&mut self, facts: Facts<'_>) {
        self.input.clear();
        self.typed(facts);
    }

    fn typed(&mut self, facts: Facts<'_>) {
        self.selected = 0;
        self.refresh(facts);
    }

    /// Completes a path as far as its beginnings agree.
    fn complete(&mut self, facts: Facts<'_>) {
        if let Page::File(_) = self.page()
            && let Some(longer) = files::completed(&self.input)
        {
            self.input = longer;
            self.typed(facts);
        }
    }
}

/// Entries that have every word of `wanted`, those that begin with it first.
fn matching(entries: Vec<Entry>, wanted: &str) -> Vec<Entry> {
    let wanted = wanted.to_lowercase();
    let has_all = |entry: &Entry| {
        let label = entry.label.to_lowercase();
        wanted.split_whitespace().all(|word| label.contains(word))
    };
    let mut found: Vec<Entry> = entries.into_iter().filter(has_all).collect();
    if !wanted.is_empty() {
        found.sort_by_key(|entry| !entry.label.to_lowercase().starts_with(wanted.trim()));
    }
    found
}

#[cfg(test)]
mod tests;
