//! `[machine]`: the options of the command line as keys.

use super::error::hint;
use super::reader::{Entry, Reader, Span, entries};
use super::search::Search;
use crate::cli::{Cli, Command, RunArgs};
use clap::error::ErrorKind;
use clap::{CommandFactory, Parser};
use std::error::Error;
use std::path::PathBuf;
use toml::de::{DeTable, DeValue};

/// The heading of options that describe the machine.
const HEADING: &str = "Machine";
/// Options under another heading that belong to the machine all the same.
const ALSO: [&str; 3] = ["success-exit", "symbols", "history"];
/// Options that mean nothing here, and why.
const REFUSED: [(&str, &str); 2] = [
    ("snapshot", "disks are never changed unless writable = true"),
    ("clock", "a scenario's clock is always virtual"),
];
/// The key that is no option.
const WRITABLE: &str = "writable";

/// A machine as a scenario describes it.
#[derive(Debug)]
pub(crate) struct MachineSpec {
    pub(crate) args: RunArgs,
    /// Where the description stands; of a scenario without one, where the file begins.
    pub(crate) span: Span,
}

impl MachineSpec {
    /// Whether guests change images.
    pub(crate) fn is_writable(&self) -> bool {
        !self.args.snapshot
    }
}

/// The options a scenario can give, by their names with underscores; whether each takes a value, and several.
fn options() -> Vec<(String, bool, bool)> {
    let cli = Cli::command();
    let run = cli.find_subcommand("run").expect("the program has a run command");
    let belongs = |option: &&clap::Arg| {
        let name = option.get_long().unwrap_or_default();
        let machine = option.get_help_heading() == Some(HEADING) || ALSO.contains(&name);
        machine && !REFUSED.iter().any(|(refused, _)| *refused == name)
    };
    let row = |option: &clap::Arg| {
        let name = option.get_long().unwrap_or_default().replace('-', "_");
        let many = matches!(option.get_action(), clap::ArgAction::Append);
        (name, option.get_action().takes_values(), many)
    };
    run.get_arguments().filter(belongs).map(row).collect()
}

/// Reads `[machine]`; the default machine where there is none.
pub(crate) fn read(
    reader: &mut Reader,
    entry: Option<Entry<'_>>,
    search: &Search<'_>,
) -> Option<MachineSpec> {
    let mut words =
        Words { reader, search, given: Vec::new(), options: options(), writable: false, sound: true };
    let mut span = 0..0;
    if let Some(entry) = entry {
        span = entry.key_span();
        let table = words.reader.table(entry, "a table")?;
        words.take_all(table);
    }
    let Words { given, writable, sound, .. } = words;
    if !sound {
        return None;
    }
    let mut args = reader.accept(span.clone(), parse(&given))?;
    args.snapshot = !writable;
    Some(MachineSpec { args, span })
}

/// The words of a command line under way.
struct Words<'r, 's> {
    reader: &'r mut Reader,
    search: &'s Search<'s>,
    given: Vec<String>,
    options: Vec<(String, bool, bool)>,
    writable: bool,
    sound: bool,
}

impl Words<'_, '_> {
    fn take_all(&mut self, table: &DeTable<'_>) {
        for entry in entries(table) {
            if self.take(entry).is_none() {
                self.sound = false;
            }
        }
    }

    fn take(&mut self, entry: Entry<'_>) -> Option<()> {
        let key = entry.key.replace('-', "_");
        if key == WRITABLE {
            self.writable = self.reader.boolean(entry)?;
            return Some(());
        }
        if key == "image" {
            let name = self.reader.text(entry)?;
            let path = self.find(entry, name)?;
            self.given.push(path);
            return Some(());
        }
        let Some((_, takes_value, many)) = self.options.iter().find(|(name, ..)| *name == key).cloned()
        else {
            self.unknown(entry, &key);
            return None;
        };
        if !takes_value {
            if self.reader.boolean(entry)? {
                self.given.push(format!("--{}", key.replace('_', "-")));
            }
            return Some(());
        }
        let is_list = matches!(entry.value.get_ref(), DeValue::Array(_));
        if is_list && !many {
            self.reader.wrong(entry.span(), format!("{:?} can be given once only", entry.key));
            return None;
        }
        let values = self.reader.one_or_more(entry);
        let taken: Vec<Option<()>> = values.into_iter().map(|value| self.take_value(&key, value)).collect();
        taken.into_iter().collect()
    }

    fn take_value(&mut self, key: &str, value: Entry<'_>) -> Option<()> {
        let text = match value.value.get_ref() {
            DeValue::String(text) => text.clone().into_owned(),
            DeValue::Integer(number) if number.radix() == 10 => number.to_string(),
            DeValue::Float(number) => number.to_string(),
            _ => {
                self.reader.string(value)?;
                return None;
            }
        };
        let text = self.with_path(key, value, &text)?;
        let word = format!("--{}={text}", key.replace('_', "-"));
        // Parsed alone first, so that a refusal is told at this value's place.
        let result =
            parse(std::slice::from_ref(&word)).map_err(|reason| format!("{:?}: {reason}", value.key));
        self.reader.accept(value.span(), result)?;
        self.given.push(word);
        Some(())
    }

    /// The value with the file it names found.
    fn with_path(&mut self, key: &str, value: Entry<'_>, text: &str) -> Option<String> {
        match key {
            "fda" | "fdb" | "hda" | "hdb" | "hdc" | "hdd" | "cdrom" | "kernel" | "bios" | "vga_bios"
            | "symbols" => self.find(value, text),
            "drive" => {
                let parts = text.split(',').map(|part| match part.strip_prefix("file=") {
                    Some(name) if !name.is_empty() => Some(format!("file={}", self.find(value, name)?)),
                    _ => Some(part.to_owned()),
                });
                Some(parts.collect::<Option<Vec<_>>>()?.join(","))
            }
            "initrd" => {
                let parts = text.split(',').map(|part| match part.split_once(' ') {
                    Some((name, arguments)) => Some(format!("{} {arguments}", self.find(value, name)?)),
                    None => self.find(value, part),
                });
                Some(parts.collect::<Option<Vec<_>>>()?.join(","))
            }
            _ => Some(text.to_owned()),
        }
    }

    fn find(&mut self, value: Entry<'_>, name: &str) -> Option<String> {
        if name.is_empty() {
            self.reader.text(value)?;
        }
        let found = self.search.image(name).map_err(|reason| format!("{:?}: {reason}", value.key));
        let path: PathBuf = self.reader.accept(value.span(), found)?;
        let text = path.into_os_string().into_string().map_err(|_| "the path is no UTF-8".to_owned());
        self.reader.accept(value.span(), text)
    }

    fn unknown(&mut self, entry: Entry<'_>, key: &str) {
        if let Some((_, reason)) = REFUSED.iter().find(|(name, _)| *name == key) {
            return self
                .reader
                .wrong(entry.key_span(), format!("{:?} is not for scenarios: {reason}", entry.key));
        }
        let names: Vec<&str> = self.options.iter().map(|(name, ..)| name.as_str()).collect();
        let names: Vec<&str> = names.into_iter().chain(["image", WRITABLE]).collect();
        let hint = hint(key, names.iter().copied());
        self.reader.wrong(entry.key_span(), format!("unknown key {:?} in [machine]; {hint}", entry.key));
    }
}

/// A run's command line, or why it is none.
fn parse(words: &[String]) -> Result<RunArgs, String> {
    let words = ["ringzero", "run"].map(str::to_owned).into_iter().chain(words.iter().cloned());
    match Cli::try_parse_from(words).map(Cli::into_command) {
        Ok(Command::Run(args)) => Ok(*args),
        Ok(_) => Err("not a run".to_owned()),
        Err(error) => Err(reason(&error)),
    }
}

fn reason(error: &clap::Error) -> String {
    match error.source() {
        Some(source) if error.kind() == ErrorKind::ValueValidation => source.to_string(),
        _ => crate::cli::one_line(&error.to_string()).replace(" (see ringzero run --help)", ""),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_option_of_the_machine_is_a_key() {
        let names: Vec<String> = options().into_iter().map(|(name, ..)| name).collect();
        for name in ["fda", "hda", "cdrom", "kernel", "vga_bios", "cpu", "memory", "boot", "device", "mips"] {
            assert!(names.iter().any(|known| known == name), "{name}");
        }
        for name in ["display", "serial", "snapshot", "clock", "timeout", "type"] {
            assert!(!names.iter().any(|known| known == name), "{name}");
        }
    }
}
