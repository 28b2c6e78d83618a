//! The BIOS: POST, interrupt services and boot.
