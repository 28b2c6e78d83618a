//! The machine in a desktop window: winit and softbuffer on the main thread, the machine on its own.

mod app;
mod keys;
mod menu;
mod mouse;
mod overlay;
mod palette;
mod pane;
mod scale;
mod status;
mod title;

use crate::joystick;
use crate::live::{self, Activity, Habits, Status, Viewer};
use crate::looks::Looks;
use crate::run::guarded;
use crate::session::Session;
use crate::verdict::Verdict;
use app::{App, Happening};
use ringzero_machine::{Frame, Machine};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{self, Receiver};
use winit::event_loop::{EventLoop, EventLoopProxy};

/// Pictures on their way at once: one being shown, one being drawn.
const FRAMES: usize = 2;

/// A place where windows can be opened.
pub(crate) struct Desktop(EventLoop<Happening>);

impl Desktop {
    /// Connects with the desktop; the reason in words when there is none.
    pub(crate) fn connect() -> Result<Self, String> {
        EventLoop::with_user_event().build().map(Self).map_err(|error| reason(&error.to_string()))
    }

    /// Shows `session` in a window until one of them ends. An error comes before the guest has run.
    /// Otherwise there is the verdict, and what is to be told behind it.
    pub(crate) fn show(
        self,
        mut session: Session,
        title: String,
        habits: Habits,
        looks: Looks,
        joystick: &joystick::Source,
    ) -> Result<(Verdict, String), String> {
        let proxy = self.0.create_proxy();
        let (control, controls) = mpsc::channel();
        joystick::watch(joystick, &control);
        let (recycle, recycled) = mpsc::channel();
        for _ in 0..FRAMES {
            // The receiver is alive: it is ours.
            let _ = recycle.send(Frame::default());
        }
        let machine = std::thread::spawn(move || {
            let ended = proxy.clone();
            let mut viewer = WindowViewer { proxy, recycled, last: None };
            let verdict = guarded(&mut session, |session| live::run(session, &mut viewer, &controls, habits));
            let told = session.close();
            // The window may have gone first.
            let _ = ended.send_event(Happening::Ended);
            (verdict, told)
        });
        let mut app = App::new(title, looks, control, recycle);
        // The desktop's library panics when the server goes away.
        let result = catch_unwind(AssertUnwindSafe(|| self.0.run_app(&mut app)));
        let broken = match result {
            Ok(Ok(())) => None,
            Ok(Err(error)) => Some(reason(&error.to_string())),
            Err(_) => Some("the connection with the desktop broke".to_owned()),
        };
        let (failure, opened) = app.close();
        let ended = machine.join().unwrap_or_else(|_| (Verdict::Closed, String::new()));
        match failure.or(broken) {
            Some(failure) if !opened => Err(failure),
            Some(failure) => {
                crate::report::say(&format!("warning: the window was lost: {failure}"));
                Ok(ended)
            }
            None => Ok(ended),
        }
    }
}

/// What the desktop's library says, without the place in its source.
fn reason(error: &str) -> String {
    error.rsplit(": ").next().unwrap_or(error).trim_end_matches('.').to_owned()
}

/// Sends pictures to the window.
struct WindowViewer {
    proxy: EventLoopProxy<Happening>,
    recycled: Receiver<Frame>,
    last: Option<Status>,
}

impl Viewer for WindowViewer {
    fn picture(&mut self, machine: &Machine) -> bool {
        let Ok(mut frame) = self.recycled.try_recv() else { return false };
        machine.render(&mut frame);
        self.proxy.send_event(Happening::Picture(frame)).is_ok()
    }

    fn status(&mut self, status: &Status) {
        let stopped = |status: &Status| matches!(status.activity, Activity::Stopped(_));
        if self.last.as_ref() == Some(status) {
            return;
        }
        if stopped(status) && !self.last.as_ref().is_some_and(stopped) {
            self.message("the guest has stopped; the window stays: Ctrl-Alt-R resets, Ctrl-Alt-Q quits");
        }
        self.last = Some(status.clone());
        // The window may have gone.
        let _ = self.proxy.send_event(Happening::Status(status.clone()));
    }

    fn message(&mut self, line: &str) {
        crate::report::say(line);
        // As above.
        let _ = self.proxy.send_event(Happening::Message(line.to_owned()));
    }
}
