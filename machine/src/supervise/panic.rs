//! Recognises the words in which kernels give up: Linux, the BSDs, and Rust's `core::panic`.

use crate::machine::Machine;
use ringzero_bus::VTime;

/// Bytes of a line that are looked at.
const LONGEST_LINE: usize = 4096;

/// What has been said so far.
#[derive(Clone, Debug, Default)]
pub(super) struct PanicWatch {
    /// The unfinished lines of the serial ports.
    lines: Vec<Vec<u8>>,
    words: Option<String>,
    /// The port that said the words, while the rest of them is to come on the next line.
    unfinished: Option<usize>,
    /// When the words were seen.
    since: Option<VTime>,
    looked_at: Option<u64>,
}

impl PanicWatch {
    pub(super) fn hear(&mut self, port: usize, bytes: &[u8]) {
        if self.lines.len() <= port {
            self.lines.resize(port + 1, Vec::new());
        }
        for &byte in bytes {
            let line = &mut self.lines[port];
            match byte {
                b'\n' => {
                    let text = String::from_utf8_lossy(&std::mem::take(line)).into_owned();
                    self.hear_line(port, &text);
                }
                _ if line.len() < LONGEST_LINE => line.push(byte),
                _ => {}
            }
        }
    }

    fn hear_line(&mut self, port: usize, text: &str) {
        match &mut self.words {
            Some(words) if self.unfinished == Some(port) => {
                self.unfinished = None;
                *words = format!("{words} {}", without_escapes(text).trim()).trim_end().to_owned();
            }
            Some(_) => {}
            None => {
                self.words = panic_in(text);
                self.unfinished = self.words.as_ref().and_then(|words| words.ends_with(':').then_some(port));
            }
        }
    }

    /// Looks at the screen, if it has changed.
    pub(super) fn look(&mut self, machine: &Machine) {
        let generation = machine.picture_generation();
        if self.words.is_none() && self.looked_at != Some(generation) {
            self.looked_at = Some(generation);
            let screen = machine.text_screen();
            self.words = screen.and_then(|s| (0..s.rows).find_map(|row| panic_in(&s.line(row))));
            self.unfinished = None;
        }
        if self.words.is_some() {
            self.since.get_or_insert(machine.now());
        }
    }

    /// The words, once they were said `grace_ns` ago.
    pub(super) fn due(&self, now: VTime, grace_ns: u64) -> Option<String> {
        let since = self.since.filter(|&since| now.ns_since(since) >= grace_ns);
        since.and(self.words.clone())
    }

    /// The words, if any were said.
    pub(super) fn words(&self) -> Option<&str> {
        self.words.as_deref()
    }
}

/// The kernel's last words in a line of text, if they are in it.
fn panic_in(line: &str) -> Option<String> {
    let line: String = without_escapes(line);
    let at = linux(&line).or_else(|| bsd(&line)).or_else(|| rust(&line))?;
    Some(line[at..].trim_end().to_owned())
}

/// Terminal control sequences and control characters are no words.
fn without_escapes(line: &str) -> String {
    let mut out = String::with_capacity(line.len());
    let mut chars = line.chars();
    while let Some(c) = chars.next() {
        if c == '\x1B' {
            // A control sequence ends with a letter.
            let _ = chars.by_ref().take_while(|c| !c.is_ascii_alphabetic()).count();
        } else if !c.is_control() {
            out.push(c);
        }
    }
    out
}

fn linux(line: &str) -> Option<usize> {
    line.find("Kernel panic - not syncing")
}

/// A line of its own: `panic: `, as in FreeBSD, NetBSD, OpenBSD; perhaps behind the number of a processor.
fn bsd(line: &str) -> Option<usize> {
    let start = line.len() - line.trim_start().len();
    line[start..].starts_with("panic: ").then_some(start)
}

/// `panicked at FILE:LINE:COLUMN`, or in front of it the message in quotes, as before Rust 1.73. Programs with threads
/// name the one that panicked: those run under a kernel.
fn rust(line: &str) -> Option<usize> {
    let at = line.find("panicked at ")?;
    if line[..at].contains("thread '") {
        return None;
    }
    let mut parts = line.trim_end().trim_end_matches(':').rsplit(':');
    let mut number = || parts.next().is_some_and(|part| part.parse::<u32>().is_ok());
    (number() && number()).then_some(at)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kernels_words_are_recognised() {
        for (line, words) in [
            ("[    1.23] Kernel panic - not syncing: VFS: x\r", "Kernel panic - not syncing: VFS: x"),
            ("panic: vm_fault: fault on nofault entry", "panic: vm_fault: fault on nofault entry"),
            ("\x1B[31mpanicked at src/main.rs:12:5:", "panicked at src/main.rs:12:5:"),
            ("Error: panicked at 'no', src/lib.rs:3:9", "panicked at 'no', src/lib.rs:3:9"),
        ] {
            assert_eq!(panic_in(line).as_deref(), Some(words), "{line}");
        }
    }

    #[test]
    fn programs_and_prose_are_left_alone() {
        for line in [
            "thread 'main' panicked at src/main.rs:2:5:",
            "don't panic: all is well",
            "if the kernel panicked at boot: see below",
            "kernel.panic = 10",
        ] {
            assert_eq!(panic_in(line), None, "{line}");
        }
    }

    #[test]
    fn rusts_words_go_on_in_the_next_line_of_their_port() {
        let mut watch = PanicWatch::default();
        watch.hear(0, b"panicked at src/main.rs:12:5:\r\n");
        watch.hear(1, b"other port\n");
        watch.hear(0, b"no way\r\nback to work\r\n");
        assert_eq!(watch.words(), Some("panicked at src/main.rs:12:5: no way"));
    }

    #[test]
    fn words_in_pieces_are_heard_once_their_line_ends() {
        let mut watch = PanicWatch::default();
        watch.hear(0, b"Kernel panic - not syn");
        watch.hear(1, b"other port\n");
        watch.hear(0, b"cing: x");
        assert_eq!(watch.words(), None);
        watch.hear(0, b"\r\n");
        assert_eq!(watch.words(), Some("Kernel panic - not syncing: x"));
    }
}
