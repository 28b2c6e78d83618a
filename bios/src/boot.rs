//! Boot: INT 19h tries the devices of the configured order, INT 18h says why none of them booted.
//!
//! *Modelled*: floppy and hard disk by their first sector. *Not modelled*: CD (El Torito), network.

use crate::bda::{self, own};
use crate::guest::{Guest, Served};
use ringzero_bus::LinAddr;

/// Something to boot from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BootDevice {
    /// The first diskette drive.
    FloppyA,
    /// The second diskette drive.
    FloppyB,
    /// The first hard disk.
    HardDisk,
    /// The CD drive.
    Cd,
}

/// Tries per device; the first of a changed diskette only says so.
const TRIES: u8 = 4;

/// Most devices an order may have: their results fit the EBDA.
const MAX_DEVICES: usize = 16;

/// Why a device did not boot, as kept in the EBDA.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Verdict {
    NotTried,
    Absent,
    NoSignature,
    /// The status of INT 13h.
    ReadError(u8),
}

impl Verdict {
    const fn encode(self) -> u8 {
        match self {
            Self::NotTried => 0,
            Self::Absent => 0xFE,
            Self::NoSignature => 0xFD,
            Self::ReadError(status) => status,
        }
    }

    const fn decode(byte: u8) -> Self {
        match byte {
            0 => Self::NotTried,
            0xFE => Self::Absent,
            0xFD => Self::NoSignature,
            status => Self::ReadError(status),
        }
    }

    fn text(self) -> &'static str {
        match self {
            Self::NotTried => "not tried",
            Self::Absent => "not present",
            Self::NoSignature => "no boot signature (55 AA) in its first sector",
            Self::ReadError(0x06 | 0x80 | 0x31) => "no disk in the drive, or it does not answer",
            Self::ReadError(0x04 | 0x02 | 0x10 | 0x0C) => "its first sector cannot be read",
            Self::ReadError(_) => "read error",
        }
    }
}

impl BootDevice {
    fn name(self) -> &'static str {
        match self {
            Self::FloppyA => "Floppy A",
            Self::FloppyB => "Floppy B",
            Self::HardDisk => "Hard disk",
            Self::Cd => "CD",
        }
    }

    /// The drive number of INT 13h, when the device is there.
    fn drive(self, g: &mut Guest) -> Served<Option<u8>> {
        let equipment = g.bda16(bda::EQUIPMENT)?;
        let floppies = if equipment & 1 == 0 { 0 } else { (equipment >> 6 & 3) + 1 };
        Ok(match self {
            Self::FloppyA => (floppies > 0).then_some(0),
            Self::FloppyB => (floppies > 1).then_some(1),
            Self::HardDisk => (g.bda(bda::FIXED_DISKS)? > 0).then_some(0x80),
            Self::Cd => None,
        })
    }
}

/// INT 19h begins: nothing tried yet.
pub(crate) fn start(g: &mut Guest) -> Served {
    let at = g.ebda_at(own::BOOT_INDEX)?;
    g.write(at, &[0; 4 + MAX_DEVICES])
}

/// The next thing to do: AL = 1 read a sector, 2 start what was read, 0 give up.
pub(crate) fn next(g: &mut Guest, order: &[BootDevice]) -> Served {
    if g.ebda(own::BOOT_READY)? != 0 {
        g.set_al(2);
        return Ok(());
    }
    let mut index = g.ebda(own::BOOT_INDEX)?;
    while let Some(device) = order.get(usize::from(index)).filter(|_| usize::from(index) < MAX_DEVICES) {
        if let Some(drive) = device.drive(g)? {
            g.set_ebda(own::BOOT_INDEX, index)?;
            g.regs().es = 0;
            g.set_bx(0x7C00);
            g.set_cx(1);
            g.set_dx(u16::from(drive));
            g.set_al(1);
            return Ok(());
        }
        record(g, index, Verdict::Absent)?;
        index += 1;
    }
    g.set_ebda(own::BOOT_INDEX, index)?;
    g.set_al(0);
    Ok(())
}

fn record(g: &mut Guest, index: u8, verdict: Verdict) -> Served {
    g.set_ebda(own::BOOT_RESULTS + u16::from(index), verdict.encode())
}

/// INT 13h came back: judges the sector, or the error.
pub(crate) fn read_done(g: &mut Guest, order: &[BootDevice]) -> Served {
    let index = g.ebda(own::BOOT_INDEX)?;
    if g.live_cf() {
        let status = g.ah().max(1);
        let tries = g.ebda(own::BOOT_TRIES)? + 1;
        g.set_ebda(own::BOOT_TRIES, tries)?;
        record(g, index, Verdict::ReadError(status))?;
        return if tries < TRIES { Ok(()) } else { give_up(g, index) };
    }
    if g.read_u16(LinAddr::real(0, 0x7DFE))? != 0xAA55 {
        record(g, index, Verdict::NoSignature)?;
        return give_up(g, index);
    }
    let drive = match order.get(usize::from(index)) {
        Some(device) => device.drive(g)?.unwrap_or(0),
        None => 0,
    };
    g.set_dx(u16::from(drive));
    g.set_ebda(own::BOOT_READY, 1)
}

fn give_up(g: &mut Guest, index: u8) -> Served {
    g.set_ebda(own::BOOT_TRIES, 0)?;
    g.set_ebda(own::BOOT_INDEX, index.saturating_add(1))
}

/// INT 18h: AL = character SI of the message, 0 behind its end.
pub(crate) fn message(g: &mut Guest, order: &[BootDevice]) -> Served {
    let text = message_text(g, order)?;
    let index = usize::from(g.si());
    g.set_al(text.as_bytes().get(index).copied().unwrap_or(0));
    Ok(())
}

fn message_text(g: &mut Guest, order: &[BootDevice]) -> Served<String> {
    let mut text = String::from("\r\nRingZero: nothing to boot from.\r\n\r\n");
    for (index, device) in order.iter().take(MAX_DEVICES).enumerate() {
        let verdict = Verdict::decode(g.ebda(own::BOOT_RESULTS + index as u16)?);
        text.push_str(&format!("  {}: {}", device.name(), verdict.text()));
        if let Verdict::ReadError(status) = verdict {
            text.push_str(&format!(" (status {status:02X}h)"));
        }
        text.push_str("\r\n");
    }
    text.push_str("\r\nThe machine has stopped; no key can continue from here.\r\n");
    text.push_str("Give it a bootable image:  ringzero run your-disk.img\r\n");
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::FakeMachine;

    #[test]
    fn a_missing_device_is_skipped_and_named_in_the_message() {
        let mut machine = FakeMachine::with_bda();
        let mut g = machine.guest();
        start(&mut g).unwrap();
        next(&mut g, &[BootDevice::HardDisk, BootDevice::Cd]).unwrap();
        assert_eq!(g.al(), 0);
        let text = message_text(&mut g, &[BootDevice::HardDisk, BootDevice::Cd]).unwrap();
        assert!(text.contains("Hard disk: not present") && text.contains("CD: not present"));
    }

    #[test]
    fn a_sector_without_signature_is_not_started() {
        let mut machine = FakeMachine::with_bda();
        machine.memory[0x410] |= 1;
        let mut g = machine.guest();
        let order = [BootDevice::FloppyA];
        start(&mut g).unwrap();
        next(&mut g, &order).unwrap();
        assert_eq!((g.al(), g.bx(), g.dl()), (1, 0x7C00, 0));
        read_done(&mut g, &order).unwrap();
        next(&mut g, &order).unwrap();
        assert_eq!(g.al(), 0);
        assert!(message_text(&mut g, &order).unwrap().contains("Floppy A: no boot signature"));
    }

    #[test]
    fn a_sector_with_signature_starts_with_its_drive_in_dl() {
        let mut machine = FakeMachine::with_bda();
        machine.memory[0x410] |= 1;
        machine.memory[0x7DFE..0x7E00].copy_from_slice(&[0x55, 0xAA]);
        let mut g = machine.guest();
        let order = [BootDevice::FloppyA];
        start(&mut g).unwrap();
        read_done(&mut g, &order).unwrap();
        next(&mut g, &order).unwrap();
        assert_eq!((g.al(), g.dl()), (2, 0));
    }
}
