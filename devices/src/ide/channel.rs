//! One ATA channel: two drives on one cable.

use super::bus_master::BusMaster;
use super::drive::{Drive, DriveState, IdeDrive, Job, Next, PacketIn, Phase, SECTOR_NS, Sectors};
use super::registers::{control, status};
use ringzero_bus::{EventSlot, Fabric, ForkError, IrqPin, PciFunctionId};
use serde::{Deserialize, Serialize};

/// Device/Head register: the drive it selects.
const DEV: u8 = 0x10;
/// What an open cable reads: pulled up but for bit 7, which each host pulls down [ATA-4, "DD7"].
const OPEN_CABLE: u8 = 0x7F;

/// The wires of a channel.
#[derive(Clone, Copy, Debug)]
pub struct ChannelWiring {
    /// IRQ14 or IRQ15.
    pub irq: IrqPin,
    /// The next moment of each drive.
    pub events: [EventSlot; 2],
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Registers {
    /// Device control register.
    control: u8,
    /// The drive selected, 0 or 1.
    selected: usize,
    /// INTRQ, to find its edges.
    intrq: bool,
    bus_master: BusMaster,
}

/// The part of a channel that a snapshot carries.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct ChannelState {
    registers: Registers,
    drives: [Option<DriveState>; 2],
}

/// A channel with at least one drive.
pub(super) struct Channel {
    registers: Registers,
    pub(super) drives: [Option<Drive>; 2],
    wiring: ChannelWiring,
    /// The function that is the bus master.
    function: Option<PciFunctionId>,
}

impl Channel {
    /// `first` is the number of its first drive in the machine.
    pub(super) fn new(
        wiring: ChannelWiring,
        drives: [Option<IdeDrive>; 2],
        first: u8,
        function: Option<PciFunctionId>,
    ) -> Self {
        let dma = function.is_some();
        let [a, b] = drives;
        let drives =
            [a.map(|kind| Drive::new(kind, first, dma)), b.map(|kind| Drive::new(kind, first + 1, dma))];
        Self { registers: Registers::default(), drives, wiring, function }
    }

    pub(super) fn fork(&self) -> Result<Self, ForkError> {
        let [a, b] = self.drives.each_ref().map(|drive| drive.as_ref().map(Drive::fork).transpose());
        Ok(Self { registers: self.registers, drives: [a?, b?], wiring: self.wiring, function: self.function })
    }

    // --- pins and time --------------------------------------------------------------------------------------

    fn selected(&mut self) -> Option<&mut Drive> {
        self.drives[self.registers.selected].as_mut()
    }

    fn arm(&self, fabric: &mut Fabric, drive: usize, next: Next) {
        if let Some(ns) = next {
            fabric.sched.arm(self.wiring.events[drive], fabric.now.plus_ns(ns));
        }
    }

    /// INTRQ comes from the selected drive alone, unless nIEN holds it back.
    pub(super) fn update_pins(&mut self, fabric: &mut Fabric) {
        let enabled = self.registers.control & control::NIEN == 0;
        let level = enabled && self.selected().is_some_and(|drive| drive.state.irq);
        if level && !self.registers.intrq {
            self.registers.bus_master.note_interrupt();
        }
        self.registers.intrq = level;
        fabric.irqs.set(self.wiring.irq, level);
    }

    /// RESET-.
    pub(super) fn hard_reset(&mut self, fabric: &mut Fabric) {
        self.registers = Registers::default();
        for (n, drive) in self.drives.iter_mut().enumerate() {
            if let Some(drive) = drive {
                drive.hard_reset();
                fabric.sched.arm(self.wiring.events[n], fabric.now.plus_ns(super::drive::RESET_NS));
            }
        }
        self.update_pins(fabric);
    }

    /// The moment of a drive, if `slot` is one of this channel's.
    pub(super) fn on_event(&mut self, fabric: &mut Fabric, slot: EventSlot) -> bool {
        let Some(n) = self.wiring.events.iter().position(|&event| event == slot) else { return false };
        let next = match &mut self.drives[n] {
            Some(drive) if drive.state.phase == Phase::Dma => self.move_dma(fabric, n),
            Some(drive) => {
                let next = drive.step();
                // A drive that has just come to its data may find the bus master waiting.
                if drive.state.phase == Phase::Dma { Some(SECTOR_NS) } else { next }
            }
            None => None,
        };
        self.arm(fabric, n, next);
        self.update_pins(fabric);
        true
    }

    // --- command block --------------------------------------------------------------------------------------

    /// A read of register 1 to 7.
    pub(super) fn read_register(&mut self, offset: u16) -> u8 {
        let previous = self.registers.control & control::HOB != 0;
        let absent = self.drives[self.registers.selected].is_none();
        // A lone device 0 answers for device 1, with a status of 0 [ATA-4, "Device 0 only configurations"].
        let Some(drive) = (if absent { self.drives[0].as_mut() } else { self.selected() }) else {
            return OPEN_CABLE;
        };
        if offset == 7 {
            if absent {
                return 0;
            }
            drive.state.irq = false;
            return drive.state.status;
        }
        if drive.state.status & status::BSY != 0 && !absent {
            return drive.state.status;
        }
        // The signature of a packet device is not repeated for a device 1 that is not there: the BIOS of Bochs would
        // wait for ever for what it took for a second one.
        let ghost = absent && drive.is_packet();
        let task = &drive.state.task;
        match offset {
            4 | 5 if ghost => 0,
            1 => drive.state.error,
            2 => task.count.read(previous),
            3 => task.low.read(previous),
            4 => task.mid.read(previous),
            5 => task.high.read(previous),
            _ => 0xA0 | task.device & !DEV | if self.registers.selected == 1 { DEV } else { 0 },
        }
    }

    /// The alternate status register: the status, without an acknowledgement.
    pub(super) fn alternate_status(&mut self) -> u8 {
        match (&self.drives[self.registers.selected], self.registers.selected) {
            (Some(drive), _) => drive.state.status,
            (None, 1) => 0,
            (None, _) => OPEN_CABLE,
        }
    }

    /// A write of register 1 to 7.
    pub(super) fn write_register(&mut self, fabric: &mut Fabric, offset: u16, value: u8) {
        self.registers.control &= !control::HOB;
        if offset == 7 {
            return self.write_command(fabric, value);
        }
        if self.selected().is_some_and(|drive| drive.is_engaged()) {
            return;
        }
        if offset == 6 {
            self.registers.selected = usize::from(value & DEV != 0);
        }
        // Both drives listen [ATA-4, "Device addressing considerations"].
        for drive in self.drives.iter_mut().flatten().filter(|drive| !drive.is_engaged()) {
            drive.state.task.write(offset, value);
        }
    }

    fn write_command(&mut self, fabric: &mut Fabric, code: u8) {
        if self.registers.control & control::SRST != 0 {
            return;
        }
        // EXECUTE DEVICE DIAGNOSTIC goes to both drives and leaves device 0 selected.
        let both = code == 0x90;
        let selected = self.registers.selected;
        if both && self.drives.iter().flatten().any(Drive::is_engaged) {
            return;
        }
        for n in (0..2).filter(|&n| both || n == selected) {
            let next = self.drives[n].as_mut().and_then(|drive| drive.command(code));
            self.arm(fabric, n, next);
        }
        if both {
            self.registers.selected = 0;
        }
    }

    /// A write of the device control register.
    pub(super) fn write_control(&mut self, fabric: &mut Fabric, value: u8) {
        let before = std::mem::replace(&mut self.registers.control, value);
        let (was_set, set) = (before & control::SRST != 0, value & control::SRST != 0);
        if set == was_set {
            return;
        }
        self.registers.selected = 0;
        for (n, drive) in self.drives.iter_mut().enumerate() {
            let Some(drive) = drive else { continue };
            if set {
                drive.soft_reset();
                fabric.sched.cancel(self.wiring.events[n]);
            } else {
                fabric.sched.arm(self.wiring.events[n], fabric.now.plus_ns(super::drive::RESET_NS));
            }
        }
    }

    // --- data -----------------------------------------------------------------------------------------------

    /// A read of the data register.
    pub(super) fn read_data(&mut self, fabric: &mut Fabric) -> u16 {
        let n = self.registers.selected;
        let Some((word, next)) = self.selected().map(Drive::read_data) else { return 0xFFFF };
        self.arm(fabric, n, next);
        word
    }

    /// A write of the data register.
    pub(super) fn write_data(&mut self, fabric: &mut Fabric, word: u16) {
        let n = self.registers.selected;
        let next = self.selected().and_then(|drive| drive.write_data(word));
        self.arm(fabric, n, next);
    }

    // --- DMA ------------------------------------------------------------------------------------------------

    pub(super) fn read_master(&self, offset: u16) -> u8 {
        self.registers.bus_master.read(offset)
    }

    pub(super) fn write_master(&mut self, fabric: &mut Fabric, offset: u16, value: u8) {
        if self.registers.bus_master.write(offset, value) {
            self.wake_dma(fabric);
        }
    }

    /// A drive that has its data ready goes on when the bus master does.
    pub(super) fn wake_dma(&mut self, fabric: &mut Fabric) {
        for n in 0..2 {
            if self.drives[n].as_ref().is_some_and(|drive| drive.state.phase == Phase::Dma) {
                self.arm(fabric, n, Some(SECTOR_NS));
            }
        }
    }

    /// Moves one buffer of a DMA transfer, as far as the bus master takes it.
    fn move_dma(&mut self, fabric: &mut Fabric, n: usize) -> Next {
        let master = &mut self.registers.bus_master;
        let drive = self.drives[n].as_mut()?;
        let out = match &drive.state.job {
            Job::Sectors(sectors) => sectors.write,
            Job::PacketOut { .. } => true,
            _ => false,
        };
        let allowed = self.function.is_some_and(|function| fabric.pci.may_master(function));
        if !allowed || !master.runs(!out) {
            return None;
        }
        if !drive.prepare_dma() {
            return None;
        }
        let from = drive.state.position.min(drive.state.buffer.len());
        let rest = &mut drive.state.buffer[from..];
        let moved = if out { master.take(&fabric.ram, rest) } else { master.give(&mut fabric.ram, rest) };
        drive.state.position = from + moved;
        if drive.state.position < drive.state.buffer.len() {
            // The regions were too short: the drive waits for a host that gives more.
            return None;
        }
        let sectors = (drive.state.buffer.len() / 512) as u64;
        drive.finish_dma_block();
        (drive.state.phase == Phase::Dma).then_some((sectors * SECTOR_NS).max(SECTOR_NS))
    }

    // --- state ----------------------------------------------------------------------------------------------

    pub(super) fn save(&self) -> ChannelState {
        let drives = self.drives.each_ref().map(|drive| drive.as_ref().map(|drive| drive.state.clone()));
        ChannelState { registers: self.registers, drives }
    }

    /// Whether a state is one of a channel like this.
    pub(super) fn accepts(&self, state: &ChannelState) -> bool {
        let fits = |(drive, state): (&Option<Drive>, &Option<DriveState>)| match (drive, state) {
            (Some(drive), Some(state)) => drive.is_valid(state),
            (None, None) => true,
            _ => false,
        };
        state.registers.selected < 2
            && state.registers.bus_master.is_valid()
            && self.drives.iter().zip(&state.drives).all(fits)
    }

    pub(super) fn load(&mut self, state: ChannelState) {
        self.registers = state.registers;
        for (drive, state) in self.drives.iter_mut().zip(state.drives) {
            if let (Some(drive), Some(state)) = (drive, state) {
                drive.state = state;
            }
        }
    }
}

impl Drive {
    /// Sees to it that the buffer has something to move; false when the command has ended instead.
    fn prepare_dma(&mut self) -> bool {
        if self.state.position < self.state.buffer.len() {
            return true;
        }
        match self.state.job.clone() {
            Job::Sectors(sectors) if sectors.left == 0 => {
                self.complete(true);
                false
            }
            Job::Sectors(sectors) if sectors.write => {
                self.prepare_block(Sectors { started: true, ..sectors });
                true
            }
            Job::Sectors(sectors) => self.load_block(sectors),
            Job::PacketIn(PacketIn { left: 0, .. }) => {
                self.end_packet();
                false
            }
            Job::PacketIn(data) => self.load_packet_block(data, data.left.min(32 * 2048) as usize),
            Job::PacketOut { packet, left, limit, dma } => {
                self.take_parameters(packet, left, limit, dma);
                false
            }
            _ => {
                self.complete(true);
                false
            }
        }
    }

    /// The buffer has been moved whole.
    fn finish_dma_block(&mut self) {
        match self.state.job.clone() {
            Job::Sectors(sectors) if sectors.write => {
                self.store_block(sectors);
                self.state.buffer.clear();
                self.state.position = 0;
            }
            Job::Sectors(Sectors { left: 0, .. }) => self.complete(true),
            Job::PacketIn(PacketIn { left: 0, .. }) => self.end_packet(),
            Job::PacketOut { packet, left, limit, dma } => self.take_parameters(packet, left, limit, dma),
            _ => {}
        }
    }
}
