//! Where cards for a user's hands sit that not every PC has.

use crate::gameport::{self, GamePort};
use crate::pci;
use crate::usb::hid::HidKind;
use crate::usb::uhci::{self, Uhci, UhciWiring};
use crate::vmmouse::{self, VmMouse};
use ringzero_bus::{AttachError, Handle, Port, SystemBus, Width};

pub(super) fn attach_gameport(bus: &mut SystemBus) -> Result<Handle<GamePort>, AttachError> {
    bus.attach("gameport", |wiring| {
        wiring.ports(gameport::PORT..=gameport::PORT, Width::Byte)?;
        Ok(GamePort::new())
    })
}

pub(super) fn attach_vmmouse(bus: &mut SystemBus) -> Result<Handle<VmMouse>, AttachError> {
    bus.set_register_port(Some(Port(vmmouse::PORT)));
    bus.attach("vmmouse", |_wiring| Ok(VmMouse::new()))
}

pub(super) fn attach_usb(
    bus: &mut SystemBus,
    devices: [Option<HidKind>; uhci::PORTS],
) -> Result<Handle<Uhci>, AttachError> {
    const INTD: u8 = 4;
    bus.attach("uhci", |wiring| {
        let function = wiring.pci_function::<Uhci>(pci::USB, pci::usb(), &[uhci::REGISTERS])?;
        let interrupt = wiring.pci_interrupt(function, INTD);
        Ok(Uhci::new(UhciWiring { function, interrupt, frame: wiring.slot() }, devices))
    })
}
