//! What the guest said on its serial ports since the scenario began.

use crate::cli::values::Pattern;

/// How far back a match that new output completes may begin.
const LONGEST_MATCH: usize = 4 << 10;

/// The output of both ports.
#[derive(Clone, Debug, Default)]
pub(crate) struct Heard([Port; 2]);

#[derive(Clone, Debug, Default)]
struct Port {
    said: Vec<u8>,
    /// Everything before this belongs to a match.
    matched: usize,
    /// Everything before this has been searched for the present pattern.
    searched: usize,
}

impl Heard {
    /// Notes output.
    pub(crate) fn hear(&mut self, port: usize, bytes: &[u8]) {
        self.0[port].said.extend_from_slice(bytes);
    }

    /// A new pattern will be looked for.
    pub(crate) fn begin(&mut self, port: usize) {
        let port = &mut self.0[port];
        port.searched = port.matched;
    }

    /// Finds `pattern` behind what matched last; what it matches is used up.
    pub(crate) fn find(&mut self, port: usize, pattern: &Pattern) -> bool {
        let port = &mut self.0[port];
        if port.searched == port.said.len() {
            return false;
        }
        let from = port.searched.saturating_sub(LONGEST_MATCH).max(port.matched);
        port.searched = port.said.len();
        let Some(found) = pattern.bytes.find_at(&port.said, from) else { return false };
        port.matched = found.end();
        true
    }

    /// The last lines of output, of the second port where the first was silent.
    pub(crate) fn last_lines(&self, count: usize) -> Vec<String> {
        let Some(port) = self.0.iter().find(|port| !port.said.is_empty()) else { return Vec::new() };
        let tail = &port.said[port.said.len().saturating_sub(LONGEST_MATCH)..];
        let text = without_escapes(&String::from_utf8_lossy(tail));
        let lines: Vec<String> = text.lines().map(|line| line.trim_end().to_owned()).collect();
        lines[lines.len().saturating_sub(count)..].to_vec()
    }
}

/// Text without terminal escapes and control characters.
fn without_escapes(text: &str) -> String {
    let mut out = String::new();
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '\u{1b}' if chars.next_if_eq(&'[').is_some() => {
                while chars.next().is_some_and(|c| !('@'..='~').contains(&c)) {}
            }
            '\n' | '\t' => out.push(c),
            c if c.is_control() => {}
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::values::pattern;

    #[test]
    fn two_waits_for_the_same_text_mean_two_of_them() {
        let (mut heard, prompt) = (Heard::default(), pattern("login:").unwrap());
        heard.hear(0, b"login: ");
        assert!(heard.find(0, &prompt));
        heard.begin(0);
        assert!(!heard.find(0, &prompt));
        heard.hear(0, b"log");
        assert!(!heard.find(0, &prompt));
        heard.hear(0, b"in: ");
        assert!(heard.find(0, &prompt));
    }

    #[test]
    fn a_match_leaves_what_is_behind_it() {
        let mut heard = Heard::default();
        heard.hear(0, b"one two");
        assert!(heard.find(0, &pattern("one").unwrap()));
        heard.begin(0);
        assert!(heard.find(0, &pattern("two").unwrap()));
    }

    #[test]
    fn last_lines_are_plain_text() {
        let mut heard = Heard::default();
        heard.hear(0, b"a\r\nb\x1b[1;31mred\x1b[0m\r\nc");
        assert_eq!(heard.last_lines(2), ["bred", "c"]);
    }
}
