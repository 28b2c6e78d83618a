//! Folders of a test's own, and programs of the host.

use crate::shared::{self, workspace};
use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// Seconds that a program of the host may take.
const PATIENCE: &str = "600";

/// A folder of its own for a test, gone afterwards. Images may be large: it lies beside what the compiler made.
pub struct Scratch(PathBuf);

impl Scratch {
    /// Makes the folder.
    ///
    /// # Panics
    /// When the host refuses.
    pub fn new(name: &str) -> Self {
        let path = workspace().join("target/disks").join(format!("{name}-{}", std::process::id()));
        std::fs::create_dir_all(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        Self(path)
    }

    /// A file in it.
    pub fn file(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    /// A file in it with these contents.
    ///
    /// # Panics
    /// When the host refuses.
    pub fn write(&self, name: &str, contents: &[u8]) -> PathBuf {
        let path = self.file(name);
        std::fs::write(&path, contents).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        path
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        // A folder that stays costs room and no more.
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// Whether the host has these programs; skips the calling test where it has not.
#[track_caller]
pub fn has(programs: &[&str]) -> bool {
    let path = search_path();
    let lacks = |program: &&&str| !std::env::split_paths(&path).any(|folder| folder.join(program).is_file());
    let Some(missing) = programs.iter().find(lacks) else { return true };
    shared::skip(&format!("no program {missing}"));
    false
}

/// Runs a program of the host that must succeed; what it said.
///
/// # Panics
/// When it fails or takes too long.
#[track_caller]
pub fn run<S: AsRef<OsStr>>(program: &str, args: impl IntoIterator<Item = S>) -> String {
    let output = try_run(program, args);
    let said = text(&output);
    assert!(output.status.success(), "{program}: {}:\n{said}", output.status);
    said
}

/// Runs a program of the host, whatever comes of it.
///
/// # Panics
/// When it cannot be started.
#[track_caller]
pub fn try_run<S: AsRef<OsStr>>(program: &str, args: impl IntoIterator<Item = S>) -> Output {
    let mut command = Command::new("timeout");
    command.arg(PATIENCE).arg(program).args(args);
    command.env("PATH", search_path()).env("LC_ALL", "C").env("MTOOLS_SKIP_CHECK", "1");
    command.output().unwrap_or_else(|error| panic!("{program}: {error}"))
}

/// What a program said on both its outputs.
pub fn text(output: &Output) -> String {
    let [out, err] = [&output.stdout, &output.stderr].map(|bytes| String::from_utf8_lossy(bytes));
    format!("{out}{err}")
}

/// A path as an argument.
pub fn arg(path: &Path) -> OsString {
    path.as_os_str().to_owned()
}

/// The program `ringzero`, made anew if need be, in the folder of the one that runs.
///
/// # Panics
/// When it cannot be made.
pub fn ringzero() -> PathBuf {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut build = Command::new(cargo);
    build.args(["build", "--quiet", "-p", "ringzero-frontend"]).current_dir(workspace());
    if !cfg!(debug_assertions) {
        build.arg("--release");
    }
    let built = build.status().expect("cargo is there: it built this");
    assert!(built.success(), "ringzero cannot be built");
    let this = std::env::current_exe().expect("a running program has a name");
    let folders = this.ancestors().skip(1).take(2);
    let found = folders.map(|folder| folder.join("ringzero")).find(|path| path.is_file());
    found.unwrap_or_else(|| panic!("no ringzero beside {}", this.display()))
}

/// File system tools lie where a user's shell does not look.
fn search_path() -> OsString {
    let mut path = std::env::var_os("PATH").unwrap_or_default();
    path.push(":/usr/sbin:/sbin");
    path
}
