//! Human interface devices: a tablet, a mouse, a keyboard.
//!
//! Sources: Universal Serial Bus Specification 1.1, keyed \[USB\]; Device Class Definition for Human Interface Devices 1.11,
//! keyed \[HID\]; HID Usage Tables 1.12, keyed \[HUT\].
//!
//! *Modelled*: the standard requests and those of the class, reports by the interrupt pipe and by request, idle rates,
//! the keyboard's lights. A tablet's clicks keep their places when the host asks seldom. The boot protocol's reports are
//! those of the report protocol, which begin with the same bytes.
//!
//! *Not modelled*: remote wake-up; data toggles, since no packet is ever lost.

mod descriptors;
mod reports;

use super::Answer;
use super::request::{Control, MOST_OUT, Request, Setup};
use super::usage;
use crate::keyboard::Key;
use descriptors::MAX_PACKET;
use reports::Reports;
use ringzero_bus::VTime;
use serde::{Deserialize, Serialize};

/// What the device is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum HidKind {
    /// A pointer that tells where it is.
    Tablet,
    /// A mouse.
    Mouse,
    /// A keyboard.
    Keyboard,
}

/// Nanoseconds of a unit of the idle rate [HID, "Set_Idle Request"].
const IDLE_UNIT_NS: u64 = 4_000_000;

/// A device at a port.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct HidDevice {
    kind: HidKind,
    address: u8,
    /// The address that holds when the request for it is done.
    next_address: Option<u8>,
    configured: bool,
    boot_protocol: bool,
    idle: u8,
    leds: u8,
    /// The interrupt endpoint is halted.
    halted: bool,
    /// The host has asked for news.
    polled: bool,
    control: Control,
    reports: Reports,
    /// When the last report went out.
    reported: VTime,
}

impl HidDevice {
    pub(super) fn new(kind: HidKind) -> Self {
        Self {
            kind,
            address: 0,
            next_address: None,
            configured: false,
            boot_protocol: false,
            // A keyboard repeats its report each half second until it is told otherwise.
            idle: if kind == HidKind::Keyboard { 125 } else { 0 },
            leds: 0,
            halted: false,
            polled: false,
            control: Control::Idle,
            reports: Reports::default(),
            reported: VTime(0),
        }
    }

    pub(super) fn kind(&self) -> HidKind {
        self.kind
    }

    /// A reset on the bus: the host begins anew; what is held stays held.
    pub(super) fn reset(&mut self) {
        let mut reports = std::mem::take(&mut self.reports);
        reports.forget();
        *self = Self { reports, ..Self::new(self.kind) };
    }

    /// The address it answers at.
    pub(super) fn address(&self) -> u8 {
        self.address
    }

    /// Whether a driver asks it for news.
    pub(super) fn is_used(&self) -> bool {
        self.configured && self.polled
    }

    /// Whether it would answer the next question with a report, now or soon.
    pub(super) fn has_news(&self) -> bool {
        self.is_used() && (self.reports.waits() || self.idle != 0)
    }

    /// Lights: bit 0 Num Lock, 1 Caps Lock, 2 Scroll Lock.
    pub(super) fn leds(&self) -> u8 {
        self.leds
    }

    pub(super) fn place(&mut self, x: u16, y: u16, wheel: i32) {
        self.reports.place(x, y, wheel);
    }

    pub(super) fn motion(&mut self, right: i32, down: i32, wheel: i32) {
        self.reports.motion(right, down, wheel);
    }

    /// A button, by its bit in the report.
    pub(super) fn button(&mut self, bit: u8, pressed: bool) {
        self.reports.button(bit, pressed);
    }

    pub(super) fn key(&mut self, key: Key, pressed: bool) {
        if let Some(usage) = usage::of(key) {
            self.reports.key(usage, pressed);
        }
    }

    // --- packets --------------------------------------------------------------------------------------------

    /// A SETUP packet: whatever went on at the default pipe is over.
    pub(super) fn setup(&mut self, bytes: [u8; 8]) {
        let setup = Setup::decode(bytes);
        self.next_address = None;
        self.control = if !setup.is_in() && setup.length > 0 {
            if setup.length > MOST_OUT { Control::Stalled } else { Control::Out { setup, data: Vec::new() } }
        } else {
            match self.answer(setup, &[]) {
                None => Control::Stalled,
                Some(_) if !setup.is_in() => Control::Status,
                Some(mut data) => {
                    data.truncate(usize::from(setup.length));
                    Control::In { data, sent: 0 }
                }
            }
        };
    }

    /// An IN packet.
    pub(super) fn input(&mut self, endpoint: u8, now: VTime) -> Answer {
        match endpoint {
            0 => self.control_in(),
            1 if self.configured && !self.halted => self.next_report(now),
            _ => Answer::Stall,
        }
    }

    /// An OUT packet.
    pub(super) fn output(&mut self, endpoint: u8, bytes: &[u8]) -> Answer {
        if endpoint != 0 {
            return Answer::Stall;
        }
        match &mut self.control {
            Control::Out { setup, data } => {
                if data.len() + bytes.len() > usize::from(setup.length) {
                    self.control = Control::Stalled;
                    return Answer::Stall;
                }
                data.extend_from_slice(bytes);
                if data.len() == usize::from(setup.length) {
                    let (setup, data) = (*setup, std::mem::take(data));
                    let done = self.answer(setup, &data).is_some();
                    self.control = if done { Control::Status } else { Control::Stalled };
                }
                Answer::Data(Vec::new())
            }
            // The status of a transfer to the host.
            Control::In { .. } | Control::Idle => {
                self.control = Control::Idle;
                Answer::Data(Vec::new())
            }
            Control::Status | Control::Stalled => Answer::Stall,
        }
    }

    fn control_in(&mut self) -> Answer {
        match &mut self.control {
            Control::In { data, sent } => {
                let end = data.len().min(*sent + usize::from(MAX_PACKET));
                let packet = data[(*sent).min(end)..end].to_vec();
                *sent = end;
                Answer::Data(packet)
            }
            Control::Status => {
                self.control = Control::Idle;
                self.address = self.next_address.take().unwrap_or(self.address);
                Answer::Data(Vec::new())
            }
            Control::Idle => Answer::Nak,
            Control::Out { .. } | Control::Stalled => Answer::Stall,
        }
    }

    /// The interrupt pipe: a report when there is news, or when the idle rate wants one.
    fn next_report(&mut self, now: VTime) -> Answer {
        self.polled = true;
        let repeats = self.idle != 0 && now.ns_since(self.reported) >= u64::from(self.idle) * IDLE_UNIT_NS;
        if !self.reports.waits() && !repeats {
            return Answer::Nak;
        }
        self.reported = now;
        Answer::Data(self.reports.next(self.kind))
    }

    // --- requests -------------------------------------------------------------------------------------------

    /// Does what a request asks; its data for the host. `None` refuses it.
    fn answer(&mut self, setup: Setup, data: &[u8]) -> Option<Vec<u8>> {
        let [low, high] = setup.value.to_le_bytes();
        let nothing = Some(Vec::new());
        let on_endpoint = setup.kind & 0x1F == 2;
        match Request::decode(setup) {
            Request::GetStatus => {
                let halted = on_endpoint && setup.index & 0x0F == 1 && self.halted;
                Some(vec![u8::from(halted), 0])
            }
            Request::ClearFeature | Request::SetFeature => {
                let halts = Request::decode(setup) == Request::SetFeature;
                if !on_endpoint || setup.value != 0 {
                    return None;
                }
                if setup.index & 0x0F == 1 {
                    self.halted = halts;
                }
                nothing
            }
            Request::SetAddress => {
                self.next_address = (setup.value < 128).then_some(low);
                self.next_address.map(|_| Vec::new())
            }
            Request::GetDescriptor => descriptors::find(setup.value, self.kind),
            Request::GetConfiguration => Some(vec![u8::from(self.configured)]),
            Request::SetConfiguration => {
                (self.configured, self.halted, self.polled) = (low == 1, false, false);
                if low <= 1 { nothing } else { None }
            }
            Request::GetInterface => Some(vec![0]),
            Request::SetInterface => {
                if setup.value == 0 {
                    nothing
                } else {
                    None
                }
            }
            Request::GetReport => (high == 1).then(|| self.reports.current(self.kind)),
            Request::SetReport => self.set_report(high, data),
            Request::GetIdle => Some(vec![self.idle]),
            Request::SetIdle => {
                self.idle = high;
                nothing
            }
            Request::GetProtocol => Some(vec![u8::from(!self.boot_protocol)]),
            Request::SetProtocol => {
                self.boot_protocol = low == 0;
                nothing
            }
            Request::Unknown => None,
        }
    }

    /// Output reports are the keyboard's lights.
    fn set_report(&mut self, report_type: u8, data: &[u8]) -> Option<Vec<u8>> {
        const OUTPUT: u8 = 2;
        if self.kind != HidKind::Keyboard || report_type != OUTPUT {
            return None;
        }
        self.leds = data.first().map_or(self.leds, |lights| lights & 0x1F);
        Some(Vec::new())
    }

    /// Whether a snapshot's state is one it can have.
    pub(super) fn is_valid(&self) -> bool {
        let control = match &self.control {
            Control::In { data, sent } => data.len() <= 256 && *sent <= data.len(),
            Control::Out { data, .. } => data.len() <= usize::from(MOST_OUT),
            _ => true,
        };
        self.address < 128 && control && self.reports.is_valid()
    }
}

#[cfg(test)]
#[path = "hid/tests.rs"]
mod tests;
