//! What `--trace` asks for.

use ringzero_machine::{Event, EventKinds, Place, Symbols, Syntax};
use std::ops::RangeInclusive;

const HELP: &str = "use exec, int, io, irq, mmio, bios or all, addresses (0x7c00-0x7dff), symbols (kernel_main), \
                    first=N, last=N, and intel, nasm or gnu";
/// Most lines that are kept for `last=N`.
const MOST_LAST: usize = 1 << 22;

/// A part of the code: addresses, or a symbol's or two symbols' that are not looked up yet.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Range {
    Addresses(RangeInclusive<u64>),
    Symbols(String, String),
}

/// What is traced.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Filter {
    pub(crate) kinds: EventKinds,
    ranges: Vec<Range>,
    /// Only so many lines from the beginning.
    pub(crate) first: Option<u64>,
    /// Only so many lines before the end.
    pub(crate) last: Option<usize>,
    pub(crate) syntax: Syntax,
}

/// `exec,io,0x7c00-0x7dff,first=1000,nasm`.
pub(crate) fn filter(text: &str) -> Result<Filter, String> {
    let mut filter = Filter::default();
    for word in text.split(',').map(str::trim).filter(|word| !word.is_empty()) {
        filter.add(word)?;
    }
    if filter.kinds == EventKinds::default() {
        // A range or a number alone means instructions.
        filter.kinds.exec = true;
    }
    if filter.first.is_some() && filter.last.is_some() {
        return Err("first=N and last=N exclude each other".to_owned());
    }
    Ok(filter)
}

impl Filter {
    fn add(&mut self, word: &str) -> Result<(), String> {
        let kinds = &mut self.kinds;
        match word {
            "exec" => kinds.exec = true,
            "int" => kinds.interrupts = true,
            "io" => kinds.io = true,
            "irq" => kinds.irq = true,
            "mmio" => kinds.mmio = true,
            "bios" => kinds.bios = true,
            "all" => {
                *kinds =
                    EventKinds { exec: true, interrupts: true, io: true, irq: true, mmio: true, bios: true };
            }
            "intel" => self.syntax = Syntax::Intel,
            "nasm" => self.syntax = Syntax::Nasm,
            "gnu" | "gas" | "att" => self.syntax = Syntax::Gnu,
            _ => return self.add_value(word),
        }
        Ok(())
    }

    fn add_value(&mut self, word: &str) -> Result<(), String> {
        match word.split_once('=') {
            Some(("first", number)) => self.first = Some(positive(number)?),
            Some(("last", number)) => {
                let last = usize::try_from(positive(number)?).unwrap_or(usize::MAX);
                if last > MOST_LAST {
                    return Err(format!("last={number} is too much; use up to {MOST_LAST}"));
                }
                self.last = Some(last);
            }
            Some(_) => return Err(format!("{word:?} is not understood; {HELP}")),
            None => self.ranges.push(range(word)?),
        }
        Ok(())
    }

    /// Looks up symbols; the name of the first that is not there.
    pub(crate) fn resolve(&mut self, symbols: Option<&Symbols>) -> Result<(), String> {
        for range in &mut self.ranges {
            let Range::Symbols(first, last) = range else { continue };
            let find = |name: &str| symbols.and_then(|symbols| symbols.range_of(name)).ok_or(name.to_owned());
            let (first, last) = (find(first)?, find(last)?);
            *range = Range::Addresses(first.start..=last.end.saturating_sub(1));
        }
        Ok(())
    }

    /// The name most like `name` among the symbols.
    pub(crate) fn nearest(name: &str, symbols: Option<&Symbols>) -> Option<String> {
        crate::nearest::nearest(name, symbols?.names()).map(str::to_owned)
    }

    /// Whether the processor's record of blocks is enough: nothing but the last instructions is wanted.
    pub(crate) fn only_recorded(&self) -> bool {
        self.last.is_some()
            && self.ranges.is_empty()
            && self.kinds == EventKinds { exec: true, ..EventKinds::default() }
    }

    /// Whether an event is in the ranges; what does not lie in the code is.
    pub(crate) fn wants(&self, event: &Event) -> bool {
        match event {
            Event::Exec(place, _) => self.holds(place),
            Event::Interrupt(delivery) => self.holds(&delivery.at),
            _ => true,
        }
    }

    fn holds(&self, place: &Place) -> bool {
        let inside = |range: &Range| match range {
            Range::Addresses(addresses) => addresses.contains(&place.linear()),
            Range::Symbols(..) => false,
        };
        self.ranges.is_empty() || self.ranges.iter().any(inside)
    }
}

fn positive(text: &str) -> Result<u64, String> {
    let number = text.parse().ok().filter(|&number| number > 0);
    number.ok_or_else(|| format!("{text:?} is no number of lines, such as 1000"))
}

fn range(word: &str) -> Result<Range, String> {
    let (first, last) = word.split_once("..").or_else(|| word.split_once('-')).unwrap_or((word, word));
    match (address(first), address(last)) {
        (Some(first), Some(last)) if first <= last => Ok(Range::Addresses(first..=last)),
        (Some(_), Some(_)) => Err(format!("{word:?} ends before it begins")),
        (None, None) if is_name(first) && is_name(last) => {
            Ok(Range::Symbols(first.to_owned(), last.to_owned()))
        }
        _ => Err(format!("{word:?} is not understood; {HELP}")),
    }
}

fn address(text: &str) -> Option<u64> {
    u64::from_str_radix(text.strip_prefix("0x").or_else(|| text.strip_prefix("0X"))?, 16).ok()
}

fn is_name(text: &str) -> bool {
    !text.is_empty() && !text.starts_with(|c: char| c.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_ranges_and_numbers_add_up() {
        let found = filter("exec, io,0x7c00-0x7dff,first=10,nasm").unwrap();
        assert!(found.kinds.exec && found.kinds.io && !found.kinds.irq);
        assert_eq!((found.first, found.syntax), (Some(10), Syntax::Nasm));
        assert_eq!(found.ranges, [Range::Addresses(0x7C00..=0x7DFF)]);
    }

    #[test]
    fn a_number_alone_means_instructions() {
        assert!(filter("last=100").unwrap().only_recorded());
        assert!(!filter("last=100,io").unwrap().only_recorded());
    }

    #[test]
    fn mistakes_name_what_would_be_right() {
        for (text, part) in [
            ("first=0", "no number of lines"),
            ("first=1,last=1", "exclude each other"),
            ("0x20-0x10", "ends before it begins"),
            ("0x20-main", "use exec"),
            ("speed=9", "use exec"),
            ("last=99999999999", "too much"),
        ] {
            let error = filter(text).unwrap_err();
            assert!(error.contains(part), "{text}: {error}");
        }
    }

    #[test]
    fn a_symbol_that_is_not_there_is_named() {
        let mut found = filter("kernel_main").unwrap();
        assert_eq!(found.resolve(None), Err("kernel_main".to_owned()));
    }
}
