//! Exceptions and interrupts: what they were, why their delivery failed.

use super::{Writer, tables};
use ringzero_bus::{Irq, LinAddr};
use ringzero_cpu::Fault;
use ringzero_cpu::recorder::{Cause, Delivery, Place};

/// What a guest can reset its machine with.
const RESET_PORTS: &str = "a port (the keyboard controller, 92h or CF9h)";
/// Exceptions shown of those taken last.
const LATEST: usize = 8;

/// The exceptions that led to a shutdown, one after another.
pub(super) fn chain(writer: &mut Writer<'_>) -> Vec<String> {
    let chain = writer.machine.cpu().recorder().failed().to_vec();
    let mut lines = Vec::new();
    for (n, delivery) in chain.iter().enumerate() {
        let Cause::Fault(fault) = delivery.cause else { continue };
        match n.checked_sub(1).map(|before| chain[before].cause) {
            None => first(writer, &mut lines, delivery, fault),
            Some(_) if fault == Fault::DoubleFault => {
                lines.push(format!("{}. that makes a double fault: {}", n + 1, name(fault)));
            }
            Some(before) => failed_delivery(writer, &mut lines, n + 1, (before, fault), delivery),
        }
    }
    lines.push("the double fault cannot be delivered either: the processor shuts down".to_owned());
    lines
}

/// What reset a machine that ends there.
pub(super) fn only_reset(writer: &mut Writer<'_>) -> Vec<String> {
    let here = writer.place(&writer.machine.place());
    vec![format!("the guest reset the machine, by {RESET_PORTS} written before {here}")]
}

/// What resets the machine again and again.
pub(super) fn reset(writer: &mut Writer<'_>) -> Vec<String> {
    let Some(place) = writer.machine.last_reset() else { return Vec::new() };
    let here = writer.place(&place);
    let failed = writer.machine.cpu().recorder().failed();
    let shut_down = failed.len() >= 4 && failed.last().is_some_and(|last| last.at.count == place.count);
    if shut_down {
        let mut lines = vec![format!("the last reset was a triple fault at {here}:")];
        lines.extend(self::chain(writer));
        return lines;
    }
    vec![format!("the last reset was the guest's own, by {RESET_PORTS} written before {here}")]
}

/// The exception that began it.
fn first(writer: &mut Writer<'_>, lines: &mut Vec<String>, delivery: &Delivery, fault: Fault) {
    lines.push(format!("1. {} at {}", name(fault), writer.place(&delivery.at)));
    let text =
        writer.instruction(&delivery.at).map_or("no memory is mapped there".to_owned(), |(_, text)| text);
    lines.push(format!("   the instruction: {text}"));
    let mut told = details(writer, fault, delivery.cr2);
    if told.is_empty() {
        told = software_vector(writer, &delivery.at)
            .map(|vector| tables::gate(writer, vector))
            .unwrap_or_default();
    }
    lines.extend(told.into_iter().map(|line| format!("   {line}")));
}

/// The vector of a software interrupt, if that is the instruction.
fn software_vector(writer: &Writer<'_>, place: &Place) -> Option<u8> {
    let mut bytes = [0; 2];
    writer.machine.read_linear(place.linear(), &mut bytes);
    match bytes {
        [0xCD, vector] => Some(vector),
        [0xCC, _] => Some(3),
        [0xCE, _] => Some(4),
        [0xF1, _] => Some(1),
        _ => None,
    }
}

fn failed_delivery(
    writer: &Writer<'_>,
    lines: &mut Vec<String>,
    number: usize,
    (before, fault): (Cause, Fault),
    delivery: &Delivery,
) {
    lines.push(format!("{number}. while delivering it: {}", name(fault)));
    let mut told = details(writer, fault, delivery.cr2);
    for line in before.vector().map(|vector| tables::gate(writer, vector)).unwrap_or_default() {
        if !told.contains(&line) {
            told.push(line);
        }
    }
    lines.extend(told.into_iter().map(|line| format!("   {line}")));
}

/// What the error code and CR2 say.
fn details(writer: &Writer<'_>, fault: Fault, cr2: u64) -> Vec<String> {
    match fault {
        Fault::Page(code) => vec![page_fault(writer, code, cr2)],
        Fault::InvalidTss(code)
        | Fault::SegmentNotPresent(code)
        | Fault::StackSegment(code)
        | Fault::GeneralProtection(code)
            if code & 0xFFFC != 0 || code & 2 != 0 =>
        {
            if code & 2 != 0 {
                tables::gate(writer, (code >> 3) as u8)
            } else {
                vec![tables::selector(writer, code & 0xFFFC)]
            }
        }
        _ => Vec::new(),
    }
}

fn page_fault(writer: &Writer<'_>, code: u16, cr2: u64) -> String {
    let who = if code & 4 != 0 { "user" } else { "supervisor" };
    let what = match (code & 0x10 != 0, code & 2 != 0) {
        (true, _) => "instruction fetch",
        (_, true) => "write",
        _ => "read",
    };
    let why = match (code & 8 != 0, code & 1 != 0) {
        (true, _) => "a reserved bit is set in the page tables",
        (_, true) => "the page may not be used so",
        _ => "the page is not present",
    };
    format!("{who} {what} of linear address {cr2:08x}{}: {why}", writer.name(cr2))
}

/// Mnemonic, name and error code.
fn name(fault: Fault) -> String {
    let name = match fault {
        Fault::DivideError => "#DE, divide error",
        Fault::Debug => "#DB, debug exception",
        Fault::Breakpoint => "#BP, breakpoint",
        Fault::Overflow => "#OF, overflow",
        Fault::BoundRange => "#BR, bound range exceeded",
        Fault::InvalidOpcode => "#UD, invalid opcode",
        Fault::DeviceNotAvailable => "#NM, device not available",
        Fault::DoubleFault => "#DF, double fault",
        Fault::CoprocessorSegmentOverrun => "coprocessor segment overrun",
        Fault::InvalidTss(_) => "#TS, invalid TSS",
        Fault::SegmentNotPresent(_) => "#NP, segment not present",
        Fault::StackSegment(_) => "#SS, stack fault",
        Fault::GeneralProtection(_) => "#GP, general protection",
        Fault::Page(_) => "#PF, page fault",
        Fault::Math => "#MF, x87 floating-point error",
        Fault::AlignmentCheck => "#AC, alignment check",
        Fault::SimdFloat => "#XM, SIMD floating-point error",
    };
    match fault.error_code() {
        // Real mode pushes none, and 0 says nothing.
        Some(code) if code != 0 || matches!(fault, Fault::Page(_)) => {
            format!("{name}, error code {code:#06x}")
        }
        _ => name.to_owned(),
    }
}

/// The page tables' entries for CR2, where the last exceptions were page faults.
pub(super) fn page_walk(writer: &mut Writer<'_>) -> Vec<String> {
    let machine = writer.machine;
    let chain = machine.cpu().recorder().failed();
    let Some(fault) = chain.iter().rev().find(|d| matches!(d.cause, Cause::Fault(Fault::Page(_)))) else {
        return Vec::new();
    };
    let steps = machine.cpu().walk_for_inspection(machine.bus(), LinAddr(fault.cr2));
    let entry = |step: &ringzero_cpu::WalkStep| {
        let word = |on, yes, no| if on { yes } else { no };
        let rights = [
            word(step.is_present(), "present", "NOT PRESENT"),
            word(step.is_writable(), "writable", "read-only"),
            word(step.is_user(), "user", "supervisor"),
        ];
        format!("{:<5} at {:08x} = {:08x}: {}", step.name, step.at, step.value, rights.join(", "))
    };
    let head = format!("CR2={:08x} CR3={:08x}", fault.cr2, machine.registers().cr3);
    std::iter::once(head).chain(steps.iter().map(entry)).collect()
}

/// The exceptions taken last; interrupts as the number of them in between.
pub(super) fn latest(writer: &mut Writer<'_>) -> Vec<String> {
    let deliveries: Vec<Delivery> = writer.machine.cpu().recorder().deliveries().copied().collect();
    let faults = deliveries.iter().filter_map(|delivery| match delivery.cause {
        Cause::Fault(fault) => Some((fault, delivery)),
        _ => None,
    });
    let faults: Vec<_> = faults.collect();
    let from = faults.len().saturating_sub(LATEST);
    faults[from..]
        .iter()
        .map(|(fault, delivery)| {
            let details = details(writer, *fault, delivery.cr2).join("; ");
            let details = if details.is_empty() { details } else { format!(": {details}") };
            format!(
                "{} at {}, instruction {}{details}",
                name(*fault),
                writer.place(&delivery.at),
                delivery.at.count
            )
        })
        .collect()
}

/// An interrupt that comes again and again.
pub(super) fn storm(writer: &mut Writer<'_>, vector: u8) -> Vec<String> {
    let machine = writer.machine;
    let last = machine.cpu().recorder().deliveries().rev().find(|d| d.cause == Cause::Interrupt(vector));
    let place = last.map(|delivery| delivery.at);
    let mut lines = vec![format!(
        "vector {vector:#04x} is taken again as soon as its handler returns{}",
        source(writer, vector)
    )];
    lines.extend(tables::gate(writer, vector));
    if let Some(place) = place {
        lines.push(format!("the interrupted instruction never runs: {}", writer.place(&place)));
    }
    lines.extend(handler(writer, vector));
    lines
}

/// Which wire of the 8259A pair has this vector, and its level.
fn source(writer: &Writer<'_>, vector: u8) -> String {
    let pic = writer.machine.bus().get(writer.machine.parts().pic);
    let wire = (0..16u8).find(|&irq| {
        let (chip, level) = if irq < 8 { (pic.master(), irq) } else { (pic.slave(), irq - 8) };
        chip.vector(Some(level)).0 == vector
    });
    match wire {
        None => String::new(),
        Some(irq) => {
            let high = writer.machine.bus().fabric().irqs.level(Irq(irq));
            let level =
                if high { "still asserted: nothing has told its device" } else { "not asserted any more" };
            format!("; it is IRQ {irq}, whose wire is {level}")
        }
    }
}

/// The beginning of a vector's handler.
fn handler(writer: &mut Writer<'_>, vector: u8) -> Vec<String> {
    let Some(mut place) = handler_place(writer, vector) else { return Vec::new() };
    let mut lines = vec!["its handler begins:".to_owned()];
    for _ in 0..super::INSTRUCTIONS {
        let Some((len, text)) = writer.instruction(&place) else { break };
        lines.push(format!("  {}  {text}", writer.place(&place)));
        place.ip = place.ip.wrapping_add(len as u64);
    }
    lines
}

fn handler_place(writer: &Writer<'_>, vector: u8) -> Option<Place> {
    let state = writer.machine.registers();
    let size = if state.protected() { 8 } else { 4 };
    let mut entry = [0; 8];
    let at = state.idtr.base + u64::from(vector) * size;
    if !writer.machine.read_linear(at, &mut entry[..size as usize]) {
        return None;
    }
    let word = |n: usize| u16::from_le_bytes([entry[n], entry[n + 1]]);
    if size == 4 {
        let cs = word(2);
        return Some(Place {
            cs,
            base: u32::from(cs) << 4,
            ip: u64::from(word(0)),
            bits: 16,
            ..Place::default()
        });
    }
    // Handlers of protected-mode kernels lie in a flat segment.
    let bits = if entry[5] & 8 != 0 { 32 } else { 16 };
    Some(Place { cs: word(2), ip: u64::from(word(0)) | u64::from(word(6)) << 16, bits, ..Place::default() })
}
