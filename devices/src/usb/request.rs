//! Requests on a device's default pipe [USB, "USB Device Requests"].

use serde::{Deserialize, Serialize};

/// The eight bytes of a SETUP packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Setup {
    pub(super) kind: u8,
    pub(super) request: u8,
    pub(super) value: u16,
    pub(super) index: u16,
    pub(super) length: u16,
}

impl Setup {
    pub(super) fn decode(bytes: [u8; 8]) -> Self {
        let word = |at: usize| u16::from_le_bytes([bytes[at], bytes[at + 1]]);
        Self { kind: bytes[0], request: bytes[1], value: word(2), index: word(4), length: word(6) }
    }

    /// Whether data go from the device to the host.
    pub(super) fn is_in(self) -> bool {
        self.kind & 0x80 != 0
    }
}

/// Requests by bmRequestType and bRequest [USB, "Standard Device Requests"; HID, "Class-Specific Requests"].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Request {
    /// Of the device, an interface or an endpoint.
    GetStatus,
    /// Of an endpoint, or the device.
    ClearFeature,
    SetFeature,
    SetAddress,
    GetDescriptor,
    GetConfiguration,
    SetConfiguration,
    GetInterface,
    SetInterface,
    GetReport,
    SetReport,
    GetIdle,
    SetIdle,
    GetProtocol,
    SetProtocol,
    Unknown,
}

impl Request {
    pub(super) fn decode(setup: Setup) -> Self {
        match (setup.kind, setup.request) {
            (0x80..=0x82, 0) => Self::GetStatus,
            (0x00..=0x02, 1) => Self::ClearFeature,
            (0x00..=0x02, 3) => Self::SetFeature,
            (0x00, 5) => Self::SetAddress,
            (0x80 | 0x81, 6) => Self::GetDescriptor,
            (0x80, 8) => Self::GetConfiguration,
            (0x00, 9) => Self::SetConfiguration,
            (0x81, 10) => Self::GetInterface,
            (0x01, 11) => Self::SetInterface,
            (0xA1, 1) => Self::GetReport,
            (0x21, 9) => Self::SetReport,
            (0xA1, 2) => Self::GetIdle,
            (0x21, 10) => Self::SetIdle,
            (0xA1, 3) => Self::GetProtocol,
            (0x21, 11) => Self::SetProtocol,
            _ => Self::Unknown,
        }
    }
}

/// Where the default pipe is in a control transfer [USB, "Control Transfers"].
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Control {
    #[default]
    Idle,
    /// Data for the host, and how many have gone.
    In { data: Vec<u8>, sent: usize },
    /// Data from the host, as far as they have come.
    Out { setup: Setup, data: Vec<u8> },
    /// The host fetches an empty packet that says all is done.
    Status,
    /// The request was refused, until the next SETUP.
    Stalled,
}

/// Most data of a control transfer to a device of ours.
pub(super) const MOST_OUT: u16 = 64;
