//! A guest that takes places: the window follows the pointer and captures nothing.

use super::window::Folder;
use super::{Guard, Xvfb, until, window_tools};
use std::fs::{self, File};
use std::process::{Command, Stdio};

/// EAX the magic number, EBX and ECX; DX 5658h; IN EAX, DX.
fn request(command: u32, ebx: u32) -> Vec<u8> {
    let load = |opcode: u8, value: u32| [&[0x66, opcode], value.to_le_bytes().as_slice()].concat();
    let loads = [load(0xB8, 0x564D_5868), load(0xBB, ebx), load(0xB9, command)].concat();
    [loads.as_slice(), &[0xBA, 0x58, 0x56, 0x66, 0xED]].concat()
}

/// A diskette whose program takes places from VMware's pointer, and sends buttons and the high bytes of both coordinates
/// of each report to port E9h.
fn diskette() -> Vec<u8> {
    let begin = [request(41, 0x4541_4552), request(39, 1), request(41, 0x5342_4152)].concat();
    let ask = request(40, 0);
    // cmp ax, 4; jb ask
    let wait = [0x83, 0xF8, 0x04, 0x72, (-(ask.len() as i8) - 5) as u8];
    let fetch = request(39, 4);
    // out E9h, al; mov al, bh; out E9h, al; mov al, ch; out E9h, al; jmp ask
    let say = [0xE6, 0xE9, 0x88, 0xF8, 0xE6, 0xE9, 0x88, 0xE8, 0xE6, 0xE9];
    let back = ask.len() + wait.len() + fetch.len() + say.len() + 3;
    let jump = [&[0xE9], i16::try_from(back).unwrap().wrapping_neg().to_le_bytes().as_slice()].concat();
    let mut image = [begin, ask, wait.to_vec(), fetch, say.to_vec(), jump].concat();
    assert!(image.len() <= 510);
    image.resize(737_280, 0);
    image[510..512].copy_from_slice(&[0x55, 0xAA]);
    image
}

#[test]
fn a_guest_that_takes_places_follows_the_pointer_without_capture() {
    if !window_tools() {
        return;
    }
    let folder = Folder::new("pointer");
    let path = |name: &str| folder.0.join(name);
    fs::write(path("boot.img"), diskette()).unwrap();
    let xvfb = Xvfb::start();
    let mut command = Command::new(env!("CARGO_BIN_EXE_ringzero"));
    command.args([
        "run",
        "--display",
        "window",
        "--audio",
        "none",
        "--joystick",
        "none",
        "--device",
        "vmmouse",
        "--debugcon",
        "said",
    ]);
    command.arg("boot.img").env("DISPLAY", &xvfb.display).env_remove("WAYLAND_DISPLAY");
    command.current_dir(&folder.0).stderr(Stdio::from(File::create(path("stderr")).unwrap()));
    let _window = Guard(command.spawn().unwrap());
    let said = |report: [u8; 3]| {
        let bytes = fs::read(path("said")).unwrap_or_default();
        bytes.chunks(3).any(|chunk| chunk == report)
    };
    // The picture is 960 by 720 pixels at the corner of the screen.
    until("the first place", || {
        xvfb.xdotool(&["mousemove", "100", "100"]);
        xvfb.xdotool(&["mousemove", "240", "540"]);
        said([0, 0x40, 0xC0])
    });
    xvfb.xdotool(&["mousemove", "720", "180"]);
    until("another place", || said([0, 0xC0, 0x40]));
    xvfb.xdotool(&["mousedown", "1"]);
    until("a button", || said([0x20, 0xC0, 0x40]));
    xvfb.xdotool(&["mouseup", "1", "mousemove", "480", "360"]);
    until("a place after the click", || said([0, 0x80, 0x80]));
}
