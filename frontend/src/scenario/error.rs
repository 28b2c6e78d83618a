//! What is wrong with a scenario file, and where.

use std::fmt;
use std::ops::Range;
use std::path::PathBuf;
use std::sync::Arc;

/// Most characters of a line that a mistake shows.
const SHOWN: usize = 120;
/// A scenario file's text.
#[derive(Debug)]
pub(crate) struct SourceFile {
    /// As the user wrote it, or as it was found in a folder.
    pub(crate) path: PathBuf,
    pub(crate) text: String,
}

/// A place in a file, both counted from 1; columns are characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Place {
    pub(crate) line: usize,
    pub(crate) column: usize,
}

impl SourceFile {
    /// The place of a byte.
    pub(crate) fn place(&self, offset: usize) -> Place {
        let (start, line) = self.line_start(offset);
        let column = self.text[start..].char_indices().take_while(|(at, _)| start + at < offset).count();
        Place { line, column: column + 1 }
    }

    /// Where the line of a byte begins, and its number.
    fn line_start(&self, offset: usize) -> (usize, usize) {
        let before = &self.text.as_bytes()[..offset.min(self.text.len())];
        let start = before.iter().rposition(|&byte| byte == b'\n').map_or(0, |end| end + 1);
        (start, before.iter().filter(|&&byte| byte == b'\n').count() + 1)
    }

    /// The line of a span, and a second line that underlines the span in it.
    fn drawing(&self, span: &Range<usize>) -> (String, String) {
        let (start, _) = self.line_start(span.start);
        let line = self.text[start..].lines().next().unwrap_or_default();
        let column = self.place(span.start).column - 1;
        let first = column.saturating_sub(SHOWN / 2);
        let shown: String = line.chars().skip(first).take(SHOWN).map(plain).collect();
        let room = shown.chars().count().saturating_sub(column - first).max(1);
        let len = self
            .text
            .get(span.clone())
            .map_or(1, |text| text.lines().next().unwrap_or_default().chars().count());
        (shown, format!("{}{}", " ".repeat(column - first), "^".repeat(len.clamp(1, room))))
    }
}

/// One column each: tabs and control characters become spaces.
fn plain(c: char) -> char {
    if c.is_control() { ' ' } else { c }
}

/// Something a scenario file says that cannot be.
#[derive(Clone, Debug)]
pub(crate) struct Mistake {
    pub(crate) file: Arc<SourceFile>,
    pub(crate) span: Range<usize>,
    pub(crate) message: String,
}

impl Mistake {
    /// Where it is.
    pub(crate) fn place(&self) -> Place {
        self.file.place(self.span.start)
    }
}

impl fmt::Display for Mistake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Place { line, column } = self.place();
        let (text, carets) = self.file.drawing(&self.span);
        writeln!(f, "{}:{line}:{column}: {}", self.file.path.display(), self.message)?;
        if text.trim().is_empty() {
            return Ok(());
        }
        writeln!(f, "{line:>6} | {text}")?;
        writeln!(f, "       | {carets}")
    }
}

/// The end of a complaint about `wrong`: what may have been meant, or what there is.
pub(crate) fn hint<'a>(wrong: &str, valid: impl IntoIterator<Item = &'a str> + Clone) -> String {
    match crate::nearest::nearest(wrong, valid.clone()) {
        Some(name) => format!("did you mean {name:?}?"),
        None => format!("use {}", valid.into_iter().collect::<Vec<_>>().join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(text: &str) -> Arc<SourceFile> {
        Arc::new(SourceFile { path: "a.toml".into(), text: text.to_owned() })
    }

    #[test]
    fn columns_count_characters() {
        let file = file("x\näö = 1\n");
        assert_eq!(file.place(2 + "äö = ".len()), Place { line: 2, column: 6 });
    }

    #[test]
    fn a_mistake_shows_its_line_and_underlines_the_place() {
        let file = file("[machine]\ncpu = 'i9'\n");
        let mistake = Mistake { file, span: 16..20, message: "no such model".to_owned() };
        assert_eq!(
            mistake.to_string(),
            "a.toml:2:7: no such model\n     2 | cpu = 'i9'\n       |       ^^^^\n"
        );
    }

    #[test]
    fn a_place_behind_the_end_is_drawn_too() {
        let file = file("x");
        let mistake = Mistake { file, span: 1..9, message: "m".to_owned() };
        assert_eq!(mistake.to_string(), "a.toml:1:2: m\n     1 | x\n       |  ^\n");
    }
}
