//! The window as a person uses it: typing, the menu by keys and by mouse, sizes, full screen, closing.

use super::desktop::Client;
use super::{BLACK, GREY, Guard, Xvfb, image, until, window_tools};
use std::fs::{self, File};
use std::io::BufReader;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

/// The bar on the chosen entry, and the status line.
const CHOSEN: u32 = 0x2E_5FB8;
const LINE: u32 = 0x24_2830;
/// Width of the screen that the tests open.
const SCREEN: usize = 1024;

/// A folder of its own, gone afterwards.
pub(super) struct Folder(pub(super) PathBuf);

impl Folder {
    pub(super) fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("ringzero-window-{}-{name}", std::process::id()));
        fs::create_dir_all(&path).unwrap();
        Self(path)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// A window with FreeDOS at its prompt, focused.
struct Desk {
    xvfb: Xvfb,
    window: Guard,
    folder: Folder,
}

impl Desk {
    fn start(name: &str, args: &[&str]) -> Option<Self> {
        let freedos = image("freedos-1.4MB.img")?;
        if !window_tools() {
            return None;
        }
        let folder = Folder::new(name);
        let mut other = vec![0; 737_280];
        other[..5].copy_from_slice(b"other");
        fs::write(folder.0.join("other.img"), other).unwrap();
        let xvfb = Xvfb::start();
        let mut command = Command::new(env!("CARGO_BIN_EXE_ringzero"));
        command.args(["run", "--display", "window", "--audio", "none", "--snapshot"]).args(args).arg(freedos);
        command.env("DISPLAY", &xvfb.display).env_remove("WAYLAND_DISPLAY").current_dir(&folder.0);
        command.stderr(Stdio::from(File::create(folder.0.join("stderr")).unwrap()));
        let window = Guard(command.spawn().unwrap());
        let desk = Self { xvfb, window, folder };
        let grey = || desk.xvfb.count(GREY);
        until("notices", || grey() > 4000);
        until("prompt alone", || (100..3000).contains(&grey()));
        desk.xvfb.xdotool(&["search", "--name", "RingZero", "windowfocus"]);
        Some(desk)
    }

    fn keys(&self, keys: &[&str]) {
        self.xvfb.xdotool(&[&["key", "--delay", "60"], keys].concat());
    }

    fn types(&self, text: &str) {
        self.xvfb.xdotool(&["type", "--delay", "60", text]);
    }

    fn menu_is_open(&self) -> bool {
        self.xvfb.count(CHOSEN) > 2000
    }

    #[track_caller]
    fn open_menu(&self) {
        self.keys(&["F12"]);
        until("menu", || self.menu_is_open());
    }

    /// The program has said it.
    #[track_caller]
    fn said(&self, what: &str) {
        let said = || fs::read_to_string(self.folder.0.join("stderr")).unwrap_or_default();
        until(what, || said().contains(what));
    }

    /// The middle of all pixels of a colour.
    fn middle_of(&self, colour: u32) -> (usize, usize) {
        let pixels = self.xvfb.pixels();
        let places: Vec<usize> = (0..pixels.len()).filter(|&place| pixels[place] == colour).collect();
        let mean = |part: fn(usize) -> usize| {
            places.iter().map(|&place| part(place)).sum::<usize>() / places.len().max(1)
        };
        (mean(|place| place % SCREEN), mean(|place| place / SCREEN))
    }

    fn click(&self, (x, y): (usize, usize)) {
        self.xvfb.xdotool(&["mousemove", &x.to_string(), &y.to_string(), "click", "1"]);
    }
}

/// Width, height and RGB bytes of a PNG file.
fn png(path: &Path) -> (u32, u32, Vec<u8>) {
    let decoder = png::Decoder::new(BufReader::new(File::open(path).unwrap()));
    let mut reader = decoder.read_info().unwrap();
    let mut pixels = vec![0; reader.output_buffer_size().unwrap()];
    reader.next_frame(&mut pixels).unwrap();
    let info = reader.info();
    (info.width, info.height, pixels)
}

#[test]
fn the_menu_takes_a_screenshot_and_the_guest_sees_no_key_of_it() {
    let Some(desk) = Desk::start("shot", &[]) else { return };
    for number in 1..=2 {
        desk.open_menu();
        desk.types("screenshot");
        desk.keys(&["Return"]);
        let line = format!("screenshot saved as ringzero-{number}.png");
        desk.said(&line);
        until("closed menu", || !desk.menu_is_open());
    }
    let lit = |number: u32| {
        let (width, height, pixels) = png(&desk.folder.0.join(format!("ringzero-{number}.png")));
        assert_eq!((width, height), (720, 400), "the guest's own pixels");
        pixels.chunks(3).filter(|pixel| pixel.iter().any(|&part| part != 0)).count()
    };
    // Nothing but the cursor differs.
    assert!(lit(1) > 50 && lit(1).abs_diff(lit(2)) <= 9 * 16, "{} {}", lit(1), lit(2));
    // And keys reach the guest again.
    let before = desk.xvfb.count(GREY);
    desk.types("ver");
    desk.keys(&["Return"]);
    until("answer", || desk.xvfb.count(GREY) > before + 1500);
}

#[test]
fn the_mouse_opens_the_menu_and_a_diskette_goes_in_by_its_path() {
    let Some(mut desk) = Desk::start("mouse", &[]) else { return };
    // "F12 menu", at the right end of the status line.
    desk.click((925, 731));
    until("menu", || desk.menu_is_open());
    // The first entry is drive A.
    desk.click(desk.middle_of(CHOSEN));
    std::thread::sleep(Duration::from_millis(500));
    desk.keys(&["Down", "Return"]);
    desk.types("oth");
    desk.keys(&["Tab", "Return"]);
    desk.said("other.img is in drive A");
    until("closed menu", || !desk.menu_is_open());
    // The lamp's name on the status line is the drive's page; a click beside the menu closes it.
    desk.click((26, 731));
    until("drive's page", || desk.menu_is_open());
    desk.click((20, 20));
    until("closed menu", || !desk.menu_is_open());
    desk.open_menu();
    desk.types("quit");
    desk.keys(&["Return"]);
    assert_eq!(desk.window.end(), Some(0));
}

#[test]
fn a_window_is_resized_fills_the_screen_and_closes_by_its_button() {
    let Some(mut desk) = Desk::start("sizes", &[]) else { return };
    let line_at = |x: usize, y: usize| desk.xvfb.pixels()[y * SCREEN + x] == LINE;
    assert!(line_at(300, 725) && line_at(300, 738));
    desk.xvfb.xdotool(&["search", "--name", "RingZero", "windowsize", "640", "502"]);
    until("smaller status line", || line_at(300, 485) && line_at(300, 498) && !line_at(300, 725));
    let lit = desk.xvfb.count(GREY);
    assert!(lit > 30, "the picture is still there: {lit}");
    desk.keys(&["F11"]);
    until("full screen without the line", || desk.xvfb.count(LINE) == 0);
    desk.keys(&["F11"]);
    until("the line again", || desk.xvfb.count(LINE) > 1000);
    desk.open_menu();
    desk.types("hide");
    desk.keys(&["Return"]);
    until("no line", || desk.xvfb.count(LINE) == 0);
    Client::connect(&desk.xvfb).close();
    assert_eq!(desk.window.end(), Some(0));
}

#[test]
fn scaling_speed_and_states_are_chosen_in_the_menu() {
    let Some(desk) = Desk::start("choices", &[]) else { return };
    let choose = |words: &[&str], said: &str| {
        desk.open_menu();
        for word in words {
            desk.types(word);
            desk.keys(&["Return"]);
        }
        if !said.is_empty() {
            desk.said(said);
        }
        until("closed menu", || !desk.menu_is_open());
    };
    let lit = || desk.xvfb.pixels().len() - desk.xvfb.count(BLACK);
    let sharp = lit();
    // 720 by 400 fits 960 by 720 once only.
    choose(&["scaling", "whole"], "");
    until("smaller picture", || lit() < sharp);
    choose(&["speed", "8 mips"], "speed: 8 million");
    choose(&["speed", "as fast"], "as fast as this host can");
    choose(&["save state"], "state saved in memory, disks included");
    desk.types("ver");
    desk.keys(&["Return"]);
    let before = desk.xvfb.count(GREY);
    until("answer", || desk.xvfb.count(GREY) > before.min(500) + 1000);
    choose(&["load state"], "the saved state is back");
    until("prompt alone", || (30..1500).contains(&desk.xvfb.count(GREY)));
}

#[test]
fn a_recording_is_begun_and_ended_in_the_menu() {
    let Some(desk) = Desk::start("record", &[]) else { return };
    desk.keys(&["ctrl+alt+v"]);
    desk.said("recording to ringzero-recording-1.png");
    desk.types("ver");
    desk.keys(&["Return"]);
    std::thread::sleep(Duration::from_secs(1));
    desk.open_menu();
    desk.types("stop rec");
    desk.keys(&["Return"]);
    desk.said("recording saved as");
    let file = File::open(desk.folder.0.join("ringzero-recording-1.png")).unwrap();
    let reader = png::Decoder::new(BufReader::new(file)).read_info().unwrap();
    let frames = reader.info().animation_control.map_or(0, |control| control.num_frames);
    assert!(frames > 3, "{frames}");
}

#[test]
fn a_dropped_diskette_goes_into_its_drive_and_a_dropped_hard_disk_does_not() {
    let Some(desk) = Desk::start("drop", &[]) else { return };
    let client = Client::connect(&desk.xvfb);
    client.drop_file(&desk.folder.0.join("other.img"));
    desk.said("other.img is in drive A");
    let disk = desk.folder.0.join("disk.img");
    File::create(&disk).unwrap().set_len(16 << 20).unwrap();
    client.drop_file(&disk);
    desk.said("cannot be changed while the machine runs");
}
