//! Frame buffers without X: what is written shows, pixel for pixel, and the console scrolls.

use super::guest::Guest;
use super::picture::Picture;
use crate::disks::stream;

/// A frame buffer as the guest describes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FrameBuffer {
    /// Its driver.
    pub driver: String,
    /// Columns and rows.
    pub size: (usize, usize),
    /// Bits of a pixel.
    pub bits: usize,
}

impl FrameBuffer {
    /// The guest's first.
    ///
    /// # Panics
    /// When it has none.
    #[track_caller]
    pub fn of(guest: &mut Guest) -> Self {
        let said = guest.command("cd /sys/class/graphics/fb0 && cat name virtual_size bits_per_pixel; cd /");
        let lines: Vec<_> = said.lines().collect();
        let &[driver, size, bits] = &lines[..] else { guest.fail(&format!("no frame buffer: {said:?}")) };
        let number = |text: &str| text.parse().unwrap_or(0);
        let (width, height) = size.split_once(',').unwrap_or_default();
        Self { driver: driver.to_owned(), size: (number(width), number(height)), bits: number(bits) }
    }

    fn bytes(&self) -> usize {
        self.size.0 * self.size.1 * self.bits / 8
    }

    /// What its memory holds, as the guest reads it.
    #[track_caller]
    fn read(&self, guest: &mut Guest) -> Picture {
        let bytes = guest.fetch(&format!("head -c {} /dev/fb0", self.bytes()));
        Picture::from_bytes(&bytes, self.size.0, self.size.1)
    }

    /// Writes a pattern that is different everywhere, lets the console scroll, and looks at both.
    ///
    /// # Panics
    /// When the display shows something else.
    #[track_caller]
    pub fn check(&self, guest: &mut Guest) {
        const SEED: u32 = 5;
        const BLOCK: usize = 0x1_0000;
        guest.command(r"printf '\033[?25l' >/dev/tty1");
        guest.command(&format!("stream {SEED} {} >/dev/fb0", self.bytes() / BLOCK));
        guest.pass(500);
        let wanted = Picture::from_bytes(&stream(SEED, self.bytes()), self.size.0, self.size.1);
        self.compare(guest, "pattern", &wanted);
        let begin = (guest.machine.count(), guest.machine.now());
        guest.command(r"printf '\033[2J\033[H' >/dev/tty1; seq -f 'RingZero %06g' 1 2000 >/dev/tty1");
        let (count, ns) = (guest.machine.count() - begin.0, guest.machine.now().0 - begin.1.0);
        guest.note(&format!(
            "2000 lines scroll in {} million instructions, {} ms",
            count / 1_000_000,
            ns / 1_000_000
        ));
        guest.pass(500);
        let wanted = self.read(guest);
        self.compare(guest, "console", &wanted);
        if wanted.area_of(|_, _, pixel| pixel != 0).is_none() {
            guest.fail("the console is empty");
        }
    }

    #[track_caller]
    fn compare(&self, guest: &Guest, what: &str, wanted: &Picture) {
        guest.keep_picture(what);
        let picture = guest.picture();
        if (picture.width, picture.height) != self.size {
            guest.fail(&format!("{what}: {} x {} pixels for {:?}", picture.width, picture.height, self));
        }
        if let Some(area) = picture.difference(wanted) {
            guest.fail(&format!("{what}: the display differs from the frame buffer in {area:?}"));
        }
    }
}
