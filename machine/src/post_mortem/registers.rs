//! The processor's registers.

use super::Writer;
use ringzero_cpu::flags::bit;
use ringzero_cpu::number;

/// All that most post-mortems need.
pub(super) fn all(writer: &mut Writer<'_>) -> Vec<String> {
    let state = writer.machine.registers();
    let general = |name: &str, n| format!("{name}={:08x}", state.regs.number(n));
    vec![
        [("EAX", number::AX), ("EBX", number::BX), ("ECX", number::CX), ("EDX", number::DX)]
            .map(|(name, n)| general(name, n))
            .join(" "),
        [("ESI", number::SI), ("EDI", number::DI), ("EBP", number::BP), ("ESP", number::SP)]
            .map(|(name, n)| general(name, n))
            .join(" "),
        format!(
            "EIP={:08x} EFL={:08x} [{}] CPL={}",
            state.ip,
            state.flags.bits(),
            flags(state.flags.bits()),
            state.cpl
        ),
        format!(
            "CR0={:08x} CR2={:08x} CR3={:08x} CR4={:08x} ({})",
            state.cr0,
            state.cr2,
            state.cr3,
            state.cr4,
            mode(writer)
        ),
    ]
}

/// A letter for each flag that is set, as debuggers show them.
fn flags(bits: u32) -> String {
    let names = [
        (bit::VM, "VM "),
        (bit::OF, "O"),
        (bit::DF, "D"),
        (bit::IF, "I"),
        (bit::SF, "S"),
        (bit::ZF, "Z"),
        (bit::AF, "A"),
        (bit::PF, "P"),
        (bit::CF, "C"),
    ];
    names
        .map(|(flag, name)| {
            if bits & flag != 0 {
                name
            } else if name.len() == 1 {
                "-"
            } else {
                ""
            }
        })
        .concat()
}

fn mode(writer: &Writer<'_>) -> String {
    let state = writer.machine.registers();
    let paging = if state.cr0 & ringzero_cpu::cr0::PG == 0 {
        "paging off"
    } else if state.cr4 & ringzero_cpu::cr4::PAE != 0 {
        "PAE paging"
    } else {
        "32-bit paging"
    };
    let mode = match (state.in_smm, state.protected(), state.v86()) {
        (true, ..) => "system management mode",
        (_, false, _) => "real mode",
        (_, _, true) => "virtual-8086 mode",
        _ => "protected mode",
    };
    format!("{mode}, {paging}")
}
