//! `--stats`, `--profile` and `--code-cache`: what is told is true, and the guest sees nothing of it.

#![allow(clippy::unwrap_used, reason = "test helpers")]

use std::fs;
use std::path::PathBuf;
use std::process::{Command, Stdio};

/// With interrupts off calls `slow`, which counts to 30000, and `quick`, which counts to 10000, for ever.
const BOOT: [u8; 59] = {
    let mut code = [0x90; 59];
    let parts: [(usize, &[u8]); 4] = [
        // xor ax, ax; mov ss, ax; mov sp, 7C00h; jmp 0:7C0Ch; cli
        (0x00, &[0x31, 0xC0, 0x8E, 0xD0, 0xBC, 0x00, 0x7C, 0xEA, 0x0C, 0x7C, 0x00, 0x00, 0xFA]),
        // main: xor bp, bp; l: call slow; call quick; jmp l
        (0x0D, &[0x31, 0xED, 0xE8, 0x0E, 0x00, 0xE8, 0x1B, 0x00, 0xEB, 0xF8]),
        // slow: push bp; mov bp, sp; mov cx, 30000; l: dec cx; jnz l; pop bp; ret
        (0x20, &[0x55, 0x89, 0xE5, 0xB9, 0x30, 0x75, 0x49, 0x75, 0xFD, 0x5D, 0xC3]),
        (0x30, &[0x55, 0x89, 0xE5, 0xB9, 0x10, 0x27, 0x49, 0x75, 0xFD, 0x5D, 0xC3]),
    ];
    let mut part = 0;
    while part < parts.len() {
        let (at, bytes) = parts[part];
        let mut n = 0;
        while n < bytes.len() {
            code[at + n] = bytes[n];
            n += 1;
        }
        part += 1;
    }
    code
};

/// Functions of it: name, address, size.
const FUNCTIONS: [(&str, u32, u32); 3] = [("main", 0x7C0D, 10), ("slow", 0x7C20, 11), ("quick", 0x7C30, 11)];

/// A folder of its own for each test, with the boot sector `boot.img` and its names in `names.elf`; gone afterwards.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("ringzero-accounts-{}-{name}", std::process::id()));
        fs::create_dir_all(&path).unwrap();
        let mut sector = BOOT.to_vec();
        sector.resize(510, 0);
        sector.extend([0x55, 0xAA]);
        fs::write(path.join("boot.img"), sector).unwrap();
        fs::write(path.join("names.elf"), elf()).unwrap();
        Self(path)
    }

    fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_ringzero"));
        command.args(["run", "--headless", "boot.img"]).args(args).current_dir(&self.0);
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
        command
    }

    /// Exit code and what was said.
    fn run(&self, args: &[&str]) -> (Option<i32>, String) {
        let output = self.command(args).output().unwrap();
        (output.status.code(), String::from_utf8(output.stderr).unwrap())
    }

    /// Lines of a profile: stack and samples.
    fn profile(&self) -> Vec<(String, u64)> {
        let text = fs::read_to_string(self.0.join("profile.txt")).unwrap();
        let line = |line: &str| {
            let (stack, samples) = line.rsplit_once(' ').unwrap();
            (stack.to_owned(), samples.parse().unwrap())
        };
        text.lines().map(line).collect()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// An ELF file with nothing but [`FUNCTIONS`].
fn elf() -> Vec<u8> {
    let (mut names, mut symbols) = (vec![0], vec![0; 16]);
    for (name, address, size) in FUNCTIONS {
        for word in [names.len() as u32, address, size, 0xFFF1_0012] {
            symbols.extend(word.to_le_bytes());
        }
        names.extend(name.bytes().chain([0]));
    }
    // The header and three section headers come first: none, symbols, names.
    let at = 52 + 3 * 40;
    let (symbols_len, names_len) = (symbols.len() as u32, names.len() as u32);
    let mut file = b"\x7FELF\x01\x01\x01\0\0\0\0\0\0\0\0\0\x02\0\x03\0\x01\0\0\0".to_vec();
    for word in [0, 0, 52, 0] {
        file.extend(u32::to_le_bytes(word));
    }
    for half in [52, 32, 0, 40, 3, 2] {
        file.extend(u16::to_le_bytes(half));
    }
    let rows = [
        [0; 10],
        [0, 2, 0, 0, at, symbols_len, 2, 1, 4, 16],
        [0, 3, 0, 0, at + symbols_len, names_len, 0, 0, 1, 0],
    ];
    file.extend(rows.iter().flatten().flat_map(|word: &u32| word.to_le_bytes()));
    file.extend(symbols);
    file.extend(names);
    file
}

const LIMIT: [&str; 2] = ["--max-instructions", "20M"];
const PROFILE: [&str; 4] = ["--profile", "profile.txt", "--profile-every", "1009"];

#[test]
fn a_profile_has_functions_in_proportion_to_their_instructions() {
    let folder = Folder::new("shares");
    let args = [&LIMIT[..], &PROFILE, &["--symbols", "names.elf"]].concat();
    assert_eq!(folder.run(&args).0, Some(83));
    let profile = folder.profile();
    let samples = |stack: &str| profile.iter().find(|(found, _)| found == stack).unwrap().1 as f64;
    let share = samples("real;main;slow") / samples("real;main;quick");
    assert!((2.9..3.1).contains(&share), "{profile:?}");
    assert_eq!(profile.iter().map(|(_, samples)| samples).sum::<u64>(), 20_000_000 / 1009);
    assert!(profile.is_sorted(), "{profile:?}");
}

#[test]
fn without_names_a_profile_has_addresses() {
    let folder = Folder::new("addresses");
    folder.run(&[&LIMIT[..], &PROFILE].concat());
    let profile = folder.profile();
    let slow = profile.iter().filter(|(stack, _)| stack.starts_with("real;0000:00007c12;0000:00007c2"));
    assert!(slow.map(|(_, samples)| samples).sum::<u64>() > 10_000, "{profile:?}");
}

#[test]
fn a_profile_is_written_when_the_run_is_interrupted() {
    let folder = Folder::new("interrupted");
    let child = folder.command(&PROFILE).spawn().unwrap();
    std::thread::sleep(std::time::Duration::from_millis(700));
    Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap();
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(130), "{}", String::from_utf8_lossy(&output.stderr));
    assert!(!folder.profile().is_empty());
}

#[test]
fn the_guest_sees_nothing_of_accounts_and_caches() {
    let folder = Folder::new("unseen");
    let hash = |more: &[&str]| {
        let (code, said) = folder.run(&[&LIMIT[..], &["--state-hash"], more].concat());
        assert_eq!(code, Some(83), "{said}");
        said.lines().find(|line| line.starts_with("state-hash ")).unwrap().to_owned()
    };
    let plain = hash(&[]);
    for more in [&PROFILE[..], &["--stats"], &["--code-cache", "128K"], &["--code-cache", "1G"]] {
        assert_eq!(hash(more), plain, "{more:?}");
    }
}

#[test]
fn statistics_come_behind_the_verdict_a_fact_to_a_line() {
    let (code, said) = Folder::new("stats").run(&[&LIMIT[..], &["--stats"]].concat());
    assert_eq!(code, Some(83));
    let (_, told) =
        said.split_once("limit of 20000000 instructions reached\nstatistics of the run:\n").unwrap();
    let fact = |label: &str| {
        let line = told.lines().find(|line| line.trim().starts_with(label)).unwrap();
        let value = line.trim().strip_prefix(label).unwrap();
        value.split_whitespace().next().unwrap().parse::<f64>().unwrap()
    };
    assert_eq!(fact("instructions"), 20_000_000.0);
    assert!(fact("speed") > 0.0 && fact("virtual time") >= 20e6 / 128e6, "{told}");
    assert!(fact("blocks decoded") > 10.0 && fact("TLB misses") > 0.0, "{told}");
    assert!(fact("exits of the processor") > 1.0 && fact("interrupts") > 0.0, "{told}");
}

#[test]
fn mistakes_are_told_before_the_run() {
    let folder = Folder::new("mistakes");
    for (args, part) in [
        (&["--code-cache", "64K"][..], "use 128K to 4G"),
        (&["--code-cache", "5G"], "use 128K to 4G"),
        (&["--code-cache", "much"], "not a size"),
        (&["--profile", "."], "directory"),
        (&["--profile", "no/such/file"], "cannot be written"),
        (&["--profile", "boot.img"], "disk image"),
        (&["--profile-every", "5"], "--profile"),
        (&["--profile", "p", "--profile-every", "0"], "not a count"),
    ] {
        let (code, said) = folder.run(args);
        assert_eq!((code, said.lines().count()), (Some(64), 1), "{args:?}: {said}");
        assert!(said.contains(part), "{args:?}: {said}");
    }
}
