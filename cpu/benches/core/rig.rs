//! A processor in protected mode with paging, flat segments, a table of interrupts and one chip.

use iced_x86::code_asm::CodeAssembler;
use iced_x86::{BlockEncoderOptions, IcedError};
use ringzero_bus::testing::SimplePic;
use ringzero_bus::{
    Device, Fabric, ForkError, Irq, IrqPin, PhysAddr, PortAccess, Section, SnapshotError, SystemBus, Width,
};
use ringzero_cpu::{
    Cpu, Exit, Flags, Model, SegAttr, SegReg, Segment, TableRegister, cr0, cr4, flags, number,
};

/// Bytes in a page.
pub(crate) const PAGE: u32 = 0x1000;
/// Where code goes.
pub(crate) const CODE: u32 = 0x1_0000;
/// Where EBX, EBP, ESI and EDI point.
pub(crate) const DATA: u32 = 0x20_0000;
/// Pages that nothing was ever written to, from here to the end of memory.
pub(crate) const BEYOND: u32 = 0x40_0000;
/// Where all vectors lead but one.
pub(crate) const HANDLERS: u32 = 0x3000;
/// Where #UD leads.
pub(crate) const UNDEFINED: u32 = 0x3100;

const GDT: u32 = 0x1000;
const IDT: u32 = 0x2000;
const TSS: u32 = 0x4000;
const KERNEL_STACK: u32 = 0x8000;
const STACK: u32 = 0x1_0000;
const DIRECTORY: u32 = 0x10_0000;
/// Page tables, each for 4 MiB.
const TABLES: u32 = 34;
const TR: u16 = 0x28;

/// Null; code and data of ring 0; of ring 3; the task [SDM 3A, "Segment Descriptors"].
const DESCRIPTORS: [u64; 6] = [
    0,
    0x00CF_9B00_0000_FFFF,
    0x00CF_9300_0000_FFFF,
    0x00CF_FB00_0000_FFFF,
    0x00CF_F300_0000_FFFF,
    0x0000_8B00_4000_0067,
];

/// Who runs the code.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ring {
    /// Ring 0.
    Kernel,
    /// Ring 3 with all ports allowed.
    User,
}

/// A write to port 20h is an edge on IRQ 1.
#[derive(Clone)]
struct Chip {
    pin: IrqPin,
}

impl Device for Chip {
    fn name(&self) -> &'static str {
        "chip"
    }
    fn reset(&mut self, _fabric: &mut Fabric) {}
    fn pio_read(&mut self, _fabric: &mut Fabric, _access: PortAccess) -> u32 {
        0x5A
    }
    fn pio_write(&mut self, fabric: &mut Fabric, access: PortAccess, _value: u32) {
        if access.offset == 0 {
            fabric.irqs.pulse(self.pin);
        }
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

/// A processor and what it runs on.
pub(crate) struct Rig {
    cpu: Cpu,
    bus: SystemBus,
    ring: Ring,
}

fn assemble(at: u32, emit: impl FnOnce(&mut CodeAssembler) -> Result<(), IcedError>) -> Vec<u8> {
    let mut assembler = CodeAssembler::new(32).expect("a size there is");
    emit(&mut assembler).expect("instructions of 32-bit code");
    let done = assembler.assemble_options(at.into(), BlockEncoderOptions::NONE);
    done.expect("branches in reach").inner.code_buffer
}

impl Rig {
    /// The code that `emit` writes, ready to run.
    pub(crate) fn new(ring: Ring, emit: impl FnOnce(&mut CodeAssembler) -> Result<(), IcedError>) -> Self {
        let mut bus = SystemBus::new(TABLES as usize * (4 << 20), 1);
        bus.attach_interrupt_controller("pic", |_| Ok(SimplePic::default())).expect("the first of its kind");
        let chip = bus.attach("chip", |wiring| {
            wiring.ports(0x20..=0x21, Width::Byte)?;
            Ok(Chip { pin: wiring.irq(Irq(1)) })
        });
        chip.expect("free ports");
        let mut rig = Self { cpu: Cpu::new(Model::MAX), bus, ring };
        rig.write_tables();
        let code = assemble(CODE, emit);
        rig.write(CODE, &code);
        rig.restart();
        rig
    }

    fn write(&mut self, at: u32, bytes: &[u8]) {
        self.bus.fabric_mut().ram.write(PhysAddr(at.into()), bytes);
    }

    fn write_tables(&mut self) {
        self.write(GDT, &DESCRIPTORS.map(u64::to_le_bytes).concat());
        for vector in 0..256u32 {
            // A 32-bit interrupt gate that ring 3 may call.
            let target = u64::from(if vector == 6 { UNDEFINED } else { HANDLERS });
            let gate = target & 0xFFFF | 0x08 << 16 | 0xEE00 << 32 | target >> 16 << 48;
            self.write(IDT + vector * 8, &gate.to_le_bytes());
        }
        self.write(TSS + 4, &KERNEL_STACK.to_le_bytes());
        self.write(TSS + 8, &0x10u32.to_le_bytes());
        for table in 0..TABLES {
            let at = DIRECTORY + (table + 1) * PAGE;
            self.write(DIRECTORY + table * 4, &(at | 7).to_le_bytes());
            for page in 0..1024 {
                // Present, writable, user, accessed, dirty: nothing is left to be marked.
                let entry = ((table * 1024 + page) * PAGE) | 0x67;
                self.write(at + page * 4, &entry.to_le_bytes());
            }
        }
    }

    /// Puts a handler where vectors lead.
    pub(crate) fn handle(&mut self, at: u32, emit: impl FnOnce(&mut CodeAssembler) -> Result<(), IcedError>) {
        let code = assemble(at, emit);
        self.write(at, &code);
    }

    /// Registers as at first, and nothing decoded.
    pub(crate) fn restart(&mut self) {
        let ring = self.ring;
        let (code, data, cpl) = if ring == Ring::Kernel { (1, 2, 0) } else { (3, 4, 3) };
        let flat = |index: usize| Segment {
            selector: (index * 8) as u16 | u16::from(cpl),
            base: 0,
            limit: u32::MAX,
            attr: SegAttr((DESCRIPTORS[index] >> 40) as u16 & 0xF0FF),
            usable: true,
        };
        let task = Segment { selector: TR, base: TSS.into(), limit: 0x67, attr: SegAttr(0x8B), usable: true };
        let mut state = self.cpu.state().clone();
        state.segments = [flat(data); 6];
        state.segments[SegReg::Cs as usize] = flat(code);
        (state.cpl, state.tr) = (cpl, task);
        (state.cr0, state.cr4) = (cr0::PE | cr0::PG | cr0::ET | cr0::NE, cr4::OSFXSR | cr4::OSXMMEXCPT);
        state.cr3 = DIRECTORY.into();
        state.gdtr = TableRegister { base: GDT.into(), limit: (DESCRIPTORS.len() * 8 - 1) as u16 };
        state.idtr = TableRegister { base: IDT.into(), limit: 256 * 8 - 1 };
        state.flags = Flags::from_bits(2 | flags::bit::IF | flags::bit::IOPL);
        state.ip = CODE.into();
        for (number, value) in [
            (number::AX, 1),
            (number::CX, 3),
            (number::DX, 0),
            (number::BX, DATA),
            (number::SP, STACK),
            (number::BP, DATA),
            (number::SI, DATA),
            (number::DI, DATA),
        ] {
            state.regs.set_number(number, value.into());
        }
        self.cpu.set_state(state);
    }

    /// Runs so many instructions.
    pub(crate) fn run(&mut self, instructions: u64) {
        let end = self.cpu.state().count + instructions;
        while self.cpu.state().count < end {
            let exit = self.cpu.run(&mut self.bus, end - self.cpu.state().count);
            assert!(matches!(exit, Exit::Budget | Exit::Attention), "{exit:?} at {:#x}", self.cpu.state().ip);
        }
    }
}
