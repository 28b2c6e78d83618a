//! Files to choose from while a path is typed.

use super::{Act, Entry};
use crate::live::{Control, DiskAct};
use crate::shelf::Drawer;
use std::path::{MAIN_SEPARATOR, Path, PathBuf};

/// The most names that are listed.
const MOST: usize = 1000;

/// A name in a folder.
struct Name {
    text: String,
    is_folder: bool,
}

/// What was typed, as folder and the beginning of a name.
fn parts(input: &str) -> (&str, &str) {
    let end = input.rfind(std::path::is_separator).map_or(0, |place| place + 1);
    input.split_at(end)
}

/// A typed path as the host knows it: `~` is the home folder.
fn host_path(input: &str) -> PathBuf {
    let home = || std::env::home_dir().unwrap_or_default();
    match input.strip_prefix('~') {
        Some("") => home(),
        Some(rest) if rest.starts_with(std::path::is_separator) => home().join(&rest[1..]),
        _ => PathBuf::from(input),
    }
}

/// Names in the typed folder that begin as typed, folders first. Hidden ones are there for who types their dot.
fn names(input: &str) -> Vec<Name> {
    let (folder, beginning) = parts(input);
    let folder = if folder.is_empty() { PathBuf::from(".") } else { host_path(folder) };
    let beginning = beginning.to_lowercase();
    let Ok(listing) = std::fs::read_dir(folder) else { return Vec::new() };
    let name = |entry: std::io::Result<std::fs::DirEntry>| {
        let entry = entry.ok()?;
        let text = entry.file_name().into_string().ok()?;
        let hidden = text.starts_with('.') && !beginning.starts_with('.');
        let fits = text.to_lowercase().starts_with(&beginning);
        let is_folder = || std::fs::metadata(entry.path()).is_ok_and(|metadata| metadata.is_dir());
        (fits && !hidden).then(|| Name { is_folder: is_folder(), text })
    };
    let mut names: Vec<Name> = listing.filter_map(name).take(MOST).collect();
    names.sort_by_key(|name| (!name.is_folder, name.text.to_lowercase()));
    names
}

/// The files and folders that `input` may mean.
pub(super) fn entries(drawer: Drawer, input: &str) -> Vec<Entry> {
    let (folder, beginning) = parts(input);
    let up = beginning.is_empty().then(|| {
        let label = format!("..{MAIN_SEPARATOR}");
        Entry { note: "folder".to_owned(), act: Act::Path(format!("{folder}{label}")), label }
    });
    let entry = |name: Name| {
        let path = format!("{folder}{}", name.text);
        if name.is_folder {
            let label = format!("{}{MAIN_SEPARATOR}", name.text);
            return Entry {
                note: "folder".to_owned(),
                act: Act::Path(format!("{path}{MAIN_SEPARATOR}")),
                label,
            };
        }
        let path = host_path(&path);
        let note = size(&path);
        let act = Act::Machine(Control::Drive(drawer, DiskAct::Insert(path)));
        Entry { label: name.text, note, act }
    };
    // Where folders are many, the one typed in full comes first.
    names(input).into_iter().map(entry).chain(up).collect()
}

fn size(path: &Path) -> String {
    let bytes = std::fs::metadata(path).map_or(0, |metadata| metadata.len());
    match bytes {
        0..10_000 => format!("{bytes} bytes"),
        10_000..10_000_000 => format!("{} KB", bytes / 1024),
        _ => format!("{} MB", bytes / (1024 * 1024)),
    }
}

/// `input` made longer as far as all that it may mean agrees.
pub(super) fn completed(input: &str) -> Option<String> {
    let (folder, beginning) = parts(input);
    let names = names(input);
    let first = names.first()?;
    let agrees =
        |len: usize| names.iter().all(|name| name.text.chars().take(len).eq(first.text.chars().take(len)));
    let len = (0..=first.text.chars().count()).rev().find(|&len| agrees(len))?;
    if len < beginning.chars().count() {
        return None;
    }
    let mut path: String = folder.chars().chain(first.text.chars().take(len)).collect();
    if names.len() == 1 && first.is_folder {
        path.push(MAIN_SEPARATOR);
    }
    Some(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_completed_and_listed_with_folders_first() {
        let folder = std::env::temp_dir().join(format!("ringzero-files-{}", std::process::id()));
        std::fs::create_dir_all(folder.join("sub")).unwrap();
        for name in ["disk-1.img", "disk-2.img", ".hidden"] {
            std::fs::write(folder.join(name), [0; 512]).unwrap();
        }
        let typed = |rest: &str| format!("{}{MAIN_SEPARATOR}{rest}", folder.display());
        let labels: Vec<String> =
            entries(Drawer::Floppy(0), &typed("")).into_iter().map(|entry| entry.label).collect();
        assert_eq!(
            labels,
            [
                format!("sub{MAIN_SEPARATOR}"),
                "disk-1.img".into(),
                "disk-2.img".into(),
                format!("..{MAIN_SEPARATOR}")
            ]
        );
        assert_eq!(completed(&typed("di")), Some(typed("disk-")));
        assert_eq!(completed(&typed("s")), Some(typed(&format!("sub{MAIN_SEPARATOR}"))));
        assert_eq!(completed(&typed("x")), None);
        let chosen = entries(Drawer::Floppy(0), &typed("DISK-2")).remove(0).act;
        let insert = DiskAct::Insert(folder.join("disk-2.img"));
        assert_eq!(chosen, Act::Machine(Control::Drive(Drawer::Floppy(0), insert)));
        std::fs::remove_dir_all(&folder).unwrap();
    }
}
