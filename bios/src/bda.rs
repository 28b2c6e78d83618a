//! The BIOS data area at 40:0 [IBM AT TRM, "ROM BIOS Data Areas"] and our part of the extended one at 40:[0Eh].

use ringzero_bus::LinAddr;

/// Linear address of `offset` in segment 40h.
pub(crate) const fn at(offset: u16) -> LinAddr {
    LinAddr::real(0x40, offset)
}

pub(crate) const COM_PORTS: u16 = 0x00;
pub(crate) const LPT_PORTS: u16 = 0x08;
pub(crate) const EBDA_SEGMENT: u16 = 0x0E;
pub(crate) const EQUIPMENT: u16 = 0x10;
pub(crate) const MEMORY_KB: u16 = 0x13;
/// Insert, locks, Alt, Ctrl and shifts, from bit 7 down.
pub(crate) const SHIFT_FLAGS: u16 = 0x17;
/// Keys held: Insert, locks, pause state (bit 3), SysReq, left Alt, left Ctrl.
pub(crate) const SHIFT_FLAGS_2: u16 = 0x18;
pub(crate) const ALT_NUMBER: u16 = 0x19;
pub(crate) const KEY_HEAD: u16 = 0x1A;
pub(crate) const KEY_TAIL: u16 = 0x1C;
pub(crate) const SEEK_STATUS: u16 = 0x3E;
pub(crate) const MOTOR_STATUS: u16 = 0x3F;
pub(crate) const MOTOR_COUNT: u16 = 0x40;
pub(crate) const DISKETTE_STATUS: u16 = 0x41;
pub(crate) const DISKETTE_RESULTS: u16 = 0x42;
pub(crate) const VIDEO_MODE: u16 = 0x49;
pub(crate) const COLUMNS: u16 = 0x4A;
pub(crate) const PAGE_SIZE: u16 = 0x4C;
pub(crate) const PAGE_START: u16 = 0x4E;
pub(crate) const CURSORS: u16 = 0x50;
pub(crate) const CURSOR_SHAPE: u16 = 0x60;
pub(crate) const ACTIVE_PAGE: u16 = 0x62;
pub(crate) const CRTC_PORT: u16 = 0x63;
pub(crate) const CGA_MODE: u16 = 0x65;
pub(crate) const CGA_PALETTE: u16 = 0x66;
pub(crate) const FAR_POINTER: u16 = 0x67;
pub(crate) const TICKS: u16 = 0x6C;
pub(crate) const MIDNIGHT: u16 = 0x70;
pub(crate) const BREAK_FLAG: u16 = 0x71;
pub(crate) const WARM_BOOT: u16 = 0x72;
pub(crate) const FIXED_DISK_STATUS: u16 = 0x74;
pub(crate) const FIXED_DISKS: u16 = 0x75;
pub(crate) const LPT_TIMEOUTS: u16 = 0x78;
pub(crate) const COM_TIMEOUTS: u16 = 0x7C;
pub(crate) const KEY_BUFFER_START: u16 = 0x80;
pub(crate) const KEY_BUFFER_END: u16 = 0x82;
pub(crate) const ROWS: u16 = 0x84;
pub(crate) const CHAR_HEIGHT: u16 = 0x85;
pub(crate) const VIDEO_CONTROL: u16 = 0x87;
pub(crate) const VIDEO_SWITCHES: u16 = 0x88;
pub(crate) const VGA_FLAGS: u16 = 0x89;
pub(crate) const DCC_INDEX: u16 = 0x8A;
pub(crate) const DRIVE_TYPES: u16 = 0x8F;
pub(crate) const MEDIA_STATE: u16 = 0x90;
pub(crate) const DRIVE_CYLINDER: u16 = 0x94;
/// Last bytes E0h and E1h, right Ctrl and Alt, enhanced keyboard.
pub(crate) const KEY_STATE: u16 = 0x96;
/// LED update and acknowledge state.
pub(crate) const LED_STATE: u16 = 0x97;
pub(crate) const WAIT_FLAG_POINTER: u16 = 0x98;
pub(crate) const WAIT_COUNT: u16 = 0x9C;
pub(crate) const WAIT_ACTIVE: u16 = 0xA0;
pub(crate) const SAVE_TABLE: u16 = 0xA8;

/// Our part of the EBDA.
pub(crate) mod own {
    /// The diskette state machine, 64 bytes (`disk::floppy`).
    pub(crate) const FLOPPY: u16 = 0x100;
    /// Deadline of INT 14h.
    pub(crate) const SERIAL_DEADLINE: u16 = 0x140;
    /// Deadline of INT 17h.
    pub(crate) const PRINTER_DEADLINE: u16 = 0x148;
    /// End of the tone.
    pub(crate) const BEEP_DEADLINE: u16 = 0x150;
    /// Deadline of a keyboard test step.
    pub(crate) const KEYBOARD_DEADLINE: u16 = 0x158;
    /// Number of the keyboard test step.
    pub(crate) const KEYBOARD_STEP: u16 = 0x160;
    /// Byte to send to the keyboard behind its next acknowledge, and whether there is one.
    pub(crate) const KEYBOARD_NEXT: u16 = 0x162;
    /// Segment at which the ROM scan goes on.
    pub(crate) const ROM_CURSOR: u16 = 0x164;
    /// Boot: index in the order, tries.
    pub(crate) const BOOT_INDEX: u16 = 0x170;
    pub(crate) const BOOT_TRIES: u16 = 0x171;
    /// Why each device of the order did not boot.
    pub(crate) const BOOT_RESULTS: u16 = 0x174;
    /// Whether INT 15h AH=86h waits.
    pub(crate) const RTC_WAIT: u16 = 0x190;
    /// The search for IDE drives: place, step, deadline.
    pub(crate) const DETECT_PLACE: u16 = 0x1A0;
    pub(crate) const DETECT_STEP: u16 = 0x1A1;
    pub(crate) const DETECT_DEADLINE: u16 = 0x1A8;
    /// A transfer of INT 13h: its state of 8 bytes, its deadline, whether INT 15h AH=90h was told.
    pub(crate) const TRANSFER: u16 = 0x1B0;
    pub(crate) const TRANSFER_DEADLINE: u16 = 0x1B8;
    pub(crate) const TRANSFER_WAITED: u16 = 0x1C0;
    /// Locks on the discs of four drives.
    pub(crate) const LOCKS: u16 = 0x1C4;
    /// A boot from CD: specification packet and our own two bytes.
    pub(crate) const EMULATION: u16 = 0x1D0;
    /// Its step, the part of the image at hand, and the address packet.
    pub(crate) const CD_STEP: u16 = 0x1E8;
    pub(crate) const CD_PART: u16 = 0x1E9;
    pub(crate) const CD_PACKET: u16 = 0x1F0;
    /// Four IDE drives of 32 bytes each.
    pub(crate) const DRIVES: u16 = 0x200;
    /// Their device parameter table extensions, 16 bytes each.
    pub(crate) const EXTENSIONS: u16 = 0x280;
    /// An exchange with the mouse: its state of 16 bytes, its deadline.
    pub(crate) const POINTER: u16 = 0x2C0;
    pub(crate) const POINTER_DEADLINE: u16 = 0x2D0;
    /// Where the ACPI tables begin: a dword, 0 when there are none.
    pub(crate) const ACPI_TABLES: u16 = 0x2E0;
    /// Whether the machine has APICs.
    pub(crate) const HAS_APIC: u16 = 0x2E4;
}
