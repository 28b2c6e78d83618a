//! Debian shows pictures and plays sound: its own drivers and X server, from a root that debootstrap makes.
//!
//! - [`guest`]: the machine, and a shell on its second serial port.
//! - [`picture`]: what the display shows, beside what the guest says it shows.
//! - [`console`]: frame buffers without X.
//! - [`x11`]: the X server under several drivers, with the mouse.
//! - [`sound`]: sound cards, by measurement.
//! - [`tone`]: the measuring.

pub mod console;
pub mod guest;
pub mod picture;
pub mod sound;
pub mod tone;
pub mod x11;
