use super::*;

const NOW: VTime = VTime(1_000_000_000);

/// Sends a request without data for the device; what came back.
fn ask(device: &mut HidDevice, setup: [u8; 8]) -> Option<Vec<u8>> {
    device.setup(setup);
    let mut data = Vec::new();
    loop {
        match device.input(0, NOW) {
            Answer::Data(packet) => {
                let last = packet.len() < 8;
                data.extend(packet);
                if last {
                    return Some(data);
                }
            }
            Answer::Stall => return None,
            Answer::Nak => panic!("nothing to fetch"),
        }
    }
}

fn configured(kind: HidKind) -> HidDevice {
    let mut device = HidDevice::new(kind);
    assert!(ask(&mut device, [0x00, 5, 9, 0, 0, 0, 0, 0]).is_some());
    assert!(ask(&mut device, [0x00, 9, 1, 0, 0, 0, 0, 0]).is_some());
    assert!(ask(&mut device, [0x21, 10, 0, 0, 0, 0, 0, 0]).is_some());
    assert_eq!(device.input(1, NOW), Answer::Nak);
    device
}

#[test]
fn the_address_holds_after_the_status_stage() {
    let mut device = HidDevice::new(HidKind::Tablet);
    device.setup([0x00, 5, 9, 0, 0, 0, 0, 0]);
    assert_eq!(device.address(), 0);
    assert_eq!(device.input(0, NOW), Answer::Data(vec![]));
    assert_eq!(device.address(), 9);
}

#[test]
fn descriptors_come_in_packets_as_long_as_was_asked() {
    let mut device = HidDevice::new(HidKind::Tablet);
    let descriptor = ask(&mut device, [0x80, 6, 0, 1, 0, 0, 18, 0]).unwrap();
    assert_eq!((descriptor.len(), descriptor[7]), (18, 8));
    device.setup([0x80, 6, 0, 1, 0, 0, 8, 0]);
    assert!(matches!(device.input(0, NOW), Answer::Data(packet) if packet.len() == 8));
    assert_eq!(device.input(0, NOW), Answer::Data(vec![]));
    assert_eq!(device.output(0, &[]), Answer::Data(vec![]));
}

#[test]
fn an_unknown_request_stalls_until_the_next() {
    let mut device = HidDevice::new(HidKind::Mouse);
    assert_eq!(ask(&mut device, [0xC0, 0x55, 0, 0, 0, 0, 4, 0]), None);
    assert_eq!(device.input(0, NOW), Answer::Stall);
    assert_eq!(ask(&mut device, [0x80, 8, 0, 0, 0, 0, 1, 0]), Some(vec![0]));
}

#[test]
fn nothing_new_is_answered_by_nak() {
    let mut device = configured(HidKind::Tablet);
    assert!(!device.has_news());
    device.place(0x1234, 0x7FFF, 0);
    assert!(device.has_news());
    assert_eq!(device.input(1, NOW), Answer::Data(vec![0, 0x34, 0x12, 0xFF, 0x7F, 0]));
    assert_eq!(device.input(1, NOW), Answer::Nak);
}

#[test]
fn a_click_between_two_questions_keeps_its_place() {
    let mut device = configured(HidKind::Tablet);
    device.place(10, 10, 0);
    device.place(20, 20, 0);
    device.button(1, true);
    device.place(30, 30, 0);
    device.button(1, false);
    let reports: Vec<Answer> = (0..5).map(|_| device.input(1, NOW)).collect();
    let at = |buttons, place| Answer::Data(vec![buttons, place, 0, place, 0, 0]);
    assert_eq!(reports, [at(0, 20), at(1, 20), at(1, 30), at(0, 30), Answer::Nak]);
}

#[test]
fn the_wheel_counts_away_from_the_user() {
    let mut device = configured(HidKind::Mouse);
    device.motion(0, 0, 1);
    assert_eq!(device.input(1, NOW), Answer::Data(vec![0, 0, 0, 0xFF]));
}

#[test]
fn motion_that_no_byte_holds_comes_in_parts() {
    let mut device = configured(HidKind::Mouse);
    device.motion(200, -130, 0);
    assert_eq!(device.input(1, NOW), Answer::Data(vec![0, 127, 0x81, 0]));
    assert_eq!(device.input(1, NOW), Answer::Data(vec![0, 73, 0xFD, 0]));
    assert_eq!(device.input(1, NOW), Answer::Nak);
}

#[test]
fn every_stroke_has_a_report() {
    let mut device = configured(HidKind::Keyboard);
    for (key, pressed) in [(Key::ShiftLeft, true), (Key::A, true), (Key::A, false)] {
        device.key(key, pressed);
    }
    assert_eq!(device.input(1, NOW), Answer::Data(vec![2, 0, 0, 0, 0, 0, 0, 0]));
    assert_eq!(device.input(1, NOW), Answer::Data(vec![2, 0, 4, 0, 0, 0, 0, 0]));
    assert_eq!(device.input(1, NOW), Answer::Data(vec![2, 0, 0, 0, 0, 0, 0, 0]));
    assert_eq!(device.input(1, NOW), Answer::Nak);
}

#[test]
fn more_than_six_keys_roll_over() {
    let mut device = configured(HidKind::Keyboard);
    for key in [Key::A, Key::B, Key::C, Key::D, Key::E, Key::F, Key::G] {
        device.key(key, true);
    }
    let last = (0..7).map(|_| device.input(1, NOW)).last().unwrap();
    assert_eq!(last, Answer::Data(vec![0, 0, 1, 1, 1, 1, 1, 1]));
}

#[test]
fn an_idle_rate_repeats_the_report() {
    let mut device = configured(HidKind::Keyboard);
    assert!(ask(&mut device, [0x21, 10, 0, 25, 0, 0, 0, 0]).is_some());
    device.key(Key::A, true);
    assert!(matches!(device.input(1, NOW), Answer::Data(_)));
    assert_eq!(device.input(1, NOW.plus_ns(99_000_000)), Answer::Nak);
    assert!(matches!(device.input(1, NOW.plus_ns(100_000_000)), Answer::Data(_)));
}

#[test]
fn lights_are_an_output_report() {
    let mut device = configured(HidKind::Keyboard);
    device.setup([0x21, 9, 0, 2, 0, 0, 1, 0]);
    assert_eq!(device.output(0, &[0x03]), Answer::Data(vec![]));
    assert_eq!(device.input(0, NOW), Answer::Data(vec![]));
    assert_eq!(device.leds(), 3);
}

#[test]
fn a_halted_endpoint_stalls_until_it_is_cleared() {
    let mut device = configured(HidKind::Tablet);
    ask(&mut device, [0x02, 3, 0, 0, 0x81, 0, 0, 0]);
    assert_eq!(device.input(1, NOW), Answer::Stall);
    assert_eq!(ask(&mut device, [0x82, 0, 0, 0, 0x81, 0, 2, 0]), Some(vec![1, 0]));
    ask(&mut device, [0x02, 1, 0, 0, 0x81, 0, 0, 0]);
    assert_eq!(device.input(1, NOW), Answer::Nak);
}

#[test]
fn a_reset_takes_address_and_configuration() {
    let mut device = configured(HidKind::Tablet);
    device.place(5, 5, 0);
    device.reset();
    assert_eq!((device.address(), device.is_used()), (0, false));
    assert_eq!(device.input(1, NOW), Answer::Stall);
}
