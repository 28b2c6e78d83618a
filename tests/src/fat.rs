//! Puts a file on a FAT12 diskette, as a test needs it: into the root directory, of a name that is not there yet.

/// A diskette's parameters, from its boot sector.
struct Layout {
    sector: usize,
    cluster: usize,
    fat: usize,
    fat_len: usize,
    fats: usize,
    root: usize,
    root_entries: usize,
    data: usize,
    clusters: usize,
}

impl Layout {
    fn of(disk: &[u8]) -> Self {
        let word = |at: usize| usize::from(u16::from_le_bytes([disk[at], disk[at + 1]]));
        let sector = word(11);
        let (fats, root_entries, total) = (usize::from(disk[16]), word(17), word(19));
        let cluster = usize::from(disk[13]) * sector;
        let (fat, fat_len) = (word(14) * sector, word(22) * sector);
        let root = fat + fats * fat_len;
        let data = root + root_entries * 32;
        let clusters = (total * sector - data) / cluster;
        Self { sector, cluster, fat, fat_len, fats, root, root_entries, data, clusters }
    }

    fn place(&self, cluster: usize) -> usize {
        self.fat + cluster * 3 / 2
    }

    fn next(&self, disk: &[u8], cluster: usize) -> usize {
        let at = self.place(cluster);
        let pair = usize::from(u16::from_le_bytes([disk[at], disk[at + 1]]));
        if cluster.is_multiple_of(2) { pair & 0xFFF } else { pair >> 4 }
    }

    fn set_next(&self, disk: &mut [u8], cluster: usize, next: usize) {
        for n in 0..self.fats {
            let at = self.place(cluster) + n * self.fat_len;
            let pair = usize::from(u16::from_le_bytes([disk[at], disk[at + 1]]));
            let pair =
                if cluster.is_multiple_of(2) { pair & 0xF000 | next } else { pair & 0x000F | next << 4 };
            disk[at..at + 2].copy_from_slice(&(pair as u16).to_le_bytes());
        }
    }
}

/// Puts `bytes` on the diskette under a name of eleven characters, blanks between and no dot; `None` where there is no room.
pub fn put(disk: &mut [u8], name: &[u8; 11], bytes: &[u8]) -> Option<()> {
    let layout = Layout::of(disk);
    let needed = bytes.len().div_ceil(layout.cluster).max(1);
    let free = (2..layout.clusters + 2).filter(|&cluster| layout.next(disk, cluster) == 0);
    let chain: Vec<usize> = free.take(needed).collect();
    let entry = (0..layout.root_entries)
        .map(|n| layout.root + 32 * n)
        .find(|&at| matches!(disk[at], 0x00 | 0xE5))
        .filter(|_| chain.len() == needed && layout.sector != 0)?;
    for (n, &cluster) in chain.iter().enumerate() {
        layout.set_next(disk, cluster, chain.get(n + 1).copied().unwrap_or(0xFFF));
        let at = layout.data + (cluster - 2) * layout.cluster;
        let piece =
            &bytes[(n * layout.cluster).min(bytes.len())..((n + 1) * layout.cluster).min(bytes.len())];
        disk[at..at + piece.len()].copy_from_slice(piece);
    }
    let mut record = [0; 32];
    record[..11].copy_from_slice(name);
    record[26..28].copy_from_slice(&(chain[0] as u16).to_le_bytes());
    record[28..].copy_from_slice(&(bytes.len() as u32).to_le_bytes());
    disk[entry..entry + 32].copy_from_slice(&record);
    Some(())
}
