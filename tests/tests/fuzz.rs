//! Random guests. `RINGZERO_SEED` begins elsewhere, `RINGZERO_FUZZ_SECONDS` sets the time each test may take.

use ringzero_cpu::Model;
use ringzero_tests::fuzz::rig::Case;
use ringzero_tests::fuzz::{compare, first_seed, seconds};
use std::time::{Duration, Instant};

/// Instructions per case.
const INSTRUCTIONS: u64 = 3000;
/// Cases that run whatever the time.
const FEWEST: u64 = 40;

#[test]
fn random_code_does_the_same_in_blocks_and_slices_of_any_length() {
    let end = Instant::now() + Duration::from_secs(seconds(15));
    let models = [Model::I8086, Model::I80186, Model::I80286, Model::I80386];
    let first = first_seed();
    let mut seed = first;
    while seed < first + FEWEST || Instant::now() < end {
        let case = Case { seed, model: models[(seed % 4) as usize] };
        let result = std::panic::catch_unwind(|| compare::run(&case, INSTRUCTIONS));
        match result {
            Ok(Ok(())) => {}
            Ok(Err(difference)) => panic!("{difference}"),
            Err(_) => panic!("seed {seed} on the {}: panicked", case.model.name),
        }
        seed += 1;
    }
    println!("{} cases from seed {first} on", seed - first);
}
