//! What a device says of itself [USB, "Standard USB Descriptor Definitions"; HID, "Report Descriptor"].

use super::HidKind;

/// Descriptor types.
mod kind {
    pub(super) const DEVICE: u8 = 1;
    pub(super) const CONFIGURATION: u8 = 2;
    pub(super) const STRING: u8 = 3;
    pub(super) const INTERFACE: u8 = 4;
    pub(super) const ENDPOINT: u8 = 5;
    pub(super) const HID: u8 = 0x21;
    pub(super) const REPORT: u8 = 0x22;
}

/// Largest packet of the default pipe and of the interrupt pipe.
pub(super) const MAX_PACKET: u8 = 8;
/// Full-speed frames between two questions for news.
const INTERVAL: u8 = 10;
/// The maker's number and the product's by which systems know these devices in virtual machines.
const ID: (u16, u16) = (0x0627, 0x0001);

/// Buttons 1 to 5 and three bits of nothing.
const BUTTONS: [u8; 22] = [
    0x05, 0x09, 0x19, 0x01, 0x29, 0x05, 0x15, 0x00, 0x25, 0x01, 0x95, 0x05, 0x75, 0x01, 0x81, 0x02, 0x95,
    0x01, 0x75, 0x03, 0x81, 0x01,
];
/// X and Y from 0 to 7FFFh, where the pointer is.
const PLACE: [u8; 22] = [
    0x05, 0x01, 0x09, 0x30, 0x09, 0x31, 0x15, 0x00, 0x26, 0xFF, 0x7F, 0x35, 0x00, 0x46, 0xFF, 0x7F, 0x75,
    0x10, 0x95, 0x02, 0x81, 0x02,
];
/// X and Y from -127 to 127, how far it moved.
const MOTION: [u8; 16] =
    [0x05, 0x01, 0x09, 0x30, 0x09, 0x31, 0x15, 0x81, 0x25, 0x7F, 0x75, 0x08, 0x95, 0x02, 0x81, 0x06];
/// The wheel, away from the user.
const WHEEL: [u8; 18] = [
    0x05, 0x01, 0x09, 0x38, 0x15, 0x81, 0x25, 0x7F, 0x35, 0x00, 0x45, 0x00, 0x75, 0x08, 0x95, 0x01, 0x81,
    0x06,
];
/// Eight modifiers, a byte of nothing, five lights, six keys.
const KEYBOARD: [u8; 63] = [
    0x05, 0x01, 0x09, 0x06, 0xA1, 0x01, 0x75, 0x01, 0x95, 0x08, 0x05, 0x07, 0x19, 0xE0, 0x29, 0xE7, 0x15,
    0x00, 0x25, 0x01, 0x81, 0x02, 0x95, 0x01, 0x75, 0x08, 0x81, 0x01, 0x95, 0x05, 0x75, 0x01, 0x05, 0x08,
    0x19, 0x01, 0x29, 0x05, 0x91, 0x02, 0x95, 0x01, 0x75, 0x03, 0x91, 0x01, 0x95, 0x06, 0x75, 0x08, 0x15,
    0x00, 0x25, 0xE7, 0x05, 0x07, 0x19, 0x00, 0x29, 0xE7, 0x81, 0x00, 0xC0,
];

/// The report descriptor.
pub(super) fn report(of: HidKind) -> Vec<u8> {
    // Generic desktop, mouse, application, pointer, physical.
    let pointer = [0x05, 0x01, 0x09, 0x02, 0xA1, 0x01, 0x09, 0x01, 0xA1, 0x00];
    let around = |middle: &[u8]| [&pointer, &BUTTONS[..], middle, &WHEEL, &[0xC0, 0xC0]].concat();
    match of {
        HidKind::Tablet => around(&PLACE),
        HidKind::Mouse => around(&MOTION),
        HidKind::Keyboard => KEYBOARD.to_vec(),
    }
}

fn device() -> Vec<u8> {
    let [vendor, product] = [ID.0, ID.1].map(u16::to_le_bytes);
    let head = [18, kind::DEVICE, 0x10, 0x01, 0, 0, 0, MAX_PACKET];
    [&head[..], &vendor, &product, &[0x00, 0x00, 1, 2, 3, 1]].concat()
}

fn hid(of: HidKind) -> [u8; 9] {
    let length = (report(of).len() as u16).to_le_bytes();
    [9, kind::HID, 0x11, 0x01, 0, 1, kind::REPORT, length[0], length[1]]
}

fn configuration(of: HidKind) -> Vec<u8> {
    // Subclass and protocol of what firmware can use without reading the report descriptor.
    let (subclass, protocol) = match of {
        HidKind::Tablet => (0, 0),
        HidKind::Mouse => (1, 2),
        HidKind::Keyboard => (1, 1),
    };
    // One interface; powered by the bus, wakes nobody; 100 mA.
    let head = [9, kind::CONFIGURATION, 34, 0, 1, 1, 0, 0x80, 50];
    let interface = [9, kind::INTERFACE, 0, 0, 1, 3, subclass, protocol, 0];
    let endpoint = [7, kind::ENDPOINT, 0x81, 3, MAX_PACKET, 0, INTERVAL];
    [&head[..], &interface, &hid(of), &endpoint].concat()
}

fn string(number: u8, of: HidKind) -> Option<Vec<u8>> {
    let text = match (number, of) {
        // English of the United States.
        (0, _) => return Some(vec![4, kind::STRING, 0x09, 0x04]),
        (1, _) => "RingZero",
        (2, HidKind::Tablet) => "USB Tablet",
        (2, HidKind::Mouse) => "USB Mouse",
        (2, HidKind::Keyboard) => "USB Keyboard",
        (3, _) => "1",
        _ => return None,
    };
    let units: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
    Some([&[2 + units.len() as u8, kind::STRING], units.as_slice()].concat())
}

/// The descriptor that wValue of GET_DESCRIPTOR asks for.
pub(super) fn find(value: u16, of: HidKind) -> Option<Vec<u8>> {
    let [number, what] = value.to_le_bytes();
    match what {
        kind::DEVICE => Some(device()),
        kind::CONFIGURATION if number == 0 => Some(configuration(of)),
        kind::STRING => string(number, of),
        kind::HID => Some(hid(of).to_vec()),
        kind::REPORT => Some(report(of)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_are_those_of_the_bytes() {
        for of in [HidKind::Tablet, HidKind::Mouse, HidKind::Keyboard] {
            let configuration = configuration(of);
            assert_eq!(usize::from(configuration[2]), configuration.len());
            assert_eq!(usize::from(configuration[25]), report(of).len());
            assert_eq!(device().len(), 18);
        }
    }

    /// Bits of the input reports that a report descriptor describes.
    fn input_bits(descriptor: &[u8]) -> u32 {
        let (mut at, mut size, mut count, mut bits) = (0, 0, 0, 0);
        while at < descriptor.len() {
            let length = [0, 1, 2, 4][usize::from(descriptor[at] & 3)];
            let value = descriptor.get(at + 1).map_or(0, |&byte| u32::from(byte));
            match descriptor[at] & 0xFC {
                0x74 => size = value,
                0x94 => count = value,
                0x80 => bits += size * count,
                _ => {}
            }
            at += 1 + length;
        }
        bits
    }

    #[test]
    fn report_descriptors_describe_the_reports() {
        for (of, bytes) in [(HidKind::Tablet, 6), (HidKind::Mouse, 4), (HidKind::Keyboard, 8)] {
            assert_eq!(input_bits(&report(of)), 8 * bytes, "{of:?}");
        }
    }
}
