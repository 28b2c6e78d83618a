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
/// Resident memory beyond the guest's, in MB, in the order of what is run.
pub(super) const MEMORY_MB: [f64; 2] = [15.0, 40.0];
/// The mean of the integer kernels as a multiple of Bochs' speed.
pub(super) const BOCHS: f64 = 8.0;

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

const REASONS: [(&str, &str); 12] = [
    (
        "tlb",
        "two thirds of its time is one host instruction, the guest's load, which waits for memory: some 500 host instructions lie between two of them, more than \
         the host looks ahead, so that it has one miss at a time where the compiled loop has several. A second level of the TLB, walks without the bus, one short \
         way for what it lacks, a flush that costs what was filled and guest memory in large pages of the host brought it from 0.7; fewer instructions for a page \
         that comes back would be next.",
    ),
    (
        "swi",
        "checks of gate and descriptor at each INT and IRET. Going on without the run loop and by the jump cache, frames pushed and popped at once, and gates \
         known by their bytes brought it from 0.2.",
    ),
    (
        "jitgen",
        "decoding and lowering of fresh code, some 750 host instructions for each of the guest's. Direct stores beside code, blocks laid out in their old place, one \
         iced-x86 decoder for a block instead of one for each instruction, and instructions lowered where they stay brought it from 4.6.",
    ),
    (
        "smc",
        "each call leaves the run loop and decodes two instructions again: some 4100 host instructions, more than two fifths of them for these two. \
         Blocks laid out in their old place, aliases found without a search, decoding without copies, one search for a closed block instead of two, \
         and serial waits passed over brought it here from 6. Blocks that compare their code when they are entered, where lines are written all the \
         time, would be next.",
    ),
    (
        "smcdata",
        "6 million instructions of a loop of three, all by their short ways: an increment in memory and a fused subtraction and branch are all of it \
         that shows in a profile, and no decoding. Alone it takes 8 to 12 ms. Lines in the TLB and serial waits passed over brought it from 2.5.",
    ),
    (
        "pio",
        "some 440 host instructions for an access: a sixth looks at every wire it might have moved, an eighth makes the time, the rest is on the way to the device \
         and in it. Table look-up and wires that are settled only \
         when they changed brought it from 0.5; devices that say whether they moved any would be next.",
    ),
    (
        "ipi",
        "each interrupt leaves the run loop, and both stores to the local APIC miss the TLB's first level and take the full path.",
    ),
    (
        "trig87",
        "128-bit fixed point. Short series that are rounded only where their bound decides the result brought it from 1.35.",
    ),
    (
        "mandel87",
        "a third of its time is sums, a seventh FXCH: each instruction finds the stack's top, looks at tags, exceptions and precision, and notes where it was, in 30 to \
         80 host instructions. Short ways for usual operands brought it from 0.9; the top of the stack known when a block is decoded would be next.",
    ),
    (
        "nbodysse",
        "packed sums and products, a fifth of it one multiplication: each looks at MXCSR and at its operands' exponents, so that host arithmetic is exact. Short ways \
         brought it from 0.3; an exact residual instead of the look at exponents would be next.",
    ),
    (
        "mandel13",
        "four fifths of its time is seven pairs of 16-bit arithmetic (IMUL, SHRD, MOV, ADD, CMP and the stack), all by their short ways: nothing is left beside them, \
         and QEMU's own time for it differs by a quarter from run to run. Pairs, address forms and register accesses for 16-bit code brought it here; pairs with \
         SHRD's count known would be next.",
    ),
    (
        "plane12",
        "every access goes to the VGA's latches, by the full path of a device. A short way over the bus brought it from 1.1.",
    ),
];

/// Why a kernel is below its bar where it is, and what was tried.
pub(super) fn reason(kernel: &str) -> Option<&'static str> {
    REASONS.iter().find(|(name, _)| *name == kernel).map(|(_, reason)| *reason)
}
