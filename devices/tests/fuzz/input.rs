//! The USB controller with schedules of any shape, and hands at every device that has some.

use super::{Random, config_write};
use ringzero_bus::{PhysAddr, Port, SystemBus, Width};
use ringzero_devices::gameport::Stick;
use ringzero_devices::keyboard::ALL_KEYS;
use ringzero_devices::mouse::MouseButton;
use ringzero_devices::pc::PcParts;
use ringzero_devices::usb::hid::HidKind;

const BASE: u16 = 0xC040;
/// Where schedules lie: a few lines of 16 bytes, so that links meet.
const PLACE: u64 = 0x6000;
const LINES: u64 = 32;

/// A link among the lines, seldom elsewhere.
fn link(random: &mut Random) -> u32 {
    match random.below(16) {
        0 => random.next() as u32,
        1 => 1,
        2 => 0xFFFF_FFF0,
        _ => (PLACE + 16 * random.below(LINES)) as u32 | [0, 2, 4, 4][random.below(4) as usize],
    }
}

/// A descriptor that mostly reaches a device.
fn descriptor(bus: &mut SystemBus, random: &mut Random, at: u64) {
    let pid = [0x2D, 0x69, 0x69, 0xE1, 0x2D, random.below(256) as u32][random.below(6) as usize];
    let address = if random.below(4) == 0 { random.below(128) as u32 } else { 0 };
    let length = [7, 7, 0x7FF, 0, random.below(0x800) as u32][random.below(5) as usize];
    let control = 0x0080_0000 | random.next() as u32 & 0x3F00_0000;
    let token = length << 21 | (random.below(2) as u32) << 15 | address << 8 | pid;
    let buffer = [0x7000, 0x7008, 0x1F_FFFC, 0xFFFF_FFFC][random.below(4) as usize];
    for (n, value) in (0..).zip([link(random), control, token, buffer]) {
        bus.write(PhysAddr(at + 4 * n), Width::Dword, value);
    }
}

/// Makes a schedule, or changes one, and lets the controller run it.
pub(super) fn program_usb(bus: &mut SystemBus, random: &mut Random) {
    const SETUPS: [u64; 6] = [
        0x0012_0000_0100_0680,
        0x0000_0000_0001_0900,
        0x0000_0000_0005_0500,
        0x0001_0000_0200_0921,
        0x0000_0000_1900_0A21,
        0x0040_0000_2200_0681,
    ];
    config_write(bus, 0xA20, u32::from(BASE));
    config_write(bus, 0xA04, 5);
    for line in 0..LINES {
        match random.below(3) {
            0 => descriptor(bus, random, PLACE + 16 * line),
            1 => {
                for at in [0, 4] {
                    let value = link(random);
                    bus.write(PhysAddr(PLACE + 16 * line + at), Width::Dword, value);
                }
            }
            _ => {}
        }
    }
    let setup = if random.below(4) == 0 { random.next() } else { SETUPS[random.below(6) as usize] };
    for (at, value) in [(0x7000, setup as u32), (0x7004, (setup >> 32) as u32)] {
        bus.write(PhysAddr(at), Width::Dword, value);
    }
    for port in [0x10, 0x12] {
        for value in [0x0200, 0, 0x0004 | random.next() as u32 & random.next() as u32 & 0x1000] {
            bus.pio_write(Port(BASE + port), Width::Word, value);
        }
    }
    bus.pio_write(Port(BASE + 8), Width::Dword, PLACE as u32);
    bus.pio_write(Port(BASE + 4), Width::Word, 0x0F);
    bus.pio_write(Port(BASE), Width::Word, 0x81);
    super::pass(bus, random);
}

/// The host's hands at sticks, tablet, USB keyboard and serial mouse, and a guest at the backdoor.
pub(super) fn use_hands(bus: &mut SystemBus, parts: &PcParts, random: &mut Random) {
    let (a, b) = (random.next() as u16, random.next() as u16);
    let down = a & 1 != 0;
    bus.call(parts.gameport.unwrap(), |port, _| {
        let stick = Stick { x: a.cast_signed(), y: b.cast_signed(), buttons: [down, !down] };
        port.set_stick(usize::from(b & 1), (b & 6 != 0).then_some(stick));
    });
    bus.call(parts.usb.unwrap(), |usb, fabric| {
        usb.place(fabric, a, b, i32::from(a & 7) - 3);
        usb.button(fabric, HidKind::Tablet, MouseButton::Right, down);
        usb.motion(fabric, 3, -900, 2);
        usb.tablet_wheel(fabric, 1);
        usb.key(fabric, ALL_KEYS[usize::from(b) % ALL_KEYS.len()], down);
    });
    bus.call(parts.com[1], |com, fabric| {
        com.mouse_motion(fabric, a.cast_signed().into(), b.cast_signed().into(), 1);
        com.mouse_button(fabric, MouseButton::Middle, down);
    });
    bus.call(parts.vmmouse.unwrap(), |mouse, _| {
        let what = [0x4541_4552, 0x5342_4152, 0x4C45_5252, 0xF5, 4][random.below(5) as usize];
        let command = [10, 39, 40, 41, 41, 41][random.below(6) as usize];
        let mut registers = [0x564D_5868, what, command, 0x5658, 0, 0];
        mouse.serve(&mut registers);
        mouse.place(a, b, 0);
        mouse.button(MouseButton::Left, down);
        mouse.motion(-1, 1, 1);
    });
}
