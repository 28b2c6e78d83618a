//! What the tests share: the conformance formats and their runners, the CPU fuzzer, the folder of shared data.

pub mod caller;
pub mod conformance;
#[cfg(unix)]
pub mod desktop;
#[cfg(unix)]
pub mod disks;
pub mod fat;
pub mod fuzz;
pub mod pc;
pub mod peers;
pub mod pictures;
pub mod programs;
pub mod rom;
pub mod session;
pub mod shared;
pub mod transcendentals;
