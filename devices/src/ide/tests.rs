use super::bench::{Bench, Broken, SECTORS, disk_image};
use super::*;
use crate::storage::hard_disk::DiskGeometry;
use crate::storage::{BlockMedium, MediumError, MemoryMedium};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

fn word(bytes: &[u8], at: usize) -> u16 {
    u16::from_le_bytes([bytes[2 * at], bytes[2 * at + 1]])
}

#[test]
fn reset_leaves_the_signature_of_a_disk() {
    let mut bench = Bench::new();
    assert_eq!([1, 2, 3, 4, 5, 7].map(|at| bench.read(at)), [1, 1, 1, 0, 0, 0x50]);
}

#[test]
fn software_reset_is_busy_until_released() {
    let mut bench = Bench::new();
    bench.control(4);
    bench.run(5_000_000);
    assert_eq!(bench.status(), 0x80);
    bench.control(0);
    bench.run(1_000_000);
    assert_eq!((bench.status(), bench.read(1), bench.irq()), (0x50, 1, false));
}

#[test]
fn identify_tells_size_and_translation() {
    let mut bench = Bench::new();
    bench.command([0, 0, 0, 0, 0, 0xA0, 0xEC]);
    assert!(bench.irq());
    let data = bench.words(256);
    assert_eq!([1, 3, 6].map(|at| word(&data, at)), [20, 16, 63]);
    assert_eq!((word(&data, 60), word(&data, 61), word(&data, 100)), (SECTORS as u16, 0, SECTORS as u16));
    assert_eq!(data.iter().fold(0u8, |sum, &byte| sum.wrapping_add(byte)), 0);
    assert_eq!(&data[54..70], b"IRGNEZORH RADDSI");
}

#[test]
fn every_sector_of_a_read_has_its_interrupt() {
    let mut bench = Bench::new();
    bench.command([0, 2, 7, 0, 0, 0xE0, 0x20]);
    assert!(bench.irq());
    assert_eq!((bench.read(7), bench.irq()), (0x58, false));
    assert_eq!(bench.words(256), [7; 512]);
    assert_eq!(bench.status(), 0x80);
    bench.run(1_000_000);
    assert!(bench.irq());
    assert_eq!(bench.words(256), [8; 512]);
    assert_eq!((bench.read(7), bench.read(3), bench.read(2)), (0x50, 8, 0));
}

#[test]
fn chs_and_lba_name_the_same_sector() {
    let mut bench = Bench::new();
    bench.command([0, 1, 5, 1, 0, 0xA2, 0x20]);
    assert_eq!(bench.words(256), [((16 + 2) * 63 + 4) as u8; 512]);
}

#[test]
fn a_doubleword_is_two_words_of_data() {
    let mut bench = Bench::new();
    bench.command([0, 1, 0, 0, 0, 0xE0, 0xEC]);
    let data: Vec<u8> = (0..128).flat_map(|_| bench.access(0, 0, Width::Dword, None).to_le_bytes()).collect();
    assert_eq!((word(&data, 0), bench.status()), (0x0040, 0x50));
}

#[test]
fn a_48_bit_read_takes_the_previous_bytes() {
    let mut bench = Bench::new();
    for value in [0, 9] {
        bench.out(3, value);
    }
    bench.out(2, 0);
    bench.command([0, 1, 9, 0, 0, 0x40, 0x24]);
    assert_eq!(bench.error(), 0x10, "LBA 31-24 were 9");
    for (offset, bytes) in [(2, [0, 1]), (3, [0, 9]), (4, [0, 0]), (5, [0, 0])] {
        bytes.iter().for_each(|&value| bench.out(offset, value));
    }
    bench.out(6, 0x40);
    bench.out(7, 0x24);
    bench.run(1_000_000);
    assert_eq!(bench.words(256), [9; 512]);
}

#[test]
fn hob_shows_the_previous_bytes_until_the_next_write() {
    let mut bench = Bench::new();
    bench.out(3, 0x12);
    bench.out(3, 0x34);
    bench.control(0x80);
    assert_eq!(bench.read(3), 0x12);
    bench.out(2, 0);
    assert_eq!(bench.read(3), 0x34);
}

#[test]
fn a_write_reaches_the_medium() {
    let mut bench = Bench::new();
    bench.command([0, 2, 100, 0, 0, 0xE0, 0x30]);
    assert_eq!((bench.status(), bench.irq()), (0x58, false));
    bench.write_words(&[0xAB; 512]);
    bench.run(1_000_000);
    assert!(bench.irq());
    bench.write_words(&[0xCD; 512]);
    bench.run(1_000_000);
    assert_eq!(bench.read(7), 0x50);
    bench.command([0, 2, 100, 0, 0, 0xE0, 0x20]);
    assert_eq!(bench.words(256), [0xAB; 512]);
    bench.run(1_000_000);
    assert_eq!(bench.words(256), [0xCD; 512]);
}

#[test]
fn multiple_moves_several_sectors_for_each_interrupt() {
    let mut bench = Bench::new();
    bench.command([0, 3, 0, 0, 0, 0xE0, 0xC4]);
    assert_eq!(bench.error(), 4, "not before SET MULTIPLE");
    bench.command([0, 2, 0, 0, 0, 0xE0, 0xC6]);
    bench.command([0, 3, 10, 0, 0, 0xE0, 0xC4]);
    let data = bench.words(512);
    assert_eq!((data[0], data[512], bench.status()), (10, 11, 0x80));
    bench.run(1_000_000);
    assert_eq!(bench.words(256), [12; 512]);
    assert_eq!(bench.status(), 0x50);
}

#[test]
fn a_count_that_is_no_power_of_two_disables_multiple() {
    let mut bench = Bench::new();
    bench.command([0, 3, 0, 0, 0, 0xE0, 0xC6]);
    assert_eq!(bench.error(), 4);
}

#[test]
fn past_the_end_is_id_not_found() {
    let mut bench = Bench::new();
    bench.command([0, 2, (SECTORS - 1) as u8, (SECTORS >> 8) as u8, 0, 0xE0, 0x20]);
    assert_eq!(bench.error(), 0x10);
    bench.command([0, 1, 64, 0, 0, 0xA0, 0x20]);
    assert_eq!(bench.error(), 0x10);
}

#[test]
fn a_count_of_0_is_256() {
    let mut bench = Bench::new();
    bench.command([0, 0, 0, 0, 0, 0xE0, 0x20]);
    for n in 0..=255 {
        assert_eq!(bench.words(256), [n; 512]);
        bench.run(1_000_000);
    }
    assert_eq!(bench.status(), 0x50);
}

#[test]
fn a_damaged_sector_is_uncorrectable_and_named() {
    let mut bench = Bench::disk(Broken);
    bench.command([0, 4, 4, 0, 0, 0xE0, 0x20]);
    bench.words(256);
    bench.run(1_000_000);
    assert_eq!((bench.error(), bench.read(3)), (0x40, 5));
    assert_eq!(bench.ide.take_warnings(), [MediumError::Damaged { offset: 5 * 512 }]);
}

#[test]
fn a_write_the_host_refuses_is_a_device_fault() {
    let mut bench = Bench::disk(Broken);
    bench.command([0, 1, 5, 0, 0, 0xE0, 0x30]);
    bench.write_words(&[0; 512]);
    bench.run(1_000_000);
    assert_eq!((bench.status(), bench.read(1)), (0x71, 4));
}

#[test]
fn a_protected_disk_refuses_writes() {
    let mut bench = Bench::disk(MemoryMedium::new(disk_image()).write_protected());
    bench.command([0, 1, 5, 0, 0, 0xE0, 0x30]);
    assert_eq!(bench.error(), 0x44);
}

#[test]
fn a_flush_that_fails_is_told_to_the_guest() {
    let mut bench = Bench::disk(Broken);
    bench.command([0, 0, 0, 0, 0, 0xE0, 0xE7]);
    assert_eq!(bench.error(), 4);
    assert_eq!(bench.ide.take_warnings().len(), 1);
}

/// A medium that counts its flushes.
struct Counting(Arc<AtomicU32>);
impl BlockMedium for Counting {
    fn len(&self) -> u64 {
        SECTORS * 512
    }
    fn read_only(&self) -> bool {
        false
    }
    fn read_at(&mut self, _: u64, _: &mut [u8]) -> Result<(), MediumError> {
        Ok(())
    }
    fn write_at(&mut self, _: u64, _: &[u8]) -> Result<(), MediumError> {
        Ok(())
    }
    fn flush(&mut self) -> Result<(), MediumError> {
        self.0.fetch_add(1, Ordering::Relaxed);
        Ok(())
    }
}

#[test]
fn whatever_empties_a_write_cache_reaches_the_medium() {
    // FLUSH CACHE, FLUSH CACHE EXT, STANDBY IMMEDIATE, STANDBY, SLEEP, and the write cache switched off.
    for (features, code) in [(0, 0xE7), (0, 0xEA), (0, 0xE0), (0, 0xE2), (0, 0xE6), (0x82, 0xEF)] {
        let count = Arc::default();
        let mut bench = Bench::disk(Counting(Arc::clone(&count)));
        bench.command([features, 0, 0, 0, 0, 0xE0, code]);
        bench.run(100_000_000);
        assert_eq!(count.load(Ordering::Relaxed), 1, "{code:02X}");
    }
}

#[test]
fn without_a_write_cache_every_write_reaches_the_medium() {
    let count = Arc::default();
    let mut bench = Bench::disk(Counting(Arc::clone(&count)));
    for (features, expected) in [(0x02, 0), (0x82, 2)] {
        bench.command([features, 0, 0, 0, 0, 0xE0, 0xEF]);
        bench.command([0, 1, 3, 0, 0, 0xE0, 0x30]);
        bench.write_words(&[1; 512]);
        bench.run(1_000_000);
        assert_eq!((bench.status(), count.load(Ordering::Relaxed)), (0x50, expected));
    }
}

#[test]
fn other_parameters_change_the_translation() {
    let mut bench = Bench::new();
    bench.command([0, 17, 0, 0, 0, 0xA3, 0x91]);
    bench.command([0, 1, 2, 1, 0, 0xA1, 0x20]);
    assert_eq!(bench.words(256), [(5 * 17 + 1) as u8; 512]);
}

#[test]
fn a_lone_master_answers_for_the_slave() {
    let mut bench = Bench::new();
    bench.out(6, 0xB0);
    bench.out(2, 0x55);
    assert_eq!((bench.read(7), bench.status(), bench.read(2)), (0, 0, 0x55));
    bench.command([0, 1, 0, 0, 0, 0xB0, 0xEC]);
    assert_eq!((bench.read(7), bench.irq()), (0, false));
}

#[test]
fn a_missing_master_leaves_the_cable_open() {
    let disk = IdeDrive::Disk(DiskGeometry::for_sectors(SECTORS));
    let mut bench = Bench::with([None, Some(disk)]);
    assert_eq!((bench.read(7), bench.read(2)), (0x7F, 0x7F));
    bench.out(6, 0xB0);
    assert_eq!(bench.read(7), 0x50);
}

#[test]
fn n_ien_holds_the_interrupt_back() {
    let mut bench = Bench::new();
    bench.control(2);
    bench.command([0, 1, 0, 0, 0, 0xE0, 0x20]);
    assert!(!bench.irq());
    bench.control(0);
    assert!(bench.irq());
}

#[test]
fn unknown_commands_abort() {
    let mut bench = Bench::new();
    for code in [0x00, 0x08, 0xA0, 0xA1, 0xF9, 0xFF] {
        bench.command([0, 1, 0, 0, 0, 0xE0, code]);
        assert_eq!(bench.error(), 4, "{code:02X}");
    }
}

#[test]
fn diagnostics_pass_on_both_drives() {
    let disk = IdeDrive::Disk(DiskGeometry::for_sectors(SECTORS));
    let mut bench = Bench::with([Some(disk), Some(IdeDrive::Cd)]);
    bench.command([0, 0, 0, 0, 0, 0xB0, 0x90]);
    assert_eq!((bench.irq(), bench.read(1), bench.read(4)), (true, 1, 0));
    bench.out(6, 0xB0);
    assert_eq!((bench.read(1), bench.read(4), bench.read(5)), (1, 0x14, 0xEB));
}

#[test]
fn power_modes_are_told() {
    let mut bench = Bench::new();
    bench.command([0, 0, 0, 0, 0, 0xE0, 0xE5]);
    assert_eq!(bench.read(2), 0xFF);
    bench.command([0, 0, 0, 0, 0, 0xE0, 0xE0]);
    bench.command([0, 0, 0, 0, 0, 0xE0, 0xE5]);
    assert_eq!(bench.read(2), 0);
}

#[test]
fn a_sleeping_drive_wakes_at_reset_only() {
    let mut bench = Bench::new();
    bench.command([0, 0, 0, 0, 0, 0xE0, 0xE6]);
    bench.read(7);
    bench.command([0, 1, 0, 0, 0, 0xE0, 0xEC]);
    assert_eq!((bench.status(), bench.irq()), (0x50, false));
    bench.control(4);
    bench.control(0);
    bench.run(1_000_000);
    bench.command([0, 1, 0, 0, 0, 0xE0, 0xEC]);
    assert_eq!(bench.status(), 0x58);
}

#[test]
fn smart_says_that_all_is_well() {
    let mut bench = Bench::new();
    bench.command([0xDA, 0, 0, 0x4F, 0xC2, 0xE0, 0xB0]);
    assert_eq!((bench.read(7), bench.read(4), bench.read(5)), (0x50, 0x4F, 0xC2));
    bench.command([0xDA, 0, 0, 0, 0, 0xE0, 0xB0]);
    assert_eq!(bench.error(), 4);
}

#[test]
fn the_native_maximum_is_the_last_sector() {
    let mut bench = Bench::new();
    bench.command([0, 0, 0, 0, 0, 0xE0, 0xF8]);
    let last = SECTORS - 1;
    assert_eq!([3, 4, 5].map(|at| bench.read(at)), [last as u8, (last >> 8) as u8, 0]);
}

#[test]
fn a_snapshot_in_the_middle_of_a_write_goes_on() {
    let mut bench = Bench::new();
    bench.command([0, 1, 3, 0, 0, 0xE0, 0x30]);
    bench.write_words(&[1; 100]);
    let saved = bench.ide.save().unwrap();
    bench.write_words(&[9; 412]);
    bench.ide.load(&saved).unwrap();
    bench.write_words(&[2; 412]);
    bench.run(1_000_000);
    assert_eq!(bench.status(), 0x50);
    bench.command([0, 1, 3, 0, 0, 0xE0, 0x20]);
    let data = bench.words(256);
    assert_eq!((data[99], data[100]), (1, 2));
}
