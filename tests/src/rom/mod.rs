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
        let flat = layout::CODE..layout::CODE + layout::ROM_SIZE as u32;
        let low = layout::LOW..layout::TABLE;
        if address.is_some_and(|at| flat.contains(&at) || low.contains(&at)) { "ip=elsewhere" } else { word }
    });
    words.collect::<Vec<_>>().join(" ")
}

/// A case that printed something else than it should.
#[derive(Clone, Debug)]
pub struct Difference {
    /// The case.
    pub case: Case,
    /// What it printed.
    pub printed: String,
    /// Why, where that is known of a peer.
    pub reason: Option<&'static str>,
}

/// How a machine did.
#[derive(Clone, Debug)]
pub struct Report {
    machine: machines::On,
    cases: usize,
    /// What differs from the manual.
    pub differences: Vec<Difference>,
    /// Known deviations that are none any more.
    pub stale: Vec<String>,
}

impl Report {
    /// Differences without a known reason.
    pub fn unexplained(&self) -> impl Iterator<Item = &Difference> {
        self.differences.iter().filter(|difference| difference.reason.is_none())
    }

    /// Everything is as the manual says, or as is known of the machine.
    pub fn is_good(&self) -> bool {
        self.unexplained().next().is_none() && self.stale.is_empty()
    }
}

impl std::fmt::Display for Report {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let name = self.machine.name();
        for Difference { case, printed, reason } in &self.differences {
            match reason {
                Some(reason) => writeln!(f, "{name}: {} deviates: {printed}: {reason}", case.name)?,
                None => {
                    let Case { name: case, expected, cite } = case;
                    writeln!(f, "{name}: {case} {cite}\n    expected {expected}\n    printed  {printed}")?;
                }
            }
        }
        for stale in &self.stale {
            writeln!(f, "{name}: {stale} no longer deviates")?;
        }
        let unexplained = self.unexplained().count();
        let known = self.differences.len() - unexplained;
        writeln!(f, "{name}: {} cases, {known} known deviations, {unexplained} differ", self.cases)
    }
}

/// Compares what `machine` printed with what the cases demand.
pub fn compare(machine: machines::On, cases: &[Case], lines: &[(String, String)]) -> Report {
    let mut report = Report { machine, cases: cases.len(), differences: vec![], stale: vec![] };
    for case in cases {
        let printed = lines.iter().find(|(name, _)| *name == case.name).map_or("(nothing)", |(_, line)| line);
        let known = deviations::of(machine.name(), &case.name);
        if printed == case.expected {
            report.stale.extend(known.map(|_| case.name.clone()));
            continue;
        }
        let reason =
            known.filter(|(prints, _)| *prints == "*" || *prints == printed).map(|(_, reason)| reason);
        report.differences.push(Difference { case: case.clone(), printed: printed.to_owned(), reason });
    }
    report
}
