//! Test data that lies beside the project: guest images and conformance vectors.
//!
//! `RINGZERO_SHARED` names the folder, by default `../shared` from the workspace's root. A test whose data is absent is
//! skipped: its name goes to the file that `RINGZERO_SKIP_LOG` names, which `make test` counts on its last line.
//! `RINGZERO_REQUIRE=1` makes a skip a failure.

use std::io::Write;
use std::path::{Path, PathBuf};

/// The root of the workspace.
pub fn workspace() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().map_or_else(PathBuf::new, Path::to_owned)
}

/// The folder of shared data, whether it exists or not.
pub fn root() -> PathBuf {
    std::env::var_os("RINGZERO_SHARED").map_or_else(|| workspace().join("../shared"), PathBuf::from)
}

/// A folder (or file) of shared data, such as `"guests"`; `None` skips the test that asks.
#[track_caller]
pub fn folder(name: &str) -> Option<PathBuf> {
    let path = root().join(name);
    if path.exists() {
        return Some(path);
    }
    skip(&format!("no {}", path.display()));
    None
}

/// Notes that the calling test is skipped.
///
/// # Panics
/// Where `RINGZERO_REQUIRE=1` says that nothing may be skipped.
#[track_caller]
pub fn skip(reason: &str) {
    let here = std::panic::Location::caller();
    let thread = std::thread::current();
    // libtest names a test's thread after the test, unless it runs all of them on the main thread.
    let name = match thread.name() {
        Some(name) if name != "main" => name.to_owned(),
        _ => format!("{}:{}", here.file(), here.line()),
    };
    let required = std::env::var("RINGZERO_REQUIRE").is_ok_and(|value| value == "1");
    assert!(!required, "{name}: must not be skipped (RINGZERO_REQUIRE=1): {reason}");
    eprintln!("skipped {name}: {reason}");
    if let Some(log) = std::env::var_os("RINGZERO_SKIP_LOG")
        && let Ok(mut file) = std::fs::OpenOptions::new().create(true).append(true).open(log)
    {
        // A lost line only makes the count at the end too small.
        let _ = writeln!(file, "{name}");
    }
}
