//! Runs native captures of 32-bit instructions.
//!
//! The captures ran at privilege level 3 with three pages mapped, and so do they here. The IDT is empty: a software
//! interrupt shows as the #GP that names its vector. Groups that fail are listed in `KNOWN`.

use super::hw_float;
use super::hwv::{self, Exception, File, Form, Item, Record};
use super::report::Group;
use super::{DataError, files};
use ringzero_bus::{PhysAddr, SystemBus};
use ringzero_cpu::{
    Cpu, CpuState, Event, Fault, Flags, Model, SegAttr, SegReg, Segment, TableRegister, cr0, cr4,
};
use ringzero_float::F80;
use std::path::Path;

pub(super) const CODE_PAGE: u32 = 0x1000_0000;
pub(super) const CODE_START: u32 = 0x1000_0800;
pub(super) const DATA_PAGE: u32 = 0x2000_0000;
pub(super) const LOW_PAGE: u32 = 0x8000;
pub(super) const PAGE: usize = 4096;
/// RFLAGS bits that are compared.
const COMPARED_FLAGS: u32 = 0x0CD5;
/// Iterations of a repeated instruction after which a test counts as hung.
const LONGEST: u32 = 5000;

const NEEDS_LATER: &str = "what came after SSE2 is not implemented";

/// Groups that are known to fail, and why.
const KNOWN: &[(&str, &str)] = &[
    ("avx", NEEDS_LATER),
    ("avx2", NEEDS_LATER),
    ("crypto", NEEDS_LATER),
    ("fma", NEEDS_LATER),
    ("sse3", NEEDS_LATER),
    ("sse41", NEEDS_LATER),
    ("sse42", NEEDS_LATER),
    ("ssse3", NEEDS_LATER),
];

/// Runs every 32-bit file of `folder`, or only that of `group`.
pub fn run_folder(folder: &Path, group: Option<&str>) -> Result<Vec<Group>, DataError> {
    let mut bench = Bench::new();
    let mut groups = Vec::new();
    for path in files(folder, ".32.hwv.gz")? {
        let name = path.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
        let name = name.trim_end_matches(".32.hwv.gz");
        if group.is_none_or(|wanted| wanted == name) {
            groups.push(bench.run_file(name, &hwv::read(&path)?));
        }
    }
    Ok(groups)
}

/// The low bits of an error code that names a gate of the IDT.
const IDT_ERROR: u16 = 0b010;

/// A fault as the captures describe it: CR2 counts for page faults only.
fn exception(fault: Fault, cr2: u64) -> Exception {
    let cr2 = if matches!(fault, Fault::Page(_)) { cr2 } else { 0 };
    Exception { vector: fault.vector(), error: fault.error_code().map_or(0, u32::from), cr2 }
}

/// What a data byte is before anything is written there.
pub(super) fn default_byte(addr: u32) -> u8 {
    (addr.wrapping_mul(0x9E37_79B1) >> 24) as u8
}

fn flat(selector: u16, attr: u16) -> Segment {
    Segment { selector, base: 0, limit: u32::MAX, attr: SegAttr(attr), usable: true }
}

/// Physical addresses of the page directory, and of the first of its three tables.
const DIRECTORY: u32 = 0x1000;
const TABLES: u32 = 0x2000;
const CR0: u32 = cr0::PE | cr0::MP | cr0::NE | cr0::WP | cr0::AM | cr0::PG;
const CR4: u32 = cr4::OSFXSR | cr4::OSXMMEXCPT;
/// ST(0) to ST(7) before anything is said of them.
const NO_STACK: [F80; 8] = [F80::ZERO; 8];

/// Addresses and entries that map the three pages to themselves: the code read-only, all of them for level 3.
pub(super) fn page_tables() -> impl Iterator<Item = (u32, u32)> {
    let pages = [(CODE_PAGE, 0b101), (DATA_PAGE, 0b111), (LOW_PAGE, 0b111)];
    (0u32..).map(|n| TABLES + n * PAGE as u32).zip(pages).flat_map(|(table, (page, rights))| {
        let directory_at = DIRECTORY + (page >> 22) * 4;
        let table_at = table + (page >> 12 & 0x3FF) * 4;
        [(directory_at, table | 0b111), (table_at, page | rights)]
    })
}

/// Runs each form again and again, in a block of many copies that jumps to itself, so that it follows itself often. Returns
/// how many forms there were, and how many ran for at least `instructions`; the others fault.
pub fn repeat_forms(files: &[File], instructions: u64) -> (usize, usize) {
    let mut bench = Bench::new();
    let (mut forms, mut long) = (0, 0);
    for file in files {
        for form in 0..file.forms.len() {
            let records = file.records.iter().filter(|record| record.form == form && record.is_plain());
            forms += 1;
            long += usize::from(records.take(8).any(|record| bench.repeat(record, instructions)));
        }
    }
    (forms, long)
}

/// A processor with the three pages, used for record after record.
pub(super) struct Bench {
    pub(super) cpu: Cpu,
    bus: SystemBus,
    /// The two data pages as the last test left them expected.
    expected: Vec<(u32, Vec<u8>)>,
}

impl Bench {
    pub(super) fn new() -> Self {
        let mut bus = SystemBus::new(DATA_PAGE as usize + PAGE, 1);
        for (addr, entry) in page_tables() {
            bus.fabric_mut().ram.write(PhysAddr(u64::from(addr)), &entry.to_le_bytes());
        }
        Self { cpu: Cpu::new(Model::MAX), bus, expected: Vec::new() }
    }

    fn run_file(&mut self, name: &str, file: &File) -> Group {
        let mut group = Group::new(name);
        group.known = KNOWN.iter().find(|(group, _)| *group == name).map(|k| k.1);
        for record in &file.records {
            let form = &file.forms[record.form];
            let result = self.run_record(record, form);
            group.count(result.map_err(|what| format!("{} {:02x?}:{what}", form.name, record.code)));
        }
        group
    }

    /// Whether copies of the record's instruction ran for so long.
    fn repeat(&mut self, record: &Record, instructions: u64) -> bool {
        self.load_repeated(record);
        self.run_repeated(instructions)
    }

    /// Whether what [`Self::load_repeated`] left ran for so long.
    pub(super) fn run_repeated(&mut self, instructions: u64) -> bool {
        self.cpu.run(&mut self.bus, instructions);
        self.cpu.state().count >= instructions && self.cpu.state().cpl == 3
    }

    /// Loads copies of the record's instruction and a jump back to the first, with exceptions masked; the code.
    pub(super) fn load_repeated(&mut self, record: &Record) -> Vec<u8> {
        self.load(record);
        let room = (CODE_PAGE + PAGE as u32 - CODE_START) as usize - 8;
        let mut code = record.code.repeat((room / record.code.len()).min(40));
        let back = -(code.len() as i32 + 5);
        code.push(0xE9);
        code.extend(back.to_le_bytes());
        self.bus.fabric_mut().ram.write(PhysAddr(u64::from(CODE_START)), &code);
        self.cpu.update_state(|state| {
            state.fpu.control |= 0x3F;
            state.fpu.status &= 0x3800;
            state.mxcsr |= 0x1F80;
        });
        code
    }

    pub(super) fn run_record(&mut self, record: &Record, form: &Form) -> Result<(), String> {
        self.load(record);
        let start = self.cpu.state().ip;
        for _ in 0..LONGEST {
            self.cpu.run(&mut self.bus, 1);
            let state = self.cpu.state();
            if record.faults_at(state.ip) {
                // The capture's fault is the fetch at the branch's target.
                self.cpu.run(&mut self.bus, 1);
                return self.compare(record, form);
            }
            if state.pending.is_some() || state.ip != start || record.fina.contains(&Item::Ip(start)) {
                return self.compare(record, form);
            }
        }
        Err(" does not end".to_owned())
    }

    pub(super) fn load(&mut self, record: &Record) {
        self.expected = [DATA_PAGE, LOW_PAGE]
            .map(|page| (page, (0..PAGE as u32).map(|n| default_byte(page + n)).collect()))
            .to_vec();
        let mut code = vec![0xCC; PAGE];
        let at = (CODE_START - CODE_PAGE) as usize;
        code[at..at + record.code.len()].copy_from_slice(&record.code);
        let mut state = CpuState::reset(self.cpu.model(), 0);
        state.cr0 = CR0;
        state.cr4 = CR4;
        state.cr3 = u64::from(DIRECTORY);
        state.cpl = 3;
        state.idtr = TableRegister::default();
        for reg in SegReg::ALL {
            state.segments[reg as usize] = flat(0x2B, 0xC0F3);
        }
        state.segments[SegReg::Cs as usize] = flat(0x23, 0xC0FB);
        state.ip = u64::from(CODE_START);
        for n in 0..8 {
            state.regs.set_number(n, (u64::from(n) + 1) * 0x1111_1111);
        }
        hw_float::set_defaults(&mut state);
        for item in &record.init {
            self.apply(item, &mut state);
        }
        hw_float::set_stack(&mut state, &hw_float::stack_of(NO_STACK, &record.init));
        let ram = &mut self.bus.fabric_mut().ram;
        ram.write(PhysAddr(u64::from(CODE_PAGE)), &code);
        for (page, bytes) in &self.expected {
            ram.write(PhysAddr(u64::from(*page)), bytes);
        }
        self.cpu.update_state(|s| *s = state);
    }

    /// The exception that is about to be delivered and the IP it saves. A software interrupt has failed for want of
    /// a gate; its IP is the next instruction's.
    fn found_exception(&self, record: &Record) -> (Option<Exception>, u64) {
        let state = self.cpu.state();
        match state.pending {
            None => (None, state.ip),
            Some(Event::Fault(Fault::GeneralProtection(code))) if code & 7 == IDT_ERROR => {
                let vector = (code >> 3) as u8;
                (Some(Exception { vector, error: 0, cr2: 0 }), state.ip + record.code.len() as u64)
            }
            Some(Event::Fault(fault)) => (Some(exception(fault, state.cr2)), state.ip),
        }
    }

    fn apply(&mut self, item: &Item, state: &mut CpuState) {
        match item {
            Item::Gpr(n, value) => state.regs.set_number(*n, *value),
            Item::Flags(bits) => state.flags = Flags::from_bits(*bits),
            Item::Ip(ip) => state.ip = *ip,
            Item::Memory(addr, bytes) => self.expect_memory(*addr, bytes),
            _ => hw_float::apply(item, state),
        }
    }

    fn expect_memory(&mut self, addr: u32, bytes: &[u8]) {
        for (n, &byte) in (0u32..).zip(bytes) {
            let addr = addr.wrapping_add(n);
            for (page, expected) in &mut self.expected {
                if let Some(slot) = expected.get_mut(addr.wrapping_sub(*page) as usize) {
                    *slot = byte;
                }
            }
        }
    }

    fn compare(&mut self, record: &Record, form: &Form) -> Result<(), String> {
        use std::fmt::Write;
        let mut wrong = String::new();
        let mut expected = self.expected_state(record);
        for item in &record.fina {
            self.apply(item, &mut expected);
            if matches!(item, Item::Ymm(..)) {
                let _ = write!(wrong, " {item:x?} is not compared yet;");
            }
        }
        let state = self.cpu.state();
        for n in 0..8 {
            let (found, wanted) = (state.regs.number(n), expected.regs.number(n));
            if found != wanted {
                let _ = write!(wrong, " r{n}={found:x} expected {wanted:x};");
            }
        }
        let mask = COMPARED_FLAGS & !u32::from(record.undefined);
        let (found, wanted) = (state.flags.bits() & mask, expected.flags.bits() & mask);
        if found != wanted {
            let _ = write!(wrong, " flags={found:x} expected {wanted:x};");
        }
        let (found, ip) = self.found_exception(record);
        if ip != expected.ip {
            let _ = write!(wrong, " ip={ip:x} expected {:x};", expected.ip);
        }
        let wanted = record.exception.map(Exception::without_fetch);
        if found != wanted {
            let _ = write!(wrong, " exception {found:x?} expected {wanted:x?};");
        }
        let stack = hw_float::stack_of(hw_float::stack_of(NO_STACK, &record.init), &record.fina);
        hw_float::compare(self.cpu.state(), &expected, &stack, (record, form), &mut wrong);
        self.compare_memory(&mut wrong);
        if wrong.is_empty() { Ok(()) } else { Err(wrong) }
    }

    /// The initial state, IP moved on unless the instruction faulted.
    fn expected_state(&mut self, record: &Record) -> CpuState {
        let mut state = CpuState::reset(self.cpu.model(), 0);
        for n in 0..8 {
            state.regs.set_number(n, (u64::from(n) + 1) * 0x1111_1111);
        }
        hw_float::set_defaults(&mut state);
        for item in record.init.iter().filter(|item| !matches!(item, Item::Memory(..))) {
            self.apply(item, &mut state);
        }
        let len = if record.exception.is_some() { 0 } else { record.code.len() as u64 };
        state.ip = u64::from(CODE_START) + len;
        state
    }

    fn compare_memory(&self, wrong: &mut String) {
        use std::fmt::Write;
        for (page, expected) in &self.expected {
            let mut found = [0; PAGE];
            self.bus.fabric().ram.read(PhysAddr(u64::from(*page)), &mut found);
            if let Some(at) = (0..PAGE).find(|&n| found[n] != expected[n]) {
                let addr = page + at as u32;
                let _ = write!(wrong, " [{addr:x}]={:02x} expected {:02x};", found[at], expected[at]);
            }
        }
    }
}
