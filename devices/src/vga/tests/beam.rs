//! Changes within a frame, and what the beam drives.

use super::*;

#[test]
fn a_colour_changes_from_the_line_on_at_which_it_is_written() {
    let mut bench = Bench::new(&mode_13h());
    bench.go_to_line(0);
    for _ in 0..2 {
        bench.wait_for_line(100);
        bench.out(0x3C8, 0);
        [0x3F, 0, 0].into_iter().for_each(|part| bench.out(0x3C9, part));
        bench.wait_for_line(405);
        bench.out(0x3C8, 0);
        [0, 0, 0x3F].into_iter().for_each(|part| bench.out(0x3C9, part));
    }
    for line in [410, 30] {
        bench.wait_for_line(line);
        let frame = bench.frame();
        let rows = [0, 49, 50, 199].map(|row| frame.pixels[row * 320]);
        assert_eq!(rows, [0xFF, 0xFF, 0xFF_0000, 0xFF_0000], "the beam is at line {line}");
    }
}

#[test]
fn a_start_address_counts_from_the_retrace_on() {
    let mut bench = Bench::new(&mode_13h());
    bench.poke(0xA_0000, 1);
    bench.poke(0xA_0000 + 320, 2);
    bench.go_to_line(100);
    bench.set(0x3D4, 0x0D, 80);
    assert_eq!(bench.frame().pixels[0], bench.rgb(1));
    bench.wait_for_line(0);
    assert_eq!(bench.frame().pixels[0], bench.rgb(2));
}

#[test]
fn a_split_screen_can_pan_above_alone() {
    let mut bench = Bench::new(&mode_13h());
    for x in 0..320 {
        bench.poke(0xA_0000 + x, x as u8);
        bench.poke(0xA_0000 + 0x8000 + x, x as u8);
    }
    // Line compare at line 199, that is behind row 99; the start at 8000h.
    bench.set(0x3D4, 0x18, 199);
    bench.set(0x3D4, 0x07, 0x0F);
    bench.set(0x3D4, 0x09, 0x01);
    bench.set(0x3D4, 0x0C, 0x20);
    bench.read(0x3DA);
    for value in [0x30, 0x61, 0x33, 0x04] {
        bench.out(0x3C0, value);
    }
    bench.go_to_line(0);
    let frame = bench.frame();
    assert_eq!([0, 100 * 320].map(|at| frame.pixels[at]), [2, 0].map(|index| bench.rgb(index)));
}

#[test]
fn the_retrace_interrupt_comes_once_a_frame_until_it_is_off() {
    let mut bench = Bench::new(&mode_3());
    bench.set(0x3D4, 0x11, 0x0E);
    bench.set(0x3D4, 0x11, 0x1E);
    let due = bench.fabric.sched.deadline(bench.vga.wiring.retrace).unwrap();
    bench.vga.on_event(&mut bench.fabric, bench.vga.wiring.retrace, due);
    assert_eq!(bench.read(0x3C2) & 0x80, 0x80);
    let next = bench.fabric.sched.deadline(bench.vga.wiring.retrace).unwrap();
    assert!((14_200_000..14_300_000).contains(&(next.0 - due.0)), "{}", next.0 - due.0);
    bench.set(0x3D4, 0x11, 0x2E);
    assert_eq!(bench.read(0x3C2) & 0x80, 0);
    assert_eq!(bench.fabric.sched.deadline(bench.vga.wiring.retrace), None);
}

#[test]
fn blinking_graphics_flip_bit_3() {
    let mut bench = Bench::new(&mode_12h());
    bench.read(0x3DA);
    for value in [0x30, 0x09] {
        bench.out(0x3C0, value);
    }
    let mut seen: Vec<u32> = (0..64)
        .map(|_| {
            bench.fabric.now = VTime(bench.fabric.now.0 + 17_000_000);
            bench.frame().pixels[0]
        })
        .collect();
    seen.dedup();
    assert_eq!(seen[..3], [bench.rgb(0), bench.rgb(0x38), bench.rgb(0)]);
}
