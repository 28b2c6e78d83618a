//! What the user does to a running machine.

use super::{Activity, Live};
use crate::pace::Pace;
use crate::plan::Timing;
use crate::record::Recording;
use crate::saved::Saved;
use crate::screenshot;
use crate::shelf::Drawer;
use crate::verdict::Verdict;
use ringzero_machine::{Key, MouseButton, Stick};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// How long a key is held that a terminal only reports as typed.
const HELD: Duration = Duration::from_millis(30);

/// What the user does.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(not(feature = "window"), expect(dead_code, reason = "a terminal has fewer ways to say things"))]
pub(crate) enum Control {
    /// A key goes down or up.
    Key(Key, bool),
    /// Keys are pressed together and released.
    Stroke(Vec<Key>),
    /// Text is pasted.
    Type(String),
    TogglePause,
    Reset,
    CtrlAltDel,
    Screenshot,
    /// The mouse moves by counts to the right and down, its wheel by steps towards the user.
    MouseMove(i32, i32, i32),
    /// The pointer is at a place, from 0 at the left and at the top to FFFFh.
    PointerTo(u16, u16),
    /// A button of the mouse goes down or up.
    MouseButton(MouseButton, bool),
    /// A stick is moved, plugged in or out.
    Joystick(usize, Option<Stick>),
    /// The power button.
    Power,
    /// Something is done at a drive.
    Drive(Drawer, DiskAct),
    /// An image goes into the drive it is made for.
    Insert(PathBuf),
    /// The state is kept, to go back to.
    Save,
    Restore,
    /// Instructions per virtual microsecond; `None` is what this host delivers.
    Rate(Option<u32>),
    /// Virtual time against wall time.
    Pace(Pace),
    ToggleMute,
    ToggleRecording,
    Quit,
}

/// What is done at a drive.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(not(feature = "window"), expect(dead_code, reason = "a terminal has fewer ways to say things"))]
pub(crate) enum DiskAct {
    /// The button: the disk comes out, or the next image goes in.
    Switch,
    Eject,
    /// An image of the pile goes in.
    Choose(usize),
    /// A new image goes in.
    Insert(PathBuf),
}

impl Live<'_> {
    /// Does it; a verdict ends the run.
    pub(super) fn obey(&mut self, control: Control) -> Option<Verdict> {
        self.keep_step();
        self.session.goals.touched();
        match control {
            Control::Key(key, pressed) => self.session.machine.key(key, pressed),
            Control::Stroke(keys) => self.stroke(keys),
            // What has no key is left out before it comes here.
            Control::Type(text) => self.session.machine.type_text(&text).unwrap_or_default(),
            Control::TogglePause => self.toggle_pause(),
            Control::Reset => self.reset(),
            Control::CtrlAltDel => self.stroke(vec![Key::ControlLeft, Key::AltLeft, Key::Delete]),
            Control::Screenshot => self.screenshot(),
            Control::MouseMove(right, down, wheel) => self.session.machine.mouse_move(right, down, wheel),
            Control::PointerTo(x, y) => self.session.machine.pointer_to(x, y),
            Control::Joystick(number, stick) => self.session.machine.set_joystick(number, stick),
            Control::MouseButton(button, pressed) => self.session.machine.mouse_button(button, pressed),
            Control::Power => self.press_power(),
            Control::Drive(drawer, act) => self.change_disk(drawer, act),
            Control::Insert(path) => {
                let line = self.session.shelf.insert(&mut self.session.machine, &path);
                self.say(&line);
            }
            Control::Save => self.save(),
            Control::Restore => self.restore(),
            Control::Rate(rate) => self.set_rate(rate),
            Control::Pace(pace) => self.set_pace(pace),
            Control::ToggleMute => self.toggle_mute(),
            Control::ToggleRecording => self.toggle_recording(),
            Control::Quit => return Some(Verdict::Closed),
        }
        None
    }

    fn stroke(&mut self, keys: Vec<Key>) {
        // A key that comes again while it is held is let go first.
        self.release(|_, key| keys.contains(&key));
        let until = Instant::now() + HELD;
        for key in keys {
            self.session.machine.key(key, true);
            self.held.push((until, key));
        }
    }

    pub(super) fn release_keys(&mut self) {
        let now = Instant::now();
        if self.held.iter().any(|(at, _)| *at <= now) {
            self.keep_step();
            self.release(|at, _| at <= now);
        }
    }

    /// Releases held keys, the last pressed first.
    fn release(&mut self, which: impl Fn(Instant, Key) -> bool) {
        let (released, held) =
            std::mem::take(&mut self.held).into_iter().partition(|&(at, key)| which(at, key));
        self.held = held;
        let released: Vec<(Instant, Key)> = released;
        for (_, key) in released.into_iter().rev() {
            self.session.machine.key(key, false);
        }
    }

    fn toggle_pause(&mut self) {
        self.activity = match self.activity {
            Activity::Running | Activity::Idle => Activity::Paused,
            Activity::Paused => {
                self.pacer.restart(Instant::now(), self.session.machine.now());
                Activity::Running
            }
            Activity::Stopped(_) => return,
        };
        self.tell_soon();
    }

    fn reset(&mut self) {
        self.session.machine.reset();
        self.pacer.restart(Instant::now(), self.session.machine.now());
        self.activity = Activity::Running;
        self.tell_soon();
    }

    fn screenshot(&mut self) {
        let line = match screenshot::save_numbered(&self.session.machine, Path::new("")) {
            Ok(path) => format!("screenshot saved as {}", path.display()),
            Err(error) => format!("warning: no screenshot: {error}"),
        };
        self.say(&line);
    }

    fn say(&mut self, line: &str) {
        self.viewer.message(line);
        self.tell_soon();
    }

    /// The display hears of a change at once.
    fn tell_soon(&mut self) {
        self.next_status = Instant::now();
    }

    fn press_power(&mut self) {
        let line = if self.session.machine.power_button() {
            "power button pressed"
        } else {
            "this machine has no power button that software sees"
        };
        self.say(line);
    }

    fn change_disk(&mut self, drawer: Drawer, act: DiskAct) {
        let (shelf, machine) = (&mut self.session.shelf, &mut self.session.machine);
        let now = Instant::now();
        let line = match act {
            DiskAct::Switch => shelf.switch(machine, drawer, now),
            DiskAct::Eject => shelf.take_out(machine, drawer, now),
            DiskAct::Choose(index) => shelf.choose(machine, drawer, index),
            DiskAct::Insert(path) => shelf.insert_into(machine, drawer, &path),
        };
        self.say(&line);
    }

    fn save(&mut self) {
        let line = match Saved::of(self.session) {
            Ok(saved) => {
                let line = saved.note();
                self.saved = Some(saved);
                line
            }
            Err(error) => format!("warning: the state cannot be saved: {error}"),
        };
        self.say(line.as_str());
    }

    fn restore(&mut self) {
        let Some(saved) = &mut self.saved else { return self.say("no state has been saved yet") };
        match saved.restore(self.session, Instant::now()) {
            Ok(()) => {
                self.held.clear();
                self.shown = None;
                self.pacer.restart(Instant::now(), self.session.machine.now());
                if let Some(mips) = self.pacer.rate() {
                    self.session.machine.set_mips(mips);
                }
                self.activity = Activity::Running;
                self.say("the saved state is back");
            }
            Err(line) => self.say(&line),
        }
    }

    fn set_rate(&mut self, rate: Option<u32>) {
        let (now, at) = (Instant::now(), self.session.machine.now());
        let timing = if rate.is_some() { Timing::Paced } else { Timing::Host };
        self.pacer.set_rate(timing, rate, now, at);
        let line = match rate {
            Some(mips) => {
                self.session.machine.set_mips(mips);
                format!("speed: {mips} million instructions per second")
            }
            None => "speed: as fast as this host can".to_owned(),
        };
        self.say(&line);
    }

    fn set_pace(&mut self, pace: Pace) {
        self.pacer.set_pace(pace, Instant::now(), self.session.machine.now());
        self.say(&format!("the guest's clock runs at {pace}"));
    }

    fn toggle_mute(&mut self) {
        self.session.muted = !self.session.muted;
        self.say(if self.session.muted { "sound off" } else { "sound on" });
    }

    fn toggle_recording(&mut self) {
        let line = match self.session.stop_recording() {
            Some(line) => line,
            None => match Recording::numbered(Path::new(""), &self.session.machine) {
                Ok(recording) => {
                    let line = format!("recording to {}", recording.path().display());
                    self.session.recording = Some(recording);
                    line
                }
                Err(error) => format!("warning: no recording: {error}"),
            },
        };
        self.say(&line);
    }
}
