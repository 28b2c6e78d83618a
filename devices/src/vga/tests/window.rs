//! The window that the CPU may have.

use super::*;

#[test]
fn mode_13h_gives_its_window_away_and_mode_x_does_not() {
    let mut bench = Bench::new(&mode_13h());
    let memory = bench.vga.wiring.memory;
    let window = Aperture { first: 0xA_0000, last: 0xA_FFFF, at: memory };
    assert_eq!(bench.fabric.wires.aperture, Some(window));
    for (port, index, value, restored) in
        [(0x3C4, 4, 6, 0x0E), (0x3C4, 2, 7, 0x0F), (0x3CE, 8, 0x7F, 0xFF), (0x3CE, 5, 0x48, 0x40)]
    {
        bench.set(port, index, value);
        assert_eq!(bench.fabric.wires.aperture, None, "{port:x} {index}");
        bench.set(port, index, restored);
    }
    assert_eq!(bench.fabric.wires.aperture, Some(window));
    bench.out(0x3C2, 0x61);
    assert_eq!(bench.fabric.wires.aperture, None);
}

#[test]
fn the_window_that_is_given_away_shows_what_the_card_shows_there() {
    let mut bench = Bench::new(&mode_13h());
    for at in [0, 1, 2, 3, 4, 0x1234, 0xFFFF] {
        bench.poke(0xA_0000 + at, at as u8 ^ 0x5A);
        let mut byte = [0];
        let memory = bench.vga.wiring.memory;
        bench.fabric.ram.read_at(RamOffset(memory.0 + at), &mut byte);
        assert_eq!(byte, [at as u8 ^ 0x5A]);
    }
}
