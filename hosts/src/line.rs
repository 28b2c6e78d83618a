//! Results as lines of text, and what differs between the lines of two hosts.

use std::fmt;

/// One result: `name count result`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// What was run.
    pub name: String,
    /// Instructions, or cases.
    pub count: u64,
    /// A hash of the state, or whether all cases passed.
    pub result: String,
}

impl fmt::Display for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} {}", self.name, self.count, self.result)
    }
}

/// The first line of `found` that is not as in `expected`, told to people; `None` if there is none. Nothing expected is
/// a difference too.
pub fn first_difference(expected: &str, found: &str) -> Option<String> {
    if expected.is_empty() {
        return Some("there are no results to compare with".to_owned());
    }
    let (mut expected, mut found) = (expected.lines(), found.lines());
    loop {
        match (expected.next(), found.next()) {
            (None, None) => return None,
            (wanted, got) if wanted == got => {}
            (wanted, got) => {
                let show = |line: Option<&str>| line.unwrap_or("(no line)").to_owned();
                return Some(format!("expected {}\n   found {}", show(wanted), show(got)));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_results_do_not_differ() {
        assert_eq!(first_difference("a 1 x\nb 2 y\n", "a 1 x\nb 2 y\n"), None);
    }

    #[test]
    fn the_first_line_that_differs_is_named() {
        let difference = first_difference("a 1 x\nb 2 y\nc 3 z\n", "a 1 x\nb 2 Y\nc 3 Z\n");
        assert_eq!(difference.unwrap(), "expected b 2 y\n   found b 2 Y");
    }

    #[test]
    fn a_missing_line_is_a_difference() {
        assert_eq!(first_difference("a 1 x\nb 2 y", "a 1 x").unwrap(), "expected b 2 y\n   found (no line)");
    }

    #[test]
    fn no_results_at_all_are_a_difference() {
        assert!(first_difference("", "").is_some());
    }
}
