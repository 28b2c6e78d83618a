use super::*;

fn sent(keyboard: &mut Keyboard) -> Vec<u8> {
    std::iter::from_fn(|| keyboard.send()).collect()
}

fn typed(keyboard: &mut Keyboard, key: Key) -> Vec<u8> {
    keyboard.key(key, true);
    keyboard.key(key, false);
    sent(keyboard)
}

#[test]
fn a_letter_makes_and_breaks() {
    assert_eq!(typed(&mut Keyboard::default(), Key::A), [0x1C, 0xF0, 0x1C]);
}

#[test]
fn set_1_codes_are_those_of_the_pc() {
    let mut keyboard = Keyboard::default();
    keyboard.receive(0xF0);
    keyboard.receive(1);
    sent(&mut keyboard);
    assert_eq!(typed(&mut keyboard, Key::ArrowUp), [0xE0, 0x48, 0xE0, 0xC8]);
}

#[test]
fn set_3_breaks_only_make_break_keys() {
    let mut keyboard = Keyboard::default();
    keyboard.receive(0xF0);
    keyboard.receive(3);
    sent(&mut keyboard);
    assert_eq!(typed(&mut keyboard, Key::A), [0x1C]);
    assert_eq!(typed(&mut keyboard, Key::ShiftLeft), [0x12, 0xF0, 0x12]);
}

#[test]
fn print_screen_carries_a_fake_shift() {
    let expected = [0xE0, 0x12, 0xE0, 0x7C, 0xE0, 0xF0, 0x7C, 0xE0, 0xF0, 0x12];
    assert_eq!(typed(&mut Keyboard::default(), Key::PrintScreen), expected);
}

#[test]
fn alt_print_screen_is_sysrq() {
    let mut keyboard = Keyboard::default();
    keyboard.key(Key::AltLeft, true);
    sent(&mut keyboard);
    assert_eq!(typed(&mut keyboard, Key::PrintScreen), [0x84, 0xF0, 0x84]);
}

#[test]
fn pause_sends_everything_on_the_press() {
    let mut keyboard = Keyboard::default();
    keyboard.key(Key::Pause, true);
    assert_eq!(sent(&mut keyboard), [0xE1, 0x14, 0x77, 0xE1, 0xF0, 0x14, 0xF0, 0x77]);
    keyboard.key(Key::Pause, false);
    assert_eq!(sent(&mut keyboard), []);
}

#[test]
fn ctrl_pause_is_break() {
    let mut keyboard = Keyboard::default();
    keyboard.key(Key::ControlLeft, true);
    sent(&mut keyboard);
    assert_eq!(typed(&mut keyboard, Key::Pause), [0xE0, 0x7E, 0xE0, 0xF0, 0x7E]);
}

#[test]
fn a_cursor_key_hides_shift_from_old_programs() {
    let mut keyboard = Keyboard::default();
    keyboard.key(Key::ShiftLeft, true);
    sent(&mut keyboard);
    let expected = [0xE0, 0xF0, 0x12, 0xE0, 0x75, 0xE0, 0xF0, 0x75, 0xE0, 0x12];
    assert_eq!(typed(&mut keyboard, Key::ArrowUp), expected);
}

#[test]
fn a_cursor_key_under_num_lock_carries_a_fake_shift() {
    let mut keyboard = Keyboard::default();
    keyboard.receive(0xED);
    keyboard.receive(NUM_LOCK);
    sent(&mut keyboard);
    let expected = [0xE0, 0x12, 0xE0, 0x75, 0xE0, 0xF0, 0x75, 0xE0, 0xF0, 0x12];
    assert_eq!(typed(&mut keyboard, Key::ArrowUp), expected);
}

#[test]
fn a_full_buffer_ends_with_one_overrun_code() {
    let mut keyboard = Keyboard::default();
    for _ in 0..10 {
        keyboard.key(Key::A, true);
        keyboard.key(Key::A, false);
    }
    let bytes = sent(&mut keyboard);
    assert_eq!((bytes.len(), bytes.last()), (17, Some(&0)));
}

#[test]
fn reset_acknowledges_then_reports_the_test() {
    let mut keyboard = Keyboard::default();
    keyboard.receive(0xFF);
    assert_eq!(sent(&mut keyboard), [0xFA, 0xAA]);
}

#[test]
fn the_id_is_ab83() {
    let mut keyboard = Keyboard::default();
    keyboard.receive(0xF2);
    assert_eq!(sent(&mut keyboard), [0xFA, 0xAB, 0x83]);
}

#[test]
fn leds_are_kept_for_the_host() {
    let mut keyboard = Keyboard::default();
    keyboard.receive(0xED);
    assert_eq!(sent(&mut keyboard), [ACK]);
    keyboard.receive(0x05);
    assert_eq!((sent(&mut keyboard), keyboard.leds()), (vec![ACK], 5));
}

#[test]
fn a_disabled_keyboard_reports_nothing() {
    let mut keyboard = Keyboard::default();
    keyboard.receive(0xF5);
    sent(&mut keyboard);
    assert_eq!(typed(&mut keyboard, Key::A), []);
}

#[test]
fn an_unknown_command_is_asked_again() {
    let mut keyboard = Keyboard::default();
    keyboard.receive(0x10);
    assert_eq!(sent(&mut keyboard), [0xFE]);
}

#[test]
fn the_default_rate_is_10_9_per_second() {
    let keyboard = Keyboard::default();
    assert_eq!((keyboard.delay_ns(), 10_000_000_000 / keyboard.period_ns()), (500_000_000, 109));
}

#[test]
fn a_held_key_repeats_its_make_code() {
    let mut keyboard = Keyboard::default();
    assert!(keyboard.key(Key::ArrowUp, true));
    sent(&mut keyboard);
    assert!(keyboard.repeat());
    assert_eq!(sent(&mut keyboard), [0xE0, 0x75]);
    keyboard.key(Key::ArrowUp, false);
    assert!(!keyboard.repeat());
}
