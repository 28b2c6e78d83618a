//! A scenario file as a [`Scenario`]; every mistake in it is found, not only the first.

use super::error::{Mistake, Place, SourceFile};
use super::machine::{self, MachineSpec};
use super::outcome::{Expectation, OUTCOMES, Outcome};
use super::reader::{Entry, Reader, Span, entries};
use super::search::Search;
use super::steps::{self, Step};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use toml::de::{DeTable, DeValue};

/// A scenario.
#[derive(Debug)]
pub(crate) struct Scenario {
    pub(crate) name: String,
    pub(crate) file: Arc<SourceFile>,
    pub(crate) start: Start,
    pub(crate) limits: Limits,
    pub(crate) steps: Vec<Step>,
    pub(crate) expect: Expectation,
    /// Where `[expect]` stands, for mistakes in it.
    pub(crate) expect_span: Span,
}

/// What a scenario begins with.
#[derive(Debug)]
pub(crate) enum Start {
    /// A machine at power-on.
    PowerOn(Box<MachineSpec>),
    /// The machine that another scenario left.
    From { path: PathBuf, span: Span },
}

/// What a scenario may use up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Limits {
    /// Virtual nanoseconds.
    pub(crate) virtual_ns: u64,
    /// Nanoseconds of the host's clock.
    pub(crate) host_ns: u64,
    pub(crate) instructions: Option<u64>,
    /// Bytes that the guest may say on its serial ports.
    pub(crate) serial_bytes: u64,
    /// Bytes by which disks may grow in memory.
    pub(crate) disk_bytes: u64,
    /// Virtual nanoseconds without progress that are a hang.
    pub(crate) hang_after_ns: Option<u64>,
}

const SECOND_NS: u64 = 1_000_000_000;
/// Longest times that a scenario may name, in seconds.
const LONGEST_VIRTUAL: f64 = 1e8;
const LONGEST_HOST: f64 = 1e6;

impl Default for Limits {
    fn default() -> Self {
        Self {
            virtual_ns: 300 * SECOND_NS,
            host_ns: 120 * SECOND_NS,
            instructions: None,
            serial_bytes: 16 << 20,
            disk_bytes: 1 << 30,
            hang_after_ns: None,
        }
    }
}

impl Scenario {
    /// The place of a step.
    pub(crate) fn place(&self, step: &Step) -> Place {
        self.file.place(step.span.start)
    }

    /// The scenario's path, as the user knows it.
    pub(crate) fn path(&self) -> &Path {
        &self.file.path
    }
}

/// Reads a scenario; it is there only where no mistakes are.
pub(crate) fn parse(file: &Arc<SourceFile>, image_path: &[PathBuf]) -> Result<Scenario, Vec<Mistake>> {
    let mut reader = Reader { file: file.clone(), mistakes: Vec::new() };
    let (document, errors) = DeTable::parse_recoverable(&file.text);
    for error in errors {
        reader.wrong(error.span().unwrap_or(0..0), format!("no TOML: {}", error.message()));
    }
    if !reader.mistakes.is_empty() {
        return Err(reader.mistakes);
    }
    let folder = file.path.parent().unwrap_or(Path::new(""));
    let search = Search { folder, image_path };
    let scenario = document_of(&mut reader, document.get_ref(), &search);
    let mut mistakes = reader.mistakes;
    mistakes.sort_by_key(|mistake| mistake.span.start);
    scenario.filter(|_| mistakes.is_empty()).ok_or(mistakes)
}

/// The keys at a file's top.
const KEYS: &[&str] = &["name", "from", "machine", "limits", "step", "expect"];

fn document_of(reader: &mut Reader, table: &DeTable<'_>, search: &Search<'_>) -> Option<Scenario> {
    let entries = entries(table);
    for entry in entries.iter().filter(|entry| !KEYS.contains(&entry.key)) {
        reader.unknown(*entry, "a scenario", KEYS);
    }
    let find = |name: &str| entries.iter().copied().find(|entry| entry.key == name);
    let name = match find("name") {
        Some(entry) => reader.text(entry).map(str::to_owned),
        None => Some(stem(&reader.file.path)),
    };
    let start = start(reader, find("from"), find("machine"), search);
    let limits = find("limits").map_or(Some(Limits::default()), |entry| limits(reader, entry));
    let steps = find("step").map_or_else(|| Some(Vec::new()), |entry| all_steps(reader, entry, search));
    let has_steps = steps.as_ref().is_none_or(|steps| !steps.is_empty());
    let expect_span = find("expect").map_or(0..0, |entry| entry.key_span());
    let expect = match find("expect") {
        Some(entry) => expect(reader, entry),
        None => Some(Expectation::default_for(has_steps)),
    };
    Some(Scenario {
        name: name?,
        file: reader.file.clone(),
        start: start?,
        limits: limits?,
        steps: steps?,
        expect: expect?,
        expect_span,
    })
}

/// A file's name without its endings.
fn stem(path: &Path) -> String {
    let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let name = name.strip_suffix(".toml").unwrap_or(&name);
    name.strip_suffix(".scenario").unwrap_or(name).to_owned()
}

fn start(
    reader: &mut Reader,
    from: Option<Entry<'_>>,
    machine: Option<Entry<'_>>,
    search: &Search<'_>,
) -> Option<Start> {
    let Some(from) = from else {
        return machine::read(reader, machine, search).map(|spec| Start::PowerOn(Box::new(spec)));
    };
    if let Some(machine) = machine {
        let message =
            "a scenario with \"from\" goes on with another's machine and has no [machine] of its own";
        reader.wrong(machine.key_span(), message);
    }
    let name = reader.text(from)?;
    let path = search.beside(name);
    if !path.is_file() {
        let near = search.image(name).err().filter(|reason| reason.contains("did you mean"));
        let near =
            near.and_then(|reason| Some(reason.split_once("; ")?.1.split("; --image").next()?.to_owned()));
        let near = near.map(|near| format!("; {near}")).unwrap_or_default();
        reader.wrong(from.span(), format!("\"from\": no file {}{near}", path.display()));
        return None;
    }
    Some(Start::From { path, span: from.span() })
}

fn limits(reader: &mut Reader, entry: Entry<'_>) -> Option<Limits> {
    const KEYS: &[&str] =
        &["virtual_seconds", "host_seconds", "instructions", "serial_bytes", "disk_bytes", "hang_after"];
    let mut limits = Limits::default();
    let mut sound = true;
    for entry in entries(reader.table(entry, "a table")?) {
        let taken = match entry.key {
            "virtual_seconds" => reader.seconds(entry, LONGEST_VIRTUAL).map(|ns| limits.virtual_ns = ns),
            "host_seconds" => reader.seconds(entry, LONGEST_HOST).map(|ns| limits.host_ns = ns),
            "instructions" => reader.integer(entry, 1..=u64::MAX >> 1).map(|n| limits.instructions = Some(n)),
            "serial_bytes" => reader.integer(entry, 1..=1 << 40).map(|n| limits.serial_bytes = n),
            "disk_bytes" => reader.integer(entry, 0..=1 << 50).map(|n| limits.disk_bytes = n),
            "hang_after" => reader.seconds(entry, LONGEST_VIRTUAL).map(|ns| limits.hang_after_ns = Some(ns)),
            _ => {
                reader.unknown(entry, "[limits]", KEYS);
                None
            }
        };
        sound &= taken.is_some();
    }
    sound.then_some(limits)
}

fn all_steps(reader: &mut Reader, entry: Entry<'_>, search: &Search<'_>) -> Option<Vec<Step>> {
    let DeValue::Array(values) = entry.value.get_ref() else {
        reader.wrong(entry.key_span(), "\"step\" must be written as [[step]], one for each");
        return None;
    };
    let mut steps = Vec::new();
    let mut sound = true;
    for value in values {
        let step = match value.get_ref() {
            DeValue::Table(table) => steps::read(reader, table, value.span(), search),
            _ => {
                reader.wrong(value.span(), "a step must be a table, such as [[step]]");
                None
            }
        };
        sound &= step.is_some();
        steps.extend(step);
    }
    sound.then_some(steps)
}

fn expect(reader: &mut Reader, entry: Entry<'_>) -> Option<Expectation> {
    let mut expect = Expectation { outcome: None, exit_code: None };
    let (mut sound, mut code_span) = (true, entry.key_span());
    for entry in entries(reader.table(entry, "a table")?) {
        match entry.key {
            "outcome" => expect.outcome = reader.word(entry, OUTCOMES),
            "exit_code" => {
                code_span = entry.span();
                expect.exit_code = reader.integer(entry, 0..=255).and_then(|code| u8::try_from(code).ok());
            }
            _ => reader.unknown(entry, "[expect]", &["outcome", "exit_code"]),
        }
        let taken =
            if entry.key == "outcome" { expect.outcome.is_some() } else { expect.exit_code.is_some() };
        sound &= taken;
    }
    if expect.outcome.is_none() && expect.exit_code.is_none() {
        if sound {
            reader.wrong(entry.key_span(), "[expect] expects nothing; give \"outcome\" or \"exit_code\"");
        }
        return None;
    }
    if let (Some(outcome), Some(code)) = (expect.outcome, expect.exit_code) {
        let refusal = match outcome {
            Outcome::Running => {
                Some("\"exit_code\" with outcome \"running\": a machine that runs on has none".to_owned())
            }
            outcome => outcome.refuses(code).map(|reason| format!("\"exit_code\" = {code}: {reason}")),
        };
        if let Some(message) = refusal {
            reader.wrong(code_span, message);
            return None;
        }
    }
    sound.then_some(expect)
}

#[cfg(test)]
#[path = "parse_tests.rs"]
mod tests;
