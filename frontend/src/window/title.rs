//! The window's title.

use crate::live::{Activity, Status};

/// The title of a window that shows `name`.
pub(super) fn text(name: &str, status: &Status, has_mouse: bool) -> String {
    let state = match &status.activity {
        Activity::Running => format!("{} MIPS", status.mips),
        Activity::Idle => "idle".to_owned(),
        Activity::Paused => "paused, Ctrl-Alt-P goes on".to_owned(),
        Activity::Stopped(_) => "stopped, Ctrl-Alt-R resets".to_owned(),
    };
    let mut title = format!("{name} - RingZero - {state}");
    if !status.lights.is_empty() {
        title.push_str(&format!(" - {}", status.lights));
    }
    if has_mouse {
        title.push_str(" - Ctrl-Alt-G releases the mouse");
    }
    title
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_title_names_image_state_drives_and_mouse() {
        let mut status = Status { activity: Activity::Paused, mips: 5, ..Status::default() };
        assert_eq!(text("dos.img", &status, false), "dos.img - RingZero - paused, Ctrl-Alt-P goes on");
        (status.activity, status.lights) = (Activity::Idle, "A: C:".to_owned());
        let title = "dos.img - RingZero - idle - A: C: - Ctrl-Alt-G releases the mouse";
        assert_eq!(text("dos.img", &status, true), title);
    }
}
