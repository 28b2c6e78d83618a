//! A ROM that walks the rules of protected mode and tells on port E9h what the processor does.
//!
//! Each case of [`cases`] tries one thing and prints one line: the exceptions that came, with error code and saved
//! instruction pointer (its distance from the instruction tried), then the values it wants shown. The line that the
//! manual demands is written beside the code. The same image runs on this machine, under QEMU (`-bios`) and under
//! Bochs (`romimage`); it needs no BIOS, no display and 16 MiB of memory.

pub mod asm;
pub mod builder;
pub mod cases;
pub mod deviations;
pub mod kernel;
pub mod layout;
pub mod machines;

use builder::{Builder, Case};

/// The image and its cases.
///
/// # Panics
/// When the assembler refuses a case: that is a mistake in it.
pub fn build() -> (Vec<u8>, Vec<Case>) {
    let built = || {
        let mut builder = Builder::new()?;
        cases::all(&mut builder)?;
        builder.finish()
    };
    built().unwrap_or_else(|error| panic!("the test ROM does not assemble: {error}"))
}

/// The image: 128 KiB, ending with the reset vector.
pub fn image() -> Vec<u8> {
    build().0
}

/// Name and expected line of every case, in the order they run.
pub fn expected() -> Vec<(String, String)> {
    build().1.into_iter().map(|case| (case.name, case.expected)).collect()
}

/// What a machine printed, by case: `(name, line)`.
pub fn parse(output: &str) -> Vec<(String, String)> {
    let lines = output.lines().filter_map(|line| line.split_once(':'));
    lines.map(|(name, rest)| (name.trim().to_owned(), without_places(rest.trim()))).collect()
}

/// `ip=00031234` says only that it is somewhere else in the ROM: places there change with every case.
fn without_places(line: &str) -> String {
    let words = line.split(' ').map(|word| {
        let address = word.strip_prefix("ip=").and_then(|digits| u32::from_str_radix(digits, 16).ok());
        let in_rom = address.is_some_and(|at| (layout::CODE..layout::CODE + layout::ROM_SIZE as u32).contains(&at));
        if in_rom { "ip=elsewhere" } else { word }
    });
    words.collect::<Vec<_>>().join(" ")
}

/// How a machine did.
#[derive(Clone, Debug)]
pub struct Report {
    machine: machines::On,
    cases: usize,
    /// Cases that printed what they should not: name, citation, expected, printed.
    pub differ: Vec<(String, &'static str, String, String)>,
    /// Known deviations seen, with their reasons.
    pub known: Vec<&'static deviations::Deviation>,
    /// Known deviations that are none any more.
    pub stale: Vec<&'static deviations::Deviation>,
}

impl Report {
    /// Everything is as expected.
    pub fn is_good(&self) -> bool {
        self.differ.is_empty() && self.stale.is_empty()
    }
}

impl std::fmt::Display for Report {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let name = self.machine.name();
        for (case, cite, expected, printed) in &self.differ {
            writeln!(f, "{name}: {case} {cite}\n    expected {expected}\n    printed  {printed}")?;
        }
        for known in &self.known {
            writeln!(f, "{name}: {} prints {}: {}", known.case, known.prints, known.reason)?;
        }
        for stale in &self.stale {
            writeln!(f, "{name}: {} no longer deviates", stale.case)?;
        }
        let (differ, known) = (self.differ.len(), self.known.len());
        writeln!(f, "{name}: {} cases, {known} known deviations, {differ} differ", self.cases)
    }
}

/// Compares what `machine` printed with what the cases demand.
pub fn compare(machine: machines::On, cases: &[Case], lines: &[(String, String)]) -> Report {
    let known = deviations::DEVIATIONS.iter().filter(|known| known.peer == machine.name());
    let mut report = Report { machine, cases: cases.len(), differ: vec![], known: vec![], stale: vec![] };
    let known: Vec<_> = known.collect();
    for case in cases {
        let printed = lines.iter().find(|(name, _)| *name == case.name).map_or("(nothing)", |(_, line)| line);
        match known.iter().find(|known| known.case == case.name) {
            Some(known) if known.prints == printed => report.known.push(known),
            Some(known) if printed == case.expected => report.stale.push(known),
            None if printed == case.expected => {}
            _ => {
                let (name, expected) = (case.name.clone(), case.expected.clone());
                report.differ.push((name, case.cite, expected, printed.to_owned()));
            }
        }
    }
    report
}
