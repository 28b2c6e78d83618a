//! What went wrong, in plain words: for someone who has nothing but the log of a CI job.
//!
//! A post-mortem only looks: the machine is as it was.

mod branches;
mod faults;
mod long_mode;
mod registers;
mod tables;

use crate::disassembly::{Disassembler, Syntax};
use crate::machine::{Hang, Machine};
use crate::outcome::Outcome;
use crate::symbols::Symbols;
use ringzero_cpu::recorder::Place;
use std::fmt;
use std::sync::Arc;

/// Instructions shown where the processor stands.
const INSTRUCTIONS: usize = 6;
/// Longest instruction in bytes.
const LONGEST_INSTRUCTION: usize = 15;

/// An account of how a run ended.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PostMortem {
    sections: Vec<Section>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Section {
    title: String,
    lines: Vec<String>,
}

impl fmt::Display for PostMortem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for section in &self.sections {
            writeln!(f, "{}:", section.title)?;
            section.lines.iter().try_for_each(|line| writeln!(f, "  {line}"))?;
        }
        Ok(())
    }
}

impl PostMortem {
    /// An account of `outcome`, which `machine` has just come to. Addresses are named where `symbols` has names.
    pub fn of(machine: &Machine, outcome: &Outcome, symbols: Option<Arc<Symbols>>) -> Self {
        let mut writer = Writer::new(machine, symbols);
        match outcome {
            Outcome::DebugExit(_) | Outcome::PowerOff => return Self::default(),
            Outcome::Reset => writer.section("what happened", faults::only_reset),
            Outcome::TripleFault => {
                writer.section("what happened", faults::chain);
                writer.section("page walk of CR2", faults::page_walk);
            }
            Outcome::ResetLoop { .. } => {
                writer.section("what happened", faults::reset);
                writer.section("the last exceptions", faults::latest);
            }
            Outcome::Hang(hang) => {
                let lines = writer.hang(*hang);
                writer.push("what happened", lines);
                writer.section("the last exceptions", faults::latest);
            }
            Outcome::Panic(_) | Outcome::Limit(_) => {
                writer.section("the last exceptions", faults::latest);
            }
        }
        writer.section("64-bit mode", long_mode::wanted);
        writer.section("instructions", Writer::code);
        writer.section("registers", registers::all);
        writer.section("segments and tables", tables::all);
        writer.section("last branches, the latest at the end", branches::last);
        Self { sections: writer.sections }
    }

    /// Whether there is nothing to tell.
    pub fn is_empty(&self) -> bool {
        self.sections.is_empty()
    }
}

/// Collects sections.
struct Writer<'a> {
    machine: &'a Machine,
    symbols: Option<Arc<Symbols>>,
    disassembler: Disassembler,
    sections: Vec<Section>,
}

impl<'a> Writer<'a> {
    fn new(machine: &'a Machine, symbols: Option<Arc<Symbols>>) -> Self {
        let disassembler = Disassembler::new(Syntax::Intel, symbols.clone());
        Self { machine, symbols, disassembler, sections: Vec::new() }
    }

    /// Adds what `write` has to say, if anything.
    fn section(&mut self, title: &str, write: impl FnOnce(&mut Self) -> Vec<String>) {
        let lines = write(self);
        self.push(title, lines);
    }

    fn push(&mut self, title: &str, lines: Vec<String>) {
        if !lines.is_empty() {
            self.sections.push(Section { title: title.to_owned(), lines });
        }
    }

    /// `CS:IP`, and the symbol it lies in.
    fn place(&self, place: &Place) -> String {
        let digits = if place.bits == 16 { 4 } else { 8 };
        format!("{:04x}:{:0digits$x}{}", place.cs, place.ip, self.name(place.linear()))
    }

    /// ` (name+0x10)`, or nothing.
    fn name(&self, address: u64) -> String {
        match self.symbols.as_ref().and_then(|symbols| symbols.name_of(address)) {
            Some((name, 0)) => format!(" ({name})"),
            Some((name, offset)) => format!(" ({name}+{offset:#x})"),
            None => String::new(),
        }
    }

    /// The instruction at `place`: its length and its text. `None` where no memory is mapped.
    fn instruction(&mut self, place: &Place) -> Option<(usize, String)> {
        let mut bytes = [0; LONGEST_INSTRUCTION];
        let mut first = [0];
        if !self.machine.read_linear(place.linear(), &mut first) {
            return None;
        }
        self.machine.read_linear(place.linear(), &mut bytes);
        let line = self.disassembler.line(&bytes, u32::from(place.bits), place.ip);
        Some((line.bytes.len(), line.text))
    }

    /// What the processor is about to execute.
    fn code(&mut self) -> Vec<String> {
        let mut place = self.machine.place();
        let mut lines = Vec::new();
        for n in 0..INSTRUCTIONS {
            let marker = if n == 0 { "=>" } else { "  " };
            let Some((len, text)) = self.instruction(&place) else {
                lines.push(format!("{marker} {}  (no memory is mapped here)", self.place(&place)));
                break;
            };
            lines.push(format!("{marker} {}  {text}", self.place(&place)));
            place.ip = place.ip.wrapping_add(len as u64);
        }
        lines
    }

    /// Where the HLT is that `behind` lies behind: it may be the last instruction of its function.
    fn halt(&self, behind: &Place) -> String {
        const HLT: u8 = 0xF4;
        let halt = Place { ip: behind.ip.wrapping_sub(1), ..*behind };
        let mut byte = [0];
        let is_halt = self.machine.read_linear(halt.linear(), &mut byte) && byte == [HLT];
        if is_halt { format!("at {}", self.place(&halt)) } else { format!("before {}", self.place(behind)) }
    }

    fn hang(&mut self, hang: Hang) -> Vec<String> {
        let place = self.machine.place();
        let here = self.place(&place);
        match hang {
            Hang::Halted => vec![format!(
                "the processor executed HLT {}, with interrupts off (IF=0): nothing can wake it",
                self.halt(&place)
            )],
            Hang::Spins => vec![format!(
                "the processor goes round in the same few instructions at {here} with interrupts off (IF=0)"
            )],
            Hang::SpinsInterrupted(_) => vec![format!(
                "the processor goes round in the same few instructions at {here}; interrupts come back to it and change nothing"
            )],
            Hang::Quiet(_) if self.machine.is_halted() => {
                vec![format!(
                    "the processor executed HLT {} and waits for an interrupt that changes something",
                    self.halt(&place)
                )]
            }
            Hang::Quiet(_) => vec![format!("the processor executes at {here}, and nothing of it shows")],
            Hang::InterruptStorm { vector, .. } => faults::storm(self, vector),
        }
    }
}
