use super::script::{Chunk, MapPlace, Patch};
use super::*;

const MEMORY: u64 = 64 << 20;

fn put(image: &mut [u8], at: usize, value: u32) {
    image[at..at + 4].copy_from_slice(&value.to_le_bytes());
}

fn get(bytes: &[u8], at: usize) -> u32 {
    u32::from_le_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]])
}

fn kernel(image: Vec<u8>) -> Kernel {
    Kernel { image: image.into(), command_line: "quiet".to_owned(), ..Kernel::default() }
}

/// A bzImage of protocol 2.12 with two setup sectors and 1000 bytes of kernel.
fn linux() -> Vec<u8> {
    let mut image = vec![0; 3 * 512 + 1000];
    image[0x1F1] = 2;
    image[0x1FE..0x200].copy_from_slice(&[0x55, 0xAA]);
    image[0x202..0x206].copy_from_slice(b"HdrS");
    image[0x206..0x208].copy_from_slice(&[0x0C, 0x02]);
    image[0x211] = 1;
    put(&mut image, 0x22C, 0x7FFF_FFFF);
    put(&mut image, 0x238, 2047);
    image[3 * 512] = 0xEB;
    image
}

/// An ELF file with one segment of 16 bytes at 1 MiB, 32 in memory, entered at its virtual address plus 4.
fn elf(extra: &[u8]) -> Vec<u8> {
    let mut image = vec![0; 0x1000 + 16 + extra.len()];
    image[..8].copy_from_slice(b"\x7FELF\x01\x01\x01\0");
    image[16..20].copy_from_slice(&[2, 0, 3, 0]);
    put(&mut image, 20, 1);
    put(&mut image, 24, 0xC010_0004);
    put(&mut image, 28, 52);
    image[40..46].copy_from_slice(&[52, 0, 32, 0, 2, 0]);
    for (at, value) in [(0, 1), (4, 0x1000), (8, 0xC010_0000), (12, 0x10_0000), (16, 16), (20, 32)] {
        put(&mut image, 52 + at, value);
    }
    for (at, value) in [(0, 4), (4, 0x1010), (16, extra.len() as u32)] {
        put(&mut image, 84 + at, value);
    }
    image[0x1010..].copy_from_slice(extra);
    image
}

fn multiboot1() -> Vec<u8> {
    let mut image = elf(&[]);
    put(&mut image, 0x200, 0x1BAD_B002);
    put(&mut image, 0x204, 3);
    put(&mut image, 0x208, 0u32.wrapping_sub(0x1BAD_B002 + 3));
    image
}

fn chunk_at(script: &Script, address: u32) -> &Chunk {
    script.chunks.iter().find(|chunk| chunk.address == address).unwrap()
}

#[test]
fn linux_goes_to_one_mebibyte_and_its_setup_to_64_kib() {
    let script = kernel(linux()).script(MEMORY).unwrap();
    assert_eq!(script.entry, 0x1020_0000);
    assert_eq!(chunk_at(&script, 0x10_0000).length, 1000);
    let setup = &chunk_at(&script, 0x1_0000).data;
    assert_eq!((setup[0x210], setup[0x211], get(setup, 0x228)), (0xFF, 0x81, 0x2_0000));
    assert_eq!(chunk_at(&script, 0x2_0000).data[..], *b"quiet\0");
}

#[test]
fn an_initrd_ends_below_the_firmwares_tables_on_a_page() {
    let mut kernel = kernel(linux());
    let initrd = Initrd { data: vec![7; 5000].into(), ..Initrd::default() };
    kernel.initrds = vec![initrd];
    let script = kernel.script(MEMORY).unwrap();
    let at = (63 << 20) - 0x2000;
    assert_eq!(chunk_at(&script, at).data.len(), 5000);
    let setup = &chunk_at(&script, 0x1_0000).data;
    assert_eq!((get(setup, 0x218), get(setup, 0x21C)), (at, 5000));
}

#[test]
fn an_initrd_that_leaves_the_kernel_no_room_is_refused() {
    let mut kernel = kernel(linux());
    kernel.initrds = vec![Initrd { data: vec![0; 62 << 20].into(), ..Initrd::default() }];
    assert!(matches!(kernel.script(MEMORY), Err(KernelError::NoRoom { .. })));
}

#[test]
fn vga_words_and_numbers_become_a_mode() {
    for (text, mode) in [("vga=ask", 0xFFFD), ("a vga=791 b", 791), ("vga=0x317", 0x317)] {
        let kernel = Kernel { command_line: text.to_owned(), ..kernel(linux()) };
        let script = kernel.script(MEMORY).unwrap();
        let setup = &chunk_at(&script, 0x1_0000).data;
        assert_eq!(u16::from_le_bytes([setup[0x1FA], setup[0x1FB]]), mode, "{text}");
    }
}

#[test]
fn a_command_line_longer_than_the_kernel_takes_is_refused() {
    let kernel = Kernel { command_line: "x".repeat(2048), ..kernel(linux()) };
    assert!(matches!(kernel.script(MEMORY), Err(KernelError::Unsupported(_))));
}

#[test]
fn a_multiboot_kernel_is_told_of_its_modules_and_memory() {
    let mut kernel = kernel(multiboot1());
    kernel.initrds = vec![Initrd { data: vec![9; 10].into(), command_line: "mod one".to_owned() }];
    let script = kernel.script(MEMORY).unwrap();
    assert_eq!((script.entry, script.eax, script.ebx), (0x10_0004, 0x2BAD_B002, 0x1_0000));
    assert_eq!(chunk_at(&script, 0x10_0000).length, 32);
    assert_eq!(chunk_at(&script, 0x10_1000).data[..], [9; 10]);
    let info = &chunk_at(&script, 0x1_0000).data;
    assert_eq!(get(info, 0), 0b10_0100_1101);
    let text = |at: u32| {
        let bytes = &info[(at - 0x1_0000) as usize..];
        String::from_utf8_lossy(bytes.split(|byte| *byte == 0).next().unwrap()).into_owned()
    };
    assert_eq!((text(get(info, 16)), text(get(info, 64))), ("quiet".to_owned(), "RingZero".to_owned()));
    let module = (get(info, 24) - 0x1_0000) as usize;
    assert_eq!((get(info, module), get(info, module + 4)), (0x10_1000, 0x10_100A));
    assert_eq!(text(get(info, module + 8)), "mod one");
    assert_eq!(script.map, Some(MapPlace { address: get(info, 48), prefix: 4 }));
    assert_eq!(script.patches, [Patch { address: 0x1_0000 + 44, factor: 24, summand: 0 }]);
}

#[test]
fn a_multiboot_kernel_by_addresses_needs_no_elf() {
    let mut image = vec![0; 0x100];
    let header = [0x1BAD_B002, 1 << 16, 0, 0x20_0010, 0x20_0000, 0x20_0080, 0x20_0200, 0x20_0040];
    for (at, value) in (0x10..).step_by(4).zip(header) {
        put(&mut image, at, value);
    }
    put(&mut image, 0x18, 0u32.wrapping_sub(0x1BAD_B002 + (1 << 16)));
    let script = kernel(image).script(MEMORY).unwrap();
    let chunk = chunk_at(&script, 0x20_0000);
    assert_eq!((chunk.data.len(), chunk.length, script.entry), (0x80, 0x200, 0x20_0040));
}

/// A multiboot 2 header with one tag.
fn multiboot2(kind: u32, body: &[u32]) -> Vec<u8> {
    let mut image = elf(&[]);
    let size = 8 + 4 * body.len() as u32;
    let length = 16 + size.next_multiple_of(8) + 8;
    for (n, value) in
        [0xE852_50D6, 0, length, 0u32.wrapping_sub(0xE852_50D6 + length)].into_iter().enumerate()
    {
        put(&mut image, 0x400 + 4 * n, value);
    }
    for (n, value) in [kind, size].iter().chain(body).enumerate() {
        put(&mut image, 0x410 + 4 * n, *value);
    }
    put(&mut image, 0x400 + length as usize - 4, 8);
    image
}

#[test]
fn a_multiboot_2_kernel_gets_tags_with_the_map_last() {
    let script = kernel(multiboot2(1, &[1, 6])).script(MEMORY).unwrap();
    assert_eq!((script.entry, script.eax), (0x10_0004, 0x36D7_6289));
    let info = &chunk_at(&script, 0x1_0000).data;
    let mut kinds = Vec::new();
    let mut at = 8;
    while at < info.len() {
        kinds.push(get(info, at));
        at += (get(info, at + 4) as usize).next_multiple_of(8).max(16);
    }
    assert_eq!(kinds, [1, 2, 4, 6]);
    assert_eq!(script.patches[1].summand, info.len() as u32 + 8);
}

#[test]
fn a_multiboot_2_kernel_that_insists_on_more_is_refused() {
    assert!(matches!(kernel(multiboot2(1, &[8])).script(MEMORY), Err(KernelError::Unsupported(_))));
    assert!(kernel(multiboot2(1 | 1 << 16, &[8])).script(MEMORY).is_ok());
}

#[test]
fn an_elf_kernel_with_a_note_starts_at_its_pvh_entry() {
    let mut note = Vec::new();
    for value in [4, 4, 18, u32::from_le_bytes(*b"Xen\0"), 0x10_0008] {
        note.extend(value.to_le_bytes());
    }
    let script = kernel(elf(&note)).script(MEMORY).unwrap();
    assert_eq!((script.entry, script.eax), (0x10_0008, 0));
    let info = &chunk_at(&script, 0x1_0000).data;
    assert_eq!((get(info, 0), get(info, 4)), (0x336E_C578, 1));
}

#[test]
fn what_is_no_kernel_is_named() {
    assert_eq!(kernel(vec![0; 4096]).script(MEMORY), Err(KernelError::NotAKernel));
    assert_eq!(kernel(elf(&[])).script(MEMORY), Err(KernelError::NoEntry));
    assert_eq!(kernel(Vec::new()).script(MEMORY), Err(KernelError::NotAKernel));
}

#[test]
fn no_broken_kernel_panics() {
    let images = [linux(), multiboot1(), multiboot2(1, &[1]), elf(&[0xFF; 40])];
    let mut seed = 1u64;
    let mut random = || {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (seed >> 33) as usize
    };
    for round in 0..20_000 {
        let mut image = images[round % images.len()].clone();
        for _ in 0..1 + random() % 4 {
            let at = random() % image.len().min(0x600);
            let value = [0, 0xFF, 0x7F, 0x80, random() as u8][random() % 5];
            let end = (at + 1 + random() % 4).min(image.len());
            image[at..end].fill(value);
        }
        image.truncate(if random() % 4 == 0 { random() % image.len() } else { image.len() });
        // Whatever comes is an answer.
        let _ = kernel(image).items(MEMORY);
    }
}
