use super::*;
use crate::storage::MemoryMedium;
use crate::storage::floppy::{self, SECTOR};
use ringzero_bus::{Irq, Width};

struct Bench {
    fdc: Fdc,
    fabric: Fabric,
}

/// Sector n of the disk is filled with n (modulo 251).
fn disk(kilobytes: usize) -> Vec<u8> {
    (0..kilobytes * 1024).map(|at| (at / SECTOR % 251) as u8).collect()
}

impl Bench {
    /// Out of reset, a 1.44 MB disk in drive 0, 500 kbit/s.
    fn new() -> Self {
        Self::with(MemoryMedium::new(disk(1440)))
    }

    fn with(medium: MemoryMedium) -> Self {
        let mut fabric = Fabric::new(0);
        let wiring = FdcWiring {
            irq: fabric.irqs.add_pin(Irq(6)),
            step: EventSlot::for_test(0),
            seeks: [1, 2, 3, 4].map(EventSlot::for_test),
        };
        let mut fdc = Fdc::new(wiring, 2);
        let (medium, geometry) = floppy::open(Box::new(medium)).unwrap();
        fdc.insert(0, medium, geometry);
        let mut bench = Self { fdc, fabric };
        bench.start();
        bench.access(1, 0, Some(0));
        bench.command(&[0x03, 0xDF, 0x02]);
        bench
    }

    /// Brings the controller out of reset.
    fn start(&mut self) {
        self.out(2, 0x1C);
        self.run(1_000_000);
        for _ in 0..4 {
            self.command(&[0x08]);
            self.results();
        }
    }

    fn access(&mut self, region: u8, offset: u16, value: Option<u8>) -> u8 {
        let access = PortAccess { region, offset, width: Width::Byte };
        match value {
            Some(value) => self.fdc.pio_write(&mut self.fabric, access, value.into()),
            None => return self.fdc.pio_read(&mut self.fabric, access) as u8,
        }
        0
    }

    fn out(&mut self, offset: u16, value: u8) {
        self.access(0, offset, Some(value));
    }

    fn read(&mut self, offset: u16) -> u8 {
        self.access(0, offset, None)
    }

    fn command(&mut self, bytes: &[u8]) {
        bytes.iter().for_each(|&byte| self.out(5, byte));
    }

    fn results(&mut self) -> Vec<u8> {
        let mut bytes = Vec::new();
        while self.read(4) & 0xC0 == 0xC0 {
            bytes.push(self.read(5));
        }
        bytes
    }

    /// Lets time pass; DMA takes or gives up to `dma` bytes, the last with TC.
    fn run_dma(&mut self, ns: u64, dma: &mut Vec<u8>, len: usize, writes: bool) {
        let end = self.fabric.now.plus_ns(ns);
        let mut moved = 0;
        while let Some(due) = self.fabric.sched.next_deadline().filter(|&due| due <= end) {
            self.fabric.now = due;
            let (slot, due) = self.fabric.sched.take_due(due).unwrap();
            self.fdc.on_event(&mut self.fabric, slot, due);
            while self.fabric.wires.dreq.level(2) && moved < len {
                moved += 1;
                let tc = moved == len;
                if writes {
                    self.fdc.dma_write(&mut self.fabric, 2, dma[moved - 1], tc);
                } else {
                    let byte = self.fdc.dma_read(&mut self.fabric, 2, tc);
                    dma.push(byte);
                }
            }
        }
        self.fabric.now = end;
    }

    fn run(&mut self, ns: u64) {
        self.run_dma(ns, &mut Vec::new(), 0, false);
    }

    fn seek(&mut self, cylinder: u8) -> Vec<u8> {
        self.command(&[0x0F, 0, cylinder]);
        self.run(1_000_000_000);
        self.command(&[0x08]);
        self.results()
    }

    fn read_sectors(&mut self, command: &[u8], len: usize) -> (Vec<u8>, Vec<u8>) {
        let mut data = Vec::new();
        self.command(command);
        self.run_dma(3_000_000_000, &mut data, len, false);
        (data, self.results())
    }
}

#[test]
fn reset_gives_four_polling_interrupts() {
    let mut bench = Bench::new();
    bench.out(2, 0x00);
    bench.out(2, 0x0C);
    bench.run(1_000_000);
    assert!(bench.fabric.irqs.level(Irq(6)));
    let mut st0 = Vec::new();
    for _ in 0..5 {
        bench.command(&[0x08]);
        st0.push(bench.results()[0]);
    }
    assert_eq!(st0, [0xC0, 0xC1, 0xC2, 0xC3, 0x80]);
}

#[test]
fn a_read_by_dma_ends_with_tc() {
    let mut bench = Bench::new();
    let (data, results) = bench.read_sectors(&[0xE6, 0, 0, 0, 2, 2, 18, 0x1B, 0xFF], 1024);
    assert_eq!((data[0], data[1023], data.len()), (1, 2, 1024));
    assert_eq!(results, [0x00, 0, 0, 0, 0, 4, 2]);
}

#[test]
fn multi_track_goes_on_at_the_other_side() {
    let mut bench = Bench::new();
    let (data, results) = bench.read_sectors(&[0xE6, 0, 0, 0, 18, 2, 18, 0x1B, 0xFF], 1024);
    assert_eq!((data[0], data[512]), (17, 18));
    assert_eq!(results, [0x04, 0, 0, 0, 1, 2, 2]);
}

#[test]
fn without_tc_the_end_of_the_track_is_an_error() {
    let mut bench = Bench::new();
    let (_, results) = bench.read_sectors(&[0x46, 0, 0, 0, 18, 2, 18, 0x1B, 0xFF], 9999);
    assert_eq!(results[..3], [0x40, 0x80, 0]);
}

#[test]
fn a_seek_moves_the_head_and_clears_disk_change() {
    let mut bench = Bench::new();
    assert_eq!(bench.access(1, 0, None), 0x80);
    assert_eq!(bench.seek(10), [0x20, 10]);
    assert_eq!(bench.access(1, 0, None), 0);
    let (data, _) = bench.read_sectors(&[0x46, 0, 10, 0, 1, 2, 18, 0x1B, 0xFF], 512);
    assert_eq!(data[0], (360 % 251) as u8);
}

#[test]
fn a_wrong_cylinder_is_no_data() {
    let mut bench = Bench::new();
    let (_, results) = bench.read_sectors(&[0x46, 0, 5, 0, 1, 2, 18, 0x1B, 0xFF], 512);
    assert_eq!(results[..3], [0x40, 0x04, 0x10]);
}

#[test]
fn a_wrong_data_rate_finds_no_address_mark() {
    let mut bench = Bench::new();
    bench.access(1, 0, Some(2));
    let (_, results) = bench.read_sectors(&[0x46, 0, 0, 0, 1, 2, 18, 0x1B, 0xFF], 512);
    assert_eq!(results[..3], [0x40, 0x01, 0]);
}

#[test]
fn a_controller_that_was_never_set_up_reads_any_disk_and_seeks_by_itself() {
    let mut bench = Bench::new();
    let command = [0x46, 0, 5, 0, 1, 2, 18, 0x1B, 0xFF];
    assert_eq!(bench.read_sectors(&command, 512).1[..3], [0x40, 0x04, 0x10]);
    let Bench { fdc, fabric } = &mut bench;
    fdc.reset(fabric);
    bench.start();
    assert_eq!(bench.read_sectors(&command, 512).1[..3], [0, 0, 0]);
}

#[test]
fn a_write_reaches_the_medium() {
    let mut bench = Bench::new();
    bench.command(&[0x45, 0, 0, 0, 3, 2, 18, 0x1B, 0xFF]);
    bench.run_dma(1_000_000_000, &mut vec![0xAB; 512], 512, true);
    assert_eq!(bench.results(), [0, 0, 0, 0, 0, 4, 2]);
    let mut medium = bench.fdc.eject(0).unwrap();
    let mut sector = [0; 512];
    medium.read_at(1024, &mut sector).unwrap();
    assert_eq!(sector, [0xAB; 512]);
}

#[test]
fn a_protected_disk_refuses_writes() {
    let mut bench = Bench::with(MemoryMedium::new(disk(1440)).write_protected());
    bench.command(&[0x45, 0, 0, 0, 3, 2, 18, 0x1B, 0xFF]);
    bench.run_dma(1_000_000_000, &mut vec![0xAB; 512], 512, true);
    assert_eq!(bench.results()[..2], [0x40, 0x02]);
    bench.command(&[0x04, 0]);
    assert_eq!(bench.results(), [0x78]);
}

#[test]
fn programmed_transfer_offers_each_byte() {
    let mut bench = Bench::new();
    bench.command(&[0x03, 0xDF, 0x03]);
    bench.command(&[0x46, 0, 0, 0, 18, 2, 18, 0x1B, 0xFF]);
    bench.run(9_000_000);
    let mut data = Vec::new();
    while bench.read(4) & 0xE0 == 0xE0 {
        data.push(bench.read(5));
    }
    assert_eq!((data.len(), data[0]), (512, 17));
    assert_eq!(bench.results()[..2], [0x40, 0x80]);
}

#[test]
fn a_host_too_slow_is_an_overrun() {
    let mut bench = Bench::new();
    bench.command(&[0x46, 0, 0, 0, 1, 2, 18, 0x1B, 0xFF]);
    bench.run(1_000_000_000);
    assert_eq!(bench.results()[..2], [0x40, 0x10]);
}

#[test]
fn no_disk_hangs_until_reset() {
    let mut bench = Bench::new();
    bench.fdc.eject(0);
    bench.command(&[0x46, 0, 0, 0, 1, 2, 18, 0x1B, 0xFF]);
    bench.run(5_000_000_000);
    assert_eq!(bench.read(4), 0x10);
    bench.out(2, 0x18);
    bench.out(2, 0x1C);
    bench.run(1_000_000);
    assert_eq!(bench.read(4), 0x80);
}

#[test]
fn format_fills_the_track() {
    let mut bench = Bench::new();
    let mut ids: Vec<u8> = (1..=18).flat_map(|r| [0, 0, r, 2]).collect();
    bench.command(&[0x4D, 0, 2, 18, 0x54, 0xF6]);
    bench.run_dma(3_000_000_000, &mut ids, 72, true);
    assert_eq!(bench.results()[..3], [0, 0, 0]);
    let (data, _) = bench.read_sectors(&[0x46, 0, 0, 0, 18, 2, 18, 0x1B, 0xFF], 512);
    assert_eq!(data, [0xF6; 512]);
}

#[test]
fn recalibrating_a_missing_drive_is_an_equipment_check() {
    let mut bench = Bench::new();
    bench.command(&[0x07, 3]);
    bench.run(1_000_000_000);
    bench.command(&[0x08]);
    assert_eq!(bench.results(), [0x73, 0]);
}

#[test]
fn version_lock_and_dumpreg() {
    let mut bench = Bench::new();
    bench.command(&[0x10]);
    assert_eq!(bench.results(), [0x90]);
    bench.command(&[0x94]);
    assert_eq!(bench.results(), [0x10]);
    bench.command(&[0x0E]);
    assert_eq!(bench.results(), [0, 0, 0, 0, 0xDF, 0x02, 0, 0x80, 0x20, 0]);
}

#[test]
fn scan_equal_finds_the_sector() {
    let mut bench = Bench::new();
    bench.command(&[0x51, 0, 0, 0, 3, 2, 18, 0x1B, 1]);
    bench.run_dma(1_000_000_000, &mut vec![2; 512], 513, true);
    assert_eq!(bench.results()[..3], [0, 0, 0x08]);
}

#[test]
fn read_id_tells_where_the_head_is() {
    let mut bench = Bench::new();
    bench.seek(7);
    bench.command(&[0x4A, 4]);
    bench.run(100_000_000);
    let results = bench.results();
    assert_eq!((results[0], results[3], results[4], results[6]), (4, 7, 1, 2));
}

#[test]
fn a_host_error_is_kept_and_reported() {
    struct Broken;
    impl BlockMedium for Broken {
        fn len(&self) -> u64 {
            1440 * 1024
        }
        fn read_only(&self) -> bool {
            false
        }
        fn read_at(&mut self, offset: u64, _: &mut [u8]) -> Result<(), MediumError> {
            Err(MediumError::Damaged { offset })
        }
        fn write_at(&mut self, offset: u64, _: &[u8]) -> Result<(), MediumError> {
            Err(MediumError::Damaged { offset })
        }
        fn flush(&mut self) -> Result<(), MediumError> {
            Ok(())
        }
    }
    let mut bench = Bench::new();
    bench.fdc.insert(0, Box::new(Broken), floppy::FORMATS[6]);
    let (_, results) = bench.read_sectors(&[0x46, 0, 0, 0, 1, 2, 18, 0x1B, 0xFF], 512);
    assert_eq!(results[..3], [0x40, 0x20, 0x20]);
    assert_eq!(bench.fdc.take_warnings(), [MediumError::Damaged { offset: 0 }]);
}

#[test]
fn a_snapshot_in_the_middle_of_a_read_goes_on() {
    let mut bench = Bench::new();
    bench.command(&[0x46, 0, 0, 0, 1, 2, 18, 0x1B, 0xFF]);
    let saved = bench.fdc.save().unwrap();
    bench.fdc.load(&saved).unwrap();
    let mut data = Vec::new();
    bench.run_dma(1_000_000_000, &mut data, 512, false);
    assert_eq!((data.len(), bench.results()[0]), (512, 0));
}
