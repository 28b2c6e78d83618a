//! Runs a case in several manners and says where they part.

use super::random::Random;
use super::rig::{Case, Manner, Rig};

/// Parts of a run, after each of which states are compared.
const PARTS: u64 = 4;

/// Runs `case` for `limit` instructions in every manner. Says how many of them were in protected mode; the error
/// describes the first difference.
pub fn run(case: &Case, limit: u64) -> Result<u64, String> {
    let mut reference = Rig::new(case, Manner::default());
    let mut others = manners(case.seed).map(|(name, manner)| (name, Rig::new(case, manner.clone()), manner));
    for part in 1..=PARTS {
        let end = limit * part / PARTS;
        reference.run_to(end);
        for (name, other, manner) in &mut others {
            other.run_to(end);
            if !reference.same(other) {
                return Err(explain(case, end, name, manner));
            }
        }
    }
    Ok(reference.protected_instructions())
}

fn manners(seed: u64) -> [(&'static str, Manner); 5] {
    let slices = Random::new(!seed);
    [
        ("blocks of one instruction", Manner { block_limit: Some(1), ..Manner::default() }),
        ("operations one by one, little room for blocks", Manner { plain: true, ..Manner::default() }),
        ("random slices", Manner { slices: Some(slices.clone()), ..Manner::default() }),
        (
            "random slices, caches dropped",
            Manner {
                slices: Some(slices.clone()),
                forgetful: true,
                block_limit: Some(5),
                ..Manner::default()
            },
        ),
        ("random slices, forks", Manner { slices: Some(slices), forks: true, ..Manner::default() }),
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
        "seed {} on the {} ({:?}): {name} differ after instruction {same}\n  bytes {:02x?}\n  before {:x?}\n{}",
        case.seed,
        case.model.name,
        case.start,
        before.bytes_at_ip(),
        before.cpu.state(),
        after.describe_difference(&other)
    )
}
