//! Who called: return addresses by the chain of frame pointers.

use ringzero_cpu::{CpuState, SegReg, number};

/// Callers looked for.
const MOST: usize = 64;
/// Bytes of stack that a function may take; more is no chain of frames.
const LONGEST_FRAME: u64 = 1 << 20;
/// Bytes of the longest near call: FF /2 with a SIB byte and a displacement of 32 bits.
const LONGEST_CALL: usize = 7;

/// Where the functions return to that were called to get to where `state` stands, the innermost first. `read` reads memory at a
/// linear address, and says whether all of it is there.
///
/// Code that keeps no frame pointers has something else in EBP. So a frame must lie further up than the one before, not too far, and
/// return to behind a call; the first that does not ends the list.
pub(super) fn callers(state: &CpuState, read: impl Fn(u64, &mut [u8]) -> bool) -> Vec<u32> {
    let (cs, ss) = (state.seg(SegReg::Cs), state.seg(SegReg::Ss));
    let width: u64 = if cs.attr.is_big() { 4 } else { 2 };
    let mask = if ss.attr.is_big() { 0xFFFF_FFFF } else { 0xFFFF };
    let word = |offset: u64| {
        let mut bytes = [0; 4];
        let there = read(linear(ss.base, offset & mask), &mut bytes[..width as usize]);
        there.then_some(u32::from_le_bytes(bytes))
    };
    let mut least = state.regs.number(number::SP) & mask;
    let mut frame = state.regs.number(number::BP) & mask & operand_mask(width);
    let mut found = Vec::new();
    let is_frame = |frame: u64, least: u64| {
        (least..least + LONGEST_FRAME).contains(&frame) && frame.is_multiple_of(width)
    };
    while found.len() < MOST && is_frame(frame, least) {
        let (Some(outer), Some(to)) = (word(frame), word(frame + width)) else { break };
        if !is_behind_call(cs.base, to, &read) {
            break;
        }
        found.push(to);
        (least, frame) = (frame + 2 * width, u64::from(outer) & mask);
    }
    found
}

fn operand_mask(width: u64) -> u64 {
    if width == 4 { 0xFFFF_FFFF } else { 0xFFFF }
}

fn linear(base: u64, offset: u64) -> u64 {
    base.wrapping_add(offset) & 0xFFFF_FFFF
}

/// Whether the instruction before offset `ip` is a near call [SDM 2A, "CALL"].
fn is_behind_call(base: u64, ip: u32, read: &impl Fn(u64, &mut [u8]) -> bool) -> bool {
    let mut bytes = [0; LONGEST_CALL];
    let Some(start) = u64::from(ip).checked_sub(LONGEST_CALL as u64) else { return false };
    if !read(linear(base, start), &mut bytes) {
        return false;
    }
    let from_end = |n: usize| bytes[LONGEST_CALL - n];
    let direct = from_end(5) == 0xE8 || from_end(3) == 0xE8;
    let indirect = |len| from_end(len) == 0xFF && from_end(len - 1) >> 3 & 7 == 2;
    direct || (2..=LONGEST_CALL).any(indirect)
}
