//! Kernels without a disk: what multiboot 1 and 2 and PVH kernels are told, under every firmware. The kernel sends EAX, EBX
//! and what EBX points at to port E9h.

use ringzero_machine::kernel::{Initrd, Kernel};
use ringzero_machine::{Config, DebugExitConfig, Media, OnIdle, Stop};
use ringzero_tests::pc::{BOCHS, Firmware, OURS, SEABIOS, boot};

/// Where the kernels lie.
const LOAD: u32 = 0x10_0000;
/// Bytes of what EBX points at that are sent.
const SENT: usize = 2048;

/// CLD; [200000h] := EAX, EBX; both to port E9h, then 2048 bytes from EBX on; 10h to port F4h.
const CODE: [u8; 46] = [
    0xFC, 0xA3, 0x00, 0x00, 0x20, 0x00, 0x89, 0x1D, 0x04, 0x00, 0x20, 0x00, 0x66, 0xBA, 0xE9, 0x00, 0xBE,
    0x00, 0x00, 0x20, 0x00, 0xB9, 0x08, 0x00, 0x00, 0x00, 0xF3, 0x6E, 0x89, 0xDE, 0xB9, 0x00, 0x08, 0x00,
    0x00, 0xF3, 0x6E, 0x66, 0xBA, 0xF4, 0x00, 0xB0, 0x10, 0xEE, 0xEB, 0xFE,
];

fn dwords(values: &[u32]) -> Vec<u8> {
    values.iter().flat_map(|value| value.to_le_bytes()).collect()
}

/// Fields: magic, flags (memory, address fields), checksum, header, load, load end, BSS end, entry.
fn multiboot1() -> Vec<u8> {
    let (magic, flags) = (0x1BAD_B002u32, 0x0001_0002u32);
    let checksum = 0u32.wrapping_sub(magic.wrapping_add(flags));
    let header = dwords(&[magic, flags, checksum, LOAD, LOAD, 0, 0, LOAD + 32]);
    [header, CODE.to_vec()].concat()
}

/// Header of 16 bytes, an address tag, an entry tag, the end.
fn multiboot2() -> Vec<u8> {
    let (magic, length) = (0xE852_50D6u32, 64);
    let checksum = 0u32.wrapping_sub(magic + length);
    let header = [magic, 0, length, checksum, 2, 24, LOAD, LOAD, 0, 0, 3, 12, LOAD + 64, 0, 0, 8];
    [dwords(&header), CODE.to_vec()].concat()
}

/// An ELF file of one segment and one note.
fn pvh() -> Vec<u8> {
    let (code, note) = (52 + 64, 52 + 64 + CODE.len() as u32);
    let mut file = b"\x7FELF\x01\x01\x01\0\0\0\0\0\0\0\0\0\x02\0\x03\0".to_vec();
    file.extend(dwords(&[1, LOAD, 52, 0, 0]));
    file.extend([52, 0, 32, 0, 2, 0, 0, 0, 0, 0, 0, 0]);
    file.extend(dwords(&[1, code, LOAD, LOAD, CODE.len() as u32, 0x1000, 7, 0]));
    file.extend(dwords(&[4, note, 0, 0, 20, 20, 4, 0]));
    file.extend(CODE);
    file.extend(dwords(&[4, 4, 18, u32::from_le_bytes(*b"Xen\0"), LOAD]));
    file
}

/// What a kernel was told: EAX, EBX, and memory from EBX on.
struct Told {
    eax: u32,
    ebx: u32,
    bytes: Vec<u8>,
}

impl Told {
    fn get(&self, at: usize) -> u32 {
        u32::from_le_bytes([0, 1, 2, 3].map(|n| self.bytes[at + n]))
    }

    fn long(&self, at: usize) -> u64 {
        u64::from(self.get(at)) | u64::from(self.get(at + 4)) << 32
    }

    /// Where an address lies in what was sent.
    fn place(&self, address: u32) -> usize {
        (address - self.ebx) as usize
    }

    fn text(&self, address: u32) -> String {
        let bytes = &self.bytes[self.place(address)..];
        String::from_utf8_lossy(bytes.split(|byte| *byte == 0).next().unwrap()).into_owned()
    }

    /// Ranges of 24 bytes: RAM begins at 0 and at 1 MiB, and there is 30 MiB of it at least.
    fn check_map(&self, at: usize, count: usize, name: &str) {
        assert!((3..64).contains(&count), "{name}: {count} ranges");
        let ranges =
            (0..count).map(|n| at + 24 * n).map(|at| (self.long(at), self.long(at + 8), self.get(at + 16)));
        let ram: Vec<(u64, u64)> =
            ranges.filter(|range| range.2 == 1).map(|range| (range.0, range.1)).collect();
        assert!(ram.iter().any(|(first, _)| *first == 0), "{name}: {ram:x?}");
        assert!(ram.iter().any(|(first, size)| *first == 1 << 20 && *size > 30 << 20), "{name}: {ram:x?}");
    }
}

#[track_caller]
fn run(firmware: &Firmware, image: Vec<u8>) -> Option<Told> {
    let initrds = vec![Initrd { data: (*b"a module").into(), command_line: "module words".to_owned() }];
    let kernel = Kernel {
        image: image.into(),
        name: "kernel".to_owned(),
        initrds,
        command_line: "some words".to_owned(),
    };
    let debug_exit = Some(DebugExitConfig { iobase: 0xF4, iosize: 4 });
    let config = Config { memory: 32 << 20, kernel: Some(kernel), debug_exit, ..Config::default() };
    let mut session = boot(firmware, Media::default(), config)?;
    // Firmware of others talks to the same port.
    let mut said = Vec::new();
    loop {
        let stop = session.machine.run(session.machine.count() + 1_000_000, OnIdle::Jump);
        said.extend(session.machine.take_debug_console());
        match stop {
            Stop::DebugExit(_) => break,
            _ => assert!(
                stop == Stop::Limit && session.machine.count() < 5_000_000_000,
                "{stop:?}:\n{}",
                session.screen()
            ),
        }
    }
    let said = &said[said.len() - 8 - SENT..];
    let dword = |at: usize| u32::from_le_bytes([0, 1, 2, 3].map(|n| said[at + n]));
    Some(Told { eax: dword(0), ebx: dword(4), bytes: said[8..].to_vec() })
}

#[test]
fn a_multiboot_kernel_is_told_of_memory_command_line_and_modules() {
    for firmware in [OURS, SEABIOS, BOCHS] {
        let Some(told) = run(&firmware, multiboot1()) else { return };
        assert_eq!(told.eax, 0x2BAD_B002);
        assert_eq!(told.get(0) & 0x4D, 0x4D);
        assert!(
            (600..=640).contains(&told.get(4)) && told.get(8) > 30 << 10,
            "{}: {}",
            firmware.name,
            told.get(8)
        );
        assert_eq!(told.text(told.get(16)), "kernel some words");
        let module = told.place(told.get(24));
        assert_eq!((told.get(20), told.get(module + 4) - told.get(module)), (1, 8));
        assert_eq!(told.text(told.get(module + 8)), "module words");
        let (length, map) = (told.get(44) as usize, told.place(told.get(48)));
        assert_eq!((length % 24, told.get(map)), (0, 20));
        told.check_map(map + 4, length / 24, firmware.name);
    }
}

#[test]
fn a_multiboot_2_kernel_gets_tags_up_to_an_end() {
    for firmware in [OURS, SEABIOS, BOCHS] {
        let Some(told) = run(&firmware, multiboot2()) else { return };
        assert_eq!(told.eax, 0x36D7_6289);
        let (mut at, mut kinds) = (8, Vec::new());
        while told.get(at) != 0 {
            let (kind, size) = (told.get(at), told.get(at + 4) as usize);
            kinds.push(kind);
            match kind {
                1 => assert_eq!(told.text(told.ebx + at as u32 + 8), "some words"),
                6 => told.check_map(at + 16, (size - 16) / 24, firmware.name),
                _ => {}
            }
            at += size.next_multiple_of(8);
        }
        assert_eq!((kinds, told.get(0) as usize), (vec![1, 2, 3, 4, 6], at + 8));
    }
}

#[test]
fn a_pvh_kernel_gets_its_start_info() {
    for firmware in [OURS, SEABIOS, BOCHS] {
        let Some(told) = run(&firmware, pvh()) else { return };
        assert_eq!((told.get(0), told.get(4), told.get(12)), (0x336E_C578, 1, 1));
        assert_eq!(told.text(told.get(24)), "some words");
        let module = told.place(told.get(16));
        assert_eq!(told.long(module + 8), 8);
        told.check_map(told.place(told.get(40)), told.get(48) as usize, firmware.name);
    }
}
