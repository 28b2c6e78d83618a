//! A command line checked against the host: after this nothing about a run's configuration can fail.
//!
//! Nothing is created, shortened or overwritten before everything has been checked.

use crate::cli::device::Device;
use crate::cli::sound::{self, SoundCard};
use crate::cli::values::{AudioTarget, DebugTarget, SerialTarget};
use crate::cli::{ClockKind, DisplayKind, RunArgs};
use crate::drives::{Drives, Image, file_name, same_file};
use crate::firmware;
use crate::hands;
use crate::media::{self, MediaError};
use crate::shelf::Shelf;
use crate::trace::Filter;
use ringzero_machine::{Config, ConfigError, Machine, Symbols, SymbolsError, Untypable};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Why a run cannot begin.
#[derive(Debug, thiserror::Error)]
pub(crate) enum PlanError {
    #[error(transparent)]
    Media(#[from] MediaError),
    #[error(transparent)]
    Config(#[from] ConfigError),
    #[error("two images for {drive}: {first} and {second}; give one of them another drive (-fda, -fdb, -hda to -hdd, -cdrom)",
        first = .first.display(), second = .second.display())]
    TwoImages { drive: &'static str, first: PathBuf, second: PathBuf },
    #[error("{path} is the image of {} and {}; copy it, or use --snapshot", .drives[0], .drives[1], path = .path.display())]
    SameImage { path: PathBuf, drives: [&'static str; 2] },
    #[error("--drive: no free drive is left; there are two for diskettes and four on the IDE cables")]
    NoFreeDrive,
    #[error("{flag} {path}: cannot be written: {source}; choose another place", path = .path.display())]
    Unwritable {
        flag: &'static str,
        path: PathBuf,
        #[source]
        source: io::Error,
    },
    #[error("{flag} {path} is also {other}; choose another name", path = .path.display())]
    OutputClash { flag: &'static str, path: PathBuf, other: String },
    #[error("{flag} {path}: cannot be read: {source}; check the name and its permissions", path = .path.display())]
    Unreadable {
        flag: &'static str,
        path: PathBuf,
        #[source]
        source: io::Error,
    },
    #[error("--type: {0}; --layout names the guest's keyboard layout")]
    Untypable(#[from] Untypable),
    #[error("--trace: no symbol {name:?}{}; --symbols names the ELF file that has it", did_you_mean(.nearest.as_deref()))]
    NoSymbol { name: String, nearest: Option<String> },
    #[error("--trace needs a run in virtual time; leave --clock host away")]
    TraceNeedsVirtualTime,
    #[error("--symbols {path}: {source}", path = .path.display())]
    NoSymbols {
        path: PathBuf,
        #[source]
        source: SymbolsError,
    },
    #[error("{0} means nothing without --kernel; name the kernel, or leave it away")]
    NeedsKernel(&'static str),
    #[error("{flag} {path}: {source}", path = .path.display())]
    NotUsable {
        flag: &'static str,
        path: PathBuf,
        #[source]
        source: Box<ConfigError>,
    },
    #[error("{flag} given {count} times; the machine has two serial ports and one stdin", flag = "--serial")]
    SerialPorts { count: usize },
    #[error("the USB controller has two ports, for a tablet, a mouse or a keyboard, one of each")]
    UsbPorts,
    #[error(
        "the serial mouse's port is given to something else; use --device msmouse,port=com1 or port=com2"
    )]
    MousePortTaken,
    #[error("{0} needs a headless run; add --headless or leave --display away")]
    NeedsHeadless(&'static str),
    #[error("--serial stdio cannot share the terminal with --display terminal; use --serial file:F")]
    StdioTaken,
}

/// Where the screen goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Display {
    /// A window, else the terminal, else nothing.
    Best,
    Window,
    Terminal,
    Headless,
}

/// How virtual time passes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Timing {
    /// In step with the wall clock, at the rate this host delivers.
    Host,
    /// In step with the wall clock, at a fixed rate.
    Paced,
    /// As fast as the host can, at a fixed rate: repeatable.
    Free,
}

/// A checked run.
pub(crate) struct Plan {
    pub(crate) machine: Machine,
    /// The image's name, for the window's title.
    pub(crate) title: String,
    pub(crate) display: Display,
    pub(crate) timing: Timing,
    pub(crate) serial: [SerialTarget; 2],
    pub(crate) debug: DebugTarget,
    pub(crate) audio: AudioTarget,
    pub(crate) notes: Vec<String>,
    pub(crate) shelf: Shelf,
    /// What is to be traced.
    pub(crate) trace: Option<Filter>,
    /// Names for a post-mortem and a trace.
    pub(crate) symbols: Option<Arc<Symbols>>,
}

/// Checks everything and builds the machine.
pub(crate) fn check(args: &RunArgs) -> Result<Plan, PlanError> {
    let display = display(args)?;
    let serial = serial(args, display)?;
    let timing = timing(args, display, &serial);
    let drives = Drives::choose(args)?;
    let outputs = outputs(args);
    check_outputs(&outputs, &drives.images)?;
    let mut built = assemble(args, &drives)?;
    if let Some(text) = &args.type_text {
        built.machine.type_text_in(args.layout, &text.0)?;
    }
    let kernel = args.kernel.as_ref().or(drives.kernel.as_ref());
    let symbols = firmware::symbols(args, drives.kernel.as_deref())?.map(Arc::new);
    Ok(Plan {
        machine: built.machine,
        title: drives.title().or_else(|| file_name(kernel?)).unwrap_or_else(|| "demo disk".to_owned()),
        display,
        timing,
        serial,
        debug: args.debugcon.clone().unwrap_or(DebugTarget::Stderr),
        audio: audio(args, display),
        notes: built.notes,
        shelf: drives.shelf(args.snapshot),
        trace: trace(args, timing, symbols.as_deref())?,
        symbols,
    })
}

/// A machine, and what the user should know of its disks.
pub(crate) struct Built {
    pub(crate) machine: Machine,
    pub(crate) notes: Vec<String>,
}

/// Builds the machine that the command line describes, whatever it says of the host.
pub(crate) fn build(args: &RunArgs) -> Result<Built, PlanError> {
    assemble(args, &Drives::choose(args)?)
}

fn assemble(args: &RunArgs, drives: &Drives) -> Result<Built, PlanError> {
    let mut notes = Vec::new();
    let mut media = drives.open(&mut notes)?;
    let mut config = config(args);
    hands::configure(args, &mut config)?;
    firmware::load(args, drives.kernel.as_deref(), &mut config)?;
    if drives.images.is_empty() && config.kernel.is_none() {
        media.floppies[0] = Some(media::demo_disk());
    }
    let kernel = args.kernel.as_ref().or(drives.kernel.as_ref());
    let mut machine = Machine::new(config, media).map_err(|error| {
        let (flag, path) = match &error {
            ConfigError::Kernel(_) => (if args.kernel.is_some() { "--kernel" } else { "kernel" }, kernel),
            ConfigError::BiosSize { .. } => ("--bios", args.bios.as_ref()),
            ConfigError::VgaBiosSize { .. } => ("--vga-bios", args.vga_bios.as_ref()),
            _ => return PlanError::Config(error),
        };
        PlanError::NotUsable { flag, path: path.cloned().unwrap_or_default(), source: Box::new(error) }
    })?;
    machine.cpu_mut().set_code_cache(args.code_cache);
    Ok(Built { machine, notes })
}

fn config(args: &RunArgs) -> Config {
    let defaults = Config::default();
    Config {
        cpu: args.cpu,
        memory: args.memory,
        boot_order: args.boot.0.clone(),
        mips: args.mips.unwrap_or(defaults.mips),
        debug_exit: args.device.iter().find_map(|device| device.debug_exit()),
        pvpanic: args.device.contains(&Device::PvPanic),
        sound: sound::cards(args.sound.as_ref(), sound_devices(args)),
        stop_at_reset: args.no_reboot,
        ..defaults
    }
}

fn sound_devices(args: &RunArgs) -> impl Iterator<Item = SoundCard> {
    args.device.iter().filter_map(|device| match device {
        Device::Sound(card) => Some(*card),
        _ => None,
    })
}

fn display(args: &RunArgs) -> Result<Display, PlanError> {
    let headless = args.headless || args.nographic || args.display == Some(DisplayKind::None);
    if !headless && args.display.is_some() && args.is_scripted() {
        return Err(PlanError::NeedsHeadless(scripted_flag(args)));
    }
    Ok(match args.display {
        _ if headless || args.is_scripted() => Display::Headless,
        Some(DisplayKind::Window) => Display::Window,
        Some(DisplayKind::Terminal) => Display::Terminal,
        Some(DisplayKind::None) => Display::Headless,
        None => Display::Best,
    })
}

fn scripted_flag(args: &RunArgs) -> &'static str {
    let flags = [
        (!args.expect_screen.is_empty(), "--expect-screen"),
        (!args.expect_serial.is_empty(), "--expect-serial"),
        (args.timeout.is_some(), "--timeout"),
        (args.max_instructions.is_some(), "--max-instructions"),
        (args.max_virtual.is_some(), "--max-virtual"),
        (args.max_serial.is_some(), "--max-serial"),
        (args.max_disk.is_some(), "--max-disk"),
        (args.hang_after.is_some(), "--hang-after"),
        (args.trace.is_some(), "--trace"),
        (args.dump_screen, "--dump-screen"),
        (args.state_hash, "--state-hash"),
    ];
    flags.into_iter().find(|(given, _)| *given).map_or("--screenshot", |(_, flag)| flag)
}

/// COM1 and COM2. Only stdout carries the first port of a headless run unasked.
fn serial(args: &RunArgs, display: Display) -> Result<[SerialTarget; 2], PlanError> {
    let mut given = args.serial.clone();
    if args.nographic && given.is_empty() {
        given.push(SerialTarget::Stdio);
    }
    let count = given.len();
    let stdio = given.iter().filter(|target| **target == SerialTarget::Stdio).count();
    if count > 2 || stdio > 1 {
        return Err(PlanError::SerialPorts { count });
    }
    if stdio > 0 && display == Display::Terminal {
        return Err(PlanError::StdioTaken);
    }
    let mut given = given.into_iter();
    Ok([given.next().unwrap_or(SerialTarget::Null), given.next().unwrap_or(SerialTarget::Null)])
}

fn timing(args: &RunArgs, display: Display, serial: &[SerialTarget; 2]) -> Timing {
    let typed_at = serial.contains(&SerialTarget::Stdio) && crate::serial::Stdin::is_terminal();
    let scripted = args.is_scripted() || args.type_text.is_some();
    let headless = display == Display::Headless;
    match (args.clock, args.mips) {
        (Some(ClockKind::Host), None) => Timing::Host,
        (Some(ClockKind::Host), Some(_)) => Timing::Paced,
        (Some(ClockKind::Virtual), _) if headless => Timing::Free,
        (Some(ClockKind::Virtual), _) => Timing::Paced,
        (None, _) if headless && (!typed_at || scripted) => Timing::Free,
        (None, Some(_)) => Timing::Paced,
        (None, None) => Timing::Host,
    }
}

fn audio(args: &RunArgs, display: Display) -> AudioTarget {
    args.audio.clone().or_else(|| args.audiodev.clone()).unwrap_or(match display {
        Display::Headless => AudioTarget::None,
        Display::Best | Display::Window | Display::Terminal => AudioTarget::Card,
    })
}

fn did_you_mean(name: Option<&str>) -> String {
    name.map(|name| format!(", did you mean {name:?}?")).unwrap_or_default()
}

/// What is to be traced, its symbols looked up.
fn trace(args: &RunArgs, timing: Timing, symbols: Option<&Symbols>) -> Result<Option<Filter>, PlanError> {
    let Some(mut filter) = args.trace.clone() else { return Ok(None) };
    if timing != Timing::Free {
        return Err(PlanError::TraceNeedsVirtualTime);
    }
    filter.resolve(symbols).map_err(|name| {
        let nearest = Filter::nearest(&name, symbols);
        PlanError::NoSymbol { name, nearest }
    })?;
    Ok(Some(filter))
}

/// Files that the run will write, by flag.
fn outputs(args: &RunArgs) -> Vec<(&'static str, PathBuf)> {
    let mut outputs = Vec::new();
    outputs.extend(args.screenshot.clone().map(|path| ("--screenshot", path)));
    outputs.extend(args.record.clone().map(|path| ("--record", path)));
    outputs.extend(args.trace_file.clone().map(|path| ("--trace-file", path)));
    outputs.extend(args.profile.clone().map(|path| ("--profile", path)));
    for target in &args.serial {
        if let SerialTarget::File(path) = target {
            outputs.push(("--serial", path.clone()));
        }
    }
    if let Some(DebugTarget::File(path)) = &args.debugcon {
        outputs.push(("--debugcon", path.clone()));
    }
    if let Some(AudioTarget::Wav(path)) = args.audio.as_ref().or(args.audiodev.as_ref()) {
        outputs.push(("--audio", path.clone()));
    }
    outputs
}

fn check_outputs(outputs: &[(&'static str, PathBuf)], images: &[Image]) -> Result<(), PlanError> {
    for (number, (flag, path)) in outputs.iter().enumerate() {
        let clash = |other: String| PlanError::OutputClash { flag, path: path.clone(), other };
        if let Some(image) = images.iter().find(|image| same_file(&image.path, path)) {
            return Err(clash(format!("the disk image {}", image.path.display())));
        }
        if let Some((other, _)) =
            outputs[..number].iter().find(|(_, earlier)| earlier == path || same_file(earlier, path))
        {
            return Err(clash(format!("the file of {other}")));
        }
        writable(path).map_err(|source| PlanError::Unwritable { flag, path: path.clone(), source })?;
    }
    Ok(())
}

/// Whether a file can be written there, found out without touching anything.
fn writable(path: &Path) -> io::Result<()> {
    match std::fs::metadata(path) {
        Ok(metadata) if metadata.is_dir() => Err(io::Error::other("it is a directory")),
        Ok(_) => may_write(path),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
            let folder = folder.unwrap_or(Path::new("."));
            if !std::fs::metadata(folder)?.is_dir() {
                return Err(io::Error::other(format!("{} is no directory", folder.display())));
            }
            may_write(folder)
        }
        Err(error) => Err(error),
    }
}

#[cfg(unix)]
fn may_write(path: &Path) -> io::Result<()> {
    rustix::fs::access(path, rustix::fs::Access::WRITE_OK).map_err(io::Error::from)
}

#[cfg(not(unix))]
fn may_write(path: &Path) -> io::Result<()> {
    if std::fs::metadata(path)?.permissions().readonly() {
        return Err(io::Error::from(io::ErrorKind::PermissionDenied));
    }
    Ok(())
}
