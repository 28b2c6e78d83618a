//! What a block's instructions can spare each other: flags that the next one overwrites, and the way from one to the next.
//!
//! Only handlers change, and nothing that can be seen.

use super::block::Lowered;
use super::opcode_map::{fused_pair, quiet_form};
use crate::flags::bit::STATUS;

/// Gives instructions that follow each other in a block the handlers that do less, or more at once.
pub(crate) fn tune(run: &mut [Lowered]) {
    drop_dead_flags(run);
    fuse_pairs(run);
}

/// Where all flags an operation sets are set again before anybody can see them, it need not set them.
fn drop_dead_flags(run: &mut [Lowered]) {
    let mut live = STATUS;
    for lowered in run.iter_mut().rev() {
        let effects = lowered.form.effects();
        if effects.may_leave {
            live = STATUS;
            continue;
        }
        if effects.writes != 0
            && effects.writes & live == 0
            && let Some(quiet) = quiet_form(&lowered.form)
        {
            lowered.op.run = quiet;
            lowered.quiet = true;
        }
        live = live & !effects.writes | effects.reads;
    }
}

/// From the end, where a comparison and its branch are, to the start; no operation is in two pairs.
fn fuse_pairs(run: &mut [Lowered]) {
    let mut second = run.len().saturating_sub(1);
    while second > 0 {
        let pair = fused_pair(&run[second - 1], &run[second]);
        if let Some(handler) = pair {
            run[second - 1].op.run = handler;
            second -= 1;
        }
        second = second.saturating_sub(1);
    }
}
