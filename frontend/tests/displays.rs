//! Real guests on the two displays that a person sees: a terminal (through `script`) and a window (under Xvfb).
//! Where the guests or the tools are missing the tests are skipped, by name.

#![allow(clippy::unwrap_used, reason = "test helpers")]

use std::ffi::OsStr;
use std::io::{BufRead, BufReader, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::time::{Duration, Instant};

#[path = "displays/desktop.rs"]
mod desktop;
#[path = "displays/pictures.rs"]
mod pictures;
#[path = "displays/pointer.rs"]
mod pointer;
#[path = "displays/window.rs"]
mod window;

#[path = "../../tests/src/shared.rs"]
#[expect(unreachable_pub, reason = "the module is public where it lives")]
mod shared;

/// The longest that anything here may take to show.
const LIMIT: Duration = Duration::from_secs(90);

const FREEDOS: [&str; 5] =
    ["freedos-160K.img", "freedos-360K.img", "freedos-720K.img", "freedos-1.4MB.img", "freedos-2012.img"];

#[track_caller]
fn image(name: &str) -> Option<PathBuf> {
    Some(shared::folder("guests")?.join(name))
}

/// Whether a program is installed; skips the calling test when it is not.
#[track_caller]
fn installed(program: &str) -> bool {
    let found = std::env::var_os("PATH")
        .is_some_and(|path| std::env::split_paths(&path).any(|folder| folder.join(program).is_file()));
    if !found {
        shared::skip(&format!("{program} is not installed"));
    }
    found
}

/// Ends a child when the test ends.
struct Guard(Child);

impl Drop for Guard {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

impl Guard {
    /// Waits for the end; the exit code.
    #[track_caller]
    fn end(&mut self) -> Option<i32> {
        let begun = Instant::now();
        while begun.elapsed() < LIMIT {
            if let Some(status) = self.0.try_wait().unwrap() {
                return status.code();
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        panic!("the program does not end");
    }
}

#[track_caller]
fn until(what: &str, mut done: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !done() {
        assert!(begun.elapsed() < LIMIT, "no {what}");
        std::thread::sleep(Duration::from_millis(100));
    }
}

// --- terminal -----------------------------------------------------------------------------------------------

/// The program in a terminal of 100 by 40 cells.
struct Terminal {
    child: Guard,
    keys: ChildStdin,
    output: std::sync::Arc<std::sync::Mutex<Vec<u8>>>,
}

impl Terminal {
    fn start(image: &Path) -> Self {
        Self::start_with(image, "auto")
    }

    fn start_with(image: &Path, graphics: &str) -> Self {
        let run = format!(
            "stty cols 100 rows 40; exec '{}' run --display terminal --audio none --snapshot --graphics {graphics} '{}'",
            env!("CARGO_BIN_EXE_ringzero"),
            image.display()
        );
        let mut command = Command::new("script");
        command
            .args(["-qfec", &run, "/dev/null"])
            .env("TERM", "xterm-256color")
            .env("COLORTERM", "truecolor");
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let (keys, mut screen) = (child.stdin.take().unwrap(), child.stdout.take().unwrap());
        let output = std::sync::Arc::new(std::sync::Mutex::new(Vec::new()));
        let sink = output.clone();
        std::thread::spawn(move || {
            let mut buffer = [0; 4096];
            while let Ok(len @ 1..) = screen.read(&mut buffer) {
                sink.lock().unwrap().extend_from_slice(&buffer[..len]);
            }
        });
        Self { child: Guard(child), keys, output }
    }

    /// All that was written so far, control sequences included.
    fn raw(&self) -> String {
        String::from_utf8_lossy(&self.output.lock().unwrap()).into_owned()
    }

    /// The characters written so far, in order.
    fn text(&self) -> String {
        let raw = self.raw();
        let mut text = String::new();
        let mut chars = raw.chars();
        while let Some(c) = chars.next() {
            if c == '\u{1b}' {
                chars.by_ref().skip(1).find(char::is_ascii_alphabetic);
            } else {
                text.push(c);
            }
        }
        text
    }

    fn press(&mut self, keys: &str) {
        self.keys.write_all(keys.as_bytes()).unwrap();
        self.keys.flush().unwrap();
    }

    /// Ctrl-A x: the program ends, the terminal is as it was.
    fn quit(mut self) {
        self.press("\u{1}x");
        assert_eq!(self.child.end(), Some(0));
        until("return from the alternate screen", || self.raw().contains("\u{1b}[?1049l"));
    }
}

#[test]
fn every_freedos_shows_its_prompt_in_a_terminal() {
    for name in FREEDOS {
        let Some(path) = image(name) else { return };
        if !installed("script") {
            return;
        }
        let terminal = Terminal::start(&path);
        until(name, || terminal.text().contains("A:\\>"));
        terminal.quit();
    }
}

#[test]
fn freedos_answers_what_is_typed_in_a_terminal() {
    let Some(path) = image("freedos-1.4MB.img") else { return };
    if !installed("script") {
        return;
    }
    let mut terminal = Terminal::start(&path);
    until("prompt", || terminal.text().contains("A:\\>"));
    terminal.press("ver\r");
    until("answer", || terminal.text().contains("FreeCom"));
    terminal.quit();
}

#[test]
fn mikeos_and_tetros_show_in_a_terminal() {
    let (Some(mikeos), Some(tetros)) = (image("mikeos.flp"), image("tetros.img")) else { return };
    if !installed("script") {
        return;
    }
    let mut terminal = Terminal::start(&mikeos);
    until("greeting", || terminal.text().contains("Thanks for trying out MikeOS!"));
    terminal.press("\r");
    until("program list", || terminal.text().contains("FILEMAN.BIN"));
    terminal.quit();
    let terminal = Terminal::start(&tetros);
    until("grey walls", || terminal.raw().contains("170;170;170"));
    terminal.quit();
}

// --- window -------------------------------------------------------------------------------------------------

/// A display without a screen.
struct Xvfb {
    _server: Guard,
    display: String,
}

impl Xvfb {
    fn start() -> Self {
        let mut command = Command::new("Xvfb");
        command.args(["-displayfd", "1", "-screen", "0", "1024x768x24"]);
        let mut server = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let mut number = String::new();
        BufReader::new(server.stdout.take().unwrap()).read_line(&mut number).unwrap();
        Self { _server: Guard(server), display: format!(":{}", number.trim()) }
    }

    fn ringzero(&self, image: &Path) -> Guard {
        self.ringzero_with(&[image.as_os_str()])
    }

    fn ringzero_with(&self, args: &[&OsStr]) -> Guard {
        let mut command = Command::new(env!("CARGO_BIN_EXE_ringzero"));
        // Most tests look at the guest's pixels alone.
        command
            .args(["run", "--display", "window", "--audio", "none", "--snapshot", "--no-status"])
            .args(args);
        command.env("DISPLAY", &self.display).env_remove("WAYLAND_DISPLAY").stderr(Stdio::null());
        Guard(command.spawn().unwrap())
    }

    /// The pixels of the whole screen, 00RRGGBBh.
    fn pixels(&self) -> Vec<u32> {
        let mut command = Command::new("xwd");
        let dump = command.args(["-root", "-silent", "-display", &self.display]).output().unwrap().stdout;
        let word = |n: usize| u32::from_be_bytes(dump[4 * n..4 * n + 4].try_into().unwrap()) as usize;
        // Header size and number of colours of 12 bytes, then the pixels.
        let pixels = &dump[word(0) + 12 * word(19)..];
        pixels.chunks_exact(4).map(|p| u32::from_le_bytes([p[0], p[1], p[2], 0])).collect()
    }

    fn count(&self, colour: u32) -> usize {
        self.pixels().into_iter().filter(|&pixel| pixel == colour).count()
    }

    fn xdotool(&self, args: &[&str]) {
        let mut command = Command::new("xdotool");
        assert!(command.args(args).env("DISPLAY", &self.display).status().unwrap().success());
    }
}

#[track_caller]
fn window_tools() -> bool {
    installed("Xvfb") && installed("xwd") && installed("xdotool")
}

const BLACK: u32 = 0;
const GREY: u32 = 0xAA_AAAA;
const MIKEOS_BLUE: u32 = 0x55_55FF;

/// Pixels that are not black: text, on these screens.
fn lit(xvfb: &Xvfb) -> usize {
    xvfb.pixels().len() - xvfb.count(BLACK)
}

#[test]
fn every_freedos_shows_its_prompt_in_a_window() {
    for name in FREEDOS {
        let Some(path) = image(name) else { return };
        if !window_tools() {
            return;
        }
        let xvfb = Xvfb::start();
        let _window = xvfb.ringzero(&path);
        until(name, || xvfb.count(GREY) > 100);
    }
}

#[test]
fn freedos_answers_what_is_typed_in_a_window_and_closes_by_its_key() {
    let Some(path) = image("freedos-1.4MB.img") else { return };
    if !window_tools() {
        return;
    }
    let xvfb = Xvfb::start();
    let mut window = xvfb.ringzero(&path);
    // The kernel's notices are long; the cleared screen with nothing but a prompt is not.
    until("notices", || lit(&xvfb) > 4000);
    until("prompt alone", || (100..3000).contains(&lit(&xvfb)));
    let before = lit(&xvfb);
    // There is no window manager to give it the focus.
    xvfb.xdotool(&["search", "--name", "RingZero", "windowfocus"]);
    xvfb.xdotool(&["type", "--delay", "80", "ver"]);
    xvfb.xdotool(&["key", "Return"]);
    until("answer", || lit(&xvfb) > before + 1500);
    xvfb.xdotool(&["key", "ctrl+alt+q"]);
    assert_eq!(window.end(), Some(0));
}

#[test]
fn mikeos_and_tetros_show_in_a_window() {
    let (Some(mikeos), Some(tetros)) = (image("mikeos.flp"), image("tetros.img")) else { return };
    if !window_tools() {
        return;
    }
    let xvfb = Xvfb::start();
    let window = xvfb.ringzero(&mikeos);
    until("blue screen", || xvfb.count(MIKEOS_BLUE) > 200_000);
    drop(window);
    let _window = xvfb.ringzero(&tetros);
    until("grey walls", || xvfb.count(GREY) > 5_000);
}

/// The title of the window.
fn title(xvfb: &Xvfb) -> String {
    let mut command = Command::new("xdotool");
    command.args(["search", "--name", "RingZero", "getwindowname"]).env("DISPLAY", &xvfb.display);
    String::from_utf8_lossy(&command.output().unwrap().stdout).into_owned()
}

/// A boot sector that switches the PS/2 mouse's reports on and sends all that comes from it to the serial port:
/// 8-bit words, commands A8h and D4h to the controller, F4h to the mouse, then status bits 0 and 5 and the data register.
const MOUSE_TO_SERIAL: [u8; 76] = [
    0xFA, 0x31, 0xC0, 0x8E, 0xD8, 0xBA, 0xFB, 0x03, 0xB0, 0x03, 0xEE, 0xB0, 0xA8, 0xE8, 0x2D, 0x00, 0xB0,
    0xD4, 0xE8, 0x28, 0x00, 0xE8, 0x2D, 0x00, 0xB0, 0xF4, 0xE6, 0x60, 0xE4, 0x64, 0xA8, 0x01, 0x74, 0xFA,
    0x88, 0xC4, 0xE4, 0x60, 0xF6, 0xC4, 0x20, 0x74, 0xF1, 0x88, 0xC3, 0xBA, 0xFD, 0x03, 0xEC, 0xA8, 0x20,
    0x74, 0xFB, 0xBA, 0xF8, 0x03, 0x88, 0xD8, 0xEE, 0xEB, 0xDF, 0x50, 0xE8, 0x04, 0x00, 0x58, 0xE6, 0x64,
    0xC3, 0xE4, 0x64, 0xA8, 0x02, 0x75, 0xFA, 0xC3,
];

#[test]
fn a_captured_mouse_moves_the_guests_and_its_key_gives_it_back() {
    if !window_tools() {
        return;
    }
    let folder = std::env::temp_dir().join(format!("ringzero-mouse-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let (image, serial) = (folder.join("mouse.img"), folder.join("serial"));
    let mut sector = [0; 512];
    sector[..MOUSE_TO_SERIAL.len()].copy_from_slice(&MOUSE_TO_SERIAL);
    sector[510..].copy_from_slice(&[0x55, 0xAA]);
    std::fs::write(&image, sector).unwrap();
    let xvfb = Xvfb::start();
    let target = format!("file:{}", serial.display());
    let mut window = xvfb.ringzero_with(&[image.as_os_str(), "--serial".as_ref(), target.as_ref()]);
    let said = || std::fs::read(&serial).unwrap_or_default();
    // The mouse acknowledges.
    until("acknowledgement", || said() == [0xFA]);
    xvfb.xdotool(&["search", "--name", "RingZero", "windowfocus"]);
    xvfb.xdotool(&["mousemove", "400", "300"]);
    xvfb.xdotool(&["mousemove_relative", "10", "10"]);
    assert_eq!(said(), [0xFA], "what is not captured is not the guest's");
    xvfb.xdotool(&["click", "1"]);
    until("capture", || title(&xvfb).contains("Ctrl-Alt-G"));
    xvfb.xdotool(&["mousemove_relative", "24", "0"]);
    until("motion to the right", || said()[1..].chunks_exact(3).any(|p| p[0] & 0x18 == 0x08 && p[1] > 0));
    xvfb.xdotool(&["click", "3"]);
    until("right button", || said()[1..].chunks_exact(3).any(|p| p[0] & 0x0F == 0x0A));
    xvfb.xdotool(&["key", "ctrl+alt+g"]);
    until("release", || !title(&xvfb).contains("Ctrl-Alt-G"));
    xvfb.xdotool(&["key", "ctrl+alt+q"]);
    assert_eq!(window.end(), Some(0));
    std::fs::remove_dir_all(&folder).unwrap();
}
