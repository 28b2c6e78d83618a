//! A processor, memory full of random code, and one device that answers everywhere and disturbs all it can.

use super::program::{self, CODE, CODE_SEGMENT, Dialect};
use super::protected::{self, Start};
use super::random::Random;
use super::vectors;
use ringzero_bus::ram::PAGE_SIZE;
use ringzero_bus::testing::SimplePic;
use ringzero_bus::{
    Device, EventSlot, Fabric, ForkError, Handle, Irq, IrqPin, MmioAccess, PhysAddr, PortAccess, Section,
    SnapshotError, SystemBus, VTime, Width,
};
use ringzero_cpu::{Cpu, CpuState, Exit, Features, Flags, Generation, Model, SegReg, Segment, cr0, flags};
use ringzero_float::F80;

/// Answers at every port and in 8 KiB of memory, moves A20, arms deadlines, raises interrupts, writes to memory.
///
/// All that reaches it, with its time, goes into `seen`.
#[derive(Clone)]
struct Chaos {
    seen: u64,
    pins: [IrqPin; 4],
    ferr: IrqPin,
    slot: EventSlot,
    period: u64,
}

/// Start and end of the memory where [`Chaos`] answers.
const WINDOW: std::ops::RangeInclusive<u64> = 0xA_0000..=0xA_1FFF;

impl Chaos {
    fn see(&mut self, value: u64) -> u64 {
        self.seen = (self.seen ^ value).wrapping_mul(0x0100_0000_01B3).rotate_left(23);
        self.seen
    }

    fn act(&mut self, fabric: &mut Fabric, offset: u64, value: u32) {
        match offset {
            0x10 => fabric.sched.arm(self.slot, fabric.now.plus_ns(u64::from(value & 0xFF) * 97)),
            0x11 => self.period = u64::from(value & 0xFF) * 1000,
            0x20 => fabric.irqs.pulse(self.pins[value as usize & 3]),
            0x30 => {
                let at = CODE + u64::from(value & 0xFFF);
                fabric.ram.write(PhysAddr(at), &[(value >> 3) as u8]);
            }
            0xF0 => {
                fabric.wires.ignne = fabric.wires.ferr;
                fabric.irqs.set(self.ferr, fabric.wires.coprocessor_error());
            }
            0x92 => fabric.wires.a20 = value & 2 != 0,
            _ => {}
        }
    }
}

impl Device for Chaos {
    fn name(&self) -> &'static str {
        "chaos"
    }
    fn reset(&mut self, _fabric: &mut Fabric) {}
    fn pio_read(&mut self, fabric: &mut Fabric, access: PortAccess) -> u32 {
        self.see(fabric.now.0 ^ u64::from(access.offset) << 40) as u32
    }
    fn pio_write(&mut self, fabric: &mut Fabric, access: PortAccess, value: u32) {
        self.see(fabric.now.0 ^ u64::from(access.offset) << 40 ^ u64::from(value) << 20);
        self.act(fabric, u64::from(access.offset), value);
    }
    /// The same at every read, unseen: code may be fetched from here, and how often is the engine's affair.
    fn mmio_read(&mut self, _fabric: &mut Fabric, access: MmioAccess) -> u32 {
        (access.offset as u32).wrapping_mul(0x9E37_79B1).rotate_left(11)
    }
    fn mmio_write(&mut self, fabric: &mut Fabric, access: MmioAccess, value: u32) {
        self.see(fabric.now.0 ^ access.offset << 40 ^ u64::from(value) << 20 ^ 2);
        self.act(fabric, access.offset & 0xFF, value);
    }
    fn on_event(&mut self, fabric: &mut Fabric, _slot: EventSlot, deadline: VTime) {
        self.see(deadline.0 ^ fabric.now.0.rotate_left(32) ^ 3);
        fabric.irqs.pulse(self.pins[(self.seen & 3) as usize]);
        if self.period > 0 {
            fabric.sched.arm(self.slot, deadline.plus_ns(self.period));
        }
    }
    fn fork(&self) -> Result<Box<dyn Device>, ForkError> {
        Ok(Box::new(self.clone()))
    }
    fn save(&self) -> Result<Section, SnapshotError> {
        Section::encode(self.name(), 1, &self.seen)
    }
    fn load(&mut self, section: &Section) -> Result<(), SnapshotError> {
        self.seen = section.decode(self.name(), 1)?;
        Ok(())
    }
}

/// One random guest.
#[derive(Clone, Copy, Debug)]
pub struct Case {
    /// Where everything random in it comes from.
    pub seed: u64,
    /// Processor model.
    pub model: Model,
    /// How it begins.
    pub start: Start,
}

/// How a case is run; none of it may show in what comes out.
#[derive(Clone, Debug, Default)]
pub struct Manner {
    /// Longest block in instructions; `None`: as usual.
    pub block_limit: Option<usize>,
    /// No fused pairs, all flags set, and a block cache that is full all the time.
    pub plain: bool,
    /// Cuts the budget into random slices.
    pub slices: Option<Random>,
    /// Sometimes drops all that is derived from the state, between slices.
    pub forgetful: bool,
    /// Sometimes goes on as a fork, between slices, and keeps the other side: what they share must be copied.
    pub forks: bool,
}

/// A case under way.
pub struct Rig {
    /// The processor.
    pub cpu: Cpu,
    /// Its bus.
    pub bus: SystemBus,
    chaos: Handle<Chaos>,
    manner: Manner,
    case: Case,
    dialect: Dialect,
    ended: bool,
    starts: u64,
    next_start: u64,
    protected: u64,
    /// What is kept of the latest fork.
    kept: Option<(Cpu, SystemBus)>,
}

/// Instructions after which a guest is thrown elsewhere: left alone, most end in a small loop.
const RESTART: u64 = 500;
/// How often a guest may start in all.
const MOST_STARTS: u64 = 300;

/// Turns of the run loop without an instruction after which the processor counts as hung.
const MOST_IDLE_TURNS: u32 = 200;

impl Rig {
    /// The case at its first instruction.
    pub fn new(case: &Case, manner: Manner) -> Self {
        let mut random = Random::new(case.seed);
        let dialect = case.start.dialect(case.model, &mut random);
        let tile = program::tile(&mut random, dialect);
        Self::with_tile(case, dialect, manner, random, &tile)
    }

    /// Memory full of a single random instruction.
    pub fn repeating(case: &Case) -> Self {
        let mut random = Random::new(case.seed);
        let dialect = case.start.dialect(case.model, &mut random);
        let tile = program::repeated(&mut random, dialect);
        Self::with_tile(case, dialect, Manner::default(), random, &tile)
    }

    fn with_tile(case: &Case, dialect: Dialect, manner: Manner, mut random: Random, tile: &[u8]) -> Self {
        let ram = if case.model.at_least(Generation::I80286) { 0x12_0000 } else { 0x10_0000 };
        let mut bus = SystemBus::new(ram, 7);
        bus.attach_interrupt_controller("pic", |_| Ok(SimplePic::default())).expect("an empty bus has room");
        let chaos = bus
            .attach("chaos", |wiring| {
                wiring.ports(0..=0xFFFF, Width::Dword)?;
                wiring.memory(WINDOW)?;
                let pins = [0, 1, 5, 12].map(|irq| wiring.irq(Irq(irq)));
                let ferr = wiring.coprocessor_error(Irq(13));
                Ok(Chaos { seen: 1, pins, ferr, slot: wiring.slot(), period: 0 })
            })
            .expect("an empty bus has room");
        for page in 0..(ram / program::TILE) as u64 {
            bus.fabric_mut().ram.write(PhysAddr(page * program::TILE as u64), tile);
        }
        let mut cpu = Cpu::new(case.model);
        if let Some(limit) = manner.block_limit {
            cpu.set_block_limit(limit);
        }
        if manner.plain {
            cpu.set_tuned(false);
            cpu.set_code_cache(0);
        }
        let period = random.pick(&[0, 0, 20_000, 3_000]);
        bus.call(chaos, |chaos, fabric| {
            chaos.period = period;
            if period > 0 {
                fabric.sched.arm(chaos.slot, VTime(random.below(50_000)));
            }
        });
        let mut rig = Self {
            cpu,
            bus,
            chaos,
            manner,
            case: *case,
            dialect,
            ended: false,
            starts: 0,
            next_start: 0,
            protected: 0,
            kept: None,
        };
        rig.start();
        rig
    }

    /// Begins anew: registers and tables as at power-on, but for what the guest has done to the rest of memory.
    fn start(&mut self) {
        let mut random = Random::new(self.case.seed ^ self.starts << 32);
        let (case, dialect, ram) = (self.case, self.dialect, &mut self.bus.fabric_mut().ram);
        self.cpu.update_state(|state| {
            *state = CpuState::reset(&case.model, state.count);
            randomise(state, &mut random, &case.model);
            if case.start == Start::Real {
                ram.write(PhysAddr(0), &vectors::table(&mut random));
            } else {
                protected::enter(state, &dialect, case.start, ram, &mut random);
            }
        });
        self.starts += 1;
        self.next_start = self.count() + RESTART;
        self.ended = false;
    }

    /// Whether the guest starts again before its next instruction: when its time is over, or when it can do no more.
    fn is_due(&self) -> bool {
        self.starts < MOST_STARTS && (self.ended || self.count() >= self.next_start)
    }

    /// Runs until instruction `limit`, or until the processor can do nothing more.
    ///
    /// # Panics
    /// When the processor hangs: that is what the fuzzer looks for.
    pub fn run_to(&mut self, limit: u64) {
        let mut idle_turns = 0;
        while self.count() < limit && (!self.ended || self.is_due()) {
            if self.is_due() {
                self.start();
            }
            let before = self.count();
            self.turn(limit.min(self.next_start).max(before + 1));
            idle_turns = if self.count() == before { idle_turns + 1 } else { 0 };
            assert!(idle_turns < MOST_IDLE_TURNS, "no progress: {:x?}", self.cpu.state());
        }
    }

    fn fork_at_times(&mut self) {
        let Some(random) = self.manner.slices.as_mut().filter(|_| self.manner.forks) else { return };
        if !random.one_in(20) {
            return;
        }
        let mut other = (self.cpu.fork(), self.bus.fork().expect("no device of a rig refuses"));
        if random.one_in(2) {
            std::mem::swap(&mut self.cpu, &mut other.0);
            std::mem::swap(&mut self.bus, &mut other.1);
        }
        self.kept = Some(other);
    }

    fn turn(&mut self, limit: u64) {
        self.bus.set_count(self.count());
        self.bus.run_due_events();
        let due = self.bus.next_deadline_count().unwrap_or(u64::MAX).max(self.count() + 1);
        let mut slice = due.min(limit) - self.count();
        // A guest that changes its page tables sees what the TLB held: then only decoded code is dropped.
        let paging = self.cpu.state().cr0 & cr0::PG != 0;
        if let Some(random) = &mut self.manner.slices {
            let longest = random.pick(&[1, 2, 7, 60, 500]);
            slice = slice.min(1 + random.below(longest));
            if self.manner.forgetful && random.one_in(20) {
                if paging {
                    self.cpu.set_block_limit(1 + random.below(12) as usize);
                } else {
                    let state = self.cpu.state().clone();
                    self.cpu.set_state(state);
                }
            }
        }
        self.fork_at_times();
        let (before, protected) = (self.count(), self.cpu.state().protected());
        let exit = self.cpu.run(&mut self.bus, slice);
        if protected {
            self.protected += self.count() - before;
        }
        match exit {
            Exit::Budget | Exit::Attention | Exit::Firmware | Exit::Registers | Exit::Polling => {}
            Exit::Shutdown => self.ended = true,
            Exit::Halted => self.idle(),
        }
    }

    /// Jumps to the next deadline; ends where none will wake the processor.
    fn idle(&mut self) {
        let open = self.cpu.state().flags.control(flags::bit::IF);
        match self.bus.fabric().sched.next_deadline() {
            Some(deadline) if open => self.bus.jump_to(self.count(), deadline),
            _ => self.ended = true,
        }
    }

    fn count(&self) -> u64 {
        self.cpu.state().count
    }

    /// Instructions of slices that began in protected mode: there, in virtual-8086 mode, or in paged code.
    pub fn protected_instructions(&self) -> u64 {
        self.protected
    }

    /// Whether this and `other` are in the same state.
    pub fn same(&self, other: &Self) -> bool {
        self.cpu.state() == other.cpu.state() && self.seen() == other.seen() && self.ram().eq(other.ram())
    }

    fn seen(&self) -> u64 {
        self.bus.get(self.chaos).seen
    }

    fn ram(&self) -> impl Iterator<Item = &[u8; PAGE_SIZE]> {
        self.bus.fabric().ram.pages()
    }

    /// What differs between this and `other`.
    pub fn describe_difference(&self, other: &Self) -> String {
        let bytes = |rig: &Self| rig.bus.fabric().ram.to_vec();
        let (mine, others) = (bytes(self), bytes(other));
        let ram = mine.iter().zip(&others).position(|(a, b)| a != b);
        let ram = ram.map_or_else(String::new, |at| {
            format!("  memory {at:05x}: {:02x} and {:02x}\n", mine[at], others[at])
        });
        let seen = if self.seen() == other.seen() { "" } else { "  the device saw different things\n" };
        format!("{ram}{seen}  {:x?}\n  {:x?}\n", self.cpu.state(), other.cpu.state())
    }

    /// The bytes at CS:IP.
    pub fn bytes_at_ip(&self) -> Vec<u8> {
        let state = self.cpu.state();
        let at = state.seg(SegReg::Cs).base.wrapping_add(state.ip);
        (0..12).map(|n| self.bus.peek(PhysAddr(at.wrapping_add(n) & 0xFFFF_FFFF)).unwrap_or(0)).collect()
    }
}

/// Registers that point at code, at its neighbourhood, or anywhere.
fn randomise(state: &mut CpuState, random: &mut Random, model: &Model) {
    for number in 0..8 {
        let value = match random.below(5) {
            0 => random.bits() & 0xFFFF_FFFF,
            1 => u64::from(random.word()),
            2 => random.below(8),
            _ => random.below(0x1000),
        };
        let wide = model.at_least(Generation::I80386);
        state.regs.set_number(number, if wide { value } else { value & 0xFFFF });
    }
    let sp = random.pick(&[0x0F00, 0x8000, 0xFFFE, 0x1002, 6, 1]);
    state.regs.set_number(ringzero_cpu::number::SP, sp);
    for reg in SegReg::ALL {
        let selector = match random.below(6) {
            0 => random.word(),
            1 => random.pick(&[0xFFFF, 0xA000, 0xF800]),
            _ => CODE_SEGMENT + random.below(80) as u16,
        };
        state.segments[reg as usize] = Segment::real(selector);
    }
    state.segments[SegReg::Cs as usize] = Segment::real(CODE_SEGMENT);
    state.ip = random.pick(&[0, 0x100, 0x0FF0, 0xFFF0]) + random.below(8);
    let mut bits = (random.bits() as u32 & 0x0CD5) | model.flags_ones | 0x0200;
    if random.one_in(8) {
        bits |= 0x0100;
    }
    state.flags = Flags::from_bits(bits);
    randomise_floats(state, random, model);
}

/// Bits of a number of 64 that are interesting as a floating-point one: zeros, infinities, NaNs, ordinary ones.
fn float_bits(random: &mut Random) -> u64 {
    match random.below(6) {
        0 => random.pick(&[0, 1 << 63, 0x7FF0_0000_0000_0000, 0x7FF8_0000_0000_0001, 0x7FF0_0000_0000_0001]),
        1 => random.pick(&[0x3F80_0000_7F80_0001, 0x0000_0001_8000_0000, 0x7FC0_0000_FF80_0000]),
        2 => f64::to_bits(random.below(1000) as f64 - 500.0),
        3 => u64::from(f32::to_bits(random.below(1000) as f32)) << 32 | u64::from(f32::to_bits(1.5)),
        _ => random.bits(),
    }
}

/// x87 and SSE registers, exceptions masked or not.
fn randomise_floats(state: &mut CpuState, random: &mut Random, model: &Model) {
    if !model.has(Features::FPU) {
        return;
    }
    state.fpu.control = random.pick(&[0x037F, 0x037F, 0x0040, 0x0C7E, 0x027B, 0x0360]);
    state.fpu.status = (random.word() & 0x7F00) & !0x0080;
    state.fpu.in_use = random.byte();
    for register in &mut state.fpu.registers {
        let sign_exponent = match random.below(4) {
            0 => random.pick(&[0, 0x8000, 0x7FFF, 0xFFFF, 0x0001]),
            1 => random.word(),
            _ => 0x3FF0 + random.below(0x20) as u16,
        };
        let significand = float_bits(random) | if random.one_in(5) { 0 } else { 1 << 63 };
        *register = F80 { significand, sign_exponent };
    }
    if model.has(Features::SSE) {
        for register in &mut state.xmm {
            *register = u128::from(float_bits(random)) << 64 | u128::from(float_bits(random));
        }
        state.mxcsr = random.pick(&[0x1F80, 0x1F80, 0x0000, 0x1E00, 0x5F80, 0x9F80, 0x1D80]);
    }
}
