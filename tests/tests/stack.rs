//! The host's stack does not grow with the guest's run: every handler leaves by a jump to its successor.
//!
//! Where a handler calls instead, a run of a few thousand instructions overflows a small stack, which ends the test
//! program. Builds with debug assertions return to a loop and have nothing to show.

use ringzero_cpu::Model;
use ringzero_tests::conformance::{hw, hwv};
use ringzero_tests::fuzz::protected::Start;
use ringzero_tests::fuzz::rig::{Case, Manner, Rig};
use ringzero_tests::shared;

/// Enough for what a run calls, far too little for a frame per instruction.
const SMALL_STACK: usize = 64 << 10;

fn on_a_small_stack(rigs: Vec<Rig>, instructions: u64) -> Vec<Rig> {
    let run = move || {
        let mut rigs = rigs;
        rigs.iter_mut().for_each(|rig| rig.run_to(instructions));
        rigs
    };
    std::thread::Builder::new().stack_size(SMALL_STACK).spawn(run).unwrap().join().unwrap()
}

#[test]
fn random_code_runs_on_a_small_stack() {
    if cfg!(debug_assertions) {
        eprintln!("nothing to show in a build with debug assertions");
        return;
    }
    for seed in 0..400 {
        let model = Model::ALL[seed as usize % Model::ALL.len()];
        let rig = Rig::new(&Case { seed, model, start: Start::of(&model, seed / 9) }, Manner::default());
        on_a_small_stack(vec![rig], 50_000);
    }
}

/// Each instruction in a loop of its own, so that it follows itself often enough to show.
#[test]
fn each_kind_of_instruction_runs_on_a_small_stack() {
    if cfg!(debug_assertions) {
        eprintln!("nothing to show in a build with debug assertions");
        return;
    }
    for seed in 0..3000 {
        let model = Model::ALL[seed as usize % Model::ALL.len()];
        let case = Case { seed, model, start: Start::of(&model, seed / 9) };
        on_a_small_stack(vec![Rig::repeating(&case)], 6_000);
    }
}

/// The same with every form of the native captures.
#[test]
fn each_captured_form_runs_on_a_small_stack() {
    let Some(folder) = shared::folder("conformance/hw") else { return };
    if cfg!(debug_assertions) {
        eprintln!("nothing to show in a build with debug assertions");
        return;
    }
    let groups =
        ["int-alu", "int-bit", "int-cc", "int-mov", "int-muldiv", "int-shift", "mmx", "sse1", "sse2", "x87"];
    let file = |group| hwv::read(&folder.join(format!("{group}.32.hwv.gz"))).unwrap();
    let files: Vec<hwv::File> = groups.into_iter().map(file).collect();
    let run = move || hw::repeat_forms(&files, 6_000);
    let (forms, long) =
        std::thread::Builder::new().stack_size(SMALL_STACK).spawn(run).unwrap().join().unwrap();
    assert!(long * 10 > forms * 9, "only {long} of {forms} forms ran to the end");
}
