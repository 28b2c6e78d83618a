//! The window's title.

use crate::live::{Activity, Status};

/// The title of a window that shows `name`.
pub(super) fn text(name: &str, status: &Status) -> String {
    let state = match &status.activity {
        Activity::Running => format!("{} MIPS", status.mips),
        Activity::Idle => "idle".to_owned(),
        Activity::Paused => "paused, Ctrl-Alt-P goes on".to_owned(),
        Activity::Stopped(_) => "stopped, Ctrl-Alt-R resets".to_owned(),
    };
    format!("{name} - RingZero - {state}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_title_names_image_and_state() {
        let status = Status { activity: Activity::Paused, mips: 5 };
        assert_eq!(text("dos.img", &status), "dos.img - RingZero - paused, Ctrl-Alt-P goes on");
    }
}
