//! Advanced programmable interrupt controllers: the one inside each processor and the one on the board.
//!
//! Sources: [SDM 3A, "Advanced Programmable Interrupt Controller (APIC)"]; Intel 82093AA I/O APIC (290566), keyed
//! \[82093AA\].

mod io;
mod local;
mod registers;
mod state;
mod timer;

pub use io::IoApic;
pub use local::LocalApic;
pub use state::LocalApicKind;

/// Where the I/O APIC's registers lie [82093AA, "Memory Mapped Registers for Accessing IOAPIC Registers"].
pub const IO_APIC: std::ops::RangeInclusive<u64> = 0xFEC0_0000..=0xFEC0_0FFF;

#[cfg(test)]
#[path = "apic/io_tests.rs"]
mod io_tests;
#[cfg(test)]
#[path = "apic/local_tests.rs"]
mod local_tests;
