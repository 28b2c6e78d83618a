//! The document: docs/BENCHMARKS.md.

use super::tools::{Tools, host_processor, today};
use super::{Measured, Run, Runs, bars, median};
use std::fmt::Write;

/// Marks what is below its bar.
const BELOW: &str = " **below**";
/// Marks what takes more than its bar.
const OVER: &str = " **over**";
/// Serial output reaches the host in pieces of some milliseconds: what is shorter counts as this.
const SHORTEST_MS: f64 = 10.0;

pub(super) fn document(measured: &Measured, tools: &Tools) -> String {
    let mut text = head(tools);
    if tools.qemu.is_some() {
        text += &beside_qemu(measured);
    }
    if tools.bochs.is_some() {
        text += &beside_bochs(measured);
    }
    text += &start(measured);
    text += &memory(measured);
    text + &method(measured)
}

fn head(tools: &Tools) -> String {
    let peers = [tools.qemu.as_deref(), tools.bochs.as_deref()];
    let peers: Vec<&str> = peers.into_iter().flatten().collect();
    format!(
        "# Benchmarks\n\nWritten by `make bench-peers`; do not edit.\n\n| | |\n| --- | --- |\n\
         | date | {} |\n| host | {} |\n| RingZero | {} |\n| peers | {} |\n\n\
         A ratio above 1 means that RingZero, an interpreter, is faster. A bar is what its interpreter is to reach.\n",
        today(),
        host_processor(),
        tools.ringzero,
        peers.join("; "),
    )
}

/// Milliseconds of a kernel, the median of all rounds.
fn time(runs: &[Run], kernel: &str) -> Option<f64> {
    median(runs.iter().filter_map(|run| run.seconds.get(kernel)).map(|seconds| seconds * 1e3))
}

/// How many digits a number of milliseconds or a ratio is worth.
fn short(value: f64) -> String {
    let digits = if value < 10.0 { 2 } else { usize::from(value < 100.0) };
    format!("{value:.digits$}")
}

/// The kernels both targets have run, in alphabetical order within the order of their bars: integer code first.
fn kernels(runs: &Runs, ours: &str, theirs: &str) -> Vec<String> {
    let names =
        |target: &str| runs.get(target).into_iter().flatten().flat_map(|run| run.seconds.keys().cloned());
    let mut all: Vec<String> = names(ours).filter(|name| names(theirs).any(|other| other == *name)).collect();
    all.sort_by_key(|name| {
        (bars::INTEGER.iter().position(|known| known == name).unwrap_or(usize::MAX), name.clone())
    });
    all.dedup();
    all
}

/// One row for each kernel, and the ratios of integer code.
fn rows(runs: &Runs, ours: &str, theirs: &str, with_bars: bool) -> (String, Vec<f64>) {
    let (mut text, mut integer) = (String::new(), Vec::new());
    let none = Vec::new();
    let (mine, others) = (runs.get(ours).unwrap_or(&none), runs.get(theirs).unwrap_or(&none));
    for kernel in kernels(runs, ours, theirs) {
        let (Some(a), Some(b)) = (time(mine, &kernel), time(others, &kernel)) else { continue };
        let (measured, ratio) = (a >= SHORTEST_MS, b / a.max(SHORTEST_MS));
        let sign = match (measured, b >= SHORTEST_MS) {
            (true, _) => "",
            (false, true) => "> ",
            (false, false) => "about ",
        };
        if bars::INTEGER.contains(&kernel.as_str()) {
            integer.push(ratio);
        }
        let mut sums = mine.iter().chain(others).filter_map(|run| run.sums.get(&kernel));
        let first = sums.next();
        let differs = if sums.all(|sum| Some(sum) == first) { "" } else { " (another result)" };
        let bar = bars::of(&kernel).filter(|_| with_bars);
        let mark = if bar.is_some_and(|bar| measured && ratio < bar) { BELOW } else { "" };
        let bar =
            if with_bars { format!(" {} |", bar.map(short).unwrap_or_default()) } else { String::new() };
        // A string takes all that is written.
        let _ = writeln!(
            text,
            "| {kernel}{differs} | {} | {} | {sign}{}{mark} |{bar}",
            short(a),
            short(b),
            short(ratio)
        );
    }
    (text, integer)
}

fn mean(ratios: &[f64]) -> Option<f64> {
    let sum: f64 = ratios.iter().map(|ratio| ratio.ln()).sum();
    (!ratios.is_empty()).then(|| (sum / ratios.len() as f64).exp())
}

fn beside_qemu(measured: &Measured) -> String {
    let head = "| kernel | RingZero ms | QEMU ms | ratio | bar |\n| --- | ---: | ---: | ---: | ---: |\n";
    let (protected, integer) = rows(&measured.qemu, "new32", "qemu32", true);
    let (real, _) = rows(&measured.qemu, "new16", "qemu16", true);
    let mut text =
        format!("\n## Beside QEMU (TCG)\n\n32-bit protected mode with paging:\n\n{head}{protected}");
    if let Some(mean) = mean(&integer) {
        let mark = if mean < bars::INTEGER_MEAN { BELOW } else { "" };
        let _ = writeln!(
            text,
            "| geometric mean of the {} integer kernels | | | {}{mark} | {:.2} |",
            integer.len(),
            short(mean),
            bars::INTEGER_MEAN
        );
    }
    let _ = write!(text, "\nReal mode, stack and code in one page as in DOS programs:\n\n{head}{real}");
    text += &reasons(&format!("{protected}{real}"));
    let [ours, theirs] =
        ["new32", "qemu32"].map(|target| median(measured.linux.get(target).into_iter().flatten().copied()));
    if let (Some(ours), Some(theirs)) = (ours, theirs) {
        let ratio = theirs / ours;
        let mark = if ratio < bars::LINUX { BELOW } else { "" };
        let _ = write!(
            text,
            "\nA Linux boot from a disk image, power-on to the start of its init:\n\n{head}| Linux | {} | {} | {}{mark} | {:.2} |\n",
            short(ours * 1e3),
            short(theirs * 1e3),
            short(ratio),
            bars::LINUX
        );
    }
    text
}

/// Why rows are below their bars.
fn reasons(rows: &str) -> String {
    let below = rows.lines().filter(|row| row.contains(BELOW));
    let known = below.filter_map(|row| {
        let kernel = row.split([' ', '|']).find(|word| !word.is_empty())?;
        Some(format!("- {kernel}: {}\n", bars::reason(kernel)?))
    });
    let known: String = known.collect();
    if known.is_empty() { known } else { format!("\nWhat keeps rows below their bars:\n\n{known}") }
}

fn beside_bochs(measured: &Measured) -> String {
    let head = "| kernel | RingZero ms | Bochs ms | ratio |\n| --- | ---: | ---: | ---: |\n";
    let (protected, integer) = rows(&measured.bochs, "new32", "bochspkg32", false);
    let (real, _) = rows(&measured.bochs, "new16", "bochspkg16", false);
    let mut text = format!("\n## Beside Bochs\n\n32-bit protected mode with paging:\n\n{head}{protected}");
    if let Some(mean) = mean(&integer) {
        let mark = if mean < bars::BOCHS { BELOW } else { "" };
        let _ = writeln!(
            text,
            "| geometric mean of the {} integer kernels (bar {}) | | | {}{mark} |",
            integer.len(),
            bars::BOCHS,
            short(mean)
        );
    }
    let _ = write!(text, "\nReal mode:\n\n{head}{real}");
    text
}

fn start(measured: &Measured) -> String {
    let mut text = "\n## Start\n\nFrom the start of the program to the guest's first output, through BIOS and boot sector:\n\n\
                    | | ms |\n| --- | ---: |\n"
        .to_owned();
    for (target, name) in [("new32", "RingZero"), ("qemu32", "QEMU"), ("bochspkg32", "Bochs")] {
        let Some(runs) = measured.start.get(target) else { continue };
        let boot = median(runs.iter().filter_map(|run| run.boot)).unwrap_or_default() * 1e3;
        let late = if boot > bars::START_MS && target == "new32" { OVER } else { "" };
        let _ = writeln!(text, "| {name} | {boot:.0}{late} |");
    }
    let _ = writeln!(text, "| bar | {:.0} |", bars::START_MS);
    text
}

fn memory(measured: &Measured) -> String {
    if measured.memory.is_empty() {
        return String::new();
    }
    let mut text = "\n## Memory\n\nResident memory of RingZero with a guest of 128 MB, and what it is beyond the guest memory in use, in MB:\n\n\
                    | | resident | guest | beyond | bar |\n| --- | ---: | ---: | ---: | ---: |\n"
        .to_owned();
    for ((name, memory), bar) in measured.memory.iter().zip(bars::MEMORY_MB) {
        let beyond = memory.resident - memory.guest;
        let mark = if beyond > bar { OVER } else { "" };
        let _ = writeln!(
            text,
            "| {name} | {:.1} | {:.1} | {beyond:.1}{mark} | {bar:.0} |",
            memory.resident, memory.guest
        );
    }
    text
}

fn method(measured: &Measured) -> String {
    format!(
        "\n## How it was measured\n\nEvery kernel prints a checksum on the serial port before and behind its work, and the host takes the time of those lines. \
         RingZero and its peer run in turn, {} in this document, in the opposite order every other round; a figure is the median of its rounds. Peers \
         run with what their packages give: QEMU with `-accel tcg,thread=single`, Bochs without a throttle. Only ratios of one run of this \
         program mean anything: hosts differ, and so do days.\n\nTo repeat it on a quiet host:\n\n    \
         apt-get install python3 nasm gcc-multilib qemu-system-x86 bochs bochs-term bochsbios vgabios\n    \
         make bench-peers ROUNDS=5\n\nThe kernels are those of the folder `bench` of the shared data beside the project (`RINGZERO_SHARED`). Figures of RingZero alone \
         are in README.md and come from `make bench`.\n",
        if measured.rounds == 1 { "one round".to_owned() } else { format!("{} rounds", measured.rounds) }
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn runs(seconds: f64) -> Vec<Run> {
        let seconds = [("core".to_owned(), seconds), ("repmov".to_owned(), seconds)].into();
        vec![Run { seconds, ..Run::default() }]
    }

    #[test]
    fn a_kernel_below_its_bar_is_marked() {
        let measured: Runs = [("new32".to_owned(), runs(0.1)), ("qemu32".to_owned(), runs(0.2))].into();
        let (text, integer) = rows(&measured, "new32", "qemu32", true);
        assert_eq!(text, "| core | 100 | 200 | 2.00 |  |\n| repmov | 100 | 200 | 2.00 **below** | 40.0 |\n");
        assert_eq!(integer, [2.0]);
    }

    #[test]
    fn a_row_below_its_bar_is_accounted_for() {
        assert_eq!(reasons("| tlb | 1 | 2 | 2.00 | 3.00 |\n"), "");
        assert!(reasons(&format!("| tlb | 1 | 2 | 2.00{BELOW} | 3.00 |\n")).contains("\n- tlb: "));
    }

    #[test]
    fn of_what_is_too_short_to_measure_a_bound_is_given() {
        let measured: Runs = [("new32".to_owned(), runs(0.001)), ("qemu32".to_owned(), runs(0.2))].into();
        let (text, _) = rows(&measured, "new32", "qemu32", true);
        assert!(text.ends_with("| repmov | 1.00 | 200 | > 20.0 | 40.0 |\n"), "{text}");
    }

    #[test]
    fn the_mean_is_geometric() {
        assert_eq!(mean(&[]), None);
        assert!((mean(&[0.5, 2.0]).unwrap_or_default() - 1.0).abs() < 1e-12);
    }
}
