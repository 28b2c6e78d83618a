//! DISKFILL.COM: fills a DOS drive with files of known contents, and compares them.
//!
//! `DISKFILL W C 0012` writes F0000.BIN and so on into the root of C:, 1 MiB each, until there are twelve or the disk is
//! full; `DISKFILL R C 0012` reads them back. Both end by saying `DONE`, mode, drive, files, or `FAIL` and the file.

use iced_x86::IcedError;
use iced_x86::code_asm::*;

/// Bytes of a file, unless the disk is full before.
pub const FILE_BYTES: usize = BLOCK as usize * BLOCKS as usize;
/// By what a seed is multiplied before the first word.
pub const SEED_FACTOR: u32 = 0x9E37_79B1;
/// From one word to the next: the constants of Numerical Recipes.
pub const FACTOR: u32 = 1_664_525;
/// What is added behind the multiplication.
pub const TERM: u32 = 1_013_904_223;

/// The seed of a file's contents.
pub fn seed(drive: char, file: u32) -> u32 {
    (drive as u32) << 16 | file
}

/// The program.
///
/// # Panics
/// Never: the code is the same every time, and assembled by tests.
pub fn image() -> Vec<u8> {
    let mut code = assemble().expect("the program assembles");
    assert!(code.len() < usize::from(NAME as u16 - ORIGIN), "the code has grown into its data");
    code.resize(usize::from(NAME as u16 - ORIGIN), 0);
    let mut data = vec![0; (END - NAME) as usize];
    for (at, text) in [(NAME, NAME_TEXT), (DONE, DONE_TEXT), (FAIL, FAIL_TEXT)] {
        data[(at - NAME) as usize..][..text.len()].copy_from_slice(text);
    }
    [code, data].concat()
}

const ORIGIN: u16 = 0x100;
const BLOCK: u32 = 0x4000;
const BLOCKS: u32 = 64;

/// The command line's mode, drive and number, behind the name and a blank.
const ARG_MODE: u32 = 0x82;
const ARG_DRIVE: u32 = 0x84;
const ARG_LIMIT: u32 = 0x86;

// Data, behind the code.
const NAME: u32 = 0x400;
const NAME_TEXT: &[u8] = b"C:\\F0000.BIN\0";
const DONE: u32 = 0x420;
const DONE_TEXT: &[u8] = b"DONE W C 0000\r\n$";
const FAIL: u32 = 0x440;
const FAIL_TEXT: &[u8] = b"FAIL W C 0000\r\n$";
const MODE: u32 = 5;
const DRIVE: u32 = 7;
const LAST_DIGIT: u32 = 12;
const NAME_LAST_DIGIT: u32 = 7;
const STATE: u32 = 0x460;
const LEFT: u32 = 0x464;
const HANDLE: u32 = 0x466;
const NUMBER: u32 = 0x468;
const LIMIT: u32 = 0x46A;
const END: u32 = 0x46C;
const EXPECTED: u32 = 0x2000;
const FOUND: u32 = 0x8000;

type Asm = Result<(), IcedError>;

/// Places that several parts jump to.
struct Labels {
    next_file: CodeLabel,
    next_block: CodeLabel,
    block_done: CodeLabel,
    close: CodeLabel,
    full: CodeLabel,
    done: CodeLabel,
    fail: CodeLabel,
    digits: CodeLabel,
}

fn assemble() -> Result<Vec<u8>, IcedError> {
    let mut a = CodeAssembler::new(16)?;
    let mut label = || a.create_label();
    let mut labels = Labels {
        next_file: label(),
        next_block: label(),
        block_done: label(),
        close: label(),
        full: label(),
        done: label(),
        fail: label(),
        digits: label(),
    };
    arguments(&mut a)?;
    open(&mut a, &mut labels)?;
    block(&mut a, &mut labels)?;
    ends(&mut a, &mut labels)?;
    digits(&mut a, &mut labels)?;
    a.assemble(u64::from(ORIGIN))
}

fn arguments(a: &mut CodeAssembler) -> Asm {
    a.cld()?;
    for (from, offset) in [(ARG_MODE, MODE), (ARG_DRIVE, DRIVE)] {
        a.mov(al, byte_ptr(from))?;
        a.mov(byte_ptr(DONE + offset), al)?;
        a.mov(byte_ptr(FAIL + offset), al)?;
    }
    a.mov(byte_ptr(NAME), al)?;
    a.mov(si, ARG_LIMIT)?;
    a.xor(bx, bx)?;
    a.mov(cx, 4)?;
    let mut digit = a.create_label();
    a.set_label(&mut digit)?;
    a.lodsb()?;
    a.sub(al, u32::from(b'0'))?;
    a.cbw()?;
    a.imul_3(bx, bx, 10)?;
    a.add(bx, ax)?;
    a.loop_(digit)?;
    a.mov(word_ptr(LIMIT), bx)?;
    a.mov(word_ptr(NUMBER), 0)
}

/// Opens or makes the next file; the program has ended where there is none.
fn open(a: &mut CodeAssembler, labels: &mut Labels) -> Asm {
    let (mut create, mut opened) = (a.create_label(), a.create_label());
    a.set_label(&mut labels.next_file)?;
    a.mov(ax, word_ptr(NUMBER))?;
    a.cmp(ax, word_ptr(LIMIT))?;
    a.jae(labels.done)?;
    a.mov(di, NAME + NAME_LAST_DIGIT)?;
    a.call(labels.digits)?;
    a.movzx(eax, byte_ptr(NAME))?;
    a.shl(eax, 16)?;
    a.mov(ax, word_ptr(NUMBER))?;
    a.imul_3(eax, eax, SEED_FACTOR as i32)?;
    a.mov(dword_ptr(STATE), eax)?;
    a.mov(word_ptr(LEFT), BLOCKS)?;
    a.mov(dx, NAME)?;
    a.cmp(byte_ptr(DONE + MODE), u32::from(b'W'))?;
    a.je(create)?;
    a.mov(ax, 0x3D00)?;
    a.int(0x21)?;
    a.jc(labels.done)?;
    a.jmp(opened)?;
    a.set_label(&mut create)?;
    a.mov(ah, 0x3C)?;
    a.xor(cx, cx)?;
    a.int(0x21)?;
    a.jc(labels.done)?;
    a.set_label(&mut opened)?;
    a.mov(word_ptr(HANDLE), ax)
}

/// Makes a block, then writes it or compares with what is read.
fn block(a: &mut CodeAssembler, labels: &mut Labels) -> Asm {
    let (mut word, mut read) = (a.create_label(), a.create_label());
    a.set_label(&mut labels.next_block)?;
    a.mov(eax, dword_ptr(STATE))?;
    a.mov(di, EXPECTED)?;
    a.mov(cx, BLOCK / 4)?;
    a.set_label(&mut word)?;
    a.imul_3(eax, eax, FACTOR as i32)?;
    a.add(eax, TERM)?;
    a.stosd()?;
    a.loop_(word)?;
    a.mov(dword_ptr(STATE), eax)?;
    a.mov(bx, word_ptr(HANDLE))?;
    a.mov(cx, BLOCK)?;
    a.cmp(byte_ptr(DONE + MODE), u32::from(b'W'))?;
    a.jne(read)?;
    a.mov(dx, EXPECTED)?;
    a.mov(ah, 0x40)?;
    a.int(0x21)?;
    a.jc(labels.fail)?;
    a.cmp(ax, BLOCK)?;
    a.jb(labels.full)?;
    a.jmp(labels.block_done)?;
    a.set_label(&mut read)?;
    a.mov(dx, FOUND)?;
    a.mov(ah, 0x3F)?;
    a.int(0x21)?;
    a.jc(labels.fail)?;
    // A disk is full at the end of a sector, so what was read is whole words.
    a.mov(cx, ax)?;
    a.shr(cx, 2)?;
    a.mov(si, EXPECTED)?;
    a.mov(di, FOUND)?;
    // Nothing read compares as equal.
    a.cmp(ax, ax)?;
    a.repe().cmpsd()?;
    a.jne(labels.fail)?;
    a.cmp(ax, BLOCK)?;
    a.jb(labels.close)?;
    a.set_label(&mut labels.block_done)?;
    a.dec(word_ptr(LEFT))?;
    a.jnz(labels.next_block)
}

/// The end of a file, of a disk, of the program.
fn ends(a: &mut CodeAssembler, labels: &mut Labels) -> Asm {
    let mut say = a.create_label();
    a.set_label(&mut labels.close)?;
    a.mov(ah, 0x3E)?;
    a.mov(bx, word_ptr(HANDLE))?;
    a.int(0x21)?;
    a.jc(labels.fail)?;
    a.inc(word_ptr(NUMBER))?;
    a.jmp(labels.next_file)?;
    a.set_label(&mut labels.full)?;
    a.mov(ah, 0x3E)?;
    a.int(0x21)?;
    a.jc(labels.fail)?;
    a.inc(word_ptr(NUMBER))?;
    a.set_label(&mut labels.done)?;
    a.mov(bp, DONE)?;
    a.jmp(say)?;
    a.set_label(&mut labels.fail)?;
    a.mov(bp, FAIL)?;
    a.set_label(&mut say)?;
    a.mov(di, bp)?;
    a.add(di, LAST_DIGIT as i32)?;
    a.mov(ax, word_ptr(NUMBER))?;
    a.call(labels.digits)?;
    a.mov(dx, bp)?;
    a.mov(ah, 9)?;
    a.int(0x21)?;
    a.mov(ax, 0x4C00)?;
    a.int(0x21)
}

/// AX as four digits that end at DI.
fn digits(a: &mut CodeAssembler, labels: &mut Labels) -> Asm {
    let mut digit = a.create_label();
    a.set_label(&mut labels.digits)?;
    a.mov(bx, 10)?;
    a.mov(cx, 4)?;
    a.set_label(&mut digit)?;
    a.xor(dx, dx)?;
    a.div(bx)?;
    a.add(dl, u32::from(b'0'))?;
    a.mov(byte_ptr(di), dl)?;
    a.dec(di)?;
    a.loop_(digit)?;
    a.ret()
}
