//! Interrupt vectors of random real-mode guests.

use super::random::Random;

/// Linear address of the interrupt handlers.
pub const HANDLERS: u64 = 0x600;

/// The vector table and the handlers behind it, as bytes of memory from 0 on.
pub fn table(random: &mut Random) -> Vec<u8> {
    let mut memory = vec![0; HANDLERS as usize];
    for vector in 0..256 {
        let handler = memory.len() as u16;
        memory[vector * 4..vector * 4 + 2].copy_from_slice(&handler.to_le_bytes());
        let skip = 1 + random.below(4) as u8;
        let body: &[u8] = match (vector, random.below(8)) {
            // Returns behind the instruction at fault: ADD word [BP+2], skip.
            (0 | 5..=7 | 12 | 13, 0..7) => &[0x55, 0x8B, 0xEC, 0x83, 0x46, 0x02, skip, 0x5D],
            // Clears TF of the caller: AND word [BP+6], FEFFh.
            (1, 0) => &[0x55, 0x8B, 0xEC, 0x81, 0x66, 0x06, 0xFF, 0xFE, 0x5D],
            (_, 1) => &[0x50, 0xE4, 0x20, 0xE6, 0x21, 0x58],
            (_, 2) => &[0xFB],
            (_, 3) => &[0xFB, 0x90, 0x41],
            _ => &[],
        };
        memory.extend_from_slice(body);
        memory.push(0xCF);
    }
    memory
}
