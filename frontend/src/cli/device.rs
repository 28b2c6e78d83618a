//! Devices of `--device`, by QEMU's names where QEMU has them.

use super::sound::{self, SoundCard};
use super::values::number;
use ringzero_machine::{DebugExitConfig, HidKind, SerialMouseKind};

/// A device of `--device`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Device {
    /// A port whose write ends the run.
    DebugExit(DebugExitConfig),
    /// A port by which a guest tells that it has panicked.
    PvPanic,
    /// A sound card.
    Sound(SoundCard),
    /// The game port, or not.
    GamePort(bool),
    /// The pointer of VMware's backdoor, or not.
    VmMouse(bool),
    /// A mouse at a serial port, 0 for COM1.
    SerialMouse(usize, SerialMouseKind),
    /// The USB controller, perhaps with a device.
    Usb(Option<HidKind>),
}

/// What there is, for who asks for something else.
pub(super) const NAMES: &str = "isa-debug-exit, pvpanic, sb16, adlib, ac97, gameport, vmmouse, msmouse, piix3-usb-uhci, \
                     usb-tablet, usb-mouse and usb-kbd";

impl Device {
    /// The place of a debug exit.
    pub(crate) fn debug_exit(self) -> Option<DebugExitConfig> {
        match self {
            Self::DebugExit(config) => Some(config),
            _ => None,
        }
    }
}

/// `isa-debug-exit,iobase=0xf4,iosize=0x04`, `pvpanic`, `msmouse,port=com1`, `usb-tablet`.
pub(crate) fn device(text: &str) -> Result<Device, String> {
    let mut parts = text.split(',');
    let name = parts.next().unwrap_or_default();
    match name {
        "isa-debug-exit" => return debug_exit(parts).map(Device::DebugExit),
        "msmouse" => return serial_mouse(parts),
        "pvpanic" => {
            return match parts.next() {
                None | Some("ioport=0x505" | "ioport=1285") => Ok(Device::PvPanic),
                Some(part) => Err(format!("pvpanic is at port 0x505 and has no {part:?}")),
            };
        }
        _ => {}
    }
    let device = match name {
        "gameport" => Device::GamePort(true),
        "gameport=off" => Device::GamePort(false),
        "vmmouse" | "vmport" | "vmport=on" => Device::VmMouse(true),
        "vmmouse=off" | "vmport=off" => Device::VmMouse(false),
        "piix3-usb-uhci" => Device::Usb(None),
        "usb-tablet" => Device::Usb(Some(HidKind::Tablet)),
        "usb-mouse" => Device::Usb(Some(HidKind::Mouse)),
        "usb-kbd" => Device::Usb(Some(HidKind::Keyboard)),
        _ => return sound::device(text).map(Device::Sound),
    };
    // QEMU's names of buses and devices say nothing that is not so.
    match parts.find(|part| !part.starts_with("id=") && !part.starts_with("bus=")) {
        None => Ok(device),
        Some(part) => Err(format!("{name} has no {part:?}")),
    }
}

/// `tablet`, `mouse`, `keyboard`, as QEMU's `-usbdevice` has it.
pub(crate) fn usb_device(text: &str) -> Result<Device, String> {
    Ok(Device::Usb(Some(match text {
        "tablet" => HidKind::Tablet,
        "mouse" => HidKind::Mouse,
        "keyboard" | "kbd" => HidKind::Keyboard,
        other => return Err(format!("no USB device {other:?}; there are tablet, mouse and keyboard")),
    })))
}

fn debug_exit<'a>(parts: impl Iterator<Item = &'a str>) -> Result<DebugExitConfig, String> {
    let mut config = DebugExitConfig::default();
    for part in parts {
        let (key, value) = part.split_once('=').unwrap_or((part, ""));
        let value = number(value).ok_or_else(|| format!("{part:?} needs a number, such as iobase=0xf4"))?;
        match key {
            "iobase" => config.iobase = value,
            "iosize" => config.iosize = value,
            _ => return Err(format!("isa-debug-exit has no {key:?}; it has iobase and iosize")),
        }
    }
    if config.iosize == 0 || config.iosize > 4 {
        return Err(format!("iosize={} is out of range; use 1 to 4", config.iosize));
    }
    Ok(config)
}

/// At COM2 unless told otherwise: COM1 is where guests talk.
fn serial_mouse<'a>(parts: impl Iterator<Item = &'a str>) -> Result<Device, String> {
    let (mut port, mut kind) = (1, SerialMouseKind::ThreeButtons);
    for part in parts {
        match part {
            "port=com1" => port = 0,
            "port=com2" => port = 1,
            "wheel" | "wheel=on" => kind = SerialMouseKind::Wheel,
            "wheel=off" => kind = SerialMouseKind::ThreeButtons,
            _ => return Err(format!("msmouse has no {part:?}; it has port=com1, port=com2 and wheel")),
        }
    }
    Ok(Device::SerialMouse(port, kind))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_exit_takes_hexadecimal_and_decimal() {
        assert_eq!(device("isa-debug-exit").unwrap(), Device::DebugExit(DebugExitConfig::default()));
        let given = device("isa-debug-exit,iobase=0xf4,iosize=4").unwrap();
        assert_eq!(given, Device::DebugExit(DebugExitConfig { iobase: 0xF4, iosize: 4 }));
        assert!(device("e1000").is_err() && device("isa-debug-exit,iosize=0").is_err());
    }

    #[test]
    fn devices_for_hands_have_qemus_names() {
        assert_eq!(device("usb-tablet,id=tablet0"), Ok(Device::Usb(Some(HidKind::Tablet))));
        assert_eq!(usb_device("tablet"), device("usb-tablet"));
        assert_eq!(device("msmouse"), Ok(Device::SerialMouse(1, SerialMouseKind::ThreeButtons)));
        assert_eq!(device("msmouse,port=com1,wheel"), Ok(Device::SerialMouse(0, SerialMouseKind::Wheel)));
        assert_eq!(device("vmport=off"), Ok(Device::VmMouse(false)));
        assert!(device("usb-tablet,port=9").is_err() && device("msmouse,port=com9").is_err());
    }
}
