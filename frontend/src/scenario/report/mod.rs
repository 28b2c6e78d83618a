//! What is told of scenarios: to people while they run, to other programs at the end.

pub(crate) mod annotations;
pub(crate) mod file;
pub(crate) mod human;
mod json;
mod junit;
mod tap;

use super::parse::Scenario;
use super::record::Record;

/// Who is told of scenarios as they run, from any thread.
pub(crate) trait Listener: Sync {
    /// One begins.
    fn started(&self, scenario: &Scenario);
    /// One is over.
    fn finished(&self, record: &Record);
}
