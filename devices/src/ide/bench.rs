//! A workbench for tests: an interface, its drives, and a host that knows the protocol.

use super::{ChannelWiring, Ide, IdeDrive};
use crate::storage::hard_disk::DiskGeometry;
use crate::storage::{BlockMedium, MediumError, MemoryMedium};
use ringzero_bus::{Device, EventSlot, Fabric, Irq, PortAccess, Width};

pub(super) const SECTORS: u64 = 20_160;

pub(super) struct Bench {
    pub(super) ide: Ide,
    pub(super) fabric: Fabric,
}

/// A medium whose reads and writes fail in sector 5.
pub(super) struct Broken;
impl BlockMedium for Broken {
    fn len(&self) -> u64 {
        SECTORS * 512
    }
    fn read_only(&self) -> bool {
        false
    }
    fn read_at(&mut self, offset: u64, out: &mut [u8]) -> Result<(), MediumError> {
        match offset + out.len() as u64 {
            end if offset <= 5 * 512 && end > 5 * 512 => Err(MediumError::Damaged { offset }),
            _ => Ok(()),
        }
    }
    fn write_at(&mut self, offset: u64, data: &[u8]) -> Result<(), MediumError> {
        self.read_at(offset, &mut vec![0; data.len()])
    }
    fn flush(&mut self) -> Result<(), MediumError> {
        Err(MediumError::Host { offset: 0, kind: std::io::ErrorKind::StorageFull })
    }
}

/// Sector n is filled with n.
pub(super) fn disk_image() -> Vec<u8> {
    (0..SECTORS * 512).map(|at| (at / 512) as u8).collect()
}

impl Bench {
    /// Out of reset, with the drives given on the primary channel.
    pub(super) fn with(drives: [Option<IdeDrive>; 2]) -> Self {
        let mut fabric = Fabric::new(1 << 20);
        let wiring =
            ChannelWiring { irq: fabric.irqs.add_pin(Irq(14)), events: [0, 1].map(EventSlot::for_test) };
        let mut ide = Ide::new([Some(wiring), None], [drives, [None; 2]], None);
        ide.reset(&mut fabric);
        let mut bench = Self { ide, fabric };
        bench.run(1_000_000);
        bench
    }

    /// A disk as device 0.
    pub(super) fn disk(medium: impl BlockMedium + 'static) -> Self {
        let disk = IdeDrive::Disk(DiskGeometry::for_sectors(SECTORS));
        let mut bench = Self::with([Some(disk), None]);
        bench.ide.insert(0, Box::new(medium));
        bench
    }

    /// A good disk as device 0.
    pub(super) fn new() -> Self {
        Self::disk(MemoryMedium::new(disk_image()))
    }

    pub(super) fn access(&mut self, region: u8, offset: u16, width: Width, value: Option<u32>) -> u32 {
        let access = PortAccess { region, offset, width };
        match value {
            Some(value) => self.ide.pio_write(&mut self.fabric, access, value),
            None => return self.ide.pio_read(&mut self.fabric, access),
        }
        0
    }

    pub(super) fn out(&mut self, offset: u16, value: u8) {
        self.access(0, offset, Width::Byte, Some(value.into()));
    }

    pub(super) fn read(&mut self, offset: u16) -> u8 {
        self.access(0, offset, Width::Byte, None) as u8
    }

    pub(super) fn control(&mut self, value: u8) {
        self.access(1, 0, Width::Byte, Some(value.into()));
    }

    /// The alternate status.
    pub(super) fn status(&mut self) -> u8 {
        self.access(1, 0, Width::Byte, None) as u8
    }

    pub(super) fn irq(&self) -> bool {
        self.fabric.irqs.level(Irq(14))
    }

    /// Lets time pass.
    pub(super) fn run(&mut self, ns: u64) {
        let end = self.fabric.now.plus_ns(ns);
        while let Some(due) = self.fabric.sched.next_deadline().filter(|&due| due <= end) {
            self.fabric.now = due;
            let (slot, due) = self.fabric.sched.take_due(due).unwrap();
            self.ide.on_event(&mut self.fabric, slot, due);
        }
        self.fabric.now = end;
    }

    /// Features, count, low, mid, high, device, command; then time for it.
    pub(super) fn command(&mut self, registers: [u8; 7]) {
        for (offset, value) in (1..).zip(registers) {
            self.out(offset, value);
        }
        self.run(10_000_000);
    }

    pub(super) fn words(&mut self, count: usize) -> Vec<u8> {
        (0..count).flat_map(|_| (self.access(0, 0, Width::Word, None) as u16).to_le_bytes()).collect()
    }

    pub(super) fn write_words(&mut self, bytes: &[u8]) {
        for pair in bytes.chunks_exact(2) {
            let word = u16::from_le_bytes([pair[0], pair[1]]);
            self.access(0, 0, Width::Word, Some(word.into()));
        }
    }

    pub(super) fn error(&mut self) -> u8 {
        assert_eq!(self.status() & 0x89, 0x01);
        self.read(1)
    }
}
