//! Runs a case in several manners and says where they part.

use super::random::Random;
use super::rig::{Case, Manner, Rig};

/// Runs `case` for `limit` instructions in every manner; the error describes the first difference.
pub fn run(case: &Case, limit: u64) -> Result<(), String> {
    let mut reference = Rig::new(case, Manner::default());
    reference.run_to(limit);
    for (name, manner) in manners(case.seed) {
        let mut other = Rig::new(case, manner.clone());
        other.run_to(limit);
        if !reference.same(&other) {
            return Err(explain(case, limit, name, &manner));
        }
    }
    Ok(())
}

fn manners(seed: u64) -> [(&'static str, Manner); 3] {
    let slices = Random::new(!seed);
    [
        ("blocks of one instruction", Manner { block_limit: Some(1), ..Manner::default() }),
        ("random slices", Manner { slices: Some(slices.clone()), ..Manner::default() }),
        (
            "random slices, caches dropped",
            Manner { slices: Some(slices), forgetful: true, block_limit: Some(5) },
        ),
    ]
}

/// Finds the first instruction after which the two differ.
fn explain(case: &Case, limit: u64, name: &str, manner: &Manner) -> String {
    let at = |count: u64| {
        let (mut a, mut b) = (Rig::new(case, Manner::default()), Rig::new(case, manner.clone()));
        a.run_to(count);
        b.run_to(count);
        (a, b)
    };
    let (mut same, mut differ) = (0, limit);
    while differ - same > 1 {
        let middle = same + (differ - same) / 2;
        let (a, b) = at(middle);
        if a.same(&b) { same = middle } else { differ = middle }
    }
    let (before, _) = at(same);
    let (after, other) = at(differ);
    format!(
        "seed {} on the {}: {name} differ after instruction {same}\n  bytes {:02x?}\n  before {:x?}\n{}",
        case.seed,
        case.model.name,
        before.bytes_at_ip(),
        before.cpu.state(),
        after.describe_difference(&other)
    )
}
