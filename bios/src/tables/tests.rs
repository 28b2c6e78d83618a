use super::*;
use crate::testing::FakeMachine;

fn built() -> FakeMachine {
    let mut machine = FakeMachine::with_pci();
    machine.ram_size = 4 << 20;
    machine.memory.resize(4 << 20, 0);
    machine.memory[0xF_0000..0x10_0000].copy_from_slice(ringzero_roms::SYSTEM_ROM);
    build(&mut machine.guest()).unwrap();
    machine
}

fn find(machine: &FakeMachine, mark: &[u8]) -> usize {
    let places = (0xF_0000..0x10_0000).step_by(16);
    places.into_iter().find(|at| machine.memory[*at..].starts_with(mark)).unwrap()
}

fn sum(machine: &FakeMachine, at: usize, length: usize) -> u8 {
    machine.memory[at..at + length].iter().fold(0, |sum, byte| sum.wrapping_add(*byte))
}

fn dword(machine: &FakeMachine, at: usize) -> usize {
    u32::from_le_bytes([0, 1, 2, 3].map(|n| machine.memory[at + n])) as usize
}

#[test]
fn what_systems_search_for_is_there_and_adds_up() {
    let machine = built();
    for (mark, length) in [(&b"RSD PTR "[..], 36), (b"_32_", 16), (b"$PIR", 32 + 96), (b"_SM_", 31)] {
        assert_eq!(sum(&machine, find(&machine, mark), length), 0, "{}", mark.escape_ascii());
    }
}

#[test]
fn the_rom_is_kept_around_the_tables() {
    let machine = built();
    assert_eq!(machine.memory[0xF_1000..0x10_0000], ringzero_roms::SYSTEM_ROM[0x1000..]);
    assert_eq!(machine.config(0)[0x59], PAM_READ_ONLY);
}

#[test]
fn the_service_directory_leads_into_the_rom() {
    let machine = built();
    let at = find(&machine, b"_32_");
    assert_eq!(dword(&machine, at + 4), 0xF_0000 + usize::from(label::BIOS32));
}

#[test]
fn structures_of_the_machine_follow_each_other_to_the_last() {
    let machine = built();
    let entry = find(&machine, b"_SM_");
    assert_eq!(sum(&machine, entry + 16, 15), 0);
    let (mut at, count) = (dword(&machine, entry + 24), machine.memory[entry + 28]);
    let mut kinds = Vec::new();
    for _ in 0..count {
        kinds.push(machine.memory[at]);
        at += usize::from(machine.memory[at + 1]);
        at += machine.memory[at..].windows(2).position(|pair| pair == [0, 0]).unwrap() + 2;
    }
    assert_eq!(kinds, [0, 1, 3, 4, 16, 17, 19, 32, 127]);
}

#[test]
fn the_root_table_is_at_the_end_of_memory() {
    let machine = built();
    let rsdt = dword(&machine, find(&machine, b"RSD PTR ") + 16);
    assert_eq!((rsdt, &machine.memory[rsdt..rsdt + 4]), (0x3F_0000, &b"RSDT"[..]));
    assert_eq!(sum(&machine, rsdt, dword(&machine, rsdt + 4)), 0);
}

#[test]
fn a_configuration_table_counts_its_entries() {
    let mut area = LowArea::new();
    let apics = platform::Apics { local_id: 0, local_version: 0x14, io_version: 0x11 };
    mp::put(&mut area, platform::Processor::default(), apics);
    let (pointer, table) = area.bytes.split_at(16);
    let size = usize::from(u16::from_le_bytes([table[4], table[5]]));
    let adds_up = |bytes: &[u8]| bytes.iter().fold(0u8, |sum, byte| sum.wrapping_add(*byte)) == 0;
    assert!(adds_up(pointer) && adds_up(&table[..size]));
    let (mut at, mut count) = (44, 0u16);
    while at < size {
        at += if table[at] == 0 { 20 } else { 8 };
        count += 1;
    }
    assert_eq!((at, count), (size, u16::from_le_bytes([table[34], table[35]])));
}
