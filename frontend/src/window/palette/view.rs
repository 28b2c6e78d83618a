//! How the menu looks, and where its lines are.

use super::Palette;
use crate::window::overlay::{Canvas, HEIGHT, WIDTH, tail};
use crate::window::scale::Rect;

const BACK: u32 = 0x1B_1E26;
const EDGE: u32 = 0x5A_6478;
const INK: u32 = 0xE6_E9F0;
const DIM: u32 = 0x8B_93A4;
const CHOSEN: u32 = 0x2E_5FB8;
const FIELD: u32 = 0x0E_1015;

/// Characters across.
const COLUMNS: usize = 60;
/// Lines of entries at most.
const ROWS: usize = 18;
/// Dots between two lines of text and around all.
const LEAD: usize = 4;
const PAD: usize = 8;
/// Dots of a line.
const LINE: usize = HEIGHT + LEAD;

/// Where everything is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::window) struct Layout {
    pub(in crate::window) panel: Rect,
    title: Rect,
    field: Rect,
    /// Lines of entries.
    rows: Vec<Rect>,
    /// The entry on the first line.
    first: usize,
}

impl Layout {
    /// The menu in a window of `width` by `height` pixels.
    pub(in crate::window) fn of(palette: &Palette, width: usize, height: usize, scale: usize) -> Self {
        let (line, pad) = (LINE * scale, PAD * scale);
        let panel_width = (COLUMNS * WIDTH * scale + 2 * pad).min(width);
        // Title and field take two lines and a gap.
        let head = 2 * line + 3 * pad;
        let room = (height.saturating_sub(head) / line).clamp(1, ROWS);
        let shown = palette.entries().len().clamp(1, room);
        let panel_height = (head + shown * line).min(height);
        // The top stays where it is while entries come and go.
        let tallest = (head + room * line).min(height);
        let (x, y) = ((width - panel_width) / 2, (height - tallest) / 2);
        let inner =
            |y: usize| Rect { x: x + pad, y, width: panel_width.saturating_sub(2 * pad), height: line };
        let first = (palette.selected() + 1).saturating_sub(shown);
        let list = y + head - pad;
        let rows = (0..shown.min(palette.entries().len())).map(|row| inner(list + row * line));
        Self {
            panel: Rect { x, y, width: panel_width, height: panel_height },
            title: inner(y + pad),
            field: inner(y + pad + line),
            rows: rows.collect(),
            first,
        }
    }

    /// The entry at a point.
    pub(in crate::window) fn hit(&self, point: (usize, usize)) -> Option<usize> {
        self.rows.iter().position(|row| row.holds(point)).map(|row| row + self.first)
    }
}

/// Draws the menu.
pub(in crate::window) fn draw(palette: &Palette, layout: &Layout, canvas: &mut Canvas<'_>, scale: usize) {
    canvas.fill(layout.panel, BACK);
    canvas.frame(layout.panel, EDGE);
    let lead = LEAD * scale / 2;
    let Rect { x, y, width, .. } = layout.title;
    canvas.text(x, y + lead, width, &palette.title(), INK);
    let field = layout.field;
    canvas.fill(field, FIELD);
    let room = (field.width / (WIDTH * scale)).saturating_sub(2);
    let (typed, ink) = match palette.input() {
        "" => ("type to find, Esc goes back".to_owned(), DIM),
        input => (format!("{}_", tail(input, room)), INK),
    };
    canvas.text(field.x + lead, field.y + lead, field.width - lead.min(field.width), &typed, ink);
    let entries = palette.entries().iter().enumerate().skip(layout.first);
    for (row, (index, entry)) in layout.rows.iter().zip(entries) {
        let chosen = index == palette.selected();
        if chosen {
            canvas.fill(*row, CHOSEN);
        }
        let cell = WIDTH * scale;
        let columns = (row.width / cell).saturating_sub(2);
        // The label comes first when there is no room for both.
        let label = entry.label.chars().count().min(columns);
        let note_room = columns.saturating_sub(label + 2);
        let note = tail(&entry.note, note_room);
        let end = row.x + row.width - cell.min(row.width);
        let ink = if entry.act == super::Act::Nothing { DIM } else { INK };
        canvas.text(row.x + cell, row.y + lead, columns * cell, &entry.label, ink);
        let note_width = note.chars().count() * cell;
        canvas.text(
            end.saturating_sub(note_width),
            row.y + lead,
            note_width,
            &note,
            if chosen { INK } else { DIM },
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::live::Status;
    use crate::looks::Looks;
    use crate::window::palette::{Facts, Page, Press};

    fn palette(presses: usize) -> Palette {
        let (status, looks) = (Status::default(), Looks::default());
        let facts = Facts { status: &status, looks: &looks, has_mouse: false };
        let mut palette = Palette::open(Page::Keys, facts);
        for _ in 0..presses {
            palette.press(Press::Down, facts);
        }
        palette
    }

    #[test]
    fn a_point_on_a_line_is_its_entry() {
        let layout = Layout::of(&palette(0), 960, 720, 1);
        let third = layout.rows[2];
        assert_eq!(layout.hit((third.x + 5, third.y + 5)), Some(2));
        assert_eq!(layout.hit((0, 0)), None);
    }

    #[test]
    fn the_chosen_entry_is_always_to_be_seen() {
        let layout = Layout::of(&palette(19), 960, 720, 1);
        assert_eq!(layout.first + layout.rows.len(), 20);
    }

    #[test]
    fn any_window_can_show_it() {
        for (width, height) in [(1, 1), (160, 120), (960, 720), (3840, 2160)] {
            for scale in 1..4 {
                let mut pixels = vec![0; width * height];
                let palette = palette(7);
                let layout = Layout::of(&palette, width, height, scale);
                draw(&palette, &layout, &mut Canvas::new(&mut pixels, width, height, scale), scale);
                assert!(pixels.contains(&EDGE));
            }
        }
    }
}
