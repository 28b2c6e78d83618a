//! What a run of a data set found.

/// The outcome of one group of tests.
#[derive(Debug, Default)]
pub struct Group {
    /// File or form name.
    pub name: String,
    /// Tests run.
    pub total: usize,
    /// Tests that failed, described.
    pub failures: Vec<String>,
    /// Tests that failed.
    pub failed: usize,
    /// Why failures are expected here.
    pub known: Option<&'static str>,
}

/// Failures kept per group.
const KEPT: usize = 10_000;

impl Group {
    /// A group without results.
    pub fn new(name: impl Into<String>) -> Self {
        Self { name: name.into(), ..Self::default() }
    }

    /// Counts a test; `Err` is the description of its failure.
    pub fn count(&mut self, result: Result<(), String>) {
        self.total += 1;
        if let Err(description) = result {
            self.failed += 1;
            if self.failures.len() < KEPT {
                self.failures.push(description);
            }
        }
    }

    /// Whether the group went as expected: it passes, or it is listed as failing and does fail.
    pub fn as_expected(&self) -> bool {
        (self.failed > 0) == self.known.is_some()
    }
}

/// Renders groups: a line each, the first `described` failures of those that are not as expected (of all with
/// `known_too`), a total. The second value says whether everything was as expected.
pub fn render(groups: &[Group], described: usize, known_too: bool) -> (String, bool) {
    use std::fmt::Write;
    let mut text = String::new();
    for group in groups {
        let passed = group.total - group.failed;
        let note = match (group.known, group.failed) {
            (Some(reason), 1..) => format!("  (known: {reason})"),
            (Some(_), 0) => "  (listed as known failure, but passes)".to_owned(),
            _ => String::new(),
        };
        let _ = writeln!(text, "{}: passed {passed} of {}{note}", group.name, group.total);
        if !group.as_expected() || known_too {
            for failure in group.failures.iter().take(described) {
                let _ = writeln!(text, "    {failure}");
            }
        }
    }
    let total: usize = groups.iter().map(|g| g.total).sum();
    let failed: usize = groups.iter().map(|g| g.failed).sum();
    let unexpected = groups.iter().filter(|g| !g.as_expected()).count();
    let _ = writeln!(
        text,
        "total: passed {} of {total} in {} groups, {unexpected} not as expected",
        total - failed,
        groups.len()
    );
    (text, unexpected == 0 && total > 0)
}
