//! Signals that ask the program to end, and whether the terminal is in raw mode: the two facts about the process that
//! any part of it may ask for.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, LazyLock};

static TAKEN: LazyLock<Arc<AtomicUsize>> = LazyLock::new(Arc::default);
static RAW: AtomicBool = AtomicBool::new(false);

/// Signals that end a run in order.
#[cfg(unix)]
const ENDING: [i32; 3] =
    [signal_hook::consts::SIGTERM, signal_hook::consts::SIGINT, signal_hook::consts::SIGHUP];
#[cfg(not(unix))]
const ENDING: [i32; 2] = [signal_hook::consts::SIGTERM, signal_hook::consts::SIGINT];

/// From now on these signals are noted; a second one kills at once.
pub(crate) fn install() {
    let second = Arc::new(AtomicBool::new(false));
    for signal in ENDING {
        let registered =
            signal_hook::flag::register_conditional_shutdown(signal, 128 + signal, second.clone())
                .and_then(|_| signal_hook::flag::register(signal, second.clone()))
                .and_then(|_| signal_hook::flag::register_usize(signal, TAKEN.clone(), signal as usize));
        if let Err(error) = registered {
            crate::report::say(&format!("warning: signal {signal} cannot be caught: {error}"));
        }
    }
}

/// The signal that came, if one did.
pub(crate) fn taken() -> Option<u8> {
    let number = TAKEN.load(Ordering::Relaxed);
    u8::try_from(number).ok().filter(|&number| number != 0)
}

/// Whether the terminal passes bytes through as they are.
pub(crate) fn in_raw_mode() -> bool {
    RAW.load(Ordering::Relaxed)
}

/// Notes that the terminal is, or is no longer, in raw mode.
pub(crate) fn set_raw_mode(raw: bool) {
    RAW.store(raw, Ordering::Relaxed);
}
