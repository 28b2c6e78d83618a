//! Snippets of system code: control and debug registers, page tables, flags, tasks, model-specific registers.

use super::program::{CODE, Writer};
use super::{paging, protected};
use ringzero_cpu::{Generation, cr0, cr4};

/// Bits of CR0 that a snippet toggles.
const CR0: [u32; 8] = [cr0::TS, cr0::TS, cr0::EM, cr0::MP, cr0::NE, cr0::WP, cr0::AM, cr0::CD];
/// Bits of CR4.
const CR4: [u32; 9] =
    [cr4::VME, cr4::PVI, cr4::TSD, cr4::DE, cr4::PSE, cr4::PGE, cr4::PCE, cr4::OSFXSR, cr4::OSXMMEXCPT];
/// Flags that a snippet puts into the flags register, one at a time: TF, IOPL, NT, RF, AC, VIF, VIP, ID, DF, IF.
const FLAGS: [u32; 12] = [
    0x100, 0x1000, 0x3000, 0x4000, 0x1_0000, 0x4_0000, 0x4_0000, 0x8_0000, 0x10_0000, 0x20_0000, 0x400, 0x200,
];
/// MSRs: TSC, SYSENTER, PAT, APIC base, MTRRs, and one that does not exist.
const MSRS: [u32; 10] = [0x10, 0x174, 0x175, 0x176, 0x277, 0x1B, 0x2FF, 0x200, 0x250, 0x1234];

impl Writer<'_> {
    /// One snippet. What it needs and lacks makes it fault.
    pub(super) fn system(&mut self) {
        if !self.dialect.model.at_least(Generation::I80386) {
            return self.flags_through_stack();
        }
        match self.random.below(16) {
            0 => self.toggle(0, &CR0),
            1 if !self.dialect.model.at_least(Generation::Pentium) => self.toggle(0, &CR0),
            1 => self.toggle(4, &CR4),
            // MOV EAX, CR3; MOV CR3, EAX.
            2 => self.push(&[0x0F, 0x20, 0xD8, 0x0F, 0x22, 0xD8]),
            3 => self.debug_registers(),
            4..7 => self.page_table(),
            7 => self.invalidate(),
            8 | 9 => self.flags_through_stack(),
            10 => self.selectors(),
            11 => self.model_specific(),
            12 if self.dialect.protected => self.task_or_gate(),
            13 => self.push(&[0x0F, 0x06]),
            14 => {
                let vector = self.random.pick(&protected::SPECIAL_VECTORS);
                self.push(&[0xCD, vector]);
            }
            _ => {
                let opcode = self.random.pick(&[0xF1u8, 0xCC, 0xCE, 0x9B, 0xCF, 0xCB]);
                self.bytes.push(opcode);
            }
        }
    }

    /// An immediate in EAX whatever the default size.
    fn eax(&mut self, value: u32) {
        if self.dialect.bits == 16 {
            self.bytes.push(0x66);
        }
        self.bytes.push(0xB8);
        self.push(&value.to_le_bytes());
    }

    /// XOR EAX, value.
    fn xor_eax(&mut self, value: u32) {
        if self.dialect.bits == 16 {
            self.bytes.push(0x66);
        }
        self.bytes.push(0x35);
        self.push(&value.to_le_bytes());
    }

    /// MOV EAX, CRn; XOR EAX, one of `bits`; MOV CRn, EAX.
    fn toggle(&mut self, register: u8, bits: &[u32]) {
        let bit = self.random.pick(bits);
        let modrm = 0xC0 | register << 3;
        self.push(&[0x0F, 0x20, modrm]);
        self.xor_eax(bit);
        self.push(&[0x0F, 0x22, modrm]);
    }

    /// A breakpoint somewhere in the code or its data, or none.
    fn debug_registers(&mut self) {
        if self.random.one_in(3) {
            self.eax(0x400);
            return self.push(&[0x0F, 0x23, 0xF8]);
        }
        let (n, address) = (self.random.byte() & 3, CODE as u32 + self.random.below(0x4000) as u32);
        self.eax(address);
        self.push(&[0x0F, 0x23, 0xC0 | n << 3]);
        let kind = (self.random.byte() & 0xF) as u32;
        let kind = if self.random.one_in(2) { kind & 0xC } else { kind };
        let general_detect = if self.random.one_in(30) { 1 << 13 } else { 0 };
        self.eax(0x400 | 3 << (2 * n) | kind << (16 + 4 * n) | general_detect);
        self.push(&[0x0F, 0x23, 0xF8]);
    }

    /// Changes an entry of the page tables; whether the TLB learns of it is left to chance.
    fn page_table(&mut self) {
        if !self.dialect.protected {
            return self.invalidate();
        }
        let (entry, bits) = paging::change(self.random);
        // XOR dword [entry], bits, with a 32-bit address and DS, which may be flat or not.
        if self.dialect.bits == 16 {
            self.push(&[0x66, 0x67]);
        }
        self.push(&[0x81, 0x35]);
        self.push(&entry.to_le_bytes());
        self.push(&bits.to_le_bytes());
        if self.random.one_in(3) {
            self.invalidate();
        }
    }

    /// INVLPG of a page that is used.
    fn invalidate(&mut self) {
        let page = self.random.below(80) as u32 * 0x1000;
        self.eax(page);
        if self.dialect.bits == 16 {
            self.bytes.push(0x67);
        }
        self.push(&[0x0F, 0x01, 0x38]);
    }

    /// PUSHF; XOR [SP], bit; POPF, with the wide form where there is one.
    fn flags_through_stack(&mut self) {
        let bit = self.random.pick(&FLAGS);
        if !self.dialect.model.at_least(Generation::I80386) {
            // PUSHF; POP AX; XOR AX, bit; PUSH AX; POPF.
            self.push(&[0x9C, 0x58, 0x35]);
            self.push(&(bit as u16).to_le_bytes());
            return self.push(&[0x50, 0x9D]);
        }
        let wide: &[u8] = if self.dialect.bits == 16 { &[0x66] } else { &[] };
        self.push(wide);
        self.push(&[0x9C]);
        self.push(wide);
        self.push(&[0x58]);
        self.xor_eax(bit);
        self.push(wide);
        self.push(&[0x50]);
        self.push(wide);
        let back = self.random.pick(&[0x9D, 0x9D, 0x9D, 0xCF]);
        self.push(&[back]);
    }

    /// LAR, LSL, VERR, VERW, ARPL, STR, SLDT, LLDT and LTR of selectors that mean something.
    fn selectors(&mut self) {
        let selector = protected::any_selector(self.random);
        self.eax(selector.into());
        match self.random.below(4) {
            0 => {
                let reg = self.random.byte() & 7;
                self.push(&[0x0F, 0x00, 0xC0 | reg << 3]);
            }
            1 => self.push(&[0x0F, 0x02, 0xD8]),
            2 => self.push(&[0x0F, 0x03, 0xD8]),
            _ => self.push(&[0x63, 0xC3]),
        }
    }

    /// RDMSR, WRMSR, RDPMC, SYSENTER, SYSEXIT, SMSW, SGDT.
    fn model_specific(&mut self) {
        let msr = self.random.pick(&MSRS);
        match self.random.below(8) {
            0..4 => {
                if self.dialect.bits == 16 {
                    self.bytes.push(0x66);
                }
                self.bytes.push(0xB9);
                self.push(&msr.to_le_bytes());
                let opcode = self.random.pick(&[0x32, 0x32, 0x30, 0x33]);
                self.push(&[0x0F, opcode]);
            }
            4 | 5 => self.push(&[0x0F, 0x34]),
            6 => self.push(&[0x0F, 0x35]),
            _ => {
                let reg = self.random.pick(&[0, 1, 4]);
                self.push(&[0x0F, 0x01]);
                self.modrm(reg);
            }
        }
    }

    /// JMP or CALL to a TSS, a task gate or a call gate.
    fn task_or_gate(&mut self) {
        let opcode = self.random.pick(&[0xEA, 0x9A, 0x9A]);
        self.bytes.push(opcode);
        self.offset();
        let selector = self.random.pick(&protected::GATES);
        self.push(&selector.to_le_bytes());
    }
}
