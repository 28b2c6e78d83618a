//! What a WebAssembly host calls: [`add_file`] three times, [`run`], then [`output`] and [`output_len`].
#![expect(unsafe_code, reason = "exported functions have names that the linker sees")]

use crate::{Files, Lengths, checks};
use std::sync::{Mutex, MutexGuard, PoisonError};

static FILES: Mutex<Vec<Vec<u8>>> = Mutex::new(Vec::new());
static OUTPUT: Mutex<String> = Mutex::new(String::new());

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Room for a file of `len` bytes, which the host fills before it calls anything else. The order is that of [`Files`].
#[unsafe(no_mangle)]
pub extern "C" fn add_file(len: usize) -> *mut u8 {
    let mut files = lock(&FILES);
    files.push(vec![0; len]);
    files.last_mut().map_or(std::ptr::null_mut(), |file| file.as_mut_ptr())
}

/// Runs the checks for so many instructions of FreeDOS and Linux; 1 if they came to their end. Either way the output is
/// what there is to tell, and it is there also when this traps.
#[unsafe(no_mangle)]
pub extern "C" fn run(freedos: u64, linux: u64) -> u32 {
    std::panic::set_hook(Box::new(|panic| *lock(&OUTPUT) = panic.to_string()));
    let mut files = std::mem::take(&mut *lock(&FILES)).into_iter();
    let mut next = || files.next().unwrap_or_default();
    let files = Files { sample: next(), freedos: next(), linux: next() };
    let (ended, text) = match checks(files, Lengths { freedos, linux }) {
        Ok(lines) => (1, lines.iter().map(|line| format!("{line}\n")).collect()),
        Err(error) => (0, format!("{error:?}\n")),
    };
    *lock(&OUTPUT) = text;
    ended
}

/// Where the output lies.
#[unsafe(no_mangle)]
pub extern "C" fn output() -> *const u8 {
    lock(&OUTPUT).as_ptr()
}

/// Its length in bytes.
#[unsafe(no_mangle)]
pub extern "C" fn output_len() -> usize {
    lock(&OUTPUT).len()
}
