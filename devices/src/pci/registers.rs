//! Configuration spaces of the 440FX and the PIIX3: value after reset and bits that can be written.

use ringzero_bus::{ConfigSpace, PciAddress, PciHeader};

/// Where the host bridge is.
pub const HOST_BRIDGE: PciAddress = PciAddress { device: 0, function: 0 };
/// Where the ISA bridge is.
pub const ISA_BRIDGE: PciAddress = PciAddress { device: 1, function: 0 };
/// Where the IDE interface is.
pub const IDE: PciAddress = PciAddress { device: 1, function: 1 };
/// Where the USB controller is.
pub const USB: PciAddress = PciAddress { device: 1, function: 2 };
/// Where power management is.
pub const POWER_MANAGEMENT: PciAddress = PciAddress { device: 1, function: 3 };
/// Where the VGA is.
pub const VGA: PciAddress = PciAddress { device: 2, function: 0 };
/// The subsystem by which firmware recognises a virtual machine of this kind.
pub const SUBSYSTEM: (u16, u16) = (0x1AF4, 0x1100);

/// PAM0 to PAM6 of the host bridge.
pub(super) const PAM: std::ops::RangeInclusive<u8> = 0x59..=0x5F;
/// SMRAM of the host bridge.
pub(super) const SMRAM: u8 = 0x72;
/// PIRQRC[A:D] of the ISA bridge.
pub(super) const PIRQ_ROUTES: std::ops::RangeInclusive<u8> = 0x60..=0x63;
/// A row of memory ends at a multiple of this [440FX, "DRAM Row Boundary Registers"].
const ROW_UNIT: u64 = 8 << 20;
/// Rows that the registers can name: 1 GiB.
const MOST_ROWS: u64 = 128;

fn header(device: u16, class: [u8; 3], revision: u8, multifunction: bool) -> PciHeader {
    PciHeader { id: (0x8086, device), subsystem: SUBSYSTEM, class, revision, multifunction, interrupt_pin: 0 }
}

/// The 82441FX [440FX, "PCI Configuration Space"], with all memory in the first row.
pub fn host_bridge(ram_size: u64) -> ConfigSpace {
    let rows = (ram_size / ROW_UNIT).min(MOST_ROWS) as u8;
    ConfigSpace::new(header(0x1237, [0x06, 0x00, 0x00], 2, false))
        .with(0x04, &[(0x06, 0x00), (0x00, 0x01), (0x80, 0x00), (0x02, 0x00)])
        .with(0x0D, &[(0, 0xF8)]) // MLT
        .with(
            0x50,
            &[(0, 0xFF), (0, 0xFF), (0, 0x07), (0, 0xFF), (0, 0xFF), (0, 0xFF), (0, 0xFF), (0x01, 0xFF)],
        )
        .with(0x58, &[(0x10, 0xFF)]) // DRAMT
        .with(*PAM.start(), &[(0, 0x30), (0, 0x33), (0, 0x33), (0, 0x33), (0, 0x33), (0, 0x33), (0, 0x33)])
        .with(0x60, &[(rows, 0xFF); 8])
        .with(0x68, &[(0, 0xFF)]) // FDHC
        .with(0x70, &[(0, 0xFF), (0, 0xFF), (0x02, 0x78)]) // MTT, CLT, SMRAM
        .with(0x90, &[(0, 0xFF)])
        .with(0x93, &[(0, 0xFF)])
}

/// The ISA bridge of the 82371SB [PIIX3, "PCI to ISA Bridge Configuration Space"].
pub fn isa_bridge() -> ConfigSpace {
    ConfigSpace::new(header(0x7000, [0x06, 0x01, 0x00], 0, true))
        .with(0x04, &[(0x07, 0x00), (0x00, 0x00), (0x80, 0x00), (0x02, 0x00)])
        .with(0x4C, &[(0x4D, 0xFF), (0, 0), (0x03, 0xFF), (0x00, 0x03)]) // IORT, XBCS
        .with(0x60, &[(0x80, 0x8F); 4]) // PIRQRC[A:D]
        .with(0x69, &[(0x02, 0xFE), (0x00, 0x00), (0x00, 0x80)]) // TOM, MSTAT
        .with(0x70, &[(0x80, 0xCF)]) // MBIRQ0
        .with(0x76, &[(0x0C, 0x8F), (0x0C, 0x8F), (0x02, 0xFF), (0x00, 0xFF)]) // MBDMA, PCSC
        .with(0x80, &[(0, 0x7F), (0, 0), (0, 0x0F)]) // APICBASE, DLC
        .with(
            0xA0,
            &[
                (0x08, 0xFF),
                (0, 0),
                (0, 0xFF),
                (0, 0xFF),
                (0, 0xFF),
                (0, 0xFF),
                (0x0F, 0xFF),
                (0, 0xFF),
                (0, 0xFF),
            ],
        )
}

/// The IDE interface of the 82371SB [PIIX3, "PCI IDE Configuration Space"]; its base address register is added by
/// the card.
pub fn ide() -> ConfigSpace {
    ConfigSpace::new(header(0x7010, [0x01, 0x01, 0x80], 0, false))
        .with(0x04, &[(0x00, 0x05), (0x00, 0x00), (0x80, 0x00), (0x02, 0x00)])
        .with(0x0D, &[(0, 0xF0)]) // MLT
        .with(0x40, &[(0, 0xFF), (0, 0xF3), (0, 0xFF), (0, 0xF3), (0, 0xFF)]) // IDETIM, SIDETIM
}

/// The USB controller of the 82371SB [PIIX3, "PCI Universal Serial Bus Configuration Space"]; its base address register is
/// added by the card.
pub fn usb() -> ConfigSpace {
    let header = PciHeader { interrupt_pin: 4, ..header(0x7020, [0x0C, 0x03, 0x00], 1, false) };
    ConfigSpace::new(header)
        .with(0x04, &[(0x00, 0x05), (0x00, 0x00), (0x80, 0x00), (0x02, 0x00)])
        .with(0x0D, &[(0, 0xF0)]) // MLT
        .with(0x60, &[(0x10, 0x00)]) // SBRN: release 1.0
        .with(0xC0, &[(0x00, 0xBF), (0x20, 0x20)]) // LEGSUP
}

/// A VGA of no known make, by the number that Bochs and QEMU gave it. Its ports and its window do not depend on the
/// command register, as theirs do not; nor does its ROM, as that of Bochs does not.
pub fn vga() -> ConfigSpace {
    let id = PciHeader { id: (0x1234, 0x1111), ..header(0, [0x03, 0x00, 0x00], 2, false) };
    ConfigSpace::new(id).with(0x04, &[(0x00, 0x07)])
}

/// Which cards a board tells firmware of in the power management function's device monitors, as QEMU's board does:
/// the tables of firmware look for them there.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Monitored {
    /// A port at 378h.
    pub lpt: bool,
    /// Ports at 3F8h and 2F8h.
    pub com: [bool; 2],
}

/// Power management of the 82371AB [PIIX4, "Power Management Configuration Registers"]; its base registers are added by
/// the card.
pub fn power_management(cards: Monitored) -> ConfigSpace {
    let flag = |on: bool, bits: u8| if on { bits } else { 0 };
    let [com1, com2] = cards.com;
    let monitors =
        [(0x5F, 0x10 | flag(cards.lpt, 0x80)), (0x63, 0x60), (0x67, flag(com1, 0x08) | flag(com2, 0x90))];
    let header = PciHeader { interrupt_pin: 1, ..header(0x7113, [0x06, 0x80, 0x00], 3, false) };
    let space = ConfigSpace::new(header)
        .with(0x04, &[(0x00, 0x01), (0x00, 0x00), (0x80, 0x00), (0x02, 0x00)])
        .with(0x44, &[(0, 0xFF); 0x3C]) // CNTA to DEVRESJ
        .with(0x80, &[(0, 0x01)]) // PMREGMISC
        .with(0xD2, &[(0, 0x0F), (0, 0xFF), (0, 0xFF), (0, 0xFF), (0, 0x00)]); // SMBHSTCFG to SMBREV
    monitors.into_iter().fold(space, |space, (at, value)| space.with(at, &[(value, 0xFF)]))
}
