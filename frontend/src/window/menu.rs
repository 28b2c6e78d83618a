//! The menu in the window: how it is opened, what keys and the mouse do to it, and what is done then.

use super::app::App;
use super::palette::{Act, Facts, Outcome, Own, Page, Palette, Press};
use super::status::Target;
use crate::live::Control;
use crate::shelf::{self, Drawer};
use std::path::PathBuf;
use winit::event::{KeyEvent, MouseScrollDelta};
use winit::event_loop::ActiveEventLoop;
use winit::keyboard::{Key, NamedKey};

/// A key as the menu understands it. Letters are those of the desktop's layout.
fn press(event: &KeyEvent) -> Option<Press> {
    let Key::Named(key) = &event.logical_key else {
        return event.text.as_ref().map(|text| Press::Text(text.to_string()));
    };
    Some(match key {
        NamedKey::ArrowUp => Press::Up,
        NamedKey::ArrowDown => Press::Down,
        NamedKey::PageUp => Press::PageUp,
        NamedKey::PageDown => Press::PageDown,
        NamedKey::Home => Press::First,
        NamedKey::End => Press::Last,
        NamedKey::Enter => Press::Enter,
        NamedKey::Tab => Press::Complete,
        NamedKey::Backspace => Press::Erase,
        NamedKey::Delete => Press::EraseAll,
        NamedKey::Escape | NamedKey::F12 => Press::Back,
        NamedKey::Space => Press::Text(" ".to_owned()),
        _ => return None,
    })
}

impl App {
    /// Opens the menu; the guest has no key and no mouse from then on.
    pub(super) fn open_palette(&mut self, page: Page) {
        self.release_keys();
        self.capture(false);
        self.palette = Some(Palette::open(page, self.facts()));
        self.show_cursor();
        self.touch();
    }

    fn close_palette(&mut self) {
        self.palette = None;
        self.show_cursor();
        self.touch();
    }

    fn facts(&self) -> Facts<'_> {
        Facts { status: &self.status, looks: &self.looks, has_mouse: self.mouse.is_captured() }
    }

    /// Does something to the open menu.
    fn with_palette<T>(&mut self, act: impl FnOnce(&mut Palette, Facts<'_>) -> T) -> Option<T> {
        let mut palette = self.palette.take()?;
        let result = act(&mut palette, self.facts());
        self.palette = Some(palette);
        Some(result)
    }

    /// What the menu says may have changed.
    pub(super) fn refresh_palette(&mut self) {
        self.with_palette(Palette::refresh);
    }

    /// A key goes down while the menu is open.
    pub(super) fn palette_key(&mut self, event_loop: &ActiveEventLoop, event: &KeyEvent) {
        let Some(press) = press(event) else { return };
        let outcome = self.with_palette(|palette, facts| palette.press(press, facts));
        self.follow(event_loop, outcome);
    }

    /// The pointer moves over the menu.
    pub(super) fn palette_hover(&mut self) {
        let Some(index) = self.palette_hit() else { return };
        if self.with_palette(|palette, _| palette.hover(index)) == Some(true) {
            self.touch();
        }
    }

    /// A click: on an entry it is chosen, beside the menu it closes.
    pub(super) fn palette_click(&mut self, event_loop: &ActiveEventLoop) {
        let (Some(pane), Some(palette)) = (&self.pane, &self.palette) else { return };
        if !pane.layout(palette).panel.holds(self.pointer) {
            return self.close_palette();
        }
        let Some(index) = self.palette_hit() else { return };
        let outcome = self.with_palette(|palette, facts| palette.choose(index, facts));
        self.follow(event_loop, outcome);
    }

    pub(super) fn palette_wheel(&mut self, event_loop: &ActiveEventLoop, delta: MouseScrollDelta) {
        let steps = self.mouse.wheel(delta);
        let press = if steps < 0 { Press::Up } else { Press::Down };
        for _ in 0..steps.unsigned_abs().min(20) {
            let outcome = self.with_palette(|palette, facts| palette.press(press.clone(), facts));
            self.follow(event_loop, outcome);
        }
    }

    fn palette_hit(&self) -> Option<usize> {
        let (pane, palette) = (self.pane.as_ref()?, self.palette.as_ref()?);
        pane.layout(palette).hit(self.pointer)
    }

    fn follow(&mut self, event_loop: &ActiveEventLoop, outcome: Option<Outcome>) {
        match outcome {
            None => {}
            Some(Outcome::Stays) => self.touch(),
            Some(Outcome::Closes) => self.close_palette(),
            Some(Outcome::Does(act)) => {
                self.close_palette();
                match act {
                    Act::Machine(control) => self.send(control),
                    Act::Window(own) => self.own(event_loop, own),
                    Act::Open(_) | Act::Path(_) | Act::Nothing => {}
                }
            }
        }
    }

    fn own(&mut self, event_loop: &ActiveEventLoop, own: Own) {
        match own {
            Own::FullScreen => self.toggle_full_screen(),
            Own::Mouse => self.capture(!self.mouse.is_captured()),
            Own::StatusLine => {
                self.looks.status_line = !self.looks.status_line;
                self.say(
                    if self.looks.status_line { "status line on" } else { "status line off" }.to_owned(),
                );
            }
            Own::Filter(filter) => {
                self.looks.filter = filter;
                self.say("scaling changed".to_owned());
            }
            Own::Aspect(aspect) => {
                self.looks.aspect = aspect;
                self.say("shape of the picture changed".to_owned());
            }
            Own::Quit => event_loop.exit(),
        }
        self.redraw();
    }

    /// A click on the status line.
    pub(super) fn line_click(&mut self) {
        let Some(pane) = &self.pane else { return };
        let (scale, rect) = (pane.scale(), pane.line_rect(&self.looks));
        match self.line.hit(self.pointer.0 / scale, rect.width / scale) {
            Some(Target::Drive(drawer)) => self.open_palette(Page::Drive(drawer)),
            Some(Target::Speed) => self.open_palette(Page::Speed),
            Some(Target::Menu) => self.open_palette(Page::Main),
            Some(Target::Sound) => self.send(Control::ToggleMute),
            Some(Target::Recording) => self.send(Control::ToggleRecording),
            None => {}
        }
    }

    /// An image is dropped onto the window. Where two drives could take it, the user is asked.
    pub(super) fn dropped(&mut self, path: PathBuf) {
        let fits = |drawer: Drawer| match shelf::fitting(&path) {
            Ok(Drawer::Floppy(_)) => matches!(drawer, Drawer::Floppy(_)),
            Ok(Drawer::Cd(_)) => matches!(drawer, Drawer::Cd(_)),
            Err(_) => false,
        };
        // Drive B is there if the machine began with it.
        let has_b = self.status.lamps.iter().any(|lamp| lamp.drawer == Some(Drawer::Floppy(1)));
        let drawers = self.status.drawers.iter().map(|state| state.drawer);
        let count = drawers.filter(|&drawer| fits(drawer) && (drawer != Drawer::Floppy(1) || has_b)).count();
        if count > 1 {
            return self.open_palette(Page::Drop(path));
        }
        self.send(Control::Insert(path));
    }
}
