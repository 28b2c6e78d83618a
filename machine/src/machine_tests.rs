use super::*;
use crate::storage::MemoryMedium;

/// Instructions that none of the guests here begins.
const LIMIT: u64 = 10_000_000_000;

/// A machine at a boot sector that masks every interrupt, turns interrupts on and halts.
fn asleep_for_good() -> Machine {
    let program = [0xB0, 0xFF, 0xE6, 0x21, 0xE6, 0xA1, 0xFB, 0xF4];
    let mut sector = vec![0; 512];
    sector[..program.len()].copy_from_slice(&program);
    sector[510..].copy_from_slice(&[0x55, 0xAA]);
    let mut media = Media::default();
    media.floppies[0] = Some(Box::new(MemoryMedium::new(sector)));
    let mut machine = Machine::new(Config::default(), media).unwrap();
    assert!(machine.run_to_address(0x7C00, LIMIT));
    machine
}

#[test]
fn waiting_for_what_never_comes_ends_when_nothing_wakes_the_guest() {
    let stop = asleep_for_good().run_until(LIMIT, |_| false);
    assert!(matches!(stop, Some(Stop::Limit | Stop::Hang(Hang::Halted))), "{stop:?}");
}

#[test]
fn an_address_is_not_waited_for_when_nothing_wakes_the_guest() {
    assert!(!asleep_for_good().run_to_address(0x7D00, LIMIT));
}
