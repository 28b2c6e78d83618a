//! Images that go in and out of the drives while the machine runs.

use crate::drives::file_name;
use crate::media::{self, Access, Content, MediaError, Opened};
use ringzero_machine::{IdeDrive, Machine, Medium};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// A second press of the button within this time takes a disc that the guest has locked.
const INSIST: Duration = Duration::from_secs(5);

/// A drive whose disk can be changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Drawer {
    /// Diskette drive A.
    Floppy,
    /// The first CD-ROM drive.
    Cd,
}

impl Drawer {
    fn name(self) -> &'static str {
        match self {
            Self::Floppy => "drive A",
            Self::Cd => "the CD-ROM drive",
        }
    }

    fn option(self) -> &'static str {
        match self {
            Self::Floppy => "-fda",
            Self::Cd => "-cdrom",
        }
    }
}

/// An image, and its disk while that is out of the drive.
struct Image {
    path: PathBuf,
    disk: Option<Medium>,
}

/// The images of one drive.
#[derive(Default)]
struct Pile {
    images: Vec<Image>,
    /// The one that is in the drive, or was last.
    current: usize,
    begun: bool,
}

impl Pile {
    fn new(in_drive: Option<PathBuf>, waiting: Vec<PathBuf>) -> Self {
        let begun = in_drive.is_some();
        let paths = in_drive.into_iter().chain(waiting);
        Self { images: paths.map(|path| Image { path, disk: None }).collect(), current: 0, begun }
    }

    /// The image that comes next, round and round.
    fn next(&self) -> Option<usize> {
        let step = usize::from(self.begun);
        (!self.images.is_empty()).then(|| (self.current + step) % self.images.len())
    }

    fn name(&self, index: usize) -> String {
        self.images.get(index).and_then(|image| file_name(&image.path)).unwrap_or_default()
    }
}

/// The images of all drives that can be changed.
#[derive(Default)]
pub(crate) struct Shelf {
    snapshot: bool,
    floppies: Pile,
    cds: Pile,
    /// When a locked disc was asked for.
    refused: Option<Instant>,
}

impl Shelf {
    /// Images in the drive and waiting: of diskette drive A, and of the CD-ROM drive.
    pub(crate) fn new(
        snapshot: bool,
        floppies: (Option<PathBuf>, Vec<PathBuf>),
        cds: (Option<PathBuf>, Vec<PathBuf>),
    ) -> Self {
        let (floppies, cds) = (Pile::new(floppies.0, floppies.1), Pile::new(cds.0, cds.1));
        Self { snapshot, floppies, cds, refused: None }
    }

    fn pile(&mut self, drawer: Drawer) -> &mut Pile {
        match drawer {
            Drawer::Floppy => &mut self.floppies,
            Drawer::Cd => &mut self.cds,
        }
    }

    /// Presses the button of a drive: its disk comes out, or the next one goes in. What happened, in a line.
    pub(crate) fn switch(&mut self, machine: &mut Machine, drawer: Drawer, now: Instant) -> String {
        if is_full(machine, drawer) {
            self.eject(machine, drawer, now)
        } else {
            self.insert_next(machine, drawer)
        }
    }

    fn eject(&mut self, machine: &mut Machine, drawer: Drawer, now: Instant) -> String {
        let disk = match drawer {
            Drawer::Floppy => machine.eject_floppy(0),
            Drawer::Cd => {
                let Some(place) = cd_place(machine) else { return "there is no CD-ROM drive".to_owned() };
                let insists =
                    self.refused.take().is_some_and(|then| now.saturating_duration_since(then) < INSIST);
                match machine.eject_cd(place) {
                    Ok(disk) => disk,
                    Err(_locked) if insists => machine.force_eject_cd(place),
                    Err(_locked) => {
                        self.refused = Some(now);
                        return "the guest has locked the CD and was told of your wish; once more takes it out anyway"
                            .to_owned();
                    }
                }
            }
        };
        let pile = self.pile(drawer);
        let (name, next) = (pile.name(pile.current), pile.next().map(|next| pile.name(next)));
        let current = pile.current;
        if let Some(image) = pile.images.get_mut(current) {
            image.disk = disk;
        }
        match next {
            Some(next) => format!("{name} taken out of {}; the key again puts {next} in", drawer.name()),
            None => format!("the disk was taken out of {}", drawer.name()),
        }
    }

    fn insert_next(&mut self, machine: &mut Machine, drawer: Drawer) -> String {
        let snapshot = self.snapshot;
        let pile = self.pile(drawer);
        let Some(next) = pile.next() else {
            return format!(
                "no image for {}; give one with {} or drop it onto the window",
                drawer.name(),
                drawer.option()
            );
        };
        let image = &mut pile.images[next];
        let opened = match image.disk.take() {
            Some(medium) => Ok(Opened { medium, note: None }),
            None => open(&image.path, drawer, snapshot),
        };
        match opened.map_err(|error| error.to_string()).and_then(|disk| put_in(machine, drawer, disk)) {
            Ok(note) => {
                (pile.current, pile.begun) = (next, true);
                let line = format!("{} is in {}", pile.name(next), drawer.name());
                note.map_or(line.clone(), |note| format!("{line}; note: {note}"))
            }
            Err(error) => format!("nothing was put into {}: {error}", drawer.name()),
        }
    }

    /// Puts an image into the drive it is made for. What happened, in a line.
    pub(crate) fn insert(&mut self, machine: &mut Machine, path: &Path) -> String {
        let drawer = match media::look_at(path) {
            Ok(Content::Floppy) => Drawer::Floppy,
            Ok(Content::Cd) => Drawer::Cd,
            Ok(Content::HardDisk | Content::Kernel) => {
                return format!("{} is no diskette and no CD; start a run with it", path.display());
            }
            Err(error) => return error.to_string(),
        };
        if is_full(machine, drawer) {
            let line = self.eject(machine, drawer, Instant::now());
            if is_full(machine, drawer) {
                return line;
            }
        }
        let pile = self.pile(drawer);
        pile.images.push(Image { path: path.to_owned(), disk: None });
        (pile.current, pile.begun) = (pile.images.len() - 1, false);
        let line = self.insert_next(machine, drawer);
        if !is_full(machine, drawer) {
            let pile = self.pile(drawer);
            pile.images.pop();
            pile.current = 0;
        }
        line
    }
}

fn cd_place(machine: &Machine) -> Option<usize> {
    (0..4).find(|&place| machine.ide_drive(place) == Some(IdeDrive::Cd))
}

fn is_full(machine: &Machine, drawer: Drawer) -> bool {
    match drawer {
        Drawer::Floppy => machine.has_floppy(0),
        Drawer::Cd => cd_place(machine).is_some_and(|place| machine.has_cd(place)),
    }
}

fn open(path: &Path, drawer: Drawer, snapshot: bool) -> Result<Opened, MediaError> {
    let access = if snapshot { Access::Snapshot } else { Access::ReadWrite };
    match drawer {
        Drawer::Floppy => media::open_floppy(path, access),
        Drawer::Cd => media::open_cd(path),
    }
}

/// Puts a disk into an empty drive; what the user should know of it.
fn put_in(machine: &mut Machine, drawer: Drawer, disk: Opened) -> Result<Option<String>, String> {
    match drawer {
        Drawer::Floppy => machine.insert_floppy(0, disk.medium).map_err(|error| error.to_string())?,
        Drawer::Cd => {
            let place = cd_place(machine).ok_or("there is no CD-ROM drive")?;
            machine.insert_cd(place, disk.medium);
        }
    }
    Ok(disk.note)
}

#[cfg(test)]
mod tests {
    use super::*;
    use ringzero_machine::{Config, IdeMedia, Media, storage::MemoryMedium};

    fn machine() -> Machine {
        let mut media = Media::default();
        media.floppies[0] = Some(Box::new(MemoryMedium::new(vec![0; 737_280])));
        media.ide[2] = IdeMedia::Cd(None);
        Machine::new(Config { memory: 1 << 20, ..Config::default() }, media).unwrap()
    }

    #[test]
    fn the_disk_that_was_taken_out_goes_in_again() {
        let (mut machine, now) = (machine(), Instant::now());
        let mut shelf = Shelf::new(false, (Some("a.img".into()), vec![]), (None, vec![]));
        let line = shelf.switch(&mut machine, Drawer::Floppy, now);
        assert_eq!(line, "a.img taken out of drive A; the key again puts a.img in");
        assert!(!machine.has_floppy(0));
        assert_eq!(shelf.switch(&mut machine, Drawer::Floppy, now), "a.img is in drive A");
        assert!(machine.has_floppy(0));
    }

    #[test]
    fn images_come_in_their_order_and_begin_again() {
        let mut pile = Pile::new(Some("a".into()), vec!["b".into()]);
        assert_eq!(pile.next(), Some(1));
        pile.current = 1;
        assert_eq!(pile.next(), Some(0));
        assert_eq!(Pile::new(None, vec!["b".into()]).next(), Some(0));
    }

    #[test]
    fn an_empty_drive_without_images_says_what_to_do() {
        let mut shelf = Shelf::default();
        assert!(shelf.switch(&mut machine(), Drawer::Cd, Instant::now()).contains("-cdrom"));
    }

    #[test]
    fn an_image_that_is_not_there_changes_nothing() {
        let (mut machine, mut shelf) = (machine(), Shelf::default());
        assert!(shelf.insert(&mut machine, Path::new("/nowhere.img")).contains("/nowhere.img"));
        assert!(machine.has_floppy(0));
    }
}
