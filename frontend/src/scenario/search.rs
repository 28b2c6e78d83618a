//! Where a scenario's files are.

use std::path::{Component, Path, PathBuf};

/// Where images are looked for.
pub(crate) struct Search<'a> {
    /// The scenario's own folder.
    pub(crate) folder: &'a Path,
    /// `--image-path`, in order.
    pub(crate) image_path: &'a [PathBuf],
}

impl Search<'_> {
    /// The file of that name beside the scenario, else in the image path.
    pub(crate) fn image(&self, name: &str) -> Result<PathBuf, String> {
        let wanted = Path::new(name);
        if wanted.is_absolute() {
            return if wanted.exists() { Ok(wanted.to_owned()) } else { Err(format!("no file {name}")) };
        }
        let folders: Vec<&Path> =
            std::iter::once(self.folder).chain(self.image_path.iter().map(PathBuf::as_path)).collect();
        let found = folders.iter().map(|folder| folder.join(wanted)).find(|path| path.exists());
        found.ok_or_else(|| {
            let looked: Vec<String> = folders.iter().map(|folder| shown(folder)).collect();
            let remedy =
                if self.image_path.is_empty() { "; --image-path DIR names another folder" } else { "" };
            let near = self.nearest(&folders, name).map(|near| format!("; did you mean {near:?}?"));
            format!("no file {name:?} in {}{}{remedy}", looked.join(" or "), near.unwrap_or_default())
        })
    }

    /// A file of a name like `name` in one of the folders.
    fn nearest(&self, folders: &[&Path], name: &str) -> Option<String> {
        let mut names: Vec<String> = folders
            .iter()
            .filter_map(|folder| {
                std::fs::read_dir(if folder.as_os_str().is_empty() { Path::new(".") } else { folder }).ok()
            })
            .flat_map(|entries| entries.filter_map(Result::ok))
            .filter_map(|entry| entry.file_name().into_string().ok())
            .collect();
        names.sort();
        crate::nearest::nearest(name, names.iter().map(String::as_str)).map(str::to_owned)
    }

    /// A file that belongs to the scenario, whether it exists or not.
    pub(crate) fn beside(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }
}

/// A folder's name for people.
fn shown(folder: &Path) -> String {
    if folder.as_os_str().is_empty() { "the present folder".to_owned() } else { folder.display().to_string() }
}

/// Whether a name stays within the folder it is joined to.
pub(crate) fn stays_inside(name: &str) -> bool {
    let mut parts = Path::new(name).components().peekable();
    parts.peek().is_some() && parts.all(|part| matches!(part, Component::Normal(_)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_lead_out_of_a_folder_are_known() {
        assert!(stays_inside("a/b.bin"));
        assert!(!stays_inside("../b.bin") && !stays_inside("/b.bin") && !stays_inside(""));
    }

    #[test]
    fn a_missing_image_says_where_it_was_looked_for() {
        let path = [PathBuf::from("images")];
        let search = Search { folder: Path::new("nowhere"), image_path: &path };
        assert_eq!(search.image("a.img").unwrap_err(), "no file \"a.img\" in nowhere or images");
    }
}
