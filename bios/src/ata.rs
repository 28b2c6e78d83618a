//! IDE drives as the BIOS knows them: what POST found, kept in the EBDA, and their registers.
//!
//! *Modelled*: two channels with two drives each, disks by LBA28 and LBA48, CD-ROM drives by packets; transfers by PIO.
//! *Not modelled*: disks that know no LBA, DMA.

pub(crate) mod detect;
mod identify;
pub(crate) mod parameters;
pub(crate) mod transfer;

use crate::bda::own;
use crate::guest::{Guest, Served};

/// Places on the cables: primary device 0 and 1, secondary device 0 and 1.
pub(crate) const PLACES: u8 = 4;

/// Status register bits [ATA-4, "Status register"].
pub(crate) mod status {
    pub(crate) const BSY: u8 = 0x80;
    pub(crate) const DF: u8 = 0x20;
    pub(crate) const DRQ: u8 = 0x08;
    pub(crate) const ERR: u8 = 0x01;
}

/// Registers of the command block, from its first port on.
pub(crate) mod register {
    pub(crate) const ERROR: u16 = 1;
    pub(crate) const FEATURES: u16 = 1;
    pub(crate) const MID: u16 = 4;
    pub(crate) const HIGH: u16 = 5;
    pub(crate) const DEVICE: u16 = 6;
    pub(crate) const STATUS: u16 = 7;
    pub(crate) const COMMAND: u16 = 7;
}

/// Device control register: interrupts on, and off.
const INTERRUPTS_ON: u8 = 0x08;
const INTERRUPTS_OFF: u8 = 0x0A;

/// What a drive is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A hard disk with sectors of 512 bytes.
    Disk,
    /// A CD-ROM drive with blocks of 2048 bytes.
    Cd,
}

/// Cylinders, heads, sectors per track.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Chs {
    pub(crate) cylinders: u16,
    pub(crate) heads: u16,
    pub(crate) sectors: u8,
}

impl Chs {
    /// The sector that an address means, counted from 0; sectors count from 1.
    pub(crate) fn sector(self, cylinder: u16, head: u8, sector: u8) -> Option<u64> {
        let valid =
            cylinder < self.cylinders && u16::from(head) < self.heads && (1..=self.sectors).contains(&sector);
        let track = u64::from(cylinder) * u64::from(self.heads) + u64::from(head);
        valid.then(|| track * u64::from(self.sectors) + u64::from(sector) - 1)
    }

    /// Sectors in all.
    pub(crate) fn total(self) -> u64 {
        u64::from(self.cylinders) * u64::from(self.heads) * u64::from(self.sectors)
    }
}

/// A drive that POST found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Drive {
    /// 0 to 3.
    pub(crate) place: u8,
    pub(crate) kind: Kind,
    /// The drive takes 48-bit addresses.
    pub(crate) lba48: bool,
    /// The geometry it reports.
    pub(crate) physical: Chs,
    /// The geometry that callers of INT 13h see.
    pub(crate) logical: Chs,
    /// Blocks; 0 for a CD-ROM drive, whose disc may change.
    pub(crate) total: u64,
}

/// Bytes of a drive's record in the EBDA.
const RECORD: u16 = 32;

impl Drive {
    /// The drive at a place.
    pub(crate) fn load(g: &mut Guest, place: u8) -> Served<Option<Self>> {
        let mut record = [0; RECORD as usize];
        let at = g.ebda_at(own::DRIVES + u16::from(place % PLACES) * RECORD)?;
        g.read(at, &mut record)?;
        let word = |at: usize| u16::from_le_bytes([record[at], record[at + 1]]);
        let chs = |at: usize| Chs { cylinders: word(at), heads: word(at + 2), sectors: record[at + 4] };
        let kind = match record[0] {
            1 => Kind::Disk,
            2 => Kind::Cd,
            _ => return Ok(None),
        };
        let total = record[16..24].iter().rev().fold(0, |total, byte| total << 8 | u64::from(*byte));
        let lba48 = record[1] & 1 != 0;
        Ok(Some(Self { place: place % PLACES, kind, lba48, physical: chs(4), logical: chs(10), total }))
    }

    /// Keeps the drive's record.
    fn store(&self, g: &mut Guest) -> Served {
        let mut record = [0; RECORD as usize];
        record[0] = match self.kind {
            Kind::Disk => 1,
            Kind::Cd => 2,
        };
        record[1] = u8::from(self.lba48);
        for (at, chs) in [(4, self.physical), (10, self.logical)] {
            record[at..at + 2].copy_from_slice(&chs.cylinders.to_le_bytes());
            record[at + 2..at + 4].copy_from_slice(&chs.heads.to_le_bytes());
            record[at + 4] = chs.sectors;
        }
        record[16..24].copy_from_slice(&self.total.to_le_bytes());
        let at = g.ebda_at(own::DRIVES + u16::from(self.place) * RECORD)?;
        g.write(at, &record)
    }

    /// Which of all the fixed disks, or of all the CD-ROM drives, counted from 0.
    pub(crate) fn nth(g: &mut Guest, kind: Kind, mut index: u8) -> Served<Option<Self>> {
        for place in 0..PLACES {
            match Self::load(g, place)? {
                Some(drive) if drive.kind == kind && index == 0 => return Ok(Some(drive)),
                Some(drive) if drive.kind == kind => index -= 1,
                _ => {}
            }
        }
        Ok(None)
    }

    pub(crate) fn channel(&self) -> Channel {
        Channel(self.place / 2)
    }

    /// Bit 4 of the device register.
    pub(crate) fn unit(&self) -> u8 {
        self.place % 2
    }

    /// Bytes of a block.
    pub(crate) fn block(&self) -> u32 {
        match self.kind {
            Kind::Disk => 512,
            Kind::Cd => 2048,
        }
    }
}

/// One of the two channels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Channel(pub(crate) u8);

impl Channel {
    /// First port of the command block.
    pub(crate) fn base(self) -> u16 {
        if self.0 == 0 { 0x1F0 } else { 0x170 }
    }

    /// Alternate status and device control.
    pub(crate) fn control(self) -> u16 {
        if self.0 == 0 { 0x3F6 } else { 0x376 }
    }

    /// Its line of the slave interrupt controller: 6 for IRQ 14, 7 for IRQ 15.
    pub(crate) fn slave_line(self) -> u8 {
        6 + self.0
    }

    pub(crate) fn read(self, g: &mut Guest, register: u16) -> u8 {
        g.inb(self.base() + register)
    }

    pub(crate) fn write(self, g: &mut Guest, register: u16, value: u8) {
        g.outb(self.base() + register, value);
    }

    /// The status, without an acknowledgement of the interrupt.
    pub(crate) fn alternate_status(self, g: &mut Guest) -> u8 {
        g.inb(self.control())
    }

    /// Fills `out`, whose length is even, from the data register.
    pub(crate) fn read_data(self, g: &mut Guest, out: &mut [u8]) {
        for pair in out.chunks_exact_mut(2) {
            pair.copy_from_slice(&g.inw(self.base()).to_le_bytes());
        }
    }

    /// Sends `data`, whose length is even, to the data register.
    pub(crate) fn write_data(self, g: &mut Guest, data: &[u8]) {
        for pair in data.chunks_exact(2) {
            g.outw(self.base(), u16::from_le_bytes([pair[0], pair[1]]));
        }
    }
}
