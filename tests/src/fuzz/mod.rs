//! Random guests: the same program must do the same whatever the length of blocks and slices.
//!
//! - [`random`]: the seeded source of everything random.
//! - [`program`]: random code, biased towards what engines get wrong.
//! - [`vectors`]: the interrupt vectors of real mode.
//! - [`protected`]: tables for programs that begin in protected or virtual-8086 mode.
//! - [`paging`]: their page tables.
//! - [`rig`]: a processor on a bus with one unruly device.
//! - [`compare`]: runs a case in several ways and finds the first instruction after which they differ.

pub mod compare;
mod instructions;
pub mod paging;
pub mod program;
pub mod protected;
pub mod random;
pub mod rig;
mod system;
pub mod vectors;

/// How long the fuzz tests run, in seconds: `RINGZERO_FUZZ_SECONDS`, or `default`.
pub fn seconds(default: u64) -> u64 {
    std::env::var("RINGZERO_FUZZ_SECONDS").ok().and_then(|text| text.parse().ok()).unwrap_or(default)
}

/// Instructions that each test of random guests runs at least, whatever its time: `RINGZERO_FUZZ_INSTRUCTIONS`.
pub fn fewest_instructions() -> u64 {
    std::env::var("RINGZERO_FUZZ_INSTRUCTIONS").ok().and_then(|text| text.parse().ok()).unwrap_or(0)
}

/// The seed to begin with: `RINGZERO_SEED`, or one that is always the same.
pub fn first_seed() -> u64 {
    std::env::var("RINGZERO_SEED").ok().and_then(|text| text.parse().ok()).unwrap_or(1)
}
