//! The line below the picture: lights of the drives, sound and network, the keyboard's lights, speed.
//!
//! What it says is worked out apart from drawing it, so that a click can be asked what it hit.

use super::overlay::{Canvas, HEIGHT, WIDTH};
use super::scale::Rect;
use crate::lights::Lamp;
use crate::live::{Activity, Sound, Status};
use crate::shelf::Drawer;

const BACK: u32 = 0x24_2830;
const EDGE: u32 = 0x3A_404C;
const INK: u32 = 0xC8_CDD6;
const DIM: u32 = 0x6A_7180;
const GREEN: u32 = 0x4C_D964;
const AMBER: u32 = 0xFF_B020;
const RED: u32 = 0xFF_4438;
const DARK: u32 = 0x14_171C;

/// Dots above and below the text.
const MARGIN: usize = 3;
/// Dots of a lamp and the gap behind it.
const LAMP: usize = 8;
const GAP: usize = 4;

/// Height of the line in dots.
pub(super) const LINE: usize = HEIGHT + 2 * MARGIN;

/// What a click on the line means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Target {
    Drive(Drawer),
    Speed,
    Sound,
    Menu,
    Recording,
}

/// A part of the line.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Part {
    /// The colour of its lamp, if it has one.
    lamp: Option<u32>,
    text: String,
    ink: u32,
    target: Option<Target>,
}

impl Part {
    fn new(text: impl Into<String>, ink: u32, target: Option<Target>) -> Self {
        Self { lamp: None, text: text.into(), ink, target }
    }

    fn with_lamp(text: impl Into<String>, lamp: u32, ink: u32, target: Option<Target>) -> Self {
        Self { lamp: Some(lamp), ..Self::new(text, ink, target) }
    }

    fn width(&self) -> usize {
        self.text.chars().count() * WIDTH + if self.lamp.is_some() { LAMP + GAP } else { 0 }
    }
}

/// What the line says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct StatusLine {
    left: Vec<Part>,
    /// From the right edge inwards; the last are left out first when there is no room.
    right: Vec<Part>,
}

impl StatusLine {
    /// The line for a state of the machine.
    pub(super) fn of(status: &Status, has_mouse: bool) -> Self {
        let mut left: Vec<Part> = status.lamps.iter().map(drive).collect();
        left.push(Part::with_lamp("NET", DARK, DIM, None));
        left.push(sound(status.sound));
        let mut right = vec![
            Part::new("F12 menu", INK, Some(Target::Menu)),
            Part::new(speed(status), INK, Some(Target::Speed)),
        ];
        if status.recording {
            right.push(Part::with_lamp("REC", RED, INK, Some(Target::Recording)));
        }
        if has_mouse {
            right.push(Part::new("Ctrl-Alt-G frees the mouse", AMBER, None));
        } else if status.takes_places {
            right.push(Part::new("mouse follows", DIM, None));
        }
        for (bit, name) in [(0, "SCRL"), (2, "CAPS"), (1, "NUM")] {
            let lit = status.leds >> bit & 1 != 0;
            right.push(Part::with_lamp(
                name,
                if lit { GREEN } else { DARK },
                if lit { INK } else { DIM },
                None,
            ));
        }
        Self { left, right }
    }

    /// The parts that have room in a line of `width` dots, and where each begins.
    fn layout(&self, width: usize) -> Vec<(usize, &Part)> {
        let mut places = Vec::new();
        let mut x = WIDTH;
        for part in &self.left {
            places.push((x, part));
            x += part.width() + 2 * WIDTH;
        }
        let mut end = width.saturating_sub(WIDTH);
        for part in &self.right {
            let Some(begin) = end.checked_sub(part.width()).filter(|&begin| begin >= x) else { break };
            places.push((begin, part));
            end = begin.saturating_sub(2 * WIDTH);
        }
        places
    }

    /// Draws the line into `rect`.
    pub(super) fn draw(&self, canvas: &mut Canvas<'_>, rect: Rect, scale: usize) {
        canvas.fill(rect, BACK);
        canvas.fill(Rect { height: scale, ..rect }, EDGE);
        for (x, part) in self.layout(rect.width / scale) {
            let (mut x, y) = (rect.x + x * scale, rect.y + MARGIN * scale);
            if let Some(colour) = part.lamp {
                let lamp = Rect { x, y: y + 5 * scale, width: LAMP * scale, height: 6 * scale };
                canvas.fill(lamp, colour);
                canvas.frame(lamp, EDGE);
                x += (LAMP + GAP) * scale;
            }
            let room = (rect.x + rect.width).saturating_sub(x);
            canvas.text(x, y, room, &part.text, part.ink);
        }
    }

    /// What is at a place, in dots from the left.
    pub(super) fn hit(&self, x: usize, width: usize) -> Option<Target> {
        let at = |&(begin, part): &(usize, &Part)| (begin..begin + part.width()).contains(&x);
        self.layout(width).into_iter().find(at).and_then(|(_, part)| part.target)
    }
}

fn drive(lamp: &Lamp) -> Part {
    let colour = match (lamp.lit, lamp.drawer) {
        (false, _) => DARK,
        (true, Some(_)) => GREEN,
        (true, None) => AMBER,
    };
    let ink = if lamp.full { INK } else { DIM };
    Part::with_lamp(lamp.name, colour, ink, lamp.drawer.map(Target::Drive))
}

fn sound(sound: Sound) -> Part {
    let (text, lamp, ink) = match sound {
        Sound::None => ("SND", DARK, DIM),
        Sound::Muted => ("MUTE", RED, INK),
        Sound::Silent => ("SND", DARK, INK),
        Sound::Playing => ("SND", GREEN, INK),
    };
    Part::with_lamp(text, lamp, ink, Some(Target::Sound))
}

/// How fast it goes, and what decides that.
fn speed(status: &Status) -> String {
    let clock = status.rate.map_or_else(|| "host".to_owned(), |mips| format!("fixed {mips}"));
    match status.activity {
        Activity::Running => format!("{} MIPS {}% {clock}", status.mips, status.percent),
        Activity::Idle => format!("idle {clock}"),
        Activity::Paused => "paused".to_owned(),
        Activity::Stopped(_) => "stopped".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn status() -> Status {
        let lamp = |name, lit, drawer| Lamp { name, lit, drawer, full: true };
        Status {
            mips: 312,
            percent: 100,
            lamps: vec![lamp("A:", true, Some(Drawer::Floppy(0))), lamp("hda", false, None)],
            leds: 2,
            ..Status::default()
        }
    }

    #[test]
    fn every_part_answers_where_it_stands() {
        let line = StatusLine::of(&status(), false);
        assert_eq!(line.hit(WIDTH + 2, 960), Some(Target::Drive(Drawer::Floppy(0))));
        assert_eq!(line.hit(960 - 3 * WIDTH, 960), Some(Target::Menu));
        assert_eq!(line.hit(960 - 14 * WIDTH, 960), Some(Target::Speed));
        assert_eq!(line.hit(0, 960), None);
    }

    #[test]
    fn the_least_important_parts_leave_a_narrow_line_first() {
        let line = StatusLine::of(&status(), true);
        let texts =
            |width| line.layout(width).into_iter().map(|(_, part)| part.text.clone()).collect::<Vec<_>>();
        assert!(texts(1200).contains(&"NUM".to_owned()));
        let narrow = texts(500);
        assert!(narrow.contains(&"F12 menu".to_owned()) && !narrow.contains(&"NUM".to_owned()), "{narrow:?}");
    }

    #[test]
    fn a_guest_that_follows_the_pointer_needs_no_key_to_free_it() {
        let line = StatusLine::of(&Status { takes_places: true, ..status() }, false);
        assert!(line.right.iter().any(|part| part.text == "mouse follows"));
    }

    #[test]
    fn a_lit_drive_and_a_lit_key_light_are_green() {
        let line = StatusLine::of(&status(), false);
        assert_eq!(line.left[0].lamp, Some(GREEN));
        let num = line.right.iter().find(|part| part.text == "NUM").unwrap();
        assert_eq!(num.lamp, Some(GREEN));
    }

    #[test]
    fn speed_says_what_decides_it() {
        let mut status = status();
        assert_eq!(speed(&status), "312 MIPS 100% host");
        (status.rate, status.activity) = (Some(4), Activity::Idle);
        assert_eq!(speed(&status), "idle fixed 4");
    }
}
