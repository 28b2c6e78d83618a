//! JSON for programs. The shape is stable: see docs/SCENARIOS.md.

use crate::scenario::record::{Failure, Record, Status};
use serde_json::{Value, json};
use std::time::Duration;

/// The number of the shape; it changes when a reader of the old one would be misled.
const FORMAT: u32 = 1;

/// The report.
pub(super) fn text(records: &[Record], host: Duration) -> String {
    let passed = records.iter().filter(|record| record.status == Status::Passed).count();
    let report = json!({
        "format": FORMAT,
        "ringzero": env!("CARGO_PKG_VERSION"),
        "summary": {
            "total": records.len(),
            "passed": passed,
            "failed": records.len() - passed,
            "host_seconds": seconds(host),
        },
        "scenarios": records.iter().map(scenario).collect::<Vec<_>>(),
    });
    format!("{report:#}\n")
}

fn scenario(record: &Record) -> Value {
    json!({
        "path": record.path,
        "name": record.name,
        "status": match record.status {
            Status::Passed => "passed",
            Status::Failed => "failed",
            Status::Fault | Status::Interrupted => "fault",
        },
        "outcome": record.outcome.name(),
        "exit_code": record.exit_code,
        "virtual_seconds": record.virtual_seconds(),
        "host_seconds": seconds(record.host),
        "instructions": record.instructions,
        "steps": record.steps,
        "steps_done": record.steps_done,
        "failure": record.failure.as_ref().map(failure),
    })
}

fn failure(failure: &Failure) -> Value {
    json!({
        "message": failure.message,
        "line": failure.place.map(|place| place.line),
        "column": failure.place.map(|place| place.column),
        "step": failure.step,
        "screen": failure.screen.as_ref().map(|screen| screen.lines().collect::<Vec<_>>()),
        "serial": failure.serial,
        "post_mortem": failure.post_mortem,
        "files": failure.files.iter().map(|file| file.display().to_string()).collect::<Vec<_>>(),
    })
}

fn seconds(time: Duration) -> f64 {
    time.as_millis() as f64 / 1e3
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::scenario::error::Place;
    use crate::scenario::outcome::Outcome;

    pub(crate) fn passed(path: &str) -> Record {
        Record {
            path: path.to_owned(),
            name: "a #1".to_owned(),
            status: Status::Passed,
            outcome: Outcome::Running,
            exit_code: None,
            virtual_ns: 1_500_000_000,
            instructions: 7,
            steps: 2,
            steps_done: 2,
            host: Duration::from_millis(20),
            failure: None,
        }
    }

    pub(crate) fn failed(path: &str) -> Record {
        let failure = Failure {
            place: Some(Place { line: 4, column: 1 }),
            step: Some(1),
            message: "wait_screen: /x/ was not seen".to_owned(),
            screen: Some("A:\\>\n".to_owned()),
            serial: vec!["one".to_owned(), "two".to_owned()],
            ..Failure::default()
        };
        Record {
            status: Status::Failed,
            outcome: Outcome::Hang,
            exit_code: Some(81),
            steps_done: 0,
            failure: Some(failure),
            ..passed(path)
        }
    }

    #[test]
    fn the_shape_is_the_documented_one() {
        let text = text(&[passed("a"), failed("b")], Duration::from_secs(1));
        let report: Value = serde_json::from_str(&text).unwrap();
        assert_eq!(report["format"], 1);
        assert_eq!(report["summary"]["failed"], 1);
        assert_eq!(report["scenarios"][0]["virtual_seconds"], 1.5);
        assert_eq!(report["scenarios"][0]["failure"], Value::Null);
        assert_eq!(report["scenarios"][1]["failure"]["screen"][0], "A:\\>");
        assert_eq!(report["scenarios"][1]["exit_code"], 81);
    }
}
