//! The processor through its public interface: what no captured vector covers.

#![expect(clippy::unwrap_used, reason = "a test that cannot set up has failed")]

mod bench;
mod budget;
mod code;
mod float;
mod forks;
mod gates;
mod interrupts;
mod loadall;
mod models;
mod modes;
mod short_code;
mod signals;
mod smm;
mod x87;
