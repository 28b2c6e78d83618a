//! System management mode [SDM 3C, "System Management Mode"]: entry by SMI#, and RSM.

use crate::cpu::Cpu;
use crate::exec::access::Access;
use crate::exec::dispatch::Semantics;
use crate::exec::mov::simple;
use crate::exec::op::Op;
use crate::fault::Fault;
use crate::features::Features;
use crate::paging;
use crate::regs::number::{AX, BP, BX, CX, DI, DX, SI, SP};
use crate::segment::{SegAttr, SegReg, Segment};
use crate::state::{Activity, CpuState, Shadow, TableRegister, cr0, cr4};
use ringzero_bus::{PhysAddr, SystemBus, Width};

/// Offsets in the state save map from SMBASE [SDM 3C, "SMRAM State Save Map"].
mod map {
    pub(super) const CR0: u32 = 0xFFFC;
    pub(super) const CR3: u32 = 0xFFF8;
    pub(super) const EFLAGS: u32 = 0xFFF4;
    pub(super) const EIP: u32 = 0xFFF0;
    /// EDI, then downward ESI, EBP, ESP, EBX, EDX, ECX, EAX.
    pub(super) const EDI: u32 = 0xFFEC;
    pub(super) const DR6: u32 = 0xFFCC;
    pub(super) const DR7: u32 = 0xFFC8;
    pub(super) const TR: u32 = 0xFFC4;
    pub(super) const LDTR: u32 = 0xFFC0;
    /// GS, then downward FS, DS, SS, CS, ES.
    pub(super) const GS: u32 = 0xFFBC;
    pub(super) const AUTO_HALT_RESTART: u32 = 0xFF02;
    pub(super) const REVISION: u32 = 0xFEFC;
    pub(super) const SMBASE: u32 = 0xFEF8;

    // The manual reserves what lies below; a processor keeps there what it needs besides.
    pub(super) const CR4: u32 = 0xFF14;
    pub(super) const GDTR: u32 = 0xFE90;
    pub(super) const IDTR: u32 = 0xFE88;
    /// Base, limit and rights of ES, CS, SS, DS, FS, GS, LDTR, TR: twelve bytes each.
    pub(super) const CACHES: u32 = 0xFE10;
}

/// SMBASE relocation is supported, I/O restart is not.
const REVISION: u32 = 0x0002_0000;
/// Where the handler begins.
const ENTRY: u64 = 0x8000;

const GENERAL: [u8; 8] = [DI, SI, BP, SP, BX, DX, CX, AX];
const SEGMENTS: [SegReg; 6] = [SegReg::Gs, SegReg::Fs, SegReg::Ds, SegReg::Ss, SegReg::Cs, SegReg::Es];

/// The save map of a processor.
struct Map<'a> {
    bus: &'a mut SystemBus,
    smbase: u32,
}

impl Map<'_> {
    fn at(&self, offset: u32) -> PhysAddr {
        PhysAddr(u64::from(self.smbase.wrapping_add(offset)))
    }
    fn load(&mut self, offset: u32) -> u32 {
        self.bus.read(self.at(offset), Width::Dword)
    }
    fn store(&mut self, offset: u32, value: u32) {
        self.bus.write(self.at(offset), Width::Dword, value);
    }

    fn store_segment(&mut self, n: u32, segment: &Segment) {
        let at = map::CACHES + 12 * n;
        self.store(at, segment.base as u32);
        self.store(at + 4, segment.limit);
        self.store(at + 8, u32::from(segment.attr.0) | u32::from(segment.usable) << 16);
    }

    fn load_segment(&mut self, n: u32, selector: u32) -> Segment {
        let at = map::CACHES + 12 * n;
        let rights = self.load(at + 8);
        Segment {
            selector: selector as u16,
            base: u64::from(self.load(at)),
            limit: self.load(at + 4),
            attr: SegAttr(rights as u16),
            usable: rights >> 16 & 1 != 0,
        }
    }

    fn store_table(&mut self, at: u32, table: TableRegister) {
        self.store(at, table.base as u32);
        self.store(at + 4, table.limit.into());
    }

    fn load_table(&mut self, at: u32) -> TableRegister {
        TableRegister { base: u64::from(self.load(at)), limit: self.load(at + 4) as u16 }
    }

    fn save(&mut self, state: &CpuState) {
        self.store(map::CR0, state.cr0);
        self.store(map::CR3, state.cr3 as u32);
        self.store(map::CR4, state.cr4);
        self.store(map::EFLAGS, state.flags.bits());
        self.store(map::EIP, state.ip as u32);
        for (n, register) in (0..).zip(GENERAL) {
            self.store(map::EDI - 4 * n, state.regs.number(register) as u32);
        }
        self.store(map::DR6, state.dr[6] as u32);
        self.store(map::DR7, state.dr[7] as u32);
        for (n, reg) in (0..).zip(SEGMENTS) {
            self.store(map::GS - 4 * n, state.seg(reg).selector.into());
            self.store_segment(reg as u32, state.seg(reg));
        }
        self.store(map::LDTR, state.ldtr.selector.into());
        self.store(map::TR, state.tr.selector.into());
        self.store_segment(6, &state.ldtr);
        self.store_segment(7, &state.tr);
        self.store_table(map::GDTR, state.gdtr);
        self.store_table(map::IDTR, state.idtr);
        let halted = u32::from(state.activity == Activity::Halted);
        self.store(map::AUTO_HALT_RESTART - 2, halted << 16);
        self.store(map::REVISION, REVISION);
        self.store(map::SMBASE, self.smbase);
    }

    fn restore(&mut self, state: &mut CpuState) {
        state.cr0 = self.load(map::CR0);
        state.cr3 = u64::from(self.load(map::CR3));
        state.cr4 = self.load(map::CR4);
        state.flags.set_bits(self.load(map::EFLAGS) & FLAGS | 2);
        state.ip = u64::from(self.load(map::EIP));
        for (n, register) in (0..).zip(GENERAL) {
            let value = self.load(map::EDI - 4 * n);
            state.regs.set_number(register, value.into());
        }
        state.dr[6] = u64::from(self.load(map::DR6));
        state.dr[7] = u64::from(self.load(map::DR7));
        for (n, reg) in (0..).zip(SEGMENTS) {
            let selector = self.load(map::GS - 4 * n);
            state.segments[reg as usize] = self.load_segment(reg as u32, selector);
        }
        let (ldtr, tr) = (self.load(map::LDTR), self.load(map::TR));
        state.ldtr = self.load_segment(6, ldtr);
        state.tr = self.load_segment(7, tr);
        state.gdtr = self.load_table(map::GDTR);
        state.idtr = self.load_table(map::IDTR);
        state.smbase = self.load(map::SMBASE);
        let halts = self.load(map::AUTO_HALT_RESTART - 2) >> 16 & 1 != 0;
        state.activity = if halts { Activity::Halted } else { Activity::Running };
    }
}

/// The bits of EFLAGS that a processor may have.
const FLAGS: u32 = 0x003F_7FD7;

impl Cpu {
    /// The SMI# pin: an edge, remembered until the processor can take it. Models without system management mode
    /// ignore it.
    pub fn raise_smi(&mut self) {
        self.state.smi_pending |= self.model.has(Features::SMM);
    }

    /// Whether an SMI is to be taken at this instruction boundary.
    pub(crate) fn takes_smi(&self) -> bool {
        self.state.smi_pending && !self.state.in_smm && self.state.interrupt_shadow == Shadow::None
    }

    /// [SDM 3C, "Entering SMM"].
    pub(crate) fn enter_smm(&mut self, bus: &mut SystemBus) {
        let smbase = self.state.smbase;
        bus.set_smm(true);
        Map { bus, smbase }.save(&self.state);
        let state = &mut self.state;
        state.smi_pending = false;
        state.in_smm = true;
        state.nmi_blocked_outside = std::mem::replace(&mut state.nmi_blocked, true);
        state.activity = Activity::Running;
        state.flags.set_bits(2);
        state.ip = ENTRY;
        state.cpl = 0;
        state.cr0 &= !(cr0::PE | cr0::EM | cr0::TS | cr0::PG);
        state.cr4 = 0;
        state.dr[7] = 0x400;
        let flat = Segment { limit: u32::MAX, ..Segment::real(0) };
        state.segments = [flat; 6];
        state.segments[SegReg::Cs as usize] =
            Segment { selector: (smbase >> 4) as u16, base: smbase.into(), ..flat };
        self.flush_translations();
        self.state_changed();
    }

    /// [SDM 3C, "Exiting From SMM"]: a state that cannot be shuts the processor down.
    fn leave_smm(&mut self, bus: &mut SystemBus) {
        let smbase = self.state.smbase;
        Map { bus, smbase }.restore(&mut self.state);
        bus.set_smm(false);
        let state = &mut self.state;
        state.in_smm = false;
        state.nmi_blocked = state.nmi_blocked_outside;
        let has = |bits: u32| state.cr0 & bits != 0;
        let impossible = has(cr0::PG) && !has(cr0::PE) || has(cr0::NW) && !has(cr0::CD);
        let paged = has(cr0::PG) && state.cr4 & cr4::PAE != 0;
        let pointers = paged.then(|| paging::directory_pointers(&self.model, bus, state.cr3));
        if let Some(Some(pointers)) = pointers {
            state.pdpte = pointers;
        }
        if impossible || pointers == Some(None) || state.cr4 & !self.cr4_bits() != 0 {
            self.state.activity = Activity::Shutdown;
            self.state.cr0 &= !cr0::PG;
            self.state.cr4 &= self.cr4_bits();
        }
        self.state.cpl = self.saved_cpl();
        self.next_ip = self.state.ip;
        self.flush_translations();
        self.state_changed();
    }

    /// The privilege level follows from what was restored.
    fn saved_cpl(&self) -> u8 {
        match (self.state.protected(), self.state.v86()) {
            (false, _) => 0,
            (true, true) => 3,
            (true, false) => self.state.seg(SegReg::Ss).attr.dpl(),
        }
    }
}

simple! {
    /// RSM [SDM 2B, "RSM"].
    Rsm: |m, _op| {
        if !m.cpu().state.in_smm {
            return Err(Fault::InvalidOpcode.into());
        }
        let slow = m.slow()?;
        slow.cpu.leave_smm(slow.bus);
        Ok(())
    };
}
