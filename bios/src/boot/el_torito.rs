//! Booting from a CD: volume descriptor, boot catalog, image [El Torito, "Boot Catalog"].
//!
//! Each step is one INT 13h that the ROM executes; the answer of one decides on the next.

use super::{Action, Verdict};
use crate::ata::{Chs, Drive, Kind};
use crate::bda::{self, own};
use crate::disk::cd::{Emulation, Media};
use crate::guest::{Guest, Served};
use ringzero_bus::LinAddr;

/// The number a CD-ROM drive has in INT 13h.
pub(super) const CD: u8 = 0xE0;
/// Block of the boot record volume descriptor.
const BOOT_RECORD: u32 = 17;
/// Where blocks are read to be looked at.
const BUFFER: (u16, u16) = (0, 0x7C00);
/// Where images go that do not say.
const LOAD_SEGMENT: u16 = 0x07C0;
/// Blocks of one read: all of a segment but one.
const MOST_BLOCKS: u32 = 31;
/// First byte that an image may not reach: the EBDA may begin here.
const MEMORY_END: u32 = 0x9_F000;

/// What was asked of the drive last.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Step {
    Record,
    Catalog,
    /// The first block of a hard disk's image, for its partition table.
    Partition,
    /// Parts of an image without emulation.
    Image,
    /// The boot sector of an image that is a drive now.
    Sector,
}

impl Step {
    const ALL: [Self; 5] = [Self::Record, Self::Catalog, Self::Partition, Self::Image, Self::Sector];

    fn load(g: &mut Guest) -> Served<Self> {
        Ok(Self::ALL[usize::from(g.ebda(own::CD_STEP)?).min(4)])
    }

    fn store(self, g: &mut Guest) -> Served {
        g.set_ebda(own::CD_STEP, self as u8)
    }
}

/// The default entry of a boot catalog.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Entry {
    media: Media,
    load_segment: u16,
    sectors: u16,
    first_block: u32,
}

impl Entry {
    /// The entry behind a validation entry that adds up to zero.
    fn decode(catalog: &[u8; 64]) -> Option<Self> {
        let words = catalog[..32].chunks_exact(2).map(|pair| u16::from_le_bytes([pair[0], pair[1]]));
        let valid = catalog[0] == 1 && catalog[0x1E..0x20] == [0x55, 0xAA];
        if !valid || words.fold(0u16, u16::wrapping_add) != 0 || catalog[0x20] != 0x88 {
            return None;
        }
        let word = |at: usize| u16::from_le_bytes([catalog[at], catalog[at + 1]]);
        let load_segment = if word(0x22) == 0 { LOAD_SEGMENT } else { word(0x22) };
        Some(Self {
            media: Media::decode(catalog[0x21])?,
            load_segment,
            sectors: word(0x26).max(1),
            first_block: u32::from(word(0x28)) | u32::from(word(0x2A)) << 16,
        })
    }

    /// Bytes an image without emulation takes in memory, whole blocks.
    fn blocks(self) -> u32 {
        u32::from(self.sectors).div_ceil(4)
    }

    fn fits(self) -> bool {
        u32::from(self.load_segment) * 16 + self.blocks() * 2048 <= MEMORY_END
    }
}

/// The first read.
pub(super) fn begin(g: &mut Guest) -> Served<Action> {
    Step::Record.store(g)?;
    read_block(g, BOOT_RECORD, 1, BUFFER)
}

/// The same read again, after an error.
pub(super) fn repeat(g: &mut Guest) -> Served<Action> {
    if Step::load(g)? == Step::Sector {
        return read_sector(g);
    }
    aim(g)
}

/// Reads `count` blocks from `first` on by the packet in the EBDA.
fn read_block(g: &mut Guest, first: u32, count: u32, (segment, offset): (u16, u16)) -> Served<Action> {
    let mut packet = [0u8; 16];
    (packet[0], packet[2]) = (16, count as u8);
    packet[4..6].copy_from_slice(&offset.to_le_bytes());
    packet[6..8].copy_from_slice(&segment.to_le_bytes());
    packet[8..12].copy_from_slice(&first.to_le_bytes());
    let at = g.ebda_at(own::CD_PACKET)?;
    g.write(at, &packet)?;
    aim(g)
}

/// Registers for a read by the packet in the EBDA.
fn aim(g: &mut Guest) -> Served<Action> {
    let segment = g.bda16(bda::EBDA_SEGMENT)?;
    g.regs().ds = segment;
    g.set_si(own::CD_PACKET);
    g.set_ax(0x4200);
    g.set_dx(u16::from(CD));
    Ok(Action::Int13)
}

/// Reads the boot sector of the image that is a drive now.
fn read_sector(g: &mut Guest) -> Served<Action> {
    let Some(image) = Emulation::active(g)? else { return Ok(Action::GiveUp(Verdict::NoImage)) };
    g.regs().es = image.load_segment;
    g.set_bx(0);
    g.set_cx(1);
    g.set_dx(u16::from(image.drive_number));
    g.set_ax(0x0200 | image.sectors.min(18));
    Ok(Action::Int13)
}

/// A read succeeded: what to do with what came.
pub(super) fn continue_after(g: &mut Guest) -> Served<Action> {
    match Step::load(g)? {
        Step::Record => catalog_of_record(g),
        Step::Catalog => entry_of_catalog(g),
        Step::Partition => disk_of_partition(g),
        Step::Image => next_part(g),
        Step::Sector => started(g),
    }
}

fn catalog_of_record(g: &mut Guest) -> Served<Action> {
    let mut record = [0; 0x4B];
    g.read(LinAddr::real(BUFFER.0, BUFFER.1), &mut record)?;
    if record[..7] != *b"\0CD001\x01" || record[7..30] != *b"EL TORITO SPECIFICATION" {
        return Ok(Action::GiveUp(Verdict::NoImage));
    }
    let catalog = u32::from_le_bytes([record[0x47], record[0x48], record[0x49], record[0x4A]]);
    Step::Catalog.store(g)?;
    read_block(g, catalog, 1, BUFFER)
}

fn entry_of_catalog(g: &mut Guest) -> Served<Action> {
    let mut catalog = [0; 64];
    g.read(LinAddr::real(BUFFER.0, BUFFER.1), &mut catalog)?;
    let Some((entry, drive)) = Entry::decode(&catalog).zip(Drive::nth(g, Kind::Cd, 0)?) else {
        return Ok(Action::GiveUp(Verdict::NoImage));
    };
    let drive_number = match entry.media {
        Media::None => CD,
        Media::HardDisk => 0x80,
        _ => 0,
    };
    let emulation = Emulation {
        media: entry.media,
        drive_number,
        place: drive.place,
        first_block: entry.first_block,
        load_segment: entry.load_segment,
        sectors: entry.sectors,
        geometry: entry.media.diskette().unwrap_or(Chs { cylinders: 1, heads: 1, sectors: 1 }),
    };
    match entry.media {
        Media::None if !entry.fits() => Ok(Action::GiveUp(Verdict::NoImage)),
        Media::None => {
            emulation.begin(g)?;
            g.set_ebda(own::CD_PART, 0)?;
            read_part(g, entry, 0)
        }
        Media::HardDisk => {
            emulation.begin(g)?;
            Step::Partition.store(g)?;
            read_block(g, entry.first_block, 1, BUFFER)
        }
        _ => {
            emulation.begin(g)?;
            Step::Sector.store(g)?;
            read_sector(g)
        }
    }
}

/// The image's own partition table says what disk it was made for.
fn disk_of_partition(g: &mut Guest) -> Served<Action> {
    let mut partition = [0; 16];
    g.read(LinAddr::real(BUFFER.0, BUFFER.1 + 0x1BE), &mut partition)?;
    let Some(image) = Emulation::active(g)? else { return Ok(Action::GiveUp(Verdict::NoImage)) };
    let sectors = partition[6] & 0x3F;
    if partition[4] == 0 || sectors == 0 {
        return Ok(Action::GiveUp(Verdict::NoImage));
    }
    let cylinders = (u16::from(partition[7]) | u16::from(partition[6] & 0xC0) << 2) + 1;
    let heads = u16::from(partition[5]) + 1;
    Emulation { geometry: Chs { cylinders, heads, sectors }, ..image }.begin(g)?;
    Step::Sector.store(g)?;
    read_sector(g)
}

/// Part `part` of an image without emulation.
fn read_part(g: &mut Guest, entry: Entry, part: u32) -> Served<Action> {
    let done = part * MOST_BLOCKS;
    let count = (entry.blocks() - done).min(MOST_BLOCKS);
    let segment = u32::from(entry.load_segment) + done * (2048 / 16);
    Step::Image.store(g)?;
    read_block(g, entry.first_block + done, count, (segment as u16, 0))
}

fn next_part(g: &mut Guest) -> Served<Action> {
    let Some(boot) = Emulation::booted(g)? else { return Ok(Action::GiveUp(Verdict::NoImage)) };
    let entry = Entry {
        media: boot.media,
        load_segment: boot.load_segment,
        sectors: boot.sectors,
        first_block: boot.first_block,
    };
    let part = u32::from(g.ebda(own::CD_PART)?) + 1;
    if part * MOST_BLOCKS >= entry.blocks() {
        return started(g);
    }
    g.set_ebda(own::CD_PART, part as u8)?;
    read_part(g, entry, part)
}

fn started(g: &mut Guest) -> Served<Action> {
    let Some(boot) = Emulation::booted(g)? else { return Ok(Action::GiveUp(Verdict::NoImage)) };
    Ok(Action::Start { segment: boot.load_segment, drive: boot.drive_number })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn catalog(media: u8, segment: u16, sectors: u16) -> [u8; 64] {
        let mut catalog = [0; 64];
        (catalog[0], catalog[0x1E], catalog[0x1F]) = (1, 0x55, 0xAA);
        catalog[0x1C..0x1E].copy_from_slice(&0u16.wrapping_sub(0xAA55 + 1).to_le_bytes());
        (catalog[0x20], catalog[0x21]) = (0x88, media);
        catalog[0x22..0x24].copy_from_slice(&segment.to_le_bytes());
        catalog[0x26..0x28].copy_from_slice(&sectors.to_le_bytes());
        catalog[0x28] = 30;
        catalog
    }

    #[test]
    fn an_entry_names_medium_place_and_size() {
        let entry = Entry::decode(&catalog(0, 0, 4)).unwrap();
        assert_eq!((entry.media, entry.load_segment), (Media::None, 0x7C0));
        assert_eq!((entry.sectors, entry.first_block, entry.blocks()), (4, 30, 1));
    }

    #[test]
    fn a_catalog_that_does_not_add_up_is_refused() {
        let mut bad = catalog(2, 0, 1);
        bad[5] = 1;
        assert_eq!(Entry::decode(&bad), None);
    }

    #[test]
    fn an_image_that_would_reach_the_ebda_does_not_fit() {
        assert!(Entry::decode(&catalog(0, 0x1000, 1000)).unwrap().fits());
        assert!(!Entry::decode(&catalog(0, 0x9000, 200)).unwrap().fits());
        assert!(!Entry::decode(&catalog(0, 0xFFFF, 0xFFFF)).unwrap().fits());
    }
}
