//! Boot: INT 19h tries the devices of the configured order, INT 18h says why none of them booted.
//!
//! *Modelled*: floppy and hard disk by their first sector, CD by El Torito. *Not modelled*: network.

mod el_torito;

use crate::bda::{self, own};
use crate::guest::{Guest, Served};
use ringzero_bus::LinAddr;
use ringzero_roms::label;

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

/// Where a boot sector goes.
const BOOT_SECTOR: u16 = 0x7C00;

/// Most devices an order may have: their results fit the EBDA.
const MAX_DEVICES: usize = 16;

/// Why a device did not boot, as kept in the EBDA.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Verdict {
    NotTried,
    Absent,
    NoSignature,
    /// A CD without a boot image that can be used.
    NoImage,
    /// It was started and came back by INT 18h.
    GaveUp,
    /// The status of INT 13h.
    ReadError(u8),
}

impl Verdict {
    const fn encode(self) -> u8 {
        match self {
            Self::NotTried => 0,
            Self::Absent => 0xFE,
            Self::NoSignature => 0xFD,
            Self::NoImage => 0xFC,
            Self::GaveUp => 0xFB,
            Self::ReadError(status) => status,
        }
    }

    const fn decode(byte: u8) -> Self {
        match byte {
            0 => Self::NotTried,
            0xFE => Self::Absent,
            0xFD => Self::NoSignature,
            0xFC => Self::NoImage,
            0xFB => Self::GaveUp,
            status => Self::ReadError(status),
        }
    }

    fn text(self) -> &'static str {
        match self {
            Self::NotTried => "not tried",
            Self::Absent => "not present",
            Self::NoSignature => "no boot signature (55 AA) in its first sector",
            Self::GaveUp => "was started, and gave up",
            Self::NoImage => "no boot image (El Torito) on the disc",
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
            Self::Cd => crate::ata::Drive::nth(g, crate::ata::Kind::Cd, 0)?.map(|_| el_torito::CD),
        })
    }
}

/// What the ROM is to do next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Action {
    /// INT 13h with the registers as they are.
    Int13,
    /// Start what was loaded at a segment, with the drive's number in DL.
    Start { segment: u16, drive: u8 },
    /// This device cannot be booted.
    GiveUp(Verdict),
}

/// INT 19h begins: nothing tried yet.
pub(crate) fn start(g: &mut Guest, order: &[BootDevice]) -> Served {
    crate::disk::cd::forget(g)?;
    let at = g.ebda_at(own::BOOT_INDEX)?;
    g.write(at, &[0; 4 + MAX_DEVICES])?;
    try_from(g, order, 0)
}

/// Tries the devices of the order from `index` on.
fn try_from(g: &mut Guest, order: &[BootDevice], index: u8) -> Served {
    g.set_ebda(own::BOOT_TRIES, 0)?;
    for (index, device) in (0u8..).zip(order).skip(usize::from(index)).take(MAX_DEVICES) {
        let Some(drive) = device.drive(g)? else {
            record(g, index, Verdict::Absent)?;
            continue;
        };
        g.set_ebda(own::BOOT_INDEX, index)?;
        let action = if *device == BootDevice::Cd { el_torito::begin(g)? } else { read_sector(g, drive) };
        return perform(g, order, action);
    }
    g.go(label::BOOT_FAILED);
    Ok(())
}

/// Sends the CPU on its way.
fn perform(g: &mut Guest, order: &[BootDevice], action: Action) -> Served {
    match action {
        Action::Int13 => g.go(label::BOOT_INT13),
        Action::Start { segment, drive } => {
            let index = g.ebda(own::BOOT_INDEX)?;
            record(g, index, Verdict::GaveUp)?;
            jump(g, segment, drive)?;
        }
        Action::GiveUp(verdict) => {
            let index = g.ebda(own::BOOT_INDEX)?;
            record(g, index, verdict)?;
            crate::disk::cd::forget(g)?;
            return try_from(g, order, index.saturating_add(1));
        }
    }
    Ok(())
}

/// A boot sector's first instruction lies at 0000:7C00 rather than at 07C0:0000.
fn jump(g: &mut Guest, segment: u16, drive: u8) -> Served {
    let top = g.regs().esp.wrapping_sub(4);
    g.regs().esp = top;
    let (ss, entry) = (g.regs().ss, (segment & 0xF000, segment << 4));
    g.write_far(LinAddr::real(ss, top as u16), entry.0, entry.1)?;
    g.set_dx(u16::from(drive));
    g.go(label::BOOT_JUMP);
    Ok(())
}

/// Registers for the first sector of a diskette or a disk.
fn read_sector(g: &mut Guest, drive: u8) -> Action {
    g.regs().es = 0;
    g.set_ax(0x0201);
    g.set_bx(BOOT_SECTOR);
    g.set_cx(1);
    g.set_dx(u16::from(drive));
    Action::Int13
}

fn record(g: &mut Guest, index: u8, verdict: Verdict) -> Served {
    g.set_ebda(own::BOOT_RESULTS + u16::from(index), verdict.encode())
}

/// INT 13h came back: judges what was read, or the error.
pub(crate) fn read_done(g: &mut Guest, order: &[BootDevice]) -> Served {
    let index = g.ebda(own::BOOT_INDEX)?;
    let device = order.get(usize::from(index)).copied().unwrap_or(BootDevice::FloppyA);
    let drive = device.drive(g)?.unwrap_or(0);
    let action = if g.live_cf() {
        let status = g.ah().max(1);
        let tries = g.ebda(own::BOOT_TRIES)? + 1;
        g.set_ebda(own::BOOT_TRIES, tries)?;
        match device {
            _ if tries >= TRIES => Action::GiveUp(Verdict::ReadError(status)),
            BootDevice::Cd => el_torito::repeat(g)?,
            _ => read_sector(g, drive),
        }
    } else if device == BootDevice::Cd {
        el_torito::continue_after(g)?
    } else if g.read_u16(LinAddr::real(0, BOOT_SECTOR + 510))? != 0xAA55 {
        Action::GiveUp(Verdict::NoSignature)
    } else {
        Action::Start { segment: BOOT_SECTOR >> 4, drive }
    };
    perform(g, order, action)
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

    fn eip(g: &mut Guest) -> u16 {
        g.regs().eip as u16
    }

    #[test]
    fn a_missing_device_is_skipped_and_named_in_the_message() {
        let mut machine = FakeMachine::with_bda();
        let mut g = machine.guest();
        let order = [BootDevice::HardDisk, BootDevice::Cd];
        start(&mut g, &order).unwrap();
        assert_eq!(eip(&mut g), label::BOOT_FAILED);
        let text = message_text(&mut g, &order).unwrap();
        assert!(text.contains("Hard disk: not present") && text.contains("CD: not present"));
    }

    #[test]
    fn a_sector_without_signature_is_not_started() {
        let mut machine = FakeMachine::with_bda();
        machine.memory[0x410] |= 1;
        let mut g = machine.guest();
        let order = [BootDevice::FloppyA];
        start(&mut g, &order).unwrap();
        assert_eq!((eip(&mut g), g.bx(), g.dl()), (label::BOOT_INT13, 0x7C00, 0));
        read_done(&mut g, &order).unwrap();
        assert_eq!(eip(&mut g), label::BOOT_FAILED);
        assert!(message_text(&mut g, &order).unwrap().contains("Floppy A: no boot signature"));
    }

    #[test]
    fn a_sector_with_signature_starts_with_its_drive_in_dl() {
        let mut machine = FakeMachine::with_bda();
        machine.memory[0x410] |= 1;
        machine.memory[0x7DFE..0x7E00].copy_from_slice(&[0x55, 0xAA]);
        let mut g = machine.guest();
        let order = [BootDevice::FloppyA];
        start(&mut g, &order).unwrap();
        read_done(&mut g, &order).unwrap();
        assert_eq!((eip(&mut g), g.dl()), (label::BOOT_JUMP, 0));
        let top = g.regs().esp as u16;
        assert_eq!(g.read_u32(LinAddr::real(0x3000, top)).unwrap(), 0x7C00);
    }

    #[test]
    fn a_disk_that_cannot_be_read_is_tried_four_times() {
        let mut machine = FakeMachine::with_bda();
        machine.memory[0x475] = 1;
        let mut g = machine.guest();
        let order = [BootDevice::HardDisk];
        start(&mut g, &order).unwrap();
        for _ in 0..TRIES {
            assert_eq!(eip(&mut g), label::BOOT_INT13);
            g.regs().eflags = 1;
            g.set_ax(0x2000);
            read_done(&mut g, &order).unwrap();
        }
        assert_eq!(eip(&mut g), label::BOOT_FAILED);
    }
}
