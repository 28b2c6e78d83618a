//! Which scenario files a command line means.

use std::path::{Path, PathBuf};

/// The end of a scenario file's name.
const ENDING: &str = ".scenario.toml";
/// How deep folders are searched: a loop of links would have no end.
const DEEPEST: usize = 32;

/// The files that `paths` name, sorted; folders are searched for scenarios.
pub(crate) fn discover(paths: &[PathBuf]) -> Result<Vec<PathBuf>, String> {
    let mut found = Vec::new();
    for path in paths {
        let metadata = std::fs::metadata(path).map_err(|error| refusal(path, &error))?;
        if metadata.is_dir() {
            search(path, DEEPEST, &mut found)?;
        } else {
            found.push(path.clone());
        }
    }
    found.sort();
    found.dedup();
    Ok(found)
}

fn search(folder: &Path, depth: usize, found: &mut Vec<PathBuf>) -> Result<(), String> {
    let entries = std::fs::read_dir(folder).map_err(|error| refusal(folder, &error))?;
    for entry in entries {
        let entry = entry.map_err(|error| refusal(folder, &error))?;
        let name = entry.file_name().to_string_lossy().into_owned();
        // "./x" and "x" are one file.
        let path = if folder == Path::new(".") { PathBuf::from(entry.file_name()) } else { entry.path() };
        if path.is_dir() {
            if depth > 0 && !name.starts_with('.') {
                search(&path, depth - 1, found)?;
            }
        } else if name.ends_with(ENDING) {
            found.push(path);
        }
    }
    Ok(())
}

fn refusal(path: &Path, error: &std::io::Error) -> String {
    format!("{}: cannot be read: {error}; give scenario files, or folders with *{ENDING}", path.display())
}
