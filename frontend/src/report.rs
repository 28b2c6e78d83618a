//! What is said to the user: on stderr, each line beginning with the program's name.

use crate::session::Session;
use std::io::Write;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Lines held back while the terminal shows the guest's screen.
static HELD: Mutex<Option<Vec<String>>> = Mutex::new(None);

fn held() -> MutexGuard<'static, Option<Vec<String>>> {
    HELD.lock().unwrap_or_else(PoisonError::into_inner)
}

/// From now on lines are held back.
pub(crate) fn hold() {
    held().get_or_insert_default();
}

/// Says the lines held back, and from now on each at once.
pub(crate) fn release() {
    let lines = held().take();
    for line in lines.unwrap_or_default() {
        say(&line);
    }
}

/// Says one line.
pub(crate) fn say(line: &str) {
    if let Some(lines) = held().as_mut() {
        return lines.push(line.to_owned());
    }
    // Terminals in raw mode need the carriage return; elsewhere it would be noise.
    let end = if crate::signals::in_raw_mode() { "\r\n" } else { "\n" };
    // With stderr closed there is nobody to tell.
    let _ = write!(std::io::stderr(), "ringzero: {line}{end}");
}

/// Passes on warnings of the machine's crates.
struct Logger;

impl log::Log for Logger {
    fn enabled(&self, metadata: &log::Metadata) -> bool {
        metadata.level() <= log::Level::Warn && metadata.target().starts_with("ringzero")
    }
    fn log(&self, record: &log::Record) {
        if self.enabled(record.metadata()) {
            say(&format!("warning: {}", record.args()));
        }
    }
    fn flush(&self) {}
}

/// Lets warnings of the machine's crates be seen.
pub(crate) fn install_logger() {
    if log::set_logger(&Logger).is_ok() {
        log::set_max_level(log::LevelFilter::Warn);
    }
}

/// Prints text of several lines to stderr as it is.
pub(crate) fn print(text: &str) {
    // As above.
    let _ = std::io::stderr().write_all(text.as_bytes());
}

/// Prints the screen's text to stderr, between two lines of dashes.
pub(crate) fn dump_screen(session: &Session) {
    let Some(screen) = session.machine.text_screen() else {
        return say("the screen is in a graphics mode and has no text");
    };
    let rule = "-".repeat(screen.columns);
    // As above.
    let _ = writeln!(std::io::stderr(), "{rule}\n{}{rule}", screen.to_text());
}

/// Prints the hash of the machine's state to stderr.
pub(crate) fn print_state_hash(session: &Session) {
    match session.machine.state_hash() {
        Ok(hash) => {
            let _ = writeln!(std::io::stderr(), "state-hash {hash}");
        }
        Err(error) => say(&format!("warning: the state cannot be hashed: {error}")),
    }
}
