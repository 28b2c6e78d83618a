//! What firmware tells operating systems, as one finds it after boot.

use iced_x86::IcedError;
use iced_x86::code_asm::*;
use ringzero_bus::PhysAddr;
use ringzero_machine::{Config, Machine, Media, Model, OnIdle};
use ringzero_tests::session::SharedDisk;

/// Where the boot sector puts the memory map, and a word that points behind it.
const MAP: u32 = 0x8000;
const MAP_END: u32 = 0x7E00;

/// Types of ranges.
const RESERVED: u32 = 2;
const TABLES: u32 = 3;
const NON_VOLATILE: u32 = 4;

/// A boot sector that stores the memory map and stops.
fn map_reader() -> Result<Vec<u8>, IcedError> {
    let mut a = CodeAssembler::new(16)?;
    let [mut next, mut end] = [(); 2].map(|()| a.create_label());
    a.xor(ax, ax)?;
    a.mov(ds, ax)?;
    a.mov(es, ax)?;
    a.mov(di, MAP)?;
    a.xor(ebx, ebx)?;
    a.set_label(&mut next)?;
    a.mov(eax, 0xE820)?;
    a.mov(edx, 0x534D_4150)?;
    a.mov(ecx, 20)?;
    a.int(0x15)?;
    a.jc(end)?;
    a.add(di, 20)?;
    a.test(ebx, ebx)?;
    a.jnz(next)?;
    a.set_label(&mut end)?;
    a.mov(word_ptr(MAP_END), di)?;
    a.mov(al, b'!' as i32)?;
    a.out(0xE9, al)?;
    a.cli()?;
    a.hlt()?;
    let mut disk = a.assemble(0x7C00)?;
    disk.resize(1440 * 1024, 0);
    disk[510..512].copy_from_slice(&[0x55, 0xAA]);
    Ok(disk)
}

fn booted(config: Config) -> Machine {
    let mut media = Media::default();
    media.floppies[0] = Some(Box::new(SharedDisk::new(map_reader().unwrap())));
    let mut machine = Machine::new(config, media).unwrap();
    machine.run(500_000_000, OnIdle::Jump);
    assert_eq!(machine.take_debug_console(), b"!");
    machine
}

fn bytes(machine: &Machine, at: u32, length: usize) -> Vec<u8> {
    (0..length as u64).map(|n| machine.bus().peek(PhysAddr(u64::from(at) + n)).unwrap()).collect()
}

fn dword(machine: &Machine, at: u32) -> u32 {
    u32::from_le_bytes(bytes(machine, at, 4).try_into().unwrap())
}

fn adds_up(machine: &Machine, at: u32, length: usize) -> bool {
    bytes(machine, at, length).iter().fold(0u8, |sum, byte| sum.wrapping_add(*byte)) == 0
}

/// First address, the one behind the last, type.
fn map(machine: &Machine) -> Vec<(u64, u64, u32)> {
    let end = dword(machine, MAP_END) & 0xFFFF;
    let qword = |at| u64::from(dword(machine, at)) | u64::from(dword(machine, at + 4)) << 32;
    let entries = (MAP..end).step_by(20);
    entries.map(|at| (qword(at), qword(at) + qword(at + 8), dword(machine, at + 16))).collect()
}

/// The type of the range that holds all of a table.
fn kind(machine: &Machine, at: u32, length: u32) -> Option<u32> {
    let (first, end) = (u64::from(at), u64::from(at) + u64::from(length));
    map(machine).into_iter().find(|range| range.0 <= first && end <= range.1).map(|range| range.2)
}

/// Where a signature stands in the area that systems search.
fn find(machine: &Machine, mark: &[u8]) -> Option<u32> {
    (0xF_0000..0x10_0000).step_by(16).find(|at| bytes(machine, *at, mark.len()) == mark)
}

/// Checks a table and gives its signature and contents.
#[track_caller]
fn table(machine: &Machine, at: u32) -> (String, Vec<u8>) {
    let length = dword(machine, at + 4);
    let contents = bytes(machine, at, length as usize);
    let name = String::from_utf8(contents[..4].to_vec()).unwrap();
    let (expected, sums) = if name == "FACS" { (NON_VOLATILE, false) } else { (TABLES, true) };
    assert_eq!(kind(machine, at, length), Some(expected), "{name} at {at:x}");
    assert!(!sums || adds_up(machine, at, length as usize), "{name}");
    (name, contents)
}

/// The tables that the root pointer leads to, by both ways.
#[track_caller]
fn tables(machine: &Machine) -> Vec<String> {
    let root = find(machine, b"RSD PTR ").expect("there is a root pointer");
    assert!(adds_up(machine, root, 20) && adds_up(machine, root, 36));
    assert_eq!(kind(machine, root, 36), Some(RESERVED));
    let (_, narrow) = table(machine, dword(machine, root + 16));
    let (_, wide) = table(machine, dword(machine, root + 24));
    let number = |chunk: &[u8]| u32::from_le_bytes(chunk[..4].try_into().unwrap());
    let by_narrow: Vec<u32> = narrow[36..].chunks(4).map(number).collect();
    let by_wide: Vec<u32> = wide[36..].chunks(8).map(number).collect();
    assert_eq!(by_narrow, by_wide);
    let mut names: Vec<String> = by_wide.iter().map(|at| table(machine, *at).0).collect();
    let (_, fixed) = table(machine, by_wide[0]);
    names.extend([36, 40].map(|at| table(machine, number(&fixed[at..])).0));
    names
}

#[test]
fn every_table_is_found_and_consistent_with_any_memory() {
    for megabytes in [16, 128, 1024, 3072] {
        let machine = booted(Config { memory: megabytes << 20, ..Config::default() });
        assert_eq!(tables(&machine), ["FACP", "APIC", "HPET", "FACS", "DSDT"]);
        let map = map(&machine);
        assert!(map.windows(2).all(|pair| pair[0].1 <= pair[1].0), "{map:x?}");
        let ram: u64 =
            map.iter().filter(|range| range.0 < 0xE000_0000 && range.0 >= 1 << 20).map(|r| r.1 - r.0).sum();
        assert_eq!(ram, (megabytes - 1) << 20);
        assert_eq!(kind(&machine, 0xFEC0_0000, 0x1000), Some(RESERVED));
        // The windows of PCI belong to nobody.
        assert_eq!(kind(&machine, 0xFEBF_8000, 0x1000), None);
    }
}

#[test]
fn what_is_searched_for_adds_up() {
    let machine = booted(Config::default());
    for (mark, length) in [(&b"_32_"[..], 16), (b"_SM_", 31), (b"$PIR", 128), (b"_MP_", 16)] {
        let at = find(&machine, mark).unwrap();
        assert!(adds_up(&machine, at, length), "{}", mark.escape_ascii());
    }
    let configuration = dword(&machine, find(&machine, b"_MP_").unwrap() + 4);
    assert_eq!(bytes(&machine, configuration, 4), b"PCMP");
    let length = dword(&machine, configuration + 4) & 0xFFFF;
    assert!(adds_up(&machine, configuration, length as usize));
}

#[test]
fn a_processor_without_apic_has_tables_without_them() {
    let machine = booted(Config { cpu: Model::I80486, ..Config::default() });
    assert_eq!(tables(&machine), ["FACP", "FACS", "DSDT"]);
    assert_eq!((find(&machine, b"_MP_"), kind(&machine, 0xFEC0_0000, 0x1000)), (None, None));
}

#[test]
fn without_pci_nothing_is_told() {
    for config in
        [Config { cpu: Model::I80386, ..Config::default() }, Config { pci: false, ..Config::default() }]
    {
        let machine = booted(config);
        for mark in [&b"RSD PTR "[..], b"_32_", b"_SM_", b"$PIR", b"_MP_"] {
            assert_eq!(find(&machine, mark), None);
        }
        assert_eq!(map(&machine).len(), 5);
    }
}

#[test]
fn the_shadowed_rom_cannot_be_written() {
    let mut machine = booted(Config::default());
    let before = bytes(&machine, 0xF_E05B, 4);
    machine.bus_mut().write(PhysAddr(0xF_E05B), ringzero_bus::Width::Dword, 0);
    assert_eq!(bytes(&machine, 0xF_E05B, 4), before);
}

#[test]
fn a_reset_builds_the_tables_again() {
    let mut machine = booted(Config::default());
    let before = bytes(&machine, 0xF_0000, 0x1000);
    machine.reset();
    machine.run(machine.count() + 500_000_000, OnIdle::Jump);
    assert_eq!(bytes(&machine, 0xF_0000, 0x1000), before);
}
