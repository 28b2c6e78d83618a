//! The last branches, from the blocks that the processor's recorder kept.

use super::{LONGEST_INSTRUCTION, Writer};
use crate::disassembly::{Disassembler, Onward};
use ringzero_cpu::recorder::{Cause, Delivery, Place};

/// Branches shown.
const BRANCHES: usize = 32;

/// The last branches taken, oldest first.
pub(super) fn last(writer: &mut Writer<'_>) -> Vec<String> {
    let recorder = writer.machine.cpu().recorder();
    let mut blocks: Vec<Place> = recorder.blocks().collect();
    if blocks.is_empty() {
        return Vec::new();
    }
    blocks.push(Place { count: writer.machine.count(), ..writer.machine.place() });
    let deliveries: Vec<Delivery> = recorder.deliveries().copied().collect();
    let mut branches: Vec<(String, usize)> = Vec::new();
    for pair in blocks.windows(2) {
        let (block, next) = (pair[0], pair[1]);
        let Some(line) = transition(writer, &block, &next, &deliveries) else { continue };
        match branches.last_mut() {
            Some((last, times)) if *last == line => *times += 1,
            _ => branches.push((line, 1)),
        }
    }
    let from = branches.len().saturating_sub(BRANCHES);
    branches
        .drain(from..)
        .map(|(line, times)| if times == 1 { line } else { format!("{line}  ({times} times)") })
        .collect()
}

/// How control came from `block` to `next`; nothing when it fell through.
fn transition(
    writer: &mut Writer<'_>,
    block: &Place,
    next: &Place,
    deliveries: &[Delivery],
) -> Option<String> {
    match (block.bits, next.bits) {
        // The next entry tells where the handler lies.
        (_, 0) => None,
        (0, _) => Some(handler(writer, block, next, deliveries)),
        _ => branch(writer, block, next),
    }
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

fn branch(writer: &mut Writer<'_>, block: &Place, next: &Place) -> Option<String> {
    let count = next.count.saturating_sub(block.count);
    let (last, after) = last_instruction(writer, block, next.ip, count)?;
    if after == next.ip && block.cs == next.cs {
        return None;
    }
    let text = writer.instruction(&last).map(|(_, text)| text).unwrap_or_default();
    Some(arrow(writer, &last, next, &text))
}

fn arrow(writer: &Writer<'_>, from: &Place, to: &Place, how: &str) -> String {
    format!("{} -> {}  {how}", writer.place(from), writer.place(to))
}

/// The last of `count` instructions from `block` on, which led to offset `next`, and where the one behind it would be.
fn last_instruction(writer: &Writer<'_>, block: &Place, next: u64, count: u64) -> Option<(Place, u64)> {
    let mut place = *block;
    for done in 1..=count {
        let mut bytes = [0; LONGEST_INSTRUCTION];
        writer.machine.read_linear(place.linear(), &mut bytes);
        let (len, onward) = Disassembler::length(&bytes, u32::from(place.bits), place.ip);
        let after = place.ip.wrapping_add(len as u64);
        if done == count {
            return Some((place, after));
        }
        if !onward.falls_through(next, count - done) {
            // A repeated instruction counts once for each time; rounds of a loop may have been passed over.
            return (onward != Onward::Elsewhere).then_some((place, after));
        }
        place.ip = after;
    }
    None
}
