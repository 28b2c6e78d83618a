//! Values of options: sizes, models, boot orders, devices, patterns. Every error says what would be right.

use crate::record::Format;
use regex::RegexBuilder;
use ringzero_machine::{BootDevice, Layout, Model};
use std::path::PathBuf;
use std::time::Duration;

/// Devices to boot from, first to last.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct BootOrder(pub(crate) Vec<BootDevice>);

/// Text to type, escapes resolved.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Typed(pub(crate) String);

/// A pattern for text and one for bytes, as screens and serial ports need them.
#[derive(Clone, Debug)]
pub(crate) struct Pattern {
    pub(crate) text: regex::Regex,
    pub(crate) bytes: regex::bytes::Regex,
}

/// The host's end of a serial port.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum SerialTarget {
    /// stdin and stdout.
    Stdio,
    /// Nothing.
    Null,
    /// Output to a file.
    File(PathBuf),
    /// The host's mouse.
    Mouse,
}

/// Where port E9h's bytes go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum DebugTarget {
    /// stderr.
    Stderr,
    /// Nowhere.
    Null,
    /// A file.
    File(PathBuf),
}

/// Where sound goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum AudioTarget {
    /// The sound card.
    Card,
    /// Nowhere.
    None,
    /// A WAV file.
    Wav(PathBuf),
}

/// What a drive is connected to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Interface {
    Floppy,
    Ide,
}

/// A drive in QEMU's `-drive` spelling.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct DriveSpec {
    /// The image; a CD-ROM drive may have none.
    pub(crate) file: Option<PathBuf>,
    pub(crate) interface: Interface,
    /// Which drive of the interface; `None`: the next free.
    pub(crate) index: Option<usize>,
    pub(crate) is_cd: bool,
    pub(crate) read_only: bool,
    pub(crate) snapshot: bool,
}

/// A processor model by name.
pub(crate) fn cpu(name: &str) -> Result<Model, String> {
    let lower = name.to_ascii_lowercase();
    let lower = match lower.as_str() {
        "8088" | "86" | "i8086" => "8086",
        "186" | "i186" => "80186",
        "286" | "i286" => "80286",
        "386" | "i386" => "80386",
        other => other,
    };
    Model::by_name(lower).ok_or_else(|| {
        let names: Vec<&str> = Model::ALL.iter().map(|model| model.name).collect();
        let nearest = names.iter().max_by(|a, b| {
            let likeness = |candidate: &str| strsim::jaro_winkler(candidate, lower);
            likeness(a).total_cmp(&likeness(b))
        });
        let hint = nearest
            .filter(|candidate| strsim::jaro_winkler(candidate, lower) > 0.6)
            .map(|candidate| format!("did you mean {candidate}? "))
            .unwrap_or_default();
        format!("no such model; {hint}use one of {}", names.join(", "))
    })
}

/// A number and a unit in powers of 1024; without one, of `1 << bare`.
fn with_unit(text: &str, bare: u32) -> Option<u64> {
    let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let shift = match text[digits.len()..].to_ascii_uppercase().as_str() {
        "" => bare,
        "B" => 0,
        "K" | "KB" | "KIB" => 10,
        "M" | "MB" | "MIB" => 20,
        "G" | "GB" | "GIB" => 30,
        _ => return None,
    };
    if !digits.bytes().all(|c| c.is_ascii_digit()) {
        return None;
    }
    digits.parse::<u64>().ok()?.checked_mul(1 << shift)
}

/// Bytes, from `640K`, `16M`, `1G`, or a bare number of MiB, as QEMU has it.
pub(crate) fn size(text: &str) -> Result<u64, String> {
    let text = text.strip_prefix("size=").unwrap_or(text);
    let bytes = with_unit(text, 20)
        .ok_or_else(|| "not a size; write 640K, 16M or 1G (a bare number is MiB)".to_owned())?;
    const LEAST: u64 = 1 << 20;
    const MOST: u64 = 3072 << 20;
    if (LEAST..=MOST).contains(&bytes) {
        Ok(bytes)
    } else {
        Err("out of range; use 1M to 3072M (BIOS and video memory take part of the first 1M, as on a PC)"
            .to_owned())
    }
}

/// Bytes of decoded code, written as [`size`] has it.
pub(crate) fn code_cache(text: &str) -> Result<usize, String> {
    const LEAST: u64 = 128 << 10;
    const MOST: u64 = 4 << 30;
    let bytes = with_unit(text, 20)
        .ok_or_else(|| "not a size; write 512K, 8M or 1G (a bare number is MiB)".to_owned())?;
    let wanted = Some(bytes).filter(|bytes| (LEAST..=MOST).contains(bytes));
    wanted
        .and_then(|bytes| usize::try_from(bytes).ok())
        .ok_or_else(|| "out of range; use 128K to 4G".to_owned())
}

/// Bytes, from `4096`, `64K`, `16M`, `1G`.
pub(crate) fn bytes(text: &str) -> Result<u64, String> {
    with_unit(text, 0)
        .filter(|&bytes| bytes > 0)
        .ok_or_else(|| "not a number of bytes; write 4096, 64K or 16M".to_owned())
}

/// Blocks to remember.
pub(crate) fn history(text: &str) -> Result<usize, String> {
    const MOST: usize = 1 << 24;
    let blocks = text.parse().ok().filter(|&blocks| blocks <= MOST);
    blocks.ok_or_else(|| format!("not a number of blocks; use 0 to {MOST}"))
}

/// A boot order: `ac`, `order=ac`, `once=a`.
pub(crate) fn boot_order(text: &str) -> Result<BootOrder, String> {
    let mut letters = text;
    for part in text.split(',').filter(|_| text.contains('=')) {
        match part.split_once('=') {
            Some(("order" | "once", order)) => letters = order,
            Some(("menu" | "strict", _)) => {}
            _ => return Err(format!("{part:?} is not understood; write letters, such as ac")),
        }
    }
    let device = |letter| match letter {
        'a' => Ok(BootDevice::FloppyA),
        'b' => Ok(BootDevice::FloppyB),
        'c' => Ok(BootDevice::HardDisk),
        'd' => Ok(BootDevice::Cd),
        other => Err(format!("{other:?} is no boot device; use a, b (floppies), c (hard disk), d (CD)")),
    };
    let order: Vec<BootDevice> = letters.chars().map(device).collect::<Result<_, _>>()?;
    if order.is_empty() {
        return Err("no boot device; use letters of a, b, c, d".to_owned());
    }
    Ok(BootOrder(order))
}

/// A number as C writes it: decimal or 0x.
pub(super) fn number(text: &str) -> Option<u16> {
    match text.strip_prefix("0x").or_else(|| text.strip_prefix("0X")) {
        Some(hex) => u16::from_str_radix(hex, 16).ok(),
        None => text.parse().ok(),
    }
}

/// `file=F,if=ide,index=0,media=disk`.
pub(crate) fn drive(text: &str) -> Result<DriveSpec, String> {
    let (mut file, mut interface, mut index, mut bus) = (None, Interface::Ide, None, 0);
    let (mut is_cd, mut read_only, mut snapshot) = (false, false, false);
    for part in text.split(',') {
        match part.split_once('=').unwrap_or((part, "")) {
            ("file", name) if !name.is_empty() => file = Some(PathBuf::from(name)),
            ("if", "floppy") => interface = Interface::Floppy,
            ("if", "ide")
            | ("format", "raw")
            | ("cache" | "aio" | "id" | "discard" | "werror" | "rerror", _) => {}
            ("index" | "unit", number) => index = Some(number.parse().map_err(|_| not_a_number(part))?),
            ("bus", number) => bus = number.parse().map_err(|_| not_a_number(part))?,
            ("media", "cdrom") => is_cd = true,
            ("media", "disk") => {}
            ("readonly" | "read-only", "on") => read_only = true,
            ("snapshot", "on") => snapshot = true,
            ("readonly" | "read-only" | "snapshot", "off") => {}
            ("if", other) => return Err(format!("if={other}: there are ide and floppy drives")),
            ("format", other) => {
                return Err(format!("format={other}: only raw images are supported yet; convert the image"));
            }
            _ => return Err(format!("{part:?} is not understood; write file=F,if=ide,index=0,media=disk")),
        }
    }
    let index = if bus > 0 { Some(2 * bus + index.unwrap_or(0)) } else { index };
    let (drives, name) = if interface == Interface::Ide { (4, "ide") } else { (2, "floppy") };
    match (index, &file) {
        (Some(index), _) if index >= drives => {
            Err(format!("index={index} is out of range; {name} drives count from 0 to {}", drives - 1))
        }
        (_, None) if !is_cd => Err("file= is missing; only a CD-ROM drive may be empty".to_owned()),
        _ if is_cd && interface == Interface::Floppy => Err("media=cdrom needs if=ide".to_owned()),
        _ => Ok(DriveSpec { file, interface, index, is_cd, read_only, snapshot }),
    }
}

fn not_a_number(part: &str) -> String {
    format!("{part:?} needs a number, such as index=0")
}

/// `stdio`, `null`, `msmouse`, `file:F`.
pub(crate) fn serial(text: &str) -> Result<SerialTarget, String> {
    match text {
        "stdio" | "mon:stdio" => Ok(SerialTarget::Stdio),
        "null" | "none" => Ok(SerialTarget::Null),
        "msmouse" => Ok(SerialTarget::Mouse),
        _ => match text.strip_prefix("file:") {
            Some(file) if !file.is_empty() => Ok(SerialTarget::File(file.into())),
            _ => Err("use stdio, null, msmouse or file:F".to_owned()),
        },
    }
}

/// `stderr`, `null`, `F`, `file:F`.
pub(crate) fn debug_target(text: &str) -> Result<DebugTarget, String> {
    match text {
        "stderr" => Ok(DebugTarget::Stderr),
        "null" | "none" => Ok(DebugTarget::Null),
        "stdio" => Err("stdout belongs to the serial port; use stderr or a file".to_owned()),
        _ => match text.strip_prefix("file:").unwrap_or(text) {
            "" => Err("use stderr, null or a file".to_owned()),
            file => Ok(DebugTarget::File(file.into())),
        },
    }
}

/// `card`, `none`, `wav:F`.
pub(crate) fn audio(text: &str) -> Result<AudioTarget, String> {
    match text {
        "card" | "cpal" => Ok(AudioTarget::Card),
        "none" | "null" => Ok(AudioTarget::None),
        _ => match text.strip_prefix("wav:") {
            Some(file) if !file.is_empty() => Ok(AudioTarget::Wav(file.into())),
            _ => Err("use cpal, none or wav:FILE".to_owned()),
        },
    }
}

/// A file name that says how to record.
pub(crate) fn recording(text: &str) -> Result<PathBuf, String> {
    let path = PathBuf::from(text);
    match Format::of(&path) {
        Some(_) => Ok(path),
        None => Err("the name must end in .png for a moving PNG, or in .gif".to_owned()),
    }
}

/// Seconds, perhaps with a fraction.
pub(crate) fn seconds(text: &str) -> Result<Duration, String> {
    let wrong = || "not a number of seconds above 0, such as 30 or 0.5".to_owned();
    let number: f64 = text.strip_suffix('s').unwrap_or(text).parse().map_err(|_| wrong())?;
    let time = Duration::try_from_secs_f64(number).map_err(|_| wrong())?;
    if time.is_zero() { Err(wrong()) } else { Ok(time) }
}

/// A count: digits, perhaps with underscores, perhaps with k, M or G behind.
pub(crate) fn count(text: &str) -> Result<u64, String> {
    let wrong = || "not a count above 0, such as 5000000, 5_000_000 or 5M".to_owned();
    let plain = text.replace('_', "");
    let digits = plain.trim_end_matches(['k', 'K', 'M', 'G']);
    let unit = match &plain[digits.len()..] {
        "" => 1,
        "k" | "K" => 1_000,
        "M" => 1_000_000,
        "G" => 1_000_000_000,
        _ => return Err(wrong()),
    };
    let number: u64 = digits.parse().map_err(|_| wrong())?;
    number.checked_mul(unit).filter(|&n| n > 0).ok_or_else(wrong)
}

/// Text with escapes.
pub(crate) fn typed(text: &str) -> Result<Typed, String> {
    let mut out = String::new();
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        let c = match (c, c == '\\') {
            (c, false) => c,
            (_, true) => match chars.next() {
                Some('n' | 'r') => '\n',
                Some('t') => '\t',
                Some('b') => '\u{8}',
                Some('e') => '\u{1b}',
                Some('\\') => '\\',
                Some(other) => return Err(format!(r"\{other} is no escape; use \n \t \b \e \\")),
                None => return Err(r"it ends in a lone backslash; write \\".to_owned()),
            },
        };
        out.push(c);
    }
    Ok(Typed(out))
}

/// A keyboard layout by name.
pub(crate) fn layout(name: &str) -> Result<Layout, String> {
    Layout::by_name(name).ok_or_else(|| {
        let names = Layout::ALL.map(Layout::name).join(", ");
        format!("no such keyboard layout; use one of {names}")
    })
}

/// A regular expression; `^` and `$` match at lines.
pub(crate) fn pattern(text: &str) -> Result<Pattern, String> {
    let as_text = RegexBuilder::new(text).multi_line(true).build().map_err(|e| regex_error(&e))?;
    let as_bytes = regex::bytes::RegexBuilder::new(text).multi_line(true).crlf(true).build();
    Ok(Pattern { text: as_text, bytes: as_bytes.map_err(|e| regex_error(&e))? })
}

/// The library's drawing of the place, as one line.
fn regex_error(error: &regex::Error) -> String {
    let text = error.to_string();
    let reason = text.lines().find_map(|line| line.strip_prefix("error: "));
    let Some(reason) = reason else { return text.lines().collect::<Vec<_>>().join(" ") };
    // The drawing is indented by four columns.
    let carets = text.lines().find(|line| line.trim_start().starts_with('^'));
    match carets.and_then(|line| line.find('^')).and_then(|at| at.checked_sub(3)) {
        Some(column) => format!("broken regular expression at column {column}: {reason}"),
        None => format!("broken regular expression: {reason}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_have_qemu_units() {
        assert_eq!(size("64"), Ok(64 << 20));
        assert_eq!(size("1024K"), Ok(1 << 20));
        assert_eq!(size("1g"), Ok(1 << 30));
        assert_eq!(size("size=16M"), Ok(16 << 20));
    }

    #[test]
    fn sizes_that_are_none_are_refused() {
        for wrong in ["", "M", "-1", "1.5M", "0", "512K", "4G", "99999999999999G", "16X", "1é"] {
            assert!(size(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn code_caches_have_bounds() {
        assert_eq!(
            [code_cache("128K"), code_cache("8"), code_cache("4G")],
            [Ok(128 << 10), Ok(8 << 20), Ok(4 << 30)]
        );
        for wrong in ["127K", "0", "5G", "much", "-1"] {
            assert!(code_cache(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn an_unknown_model_is_answered_with_the_nearest() {
        assert!(cpu("80387").unwrap_err().contains("did you mean 80386?"));
        assert!(cpu("zx").unwrap_err().contains("8086, 80186"));
    }

    #[test]
    fn boot_orders() {
        use BootDevice::*;
        assert_eq!(boot_order("ba"), Ok(BootOrder(vec![FloppyB, FloppyA])));
        assert_eq!(boot_order("order=ca,menu=off"), Ok(BootOrder(vec![HardDisk, FloppyA])));
        assert!(boot_order("x").is_err() && boot_order("").is_err() && boot_order("menu=on").is_err());
    }

    #[test]
    fn drives() {
        let drive_b = drive("file=x.img,if=floppy,index=1,format=raw").unwrap();
        assert_eq!((drive_b.file, drive_b.index), (Some(PathBuf::from("x.img")), Some(1)));
        assert_eq!(drive("file=x.img").unwrap().interface, Interface::Ide);
        assert_eq!(drive("file=x.img,bus=1,unit=1").unwrap().index, Some(3));
        assert!(drive("media=cdrom").unwrap().file.is_none());
        for wrong in [
            "if=floppy",
            "file=x,index=4",
            "file=x,format=qcow2",
            "file=x,if=scsi",
            "file=x,if=floppy,index=2",
        ] {
            assert!(drive(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn escapes_of_typed_text() {
        assert_eq!(typed(r"dir\n\\\t\e"), Ok(Typed("dir\n\\\t\u{1b}".to_owned())));
        assert!(typed(r"\q").is_err() && typed("\\").is_err());
    }

    #[test]
    fn a_broken_pattern_names_its_place() {
        assert_eq!(pattern("ab(c").unwrap_err(), "broken regular expression at column 3: unclosed group");
    }

    #[test]
    fn counts_and_seconds() {
        assert_eq!(count("5_000k"), Ok(5_000_000));
        assert!(count("0").is_err() && count("-1").is_err() && count("M").is_err());
        assert_eq!(seconds("0.5"), Ok(Duration::from_millis(500)));
        assert!(seconds("0").is_err() && seconds("-1").is_err() && seconds("NaN").is_err());
    }
}
