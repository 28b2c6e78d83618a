//! Segments, descriptors and gates, as words [SDM 3A, "Segment Descriptors", "Gate Descriptors"].

use super::Writer;
use ringzero_cpu::{SegReg, Segment};

/// Segment registers and table registers.
pub(super) fn all(writer: &mut Writer<'_>) -> Vec<String> {
    let state = writer.machine.registers();
    let mut lines: Vec<String> =
        SegReg::ALL.map(|reg| register(&format!("{reg:?}").to_uppercase(), state.seg(reg))).to_vec();
    for (name, table) in [("GDT", state.gdtr), ("IDT", state.idtr)] {
        lines.push(format!("{name} base={:08x} limit={:04x}", table.base, table.limit));
    }
    if state.protected() {
        lines.push(register("LDT", &state.ldtr));
        lines.push(register("TR", &state.tr));
    }
    lines
}

fn register(name: &str, segment: &Segment) -> String {
    let Segment { selector, base, limit, attr, usable } = segment;
    let kind = if *usable || name == "LDT" || name == "TR" { kind(attr.0) } else { "null".to_owned() };
    format!("{name:<3} {selector:04x} base={base:08x} limit={limit:08x} {kind}")
}

/// What access rights say: type, size, privilege.
fn kind(attr: u16) -> String {
    let is_segment = attr & 0x10 != 0;
    let big = if attr & 0x4000 != 0 { "32-bit" } else { "16-bit" };
    let what = match (is_segment, attr & 0x08 != 0) {
        (true, true) => {
            let readable = if attr & 2 != 0 { "readable" } else { "execute-only" };
            let conforming = if attr & 4 != 0 { ", conforming" } else { "" };
            format!("{big} code, {readable}{conforming}")
        }
        (true, false) => {
            let writable = if attr & 2 != 0 { "writable" } else { "read-only" };
            let down = if attr & 4 != 0 { ", expand-down" } else { "" };
            format!("{big} data, {writable}{down}")
        }
        (false, _) => system(attr & 0x0F).to_owned(),
    };
    let present = if attr & 0x80 != 0 { "" } else { ", NOT PRESENT" };
    format!("{what}, DPL {}{present}", attr >> 5 & 3)
}

/// Types of system descriptors [SDM 3A, "System Descriptor Types"].
fn system(kind: u16) -> &'static str {
    match kind {
        0x1 => "available 16-bit TSS",
        0x2 => "LDT",
        0x3 => "busy 16-bit TSS",
        0x4 => "16-bit call gate",
        0x5 => "task gate",
        0x6 => "16-bit interrupt gate",
        0x7 => "16-bit trap gate",
        0x9 => "available 32-bit TSS",
        0xB => "busy 32-bit TSS",
        0xC => "32-bit call gate",
        0xE => "32-bit interrupt gate",
        0xF => "32-bit trap gate",
        _ => "reserved type",
    }
}

/// Eight bytes of a table, if they are in it and in memory; why not otherwise.
fn entry(writer: &Writer<'_>, table: (&str, u64, u32), offset: u32) -> Result<u64, String> {
    let (name, base, limit) = table;
    if offset + 7 > limit {
        return Err(format!("the {name} ends before it: base {base:08x}, limit {limit:04x}"));
    }
    let mut bytes = [0; 8];
    if !writer.machine.read_linear(base + u64::from(offset), &mut bytes) {
        return Err(format!("the {name} is not mapped there: base {base:08x}"));
    }
    Ok(u64::from_le_bytes(bytes))
}

/// The descriptor that `selector` names.
pub(super) fn selector(writer: &Writer<'_>, selector: u16) -> String {
    let state = writer.machine.registers();
    if selector & 0xFFFC == 0 {
        return format!("selector {selector:04x} is null");
    }
    let table = if selector & 4 != 0 {
        ("LDT", state.ldtr.base, state.ldtr.limit)
    } else {
        ("GDT", state.gdtr.base, u32::from(state.gdtr.limit))
    };
    match entry(writer, table, u32::from(selector & 0xFFF8)) {
        Err(why) => format!("selector {selector:04x}: {why}"),
        Ok(raw) => {
            let base = raw >> 16 & 0xFF_FFFF | raw >> 32 & 0xFF00_0000;
            let limit = raw & 0xFFFF | raw >> 32 & 0xF_0000;
            let limit = if raw & 1 << 55 != 0 { limit << 12 | 0xFFF } else { limit };
            let attr = (raw >> 40 & 0xF0FF) as u16;
            let kind = kind(attr);
            format!("selector {selector:04x}: {raw:016x}, base={base:08x} limit={limit:08x} {kind}")
        }
    }
}

/// What delivers `vector`: its gate and the code segment the gate leads to, or its entry in the interrupt vector table.
pub(super) fn gate(writer: &Writer<'_>, vector: u8) -> Vec<String> {
    let state = writer.machine.registers();
    let table = ("IDT", state.idtr.base, u32::from(state.idtr.limit));
    if !state.protected() {
        return vec![real_vector(writer, vector)];
    }
    match entry(writer, table, u32::from(vector) * 8) {
        Err(why) => vec![format!("gate {vector:#04x}: {why}")],
        Ok(raw) => {
            let (kind, dpl) = (raw >> 40 & 0x1F, raw >> 45 & 3);
            let target = (raw >> 16) as u16;
            let offset = raw & 0xFFFF | raw >> 32 & 0xFFFF_0000;
            if !matches!(kind, 0x5..=0x7 | 0xE | 0xF) {
                let what = if raw == 0 { "it is empty" } else { "it is no interrupt, trap or task gate" };
                return vec![format!("gate {vector:#04x}: {raw:016x}: {what}")];
            }
            let present = if raw & 1 << 47 != 0 { "" } else { ", NOT PRESENT" };
            let name = writer.name(offset);
            vec![
                format!(
                    "gate {vector:#04x}: {}, DPL {dpl}{present}, to {target:04x}:{offset:08x}{name}",
                    system(kind as u16)
                ),
                selector(writer, target),
            ]
        }
    }
}

fn real_vector(writer: &Writer<'_>, vector: u8) -> String {
    let idtr = writer.machine.registers().idtr;
    let place = u32::from(vector) * 4;
    if place + 3 > u32::from(idtr.limit) {
        return format!(
            "vector {vector:#04x}: the interrupt vector table ends before it: base {:08x}, limit {:04x}",
            idtr.base, idtr.limit
        );
    }
    let mut bytes = [0; 4];
    writer.machine.read_linear(idtr.base + u64::from(place), &mut bytes);
    let [a, b, c, d] = bytes;
    format!("vector {vector:#04x}: to {:04x}:{:04x}", u16::from_le_bytes([c, d]), u16::from_le_bytes([a, b]))
}
