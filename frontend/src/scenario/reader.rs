//! Typed access to a TOML tree: every refusal names the key and its place.

use super::error::{Mistake, SourceFile, hint};
use crate::cli::values::{self, Pattern};
use std::ops::{Range, RangeInclusive};
use std::sync::Arc;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// Where something stands in a file's text.
pub(crate) type Span = Range<usize>;

/// A key, where it stands, and its value.
#[derive(Clone, Copy)]
pub(crate) struct Entry<'a> {
    pub(crate) key: &'a str,
    pub(crate) value: &'a Spanned<DeValue<'a>>,
    key_span: (usize, usize),
}

impl Entry<'_> {
    /// Where the key stands.
    pub(crate) fn key_span(&self) -> Span {
        self.key_span.0..self.key_span.1
    }

    /// Where the value stands.
    pub(crate) fn span(&self) -> Span {
        self.value.span()
    }
}

/// The entries of a table, as they stand in the file.
pub(crate) fn entries<'a>(table: &'a DeTable<'a>) -> Vec<Entry<'a>> {
    let entry = |(key, value): (&'a Spanned<_>, _)| {
        let span = key.span();
        let key: &'a std::borrow::Cow<'a, str> = key.get_ref();
        Entry { key: key.as_ref(), value, key_span: (span.start, span.end) }
    };
    let mut entries: Vec<Entry<'a>> = table.iter().map(entry).collect();
    entries.sort_by_key(|entry| entry.key_span);
    entries
}

/// One value of an array, as if it stood behind the array's key.
pub(crate) fn element<'a>(entry: Entry<'a>, value: &'a Spanned<DeValue<'a>>) -> Entry<'a> {
    Entry { value, ..entry }
}

/// The mistakes found in a file so far.
pub(crate) struct Reader {
    pub(crate) file: Arc<SourceFile>,
    pub(crate) mistakes: Vec<Mistake>,
}

impl Reader {
    /// Notes a mistake.
    pub(crate) fn wrong(&mut self, span: Span, message: impl Into<String>) {
        self.mistakes.push(Mistake { file: self.file.clone(), span, message: message.into() });
    }

    /// Notes a mistake where there is one.
    pub(crate) fn accept<T>(&mut self, span: Span, result: Result<T, String>) -> Option<T> {
        result.map_err(|message| self.wrong(span, message)).ok()
    }

    /// A key that `place` does not have.
    pub(crate) fn unknown(&mut self, entry: Entry<'_>, place: &str, valid: &[&str]) {
        let hint = hint(entry.key, valid.iter().copied());
        self.wrong(entry.key_span(), format!("unknown key {:?} in {place}; {hint}", entry.key));
    }

    fn wrong_type(&mut self, entry: Entry<'_>, wanted: &str) {
        let found = kind(entry.value.get_ref());
        self.wrong(entry.span(), format!("{:?} must be {wanted}, not {found}", entry.key));
    }

    /// A table.
    pub(crate) fn table<'a>(&mut self, entry: Entry<'a>, wanted: &str) -> Option<&'a DeTable<'a>> {
        if let DeValue::Table(table) = entry.value.get_ref() {
            return Some(table);
        }
        self.wrong_type(entry, wanted);
        None
    }

    /// A string.
    pub(crate) fn string<'a>(&mut self, entry: Entry<'a>) -> Option<&'a str> {
        self.string_or(entry, "a string")
    }

    /// A string, where `wanted` says what it is to be.
    pub(crate) fn string_or<'a>(&mut self, entry: Entry<'a>, wanted: &str) -> Option<&'a str> {
        if let DeValue::String(text) = entry.value.get_ref() {
            return Some(text);
        }
        self.wrong_type(entry, wanted);
        None
    }

    /// A string that is not empty.
    pub(crate) fn text<'a>(&mut self, entry: Entry<'a>) -> Option<&'a str> {
        let text = self.string(entry)?;
        if text.is_empty() {
            self.wrong(entry.span(), format!("{:?} is empty", entry.key));
            return None;
        }
        Some(text)
    }

    /// `true` or `false`.
    pub(crate) fn boolean(&mut self, entry: Entry<'_>) -> Option<bool> {
        if let DeValue::Boolean(value) = entry.value.get_ref() {
            return Some(*value);
        }
        self.wrong_type(entry, "true or false");
        None
    }

    /// `true`, which is all that a step without a value can have.
    pub(crate) fn flag(&mut self, entry: Entry<'_>) -> Option<()> {
        match self.boolean(entry)? {
            true => Some(()),
            false => {
                self.wrong(
                    entry.span(),
                    format!("{:?} = false does nothing; leave the step away", entry.key),
                );
                None
            }
        }
    }

    /// An integer within a range.
    pub(crate) fn integer(&mut self, entry: Entry<'_>, range: RangeInclusive<u64>) -> Option<u64> {
        let DeValue::Integer(number) = entry.value.get_ref() else {
            self.wrong_type(entry, "an integer");
            return None;
        };
        let value = i128::from_str_radix(number.as_str(), number.radix()).ok();
        let value = value.and_then(|value| u64::try_from(value).ok()).filter(|value| range.contains(value));
        if value.is_none() {
            let (least, most) = (range.start(), range.end());
            let message = format!("{:?} = {number} is out of range; use {least} to {most}", entry.key);
            self.wrong(entry.span(), message);
        }
        value
    }

    /// A signed number of counts.
    pub(crate) fn counts(&mut self, entry: Entry<'_>) -> Option<i32> {
        const MOST: i32 = 10_000;
        let DeValue::Integer(number) = entry.value.get_ref() else {
            self.wrong_type(entry, "an integer");
            return None;
        };
        let value = i32::from_str_radix(number.as_str(), number.radix()).ok();
        let value = value.filter(|value| (-MOST..=MOST).contains(value));
        if value.is_none() {
            let message = format!("{:?}: {number} is out of range; use -{MOST} to {MOST}", entry.key);
            self.wrong(entry.span(), message);
        }
        value
    }

    fn number(&mut self, entry: Entry<'_>) -> Option<f64> {
        match entry.value.get_ref() {
            DeValue::Integer(number) => {
                i64::from_str_radix(number.as_str(), number.radix()).ok().map(|value| value as f64)
            }
            DeValue::Float(number) => number.as_str().parse().ok(),
            _ => {
                self.wrong_type(entry, "a number");
                return None;
            }
        }
        .or(Some(f64::NAN))
    }

    /// Seconds, as nanoseconds.
    pub(crate) fn seconds(&mut self, entry: Entry<'_>, most: f64) -> Option<u64> {
        let seconds = self.number(entry)?;
        if seconds > 0.0 && seconds <= most {
            return Some(((seconds * 1e9) as u64).max(1));
        }
        self.wrong(
            entry.span(),
            format!("{:?} is out of range; use seconds above 0, up to {most}", entry.key),
        );
        None
    }

    /// A share, 0 to 1.
    pub(crate) fn share(&mut self, entry: Entry<'_>) -> Option<f64> {
        let share = self.number(entry)?;
        if (0.0..=1.0).contains(&share) {
            return Some(share);
        }
        self.wrong(
            entry.span(),
            format!("{:?} is out of range; use a share of the pixels, 0.0 to 1.0", entry.key),
        );
        None
    }

    /// A regular expression.
    pub(crate) fn pattern(&mut self, entry: Entry<'_>) -> Option<Pattern> {
        let text = self.string_or(entry, "a regular expression in quotes")?;
        let result = values::pattern(text).map_err(|reason| format!("{:?}: {reason}", entry.key));
        self.accept(entry.span(), result)
    }

    /// One of several words.
    pub(crate) fn word<T: Copy>(&mut self, entry: Entry<'_>, words: &[(&str, T)]) -> Option<T> {
        let text = self.string(entry)?;
        let found = words.iter().find(|(word, _)| *word == text).map(|(_, value)| *value);
        if found.is_none() {
            let hint = hint(text, words.iter().map(|(word, _)| *word));
            self.wrong(entry.span(), format!("{:?} cannot be {text:?}; {hint}", entry.key));
        }
        found
    }

    /// The values of an array, or a value alone.
    pub(crate) fn one_or_more<'a>(&mut self, entry: Entry<'a>) -> Vec<Entry<'a>> {
        match entry.value.get_ref() {
            DeValue::Array(values) if values.is_empty() => {
                self.wrong(entry.span(), format!("{:?} is empty", entry.key));
                Vec::new()
            }
            DeValue::Array(values) => values.iter().map(|value| element(entry, value)).collect(),
            _ => vec![entry],
        }
    }

    /// An array of exactly `N` values.
    pub(crate) fn array<'a, const N: usize>(
        &mut self,
        entry: Entry<'a>,
        wanted: &str,
    ) -> Option<[Entry<'a>; N]> {
        let DeValue::Array(values) = entry.value.get_ref() else {
            self.wrong_type(entry, wanted);
            return None;
        };
        let values: Vec<Entry<'a>> = values.iter().map(|value| element(entry, value)).collect();
        let count = values.len();
        let values = values.try_into().ok();
        if values.is_none() {
            self.wrong(entry.span(), format!("{:?} must be {wanted}; here are {count} values", entry.key));
        }
        values
    }
}

/// What a value is, with its article.
fn kind(value: &DeValue<'_>) -> &'static str {
    match value {
        DeValue::String(_) => "a string",
        DeValue::Integer(_) => "an integer",
        DeValue::Float(_) => "a float",
        DeValue::Boolean(_) => "a boolean",
        DeValue::Datetime(_) => "a date",
        DeValue::Array(_) => "an array",
        DeValue::Table(_) => "a table",
    }
}
