//! The run loop: pending events, interrupts, blocks.

use crate::cpu::Cpu;
use crate::debug::Dr6;
use crate::exec::dispatch::execute;
use crate::exec::op::Head;
use crate::fault::Fault;
use crate::flags::bit;
use crate::model::Generation;
use crate::protected::interrupt::Origin;
use crate::recorder::Cause;
use crate::segment::SegReg;
use crate::state::{Activity, Event, Shadow};
use ringzero_bus::SystemBus;

/// Why a run ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// The budget is spent.
    Budget,
    /// A chip wants the machine's attention: an earlier deadline, or a request.
    Attention,
    /// The processor halted; only an interrupt or RESET wakes it.
    Halted,
    /// The processor shut down after a triple fault; only RESET wakes it.
    Shutdown,
    /// The firmware port was written; IP is behind the OUT.
    Firmware,
    /// The port whose reading is a request was read; IP is behind the IN, which has changed no register.
    Registers,
    /// A port was read over and over, and may go on giving the same: [`SystemBus::watch_polls`].
    Polling,
}

/// Vector of the non-maskable interrupt.
const NMI: u8 = 2;
/// Longest slice: far below what would make an unlinked block's gate open.
const LONGEST_SLICE: u64 = 1 << 40;

impl Cpu {
    /// Runs until `budget` instructions have begun or something ends the run earlier. The count kept in
    /// [`crate::CpuState::count`] is exact in every case.
    pub fn run(&mut self, bus: &mut SystemBus, budget: u64) -> Exit {
        bus.set_smm(self.state.in_smm);
        self.drop_overwritten_code(bus);
        bus.set_count(self.state.count);
        bus.set_apic_base(self.state.msrs.apic_base);
        let budget = budget.min(LONGEST_SLICE);
        let begun = self.state.count;
        self.attach_memory(bus);
        self.limit_count = self.state.count + budget;
        self.left = budget as i64;
        let exit = loop {
            if let Some(exit) = self.attend(bus) {
                break exit;
            }
            if let Some(exit) = self.turn(bus) {
                break exit;
            }
            self.state.count = self.limit_count - self.left as u64;
        };
        self.state.count = self.limit_count - self.left as u64;
        bus.set_count(self.state.count);
        self.stats.instructions += self.state.count - begun;
        self.stats.exits.note(exit);
        debug_assert!(self.is_true_of(bus), "a translation leads astray");
        crate::check!(self.is_true_of(bus), "a translation leads astray");
        exit
    }

    /// Whether another turn of the run loop would do nothing but enter the next block: what it looks at, in its order.
    #[inline]
    pub(crate) fn may_go_on(&mut self, bus: &SystemBus) -> bool {
        let state = &self.state;
        let waits = state.smi_pending | state.nmi_pending | state.init_pending;
        let intr = bus.intr() && state.flags.control(bit::IF);
        let single = state.flags.control_bits(bit::TF | bit::RF) != 0 || self.breakpoints.any();
        let goes_on = !(bus.attention() | waits | intr | single)
            && state.activity == Activity::Running
            && state.pending.is_none()
            && state.interrupt_shadow == Shadow::None
            && state.breakpoint_hits == 0;
        if goes_on {
            self.entered_handler = false;
        }
        goes_on
    }

    /// Takes note of what chips and writes to code have changed.
    fn attend(&mut self, bus: &mut SystemBus) -> Option<Exit> {
        if !bus.attention() {
            return None;
        }
        bus.clear_attention();
        self.take_signals(bus);
        let a20 = bus.fabric().wires.a20;
        let map = bus.map_generation();
        if a20 != self.a20 || map != self.map {
            (self.a20, self.map) = (a20, map);
            self.flush_translations();
        }
        self.note_video(bus);
        self.note_moves(bus);
        self.drop_overwritten_code(bus);
        if bus.take_firmware_call() {
            return Some(Exit::Firmware);
        }
        if bus.take_register_request() {
            return Some(Exit::Registers);
        }
        if bus.take_poll() {
            return Some(Exit::Polling);
        }
        // A deadline armed for the past counts too: it must not wait for the end of the slice.
        let earlier = bus.next_deadline_count().is_some_and(|due| due < self.limit_count);
        (bus.has_request() || earlier).then_some(Exit::Attention)
    }

    /// Remembers the edges that chips have made since the last look.
    fn take_signals(&mut self, bus: &mut SystemBus) {
        let signals = bus.take_signals();
        if !signals.any() {
            return;
        }
        if signals.smi {
            self.raise_smi();
        }
        self.state.nmi_pending |= signals.nmi;
        self.state.init_pending |= signals.init;
    }

    fn drop_overwritten_code(&mut self, bus: &mut SystemBus) {
        if bus.fabric().ram.has_code_hits() {
            bus.fabric_mut().ram.take_code_hits(&mut self.code_hits);
            for hit in &self.code_hits {
                self.cache.invalidate(*hit);
            }
        }
    }

    /// One event, one interrupt, or one chain of blocks.
    fn turn(&mut self, bus: &mut SystemBus) -> Option<Exit> {
        if self.state.activity == Activity::Shutdown {
            return Some(Exit::Shutdown);
        }
        if self.left <= 0 {
            return Some(Exit::Budget);
        }
        if let Some(Event::Fault(fault)) = self.state.pending.take() {
            self.left -= 1;
            bus.set_count(self.limit_count - self.left as u64);
            self.deliver_fault(bus, fault);
            self.trap_after(false);
            return None;
        }
        if self.state.interrupt_shadow == Shadow::None && self.take_interrupt(bus) {
            return None;
        }
        if self.state.activity == Activity::Halted {
            return Some(Exit::Halted);
        }
        self.run_block(bus);
        None
    }

    /// Takes what comes first of INIT, SMI, NMI and INTR [SDM 3A, "Prioritization of Concurrent Events"]; that counts
    /// as one instruction.
    #[inline]
    fn take_interrupt(&mut self, bus: &mut SystemBus) -> bool {
        let state = &self.state;
        let pins = state.smi_pending | state.nmi_pending | state.init_pending;
        let intr = bus.intr() && state.flags.control(bit::IF);
        (pins && self.take_signal(bus)) || (intr && self.take_vector(bus))
    }

    fn begin_event(&mut self, bus: &mut SystemBus) {
        self.left -= 1;
        bus.set_count(self.limit_count - self.left as u64);
    }

    /// In system management mode all of them wait.
    #[cold]
    fn take_signal(&mut self, bus: &mut SystemBus) -> bool {
        let state = &self.state;
        let nmi = state.nmi_pending && !state.nmi_blocked;
        if state.init_pending && !state.in_smm {
            self.begin_event(bus);
            self.init();
        } else if self.takes_smi() {
            self.begin_event(bus);
            self.recorder.note(self.delivery(Cause::Smi));
            self.stats.smis += 1;
            self.enter_smm(bus);
        } else if nmi {
            self.state.nmi_pending = false;
            self.state.nmi_blocked = true;
            self.begin_event(bus);
            self.recorder.note(self.delivery(Cause::Nmi));
            self.stats.nmis += 1;
            self.enter(bus, NMI);
        } else {
            return false;
        }
        true
    }

    fn take_vector(&mut self, bus: &mut SystemBus) -> bool {
        self.begin_event(bus);
        self.stats.interrupts += 1;
        let vector = bus.acknowledge().0;
        self.recorder.note(self.delivery(Cause::Interrupt(vector)));
        self.recorder.interrupted(vector, self.limit_count - self.left as u64);
        self.enter(bus, vector);
        true
    }

    fn enter(&mut self, bus: &mut SystemBus, vector: u8) {
        self.state.activity = Activity::Running;
        if let Err(fault) = self.deliver(bus, vector, Origin::Event, None) {
            self.deliver_fault(bus, fault);
        }
        self.trap_after(false);
    }

    /// Runs from `state.ip` on; a single instruction where something is to be looked at after it.
    fn run_block(&mut self, bus: &mut SystemBus) {
        let trap = self.state.flags.control(bit::TF);
        let resume = self.state.flags.control(bit::RF);
        let shadow = std::mem::take(&mut self.state.interrupt_shadow);
        let single = trap || shadow != Shadow::None || self.breakpoints.any();
        let before = self.left;
        if resume {
            // RF is for one instruction; IRET, and a repeat that is not done, set it again.
            self.state.flags.set_control(bit::RF, false);
        } else if self.breakpoints.any() && shadow != Shadow::StackLoad && self.meets_breakpoint() {
            self.left -= 1;
            return;
        }
        let most = if single { 1 } else { self.left };
        // What lies beyond `most` must not run: it is taken out of the budget and put back afterwards.
        let held_back = self.left - most;
        self.limit_count -= held_back as u64;
        match self.block_to_run(bus, most) {
            Ok(head) => {
                self.note_going_on(most);
                // SAFETY: the block is in the cache or in `scratch`, both of which stay as they are meanwhile,
                // and `most` opens its gate.
                #[expect(unsafe_code, reason = "runs the operations of a block")]
                unsafe {
                    execute(self, bus, head, most);
                }
            }
            Err(fault) => {
                self.left = most - 1;
                self.state.pending = Some(Event::Fault(fault));
            }
        }
        self.left += held_back;
        self.limit_count += held_back as u64;
        if (trap || self.state.breakpoint_hits != 0) && self.left < before {
            self.trap_after(trap);
        }
    }

    /// Whether a breakpoint is set on the next instruction; if so, the fault is pending.
    fn meets_breakpoint(&mut self) -> bool {
        let lin = self.wrap_linear(self.state.seg(SegReg::Cs).base.wrapping_add(self.state.ip));
        let hits = self.breakpoints.on_fetch(lin);
        if hits != 0 {
            self.state.dr[6] |= hits;
            self.state.pending = Some(Event::Fault(Fault::Debug));
        }
        hits != 0
    }

    /// The debug trap behind an instruction, for TF and for the breakpoints it hit. A fault of the instruction comes
    /// in its place; behind a load of SS it waits for one more instruction.
    fn trap_after(&mut self, trap: bool) {
        if self.state.pending.is_some() {
            self.state.breakpoint_hits = 0;
            return;
        }
        if self.state.interrupt_shadow == Shadow::StackLoad {
            return;
        }
        let single_step = if trap && !self.entered_handler { Dr6::BS } else { 0 };
        let reasons = std::mem::take(&mut self.state.breakpoint_hits) | single_step;
        if reasons != 0 {
            self.state.dr[6] |= reasons;
            self.state.pending = Some(Event::Fault(Fault::Debug));
        }
    }

    /// A repeated string instruction is left before it is done: it goes on without meeting a breakpoint on it again.
    pub(crate) fn resume_repeat(&mut self) {
        if self.model.at_least(Generation::I80386) {
            self.state.flags.set_control(bit::RF, true);
        }
    }

    /// A block at `state.ip` of at most `most` instructions.
    fn block_to_run(&mut self, bus: &mut SystemBus, most: i64) -> Result<*const Head, Fault> {
        self.entered_handler = false;
        let found = self.find_block(bus);
        #[expect(unsafe_code, reason = "the cache gives out pointers to blocks it holds")]
        // SAFETY: see above.
        let open = found.filter(|&head| unsafe { (*head).len } <= most);
        match open {
            Some(head) => Ok(head),
            None => self.decode_block(bus, most, found.is_none()),
        }
    }
}
