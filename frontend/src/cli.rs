//! The command line.

pub(crate) mod argv;
pub(crate) mod device;
pub(crate) mod runner;
pub(crate) mod sound;
pub(crate) mod test;
pub(crate) mod values;

use crate::looks::{Aspect, Filter};
use crate::trace::Filter as TraceFilter;
use crate::verdict::EXIT_USAGE;
use clap::{Args, CommandFactory, Parser, Subcommand, ValueEnum};
use device::Device;
use ringzero_machine::{Layout, Model};
use sound::SoundList;
use std::ffi::OsString;
use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;
use values::{AudioTarget, BootOrder, DebugTarget, DriveSpec, Pattern, SerialTarget, Typed};

const EXAMPLES: &str = "\
Examples:
  ringzero                                    the built-in demo disk, in a window
  ringzero disk.img                           a floppy, hard disk or CD image: what it is shows
  ringzero -hda disk.img -cdrom setup.iso -boot d
  ringzero -kernel vmlinuz -initrd initrd.gz -append console=ttyS0 -nographic
  ringzero game.img --cpu 8086 --mips 1       an old game at the speed it was written for
  ringzero freedos.img --display terminal     in this terminal, over SSH too; Ctrl-A x quits
  ringzero kernel.img --headless --expect-serial 'tests passed' --timeout 30
  ringzero dos.img --headless --snapshot --type 'dir\\n' --dump-screen
  ringzero -fda os.img -nographic -no-reboot -device isa-debug-exit,iobase=0xf4,iosize=0x04
  ringzero runner target/i686-kernel/debug/kernel               as `cargo run` and `cargo test` call it
  ringzero test tests/scenarios --report junit results.xml      every *.scenario.toml, in parallel

`ringzero IMAGE` is short for `ringzero run IMAGE`; QEMU's spellings work with one dash or two.
`ringzero run --help` explains every option.";

const RUN_NOTES: &str = "\
In the window:   F12 or Ctrl-Alt-M opens a menu of all there is; Ctrl-Alt-P pause, -R reset, -D sends Ctrl-Alt-Del,
                 -S screenshot, -V recording, -Q quit; F11 or Ctrl-Alt-Enter full screen;
                 Ctrl-Alt-E ejects the CD or brings the next, -F the same for diskette A; an image dropped onto the window
                 goes into its drive; a click or Ctrl-Alt-G gives the guest the mouse, Ctrl-Alt-G takes it back; a guest that
                 uses a tablet (--device usb-tablet) or VMware's pointer follows the mouse without that.
In the terminal: Ctrl-A x quit, p pause, r reset, d Ctrl-Alt-Del, s screenshot, e CD, f diskette, Ctrl-A the key itself.

Exit codes of headless runs:
   0  the guest reported success, powered off or met the expectation
   1  the guest reported failure (debug exit: (value << 1) | 1)
  64  wrong usage or configuration, unreadable image
  70  a fault of ringzero
  80  triple fault             81  hang: halted or spinning with interrupts off
  82  --timeout                83  --max-instructions or --max-virtual
  84  the guest ended without what was expected    85  guest panic

A headless run is repeatable: the same image and input give the same --state-hash on every host. Without --type, an
expectation or a limit it goes on until the guest powers off, resets (--no-reboot), hangs or is stopped.
With --type and no expectation it ends when the guest waits for the next key.";

/// A PC emulator: runs x86 software instruction by instruction, in a window, a terminal or without a screen.
#[derive(Debug, Parser)]
#[command(name = "ringzero", version, after_help = EXAMPLES, subcommand_value_name = "COMMAND")]
pub(crate) struct Cli {
    #[command(subcommand)]
    command: Command,
}

impl Cli {
    /// What the command line asks for.
    pub(crate) fn into_command(self) -> Command {
        self.command
    }
}

/// What to do.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Run a PC (the default command).
    Run(Box<RunArgs>),
    /// Run a kernel for `cargo run` and `cargo test`: a headless run with the defaults of tests.
    Runner(Box<runner::RunnerArgs>),
    /// Run scenarios and give a verdict on each.
    Test(Box<test::TestArgs>),
    /// List what this program knows.
    List {
        /// What to list.
        what: ListWhat,
    },
}

/// What `ringzero list` can list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum ListWhat {
    /// Processor models for --cpu.
    Cpus,
}

/// Where the machine's screen goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum DisplayKind {
    /// A desktop window.
    #[value(aliases = ["gtk", "sdl", "cocoa"])]
    Window,
    /// This terminal.
    #[value(alias = "curses")]
    Terminal,
    /// Nowhere: a headless run.
    None,
}

impl DisplayKind {
    /// Whether someone sees it.
    pub(crate) fn is_seen(self) -> bool {
        self != Self::None
    }
}

/// How a terminal is shown pictures.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum Graphics {
    /// The best that the terminal says it can.
    #[default]
    Auto,
    /// Half blocks, which every terminal has.
    Blocks,
    /// Sixels, as of the VT340.
    Sixel,
    /// The kitty graphics protocol.
    Kitty,
}

/// What drives virtual time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum ClockKind {
    /// The wall clock: the rate follows what this host delivers.
    Host,
    /// The fixed rate of --mips.
    Virtual,
}

/// `ringzero run`.
#[derive(Debug, Args)]
#[command(after_help = RUN_NOTES)]
pub(crate) struct RunArgs {
    /// Image of a diskette, hard disk or CD, or a kernel, recognised by content and size; without one the built-in demo disk runs.
    pub(crate) image: Option<PathBuf>,
    /// Image in floppy drive A; further ones wait until a key brings them (Ctrl-Alt-F, in the terminal Ctrl-A f).
    #[arg(long, value_name = "FILE", help_heading = "Machine")]
    pub(crate) fda: Vec<PathBuf>,
    /// Image in floppy drive B.
    #[arg(long, value_name = "FILE", help_heading = "Machine")]
    pub(crate) fdb: Option<PathBuf>,
    /// Image of the first hard disk: the master of the primary IDE channel.
    #[arg(long, value_name = "FILE", help_heading = "Machine")]
    pub(crate) hda: Option<PathBuf>,
    /// Image of the slave of the primary channel.
    #[arg(long, value_name = "FILE", help_heading = "Machine")]
    pub(crate) hdb: Option<PathBuf>,
    /// Image of the master of the secondary channel, where --cdrom goes too.
    #[arg(long, value_name = "FILE", help_heading = "Machine")]
    pub(crate) hdc: Option<PathBuf>,
    /// Image of the slave of the secondary channel.
    #[arg(long, value_name = "FILE", help_heading = "Machine")]
    pub(crate) hdd: Option<PathBuf>,
    /// CD image in the CD-ROM drive; further ones wait until a key brings them (Ctrl-Alt-E, in the terminal Ctrl-A e).
    #[arg(long, value_name = "FILE", help_heading = "Machine")]
    pub(crate) cdrom: Vec<PathBuf>,
    /// A drive as QEMU writes it: file=F, then optionally if=ide|floppy, index=N, media=disk|cdrom, readonly=on, snapshot=on.
    #[arg(long, value_name = "SPEC", value_parser = values::drive, help_heading = "Machine")]
    pub(crate) drive: Vec<DriveSpec>,
    /// Kernel to boot without a disk: Linux, multiboot 1 or 2, or an ELF file with a PVH entry.
    #[arg(long, value_name = "FILE", help_heading = "Machine")]
    pub(crate) kernel: Option<PathBuf>,
    /// Initial RAM disk for --kernel; a multiboot kernel's modules, each perhaps with arguments, are separated by commas.
    #[arg(long, value_name = "FILE", help_heading = "Machine")]
    pub(crate) initrd: Vec<String>,
    /// Command line for --kernel.
    #[arg(long, value_name = "TEXT", help_heading = "Machine")]
    pub(crate) append: Option<String>,
    /// BIOS image in place of the built-in one, such as SeaBIOS.
    #[arg(long, value_name = "FILE", help_heading = "Machine")]
    pub(crate) bios: Option<PathBuf>,
    /// Video BIOS image in place of the built-in one.
    #[arg(long, alias = "vgabios", value_name = "FILE", help_heading = "Machine")]
    pub(crate) vga_bios: Option<PathBuf>,
    /// Processor model; `ringzero list cpus` names them.
    #[arg(long, value_name = "MODEL", default_value = "max", value_parser = values::cpu, help_heading = "Machine")]
    pub(crate) cpu: Model,
    /// Memory: 1M to 3072M; a bare number is MiB.
    #[arg(short, long, alias = "m", value_name = "SIZE", default_value = "128M", value_parser = values::size, help_heading = "Machine")]
    pub(crate) memory: u64,
    /// Most memory of the host for decoded code: 128K to 4G; a bare number is MiB. The run does not depend on it.
    #[arg(long, value_name = "SIZE", default_value = "32M", value_parser = values::code_cache, help_heading = "Machine")]
    pub(crate) code_cache: usize,
    /// Boot order: letters of a and b (floppies), c (hard disk), d (CD).
    #[arg(long, value_name = "ORDER", default_value = "acd", value_parser = values::boot_order, help_heading = "Machine")]
    pub(crate) boot: BootOrder,
    /// A device; may be repeated: isa-debug-exit, then optionally iobase=PORT and iosize=N; pvpanic; sb16, then optionally iobase=0x220, irq=5, dma=1, dma16=5; adlib; ac97; usb-tablet, usb-mouse, usb-kbd; msmouse, then optionally port=com1 and wheel; gameport=off; vmmouse.
    #[arg(long, value_name = "DEVICE", value_parser = device::device, help_heading = "Machine")]
    pub(crate) device: Vec<Device>,
    /// Sound cards: sb16, adlib, ac97, several separated by commas, or none [default: sb16, unless a --device is a sound card].
    #[arg(long, alias = "soundhw", value_name = "CARDS", value_parser = sound::list, help_heading = "Machine")]
    pub(crate) sound: Option<SoundList>,
    /// The USB controller, with devices or without.
    #[arg(long, help_heading = "Machine")]
    pub(crate) usb: bool,
    /// A USB device: tablet, mouse or keyboard. May be repeated.
    #[arg(long, value_name = "DEVICE", value_parser = device::usb_device, help_heading = "Machine")]
    pub(crate) usbdevice: Vec<Device>,
    /// Instructions per virtual microsecond: fixes the rate (headless default: 128).
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=100_000), help_heading = "Machine")]
    pub(crate) mips: Option<u32>,
    /// What drives virtual time: the default is `host` in the window and terminal, `virtual` headless.
    #[arg(long, value_enum, help_heading = "Machine")]
    pub(crate) clock: Option<ClockKind>,
    /// Keep disk writes in memory; images stay as they are.
    #[arg(long, help_heading = "Machine")]
    pub(crate) snapshot: bool,
    /// A reset or triple fault ends the run.
    #[arg(long, conflicts_with = "reboot", help_heading = "Machine")]
    pub(crate) no_reboot: bool,
    /// A reset that ends the run is a failure.
    #[arg(skip)]
    pub(crate) reset_fails: bool,
    /// Headless: a triple fault resets the machine, as on a PC.
    #[arg(long, help_heading = "Machine")]
    pub(crate) reboot: bool,

    /// Where the screen goes [default: window, else terminal, else none].
    #[arg(long, value_enum, help_heading = "Host")]
    pub(crate) display: Option<DisplayKind>,
    /// No screen: --display none.
    #[arg(long, conflicts_with = "display", help_heading = "Host")]
    pub(crate) headless: bool,
    /// --display none --serial stdio, with the terminal's keys going to the serial port; Ctrl-A x quits.
    #[arg(long, help_heading = "Host")]
    pub(crate) nographic: bool,
    /// COM1, the second time COM2: stdio, null, msmouse or file:F [default: output to stdout when headless, else null].
    #[arg(long, value_name = "TARGET", value_parser = values::serial, help_heading = "Host")]
    pub(crate) serial: Vec<SerialTarget>,
    /// Output of port E9h: a file, or `stderr` or `null` [default: stderr].
    #[arg(long, value_name = "FILE", value_parser = values::debug_target, help_heading = "Host")]
    pub(crate) debugcon: Option<DebugTarget>,
    /// Where sound goes: cpal (this host's sound card), none or wav:FILE [default: cpal, headless none].
    #[arg(long, value_name = "TARGET", value_parser = values::audio, help_heading = "Host")]
    pub(crate) audio: Option<AudioTarget>,
    /// The same as QEMU writes it.
    #[arg(long, value_name = "SPEC", value_parser = sound::audiodev, conflicts_with = "audio", hide = true)]
    pub(crate) audiodev: Option<AudioTarget>,

    /// The guest's stick: auto (the host's, if it has one), keys (the keypad, in a window), none, or a device.
    #[arg(long, value_name = "SOURCE", default_value = "auto", value_parser = crate::joystick::source, help_heading = "Host")]
    pub(crate) joystick: crate::joystick::Source,

    /// How a terminal is shown pictures.
    #[arg(long, value_enum, default_value_t, help_heading = "Host")]
    pub(crate) graphics: Graphics,
    /// How the window enlarges the picture.
    #[arg(long, value_enum, default_value_t, help_heading = "Host")]
    pub(crate) filter: Filter,
    /// The picture's shape in the window: that of the monitor, or square pixels.
    #[arg(long, value_enum, default_value_t, help_heading = "Host")]
    pub(crate) aspect: Aspect,
    /// The window begins with the whole screen.
    #[arg(long, help_heading = "Host")]
    pub(crate) full_screen: bool,
    /// No line of lights and speed below the picture.
    #[arg(long, help_heading = "Host")]
    pub(crate) no_status: bool,
    /// Record the picture to this file: a moving PNG, or a GIF where the name ends in .gif.
    #[arg(long, value_name = "FILE", value_parser = values::recording, help_heading = "Host")]
    pub(crate) record: Option<PathBuf>,

    /// Type this text when the guest waits for keys: \n Enter, \t Tab, \b Backspace, \e Escape, \\ backslash.
    #[arg(long = "type", value_name = "TEXT", value_parser = values::typed, help_heading = "Script")]
    pub(crate) type_text: Option<Typed>,
    /// The guest's keyboard layout, for --type: us, uk, de or fr.
    #[arg(long, value_name = "LAYOUT", default_value = "us", value_parser = values::layout, help_heading = "Script")]
    pub(crate) layout: Layout,
    /// Succeed as soon as the screen shows this, once all text has been typed; may be repeated.
    #[arg(long, value_name = "REGEX", value_parser = values::pattern, help_heading = "Script")]
    pub(crate) expect_screen: Vec<Pattern>,
    /// Succeed as soon as a serial port has said this; may be repeated.
    #[arg(long, value_name = "REGEX", value_parser = values::pattern, help_heading = "Script")]
    pub(crate) expect_serial: Vec<Pattern>,
    /// Give up after this many seconds of host time.
    #[arg(long, value_name = "SECS", value_parser = values::seconds, help_heading = "Script")]
    pub(crate) timeout: Option<std::time::Duration>,
    /// Give up after this many instructions.
    #[arg(long, value_name = "N", value_parser = values::count, help_heading = "Script")]
    pub(crate) max_instructions: Option<u64>,
    /// Give up after this many seconds of virtual time.
    #[arg(long, value_name = "SECS", value_parser = values::seconds, help_heading = "Script")]
    pub(crate) max_virtual: Option<std::time::Duration>,
    /// Give up when the serial ports have sent this many bytes: 64K, 16M.
    #[arg(long, value_name = "BYTES", value_parser = values::bytes, help_heading = "Script")]
    pub(crate) max_serial: Option<u64>,
    /// Give up when disks have grown by this much on the host: 64K, 16M.
    #[arg(long, value_name = "BYTES", value_parser = values::bytes, help_heading = "Script")]
    pub(crate) max_disk: Option<u64>,
    /// Call it a hang when nothing has shown for this many seconds of virtual time: no screen, disk, serial or new interrupt activity.
    #[arg(long, value_name = "SECS", value_parser = values::seconds, help_heading = "Script")]
    pub(crate) hang_after: Option<std::time::Duration>,
    /// ELF file with the names of addresses, for what is said of a run that ends badly; an ELF --kernel names its own.
    #[arg(long, value_name = "ELF", help_heading = "Script")]
    pub(crate) symbols: Option<PathBuf>,
    /// Branches to remember for the list of the last ones, those that are always taken not counted; 0 for none.
    #[arg(long, value_name = "N", default_value_t = 256, value_parser = values::history, help_heading = "Script")]
    pub(crate) history: usize,
    /// Say what the guest does, line by line: exec, int, io, irq, mmio, bios or all; addresses (0x7c00-0x7dff) and symbols (kernel_main) to look at; first=N or last=N lines; intel, nasm or gnu syntax. Separated by commas.
    #[arg(long, value_name = "FILTER", value_parser = crate::trace::filter, help_heading = "Script")]
    pub(crate) trace: Option<TraceFilter>,
    /// Where --trace writes [default: stderr].
    #[arg(long, value_name = "FILE", requires = "trace", help_heading = "Script")]
    pub(crate) trace_file: Option<PathBuf>,
    /// The debug-exit result that means success.
    #[arg(long, value_name = "CODE", help_heading = "Script")]
    pub(crate) success_exit: Option<u8>,
    /// At the end, write the picture to this PNG file.
    #[arg(long, value_name = "FILE", help_heading = "Script")]
    pub(crate) screenshot: Option<PathBuf>,
    /// At the end, print the text on the screen to stderr.
    #[arg(long, help_heading = "Script")]
    pub(crate) dump_screen: bool,
    /// At the end, print a hash of processor, memory and chips to stderr.
    #[arg(long, help_heading = "Script")]
    pub(crate) state_hash: bool,
    /// At the end, say what the run took: instructions, times, decoded blocks, TLB misses, interrupts, exits. Blocks entered by a link or a known address, and accesses that hit the TLB, are not counted; of searches by place in memory it says how many found a block.
    #[arg(long, help_heading = "Script")]
    pub(crate) stats: bool,
    /// Write where the guest spends its instructions to this file, as folded stacks for flame graphs, with the names of --symbols.
    #[arg(long, value_name = "FILE", help_heading = "Script")]
    pub(crate) profile: Option<PathBuf>,
    /// Instructions between two samples of --profile.
    #[arg(long, value_name = "N", default_value_t = 100_003, value_parser = values::count, requires = "profile", help_heading = "Script")]
    pub(crate) profile_every: u64,
}

impl RunArgs {
    /// Whether an option was given that only means something without a screen.
    pub(crate) fn is_scripted(&self) -> bool {
        self.timeout.is_some()
            || self.max_instructions.is_some()
            || self.max_virtual.is_some()
            || self.max_serial.is_some()
            || self.max_disk.is_some()
            || self.hang_after.is_some()
            || self.trace.is_some()
            || self.dump_screen
            || self.state_hash
            || self.screenshot.is_some()
            || !self.expect_screen.is_empty()
            || !self.expect_serial.is_empty()
    }
}

/// Why the command line asks for no run.
#[derive(Debug)]
pub(crate) enum Stop {
    /// Help or version, to be printed.
    Print(clap::Error),
    /// A mistake, in one line.
    Mistake(String),
}

impl Stop {
    /// Says it, and gives the exit code.
    pub(crate) fn report(self) -> ExitCode {
        match self {
            Self::Print(text) => {
                // A closed pipe is no reason to complain: who asked has gone.
                let _ = text.print();
                ExitCode::SUCCESS
            }
            Self::Mistake(line) => {
                crate::report::say(&line);
                ExitCode::from(EXIT_USAGE)
            }
        }
    }
}

/// Parses the program's arguments, the program's name first.
pub(crate) fn parse(args: Vec<OsString>) -> Result<Command, Stop> {
    let args = argv::normalise(args, &Cli::command()).map_err(|error| Stop::Mistake(error.to_string()))?;
    let command = args.get(1).and_then(|command| command.to_str()).unwrap_or("run").to_owned();
    match Cli::try_parse_from(args) {
        Ok(cli) => Ok(cli.command),
        Err(error) if error.use_stderr() => {
            let line = one_line(&error.to_string());
            Err(Stop::Mistake(line.replace("ringzero run --help", &format!("ringzero {command} --help"))))
        }
        Err(help) => Err(Stop::Print(help)),
    }
}

/// Clap's complaint without its usage text.
pub(crate) fn one_line(complaint: &str) -> String {
    let parts: Vec<&str> = complaint
        .lines()
        .take_while(|line| !line.starts_with("Usage:") && !line.starts_with("For more information"))
        .map(str::trim)
        .filter(|line| !line.is_empty())
        .collect();
    let line = parts.join("; ").replacen("error: ", "", 1);
    if line.contains("--help") { line } else { format!("{line} (see ringzero run --help)") }
}

/// Prints a list to stdout.
pub(crate) fn list(what: ListWhat) -> ExitCode {
    let ListWhat::Cpus = what;
    let lines: String = Model::ALL.iter().map(|model| format!("{}\n", model_line(model))).collect();
    // As above: nobody may be reading.
    let _ = std::io::stdout().write_all(lines.as_bytes());
    ExitCode::SUCCESS
}

fn model_line(model: &Model) -> String {
    format!("{:<9}{}", model.name, model.description)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(line: &str) -> Result<Box<RunArgs>, String> {
        let args = line.split_whitespace().map(OsString::from);
        match parse(std::iter::once(OsString::from("ringzero")).chain(args).collect()) {
            Ok(Command::Run(args)) => Ok(args),
            Ok(other) => Err(format!("{other:?}")),
            Err(Stop::Mistake(line)) => Err(line),
            Err(Stop::Print(text)) => Err(text.to_string()),
        }
    }

    #[test]
    fn clap_finds_the_definitions_sound() {
        Cli::command().debug_assert();
    }

    #[test]
    fn an_image_alone_means_run() {
        assert_eq!(run("disk.img").unwrap().image, Some(PathBuf::from("disk.img")));
        assert_eq!(run("").unwrap().image, None);
    }

    #[test]
    fn qemu_spellings_are_understood() {
        let args = run("-fda a.img -m 64 -cpu 80286 -boot order=a -nographic -no-reboot -snapshot \
                        -device isa-debug-exit,iobase=0xf4,iosize=0x04")
        .unwrap();
        assert_eq!(args.fda, [PathBuf::from("a.img")]);
        assert_eq!(args.memory, 64 << 20);
        assert!(args.nographic && args.no_reboot && args.snapshot);
        let exit = args.device[0].debug_exit();
        assert_eq!(exit.map(|d| (d.iobase, d.iosize)), Some((0xF4, 4)));
    }

    #[test]
    fn mistakes_are_one_line_that_names_the_flag() {
        for (line, part) in [
            ("--cpu i9", "i9"),
            ("-m lots", "lots"),
            ("--wrong", "--wrong"),
            ("--expect-screen (", "column 1"),
            ("--hda a --hda b", "--hda"),
            ("-smp 2", "more than one processor is not supported yet"),
        ] {
            let complaint = run(line).unwrap_err();
            assert!(complaint.contains(part) && !complaint.contains('\n'), "{line}: {complaint}");
        }
    }
}
