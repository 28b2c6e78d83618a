use super::*;

const AT: u64 = 0x1000;
const TO: u64 = 0x2000;

fn chip() -> (FwCfg, Fabric) {
    let file = |name: &str, data: &[u8]| FwCfgItem::File { name: name.to_owned(), data: data.into() };
    let items = vec![FwCfgItem::Key(5, [1, 0].into()), file("etc/b", &[7; 20]), file("bootorder", b"abcd")];
    (FwCfg::new(items), Fabric::new(0x1_0000))
}

fn select(chip: &mut FwCfg, fabric: &mut Fabric, key: u16) {
    chip.pio_write(fabric, PortAccess { region: 0, offset: 0, width: Width::Word }, key.into());
}

fn read(chip: &mut FwCfg, fabric: &mut Fabric, count: usize) -> Vec<u8> {
    let access = PortAccess { region: 0, offset: 1, width: Width::Byte };
    (0..count).map(|_| chip.pio_read(fabric, access) as u8).collect()
}

/// Starts a transfer; gives the control field it leaves behind.
fn dma(chip: &mut FwCfg, fabric: &mut Fabric, control: u32, length: u32, to: u64) -> u32 {
    let descriptor = [&control.to_be_bytes()[..], &length.to_be_bytes()[..], &to.to_be_bytes()[..]].concat();
    fabric.ram.write(PhysAddr(AT), &descriptor);
    let register = |offset| PortAccess { region: 1, offset, width: Width::Dword };
    chip.pio_write(fabric, register(0), 0);
    chip.pio_write(fabric, register(4), (AT as u32).swap_bytes());
    let mut left = [0; 4];
    fabric.ram.read(PhysAddr(AT), &mut left);
    u32::from_be_bytes(left)
}

fn at_target(fabric: &Fabric, count: usize) -> Vec<u8> {
    let mut bytes = vec![0; count];
    fabric.ram.read(PhysAddr(TO), &mut bytes);
    bytes
}

#[test]
fn the_signature_names_the_device() {
    let (mut chip, mut fabric) = chip();
    select(&mut chip, &mut fabric, key::SIGNATURE);
    assert_eq!(read(&mut chip, &mut fabric, 6), *b"QEMU\0\0");
    select(&mut chip, &mut fabric, key::ID);
    assert_eq!(read(&mut chip, &mut fabric, 4), [3, 0, 0, 0]);
}

#[test]
fn files_are_in_the_directory_by_name() {
    let (mut chip, mut fabric) = chip();
    select(&mut chip, &mut fabric, key::FILE_DIR);
    let directory = read(&mut chip, &mut fabric, 4 + 2 * 64);
    assert_eq!(directory[..4], [0, 0, 0, 2]);
    assert_eq!(directory[4..22], *b"\0\0\0\x04\0\x20\0\0bootorder\0");
    assert_eq!(directory[68..82], *b"\0\0\0\x14\0\x21\0\0etc/b\0");
    select(&mut chip, &mut fabric, key::FIRST_FILE);
    assert_eq!(read(&mut chip, &mut fabric, 4), *b"abcd");
}

#[test]
fn selecting_begins_again_and_an_unknown_item_reads_zeros() {
    let (mut chip, mut fabric) = chip();
    for _ in 0..2 {
        select(&mut chip, &mut fabric, 5);
        assert_eq!(read(&mut chip, &mut fabric, 3), [1, 0, 0]);
    }
    select(&mut chip, &mut fabric, 0x8003);
    assert_eq!(read(&mut chip, &mut fabric, 2), [0, 0]);
}

#[test]
fn dma_selects_and_reads() {
    let (mut chip, mut fabric) = chip();
    assert_eq!(dma(&mut chip, &mut fabric, 0x20_000A, 4, TO), 0);
    assert_eq!(at_target(&fabric, 4), *b"abcd");
}

#[test]
fn dma_skips_and_reads_zeros_behind_the_end() {
    let (mut chip, mut fabric) = chip();
    fabric.ram.write(PhysAddr(TO), &[0xFF; 8]);
    assert_eq!(dma(&mut chip, &mut fabric, 0x20_000C, 2, 0), 0);
    assert_eq!(dma(&mut chip, &mut fabric, control::READ, 4, TO), 0);
    assert_eq!(at_target(&fabric, 5), [b'c', b'd', 0, 0, 0xFF]);
}

#[test]
fn dma_to_where_no_ram_is_ends_in_an_error() {
    let (mut chip, mut fabric) = chip();
    for to in [0xFFFE, u64::MAX - 1] {
        assert_eq!(dma(&mut chip, &mut fabric, 0x20_000A, 4, to), control::ERROR);
    }
    assert_eq!(dma(&mut chip, &mut fabric, 0x20_000A, u32::MAX, TO), control::ERROR);
}

#[test]
fn items_cannot_be_written() {
    let (mut chip, mut fabric) = chip();
    assert_eq!(dma(&mut chip, &mut fabric, 0x20_0018, 4, TO), control::ERROR);
    select(&mut chip, &mut fabric, key::FIRST_FILE);
    assert_eq!(read(&mut chip, &mut fabric, 4), *b"abcd");
}

#[test]
fn the_dma_register_reads_its_signature() {
    let (mut chip, mut fabric) = chip();
    let register = |offset| PortAccess { region: 1, offset, width: Width::Dword };
    let read = [0, 4].map(|offset| chip.pio_read(&mut fabric, register(offset)).to_le_bytes());
    assert_eq!(read.concat(), *b"QEMU CFG");
}

#[test]
fn an_offset_behind_the_end_is_no_state() {
    let (mut chip, _) = chip();
    let state = State { selected: key::FIRST_FILE, offset: 4, dma_high: 0 };
    chip.load(&Section::encode("fw_cfg", 1, &state).unwrap()).unwrap();
    let bad = Section::encode("fw_cfg", 1, &State { offset: 5, ..state }).unwrap();
    assert!(matches!(chip.load(&bad), Err(SnapshotError::OutOfRange { .. })));
}
