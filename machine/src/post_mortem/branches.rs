//! The last branches, by the trail that the processor's recorder kept.

use super::Writer;
use crate::trail::{Step, Way};
use ringzero_cpu::recorder::{Cause, Delivery, Mark, MarkKind, Place};

/// Branches shown.
const BRANCHES: usize = 32;

/// Instructions shown of a loop that goes on and on, at the least.
const KEPT: u64 = 256;

/// The last branches taken, oldest first.
pub(super) fn last(writer: &mut Writer<'_>) -> Vec<String> {
    let machine = writer.machine;
    let recorder = machine.cpu().recorder();
    let mut marks: Vec<Mark> = recorder.trail().collect();
    if marks.is_empty() {
        return Vec::new();
    }
    marks.push(machine.present_mark());
    let deliveries: Vec<Delivery> = recorder.deliveries().copied().collect();
    let mut branches = Branches::default();
    for pair in marks.windows(2) {
        let (from, to) = (pair[0], pair[1]);
        // Where another handler was entered at once, the next mark tells where that lies.
        if from.kind == MarkKind::Handler && to.kind != MarkKind::Handler {
            branches.push(handler(writer, &from.place, &to.place, &deliveries), 1);
        }
        if to.kind == MarkKind::PassedOver {
            branches.rounds_were_passed_over();
        }
        for step in Way::new(machine, &from, &to, KEPT) {
            if let Some(target) = step.branch {
                branches.push(arrow_of(writer, &step, &target), step.again + 1);
            }
        }
    }
    branches.latest()
}

/// Lines in the order of events.
#[derive(Default)]
struct Branches(Vec<Line>);

struct Line {
    text: String,
    /// How often it came in a row.
    times: u64,
    /// It came oftener than that, in rounds of a loop that were passed over.
    or_more: bool,
}

impl Branches {
    fn push(&mut self, text: String, more: u64) {
        match self.0.last_mut() {
            Some(last) if last.text == text => last.times += more,
            _ => self.0.push(Line { text, times: more, or_more: false }),
        }
    }

    fn rounds_were_passed_over(&mut self) {
        if let Some(last) = self.0.last_mut() {
            last.or_more = true;
        }
    }

    fn latest(self) -> Vec<String> {
        let from = self.0.len().saturating_sub(BRANCHES);
        let counted = |line: Line| match (line.times, line.or_more) {
            (1, false) => line.text,
            (times, false) => format!("{}  ({times} times)", line.text),
            (times, true) => format!("{}  ({times} times or more)", line.text),
        };
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
