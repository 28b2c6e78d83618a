//! POST looks for drives: reset of each channel, then IDENTIFY for each place [ATA-4, "Software reset", "Signature"].
//!
//! One call does one step; the ROM lets a few microseconds pass between two.

use super::identify::Identity;
use super::{Channel, Drive, INTERRUPTS_OFF, INTERRUPTS_ON, Kind, PLACES, register, status};
use crate::bda::{self, own};
use crate::guest::{Guest, Served};

/// Device control: software reset, interrupts off.
const RESET: u8 = 0x0E;
/// Milliseconds a reset may take [ATA-4, "Status register", 31 s], and a command of ours.
const RESET_MS: u64 = 31_000;
const COMMAND_MS: u64 = 5_000;

/// Signatures in MID and HIGH after a reset.
const DISK_SIGNATURE: (u8, u8) = (0x00, 0x00);
const PACKET_SIGNATURE: (u8, u8) = (0x14, 0xEB);

/// What the step at hand does at the place at hand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Step {
    /// Begins the reset of the place's channel.
    Begin,
    /// Ends it.
    Release,
    /// Waits until the place is ready, and asks what it is.
    Ask,
    /// Waits for the answer of a disk, and of a CD-ROM drive.
    Disk,
    Cd,
}

impl Step {
    const ALL: [Self; 5] = [Self::Begin, Self::Release, Self::Ask, Self::Disk, Self::Cd];
}

/// No drive answers: the bus floats, or a pull-down on bit 7 shows.
fn is_open(status: u8) -> bool {
    matches!(status, 0xFF | 0x7F)
}

/// Forgets all drives; the search begins.
pub(crate) fn start(g: &mut Guest) -> Served {
    let at = g.ebda_at(own::DRIVES)?;
    g.write(at, &[0; 128])?;
    g.set_ebda(own::DETECT_PLACE, 0)?;
    g.set_ebda(own::DETECT_STEP, Step::Begin as u8)
}

/// One step; whether there is more to do.
pub(crate) fn step(g: &mut Guest) -> Served<bool> {
    let place = g.ebda(own::DETECT_PLACE)?;
    if place >= PLACES {
        return Ok(false);
    }
    let channel = Channel(place / 2);
    match Step::ALL[usize::from(g.ebda(own::DETECT_STEP)?).min(4)] {
        Step::Begin => begin(g, place, channel)?,
        Step::Release => {
            g.outb(channel.control(), INTERRUPTS_OFF);
            next(g, Step::Ask, RESET_MS)?;
        }
        Step::Ask => ask(g, place, channel)?,
        Step::Disk => answer(g, place, channel, Kind::Disk)?,
        Step::Cd => answer(g, place, channel, Kind::Cd)?,
    }
    if g.ebda(own::DETECT_PLACE)? >= PLACES {
        finish(g)?;
        return Ok(false);
    }
    Ok(true)
}

fn next(g: &mut Guest, step: Step, ms: u64) -> Served {
    g.set_ebda(own::DETECT_STEP, step as u8)?;
    g.arm(own::DETECT_DEADLINE, ms * 1_000_000)
}

fn next_place(g: &mut Guest, place: u8, places: u8) -> Served {
    g.set_ebda(own::DETECT_PLACE, place + places)?;
    // The second place of a channel has been reset with the first.
    let step = if (place + places).is_multiple_of(2) { Step::Begin } else { Step::Ask };
    next(g, step, RESET_MS)
}

fn select(g: &mut Guest, place: u8, channel: Channel) {
    channel.write(g, register::DEVICE, 0xA0 | (place % 2) << 4);
}

fn begin(g: &mut Guest, place: u8, channel: Channel) -> Served {
    let present = [place, place + 1].into_iter().any(|place| {
        select(g, place, channel);
        channel.read(g, register::STATUS) != 0xFF
    });
    if !present {
        return next_place(g, place, 2);
    }
    g.outb(channel.control(), RESET);
    next(g, Step::Release, RESET_MS)
}

/// By its signature a place is a disk or a packet device; an absent device 1 shows a status of 0 at the command.
fn ask(g: &mut Guest, place: u8, channel: Channel) -> Served {
    select(g, place, channel);
    let now = channel.alternate_status(g);
    if is_open(now) {
        return next_place(g, place, 1);
    }
    if now & status::BSY != 0 {
        return if g.expired(own::DETECT_DEADLINE)? { next_place(g, place, 1) } else { Ok(()) };
    }
    let signature = (channel.read(g, register::MID), channel.read(g, register::HIGH));
    let (step, command) = match signature {
        DISK_SIGNATURE => (Step::Disk, 0xEC),
        PACKET_SIGNATURE => (Step::Cd, 0xA1),
        _ => return next_place(g, place, 1),
    };
    channel.write(g, register::COMMAND, command);
    next(g, step, COMMAND_MS)
}

fn answer(g: &mut Guest, place: u8, channel: Channel, kind: Kind) -> Served {
    let now = channel.alternate_status(g);
    if now & status::BSY != 0 && !is_open(now) && !g.expired(own::DETECT_DEADLINE)? {
        return Ok(());
    }
    channel.read(g, register::STATUS);
    if now & (status::BSY | status::ERR | status::DRQ) == status::DRQ {
        let mut words = [0; 512];
        channel.read_data(g, &mut words);
        if let Some(drive) = Identity(&words).drive(place, kind) {
            drive.store(g)?;
        }
    }
    next_place(g, place, 1)
}

/// Counts the disks, writes their parameter tables, and lets the channels interrupt.
fn finish(g: &mut Guest) -> Served {
    let mut disks = 0;
    for place in 0..PLACES {
        let Some(drive) = Drive::load(g, place)? else { continue };
        g.outb(drive.channel().control(), INTERRUPTS_ON);
        let mask = g.inb(0xA1);
        g.outb(0xA1, mask & !(1 << drive.channel().slave_line()));
        if drive.kind == Kind::Disk {
            super::parameters::fixed_disk_table(g, &drive, disks)?;
            disks += 1;
        }
    }
    g.set_bda(bda::FIXED_DISKS, disks)
}
