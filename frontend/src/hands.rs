//! What the command line says of devices for a user's hands.

use crate::cli::RunArgs;
use crate::cli::device::Device;
use crate::cli::values::SerialTarget;
use crate::plan::PlanError;
use ringzero_machine::{Config, HidKind, SerialMouseKind};

/// Ports of the USB controller.
const USB_PORTS: usize = 2;

/// Puts the devices into a configuration.
pub(crate) fn configure(args: &RunArgs, config: &mut Config) -> Result<(), PlanError> {
    for device in &args.device {
        match *device {
            Device::GamePort(on) => config.gameport = on,
            Device::VmMouse(on) => config.vmmouse = on,
            Device::SerialMouse(port, kind) => config.serial_mouse = Some((port, kind)),
            Device::DebugExit(_) | Device::PvPanic | Device::Sound(_) | Device::Usb(_) => {}
        }
    }
    if let Some(port) = args.serial.iter().position(|target| *target == SerialTarget::Mouse) {
        config.serial_mouse = Some((port, SerialMouseKind::ThreeButtons));
    }
    let mouse = config.serial_mouse.and_then(|(port, _)| args.serial.get(port));
    if mouse.is_some_and(|target| !matches!(target, SerialTarget::Mouse | SerialTarget::Null)) {
        return Err(PlanError::MousePortTaken);
    }
    config.usb = usb(args)?;
    Ok(())
}

fn usb(args: &RunArgs) -> Result<Option<[Option<HidKind>; USB_PORTS]>, PlanError> {
    let given = args.device.iter().chain(&args.usbdevice).filter_map(|device| match device {
        Device::Usb(kind) => Some(*kind),
        _ => None,
    });
    let given: Vec<Option<HidKind>> = given.collect();
    let mut ports = [None; USB_PORTS];
    let mut devices = given.iter().flatten();
    for (port, kind) in ports.iter_mut().zip(devices.by_ref()) {
        *port = Some(*kind);
    }
    if devices.next().is_some() || ports[0].is_some() && ports[0] == ports[1] {
        return Err(PlanError::UsbPorts);
    }
    let wanted = args.usb || !given.is_empty();
    Ok(wanted.then_some(ports))
}
