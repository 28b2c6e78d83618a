//! The USB host controller of the PIIX3, with two ports.
//!
//! Sources: Universal Host Controller Interface Design Guide 1.1, keyed \[UHCI\]; Intel 82371SB, keyed \[PIIX3\].
//!
//! *Modelled*: every register, the root hub, the frame list with queue heads and transfer descriptors, depth and breadth,
//! bandwidth reclamation, short packets, stalls, babble, time-outs with their counts, interrupts. The present frame is
//! computed from the time. What a frame can do is bounded, whatever the schedule in memory looks like.
//!
//! A schedule in which nothing happens is looked at every seventh frame only, until something does or a device has
//! news: a transfer that begins then may wait six frames longer than on hardware. Seven, since it shares no factor with
//! the 1,024 frames of the list.
//!
//! *Not modelled*: SMI# and the emulation of keyboard ports, remote wake-up, isochronous devices (there are none),
//! bit stuffing and CRC errors, the debug mode of single steps.

mod port;
mod registers;
mod schedule;

use super::hid::{HidDevice, HidKind};
use crate::keyboard::Key;
use crate::mouse::MouseButton;
use port::Port;
use registers::{command, status};
use ringzero_bus::{
    Device, EventSlot, Fabric, ForkError, PciFunction, PciFunctionId, PciIntPin, PortAccess, PortBar,
    Section, SnapshotError, VTime, Width,
};
use serde::{Deserialize, Serialize};

/// Ports of the root hub.
pub const PORTS: usize = 2;
/// Its registers [PIIX3, "USB I/O Space Base Address Register"].
pub const REGISTERS: PortBar = PortBar::new(4, 32, Width::Dword);

/// A frame.
const FRAME_NS: u64 = 1_000_000;
/// Frames from one look at a schedule where nothing happens to the next.
const QUIET_STEP: u64 = 7;
/// Frames without anything after which a schedule counts as one where nothing happens.
const QUIET_AFTER: u8 = 64;
/// LEGSUP: interrupts reach PIRQD# [PIIX3, "Legacy Support Register"].
const LEGSUP_HIGH: u8 = 0xC1;
const USBPIRQDEN: u8 = 0x20;

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct State {
    command: u16,
    status: u16,
    /// USBINTR.
    enables: u16,
    /// Why USBINT is set: bits of USBINTR.
    causes: u16,
    /// FRNUM when the frames began to count.
    frame: u16,
    /// When that was.
    since: VTime,
    /// FLBASEADD.
    list: u32,
    sof: u8,
    ports: [Port; PORTS],
    devices: [Option<HidDevice>; PORTS],
    /// Frames since something happened.
    quiet: u8,
}

impl State {
    fn new(devices: [Option<HidDevice>; PORTS]) -> Self {
        Self {
            command: 0,
            status: status::HALTED,
            enables: 0,
            causes: 0,
            frame: 0,
            since: VTime(0),
            list: 0,
            sof: 0x40,
            ports: devices.each_ref().map(|device| Port::new(device.is_some())),
            devices,
            quiet: 0,
        }
    }

    fn runs(&self) -> bool {
        self.command & command::RUN != 0
    }
}

/// The wires of a [`Uhci`].
#[derive(Clone, Copy, Debug)]
pub struct UhciWiring {
    /// The function.
    pub function: PciFunctionId,
    /// Its INTD#.
    pub interrupt: PciIntPin,
    /// A frame begins.
    pub frame: EventSlot,
}

/// The controller. Region 0 is its 32 ports.
#[derive(Clone, Debug)]
pub struct Uhci {
    state: State,
    wiring: UhciWiring,
}

impl Uhci {
    /// A controller with a device at each port that names one.
    pub fn new(wiring: UhciWiring, devices: [Option<HidKind>; PORTS]) -> Self {
        Self { state: State::new(devices.map(|kind| kind.map(HidDevice::new))), wiring }
    }

    // --- for the host ---------------------------------------------------------------------------------------

    fn device(&mut self, kind: HidKind) -> Option<&mut HidDevice> {
        self.state.devices.iter_mut().flatten().find(|device| device.kind() == kind)
    }

    /// Whether there is such a device and the guest's driver asks it for news.
    pub fn uses(&self, kind: HidKind) -> bool {
        let mut devices = self.state.devices.iter().flatten();
        self.state.runs() && devices.any(|device| device.kind() == kind && device.is_used())
    }

    /// The tablet's pointer is at a place, each coordinate from 0 to 7FFFh; its wheel turns towards the user.
    pub fn place(&mut self, fabric: &mut Fabric, x: u16, y: u16, wheel: i32) {
        if let Some(tablet) = self.device(HidKind::Tablet) {
            tablet.place(x.min(0x7FFF), y.min(0x7FFF), wheel);
            self.hurry(fabric);
        }
    }

    /// The mouse moves by so many counts to the right and down, its wheel towards the user.
    pub fn motion(&mut self, fabric: &mut Fabric, right: i32, down: i32, wheel: i32) {
        if let Some(mouse) = self.device(HidKind::Mouse) {
            mouse.motion(right, down, wheel);
            self.hurry(fabric);
        }
    }

    /// The tablet's wheel turns by steps towards the user.
    pub fn tablet_wheel(&mut self, fabric: &mut Fabric, wheel: i32) {
        if let Some(tablet) = self.device(HidKind::Tablet) {
            tablet.motion(0, 0, wheel);
            self.hurry(fabric);
        }
    }

    /// A button of a tablet or a mouse goes down or up.
    pub fn button(&mut self, fabric: &mut Fabric, kind: HidKind, button: MouseButton, pressed: bool) {
        if let Some(device) = self.device(kind) {
            device.button(1 << button as u8, pressed);
            self.hurry(fabric);
        }
    }

    /// A key of the keyboard goes down or up.
    pub fn key(&mut self, fabric: &mut Fabric, key: Key, pressed: bool) {
        if let Some(keyboard) = self.device(HidKind::Keyboard) {
            keyboard.key(key, pressed);
            self.hurry(fabric);
        }
    }

    /// The keyboard's lights: bit 0 Scroll Lock, 1 Num Lock, 2 Caps Lock; `None` without a keyboard.
    pub fn leds(&self) -> Option<u8> {
        let mut devices = self.state.devices.iter().flatten();
        let lights = devices.find(|device| device.kind() == HidKind::Keyboard)?.leds();
        Some(lights >> 2 & 1 | (lights & 3) << 1)
    }

    // --- frames ---------------------------------------------------------------------------------------------

    /// FRNUM.
    fn frame_number(&self, now: VTime) -> u16 {
        if !self.state.runs() {
            return self.state.frame;
        }
        (u64::from(self.state.frame) + now.ns_since(self.state.since) / FRAME_NS) as u16 & 0x7FF
    }

    /// Begins to count frames, or stops.
    fn set_running(&mut self, fabric: &mut Fabric, on: bool) {
        if on == self.state.runs() {
            return;
        }
        self.state.frame = self.frame_number(fabric.now);
        self.state.since = fabric.now;
        self.state.command ^= command::RUN;
        self.state.quiet = 0;
        if on {
            self.state.status &= !status::HALTED;
            fabric.sched.arm(self.wiring.frame, fabric.now.plus_ns(FRAME_NS));
        } else {
            self.state.status |= status::HALTED;
            fabric.sched.cancel(self.wiring.frame);
        }
    }

    /// Something may happen: the next frame is looked at.
    fn hurry(&mut self, fabric: &mut Fabric) {
        self.state.quiet = 0;
        if self.state.runs() {
            let begun = fabric.now.ns_since(self.state.since) / FRAME_NS;
            let next = self.state.since.plus_ns((begun + 1) * FRAME_NS);
            if fabric.sched.deadline(self.wiring.frame).is_none_or(|armed| armed > next) {
                fabric.sched.arm(self.wiring.frame, next);
            }
        }
    }

    /// The frame that begins at `start`.
    fn run_frame(&mut self, fabric: &mut Fabric, start: VTime) {
        if !self.state.runs() {
            return;
        }
        let suspended = self.state.command & command::SUSPEND != 0;
        if !suspended && fabric.pci.may_master(self.wiring.function) {
            let number = self.frame_number(start);
            let happened = self.walk(fabric, number, start);
            let news = self.state.devices.iter().flatten().any(HidDevice::has_news);
            self.state.quiet = if happened || news { 0 } else { self.state.quiet.saturating_add(1) };
        }
        if self.state.runs() {
            let frames = if self.state.quiet > QUIET_AFTER { QUIET_STEP } else { 1 };
            fabric.sched.arm(self.wiring.frame, start.plus_ns(frames * FRAME_NS));
        }
        self.update_irq(fabric);
    }

    fn update_irq(&self, fabric: &mut Fabric) {
        let state = &self.state;
        let enabled = |bit: u16| state.enables & bit != 0;
        let transfer = state.status & status::USBINT != 0 && state.enables & state.causes != 0;
        let error = state.status & status::ERROR != 0 && enabled(registers::enable::ERROR);
        let resume = state.status & status::RESUME != 0 && enabled(registers::enable::RESUME);
        let broken = state.status & (status::SYSTEM_ERROR | status::PROCESS_ERROR) != 0;
        let routed = fabric.pci.read(self.wiring.function, LEGSUP_HIGH) & USBPIRQDEN != 0;
        fabric.irqs.set_pci(self.wiring.interrupt, routed && (transfer || error || resume || broken));
    }

    /// GRESET and HCRESET: the registers begin anew, and so do the devices.
    fn reset_controller(&mut self, fabric: &mut Fabric) {
        let mut devices = std::mem::take(&mut self.state.devices);
        devices.iter_mut().flatten().for_each(HidDevice::reset);
        self.state = State::new(devices);
        fabric.sched.cancel(self.wiring.frame);
    }
}

impl PciFunction for Uhci {
    fn config_written(&mut self, fabric: &mut Fabric, _function: PciFunctionId, _offset: u8) {
        self.update_irq(fabric);
    }
}

impl Device for Uhci {
    fn name(&self) -> &'static str {
        "uhci"
    }

    fn reset(&mut self, fabric: &mut Fabric) {
        self.reset_controller(fabric);
        self.update_irq(fabric);
    }

    fn pio_read(&mut self, fabric: &mut Fabric, access: PortAccess) -> u32 {
        (0..access.width.bytes()).fold(0, |value, n| {
            let offset = access.offset + n as u16;
            let byte = self.read_register(fabric.now, offset & !1).to_le_bytes()[usize::from(offset & 1)];
            value | u32::from(byte) << (8 * n)
        })
    }

    fn pio_write(&mut self, fabric: &mut Fabric, access: PortAccess, value: u32) {
        let (offset, value) = (access.offset, u64::from(value));
        let mask = u64::from(access.width.open_bus());
        // What an access covers of up to three registers of 16 bits.
        let shift = 8 * u32::from(offset & 1);
        let (value, mask) = (value << shift, mask << shift);
        for n in 0..3 {
            let (value, mask) = ((value >> (16 * n)) as u16, (mask >> (16 * n)) as u16);
            if mask != 0 {
                self.write_register(fabric, (offset & !1) + 2 * n as u16, value, mask);
            }
        }
        self.update_irq(fabric);
    }

    fn on_event(&mut self, fabric: &mut Fabric, _slot: EventSlot, deadline: VTime) {
        self.run_frame(fabric, deadline);
    }

    fn fork(&self) -> Result<Box<dyn Device>, ForkError> {
        Ok(Box::new(self.clone()))
    }

    fn save(&self) -> Result<Section, SnapshotError> {
        Section::encode(self.name(), 1, &self.state)
    }

    fn load(&mut self, section: &Section) -> Result<(), SnapshotError> {
        let state: State = section.decode(self.name(), 1)?;
        let kinds =
            |state: &State| state.devices.each_ref().map(|device| device.as_ref().map(HidDevice::kind));
        let valid = kinds(&state) == kinds(&self.state)
            && state.devices.iter().flatten().all(HidDevice::is_valid)
            && state.frame < 0x800;
        if !valid {
            return Err(SnapshotError::OutOfRange { section: "uhci", what: "device or frame" });
        }
        self.state = state;
        Ok(())
    }
}

#[cfg(test)]
#[path = "uhci/tests.rs"]
mod tests;
