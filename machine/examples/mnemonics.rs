//! Counts the instructions of the BIOS's start and of the demo disk by mnemonic:
//!
//! ```text
//! cargo run --release -p ringzero-machine --example mnemonics
//! ```

#![allow(clippy::print_stdout, reason = "an example talks to whoever runs it")]

use ringzero_machine::{
    Config, DEMO_DISK, Disassembler, Event, EventKinds, Machine, Media, OnIdle, Stop, Syntax,
    storage::MemoryMedium,
};
use std::collections::BTreeMap;
use std::error::Error;

/// Instructions to count.
const LIMIT: u64 = 2_000_000;
/// Mnemonics to show.
const SHOWN: usize = 20;

fn main() -> Result<(), Box<dyn Error>> {
    let mut media = Media::default();
    media.floppies[0] = Some(Box::new(MemoryMedium::new(DEMO_DISK.to_vec())));
    let mut machine = Machine::new(Config::default(), media)?;
    machine.subscribe(EventKinds { exec: true, ..EventKinds::default() });

    let mut disassembler = Disassembler::new(Syntax::Intel, None);
    let mut counts: BTreeMap<String, u64> = BTreeMap::new();
    while machine.count() < LIMIT {
        let stop = machine.run(LIMIT, OnIdle::Jump);
        for (_, event) in machine.take_events() {
            if let Event::Exec(place, bytes) = event {
                *counts
                    .entry(disassembler.line(&bytes, u32::from(place.bits), place.ip).mnemonic)
                    .or_default() += 1;
            }
        }
        if stop != Stop::Limit {
            println!("the machine stopped: {stop:?}");
            break;
        }
    }

    let mut counts: Vec<(String, u64)> = counts.into_iter().collect();
    counts.sort_by_key(|(mnemonic, count)| (std::cmp::Reverse(*count), mnemonic.clone()));
    for (mnemonic, count) in counts.iter().take(SHOWN) {
        println!("{count:>10}  {mnemonic}");
    }
    Ok(())
}
