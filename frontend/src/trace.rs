//! `--trace`: what the guest does, line by line, on stderr or in a file.

mod filter;
mod line;

pub(crate) use filter::{Filter, filter};

use line::Writer;
use ringzero_machine::{Event, Machine, Symbols, Way};
use std::collections::VecDeque;
use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::Path;
use std::sync::Arc;

/// What is to be traced, and where to.
pub(crate) struct TracePlan {
    pub(crate) filter: Filter,
    pub(crate) out: Option<File>,
    pub(crate) symbols: Option<Arc<Symbols>>,
}

impl TracePlan {
    /// A trace to `path`, which is made anew, else to stderr.
    pub(crate) fn open(
        filter: Filter,
        path: Option<&Path>,
        symbols: Option<Arc<Symbols>>,
    ) -> io::Result<Self> {
        Ok(Self { filter, out: path.map(File::create).transpose()?, symbols })
    }
}

/// A trace under way.
pub(crate) struct Tracer {
    filter: Filter,
    writer: Writer,
    out: Box<dyn Write>,
    written: u64,
    /// The last lines, when only they are wanted.
    kept: VecDeque<String>,
    /// The last line, and how often it came again.
    again: (String, u64),
    broken: bool,
}

impl Tracer {
    /// Begins to trace `machine`.
    pub(crate) fn begin(plan: TracePlan, machine: &mut Machine) -> Self {
        let TracePlan { filter, out, symbols } = plan;
        if filter.only_recorded() {
            machine.cpu_mut().record_trail(filter.last.unwrap_or_default());
        } else {
            machine.subscribe(filter.kinds);
        }
        let out: Box<dyn Write> = match out {
            Some(file) => Box::new(BufWriter::new(file)),
            None => Box::new(BufWriter::new(io::stderr())),
        };
        let writer = Writer::new(filter.syntax, symbols);
        Self {
            filter,
            writer,
            out,
            written: 0,
            kept: VecDeque::new(),
            again: Default::default(),
            broken: false,
        }
    }

    /// Writes what has happened since the last call.
    pub(crate) fn pass_on(&mut self, machine: &mut Machine) {
        if self.filter.only_recorded() {
            return;
        }
        for (count, event) in machine.take_events() {
            if !self.filter.wants(&event) {
                continue;
            }
            let line = self.writer.line(&event);
            self.put(count, &event, line);
            if self.filter.first.is_some_and(|first| self.written >= first) {
                machine.subscribe(ringzero_machine::EventKinds::default());
                self.flush();
                return;
            }
        }
    }

    /// A line; of equal instructions in a row only the first, and their number.
    fn put(&mut self, count: u64, event: &Event, line: String) {
        let is_exec = matches!(event, Event::Exec(..));
        if is_exec && self.again.0 == line {
            self.again.1 += 1;
            return;
        }
        self.tell_again();
        self.emit(format!("{count:>12} {line}"));
        self.again = (if is_exec { line } else { String::new() }, 0);
    }

    fn tell_again(&mut self) {
        let times = std::mem::take(&mut self.again.1);
        if times > 0 {
            self.emit(format!("{:>12} {times} times more", ""));
        }
    }

    fn emit(&mut self, line: String) {
        self.written += 1;
        match self.filter.last {
            Some(last) => {
                if self.kept.len() >= last.max(1) {
                    self.kept.pop_front();
                }
                self.kept.push_back(line);
            }
            None => self.write(&line),
        }
    }

    fn write(&mut self, line: &str) {
        if !self.broken
            && let Err(error) = writeln!(self.out, "{line}")
        {
            self.broken = true;
            crate::report::say(&format!("warning: the trace cannot be written any further: {error}"));
        }
    }

    fn flush(&mut self) {
        if let Err(error) = self.out.flush()
            && !self.broken
        {
            crate::report::say(&format!("warning: the trace cannot be written any further: {error}"));
        }
    }

    /// Writes what was held back: the run is over.
    pub(crate) fn finish(mut self, machine: &mut Machine) {
        self.pass_on(machine);
        self.tell_again();
        if self.filter.only_recorded() {
            self.recorded(machine);
        }
        for line in std::mem::take(&mut self.kept) {
            self.write(&line);
        }
        self.flush();
    }

    /// The last instructions, by the trail that the processor recorded. Code that was overwritten meanwhile shows as
    /// it is now.
    fn recorded(&mut self, machine: &Machine) {
        let mut marks: Vec<_> = machine.cpu().recorder().trail().collect();
        marks.push(machine.present_mark());
        let kept = self.filter.last.unwrap_or_default() as u64;
        for pair in marks.windows(2) {
            for step in Way::new(machine, &pair[0], &pair[1], kept) {
                let event = Event::Exec(step.place, step.bytes);
                if self.filter.wants(&event) {
                    let line = self.writer.line(&event);
                    self.put(step.place.count + 1, &event, line);
                    self.again.1 += step.repeats;
                }
            }
        }
        self.tell_again();
    }
}
