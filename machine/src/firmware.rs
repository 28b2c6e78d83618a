//! The machine as our BIOS sees it: registers, memory through the CPU's translation, ports.

use ringzero_bus::{
    FirmwareFault, FirmwareRegs, FirmwareView, LinAddr, PageTarget, PhysAddr, Port, RamOffset, SystemBus,
    SystemRequest, VTime, Width,
};
use ringzero_cpu::{Cpu, SegReg, Segment, number};

const PAGE: u64 = 4096;

/// A view for the duration of one trap; [`View::finish`] puts changed registers back.
pub(crate) struct View<'a> {
    cpu: &'a mut Cpu,
    bus: &'a mut SystemBus,
    before: FirmwareRegs,
    regs: FirmwareRegs,
}

impl<'a> View<'a> {
    pub(crate) fn new(cpu: &'a mut Cpu, bus: &'a mut SystemBus) -> Self {
        let regs = read_registers(cpu);
        Self { cpu, bus, before: regs, regs }
    }

    /// Puts the registers that the service changed into the CPU.
    pub(crate) fn finish(self) {
        if self.regs != self.before {
            write_registers(self.cpu, &self.before, &self.regs);
        }
    }

    /// Calls `access` with each piece of `len` bytes at `addr` that lies in one page.
    fn pieces(
        &mut self,
        addr: LinAddr,
        len: usize,
        mut access: impl FnMut(&mut SystemBus, PhysAddr, std::ops::Range<usize>),
    ) -> Result<(), FirmwareFault> {
        let mut places = Vec::new();
        let mut done = 0;
        while done < len {
            let lin = addr.0 + done as u64;
            let piece = ((PAGE - lin % PAGE) as usize).min(len - done);
            let phys = self.cpu.translate_for_inspection(self.bus, LinAddr(lin)).ok_or(FirmwareFault)?;
            places.push((phys, done..done + piece));
            done += piece;
        }
        for (phys, range) in places {
            access(self.bus, phys, range);
        }
        Ok(())
    }

    /// Runs `access` with the A20 gate open.
    fn with_a20(&mut self, access: impl FnOnce(&mut SystemBus)) {
        let gate = std::mem::replace(&mut self.bus.fabric_mut().wires.a20, true);
        access(self.bus);
        self.bus.fabric_mut().wires.a20 = gate;
    }
}

impl FirmwareView for View<'_> {
    fn regs(&mut self) -> &mut FirmwareRegs {
        &mut self.regs
    }

    fn read(&mut self, addr: LinAddr, out: &mut [u8]) -> Result<(), FirmwareFault> {
        self.pieces(addr, out.len(), |bus, phys, range| read_piece(bus, phys, &mut out[range]))
    }

    fn write(&mut self, addr: LinAddr, data: &[u8]) -> Result<(), FirmwareFault> {
        self.pieces(addr, data.len(), |bus, phys, range| write_piece(bus, phys, &data[range]))
    }

    fn check_write(&mut self, addr: LinAddr, len: usize) -> Result<(), FirmwareFault> {
        self.pieces(addr, len, |_bus, _phys, _range| {})
    }

    fn read_phys(&mut self, addr: PhysAddr, out: &mut [u8]) {
        self.with_a20(|bus| {
            for (start, piece) in page_pieces(addr, out.len()) {
                read_piece(bus, start, &mut out[piece]);
            }
        });
    }

    fn write_phys(&mut self, addr: PhysAddr, data: &[u8]) {
        self.with_a20(|bus| {
            for (start, piece) in page_pieces(addr, data.len()) {
                write_piece(bus, start, &data[piece]);
            }
        });
    }

    fn pio_read(&mut self, port: Port, width: Width) -> u32 {
        self.bus.pio_read(port, width)
    }

    fn pio_write(&mut self, port: Port, width: Width, value: u32) {
        self.bus.pio_write(port, width, value);
    }

    fn now(&self) -> VTime {
        self.bus.now()
    }

    fn ram_size(&self) -> u64 {
        self.bus.fabric().ram.ram_size() as u64
    }

    fn request(&mut self, request: SystemRequest) {
        self.bus.fabric_mut().wires.ask(request);
    }
}

/// The pieces of `len` bytes at `addr` that lie in one page each.
fn page_pieces(addr: PhysAddr, len: usize) -> impl Iterator<Item = (PhysAddr, std::ops::Range<usize>)> {
    let mut done = 0;
    std::iter::from_fn(move || {
        if done >= len {
            return None;
        }
        let start = addr.0 + done as u64;
        let piece = ((PAGE - start % PAGE) as usize).min(len - done);
        let range = done..done + piece;
        done += piece;
        Some((PhysAddr(start), range))
    })
}

fn memory_offset(bus: &SystemBus, phys: PhysAddr, for_write: bool) -> Option<RamOffset> {
    match bus.page(phys) {
        PageTarget::Ram(page) => Some(RamOffset(page.0 + phys.0 % PAGE)),
        PageTarget::Rom(page) if !for_write => Some(RamOffset(page.0 + phys.0 % PAGE)),
        _ => None,
    }
}

fn is_dword(phys: PhysAddr, len: usize) -> bool {
    len == 4 && phys.0.is_multiple_of(4)
}

fn read_piece(bus: &mut SystemBus, phys: PhysAddr, out: &mut [u8]) {
    match memory_offset(bus, phys, false) {
        Some(offset) => bus.fabric().ram.read_at(offset, out),
        // A device's register may take nothing narrower.
        None if is_dword(phys, out.len()) => out.copy_from_slice(&bus.read(phys, Width::Dword).to_le_bytes()),
        None => {
            for (n, byte) in (0..).zip(out) {
                *byte = bus.read(PhysAddr(phys.0 + n), Width::Byte) as u8;
            }
        }
    }
}

fn write_piece(bus: &mut SystemBus, phys: PhysAddr, data: &[u8]) {
    match (memory_offset(bus, phys, true), data) {
        (Some(offset), _) => bus.fabric_mut().ram.write_at(offset, data),
        (None, &[a, b, c, d]) if is_dword(phys, 4) => {
            bus.write(phys, Width::Dword, u32::from_le_bytes([a, b, c, d]));
        }
        (None, _) => {
            for (n, &byte) in (0..).zip(data) {
                bus.write(PhysAddr(phys.0 + n), Width::Byte, u32::from(byte));
            }
        }
    }
}

fn read_registers(cpu: &Cpu) -> FirmwareRegs {
    let state = cpu.state();
    let general = |n| state.regs.number(n) as u32;
    let selector = |reg| state.seg(reg).selector;
    FirmwareRegs {
        eax: general(number::AX),
        ebx: general(number::BX),
        ecx: general(number::CX),
        edx: general(number::DX),
        esi: general(number::SI),
        edi: general(number::DI),
        ebp: general(number::BP),
        esp: general(number::SP),
        eip: state.ip as u32,
        eflags: state.flags.bits(),
        cs: selector(SegReg::Cs),
        ds: selector(SegReg::Ds),
        es: selector(SegReg::Es),
        ss: selector(SegReg::Ss),
        fs: selector(SegReg::Fs),
        gs: selector(SegReg::Gs),
    }
}

fn write_registers(cpu: &mut Cpu, before: &FirmwareRegs, after: &FirmwareRegs) {
    cpu.set_program_registers(|state| {
        let general = [
            (number::AX, after.eax),
            (number::BX, after.ebx),
            (number::CX, after.ecx),
            (number::DX, after.edx),
            (number::SI, after.esi),
            (number::DI, after.edi),
            (number::BP, after.ebp),
            (number::SP, after.esp),
        ];
        for (n, value) in general {
            state.regs.set_number(n, u64::from(value));
        }
        state.ip = u64::from(after.eip);
        state.flags.set_bits(after.eflags);
        let segments = [
            (SegReg::Cs, before.cs, after.cs),
            (SegReg::Ds, before.ds, after.ds),
            (SegReg::Es, before.es, after.es),
            (SegReg::Ss, before.ss, after.ss),
            (SegReg::Fs, before.fs, after.fs),
            (SegReg::Gs, before.gs, after.gs),
        ];
        for (reg, _, selector) in segments.into_iter().filter(|(_, old, new)| old != new) {
            state.segments[reg as usize] = Segment::real(selector);
        }
    });
}
