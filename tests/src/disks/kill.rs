//! The emulator is killed while its guest copies files: what the guest had synced is on the disk.
//!
//! The guest says `synced FILE SOURCE` on its serial port behind each copy. After the kill every file it named must be
//! what its source is.

use super::host::{Scratch, arg, has, ringzero, run, try_run};
use super::image::{self, Partition};
use super::{dos, stream};
use ringzero_machine::kernel::Initrd;
use std::collections::BTreeMap;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Host time until a guest begins to copy.
const BOOT_PATIENCE: Duration = Duration::from_secs(300);
/// Files that are copied over and over, and their largest size.
const SOURCES: u32 = 40;
const LARGEST: u64 = 48 << 10;
/// Copies a DOS guest makes at most.
const COPIES: u32 = 1200;
/// One round in so many is killed while the guest boots.
const EARLY: u64 = 10;

/// A sequence of numbers that a seed decides: SplitMix64.
pub struct Random(u64);

impl Random {
    /// The sequence of a seed.
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// The next number below `end`.
    pub fn below(&mut self, end: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut x = self.0;
        x = (x ^ x >> 30).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        x = (x ^ x >> 27).wrapping_mul(0x94D0_49BB_1331_11EB);
        (x ^ x >> 31) % end.max(1)
    }
}

/// A seed out of `RINGZERO_SEED`, by default 1.
pub fn seed() -> u64 {
    std::env::var("RINGZERO_SEED").ok().and_then(|seed| seed.parse().ok()).unwrap_or(1)
}

/// What rounds have shown.
#[derive(Clone, Copy, Debug, Default)]
pub struct Tally {
    /// Kills.
    pub rounds: u32,
    /// Kills before the guest had begun to copy.
    pub early: u32,
    /// Files reported synced; every one of them was intact.
    pub files: u64,
}

/// A guest that copies files, and how its disk is judged.
pub struct Victim {
    folder: Scratch,
    ringzero: PathBuf,
    /// Options of the run, the disk's excepted.
    options: Vec<String>,
    /// The disk of every round's beginning.
    disk: PathBuf,
    sources: BTreeMap<String, Vec<u8>>,
    /// Host time in which the kill comes, in milliseconds behind the beginning of copying.
    moments: u64,
    kind: Kind,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Kind {
    Fat(Partition),
    Ext4,
}

impl Victim {
    /// FreeDOS with COPY in a batch file, on FAT16.
    ///
    /// # Panics
    /// When the host refuses.
    #[track_caller]
    pub fn dos() -> Option<Self> {
        if !has(dos::TOOLS) {
            return None;
        }
        let folder = Scratch::new("kill-dos");
        let sources = sources(&folder);
        let disk = folder.file("disk.img");
        let kind = Kind::Fat(fat_disk(&folder, &disk)?);
        let floppy = dos::floppy_image(&folder, &[("AUTOEXEC.BAT", AUTOEXEC)])?;
        let drive = format!("file={},if=floppy,index=0,snapshot=on", floppy.display());
        let options = vec!["-drive".to_owned(), drive];
        Some(Self { ringzero: ringzero(), options, disk, sources, moments: 1500, kind, folder })
    }

    /// Linux with cp and sync, on ext4. `kernel` and `initrd` boot it; the archive's `/init` is replaced.
    ///
    /// # Panics
    /// When the host refuses.
    #[track_caller]
    pub fn linux(kernel: &Path, initrd: &Initrd) -> Option<Self> {
        if !has(&["mke2fs", "e2fsck", "debugfs"]) {
            return None;
        }
        let folder = Scratch::new("kill-linux");
        let sources = sources(&folder);
        let disk = folder.file("disk.img");
        image::create(&disk, 128 << 20);
        std::fs::create_dir_all(folder.file("root/out")).expect("the folder is there");
        std::fs::rename(folder.file("src"), folder.file("root/src")).expect("both are there");
        let options = ["-q", "-F", "-t", "ext4", "-d"].map(|option| arg(option.as_ref()));
        run("mke2fs", options.into_iter().chain([arg(&folder.file("root")), arg(&disk)]));
        let initrd = folder.write("initrd", &initrd.data);
        let path = |path: &Path| path.to_string_lossy().into_owned();
        let options = ["-kernel", &path(kernel), "-initrd", &path(&initrd), "-append", "console=ttyS0 quiet"];
        let options = options.map(str::to_owned).to_vec();
        Some(Self { ringzero: ringzero(), options, disk, sources, moments: 3000, kind: Kind::Ext4, folder })
    }

    /// Kills so many runs and looks at what each left.
    ///
    /// # Panics
    /// When a file that was reported synced is not intact.
    #[track_caller]
    pub fn rounds(&self, count: u32, random: &mut Random, progress: &dyn Fn(&Tally)) -> Tally {
        let mut tally = Tally::default();
        for _ in 0..count {
            let early = random.below(EARLY) == 0;
            let said = self.kill_one(early, random);
            tally.rounds += 1;
            tally.early += u32::from(early);
            tally.files += self.judge(&said);
            progress(&tally);
        }
        tally
    }

    /// Runs the guest on a fresh disk and kills it; what it had said.
    fn kill_one(&self, early: bool, random: &mut Random) -> String {
        let disk = self.folder.file("round.img");
        run("cp", [arg("--sparse=always".as_ref()), arg(&self.disk), arg(&disk)]);
        let mut run = Running::start(&self.ringzero, &self.options, &disk);
        if !early {
            run.wait_for("ready");
        }
        std::thread::sleep(Duration::from_millis(random.below(self.moments)));
        run.kill()
    }

    /// Files that were reported; every one is compared.
    fn judge(&self, said: &str) -> u64 {
        // The last line may be cut off.
        let whole = said.rsplit_once('\n').map_or("", |(whole, _)| whole);
        let synced: Vec<(&str, &str)> = whole.lines().filter_map(report).collect();
        if synced.is_empty() {
            return 0;
        }
        let out = self.take_out();
        for (file, source) in &synced {
            let found = std::fs::read(out.join(file));
            let found =
                found.unwrap_or_else(|error| panic!("{file} was synced and is lost: {error}\n{said}"));
            assert!(self.sources.get(*source) == Some(&found), "{file} was synced and is damaged\n{said}");
        }
        std::fs::remove_dir_all(&out).expect("the folder was made above");
        synced.len() as u64
    }

    /// The folder of copies as the host finds it on the disk.
    fn take_out(&self) -> PathBuf {
        let disk = self.folder.file("round.img");
        let to = self.folder.file("found");
        std::fs::create_dir_all(&to).expect("the folder is ours");
        match &self.kind {
            Kind::Fat(partition) => {
                let volume = self.folder.file("volume.img");
                image::extract(&disk, partition, &volume);
                let options = ["-s", "-n", "-i"].map(|option| arg(option.as_ref()));
                // A directory may name a file whose copying the kill cut short.
                try_run("mcopy", options.into_iter().chain([arg(&volume), arg("::out".as_ref()), arg(&to)]));
            }
            Kind::Ext4 => {
                // What a kernel would do when it mounts; then nothing may be wrong.
                run(
                    "e2fsck",
                    ["-E", "journal_only", "-p"]
                        .map(|option| arg(option.as_ref()))
                        .into_iter()
                        .chain([arg(&disk)]),
                );
                run("e2fsck", [arg("-fn".as_ref()), arg(&disk)]);
                let request = format!("rdump /out {}", to.display());
                run("debugfs", [arg("-R".as_ref()), arg(request.as_ref()), arg(&disk)]);
            }
        }
        to.join("out")
    }
}

/// A line such as `synced F0001.BIN R01.BIN`.
fn report(line: &str) -> Option<(&str, &str)> {
    let mut words = line.trim().strip_prefix("synced ")?.split_whitespace();
    Some((words.next()?, words.next()?))
}

// --- a run --------------------------------------------------------------------------------------------------

/// A run of `ringzero`, killed at the latest when this goes.
struct Running {
    child: Child,
    said: Arc<Mutex<Vec<u8>>>,
    reader: Option<std::thread::JoinHandle<()>>,
}

impl Running {
    fn start(program: &Path, options: &[String], disk: &Path) -> Self {
        let mut command = Command::new(program);
        command.args(["run", "--headless", "--timeout", "600", "-hda"]).arg(disk).args(options);
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut child = command.spawn().unwrap_or_else(|error| panic!("{}: {error}", program.display()));
        let mut out = child.stdout.take().expect("stdout is piped");
        let said = Arc::default();
        let heard: Arc<Mutex<Vec<u8>>> = Arc::clone(&said);
        let reader = std::thread::spawn(move || {
            let mut buffer = [0; 4096];
            while let Ok(count @ 1..) = out.read(&mut buffer) {
                heard.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(&buffer[..count]);
            }
        });
        Self { child, said, reader: Some(reader) }
    }

    fn text(&self) -> String {
        String::from_utf8_lossy(&self.said.lock().unwrap_or_else(PoisonError::into_inner)).into_owned()
    }

    #[track_caller]
    fn wait_for(&mut self, word: &str) {
        let begin = Instant::now();
        while !self.text().contains(word) {
            let ended = self.child.try_wait().expect("the child is ours");
            let over = ended.is_some() || begin.elapsed() > BOOT_PATIENCE;
            assert!(!over, "no {word:?} ({ended:?}):\n{}", self.text());
            std::thread::sleep(Duration::from_millis(2));
        }
    }

    /// Kills it; all it had said.
    fn kill(mut self) -> String {
        let alive = self.child.try_wait().expect("the child is ours").is_none();
        assert!(alive, "the guest had ended before it was killed:\n{}", self.text());
        self.child.kill().and_then(|()| self.child.wait()).expect("the child is ours");
        // What is in the pipe was said before the kill.
        if let Some(reader) = self.reader.take() {
            reader.join().expect("reading does not panic");
        }
        self.text()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

// --- what the guests do -------------------------------------------------------------------------------------

/// Files to copy, in a folder `src`: no two alike.
fn sources(folder: &Scratch) -> BTreeMap<String, Vec<u8>> {
    let mut random = Random::new(7);
    std::fs::create_dir_all(folder.file("src")).expect("the folder is ours");
    let source = |number: u32| {
        let name = format!("R{number:02}.BIN");
        let contents = stream(1000 + number, 1 + random.below(LARGEST) as usize);
        folder.write(&format!("src/{name}"), &contents);
        (name, contents)
    };
    (0..SOURCES).map(source).collect()
}

/// A disk that DOS has formatted, with the sources and a folder for copies.
#[track_caller]
fn fat_disk(folder: &Scratch, disk: &Path) -> Option<Partition> {
    let partition = dos::formatted_disk(folder, disk, 64 << 20)?;
    let volume = folder.file("volume.img");
    image::extract(disk, &partition, &volume);
    std::fs::create_dir_all(folder.file("out")).expect("the folder is ours");
    let options = ["-s", "-i"].map(|option| arg(option.as_ref()));
    let batch = folder.write("LOOP.BAT", batch().as_bytes());
    let [from, to] = ["src", "out"].map(|name| arg(&folder.file(name)));
    let files = [arg(&volume), from, to, arg(&batch), arg("::".as_ref())];
    run("mcopy", options.into_iter().chain(files));
    image::insert(&volume, disk, &partition);
    Some(partition)
}

/// What the DOS guest does first: what it runs then lies on its disk, for it looks there line by line.
const AUTOEXEC: &[u8] = b"@echo off\r\na:\\freedos\\bin\\mode com1:9600,n,8,1 > nul\r\nc:\\loop.bat\r\n";

/// The batch file of the DOS guest. DOS writes what it has in its buffers when a file is closed.
fn batch() -> String {
    let mut lines = "@echo off\r\necho ready > com1\r\n".to_owned();
    for number in 0..COPIES {
        let source = format!("R{:02}.BIN", number % SOURCES);
        let file = format!("F{number:04}.BIN");
        lines += &format!(
            "copy c:\\src\\{source} c:\\out\\{file} > nul\r\necho synced {file} {source} > com1\r\n"
        );
    }
    lines
}

/// What the Linux guest runs behind the loading of modules: a copy is synced by turns as a whole and by itself.
pub const COPY_SCRIPT: &str = r#"
mkdir -p /mnt
mount -t ext4 /dev/sda /mnt || fail mount
echo ready
n=1000
while :; do
    source=R$(echo $(((n % 40) + 100)) | cut -c2-3).BIN
    file=f$n
    if [ $((n % 2)) = 0 ]; then
        cp /mnt/src/$source /mnt/out/$file && sync || fail cp
    else
        dd if=/mnt/src/$source of=/mnt/out/$file bs=16k conv=fsync status=none || fail dd
    fi
    echo synced $file $source
    n=$((n+1))
    [ $((n % 1000)) = 0 ] && rm -f /mnt/out/* && fail "too fast"
done
"#;
