//! The terminal's modes: whatever ends the program, the terminal is as it was.

use crate::{report, signals};
use crossterm::event::{DisableBracketedPaste, EnableBracketedPaste};
use crossterm::style::ResetColor;
use crossterm::terminal::{self, EnterAlternateScreen, LeaveAlternateScreen, SetTitle};
use crossterm::{cursor, execute};
use std::io::{self, Write};
use std::sync::Once;
use std::sync::atomic::{AtomicBool, Ordering};

/// Whether the alternate screen is up. The panic hook has no other way to know.
static SCREEN: AtomicBool = AtomicBool::new(false);
static HOOK: Once = Once::new();

/// Whether images of the kitty protocol may be there.
static KITTY: AtomicBool = AtomicBool::new(false);

/// Deletes every image [kitty, "Deleting images"].
pub(super) const KITTY_CLEAR: &[u8] = b"\x1B_Ga=d,d=A,q=2\x1B\\";

/// From now on there may be images to delete at the end.
pub(super) fn note_kitty() {
    KITTY.store(true, Ordering::Relaxed);
}

/// Bytes pass through the terminal as they are, while this lives.
#[derive(Debug)]
pub(crate) struct RawMode(());

impl RawMode {
    /// Enters raw mode.
    pub(crate) fn enter() -> io::Result<Self> {
        install_hook();
        terminal::enable_raw_mode()?;
        signals::set_raw_mode(true);
        Ok(Self(()))
    }
}

impl Drop for RawMode {
    fn drop(&mut self) {
        restore();
    }
}

/// The terminal is ours, while this lives.
pub(super) struct Guard(RawMode);

impl Guard {
    /// Takes the terminal over.
    pub(super) fn enter(title: &str) -> io::Result<Self> {
        let raw = RawMode::enter()?;
        SCREEN.store(true, Ordering::Relaxed);
        report::hold();
        let guard = Self(raw);
        let title: String = title.chars().filter(|c| !c.is_control()).collect();
        execute!(
            io::stdout(),
            EnterAlternateScreen,
            EnableBracketedPaste,
            SetTitle(format!("{title} - RingZero")),
            cursor::Hide,
            terminal::Clear(terminal::ClearType::All)
        )?;
        Ok(guard)
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        let RawMode(()) = self.0;
        restore();
    }
}

/// Puts everything back; a second time does nothing.
fn restore() {
    // The terminal may have gone: then there is nothing to put back, and nobody to tell.
    if SCREEN.swap(false, Ordering::Relaxed) {
        if KITTY.swap(false, Ordering::Relaxed) {
            let _ = io::stdout().write_all(KITTY_CLEAR);
        }
        let _ = execute!(io::stdout(), ResetColor, DisableBracketedPaste, LeaveAlternateScreen, cursor::Show);
    }
    if signals::in_raw_mode() {
        let _ = terminal::disable_raw_mode();
        signals::set_raw_mode(false);
    }
    report::release();
}

/// A panic's message must reach a terminal that shows it.
fn install_hook() {
    HOOK.call_once(|| {
        let earlier = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |info| {
            restore();
            earlier(info);
        }));
    });
}
