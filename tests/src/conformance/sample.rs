//! Packs a sample of vectors for other hosts: cases that pass here, with the whole state they end in.

use super::hw::{self, CODE_PAGE, CODE_START, DATA_PAGE, LOW_PAGE, PAGE};
use super::hwv::{self, Item, Record};
use super::moo::{self, Test};
use super::{DataError, files, sst};
use ringzero_cpu::{CpuState, Model};
use ringzero_hosts::sample::{After, Bytes, Case, Group, Rig, SampleError};
use std::path::Path;

/// Vectors taken of each form.
const PER_FORM: usize = 2;
/// Instructions for which a native form is repeated, so that it follows itself often.
const REPEATED: u64 = 6_000;
/// Groups of native captures that the processor has.
const NATIVE: [&str; 12] = [
    "int-alu",
    "int-bcd32",
    "int-bit",
    "int-cc",
    "int-mov",
    "int-muldiv",
    "int-shift",
    "int-string",
    "mmx",
    "sse1",
    "sse2",
    "x87",
];

/// Why there is no sample.
#[derive(Debug, thiserror::Error)]
pub enum PackError {
    /// The vectors cannot be read.
    #[error(transparent)]
    Data(#[from] DataError),
    /// The sample cannot be packed.
    #[error("the sample")]
    Sample(#[from] SampleError),
    /// A case ended otherwise than the vector it was made of.
    #[error("{0}: ends otherwise when it runs in one piece")]
    Differs(String),
}

/// A sample of both sets in `folder`: some vectors of every form, and every native form repeated.
pub fn sample(folder: &Path) -> Result<Vec<Group>, PackError> {
    let mut groups = Vec::new();
    for model in [Model::I8086, Model::I80286] {
        groups.push(settled(real_mode(&folder.join("sst").join(model.name), model)?)?);
    }
    for name in NATIVE {
        let file = hwv::read(&folder.join(format!("hw/{name}.32.hwv.gz")))?;
        groups.push(settled(native(name, &file))?);
        groups.push(settled(repeated(name, &file))?);
    }
    Ok(groups)
}

/// The group with all that its cases end with. Their processor's state is known from the vectors.
fn settled(mut group: Group) -> Result<Group, PackError> {
    let mut rig = Rig::new(&group)?;
    for case in &mut group.cases {
        let After { state, memory, ports } = rig.run(&group.memory, case);
        if state != case.after.state {
            return Err(PackError::Differs(format!("{} {}", group.name, case.name)));
        }
        (case.after.memory, case.after.ports) = (memory, ports);
    }
    Ok(group)
}

/// A case between two states; memory and ports are yet to be settled.
fn case(name: String, [before, after]: [CpuState; 2], memory: Vec<Bytes>, watched: Vec<(u32, u32)>) -> Case {
    let instructions = after.count - before.count;
    let after = After { state: after, memory: 0, ports: Vec::new() };
    Case { name, before, memory, watched, instructions, after }
}

/// As many of `all` as are wanted, from one end to the other.
fn spread<T>(all: &[T], wanted: usize) -> impl Iterator<Item = &T> {
    all.iter().step_by(all.len().div_ceil(wanted).max(1))
}

fn real_mode(folder: &Path, model: Model) -> Result<Group, DataError> {
    let metadata = sst::Metadata::read(folder)?;
    let mut bench = sst::Bench::new(model);
    let mut cases = Vec::new();
    for path in files(folder, ".MOO.gz")? {
        let form = sst::form_of(&path);
        for test in spread(&moo::read(&path)?, PER_FORM) {
            bench.load(test);
            let before = bench.cpu.state().clone();
            if bench.run_test(test, metadata.flags_mask(&form, &model, test)).is_ok() {
                let name = format!("{form} #{} {}", test.index, test.name);
                let states = [before, bench.cpu.state().clone()];
                cases.push(case(name, states, initial_bytes(test), addresses(test)));
            }
        }
    }
    let ram = sst::ram_size(&model) as u32;
    Ok(Group {
        name: format!("sst/{}", model.name),
        model: model.name.to_owned(),
        ram,
        memory: Vec::new(),
        cases,
    })
}

fn initial_bytes(test: &Test) -> Vec<Bytes> {
    test.init.ram.iter().map(|&(addr, value)| Bytes { addr, bytes: vec![value] }).collect()
}

/// The bytes that a test names, before or after.
fn addresses(test: &Test) -> Vec<(u32, u32)> {
    let mut named: Vec<_> = test.init.ram.iter().chain(&test.fina.ram).map(|&(addr, _)| (addr, 1)).collect();
    named.sort_unstable();
    named.dedup();
    named
}

/// The group of a file of native captures, without cases.
fn native_group(name: String) -> Group {
    let table = |(addr, entry): (u32, u32)| Bytes { addr, bytes: entry.to_le_bytes().to_vec() };
    let data = |addr: u32| Bytes { addr, bytes: (addr..addr + PAGE as u32).map(hw::default_byte).collect() };
    let mut memory: Vec<Bytes> = hw::page_tables().map(table).collect();
    memory.extend([Bytes { addr: CODE_PAGE, bytes: vec![0xCC; PAGE] }, data(DATA_PAGE), data(LOW_PAGE)]);
    let ram = DATA_PAGE + PAGE as u32;
    Group { name, model: Model::MAX.name.to_owned(), ram, memory, cases: Vec::new() }
}

/// What a native case holds besides states: `code`, the record's memory, and both data pages compared.
fn native_case(name: &str, states: [CpuState; 2], code: &[u8], record: &Record) -> Case {
    let mut memory = vec![Bytes { addr: CODE_START, bytes: code.to_vec() }];
    memory.extend(record.init.iter().filter_map(|item| match item {
        Item::Memory(addr, bytes) => Some(Bytes { addr: *addr, bytes: bytes.clone() }),
        _ => None,
    }));
    let watched = vec![(DATA_PAGE, PAGE as u32), (LOW_PAGE, PAGE as u32)];
    case(format!("{name} {code:02x?}"), states, memory, watched)
}

fn native(name: &str, file: &hwv::File) -> Group {
    let mut group = native_group(format!("hw/{name}"));
    let mut bench = hw::Bench::new();
    for (number, form) in file.forms.iter().enumerate() {
        let records: Vec<&Record> = file.records.iter().filter(|record| record.form == number).collect();
        for record in spread(&records, PER_FORM) {
            bench.load(record);
            let before = bench.cpu.state().clone();
            if bench.run_record(record, form).is_ok() {
                let states = [before, bench.cpu.state().clone()];
                group.cases.push(native_case(&form.name, states, &record.code, record));
            }
        }
    }
    group
}

/// Every form that can go on for long, once.
fn repeated(name: &str, file: &hwv::File) -> Group {
    /// Records of a form that are tried.
    const TRIED: usize = 8;
    let mut group = native_group(format!("repeated/{name}"));
    let mut bench = hw::Bench::new();
    for (number, form) in file.forms.iter().enumerate() {
        let records = file.records.iter().filter(|record| record.form == number && record.is_plain());
        let long = records.take(TRIED).find_map(|record| {
            let code = bench.load_repeated(record);
            let before = bench.cpu.state().clone();
            let states = bench.run_repeated(REPEATED).then(|| [before, bench.cpu.state().clone()])?;
            Some(native_case(&form.name, states, &code, record))
        });
        group.cases.extend(long);
    }
    group
}
