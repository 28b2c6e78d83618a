//! What the terminal can draw, found out by asking it.
//!
//! Every terminal of the VT100's line answers the question for its primary attributes [xterm, "Device Attributes"], and
//! answers come in the order of the questions: when that one is there, nothing else will come. One that answers
//! nothing is waited for a moment only.

use crate::cli::Graphics;
use std::io::{self, Write};
use std::time::{Duration, Instant};

/// How long an answer may take, as over a slow line.
const PATIENCE: Duration = Duration::from_millis(400);
/// A cell in pixels where nobody says.
const USUAL_CELL: (usize, usize) = (10, 20);
/// Whether a one-pixel image of the kitty protocol could be shown; the size of a cell; the primary attributes.
const QUESTIONS: &[u8] = b"\x1B_Gi=31,s=1,v=1,a=q,t=d,f=24;AAAA\x1B\\\x1B[16t\x1B[c";
/// Sixel graphics, among the primary attributes.
const SIXEL: &str = "4";

/// How pictures are drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Method {
    Blocks,
    Sixel,
    Kitty,
}

/// What there is to know of the terminal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Ability {
    pub(super) method: Method,
    /// Pixels of a cell.
    pub(super) cell: (usize, usize),
}

impl Ability {
    /// What this terminal can; `wish` is what the user says of it. To be called before anyone else reads keys.
    pub(super) fn of_this_terminal(wish: Graphics) -> Self {
        let dumb = std::env::var("TERM").is_ok_and(|term| term == "dumb");
        if wish == Graphics::Blocks || wish == Graphics::Auto && dumb {
            return Self { method: Method::Blocks, cell: USUAL_CELL };
        }
        // One that cannot be asked can be told.
        let answer = ask().unwrap_or_default();
        let method = match wish {
            Graphics::Blocks => Method::Blocks,
            Graphics::Sixel => Method::Sixel,
            Graphics::Kitty => Method::Kitty,
            Graphics::Auto => method(&answer),
        };
        let cell = cell(&answer).or_else(measured_cell).unwrap_or(USUAL_CELL);
        Self { method, cell }
    }
}

/// The best that an answer promises.
fn method(answer: &str) -> Method {
    let attributes = attributes(answer).unwrap_or_default();
    if answer.contains("_Gi=31;OK") {
        Method::Kitty
    } else if attributes.split(';').skip(1).any(|attribute| attribute == SIXEL) {
        Method::Sixel
    } else {
        Method::Blocks
    }
}

/// The primary attributes: what is between `CSI ?` and `c`.
fn attributes(answer: &str) -> Option<&str> {
    answer.split("\x1B[?").skip(1).find_map(|rest| {
        let end = rest.find(|c: char| c.is_ascii_alphabetic())?;
        rest[end..].starts_with('c').then(|| &rest[..end])
    })
}

/// A cell's size: `CSI 6 ; height ; width t`.
fn cell(answer: &str) -> Option<(usize, usize)> {
    let rest = answer.split("\x1B[6;").nth(1)?;
    let (height, width) = rest.split('t').next()?.split_once(';')?;
    usable(width.parse().ok()?, height.parse().ok()?)
}

fn measured_cell() -> Option<(usize, usize)> {
    let size = crossterm::terminal::window_size().ok()?;
    let across = usize::from(size.width).checked_div(usize::from(size.columns))?;
    usable(across, usize::from(size.height).checked_div(usize::from(size.rows))?)
}

fn usable(width: usize, height: usize) -> Option<(usize, usize)> {
    ((2..=100).contains(&width) && (2..=200).contains(&height)).then_some((width, height))
}

/// Asks, and gives what came back in time.
fn ask() -> io::Result<String> {
    let mut out = io::stdout().lock();
    out.write_all(QUESTIONS)?;
    out.flush()?;
    let mut answer = String::new();
    let end = Instant::now() + PATIENCE;
    while attributes(&answer).is_none() {
        let left = end.saturating_duration_since(Instant::now());
        match read_for(left)? {
            Some(bytes) => answer.push_str(&String::from_utf8_lossy(&bytes)),
            None => break,
        }
    }
    Ok(answer)
}

/// What comes from the terminal within a time.
#[cfg(unix)]
fn read_for(time: Duration) -> io::Result<Option<Vec<u8>>> {
    use rustix::event::{PollFd, PollFlags, Timespec, poll};
    let stdin = rustix::stdio::stdin();
    let timeout = Timespec { tv_sec: 0, tv_nsec: i64::from(time.subsec_nanos()) };
    if time.is_zero() || poll(&mut [PollFd::new(&stdin, PollFlags::IN)], Some(&timeout))? == 0 {
        return Ok(None);
    }
    let mut buffer = [0; 256];
    let len = rustix::io::read(stdin, &mut buffer)?;
    Ok((len > 0).then(|| buffer[..len].to_vec()))
}

/// Consoles elsewhere are not asked.
#[cfg(not(unix))]
fn read_for(_time: Duration) -> io::Result<Option<Vec<u8>>> {
    Ok(None)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_best_that_is_promised_is_taken() {
        assert_eq!(method("\x1B_Gi=31;OK\x1B\\\x1B[?62;4c"), Method::Kitty);
        assert_eq!(method("\x1B[6;20;10t\x1B[?62;4;22c"), Method::Sixel);
        assert_eq!(method("\x1B[?64;1;2;22c"), Method::Blocks);
        // The class of the terminal is not an attribute.
        assert_eq!(method("\x1B[?4c"), Method::Blocks);
        assert_eq!(method(""), Method::Blocks);
    }

    #[test]
    fn a_cells_size_is_height_and_width() {
        assert_eq!(cell("\x1B[6;18;9t\x1B[?62c"), Some((9, 18)));
        assert_eq!(cell("\x1B[6;0;0t"), None);
        assert_eq!(cell("nothing"), None);
    }
}
