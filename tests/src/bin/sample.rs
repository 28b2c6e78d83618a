//! Writes the sample of conformance vectors that `make test-hosts` runs on other hosts: `sample FILE`.

use ringzero_hosts::sample::pack;
use ringzero_tests::conformance::sample::sample;
use ringzero_tests::shared;
use std::error::Error;

fn main() -> Result<(), Box<dyn Error>> {
    let path = std::env::args().nth(1).ok_or("sample FILE")?;
    let folder =
        shared::folder("conformance").ok_or("there are no conformance vectors; see RINGZERO_SHARED")?;
    let groups = sample(&folder)?;
    std::fs::write(&path, pack(&groups)?)?;
    let cases: usize = groups.iter().map(|group| group.cases.len()).sum();
    eprintln!("{path}: {cases} cases in {} groups", groups.len());
    Ok(())
}
