//! The rules of the house: who may depend on whom, what pure crates may not name, how long a file may be.

use ringzero_tests::shared::workspace;
use std::path::{Path, PathBuf};

/// A crate's folder and the crates of ours it may depend on.
const MAY_DEPEND: &[(&str, &[&str])] = &[
    ("bus", &[]),
    ("float", &[]),
    ("cpu", &["bus", "float"]),
    ("devices", &["bus"]),
    ("roms", &[]),
    ("bios", &["bus", "roms"]),
    ("machine", &["cpu", "bus", "devices", "bios", "roms"]),
    ("process", &["cpu", "bus"]),
    ("hosts", &["machine", "cpu", "bus"]),
    ("frontend", &["machine", "process"]),
    ("tests", &["bus", "float", "cpu", "devices", "roms", "bios", "machine", "process", "hosts", "frontend"]),
];

/// Crates that know nothing of the host.
const PURE: &[&str] = &["bus", "float", "cpu", "devices", "roms", "bios", "machine"];

/// What a pure crate does not name.
const HOST: &[&str] = &[
    "Instant",
    "SystemTime",
    "std::fs",
    "std::thread",
    "std::env",
    "std::net",
    "std::process",
    "RandomState",
];

/// Most lines of a file that is not a table.
const MOST_LINES: usize = 600;
/// Files that are tables.
const TABLES: &[&str] = &["cpu/src/decode/opcode_map.rs"];

/// Files with unsafe code. ARCHITECTURE.md says what each relies on, and how that is verified.
const UNSAFE: &[&str] = &[
    "bus/src/ram/slab.rs",
    "cpu/src/cpu.rs",
    "cpu/src/decode/arena.rs",
    "cpu/src/decode/block.rs",
    "cpu/src/decode/cache.rs",
    "cpu/src/decode/jumps.rs",
    "cpu/src/decode/ledger.rs",
    "cpu/src/exec/access.rs",
    "cpu/src/exec/dispatch.rs",
    "cpu/src/exec/fused.rs",
    "cpu/src/exec/op.rs",
    "cpu/src/exec/refill.rs",
    "cpu/src/exec/repeat.rs",
    "cpu/src/exec/simd/host.rs",
    "cpu/src/exec/string.rs",
    "cpu/src/host_memory.rs",
    "cpu/src/recorder/trail.rs",
    "cpu/src/regs.rs",
    "cpu/src/run.rs",
    "float/src/host_x86_64.rs",
    "hosts/src/exports.rs",
];

fn members() -> Vec<String> {
    let manifest: toml::Table =
        std::fs::read_to_string(workspace().join("Cargo.toml")).unwrap().parse().unwrap();
    let members = manifest["workspace"]["members"].as_array().unwrap();
    members.iter().map(|member| member.as_str().unwrap().to_owned()).collect()
}

/// The crates of ours that `table` (of a manifest) names.
fn named(manifest: &toml::Table, table: &str) -> Vec<String> {
    let Some(dependencies) = manifest.get(table).and_then(toml::Value::as_table) else { return Vec::new() };
    dependencies.keys().filter_map(|name| name.strip_prefix("ringzero-")).map(str::to_owned).collect()
}

#[test]
fn crates_depend_only_on_those_below_them() {
    for member in members() {
        let path = workspace().join(&member).join("Cargo.toml");
        let manifest: toml::Table = std::fs::read_to_string(path).unwrap().parse().unwrap();
        let (_, allowed) = MAY_DEPEND
            .iter()
            .find(|(name, _)| *name == member)
            .unwrap_or_else(|| panic!("{member}: not in the table of who may know whom"));
        let by_target = manifest.get("target").and_then(toml::Value::as_table);
        let by_target = by_target.into_iter().flatten().filter_map(|(_, tables)| tables.as_table());
        for tables in std::iter::once(&manifest).chain(by_target) {
            for name in
                ["dependencies", "dev-dependencies", "build-dependencies"].map(|t| named(tables, t)).concat()
            {
                assert!(allowed.contains(&name.as_str()), "{member}: must not depend on {name}");
            }
        }
    }
}

fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
}

fn sources_of(member: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for folder in ["src", "build", "tests", "benches", "examples"] {
        let folder = workspace().join(member).join(folder);
        if folder.is_dir() {
            sources(&folder, &mut found);
        }
    }
    found.sort();
    found
}

/// The code of a file: without comments, and without the tests at its end.
fn code(text: &str) -> String {
    let text = text.split("#[cfg(test)]\nmod tests {").next().unwrap_or_default();
    text.lines().map(|line| line.split("//").next().unwrap_or_default()).collect::<Vec<_>>().join("\n")
}

fn is_test(path: &Path) -> bool {
    let name = path.file_stem().unwrap().to_string_lossy().into_owned();
    name == "tests" || name.ends_with("_tests") || name == "testing"
}

/// Whether `text` has `word` with no letter, digit or underscore beside it.
fn names(text: &str, word: &str) -> bool {
    let beside = |c: Option<char>| c.is_some_and(|c| c.is_alphanumeric() || c == '_');
    text.match_indices(word).any(|(at, _)| {
        !beside(text[..at].chars().next_back()) && !beside(text[at + word.len()..].chars().next())
    })
}

#[test]
fn pure_crates_name_no_clock_file_thread_or_environment() {
    for member in PURE {
        let folder = workspace().join(member).join("src");
        let mut files = Vec::new();
        sources(&folder, &mut files);
        for path in files.iter().filter(|path| !is_test(path)) {
            let code = code(&std::fs::read_to_string(path).unwrap());
            for word in HOST {
                assert!(!names(&code, word), "{}: names {word}", path.display());
            }
        }
    }
}

#[test]
fn a_name_is_found_whole_only() {
    assert!(names("let t = std::time::Instant::now();", "Instant"));
    assert!(!names("fn instant() {} struct Instants; use a::std::fsx;", "Instant"));
    assert!(!names("use std::fsx;", "std::fs"));
}

#[test]
fn files_are_short_unless_they_are_tables() {
    for member in members() {
        for path in sources_of(&member) {
            let name = path.strip_prefix(workspace()).unwrap().to_string_lossy().replace('\\', "/");
            let lines = std::fs::read_to_string(&path).unwrap().lines().count();
            assert!(lines <= MOST_LINES || TABLES.contains(&name.as_str()), "{name}: {lines} lines");
        }
    }
}

#[test]
fn unsafe_code_is_where_its_contract_is_written() {
    let architecture = std::fs::read_to_string(workspace().join("ARCHITECTURE.md")).unwrap();
    let mut found = Vec::new();
    for member in members() {
        for path in sources_of(&member) {
            if names(&code(&std::fs::read_to_string(&path).unwrap()), "unsafe") {
                found.push(path.strip_prefix(workspace()).unwrap().to_string_lossy().replace('\\', "/"));
            }
        }
    }
    // The rule itself names the word.
    found.retain(|file| file != "tests/tests/house.rs");
    found.sort();
    assert_eq!(found, UNSAFE);
    for file in UNSAFE {
        let name = file.rsplit('/').next().unwrap_or(file);
        assert!(
            architecture.contains(&format!("{name}`")),
            "{file}: ARCHITECTURE.md does not say what it relies on"
        );
    }
}
