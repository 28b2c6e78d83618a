use super::*;

#[test]
fn outside_ram_reads_ones_and_drops_writes() {
    let mut ram = GuestRam::new(PAGE_SIZE);
    let rom = ram.add_rom(&[0x90]);
    ram.write(PhysAddr(0xFFE), &[1, 2, 3, 4]);
    ram.write(PhysAddr(u64::MAX), &[9]);
    let mut out = [0; 4];
    ram.read(PhysAddr(0xFFE), &mut out);
    assert_eq!(out, [1, 2, 0xFF, 0xFF]);
    ram.read_at(rom, &mut out);
    assert_eq!(out, [0x90, 0xFF, 0xFF, 0xFF]);
}

#[test]
fn only_a_write_to_a_code_line_is_a_hit() {
    let mut ram = GuestRam::new(2 * PAGE_SIZE);
    ram.mark_code(0, 1 << 63);
    ram.mark_code(1, 0b11);
    ram.write(PhysAddr(0x100), &[0; 16]);
    assert!(!ram.has_code_hits());
    ram.write(PhysAddr(0xFFF), &[0, 0]);
    let mut hits = Vec::new();
    ram.take_code_hits(&mut hits);
    assert_eq!(hits, [CodeHit { page: 0, lines: 1 << 63 }, CodeHit { page: 1, lines: 1 }]);
    assert_eq!(ram.code_lines(1), 0b10);
}

#[test]
fn memory_that_was_never_written_costs_no_pages() {
    let mut ram = GuestRam::new(64 * PAGE_SIZE);
    assert_eq!(ram.private_pages(), 0);
    ram.write(PhysAddr(0x1FFF), &[1, 2]);
    assert_eq!((ram.private_pages(), ram.bytes(PhysAddr(0x1FFE))), (2, [0, 1, 2, 0]));
    assert_eq!(ram.bytes_in_use(), 2 * PAGE_SIZE);
    assert_eq!(ram.bytes(PhysAddr(0x3FFF)), [0, 0]);
}

#[test]
fn a_fork_shares_pages_until_one_side_writes() {
    let mut ram = GuestRam::new(8 * PAGE_SIZE);
    ram.write(PhysAddr(0), &[1; 3 * PAGE_SIZE]);
    let mut other = ram.fork();
    assert_eq!((ram.private_pages(), other.private_pages()), (0, 0));
    ram.write(PhysAddr(0x10), &[7]);
    other.write(PhysAddr(0x1010), &[8]);
    assert_eq!([0x10, 0x1010].map(|at| ram.bytes(PhysAddr(at))), [[7], [1]]);
    assert_eq!([0x10, 0x1010].map(|at| other.bytes(PhysAddr(at))), [[1], [8]]);
    // Of a page that one side has copied the other is left the only holder, once nobody can use the old place.
    let _claims = [ram.claim(), other.claim()];
    assert_eq!((ram.private_pages(), other.private_pages()), (2, 2));
}

#[test]
fn what_forks_restores_or_claims_ends_the_claim_before() {
    let mut ram = GuestRam::new(PAGE_SIZE);
    let change: [fn(&mut GuestRam); 3] = [
        |ram| drop(ram.fork()),
        |ram| {
            let image = ram.image();
            assert!(ram.restore(&image));
        },
        |ram| drop(ram.claim()),
    ];
    for change in change {
        let claim = ram.claim();
        assert!(ram.is_claimed_by(&claim));
        change(&mut ram);
        assert!(!ram.is_claimed_by(&claim));
    }
}

#[test]
fn a_page_that_moves_is_named_to_the_claimant_alone() {
    let mut ram = GuestRam::new(4 * PAGE_SIZE);
    let (old, new) = (ram.claim(), ram.claim());
    let zeros = ram.host_address(2);
    ram.write(PhysAddr(0x2000), &[1]);
    assert!(ram.has_moves() && ram.host_address(2) != zeros && ram.takes_direct_stores(2));
    assert!(ram.take_moves(&old).is_empty());
    assert_eq!(ram.take_moves(&new).iter().map(|moved| moved.page).collect::<Vec<_>>(), [2]);
    ram.write(PhysAddr(0x2000), &[2]);
    assert!(!ram.has_moves());
}

#[test]
fn an_image_of_another_size_is_refused() {
    let image = GuestRam::new(2 * PAGE_SIZE).image();
    assert!(!GuestRam::new(PAGE_SIZE).restore(&image));
}

#[test]
fn video_memory_is_part_of_an_image_and_not_of_ram() {
    let mut ram = GuestRam::new(PAGE_SIZE);
    let video = ram.add_video(2 * PAGE_SIZE);
    ram.write_at(RamOffset(video.0 + 0x1000), &[7]);
    let image = ram.image();
    ram.write_at(RamOffset(video.0 + 0x1000), &[8]);
    assert_eq!((ram.ram_size(), ram.to_vec().len()), (PAGE_SIZE, PAGE_SIZE));
    assert!(ram.restore(&image));
    let mut byte = [0];
    ram.read_at(RamOffset(video.0 + 0x1000), &mut byte);
    assert_eq!(byte, [7]);
}

#[test]
fn a_store_to_video_memory_is_noted_once_until_it_is_taken() {
    let mut ram = GuestRam::new(PAGE_SIZE);
    let video = ram.add_video(2 * PAGE_SIZE);
    let _claim = ram.claim();
    let (first, epoch) = (video.page(), ram.video_epoch());
    assert_eq!((ram.has_stored_video(), ram.takes_direct_stores(first)), (false, false));
    ram.prepare_store(first);
    assert_eq!((ram.has_stored_video(), ram.takes_direct_stores(first)), (true, true));
    assert!(!ram.takes_direct_stores(first + 1));
    ram.take_stored_video();
    assert_eq!((ram.has_stored_video(), ram.takes_direct_stores(first)), (false, false));
    assert_ne!(ram.video_epoch(), epoch);
    ram.write_at(video, &[1]);
    assert!(ram.has_stored_video());
}

#[test]
fn four_planes_are_read_and_written_as_one() {
    let mut ram = GuestRam::new(PAGE_SIZE);
    let video = ram.add_video(PAGE_SIZE);
    ram.set_video_dword(RamOffset(video.0 + 8), [1, 2, 3, 4]);
    assert_eq!(ram.video_dword(RamOffset(video.0 + 8)), [1, 2, 3, 4]);
    assert!(ram.has_stored_video());
}

/// Bytes of memory whose pages lie in one slab.
const REGION: usize = slab::PLACES * PAGE_SIZE;

/// Writes the first byte of a page, and tells where the page lies then.
fn store(ram: &mut GuestRam, page: usize, value: u8) -> usize {
    ram.write(PhysAddr((page * PAGE_SIZE) as u64), &[value]);
    ram.host_address(page as u32)
}

#[test]
fn a_page_that_is_written_first_lies_at_its_place_in_its_region() {
    let mut ram = GuestRam::new(5 * REGION / 2);
    let pages = [7, 3, 511, 512, 700, 1024, 1279];
    let at = pages.map(|page| store(&mut ram, page, 1));
    let base = at.map(|at| at & !(REGION - 1));
    assert_eq!([at[0], at[1], at[2]].map(|at| at % REGION), [7, 3, 511].map(|page| page * PAGE_SIZE));
    assert_eq!([at[3], at[4]].map(|at| at % REGION), [0, 188].map(|page| page * PAGE_SIZE));
    assert!(base[0] == base[1] && base[1] == base[2] && base[2] != base[3] && base[3] == base[4]);
    assert_eq!(at[6] - at[5], 255 * PAGE_SIZE);
}

#[test]
fn what_a_fork_writes_first_goes_elsewhere_and_the_page_of_the_other_stays() {
    let mut ram = GuestRam::new(REGION);
    let at = store(&mut ram, 5, 1);
    let mut fork = ram.fork();
    assert_eq!(fork.host_address(5), at);
    let moved = store(&mut fork, 5, 2);
    assert!(moved != at && moved % REGION == 5 * PAGE_SIZE);
    assert_eq!(
        (ram.host_address(5), ram.bytes(PhysAddr(0x5000)), fork.bytes(PhysAddr(0x5000))),
        (at, [1], [2])
    );
}

#[test]
fn a_place_is_used_again_when_its_holder_is_gone() {
    let mut ram = GuestRam::new(REGION);
    let first = store(&mut ram, 5, 1);
    let keeper = store(&mut ram, 6, 1);
    let (image, claim) = (ram.image(), ram.claim());
    let second = store(&mut ram, 5, 2);
    drop((image, ram.take_moves(&claim)));
    let image = ram.image();
    assert_eq!((store(&mut ram, 5, 3), ram.host_address(6)), (first, keeper));
    assert_ne!(first, second);
    assert!(ram.restore(&image) && ram.bytes(PhysAddr(0x5000)) == [2]);
}

#[test]
fn pages_outlive_the_memory_they_were_written_in() {
    let mut ram = GuestRam::new(REGION);
    store(&mut ram, 5, 1);
    let (image, fork) = (ram.image(), ram.fork());
    drop(ram);
    let mut other = GuestRam::new(REGION);
    assert!(other.restore(&image));
    drop(image);
    assert_eq!((fork.bytes(PhysAddr(0x5000)), other.bytes(PhysAddr(0x5000))), ([1], [1]));
}

#[test]
fn many_images_of_a_page_that_is_written_on_and_on_keep_what_they_saw() {
    let mut ram = GuestRam::new(REGION);
    let images: Vec<RamImage> = (1..20)
        .map(|value| {
            store(&mut ram, 5, value);
            ram.image()
        })
        .collect();
    for (value, image) in (1..).zip(&images) {
        assert!(ram.restore(image) && ram.bytes(PhysAddr(0x5000)) == [value]);
    }
}
