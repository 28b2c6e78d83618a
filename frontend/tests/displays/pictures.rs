//! Graphics in a terminal that says what it can: what the program sends is decoded as such a terminal would.

use super::{Terminal, installed, until};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use std::io::Read;
use std::path::PathBuf;

/// The question that every terminal answers.
const ATTRIBUTES: &str = "\x1B[c";

/// A boot sector that sets mode 13h, fills the upper half of the screen with grey and halts.
const HALF_GREY: [u8; 22] = [
    0xB8, 0x13, 0x00, 0xCD, 0x10, 0xB8, 0x00, 0xA0, 0x8E, 0xC0, 0x31, 0xFF, 0xB0, 0x07, 0xB9, 0x00, 0x7D,
    0xF3, 0xAA, 0xF4, 0xEB, 0xFD,
];

/// The boot sector as an image, gone afterwards.
struct Disk(PathBuf);

impl Disk {
    fn new(name: &str) -> Self {
        let mut sector = [0; 512];
        sector[..HALF_GREY.len()].copy_from_slice(&HALF_GREY);
        sector[510..].copy_from_slice(&[0x55, 0xAA]);
        let path = std::env::temp_dir().join(format!("ringzero-grey-{}-{name}.img", std::process::id()));
        std::fs::write(&path, sector).unwrap();
        Self(path)
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}

/// Starts a guest in graphics mode in a terminal that answers so.
fn start(disk: &Disk, answer: &str) -> Option<Terminal> {
    if !installed("script") {
        return None;
    }
    let mut terminal = Terminal::start(&disk.0);
    until("question", || terminal.raw().contains(ATTRIBUTES));
    terminal.press(answer);
    Some(terminal)
}

/// The bytes between `begin` and the string terminator, of every such sequence.
fn sequences(raw: &str, begin: &str) -> Vec<String> {
    let bodies = raw.split(begin).skip(1);
    bodies.filter_map(|rest| rest.split_once("\x1B\\")).map(|(body, _)| body.to_owned()).collect()
}

/// The last whole image of the kitty protocol: its size, and its pixels.
fn kitty(raw: &str) -> Option<(usize, usize, Vec<u8>)> {
    let (mut size, mut data, mut last) = ((0, 0), String::new(), None);
    for body in sequences(raw, "\x1B_G") {
        let Some((control, piece)) = body.split_once(';') else { continue };
        let value =
            |key: &str| control.split(',').find_map(|pair| pair.strip_prefix(key)?.parse::<usize>().ok());
        if control.contains("a=q") {
            continue;
        }
        if control.contains("a=T") {
            size = (value("s=")?, value("v=")?);
            data.clear();
        }
        data.push_str(piece);
        if value("m=") == Some(0) {
            last = Some((size, data.clone()));
        }
    }
    let ((width, height), data) = last?;
    let mut pixels = Vec::new();
    flate2::read::ZlibDecoder::new(&STANDARD.decode(data).ok()?[..]).read_to_end(&mut pixels).ok()?;
    (pixels.len() == width * height * 3).then_some((width, height, pixels))
}

/// How many pixels of each colour register sixel images set: `(red, green, blue in percent, count)`.
fn sixels(body: &str) -> Vec<((u32, u32, u32), usize)> {
    let mut colours: Vec<((u32, u32, u32), usize)> = Vec::new();
    // Behind the parameters and the raster attributes.
    let data = body.find('#').map_or("", |start| &body[start..]);
    let (mut register, mut chars) = (0, data.chars().peekable());
    let number = |chars: &mut std::iter::Peekable<std::str::Chars<'_>>| {
        let mut number = 0;
        while let Some(digit) = chars.peek().and_then(|c| c.to_digit(10)) {
            number = number * 10 + digit;
            chars.next();
        }
        number
    };
    let mut repeat = 1;
    while let Some(c) = chars.next() {
        match c {
            '#' => {
                register = number(&mut chars) as usize;
                if chars.next_if_eq(&';').is_some() {
                    let mut values = [number(&mut chars), 0, 0, 0];
                    for value in &mut values[1..] {
                        chars.next();
                        *value = number(&mut chars);
                    }
                    colours.resize(colours.len().max(register + 1), ((0, 0, 0), 0));
                    colours[register].0 = (values[1], values[2], values[3]);
                }
            }
            '!' => repeat = number(&mut chars) as usize,
            '?'..='~' => {
                colours[register].1 += (c as u8 - b'?').count_ones() as usize * repeat;
                repeat = 1;
            }
            _ => {}
        }
    }
    colours
}

#[test]
fn a_terminal_with_the_kitty_protocol_gets_the_guests_own_pixels() {
    let disk = Disk::new("kitty");
    let Some(terminal) = start(&disk, "\x1B_Gi=31;OK\x1B\\\x1B[?62c") else { return };
    let grey = |pixels: &[u8]| pixels.chunks(3).filter(|p| *p == [0xAA, 0xAA, 0xAA]).count();
    until("grey half", || kitty(&terminal.raw()).is_some_and(|(.., pixels)| grey(&pixels) == 32_000));
    let output = terminal.output.clone();
    terminal.quit();
    let raw = String::from_utf8_lossy(&output.lock().unwrap()).into_owned();
    assert!(raw.contains("\x1B_Ga=d,d=A"), "images are deleted at the end");
    assert!(!raw.contains('▀'));
}

#[test]
fn a_terminal_with_sixels_gets_them_in_its_own_pixels() {
    let disk = Disk::new("sixel");
    let Some(terminal) = start(&disk, "\x1B[6;16;8t\x1B[?62;4;22c") else { return };
    let grey = |body: &String| {
        sixels(body).iter().filter(|(colour, _)| *colour == (67, 67, 67)).map(|(_, n)| n).sum()
    };
    let most = || -> usize { sequences(&terminal.raw(), "\x1BP").iter().map(grey).max().unwrap_or(0) };
    // 100 cells of 8 pixels across make 37 rows of 16 pixels at 4:3; the upper half is grey, and grey is 67 %.
    until("grey half", || most() == 800 * 296);
    assert!(terminal.raw().contains("\"1;1;800;592"));
    assert!(!terminal.raw().contains('▀'));
    terminal.quit();
}

#[test]
fn a_terminal_that_answers_nothing_gets_half_blocks() {
    let disk = Disk::new("blocks");
    if !installed("script") {
        return;
    }
    for graphics in ["auto", "blocks"] {
        let terminal = Terminal::start_with(&disk.0, graphics);
        until("half blocks", || terminal.raw().contains('▀'));
        until("grey half", || terminal.raw().contains("170;170;170"));
        assert!(!terminal.raw().contains("\x1BP"));
        assert_eq!(terminal.raw().contains(ATTRIBUTES), graphics == "auto");
        terminal.quit();
    }
}
