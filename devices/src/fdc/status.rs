//! Bits of the result bytes [82077AA, "Status Register Encoding"].

/// Status register 0.
pub(super) struct ST0;
impl ST0 {
    pub(super) const ABNORMAL: u8 = 0x40;
    pub(super) const INVALID: u8 = 0x80;
    /// The ready line changed: after a reset, with polling.
    pub(super) const POLLED: u8 = 0xC0;
    pub(super) const SEEK_END: u8 = 0x20;
    pub(super) const EQUIPMENT_CHECK: u8 = 0x10;
}

/// Status register 1.
pub(super) struct ST1;
impl ST1 {
    pub(super) const END_OF_CYLINDER: u8 = 0x80;
    pub(super) const DATA_ERROR: u8 = 0x20;
    pub(super) const OVERRUN: u8 = 0x10;
    pub(super) const NO_DATA: u8 = 0x04;
    pub(super) const NOT_WRITABLE: u8 = 0x02;
    pub(super) const MISSING_ADDRESS_MARK: u8 = 0x01;
}

/// Status register 2.
pub(super) struct ST2;
impl ST2 {
    pub(super) const CONTROL_MARK: u8 = 0x40;
    pub(super) const DATA_ERROR: u8 = 0x20;
    pub(super) const WRONG_CYLINDER: u8 = 0x10;
    pub(super) const SCAN_EQUAL: u8 = 0x08;
    pub(super) const SCAN_NOT_SATISFIED: u8 = 0x04;
    pub(super) const BAD_CYLINDER: u8 = 0x02;
}
