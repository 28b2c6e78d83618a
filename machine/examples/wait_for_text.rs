//! Boots a disk and waits for text on its screen:
//!
//! ```text
//! cargo run --release -p ringzero-machine --example wait_for_text -- freedos.img 'A:\>'
//! ```
//!
//! Without arguments the built-in demo disk is booted.

#![allow(clippy::print_stdout, reason = "an example talks to whoever runs it")]

use ringzero_machine::{Config, DEMO_DISK, Machine, Media, storage::MemoryMedium};
use std::error::Error;

/// One minute of a machine that executes 128 instructions per microsecond.
const LIMIT: u64 = 60 * 128_000_000;

fn main() -> Result<(), Box<dyn Error>> {
    let mut args = std::env::args().skip(1);
    let image = args.next().map_or_else(|| Ok(DEMO_DISK.to_vec()), std::fs::read)?;
    let wanted = args.next().unwrap_or_else(|| "RingZero".to_owned());

    let mut media = Media::default();
    media.floppies[0] = Some(Box::new(MemoryMedium::new(image)));
    let mut machine = Machine::new(Config::default(), media)?;
    let seen = |machine: &Machine| machine.text_screen().is_some_and(|s| s.to_text().contains(&wanted));
    let stop = machine.run_until(LIMIT, seen);

    if let Some(screen) = machine.text_screen() {
        print!("{}", screen.to_text());
    }
    match stop {
        None => {
            println!("{wanted:?} after {} instructions, {} ms", machine.count(), machine.now().0 / 1_000_000)
        }
        Some(stop) => println!("{wanted:?} was not seen: {stop:?}"),
    }
    Ok(())
}
