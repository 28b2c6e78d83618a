//! The last branches, by the trail that the processor's recorder kept.

use super::Writer;
use crate::trail::{Step, Way};
use ringzero_cpu::recorder::{Cause, Delivery, Place};

/// Branches shown.
const BRANCHES: usize = 32;

/// Instructions shown of a loop that goes on and on, at the least.
const KEPT: u64 = 256;

/// The last branches taken, oldest first.
pub(super) fn last(writer: &mut Writer<'_>) -> Vec<String> {
    let machine = writer.machine;
    let recorder = machine.cpu().recorder();
    let mut places: Vec<Place> = recorder.trail().collect();
    if places.is_empty() {
        return Vec::new();
    }
    places.push(Place { count: machine.count(), ..machine.place() });
    let deliveries: Vec<Delivery> = recorder.deliveries().copied().collect();
    let mut branches = Branches::default();
    for pair in places.windows(2) {
        let (from, to) = (pair[0], pair[1]);
        if from.bits == 0 && to.bits != 0 {
            branches.push(handler(writer, &from, &to, &deliveries), 1);
        }
        for step in Way::new(machine, &from, &to, KEPT) {
            if let Some(target) = step.branch {
                branches.push(arrow_of(writer, &step, &target), step.again + 1);
            }
        }
    }
    branches.latest()
}

/// Lines, and how often each came in a row.
#[derive(Default)]
struct Branches(Vec<(String, u64)>);

impl Branches {
    fn push(&mut self, line: String, more: u64) {
        match self.0.last_mut() {
            Some((last, times)) if *last == line => *times += more,
            _ => self.0.push((line, more)),
        }
    }

    fn latest(self) -> Vec<String> {
        let from = self.0.len().saturating_sub(BRANCHES);
        let counted = |(line, times)| if times == 1 { line } else { format!("{line}  ({times} times)") };
        self.0.into_iter().skip(from).map(counted).collect()
    }
}

fn arrow_of(writer: &mut Writer<'_>, step: &Step, to: &Place) -> String {
    let text = writer.instruction(&step.place).map(|(_, text)| text).unwrap_or_default();
    arrow(writer, &step.place, to, &text)
}

fn handler(writer: &Writer<'_>, from: &Place, to: &Place, deliveries: &[Delivery]) -> String {
    let event = deliveries.iter().find(|delivery| delivery.at.count == from.count + 1);
    let name = match event.map(|event| event.cause) {
        Some(Cause::Fault(fault)) => format!("exception {:#04x}", fault.vector()),
        Some(Cause::Interrupt(vector) | Cause::Software(vector)) => format!("interrupt {vector:#04x}"),
        Some(Cause::Nmi) => "NMI".to_owned(),
        Some(Cause::Smi) => "SMI".to_owned(),
        None => "interrupt or exception".to_owned(),
    };
    let from = Place { bits: to.bits, ..*from };
    arrow(writer, &from, to, &name)
}

fn arrow(writer: &Writer<'_>, from: &Place, to: &Place, how: &str) -> String {
    format!("{} -> {}  {how}", writer.place(from), writer.place(to))
}
