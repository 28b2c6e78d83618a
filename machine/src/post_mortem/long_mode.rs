//! Kernels that want 64-bit mode, which no processor model has yet.

use super::Writer;
use ringzero_cpu::recorder::Cause;
use ringzero_cpu::{Fault, number};

/// WRMSR and RDMSR.
const MSR_INSTRUCTIONS: [[u8; 2]; 2] = [[0x0F, 0x30], [0x0F, 0x32]];
/// The register whose bit LME enables IA-32e mode [SDM 4, "Architectural MSRs"].
const IA32_EFER: u32 = 0xC000_0080;

/// What there is to say of it, if the kernel showed that it wants it.
pub(super) fn wanted(writer: &mut Writer<'_>) -> Vec<String> {
    let kernel = writer.machine.config().kernel.as_ref();
    let shown = if reaches_for_efer(writer) {
        "the kernel reached for IA32_EFER, which enables 64-bit mode, and the processor took #GP"
    } else if kernel.is_some_and(|kernel| kernel.is_64_bit()) {
        "the kernel is a 64-bit ELF file"
    } else {
        return Vec::new();
    };
    vec![shown.to_owned(), "no processor model has 64-bit mode yet; build it for a 32-bit target".to_owned()]
}

/// Whether the exception that began the end, or the last one taken, was at an access to IA32_EFER.
fn reaches_for_efer(writer: &Writer<'_>) -> bool {
    let recorder = writer.machine.cpu().recorder();
    let Some(fault) = recorder.failed().first().or_else(|| recorder.deliveries().last()) else {
        return false;
    };
    let mut bytes = [0; 2];
    writer.machine.read_linear(fault.at.linear(), &mut bytes);
    matches!(fault.cause, Cause::Fault(Fault::GeneralProtection(_)))
        && MSR_INSTRUCTIONS.contains(&bytes)
        && writer.machine.registers().regs.number(number::CX) as u32 == IA32_EFER
}
