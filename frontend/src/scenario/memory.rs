//! Steps that look at guest memory, by physical address.

use super::record::file_prefix;
use super::run::{Runner, Trouble};
use std::path::Path;

/// Bytes that a difference shows.
const SHOWN: usize = 16;

/// Writes memory to a file in the folder for results.
pub(crate) fn dump(runner: &mut Runner<'_>, address: u64, length: usize, file: &Path) -> Result<(), Trouble> {
    let mut bytes = vec![0; length];
    runner.machine.read_memory(address, &mut bytes);
    let folder = runner.settings.output.join(file_prefix(runner.scenario.path()));
    let path = folder.join(file);
    let written = match path.parent() {
        Some(parent) => std::fs::create_dir_all(parent).and_then(|()| std::fs::write(&path, bytes)),
        None => std::fs::write(&path, bytes),
    };
    written.map_err(|error| Trouble::failed(format!("dump_memory: {}: {error}", path.display())))
}

/// Compares memory.
pub(crate) fn assert(runner: &mut Runner<'_>, address: u64, wanted: &[u8]) -> Result<(), Trouble> {
    let mut found = vec![0; wanted.len()];
    runner.machine.read_memory(address, &mut found);
    let Some(at) = found.iter().zip(wanted).position(|(found, wanted)| found != wanted) else {
        return Ok(());
    };
    let hex = |bytes: &[u8]| {
        let bytes: Vec<String> = bytes[at..].iter().take(SHOWN).map(|byte| format!("{byte:02x}")).collect();
        bytes.join(" ")
    };
    let at = address + at as u64;
    Err(Trouble::failed(format!("assert_memory: at {at:#x} is {}, expected {}", hex(&found), hex(wanted))))
}
