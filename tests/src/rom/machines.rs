//! Running the ROM: on this machine, under QEMU, under Bochs.

use super::layout::ROM_SIZE;
use ringzero_bus::{AttachError, SystemBus, SystemRequest};
use ringzero_cpu::{Cpu, Exit, Model};
use ringzero_devices::pc::{self, DebugExitConfig, PcConfig, PcParts};
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// RAM of every machine that runs the ROM.
const RAM: usize = 16 << 20;
/// Instructions after which a run on this machine counts as hung.
const LIMIT: u64 = 300_000_000;
/// How long another emulator may take.
const TIMEOUT: Duration = Duration::from_secs(60);

/// A machine the ROM can run on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum On {
    /// This one.
    Ringzero,
    /// QEMU, by translation.
    Qemu,
    /// Bochs.
    Bochs,
}

impl On {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Ringzero, Self::Qemu, Self::Bochs];

    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Ringzero => "ringzero",
            Self::Qemu => "qemu",
            Self::Bochs => "bochs",
        }
    }

    /// Whether it is there.
    pub fn is_installed(self) -> bool {
        let answers = |program: &str| {
            let probe = Command::new(program).arg("--help").stdin(Stdio::null()).output();
            probe.is_ok_and(|output| !output.stdout.is_empty() || !output.stderr.is_empty())
        };
        match self {
            Self::Ringzero => true,
            Self::Qemu => answers("qemu-system-i386"),
            Self::Bochs => answers("bochs-bin"),
        }
    }

    /// What the ROM prints there.
    ///
    /// # Errors
    /// When the machine cannot be started.
    pub fn run(self, image: &[u8]) -> std::io::Result<String> {
        match self {
            Self::Ringzero => run_here(image, Model::MAX, None).map_err(std::io::Error::other),
            Self::Qemu => run_qemu(image),
            Self::Bochs => run_bochs(image),
        }
    }
}

/// Runs the ROM on this machine's processor and chips, with blocks of at most `block_limit` instructions.
///
/// # Errors
/// When the parts of the machine claim the same place.
pub fn run_here(image: &[u8], model: Model, block_limit: Option<usize>) -> Result<String, AttachError> {
    let mut bus = SystemBus::new(RAM, 100);
    bus.attach_rom("test rom", (1 << 20) - ROM_SIZE as u64, image)?;
    bus.alias_rom("test rom", (1 << 20) - ROM_SIZE as u64, (1 << 32) - ROM_SIZE as u64, ROM_SIZE as u64)?;
    let debug_exit = Some(DebugExitConfig { iobase: 0xF4, iosize: 4 });
    let config =
        PcConfig { fdc: false, vga: false, com: vec![], lpt: None, debug_exit, ..PcConfig::default() };
    let parts = pc::build(&mut bus, &config)?;
    let mut cpu = Cpu::new(model);
    if let Some(limit) = block_limit {
        cpu.set_block_limit(limit);
    }
    run_until_exit(&mut cpu, &mut bus);
    Ok(text_of(&mut bus, &parts))
}

fn text_of(bus: &mut SystemBus, parts: &PcParts) -> String {
    let bytes = parts.debugcon.map(|console| bus.call(console, |console, _| console.take_output()));
    String::from_utf8_lossy(&bytes.unwrap_or_default()).into_owned()
}

fn run_until_exit(cpu: &mut Cpu, bus: &mut SystemBus) {
    while cpu.state().count < LIMIT {
        let count = cpu.state().count;
        bus.set_count(count);
        bus.run_due_events();
        match bus.take_request() {
            Some(SystemRequest::DebugExit(_) | SystemRequest::PowerOff | SystemRequest::Panicked) => return,
            Some(SystemRequest::ResetCpu | SystemRequest::ResetSystem) => cpu.reset(),
            None => {}
        }
        let due = bus.next_deadline_count().unwrap_or(u64::MAX).max(count + 1).min(LIMIT);
        match cpu.run(bus, due - count) {
            Exit::Budget | Exit::Attention | Exit::Firmware | Exit::Registers | Exit::Polling => {}
            // A PC resets a processor that shuts down.
            Exit::Shutdown => cpu.reset(),
            Exit::Halted => match bus.fabric().sched.next_deadline() {
                Some(deadline) => bus.jump_to(cpu.state().count, deadline),
                None => return,
            },
        }
    }
}

/// A folder for a run's files, removed afterwards.
struct Scratch(PathBuf);

impl Scratch {
    fn new(name: &str, image: &[u8]) -> std::io::Result<Self> {
        let folder = std::env::temp_dir().join(format!("ringzero-rom-{name}-{}", std::process::id()));
        std::fs::create_dir_all(&folder)?;
        std::fs::write(folder.join("rom.bin"), image)?;
        Ok(Self(folder))
    }
    fn file(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        // What stays behind is a few files in the folder for temporary ones.
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// Runs `command` to its end, or kills it.
fn finish(command: &mut Command) -> std::io::Result<String> {
    let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn()?;
    let mut pipe = child.stdout.take().ok_or_else(|| std::io::Error::other("no pipe"))?;
    let reader = std::thread::spawn(move || {
        let mut bytes = Vec::new();
        // What was read until the pipe broke is what there is.
        let _ = pipe.read_to_end(&mut bytes);
        bytes
    });
    let start = Instant::now();
    while child.try_wait()?.is_none() {
        if start.elapsed() > TIMEOUT {
            child.kill()?;
            child.wait()?;
            break;
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    let bytes = reader.join().unwrap_or_default();
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

fn read(path: &Path) -> std::io::Result<String> {
    std::fs::read(path).map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
}

fn run_qemu(image: &[u8]) -> std::io::Result<String> {
    let scratch = Scratch::new("qemu", image)?;
    let console = scratch.file("console");
    // Without a local APIC: after RESET it would let no interrupt through until a BIOS has programmed it.
    let mut command = Command::new("qemu-system-i386");
    command.args([
        "-M",
        "pc,accel=tcg",
        "-cpu",
        "pentium3,-apic",
        "-m",
        "16",
        "-nodefaults",
        "-display",
        "none",
    ]);
    command.args(["-device", "isa-debug-exit,iobase=0xf4,iosize=4"]);
    command.arg("-bios").arg(scratch.file("rom.bin"));
    command.arg("-debugcon").arg(format!("file:{}", console.display()));
    finish(&mut command)?;
    read(&console)
}

fn run_bochs(image: &[u8]) -> std::io::Result<String> {
    let scratch = Scratch::new("bochs", image)?;
    let rom = scratch.file("rom.bin");
    let config = format!(
        "cpu: model=p3_katmai, count=1, ips=50000000, reset_on_triple_fault=1, ignore_bad_msrs=0\n\
         memory: guest=16, host=16\nromimage: file={}, address=0xfffe0000\n\
         display_library: rfb, options=\"timeout=0\"\nport_e9_hack: enabled=1\nlog: {}\n\
         panic: action=report\nerror: action=ignore\ninfo: action=ignore\ndebug: action=ignore\n\
         speaker: enabled=0\nclock: sync=none, time0=946684800\n",
        rom.display(),
        scratch.file("log").display()
    );
    std::fs::write(scratch.file("bochsrc"), config)?;
    // The debugger stops at each reset.
    std::fs::write(scratch.file("commands"), "continue\n".repeat(64) + "quit\n")?;
    let mut command = Command::new("bochs-bin");
    command.arg("-q").arg("-f").arg(scratch.file("bochsrc")).arg("-rc").arg(scratch.file("commands"));
    finish(&mut command).map(|output| without_debugger(&output))
}

/// What the debugger of Bochs says at a reset stands in the middle of the guest's line.
fn without_debugger(output: &str) -> String {
    let mut text = String::new();
    for line in output.lines() {
        if line.starts_with("Next at t=") || line.starts_with("(0) [") {
            continue;
        }
        match line.find("(0).[") {
            Some(at) => text.push_str(&line[..at]),
            None => {
                text.push_str(line);
                text.push('\n');
            }
        }
    }
    text
}
