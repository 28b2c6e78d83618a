//! Where QEMU or Bochs does not do what the manual says, and why.

/// A case in which a peer prints something else.
#[derive(Clone, Copy, Debug)]
pub struct Deviation {
    /// `"qemu"` or `"bochs"`.
    pub peer: &'static str,
    /// The case.
    pub case: &'static str,
    /// What it prints.
    pub prints: &'static str,
    /// Why.
    pub reason: &'static str,
}

/// The known ones.
pub const DEVIATIONS: &[Deviation] = &[];
