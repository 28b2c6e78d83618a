//! Annotations of CI services: a failure shows at the line of its step.

use crate::scenario::error::Mistake;
use crate::scenario::record::{Record, Status};
use std::io::Write;

/// A service that understands annotations.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Service {
    /// GitHub Actions.
    GitHub,
    /// Azure Pipelines.
    Azure,
}

/// The service that this run is in.
fn service() -> Option<Service> {
    let is = |name: &str| std::env::var(name).is_ok_and(|value| value.eq_ignore_ascii_case("true"));
    if is("GITHUB_ACTIONS") {
        Some(Service::GitHub)
    } else if is("TF_BUILD") {
        Some(Service::Azure)
    } else {
        None
    }
}

/// What is to be said at a place.
struct Annotation<'a> {
    file: &'a str,
    place: (usize, usize),
    title: &'a str,
    message: &'a str,
}

/// Prints an annotation for each failure to stderr, where both services listen.
pub(crate) fn print(records: &[Record]) {
    let Some(service) = service() else { return };
    let lines: String = records
        .iter()
        .filter(|record| record.status != Status::Passed)
        .map(|record| of_record(service, record))
        .collect();
    // With stderr closed there is nobody to tell.
    let _ = std::io::stderr().write_all(lines.as_bytes());
}

fn of_record(service: Service, record: &Record) -> String {
    let place = record.failure.as_ref().and_then(|failure| failure.place);
    let place = place.map_or((1, 1), |place| (place.line, place.column));
    line(service, &Annotation { file: &record.path, place, title: &record.name, message: record.message() })
}

/// The annotations of mistakes in files, where a service wants them.
pub(crate) fn of_mistakes(mistakes: &[Mistake]) -> String {
    let Some(service) = service() else { return String::new() };
    let of_mistake = |mistake: &Mistake| {
        let (file, place) = (mistake.file.path.display().to_string(), mistake.place());
        let place = (place.line, place.column);
        line(service, &Annotation { file: &file, place, title: "bad scenario", message: &mistake.message })
    };
    mistakes.iter().map(of_mistake).collect()
}

fn line(service: Service, annotation: &Annotation<'_>) -> String {
    let Annotation { file, place: (line, column), title, message } = annotation;
    match service {
        Service::GitHub => format!(
            "::error file={},line={line},col={column},title={}::{}\n",
            escaped(file, true),
            escaped(title, true),
            escaped(message, false)
        ),
        Service::Azure => format!(
            "##vso[task.logissue type=error;sourcepath={};linenumber={line};columnnumber={column}]{}\n",
            azure(file),
            azure(&format!("{title}: {message}"))
        ),
    }
}

/// GitHub's escapes; a property has more of them than a message.
fn escaped(text: &str, is_property: bool) -> String {
    let text = text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A");
    if is_property { text.replace(':', "%3A").replace(',', "%2C") } else { text }
}

/// Azure's escapes.
fn azure(text: &str) -> String {
    text.replace('%', "%AZP25")
        .replace('\r', "%0D")
        .replace('\n', "%0A")
        .replace(']', "%5D")
        .replace(';', "%3B")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenario::report::json::tests::failed;

    #[test]
    fn github_gets_file_line_and_title() {
        assert_eq!(
            of_record(Service::GitHub, &failed("a,b.toml")),
            "::error file=a%2Cb.toml,line=4,col=1,title=a #1::wait_screen: /x/ was not seen\n"
        );
    }

    #[test]
    fn azure_gets_an_issue() {
        assert_eq!(
            of_record(Service::Azure, &failed("b.toml")),
            "##vso[task.logissue type=error;sourcepath=b.toml;linenumber=4;columnnumber=1]a #1: wait_screen: /x/ was not seen\n"
        );
    }
}
