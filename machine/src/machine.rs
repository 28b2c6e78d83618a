//! The machine: processor, bus, chips and firmware, and the loop that runs them.

use crate::config::{Config, ConfigError, Media};
use crate::drives;
use crate::events::EventLog;
use crate::firmware::View;
use crate::idle::KeyPolls;
use crate::parts::pc_config;
use crate::profile::Profile;
use crate::quiet::QuietWatch;
use crate::roms;
use crate::sound::Sound;
use crate::spin::{Look, SpinWatch};
use crate::typist::{KeyWait, Typist};
use ringzero_bios::{Bios, BiosConfig};
use ringzero_bus::{ForkError, SystemBus, SystemRequest, VTime};
use ringzero_cpu::recorder;
use ringzero_cpu::{Activity, Cpu, Exit, Fault, flags};
use ringzero_devices::pc::{self, PcConfig, PcParts};

/// Why [`Machine::run`] came back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stop {
    /// The instructions asked for have run.
    Limit,
    /// The guest waits, and the caller asked to be told: see [`Machine::idle_until`].
    Idle,
    /// The guest switched the power off.
    PowerOff,
    /// The debug-exit device was written.
    DebugExit(u32),
    /// The guest reset the machine, and the configuration stops there.
    Reset,
    /// The processor shut down: a triple fault.
    Shutdown,
    /// Nothing will ever happen again.
    Hang(Hang),
    /// The guest told the pvpanic device that it has panicked.
    Panicked,
}

/// How a guest hangs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hang {
    /// Halted with interrupts off.
    Halted,
    /// Spins with interrupts off.
    Spins,
    /// Spins with interrupts on, and for so long none has ended that.
    SpinsInterrupted(VTime),
    /// Does nothing that shows, for so long.
    Quiet(VTime),
    /// Is interrupted again and again and does nothing else.
    InterruptStorm {
        /// The vector.
        vector: u8,
        /// How often in a row.
        times: u64,
    },
}

/// What to do when the guest waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OnIdle {
    /// Jump to the next deadline.
    Jump,
    /// Come back with [`Stop::Idle`].
    Return,
}

/// A whole PC.
pub struct Machine {
    pub(crate) cpu: Cpu,
    pub(crate) bus: SystemBus,
    pub(crate) parts: PcParts,
    bios: Bios,
    config: Config,
    pub(crate) polls: KeyPolls,
    pub(crate) typist: Typist,
    pub(crate) spin: SpinWatch,
    pub(crate) quiet: QuietWatch,
    /// The guest waits for a key, as far as its last call of INT 16h shows.
    pub(crate) key_wait: Option<KeyWait>,
    pub(crate) idle: bool,
    resets: u64,
    last_reset: Option<recorder::Place>,
    passes_over_loops: bool,
    /// Virtual time jumped over.
    pub(crate) idle_ns: u64,
    pub(crate) profile: Option<Box<Profile>>,
    pub(crate) events: EventLog,
    pub(crate) sound: Sound,
}

/// Virtual time that [`Machine::run`] jumps over at most while no instruction begins.
const LONGEST_IDLE_NS: u64 = 60_000_000_000;

/// Instructions between two questions of [`Machine::run_until`].
const BETWEEN_QUESTIONS: u64 = 500_000;

/// CMOS shutdown codes that POST resumes from through 40:67h.
const RESUMING_SHUTDOWN_CODES: [u8; 5] = [0x05, 0x09, 0x0A, 0x0B, 0x0C];
/// Offset of the shutdown code in CMOS.
const SHUTDOWN_CODE: u8 = 0x0F;

impl Machine {
    /// A machine at power-on.
    pub fn new(config: Config, media: Media) -> Result<Self, ConfigError> {
        let ram_size = config.ram_size()?;
        let ram_size = usize::try_from(ram_size).map_err(|_| ConfigError::Memory { bytes: config.memory })?;
        let mut bus = SystemBus::new(ram_size, config.mips);
        roms::map(&mut bus, &config)?;
        let (floppies, ide_kinds, ide_media) = drives::open(media)?;
        let types = [0, 1].map(|n| floppies[n].as_ref().map_or([4, 0][n], |(_, g)| g.drive_type));
        let parts = pc::build(&mut bus, &PcConfig { ide: ide_kinds, ..pc_config(&config, types)? })?;
        let mut machine = Self {
            cpu: Cpu::new(config.model()),
            bus,
            parts,
            bios: Bios::new(BiosConfig { boot_order: config.boot_order.clone() }),
            config,
            polls: KeyPolls::default(),
            typist: Typist::default(),
            spin: SpinWatch::default(),
            quiet: QuietWatch::default(),
            key_wait: None,
            idle: false,
            resets: 0,
            last_reset: None,
            passes_over_loops: true,
            idle_ns: 0,
            profile: None,
            events: EventLog::default(),
            sound: Sound::default(),
        };
        machine.fill_drives(floppies, ide_media);
        Ok(machine)
    }

    /// A second machine in exactly the same state, with what snapshots leave out: output that was not taken, text still
    /// to be typed, the media. From then on neither sees what the other does. RAM and what was written to disks are
    /// shared until one side writes them, so a fork costs little; a disk whose writes reach a file of the host refuses.
    pub fn fork(&mut self) -> Result<Self, ForkError> {
        Ok(Self {
            bus: self.bus.fork()?,
            cpu: self.cpu.fork(),
            parts: self.parts.clone(),
            bios: self.bios.clone(),
            config: self.config.clone(),
            polls: self.polls.clone(),
            typist: self.typist.clone(),
            spin: self.spin.clone(),
            quiet: self.quiet.clone(),
            events: EventLog::default(),
            profile: None,
            sound: self.sound.clone(),
            ..*self
        })
    }

    /// The configuration.
    pub fn config(&self) -> &Config {
        &self.config
    }

    /// The processor.
    pub fn cpu(&self) -> &Cpu {
        &self.cpu
    }

    /// The processor, for tests that vary how it runs.
    pub fn cpu_mut(&mut self) -> &mut Cpu {
        &mut self.cpu
    }

    /// The bus.
    pub fn bus(&self) -> &SystemBus {
        &self.bus
    }

    /// The bus, for tests and debuggers.
    pub fn bus_mut(&mut self) -> &mut SystemBus {
        &mut self.bus
    }

    /// Handles of the chips.
    pub fn parts(&self) -> &PcParts {
        &self.parts
    }

    /// Instructions begun since power-on.
    pub fn count(&self) -> u64 {
        self.cpu.state().count
    }

    /// Virtual time.
    pub fn now(&self) -> VTime {
        self.bus.now()
    }

    /// Resets since power-on.
    pub fn resets(&self) -> u64 {
        self.resets
    }

    /// Where the processor stood when the guest, or a triple fault, last reset it; the reset button does not count.
    pub fn last_reset(&self) -> Option<recorder::Place> {
        self.last_reset
    }

    // --- running --------------------------------------------------------------------------------------------

    /// Runs until instruction `limit` (see [`Machine::count`]) or something to tell. Comes back with [`Stop::Limit`]
    /// early when a minute has been jumped over without an instruction: nothing but input may wake such a guest.
    pub fn run(&mut self, limit: u64, on_idle: OnIdle) -> Stop {
        self.note_video_memory();
        let (mut count, mut since) = (self.count(), self.now());
        loop {
            if self.count() != count {
                (count, since) = (self.count(), self.now());
            } else if self.now().ns_since(since) > LONGEST_IDLE_NS {
                return Stop::Limit;
            }
            self.idle = false;
            self.bus.set_count(self.count());
            self.bus.run_due_events();
            self.type_at_quiet_guest();
            self.type_due_key();
            if let Some(stop) = self.take_request() {
                return stop;
            }
            self.take_due_sample();
            if self.count() >= limit || self.events.is_full() {
                return Stop::Limit;
            }
            let look = self.spin.due().max(self.count() + 1);
            let look = look.min(self.sample_due());
            let slice = self.next_stop().min(limit).min(look).saturating_sub(self.count());
            let exit = self.run_slice(slice);
            if let Some(stop) = self.after_slice(exit, limit, on_idle) {
                return stop;
            }
        }
    }

    /// Runs until `done`, which is asked every few milliseconds of virtual time and whenever the guest waits; `None` when
    /// it is. Otherwise why the machine stopped before: [`Stop::Limit`] at instruction `limit`.
    ///
    /// Comes back with [`Stop::Limit`] early, as [`Machine::run`] does, when nothing but input may wake the guest.
    pub fn run_until(&mut self, limit: u64, mut done: impl FnMut(&Self) -> bool) -> Option<Stop> {
        let (mut count, mut since) = (self.count(), self.now());
        loop {
            let stop = self.run(limit.min(self.count() + BETWEEN_QUESTIONS), OnIdle::Return);
            if done(self) {
                return None;
            }
            if self.count() != count {
                (count, since) = (self.count(), self.now());
            } else if self.now().ns_since(since) > LONGEST_IDLE_NS {
                return Some(Stop::Limit);
            }
            match stop {
                Stop::Limit if self.count() < limit => {}
                Stop::Idle => match self.idle_until() {
                    Some(deadline) => self.skip_to(deadline),
                    None if self.is_halted() => return Some(Stop::Hang(Hang::Halted)),
                    None => {}
                },
                stop => return Some(stop),
            }
        }
    }

    /// Runs until the next instruction is at linear address `address`, at most to instruction `limit`; whether it got
    /// there.
    pub fn run_to_address(&mut self, address: u64, limit: u64) -> bool {
        while self.count() < limit && self.place().linear() != address {
            let next = self.count() + 1;
            // Where no instruction began nothing but input may wake the guest.
            if self.run(next, OnIdle::Jump) != Stop::Limit || self.count() < next {
                break;
            }
        }
        self.place().linear() == address
    }

    /// The instruction before which a deadline is due.
    fn next_stop(&self) -> u64 {
        let typing = [self.typist.due(), self.quiet_look_due()].into_iter().flatten().min();
        let typing = typing.map(|at| self.bus.time().count_at(at));
        let stop = [self.bus.next_deadline_count(), typing].into_iter().flatten().min().unwrap_or(u64::MAX);
        stop.max(self.count() + 1)
    }

    fn after_slice(&mut self, exit: Exit, limit: u64, on_idle: OnIdle) -> Option<Stop> {
        match exit {
            Exit::Budget => {
                let interruptible = self.cpu.state().flags.control(flags::bit::IF);
                if self.events.exec() || !self.passes_over_loops && interruptible {
                    return None;
                }
                let room = self.room(limit);
                let look = self.spin.look(&mut self.cpu, &mut self.bus, room);
                self.after_look(look, limit, on_idle)
            }
            Exit::Polling if self.events.exec() || !self.passes_over_loops => {
                self.bus.set_polls_aside();
                None
            }
            Exit::Polling => {
                let room = self.room(limit);
                let look = self.spin.look_at_polls(&mut self.cpu, &mut self.bus, room);
                self.after_look(look, limit, on_idle)
            }
            Exit::Attention => None,
            Exit::Firmware => {
                self.serve_firmware();
                if self.idle { self.pass_idle_time(limit, on_idle) } else { None }
            }
            Exit::Registers => {
                self.serve_backdoor();
                None
            }
            Exit::Halted if !self.cpu.state().flags.control(flags::bit::IF) => Some(Stop::Hang(Hang::Halted)),
            Exit::Halted => self.pass_idle_time(limit, on_idle),
            Exit::Shutdown => self.shut_down(),
        }
    }

    /// Instructions to `limit` or to what is due before.
    fn room(&self, limit: u64) -> u64 {
        self.next_stop().min(limit).saturating_sub(self.count())
    }

    fn after_look(&mut self, look: Look, limit: u64, on_idle: OnIdle) -> Option<Stop> {
        match look {
            Look::Runs => None,
            Look::Spins => Some(Stop::Hang(Hang::Spins)),
            Look::Ended(exit) => self.after_slice(exit, limit, on_idle),
        }
    }

    /// A triple fault: POST resumes software that asked for it in CMOS, as 286 software did.
    fn shut_down(&mut self) -> Option<Stop> {
        let code = self.bus.get(self.parts.rtc).cmos(SHUTDOWN_CODE);
        if !RESUMING_SHUTDOWN_CODES.contains(&code) {
            return Some(Stop::Shutdown);
        }
        self.reset_processor();
        None
    }

    fn take_request(&mut self) -> Option<Stop> {
        match self.bus.take_request()? {
            SystemRequest::PowerOff => Some(Stop::PowerOff),
            SystemRequest::DebugExit(value) => Some(Stop::DebugExit(value)),
            SystemRequest::Panicked => Some(Stop::Panicked),
            SystemRequest::ResetCpu => self.guest_reset(false),
            SystemRequest::ResetSystem => self.guest_reset(true),
        }
    }

    fn guest_reset(&mut self, devices: bool) -> Option<Stop> {
        let code = self.bus.get(self.parts.rtc).cmos(SHUTDOWN_CODE);
        if self.config.stop_at_reset && !RESUMING_SHUTDOWN_CODES.contains(&code) {
            return Some(Stop::Reset);
        }
        self.resets += 1;
        self.last_reset = Some(self.place());
        if devices {
            self.bus.reset_devices();
        }
        self.reset_processor();
        None
    }

    fn reset_processor(&mut self) {
        self.cpu.reset();
        self.bus.init_processor();
    }

    /// What a PC does at a triple fault: [`Stop::Shutdown`] is answered by a reset.
    pub fn reset_after_shutdown(&mut self) {
        self.last_reset = Some(self.place());
        self.reset();
    }

    /// The reset button.
    pub fn reset(&mut self) {
        self.resets += 1;
        self.bus.reset_devices();
        self.cpu.reset();
        self.key_wait = None;
    }

    /// Whether [`Machine::power_button`] reaches anything.
    pub fn has_power_button(&self) -> bool {
        self.parts.pm.is_some()
    }

    /// The power button: a guest that has switched to ACPI is told and may end itself with [`Stop::PowerOff`]. False
    /// when the machine has no power management.
    pub fn power_button(&mut self) -> bool {
        let Some(pm) = self.parts.pm else { return false };
        self.bus.call(pm, |pm, fabric| pm.power_button(fabric));
        true
    }

    // --- firmware -------------------------------------------------------------------------------------------

    fn serve_firmware(&mut self) {
        let state = self.cpu.state();
        let here =
            (u32::from(state.seg(ringzero_cpu::SegReg::Cs).selector) << 4).wrapping_add(state.ip as u32);
        let trap = ringzero_roms::trap_at(here);
        self.note_service(trap);
        let state = self.cpu.state();
        let function = (state.regs.number(ringzero_cpu::number::AX) >> 8) as u8;
        let trap_ip = state.ip;
        let mut view = View::new(&mut self.cpu, &mut self.bus);
        match self.bios.service(&mut view) {
            Ok(()) => view.finish(),
            Err(ringzero_bus::FirmwareFault) => self.fault_at_trap(trap_ip),
        }
        let sent_to_wait = self.cpu.state().ip != trap_ip;
        self.note_key_service(trap, function, sent_to_wait);
    }

    /// The service's memory is not there: #PF at the OUT, which will be run again.
    fn fault_at_trap(&mut self, behind: u64) {
        self.cpu.set_program_registers(|state| {
            state.ip = behind.wrapping_sub(2);
            state.pending = Some(ringzero_cpu::Event::Fault(Fault::Page(0)));
        });
    }

    // --- idling ---------------------------------------------------------------------------------------------

    /// The guest waits: types its next key, then lets time pass.
    fn pass_idle_time(&mut self, limit: u64, on_idle: OnIdle) -> Option<Stop> {
        self.idle = true;
        let halted = self.cpu.state().activity == Activity::Halted;
        let idle_kbc = self.bus.get(self.parts.kbc).is_idle();
        if let Some(wait) = self.key_wait.filter(|_| idle_kbc && self.key_buffer_is_empty()) {
            self.typist.guest_waits(wait, self.now());
        }
        if self.typist.due().is_some_and(|due| due <= self.now()) {
            return None;
        }
        if on_idle == OnIdle::Return {
            return Some(Stop::Idle);
        }
        match self.idle_until() {
            Some(deadline) => self.skip_to(deadline),
            // Nothing will wake it before the caller's limit.
            None if halted => return Some(Stop::Hang(Hang::Halted)),
            None => {}
        }
        (self.count() >= limit).then_some(Stop::Limit)
    }

    /// Whether to pass over the rounds of a loop that only an interrupt can end, counting them without running them, as
    /// is the default: the run is the same and faster. Someone who measures this host's speed wants them run.
    pub fn set_passes_over_loops(&mut self, on: bool) {
        self.passes_over_loops = on;
    }

    /// Whether the processor goes round in a loop that only an interrupt can end.
    pub fn spins(&self) -> bool {
        self.spin.spins()
    }

    /// When something happens next in a machine that idles.
    pub fn idle_until(&self) -> Option<VTime> {
        let next = self.bus.fabric().sched.next_deadline();
        [next, self.typist.due(), self.quiet_look_due()].into_iter().flatten().min()
    }

    /// Lets idle time pass, at most to the next deadline.
    pub fn skip_to(&mut self, to: VTime) {
        let to = self.idle_until().map_or(to, |deadline| to.min(deadline));
        if to > self.now() {
            self.idle_ns += to.ns_since(self.now());
            self.bus.jump_to(self.cpu.state().count, to);
        }
    }

    /// Whether the processor waits for an interrupt.
    pub fn is_halted(&self) -> bool {
        self.cpu.state().activity == Activity::Halted
    }

    /// CS and the offset of the next instruction, for people to read.
    pub fn position(&self) -> (u16, u64) {
        let state = self.cpu.state();
        (state.seg(ringzero_cpu::SegReg::Cs).selector, state.ip)
    }

    /// Changes the rate: instructions per virtual microsecond.
    pub fn set_mips(&mut self, mips: u32) {
        self.bus.set_mips(self.cpu.state().count, mips);
    }
}

#[cfg(test)]
#[path = "machine_tests.rs"]
mod tests;
