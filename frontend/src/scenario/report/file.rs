//! Reports as files: which format goes where.

use super::{json, junit, tap};
use crate::scenario::error::hint;
use crate::scenario::record::Record;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// A report's format.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Format {
    Tap,
    Junit,
    Json,
}

const FORMATS: [(&str, Format); 3] = [("tap", Format::Tap), ("junit", Format::Junit), ("json", Format::Json)];

impl Format {
    /// The format of that name.
    pub(crate) fn by_name(name: &str) -> Result<Self, String> {
        let found = FORMATS.iter().find(|(known, _)| *known == name).map(|(_, format)| *format);
        found.ok_or_else(|| {
            format!("--report: no format {name:?}; {}", hint(name, FORMATS.map(|(name, _)| name)))
        })
    }
}

/// Where a report goes.
#[derive(Debug)]
pub(crate) struct Target {
    format: Format,
    /// `None`: stdout.
    path: Option<PathBuf>,
}

impl Target {
    /// A report into a file, or to stdout for `-`. The folder must be there.
    pub(crate) fn new(format: Format, name: &str) -> Result<Self, String> {
        if name == "-" {
            return Ok(Self { format, path: None });
        }
        let path = PathBuf::from(name);
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        if path.is_dir() || !folder.is_dir() {
            return Err(format!("--report: {name} cannot be written; name a file in a folder that is there"));
        }
        Ok(Self { format, path: Some(path) })
    }

    /// Writes the report.
    pub(crate) fn write(&self, records: &[Record], host: Duration) -> io::Result<()> {
        let text = match self.format {
            Format::Tap => tap::text(records),
            Format::Junit => junit::text(records, host).map_err(io::Error::other)?,
            Format::Json => json::text(records, host),
        };
        match &self.path {
            Some(path) => std::fs::write(path, text)
                .map_err(|error| io::Error::new(error.kind(), format!("{}: {error}", path.display()))),
            None => io::stdout().write_all(text.as_bytes()),
        }
    }
}
