//! What the tests share: the conformance formats and their runners.

pub mod conformance;
