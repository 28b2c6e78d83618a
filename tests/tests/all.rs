//! Every test that needs more than one crate, in one binary.

#![expect(clippy::unwrap_used, reason = "a test that cannot set up has failed")]

mod boot_programs;
#[cfg(unix)]
mod broken_kernels;
mod broken_media;
mod conformance;
mod determinism;
#[cfg(unix)]
mod disks;
mod el_torito;
mod firmware;
mod forks;
mod fuzz;
mod guests;
mod hosts;
mod house;
mod kernels;
mod memory_managers;
mod mouse;
mod pc_guests;
mod pictures;
mod post_mortems;
mod rom;
#[cfg(unix)]
mod runner;
#[cfg(unix)]
mod scenarios;
mod sound;
mod stack;
mod tables;
mod transcendentals;
mod typing;
mod usb;
mod vesa;
