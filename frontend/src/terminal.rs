//! The machine in a terminal, over SSH as well: text modes as text; graphics modes by the kitty protocol or sixels where the
//! terminal says it can, else as half blocks.
//!
//! *Modelled*: colours, code page 437, the cursor, keys with Shift, Ctrl and Alt, pasting.
//! *Not modelled*: how long a key is held, which terminals do not tell: each is pressed and released.

mod ability;
mod guard;
mod keys;
mod pixels;
mod screen;
mod sixel;

pub(crate) use guard::RawMode;

use crate::cli::Graphics;
use crate::joystick;
use crate::live::{self, Activity, Control, Habits, Status, Viewer};
use crate::run::guarded;
use crate::session::Session;
use crate::verdict::Verdict;
use ability::Ability;
use crossterm::event::{Event, KeyEventKind};
use guard::Guard;
use keys::{Input, Prefix};
use pixels::Pixels;
use ringzero_machine::{Frame, Machine, TextScreen};
use screen::{Canvas, Painter};
use std::io::{self, IsTerminal, Write};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::time::{Duration, Instant};

const HELP: &str = "Ctrl-A, then: x quit, p pause, r reset, d Ctrl-Alt-Del, s screenshot, e CD, f diskette, Ctrl-A the key itself";
/// How long a message stays.
const MESSAGE: Duration = Duration::from_secs(4);

/// Pictures are drawn no more often than this.
const FRAME: Duration = Duration::from_millis(33);

/// Whether this program has a terminal to itself.
pub(crate) fn is_available() -> bool {
    io::stdin().is_terminal() && io::stdout().is_terminal()
}

/// What the machine shows.
enum Picture {
    Text(TextScreen),
    Graphics(Frame),
}

/// What the terminal's own thread hears of.
enum Happening {
    Terminal(Event),
    Picture(Picture),
    Status(Status),
    Message(String),
    Ended,
}

/// Shows `session` in the terminal until one of them ends. Gives the verdict, and what is to be told behind it.
pub(crate) fn show(
    mut session: Session,
    title: &str,
    habits: Habits,
    graphics: Graphics,
    joystick: &joystick::Source,
) -> io::Result<(Verdict, String)> {
    let guard = Guard::enter(title)?;
    let ability = Ability::of_this_terminal(graphics);
    let (tell, told) = mpsc::channel();
    let (control, controls) = mpsc::channel();
    joystick::watch(joystick, &control);
    let (again, ready) = mpsc::channel();
    // One picture on its way at a time: a slow line sees the newest, not all.
    let _ = again.send(());
    let mut viewer = TerminalViewer { tell: tell.clone(), ready, stopped: false };
    let ended = tell.clone();
    let machine = std::thread::spawn(move || {
        let verdict = guarded(&mut session, |session| live::run(session, &mut viewer, &controls, habits));
        let told = session.close();
        // The terminal may have gone first.
        let _ = ended.send(Happening::Ended);
        (verdict, told)
    });
    std::thread::spawn(move || {
        while let Ok(event) = crossterm::event::read() {
            if tell.send(Happening::Terminal(event)).is_err() {
                return;
            }
        }
    });
    let result = Pane::new(control.clone(), again, ability).and_then(|mut pane| pane.run(&told));
    // The machine may have ended before.
    let _ = control.send(Control::Quit);
    let ended = machine.join().unwrap_or_else(|_| (Verdict::Closed, String::new()));
    drop(guard);
    result.map(|()| ended)
}

/// Sends pictures to the terminal's thread.
struct TerminalViewer {
    tell: Sender<Happening>,
    ready: Receiver<()>,
    stopped: bool,
}

impl Viewer for TerminalViewer {
    fn picture(&mut self, machine: &Machine) -> bool {
        if self.ready.try_recv().is_err() {
            return false;
        }
        let picture = match machine.text_screen() {
            Some(screen) => Picture::Text(screen),
            None => {
                let mut frame = Frame::default();
                machine.render(&mut frame);
                Picture::Graphics(frame)
            }
        };
        self.tell.send(Happening::Picture(picture)).is_ok()
    }

    fn status(&mut self, status: &Status) {
        let stopped = matches!(status.activity, Activity::Stopped(_));
        if stopped && !self.stopped || status.activity == Activity::Paused {
            // The terminal may have gone.
            let _ = self.tell.send(Happening::Status(status.clone()));
        }
        self.stopped = stopped;
    }

    fn message(&mut self, line: &str) {
        // As above.
        let _ = self.tell.send(Happening::Message(line.to_owned()));
    }
}

/// The terminal's contents.
struct Pane {
    control: Sender<Control>,
    again: Sender<()>,
    painter: Painter,
    pixels: Pixels,
    prefix: Prefix,
    picture: Option<Picture>,
    size: (usize, usize),
    message: Option<(Instant, String)>,
}

impl Pane {
    fn new(control: Sender<Control>, again: Sender<()>, ability: Ability) -> io::Result<Self> {
        let (columns, rows) = crossterm::terminal::size()?;
        Ok(Self {
            control,
            again,
            painter: Painter::for_this_terminal(),
            pixels: Pixels::new(ability),
            prefix: Prefix::default(),
            picture: None,
            size: (usize::from(columns), usize::from(rows)),
            message: Some((Instant::now(), "Ctrl-A x quits, Ctrl-A ? helps".to_owned())),
        })
    }

    fn run(&mut self, told: &Receiver<Happening>) -> io::Result<()> {
        // When the machine may send the next picture, if it waits for that.
        let mut due: Option<Instant> = None;
        loop {
            let wait = due.map_or(MESSAGE, |due| due.saturating_duration_since(Instant::now()).min(MESSAGE));
            let first = match told.recv_timeout(wait) {
                Ok(happening) => Some(happening),
                Err(RecvTimeoutError::Timeout) => None,
                Err(RecvTimeoutError::Disconnected) => return Ok(()),
            };
            let begun = Instant::now();
            let mut shown = false;
            for happening in first.into_iter().chain(told.try_iter()) {
                shown |= matches!(happening, Happening::Picture(_));
                if matches!(happening, Happening::Ended) {
                    return Ok(());
                }
                self.take(happening)?;
            }
            self.paint()?;
            if shown {
                due = Some(begun + FRAME);
            }
            if due.take_if(|due| *due <= Instant::now()).is_some() {
                // The machine may have ended.
                let _ = self.again.send(());
            }
        }
    }

    fn take(&mut self, happening: Happening) -> io::Result<()> {
        match happening {
            Happening::Picture(picture) => self.picture = Some(picture),
            Happening::Message(line) => self.say(line),
            Happening::Status(status) => match status.activity {
                Activity::Paused => self.say("paused; Ctrl-A p goes on".to_owned()),
                Activity::Stopped(reason) => self.say(format!("{reason}; Ctrl-A r resets, Ctrl-A x quits")),
                Activity::Running | Activity::Idle => {}
            },
            Happening::Terminal(event) => self.event(event)?,
            Happening::Ended => {}
        }
        Ok(())
    }

    fn say(&mut self, line: String) {
        self.message = Some((Instant::now(), line));
    }

    fn event(&mut self, event: Event) -> io::Result<()> {
        match event {
            Event::Key(key) if key.kind != KeyEventKind::Release => match self.prefix.take(key) {
                Input::Control(control) => self.send(control),
                Input::Help => self.say(HELP.to_owned()),
                Input::Nothing => {}
            },
            Event::Paste(text) => self.send(Control::Type(keys::typable(&text))),
            Event::Resize(columns, rows) => {
                self.size = (usize::from(columns), usize::from(rows));
                self.pixels.clear(&mut io::stdout().lock())?;
                self.painter.forget()?;
            }
            _ => {}
        }
        Ok(())
    }

    fn send(&self, control: Control) {
        // When the machine has ended, its last word ends this pane.
        let _ = self.control.send(control);
    }

    fn paint(&mut self) -> io::Result<()> {
        let (columns, rows) = self.size;
        let as_pixels = self.pixels.is_used() && matches!(self.picture, Some(Picture::Graphics(_)));
        if !as_pixels && self.pixels.clear(&mut io::stdout().lock())? {
            self.painter.forget()?;
        }
        let mut canvas = match &self.picture {
            Some(Picture::Text(screen)) => Canvas::of_text(screen, columns, rows),
            Some(Picture::Graphics(frame)) if !as_pixels => Canvas::of_graphics(frame, columns, rows),
            Some(Picture::Graphics(_)) | None => Canvas::blank(columns, rows),
        };
        self.message.take_if(|(since, _)| since.elapsed() >= MESSAGE);
        if let Some((_, line)) = &self.message {
            canvas.write_last_row(line);
        }
        let mut out = io::BufWriter::new(io::stdout().lock());
        self.painter.paint(canvas, &mut out)?;
        match &self.picture {
            Some(Picture::Graphics(frame)) if as_pixels => self.pixels.paint(frame, self.size, &mut out),
            _ => out.flush(),
        }
    }
}
