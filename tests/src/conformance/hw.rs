//! Runs native captures of 32-bit instructions.
//!
//! The captures ran with three pages mapped. Paging is not there yet, so the pages lie at their linear addresses and an
//! access elsewhere does not fault; x87, MMX and SSE state is not there either. What that fails is listed in `KNOWN`.

use super::hwv::{self, File, Item, Record};
use super::report::Group;
use super::{DataError, files};
use ringzero_bus::{PhysAddr, SystemBus};
use ringzero_cpu::{Cpu, CpuState, Event, Flags, Generation, Model, SegAttr, SegReg, Segment};
use std::path::Path;

const CODE_PAGE: u32 = 0x1000_0000;
const CODE_START: u32 = 0x1000_0800;
const DATA_PAGE: u32 = 0x2000_0000;
const LOW_PAGE: u32 = 0x8000;
const PAGE: usize = 4096;
/// RFLAGS bits that are compared.
const COMPARED_FLAGS: u32 = 0x0CD5;
/// Iterations of a repeated instruction after which a test counts as hung.
const LONGEST: u32 = 5000;

const NEEDS_PAGING: &str = "page faults need paging, and forms later than the 80386 are not implemented";
const NEEDS_FPU: &str = "x87, MMX, SSE and AVX are not implemented";

/// Groups that are known to fail, and why.
const KNOWN: &[(&str, &str)] = &[
    ("avx", NEEDS_FPU),
    ("avx2", NEEDS_FPU),
    ("crypto", NEEDS_FPU),
    ("fma", NEEDS_FPU),
    ("int-alu", NEEDS_PAGING),
    ("int-bcd32", NEEDS_PAGING),
    ("int-bit", NEEDS_PAGING),
    ("int-cc", NEEDS_PAGING),
    ("int-mov", NEEDS_PAGING),
    ("int-muldiv", NEEDS_PAGING),
    ("int-shift", NEEDS_PAGING),
    ("int-string", NEEDS_PAGING),
    ("mmx", NEEDS_FPU),
    ("sse1", NEEDS_FPU),
    ("sse2", NEEDS_FPU),
    ("sse3", NEEDS_FPU),
    ("sse41", NEEDS_FPU),
    ("sse42", NEEDS_FPU),
    ("ssse3", NEEDS_FPU),
    ("x87", NEEDS_FPU),
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

/// What a data byte is before anything is written there.
fn default_byte(addr: u32) -> u8 {
    (addr.wrapping_mul(0x9E37_79B1) >> 24) as u8
}

fn flat(selector: u16, attr: u16) -> Segment {
    Segment { selector, base: 0, limit: u32::MAX, attr: SegAttr(attr), usable: true }
}

struct Bench {
    cpu: Cpu,
    bus: SystemBus,
    /// The two data pages as the last test left them expected.
    expected: Vec<(u32, Vec<u8>)>,
}

impl Bench {
    fn new() -> Self {
        let mut model = Model::MAX;
        model.generation = Generation::I80386;
        let bus = SystemBus::new(DATA_PAGE as usize + PAGE, 1);
        Self { cpu: Cpu::new(model), bus, expected: Vec::new() }
    }

    fn run_file(&mut self, name: &str, file: &File) -> Group {
        let mut group = Group::new(name);
        group.known = KNOWN.iter().find(|(group, _)| *group == name).map(|k| k.1);
        for record in &file.records {
            let result = self.run_record(record);
            let form = &file.forms[record.form].name;
            group.count(result.map_err(|what| format!("{form} {:02x?}:{what}", record.code)));
        }
        group
    }

    fn run_record(&mut self, record: &Record) -> Result<(), String> {
        self.load(record);
        let start = self.cpu.state().ip;
        for _ in 0..LONGEST {
            self.cpu.run(&mut self.bus, 1);
            let state = self.cpu.state();
            if state.pending.is_some() || state.ip != start || record.fina.contains(&Item::Ip(start)) {
                return self.compare(record);
            }
        }
        Err(" does not end".to_owned())
    }

    fn load(&mut self, record: &Record) {
        self.expected = [DATA_PAGE, LOW_PAGE]
            .map(|page| (page, (0..PAGE as u32).map(|n| default_byte(page + n)).collect()))
            .to_vec();
        let mut code = vec![0xCC; PAGE];
        let at = (CODE_START - CODE_PAGE) as usize;
        code[at..at + record.code.len()].copy_from_slice(&record.code);
        let mut state = CpuState::reset(self.cpu.model(), 0);
        state.cr0 = 1;
        state.cpl = 3;
        for reg in SegReg::ALL {
            state.segments[reg as usize] = flat(0x2B, 0xC0F3);
        }
        state.segments[SegReg::Cs as usize] = flat(0x23, 0xC0FB);
        state.ip = u64::from(CODE_START);
        for n in 0..8 {
            state.regs.set_number(n, (u64::from(n) + 1) * 0x1111_1111);
        }
        for item in &record.init {
            self.apply(item, &mut state);
        }
        let ram = &mut self.bus.fabric_mut().ram;
        ram.write(PhysAddr(u64::from(CODE_PAGE)), &code);
        for (page, bytes) in &self.expected {
            ram.write(PhysAddr(u64::from(*page)), bytes);
        }
        self.cpu.update_state(|s| *s = state);
    }

    fn apply(&mut self, item: &Item, state: &mut CpuState) {
        match item {
            Item::Gpr(n, value) => state.regs.set_number(*n, *value),
            Item::Flags(bits) => state.flags = Flags::from_bits(*bits),
            Item::Ip(ip) => state.ip = *ip,
            Item::Memory(addr, bytes) => self.expect_memory(*addr, bytes),
            _ => {}
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

    fn compare(&mut self, record: &Record) -> Result<(), String> {
        use std::fmt::Write;
        let mut wrong = String::new();
        let mut expected = self.expected_state(record);
        for item in &record.fina {
            self.apply(item, &mut expected);
            if !matches!(item, Item::Gpr(..) | Item::Flags(_) | Item::Ip(_) | Item::Memory(..)) {
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
        if state.ip != expected.ip {
            let _ = write!(wrong, " ip={:x} expected {:x};", state.ip, expected.ip);
        }
        let vector = state.pending.map(|Event::Fault(fault)| fault.vector());
        let wanted = record.exception.map(|e| e.vector);
        if vector != wanted {
            let _ = write!(wrong, " exception {vector:?} expected {wanted:?};");
        }
        self.compare_memory(&mut wrong);
        if wrong.is_empty() { Ok(()) } else { Err(wrong) }
    }

    /// The initial state, IP moved on unless the instruction faulted.
    fn expected_state(&mut self, record: &Record) -> CpuState {
        let mut state = CpuState::reset(self.cpu.model(), 0);
        for n in 0..8 {
            state.regs.set_number(n, (u64::from(n) + 1) * 0x1111_1111);
        }
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
