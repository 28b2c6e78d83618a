use super::*;

fn found(phys: u64, writable: bool, global: bool) -> Translation {
    Translation::new(phys, writable, global)
}

fn at(page: u32, address: u64) -> Option<HostAddress> {
    Some(HostAddress::new(address, || page))
}

#[test]
fn a_page_that_moves_loses_its_place_under_every_alias() {
    let mut tlb = Tlb::new();
    tlb.fill(0x5000, (9, 0x19_9040), found(0x9000, true, false), Stores::Beside(0));
    tlb.fill(0x8000, (9, 0x19_9040), found(0x9000, true, false), Stores::Beside(0));
    tlb.fill(0x6000, (10, 0x19_9040), found(0xA000, true, false), Stores::Beside(0));
    tlb.forget_place(9);
    assert_eq!([0x5000, 0x8000, 0x6000].map(|lin| tlb.read(lin, 1)), [None, None, at(10, 0x19_9040)]);
    assert_eq!(tlb.write(0x8000, 1), None);
    assert_eq!(tlb.translation(0x5ABC, true), Some(found(0x9ABC, true, false)));
}

#[test]
fn a_page_with_code_keeps_its_translation_for_the_full_path() {
    let mut tlb = Tlb::new();
    tlb.fill(0x5123, (9, 0x19_9040), found(0x9_9123, true, false), Stores::Beside(0));
    tlb.protect(9, 1);
    assert_eq!(tlb.write(0x5000, 1), None);
    assert_eq!(tlb.translation(0x5ABC, true), Some(found(0x9_9ABC, true, false)));
    assert_eq!(tlb.translation(0x6000, false), None);
}

#[test]
fn a_clean_page_needs_a_walk_for_a_store() {
    let mut tlb = Tlb::new();
    tlb.fill(0x5000, (9, 0x19_9040), found(0x9000, false, false), Stores::Beside(0));
    assert_eq!(tlb.translation(0x5000, true), None);
    assert_eq!(tlb.translation(0x5000, false), Some(found(0x9000, false, false)));
}

#[test]
fn an_access_that_leaves_its_page_misses() {
    let mut tlb = Tlb::new();
    tlb.fill(0x5123, (9, 0x19_9040), found(0x9000, true, false), Stores::Beside(0));
    assert_eq!(tlb.read(0x5FFE, 2), at(9, 0x19_A03E));
    assert_eq!(tlb.read(0x5FFF, 2), None);
    assert_eq!(tlb.read(0x6000, 1), None);
    tlb.protect(9, 1);
    assert_eq!(tlb.write(0x5000, 1), None);
    assert_eq!(tlb.read(0x5000, 1), at(9, 0x19_9040));
}

#[test]
fn global_pages_survive_a_local_flush() {
    let mut tlb = Tlb::new();
    tlb.fill(0x5000, (9, 0x19_9040), found(0x9000, true, true), Stores::Beside(0));
    tlb.fill(0x6000, (10, 0x1A_9040), found(0xA000, true, false), Stores::Beside(0));
    tlb.flush_local();
    assert_eq!(tlb.read(0x5000, 1), at(9, 0x19_9040));
    assert_eq!(tlb.read(0x6000, 1), None);
    tlb.flush_range(0x5FFF, 0x1000);
    assert_eq!(tlb.read(0x5000, 1), None);
}

#[test]
fn a_page_that_gave_way_to_another_is_known_until_it_is_flushed() {
    let mut tlb = Tlb::new();
    let (lin, other) = (0x5000, 0x5000 + (ENTRIES << 12) as u64);
    for (lin, page, found) in [(lin, 9, found(0x9000, false, false)), (other, 10, found(0xA000, true, true))]
    {
        tlb.fill(lin, (page, 0x1A_9040), found, Stores::Beside(0));
        tlb.keep(lin, found);
    }
    assert_eq!((tlb.read(lin, 1), tlb.read(other, 1)), (None, at(10, 0x1A_9040)));
    assert_eq!(tlb.translation(lin + 4, false), Some(found(0x9004, false, false)));
    assert_eq!(tlb.translation(lin, true), None);
    tlb.flush_local();
    assert_eq!(tlb.translation(lin, false), None);
    assert_eq!(tlb.translation(other, true), Some(found(0xA000, true, true)));
}

#[test]
fn what_was_entered_without_a_walk_is_forgotten_when_it_gives_way() {
    let mut tlb = Tlb::new();
    let (lin, other) = (0x5000, 0x5000 + (ENTRIES << 12) as u64);
    for lin in [lin, other] {
        tlb.fill(lin, (9, 0x19_9040), found(0x9000, true, false), Stores::Beside(0));
    }
    assert_eq!(tlb.translation(lin, false), None);
}

#[test]
fn a_flush_of_a_large_page_reaches_both_levels() {
    let mut tlb = Tlb::new();
    let (lin, other) = (0x5000, 0x5000 + (ENTRIES << 12) as u64);
    for lin in [lin, other] {
        tlb.fill(lin, (9, 0x19_9040), found(0x9000, true, false), Stores::Beside(0));
        tlb.keep(lin, found(0x9000, true, false));
    }
    tlb.flush_range(0x40_0000, 0x40_0000);
    assert_eq!(tlb.translation(other, false), None);
    assert_eq!(tlb.translation(lin, false), Some(found(0x9000, true, false)));
    tlb.flush_range(0x12_3456, 0x40_0000);
    assert_eq!(tlb.translation(lin, false), None);
}

#[test]
fn stores_beside_code_are_direct() {
    let mut ram = GuestRam::new(2 * PAGE_SIZE);
    ram.prepare_store(1);
    let mut tlb = Tlb::new();
    let stored = |tlb: &Tlb| [0x5010, 0x5040, 0x503F].map(|lin| tlb.write(lin, 2).is_some());
    tlb.fill(0x5000, (1, ram.host_address(1)), found(0x1000, true, false), Stores::Beside(0));
    assert_eq!(stored(&tlb), [true; 3]);
    tlb.protect(1, 0b10);
    assert_eq!(stored(&tlb), [true, false, false]);
    tlb.renew_lines(&ram, 0x5000);
    assert_eq!(stored(&tlb), [true; 3]);
    for stores in [Stores::Slow, Stores::Shared] {
        tlb.fill(0x5000, (1, ram.host_address(1)), found(0x1000, true, false), stores);
        assert_eq!(stored(&tlb), [false; 3]);
    }
}

#[test]
fn aliases_are_found_however_many_there_are() {
    let mut tlb = Tlb::new();
    let lins = [0x5000, 0x9000, 0x1_2000];
    for many in 0..=lins.len() {
        for lin in &lins[..many] {
            tlb.fill(*lin, (9, 0x19_9040), found(0x9000, true, false), Stores::Beside(0));
        }
        tlb.fill(0x3_0000, (9 + ENTRIES as u32, 0x19_9040), found(0xB000, true, false), Stores::Beside(0));
        tlb.protect(9, 1);
        assert!(lins.iter().all(|&lin| tlb.write(lin, 1).is_none()), "{many}");
        assert!(tlb.write(0x3_0000, 1).is_some());
    }
}

#[test]
fn an_empty_tlb_misses_at_the_top_of_memory() {
    assert_eq!(Tlb::new().read(u64::MAX, 1), None);
    assert_eq!(Tlb::new().read(u64::MAX, 2), None);
}
