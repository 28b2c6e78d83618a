//! The universal serial bus: a UHCI controller with what people hold in their hands at its two ports.
//!
//! [`uhci`] is the controller, [`hid`] the devices, `usage` the numbers of keys.

pub mod hid;
mod request;
pub mod uhci;
mod usage;

/// What a device answers to a packet [USB, "Handshake Packets"].
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Answer {
    /// DATA, which the host acknowledges; or ACK to what the host sent.
    Data(Vec<u8>),
    /// Nothing to tell yet.
    Nak,
    /// The request or the endpoint is none of the device's.
    Stall,
}
