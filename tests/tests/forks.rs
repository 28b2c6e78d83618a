//! A machine that is forked: both sides go on from the same state, apart, and share what neither has written.

use ringzero_machine::storage::{BlockMedium, MemoryMedium, Overlay};
use ringzero_machine::{Config, Machine, Media, OnIdle, Stop};
use ringzero_tests::pc;
use ringzero_tests::session::{Session, SharedDisk};

fn powered_on(medium: Box<dyn BlockMedium>, memory: u64) -> Machine {
    let mut media = Media::default();
    media.floppies[0] = Some(medium);
    Machine::new(Config { memory, ..Config::default() }, media).unwrap()
}

/// FreeDOS at its prompt on a PC with 128 MiB, its floppy under an overlay.
fn freedos() -> Option<Session> {
    let image = MemoryMedium::new(pc::guest("freedos-1.4MB.img")?);
    let mut session = Session { machine: powered_on(Box::new(Overlay::new(image)), 128 << 20) };
    session.wait_for("A:\\>");
    Some(session)
}

/// Runs to instruction `limit`; the state, and what is on the screen.
fn run_to(mut session: Session, limit: u64) -> (String, String) {
    assert_eq!(session.machine.run(limit, OnIdle::Jump), Stop::Limit);
    (session.machine.state_hash().unwrap().to_string(), session.screen())
}

#[test]
fn a_fork_goes_on_as_the_original_does_and_as_if_there_were_none() {
    let begin = || {
        let mut session = freedos()?;
        session.machine.type_text("dir\nver\n").unwrap();
        // In the middle of the first line: a key is down.
        session.machine.run(session.machine.count() + 1_000_000, OnIdle::Jump);
        Some(session)
    };
    let (Some(alone), Some(mut original)) = (begin(), begin()) else { return };
    let limit = alone.machine.count() + 20_000_000;
    assert!(!original.machine.is_typing_done());
    let fork = Session { machine: original.machine.fork().unwrap() };
    let expected = run_to(alone, limit);
    assert!(expected.1.contains("FreeCom version"), "{}", expected.1);
    assert_eq!(run_to(original, limit), expected);
    assert_eq!(run_to(fork, limit), expected);
}

#[test]
fn what_one_side_writes_to_disk_and_memory_the_other_does_not_see() {
    let Some(mut original) = freedos() else { return };
    let mut fork = Session { machine: original.machine.fork().unwrap() };
    let (before, state) = (original.machine.disk_growth(), original.machine.state_hash().unwrap());
    assert!(fork.command("copy autoexec.bat here.txt").contains("here.txt"));
    assert!(fork.machine.disk_growth() > before);
    assert_eq!((original.machine.disk_growth(), original.machine.state_hash().unwrap()), (before, state));
    assert!(fork.command("dir here.txt").contains("HERE"));
    assert!(!original.command("dir here.txt").contains("HERE     TXT"));
}

#[test]
fn fifty_forks_share_the_memory_they_have_not_written() {
    let Some(mut original) = freedos() else { return };
    let pages = |machine: &Machine| machine.bus().fabric().ram.private_pages();
    let used = pages(&original.machine);
    assert!(used < 1024, "{used} pages of 32768 are written by a boot");
    let mut forks: Vec<Session> =
        (0..50).map(|_| Session { machine: original.machine.fork().unwrap() }).collect();
    assert_eq!(forks.iter().map(|fork| pages(&fork.machine)).sum::<usize>(), 0);
    for (n, fork) in forks.iter_mut().enumerate() {
        fork.machine.type_text(&format!("echo {n}\n")).unwrap();
        fork.wait_for(&format!("\n{n}\n"));
    }
    let own: usize = forks.iter().map(|fork| pages(&fork.machine)).sum();
    assert!(own < 50 * 150, "{own} pages in 50 forks");
}

#[test]
fn output_that_was_not_taken_is_on_both_sides() {
    // mov al, 'H'; out E9h, al; cli; hlt.
    let mut sector = vec![0; 512];
    sector[..6].copy_from_slice(&[0xB0, b'H', 0xE6, 0xE9, 0xFA, 0xF4]);
    sector[510..].copy_from_slice(&[0x55, 0xAA]);
    let mut machine = powered_on(pc::medium(sector), 4 << 20);
    assert!(matches!(machine.run(2_000_000_000, OnIdle::Jump), Stop::Hang(_)));
    let mut fork = machine.fork().unwrap();
    assert_eq!((machine.take_debug_console(), fork.take_debug_console()), (b"H".to_vec(), b"H".to_vec()));
}

#[test]
fn a_medium_that_only_one_machine_can_have_is_named() {
    let mut machine = powered_on(Box::new(SharedDisk::new(vec![0; 1_474_560])), 4 << 20);
    let error = machine.fork().err().unwrap().to_string();
    assert!(error.starts_with("floppy drive A: "), "{error}");
}

#[test]
fn a_snapshot_shares_memory_and_stays_as_it_was() {
    let mut machine = crate::determinism::demo(Config { memory: 8 << 20, ..Config::default() });
    machine.run(3_000_000, OnIdle::Jump);
    let (snapshot, state) = (machine.save().unwrap(), machine.state_hash().unwrap());
    assert_eq!(machine.bus().fabric().ram.private_pages(), 0);
    machine.run(9_000_000, OnIdle::Jump);
    assert_ne!(machine.state_hash().unwrap(), state);
    machine.load(&snapshot).unwrap();
    assert_eq!(machine.state_hash().unwrap(), state);
}

#[test]
fn a_snapshot_of_another_size_is_refused() {
    let [mut small, mut large] = [4, 8]
        .map(|mebibytes| crate::determinism::demo(Config { memory: mebibytes << 20, ..Config::default() }));
    let state = large.state_hash().unwrap();
    assert!(large.load(&small.save().unwrap()).is_err());
    assert_eq!(large.state_hash().unwrap(), state);
}
