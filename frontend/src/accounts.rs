//! What a run took and where it went: `--stats` and `--profile`.

use crate::report;
use ringzero_machine::{Machine, MachineStats};
use std::fmt::Write;
use std::path::PathBuf;
use std::time::{Duration, Instant};

/// What is kept of a run besides the guest.
pub(crate) struct Accounts {
    begun: Instant,
    asleep: Duration,
    /// Statistics are to be told at the end.
    pub(crate) tells: bool,
    /// Where the profile goes.
    pub(crate) profile: Option<PathBuf>,
}

impl Default for Accounts {
    fn default() -> Self {
        Self { begun: Instant::now(), asleep: Duration::ZERO, tells: false, profile: None }
    }
}

/// The host's part.
#[derive(Clone, Copy, Debug, Default)]
struct HostTimes {
    /// From the run's begin to its end.
    all: Duration,
    /// Waiting for the wall clock, or for input.
    asleep: Duration,
}

impl Accounts {
    /// Does what waits for something, and counts the time as slept.
    pub(crate) fn sleeping<T>(&mut self, wait: impl FnOnce() -> T) -> T {
        let begun = Instant::now();
        let result = wait();
        self.asleep += begun.elapsed();
        result
    }

    /// The run is over: writes the profile, and gives the statistics as text if they are to be told.
    pub(crate) fn close(&self, machine: &Machine) -> String {
        let times = HostTimes { all: self.begun.elapsed(), asleep: self.asleep };
        if let (Some(path), Some(profile)) = (&self.profile, machine.profile())
            && let Err(error) = std::fs::write(path, profile.folded())
        {
            report::say(&format!("warning: no profile: {}: {error}", path.display()));
        }
        if self.tells { table(&rows(&machine.stats(), machine.now().0, times)) } else { String::new() }
    }
}

type Row = (&'static str, String);

/// One fact per line, values below each other.
fn table(rows: &[Row]) -> String {
    let mut text = "statistics of the run:\n".to_owned();
    let width = rows.iter().map(|(label, _)| label.len()).max().unwrap_or_default();
    for (label, value) in rows {
        let (number, unit) = value.split_once(' ').unwrap_or((value, ""));
        // Writing to a string does not fail.
        let _ = writeln!(text, "{}", format!("  {label:<width$} {number:>16} {unit}").trim_end());
    }
    text
}

fn rows(stats: &MachineStats, virtual_ns: u64, times: HostTimes) -> Vec<Row> {
    let mut rows = of_time(stats, virtual_ns, times);
    rows.extend(of_blocks(stats));
    rows.extend(of_memory(stats));
    rows.extend(of_events(stats));
    rows.push(("guest memory in use", megabytes(stats.guest_memory as u64)));
    rows.extend(of_process());
    rows
}

fn of_time(stats: &MachineStats, virtual_ns: u64, times: HostTimes) -> Vec<Row> {
    let awake = times.all.saturating_sub(times.asleep);
    let mips = stats.cpu.instructions as f64 / 1e6 / awake.as_secs_f64().max(1e-9);
    let seconds = |time: Duration| format!("{:.3} s", time.as_secs_f64());
    vec![
        ("instructions", stats.instructions().to_string()),
        ("  of them in loops passed over", stats.passed_over.to_string()),
        ("speed", format!("{mips:.1} MIPS")),
        ("host time", seconds(times.all)),
        ("  asleep", seconds(times.asleep)),
        ("virtual time", seconds(Duration::from_nanos(virtual_ns))),
        ("  the guest waited", seconds(Duration::from_nanos(stats.idle_ns))),
    ]
}

fn of_blocks(stats: &MachineStats) -> Vec<Row> {
    let blocks = &stats.cpu.blocks;
    vec![
        ("blocks decoded", blocks.decoded.to_string()),
        ("  overwritten", blocks.invalidated.to_string()),
        ("  dropped for room", blocks.evicted.to_string()),
        ("block searches", blocks.searched.to_string()),
        ("  found", with_share(blocks.found, blocks.searched)),
    ]
}

fn of_memory(stats: &MachineStats) -> Vec<Row> {
    let cpu = &stats.cpu;
    vec![
        ("TLB misses", cpu.tlb_misses.to_string()),
        ("  found in the second level", with_share(cpu.second_level_hits, cpu.tlb_misses)),
        ("page walks", cpu.walks.to_string()),
        ("  for code", cpu.code_walks.to_string()),
        ("memory accesses the long way", cpu.full_accesses.to_string()),
    ]
}

fn of_events(stats: &MachineStats) -> Vec<Row> {
    let (cpu, exits) = (&stats.cpu, &stats.cpu.exits);
    let rows = [
        ("interrupts", cpu.interrupts),
        ("  non-maskable", cpu.nmis),
        ("  system management", cpu.smis),
        ("exceptions", cpu.exceptions),
        ("  page faults", cpu.page_faults),
        ("resets", stats.resets),
        ("exits of the processor", exits.total()),
        ("  budget spent", exits.budget),
        ("  attention of a chip", exits.attention),
        ("  halted", exits.halted),
        ("  shutdown", exits.shutdown),
        ("  firmware call", exits.firmware),
        ("  register call", exits.registers),
        ("  a port polled", exits.polling),
    ];
    rows.into_iter().map(|(label, count)| (label, count.to_string())).collect()
}

/// A part, and how much of the whole it is.
fn with_share(part: u64, whole: u64) -> String {
    match whole {
        0 => part.to_string(),
        _ => format!("{part} ({:.1} %)", part as f64 * 100.0 / whole as f64),
    }
}

fn megabytes(bytes: u64) -> String {
    format!("{:.1} MB", bytes as f64 / 1e6)
}

/// Resident memory, where the host tells it.
#[cfg(target_os = "linux")]
fn of_process() -> Vec<Row> {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let value = |key: &str| {
        let line = status.lines().find_map(|line| line.strip_prefix(key))?;
        let kib: u64 = line.trim().strip_suffix(" kB")?.parse().ok()?;
        Some(megabytes(kib * 1024))
    };
    let rows = [("resident memory", "VmRSS:"), ("  at most", "VmHWM:")];
    rows.into_iter().filter_map(|(label, key)| Some((label, value(key)?))).collect()
}

#[cfg(not(target_os = "linux"))]
fn of_process() -> Vec<Row> {
    Vec::new()
}

#[cfg(test)]
mod tests {
    use super::*;
    use ringzero_machine::CpuStats;

    #[test]
    fn a_fact_is_a_line_and_numbers_end_below_each_other() {
        let text = table(&[("a", "7".to_owned()), ("  longer", "12.5 s".to_owned())]);
        assert_eq!(
            text,
            "statistics of the run:\n  a                       7\n    longer             12.5 s\n"
        );
    }

    #[test]
    fn speed_is_that_of_instructions_that_ran_while_the_host_was_awake() {
        let cpu = CpuStats { instructions: 300_000_000, ..CpuStats::default() };
        let stats = MachineStats { cpu, passed_over: 5, ..MachineStats::default() };
        let times = HostTimes { all: Duration::from_secs(3), asleep: Duration::from_secs(1) };
        let rows = rows(&stats, 1_500_000_000, times);
        let value =
            |name: &str| rows.iter().find(|(label, _)| label.trim() == name).map(|(_, value)| value.as_str());
        assert_eq!(value("speed"), Some("150.0 MIPS"));
        assert_eq!(value("instructions"), Some("300000005"));
        assert_eq!(value("virtual time"), Some("1.500 s"));
    }

    #[test]
    fn a_share_of_nothing_is_left_out() {
        assert_eq!(with_share(0, 0), "0");
        assert_eq!(with_share(3, 8), "3 (37.5 %)");
    }
}
