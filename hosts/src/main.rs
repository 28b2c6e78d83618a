//! `ringzero-hosts run SAMPLE FREEDOS LINUX [FREEDOS-LENGTH LINUX-LENGTH]` prints a line per result;
//! `ringzero-hosts compare EXPECTED FOUND` tells the first that differs.
//!
//! The checks run on small stacks: where a handler calls its successor instead of leaving by a jump, they overflow.
#![expect(clippy::print_stdout, reason = "the lines are what this program is for")]

use ringzero_hosts::{Lengths, Line, first_difference, freedos, linux, sample};
use std::error::Error;
use std::process::ExitCode;

/// Enough for what a processor calls, far too little for a frame per instruction.
const CPU_STACK: usize = 64 << 10;
/// The same for a machine, whose chips and firmware call more, and which hashes itself.
const MACHINE_STACK: usize = 256 << 10;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let result = match arguments[..] {
        ["run", sample, freedos, linux] => run([sample, freedos, linux], Lengths::default()),
        ["run", sample, freedos, linux, dos_length, linux_length] => {
            lengths(dos_length, linux_length).and_then(|lengths| run([sample, freedos, linux], lengths))
        }
        ["compare", expected, found] => compare(expected, found),
        _ => Err("run SAMPLE FREEDOS LINUX [FREEDOS-LENGTH LINUX-LENGTH], or compare EXPECTED FOUND".into()),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("ringzero-hosts: {error}");
            ExitCode::FAILURE
        }
    }
}

type Outcome = Result<(), Box<dyn Error>>;

fn lengths(freedos: &str, linux: &str) -> Result<Lengths, Box<dyn Error>> {
    Ok(Lengths { freedos: freedos.parse()?, linux: linux.parse()? })
}

fn run(files: [&str; 3], lengths: Lengths) -> Outcome {
    let read = |path: &str| std::fs::read(path).map_err(|error| format!("{path}: {error}"));
    let [cases, diskette, disk] = files.map(read);
    let (diskette, disk) = (diskette?, disk?);
    let mut groups = sample::unpack(&cases?)?;
    print(&on_a_stack_of(CPU_STACK, move || sample::run(&mut groups))?);
    print(&on_a_stack_of(MACHINE_STACK, move || freedos(diskette, lengths))??);
    print(&on_a_stack_of(MACHINE_STACK, move || linux(disk, lengths))??);
    Ok(())
}

fn on_a_stack_of<T: Send + 'static>(
    bytes: usize,
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, Box<dyn Error>> {
    let thread = std::thread::Builder::new().stack_size(bytes).spawn(work)?;
    thread.join().map_err(|_| "a check has panicked".into())
}

fn print(lines: &[Line]) {
    for line in lines {
        println!("{line}");
    }
}

fn compare(expected: &str, found: &str) -> Outcome {
    let read = |path: &str| std::fs::read_to_string(path).map_err(|error| format!("{path}: {error}"));
    let (expected, found) = (read(expected)?, read(found)?);
    if let Some(line) = expected.lines().find(|line| line.contains(" failed: ")) {
        return Err(line.into());
    }
    first_difference(&expected, &found).map_or(Ok(()), |difference| Err(difference.into()))
}
