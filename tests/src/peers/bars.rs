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
