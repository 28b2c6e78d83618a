//! The IDE interface of the PIIX3: two ATA channels with two drives each, hard disks and ATAPI CD-ROM drives.
//!
//! Sources: ATA/ATAPI-4 (T13 1153D), keyed \[ATA-4\], with the 48-bit commands of ATA/ATAPI-6, keyed \[ATA-6\]; SFF-8020i
//! and MMC-3 for packets, keyed by these names; ECMA-130 for raw sectors; Intel 82371SB, keyed \[PIIX3\].
//!
//! *Modelled*: the register interface at its ISA ports, selection and lone drives, software reset and diagnostics with
//! signatures, PIO by sectors and by multiples, 28- and 48-bit LBA and CHS, multiword DMA by the bus master, power
//! modes, SMART without wear, write protection, errors of the host's medium; packet commands, media change, tray lock
//! and eject. A command takes its time; a flush reaches the host.
//!
//! *Not modelled*: seek and rotation times (a command takes 30 us, a sector 15 us), overlapped commands, SET MAX,
//! security, APM, audio tracks, sub-channel data, mode pages that can be changed, discs other than one data track in
//! sectors of 2,048 bytes. IDETIM and the transfer mode do not change the speed,
//! and channels with drives answer whether IDETIM enables their decode or not.

mod atapi;
mod bus_master;
mod channel;
mod command;
mod disk;
mod drive;
mod identify;
mod registers;

pub use channel::ChannelWiring;
pub use drive::IdeDrive;

use crate::storage::{BlockMedium, MediumError};
use channel::{Channel, ChannelState};
use drive::Drive;
use ringzero_bus::{
    Device, EventSlot, Fabric, ForkError, PciFunction, PciFunctionId, PortAccess, PortBar, Section,
    SnapshotError, VTime, Width,
};

/// Command block, control block and IRQ of each channel [PIIX3, "ATA Register Block Decode"].
pub const CHANNELS: [(std::ops::RangeInclusive<u16>, u16, u8); 2] =
    [(0x1F0..=0x1F7, 0x3F6, 14), (0x170..=0x177, 0x376, 15)];

/// The ports of the bus master: eight for each channel [PIIX3, "Bus Master Interface Base Address"].
pub const BUS_MASTER: PortBar = PortBar::new(4, 16, Width::Dword);

/// The guest has locked the drive; it was told that its disc is wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the guest has locked the CD-ROM drive")]
pub struct Locked;

/// The drives of a channel, device 0 first.
pub type ChannelDrives = [Option<IdeDrive>; 2];

/// The interface. Port regions of each channel that has drives, in order: its command block, its control port; then,
/// as a PCI function, those of the bus master.
///
/// Drives are numbered 0 to 3: primary device 0 and 1, secondary device 0 and 1.
pub struct Ide {
    channels: [Option<Channel>; 2],
}

impl Ide {
    /// An interface; a channel without wiring is absent. No drive has a medium yet. As a PCI function it is a bus
    /// master.
    pub fn new(
        wiring: [Option<ChannelWiring>; 2],
        drives: [ChannelDrives; 2],
        function: Option<PciFunctionId>,
    ) -> Self {
        let [a, b] = wiring;
        let channel = |wires: Option<ChannelWiring>, n: usize| {
            wires.map(|wires| Channel::new(wires, drives[n], 2 * n as u8, function))
        };
        Self { channels: [channel(a, 0), channel(b, 1)] }
    }

    // --- for the host ---------------------------------------------------------------------------------------

    fn drive(&self, number: usize) -> Option<&Drive> {
        self.channels.get(number / 2)?.as_ref()?.drives[number % 2].as_ref()
    }

    fn drive_mut(&mut self, number: usize) -> Option<&mut Drive> {
        self.channels.get_mut(number / 2)?.as_mut()?.drives[number % 2].as_mut()
    }

    /// Which drive has this number.
    pub fn kind(&self, number: usize) -> Option<IdeDrive> {
        self.drive(number).map(|drive| drive.kind)
    }

    /// Gives a disk its medium, or a CD-ROM drive a disc and closes its tray; gives back what was there.
    pub fn insert(&mut self, number: usize, medium: Box<dyn BlockMedium>) -> Option<Box<dyn BlockMedium>> {
        let drive = self.drive_mut(number)?;
        if drive.is_packet() { drive.load_disc(medium) } else { drive.medium.replace(medium) }
    }

    /// The eject button of a CD-ROM drive: gives the disc, unless the guest has locked the drive.
    pub fn eject(&mut self, number: usize) -> Result<Option<Box<dyn BlockMedium>>, Locked> {
        let Some(drive) = self.drive_mut(number).filter(|drive| drive.is_packet()) else { return Ok(None) };
        if drive.press_eject() { Ok(drive.take_disc()) } else { Err(Locked) }
    }

    /// The pin hole of a CD-ROM drive: gives the disc, locked or not.
    pub fn force_eject(&mut self, number: usize) -> Option<Box<dyn BlockMedium>> {
        self.drive_mut(number).filter(|drive| drive.is_packet())?.take_disc()
    }

    /// Whether the guest has opened a CD-ROM drive's tray.
    pub fn tray_is_open(&self, number: usize) -> bool {
        self.drive(number).is_some_and(Drive::tray_is_open)
    }

    /// Whether a CD-ROM drive's tray is closed on a disc.
    pub fn is_loaded(&self, number: usize) -> bool {
        self.drive(number).is_some_and(|drive| drive.medium.is_some() && !drive.tray_is_open())
    }

    /// What its media keep in memory: see [`BlockMedium::growth`].
    pub fn growth(&self) -> u64 {
        let media = (0..4).filter_map(|number| self.drive(number)?.medium.as_ref());
        media.map(|medium| medium.growth()).sum()
    }

    /// Makes earlier writes lasting on every drive; tries all of them and gives the first error.
    pub fn flush(&mut self) -> Result<(), MediumError> {
        let drives =
            self.channels.iter_mut().flatten().flat_map(|channel| channel.drives.iter_mut().flatten());
        let mut outcome = Ok(());
        for drive in drives {
            outcome = outcome.and(drive.flush());
        }
        outcome
    }

    /// Whether a drive's light is on: it works on a command.
    pub fn activity(&self, number: usize) -> bool {
        self.drive(number).is_some_and(Drive::is_engaged)
    }

    /// Commands a drive has begun; a change since the last look is activity that [`Ide::activity`] missed.
    pub fn commands(&self, number: usize) -> u64 {
        self.drive(number).map_or(0, |drive| drive.state.commands)
    }

    /// Host errors that the guest saw as disk errors, since the last call.
    pub fn take_warnings(&mut self) -> Vec<MediumError> {
        let drives =
            self.channels.iter_mut().flatten().flat_map(|channel| channel.drives.iter_mut().flatten());
        drives.flat_map(|drive| std::mem::take(&mut drive.warnings)).collect()
    }

    // --- ports ----------------------------------------------------------------------------------------------

    /// Whether a range of ports is a channel's, not the bus master's.
    fn is_channel(&self, region: u8) -> bool {
        usize::from(region / 2) < self.channels.iter().flatten().count()
    }

    /// The channel of a port region, and whether it is the control port.
    fn place(&mut self, region: u8) -> Option<(&mut Channel, bool)> {
        let mut present = self.channels.iter_mut().flatten();
        Some((present.nth(usize::from(region / 2))?, region % 2 == 1))
    }
}

/// A read of the command block: the data register takes any width, the others bytes.
fn read_block(channel: &mut Channel, fabric: &mut Fabric, offset: u16, width: Width) -> u32 {
    if offset == 0 && width == Width::Dword {
        let low = channel.read_data(fabric);
        return u32::from(channel.read_data(fabric)) << 16 | u32::from(low);
    }
    if offset == 0 {
        return u32::from(channel.read_data(fabric));
    }
    (0..width.bytes())
        .fold(0, |value, n| value | u32::from(channel.read_register(offset + n as u16)) << (8 * n))
}

fn write_block(channel: &mut Channel, fabric: &mut Fabric, access: PortAccess, value: u32) {
    if access.offset == 0 {
        channel.write_data(fabric, value as u16);
        if access.width == Width::Dword {
            channel.write_data(fabric, (value >> 16) as u16);
        }
        return;
    }
    for n in 0..access.width.bytes() {
        channel.write_register(fabric, access.offset + n as u16, (value >> (8 * n)) as u8);
    }
}

impl Ide {
    /// The bus master's registers of a byte of its ports, and the offset among them.
    fn master(&mut self, offset: u16) -> Option<(&mut Channel, u16)> {
        let channel = self.channels.get_mut(usize::from(offset / 8))?.as_mut()?;
        Some((channel, offset % 8))
    }

    fn read_master(&mut self, access: PortAccess) -> u32 {
        (0..access.width.bytes()).fold(0, |value, n| {
            let byte = self.master(access.offset + n as u16).map_or(0, |(c, at)| c.read_master(at));
            value | u32::from(byte) << (8 * n)
        })
    }

    fn write_master(&mut self, fabric: &mut Fabric, access: PortAccess, value: u32) {
        for n in 0..access.width.bytes() {
            if let Some((channel, at)) = self.master(access.offset + n as u16) {
                channel.write_master(fabric, at, (value >> (8 * n)) as u8);
            }
        }
    }
}

impl PciFunction for Ide {
    fn config_written(&mut self, fabric: &mut Fabric, _function: PciFunctionId, _offset: u8) {
        // A transfer may have waited for the right to be a bus master.
        self.channels.iter_mut().flatten().for_each(|channel| channel.wake_dma(fabric));
    }
}

impl Device for Ide {
    fn name(&self) -> &'static str {
        "ide"
    }

    fn reset(&mut self, fabric: &mut Fabric) {
        self.channels.iter_mut().flatten().for_each(|channel| channel.hard_reset(fabric));
    }

    fn pio_read(&mut self, fabric: &mut Fabric, access: PortAccess) -> u32 {
        let Some((channel, is_control)) = self.place(access.region) else { return self.read_master(access) };
        let value = if is_control {
            u32::from(channel.alternate_status())
        } else {
            read_block(channel, fabric, access.offset, access.width)
        };
        channel.update_pins(fabric);
        value
    }

    fn same_until(&self, _now: VTime, access: PortAccess) -> Option<VTime> {
        // The status, which the command block has in its last register; to read it acknowledges an interrupt once.
        let is_status = self.is_channel(access.region) && (access.region % 2 == 1 || access.offset == 7);
        is_status.then_some(VTime::MAX)
    }

    fn pio_write(&mut self, fabric: &mut Fabric, access: PortAccess, value: u32) {
        let Some((channel, is_control)) = self.place(access.region) else {
            return self.write_master(fabric, access, value);
        };
        if is_control {
            channel.write_control(fabric, value as u8);
        } else {
            write_block(channel, fabric, access, value);
        }
        channel.update_pins(fabric);
    }

    fn on_event(&mut self, fabric: &mut Fabric, slot: EventSlot, _deadline: VTime) {
        self.channels.iter_mut().flatten().any(|channel| channel.on_event(fabric, slot));
    }

    fn fork(&self) -> Result<Box<dyn Device>, ForkError> {
        let [a, b] = self.channels.each_ref().map(|channel| channel.as_ref().map(Channel::fork).transpose());
        Ok(Box::new(Self { channels: [a?, b?] }))
    }

    fn save(&self) -> Result<Section, SnapshotError> {
        let state = self.channels.each_ref().map(|channel| channel.as_ref().map(Channel::save));
        Section::encode(self.name(), 1, &state)
    }

    fn load(&mut self, section: &Section) -> Result<(), SnapshotError> {
        let state: [Option<ChannelState>; 2] = section.decode(self.name(), 1)?;
        let fits = self.channels.iter().zip(&state).all(|(channel, state)| match (channel, state) {
            (Some(channel), Some(state)) => channel.accepts(state),
            (None, None) => true,
            _ => false,
        });
        if !fits {
            return Err(SnapshotError::OutOfRange { section: "ide", what: "drives, index or length" });
        }
        for (channel, state) in self.channels.iter_mut().zip(state) {
            if let (Some(channel), Some(state)) = (channel, state) {
                channel.load(state);
            }
        }
        Ok(())
    }
}

impl std::fmt::Debug for Ide {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let kinds: [_; 4] = std::array::from_fn(|n| self.kind(n));
        f.debug_struct("Ide").field("drives", &kinds).finish_non_exhaustive()
    }
}

#[cfg(test)]
#[path = "ide/atapi_tests.rs"]
mod atapi_tests;
#[cfg(test)]
#[path = "ide/bench.rs"]
mod bench;
#[cfg(test)]
#[path = "ide/tests.rs"]
mod tests;
