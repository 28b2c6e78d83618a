use super::*;

fn all(mouse: &mut Mouse) -> Vec<u8> {
    std::iter::from_fn(|| mouse.send()).collect()
}

fn ask(mouse: &mut Mouse, bytes: &[u8]) -> Vec<u8> {
    bytes
        .iter()
        .flat_map(|&byte| {
            mouse.receive(byte);
            all(mouse)
        })
        .collect()
}

/// A mouse that streams, with the given ID.
fn streaming(id: u8) -> Mouse {
    let mut mouse = Mouse::new();
    let rates = if id == 4 { FIVE_BUTTONS } else { WHEEL };
    if id != 0 {
        rates.iter().for_each(|&rate| drop(ask(&mut mouse, &[0xF3, rate])));
        ask(&mut mouse, &[0xF3, 100]);
    }
    ask(&mut mouse, &[0xF4]);
    mouse
}

/// The packet of stream mode that is due by now.
fn packet(mouse: &mut Mouse, now: u64) -> Vec<u8> {
    mouse.sample(VTime(now));
    all(mouse)
}

#[test]
fn reset_answers_its_test_and_its_id() {
    let mut mouse = streaming(3);
    assert_eq!(ask(&mut mouse, &[0xFF]), [0xFA, 0xAA, 0x00]);
    assert_eq!(ask(&mut mouse, &[0xE9]), [0xFA, 0x00, 2, 100]);
}

#[test]
fn it_says_nothing_until_it_is_enabled() {
    let mut mouse = Mouse::new();
    mouse.motion(5, 0, 0);
    assert_eq!(packet(&mut mouse, 0), []);
}

#[test]
fn a_packet_has_signs_and_the_direction_of_the_axes() {
    let mut mouse = streaming(0);
    mouse.motion(-3, 5, 0);
    assert_eq!(packet(&mut mouse, 0), [0x38, 0xFD, 0xFB]);
    mouse.motion(3, -5, 0);
    assert_eq!(packet(&mut mouse, 10_000_000), [0x08, 3, 5]);
}

#[test]
fn movement_beyond_nine_bits_overflows() {
    let mut mouse = streaming(0);
    mouse.motion(300, 0, 0);
    mouse.motion(0, 300, 0);
    assert_eq!(packet(&mut mouse, 0), [0x08 | 0x40 | 0x80 | 0x20, 0xFF, 0x00]);
}

#[test]
fn packets_keep_to_the_sample_rate() {
    let mut mouse = streaming(0);
    mouse.motion(1, 0, 0);
    assert_eq!(packet(&mut mouse, 0).len(), 3);
    mouse.motion(1, 0, 0);
    assert_eq!(mouse.sample(VTime(1)), Some(VTime(10_000_000)));
    assert!(!mouse.waits());
    mouse.motion(1, 0, 0);
    assert_eq!(packet(&mut mouse, 10_000_000), [0x08, 2, 0]);
}

#[test]
fn buttons_have_their_bits() {
    let mut mouse = streaming(0);
    for (n, button) in [MouseButton::Left, MouseButton::Right, MouseButton::Middle].into_iter().enumerate() {
        mouse.button(button, true);
        assert_eq!(packet(&mut mouse, n as u64 * 20_000_000), [0x08 | 1 << n, 0, 0]);
        mouse.button(button, false);
        assert_eq!(packet(&mut mouse, n as u64 * 20_000_000 + 10_000_000), [0x08, 0, 0]);
    }
}

#[test]
fn a_click_between_two_packets_is_not_lost() {
    let mut mouse = streaming(0);
    mouse.button(MouseButton::Left, true);
    mouse.button(MouseButton::Left, false);
    assert_eq!(packet(&mut mouse, 0), [0x09, 0, 0]);
    assert_eq!(packet(&mut mouse, 10_000_000), [0x08, 0, 0]);
    assert_eq!(packet(&mut mouse, 20_000_000), []);
}

#[test]
fn scaling_doubles_in_stream_mode_alone() {
    assert_eq!([0, 1, 2, 3, 4, 5, 6, -5, -100].map(scaled), [0, 1, 1, 3, 6, 9, 12, -9, -200]);
    let mut mouse = streaming(0);
    ask(&mut mouse, &[0xE7]);
    mouse.motion(20, 0, 0);
    assert_eq!(packet(&mut mouse, 0), [0x08, 40, 0]);
    mouse.motion(20, 0, 0);
    assert_eq!(ask(&mut mouse, &[0xE9])[1], 0x30);
    ask(&mut mouse, &[0xF0]);
    mouse.motion(20, 0, 0);
    mouse.receive(0xEB);
    assert_eq!(all(&mut mouse)[0], 0xFA);
}

#[test]
fn remote_mode_reports_when_asked() {
    let mut mouse = streaming(0);
    ask(&mut mouse, &[0xF0]);
    mouse.button(MouseButton::Right, true);
    assert_eq!(packet(&mut mouse, 0), []);
    assert_eq!(ask(&mut mouse, &[0xEB]), [0xFA, 0x0A, 0, 0]);
    assert_eq!(ask(&mut mouse, &[0xE9]), [0xFA, 0x61, 2, 100]);
}

#[test]
fn wrap_mode_echoes_all_but_its_end_and_reset() {
    let mut mouse = Mouse::new();
    assert_eq!(
        ask(&mut mouse, &[0xEE, 0x12, 0xF4, 0xFE, 0xEC, 0xF2]),
        [0xFA, 0x12, 0xF4, 0xFE, 0xFA, 0xFA, 0]
    );
}

#[test]
fn the_status_tells_what_was_set() {
    let mut mouse = Mouse::new();
    ask(&mut mouse, &[0xE8, 3, 0xF3, 200, 0xF4]);
    mouse.button(MouseButton::Left, true);
    assert_eq!(ask(&mut mouse, &[0xE9]), [0xFA, 0x24, 3, 200]);
    assert_eq!(ask(&mut mouse, &[0xF6, 0xE9]), [0xFA, 0xFA, 0x04, 2, 100]);
}

#[test]
fn sample_rates_make_it_a_wheel_mouse() {
    let mut mouse = Mouse::new();
    for rate in WHEEL {
        ask(&mut mouse, &[0xF3, rate]);
    }
    assert_eq!(ask(&mut mouse, &[0xF2]), [0xFA, 3]);
    for rate in FIVE_BUTTONS {
        ask(&mut mouse, &[0xF3, rate]);
    }
    assert_eq!(ask(&mut mouse, &[0xF2]), [0xFA, 4]);
}

#[test]
fn a_wheel_packet_has_four_bytes() {
    let mut mouse = streaming(3);
    mouse.motion(0, 0, -2);
    assert_eq!(packet(&mut mouse, 0), [0x08, 0, 0, 0xFE]);
}

#[test]
fn five_buttons_share_the_fourth_byte_with_the_wheel() {
    let mut mouse = streaming(4);
    mouse.motion(0, 0, -1);
    mouse.button(MouseButton::Fifth, true);
    assert_eq!(packet(&mut mouse, 0), [0x08, 0, 0, 0x2F]);
}

#[test]
fn a_wheel_that_nobody_knows_is_no_news() {
    let mut mouse = streaming(0);
    mouse.motion(0, 0, 1);
    assert_eq!(packet(&mut mouse, 0), []);
}

#[test]
fn invalid_bytes_are_asked_for_again_then_given_up() {
    let mut mouse = Mouse::new();
    assert_eq!(ask(&mut mouse, &[0x55, 0x55, 0xF4, 0x55]), [0xFE, 0xFC, 0xFA, 0xFE]);
}

#[test]
fn a_parameter_out_of_range_is_refused() {
    let mut mouse = Mouse::new();
    assert_eq!(ask(&mut mouse, &[0xF3, 99]), [0xFA, 0xFE]);
    assert_eq!(ask(&mut mouse, &[0xE8, 4]), [0xFA, 0xFE]);
}

#[test]
fn resend_repeats_the_last_packet() {
    let mut mouse = streaming(0);
    mouse.motion(7, 0, 0);
    let first = packet(&mut mouse, 0);
    assert_eq!(ask(&mut mouse, &[0xFE]), first);
}

#[test]
fn a_command_forgets_movement() {
    let mut mouse = streaming(0);
    mouse.motion(7, 0, 0);
    ask(&mut mouse, &[0xE6]);
    assert_eq!(packet(&mut mouse, 0), []);
}

#[test]
fn remote_mode_gives_the_movement_since_it_was_asked_last() {
    let mut mouse = streaming(0);
    ask(&mut mouse, &[0xF0]);
    mouse.motion(4, -2, 0);
    assert_eq!(ask(&mut mouse, &[0xEB]), [0xFA, 0x08, 4, 2]);
    assert_eq!(ask(&mut mouse, &[0xEB]), [0xFA, 0x08, 0, 0]);
}

#[test]
fn a_nudge_sends_a_packet_without_news_once() {
    let mut mouse = streaming(0);
    mouse.nudge();
    assert_eq!(packet(&mut mouse, 0), [0x08, 0, 0]);
    assert_eq!(packet(&mut mouse, 20_000_000), []);
}
