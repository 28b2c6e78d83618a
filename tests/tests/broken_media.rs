//! Broken discs, boot sectors and kernels: whatever they hold, the machine ends its slice, and nothing panics.

use ringzero_machine::kernel::Kernel;
use ringzero_machine::{BootDevice, Config, Machine, Media, OnIdle};
use ringzero_tests::fuzz::random::Random;
use ringzero_tests::{pc, shared};

/// Instructions each machine gets: POST needs a million.
const INSTRUCTIONS: u64 = 4_000_000;
/// Broken images of each kind.
const ROUNDS: usize = if cfg!(debug_assertions) { 20 } else { 60 };
const BLOCK: usize = 2048;

fn seed() -> u64 {
    std::env::var("RINGZERO_SEED").ok().and_then(|seed| seed.parse().ok()).unwrap_or(1)
}

fn run(config: Config, media: Media) {
    // A configuration that is refused is an answer as well.
    if let Ok(mut machine) = Machine::new(Config { memory: 8 << 20, ..config }, media) {
        let limit = INSTRUCTIONS;
        while machine.count() < limit {
            if machine.run(limit, OnIdle::Jump) != ringzero_machine::Stop::Limit {
                break;
            }
        }
    }
}

/// Changes bytes between `first` and `end` to values that break things.
fn spoil(bytes: &mut [u8], random: &mut Random, places: &[std::ops::Range<usize>]) {
    for _ in 0..1 + random.below(4) {
        let place = places[random.below(places.len() as u64) as usize].clone();
        let at = place.start + random.below(place.len() as u64) as usize;
        let value = [0x00, 0xFF, 0x7F, 0x80, random.below(256) as u8][random.below(5) as usize];
        let end = (at + 1 + random.below(4) as usize).min(bytes.len());
        bytes[at..end].fill(value);
    }
}

/// A disc with one boot image of the given medium: a jump to itself, and a partition table.
fn disc(medium: u8) -> Vec<u8> {
    let mut sector = [0; 512];
    sector[..2].copy_from_slice(&[0xEB, 0xFE]);
    sector[0x1BE..0x1CE].copy_from_slice(&[0x80, 1, 1, 0, 6, 1, 18, 39, 18, 0, 0, 0, 100, 0, 0, 0]);
    sector[510..].copy_from_slice(&[0x55, 0xAA]);
    pc::bootable_disc(medium, 4, &sector)
}

#[test]
fn broken_discs() {
    let mut random = Random::new(seed());
    for round in 0..ROUNDS {
        let mut disc = disc((round % 5) as u8);
        let places = [
            17 * BLOCK..17 * BLOCK + 0x4B,
            20 * BLOCK..20 * BLOCK + 64,
            21 * BLOCK + 0x1BE..21 * BLOCK + 512,
        ];
        spoil(&mut disc, &mut random, &places);
        let length = if random.below(4) == 0 { random.below(disc.len() as u64) as usize } else { disc.len() };
        disc.truncate(length);
        run(pc::from(BootDevice::Cd), pc::cd(disc));
    }
}

#[test]
fn disks_of_random_sectors() {
    let mut random = Random::new(seed() ^ 0x5EC7);
    for round in 0..ROUNDS {
        let length = [1, 511, 512, 513, 63 * 512, 2 << 20][round % 6];
        let mut disk: Vec<u8> = (0..length).map(|_| random.below(256) as u8).collect();
        if let Some(signature) = disk.get_mut(510..512) {
            signature.copy_from_slice(&[0x55, 0xAA]);
        }
        run(pc::from(BootDevice::HardDisk), pc::hard_disk(disk));
    }
}

#[test]
fn broken_kernels() {
    let mut random = Random::new(seed() ^ 0xE1F);
    let Some(folder) = shared::folder("guests") else { return };
    let kernels = ["memtest86+ia32.bin", "ipxe.lkrn"].map(|name| std::fs::read(folder.join(name)).unwrap());
    for round in 0..ROUNDS {
        let mut image = kernels[round % kernels.len()].clone();
        spoil(&mut image, &mut random, &[0x1F1..0x270, 0..0x2000]);
        let length =
            if random.below(4) == 0 { random.below(image.len() as u64) as usize } else { image.len() };
        image.truncate(length);
        let kernel = Kernel { image: image.into(), ..Kernel::default() };
        run(Config { kernel: Some(kernel), ..Config::default() }, Media::default());
    }
}
