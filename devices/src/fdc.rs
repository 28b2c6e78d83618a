//! 82077AA floppy disk controller in AT mode, with up to four drives.
//!
//! Source: Intel 82077AA datasheet (290166), keyed \[82077AA\].
//!
//! *Modelled*: every command, DMA and programmed transfer, multi-track, EOT and TC, implied seek, scans, format, the
//! polling interrupt after reset, disk change, write protect, data rate against the disk's density, step and sector
//! times. A command on a drive without disk waits for index pulses that never come, until the host resets the chip.
//!
//! By the datasheet RESET chooses 250 kb/s and explicit seeks. The BIOS of Bochs never chooses a rate nor seeks, and
//! reads disks of 1.44 MB all the same; every other BIOS chooses a rate before anything else. So until software has
//! chosen one, any disk can be read and commands seek by themselves.
//!
//! *Not modelled*: rotation (a sector takes its time at the data rate, no latency), FM, sector sizes other than 512,
//! deleted-data marks (written as data), motor spin-up, the FIFO threshold, the PS/2 status registers A and B.

mod command;
mod control;
mod drive;
mod status;
mod transfer;

use crate::storage::floppy::FloppyGeometry;
use crate::storage::{BlockMedium, MediumError, NoFork};
use command::Command;
use drive::{Disk, DriveState};
use ringzero_bus::{Device, EventSlot, Fabric, ForkError, IrqPin, PortAccess, Section, SnapshotError, VTime};
use serde::{Deserialize, Serialize};
use status::ST0;
use std::collections::VecDeque;
use transfer::{Stage, Transfer};

/// Bits per second by the rate select bits of DSR and CCR.
const BITS_PER_SECOND: [u64; 4] = [500_000, 300_000, 250_000, 1_000_000];

/// The rate chosen, or that of most disks.
fn bits_per_second(rate: Option<u8>) -> u64 {
    BITS_PER_SECOND[usize::from(rate.unwrap_or(0) & 3)]
}

/// From the end of a reset to the polling interrupt.
const RESET_NS: u64 = 150_000;
/// From a write command to its first data request: the head is somewhere in a gap.
const GAP_NS: u64 = 500_000;
/// Warnings kept for a host that does not ask.
const WARNINGS: usize = 16;
/// The DMA channel of the floppy controller [AT, "System Board I/O Channel"].
const DMA_CHANNEL: u8 = 2;

/// What the chip is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
enum Phase {
    /// DOR or DSR holds it in reset, or it just came out.
    Reset,
    Command,
    Execution,
    Result,
}

/// Digital output register [82077AA, "Digital Output Register"].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Dor(u8);

impl Dor {
    fn drive(self) -> usize {
        usize::from(self.0 & 3)
    }
    fn running(self) -> bool {
        self.0 & 0x04 != 0
    }
    fn dma_gate(self) -> bool {
        self.0 & 0x08 != 0
    }
    fn motor(self, drive: usize) -> bool {
        self.0 & 0x10 << (drive & 3) != 0
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct FdcState {
    dor: Dor,
    tdr: u8,
    /// DSR other than the rate.
    dsr: u8,
    /// Rate select, 0 to 3.
    /// `None` until software has chosen one: see the head of this file.
    rate: Option<u8>,
    /// SPECIFY: SRT and HUT, HLT.
    specify: [u8; 2],
    /// SPECIFY: ND.
    non_dma: bool,
    /// CONFIGURE's second byte: EIS, EFIFO, POLL, FIFOTHR.
    config: u8,
    precompensation: u8,
    locked: bool,
    perpendicular: u8,
    /// EOT or sectors per track of the last data command, for DUMPREG.
    last_eot: u8,
    phase: Phase,
    command: Vec<u8>,
    result: VecDeque<u8>,
    transfer: Option<Transfer>,
    irq: bool,
    drives: [DriveState; 4],
}

impl Default for FdcState {
    fn default() -> Self {
        let changed = DriveState { changed: true, ..DriveState::default() };
        Self {
            dor: Dor::default(),
            tdr: 0,
            dsr: 0,
            rate: None,
            specify: [0; 2],
            non_dma: false,
            config: 0x20,
            precompensation: 0,
            locked: false,
            perpendicular: 0,
            last_eot: 0,
            phase: Phase::Reset,
            command: Vec::new(),
            result: VecDeque::new(),
            transfer: None,
            irq: false,
            drives: std::array::from_fn(|_| changed.clone()),
        }
    }
}

/// What people call the drives.
const DRIVES: [&str; 4] = ["floppy drive A", "floppy drive B", "floppy drive C", "floppy drive D"];

/// The wires of an [`Fdc`].
#[derive(Clone, Copy, Debug)]
pub struct FdcWiring {
    /// IRQ6.
    pub irq: IrqPin,
    /// The end of a reset, the next step of a transfer.
    pub step: EventSlot,
    /// The end of each drive's seek.
    pub seeks: [EventSlot; 4],
}

/// The card. Ports: region 0 is 3F0h-3F5h, region 1 is 3F7h. DMA channel 2.
pub struct Fdc {
    state: FdcState,
    disks: [Option<Disk>; 4],
    /// Drives that exist.
    drives: usize,
    wiring: FdcWiring,
    warnings: Vec<MediumError>,
    /// Commands begun, for [`Fdc::commands`].
    commands: u64,
}

impl Fdc {
    /// A controller with `drives` drives (0 to 4), all empty.
    pub fn new(wiring: FdcWiring, drives: usize) -> Self {
        Self {
            state: FdcState::default(),
            disks: std::array::from_fn(|_| None),
            drives: drives.min(4),
            wiring,
            warnings: Vec::new(),
            commands: 0,
        }
    }

    // --- for the host ---------------------------------------------------------------------------------------

    /// Puts a disk into a drive; gives back the medium that was there. See [`crate::storage::floppy::open`].
    pub fn insert(
        &mut self,
        drive: usize,
        medium: Box<dyn BlockMedium>,
        geometry: FloppyGeometry,
    ) -> Option<Box<dyn BlockMedium>> {
        let place = self.disks.get_mut(drive)?;
        self.state.drives[drive].changed = true;
        place.replace(Disk::new(medium, geometry)).map(Disk::into_medium)
    }

    /// Takes the disk out of a drive.
    pub fn eject(&mut self, drive: usize) -> Option<Box<dyn BlockMedium>> {
        let disk = self.disks.get_mut(drive)?.take()?;
        self.state.drives[drive].changed = true;
        Some(disk.into_medium())
    }

    /// Makes earlier writes lasting on every disk; tries all of them and gives the first error.
    pub fn flush(&mut self) -> Result<(), MediumError> {
        let mut outcome = Ok(());
        for disk in self.disks.iter_mut().flatten() {
            outcome = outcome.and(disk.flush());
        }
        outcome
    }

    /// What its disks keep in memory: see [`crate::storage::BlockMedium::growth`].
    pub fn growth(&self) -> u64 {
        self.disks.iter().flatten().map(Disk::growth).sum()
    }

    /// The geometry of the disk in a drive.
    pub fn geometry(&self, drive: usize) -> Option<FloppyGeometry> {
        self.disks.get(drive)?.as_ref().map(Disk::geometry)
    }

    /// Whether a drive's light is on: selected, its motor running.
    pub fn activity(&self, drive: usize) -> bool {
        drive < self.drives && self.state.dor.motor(drive) && self.state.dor.drive() == drive
    }

    /// Commands begun since power-on.
    pub fn commands(&self) -> u64 {
        self.commands
    }

    /// Host errors that the guest saw as disk errors, since the last call.
    pub fn take_warnings(&mut self) -> Vec<MediumError> {
        std::mem::take(&mut self.warnings)
    }

    fn warn(&mut self, error: MediumError) {
        if self.warnings.len() < WARNINGS {
            self.warnings.push(error);
        }
    }

    // --- pins and time --------------------------------------------------------------------------------------

    fn sector_ns(&self) -> u64 {
        4_096 * 1_000_000_000 / bits_per_second(self.state.rate)
    }

    /// SRT: 16 less the value, in half the time of a bit's thousandth [82077AA, "Specify", "Drive Control Delays"].
    fn step_ns(&self) -> u64 {
        let units = 16 - u64::from(self.state.specify[0] >> 4);
        units * 500_000_000_000 / bits_per_second(self.state.rate)
    }

    fn arm_transfer(&self, fabric: &mut Fabric, delay_ns: u64) {
        fabric.sched.arm(self.wiring.step, fabric.now.plus_ns(delay_ns));
    }

    fn update_pins(&self, fabric: &mut Fabric) {
        let gate = self.state.dor.dma_gate();
        let wants_host = self.state.transfer.as_ref().is_some_and(|t| t.stage == Stage::Host);
        fabric.irqs.set(self.wiring.irq, gate && self.state.irq);
        fabric.wires.dreq.set(DMA_CHANNEL, gate && wants_host && !self.state.non_dma);
    }

    // --- reset ----------------------------------------------------------------------------------------------

    /// Software reset: LOCK keeps the FIFO's settings [82077AA, "Reset"].
    fn enter_reset(&mut self, fabric: &mut Fabric) {
        let state = &mut self.state;
        state.phase = Phase::Reset;
        state.command.clear();
        state.result.clear();
        state.transfer = None;
        state.irq = false;
        state.perpendicular &= 0x3C;
        if !state.locked {
            state.config = (state.config & 0x40) | 0x20;
            state.precompensation = 0;
        }
        for drive in &mut state.drives {
            (drive.seeking, drive.interrupt, drive.pcn) = (None, None, 0);
        }
        fabric.sched.cancel(self.wiring.step);
        self.wiring.seeks.into_iter().for_each(|slot| fabric.sched.cancel(slot));
    }

    /// With polling on, every drive reports a changed ready line [82077AA, "Drive Polling"].
    fn leave_reset(&mut self) {
        self.state.phase = Phase::Command;
        if self.state.config & 0x10 != 0 {
            return;
        }
        for (n, drive) in self.state.drives.iter_mut().enumerate() {
            drive.interrupt = Some(ST0::POLLED | n as u8);
        }
        self.state.irq = true;
    }

    fn write_dor(&mut self, fabric: &mut Fabric, value: u8) {
        let before = std::mem::replace(&mut self.state.dor, Dor(value));
        match (before.running(), self.state.dor.running()) {
            (true, false) => self.enter_reset(fabric),
            (false, true) => self.arm_transfer(fabric, RESET_NS),
            _ => {}
        }
    }

    fn write_dsr(&mut self, fabric: &mut Fabric, value: u8) {
        self.state.rate = Some(value & 3);
        self.state.dsr = value & 0x5C;
        if value & 0x80 != 0 && self.state.dor.running() {
            self.enter_reset(fabric);
            self.arm_transfer(fabric, RESET_NS);
        }
    }

    // --- registers ------------------------------------------------------------------------------------------

    /// Main status register [82077AA, "Main Status Register"].
    fn read_msr(&self) -> u8 {
        let busy = self.state.drives.iter().enumerate().filter(|(_, drive)| drive.seeking.is_some());
        let drives = busy.fold(0, |bits, (n, _)| bits | 1 << n);
        let (rqm, dio, non_dma, command_busy) = (0x80, 0x40, 0x20, 0x10);
        drives
            | match (self.state.phase, &self.state.transfer) {
                (Phase::Reset, _) => 0,
                (Phase::Command, _) if self.state.command.is_empty() => rqm,
                (Phase::Command, _) => rqm | command_busy,
                (Phase::Result, _) => rqm | dio | command_busy,
                (Phase::Execution, Some(t)) if self.state.non_dma => {
                    let ready = if t.stage == Stage::Host { rqm } else { 0 };
                    let direction = if t.command.reads() { dio } else { 0 };
                    ready | direction | non_dma | command_busy
                }
                (Phase::Execution, _) => command_busy,
            }
    }

    /// Digital input register: the disk change line of the selected drive.
    fn read_dir(&self) -> u8 {
        let n = self.state.dor.drive();
        let changed = n < self.drives && (self.disks[n].is_none() || self.state.drives[n].changed);
        if changed { 0x80 } else { 0 }
    }

    fn read_fifo(&mut self, fabric: &mut Fabric) -> u8 {
        match self.state.phase {
            Phase::Result => {
                self.state.irq = false;
                let byte = self.state.result.pop_front().unwrap_or(0xFF);
                if self.state.result.is_empty() {
                    self.state.phase = Phase::Command;
                    self.raise_if_pending();
                }
                byte
            }
            Phase::Execution if self.state.non_dma => self.take_byte(fabric, false),
            _ => 0xFF,
        }
    }

    fn write_fifo(&mut self, fabric: &mut Fabric, value: u8) {
        match self.state.phase {
            Phase::Command => {
                self.state.command.push(value);
                let command = Command::decode(self.state.command[0]);
                if self.state.command.len() >= command.length() {
                    let bytes = std::mem::take(&mut self.state.command);
                    self.execute(fabric, command, &bytes);
                }
            }
            Phase::Execution if self.state.non_dma => self.put_byte(fabric, value, false),
            _ => {}
        }
    }
}

impl std::fmt::Debug for Fdc {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let disks = self.disks.each_ref().map(|disk| disk.as_ref().map(Disk::geometry));
        f.debug_struct("Fdc").field("state", &self.state).field("disks", &disks).finish_non_exhaustive()
    }
}

impl Device for Fdc {
    fn name(&self) -> &'static str {
        "fdc"
    }

    fn reset(&mut self, fabric: &mut Fabric) {
        self.enter_reset(fabric);
        let drives = self.state.drives.clone();
        self.state = FdcState { drives, ..FdcState::default() };
        self.update_pins(fabric);
    }

    fn pio_read(&mut self, fabric: &mut Fabric, access: PortAccess) -> u32 {
        let value = match (access.region, access.offset) {
            (0, 2) => self.state.dor.0,
            (0, 3) => 0xFC | self.state.tdr,
            (0, 4) => self.read_msr(),
            (0, 5) => self.read_fifo(fabric),
            (0, _) => 0xFF,
            (_, _) => self.read_dir(),
        };
        self.update_pins(fabric);
        u32::from(value)
    }

    fn same_until(&self, _now: VTime, access: PortAccess) -> Option<VTime> {
        ((access.region, access.offset) == (0, 4)).then_some(VTime::MAX)
    }

    fn pio_write(&mut self, fabric: &mut Fabric, access: PortAccess, value: u32) {
        let value = value as u8;
        match (access.region, access.offset) {
            (0, 2) => self.write_dor(fabric, value),
            (0, 3) => self.state.tdr = value & 3,
            (0, 4) => self.write_dsr(fabric, value),
            (0, 5) => self.write_fifo(fabric, value),
            (0, _) => {}
            (_, _) => self.state.rate = Some(value & 3),
        }
        self.update_pins(fabric);
    }

    fn on_event(&mut self, fabric: &mut Fabric, slot: EventSlot, _deadline: VTime) {
        if let Some(n) = self.wiring.seeks.iter().position(|&seek| seek == slot) {
            self.seek_event(n);
        } else if self.state.phase == Phase::Reset {
            if self.state.dor.running() {
                self.leave_reset();
            }
        } else {
            self.transfer_event(fabric);
        }
        self.update_pins(fabric);
    }

    fn dma_read(&mut self, fabric: &mut Fabric, _channel: u8, terminal_count: bool) -> u8 {
        let byte = self.take_byte(fabric, terminal_count);
        self.update_pins(fabric);
        byte
    }

    fn dma_write(&mut self, fabric: &mut Fabric, _channel: u8, value: u8, terminal_count: bool) {
        self.put_byte(fabric, value, terminal_count);
        self.update_pins(fabric);
    }

    fn fork(&self) -> Result<Box<dyn Device>, ForkError> {
        let mut disks = [const { None }; 4];
        for (drive, disk) in self.disks.iter().enumerate() {
            let refused = |NoFork(reason)| ForkError { device: DRIVES[drive], reason };
            disks[drive] = disk.as_ref().map(Disk::fork).transpose().map_err(refused)?;
        }
        let (state, warnings) = (self.state.clone(), self.warnings.clone());
        Ok(Box::new(Self {
            state,
            disks,
            drives: self.drives,
            wiring: self.wiring,
            warnings,
            commands: self.commands,
        }))
    }

    fn save(&self) -> Result<Section, SnapshotError> {
        Section::encode(self.name(), 2, &self.state)
    }

    fn load(&mut self, section: &Section) -> Result<(), SnapshotError> {
        let state: FdcState = section.decode(self.name(), 2)?;
        let valid = state.rate.is_none_or(|rate| rate < 4)
            && state.command.len() < 9
            && state.result.len() <= 10
            && state.transfer.as_ref().is_none_or(Transfer::is_valid)
            && (state.phase != Phase::Execution || state.transfer.is_some())
            && state.drives.iter().all(DriveState::is_valid);
        if !valid {
            return Err(SnapshotError::OutOfRange { section: "fdc", what: "index or length" });
        }
        self.state = state;
        Ok(())
    }
}

#[cfg(test)]
#[path = "fdc/tests.rs"]
mod tests;
