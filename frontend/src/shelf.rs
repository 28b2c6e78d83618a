//! Images that go in and out of the drives while the machine runs.

use crate::drives::{file_name, same_file};
use crate::media::{self, Access, Content, MediaError, Opened};
use ringzero_machine::{IdeDrive, Machine, Medium};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// A second press of the button within this time takes a disc that the guest has locked.
const INSIST: Duration = Duration::from_secs(5);

/// A drive whose disk can be changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Drawer {
    /// Diskette drive A is 0, B is 1.
    Floppy(usize),
    /// CD-ROM drives, counted in the order of their places.
    Cd(usize),
}

impl Drawer {
    /// What people call it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Floppy(0) => "drive A",
            Self::Floppy(_) => "drive B",
            Self::Cd(0) => "the CD-ROM drive",
            Self::Cd(_) => "the second CD-ROM drive",
        }
    }

    fn option(self) -> &'static str {
        match self {
            Self::Floppy(0) => "-fda",
            Self::Floppy(_) => "-fdb",
            Self::Cd(_) => "-cdrom",
        }
    }
}

/// A drive as the display shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct DrawerState {
    pub(crate) drawer: Drawer,
    /// There is a disk in it.
    pub(crate) full: bool,
    /// Names of the images on its pile.
    pub(crate) images: Vec<String>,
    /// The one in the drive.
    pub(crate) current: Option<usize>,
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

/// Drives of each kind that have a pile.
const FLOPPIES: usize = 2;
const CDS: usize = 4;

/// The images of all drives that can be changed.
#[derive(Default)]
pub(crate) struct Shelf {
    snapshot: bool,
    floppies: [Pile; FLOPPIES],
    cds: [Pile; CDS],
    /// When a locked disc was asked for.
    refused: Option<Instant>,
}

/// Which image is in which drive.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Places([(usize, bool); FLOPPIES + CDS]);

impl Shelf {
    /// Images in the drive and waiting: of the diskette drives, and of the CD-ROM drives.
    pub(crate) fn new(
        snapshot: bool,
        floppies: Vec<(Option<PathBuf>, Vec<PathBuf>)>,
        cds: Vec<(Option<PathBuf>, Vec<PathBuf>)>,
    ) -> Self {
        let mut shelf = Self { snapshot, ..Self::default() };
        for (pile, (in_drive, waiting)) in shelf.floppies.iter_mut().zip(floppies) {
            *pile = Pile::new(in_drive, waiting);
        }
        for (pile, (in_drive, waiting)) in shelf.cds.iter_mut().zip(cds) {
            *pile = Pile::new(in_drive, waiting);
        }
        shelf
    }

    fn pile(&mut self, drawer: Drawer) -> &mut Pile {
        match drawer {
            Drawer::Floppy(drive) => &mut self.floppies[drive.min(FLOPPIES - 1)],
            Drawer::Cd(drive) => &mut self.cds[drive.min(CDS - 1)],
        }
    }

    /// The drives and what is in them.
    pub(crate) fn state(&mut self, machine: &Machine) -> Vec<DrawerState> {
        let cds = (0..4).filter(|&place| machine.ide_drive(place) == Some(IdeDrive::Cd)).count();
        let drawers = (0..FLOPPIES).map(Drawer::Floppy).chain((0..cds).map(Drawer::Cd));
        let state = |drawer| {
            let full = is_full(machine, drawer);
            let pile = self.pile(drawer);
            let images = (0..pile.images.len()).map(|index| pile.name(index)).collect();
            DrawerState { drawer, full, images, current: (full && pile.begun).then_some(pile.current) }
        };
        drawers.map(state).collect()
    }

    /// Which image is where, to be restored with a saved machine.
    pub(crate) fn places(&self) -> Places {
        let mut places = Places::default();
        for (place, pile) in places.0.iter_mut().zip(self.floppies.iter().chain(&self.cds)) {
            *place = (pile.current, pile.begun);
        }
        places
    }

    /// The machine was replaced by one with its own media.
    pub(crate) fn restore(&mut self, places: Places) {
        for (place, pile) in places.0.into_iter().zip(self.floppies.iter_mut().chain(&mut self.cds)) {
            (pile.current, pile.begun) = place;
            // The disk in the drive is the restored machine's.
            if let Some(image) = pile.images.get_mut(place.0).filter(|_| place.1) {
                image.disk = None;
            }
        }
    }

    /// Takes the disk out of a drive. What happened, in a line.
    pub(crate) fn take_out(&mut self, machine: &mut Machine, drawer: Drawer, now: Instant) -> String {
        if is_full(machine, drawer) {
            return self.eject(machine, drawer, now);
        }
        format!("{} is empty", drawer.name())
    }

    /// Puts image `index` of a drive's pile into it.
    pub(crate) fn choose(&mut self, machine: &mut Machine, drawer: Drawer, index: usize) -> String {
        if self.pile(drawer).images.get(index).is_none() {
            return format!("there is no such image for {}", drawer.name());
        }
        if let Err(line) = self.make_room(machine, drawer) {
            return line;
        }
        let pile = self.pile(drawer);
        (pile.current, pile.begun) = (index, false);
        self.insert_next(machine, drawer)
    }

    fn make_room(&mut self, machine: &mut Machine, drawer: Drawer) -> Result<(), String> {
        if is_full(machine, drawer) {
            let line = self.eject(machine, drawer, Instant::now());
            if is_full(machine, drawer) {
                return Err(line);
            }
        }
        Ok(())
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
            Drawer::Floppy(drive) => machine.eject_floppy(drive),
            Drawer::Cd(number) => {
                let Some(place) = cd_place(machine, number) else {
                    return "there is no CD-ROM drive".to_owned();
                };
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
            Some(next) if !name.is_empty() => {
                format!("{name} taken out of {}; the key again puts {next} in", drawer.name())
            }
            Some(next) => {
                format!("the disk was taken out of {}; the key again puts {next} in", drawer.name())
            }
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

    /// Puts an image into the first drive it is made for. What happened, in a line.
    pub(crate) fn insert(&mut self, machine: &mut Machine, path: &Path) -> String {
        match fitting(path) {
            Ok(drawer) => self.insert_into(machine, drawer, path),
            Err(line) => line,
        }
    }

    /// Puts an image into a drive. What happened, in a line.
    pub(crate) fn insert_into(&mut self, machine: &mut Machine, drawer: Drawer, path: &Path) -> String {
        // What cannot go in must not cost the disk that is in.
        if let Err(error) = open(path, drawer, true) {
            return format!("nothing was put into {}: {error}", drawer.name());
        }
        if let Err(line) = self.make_room(machine, drawer) {
            return line;
        }
        let pile = self.pile(drawer);
        let old = (pile.current, pile.begun);
        let known = pile.images.iter().position(|image| same_file(&image.path, path));
        let place = known.unwrap_or(pile.images.len());
        if known.is_none() {
            pile.images.push(Image { path: path.to_owned(), disk: None });
        }
        (pile.current, pile.begun) = (place, false);
        let line = self.insert_next(machine, drawer);
        if !is_full(machine, drawer) {
            let pile = self.pile(drawer);
            if known.is_none() {
                pile.images.pop();
            }
            (pile.current, pile.begun) = old;
        }
        line
    }
}

/// The first drive that an image is made for.
pub(crate) fn fitting(path: &Path) -> Result<Drawer, String> {
    match media::look_at(path) {
        Ok(Content::Floppy) => Ok(Drawer::Floppy(0)),
        Ok(Content::Cd) => Ok(Drawer::Cd(0)),
        Ok(Content::HardDisk) => Err(format!(
            "{} is a hard disk, which cannot be changed while the machine runs; start a run with it",
            path.display()
        )),
        Ok(Content::Kernel) => {
            Err(format!("{} is a kernel, no diskette and no CD; start a run with it", path.display()))
        }
        Err(error) => Err(error.to_string()),
    }
}

fn cd_place(machine: &Machine, number: usize) -> Option<usize> {
    (0..4).filter(|&place| machine.ide_drive(place) == Some(IdeDrive::Cd)).nth(number)
}

fn is_full(machine: &Machine, drawer: Drawer) -> bool {
    match drawer {
        Drawer::Floppy(drive) => machine.has_floppy(drive),
        Drawer::Cd(number) => cd_place(machine, number).is_some_and(|place| machine.has_cd(place)),
    }
}

fn open(path: &Path, drawer: Drawer, snapshot: bool) -> Result<Opened, MediaError> {
    let access = if snapshot { Access::Snapshot } else { Access::ReadWrite };
    match drawer {
        Drawer::Floppy(_) => media::open_floppy(path, access),
        Drawer::Cd(_) => media::open_cd(path),
    }
}

/// Puts a disk into an empty drive; what the user should know of it.
fn put_in(machine: &mut Machine, drawer: Drawer, disk: Opened) -> Result<Option<String>, String> {
    match drawer {
        Drawer::Floppy(drive) => {
            machine.insert_floppy(drive, disk.medium).map_err(|error| error.to_string())?
        }
        Drawer::Cd(number) => {
            let place = cd_place(machine, number).ok_or("there is no CD-ROM drive")?;
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
        let mut shelf = Shelf::new(false, vec![(Some("a.img".into()), vec![])], vec![]);
        let line = shelf.switch(&mut machine, Drawer::Floppy(0), now);
        assert_eq!(line, "a.img taken out of drive A; the key again puts a.img in");
        assert!(!machine.has_floppy(0));
        assert_eq!(shelf.switch(&mut machine, Drawer::Floppy(0), now), "a.img is in drive A");
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
        assert!(shelf.switch(&mut machine(), Drawer::Cd(0), Instant::now()).contains("-cdrom"));
    }

    #[test]
    fn an_image_that_is_not_there_changes_nothing() {
        let (mut machine, mut shelf) = (machine(), Shelf::default());
        assert!(shelf.insert(&mut machine, Path::new("/nowhere.img")).contains("/nowhere.img"));
        assert!(machine.has_floppy(0));
    }
}
