use super::*;
use crate::platform::Processor;
use crate::tables;

fn platform() -> Platform {
    Platform {
        processor: Processor { signature: 0xF24, features: 0x201, vendor: *b"GenuineIntel" },
        ram: 128 << 20,
        apics: Some(Apics { local_id: 0, local_version: 0x14, io_version: 0x11 }),
        hpet: Some(0x8086_A201),
        com: vec![0x3F8, 0x2F8],
        lpt: vec![0x378],
        floppies: [4, 0],
        coprocessor: true,
        mouse: true,
        pvpanic: true,
    }
}

fn placed() -> Placed {
    Placed::at_the_end_of(128 << 20).unwrap()
}

fn sum(bytes: &[u8]) -> u8 {
    bytes.iter().fold(0, |sum, byte| sum.wrapping_add(*byte))
}

fn find(signature: &[u8; 4]) -> (u32, Vec<u8>) {
    tables(&platform(), placed()).into_iter().find(|(_, table)| table[..4] == signature[..]).unwrap()
}

#[test]
fn every_table_but_the_facs_adds_up_to_zero_and_knows_its_length() {
    for (at, table) in tables(&platform(), placed()) {
        assert_eq!(u32::from_le_bytes([4, 5, 6, 7].map(|n| table[n])) as usize, table.len());
        assert!(table.starts_with(b"FACS") || sum(&table) == 0, "{at:x}");
    }
}

#[test]
fn tables_lie_apart_in_the_room_kept_for_them() {
    let mut all = tables(&platform(), placed());
    all.sort();
    for pair in all.windows(2) {
        assert!(pair[0].0 + pair[0].1.len() as u32 <= pair[1].0);
    }
    assert_eq!(all[0].0, placed().first);
    let (last, table) = all.last().unwrap();
    assert_eq!((*last, &table[..4]), (placed().facs, &b"FACS"[..]));
    assert!(all[all.len() - 2].0 + all[all.len() - 2].1.len() as u32 <= placed().facs);
}

#[test]
fn the_root_pointer_has_both_checksums() {
    let pointer = placed().root_pointer();
    assert_eq!((sum(&pointer[..20]), sum(&pointer), pointer.len()), (0, 0, 36));
}

#[test]
fn the_fadt_leads_to_facs_and_dsdt() {
    let (_, fadt) = find(b"FACP");
    let (dsdt, _) = find(b"DSDT");
    assert_eq!(fadt.len(), 244);
    assert_eq!((&fadt[36..40], &fadt[132..140]), (&placed().facs.to_le_bytes()[..], &[0; 8][..]));
    assert_eq!(fadt[40..44], dsdt.to_le_bytes());
    assert_eq!(fadt[140..148], u64::from(dsdt).to_le_bytes());
    assert_eq!(fadt[46..48], 9u16.to_le_bytes());
    assert_eq!((fadt[52], fadt[53]), (0xF1, 0xF0));
    assert_eq!(fadt[116..128], [1, 8, 0, 0, 0xF9, 0x0C, 0, 0, 0, 0, 0, 0]);
}

#[test]
fn a_machine_without_apics_or_timer_has_no_tables_of_them() {
    let plain = Platform { apics: None, hpet: None, ..platform() };
    let names: Vec<_> = tables(&plain, placed()).iter().map(|(_, table)| table[..4].to_vec()).collect();
    assert_eq!(names, [b"DSDT", b"FACP", b"RSDT", b"XSDT", b"FACS"]);
}

#[test]
fn little_memory_has_no_tables() {
    assert_eq!(Placed::at_the_end_of(2 << 20), None);
    assert_eq!(Placed::at_the_end_of(3072 << 20).unwrap().first, 0xBFFF_0000);
}

#[test]
fn low_tables_fit_where_the_rom_is_free() {
    let low = tables::low_tables(&platform(), Some(placed()));
    assert!(low.len() < usize::from(ringzero_roms::TABLE_AREA.end), "{}", low.len());
    assert!(low.windows(5).any(|bytes| bytes == b"_DMI_"));
}

#[test]
fn the_dsdt_is_made_of_whole_terms() {
    let (_, dsdt) = find(b"DSDT");
    let mut rest = &dsdt[36..];
    let mut names = Vec::new();
    while let Some((&opcode, tail)) = rest.split_first() {
        // Two scopes with a length each, then a name with a package.
        let tail = if opcode == 0x08 {
            assert_eq!(tail[..5], *b"\\_S5_");
            &tail[6..]
        } else {
            assert_eq!(opcode, 0x10);
            tail
        };
        let more = usize::from(tail[0] >> 6);
        let low = usize::from(tail[0]) & if more == 0 { 0x3F } else { 0xF };
        let length = (0..more).fold(low, |length, n| length | usize::from(tail[1 + n]) << (4 + 8 * n));
        names.push(opcode);
        rest = &tail[length..];
    }
    assert_eq!(names, [0x10, 0x10, 0x08]);
}
