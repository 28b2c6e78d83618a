//! The program as its users start it: bad input, verdicts, what goes to stdout and what to stderr.

#![allow(clippy::unwrap_used, reason = "test helpers")]

use std::fs;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// No run here may take longer.
const LIMIT: Duration = Duration::from_secs(60);

/// A folder of its own for each test, gone afterwards.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("ringzero-cli-{}-{name}", std::process::id()));
        fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    fn file(&self, name: &str, contents: &[u8]) -> String {
        fs::write(self.0.join(name), contents).unwrap();
        name.to_owned()
    }

    /// A boot sector that runs `code`.
    fn boot(&self, code: &[u8]) -> String {
        let mut sector = vec![0; 512];
        sector[..code.len()].copy_from_slice(code);
        sector[510..].copy_from_slice(&[0x55, 0xAA]);
        self.file("boot.img", &sector)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

struct Ran {
    code: i32,
    stdout: String,
    stderr: String,
}

impl Ran {
    fn last_line(&self) -> &str {
        self.stderr.lines().last().unwrap_or_default()
    }
}

fn command(folder: &Path, args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_ringzero"));
    command.args(args).current_dir(folder).env_remove("DISPLAY").env_remove("WAYLAND_DISPLAY");
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

/// Waits for `child`, which must end within [`LIMIT`].
fn wait(mut child: Child) -> Ran {
    let begun = Instant::now();
    let mut stdout = child.stdout.take();
    let mut stderr = child.stderr.take().unwrap();
    let out = std::thread::spawn(move || {
        let mut text = Vec::new();
        stdout.as_mut().map(|stdout| stdout.read_to_end(&mut text)).transpose().unwrap();
        String::from_utf8_lossy(&text).into_owned()
    });
    let err = std::thread::spawn(move || {
        let mut text = String::new();
        stderr.read_to_string(&mut text).unwrap();
        text
    });
    let status = loop {
        if let Some(status) = child.try_wait().unwrap() {
            break status;
        }
        if begun.elapsed() > LIMIT {
            child.kill().unwrap();
        }
        std::thread::sleep(Duration::from_millis(5));
    };
    Ran { code: status.code().unwrap_or(-1), stdout: out.join().unwrap(), stderr: err.join().unwrap() }
}

fn ringzero(folder: &Folder, args: &[&str]) -> Ran {
    wait(command(&folder.0, args).spawn().unwrap())
}

/// Runs a boot sector headless.
fn boot(name: &str, code: &[u8], args: &[&str]) -> Ran {
    let folder = Folder::new(name);
    let image = folder.boot(code);
    let args: Vec<&str> = [&[image.as_str(), "--headless"], args].concat();
    ringzero(&folder, &args)
}

// --- bad input ----------------------------------------------------------------------------------------------

/// One line, exit 64, `part` named.
fn refused(folder: &Folder, args: &[&str], part: &str) {
    let ran = ringzero(folder, args);
    assert_eq!(ran.code, 64, "{args:?}: {}", ran.stderr);
    assert_eq!(ran.stderr.lines().count(), 1, "{args:?}: {}", ran.stderr);
    assert!(ran.stderr.starts_with("ringzero: ") && ran.stderr.contains(part), "{args:?}: {}", ran.stderr);
    assert_eq!(ran.stdout, "", "{args:?}");
}

#[test]
fn images_that_are_none_are_refused_in_one_line() {
    let folder = Folder::new("images");
    folder.file("empty.img", b"");
    folder.file("odd.img", &[0; 700]);
    fs::create_dir(folder.0.join("folder")).unwrap();
    let large = fs::File::create(folder.0.join("large.img")).unwrap();
    large.set_len(12 << 20).unwrap();
    let mut iso = vec![0; 0x8800];
    iso[0x8001..0x8006].copy_from_slice(b"CD001");
    folder.file("cd.iso", &iso);
    for (image, part) in [
        ("missing.img", "missing.img: cannot be opened"),
        ("empty.img", "is empty"),
        ("odd.img", "multiple of 512"),
        ("folder", "is a directory"),
        ("large.img", "use -hda"),
        ("cd.iso", "use -cdrom"),
    ] {
        refused(&folder, &["-fda", image, "-display", "none"], part);
        // Without an option the last two are what they are, and just do not boot.
        if !matches!(image, "large.img" | "cd.iso") {
            refused(&folder, &["run", image, "--headless"], part);
            refused(&folder, &["-hda", image, "--headless"], part);
        }
    }
}

#[test]
fn an_image_that_another_run_writes_is_refused_as_a_hard_disk() {
    let folder = Folder::new("lock");
    folder.file("disk.img", &[0; 4 << 20]);
    let other = fs::File::options().write(true).read(true).open(folder.0.join("disk.img")).unwrap();
    other.lock().unwrap();
    refused(&folder, &["-hda", "disk.img", "--headless"], "disk.img: is in use by another run");
    refused(&folder, &["-hda", "disk.img", "--snapshot", "--headless"], "wait for its end");
    drop(other);
    assert_eq!(ringzero(&folder, &["-hda", "disk.img", "--headless"]).code, 81);
}

#[test]
fn kernels_and_firmware_that_are_none_are_refused_in_one_line() {
    let folder = Folder::new("kernels");
    folder.file("text", b"no kernel");
    for (args, part) in [
        (&["-kernel", "text"][..], "--kernel text: is no kernel"),
        (&["-kernel", "missing"], "--kernel missing: cannot be read"),
        (&["-initrd", "text"], "--initrd means nothing without --kernel"),
        (&["-append", "quiet"], "--append means nothing without --kernel"),
        (&["--bios", "text"], "64 KiB"),
        (&["--bios", "missing"], "--bios missing"),
        (&["--vga-bios", "missing"], "--vga-bios missing"),
    ] {
        refused(&folder, args, part);
    }
}

#[test]
fn wrong_options_are_refused_in_one_line() {
    let folder = Folder::new("options");
    let image = folder.file("a.img", &[0; 512]);
    let image = image.as_str();
    for (args, part) in [
        (&["--cpu", "80387"][..], "did you mean 80386?"),
        (&["--frobnicate"], "--frobnicate"),
        (&["-m", "12Q"], "12Q"),
        (&["-m", "1K"], "1M to 3072M"),
        (&["--boot", "z"], "'z'"),
        (&["--expect-screen", "a["], "column 2"),
        (&["--expect-serial", "(?P<"], "--expect-serial"),
        (&["--type", "é"], "--layout"),
        (&["--timeout", "soon"], "soon"),
        (&["--mips", "0"], "--mips"),
        (&["--serial", "tcp:1"], "stdio, null, msmouse or file:F"),
        (&["--usbdevice", "disk"], "tablet, mouse and keyboard"),
        (&["--device", "usb-tablet", "--cpu", "80386"], "needs PCI"),
        (&["--device", "msmouse,port=com1", "--serial", "stdio"], "serial mouse's port"),
        (&["--joystick", "pad"], "auto, none, keys"),
        (&["-device", "e1000"], "isa-debug-exit"),
        (&["-smp", "2"], "more than one processor is not supported yet"),
        (&["--fda", image, image], "two images for -fda"),
        (&["--fda", image, "--fdb", image], "is the image of -fda and -fdb"),
        (&["--hdc", image, "--cdrom", image], "two images for -hdc"),
        (&["--drive", "file=a.img,index=4"], "index=4 is out of range"),
        (&["--drive", "file=a.img,format=qcow2"], "format=qcow2"),
        (&["--screenshot", "no/such/folder.png"], "folder.png"),
        (&["--screenshot", "."], "directory"),
        (&["--screenshot", image, image], "disk image"),
        (&["--serial", "file:x", "--debugcon", "x"], "the file of --serial"),
        (&["--display", "terminal"], "no terminal"),
        (&["--display", "window"], "--display terminal"),
        (&["--display", "window", "--timeout", "1"], "--headless"),
        (&["one.img", "two.img"], "two.img"),
    ] {
        refused(&folder, args, part);
    }
    assert_eq!(fs::read(folder.0.join(image)).unwrap(), [0; 512]);
    assert_eq!(fs::read_dir(&folder.0).unwrap().count(), 1, "nothing was created");
}

#[test]
fn a_refused_run_overwrites_nothing() {
    let folder = Folder::new("overwrite");
    let keep = folder.file("keep.txt", b"precious");
    let image = folder.file("a.img", &[0; 512]);
    refused(&folder, &[&image, "--headless", "--screenshot", &keep, "--debugcon", &keep], "keep.txt");
    refused(&folder, &["missing.img", "--headless", "--serial", "file:keep.txt"], "missing.img");
    assert_eq!(fs::read(folder.0.join(keep)).unwrap(), b"precious");
}

#[test]
fn help_and_lists_go_to_stdout() {
    let folder = Folder::new("help");
    for (args, part) in [
        (&["--help"][..], "Examples:"),
        (&["run", "--help"], "Exit codes"),
        (&["--version"], "ringzero"),
        (&["list", "cpus"], "80286"),
    ] {
        let ran = ringzero(&folder, args);
        assert_eq!((ran.code, ran.stderr.as_str()), (0, ""), "{args:?}");
        assert!(ran.stdout.contains(part), "{args:?}: {}", ran.stdout);
    }
}

// --- verdicts -----------------------------------------------------------------------------------------------

/// lidt [7C10]; int3, with a table of no entries at 7C10.
const TRIPLE_FAULT: [u8; 22] =
    [0x31, 0xC0, 0x8E, 0xD8, 0x0F, 0x01, 0x1E, 0x10, 0x7C, 0xCC, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];

#[test]
fn a_triple_fault_is_80() {
    let ran = boot("triple", &TRIPLE_FAULT, &[]);
    assert_eq!(ran.code, 80, "{}", ran.stderr);
    assert!(ran.last_line().starts_with("ringzero: failure: triple fault"), "{}", ran.stderr);
}

#[test]
fn with_reboot_a_triple_fault_resets_until_that_is_seen_to_be_a_loop() {
    let ran = boot("reboot", &TRIPLE_FAULT, &["--reboot", "--max-virtual", "30"]);
    assert_eq!(ran.code, 81, "{}", ran.stderr);
    assert!(ran.last_line().contains("reset loop"), "{}", ran.stderr);
}

#[test]
fn halted_with_interrupts_off_is_81() {
    let ran = boot("halt", &[0xFA, 0xF4], &[]);
    assert_eq!(ran.code, 81, "{}", ran.stderr);
    assert!(ran.last_line().contains("halted with interrupts off at 0000:7c02"), "{}", ran.stderr);
}

#[test]
fn a_jump_to_itself_with_interrupts_off_is_81_within_a_second() {
    let begun = Instant::now();
    let ran = boot("spin", &[0xFA, 0xEB, 0xFE], &[]);
    assert_eq!(ran.code, 81, "{}", ran.stderr);
    assert!(ran.last_line().contains("spins"), "{}", ran.stderr);
    assert!(begun.elapsed() < Duration::from_secs(5));
}

#[test]
fn without_a_boot_signature_the_bios_stops_with_81() {
    let folder = Folder::new("unbootable");
    folder.file("blank.img", &[0; 512]);
    let ran = ringzero(&folder, &["blank.img", "--headless", "--dump-screen"]);
    assert_eq!(ran.code, 81, "{}", ran.stderr);
    assert!(ran.stderr.contains("no boot signature"), "{}", ran.stderr);
}

/// mov al, 10h; out 0F4h, al; jmp $
const DEBUG_EXIT: [u8; 6] = [0xB0, 0x10, 0xE6, 0xF4, 0xEB, 0xFE];
const DEVICE: &str = "isa-debug-exit,iobase=0xf4,iosize=0x04";

#[test]
fn the_debug_exit_maps_as_in_qemu() {
    assert_eq!(boot("exit", &DEBUG_EXIT, &["-device", DEVICE]).code, 33);
    assert_eq!(boot("exit-ok", &DEBUG_EXIT, &["-device", DEVICE, "--success-exit", "33"]).code, 0);
}

#[test]
fn limits_are_82_and_83() {
    let idle = [0xFB, 0xF4, 0xEB, 0xFD]; // sti; hlt; jmp to the hlt
    let busy = [0xFB, 0x40, 0xEB, 0xFD]; // sti; inc ax; jmp to the inc
    assert_eq!(boot("time", &busy, &["--timeout", "0.5"]).code, 82);
    assert_eq!(boot("count", &busy, &["--max-instructions", "50M"]).code, 83);
    assert_eq!(boot("virtual", &idle, &["--max-virtual", "100"]).code, 83);
}

#[test]
fn no_reboot_ends_at_a_reset() {
    let reset = [0xB0, 0xFE, 0xE6, 0x64, 0xEB, 0xFE]; // the keyboard controller pulses RESET
    let ran = boot("reset", &reset, &["-no-reboot"]);
    assert_eq!((ran.code, ran.last_line().contains("reset")), (0, true), "{}", ran.stderr);
}

// --- traces -------------------------------------------------------------------------------------------------

/// mov al, 41h; out 0E9h, al; cli; hlt
const TRACED: [u8; 6] = [0xB0, 0x41, 0xE6, 0xE9, 0xFA, 0xF4];

#[test]
fn a_trace_of_a_range_names_its_instructions_and_nothing_else() {
    let ran = boot("trace", &TRACED, &["--trace", "exec,0x7c00-0x7dff", "--history", "0"]);
    let lines: Vec<&str> = ran.stderr.lines().filter(|line| line.contains("exec ")).collect();
    let texts = ["mov al, 41h", "out 0e9h, al", "cli", "hlt"];
    assert_eq!(lines.len(), texts.len(), "{}", ran.stderr);
    for (line, text) in lines.iter().zip(texts) {
        assert!(line.ends_with(text), "{line}");
    }
    assert_eq!(ran.code, 81);
}

/// Calls and jumps forwards, a loop that polls and is left in its middle, and a repeated instruction:
///
/// ```text
/// 7c00  mov cx, 300          7c0c  xor ax, ax            7c19  mov si, 7c00h        7c24  test cl, 1
/// 7c03  call 7c24h           7c0e  inc ax                7c1c  mov di, 6000h        7c27  jz 7c2bh
/// 7c06  jmp 7c09h            7c0f  cmp ax, 2000          7c1f  cld                  7c29  inc bl
/// 7c08  nop                  7c12  je 7c16h              7c20  rep movsb            7c2b  ret
/// 7c09  dec cx               7c14  jmp 7c0eh             7c22  cli
/// 7c0a  jnz 7c03h            7c16  mov cx, 3             7c23  hlt
/// ```
const WINDING: [u8; 44] = [
    0xB9, 0x2C, 0x01, 0xE8, 0x1E, 0x00, 0xEB, 0x01, 0x90, 0x49, 0x75, 0xF7, 0x31, 0xC0, 0x40, 0x3D, 0xD0,
    0x07, 0x74, 0x02, 0xEB, 0xF8, 0xB9, 0x03, 0x00, 0xBE, 0x00, 0x7C, 0xBF, 0x00, 0x60, 0xFC, 0xF3, 0xA4,
    0xFA, 0xF4, 0xF6, 0xC1, 0x01, 0x74, 0x02, 0xFE, 0xC3, 0xC3,
];

/// The last `last` lines of traces of `code`, recorded and stepped.
fn last_instructions(name: &str, code: &[u8], last: usize) -> [Vec<String>; 2] {
    // A range, even of everything, makes every instruction be looked at.
    [format!("last={last}"), format!("last={last},0x0-0xffffffff")].map(|filter| {
        let ran = boot(&format!("{name}{}", filter.len()), code, &["--trace", &filter]);
        let lines = ran.stderr.lines().filter(|line| line.contains("exec ") || line.contains("times more"));
        let mut lines: Vec<String> = lines.map(str::to_owned).collect();
        lines.drain(..lines.len().saturating_sub(last));
        lines
    })
}

#[test]
fn the_last_instructions_are_the_same_recorded_and_stepped() {
    for (name, code, last) in
        [("straight", &TRACED[..], 100), ("around", &WINDING[..], 3000), ("through", &WINDING[..], 9500)]
    {
        let [recorded, stepped] = last_instructions(name, code, last);
        assert_eq!((recorded.len(), stepped.len()), (last, last), "{name}");
        let differ = recorded.iter().zip(&stepped).find(|(a, b)| a != b);
        assert_eq!(differ, None, "{name}");
    }
}

#[test]
fn a_trace_goes_to_its_file_in_the_syntax_asked_for() {
    let folder = Folder::new("trace-file");
    let image = folder.boot(&TRACED);
    let args =
        [image.as_str(), "--headless", "--trace", "io,exec,gnu,0x7c00-0x7c03", "--trace-file", "trace.txt"];
    let ran = ringzero(&folder, &args);
    let trace = fs::read_to_string(folder.0.join("trace.txt")).unwrap();
    assert!(trace.contains("mov $0x41, %al"), "{trace}");
    assert!(trace.contains("io    out 0x00e9 byte  <- 0x41"), "{trace}");
    assert!(!ran.stderr.contains("exec "), "{}", ran.stderr);
}

#[test]
fn a_trace_of_a_symbol_that_is_not_there_is_refused() {
    let folder = Folder::new("trace-symbol");
    let image = folder.boot(&TRACED);
    refused(&folder, &[&image, "--trace", "kernel_main"], "no symbol \"kernel_main\"");
    refused(&folder, &[&image, "--trace", "first=x"], "no number of lines");
}

// --- expectations and text ----------------------------------------------------------------------------------

/// Sends `text` to COM1 byte by byte, then halts for good.
fn says(text: &str) -> Vec<u8> {
    // 115200 baud, 8N1: 83h to 3FBh, 1 to 3F8h, 0 to 3F9h, 3 to 3FBh.
    let mut code = Vec::new();
    for (port, value) in [(0xFB, 0x83), (0xF8, 1), (0xF9, 0), (0xFB, 3)] {
        code.extend([0xBA, port, 0x03, 0xB0, value, 0xEE]); // mov dx, port; mov al, value; out dx, al
    }
    code.extend([0xBA, 0xF8, 0x03]); // mov dx, 3F8h
    for byte in text.bytes() {
        // mov al, byte; out dx, al; and wait: mov cx, 0; loop $
        code.extend([0xB0, byte, 0xEE, 0xB9, 0x00, 0x00, 0xE2, 0xFE]);
    }
    code.extend([0xFA, 0xF4]);
    code
}

#[test]
fn serial_output_is_all_that_goes_to_stdout() {
    let ran = boot("serial", &says("hello\r\n"), &["--dump-screen", "--state-hash"]);
    assert_eq!((ran.code, ran.stdout.as_str()), (81, "hello\r\n"), "{}", ran.stderr);
}

#[test]
fn what_the_transmitter_holds_when_the_guest_ends_is_not_lost() {
    // FIFO on (01h to 3FAh), then 16 bytes at once.
    let mut code =
        vec![0xBA, 0xFA, 0x03, 0xB0, 0x01, 0xEE, 0xBA, 0xFB, 0x03, 0xB0, 0x03, 0xEE, 0xBA, 0xF8, 0x03];
    for byte in b"0123456789abcdef" {
        code.extend([0xB0, *byte, 0xEE]);
    }
    code.extend([0xFA, 0xF4]);
    let ran = boot("fifo", &code, &[]);
    assert_eq!((ran.code, ran.stdout.as_str()), (81, "0123456789abcdef"), "{}", ran.stderr);
}

#[test]
fn an_expected_line_on_the_serial_port_is_success() {
    let ran = boot("expect", &says("tests PASS\r\n"), &["--expect-serial", "PASS$"]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    assert!(ran.last_line().contains("success: serial /PASS$/ seen"), "{}", ran.stderr);
}

#[test]
fn a_clean_end_without_what_was_expected_is_84() {
    let ran =
        boot("missed", &DEBUG_EXIT, &["-device", DEVICE, "--success-exit", "33", "--expect-serial", "x"]);
    assert_eq!(ran.code, 84, "{}", ran.stderr);
}

#[test]
fn a_kernel_panic_is_85() {
    let ran = boot("panic", &says("Kernel panic - not syncing: x\r\n"), &[]);
    assert_eq!(ran.code, 85, "{}", ran.stderr);
}

#[test]
fn port_e9_goes_to_stderr_or_its_file() {
    let code = [0xB0, b'!', 0xE6, 0xE9, 0xFA, 0xF4];
    let ran = boot("e9", &code, &[]);
    assert!(ran.stderr.starts_with('!') && ran.stdout.is_empty(), "{}", ran.stderr);
    let folder = Folder::new("e9-file");
    let image = folder.boot(&code);
    ringzero(&folder, &[&image, "--headless", "--debugcon", "log"]);
    assert_eq!(fs::read(folder.0.join("log")).unwrap(), b"!");
}

/// Echoes keys: mov ah, 0; int 16h; mov ah, 0Eh; int 10h; jmp to the start.
const ECHO: [u8; 10] = [0xB4, 0x00, 0xCD, 0x16, 0xB4, 0x0E, 0xCD, 0x10, 0xEB, 0xF6];

#[test]
fn typed_text_arrives_and_the_run_ends_when_the_guest_waits_again() {
    let ran = boot("type", &ECHO, &["--type", r"Say \\ it!", "--dump-screen"]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    assert!(ran.stderr.contains(r"Say \ it!"), "{}", ran.stderr);
}

#[test]
fn an_expected_screen_is_success_and_a_run_repeats_to_the_bit() {
    let args = ["--type", "abc", "--expect-screen", "abc", "--state-hash"];
    let first = boot("screen-1", &ECHO, &args);
    assert_eq!(first.code, 0, "{}", first.stderr);
    assert!(first.stderr.contains("state-hash "));
    assert_eq!(first.stderr, boot("screen-2", &ECHO, &args).stderr);
}

#[test]
fn a_guest_that_waits_forever_for_a_key_misses_its_expectation() {
    let ran = boot("waits", &ECHO, &["--expect-screen", "never"]);
    assert_eq!(ran.code, 84, "{}", ran.stderr);
}

#[test]
fn serial_input_from_a_pipe_reaches_the_guest() {
    // mov ax, 0E3h; mov dx, 0; int 14h (9600 8N1); ah=2: receive; ah=1: send; again
    let code = [
        0xB8, 0xE3, 0x00, 0xBA, 0x00, 0x00, 0xCD, 0x14, 0xB4, 0x02, 0xCD, 0x14, 0x80, 0xE4, 0x80, 0x75, 0xF7,
        0xB4, 0x01, 0xCD, 0x14, 0xEB, 0xF1,
    ];
    let folder = Folder::new("pipe");
    let image = folder.boot(&code);
    let args = [&image, "--headless", "--serial", "stdio", "--expect-serial", "ping", "--max-virtual", "60"];
    let mut child = command(&folder.0, &args).stdin(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(b"ping").unwrap();
    let ran = wait(child);
    assert_eq!((ran.code, ran.stdout.as_str()), (0, "ping"), "{}", ran.stderr);
}

#[test]
fn a_closed_pipe_ends_the_run_cleanly() {
    let mut code = says("x");
    code.truncate(code.len() - 2);
    code.extend([0xEB, (256 - code.len() as i32 - 2) as u8]);
    let folder = Folder::new("closed");
    let image = folder.boot(&code);
    let mut child = command(&folder.0, &[&image, "--headless"]).spawn().unwrap();
    drop(child.stdout.take());
    let ran = wait(child);
    assert_eq!((ran.code, ran.last_line().contains("stdout is closed")), (0, true), "{}", ran.stderr);
}

#[test]
fn a_screenshot_is_a_png_of_the_screen() {
    let folder = Folder::new("png");
    let image = folder.boot(&[0xFA, 0xF4]);
    let ran = ringzero(&folder, &[&image, "--headless", "--screenshot", "shot.png"]);
    assert_eq!(ran.code, 81);
    let png = fs::read(folder.0.join("shot.png")).unwrap();
    assert!(png.starts_with(b"\x89PNG\r\n\x1a\n") && png.len() > 200);
}

// --- disks --------------------------------------------------------------------------------------------------

/// Writes this sector to sector 3 of the disk it came from: mov ax, 0301h; mov cx, 3; mov dx, 0; mov bx, 7C00h; int 13h.
const WRITE: [u8; 16] =
    [0xB8, 0x01, 0x03, 0xB9, 0x03, 0x00, 0xBA, 0x00, 0x00, 0xBB, 0x00, 0x7C, 0xCD, 0x13, 0xFA, 0xF4];

fn floppy(folder: &Folder) -> String {
    let mut disk = vec![0; 368_640];
    disk[..WRITE.len()].copy_from_slice(&WRITE);
    disk[510..512].copy_from_slice(&[0x55, 0xAA]);
    folder.file("disk.img", &disk)
}

#[test]
fn writes_reach_the_image_unless_snapshot() {
    let folder = Folder::new("write");
    let image = floppy(&folder);
    let before = fs::read(folder.0.join(&image)).unwrap();
    ringzero(&folder, &[&image, "--headless", "--snapshot"]);
    assert!(fs::read(folder.0.join(&image)).unwrap() == before);
    ringzero(&folder, &[&image, "--headless"]);
    let after = fs::read(folder.0.join(&image)).unwrap();
    assert_eq!((after.len(), &after[1024..1040]), (before.len(), &WRITE[..]));
}
