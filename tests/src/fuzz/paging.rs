//! Page tables for random guests: 4 KiB pages, PSE and PAE, with holes, aliases, global and large pages.

use super::program::TILE;
use super::random::Random;
use ringzero_bus::{GuestRam, PhysAddr};
use ringzero_cpu::{CpuState, Features, Model, cr0, cr4};

const POINTERS: u64 = 0x4E00;
const DIRECTORY: u64 = 0x5000;
const TABLE: u64 = 0x6000;
/// Pages that tables, handlers, code and stacks are in; their rights are left alone at first.
const FIRST_PAGES: u64 = 16;

/// Bits of an entry: P, R/W, U/S, A, D, PS or PAT, G.
const ALL: u64 = 0x1E7;

/// Writes tables that map the first megabytes to themselves, and turns paging on.
pub fn enter(state: &mut CpuState, model: &Model, ram: &mut GuestRam, random: &mut Random) {
    let mut options = 0;
    for (feature, bit) in [(Features::PSE, cr4::PSE), (Features::PAE, cr4::PAE), (Features::PGE, cr4::PGE)] {
        if model.has(feature) && !random.one_in(3) {
            options |= bit;
        }
    }
    state.cr4 |= options;
    state.cr0 |= cr0::PG;
    if random.one_in(2) && model.at_least(ringzero_cpu::Generation::I80486) {
        state.cr0 |= cr0::WP;
    }
    if options & cr4::PAE != 0 {
        write_pae(state, ram, random);
    } else {
        write_32(state, ram, random);
    }
}

/// A change that a guest makes: the address of an entry's low half, and bits to toggle.
pub fn change(random: &mut Random) -> (u32, u32) {
    let bits = random.pick(&[1, 2, 4, 0x20, 0x40, 0x60, 0x100, 0x1000, 0x4000, 0x8000, 0x80]);
    if random.one_in(12) {
        return (DIRECTORY as u32 + random.below(8) as u32 * 4, bits);
    }
    // Either format: entries of four or of eight bytes.
    let page = if random.one_in(6) { random.below(FIRST_PAGES) } else { FIRST_PAGES + random.below(64) };
    let size = random.pick(&[4, 8]);
    (TABLE as u32 + page as u32 * size, bits)
}

/// Rights of a page: most of them all.
fn rights(page: u64, random: &mut Random) -> u64 {
    let global = if random.one_in(6) { 0x100 } else { 0 };
    let rights = if page < FIRST_PAGES || !random.one_in(4) { 7 } else { random.pick(&[0, 1, 3, 5, 0x67]) };
    rights | global
}

/// Where a page lies; some have an alias elsewhere.
fn frame(page: u64, random: &mut Random) -> u64 {
    if page > 64 && random.one_in(8) { 8 + random.below(8) } else { page }
}

fn write_32(state: &mut CpuState, ram: &mut GuestRam, random: &mut Random) {
    ram.write(PhysAddr(DIRECTORY), &[0; TILE]);
    ram.write(PhysAddr(DIRECTORY), &(TABLE as u32 | 7).to_le_bytes());
    // 4 MiB pages, or with PSE off tables where there is code.
    for entry in 1..4u64 {
        let value = random.bits() & ALL | 0x81;
        ram.write(PhysAddr(DIRECTORY + entry * 4), &(value as u32).to_le_bytes());
    }
    for page in 0..1024 {
        let value = frame(page, random) << 12 | rights(page, random);
        ram.write(PhysAddr(TABLE + page * 4), &(value as u32).to_le_bytes());
    }
    state.cr3 = DIRECTORY;
}

fn write_pae(state: &mut CpuState, ram: &mut GuestRam, random: &mut Random) {
    state.pdpte = [DIRECTORY | 1, 0, DIRECTORY | 1, 0];
    for (n, pointer) in (0..).zip(state.pdpte) {
        ram.write(PhysAddr(POINTERS + n * 8), &pointer.to_le_bytes());
    }
    ram.write(PhysAddr(DIRECTORY), &[0; TILE]);
    ram.write(PhysAddr(DIRECTORY), &(TABLE | 7).to_le_bytes());
    for entry in 1..4u64 {
        let value = random.bits() & ALL | 0x81;
        ram.write(PhysAddr(DIRECTORY + entry * 8), &value.to_le_bytes());
    }
    for page in 0..512 {
        let value = frame(page, random) << 12 | rights(page, random);
        ram.write(PhysAddr(TABLE + page * 8), &value.to_le_bytes());
    }
    state.cr3 = POINTERS;
}
