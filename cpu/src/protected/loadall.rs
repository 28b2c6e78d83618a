//! LOADALL of the 80286 and of the 80386: every register from memory, descriptor caches included, without a check
//! [LOADALL]. What it puts into a descriptor cache need not come from any table; so real mode reaches all memory.

use crate::cpu::Cpu;
use crate::debug::{Dr6, Dr7};
use crate::exec::access::{Access, Slow};
use crate::exec::dispatch::Semantics;
use crate::exec::mov::simple;
use crate::exec::op::Op;
use crate::fault::Fault;
use crate::flags::bit;
use crate::mmu::Intent;
use crate::regs::number::DI;
use crate::segment::{SegAttr, SegReg, Segment};
use crate::state::{TableRegister, cr0};
use ringzero_bus::{PhysAddr, Width};

simple! {
    /// LOADALL of the 80286 (0F 05): from 102 bytes at physical address 800h.
    Loadall286: |m, _op| {
        m.cpu().check_cpl_0()?;
        load_286(&mut m.slow()?);
        Ok(())
    };

    /// LOADALL of the 80386 (0F 07): from 204 bytes at ES:EDI.
    Loadall386: |m, _op| {
        m.cpu().check_cpl_0()?;
        Ok(load_386(&mut m.slow()?)?)
    };
}

/// Where the 80286 finds its image.
const IMAGE_286: u64 = 0x800;

/// Bits of FLAGS that either image can set.
const FLAGS_286: u32 = 0x7FD5;
const FLAGS_386: u32 = FLAGS_286 | bit::RF | bit::VM;

/// Both images have the general registers from DI to AX in a row; the number of each, in that order.
const GENERAL: [u8; 8] = [7, 6, 5, 4, 3, 2, 1, 0];

/// The 80286's image, by the offset of its fields.
struct Image286([u8; 102]);

impl Image286 {
    fn word(&self, at: usize) -> u16 {
        u16::from_le_bytes([self.0[at], self.0[at + 1]])
    }

    /// A descriptor cache: 24 bits of base, the rights byte, the limit.
    fn cache(&self, at: usize, selector: u16) -> Segment {
        let base = u64::from(self.word(at)) | u64::from(self.0[at + 2]) << 16;
        let attr = SegAttr(self.0[at + 3].into());
        Segment { selector, base, limit: self.word(at + 4).into(), attr, usable: attr.is_present() }
    }

    /// GDTR or IDTR, which have no rights.
    fn table(&self, at: usize) -> TableRegister {
        let cache = self.cache(at, 0);
        TableRegister { base: cache.base, limit: cache.limit as u16 }
    }
}

fn load_286(m: &mut Slow<'_>) {
    let image =
        Image286(std::array::from_fn(|n| m.bus.read(PhysAddr(IMAGE_286 + n as u64), Width::Byte) as u8));
    let state = &mut m.cpu.state;
    for (n, number) in GENERAL.into_iter().enumerate() {
        state.regs.set_number(number, image.word(0x26 + 2 * n).into());
    }
    state.flags.set_bits(u32::from(image.word(0x18)) & FLAGS_286 | m.cpu.model.flags_ones);
    state.tr = image.cache(0x60, image.word(0x16));
    state.ldtr = image.cache(0x54, image.word(0x1C));
    state.gdtr = image.table(0x4E);
    state.idtr = image.table(0x5A);
    for (reg, selector, cache) in [
        (SegReg::Ds, 0x1E, 0x48),
        (SegReg::Ss, 0x20, 0x42),
        (SegReg::Cs, 0x22, 0x3C),
        (SegReg::Es, 0x24, 0x36),
    ] {
        state.segments[reg as usize] = image.cache(cache, image.word(selector));
    }
    // Protected mode is left by RESET only.
    let msw = u32::from(image.word(0x06)) | state.cr0 & cr0::PE | 0xFFF0;
    m.cpu.next_ip = image.word(0x1A).into();
    m.cpu.after_loadall(msw);
}

/// The 80386's image, by the offset of its fields.
struct Image386([u32; 51]);

impl Image386 {
    fn dword(&self, at: usize) -> u32 {
        self.0[at / 4]
    }

    /// A descriptor cache: the rights where a descriptor's second doubleword has them, base, limit in bytes.
    fn cache(&self, at: usize, selector: u32) -> Segment {
        let attr = SegAttr((self.dword(at) >> 8) as u16 & 0xF0FF);
        Segment {
            selector: selector as u16,
            base: self.dword(at + 4).into(),
            limit: self.dword(at + 8),
            attr,
            usable: attr.is_present(),
        }
    }

    fn table(&self, at: usize) -> TableRegister {
        TableRegister { base: self.dword(at + 4).into(), limit: self.dword(at + 8) as u16 }
    }
}

fn load_386(m: &mut Slow<'_>) -> Result<(), Fault> {
    let mut image = Image386([0; 51]);
    let start = m.cpu.state.regs.number(DI);
    for (n, dword) in (0..).zip(&mut image.0) {
        let at = start.wrapping_add(4 * n) & 0xFFFF_FFFF;
        let spot = m.spot::<u32>(SegReg::Es as usize, at, Intent::Read)?;
        *dword = m.load(spot);
    }
    let state = &mut m.cpu.state;
    for (n, number) in GENERAL.into_iter().enumerate() {
        state.regs.set_number(number, image.dword(0x0C + 4 * n).into());
    }
    state.flags.set_bits(image.dword(0x04) & FLAGS_386 | m.cpu.model.flags_ones);
    state.dr[6] = u64::from(image.dword(0x2C)) & Dr6::WRITABLE | Dr6::ONES;
    state.dr[7] = u64::from(image.dword(0x30)) & Dr7::WRITABLE | Dr7::ONES;
    state.tr = image.cache(0x54, image.dword(0x34));
    state.idtr = image.table(0x60);
    state.gdtr = image.table(0x6C);
    state.ldtr = image.cache(0x78, image.dword(0x38));
    for (n, reg) in
        [SegReg::Gs, SegReg::Fs, SegReg::Ds, SegReg::Ss, SegReg::Cs, SegReg::Es].into_iter().enumerate()
    {
        state.segments[reg as usize] = image.cache(0x84 + 12 * n, image.dword(0x3C + 4 * n));
    }
    m.cpu.next_ip = image.dword(0x08).into();
    m.cpu.after_loadall(image.dword(0x00) & cr0::OF_80386);
    Ok(())
}

impl Cpu {
    /// The privilege level is that of the stack segment's cache.
    fn after_loadall(&mut self, cr0: u32) {
        self.state.cr0 = cr0;
        self.state.cpl = if self.state.v86() {
            3
        } else if self.state.protected() {
            self.state.seg(SegReg::Ss).attr.dpl()
        } else {
            0
        };
        self.flush_translations();
        self.state_changed();
    }
}
