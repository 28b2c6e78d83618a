//! A walk through the schedule of a frame [UHCI, "Schedule"].

use super::Uhci;
use super::registers::{enable, status};
use crate::usb::Answer;
use ringzero_bus::{Fabric, GuestRam, PhysAddr, VTime};

/// Bytes that fit into a frame, and what a packet takes besides its data.
const FRAME_BYTES: usize = 1280;
const OVERHEAD: usize = 13;
/// Queue heads and descriptors that are looked at in a frame at most.
const MOST_VISITS: usize = 256;
/// The longest packet that a descriptor may ask for [UHCI, "TD Token"].
const MOST_BYTES: usize = 1280;

/// A pointer of the schedule [UHCI, "Link Pointers"].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Link(u32);

/// Where a link leads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Target {
    End,
    Queue(u32),
    Descriptor(u32),
}

impl Link {
    fn target(self) -> Target {
        match self.0 & 3 {
            0 => Target::Descriptor(self.0 & !0x0F),
            2 => Target::Queue(self.0 & !0x0F),
            _ => Target::End,
        }
    }

    fn depth_first(self) -> bool {
        self.0 & 4 != 0
    }
}

/// Bits of a descriptor's second doubleword [UHCI, "TD Control and Status"].
mod td {
    pub(super) const BABBLE: u32 = 1 << 20;
    pub(super) const NAK: u32 = 1 << 19;
    pub(super) const TIMEOUT: u32 = 1 << 18;
    pub(super) const STALLED: u32 = 1 << 22;
    pub(super) const ACTIVE: u32 = 1 << 23;
    pub(super) const COMPLETE: u32 = 1 << 24;
    pub(super) const ISOCHRONOUS: u32 = 1 << 25;
    pub(super) const ERRORS: u32 = 3 << 27;
    pub(super) const ERRORS_SHIFT: u32 = 27;
    pub(super) const SHORT: u32 = 1 << 29;
    /// Bits that tell how the last try went.
    pub(super) const OUTCOME: u32 = 0x7E << 16;
    pub(super) const LENGTH: u32 = 0x7FF;
}

/// Packet identifiers.
const SETUP: u8 = 0x2D;
const IN: u8 = 0x69;
const OUT: u8 = 0xE1;

/// A transfer descriptor.
#[derive(Clone, Copy, Debug)]
struct Descriptor {
    at: u32,
    link: Link,
    control: u32,
    token: u32,
    buffer: u32,
}

fn doubleword(ram: &GuestRam, at: u32) -> u32 {
    let mut bytes = [0xFF; 4];
    ram.read(PhysAddr(at.into()), &mut bytes);
    u32::from_le_bytes(bytes)
}

impl Descriptor {
    fn read(ram: &GuestRam, at: u32) -> Self {
        let [link, control, token, buffer] =
            [0, 4, 8, 12].map(|offset| doubleword(ram, at.wrapping_add(offset)));
        Self { at, link: Link(link), control, token, buffer }
    }

    /// Bytes that may be transferred; 7FFh stands for none.
    fn length(&self) -> usize {
        (((self.token >> 21) + 1) & td::LENGTH) as usize
    }

    fn write_control(&self, ram: &mut GuestRam, control: u32) {
        // A page that is written may have to be made private: not for nothing.
        if control != self.control {
            ram.write(PhysAddr(u64::from(self.at) + 4), &control.to_le_bytes());
        }
    }
}

/// How a descriptor's try went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Outcome {
    /// It is done: the queue goes on.
    Done,
    /// Nothing is to be done here, or not yet.
    Waits,
    /// It is over, and its queue stops.
    Stops,
    /// It makes no sense.
    Broken,
}

/// A walk through one frame.
struct Walk {
    frame: VTime,
    visits: usize,
    bytes: usize,
    /// Something was transferred or ended.
    happened: bool,
    /// Queue heads visited since something was transferred.
    seen: Vec<u32>,
}

impl Uhci {
    /// Does what frame `number` holds; whether anything happened.
    pub(super) fn walk(&mut self, fabric: &mut Fabric, number: u16, start: VTime) -> bool {
        let mut walk =
            Walk { frame: start, visits: MOST_VISITS, bytes: FRAME_BYTES, happened: false, seen: Vec::new() };
        let entry = self.state.list.wrapping_add(4 * (u32::from(number) & 0x3FF));
        let mut link = Link(doubleword(&fabric.ram, entry));
        while walk.visits > 0 && walk.bytes > 0 {
            walk.visits -= 1;
            let next = match link.target() {
                Target::End => break,
                Target::Queue(at) if walk.seen.contains(&at) => break,
                Target::Queue(at) => {
                    walk.seen.push(at);
                    self.queue(fabric, &mut walk, at)
                }
                Target::Descriptor(at) => {
                    let descriptor = Descriptor::read(&fabric.ram, at);
                    match self.attempt(fabric, &mut walk, &descriptor) {
                        Outcome::Broken => None,
                        _ => Some(descriptor.link),
                    }
                }
            };
            let Some(next) = next else {
                self.halt_by_error(fabric);
                return true;
            };
            link = next;
        }
        walk.happened
    }

    /// A queue: descriptors as long as they are done and lead depth first. Where it goes on; `None` when something makes
    /// no sense.
    fn queue(&mut self, fabric: &mut Fabric, walk: &mut Walk, at: u32) -> Option<Link> {
        let head = Link(doubleword(&fabric.ram, at));
        let mut element = Link(doubleword(&fabric.ram, at.wrapping_add(4)));
        while walk.visits > 0 && walk.bytes > 0 {
            walk.visits -= 1;
            let at_descriptor = match element.target() {
                Target::End => break,
                // A queue in place of descriptors: it is walked in place of this one's head.
                Target::Queue(_) => return Some(element),
                Target::Descriptor(at) => at,
            };
            let descriptor = Descriptor::read(&fabric.ram, at_descriptor);
            match self.attempt(fabric, walk, &descriptor) {
                Outcome::Broken => return None,
                Outcome::Waits | Outcome::Stops => break,
                Outcome::Done => {}
            }
            element = descriptor.link;
            fabric.ram.write(PhysAddr(u64::from(at) + 4), &element.0.to_le_bytes());
            if !element.depth_first() {
                break;
            }
        }
        Some(head)
    }

    /// Tries a descriptor once.
    fn attempt(&mut self, fabric: &mut Fabric, walk: &mut Walk, descriptor: &Descriptor) -> Outcome {
        if descriptor.control & td::ACTIVE == 0 {
            return Outcome::Waits;
        }
        let pid = descriptor.token as u8;
        let length = descriptor.length();
        if length > MOST_BYTES || !matches!(pid, SETUP | IN | OUT) {
            return Outcome::Broken;
        }
        walk.bytes = walk.bytes.saturating_sub(length + OVERHEAD);
        let Some(answer) = self.packet(fabric, walk.frame, descriptor) else {
            return self.time_out(fabric, walk, descriptor);
        };
        let cleared = descriptor.control & !(td::OUTCOME | td::ACTIVE | td::LENGTH);
        match answer {
            Answer::Nak if descriptor.control & td::ISOCHRONOUS == 0 => {
                descriptor.write_control(&mut fabric.ram, descriptor.control & !td::OUTCOME | td::NAK);
                Outcome::Waits
            }
            Answer::Nak | Answer::Stall => {
                self.fail(fabric, walk, descriptor, cleared | td::STALLED | td::LENGTH)
            }
            Answer::Data(data) if pid == IN && data.len() > length => {
                self.fail(fabric, walk, descriptor, cleared | td::STALLED | td::BABBLE | td::LENGTH)
            }
            Answer::Data(data) => {
                let actual = if pid == IN { data.len() } else { length };
                if pid == IN {
                    fabric.ram.write(PhysAddr(descriptor.buffer.into()), &data);
                }
                let control = cleared | (actual as u32).wrapping_sub(1) & td::LENGTH;
                self.finish(fabric, walk, descriptor, control, pid == IN && actual < length)
            }
        }
    }

    /// A descriptor is done.
    fn finish(
        &mut self,
        fabric: &mut Fabric,
        walk: &mut Walk,
        descriptor: &Descriptor,
        control: u32,
        short: bool,
    ) -> Outcome {
        descriptor.write_control(&mut fabric.ram, control);
        walk.happened = true;
        walk.seen.clear();
        if control & td::COMPLETE != 0 {
            self.interrupt(enable::COMPLETE);
        }
        if short && control & td::SHORT != 0 {
            // The queue stays at this descriptor [UHCI, "Short Packet Detect"].
            self.interrupt(enable::SHORT);
            return Outcome::Stops;
        }
        Outcome::Done
    }

    /// A descriptor has failed for good.
    fn fail(
        &mut self,
        fabric: &mut Fabric,
        walk: &mut Walk,
        descriptor: &Descriptor,
        control: u32,
    ) -> Outcome {
        descriptor.write_control(&mut fabric.ram, control);
        walk.happened = true;
        walk.seen.clear();
        self.state.status |= status::ERROR;
        if control & td::COMPLETE != 0 {
            self.interrupt(enable::COMPLETE);
        }
        if control & td::ISOCHRONOUS != 0 { Outcome::Done } else { Outcome::Stops }
    }

    /// Nobody answered: one of up to three tries is gone [UHCI, "Error Count"]. A count of 0 tries for ever.
    fn time_out(&mut self, fabric: &mut Fabric, walk: &mut Walk, descriptor: &Descriptor) -> Outcome {
        let control = descriptor.control & !(td::OUTCOME | td::LENGTH) | td::TIMEOUT | td::LENGTH;
        let left = (control & td::ERRORS) >> td::ERRORS_SHIFT;
        if control & td::ISOCHRONOUS != 0 {
            return self.fail(fabric, walk, descriptor, control & !td::ACTIVE);
        }
        if left == 1 {
            let ended = control & !(td::ERRORS | td::ACTIVE) | td::STALLED;
            return self.fail(fabric, walk, descriptor, ended);
        }
        let fewer = if left > 0 { left - 1 } else { 0 };
        walk.happened |= left > 0;
        descriptor.write_control(&mut fabric.ram, control & !td::ERRORS | fewer << td::ERRORS_SHIFT);
        Outcome::Waits
    }

    fn interrupt(&mut self, cause: u16) {
        self.state.status |= status::USBINT;
        self.state.causes |= cause;
    }

    /// Sends a packet; what the device at its address says, if there is one.
    fn packet(&mut self, fabric: &Fabric, now: VTime, descriptor: &Descriptor) -> Option<Answer> {
        let address = (descriptor.token >> 8 & 0x7F) as u8;
        let endpoint = (descriptor.token >> 15 & 0x0F) as u8;
        let length = descriptor.length();
        let ports = self.state.ports.iter().zip(&mut self.state.devices);
        let mut reached = ports.filter(|(port, _)| port.passes()).filter_map(|(_, device)| device.as_mut());
        let device = reached.find(|device| device.address() == address)?;
        let data = |bytes: &mut [u8]| fabric.ram.read(PhysAddr(descriptor.buffer.into()), bytes);
        match descriptor.token as u8 {
            IN => Some(device.input(endpoint, now)),
            SETUP => {
                let mut bytes = [0; 8];
                data(&mut bytes);
                // A device takes a SETUP of eight bytes for its default pipe and hears no other.
                (length == bytes.len() && endpoint == 0).then(|| device.setup(bytes))?;
                Some(Answer::Data(Vec::new()))
            }
            _ => {
                let mut bytes = vec![0; length];
                data(&mut bytes);
                Some(device.output(endpoint, &bytes))
            }
        }
    }
}
