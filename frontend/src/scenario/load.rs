//! All scenarios of a run, those included that others begin with.

use super::check;
use super::error::{Mistake, SourceFile};
use super::parse::{Scenario, Start, parse};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// A scenario among others.
#[derive(Debug)]
pub(crate) struct Loaded {
    pub(crate) scenario: Scenario,
    /// The one whose machine it goes on with.
    pub(crate) parent: Option<usize>,
    /// It was asked for, not only needed.
    pub(crate) listed: bool,
}

/// Loads every file and what they begin with, in the order given; all mistakes of all files.
pub(crate) fn load(
    files: &[PathBuf],
    image_path: &[PathBuf],
    bless: bool,
) -> Result<Vec<Loaded>, Vec<Mistake>> {
    let mut loader =
        Loader { image_path, loaded: Vec::new(), by_file: BTreeMap::new(), mistakes: Vec::new() };
    for file in files {
        loader.take(file, true);
    }
    // What is found wanting in parents is told of the parent.
    let mut next = 0;
    while next < loader.loaded.len() {
        loader.resolve_parent(next);
        next += 1;
    }
    let cyclic = loader.find_cycles();
    if !cyclic {
        loader.mistakes.extend(check::check(&loader.loaded, bless));
    }
    loader.mistakes.sort_by(|a, b| (&a.file.path, a.span.start).cmp(&(&b.file.path, b.span.start)));
    if loader.mistakes.is_empty() { Ok(loader.loaded) } else { Err(loader.mistakes) }
}

struct Loader<'a> {
    image_path: &'a [PathBuf],
    loaded: Vec<Loaded>,
    /// By canonical path; `None` where a file has mistakes.
    by_file: BTreeMap<PathBuf, Option<usize>>,
    mistakes: Vec<Mistake>,
}

impl Loader<'_> {
    /// Loads a file unless it has been.
    fn take(&mut self, path: &Path, listed: bool) -> Option<usize> {
        let identity = path.canonicalize().unwrap_or_else(|_| path.to_owned());
        if let Some(known) = self.by_file.get(&identity) {
            return *known;
        }
        let index = match read(path).and_then(|file| parse(&file, self.image_path)) {
            Ok(scenario) => {
                self.loaded.push(Loaded { scenario, parent: None, listed });
                Some(self.loaded.len() - 1)
            }
            Err(mistakes) => {
                self.mistakes.extend(mistakes);
                None
            }
        };
        self.by_file.insert(identity, index);
        index
    }

    fn resolve_parent(&mut self, index: usize) {
        let Start::From { path, .. } = &self.loaded[index].scenario.start else { return };
        let path = path.clone();
        self.loaded[index].parent = self.take(&path, false);
    }

    /// Finds scenarios that come from themselves.
    fn find_cycles(&mut self) -> bool {
        let before = self.mistakes.len();
        for index in 0..self.loaded.len() {
            let mut chain = vec![index];
            let mut at = index;
            while let Some(parent) = self.loaded[at].parent {
                chain.push(parent);
                if parent == index {
                    let names: Vec<String> =
                        chain.iter().map(|&n| self.loaded[n].scenario.path().display().to_string()).collect();
                    let scenario = &self.loaded[index].scenario;
                    let Start::From { span, .. } = &scenario.start else { break };
                    let message = format!("cyclic \"from\": {}", names.join(" -> "));
                    self.mistakes.push(Mistake { file: scenario.file.clone(), span: span.clone(), message });
                    break;
                }
                if chain[..chain.len() - 1].contains(&parent) {
                    break;
                }
                at = parent;
            }
        }
        self.mistakes.len() > before
    }
}

/// A file's text.
fn read(path: &Path) -> Result<Arc<SourceFile>, Vec<Mistake>> {
    let file = |text| Arc::new(SourceFile { path: path.to_owned(), text });
    let refusal = |message| vec![Mistake { file: file(String::new()), span: 0..0, message }];
    let bytes = std::fs::read(path).map_err(|error| refusal(format!("cannot be read: {error}")))?;
    match String::from_utf8(bytes) {
        Ok(text) => Ok(file(text)),
        Err(error) => {
            let at = error.utf8_error().valid_up_to();
            let text = String::from_utf8_lossy(&error.into_bytes()).into_owned();
            Err(vec![Mistake {
                file: file(text),
                span: at..at + 1,
                message: "the file is not UTF-8".to_owned(),
            }])
        }
    }
}
