//! Conformance cases with everything that must be equal after them.
//!
//! A case comes from a vector that passes on the host that packs the sample, and holds the whole state there: on other
//! hosts also what the vectors leave undefined must come out the same.

use crate::line::Line;
use ringzero_bus::testing::PortRecorder;
use ringzero_bus::{AttachError, Handle, PhysAddr, Port, SystemBus, Width};
use ringzero_cpu::{Cpu, CpuState, Model};
use serde::{Deserialize, Serialize};

/// Cases that run one after the other on one processor.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Group {
    /// Its name.
    pub name: String,
    /// The processor, see [`Model::by_name`].
    pub model: String,
    /// Bytes of RAM.
    pub ram: u32,
    /// Memory before each case.
    pub memory: Vec<Bytes>,
    /// The cases.
    pub cases: Vec<Case>,
}

/// Bytes at a physical address.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Bytes {
    /// Where.
    pub addr: u32,
    /// What.
    pub bytes: Vec<u8>,
}

/// A state, how long to run, and what comes of it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Case {
    /// Its name.
    pub name: String,
    /// The processor before.
    pub before: CpuState,
    /// Memory before, on top of the group's.
    pub memory: Vec<Bytes>,
    /// Address and length of memory that is compared; what is not the group's is zeroed after the case.
    pub watched: Vec<(u32, u32)>,
    /// Instructions to begin.
    pub instructions: u64,
    /// What comes of it.
    pub after: After,
}

/// What a case ends with.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct After {
    /// The processor.
    pub state: CpuState,
    /// Checksum of the watched memory.
    pub memory: u32,
    /// Bytes through ports: whether written, port, value.
    pub ports: Vec<(bool, u16, u8)>,
}

/// Why a sample cannot be run.
#[derive(Debug, thiserror::Error)]
pub enum SampleError {
    /// Bytes that are no sample, or a state that cannot be packed.
    #[error("is damaged")]
    Damaged(#[from] postcard::Error),
    /// A processor that is not there.
    #[error("{group}: there is no processor {model}")]
    Model {
        /// Which group asks.
        group: String,
        /// For what.
        model: String,
    },
    /// There is no room for the recorder of ports.
    #[error("the ports")]
    Attach(#[from] AttachError),
}

/// Groups as bytes.
pub fn pack(groups: &[Group]) -> Result<Vec<u8>, SampleError> {
    Ok(postcard::to_stdvec(groups)?)
}

/// Bytes as groups, each on a processor of its own.
pub fn unpack(bytes: &[u8]) -> Result<Vec<(Group, Rig)>, SampleError> {
    let groups: Vec<Group> = postcard::from_bytes(bytes)?;
    groups.into_iter().map(|group| Rig::new(&group).map(|rig| (group, rig))).collect()
}

/// Runs groups: a line each, which says "passed" or tells the first failure.
pub fn run(groups: &mut [(Group, Rig)]) -> Vec<Line> {
    groups
        .iter_mut()
        .map(|(group, rig)| {
            let failure = group.cases.iter().find_map(|case| {
                let found = rig.run(&group.memory, case);
                (found != case.after)
                    .then(|| format!("failed: {}: {}", case.name, difference(&case.after, &found)))
            });
            Line {
                name: group.name.clone(),
                count: group.cases.len() as u64,
                result: failure.unwrap_or_else(|| "passed".to_owned()),
            }
        })
        .collect()
}

/// A processor, memory and ports, used for case after case.
pub struct Rig {
    cpu: Cpu,
    bus: SystemBus,
    ports: Handle<PortRecorder>,
}

impl Rig {
    /// What `group` runs on.
    pub fn new(group: &Group) -> Result<Self, SampleError> {
        let model = Model::by_name(&group.model)
            .ok_or_else(|| SampleError::Model { group: group.name.clone(), model: group.model.clone() })?;
        let mut bus = SystemBus::new(group.ram as usize, 1);
        let ports = bus.attach("ports", |wiring| {
            wiring.ports(0..=0xFFFF, Width::Dword)?;
            Ok(PortRecorder::default())
        })?;
        Ok(Self { cpu: Cpu::new(model), bus, ports })
    }

    /// Runs `case` in a group whose memory is `memory`; what comes of it, whatever the case says of that.
    pub fn run(&mut self, memory: &[Bytes], case: &Case) -> After {
        for Bytes { addr, bytes } in memory.iter().chain(&case.memory) {
            self.bus.fabric_mut().ram.write(PhysAddr(u64::from(*addr)), bytes);
        }
        self.bus.call(self.ports, |ports, _| ports.log.clear());
        self.cpu.update_state(|state| *state = case.before.clone());
        let end = case.before.count + case.instructions;
        // A run comes back early when an instruction has changed what the processor must look at.
        for _ in 0..case.instructions {
            let left = end.saturating_sub(self.cpu.state().count);
            if left == 0 {
                break;
            }
            self.cpu.run(&mut self.bus, left);
        }
        let log = &self.bus.get(self.ports).log;
        let ports = log.iter().map(|&(write, Port(port), value)| (write, port, value)).collect();
        After { state: self.cpu.state().clone(), memory: self.sum_and_clear(&case.watched), ports }
    }

    fn sum_and_clear(&mut self, watched: &[(u32, u32)]) -> u32 {
        let ram = &mut self.bus.fabric_mut().ram;
        let mut sum = crc32fast::Hasher::new();
        for &(addr, len) in watched {
            let mut bytes = vec![0; len as usize];
            ram.read(PhysAddr(u64::from(addr)), &mut bytes);
            sum.update(&bytes);
        }
        for &(addr, len) in watched {
            ram.write(PhysAddr(u64::from(addr)), &vec![0; len as usize]);
        }
        sum.finalize()
    }
}

/// The first part of the state that differs, for people to read.
fn difference(expected: &After, found: &After) -> String {
    let (expected, found) = (format!("{expected:#x?}"), format!("{found:#x?}"));
    let both = expected.lines().zip(found.lines());
    let mut field = "";
    for (wanted, got) in both {
        if wanted != got {
            return format!("{field}{} expected {}", got.trim(), wanted.trim());
        }
        // Values of lists stand alone on their lines; the name is on the line that opens the list.
        if wanted.ends_with(['{', '[', '(']) {
            field = wanted.trim();
        }
    }
    "the ports".to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use ringzero_cpu::number;

    /// MOV [1234h], AX and OUT 80h, AL on an 8086.
    fn group() -> Group {
        let mut before = CpuState::reset(&Model::I8086, 0);
        before.ip = 0;
        before.segments.iter_mut().for_each(|segment| *segment = ringzero_cpu::Segment::real(0));
        before.regs.set_number(number::AX, 0xBEEF);
        let memory = vec![Bytes { addr: 0, bytes: vec![0xA3, 0x34, 0x12, 0xE6, 0x80] }];
        let after = After { state: before.clone(), memory: 0, ports: Vec::new() };
        let watched = vec![(0x1234, 2)];
        let case =
            Case { name: "store".to_owned(), before, memory: Vec::new(), watched, instructions: 2, after };
        Group { name: "8086".to_owned(), model: "8086".to_owned(), ram: 1 << 20, memory, cases: vec![case] }
    }

    /// The same with the result that the case has here.
    fn settled() -> Group {
        let mut group = group();
        let after = Rig::new(&group).unwrap().run(&group.memory, &group.cases[0]);
        group.cases[0].after = after;
        group
    }

    fn result(group: Group) -> String {
        let packed = pack(&[group]).unwrap();
        run(&mut unpack(&packed).unwrap())[0].result.clone()
    }

    #[test]
    fn a_case_runs_its_instructions_and_tells_memory_and_ports() {
        let group = settled();
        let after = &group.cases[0].after;
        assert_eq!((after.state.ip, after.state.count), (5, 2));
        assert_eq!(after.memory, crc32fast::hash(&[0xEF, 0xBE]));
        assert_eq!(after.ports, [(true, 0x80, 0xEF)]);
    }

    #[test]
    fn a_packed_case_passes_again() {
        assert_eq!(result(settled()), "passed");
    }

    #[test]
    fn cases_leave_nothing_to_the_next() {
        let mut group = settled();
        let mut second = group.cases[0].clone();
        second.memory = vec![Bytes { addr: 0, bytes: vec![0x90, 0x90, 0x90] }];
        second.after = Rig::new(&group).unwrap().run(&group.memory, &second);
        group.cases.push(second);
        assert_eq!(result(group), "passed");
    }

    #[test]
    fn a_wrong_register_is_named() {
        let mut group = settled();
        group.cases[0].after.state.ip = 4;
        assert!(result(group).contains("ip: 0x5, expected ip: 0x4"));
    }

    #[test]
    fn other_memory_is_a_failure() {
        let mut group = settled();
        group.cases[0].after.memory ^= 1;
        assert!(result(group).starts_with("failed: store:"));
    }

    #[test]
    fn damaged_bytes_are_an_error() {
        let packed = pack(&[settled()]).unwrap();
        assert!(matches!(unpack(&packed[..packed.len() / 2]), Err(SampleError::Damaged(_))));
    }

    #[test]
    fn an_unknown_processor_is_an_error() {
        let group = Group { model: "80686".to_owned(), ..group() };
        assert!(matches!(Rig::new(&group), Err(SampleError::Model { .. })));
    }
}
