use super::*;
use ringzero_bus::Width;

/// Initialised as a PC's BIOS does: vectors 08h and 70h, nothing masked.
fn pc_pic() -> Pic {
    let mut pic = Pic::new();
    for (region, words) in [(0, [0x11, 0x08, 0x04, 0x01]), (1, [0x11, 0x70, 0x02, 0x01])] {
        out(&mut pic, region, 0, words[0]);
        for word in &words[1..] {
            out(&mut pic, region, 1, *word);
        }
    }
    pic
}

fn out(pic: &mut Pic, region: u8, offset: u16, value: u8) {
    let mut fabric = Fabric::new(0);
    pic.pio_write(&mut fabric, PortAccess { region, offset, width: Width::Byte }, value.into());
}

fn read(pic: &mut Pic, region: u8, offset: u16) -> u8 {
    let mut fabric = Fabric::new(0);
    pic.pio_read(&mut fabric, PortAccess { region, offset, width: Width::Byte }) as u8
}

#[test]
fn specific_eoi_is_not_taken_for_non_specific() {
    assert_eq!(Ocw2::decode(0x63), Ocw2::SpecificEoi { level: 3, rotate: false });
}

#[test]
fn icw1_clears_the_mask_and_the_edge_latches() {
    let mut pic = pc_pic();
    out(&mut pic, 0, 1, 0xFF);
    pic.set_line(Irq(3), true);
    out(&mut pic, 0, 0, 0x11);
    assert_eq!((pic.master.imr(), pic.master.irr()), (0, 0));
}

#[test]
fn the_higher_priority_is_served_first() {
    let mut pic = pc_pic();
    pic.set_line(Irq(4), true);
    pic.set_line(Irq(1), true);
    assert_eq!(pic.acknowledge(), Vector(0x09));
    assert!(!pic.intr());
    out(&mut pic, 0, 0, 0x20);
    assert_eq!(pic.acknowledge(), Vector(0x0C));
}

#[test]
fn a_slave_interrupt_is_in_service_on_both_chips() {
    let mut pic = pc_pic();
    pic.set_line(Irq(12), true);
    assert_eq!(pic.acknowledge(), Vector(0x74));
    assert_eq!((pic.master.isr(), pic.slave.isr()), (0x04, 0x10));
}

#[test]
fn a_second_slave_request_follows_after_both_eois() {
    let mut pic = pc_pic();
    pic.set_line(Irq(8), true);
    pic.set_line(Irq(14), true);
    assert_eq!(pic.acknowledge(), Vector(0x70));
    out(&mut pic, 1, 0, 0x20);
    out(&mut pic, 0, 0, 0x20);
    assert!(pic.intr());
    assert_eq!(pic.acknowledge(), Vector(0x76));
}

#[test]
fn an_edge_input_needs_a_new_edge() {
    let mut pic = pc_pic();
    pic.set_line(Irq(5), true);
    pic.acknowledge();
    out(&mut pic, 0, 0, 0x20);
    assert!(!pic.intr());
    pic.set_line(Irq(5), false);
    pic.set_line(Irq(5), true);
    assert!(pic.intr());
}

#[test]
fn a_level_input_asks_again_while_it_is_high() {
    let mut pic = pc_pic();
    out(&mut pic, 2, 0, 0xFF);
    assert_eq!(read(&mut pic, 2, 0), 0xF8);
    pic.set_line(Irq(5), true);
    pic.acknowledge();
    out(&mut pic, 0, 0, 0x20);
    assert!(pic.intr());
}

#[test]
fn a_request_that_has_gone_gives_ir7_without_in_service() {
    let mut pic = pc_pic();
    pic.set_line(Irq(3), true);
    pic.set_line(Irq(3), false);
    assert!(!pic.intr());
    assert_eq!(pic.acknowledge(), Vector(0x0F));
    assert_eq!(pic.master.isr(), 0);
}

#[test]
fn rotate_on_specific_eoi_makes_the_level_lowest() {
    let mut pic = pc_pic();
    pic.set_line(Irq(3), true);
    pic.acknowledge();
    out(&mut pic, 0, 0, 0xE3);
    pic.set_line(Irq(3), false);
    pic.set_line(Irq(3), true);
    pic.set_line(Irq(4), true);
    assert_eq!(pic.acknowledge(), Vector(0x0C));
}

#[test]
fn automatic_eoi_leaves_nothing_in_service() {
    let mut pic = pc_pic();
    for (offset, word) in [(0, 0x11), (1, 0x08), (1, 0x04), (1, 0x03)] {
        out(&mut pic, 0, offset, word);
    }
    pic.set_line(Irq(6), true);
    assert_eq!(pic.acknowledge(), Vector(0x0E));
    assert_eq!(pic.master.isr(), 0);
}

#[test]
fn special_mask_mode_lets_lower_levels_through() {
    let mut pic = pc_pic();
    pic.set_line(Irq(3), true);
    pic.acknowledge();
    pic.set_line(Irq(6), true);
    assert!(!pic.intr());
    out(&mut pic, 0, 0, 0x68);
    out(&mut pic, 0, 1, 0x08);
    assert_eq!(pic.acknowledge(), Vector(0x0E));
}

#[test]
fn special_fully_nested_mode_lets_a_higher_slave_request_through() {
    let mut pic = pc_pic();
    for (offset, word) in [(0, 0x11), (1, 0x08), (1, 0x04), (1, 0x11)] {
        out(&mut pic, 0, offset, word);
    }
    pic.set_line(Irq(14), true);
    assert_eq!(pic.acknowledge(), Vector(0x76));
    pic.set_line(Irq(8), true);
    assert!(pic.intr());
    assert_eq!(pic.acknowledge(), Vector(0x70));
}

#[test]
fn poll_answers_the_level_and_acknowledges() {
    let mut pic = pc_pic();
    pic.set_line(Irq(5), true);
    out(&mut pic, 0, 0, 0x0C);
    assert_eq!(read(&mut pic, 0, 0), 0x85);
    assert_eq!(pic.master.isr(), 0x20);
    out(&mut pic, 0, 0, 0x0C);
    assert_eq!(read(&mut pic, 0, 0), 0);
}

#[test]
fn ocw3_selects_irr_or_isr() {
    let mut pic = pc_pic();
    pic.set_line(Irq(1), true);
    out(&mut pic, 0, 0, 0x0A);
    assert_eq!(read(&mut pic, 0, 0), 0x02);
    pic.acknowledge();
    out(&mut pic, 0, 0, 0x0B);
    assert_eq!(read(&mut pic, 0, 0), 0x02);
}

#[test]
fn a_snapshot_with_an_impossible_priority_is_refused() {
    let mut pic = pc_pic();
    let mut bad = pic.clone();
    bad.master.lowest = 8;
    assert!(pic.load(&bad.save().unwrap()).is_err());
    assert!(pic.load(&pic.save().unwrap()).is_ok());
}
