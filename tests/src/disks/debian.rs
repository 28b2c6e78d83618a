//! A Debian root that debootstrap makes, kept in a cache.

use super::host::{arg, has, run};
use super::linux::{Entry, load};
use crate::shared::{self, workspace};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// The release.
const SUITE: &str = "bookworm";
/// Where packages come from when this host's own lists do not say.
const MIRROR: &str = "http://deb.debian.org/debian";
/// Modules for disks and file systems, each with those it needs.
const MODULES: &[&str] =
    &["ata_piix", "sd_mod", "crc32c_generic", "ext4", "nls_cp437", "nls_ascii", "nls_iso8859-1", "vfat"];

/// What a root is made of.
#[derive(Clone, Copy, Debug)]
pub struct Recipe {
    /// What its folder's name ends in.
    pub name: &'static str,
    /// Packages besides the base.
    pub packages: &'static str,
}

/// For disks and file systems.
pub const DISKS: Recipe =
    Recipe { name: "i386", packages: "linux-image-686,e2fsprogs,dosfstools,fdisk,busybox-static" };
/// For graphics and sound.
pub const DESKTOP: Recipe = Recipe {
    name: "desktop-i386",
    packages: "linux-image-686,kmod,udev,busybox-static,xserver-xorg-core,xserver-xorg-video-fbdev,\
               xserver-xorg-video-vesa,xserver-xorg-input-libinput,x11-xserver-utils,x11-utils,x11-apps,xinput,xdotool,\
               xterm,twm,alsa-utils,beep",
};

/// A Debian root for an i386, in the cache of this host.
pub struct Debian {
    root: PathBuf,
}

impl Debian {
    /// The one in the cache.
    pub fn cached(recipe: &Recipe) -> Option<Self> {
        let folder = cache(recipe);
        folder.join("complete").exists().then(|| Self { root: folder.join("root") })
    }

    /// The one in the cache; made now where there is none, which needs the network and root's rights.
    ///
    /// # Panics
    /// When debootstrap fails.
    #[track_caller]
    pub fn get(recipe: &Recipe) -> Option<Self> {
        if let Some(debian) = Self::cached(recipe) {
            return Some(debian);
        }
        if !has(&["debootstrap"]) {
            return None;
        }
        if run("id", ["-u"]).trim() != "0" {
            shared::skip("debootstrap needs root's rights");
            return None;
        }
        let folder = cache(recipe);
        let root = folder.join("root");
        // What an earlier attempt left would confuse the next.
        let _ = std::fs::remove_dir_all(&root);
        std::fs::create_dir_all(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
        let include = format!("--include={}", recipe.packages);
        let options =
            ["--arch=i386", "--variant=minbase", include.as_str(), SUITE].map(|option| arg(option.as_ref()));
        run("debootstrap", options.into_iter().chain([arg(&root), arg(mirror().as_ref())]));
        std::fs::write(folder.join("complete"), "").unwrap_or_else(|error| panic!("{error}"));
        Some(Self { root })
    }

    /// The folder that is its root.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// A file in /boot whose name begins so.
    ///
    /// # Panics
    /// When there is none.
    #[track_caller]
    pub fn boot_file(&self, beginning: &str) -> PathBuf {
        let names = std::fs::read_dir(self.root.join("boot")).unwrap_or_else(|error| panic!("{error}"));
        let mut paths = names.filter_map(|entry| Some(entry.ok()?.path()));
        let named = |path: &PathBuf| {
            path.file_name().is_some_and(|name| name.to_string_lossy().starts_with(beginning))
        };
        paths.find(named).unwrap_or_else(|| panic!("no {beginning} in {}", self.root.display()))
    }

    /// Files of a small initial RAM disk: busybox, the modules for disks, and `/init`, which loads them in order and goes
    /// on with `script`.
    ///
    /// # Panics
    /// When a file is missing.
    #[track_caller]
    pub fn initrd(&self, script: &str) -> Vec<Entry> {
        let mut entries: Vec<Entry> = ["bin", "dev", "proc", "sys", "tmp", "m"].map(Entry::folder).into();
        entries.push(Entry::program("bin/busybox", load(&self.root.join("bin/busybox"))));
        let mut init = PROLOGUE.to_owned();
        for module in self.modules() {
            let name = module.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
            entries.push(Entry::program(&format!("m/{name}"), load(&module)));
            init += &format!("insmod /m/{name} || fail insmod {name}\n");
        }
        init += WAIT_FOR_DISK;
        init += script;
        entries.push(Entry::program("init", init));
        entries
    }

    /// [`MODULES`] and what they need, in the order they are loaded.
    fn modules(&self) -> Vec<PathBuf> {
        let folders =
            std::fs::read_dir(self.root.join("lib/modules")).unwrap_or_else(|error| panic!("{error}"));
        let folder =
            folders.filter_map(|entry| Some(entry.ok()?.path())).next().expect("a kernel has modules");
        let table = String::from_utf8_lossy(&load(&folder.join("modules.dep"))).into_owned();
        let mut seen = BTreeSet::new();
        let mut modules = Vec::new();
        for module in MODULES {
            let file = format!("/{module}.ko");
            let lines = table.lines().filter_map(|line| line.split_once(':'));
            // A module that is built in is in no line.
            let Some((path, needs)) = lines.into_iter().find(|(path, _)| path.ends_with(&file)) else {
                continue;
            };
            // The first needed is the last named.
            for path in needs.split_whitespace().rev().chain([path]) {
                if seen.insert(path.to_owned()) {
                    modules.push(folder.join(path));
                }
            }
        }
        modules
    }
}

const PROLOGUE: &str = r#"#!/bin/busybox sh
/bin/busybox --install -s /bin
export PATH=/bin
mount -t devtmpfs d /dev; mount -t proc p /proc; mount -t sysfs s /sys
exec >/dev/ttyS0 2>&1 </dev/null
fail() { echo "FAILED: $*"; poweroff -f; sleep 60; }
"#;

const WAIT_FOR_DISK: &str = r#"
tries=0
until [ -b /dev/sda ]; do
    tries=$((tries+1)); [ $tries -gt 100 ] && fail no disk
    sleep 0.2
done
"#;

fn cache(recipe: &Recipe) -> PathBuf {
    let cache =
        std::env::var_os("RINGZERO_CACHE").map_or_else(|| workspace().join("target/cache"), PathBuf::from);
    cache.join(format!("debian-{SUITE}-{}", recipe.name))
}

/// The mirror that this host's own package lists name.
fn mirror() -> String {
    let mut files = vec![PathBuf::from("/etc/apt/sources.list")];
    let folder = std::fs::read_dir("/etc/apt/sources.list.d");
    files.extend(folder.into_iter().flatten().filter_map(|entry| Some(entry.ok()?.path())));
    let text: String = files.iter().filter_map(|file| std::fs::read_to_string(file).ok()).collect();
    let active = text.lines().filter(|line| !line.trim_start().starts_with('#'));
    let mut words = active.flat_map(str::split_whitespace).map(|word| word.trim_end_matches('/'));
    words.find(|word| word.contains("://") && word.ends_with("/debian")).unwrap_or(MIRROR).to_owned()
}
