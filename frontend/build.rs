//! How the program is linked.

use std::env;
use std::process::Command;

/// The first glibc that knows packed relocations, of 2022.
const PACKED_SINCE: (u32, u32) = (2, 36);

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    // Nearly all relocations are relative; packed, they take a thirtieth of the memory that is read at every start. An older
    // C library refuses a program that has them, so they are for where the one at hand does not.
    if is_native() && glibc().is_some_and(|version| version >= PACKED_SINCE) {
        println!("cargo:rustc-link-arg-bins=-Wl,-z,pack-relative-relocs");
    }
}

/// Whether the program is built for this system.
fn is_native() -> bool {
    let target = env::var("TARGET");
    target.is_ok_and(|target| {
        target.ends_with("-linux-gnu") && env::var("HOST").is_ok_and(|host| host == target)
    })
}

/// The version of this system's C library, if it is glibc.
fn glibc() -> Option<(u32, u32)> {
    let told = Command::new("getconf").arg("GNU_LIBC_VERSION").output().ok()?;
    let told = String::from_utf8(told.stdout).ok()?;
    let (major, minor) = told.trim().strip_prefix("glibc ")?.split_once('.')?;
    Some((major.parse().ok()?, minor.parse().ok()?))
}
