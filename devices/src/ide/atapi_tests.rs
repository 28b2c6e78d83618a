use super::bench::Bench;
use super::*;
use crate::storage::MemoryMedium;

const TOTAL: usize = 60;

/// Sector n of the disc is filled with n.
fn disc() -> Box<MemoryMedium> {
    Box::new(MemoryMedium::new((0..TOTAL * 2048).map(|at| (at / 2048) as u8).collect()))
}

/// An empty drive as device 0, its power-on attention taken.
fn empty() -> Bench {
    let mut bench = Bench::with([Some(IdeDrive::Cd), None]);
    assert_eq!(sense_of(&mut bench, &[0]), [6, 0x29, 0]);
    bench
}

/// A drive with a disc that the guest knows of.
fn loaded() -> Bench {
    let mut bench = empty();
    bench.ide.insert(0, disc());
    assert_eq!(sense_of(&mut bench, &[0]), [6, 0x28, 0]);
    bench
}

/// Sends a packet with a byte count limit.
fn send(bench: &mut Bench, packet: &[u8], limit: u16) {
    let [low, high] = limit.to_le_bytes();
    bench.command([0, 0, 0, low, high, 0xA0, 0xA0]);
    assert_eq!((bench.read(7) & 0x89, bench.read(2)), (0x08, 1));
    let mut bytes = packet.to_vec();
    bytes.resize(12, 0);
    bench.write_words(&bytes);
    bench.run(50_000_000);
}

/// All data of a packet, and the byte count of each block.
fn blocks(bench: &mut Bench, packet: &[u8], limit: u16) -> (Vec<u8>, Vec<u16>) {
    send(bench, packet, limit);
    let (mut data, mut counts) = (Vec::new(), Vec::new());
    while bench.status() & 0x08 != 0 {
        assert_eq!(bench.read(2), 2);
        let count = u16::from_le_bytes([bench.read(4), bench.read(5)]);
        counts.push(count);
        let mut block = bench.words(usize::from(count).div_ceil(2));
        block.truncate(count.into());
        data.append(&mut block);
        bench.run(50_000_000);
    }
    (data, counts)
}

fn data_of(bench: &mut Bench, packet: &[u8]) -> Vec<u8> {
    let (data, _) = blocks(bench, packet, 0xFFFE);
    assert_eq!((bench.read(7) & 0x89, bench.read(2)), (0, 3), "{packet:02X?}");
    data
}

/// Key, code and qualifier after a packet that fails.
fn sense_of(bench: &mut Bench, packet: &[u8]) -> [u8; 3] {
    send(bench, packet, 0xFFFE);
    assert_eq!((bench.read(7) & 0x89, bench.read(2)), (1, 3), "{packet:02X?}");
    let key = bench.read(1) >> 4;
    let sense = data_of(bench, &[3, 0, 0, 0, 18]);
    assert_eq!(sense[2], key);
    [sense[2], sense[12], sense[13]]
}

#[test]
fn the_signature_is_a_packet_devices() {
    let mut bench = Bench::with([Some(IdeDrive::Cd), None]);
    assert_eq!([1, 2, 3, 4, 5, 7].map(|at| bench.read(at)), [1, 1, 1, 0x14, 0xEB, 0]);
}

#[test]
fn identify_device_aborts_with_the_signature() {
    let mut bench = Bench::with([Some(IdeDrive::Cd), None]);
    bench.command([0, 0, 0, 0, 0, 0xA0, 0xEC]);
    assert_eq!((bench.error(), bench.read(4), bench.read(5)), (4, 0x14, 0xEB));
}

#[test]
fn identify_packet_device_names_a_cd_rom() {
    let mut bench = Bench::with([Some(IdeDrive::Cd), None]);
    bench.command([0, 0, 0, 0, 0, 0xA0, 0xA1]);
    let data = bench.words(256);
    assert_eq!((data[0], data[1], &data[54..64]), (0xC0, 0x85, &b"IRGNEZORC "[..]));
}

#[test]
fn no_disc_is_not_ready() {
    assert_eq!(sense_of(&mut empty(), &[0]), [2, 0x3A, 1]);
}

#[test]
fn a_new_disc_is_announced_once() {
    let mut bench = loaded();
    send(&mut bench, &[0], 0);
    assert_eq!((bench.read(7), bench.irq()), (0x40, false));
}

#[test]
fn inquiry_is_held_up_by_nothing() {
    let mut bench = Bench::with([Some(IdeDrive::Cd), None]);
    let data = data_of(&mut bench, &[0x12, 0, 0, 0, 36]);
    assert_eq!((data.len(), data[0], &data[8..16]), (36, 5, &b"RINGZERO"[..]));
}

#[test]
fn capacity_is_the_last_sector_and_its_size() {
    let data = data_of(&mut loaded(), &[0x25]);
    assert_eq!(data, [0, 0, 0, TOTAL as u8 - 1, 0, 0, 8, 0]);
}

#[test]
fn a_read_keeps_to_the_byte_count_limit() {
    let mut bench = loaded();
    let (data, counts) = blocks(&mut bench, &[0x28, 0, 0, 0, 0, 7, 0, 0, 2], 3001);
    assert_eq!(counts, [3000, 1096]);
    assert_eq!((data[0], data[2047], data[2048], data[4095]), (7, 7, 8, 8));
}

#[test]
fn read_12_has_a_long_count() {
    let data = data_of(&mut loaded(), &[0xA8, 0, 0, 0, 0, 1, 0, 0, 0, 40]);
    assert_eq!((data.len(), data[40 * 2048 - 1]), (40 * 2048, 40));
}

#[test]
fn past_the_end_is_out_of_range() {
    assert_eq!(sense_of(&mut loaded(), &[0x28, 0, 0, 0, 0, 59, 0, 0, 2]), [5, 0x21, 0]);
}

#[test]
fn a_whole_sector_has_sync_and_header() {
    let data = data_of(&mut loaded(), &[0xBE, 0, 0, 0, 0, 3, 0, 0, 1, 0xF8]);
    assert_eq!((data.len(), &data[10..17]), (2352, &[0xFF, 0, 0, 2, 3, 1, 3][..]));
}

#[test]
fn read_cd_refuses_audio() {
    assert_eq!(sense_of(&mut loaded(), &[0xBE, 4, 0, 0, 0, 3, 0, 0, 1, 0x10]), [5, 0x64, 0]);
}

#[test]
fn read_cd_by_minute_second_and_frame() {
    let data = data_of(&mut loaded(), &[0xB9, 0, 0, 0, 2, 5, 0, 2, 6, 0x10]);
    assert_eq!(data, [5; 2048]);
}

#[test]
fn the_toc_has_one_track_and_a_lead_out() {
    let data = data_of(&mut loaded(), &[0x43, 0, 0, 0, 0, 0, 0, 0, 255]);
    assert_eq!(data, [0, 18, 1, 1, 0, 0x14, 1, 0, 0, 0, 0, 0, 0, 0x14, 0xAA, 0, 0, 0, 0, 60]);
}

#[test]
fn the_toc_in_minutes_and_seconds() {
    let data = data_of(&mut loaded(), &[0x43, 2, 0, 0, 0, 0, 0xAA, 0, 255]);
    assert_eq!(data, [0, 10, 1, 1, 0, 0x14, 0xAA, 0, 0, 0, 2, 60]);
}

#[test]
fn the_full_toc_has_four_points() {
    let data = data_of(&mut loaded(), &[0x43, 2, 2, 0, 0, 0, 0, 0, 255]);
    assert_eq!((data.len(), data[1]), (48, 46));
}

#[test]
fn mode_sense_has_the_capabilities() {
    let mut bench = loaded();
    let data = data_of(&mut bench, &[0x5A, 0, 0x2A, 0, 0, 0, 0, 0, 255]);
    assert_eq!((data.len(), data[1], data[2], data[8]), (28, 26, 1, 0x2A));
    assert_eq!(sense_of(&mut bench, &[0x5A, 0, 0x33, 0, 0, 0, 0, 0, 255]), [5, 0x24, 0]);
}

#[test]
fn mode_select_takes_its_parameters() {
    let mut bench = loaded();
    send(&mut bench, &[0x55, 0x10, 0, 0, 0, 0, 0, 0, 16], 0xFFFE);
    assert_eq!((bench.read(7) & 8, bench.read(2), bench.read(4)), (8, 0, 16));
    bench.write_words(&[0; 16]);
    bench.run(1_000_000);
    assert_eq!((bench.read(7), bench.read(2)), (0x40, 3));
}

#[test]
fn the_guest_ejects_and_loads() {
    let mut bench = loaded();
    data_of(&mut bench, &[0x1B, 0, 0, 0, 2]);
    assert!(bench.ide.tray_is_open(0));
    assert_eq!(sense_of(&mut bench, &[0]), [2, 0x3A, 2]);
    data_of(&mut bench, &[0x1B, 0, 0, 0, 3]);
    assert_eq!(sense_of(&mut bench, &[0]), [6, 0x28, 0]);
}

#[test]
fn a_locked_tray_stays_shut() {
    let mut bench = loaded();
    data_of(&mut bench, &[0x1E, 0, 0, 0, 1]);
    assert_eq!(sense_of(&mut bench, &[0x1B, 0, 0, 0, 2]), [5, 0x53, 2]);
    assert!(bench.ide.eject(0).is_err());
    let event = data_of(&mut bench, &[0x4A, 1, 0, 0, 0x10, 0, 0, 0, 8]);
    assert_eq!(event, [0, 4, 4, 0x10, 1, 2, 0, 0]);
    assert!(bench.ide.force_eject(0).is_some());
}

#[test]
fn an_insertion_is_an_event_of_the_media_class() {
    let mut bench = loaded();
    let poll = [0x4A, 1, 0, 0, 0x10, 0, 0, 0, 8];
    assert_eq!(data_of(&mut bench, &poll)[4..6], [2, 2]);
    assert_eq!(data_of(&mut bench, &poll)[4..6], [0, 2]);
    bench.ide.eject(0).unwrap();
    assert_eq!(data_of(&mut bench, &poll)[4..6], [3, 0]);
}

#[test]
fn the_profile_is_that_of_a_cd_rom() {
    let data = data_of(&mut loaded(), &[0x46, 0, 0, 0, 0, 0, 0, 1, 0]);
    assert_eq!(
        (data[3], data[6..8].to_vec(), data[8..16].to_vec()),
        (data.len() as u8 - 4, vec![0, 8], vec![0, 0, 3, 4, 0, 8, 1, 0])
    );
}

#[test]
fn disc_information_is_that_of_a_finished_disc() {
    let data = data_of(&mut loaded(), &[0x51, 0, 0, 0, 0, 0, 0, 0, 34]);
    assert_eq!((data.len(), data[1], data[2]), (34, 32, 0x0E));
}

#[test]
fn an_unknown_packet_is_refused() {
    assert_eq!(sense_of(&mut loaded(), &[0xFF]), [5, 0x20, 0]);
}

#[test]
fn device_reset_ends_a_transfer() {
    let mut bench = loaded();
    send(&mut bench, &[0x28, 0, 0, 0, 0, 0, 0, 0, 9], 2048);
    bench.out(7, 0x08);
    bench.run(1_000_000);
    assert_eq!((bench.read(7), bench.read(4), bench.read(5)), (0, 0x14, 0xEB));
}

#[test]
fn a_damaged_disc_is_a_medium_error() {
    let mut bench = loaded();
    bench.ide.insert(0, Box::new(super::bench::Broken));
    sense_of(&mut bench, &[0]);
    assert_eq!(sense_of(&mut bench, &[0x28, 0, 0, 0, 0, 1, 0, 0, 1]), [3, 0x11, 0]);
}
