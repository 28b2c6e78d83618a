//! How one operation reaches the next.
//!
//! In optimised builds for targets where LLVM is known to make it a jump, a handler calls its successor as its last
//! act (`cfg(tail_calls)`, set by the build script). Elsewhere it returns the successor to a loop. The handlers are
//! the same; only the two functions [`go`] and [`stop`] and the loop in [`execute`] differ.
//!
//! `left` counts the instructions that may still begin, those of the present block already taken off.
#![expect(unsafe_code, reason = "operations are followed by pointer")]

use super::access::{Access, Fast, Miss, Slow};
use super::op::{Head, Links, Op, Prefix};
use super::refill::{indirect_missed, jump_missed, plain_missed};
use crate::cpu::Cpu;
use crate::fault::Fault;
use crate::state::Event;
use ringzero_bus::SystemBus;
use ringzero_bus::ram::PAGE_SIZE;

/// What a handler returns: nothing when it calls its successor itself.
#[cfg(tail_calls)]
pub(crate) type Flow = ();
/// What a handler returns: its successor, null to leave.
#[cfg(not(tail_calls))]
pub(crate) struct Flow(*const Op, i64);

/// Goes on with `op`.
#[inline(always)]
pub(super) unsafe fn go(cpu: &mut Cpu, op: *const Op, left: i64) -> Flow {
    cpu.check_op(op);
    #[cfg(tail_calls)]
    // SAFETY: the caller passes an operation of a block.
    unsafe {
        ((*op).run)(cpu, op, left)
    }
    #[cfg(not(tail_calls))]
    {
        let _ = cpu;
        Flow(op, left)
    }
}

/// Leaves the chain of blocks with `left` instructions unspent.
#[inline(always)]
pub(super) fn stop(cpu: &mut Cpu, left: i64) -> Flow {
    cpu.left = left;
    #[cfg(not(tail_calls))]
    Flow(std::ptr::null(), left)
}

/// The bus of the run that is under way.
///
/// Handlers find it here, not among their arguments: few of them want it, and what is left of the host's registers is theirs.
pub(crate) struct BusInUse(*mut SystemBus);

impl BusInUse {
    /// No run is under way.
    pub(crate) const NONE: Self = Self(std::ptr::null_mut());
}

// SAFETY: the pointer is followed only inside `execute`, which has set it.
unsafe impl Send for BusInUse {}

/// The bus, for the rest of a handler.
///
/// # Safety
/// Called by a handler, which holds no other reference to the bus.
#[inline(always)]
pub(super) unsafe fn bus_of<'a>(cpu: &Cpu) -> &'a mut SystemBus {
    // SAFETY: `execute` has set it to a reference that lives longer, and lends that to nobody else.
    unsafe { &mut *cpu.bus.0 }
}

/// The fast path of a handler.
///
/// # Safety
/// As for [`bus_of`].
#[inline(always)]
pub(super) unsafe fn fast(cpu: &mut Cpu) -> Fast<'_> {
    // SAFETY: the caller's. The bus is looked at by the checked build only.
    let bus = unsafe { bus_of(cpu) };
    Fast::new(cpu, bus)
}

/// Runs from the start of a block until the chain is left; `cpu.left` then says what is unspent.
///
/// # Safety
/// `head` is a block of `cpu` whose gate `left` opens.
pub(crate) unsafe fn execute(cpu: &mut Cpu, bus: &mut SystemBus, head: *const Head, left: i64) {
    cpu.bus = BusInUse(bus);
    // SAFETY: a head is followed by its operations.
    unsafe {
        let first = head.add(1).cast::<Op>();
        cpu.check_head(head);
        cpu.check_op(first);
        let left = left - (*head).len;
        #[cfg(tail_calls)]
        ((*first).run)(cpu, first, left);
        #[cfg(not(tail_calls))]
        {
            let mut flow = Flow(first, left);
            while !flow.0.is_null() {
                flow = ((*flow.0).run)(cpu, flow.0, flow.1);
            }
        }
    }
    cpu.bus = BusInUse::NONE;
}

/// An instruction's meaning, for either access.
pub(crate) trait Semantics {
    /// The same instruction with operand shapes found at run time.
    type Slow: Semantics;
    fn exec<A: Access>(m: &mut A, op: &Op) -> Result<(), A::Fail>;
}

/// A conditional branch's meaning: whether it is taken.
pub(crate) trait Decision {
    /// The same branch for the slow path.
    type Slow: Decision;
    /// Mask of the instruction pointer after a taken branch.
    const IP_MASK: u64;
    fn taken<A: Access>(m: &mut A, op: &Op) -> Result<bool, A::Fail>;
}

/// The head of the block that `op` is in.
#[inline(always)]
pub(crate) unsafe fn head_of(op: *const Op) -> *const Head {
    // SAFETY: an operation knows its place in its block.
    unsafe { op.sub(usize::from((*op).number)).cast() }
}

/// The prefix of a block.
#[inline(always)]
unsafe fn prefix_of(head: *const Head) -> *const Prefix {
    // SAFETY: it is the slot before the head.
    unsafe { head.sub(1).cast() }
}

/// Virtual time's instruction count as `op` begins.
pub(super) unsafe fn instant(cpu: &Cpu, op: *const Op, left: i64) -> u64 {
    // SAFETY: as the caller's.
    let (number, len) = unsafe { (i64::from((*op).number), (*head_of(op)).len) };
    cpu.limit_count.wrapping_sub((left + len - (number - 1)) as u64)
}

/// Where the instruction `op` begins (`after` 0) or ends (1), relative to the block.
pub(super) unsafe fn offset_in_block(op: *const Op, after: usize) -> u64 {
    // SAFETY: a block has one offset more than it has instructions, whose numbers start at 1.
    unsafe {
        let (head, number) = (head_of(op), usize::from((*op).number) - 1 + after);
        crate::check!(number as i64 <= (*head).len, "offset {number} of a block of {}", (*head).len);
        u64::from(*(*head).offsets.add(number))
    }
}

/// Gives back the instructions behind `op` that were charged and will not run.
unsafe fn refund(op: *const Op, left: i64) -> i64 {
    // SAFETY: as the caller's.
    unsafe { left + (*head_of(op)).len - i64::from((*op).number) }
}

/// An instruction that falls through to the next.
pub(crate) unsafe fn plain<S: Semantics>(cpu: &mut Cpu, op: *const Op, left: i64) -> Flow {
    // SAFETY: `op` is in a block; what follows a plain operation is an operation.
    unsafe {
        match S::exec(&mut fast(cpu), &*op) {
            Ok(()) => go(cpu, op.add(1), left),
            Err(Miss) => plain_missed::<S::Slow>(cpu, op, left),
        }
    }
}

/// The same for semantics that call functions of their own: what lies on the host's stack while they do would keep the
/// handler from leaving by a jump, so they get a frame that is gone by then.
pub(crate) unsafe fn called<S: Semantics>(cpu: &mut Cpu, op: *const Op, left: i64) -> Flow {
    // SAFETY: as for `plain`.
    unsafe {
        match quickly::<S>(cpu, &*op) {
            Ok(()) => go(cpu, op.add(1), left),
            Err(Miss) => plain_missed::<S::Slow>(cpu, op, left),
        }
    }
}

/// A short way for what an instruction nearly always is.
pub(crate) trait Short {
    /// The instruction in general.
    type General: Semantics;
    /// Does it, or changes nothing.
    fn attempt(m: &mut Fast<'_>, op: &Op) -> Option<()>;
}

/// An instruction that has a short way, which calls nothing.
pub(crate) unsafe fn short<S: Short>(cpu: &mut Cpu, op: *const Op, left: i64) -> Flow {
    // SAFETY: as for `plain`.
    unsafe {
        match S::attempt(&mut fast(cpu), &*op) {
            Some(()) => go(cpu, op.add(1), left),
            None => at_length::<S::General>(cpu, op, left),
        }
    }
}

/// The long way, where the short one does not lead.
#[cold]
#[inline(never)]
unsafe fn at_length<S: Semantics>(cpu: &mut Cpu, op: *const Op, left: i64) -> Flow {
    // SAFETY: as for `plain`.
    unsafe { called::<S>(cpu, op, left) }
}

/// Executes on the fast path, in a frame of its own.
#[inline(never)]
fn quickly<S: Semantics>(cpu: &mut Cpu, op: &Op) -> Result<(), Miss> {
    // SAFETY: a handler calls this, and holds no reference to the bus.
    S::exec(&mut unsafe { fast(cpu) }, op)
}

/// The same on the slow path; also the handler of instructions that have no fast one.
#[cold]
#[inline(never)]
pub(crate) unsafe fn plain_slow<S: Semantics>(cpu: &mut Cpu, op: *const Op, left: i64) -> Flow {
    // SAFETY: as above.
    unsafe {
        let bus = bus_of(cpu);
        bus.set_count(instant(cpu, op, left));
        match slowly::<S>(cpu, bus, &*op) {
            Ok(()) if !bus.attention() => go(cpu, op.add(1), left),
            Ok(()) => leave_behind(cpu, op, left),
            Err(fault) => raise(cpu, op, left, fault),
        }
    }
}

/// Leaves the block behind `op`.
#[cold]
pub(super) unsafe fn leave_behind(cpu: &mut Cpu, op: *const Op, left: i64) -> Flow {
    // SAFETY: as the caller's.
    unsafe {
        cpu.state.ip = cpu.advance(offset_in_block(op, 1));
        stop(cpu, refund(op, left))
    }
}

/// Executes on the slow path. A function of its own, so that its frame is gone before the caller's tail call.
#[inline(never)]
fn slowly<S: Semantics>(cpu: &mut Cpu, bus: &mut SystemBus, op: &Op) -> Result<(), Fault> {
    S::exec(&mut Slow { cpu, bus }, op)
}

/// Ends the block at `op` with a fault to deliver.
#[cold]
pub(super) unsafe fn raise(cpu: &mut Cpu, op: *const Op, left: i64, fault: Fault) -> Flow {
    // SAFETY: as the caller's.
    unsafe {
        // The 8086 and 80186 save the address behind a division that fails.
        let after = usize::from(fault == Fault::DivideError && cpu.wraps_in_segment);
        cpu.state.ip = cpu.advance(offset_in_block(op, after));
        cpu.state.pending = Some(Event::Fault(fault));
        stop(cpu, refund(op, left))
    }
}

/// An instruction after which it must be seen whether the run loop has anything to do: interrupt flag, segment and system
/// registers, far transfers.
/// It finds its own IP in `state.ip` and leaves the next one in `next_ip`.
pub(crate) unsafe fn ending<S: Semantics>(cpu: &mut Cpu, op: *const Op, left: i64) -> Flow {
    // SAFETY: as above.
    unsafe {
        let bus = bus_of(cpu);
        bus.set_count(instant(cpu, op, left));
        let next = cpu.advance(offset_in_block(op, 1));
        cpu.state.ip = cpu.advance(offset_in_block(op, 0));
        cpu.next_ip = next;
        cpu.left = refund(op, left);
        match slowly::<S>(cpu, bus, &*op) {
            Ok(()) => cpu.state.ip = cpu.next_ip,
            Err(fault) => cpu.state.pending = Some(Event::Fault(fault)),
        }
        let left = cpu.left;
        if left > 0 && cpu.may_go_on(bus) { enter_next(cpu, op, left) } else { stop(cpu, left) }
    }
}

/// The end of a block whose last instruction falls through: the page or the longest block is at its end.
pub(crate) unsafe fn fall_through(cpu: &mut Cpu, op: *const Op, left: i64) -> Flow {
    // SAFETY: this operation ends its block.
    unsafe {
        cpu.state.ip = cpu.advance(u64::from((*op).disp));
        follow_taken(cpu, op, left)
    }
}

/// A branch that is always taken to a known place.
pub(crate) unsafe fn jump<S: Semantics, const IP_BITS: u32>(cpu: &mut Cpu, op: *const Op, left: i64) -> Flow {
    // SAFETY: this operation ends its block.
    unsafe {
        match S::exec(&mut fast(cpu), &*op) {
            Ok(()) => {
                cpu.state.ip = branch_target(cpu, op, ip_mask(IP_BITS));
                follow_taken(cpu, op, left)
            }
            Err(Miss) => jump_missed::<S::Slow, IP_BITS>(cpu, op, left),
        }
    }
}

#[cold]
#[inline(never)]
pub(super) unsafe fn jump_slow<S: Semantics, const IP_BITS: u32>(
    cpu: &mut Cpu,
    op: *const Op,
    left: i64,
) -> Flow {
    // SAFETY: as above.
    unsafe {
        let bus = bus_of(cpu);
        bus.set_count(instant(cpu, op, left));
        if let Err(fault) = slowly::<S>(cpu, bus, &*op) {
            return raise(cpu, op, left, fault);
        }
        cpu.state.ip = branch_target(cpu, op, ip_mask(IP_BITS));
        if bus.attention() { stop(cpu, left) } else { follow_taken(cpu, op, left) }
    }
}

/// Mask of an instruction pointer of `bits` bits.
pub(crate) const fn ip_mask(bits: u32) -> u64 {
    u64::MAX >> (64 - bits)
}

#[inline(always)]
pub(super) unsafe fn branch_target(cpu: &Cpu, op: *const Op, mask: u64) -> u64 {
    // SAFETY: as the caller's.
    let delta = unsafe { (*op).disp } as i32 as i64 as u64;
    cpu.state.ip.wrapping_add(delta) & mask
}

/// A conditional branch. Both arms dispatch for themselves, so that the host predicts them apart.
pub(crate) unsafe fn branch<D: Decision>(cpu: &mut Cpu, op: *const Op, left: i64) -> Flow {
    // SAFETY: this operation ends its block.
    unsafe {
        match D::taken(&mut fast(cpu), &*op) {
            Ok(true) => {
                cpu.state.ip = branch_target(cpu, op, D::IP_MASK);
                turn_off(cpu, op, left)
            }
            Ok(false) => {
                cpu.state.ip = cpu.advance(u64::from((*op).imm));
                follow_fall(cpu, op, left)
            }
            Err(Miss) => ending::<Undecided<D::Slow>>(cpu, op, left),
        }
    }
}

/// A conditional branch on the slow path.
struct Undecided<D>(std::marker::PhantomData<D>);

impl<D: Decision> Semantics for Undecided<D> {
    type Slow = Self;
    fn exec<A: Access>(m: &mut A, op: &Op) -> Result<(), A::Fail> {
        if D::taken(m, op)? {
            let cpu = m.cpu();
            // `disp` counts from the block's start, which the last instruction's end is `imm` away from.
            let delta = op.disp.wrapping_sub(op.imm) as i32 as i64 as u64;
            cpu.next_ip = cpu.next_ip.wrapping_add(delta) & D::IP_MASK;
        }
        Ok(())
    }
}

/// A branch to a place only known now: `S` leaves it in `state.ip`.
pub(crate) unsafe fn indirect<S: Semantics>(cpu: &mut Cpu, op: *const Op, left: i64) -> Flow {
    // SAFETY: this operation ends its block.
    unsafe {
        match S::exec(&mut fast(cpu), &*op) {
            Ok(()) => enter_next(cpu, op, left),
            Err(Miss) => indirect_missed::<S::Slow>(cpu, op, left),
        }
    }
}

#[cold]
#[inline(never)]
pub(super) unsafe fn indirect_slow<S: Semantics>(cpu: &mut Cpu, op: *const Op, left: i64) -> Flow {
    // SAFETY: as above.
    unsafe {
        let bus = bus_of(cpu);
        bus.set_count(instant(cpu, op, left));
        match slowly::<S>(cpu, bus, &*op) {
            Ok(()) if !bus.attention() => enter_next(cpu, op, left),
            Ok(()) => stop(cpu, left),
            Err(fault) => raise(cpu, op, left, fault),
        }
    }
}

#[inline(always)]
unsafe fn links_of(cpu: &Cpu, op: *const Op) -> *mut Links {
    cpu.check_last(op);
    // SAFETY: the last operation of a block is followed by its links.
    unsafe { op.add(1).cast_mut().cast() }
}

/// Goes on where a branch leads that need not have been taken, or that may lead elsewhere: this is recorded. Where other blocks
/// begin and end follows from the code.
#[inline(always)]
pub(super) unsafe fn turn_off(cpu: &mut Cpu, op: *const Op, left: i64) -> Flow {
    cpu.note_turn(left);
    // SAFETY: as the caller's.
    unsafe { follow_taken(cpu, op, left) }
}

#[inline(always)]
pub(super) unsafe fn follow_taken(cpu: &mut Cpu, op: *const Op, left: i64) -> Flow {
    // SAFETY: links lead to blocks.
    unsafe {
        let head = (*links_of(cpu, op)).taken;
        cpu.check_head(head);
        if left < (*head).gate {
            return link_taken(cpu, op, left);
        }
        go(cpu, head.add(1).cast(), left - (*head).len)
    }
}

/// Enters a block by the handler in its prefix.
#[inline(always)]
unsafe fn fall_into(cpu: &mut Cpu, head: *const Head, left: i64) -> Flow {
    // SAFETY: the caller passes a block whose gate `left` opens.
    unsafe {
        let (first, left) = (head.add(1).cast::<Op>(), left - (*head).len);
        cpu.check_op(first);
        crate::check!(
            std::ptr::fn_addr_eq((*prefix_of(head)).first, (*first).run),
            "a prefix has the handler of another operation"
        );
        #[cfg(tail_calls)]
        {
            ((*prefix_of(head)).first)(cpu, first, left)
        }
        #[cfg(not(tail_calls))]
        {
            go(cpu, first, left)
        }
    }
}

#[inline(always)]
pub(super) unsafe fn follow_fall(cpu: &mut Cpu, op: *const Op, left: i64) -> Flow {
    // SAFETY: links lead to blocks.
    unsafe {
        let head = (*links_of(cpu, op)).fall;
        cpu.check_head(head);
        if left < (*head).gate {
            return link_fall(cpu, op, left);
        }
        fall_into(cpu, head, left)
    }
}

/// Whether a link from the block of `op` may lead to `head`, `delta` bytes on: inside their page no translation is between them.
unsafe fn may_link(op: *const Op, delta: u32, head: *const Head) -> bool {
    // SAFETY: both are blocks.
    let (from, to) = unsafe { ((*prefix_of(head_of(op))).offset, (*prefix_of(head)).offset) };
    let expected = from.wrapping_add(delta as i32 as i64 as u64);
    to == expected && from / PAGE_SIZE as u64 == to / PAGE_SIZE as u64
}

/// The gate of `taken` is closed: makes the link, or leaves.
#[cold]
#[inline(never)]
unsafe fn link_taken(cpu: &mut Cpu, op: *const Op, left: i64) -> Flow {
    // SAFETY: as above; blocks are written only here and by the cache, never through a reference.
    unsafe {
        let bus = bus_of(cpu);
        let Some(head) = cpu.find_block(bus).filter(|&head| left >= (*head).gate) else {
            return stop(cpu, left);
        };
        if may_link(op, (*op).disp, head) {
            (*links_of(cpu, op)).taken = head;
        }
        go(cpu, head.add(1).cast(), left - (*head).len)
    }
}

/// The gate of `fall` is closed: makes the link, or leaves.
#[cold]
#[inline(never)]
unsafe fn link_fall(cpu: &mut Cpu, op: *const Op, left: i64) -> Flow {
    // SAFETY: as above.
    unsafe {
        let bus = bus_of(cpu);
        let Some(head) = cpu.find_block(bus).filter(|&head| left >= (*head).gate) else {
            return stop(cpu, left);
        };
        if may_link(op, (*op).imm, head) {
            (*links_of(cpu, op)).fall = head;
        }
        go(cpu, head.add(1).cast(), left - (*head).len)
    }
}

/// Enters the block at `state.ip` by the jump cache.
#[inline(always)]
pub(super) unsafe fn enter_next(cpu: &mut Cpu, op: *const Op, left: i64) -> Flow {
    cpu.note_turn(left);
    // SAFETY: the jump cache holds blocks.
    unsafe {
        match cpu.met_block() {
            Some(head) if left >= (*head).gate => go(cpu, head.add(1).cast(), left - (*head).len),
            _ => enter_unmet(cpu, op, left),
        }
    }
}

/// The same where the jump cache does not know the block, or its gate is closed.
#[cold]
#[inline(never)]
unsafe fn enter_unmet(cpu: &mut Cpu, _op: *const Op, left: i64) -> Flow {
    // SAFETY: the cache holds blocks.
    unsafe {
        let bus = bus_of(cpu);
        match cpu.find_block(bus).filter(|&head| left >= (*head).gate) {
            Some(head) => go(cpu, head.add(1).cast(), left - (*head).len),
            None => stop(cpu, left),
        }
    }
}
