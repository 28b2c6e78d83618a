//! Which image goes into which drive.

use crate::cli::RunArgs;
use crate::cli::values::{DriveSpec, Interface};
use crate::media::{self, Access, Content};
use crate::plan::PlanError;
use crate::shelf::Shelf;
use ringzero_machine::{IdeMedia, Media};
use std::path::{Path, PathBuf};

/// A place a drive can have, as QEMU counts them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    /// Diskette drive A or B.
    Floppy(usize),
    /// Primary master and slave, secondary master and slave: hda to hdd.
    Ide(usize),
}

impl Place {
    /// The option that names it.
    pub(crate) fn option(self) -> &'static str {
        match self {
            Self::Floppy(0) => "-fda",
            Self::Floppy(_) => "-fdb",
            Self::Ide(0) => "-hda",
            Self::Ide(1) => "-hdb",
            Self::Ide(2) => "-hdc",
            Self::Ide(_) => "-hdd",
        }
    }
}

/// Where CD-ROM drives are put that name no place.
const CD_PLACE: usize = 2;

/// An image in a drive.
#[derive(Clone, Debug)]
pub(crate) struct Image {
    pub(crate) place: Place,
    pub(crate) path: PathBuf,
    pub(crate) access: Access,
    /// It is the disc in a CD-ROM drive.
    pub(crate) is_cd: bool,
}

/// The images of a run.
#[derive(Clone, Debug, Default)]
pub(crate) struct Drives {
    pub(crate) images: Vec<Image>,
    /// A kernel given where an image may stand.
    pub(crate) kernel: Option<PathBuf>,
    /// Further images for diskette drive A, and for the CD-ROM drive.
    waiting: [Vec<PathBuf>; 2],
    /// CD-ROM drives without a disc.
    empty_cds: Vec<usize>,
}

impl Drives {
    /// What the command line asks for; images are looked at, none is opened for writing.
    pub(crate) fn choose(args: &RunArgs) -> Result<Self, PlanError> {
        let mut drives = Self::default();
        let access = if args.snapshot { Access::Snapshot } else { Access::ReadWrite };
        let named = [
            (Place::Floppy(0), args.fda.first()),
            (Place::Floppy(1), args.fdb.as_ref()),
            (Place::Ide(0), args.hda.as_ref()),
            (Place::Ide(1), args.hdb.as_ref()),
            (Place::Ide(2), args.hdc.as_ref()),
            (Place::Ide(3), args.hdd.as_ref()),
        ];
        for (place, path) in named.into_iter().filter_map(|(place, path)| Some((place, path?))) {
            drives.put(place, path, access, false)?;
        }
        for spec in args.drive.iter().filter(|spec| spec.index.is_some()) {
            drives.put_spec(spec, access)?;
        }
        if let Some(path) = args.cdrom.first() {
            drives.put(Place::Ide(CD_PLACE), path, Access::ReadOnly, true)?;
        }
        for spec in args.drive.iter().filter(|spec| spec.index.is_none()) {
            drives.put_spec(spec, access)?;
        }
        if let Some(path) = &args.image {
            drives.put_recognised(path, access)?;
        }
        drives.check_twice()?;
        drives.waiting =
            [args.fda.get(1..), args.cdrom.get(1..)].map(|more| more.unwrap_or_default().to_vec());
        if !drives.has(Place::Ide(CD_PLACE)) && !drives.images.iter().any(|image| image.is_cd) {
            drives.empty_cds.push(CD_PLACE);
        }
        Ok(drives)
    }

    fn has(&self, place: Place) -> bool {
        let empty = self.empty_cds.iter().any(|&n| Place::Ide(n) == place);
        empty || self.images.iter().any(|image| image.place == place)
    }

    fn put(&mut self, place: Place, path: &Path, access: Access, is_cd: bool) -> Result<(), PlanError> {
        if let Some(first) = self.images.iter().find(|image| image.place == place) {
            let (first, second) = (first.path.clone(), path.to_owned());
            return Err(PlanError::TwoImages { drive: place.option(), first, second });
        }
        self.images.push(Image { place, path: path.to_owned(), access, is_cd });
        Ok(())
    }

    fn put_spec(&mut self, spec: &DriveSpec, access: Access) -> Result<(), PlanError> {
        let is_cd = spec.is_cd;
        let place = match (spec.interface, spec.index) {
            (Interface::Floppy, Some(index)) => Place::Floppy(index),
            (Interface::Floppy, None) => self.free(&[Place::Floppy(0), Place::Floppy(1)])?,
            (Interface::Ide, Some(index)) => Place::Ide(index),
            (Interface::Ide, None) if is_cd => self.free(&[2, 3, 1, 0].map(Place::Ide))?,
            (Interface::Ide, None) => self.free(&[0, 1, 3, 2].map(Place::Ide))?,
        };
        let access = match access {
            _ if spec.read_only || is_cd => Access::ReadOnly,
            _ if spec.snapshot => Access::Snapshot,
            access => access,
        };
        match (&spec.file, place) {
            (Some(path), _) => self.put(place, path, access, is_cd),
            (None, Place::Ide(place)) => {
                self.empty_cds.push(place);
                Ok(())
            }
            (None, Place::Floppy(_)) => Ok(()),
        }
    }

    /// An image without an option: what it is decides where it goes.
    fn put_recognised(&mut self, path: &Path, access: Access) -> Result<(), PlanError> {
        match media::look_at(path)? {
            Content::Floppy => self.put(Place::Floppy(0), path, access, false),
            Content::Cd => self.put(Place::Ide(CD_PLACE), path, Access::ReadOnly, true),
            Content::HardDisk => self.put(Place::Ide(0), path, access, false),
            Content::Kernel => {
                self.kernel = Some(path.to_owned());
                Ok(())
            }
        }
    }

    fn free(&self, places: &[Place]) -> Result<Place, PlanError> {
        places.iter().copied().find(|&place| !self.has(place)).ok_or(PlanError::NoFreeDrive)
    }

    /// One file may be in two drives only where neither writes it.
    fn check_twice(&self) -> Result<(), PlanError> {
        for (n, a) in self.images.iter().enumerate() {
            let twice = |b: &&Image| {
                let writes = a.access == Access::ReadWrite || b.access == Access::ReadWrite;
                writes && same_file(&a.path, &b.path)
            };
            if let Some(b) = self.images[..n].iter().find(twice) {
                let drives = [b.place.option(), a.place.option()];
                return Err(PlanError::SameImage { path: a.path.clone(), drives });
            }
        }
        Ok(())
    }

    /// Opens every image; what the user should know of them goes to `notes`.
    pub(crate) fn open(&self, notes: &mut Vec<String>) -> Result<Media, PlanError> {
        let mut opened = Media::default();
        for &place in &self.empty_cds {
            opened.ide[place] = IdeMedia::Cd(None);
        }
        for image in &self.images {
            let disk = match image.place {
                Place::Floppy(_) => media::open_floppy(&image.path, image.access)?,
                Place::Ide(_) if image.is_cd => media::open_cd(&image.path)?,
                Place::Ide(_) => media::open_hard_disk(&image.path, image.access)?,
            };
            notes.extend(disk.note);
            match image.place {
                Place::Floppy(place) => opened.floppies[place] = Some(disk.medium),
                Place::Ide(place) if image.is_cd => opened.ide[place] = IdeMedia::Cd(Some(disk.medium)),
                Place::Ide(place) => opened.ide[place] = IdeMedia::Disk(disk.medium),
            }
        }
        Ok(opened)
    }

    /// The images that can be changed while the machine runs.
    pub(crate) fn shelf(&self, snapshot: bool) -> Shelf {
        let in_drive = |wanted: &dyn Fn(&Image) -> bool| {
            self.images.iter().find(|image| wanted(image)).map(|image| image.path.clone())
        };
        let floppies = [0, 1].map(|drive| in_drive(&|image| image.place == Place::Floppy(drive)));
        let is_cd_place = |place: usize| {
            let disc = |image: &Image| image.is_cd && image.place == Place::Ide(place);
            self.empty_cds.contains(&place) || self.images.iter().any(disc)
        };
        let cds = (0..4).filter(|&place| is_cd_place(place));
        let cds = cds.map(|place| in_drive(&|image| image.place == Place::Ide(place)));
        // What waits is for the first drive of its kind.
        let mut waiting = self.waiting.clone().map(Some);
        let [for_floppies, for_cds] = &mut waiting;
        let floppies = floppies.into_iter().map(|image| (image, for_floppies.take().unwrap_or_default()));
        let cds = cds.map(|image| (image, for_cds.take().unwrap_or_default()));
        Shelf::new(snapshot, floppies.collect(), cds.collect())
    }

    /// The name of the image that the run is about, for the window's title.
    pub(crate) fn title(&self) -> Option<String> {
        file_name(&self.images.first()?.path)
    }
}

/// The last part of a path.
pub(crate) fn file_name(path: &Path) -> Option<String> {
    path.file_name().map(|name| name.to_string_lossy().into_owned())
}

/// Whether two names mean one file that exists.
pub(crate) fn same_file(a: &Path, b: &Path) -> bool {
    matches!((a.canonicalize(), b.canonicalize()), (Ok(a), Ok(b)) if a == b)
}
