use super::*;
use crate::storage::MemoryMedium;

/// Instructions that none of the guests here begins.
const LIMIT: u64 = 10_000_000_000;

/// A machine at a boot sector that masks every interrupt, turns interrupts on and halts.
fn asleep_for_good() -> Machine {
    at_boot_sector(&[0xB0, 0xFF, 0xE6, 0x21, 0xE6, 0xA1, 0xFB, 0xF4])
}

/// A machine at the start of `program`.
fn at_boot_sector(program: &[u8]) -> Machine {
    let mut sector = vec![0; 512];
    sector[..program.len()].copy_from_slice(program);
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

/// Prints "polled" on the serial port, waiting for the transmitter before each character and for its end; then, with interrupts off, has
/// the keyboard echo EEh, waits for that and halts.
///
/// ```text
/// 7c00  mov si, 7c30h       7c0e  test al, 20h        7c1a  mov dx, 3fdh        7c25  out 60h, al
/// 7c03  lodsb               7c10  jz 7c0dh            7c1d  in al, dx           7c27  in al, 64h
/// 7c04  test al, al         7c12  mov dx, 3f8h        7c1e  test al, 40h        7c29  test al, 1
/// 7c06  jz 7c1ah            7c15  mov al, ah          7c20  jz 7c1dh            7c2b  jz 7c27h
/// 7c08  mov ah, al          7c17  out dx, al          7c22  cli                 7c2d  in al, 60h
/// 7c0a  mov dx, 3fdh        7c18  jmp 7c03h           7c23  mov al, 0eeh        7c2f  hlt
/// 7c0d  in al, dx
/// ```
const POLLING: [u8; 55] = *b"\xBE\x30\x7C\xAC\x84\xC0\x74\x12\x88\xC4\xBA\xFD\x03\xEC\xA8\x20\x74\xFB\xBA\xF8\x03\x88\xE0\xEE\xEB\xE9\
    \xBA\xFD\x03\xEC\xA8\x40\x74\xFB\xFA\xB0\xEE\xE6\x60\xE4\x64\xA8\x01\x74\xFA\xE4\x60\xF4polled\0";

#[test]
fn rounds_of_a_loop_that_polls_are_passed_over_and_nothing_shows_it() {
    let [passing, running] = [true, false].map(|passes_over| {
        let mut machine = at_boot_sector(&POLLING);
        machine.set_passes_over_loops(passes_over);
        let before = machine.stats();
        let hashes: Vec<_> = (0..20)
            .map(|_| {
                let stop = machine.run(machine.count() + 12_345, OnIdle::Jump);
                (stop, machine.count(), machine.state_hash().unwrap())
            })
            .collect();
        assert!(matches!(machine.run(LIMIT, OnIdle::Jump), Stop::Hang(Hang::Halted)));
        let passed = machine.stats().passed_over - before.passed_over;
        let run = machine.stats().cpu.instructions - before.cpu.instructions;
        let end = (machine.count(), machine.state_hash().unwrap(), machine.take_serial(0));
        (hashes, end, passed, run)
    });
    assert_eq!(passing.0, running.0);
    assert_eq!(passing.1, running.1);
    assert_eq!(running.2, 0);
    assert!(passing.2 > passing.3, "{} passed over, {} run", passing.2, passing.3);
}
