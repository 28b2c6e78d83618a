//! Many scenarios at a time.
//!
//! A scenario is ready when the one it comes from has passed. One that writes its images runs alone, after all others:
//! nobody else may have them open.

use super::Settings;
use super::fork::{self, Left};
use super::load::Loaded;
use super::record::{Record, Status};
use super::report::Listener;
use super::run::Runner;
use crate::run::panic_message;
use crate::signals;
use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

/// A scenario that may run, and what it begins with.
struct Job {
    index: usize,
    left: Option<Arc<Left>>,
    alone: bool,
}

/// What the workers share.
struct Queue {
    ready: VecDeque<Job>,
    alone: VecDeque<Job>,
    running: usize,
    running_alone: bool,
    records: Vec<Option<Record>>,
}

/// Everything a worker needs.
struct Suite<'a> {
    all: &'a [Loaded],
    wanted: &'a [bool],
    needed: Vec<bool>,
    settings: &'a Settings,
    listener: &'a dyn Listener,
    queue: Mutex<Queue>,
    changed: Condvar,
}

/// Runs the scenarios that are wanted, and those they come from; a record of each that is wanted and was finished.
pub(crate) fn run(
    all: &[Loaded],
    wanted: &[bool],
    settings: &Settings,
    listener: &dyn Listener,
) -> Vec<Option<Record>> {
    let needed = needed(all, wanted);
    let mut queue = Queue {
        ready: VecDeque::new(),
        alone: VecDeque::new(),
        running: 0,
        running_alone: false,
        records: vec![None; all.len()],
    };
    for index in (0..all.len()).filter(|&index| needed[index] && all[index].parent.is_none()) {
        let alone = match &all[index].scenario.start {
            super::parse::Start::PowerOn(spec) => spec.is_writable(),
            super::parse::Start::From { .. } => false,
        };
        let jobs = if alone { &mut queue.alone } else { &mut queue.ready };
        jobs.push_back(Job { index, left: None, alone });
    }
    let suite =
        Suite { all, wanted, needed, settings, listener, queue: Mutex::new(queue), changed: Condvar::new() };
    std::thread::scope(|scope| {
        for _ in 0..settings.jobs.clamp(1, all.len()) {
            scope.spawn(|| suite.work());
        }
    });
    suite.queue.into_inner().unwrap_or_else(PoisonError::into_inner).records
}

/// Those that are wanted, and all they come from.
fn needed(all: &[Loaded], wanted: &[bool]) -> Vec<bool> {
    let mut needed = wanted.to_vec();
    for index in (0..all.len()).filter(|&index| wanted[index]) {
        let mut at = index;
        while let Some(parent) = all[at].parent {
            needed[parent] = true;
            at = parent;
        }
    }
    needed
}

impl Suite<'_> {
    fn lock(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Runs jobs until none is left.
    fn work(&self) {
        while let Some(job) = self.next() {
            let scenario = &self.all[job.index].scenario;
            if self.wanted[job.index] {
                self.listener.started(scenario);
            }
            let (record, left) = self.run_one(&job);
            self.finished(job, record, left);
        }
    }

    /// The next job, waited for while others may bring some.
    fn next(&self) -> Option<Job> {
        let mut queue = self.lock();
        loop {
            if signals::taken().is_some() {
                return None;
            }
            if !queue.running_alone
                && let Some(job) = queue.ready.pop_front()
            {
                queue.running += 1;
                return Some(job);
            }
            if queue.running == 0 {
                let job = queue.alone.pop_front()?;
                queue.running += 1;
                queue.running_alone = true;
                return Some(job);
            }
            queue = self.changed.wait(queue).unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// Runs a scenario; a panic of ours becomes its record.
    fn run_one(&self, job: &Job) -> (Record, Option<Left>) {
        let scenario = &self.all[job.index].scenario;
        let body = || {
            let state = match &job.left {
                Some(left) => left.again(),
                None => fork::power_on(&scenario.start),
            };
            let state = match state {
                Ok(state) => state,
                Err(message) => return (Record::not_run(scenario, Status::Failed, message), None),
            };
            let mut runner = Runner::new(scenario, self.settings, state);
            let record = runner.run();
            let goes_on = record.status == Status::Passed && self.children(job.index).next().is_some();
            let left = goes_on.then(|| Left::new(runner.into_state()));
            (record, left)
        };
        catch_unwind(AssertUnwindSafe(body)).unwrap_or_else(|payload| {
            let message = format!(
                "internal fault: {}; please report it with this scenario",
                panic_message(payload.as_ref())
            );
            (Record::not_run(scenario, Status::Fault, message), None)
        })
    }

    fn children(&self, index: usize) -> impl Iterator<Item = usize> {
        (0..self.all.len()).filter(move |&child| self.needed[child] && self.all[child].parent == Some(index))
    }

    /// Notes a record and queues what was waiting for it.
    fn finished(&self, job: Job, record: Record, left: Option<Left>) {
        let children: Vec<usize> = self.children(job.index).collect();
        let mut blocked = Vec::new();
        match left.map(Arc::new) {
            Some(left) => {
                let mut queue = self.lock();
                // First, so that the machine they begin with can be given up soon.
                for &index in children.iter().rev() {
                    queue.ready.push_front(Job { index, left: Some(left.clone()), alone: false });
                }
            }
            None if record.status != Status::Interrupted => {
                let parent = &self.all[job.index].scenario;
                self.block(
                    &children,
                    &format!("not run, for {} failed", parent.path().display()),
                    &mut blocked,
                );
            }
            None => {}
        }
        if record.status != Status::Interrupted {
            self.tell(job.index, record);
        }
        for (index, record) in blocked {
            self.tell(index, record);
        }
        let mut queue = self.lock();
        queue.running -= 1;
        queue.running_alone &= !job.alone;
        drop(queue);
        self.changed.notify_all();
    }

    /// Scenarios that come from one that failed, and those that come from them.
    fn block(&self, children: &[usize], message: &str, blocked: &mut Vec<(usize, Record)>) {
        for &index in children {
            blocked.push((
                index,
                Record::not_run(&self.all[index].scenario, Status::Failed, message.to_owned()),
            ));
            let grandchildren: Vec<usize> = self.children(index).collect();
            self.block(&grandchildren, message, blocked);
        }
    }

    fn tell(&self, index: usize, record: Record) {
        if self.wanted[index] {
            self.listener.finished(&record);
            self.lock().records[index] = Some(record);
        }
    }
}
