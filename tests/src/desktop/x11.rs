//! The X server: patterns, windows, the pointer and its clicks, the keyboard, other sizes.

use super::guest::Guest;
use super::picture::{Area, Picture};
use ringzero_machine::{Key, MouseButton};

/// Colours that 16 bits hold exactly.
const LIGHT: u32 = 0x00F7_B618;
const DARK: u32 = 0x0021_2839;
const PLAIN: u32 = 0x0000_6D42;
const OPENED: u32 = 0x007B_0029;
/// What tiles the root: no two rows and no two columns are the same, and no mirror image is it.
const TILE: [u16; 16] = [
    0x8001, 0x4003, 0x2007, 0x100F, 0x081F, 0x043F, 0x027F, 0x01FF, 0xF0C0, 0x78A0, 0x3C90, 0x1E88, 0x0F84,
    0x0782, 0x03C1, 0x01E0,
];
/// Where a window's user said it should be, and its inner size.
const WINDOW: (usize, usize) = (96, 64);
/// A place on the root that no window covers.
const ROOT_PLACE: (i32, i32) = (500, 400);
/// A pointer is not larger.
const MOST_POINTER: usize = 64;

/// Files for the guest's /root: the tile, the window manager's menus, the server with one driver and another.
pub fn files() -> Vec<(&'static str, Vec<u8>)> {
    let rows = TILE.iter().flat_map(|row| row.to_le_bytes()).map(|byte| format!("{byte:#04x}"));
    let tile = format!(
        "#define tile_width 16\n#define tile_height 16\nstatic unsigned char tile_bits[] = {{\n{} }};\n",
        rows.collect::<Vec<_>>().join(", ")
    );
    let open = format!(
        "\"open\" f.exec \"xterm -name opened -T opened -bg '#{OPENED:06x}' -geometry 30x8+600+500 -e sleep 9999 &\"\n"
    );
    let twm = format!(
        "NoGrabServer\nRandomPlacement\nNoTitle {{ \"plain\" }}\nBorderWidth 2\n\
         Button1 = : root : f.menu \"main\"\nmenu \"main\" {{\n{}}}\n",
        open.repeat(8)
    );
    let configured = |driver: &str| {
        let section =
            format!("Section \"Device\"\nIdentifier \"display\"\nDriver \"{driver}\"\nEndSection\n");
        // Without a size the driver takes the largest of the monitor's.
        let screen = "Section \"Screen\"\nIdentifier \"screen\"\nDevice \"display\"\nDefaultDepth 24\nSubSection \"Display\"\n\
                      Depth 24\nModes \"1024x768\"\nEndSubSection\nEndSection\n";
        (section + if driver == "vesa" { screen } else { "" }).into_bytes()
    };
    vec![
        ("tile.xbm", tile.into_bytes()),
        (".twmrc", twm.into_bytes()),
        ("fbdev.conf", configured("fbdev")),
        ("vesa.conf", configured("vesa")),
    ]
}

/// An X server and what runs under it.
pub struct Server {
    guest: Guest,
}

impl Server {
    /// Starts the server with further options, and a window manager.
    ///
    /// # Panics
    /// When they do not come up.
    #[track_caller]
    pub fn start(mut guest: Guest, options: &str) -> Self {
        let begin = (guest.machine.count(), guest.machine.now());
        guest.command("export DISPLAY=:0");
        guest.command(&format!("X :0 vt7 -ac -noreset {options} >/tmp/x.log 2>&1 </dev/null &"));
        for _ in 0..100 {
            if guest.try_command("xset q >/dev/null 2>&1").1 == 0 {
                break;
            }
            if guest.try_command("pidof Xorg >/dev/null").1 != 0
                && guest.try_command("pidof X >/dev/null").1 != 0
            {
                let log = guest.try_command("grep '(EE)\\|(WW)\\|VESA\\|INT\\|int10' /var/log/Xorg.0.log").0;
                guest.fail(&format!("the X server ended:\n{log}"));
            }
            guest.pass(200);
        }
        let (count, ns) = (guest.machine.count() - begin.0, guest.machine.now().0 - begin.1.0);
        guest.note(&format!("X is up in {} million instructions, {} ms", count / 1_000_000, ns / 1_000_000));
        guest.command("xset s off -dpms");
        guest.command(&format!(
            "xsetroot -bitmap /root/tile.xbm -fg '#{LIGHT:06x}' -bg '#{DARK:06x}' -cursor_name left_ptr"
        ));
        guest.command("twm >/tmp/twm.log 2>&1 </dev/null &");
        guest.until("xprop -root WM_NAME >/dev/null && xwininfo -root -tree | grep -qi twm");
        // A count of the mouse is a pixel.
        let mouse = "xinput list --name-only | grep -i mouse | grep -vi xtest | tail -n1";
        guest.command(&format!(
            "m=$({mouse}); xinput set-prop \"$m\" 'libinput Accel Profile Enabled' 0 1 || xinput set-prop \"$m\" 'libinput Accel Profile Enabled' 0 1 0"
        ));
        Self { guest }
    }

    /// The driver's name, as the server's log has it.
    pub fn driver(&mut self) -> String {
        self.guest.command(r"sed -n 's/.*) \([A-Za-z]*\)(0): .*/\1/p' /var/log/Xorg.0.log | sort | uniq -c | sort -n | tail -n1")
            .split_whitespace()
            .last()
            .unwrap_or_default()
            .to_owned()
    }

    /// The root, a window, the pointer, a menu, the keyboard.
    ///
    /// # Panics
    /// When something is not as it should be.
    #[track_caller]
    pub fn check(&mut self) {
        self.point_at(ROOT_PLACE);
        self.compare("root");
        let picture = self.guest.picture();
        let far = |x: usize, y: usize| {
            x.abs_diff(ROOT_PLACE.0 as usize) > MOST_POINTER
                || y.abs_diff(ROOT_PLACE.1 as usize) > MOST_POINTER
        };
        if let Some(area) = picture.area_of(|x, y, pixel| far(x, y) && pixel != tile(x, y)) {
            self.guest.fail(&format!("the root's tiles differ in {area:?}"));
        }
        self.window();
        self.menu();
        self.keyboard();
    }

    /// Goes through other sizes.
    ///
    /// # Panics
    /// When one does not show.
    #[track_caller]
    pub fn check_sizes(&mut self, sizes: &[(usize, usize)]) {
        for &(width, height) in sizes {
            self.guest.command(&format!("xrandr -s {width}x{height}"));
            self.guest.pass(1000);
            let picture = self.guest.picture();
            if (picture.width, picture.height) != (width, height) {
                self.guest
                    .fail(&format!("{} x {} pixels for {width} x {height}", picture.width, picture.height));
            }
            self.compare(&format!("{width}x{height}"));
        }
    }

    /// What the server says it shows.
    #[track_caller]
    fn dump(&mut self) -> Picture {
        Picture::from_xwd(&self.guest.fetch("xwd -root -silent"))
    }

    /// The display shows what the server says, and the pointer; where that is.
    #[track_caller]
    fn compare(&mut self, what: &str) -> Option<Area> {
        self.guest.pass(300);
        self.guest.keep_picture(what);
        let picture = self.guest.picture();
        let area = picture.difference(&self.dump());
        if area
            .as_ref()
            .is_some_and(|area| area.columns.len() > MOST_POINTER || area.rows.len() > MOST_POINTER)
        {
            self.guest.fail(&format!("{what}: the display differs in {area:?}"));
        }
        area
    }

    /// Moves the mouse to the upper left corner and from there to a place; the pointer is drawn there.
    #[track_caller]
    fn point_at(&mut self, (x, y): (i32, i32)) {
        for _ in 0..30 {
            self.nudge(-80, -80);
        }
        let (mut left, mut above) = (x, y);
        while left > 0 || above > 0 {
            let (right, down) = (left.min(20), above.min(20));
            self.nudge(right, down);
            (left, above) = (left - right, above - down);
        }
        self.guest.pass(200);
        let said = self.guest.command("xdotool getmouselocation");
        if !said.starts_with(&format!("x:{x} y:{y} ")) {
            self.guest.fail(&format!("the mouse went to {x}, {y}, the pointer is at {said}"));
        }
        let drawn = self.compare("pointer");
        let near = |range: &std::ops::Range<usize>, at: i32| {
            range.start as i32 <= at + 2 && at - 2 <= range.end as i32
        };
        if !drawn.as_ref().is_some_and(|area| near(&area.columns, x) && near(&area.rows, y)) {
            self.guest.fail(&format!("the pointer is drawn in {drawn:?}, not at {x}, {y}"));
        }
    }

    fn nudge(&mut self, right: i32, down: i32) {
        self.guest.machine.mouse_move(right, down, 0);
        self.guest.pass(20);
    }

    /// A terminal where its user wants it, with text and much empty background.
    #[track_caller]
    fn window(&mut self) {
        self.guest.command(&format!(
            "xterm -name plain -T plain -bg '#{PLAIN:06x}' -fg white -geometry 50x14+{}+{} -e sh -c 'echo RingZero; read x; echo $x >/tmp/typed; sleep 9999' >/dev/null 2>&1 </dev/null &",
            WINDOW.0, WINDOW.1
        ));
        self.guest.until("xwininfo -name plain | grep -q IsViewable");
        self.guest.command("xeyes -geometry 180x120+700+100 >/dev/null 2>&1 </dev/null &");
        self.guest.until("xwininfo -name xeyes | grep -q IsViewable");
        self.guest.pass(1000);
        self.compare("windows");
        let area = self.area_of("plain");
        let (left, top) = (area.columns.start, area.rows.start);
        if left.abs_diff(WINDOW.0) > 4 || top.abs_diff(WINDOW.1) > 4 {
            self.guest.fail(&format!("the window is in {area:?}"));
        }
        self.is_filled(&area, PLAIN);
    }

    /// Its place as the server says it.
    #[track_caller]
    fn area_of(&mut self, name: &str) -> Area {
        let said = self.guest.command(&format!(
            "xwininfo -name {name} | sed -n 's/.*\\(Absolute.*X\\|Absolute.*Y\\|Width\\|Height\\): *//p'"
        ));
        let numbers: Vec<usize> = said.split_whitespace().filter_map(|word| word.parse().ok()).collect();
        let &[x, y, width, height] = &numbers[..] else { self.guest.fail(&format!("{name} is at {said:?}")) };
        Area { columns: x..x + width, rows: y..y + height }
    }

    /// The lower half of a window is of one colour.
    #[track_caller]
    fn is_filled(&self, area: &Area, color: u32) {
        let picture = self.guest.picture();
        let (columns, rows) = (&area.columns, area.rows.start.midpoint(area.rows.end)..area.rows.end);
        let wrong =
            picture.area_of(|x, y, pixel| columns.contains(&x) && rows.contains(&y) && pixel != color);
        if wrong.is_some() {
            self.guest.fail(&format!("{wrong:?} of {area:?} is not of colour {color:06X}"));
        }
    }

    /// The left button on the root shows a menu; letting it go over an entry opens a window.
    #[track_caller]
    fn menu(&mut self) {
        self.point_at(ROOT_PLACE);
        let before = self.guest.picture();
        self.guest.machine.mouse_button(MouseButton::Left, true);
        self.guest.pass(500);
        self.nudge(3, 30);
        self.nudge(3, 10);
        self.guest.pass(300);
        self.guest.keep_picture("menu");
        let menu = self.guest.picture().difference(&before);
        if menu.as_ref().is_none_or(|area| area.rows.len() <= 2 * MOST_POINTER) {
            self.guest.fail(&format!("no menu: {menu:?}"));
        }
        self.guest.machine.mouse_button(MouseButton::Left, false);
        self.guest.until("xwininfo -name opened | grep -q IsViewable");
        self.guest.pass(1000);
        self.compare("opened");
        let area = self.area_of("opened");
        self.is_filled(&area, OPENED);
    }

    /// What is typed goes to the window under the pointer.
    #[track_caller]
    fn keyboard(&mut self) {
        self.point_at((WINDOW.0 as i32 + 60, WINDOW.1 as i32 + 60));
        for key in [Key::R, Key::I, Key::N, Key::G, Key::Enter] {
            self.press(&[key]);
        }
        self.guest.until("[ \"$(cat /tmp/typed)\" = ring ]");
        self.compare("typed");
    }

    /// Holds keys down together.
    fn press(&mut self, keys: &[Key]) {
        for &key in keys {
            self.guest.machine.key(key, true);
            self.guest.pass(50);
        }
        for &key in keys.iter().rev() {
            self.guest.machine.key(key, false);
            self.guest.pass(50);
        }
    }

    /// Ctrl-Alt-F1 shows the console, Alt-F7 the desktop again.
    ///
    /// # Panics
    /// When they do not.
    #[track_caller]
    pub fn check_console(&mut self) {
        let desktop = self.guest.picture();
        self.press(&[Key::ControlLeft, Key::AltLeft, Key::F1]);
        self.guest.pass(1500);
        self.guest.keep_picture("away");
        let console = self.guest.picture();
        if console == desktop {
            self.guest.fail("Ctrl-Alt-F1 changed nothing");
        }
        self.press(&[Key::AltLeft, Key::F7]);
        for _ in 0..20 {
            self.guest.pass(500);
            if self.guest.picture() == desktop {
                return;
            }
        }
        let log = self
            .guest
            .try_command("grep -A14 Backtrace /var/log/Xorg.0.log; tail -n 4 /var/log/Xorg.0.log")
            .0;
        self.guest.fail(&format!("the desktop is not as it was; the server:\n{log}"));
    }
}

/// What the root shows at a place.
fn tile(x: usize, y: usize) -> u32 {
    if TILE[y % 16] >> (x % 16) & 1 != 0 { LIGHT } else { DARK }
}
