//! The system VM: a whole PC as a library.
//!
//! - [`Config`] and [`Media`] say what the machine is made of; [`Machine::new`] builds it, [`Machine::fork`] doubles it.
//! - [`Machine::run`] runs a number of instructions and says why it came back; [`Machine::run_until`] runs until a condition holds.
//! - [`supervise`] judges a run; an [`Outcome`] is how it ended, a [`PostMortem`] why.
//! - [`Machine::text_screen`] and [`Machine::render`] are the screen, [`Machine::type_text`] types, [`Machine::key`],
//!   [`Machine::mouse_move`], [`Machine::pointer_to`], [`Machine::set_joystick`], [`Machine::send_serial`] and [`Machine::insert_floppy`] are a user's hands.
//! - [`Machine::read_linear`], [`Machine::registers`], [`Machine::subscribe`] and [`Disassembler`] look inside.
//! - [`Machine::stats`] and [`Machine::start_profile`] tell what a run takes and where.
//! - [`Machine::save`], [`Machine::load`], [`Machine::state_hash`]: the whole guest-visible state.
//!
//! A run is a function of configuration, media and input: nothing here reads a clock.
//!
//! ```
//! use ringzero_machine::{Config, Machine, Media, OnIdle, Stop, storage::MemoryMedium};
//! // A boot sector that prints "Hi" to the debug console and halts.
//! let mut sector = vec![0; 512];
//! sector[..10].copy_from_slice(&[0xB0, b'H', 0xE6, 0xE9, 0xB0, b'i', 0xE6, 0xE9, 0xFA, 0xF4]);
//! sector[510..].copy_from_slice(&[0x55, 0xAA]);
//! let mut media = Media::default();
//! media.floppies[0] = Some(Box::new(MemoryMedium::new(sector)));
//! let mut machine = Machine::new(Config::default(), media).unwrap();
//! let stop = machine.run(2_000_000_000, OnIdle::Jump);
//! assert!(matches!(stop, Stop::Hang(_)), "{stop:?}");
//! assert_eq!(machine.take_debug_console(), b"Hi");
//! ```

mod backdoor;
mod config;
mod disassembly;
mod drives;
mod events;
mod firmware;
mod fw_cfg;
mod idle;
mod inspect;
pub mod kernel;
mod keys;
mod machine;
mod outcome;
mod parts;
mod pointer;
mod post_mortem;
mod profile;
mod quiet;
mod roms;
mod screen;
mod snapshot;
mod sound;
mod spin;
mod stats;
pub mod supervise;
mod symbols;
mod trail;
mod typist;

pub use config::{Config, ConfigError, IdeMedia, Media, SoundCards};
pub use disassembly::{Disassembler, Line, Syntax};
pub use drives::Medium;
pub use events::{Event, EventKinds};
pub use machine::{Hang, Machine, OnIdle, Stop};
pub use outcome::{LimitKind, Outcome};
pub use post_mortem::PostMortem;
pub use profile::Profile;
pub use ringzero_bios::BootDevice;
pub use ringzero_bus::{BusEvent, Irq, PhysAddr, Port, Width};
pub use ringzero_bus::{ForkError, SnapshotError, VTime};
pub use ringzero_cpu::recorder::{self, Delivery, Place};
pub use ringzero_cpu::{CacheStats, CpuState, CpuStats, ExitStats, Model, SegReg, cr0, cr4, flags, number};
pub use ringzero_devices::gameport::Stick;
pub use ringzero_devices::ide::{IdeDrive, Locked};
pub use ringzero_devices::keyboard::layout::Layout;
pub use ringzero_devices::keyboard::{self, Key};
pub use ringzero_devices::mouse::MouseButton;
pub use ringzero_devices::pc::DebugExitConfig;
pub use ringzero_devices::sb16::Sb16Config;
pub use ringzero_devices::sound::kernel as sound_filter;
pub use ringzero_devices::storage;
pub use ringzero_devices::text::{self, Cell, TextScreen};
pub use ringzero_devices::uart::SerialMouseKind;
pub use ringzero_devices::usb::hid::HidKind;
pub use ringzero_devices::vga::Frame;
pub use ringzero_roms::DEMO_DISK;
pub use snapshot::{Snapshot, StateHash};
pub use stats::MachineStats;
pub use symbols::{Symbols, SymbolsError};
pub use trail::Way;
pub use typist::Untypable;
