//! The program: its scenes in a circle.

use super::super::asm::{Asm, Code};
use super::text::{Library, one, place, say, subroutines};
use super::{Texts, machine};
use iced_x86::code_asm::*;

/// Ticks that a picture stays.
const STAY: u32 = 91;

/// Everything behind the boot sector.
pub(crate) fn program(c: &mut Code, texts: &mut Texts) -> Asm {
    let mut lib = Library::new(c);
    c.a.set_label(&mut lib.restart)?;
    c.a.cli()?;
    c.a.xor(ax, ax)?;
    c.a.mov(ss, ax)?;
    c.a.mov(sp, 0x7C00)?;
    c.a.mov(ds, ax)?;
    c.a.mov(es, ax)?;
    c.a.sti()?;
    c.a.cld()?;
    silence(c)?;
    machine::scene(c, &lib, texts)?;
    colours(c, &lib, texts)?;
    forty(c, &lib, texts)?;
    cga(c, &lib)?;
    ega(c, &lib)?;
    vga(c, &lib)?;
    tune(c, &lib, texts)?;
    keys(c, &lib, texts)?;
    c.a.jmp(lib.restart)?;
    subroutines(c, &mut lib)
}

fn set_mode(c: &mut Code, mode: u32) -> Asm {
    c.a.mov(ax, mode)?;
    c.a.int(0x10)
}

fn stay(c: &mut Code, lib: &Library) -> Asm {
    c.a.mov(cx, STAY)?;
    c.a.call(lib.wait)
}

fn silence(c: &mut Code) -> Asm {
    c.a.in_(al, 0x61)?;
    c.a.and(al, 0xFCu32)?;
    c.a.out(0x61, al)
}

/// 80 columns: every attribute in a square, written straight to B800.
fn colours(c: &mut Code, lib: &Library, texts: &mut Texts) -> Asm {
    set_mode(c, 3)?;
    let title = texts.text(b"80 columns, 25 rows: 16 colours on 16 (8 of them blink)");
    say(c, lib, (1, 8), title, 0x0F)?;
    let mut row = c.a.create_label();
    let mut cell = c.a.create_label();
    c.a.mov(ax, 0xB800u32)?;
    c.a.mov(es, ax)?;
    c.a.mov(ax, 0x00FE)?;
    c.a.mov(di, (4 * 80 + 8) * 2)?;
    c.a.mov(dx, 16)?;
    c.a.set_label(&mut row)?;
    c.a.mov(cx, 16)?;
    c.a.set_label(&mut cell)?;
    for _ in 0..4 {
        c.a.stosw()?;
    }
    c.a.inc(ah)?;
    c.a.loop_(cell)?;
    c.a.add(di, 160 - 128)?;
    c.a.dec(dx)?;
    c.a.jnz(row)?;
    c.a.xor(ax, ax)?;
    c.a.mov(es, ax)?;
    stay(c, lib)
}

/// 40 columns: the whole character set.
fn forty(c: &mut Code, lib: &Library, texts: &mut Texts) -> Asm {
    set_mode(c, 1)?;
    let title = texts.text(b"40 columns: code page 437");
    say(c, lib, (1, 7), title, 0x1E)?;
    let mut row = c.a.create_label();
    let mut cell = c.a.create_label();
    c.a.mov(ax, 0xB800u32)?;
    c.a.mov(es, ax)?;
    c.a.mov(ax, 0x0800)?;
    c.a.mov(di, (4 * 40 + 4) * 2)?;
    c.a.mov(dx, 8)?;
    c.a.set_label(&mut row)?;
    c.a.mov(cx, 32)?;
    c.a.set_label(&mut cell)?;
    c.a.stosw()?;
    c.a.inc(al)?;
    c.a.loop_(cell)?;
    c.a.inc(ah)?;
    c.a.and(ah, 0x0F)?;
    c.a.add(di, 160 - 64)?;
    c.a.dec(dx)?;
    c.a.jnz(row)?;
    c.a.xor(ax, ax)?;
    c.a.mov(es, ax)?;
    stay(c, lib)
}

/// Mode 4: woven bands of four colours in both banks, then the other palette.
fn cga(c: &mut Code, lib: &Library) -> Asm {
    set_mode(c, 4)?;
    let mut line = c.a.create_label();
    let mut byte = c.a.create_label();
    let mut leave = c.a.create_label();
    c.a.mov(ax, 0xB800u32)?;
    c.a.mov(es, ax)?;
    c.a.xor(dx, dx)?;
    c.a.set_label(&mut line)?;
    cga_line(c)?;
    c.a.mov(cx, 80)?;
    c.a.set_label(&mut byte)?;
    cga_dots(c)?;
    c.a.stosb()?;
    c.a.loop_(byte)?;
    c.a.inc(dx)?;
    c.a.cmp(dx, 200)?;
    c.a.jb(line)?;
    c.a.xor(ax, ax)?;
    c.a.mov(es, ax)?;
    c.a.mov(cx, STAY / 2)?;
    c.a.call(lib.wait)?;
    c.a.jc(leave)?;
    c.a.mov(ax, 0x0B00)?;
    c.a.mov(bx, 0x0100)?;
    c.a.int(0x10)?;
    c.a.mov(cx, STAY / 2)?;
    c.a.call(lib.wait)?;
    c.a.set_label(&mut leave)?;
    c.a.nop()
}

/// DI to the start of line DX.
fn cga_line(c: &mut Code) -> Asm {
    // Even lines lie at 0, odd ones at 2000h, 80 bytes each.
    c.a.mov(ax, dx)?;
    c.a.shr(ax, 1)?;
    c.a.mov(bx, 80)?;
    c.a.push(dx)?;
    c.a.mul(bx)?;
    c.a.pop(dx)?;
    c.a.mov(di, ax)?;
    c.a.mov(ax, dx)?;
    c.a.and(ax, 1)?;
    c.a.mov(cl, 13)?;
    c.a.shl(ax, cl)?;
    c.a.add(di, ax)?;
    Ok(())
}

/// AL to the byte of line DX and column CX.
fn cga_dots(c: &mut Code) -> Asm {
    // Four equal dots: colour from the sum of row and column.
    c.a.mov(ax, dx)?;
    c.a.shr(ax, 1)?;
    c.a.shr(ax, 1)?;
    c.a.add(ax, cx)?;
    c.a.shr(ax, 1)?;
    c.a.shr(ax, 1)?;
    c.a.and(al, 3)?;
    c.a.mov(ah, 0x55)?;
    c.a.mul(ah)?;
    Ok(())
}

/// Mode 10h: sixteen bands, then slanting lines through the planes by the map mask.
fn ega(c: &mut Code, lib: &Library) -> Asm {
    set_mode(c, 0x10)?;
    let mut plane = c.a.create_label();
    let mut line = c.a.create_label();
    let mut byte = c.a.create_label();
    c.a.mov(ax, 0xA000u32)?;
    c.a.mov(es, ax)?;
    c.a.mov(bl, 1)?;
    c.a.set_label(&mut plane)?;
    c.a.mov(dx, 0x3C4)?;
    c.a.mov(al, 2)?;
    c.a.mov(ah, bl)?;
    c.a.out(dx, ax)?;
    c.a.xor(di, di)?;
    c.a.xor(si, si)?;
    c.a.set_label(&mut line)?;
    c.a.mov(cx, 80)?;
    c.a.set_label(&mut byte)?;
    ega_dots(c)?;
    c.a.stosb()?;
    c.a.loop_(byte)?;
    c.a.inc(si)?;
    c.a.cmp(si, 350)?;
    c.a.jb(line)?;
    c.a.add(bl, bl)?;
    c.a.cmp(bl, 16)?;
    c.a.jb(plane)?;
    c.a.mov(ax, 0x0F02)?;
    c.a.mov(dx, 0x3C4)?;
    c.a.out(dx, ax)?;
    c.a.xor(ax, ax)?;
    c.a.mov(es, ax)?;
    stay(c, lib)
}

/// AL to the byte of line SI and column CX in the plane of bit BL.
fn ega_dots(c: &mut Code) -> Asm {
    // The plane is lit where the sum of row and column, in bands, has its bit.
    c.a.mov(ax, cx)?;
    c.a.add(ax, ax)?;
    c.a.add(ax, si)?;
    c.a.push(cx)?;
    c.a.mov(cl, 4)?;
    c.a.shr(ax, cl)?;
    c.a.pop(cx)?;
    c.a.and(al, bl)?;
    c.a.neg(al)?;
    c.a.sbb(al, al)?;
    Ok(())
}

/// Mode 13h: products of row and column, then the palette turns.
fn vga(c: &mut Code, lib: &Library) -> Asm {
    set_mode(c, 0x13)?;
    let mut line = c.a.create_label();
    let mut dot = c.a.create_label();
    c.a.mov(ax, 0xA000u32)?;
    c.a.mov(es, ax)?;
    c.a.xor(di, di)?;
    c.a.mov(bx, (-100i32) as u16 as u32)?;
    c.a.set_label(&mut line)?;
    c.a.mov(cx, (-160i32) as u16 as u32)?;
    c.a.set_label(&mut dot)?;
    // Rings: the square of the distance from the middle.
    c.a.mov(ax, cx)?;
    c.a.imul(cx)?;
    c.a.mov(si, ax)?;
    c.a.mov(ax, bx)?;
    c.a.imul(bx)?;
    c.a.add(ax, si)?;
    c.a.mov(al, ah)?;
    c.a.add(al, al)?;
    c.a.xor(al, cl)?;
    c.a.xor(al, bl)?;
    c.a.stosb()?;
    c.a.inc(cx)?;
    c.a.cmp(cx, 160)?;
    c.a.jne(dot)?;
    c.a.inc(bx)?;
    c.a.cmp(bx, 100)?;
    c.a.jne(line)?;
    c.a.xor(ax, ax)?;
    c.a.mov(es, ax)?;
    turn_palette(c, lib)
}

/// Each tick writes 256 colours, a little further on: three triangle waves.
fn turn_palette(c: &mut Code, lib: &Library) -> Asm {
    let mut frame = c.a.create_label();
    let mut colour = c.a.create_label();
    let mut part = c.a.create_label();
    let mut rising = c.a.create_label();
    let mut leave = c.a.create_label();
    c.a.xor(bp, bp)?;
    c.a.set_label(&mut frame)?;
    c.a.mov(dx, 0x3C8)?;
    c.a.xor(al, al)?;
    c.a.out(dx, al)?;
    c.a.inc(dx)?;
    c.a.xor(bx, bx)?;
    c.a.set_label(&mut colour)?;
    c.a.mov(cx, 3)?;
    c.a.mov(si, bp)?;
    c.a.add(si, bp)?;
    c.a.add(si, bx)?;
    c.a.set_label(&mut part)?;
    c.a.mov(ax, si)?;
    c.a.and(al, 0x7F)?;
    c.a.cmp(al, 0x40)?;
    c.a.jb(rising)?;
    c.a.xor(al, 0x7F)?;
    c.a.set_label(&mut rising)?;
    c.a.out(dx, al)?;
    c.a.add(si, 43)?;
    c.a.loop_(part)?;
    c.a.inc(bl)?;
    c.a.jnz(colour)?;
    c.a.mov(cx, 1)?;
    c.a.call(lib.wait)?;
    c.a.jc(leave)?;
    c.a.inc(bp)?;
    c.a.cmp(bp, STAY * 2)?;
    c.a.jb(frame)?;
    c.a.set_label(&mut leave)?;
    c.a.nop()
}

/// Divisors of E4, F4, G4, D4, C4 and lengths in ticks: the theme of the finale of Beethoven's ninth symphony.
const NOTES: [(u16, u8); 30] = {
    const C: u16 = 4561;
    const D: u16 = 4063;
    const E: u16 = 3620;
    const F: u16 = 3417;
    const G: u16 = 3044;
    [
        (E, 6),
        (E, 6),
        (F, 6),
        (G, 6),
        (G, 6),
        (F, 6),
        (E, 6),
        (D, 6),
        (C, 6),
        (C, 6),
        (D, 6),
        (E, 6),
        (E, 9),
        (D, 3),
        (D, 12),
        (E, 6),
        (E, 6),
        (F, 6),
        (G, 6),
        (G, 6),
        (F, 6),
        (E, 6),
        (D, 6),
        (C, 6),
        (C, 6),
        (D, 6),
        (E, 6),
        (D, 9),
        (C, 3),
        (C, 12),
    ]
};

fn tune(c: &mut Code, lib: &Library, texts: &mut Texts) -> Asm {
    set_mode(c, 3)?;
    machine::band(c, 0, 0x2F)?;
    let title = texts.text(b"The PC speaker: timer channel 2 plays");
    say(c, lib, (0, 2), title, 0x2F)?;
    let what = texts.text(b"Ludwig van Beethoven, ninth symphony, finale (1824)");
    say(c, lib, (4, 4), what, 0x0E)?;
    place(c, 7, 4)?;
    let notes: Vec<u8> = NOTES
        .iter()
        .flat_map(|(divisor, ticks)| [*divisor as u8, (divisor >> 8) as u8, *ticks])
        .chain([0, 0])
        .collect();
    let table = texts.table(&notes);
    let mut next = c.a.create_label();
    let mut end = c.a.create_label();
    c.a.mov(si, table)?;
    c.a.set_label(&mut next)?;
    c.a.lodsw()?;
    c.a.test(ax, ax)?;
    c.a.jz(end)?;
    sound(c)?;
    c.a.lodsb()?;
    c.a.xor(ah, ah)?;
    c.a.mov(cx, ax)?;
    c.a.call(lib.wait)?;
    c.a.jc(end)?;
    silence(c)?;
    c.a.mov(cx, 1)?;
    c.a.call(lib.wait)?;
    c.a.jnc(next)?;
    c.a.set_label(&mut end)?;
    silence(c)
}

/// Divisor AX to the speaker, and a note on the screen.
fn sound(c: &mut Code) -> Asm {
    c.a.mov(bx, ax)?;
    c.a.mov(al, 0xB6u32)?;
    c.a.out(0x43, al)?;
    c.a.mov(al, bl)?;
    c.a.out(0x42, al)?;
    c.a.mov(al, bh)?;
    c.a.out(0x42, al)?;
    c.a.in_(al, 0x61)?;
    c.a.or(al, 3)?;
    c.a.out(0x61, al)?;
    c.a.mov(al, 0x0E)?;
    c.a.mov(bx, 0x0B)?;
    one(c)
}

/// Echoes keys: character, scan code, shift state. Esc, or 20 seconds without a key, goes to the first scene.
fn keys(c: &mut Code, lib: &Library, texts: &mut Texts) -> Asm {
    set_mode(c, 3)?;
    machine::band(c, 0, 0x4F)?;
    let title = texts.text(b"The keyboard: press keys, Esc ends");
    say(c, lib, (0, 2), title, 0x4F)?;
    place(c, 2, 0)?;
    let scan = texts.text(b"  scan code ");
    let character = texts.text(b"  character ");
    let shift = texts.text(b"  shift state ");
    let line = texts.text(b"\r\n");
    let mut next = c.a.create_label();
    let mut poll = c.a.create_label();
    let mut key = c.a.create_label();
    let mut end = c.a.create_label();
    c.a.set_label(&mut next)?;
    c.a.mov(di, word_ptr(0x46C))?;
    c.a.set_label(&mut poll)?;
    c.a.mov(ah, 1)?;
    c.a.int(0x16)?;
    c.a.jnz(key)?;
    c.a.hlt()?;
    c.a.mov(ax, word_ptr(0x46C))?;
    c.a.sub(ax, di)?;
    c.a.cmp(ax, 364)?;
    c.a.jb(poll)?;
    c.a.jmp(end)?;
    c.a.set_label(&mut key)?;
    c.a.mov(ah, 0)?;
    c.a.int(0x16)?;
    c.a.cmp(al, 27)?;
    c.a.je(end)?;
    c.a.mov(bp, ax)?;
    report(c, lib, (scan, character, shift))?;
    new_line(c, line)?;
    c.a.jmp(next)?;
    c.a.set_label(&mut end)?;
    c.a.nop()
}

/// A line about the key in BP.
fn report(c: &mut Code, lib: &Library, (scan, character, shift): (u32, u32, u32)) -> Asm {
    c.a.mov(bl, 7)?;
    for (text, high) in [(scan, true), (character, false)] {
        c.a.mov(si, text)?;
        c.a.call(lib.print)?;
        c.a.mov(ax, bp)?;
        if high {
            c.a.mov(al, ah)?;
        }
        c.a.call(lib.hex)?;
    }
    c.a.mov(si, shift)?;
    c.a.call(lib.print)?;
    c.a.mov(ah, 2)?;
    c.a.int(0x16)?;
    c.a.call(lib.hex)
}

/// Carriage return and line feed, typed without a colour.
fn new_line(c: &mut Code, line: u32) -> Asm {
    c.a.mov(si, line)?;
    for _ in 0..2 {
        c.a.lodsb()?;
        c.a.mov(ah, 0x0E)?;
        c.a.mov(bx, 7)?;
        c.a.int(0x10)?;
    }
    Ok(())
}
