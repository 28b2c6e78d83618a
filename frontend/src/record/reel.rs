//! From pictures at their times to frames: what changed, where, and for how long it is seen.

use super::apng::Apng;
use super::fit::fit;
use super::gif::Gif;
use super::{Format, RecordError};
use ringzero_machine::Frame;
use std::fs::File;

/// A part of the canvas.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Area {
    pub(super) x: usize,
    pub(super) y: usize,
    pub(super) width: usize,
    pub(super) height: usize,
}

/// Pixels of a part of the canvas, and when they are seen.
#[derive(Debug)]
pub(super) struct Shot {
    pub(super) area: Area,
    pub(super) pixels: Vec<u32>,
    /// Nanoseconds.
    pub(super) begin: u64,
    pub(super) end: u64,
}

/// A file of frames.
pub(super) trait Film {
    /// Adds a frame. The first one covers the canvas.
    fn add(&mut self, shot: &Shot) -> Result<(), RecordError>;
}

/// What turns pictures into frames.
pub(super) struct Reel {
    file: Option<(File, Format)>,
    film: Option<Box<dyn Film>>,
    size: (usize, usize),
    canvas: Vec<u32>,
    /// The frame whose end is not known yet.
    pending: Option<Shot>,
}

impl Reel {
    /// A reel that writes to `file`.
    pub(super) fn new(file: File, format: Format) -> Self {
        Self { file: Some((file, format)), film: None, size: (0, 0), canvas: Vec::new(), pending: None }
    }

    /// The picture at `at`.
    pub(super) fn picture(&mut self, at: u64, frame: &Frame) -> Result<(), RecordError> {
        if let Some((file, format)) = self.file.take() {
            self.size = (frame.width, frame.height);
            self.film = Some(match format {
                Format::Apng => Box::new(Apng::begin(file, self.size)?),
                Format::Gif => Box::new(Gif::begin(file, self.size)?),
            });
        }
        let (width, height) = self.size;
        let canvas = fit(frame, width, height);
        let Some(area) = changed(&self.canvas, &canvas, width) else { return Ok(()) };
        self.develop(at)?;
        let rows = canvas.chunks_exact(width).skip(area.y).take(area.height);
        let pixels = rows.flat_map(|row| &row[area.x..area.x + area.width]).copied().collect();
        // The first picture is there from the beginning.
        let begin = if self.canvas.is_empty() { 0 } else { at };
        self.pending = Some(Shot { area, pixels, begin, end: at });
        self.canvas = canvas;
        Ok(())
    }

    /// The recording ends at `at`.
    pub(super) fn end(mut self, at: u64) -> Result<(), RecordError> {
        self.develop(at)
    }

    fn develop(&mut self, at: u64) -> Result<(), RecordError> {
        let (Some(mut shot), Some(film)) = (self.pending.take(), &mut self.film) else { return Ok(()) };
        shot.end = at.max(shot.begin);
        film.add(&shot)
    }
}

/// The smallest part that holds every difference; all of it when there was nothing before.
fn changed(old: &[u32], new: &[u32], width: usize) -> Option<Area> {
    let height = new.len() / width.max(1);
    if old.len() != new.len() {
        return Some(Area { x: 0, y: 0, width, height });
    }
    let differs = |row: usize| old[row * width..][..width] != new[row * width..][..width];
    let top = (0..height).find(|&row| differs(row))?;
    let bottom = (top..height).rev().find(|&row| differs(row))?;
    let (mut left, mut right) = (width, 0);
    for row in top..=bottom {
        let pairs = || old[row * width..][..width].iter().zip(&new[row * width..][..width]);
        left = left.min(pairs().position(|(old, new)| old != new).unwrap_or(width));
        right = right.max(pairs().rposition(|(old, new)| old != new).unwrap_or(0));
    }
    Some(Area { x: left, y: top, width: right + 1 - left, height: bottom + 1 - top })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_differs_is_a_frame() {
        let old = vec![0; 12];
        let mut new = old.clone();
        assert_eq!(changed(&old, &new, 4), None);
        (new[5], new[10]) = (1, 1);
        assert_eq!(changed(&old, &new, 4), Some(Area { x: 1, y: 1, width: 2, height: 2 }));
        assert_eq!(changed(&[], &new, 4), Some(Area { x: 0, y: 0, width: 4, height: 3 }));
    }
}
