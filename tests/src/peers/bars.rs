//! What the interpreter is to reach: its speed as a multiple of QEMU's, by kernel.

/// Kernels whose geometric mean has a bar of its own.
pub(super) const INTEGER: [&str; 12] =
    ["core", "sieve", "sha256", "bytes", "hash", "chase", "interp", "fib", "icall", "qsort", "bigmul", "div"];
/// The bar of that mean.
pub(super) const INTEGER_MEAN: f64 = 0.40;
/// That of a Linux boot.
pub(super) const LINUX: f64 = 0.5;
/// Milliseconds from the start of the program to the guest's first output.
pub(super) const START_MS: f64 = 50.0;
/// Resident memory of a run that hardly uses any guest memory, in MB.
pub(super) const MEMORY_MB: f64 = 15.0;

const BARS: [(&str, f64); 27] = [
    ("interp", 0.45),
    ("fib", 0.45),
    ("icall", 0.45),
    ("mandel87", 1.5),
    ("nbody87", 1.5),
    ("trig87", 3.0),
    ("daxpy", 1.3),
    ("mandelsse", 1.3),
    ("nbodysse", 1.3),
    ("intsse", 1.3),
    ("repmov", 40.0),
    ("tlb", 3.0),
    ("cr3", 3.0),
    ("smc", 35.0),
    ("smcdata", 30.0),
    ("jitgen", 12.0),
    ("swi", 2.5),
    ("ring3", 1.0),
    ("ipi", 6.0),
    ("pio", 3.0),
    ("mandel13", 12.0),
    ("seg16", 12.0),
    ("mix16", 12.0),
    ("blit13", 1.0),
    ("stos13", 1.0),
    ("putpix13", 0.3),
    ("plane12", 3.0),
];

/// The bar of a kernel, if it has one.
pub(super) fn of(kernel: &str) -> Option<f64> {
    BARS.iter().find(|(name, _)| *name == kernel).map(|(_, bar)| *bar)
}

const REASONS: [(&str, &str); 8] = [
    (
        "tlb",
        "most of its time is the walk's own loads and the guest's, which miss the host's caches and TLB: guest pages are host pages of 4 KiB, each \
         allocated for itself, and two loads of page tables come before the guest's. A second level of the TLB, walks without the bus and a flush that \
         costs what was filled brought it from 0.7; larger host pages would be next.",
    ),
    (
        "swi",
        "checks of gate and descriptor at each INT and IRET, and what is derived from CS anew each time. Going on without the run loop and by the \
         jump cache brought it from 0.2; remembered descriptors would be next.",
    ),
    (
        "jitgen",
        "decoding and lowering of fresh code, a fifth of it in iced-x86 and a quarter in choosing the handler. Direct stores beside code and blocks laid out in \
         their old place brought it from 4.6.",
    ),
    (
        "smc",
        "decoding of two instructions for each call. Blocks laid out in their old place and aliases found without a search brought it here.",
    ),
    ("smcdata", "the check of the line in each store. Lines in the TLB brought it from 2.5."),
    (
        "trig87",
        "128-bit fixed point. Short series that are rounded only where their bound decides the result brought it from 1.35.",
    ),
    ("seg16", "loads of segment registers, each of which ends what is known of jumps or moves a window."),
    (
        "mandel13",
        "16-bit multiplications and shifts by handlers that are not paired; pairs are of 32-bit code.",
    ),
];

/// Why a kernel is below its bar where it is, and what was tried.
pub(super) fn reason(kernel: &str) -> Option<&'static str> {
    REASONS.iter().find(|(name, _)| *name == kernel).map(|(_, reason)| *reason)
}
