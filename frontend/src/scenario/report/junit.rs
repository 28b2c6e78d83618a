//! JUnit's XML, as CI servers read it. But for `time`, two runs give the same bytes.

use crate::scenario::record::{Record, Status};
use quick_junit::{NonSuccessKind, Property, Report, SerializeError, TestCase, TestCaseStatus, TestSuite};
use std::time::Duration;

/// The report.
pub(super) fn text(records: &[Record], host: Duration) -> Result<String, SerializeError> {
    let mut suite = TestSuite::new("ringzero");
    suite.set_time(host);
    suite.add_test_cases(records.iter().map(case));
    let mut report = Report::new("ringzero test");
    report.set_time(host);
    report.add_test_suite(suite);
    report.to_string()
}

fn case(record: &Record) -> TestCase {
    let mut case = TestCase::new(record.name.as_str(), status(record));
    case.set_classname(record.path.as_str());
    case.set_time(record.host);
    case.add_property(Property::new("virtual_seconds", format!("{:.6}", record.virtual_seconds())));
    case.add_property(Property::new("instructions", record.instructions.to_string()));
    case.add_property(Property::new("outcome", record.outcome.name()));
    case.extra.insert("file".into(), record.path.as_str().into());
    if let Some(place) = record.failure.as_ref().and_then(|failure| failure.place) {
        case.extra.insert("line".into(), place.line.to_string().into());
    }
    case
}

fn status(record: &Record) -> TestCaseStatus {
    let (kind, name) = match record.status {
        Status::Passed => return TestCaseStatus::success(),
        Status::Failed => (NonSuccessKind::Failure, record.outcome.name()),
        Status::Fault | Status::Interrupted => (NonSuccessKind::Error, "fault"),
    };
    let mut status = TestCaseStatus::non_success(kind);
    status.set_message(record.message()).set_type(name);
    if let Some(failure) = &record.failure {
        status.set_description(failure.details(&record.location()));
    }
    status
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenario::report::json::tests::{failed, passed};

    fn without_times(text: &str) -> String {
        regex::Regex::new(" time=\"[^\"]*\"").unwrap().replace_all(text, "").into_owned()
    }

    #[test]
    fn failures_are_counted_and_described() {
        let text = text(&[passed("a"), failed("b")], Duration::from_millis(5)).unwrap();
        for part in ["tests=\"2\"", "failures=\"1\"", "name=\"a #1\"", "line=\"4\"", "A:\\&gt;"] {
            assert!(text.contains(part), "no {part} in\n{text}");
        }
    }

    #[test]
    fn only_times_tell_two_runs_apart() {
        let at = |ms| without_times(&text(&[failed("b")], Duration::from_millis(ms)).unwrap());
        assert_eq!(at(1), at(2));
    }
}
