//! Measures what README.md states: `make bench`.
#![expect(clippy::print_stdout, reason = "the figures are what this program is for")]

use ringzero_bus::{PhysAddr, SystemBus};
use ringzero_cpu::{Cpu, Model, SegReg, Segment, number};
use ringzero_tests::session::Session;
use ringzero_tests::shared;
use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// Repetitions of a measurement; the best counts, as it is the least disturbed.
const REPEATS: u32 = 5;
/// Instructions of one run of a loop.
const LOOP_INSTRUCTIONS: u64 = 200_000_000;

/// A loop in real mode: name, code at 0800:0000.
const LOOPS: [(&str, &[u8]); 5] = [
    // INC AX; ADD BX,AX; XOR DX,BX; SUB SI,AX; JMP
    ("registers", &[0x40, 0x01, 0xC3, 0x31, 0xDA, 0x29, 0xC6, 0xEB, 0xF7]),
    // MOV BX,0; ADD [BX],AX; MOV DX,[BX+2]; INC BYTE [BX+4]; DEC CX; JNZ; JMP
    ("memory", &[0xBB, 0, 0, 0x01, 0x07, 0x8B, 0x57, 0x02, 0xFE, 0x47, 0x04, 0x49, 0x75, 0xF5, 0xEB, 0xF0]),
    // CALL +2; JMP; (at 5) PUSH AX; POP DX; RET
    ("calls", &[0xE8, 0x02, 0x00, 0xEB, 0xFB, 0x50, 0x5A, 0xC3]),
    // CMP AL,[BX]; JNE; XOR BX,1; MUL CL; JMP
    ("mixed", &[0x3A, 0x07, 0x75, 0x00, 0x83, 0xF3, 0x01, 0xF6, 0xE1, 0xEB, 0xF5]),
    // MOV CX,8000h; XOR SI,SI; XOR DI,DI; REP MOVSW; JMP
    ("rep movsw (iterations)", &[0xB9, 0, 0x40, 0x31, 0xF6, 0x31, 0xFF, 0xF3, 0xA5, 0xEB, 0xF5]),
];

fn main() {
    boot();
    println!("peak resident memory of this process after that: {}", peak_memory("self"));
    start();
    for (name, code) in LOOPS {
        println!("{name}: {:.0} million instructions per second", best(|| mips(code)));
    }
    idle_window();
}

/// How much of a host core the window takes while FreeDOS waits at its prompt, and its memory. Xvfb stands in for a
/// screen.
fn idle_window() {
    let (Some(guests), program) =
        (shared::folder("guests"), shared::workspace().join("target/release/ringzero"))
    else {
        return;
    };
    let server = Command::new("Xvfb")
        .args(["-displayfd", "1", "-screen", "0", "1024x768x24"])
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn();
    let Ok(mut server) = server else {
        println!("idle window: Xvfb is not installed");
        return;
    };
    let mut number = String::new();
    if let Some(out) = server.stdout.take() {
        // Without a number there is no display, which the window then says.
        let _ = BufReader::new(out).read_line(&mut number);
    }
    let mut command = Command::new(program);
    command.args(["run", "--display", "window", "--snapshot"]).arg(guests.join("freedos-1.4MB.img"));
    command.env("DISPLAY", format!(":{}", number.trim())).env_remove("WAYLAND_DISPLAY");
    if let Ok(mut window) = command.spawn() {
        // The boot takes some ten seconds of wall time.
        std::thread::sleep(Duration::from_secs(15));
        let (before, begin) = (cpu_seconds(window.id()), Instant::now());
        std::thread::sleep(Duration::from_secs(10));
        let share = (cpu_seconds(window.id()) - before) / begin.elapsed().as_secs_f64();
        println!("FreeDOS waiting at its prompt in the window: {:.1} % of a host core", share * 100.0);
        println!("peak resident memory of that window: {}", peak_memory(&window.id().to_string()));
        let _ = window.kill();
        let _ = window.wait();
    }
    let _ = server.kill();
    let _ = server.wait();
}

/// User and system time of a process so far, from /proc.
fn cpu_seconds(process: u32) -> f64 {
    let stat = std::fs::read_to_string(format!("/proc/{process}/stat")).unwrap_or_default();
    let fields = stat.rsplit_once(')').map_or("", |(_, fields)| fields).split_whitespace();
    let ticks: f64 = fields.skip(11).take(2).filter_map(|field| field.parse::<f64>().ok()).sum();
    // Linux shows a hundred ticks a second on every machine.
    ticks / 100.0
}

/// The greatest of some measurements.
fn best(measure: impl Fn() -> f64) -> f64 {
    (0..REPEATS).map(|_| measure()).fold(0.0, f64::max)
}

/// The shortest of some durations.
fn shortest(measure: impl Fn() -> Duration) -> Duration {
    (0..REPEATS).map(|_| measure()).min().unwrap_or_default()
}

fn boot() {
    let Some(guests) = shared::folder("guests") else { return };
    let time = shortest(|| {
        let begin = Instant::now();
        let mut session = Session::boot_file(&guests.join("freedos-1.4MB.img"), Model::MAX);
        session.wait_for("A:\\>");
        begin.elapsed()
    });
    println!("FreeDOS from power-on to its prompt, headless: {:.3} s", time.as_secs_f64());
}

/// The most memory a process has had, as Linux counts it.
fn peak_memory(process: &str) -> String {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.map_or_else(|| "unknown on this system".to_owned(), |value| value.trim().to_owned())
}

/// From the start of the program to the end of its first guest instruction.
fn start() {
    let program = shared::workspace().join("target/release/ringzero");
    if !program.exists() {
        println!("start to first guest instruction: build ringzero-frontend first");
        return;
    }
    let time = shortest(|| {
        let begin = Instant::now();
        let status = Command::new(&program)
            .args(["run", "--headless", "--max-instructions", "1"])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status();
        if status.is_ok() { begin.elapsed() } else { Duration::MAX }
    });
    println!("whole run of one guest instruction, process start to end: {:.1} ms", time.as_secs_f64() * 1e3);
}

fn mips(code: &[u8]) -> f64 {
    let mut bus = SystemBus::new(1 << 20, 1);
    bus.fabric_mut().ram.write(PhysAddr(0x8000), code);
    let mut cpu = Cpu::new(Model::MAX);
    cpu.update_state(|state| {
        for (reg, selector) in
            [(SegReg::Cs, 0x800), (SegReg::Ds, 0x2000), (SegReg::Es, 0x3000), (SegReg::Ss, 0x4000)]
        {
            state.segments[reg as usize] = Segment::real(selector);
        }
        state.ip = 0;
        state.regs.set_number(number::SP, 0x8000);
    });
    let begin = Instant::now();
    while cpu.state().count < LOOP_INSTRUCTIONS {
        cpu.run(&mut bus, LOOP_INSTRUCTIONS - cpu.state().count);
    }
    LOOP_INSTRUCTIONS as f64 / begin.elapsed().as_secs_f64() / 1e6
}
