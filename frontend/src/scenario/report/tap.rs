//! TAP version 14, the Test Anything Protocol.

use crate::scenario::record::{Record, Status};
use std::fmt::Write;

/// The report.
pub(super) fn text(records: &[Record]) -> String {
    let mut out = format!("TAP version 14\n1..{}\n", records.len());
    for (number, record) in (1..).zip(records) {
        let ok = if record.status == Status::Passed { "ok" } else { "not ok" };
        // Writing to a string cannot fail.
        let _ = writeln!(out, "{ok} {number} - {}: {}", escaped(&record.path), escaped(&record.name));
        let Some(failure) = &record.failure else { continue };
        let _ = writeln!(out, "  ---\n  message: {}", quoted(&failure.message));
        let _ = writeln!(out, "  at: {}\n  outcome: {}", quoted(&record.location()), record.outcome);
        let blocks = [
            ("screen", failure.screen.clone()),
            ("serial", (!failure.serial.is_empty()).then(|| failure.serial.join("\n"))),
            ("post_mortem", failure.post_mortem.clone()),
        ];
        for (key, block) in blocks {
            let Some(block) = block else { continue };
            // The indentation is named: a first line may begin with blanks.
            let _ = writeln!(out, "  {key}: |2");
            block.lines().for_each(|line| {
                let _ = writeln!(out, "    {line}");
            });
        }
        out.push_str("  ...\n");
    }
    out
}

/// A description: `#` would begin a directive.
fn escaped(text: &str) -> String {
    text.replace('\\', "\\\\").replace('#', "\\#").replace(['\n', '\r'], " ")
}

/// A string of YAML.
fn quoted(text: &str) -> String {
    format!("{text:?}").replace("\\'", "'")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenario::report::json::tests::{failed, passed};

    #[test]
    fn a_report_is_numbered_and_failures_have_diagnostics() {
        let text = text(&[passed("a.scenario.toml"), failed("b.scenario.toml")]);
        assert_eq!(
            text,
            "TAP version 14\n1..2\nok 1 - a.scenario.toml: a \\#1\nnot ok 2 - b.scenario.toml: a \\#1\n  ---\n  \
             message: \"wait_screen: /x/ was not seen\"\n  at: \"b.scenario.toml:4:1\"\n  outcome: hang\n  \
             screen: |2\n    A:\\>\n  serial: |2\n    one\n    two\n  ...\n"
        );
    }
}
