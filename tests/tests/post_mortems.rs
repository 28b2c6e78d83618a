//! Kernels that break: the outcome of each, the account given of it, and how long that takes.
//!
//! `RINGZERO_BLESS=1` writes the accounts anew.

use ringzero_machine::kernel::Kernel;
use ringzero_machine::supervise::{Limits, Supervisor};
use ringzero_machine::{
    Config, DebugExitConfig, Hang, LimitKind, Machine, Media, OnIdle, Outcome, PostMortem, Stop, Symbols,
};
use ringzero_tests::programs::broken::Broken;
use ringzero_tests::shared;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// No kernel may take longer to be seen through. Two seconds are promised; this host may be busy with other tests.
const PATIENCE: Duration = Duration::from_secs(20);
/// Bytes that a kernel may send.
const SERIAL: u64 = 1024;

fn machine(kernel: &[u8]) -> Machine {
    let kernel = Kernel {
        image: kernel.into(),
        name: "kernel".to_owned(),
        initrds: Vec::new(),
        command_line: String::new(),
    };
    let config = Config {
        memory: 16 << 20,
        kernel: Some(kernel),
        debug_exit: Some(DebugExitConfig { iobase: 0xF4, iosize: 4 }),
        ..Config::default()
    };
    let mut machine = Machine::new(config, Media::default()).unwrap();
    machine.cpu_mut().record_trail(256);
    machine
}

/// Runs a machine to its end.
fn outcome(machine: &mut Machine) -> Outcome {
    let limits = Limits { serial_bytes: Some(SERIAL), ..Limits::default() };
    let mut supervisor = Supervisor::new(limits);
    loop {
        let stop = machine.run(machine.count() + 1_000_000, OnIdle::Jump);
        supervisor.hear(0, &machine.take_serial(0));
        if let Some(outcome) = supervisor.judge(machine, stop) {
            return outcome;
        }
        assert!(machine.count() < 20_000_000_000, "no outcome");
    }
}

/// Compares an account with the one kept.
fn check_golden(name: &str, account: &str) {
    let path = shared::workspace().join("tests/golden/post_mortems").join(format!("{name}.txt"));
    if std::env::var_os("RINGZERO_BLESS").is_some() {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, account).unwrap();
    }
    let kept = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    assert_eq!(kept, account, "{name}: RINGZERO_BLESS=1 writes it anew, if this is right");
}

fn expected(name: &str, found: &Outcome) -> bool {
    match name {
        "bad-idt" | "unmapped-stack" | "null-cs" | "long-mode" => *found == Outcome::TripleFault,
        "cli-hlt" => *found == Outcome::Hang(Hang::Halted),
        "jump-to-itself" => *found == Outcome::Hang(Hang::Spins),
        "jump-to-itself-interrupted" => matches!(found, Outcome::Hang(Hang::SpinsInterrupted(_))),
        "irq-storm" => matches!(found, Outcome::Hang(Hang::InterruptStorm { vector: 0x24, .. })),
        "reset-loop" => matches!(found, Outcome::ResetLoop { .. }),
        "endless-serial" => *found == Outcome::Limit(LimitKind::Serial(SERIAL)),
        "debug-exit" => *found == Outcome::DebugExit(0x10),
        "power-off" => *found == Outcome::PowerOff,
        _ => false,
    }
}

#[test]
fn every_broken_kernel_is_seen_through_and_told_of() {
    for broken in Broken::ALL {
        let kernel = broken.kernel().unwrap();
        let symbols = Arc::new(Symbols::read(&kernel).unwrap());
        let begun = Instant::now();
        let mut machine = machine(&kernel);
        let outcome = outcome(&mut machine);
        assert!(expected(broken.name, &outcome), "{}: {outcome}", broken.name);
        let account = PostMortem::of(&machine, &outcome, Some(symbols)).to_string();
        eprintln!("{:>6} ms  {}: {outcome}", begun.elapsed().as_millis(), broken.name);
        assert!(begun.elapsed() < PATIENCE, "{}: {:?}", broken.name, begun.elapsed());
        check_golden(broken.name, &format!("{outcome}\n{account}"));
    }
}

#[test]
fn a_passed_over_loop_ends_in_the_same_state_as_one_that_ran() {
    for name in ["jump-to-itself-interrupted", "irq-storm"] {
        let broken = Broken::ALL.into_iter().find(|broken| broken.name == name).unwrap();
        let kernel = broken.kernel().unwrap();
        let hashes = [true, false].map(|passes_over| {
            let mut machine = machine(&kernel);
            machine.set_passes_over_loops(passes_over);
            assert_eq!(machine.run(8_000_000, OnIdle::Jump), Stop::Limit);
            (machine.count(), machine.state_hash().unwrap())
        });
        assert_eq!(hashes[0], hashes[1], "{name}");
    }
}
