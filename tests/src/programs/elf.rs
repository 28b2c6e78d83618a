//! ELF kernels for PVH, with symbols.

/// Where kernels lie.
pub const LOAD: u32 = 0x10_0000;
/// Bytes of a kernel: code in the first page, its data behind.
pub const SIZE: u32 = 0x1_0000;

fn dwords(values: &[u32]) -> Vec<u8> {
    values.iter().flat_map(|value| value.to_le_bytes()).collect()
}

/// A kernel that is entered at [`LOAD`] in flat 32-bit protected mode.
pub fn kernel(image: &[u8], symbols: &[(String, u32)]) -> Vec<u8> {
    const HEADERS: u32 = 52 + 2 * 32;
    let note = [dwords(&[4, 4, 18, u32::from_le_bytes(*b"Xen\0"), LOAD])].concat();
    let (mut names, mut table) = (vec![0], vec![0; 16]);
    for (name, address) in symbols {
        table.extend(dwords(&[names.len() as u32, *address, 0]));
        // STB_GLOBAL, STT_FUNC; absolute.
        table.extend([0x12, 0, 0xF1, 0xFF]);
        names.extend(name.bytes());
        names.push(0);
    }
    let sections = b"\0.symtab\0.strtab\0.shstrtab\0";
    let at = |parts: &[usize]| HEADERS + parts.iter().sum::<usize>() as u32;
    let (note_at, table_at) = (at(&[image.len()]), at(&[image.len(), note.len()]));
    let names_at = at(&[image.len(), note.len(), table.len()]);
    let sections_at = at(&[image.len(), note.len(), table.len(), names.len()]);
    let headers_at = sections_at + sections.len() as u32;
    let mut file = b"\x7FELF\x01\x01\x01\0\0\0\0\0\0\0\0\0\x02\0\x03\0".to_vec();
    file.extend(dwords(&[1, LOAD, 52, headers_at, 0]));
    file.extend([52, 0, 32, 0, 2, 0, 40, 0, 4, 0, 3, 0]);
    file.extend(dwords(&[1, HEADERS, LOAD, LOAD, image.len() as u32, SIZE, 7, 0]));
    file.extend(dwords(&[4, note_at, 0, 0, note.len() as u32, note.len() as u32, 4, 0]));
    for part in [image, &note[..], &table, &names, &sections[..]] {
        file.extend(part);
    }
    file.extend(dwords(&[0; 10]));
    file.extend(dwords(&[1, 2, 0, 0, table_at, table.len() as u32, 2, 1, 4, 16]));
    file.extend(dwords(&[9, 3, 0, 0, names_at, names.len() as u32, 0, 0, 1, 0]));
    file.extend(dwords(&[17, 3, 0, 0, sections_at, sections.len() as u32, 0, 0, 1, 0]));
    file
}
