//! The processor: its state, and what is derived from it for speed.

use crate::code_mode::CodeMode;
use crate::debug::Breakpoints;
use crate::decode::block::{Lowered, Scratch};
use crate::decode::cache::BlockCache;
use crate::decode::jumps::{Circumstances, Context};
use crate::exec::dispatch::BusInUse;
use crate::exec::op::Head;
use crate::flags::bit;
use crate::model::{Generation, Model};
use crate::paging::{self, WalkStep};
use crate::protected::known::Known;
use crate::recorder::{CodePlace, Recorder};
use crate::segment::{SegAttr, SegReg, Segment};
use crate::state::{CpuState, cr0};
use crate::stats::CpuStats;
use crate::tlb::Tlb;
use crate::tlb::code::CodeTlb;
use ringzero_bus::{CodeHit, LinAddr, PhysAddr, RamClaim, SystemBus};

/// Base and fast limits of a segment, as the fast path wants them. The alignment makes its place in the table one shift of
/// the segment's number.
#[derive(Clone, Copy, Default)]
#[repr(align(32))]
pub(crate) struct Window {
    pub(crate) base: u64,
    pub(crate) read_limit: i64,
    pub(crate) write_limit: i64,
}

/// One x86 processor.
///
/// [`CpuState`] is what the guest can see; all else here is rebuilt from it.
pub struct Cpu {
    pub(crate) state: CpuState,
    pub(crate) windows: [Window; 8],
    /// How often pages have been found to have moved.
    pub(crate) moves_noted: u64,
    /// The right to the addresses that translations lead to.
    pub(crate) claim: RamClaim,
    /// Translations as the present privilege may use them.
    pub(crate) tlb: Tlb,
    /// Translations of the other privilege: user when `user` is false, supervisor when it is true.
    pub(crate) other_tlb: Tlb,
    /// Translations of code, as the present privilege may fetch it, and as the other may.
    pub(crate) code_tlb: CodeTlb,
    other_code_tlb: CodeTlb,
    /// Privilege level 3: pages must be user pages.
    pub(crate) user: bool,
    /// Unaligned accesses fault.
    pub(crate) aligned_only: bool,
    /// Derived from the debug registers.
    pub(crate) breakpoints: Breakpoints,
    pub(crate) left: i64,
    /// During a run.
    pub(crate) bus: BusInUse,
    /// `state.count` at which the present run ends.
    pub(crate) limit_count: u64,
    /// Where an ending instruction goes on.
    pub(crate) next_ip: u64,
    /// Mask of the instruction pointer when execution runs on: 16 bits on a 16-bit chip.
    pub(crate) ip_mask: u64,
    /// The 8086 and 80186 wrap a word at offset FFFFh to offset 0 where later chips fault.
    pub(crate) wraps_in_segment: bool,
    pub(crate) model: Model,
    pub(crate) mode: CodeMode,
    pub(crate) cache: BlockCache,
    pub(crate) a20: bool,
    /// The generation of the memory map that translations were made under.
    pub(crate) map: u64,
    /// The same of video memory.
    pub(crate) video_epoch: u64,
    pub(crate) block_limit: usize,
    /// Whether instructions of a block may spare each other something.
    pub(crate) tuned: bool,
    /// The block that was decoded for one use.
    pub(crate) scratch: Scratch,
    /// What was decoded last: kept for its memory.
    pub(crate) decoded: Vec<Lowered>,
    /// Hits on decoded code that were taken note of last: kept for its memory.
    pub(crate) code_hits: Vec<CodeHit>,
    /// The instruction just done entered an interrupt handler: no single-step trap follows it.
    pub(crate) entered_handler: bool,
    /// Gates and descriptors that have been checked.
    pub(crate) known: Known,
    pub(crate) recorder: Recorder,
    pub(crate) stats: CpuStats,
    /// Of the code segment, for the recorder.
    code_place: CodePlace,
}

impl Cpu {
    /// Longest block in instructions; `Op::number` is a byte.
    pub(crate) const MAX_BLOCK: usize = 48;

    /// A processor of `model` after power-on.
    pub fn new(model: Model) -> Self {
        let mut cpu = Self {
            state: CpuState::reset(&model, 0),
            windows: [Window::default(); 8],
            moves_noted: 0,
            claim: RamClaim::default(),
            tlb: Tlb::new(),
            other_tlb: Tlb::new(),
            code_tlb: CodeTlb::new(),
            other_code_tlb: CodeTlb::new(),
            user: false,
            aligned_only: false,
            breakpoints: Breakpoints::default(),
            left: 0,
            bus: BusInUse::NONE,
            limit_count: 0,
            next_ip: 0,
            ip_mask: if model.at_least(Generation::I80386) { 0xFFFF_FFFF } else { 0xFFFF },
            wraps_in_segment: !model.at_least(Generation::I80286),
            model,
            mode: CodeMode::default(),
            cache: BlockCache::new(BlockCache::DEFAULT_CAPACITY),
            a20: true,
            map: 0,
            video_epoch: 0,
            block_limit: Self::MAX_BLOCK,
            tuned: true,
            scratch: Scratch::new(),
            decoded: Vec::new(),
            code_hits: Vec::new(),
            entered_handler: false,
            known: Known::default(),
            recorder: Recorder::default(),
            stats: CpuStats::default(),
            code_place: CodePlace::default(),
        };
        cpu.state_changed();
        cpu
    }

    /// A second processor in the same state, which goes on as this one does. It decodes its blocks anew, and finds anew
    /// where memory lies on the host; what it knows of the guest's page tables it knows as this one does.
    #[must_use]
    pub fn fork(&self) -> Self {
        let mut cpu = Self {
            state: self.state.clone(),
            cache: self.cache.without_blocks(),
            a20: self.a20,
            map: self.map,
            video_epoch: self.video_epoch,
            block_limit: self.block_limit,
            tuned: self.tuned,
            entered_handler: self.entered_handler,
            recorder: self.recorder.clone(),
            stats: self.stats(),
            ..Self::new(self.model)
        };
        cpu.cache.stats = self.cache.stats;
        cpu.state_changed();
        (cpu.tlb, cpu.other_tlb) = (self.tlb.clone(), self.other_tlb.clone());
        (cpu.code_tlb, cpu.other_code_tlb) = (self.code_tlb.clone(), self.other_code_tlb.clone());
        cpu.forget_places();
        cpu
    }

    /// The model.
    pub fn model(&self) -> &Model {
        &self.model
    }

    /// The guest-visible state.
    pub fn state(&self) -> &CpuState {
        &self.state
    }

    /// What happened last.
    pub fn recorder(&self) -> &Recorder {
        &self.recorder
    }

    /// The same, to listen to it.
    pub fn recorder_mut(&mut self) -> &mut Recorder {
        &mut self.recorder
    }

    /// Keeps the last `places` where branches led, rounded up to a power of two; 0 keeps none.
    pub fn record_trail(&mut self, places: usize) {
        self.recorder.set_capacity(places);
    }

    /// Replaces the guest-visible state, as a snapshot or a debugger does.
    pub fn set_state(&mut self, state: CpuState) {
        self.state = state;
        self.flush_translations();
        self.cache.clear();
        self.state_changed();
    }

    /// Changes the guest-visible state in place; caches that depend on it are renewed.
    pub fn update_state<R>(&mut self, change: impl FnOnce(&mut CpuState) -> R) -> R {
        let result = change(&mut self.state);
        self.flush_translations();
        self.state_changed();
        result
    }

    /// Changes general registers, IP, flags and real-mode segments in place, as firmware does; memory translation
    /// stays, so this is cheap.
    pub fn set_program_registers(&mut self, change: impl FnOnce(&mut CpuState)) {
        change(&mut self.state);
        self.state_changed();
    }

    /// The RESET pin. The instruction count goes on.
    pub fn reset(&mut self) {
        self.set_state(CpuState::reset(&self.model, self.state.count));
    }

    /// The INIT# pin: as RESET, but what floats, counts or describes memory stays [SDM 3A, "Processor State After
    /// Reset", "INIT"]. The processor leaves system management mode.
    pub(crate) fn init(&mut self) {
        let old = &self.state;
        let cr0 = old.cr0 & (cr0::CD | cr0::NW) | cr0::ET;
        let state = CpuState {
            cr0,
            msrs: old.msrs.clone(),
            fpu: old.fpu.clone(),
            xmm: old.xmm,
            mxcsr: old.mxcsr,
            smbase: old.smbase,
            ..CpuState::reset(&self.model, old.count)
        };
        self.set_state(state);
    }

    /// Longest block in instructions, 1 to 48: a run must not depend on it, which tests verify with 1.
    pub fn set_block_limit(&mut self, instructions: usize) {
        self.block_limit = instructions.clamp(1, Self::MAX_BLOCK);
        self.cache.clear();
    }

    /// Whether operations may be done two at a time and leave out flags that nobody sees, as they are at first: a run must
    /// not depend on it, which tests verify without.
    pub fn set_tuned(&mut self, on: bool) {
        self.tuned = on;
        self.cache.clear();
    }

    /// Bytes of memory that decoded blocks may take, 128 KiB at least. A run must not depend on it.
    pub fn set_code_cache(&mut self, bytes: usize) {
        self.cache.set_capacity(bytes);
    }

    /// What running has taken since power-on; a fork begins with what its origin had.
    pub fn stats(&self) -> CpuStats {
        CpuStats { blocks: self.cache.stats, ..self.stats }
    }

    /// Goes on counting from `stats`, as a processor does that takes the place of another.
    pub fn set_stats(&mut self, stats: CpuStats) {
        self.stats = stats;
        self.cache.stats = stats.blocks;
    }

    /// Forgets where linear pages lie.
    pub(crate) fn flush_translations(&mut self) {
        self.tlb.flush();
        self.other_tlb.flush();
        self.flush_code();
    }

    /// Forgets where code lies, global pages too: they are few.
    pub(crate) fn flush_code(&mut self) {
        self.code_tlb.flush();
        self.other_code_tlb.flush();
        self.cache.jumps.forget_pages();
    }

    /// Forgets where pages lie that are not global.
    pub(crate) fn flush_local_translations(&mut self) {
        self.tlb.flush_local();
        self.other_tlb.flush_local();
        self.flush_code();
    }

    /// Forgets where the pages lie in `len` bytes, a power of two, around `lin`.
    pub(crate) fn flush_page(&mut self, lin: u64, len: u64) {
        self.tlb.flush_range(lin, len);
        self.other_tlb.flush_range(lin, len);
        self.flush_code();
    }

    /// Takes the store permission for `lines` from every linear alias of a memory page.
    pub(crate) fn protect_lines(&mut self, page: u32, lines: u64) {
        self.tlb.protect(page, lines);
        self.other_tlb.protect(page, lines);
    }

    /// Forgets where a memory page lies on the host.
    pub(crate) fn forget_place(&mut self, page: u32) {
        self.tlb.forget_place(page);
        self.other_tlb.forget_place(page);
    }

    /// Forgets where all memory pages lie on the host.
    pub(crate) fn forget_places(&mut self) {
        self.tlb.forget_places();
        self.other_tlb.forget_places();
    }

    /// Forgets where video memory lies on the host.
    pub(crate) fn forget_video(&mut self, bus: &SystemBus) {
        let ram = &bus.fabric().ram;
        self.tlb.forget_pages(|page| ram.is_video(page));
        self.other_tlb.forget_pages(|page| ram.is_video(page));
        self.tlb.forget_devices();
        self.other_tlb.forget_devices();
        self.code_tlb.forget_places();
        self.other_code_tlb.forget_places();
        self.cache.jumps.forget_pages();
    }

    /// Whether translations lead where they should.
    pub(crate) fn is_true_of(&self, bus: &SystemBus) -> bool {
        let ram = &bus.fabric().ram;
        let stale = !ram.is_claimed_by(&self.claim) || ram.has_moves();
        stale || self.tlb.is_true_of(ram) && self.other_tlb.is_true_of(ram)
    }

    /// Renews what is derived from segment registers, CR0 and the privilege level.
    pub(crate) fn state_changed(&mut self) {
        for reg in SegReg::ALL {
            self.segment_changed(reg);
        }
        self.privilege_changed();
        self.breakpoints_changed();
    }

    /// Renews whether accesses must be aligned [SDM 3A, "Interrupt 17 - Alignment Check Exception (#AC)"]: then none of
    /// them may take the fast path.
    pub(crate) fn alignment_changed(&mut self) {
        let checked = self.state.cpl == 3
            && self.state.cr0 & cr0::AM != 0
            && self.state.flags.control(bit::AC)
            && self.model.at_least(Generation::I80486);
        if checked != self.aligned_only {
            self.aligned_only = checked;
            self.flush_translations();
        }
    }

    fn privilege_changed(&mut self) {
        self.alignment_changed();
        self.code_place = CodePlace::of(&self.state);
        let user = self.state.cpl == 3;
        if user != self.user {
            self.user = user;
            std::mem::swap(&mut self.tlb, &mut self.other_tlb);
            std::mem::swap(&mut self.code_tlb, &mut self.other_code_tlb);
            self.cache.jumps.leave_context();
        }
    }

    fn segment_changed(&mut self, reg: SegReg) {
        let segment = self.state.segments[reg as usize];
        let write_limit =
            if self.state.protected() { segment.fast_write_limit() } else { segment.fast_read_limit() };
        self.windows[reg as usize] =
            Window { base: segment.base, read_limit: segment.fast_read_limit(), write_limit };
        if reg == SegReg::Cs {
            self.cache.jumps.leave_context();
        }
        self.enter_mode(self.mode.with_segment(&self.state, reg));
        self.privilege_changed();
    }

    /// Renews what blocks are decoded for.
    pub(crate) fn mode_changed(&mut self) {
        self.enter_mode(CodeMode::of(&self.state));
    }

    fn enter_mode(&mut self, mode: CodeMode) {
        if mode != self.mode {
            self.mode = mode;
            self.cache.jumps.leave_context();
        }
    }

    /// Puts a loaded descriptor into a segment register.
    pub(crate) fn set_segment(&mut self, reg: SegReg, segment: Segment) {
        self.state.segments[reg as usize] = segment;
        self.segment_changed(reg);
    }

    /// Whether a load of a segment register in real or virtual-8086 mode only moves its segment: then neither what may be
    /// accessed nor the mode changes.
    #[inline(always)]
    pub(crate) fn load_moves(&self, reg: SegReg) -> bool {
        let segment = &self.state.segments[reg as usize];
        segment.limit == 0xFFFF && segment.usable && (!self.state.v86() || segment.attr == SegAttr::V86_DATA)
    }

    /// Moves a segment to where `selector` begins in real and virtual-8086 mode.
    #[inline(always)]
    pub(crate) fn move_segment(&mut self, reg: SegReg, selector: u16) {
        let base = u64::from(selector) << 4;
        let segment = &mut self.state.segments[reg as usize];
        (segment.selector, segment.base) = (selector, base);
        self.windows[reg as usize].base = base;
    }

    /// The same for the code segment. Jumps inside it stay what they are.
    #[inline(always)]
    pub(crate) fn move_code(&mut self, selector: u16) {
        let cs = self.state.seg(SegReg::Cs);
        if (cs.selector, cs.base) != (selector, u64::from(selector) << 4) {
            self.move_segment(SegReg::Cs, selector);
            self.code_place = CodePlace::of(&self.state);
            self.cache.jumps.leave_context();
        }
    }

    /// The instruction pointer `delta` bytes further on.
    #[inline(always)]
    pub(crate) fn advance(&self, delta: u64) -> u64 {
        self.state.ip.wrapping_add(delta) & self.ip_mask
    }

    /// The block at `state.ip` if a jump in the present circumstances has led there before. Its gate may be closed.
    #[inline(always)]
    pub(crate) fn met_block(&self) -> Option<*const Head> {
        let found = self.cache.jumps.find(self.state.segments[SegReg::Cs as usize].base, self.state.ip);
        found.inspect(|&head| self.check_head(head))
    }

    /// The block at `state.ip` if it is decoded.
    pub(crate) fn find_block(&mut self, bus: &mut SystemBus) -> Option<*const Head> {
        let context = self.code_context();
        if let Some(head) = self.met_block() {
            // A closed one is decoded anew, in its old place if it fits there.
            return is_open(head).then_some(head);
        }
        let lin = self.wrap_linear(self.state.seg(SegReg::Cs).base.wrapping_add(self.state.ip));
        let offset = self.fetch_page(bus, lin)?;
        let head = self.cache.find(&self.block_key(offset))?;
        self.met(context, head);
        Some(head)
    }

    /// Remembers that the block at `state.ip` is `head`.
    pub(crate) fn met(&mut self, context: Context, head: *const Head) {
        let base = self.state.seg(SegReg::Cs).base;
        self.cache.jumps.remember(context, base, self.state.ip, head);
    }

    /// The number of the circumstances that decide, with the instruction pointer, which block is next.
    pub(crate) fn code_context(&mut self) -> Context {
        let cs = &self.state.segments[SegReg::Cs as usize];
        let (mode, user) = (self.mode, self.user);
        self.cache.jumps.context(|| Circumstances { mode, base: cs.base, limit: cs.limit, user })
    }

    /// A branch leads to `state.ip`, with `left` instructions that may still begin.
    #[inline(always)]
    pub(crate) fn note_turn(&mut self, left: i64) {
        self.recorder.turn(self.limit_count.wrapping_sub(left as u64), self.state.ip, self.code_place);
    }

    /// The run loop goes on at `state.ip`, with `left` instructions that may still begin.
    pub(crate) fn note_going_on(&mut self, left: i64) {
        self.recorder.go_on(self.limit_count.wrapping_sub(left as u64), self.state.ip, self.code_place);
    }

    /// Lets `count` instructions pass, rounds of a loop that would have brought the processor back to the state it is in.
    pub fn pass_over(&mut self, count: u64) {
        self.recorder.go_on(self.state.count, self.state.ip, self.code_place);
        self.state.count += count;
        self.recorder.passed_over(self.state.count, self.state.ip, self.code_place);
    }

    /// The page-table entries that translate `lin`, top down, as far as they lead; none with paging off.
    pub fn walk_for_inspection(&self, bus: &SystemBus, lin: LinAddr) -> Vec<WalkStep> {
        paging::steps(&self.state, bus, self.wrap_linear(lin.0))
    }

    /// Linear to physical as a debugger or firmware wants it: with supervisor rights, without side effects.
    pub fn translate_for_inspection(&self, bus: &SystemBus, lin: LinAddr) -> Option<PhysAddr> {
        self.inspect_translation(bus, self.wrap_linear(lin.0))
    }
}

/// Whether a block may be entered.
fn is_open(head: *const Head) -> bool {
    #[expect(unsafe_code, reason = "the jump cache gives out pointers to blocks that the cache holds")]
    // SAFETY: see above.
    unsafe {
        (*head).gate != Head::CLOSED
    }
}
