//! INT 09h and INT 16h: the keyboard [IBM AT TRM, "KB_INT", "KEYBOARD_IO"; PS/2 BIOS, "Keyboard"].
//!
//! *Modelled*: scan set 1 with E0h and E1h sequences, locks and their LEDs, Alt with keypad digits, Break, Pause, PrtSc,
//! SysReq, Ctrl-Alt-Del; the buffer at 40:[80h]; standard and enhanced reads. *Not modelled*: 122-key codes (AH=20h up).

use crate::bda::{self, own};
use crate::guest::{Guest, Served};
use crate::keymap::{KeyContext, Plane, to_enhanced, to_standard, translate};
use ringzero_roms::label;

// 40:17h.
const RIGHT_SHIFT: u8 = 0x01;
const LEFT_SHIFT: u8 = 0x02;
const CTRL: u8 = 0x04;
const ALT: u8 = 0x08;
const SCROLL: u8 = 0x10;
const NUM: u8 = 0x20;
const CAPS: u8 = 0x40;
const INSERT: u8 = 0x80;
// 40:18h; the locks have the bits of 40:17h.
const LEFT_CTRL: u8 = 0x01;
const LEFT_ALT: u8 = 0x02;
const SYS_REQ: u8 = 0x04;
const PAUSED: u8 = 0x08;
// 40:96h.
const LAST_E1: u8 = 0x01;
const LAST_E0: u8 = 0x02;
const RIGHT_CTRL: u8 = 0x04;
const RIGHT_ALT: u8 = 0x08;
// 40:97h.
const ACKNOWLEDGED: u8 = 0x10;
const RESEND: u8 = 0x20;
const UPDATING: u8 = 0x40;

/// What the scan code is, before modifiers are looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Event {
    Acknowledge,
    Resend,
    Overrun,
    Prefix(u8),
    Make(u8),
    Break(u8),
}

impl Event {
    fn decode(byte: u8) -> Self {
        match byte {
            0xFA => Self::Acknowledge,
            0xFE => Self::Resend,
            0x00 | 0xFF => Self::Overrun,
            0xE0 => Self::Prefix(LAST_E0),
            0xE1 => Self::Prefix(LAST_E1),
            0x01..=0x7F => Self::Make(byte),
            _ => Self::Break(byte & 0x7F),
        }
    }
}

/// The keyboard interrupt, behind INT 15h AH=4Fh: AL is the scan code.
pub(crate) fn int09(g: &mut Guest) -> Served {
    let scan = g.al();
    match Event::decode(scan) {
        Event::Acknowledge => acknowledge(g),
        Event::Resend => g.change_bda(bda::LED_STATE, UPDATING, RESEND),
        Event::Overrun => Ok(()),
        Event::Prefix(flag) => g.change_bda(bda::KEY_STATE, 0, flag),
        Event::Make(scan) => {
            let prefix = take_prefix(g, scan)?;
            make(g, scan, prefix)?;
            update_leds(g)
        }
        Event::Break(scan) => {
            let prefix = take_prefix(g, scan)?;
            release(g, scan, prefix)
        }
    }
}

/// The prefix bits of 40:96h, cleared but where an E1h sequence goes on behind its Ctrl.
fn take_prefix(g: &mut Guest, scan: u8) -> Served<u8> {
    let state = g.bda(bda::KEY_STATE)?;
    let keep = if state & LAST_E1 != 0 && scan == 0x1D { LAST_E1 } else { 0 };
    g.set_bda(bda::KEY_STATE, state & !(LAST_E0 | LAST_E1) | keep)?;
    Ok(state & (LAST_E0 | LAST_E1))
}

/// The keyboard took a byte: the second one of a two-byte command follows.
fn acknowledge(g: &mut Guest) -> Served {
    g.change_bda(bda::LED_STATE, RESEND | UPDATING, ACKNOWLEDGED)?;
    if g.ebda(own::KEYBOARD_NEXT + 1)? != 0 {
        let byte = g.ebda(own::KEYBOARD_NEXT)?;
        g.set_ebda(own::KEYBOARD_NEXT + 1, 0)?;
        g.outb(0x60, byte);
    }
    Ok(())
}

/// Sends a two-byte command; its second byte goes out with the acknowledge.
fn send_command(g: &mut Guest, command: u8, parameter: u8) -> Served {
    g.set_ebda(own::KEYBOARD_NEXT, parameter)?;
    g.set_ebda(own::KEYBOARD_NEXT + 1, 1)?;
    g.outb(0x60, command);
    Ok(())
}

/// Brings the LEDs in step with the locks: 40:97h keeps what they show.
fn update_leds(g: &mut Guest) -> Served {
    let wanted = g.bda(bda::SHIFT_FLAGS)? >> 4 & 7;
    let state = g.bda(bda::LED_STATE)?;
    if state & 7 == wanted {
        return Ok(());
    }
    g.set_bda(bda::LED_STATE, state & !(7 | ACKNOWLEDGED) | UPDATING | wanted)?;
    send_command(g, 0xED, wanted)
}

fn make(g: &mut Guest, scan: u8, prefix: u8) -> Served {
    let grey = prefix & LAST_E0 != 0;
    if prefix & LAST_E1 != 0 {
        return if scan == 0x45 { pause(g) } else { Ok(()) };
    }
    if let Some(served) = modifier(g, scan, grey)? {
        return Ok(served);
    }
    if g.bda(bda::SHIFT_FLAGS_2)? & PAUSED != 0 && scan != 0x45 {
        return g.change_bda(bda::SHIFT_FLAGS_2, PAUSED, 0);
    }
    let flags = g.bda(bda::SHIFT_FLAGS)?;
    match scan {
        0x53 if flags & (CTRL | ALT) == CTRL | ALT => reboot(g),
        0x54 => system_request(g),
        0x37 if grey || flags & (LEFT_SHIFT | RIGHT_SHIFT) != 0 => print_screen(g, flags),
        0x46 if grey || flags & CTRL != 0 => break_key(g),
        0x46 => toggle(g, SCROLL),
        0x45 if flags & CTRL != 0 => pause(g),
        0x45 => toggle(g, NUM),
        0x3A => toggle(g, CAPS),
        _ => plain_key(g, scan, grey, flags),
    }
}

/// Shift, Ctrl and Alt; `None` for every other key. Shifts behind E0h are the keyboard's own and count for nothing.
fn modifier(g: &mut Guest, scan: u8, grey: bool) -> Served<Option<()>> {
    let held = match (scan, grey) {
        (0x2A | 0x36, true) => return Ok(Some(())),
        (0x2A, _) => LEFT_SHIFT,
        (0x36, _) => RIGHT_SHIFT,
        (0x1D, _) => CTRL,
        (0x38, _) => ALT,
        _ => return Ok(None),
    };
    g.change_bda(bda::SHIFT_FLAGS, 0, held)?;
    match (scan, grey) {
        (0x1D, false) => g.change_bda(bda::SHIFT_FLAGS_2, 0, LEFT_CTRL)?,
        (0x38, false) => g.change_bda(bda::SHIFT_FLAGS_2, 0, LEFT_ALT)?,
        (0x1D, true) => g.change_bda(bda::KEY_STATE, 0, RIGHT_CTRL)?,
        (0x38, true) => g.change_bda(bda::KEY_STATE, 0, RIGHT_ALT)?,
        _ => {}
    }
    Ok(Some(()))
}

/// A lock changes when its key goes down, not again while it repeats.
fn toggle(g: &mut Guest, lock: u8) -> Served {
    if g.bda(bda::SHIFT_FLAGS_2)? & lock != 0 {
        return Ok(());
    }
    let flags = g.bda(bda::SHIFT_FLAGS)?;
    g.set_bda(bda::SHIFT_FLAGS, flags ^ lock)?;
    g.change_bda(bda::SHIFT_FLAGS_2, 0, lock)
}

fn pause(g: &mut Guest) -> Served {
    if g.bda(bda::SHIFT_FLAGS_2)? & PAUSED == 0 {
        g.change_bda(bda::SHIFT_FLAGS_2, 0, PAUSED)?;
        g.go(label::KEY_PAUSE);
    }
    Ok(())
}

/// Ctrl-Alt-Del: POST again, without the memory test.
fn reboot(g: &mut Guest) -> Served {
    g.set_bda16(bda::WARM_BOOT, 0x1234)?;
    g.outb(0x64, 0xFE);
    Ok(())
}

fn system_request(g: &mut Guest) -> Served {
    if g.bda(bda::SHIFT_FLAGS_2)? & SYS_REQ == 0 {
        g.change_bda(bda::SHIFT_FLAGS_2, 0, SYS_REQ)?;
        g.go(label::KEY_SYSREQ_DOWN);
    }
    Ok(())
}

fn print_screen(g: &mut Guest, flags: u8) -> Served {
    if flags & CTRL != 0 {
        return post(g, 0x7200);
    }
    if flags & ALT == 0 {
        g.go(label::KEY_PRINT);
    }
    Ok(())
}

/// Ctrl-Break: an empty buffer with one code of zeros, 40:71h, INT 1Bh.
fn break_key(g: &mut Guest) -> Served {
    let start = g.bda16(bda::KEY_BUFFER_START)?;
    g.set_bda16(bda::KEY_HEAD, start)?;
    g.set_bda16(bda::KEY_TAIL, start)?;
    g.set_bda(bda::BREAK_FLAG, 0x80)?;
    store(g, 0)?;
    g.go(label::KEY_BREAK);
    Ok(())
}

fn plain_key(g: &mut Guest, scan: u8, grey: bool, flags: u8) -> Served {
    let number_key = !grey && matches!(scan, 0x47..=0x49 | 0x4B..=0x4D | 0x4F..=0x52);
    if number_key && flags & ALT != 0 && flags & CTRL == 0 {
        return alt_digit(g, scan);
    }
    let shifted = flags & (LEFT_SHIFT | RIGHT_SHIFT) != 0;
    let numeric = !grey && (flags & NUM != 0) != shifted;
    if scan == 0x52 && !numeric && flags & (ALT | CTRL) == 0 {
        toggle(g, INSERT)?;
    }
    let plane = match () {
        () if flags & ALT != 0 => Plane::Alt,
        () if flags & CTRL != 0 => Plane::Ctrl,
        () if shifted => Plane::Shift,
        () => Plane::Plain,
    };
    let context = KeyContext { plane, caps: flags & CAPS != 0, num: flags & NUM != 0, grey };
    match translate(scan, context) {
        Some(key) => post(g, key),
        None => Ok(()),
    }
}

/// Alt with keypad digits makes a character by its number.
fn alt_digit(g: &mut Guest, scan: u8) -> Served {
    const DIGITS: [u8; 12] = [7, 8, 9, 0, 4, 5, 6, 0, 1, 2, 3, 0];
    let digit = DIGITS[usize::from(scan - 0x47)];
    let number = g.bda(bda::ALT_NUMBER)?;
    g.set_bda(bda::ALT_NUMBER, number.wrapping_mul(10).wrapping_add(digit))
}

fn release(g: &mut Guest, scan: u8, prefix: u8) -> Served {
    if prefix & LAST_E1 != 0 {
        return Ok(());
    }
    let grey = prefix & LAST_E0 != 0;
    match (scan, grey) {
        (0x2A | 0x36, true) => Ok(()),
        (0x2A, _) => g.change_bda(bda::SHIFT_FLAGS, LEFT_SHIFT, 0),
        (0x36, _) => g.change_bda(bda::SHIFT_FLAGS, RIGHT_SHIFT, 0),
        (0x1D, _) => release_pair(g, grey, (LEFT_CTRL, RIGHT_CTRL, CTRL)),
        (0x38, _) => {
            release_pair(g, grey, (LEFT_ALT, RIGHT_ALT, ALT))?;
            alt_number_done(g)
        }
        (0x3A, _) => g.change_bda(bda::SHIFT_FLAGS_2, CAPS, 0),
        (0x45, _) => g.change_bda(bda::SHIFT_FLAGS_2, NUM, 0),
        (0x46, _) => g.change_bda(bda::SHIFT_FLAGS_2, SCROLL, 0),
        (0x52, _) => g.change_bda(bda::SHIFT_FLAGS_2, INSERT, 0),
        (0x54, _) => {
            g.change_bda(bda::SHIFT_FLAGS_2, SYS_REQ, 0)?;
            g.go(label::KEY_SYSREQ_UP);
            Ok(())
        }
        _ => Ok(()),
    }
}

/// Ctrl and Alt are down while either of their keys is.
fn release_pair(g: &mut Guest, grey: bool, (left, right, both): (u8, u8, u8)) -> Served {
    if grey {
        g.change_bda(bda::KEY_STATE, right, 0)?;
    } else {
        g.change_bda(bda::SHIFT_FLAGS_2, left, 0)?;
    }
    let held = g.bda(bda::KEY_STATE)? & right | g.bda(bda::SHIFT_FLAGS_2)? & left;
    g.change_bda(bda::SHIFT_FLAGS, both, if held != 0 { both } else { 0 })
}

fn alt_number_done(g: &mut Guest) -> Served {
    let number = g.bda(bda::ALT_NUMBER)?;
    if number != 0 && g.bda(bda::SHIFT_FLAGS)? & ALT == 0 {
        g.set_bda(bda::ALT_NUMBER, 0)?;
        return post(g, u16::from(number));
    }
    Ok(())
}

/// A key for the program: into the buffer, and INT 15h AX=9102h. A full buffer beeps on an AT; here the key is lost.
fn post(g: &mut Guest, key: u16) -> Served {
    if store(g, key)? {
        g.go(label::KEY_POSTED);
    }
    Ok(())
}

/// The slot behind `pointer`, round the ring of 40:[80h] to 40:[82h].
fn following(g: &mut Guest, pointer: u16) -> Served<u16> {
    let end = g.bda16(bda::KEY_BUFFER_END)?;
    let next = pointer.wrapping_add(2);
    if next >= end { g.bda16(bda::KEY_BUFFER_START) } else { Ok(next) }
}

fn store(g: &mut Guest, key: u16) -> Served<bool> {
    let tail = g.bda16(bda::KEY_TAIL)?;
    let next = following(g, tail)?;
    if next == g.bda16(bda::KEY_HEAD)? {
        return Ok(false);
    }
    g.set_bda16(tail, key)?;
    g.set_bda16(bda::KEY_TAIL, next)?;
    Ok(true)
}

/// The functions of INT 16h.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Function {
    Read { enhanced: bool },
    Peek { enhanced: bool },
    ShiftFlags,
    Typematic,
    Store,
    Abilities,
    Identify,
    ExtendedShiftFlags,
    Unknown,
}

impl Function {
    fn decode(ah: u8) -> Self {
        match ah {
            0x00 => Self::Read { enhanced: false },
            0x01 => Self::Peek { enhanced: false },
            0x02 => Self::ShiftFlags,
            0x03 => Self::Typematic,
            0x05 => Self::Store,
            0x09 => Self::Abilities,
            0x0A => Self::Identify,
            0x10 => Self::Read { enhanced: true },
            0x11 => Self::Peek { enhanced: true },
            0x12 => Self::ExtendedShiftFlags,
            _ => Self::Unknown,
        }
    }
}

/// INT 16h; `first` until it has waited once.
pub(crate) fn int16(g: &mut Guest, first: bool) -> Served {
    match Function::decode(g.ah()) {
        Function::Read { enhanced } => read(g, enhanced, first),
        Function::Peek { enhanced } => {
            let key = peek(g, enhanced)?;
            g.set_zf(key.is_none())?;
            if let Some(key) = key {
                g.set_ax(key);
            }
            Ok(())
        }
        Function::ShiftFlags => {
            let flags = g.bda(bda::SHIFT_FLAGS)?;
            g.set_al(flags);
            Ok(())
        }
        Function::Typematic => typematic(g),
        Function::Store => {
            let key = g.cx();
            let stored = store(g, key)?;
            g.set_al(u8::from(!stored));
            Ok(())
        }
        // Enhanced calls, identify, AX=0305h.
        Function::Abilities => {
            g.set_al(0x34);
            Ok(())
        }
        Function::Identify => {
            g.set_bx(0x41AB);
            Ok(())
        }
        Function::ExtendedShiftFlags => extended_flags(g),
        Function::Unknown => Ok(()),
    }
}

fn read(g: &mut Guest, enhanced: bool, first: bool) -> Served {
    let Some(key) = peek(g, enhanced)? else {
        let place = if first { label::INT16_BUSY } else { wait_label(g) };
        g.go(place);
        return Ok(());
    };
    let head = g.bda16(bda::KEY_HEAD)?;
    let next = following(g, head)?;
    g.set_bda16(bda::KEY_HEAD, next)?;
    g.set_ax(key);
    Ok(())
}

/// With keyboard interrupts masked nothing would end a HLT.
fn wait_label(g: &mut Guest) -> u16 {
    if g.inb(0x21) & 3 == 3 { label::INT16_SPIN } else { label::INT16_HLT }
}

/// The next key; those that the old calls do not know are thrown away by them.
fn peek(g: &mut Guest, enhanced: bool) -> Served<Option<u16>> {
    for _ in 0..=256 {
        let head = g.bda16(bda::KEY_HEAD)?;
        if head == g.bda16(bda::KEY_TAIL)? {
            return Ok(None);
        }
        let key = g.bda16(head)?;
        let seen = if enhanced { Some(to_enhanced(key)) } else { to_standard(key) };
        if seen.is_some() {
            return Ok(seen);
        }
        let next = following(g, head)?;
        g.set_bda16(bda::KEY_HEAD, next)?;
    }
    Ok(None)
}

/// AX=0305h: delay BH and rate BL go to the keyboard.
fn typematic(g: &mut Guest) -> Served {
    let (delay, rate) = (g.bh(), g.bl());
    if g.al() == 5 && delay < 4 && rate < 32 {
        send_command(g, 0xF3, delay << 5 | rate)?;
    }
    Ok(())
}

/// AH: SysReq, locks held, right Alt and Ctrl, left Alt and Ctrl, from bit 7 down.
fn extended_flags(g: &mut Guest) -> Served {
    let flags = g.bda(bda::SHIFT_FLAGS)?;
    let held = g.bda(bda::SHIFT_FLAGS_2)?;
    let right = g.bda(bda::KEY_STATE)? & (RIGHT_CTRL | RIGHT_ALT);
    let high = held & (CAPS | NUM | SCROLL | LEFT_ALT | LEFT_CTRL) | right | (held & SYS_REQ) << 5;
    g.set_ax(u16::from(high) << 8 | u16::from(flags));
    Ok(())
}

#[cfg(test)]
mod tests;
