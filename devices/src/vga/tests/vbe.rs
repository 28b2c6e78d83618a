//! The Bochs extension, and sequences of writes that nobody thought of.

use super::*;

#[test]
fn every_depth_is_drawn_in_its_colours() {
    let cases: [(u16, &[u8], u32); 5] = [
        (8, &[77], 0),
        (15, &[0x1F, 0x7C], 0xFF_00FF),
        (16, &[0xE0, 0x07], 0x00_FF00),
        (24, &[1, 2, 3], 0x03_0201),
        (32, &[1, 2, 3, 0xAA], 0x03_0201),
    ];
    for (depth, bytes, expected) in cases {
        let mut bench = Bench::vbe_mode(800, 600, depth);
        bench.store((800 * 599 + 799) * bytes.len(), bytes);
        let frame = bench.frame();
        let expected = if depth == 8 { bench.rgb(77) } else { expected };
        assert_eq!((frame.width, frame.height), (800, 600));
        assert_eq!(frame.pixels[800 * 600 - 1], expected, "{depth} bits");
    }
}

#[test]
fn four_planes_of_800_by_600() {
    let mut bench = Bench::vbe_mode(800, 600, 4);
    for (index, value) in [(4, 6), (2, 0b0011)] {
        bench.set(0x3C4, index, value);
    }
    bench.set(0x3CE, 5, 0);
    bench.poke(0xA_0000 + 599 * 100 + 99, 1);
    assert_eq!(bench.frame().pixels[800 * 600 - 1], bench.rgb(3));
}

#[test]
fn the_window_shows_the_bank() {
    let mut bench = Bench::vbe_mode(1024, 768, 16);
    bench.vbe(5, 3);
    let at = RamOffset(bench.vga.wiring.memory.0 + 3 * 0x1_0000);
    assert_eq!(bench.fabric.wires.aperture, Some(Aperture { first: 0xA_0000, last: 0xA_FFFF, at }));
}

#[test]
fn an_offset_moves_the_picture_over_memory() {
    let mut bench = Bench::vbe_mode(640, 480, 8);
    bench.vbe(6, 800);
    bench.store(800 * 7 + 5, &[9]);
    bench.vbe(8, 5);
    bench.vbe(9, 7);
    bench.go_to_line(0);
    assert_eq!(bench.frame().pixels[0], bench.rgb(9));
}

#[test]
fn eight_bits_a_colour_when_asked_for() {
    let mut bench = Bench::vbe_mode(640, 480, 8);
    bench.vbe(4, 0xE1);
    bench.out(0x3C8, 1);
    [0x81, 0x42, 0x23].into_iter().for_each(|part| bench.out(0x3C9, part));
    bench.store(0, &[1]);
    bench.go_to_line(0);
    assert_eq!(bench.frame().pixels[0], 0x81_4223);
}

#[test]
fn registers_in_memory_are_those_behind_the_ports() {
    let mut bench = Bench::new(&mode_3());
    let mut word = |offset| {
        let access = MmioAccess { region: 1, offset, width: Width::Word };
        bench.vga.mmio_read(&mut bench.fabric, access)
    };
    assert_eq!((word(0), word(0x500), word(0x514)), (0xFF00, 0xB0C5, 256));
    bench.read(0x3DA);
    let access = MmioAccess { region: 1, offset: 0x400, width: Width::Byte };
    bench.vga.mmio_write(&mut bench.fabric, access, 0x31);
    assert_eq!(bench.read(0x3C0), 0x31);
}

#[test]
fn no_sequence_of_writes_panics_and_every_picture_can_be_drawn() {
    let mut bench = Bench::unprogrammed();
    let mut frame = Frame::default();
    let mut seed = 0x1234_5678u32;
    let mut random = move || {
        seed ^= seed << 13;
        seed ^= seed >> 17;
        seed ^= seed << 5;
        seed
    };
    for round in 0..6_000 {
        for _ in 0..8 {
            let ports = PORTS[(random() % 6) as usize].clone();
            let port = ports.start() + (random() % u32::from(ports.end() - ports.start() + 1)) as u16;
            let value = random();
            if port < 0x200 {
                bench.vbe(
                    (value % 13) as u16,
                    (value >> 16) as u16 & if value & 0x8000 != 0 { 0x3FF } else { 0xFFFF },
                );
            } else {
                bench.out(port, value as u8);
            }
            bench.poke(0xA_0000 + u64::from(random() & 0x1_FFFF), value as u8);
            bench.peek(0xA_0000 + u64::from(random() & 0x1_FFFF));
        }
        bench.fabric.now = VTime(bench.fabric.now.0 + u64::from(random() % 3_000_000));
        if round % 8 == 0 {
            bench.vga.render(&bench.fabric.ram, bench.fabric.now, &mut frame);
            assert!(frame.pixels.len() <= 2560 * 1600);
            bench.text();
        }
    }
}
