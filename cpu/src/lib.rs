//! The x86 processor: fetch, decode, execute.
//!
//! - [`CpuState`] is what the guest can see; [`Cpu`] owns it together with TLB and block cache.
//! - [`Cpu::run`] runs a budget of instructions against a [`ringzero_bus::SystemBus`] and says why it ended.
//! - `decode` turns bytes into blocks of compact operations, once; `exec` is what operations do.
//! - `protected` is what protected mode adds: descriptors, gates, privilege changes, tasks.
//! - [`Model`] is a processor generation as data.
//!
//! The bus type is concrete, not a parameter: handlers are compiled once, here, for machine and tests alike.
//!
//! ```
//! use ringzero_bus::{PhysAddr, SystemBus};
//! use ringzero_cpu::{Cpu, Exit, Model};
//! let mut bus = SystemBus::new(1 << 20, 1);
//! bus.fabric_mut().ram.write(PhysAddr(0xFFFF0), &[0xB8, 0x34, 0x12, 0xF4]); // MOV AX, 1234h; HLT
//! let mut cpu = Cpu::new(Model::I8086);
//! assert_eq!(cpu.run(&mut bus, 100), Exit::Halted);
//! assert_eq!(cpu.state().regs.number(0), 0x1234);
//! assert_eq!(cpu.state().count, 2);
//! ```

/// Whether every unchecked access is verified first: the feature `checked`.
const CHECKED: bool = cfg!(feature = "checked");

use ringzero_bus::check;

mod code_mode;
mod cpu;
mod cpuid;
mod debug;
mod decode;
mod exec;
mod fault;
mod features;
pub mod flags;
mod fpu;
mod host_memory;
mod interrupt;
mod mmu;
mod model;
mod msr;
mod paging;
mod protected;
pub mod recorder;
mod regs;
mod run;
mod segment;
mod state;
mod stats;
mod tlb;
mod word;

pub use cpu::Cpu;
pub use decode::cache::CacheStats;
pub use fault::Fault;
pub use features::Features;
pub use flags::Flags;
pub use fpu::{Fpu, LastPointer};
pub use model::{Generation, Model};
pub use msr::Msrs;
pub use paging::WalkStep;
pub use regs::{Regs, number};
pub use run::Exit;
pub use segment::{SegAttr, SegReg, Segment};
pub use state::{Activity, CpuState, Event, Shadow, TableRegister, cr0, cr4};
pub use stats::{CpuStats, ExitStats};
