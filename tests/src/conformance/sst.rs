//! Runs SingleStepTests vectors of the 8086 and the 80286 in real mode.

use super::moo::{self, FLAGS, IP, PortByte, REGISTERS, Test};
use super::report::Group;
use super::{DataError, files};
use ringzero_bus::testing::PortRecorder;
use ringzero_bus::{Handle, PhysAddr, SystemBus, Width};
use ringzero_cpu::{Activity, Cpu, CpuState, Event, Fault, Flags, Generation, Model, SegReg, Segment};
use serde_json::Value;
use std::path::Path;

/// Iterations of a repeated instruction after which a test counts as hung.
const LONGEST: u32 = 70_000;

/// Groups that are known to fail, and why.
const KNOWN: &[(Generation, &str, &str)] = &[];

/// Runs every file of `folder` on `model`.
pub fn run_folder(folder: &Path, model: Model, threads: usize) -> Result<Vec<Group>, DataError> {
    let metadata = Metadata::read(folder)?;
    let paths = files(folder, ".MOO.gz")?;
    let chunk = paths.len().div_ceil(threads.max(1)).max(1);
    std::thread::scope(|scope| {
        let workers: Vec<_> = paths
            .chunks(chunk)
            .map(|paths| {
                let metadata = &metadata;
                scope.spawn(move || {
                    let mut bench = Bench::new(model);
                    paths.iter().map(|path| bench.run_file(path, metadata)).collect::<Result<Vec<_>, _>>()
                })
            })
            .collect();
        let mut groups = Vec::new();
        for worker in workers {
            groups.extend(worker.join().expect("a worker does not panic")?);
        }
        Ok(groups)
    })
}

/// The form that a file is named for ("C1.4", "0FA0").
pub(super) fn form_of(path: &Path) -> String {
    let name = path.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
    name.trim_end_matches(".MOO.gz").to_owned()
}

/// Which flags each form defines.
pub(super) struct Metadata(Value);

impl Metadata {
    pub(super) fn read(folder: &Path) -> Result<Self, DataError> {
        let path = folder.join("metadata.json");
        let unreadable = |source| DataError::Unreadable { path: path.clone(), source };
        let text = std::fs::read_to_string(&path).map_err(unreadable)?;
        let value = serde_json::from_str(&text).map_err(|_| DataError::Damaged {
            path: path.clone(),
            at: 0,
            what: "JSON",
        })?;
        Ok(Self(value))
    }

    /// The mask of defined flags of a form, see [`form_of`].
    pub(super) fn flags_mask(&self, form: &str, model: &Model, test: &Test) -> u16 {
        let (opcode, reg) = form.split_once('.').unwrap_or((form, ""));
        let entry = &self.0["opcodes"][opcode];
        let entry = if reg.is_empty() { entry } else { &entry["reg"][reg] };
        let mask = entry["flags-mask"].as_u64().map_or(0xFFFF, |mask| mask as u16);
        // The list has no entry for rotates by immediate, whose OF is undefined unless the count is 1.
        let rotate_by_imm = matches!(opcode, "C0" | "C1") && matches!(reg, "0" | "1" | "2" | "3");
        let count = test.bytes.iter().rev().nth(1).copied().unwrap_or(1);
        if model.at_least(Generation::I80186) && rotate_by_imm && count & 0x1F != 1 {
            mask & !(1 << 11)
        } else {
            mask
        }
    }
}

/// Bytes of memory that a model's tests reach.
pub(super) fn ram_size(model: &Model) -> usize {
    if model.at_least(Generation::I80286) { 0x11_0000 } else { 0x10_0000 }
}

/// A processor, memory and ports, used for test after test.
pub(super) struct Bench {
    pub(super) cpu: Cpu,
    bus: SystemBus,
    ports: Handle<PortRecorder>,
}

impl Bench {
    pub(super) fn new(model: Model) -> Self {
        let mut bus = SystemBus::new(ram_size(&model), 1);
        let ports = bus
            .attach("ports", |wiring| {
                wiring.ports(0..=0xFFFF, Width::Dword)?;
                Ok(PortRecorder::default())
            })
            .expect("an empty bus has room");
        Self { cpu: Cpu::new(model), bus, ports }
    }

    fn run_file(&mut self, path: &Path, metadata: &Metadata) -> Result<Group, DataError> {
        let form = form_of(path);
        let generation = self.cpu.model().generation;
        let mut group = Group::new(&form);
        group.known = KNOWN.iter().find(|(g, f, _)| *g == generation && *f == form).map(|k| k.2);
        for test in moo::read(path)? {
            let mask = metadata.flags_mask(&form, self.cpu.model(), &test);
            let result = self.run_test(&test, mask);
            group.count(result.map_err(|what| format!("{form} #{} {}: {what}", test.index, test.name)));
        }
        Ok(group)
    }

    pub(super) fn run_test(&mut self, test: &Test, flags_mask: u16) -> Result<(), String> {
        for &(addr, value) in &test.init.ram {
            self.bus.fabric_mut().ram.write(PhysAddr(u64::from(addr)), &[value]);
        }
        self.load(test);
        let finished = self.execute(test);
        let result = finished.and_then(|()| self.compare(test, flags_mask));
        for &(addr, _) in test.init.ram.iter().chain(&test.fina.ram) {
            self.bus.fabric_mut().ram.write(PhysAddr(u64::from(addr)), &[0]);
        }
        result
    }

    pub(super) fn load(&mut self, test: &Test) {
        let mut state = CpuState::reset(self.cpu.model(), 0);
        let reg = |name: &str| {
            let n = REGISTERS.iter().position(|&r| r == name).unwrap_or(0);
            test.init.regs[n].unwrap_or(0)
        };
        for (number, name) in (0u8..).zip(["ax", "cx", "dx", "bx", "sp", "bp", "si", "di"]) {
            state.regs.set_number(number, u64::from(reg(name)));
        }
        for (segment, name) in
            [(SegReg::Cs, "cs"), (SegReg::Ss, "ss"), (SegReg::Ds, "ds"), (SegReg::Es, "es")]
        {
            state.segments[segment as usize] = Segment::real(reg(name));
        }
        state.ip = u64::from(reg("ip"));
        let flags =
            if self.cpu.model().at_least(Generation::I80286) { reg("flags") & 0x0FFF } else { reg("flags") };
        state.flags = Flags::from_bits(u32::from(flags));
        self.cpu.update_state(|s| *s = state);
        self.bus.call(self.ports, |ports, _| ports.log.clear());
    }

    /// Runs one instruction, all iterations of it, and the delivery of its exception.
    fn execute(&mut self, test: &Test) -> Result<(), String> {
        let start = self.cpu.state().ip;
        let repeats = test.name.contains("rep");
        for _ in 0..LONGEST {
            self.cpu.run(&mut self.bus, 1);
            let state = self.cpu.state();
            if let Some(Event::Fault(fault)) = state.pending {
                if fault != Fault::Debug {
                    self.cpu.run(&mut self.bus, 1);
                }
                return Ok(());
            }
            if !repeats || state.ip != start || state.activity != Activity::Running {
                return Ok(());
            }
        }
        Err("does not end".to_owned())
    }

    fn compare(&mut self, test: &Test, flags_mask: u16) -> Result<(), String> {
        use std::fmt::Write;
        let mut wrong = String::new();
        let is_286 = self.cpu.model().at_least(Generation::I80286);
        for (n, name) in REGISTERS.iter().enumerate() {
            let changed = test.fina.regs[n];
            let mut expected = changed.or(test.init.regs[n]).unwrap_or(0);
            let mut found = self.register(n);
            if n == IP && is_286 {
                // Counted behind the HLT that ended the capture.
                let halted = self.cpu.state().activity == Activity::Halted;
                found = found.wrapping_add(u16::from(!halted));
            }
            if n == FLAGS {
                let mask = if is_286 { flags_mask & 0x0FFF } else { flags_mask };
                (expected, found) = (expected & mask, found & mask);
            }
            if expected != found {
                let _ = write!(wrong, " {name}={found:04x} expected {expected:04x};");
            }
        }
        self.compare_ram(test, flags_mask, &mut wrong);
        self.compare_ports(test, &mut wrong);
        if wrong.is_empty() { Ok(()) } else { Err(format!("[{:02x?}]{wrong}", test.bytes)) }
    }

    fn compare_ram(&self, test: &Test, flags_mask: u16, wrong: &mut String) {
        use std::fmt::Write;
        let flags_at = self.exception_frame_flags(test);
        let unchanged = test.init.ram.iter().filter(|(a, _)| !test.fina.ram.iter().any(|(b, _)| a == b));
        for &(addr, expected) in test.fina.ram.iter().chain(unchanged) {
            let mut found = [0];
            self.bus.fabric().ram.read(PhysAddr(u64::from(addr)), &mut found);
            let mask = match flags_at {
                Some(at) if addr == at => flags_mask as u8,
                Some(at) if addr == at + 1 => (flags_mask >> 8) as u8,
                _ => 0xFF,
            };
            if found[0] & mask != expected & mask {
                let _ = write!(wrong, " [{addr:05x}]={:02x} expected {expected:02x};", found[0]);
            }
        }
    }

    /// Where an exception pushed FLAGS: on top of its frame. (The 8086 files do not say so, and those of the
    /// 80286 give an odd address less one.)
    fn exception_frame_flags(&self, test: &Test) -> Option<u32> {
        let divides = test.name.contains("div") && test.fina.regs[4].is_some();
        (divides || test.exception.is_some()).then(|| {
            let (ss, sp) = (u32::from(self.register(5)), u32::from(self.register(8).wrapping_add(4)));
            let addr = ss * 16 + sp;
            if self.cpu.model().at_least(Generation::I80286) { addr } else { addr & 0xF_FFFF }
        })
    }

    fn compare_ports(&self, test: &Test, wrong: &mut String) {
        use std::fmt::Write;
        let log = &self.bus.get(self.ports).log;
        let found: Vec<PortByte> =
            log.iter().map(|&(write, port, value)| PortByte { write, port: port.0, value }).collect();
        if found != test.ports {
            let _ = write!(wrong, " ports {found:x?} expected {:x?};", test.ports);
        }
    }

    fn register(&self, n: usize) -> u16 {
        let state = self.cpu.state();
        let general = |number| state.regs.number(number) as u16;
        let segment = |reg| state.seg(reg).selector;
        match REGISTERS[n] {
            "ax" => general(0),
            "cx" => general(1),
            "dx" => general(2),
            "bx" => general(3),
            "sp" => general(4),
            "bp" => general(5),
            "si" => general(6),
            "di" => general(7),
            "cs" => segment(SegReg::Cs),
            "ss" => segment(SegReg::Ss),
            "ds" => segment(SegReg::Ds),
            "es" => segment(SegReg::Es),
            "ip" => state.ip as u16,
            _ => state.flags.bits() as u16,
        }
    }
}
