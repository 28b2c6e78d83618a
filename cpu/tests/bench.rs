//! A processor with memory, an interrupt controller and one device, set up in a line.

use ringzero_bus::testing::SimplePic;
use ringzero_bus::{
    Device, EventSlot, Fabric, ForkError, Handle, Irq, IrqPin, PhysAddr, PortAccess, Section, SnapshotError,
    SystemBus, VTime, Width,
};
use ringzero_cpu::{Cpu, Exit, Flags, Model, SegReg, Segment, flags, number};

/// Where code goes: 0800:0000.
pub(crate) const CODE: u64 = 0x8000;
/// Where every vector leads: 0060:vector, one byte each.
pub(crate) const HANDLERS: u64 = 0x600;

/// Port 10h arms a deadline so many nanoseconds ahead, 20h raises IRQ 1, 30h writes its byte to the code's start, 31h
/// to 9100h, 92h moves A20, B2h pulls SMI#, B3h shows the RAM under the VGA's window in system management mode.
#[derive(Clone)]
pub(crate) struct Helper {
    pin: IrqPin,
    slot: EventSlot,
    /// When its deadlines fired.
    pub(crate) fired: Vec<VTime>,
}

impl Device for Helper {
    fn name(&self) -> &'static str {
        "helper"
    }
    fn reset(&mut self, _fabric: &mut Fabric) {}
    fn pio_write(&mut self, fabric: &mut Fabric, access: PortAccess, value: u32) {
        match access.offset {
            0x10 => fabric.sched.arm(self.slot, fabric.now.plus_ns(u64::from(value))),
            0x20 => fabric.irqs.pulse(self.pin),
            0x30 => fabric.ram.write(PhysAddr(CODE), &[value as u8]),
            0x31 => fabric.ram.write(PhysAddr(0x9100), &[value as u8]),
            0x92 => fabric.wires.a20 = value & 2 != 0,
            0xB2 => fabric.wires.cpu.smi = true,
            0xB3 => fabric.wires.smram.enabled = true,
            _ => {}
        }
    }
    fn on_event(&mut self, fabric: &mut Fabric, _slot: EventSlot, _deadline: VTime) {
        self.fired.push(fabric.now);
    }
    fn fork(&self) -> Result<Box<dyn Device>, ForkError> {
        Ok(Box::new(self.clone()))
    }
    fn save(&self) -> Result<Section, SnapshotError> {
        Section::encode(self.name(), 1, &())
    }
    fn load(&mut self, section: &Section) -> Result<(), SnapshotError> {
        section.decode(self.name(), 1)
    }
}

pub(crate) struct Bench {
    pub(crate) cpu: Cpu,
    pub(crate) bus: SystemBus,
    pub(crate) helper: Handle<Helper>,
}

impl Bench {
    /// `code` at 0800:0000; DS = ES = 0900, SS:SP = 0A00:1000; every handler is an IRET.
    pub(crate) fn new(model: Model, code: &[u8]) -> Self {
        let mut bus = SystemBus::new(4 << 20, 1);
        bus.attach_interrupt_controller("pic", |_| Ok(SimplePic::default())).unwrap();
        let helper = bus
            .attach("helper", |wiring| {
                wiring.ports(0..=0xFF, Width::Byte)?;
                Ok(Helper { pin: wiring.irq(Irq(1)), slot: wiring.slot(), fired: Vec::new() })
            })
            .unwrap();
        let mut bench = Self { cpu: Cpu::new(model), bus, helper };
        for vector in 0..=255u8 {
            bench.write(u64::from(vector) * 4, &[vector, 0, 0x60, 0]);
        }
        bench.write(HANDLERS, &[0xCF; 256]);
        bench.write(CODE, code);
        bench.cpu.update_state(|state| {
            for (reg, selector) in
                [(SegReg::Cs, 0x800), (SegReg::Ds, 0x900), (SegReg::Es, 0x900), (SegReg::Ss, 0xA00)]
            {
                state.segments[reg as usize] = Segment::real(selector);
            }
            state.ip = 0;
            state.regs.set_number(number::SP, 0x1000);
        });
        bench
    }

    /// A second one in the same state.
    pub(crate) fn fork(&mut self) -> Self {
        Self { cpu: self.cpu.fork(), bus: self.bus.fork().unwrap(), helper: self.helper }
    }

    pub(crate) fn write(&mut self, addr: u64, bytes: &[u8]) {
        self.bus.fabric_mut().ram.write(PhysAddr(addr), bytes);
    }

    pub(crate) fn byte(&self, addr: u64) -> u8 {
        self.bus.fabric().ram.bytes::<1>(PhysAddr(addr))[0]
    }

    /// Turns flags on.
    pub(crate) fn set_flags(&mut self, bits: u32) {
        self.cpu.update_state(|state| state.flags = Flags::from_bits(state.flags.bits() | bits));
    }

    /// Sets IF and raises IRQ 1, vector 21h.
    pub(crate) fn interrupt(&mut self, enabled: bool) {
        self.cpu.update_state(|state| state.flags.set_control(flags::bit::IF, enabled));
        self.bus.pio_write(ringzero_bus::Port(0x20), Width::Byte, 0);
    }

    /// An access to a port where nothing happens, after which the bus looks at its wires.
    pub(crate) fn touch(&mut self) {
        self.bus.pio_read(ringzero_bus::Port(0x21), Width::Byte);
    }

    pub(crate) fn run(&mut self, budget: u64) -> Exit {
        self.cpu.run(&mut self.bus, budget)
    }

    pub(crate) fn ip(&self) -> u64 {
        self.cpu.state().ip
    }

    pub(crate) fn reg(&self, number: u8) -> u64 {
        self.cpu.state().regs.number(number)
    }

    pub(crate) fn set_reg(&mut self, number: u8, value: u64) {
        self.cpu.update_state(|state| state.regs.set_number(number, value));
    }

    pub(crate) fn count(&self) -> u64 {
        self.cpu.state().count
    }

    /// The vector whose handler is about to run, if one is.
    pub(crate) fn in_handler(&self) -> Option<u8> {
        let at = self.cpu.state().seg(SegReg::Cs).base + self.ip();
        (HANDLERS..HANDLERS + 256).contains(&at).then(|| (at - HANDLERS) as u8)
    }

    /// Runs one instruction after the other, at most `most`, until a handler is entered.
    pub(crate) fn run_to_handler(&mut self, most: u64) -> Option<u8> {
        for _ in 0..most {
            self.run(1);
            if let Some(vector) = self.in_handler() {
                return Some(vector);
            }
        }
        None
    }

    /// The return address on top of the stack.
    pub(crate) fn return_ip(&self) -> u16 {
        let top = self.cpu.state().seg(SegReg::Ss).base + self.reg(number::SP);
        u16::from_le_bytes([self.byte(top), self.byte(top + 1)])
    }
}
