use super::*;
use crate::storage::MemoryMedium;
use crate::{Config, Media, OnIdle, SerialMouseKind, Stop};

/// A machine whose boot sector is `program`, once it has ended in a halt with interrupts off.
fn ran(program: &[u8], config: Config) -> Machine {
    let mut sector = vec![0; 512];
    sector[..program.len()].copy_from_slice(program);
    sector[510..].copy_from_slice(&[0x55, 0xAA]);
    let mut media = Media::default();
    media.floppies[0] = Some(Box::new(MemoryMedium::new(sector)));
    let mut machine = Machine::new(config, media).unwrap();
    assert!(machine.run_to_address(0x7C00, 10_000_000_000));
    machine
}

fn with_backdoor() -> Config {
    Config { vmmouse: true, ..Config::default() }
}

fn finish(machine: &mut Machine) -> String {
    let stop = machine.run(machine.count() + 1_000_000_000, OnIdle::Jump);
    assert!(matches!(stop, Stop::Hang(_)), "{stop:?}");
    String::from_utf8(machine.take_debug_console()).unwrap()
}

/// mov eax, MAGIC; mov ebx, `ebx`; mov ecx, `command`; mov dx, 5658h; in eax, dx
fn request(command: u32, ebx: u32) -> Vec<u8> {
    let load = |opcode: u8, value: u32| [&[0x66, opcode], value.to_le_bytes().as_slice()].concat();
    [load(0xB8, 0x564D_5868), load(0xBB, ebx), load(0xB9, command), vec![0xBA, 0x58, 0x56, 0x66, 0xED]]
        .concat()
}

#[test]
fn the_backdoor_answers_in_registers() {
    // mov eax, ebx; out E9h, al; shr eax, 8 four times; cli; hlt
    let say = [0x66, 0x89, 0xD8, 0xB9, 4, 0, 0xE6, 0xE9, 0x66, 0xC1, 0xE8, 8, 0xE2, 0xF8, 0xFA, 0xF4];
    let program = [request(10, 0), say.to_vec()].concat();
    assert_eq!(finish(&mut ran(&program, with_backdoor())), "hXMV");
}

#[test]
fn without_the_backdoor_the_port_is_an_empty_slot() {
    // mov al, 'n'; inc eax and wrapped to 0: al is 0; add al, 'n'; out E9h, al; cli; hlt
    let say = [0x66, 0x40, 0x04, b'n', 0xE6, 0xE9, 0xFA, 0xF4];
    let program = [request(10, 0), say.to_vec()].concat();
    assert_eq!(finish(&mut ran(&program, Config::default())), "n");
}

#[test]
fn a_guest_that_asks_the_backdoor_takes_places() {
    let enable = [request(41, 0x4541_4552), request(41, 0x5342_4152), vec![0xFA, 0xF4]].concat();
    let mut machine = ran(&enable, with_backdoor());
    assert!(!machine.takes_places());
    finish(&mut machine);
    assert!(machine.takes_places());
    machine.pointer_to(0x8000, 0x4000);
    machine.mouse_button(MouseButton::Left, true);
    let vmmouse = machine.parts.vmmouse.unwrap();
    let mut registers = [0x564D_5868, 0, 40, 0, 0, 0];
    machine.bus.call(vmmouse, |vmmouse, _| vmmouse.serve(&mut registers));
    assert_eq!(registers[0], 9);
}

#[test]
fn a_stick_answers_at_the_game_port() {
    // mov dx, 201h; in al, dx; out E9h, al; cli; hlt
    let program = [0xBA, 0x01, 0x02, 0xEC, 0xE6, 0xE9, 0xFA, 0xF4];
    let mut machine = ran(&program, Config::default());
    machine.set_joystick(0, Some(Stick { buttons: [true, false], ..Stick::default() }));
    let stop = machine.run(machine.count() + 1_000_000, OnIdle::Jump);
    assert!(matches!(stop, Stop::Hang(_)));
    assert_eq!(machine.take_debug_console(), [0xEC]);
}

#[test]
fn a_serial_mouse_is_the_guests_once_it_has_power() {
    let mut program = Vec::new();
    for (port, value) in [(0x2FBu16, 0x82u8), (0x2F8, 96), (0x2F9, 0), (0x2FB, 0x02), (0x2FC, 0x03)] {
        // mov dx, port; mov al, value; out dx, al
        program.extend([0xBA, port as u8, (port >> 8) as u8, 0xB0, value, 0xEE]);
    }
    // in al, 2FDh until bit 0; in al, 2F8h; out E9h; five times; cli; hlt
    program.extend([0xB9, 5, 0]);
    program.extend([
        0xBA, 0xFD, 0x02, 0xEC, 0xA8, 1, 0x74, 0xF8, 0xBA, 0xF8, 0x02, 0xEC, 0xE6, 0xE9, 0xE2, 0xF0,
    ]);
    program.extend([0xFA, 0xF4]);
    let config = Config { serial_mouse: Some((1, SerialMouseKind::ThreeButtons)), ..Config::default() };
    let mut machine = ran(&program, config);
    machine.mouse_move(50, 50, 0);
    machine.run(machine.count() + 3_000_000, OnIdle::Jump);
    assert_eq!(machine.take_debug_console(), b"M3");
    machine.mouse_move(1, -1, 0);
    assert_eq!(finish(&mut machine).as_bytes(), [0x4C, 0x01, 0x3F]);
}
