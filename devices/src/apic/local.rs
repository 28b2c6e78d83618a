//! The local APIC in xAPIC mode.
//!
//! *Modelled*: every register of the map; IRR, ISR and TMR with task, processor and arbitration priority; the local
//! vector table; interrupt commands with all delivery modes, destinations and shorthands; flat and cluster logical
//! destinations; the timer, one-shot and periodic, at 1 GHz as QEMU's; error status with its interrupt; software and
//! global enable, the base that IA32_APIC_BASE gives. LINT0 is the 8259A's INT. After RESET the boot processor's LINT0
//! is ExtINT and lets interrupts through, as if firmware had set up virtual wire mode; an APIC that is off leads INTR
//! past itself.
//!
//! A load of one or two bytes gives that part of a register, a store of less than a register is dropped; bytes 4 to 15
//! of each register's sixteen are reserved. A message that a disabled APIC does not accept is lost, where hardware would
//! send it again.
//!
//! *Not modelled*: nothing drives LINT1, the thermal and the performance entry; checksum and accept errors, remote
//! reads, the arbitration ID; x2APIC.

use super::registers::{Lvt, Register, Vectors, command, error, lvt, spurious};
use super::state::{LocalApicKind, State, VIRTUAL_WIRE, base};
use ringzero_bus::{
    DeliveryMode, Destination, Device, EventSlot, Fabric, ForkError, InterruptMessage, LocalController,
    MmioAccess, PhysAddr, Section, SnapshotError, VTime, Vector, Width,
};

/// Vectors below this are illegal in messages.
const FIRST_LEGAL: u8 = 0x10;

/// What the core is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Request {
    None,
    /// The vector comes from the 8259A.
    External,
    Vector(u8),
}

/// One local APIC.
#[derive(Clone, Debug)]
pub struct LocalApic {
    state: State,
    kind: LocalApicKind,
    /// Number of its processor.
    number: u8,
    expiry: EventSlot,
    /// Follows from the state.
    request: Request,
}

impl LocalApic {
    /// The local APIC of processor `number`; `expiry` is its timer's deadline.
    pub fn new(kind: LocalApicKind, number: u8, expiry: EventSlot) -> Self {
        Self { state: State::new(number), kind, number, expiry, request: Request::None }
    }

    fn globally_enabled(&self) -> bool {
        self.state.base & base::ENABLED != 0
    }

    fn software_enabled(&self) -> bool {
        self.state.svr & spurious::ENABLED != 0
    }

    fn lvt(&self, entry: Lvt) -> u32 {
        self.state.lvt[entry as usize]
    }

    // --- priorities -------------------------------------------------------------------------------------------

    /// [SDM 3A, "Task and Processor Priorities"].
    fn processor_priority(&self) -> u8 {
        let (task, service) = (self.state.tpr, self.state.isr.highest().unwrap_or(0) & 0xF0);
        if task & 0xF0 >= service { task } else { service }
    }

    /// [SDM 3A, "Arbitration Priority Register (APR)"].
    fn arbitration(&self) -> u8 {
        let task = self.state.tpr;
        let class = |vectors: &Vectors| vectors.highest().unwrap_or(0) & 0xF0;
        let (request, service) = (class(&self.state.irr), class(&self.state.isr));
        if task & 0xF0 >= request && task & 0xF0 > service {
            return task;
        }
        (task & 0xF0 & service).max(request)
    }

    /// Renews what the core is asked for.
    fn update(&mut self) {
        let lint0 = self.lvt(Lvt::Lint0);
        let wire = lint0 & (lvt::MASKED | lvt::MODE) == VIRTUAL_WIRE || !self.globally_enabled();
        let external = wire && self.state.external || self.state.external_message;
        let priority = self.processor_priority() & 0xF0;
        self.request = match self.state.irr.highest() {
            // The 8259A's requests know no priority here.
            _ if external => Request::External,
            Some(vector) if self.software_enabled() && vector & 0xF0 > priority => Request::Vector(vector),
            _ => Request::None,
        };
    }

    fn end_of_interrupt(&mut self, fabric: &mut Fabric) {
        let Some(vector) = self.state.isr.highest() else { return };
        self.state.isr.set(vector, false);
        if self.state.tmr.has(vector) {
            fabric.apics.end_of_interrupt(Vector(vector));
        }
        let lint0 = &mut self.state.lvt[Lvt::Lint0 as usize];
        if *lint0 & lvt::REMOTE_IRR != 0 && *lint0 as u8 == vector {
            *lint0 &= !lvt::REMOTE_IRR;
            self.look_at_level();
        }
    }

    // --- sources ----------------------------------------------------------------------------------------------

    fn request_vector(&mut self, vector: u8, level_triggered: bool) {
        if vector < FIRST_LEGAL {
            return self.fail(error::RECEIVED_ILLEGAL_VECTOR);
        }
        self.state.irr.set(vector, true);
        self.state.tmr.set(vector, level_triggered);
    }

    /// Records an error, which interrupts by the error entry.
    fn fail(&mut self, bit: u8) {
        if self.state.errors & bit != 0 {
            return;
        }
        self.state.errors |= bit;
        let entry = self.lvt(Lvt::Error);
        if entry & lvt::MASKED == 0 {
            self.request_vector(entry as u8, false);
        }
    }

    /// LINT0 as a level-triggered input.
    fn look_at_level(&mut self) {
        let entry = self.lvt(Lvt::Lint0);
        let ready = entry & (lvt::LEVEL | lvt::REMOTE_IRR | lvt::MASKED | lvt::MODE) == lvt::LEVEL;
        if ready && self.state.external && self.globally_enabled() {
            self.state.lvt[Lvt::Lint0 as usize] |= lvt::REMOTE_IRR;
            self.request_vector(entry as u8, false);
        }
    }

    /// What the entry of a local interrupt makes of an edge.
    fn local_interrupt(&mut self, fabric: &mut Fabric, entry: u32) {
        if entry & lvt::MASKED != 0 {
            return;
        }
        match DeliveryMode::decode(entry >> 8) {
            Some(DeliveryMode::Fixed) => self.request_vector(entry as u8, false),
            Some(DeliveryMode::Smi) => fabric.wires.cpu.smi = true,
            Some(DeliveryMode::Nmi) => fabric.wires.cpu.nmi = true,
            Some(DeliveryMode::Init) => self.take_init(fabric),
            _ => {}
        }
    }

    fn take_init(&mut self, fabric: &mut Fabric) {
        fabric.wires.cpu.init = true;
        self.init(fabric);
    }

    // --- registers --------------------------------------------------------------------------------------------

    fn read(&mut self, fabric: &mut Fabric, register: Register) -> u32 {
        let state = &self.state;
        match register {
            Register::Id => u32::from(state.id) << 24,
            Register::Version => self.kind.version(),
            Register::TaskPriority => u32::from(state.tpr),
            // The Pentium 4 has none.
            Register::ArbitrationPriority if self.kind == LocalApicKind::Pentium4 => 0,
            Register::ArbitrationPriority => u32::from(self.arbitration()),
            Register::ProcessorPriority => u32::from(self.processor_priority()),
            Register::EndOfInterrupt | Register::RemoteRead => 0,
            Register::LogicalDestination => u32::from(state.ldr) << 24,
            Register::DestinationFormat => u32::from(state.model) << 28 | 0x0FFF_FFFF,
            Register::SpuriousVector => state.svr,
            Register::InService(n) => state.isr.word(n),
            Register::TriggerMode(n) => state.tmr.word(n),
            Register::InterruptRequest(n) => state.irr.word(n),
            Register::ErrorStatus => self.read_error_status(fabric),
            Register::CommandLow => state.icr[0],
            Register::CommandHigh => state.icr[1],
            Register::Local(entry) => self.lvt(entry),
            Register::InitialCount => state.timer.initial,
            Register::CurrentCount => state.timer.count(fabric.now),
            Register::DivideConfiguration => u32::from(state.timer.configuration),
        }
    }

    /// The Pentium's is cleared by being read; later ones show what was latched by the last write.
    fn read_error_status(&mut self, fabric: &mut Fabric) -> u32 {
        if self.kind == LocalApicKind::Pentium {
            self.state.esr = std::mem::take(&mut self.state.errors);
            self.arm(fabric);
        }
        u32::from(self.state.esr)
    }

    fn write(&mut self, fabric: &mut Fabric, register: Register, value: u32) {
        let state = &mut self.state;
        match register {
            Register::Id => state.id = (value >> 24) as u8 & self.kind.broadcast(),
            Register::TaskPriority => state.tpr = value as u8,
            Register::EndOfInterrupt => self.end_of_interrupt(fabric),
            Register::LogicalDestination => state.ldr = (value >> 24) as u8,
            Register::DestinationFormat => state.model = (value >> 28) as u8,
            Register::SpuriousVector => self.write_spurious(fabric, value),
            Register::ErrorStatus => {
                state.esr = std::mem::take(&mut state.errors);
                self.arm(fabric);
            }
            Register::CommandLow => self.write_command(fabric, value),
            Register::CommandHigh => state.icr[1] = value & 0xFF00_0000,
            Register::Local(entry) => self.write_lvt(fabric, entry, value),
            Register::InitialCount => {
                state.timer.start(value, fabric.now);
                self.arm(fabric);
            }
            Register::DivideConfiguration => {
                state.timer.configure(value as u8, fabric.now);
                self.arm(fabric);
            }
            Register::Version
            | Register::ArbitrationPriority
            | Register::ProcessorPriority
            | Register::RemoteRead
            | Register::InService(_)
            | Register::TriggerMode(_)
            | Register::InterruptRequest(_)
            | Register::CurrentCount => {}
        }
    }

    /// Disabling by software masks the whole local vector table [SDM 3A, "Local APIC State After It Has Been Software
    /// Disabled"].
    fn write_spurious(&mut self, fabric: &mut Fabric, value: u32) {
        let ones = if self.kind == LocalApicKind::Pentium4 { 0 } else { 0x0F };
        self.state.svr = value & (0xFF | spurious::ENABLED | spurious::NO_FOCUS_CHECK) | ones;
        if !self.software_enabled() {
            self.state.lvt.iter_mut().for_each(|entry| *entry |= lvt::MASKED);
            self.arm(fabric);
        }
    }

    fn write_lvt(&mut self, fabric: &mut Fabric, entry: Lvt, value: u32) {
        let old = self.lvt(entry);
        let masked = if self.software_enabled() { 0 } else { lvt::MASKED };
        let mut new = value & entry.writable() | masked;
        if new & lvt::LEVEL != 0 {
            new |= old & lvt::REMOTE_IRR;
        }
        self.state.lvt[entry as usize] = new;
        match entry {
            Lvt::Timer => {
                self.state.timer.set_periodic(new & lvt::PERIODIC != 0, fabric.now);
                self.arm(fabric);
            }
            Lvt::Lint0 => self.look_at_level(),
            _ => {}
        }
    }

    /// Arms the timer's next expiry, if anything would come of it: a request that waits does not become two.
    fn arm(&self, fabric: &mut Fabric) {
        let entry = self.lvt(Lvt::Timer);
        let known = match entry as u8 {
            0..FIRST_LEGAL => self.state.errors & error::RECEIVED_ILLEGAL_VECTOR != 0,
            vector => self.state.irr.has(vector),
        };
        let audible = entry & lvt::MASKED == 0 && !known;
        match self.state.timer.next_expiry(fabric.now).filter(|_| audible) {
            Some(at) => fabric.sched.arm(self.expiry, at),
            None => fabric.sched.cancel(self.expiry),
        }
    }

    /// Sends an interrupt. Every message goes out as an edge, whatever the trigger mode says.
    fn write_command(&mut self, fabric: &mut Fabric, value: u32) {
        self.state.icr[0] = value & command::WRITABLE;
        let mode = DeliveryMode::decode(value >> 8).filter(|&mode| mode != DeliveryMode::ExtInt);
        let Some(mode) = mode else { return };
        // INIT level de-assert did no more than set arbitration IDs.
        if mode == DeliveryMode::Init && value & (command::LEVEL | command::ASSERT) == command::LEVEL {
            return;
        }
        let vector = value as u8;
        let has_vector = matches!(mode, DeliveryMode::Fixed | DeliveryMode::LowestPriority);
        if has_vector && vector < FIRST_LEGAL {
            return self.fail(error::SEND_ILLEGAL_VECTOR);
        }
        let destination = self.destination(value);
        fabric.apics.send(InterruptMessage {
            destination,
            mode,
            vector: Vector(vector),
            level_triggered: false,
        });
    }

    /// Whom a command is for.
    fn destination(&self, command: u32) -> Destination {
        let target = (self.state.icr[1] >> 24) as u8;
        match command >> 18 & 3 {
            0b01 => Destination::Itself(self.number),
            0b10 => Destination::All,
            0b11 => Destination::Others(self.number),
            _ if command & command::LOGICAL != 0 => Destination::Logical(target),
            _ => Destination::Physical(target),
        }
    }

    fn register(&self, offset: u64) -> Option<Register> {
        Register::at(offset & !0xF).filter(|&register| self.kind.has(register))
    }
}

impl Device for LocalApic {
    fn name(&self) -> &'static str {
        "local apic"
    }

    fn reset(&mut self, fabric: &mut Fabric) {
        self.state = State::new(self.number);
        fabric.sched.cancel(self.expiry);
        self.update();
    }

    fn mmio_read(&mut self, fabric: &mut Fabric, access: MmioAccess) -> u32 {
        let byte = access.offset & 0xF;
        match self.register(access.offset) {
            Some(_) if byte >= 4 => 0,
            Some(register) => self.read(fabric, register) >> (8 * byte),
            None => {
                self.fail(error::ILLEGAL_REGISTER);
                self.update();
                0
            }
        }
    }

    fn mmio_write(&mut self, fabric: &mut Fabric, access: MmioAccess, value: u32) {
        match self.register(access.offset) {
            None => self.fail(error::ILLEGAL_REGISTER),
            Some(register) if access.width == Width::Dword && access.offset & 0xF == 0 => {
                self.write(fabric, register, value);
            }
            Some(_) => {}
        }
        self.update();
    }

    fn on_event(&mut self, fabric: &mut Fabric, _slot: EventSlot, _deadline: VTime) {
        let entry = self.lvt(Lvt::Timer);
        if entry & lvt::MASKED == 0 {
            self.request_vector(entry as u8, false);
        }
        self.arm(fabric);
        self.update();
    }

    fn fork(&self) -> Result<Box<dyn Device>, ForkError> {
        Ok(Box::new(self.clone()))
    }

    fn save(&self) -> Result<Section, SnapshotError> {
        Section::encode(self.name(), 1, &self.state)
    }

    fn load(&mut self, section: &Section) -> Result<(), SnapshotError> {
        self.state = section.decode(self.name(), 1)?;
        self.update();
        Ok(())
    }
}

impl LocalController for LocalApic {
    fn fork_controller(&self) -> Box<dyn LocalController> {
        Box::new(self.clone())
    }

    fn base(&self) -> u64 {
        self.state.base
    }

    /// An APIC that comes back from being off is as after power-on [SDM 3A, "Enabling or Disabling the Local APIC"].
    fn set_base(&mut self, fabric: &mut Fabric, value: u64) {
        let was_enabled = self.globally_enabled();
        self.state.base = value;
        if was_enabled != self.globally_enabled() {
            self.init(fabric);
        }
    }

    fn page(&self) -> Option<PhysAddr> {
        self.globally_enabled().then_some(PhysAddr(self.state.base & !0xFFF))
    }

    fn init(&mut self, fabric: &mut Fabric) {
        let State { base, id, external, .. } = self.state;
        self.state = State { base, id, external, ..State::new(self.number) };
        fabric.sched.cancel(self.expiry);
        self.update();
    }

    /// [SDM 3A, "Determining IPI Destination"].
    fn answers_to(&self, destination: Destination) -> bool {
        let (id, ldr, broadcast) = (self.state.id, self.state.ldr, self.kind.broadcast());
        let answers = match destination {
            Destination::Physical(target) => target & broadcast == broadcast || target & broadcast == id,
            Destination::Logical(0xFF) => true,
            Destination::Logical(target) if self.state.model == 0 => {
                (target >> 4 == 0xF || target >> 4 == ldr >> 4) && target & ldr & 0xF != 0
            }
            Destination::Logical(target) => target & ldr != 0,
            _ => false,
        };
        answers && self.globally_enabled()
    }

    /// A focus processor, which has the vector in hand already, comes first; one that would not accept, last.
    fn arbitration_priority(&self, vector: Vector) -> u16 {
        let in_hand = self.state.irr.has(vector.0) || self.state.isr.has(vector.0);
        match self.software_enabled() {
            false => 0x200,
            true if in_hand && self.state.svr & spurious::NO_FOCUS_CHECK == 0 => 0,
            true => 1 + u16::from(self.arbitration()),
        }
    }

    fn accept(&mut self, fabric: &mut Fabric, message: &InterruptMessage) {
        if !self.globally_enabled() {
            return;
        }
        match message.mode {
            DeliveryMode::Fixed | DeliveryMode::LowestPriority => {
                if self.software_enabled() {
                    self.request_vector(message.vector.0, message.level_triggered);
                }
            }
            DeliveryMode::Smi => fabric.wires.cpu.smi = true,
            DeliveryMode::Nmi => fabric.wires.cpu.nmi = true,
            DeliveryMode::Init => self.take_init(fabric),
            DeliveryMode::ExtInt => self.state.external_message = true,
            // Only a processor that waits for it takes it.
            DeliveryMode::StartUp => {}
        }
        self.update();
    }

    fn set_external(&mut self, fabric: &mut Fabric, level: bool) {
        let rises = level && !self.state.external;
        self.state.external = level;
        let entry = self.lvt(Lvt::Lint0);
        if entry & lvt::LEVEL != 0 && entry & lvt::MODE == 0 {
            self.look_at_level();
        } else if rises && self.globally_enabled() {
            self.local_interrupt(fabric, entry);
        }
        self.update();
    }

    fn intr(&self) -> bool {
        self.request != Request::None
    }

    fn acknowledge(&mut self, fabric: &mut Fabric) -> Option<Vector> {
        let request = self.request;
        let vector = match request {
            Request::External => {
                self.state.external_message = false;
                None
            }
            Request::Vector(vector) => {
                self.state.irr.set(vector, false);
                self.state.isr.set(vector, true);
                if vector == self.lvt(Lvt::Timer) as u8 {
                    self.arm(fabric);
                }
                Some(Vector(vector))
            }
            Request::None => Some(Vector(self.state.svr as u8)),
        };
        self.update();
        vector
    }
}
