use super::super::load::load;
use super::*;

/// The mistakes of a scenario file, as `line:column: message`.
fn mistakes(text: &str) -> Vec<String> {
    let folder = std::env::temp_dir().join(format!(
        "ringzero-parse-{}-{:?}",
        std::process::id(),
        std::thread::current().id()
    ));
    std::fs::create_dir_all(&folder).unwrap();
    let path = folder.join("a.scenario.toml");
    std::fs::write(&path, text).unwrap();
    let result = load(std::slice::from_ref(&path), &[], false);
    std::fs::remove_dir_all(&folder).unwrap();
    let mistakes = result.err().unwrap_or_default();
    let line = |mistake: Mistake| {
        let Place { line, column } = mistake.place();
        format!("{line}:{column}: {}", mistake.message.replace(&format!("{}", folder.display()), "DIR"))
    };
    mistakes.into_iter().map(line).collect()
}

/// One mistake a row: a scenario, and what is said of it.
const MISTAKES: &[(&str, &str)] = &[
    ("name = 5", "1:8: \"name\" must be a string, not an integer"),
    ("name = ''", "1:8: \"name\" is empty"),
    ("naem = 'x'", "1:1: unknown key \"naem\" in a scenario; did you mean \"name\"?"),
    ("name = 'x", "1:10: no TOML: invalid literal string, expected `'`"),
    ("machine = 1", "1:11: \"machine\" must be a table, not an integer"),
    ("[machine]\nmemroy = '1M'", "2:1: unknown key \"memroy\" in [machine]; did you mean \"memory\"?"),
    (
        "[machine]\nmemory = '16X'",
        "2:10: \"memory\": not a size; write 640K, 16M or 1G (a bare number is MiB)",
    ),
    (
        "[machine]\ncpu = '80387'",
        "2:7: \"cpu\": no such model; did you mean 80386? use one of 8086, 80186, 80286, 80386, 80486, pentium, pentium3, pentium4, max",
    ),
    ("[machine]\ncpu = true", "2:7: \"cpu\" must be a string, not a boolean"),
    ("[machine]\ncpu = ['8086']", "2:7: \"cpu\" can be given once only"),
    ("[machine]\nno_reboot = 'yes'", "2:13: \"no_reboot\" must be true or false, not a string"),
    ("[machine]\nmips = 0", "2:8: \"mips\": 0 is not in 1..=100000"),
    (
        "[machine]\nsnapshot = true",
        "2:1: \"snapshot\" is not for scenarios: disks are never changed unless writable = true",
    ),
    (
        "[machine]\nfda = 'none.img'",
        "2:7: \"fda\": no file \"none.img\" in DIR; --image-path DIR names another folder",
    ),
    ("[machine]\nkernel = ''", "2:10: \"kernel\" is empty"),
    (
        "[machine]\nappend = 'x'",
        "1:2: this machine cannot be built: --append means nothing without --kernel; name the kernel, or leave it away",
    ),
    (
        "[limits]\nvirtual_secnds = 4",
        "2:1: unknown key \"virtual_secnds\" in [limits]; did you mean \"virtual_seconds\"?",
    ),
    (
        "[limits]\nvirtual_seconds = 0",
        "2:19: \"virtual_seconds\" is out of range; use seconds above 0, up to 100000000",
    ),
    (
        "[limits]\nhost_seconds = nan",
        "2:16: \"host_seconds\" is out of range; use seconds above 0, up to 1000000",
    ),
    (
        "[limits]\ninstructions = -1",
        "2:16: \"instructions\" = -1 is out of range; use 1 to 9223372036854775807",
    ),
    ("[limits]\nserial_bytes = '1M'", "2:16: \"serial_bytes\" must be an integer, not a string"),
    ("step = 1", "1:1: \"step\" must be written as [[step]], one for each"),
    ("step = [1]", "1:9: a step must be a table, such as [[step]]"),
    ("[[step]]\nwait_scren = 'x'", "2:1: unknown step \"wait_scren\"; did you mean \"wait_screen\"?"),
    (
        "[[step]]\nwait_screen = '('",
        "2:15: \"wait_screen\": broken regular expression at column 1: unclosed group",
    ),
    (
        "[[step]]\nwait_screen = 1",
        "2:15: \"wait_screen\" must be a regular expression in quotes, not an integer",
    ),
    (
        "[[step]]\nwait_screen = 'x'\ntype = 'y'",
        "3:1: two actions in one step, \"wait_screen\" and \"type\"; give each its [[step]]",
    ),
    ("[[step]]\nwait_screen = 'x'\nport = 1", "3:1: \"port\" does not go with \"wait_screen\""),
    (
        "[[step]]\nwait_screen = 'x'\nwithn = 1",
        "3:1: unknown key \"withn\" in a wait_screen step; did you mean \"within\"?",
    ),
    (
        "[[step]]\nwait_screen = 'x'\nwithin = -1",
        "3:10: \"within\" is out of range; use seconds above 0, up to 1000000",
    ),
    ("[[step]]\nwait_serial = 'x'\nport = 3", "3:8: \"port\" = 3 is out of range; use 1 to 2"),
    ("[[step]]\nreset = false", "2:9: \"reset\" = false does nothing; leave the step away"),
    ("[[step]]\nkeys = 'ctrl-alt-delte'", "2:8: no key \"delte\"; did you mean \"delete\"?"),
    ("[[step]]\nkeys = []", "2:8: \"keys\" is empty"),
    ("[[step]]\nmouse = { clik = 'left' }", "2:11: unknown key \"clik\" in mouse; did you mean \"click\"?"),
    ("[[step]]\nmouse = { click = 'lfet' }", "2:19: \"click\" cannot be \"lfet\"; did you mean \"left\"?"),
    (
        "[[step]]\nmouse = { move = [1] }",
        "2:18: \"move\" must be two counts, [right, down]; here are 1 values",
    ),
    (
        "[[step]]\nmouse = {}",
        "2:9: \"mouse\" does nothing; there are move, wheel, click, double_click, press, release, button",
    ),
    ("[[step]]\ntype = 'ß'\nlayout = 'us'", "2:8: 'ß' cannot be typed on a keyboard of layout \"us\""),
    ("[[step]]\ntype = 'x'\nlayout = 'ux'", "3:10: \"layout\" cannot be \"ux\"; use us, uk, de, fr"),
    ("[[step]]\neject = 'c'", "2:9: \"eject\" cannot be \"c\"; did you mean \"cd\"?"),
    ("[[step]]\neject = 'b'", "2:1: this machine has no drive B; give it a diskette with fdb = \"FILE\""),
    ("[[step]]\ninsert = { drive = 'a' }", "2:1: \"insert\" needs \"image\""),
    (
        "[[step]]\ninsert = { drive = 'a', image = 'n.img' }",
        "2:33: no file \"n.img\" in DIR; --image-path DIR names another folder",
    ),
    (
        "[[step]]\ninsert = { drive = 'a', image = 'a.scenario.toml' }",
        "2:1: \"insert\": DIR/a.scenario.toml: is 60 bytes long, which is no multiple of 512; pad a copy of it with `truncate -s %512 FILE`",
    ),
    ("[[step]]\nscreenshot = 'x.jpg'", "2:14: \"x.jpg\" must end in .png, the one format of pictures"),
    ("[[step]]\nscreenshot = 'x.png'", "2:1: \"screenshot\": no picture DIR/x.png; --bless makes it"),
    (
        "[[step]]\nscreenshot = 'x.png'\ntolerance = 2",
        "3:13: \"tolerance\" is out of range; use a share of the pixels, 0.0 to 1.0",
    ),
    (
        "[[step]]\nscreenshot = 'x.png'\narea = [0, 0, 0, 1]",
        "3:15: \"area\" = 0 is out of range; use 1 to 16384",
    ),
    (
        "[[step]]\ndump_memory = { address = 0, length = 1, file = '../x' }",
        "2:49: \"../x\" leads out of the folder of --output; use a plain name",
    ),
    (
        "[[step]]\ndump_memory = { adress = 0, length = 1, file = 'x' }",
        "2:17: unknown key \"adress\" in dump_memory; did you mean \"address\"?|2:1: \"dump_memory\" needs \"address\"",
    ),
    (
        "[[step]]\nassert_memory = { address = 0, bytes = '5' }",
        "2:40: \"5\" is no row of bytes; write pairs of hexadecimal digits, such as \"55 aa\"",
    ),
    (
        "[[step]]\nassert_memory = { address = 0 }",
        "2:1: \"assert_memory\" needs either \"bytes\" or \"text\"",
    ),
    ("[[step]]\nrestore = 'x'", "2:1: \"restore\" of \"x\", of which no step before made a snapshot"),
    (
        "[[step]]\nsnapshot = 'boted'\n[[step]]\nrestore = 'booted'",
        "4:1: \"restore\" of \"booted\", of which no step before made a snapshot; did you mean \"boted\"?",
    ),
    (
        "[machine]\ncpu = '8086'\n[[step]]\npower_button = true",
        "4:1: \"power_button\": this machine has no power management; use an 80486 or later",
    ),
    ("[expect]\noutcome = 'hnag'", "2:11: \"outcome\" cannot be \"hnag\"; did you mean \"hang\"?"),
    (
        "[expect]\noutcome = 'running'\nexit_code = 1",
        "3:13: \"exit_code\" with outcome \"running\": a machine that runs on has none",
    ),
    (
        "[expect]\noutcome = 'hang'\nexit_code = 1",
        "3:13: \"exit_code\" = 1: a run with outcome \"hang\" ends with exit code 81",
    ),
    ("[expect]\nexit_code = 256", "2:13: \"exit_code\" = 256 is out of range; use 0 to 255"),
    (
        "[expect]\noutcome = 'failure'",
        "1:2: outcome \"failure\" is told by the debug exit, and this machine has none; give device = \"isa-debug-exit\"",
    ),
    (
        "[expect]\noutcome = 'reset'",
        "1:2: outcome \"reset\" needs a machine that ends at a reset; give no_reboot = true",
    ),
    ("[expect]", "1:2: [expect] expects nothing; give \"outcome\" or \"exit_code\""),
    (
        "from = 'b.scenario.toml'",
        "1:8: \"from\": no file DIR/b.scenario.toml; did you mean \"a.scenario.toml\"?",
    ),
    ("from = 'a.scenario.toml'", "1:8: cyclic \"from\": DIR/a.scenario.toml -> DIR/a.scenario.toml"),
    (
        "from = 'a.scenario.toml'\n[machine]\n",
        "2:2: a scenario with \"from\" goes on with another's machine and has no [machine] of its own",
    ),
];

#[test]
fn every_mistake_has_its_place_and_its_remedy() {
    let mut wrong = String::new();
    for (text, expected) in MISTAKES {
        let mut expected: Vec<&str> = expected.split('|').collect();
        let mut found = mistakes(text);
        expected.sort_unstable();
        found.sort_unstable();
        if found != expected {
            wrong += &format!("{text:?}:\n  found    {found:?}\n  expected {expected:?}\n");
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}

#[test]
fn all_mistakes_of_a_file_are_told_in_their_order() {
    let found = mistakes(
        "naem = 'x'\n[limits]\nhost_seconds = 0\n[[step]]\nwait_scren = 'x'\n[expect]\noutcome = 1\n",
    );
    let lines: Vec<&str> = found.iter().filter_map(|line| line.split(':').next()).collect();
    assert_eq!(lines, ["1", "3", "5", "7"]);
}

/// A scenario with most of what there is.
const RICH: &str = r#"
name = "all"
[machine]
cpu = "80486"
memory = "16M"
boot = "ac"
no_reboot = true
device = ["isa-debug-exit", "pvpanic"]
[limits]
virtual_seconds = 1.5
host_seconds = 9
instructions = 5_000_000
serial_bytes = 0x1000
disk_bytes = 4096
hang_after = 2
[[step]]
wait_screen = 'A:\\>'
within = 3
[[step]]
wait_serial = "x"
port = 2
[[step]]
wait_pixels = true
[[step]]
wait_idle = 0.5
[[step]]
type = "dir\n"
layout = "us"
[[step]]
keys = ["ctrl-alt-delete", "f2"]
[[step]]
mouse = { move = [10, -4], click = "left" }
[[step]]
send_serial = "ls\n"
[[step]]
eject = "a"
[[step]]
sleep = 1
[[step]]
dump_memory = { address = 0x7c00, length = 512, file = "sector.bin" }
[[step]]
assert_memory = { address = 0x7dfe, bytes = "55aa" }
[[step]]
assert_screen = "x"
[[step]]
assert_not_screen = "y"
[[step]]
snapshot = "s"
[[step]]
restore = "s"
[[step]]
power_button = true
[[step]]
reset = true
[expect]
outcome = "failure"
exit_code = 33
"#;

fn parsed(text: &str) -> Result<Scenario, Vec<Mistake>> {
    parse(&Arc::new(SourceFile { path: "a.scenario.toml".into(), text: text.to_owned() }), &[])
}

#[test]
fn a_rich_scenario_is_read() {
    let scenario = parsed(RICH).unwrap();
    assert_eq!((scenario.name.as_str(), scenario.steps.len()), ("all", 18));
    assert_eq!(scenario.limits.virtual_ns, 1_500_000_000);
    assert_eq!(scenario.expect.exit_code, Some(33));
    assert_eq!(scenario.steps[0].within, Some(3_000_000_000));
    assert_eq!(mistakes(RICH), Vec::<String>::new());
}

#[test]
fn a_scenario_is_named_after_its_file_and_expects_what_its_steps_suggest() {
    let scenario = parsed("").unwrap();
    assert_eq!(scenario.name, "a");
    assert_eq!(scenario.expect.outcome, Some(Outcome::Success));
    assert!(parsed("[[step]]\nsleep = 1").unwrap().expect.is_running());
}

/// xorshift64: the same bytes each time.
struct Random(u64);

impl Random {
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % limit as u64) as usize
    }
}

/// What mutations put in: bytes that mean something to TOML or to us.
const PIECES: &[&str] = &[
    "[",
    "]",
    "[[",
    "]]",
    "=",
    "\"",
    "'",
    "\n",
    "#",
    "{",
    "}",
    ",",
    "-1",
    "1e400",
    "0x",
    "true",
    "é",
    "\u{1F600}",
    "\0",
    "step",
    "[[step]]",
    "type",
    "9999999999999999999999",
    "1979-05-27",
    ".",
    "\\",
    "\"\"\"",
    "nan",
    "{}",
    "[]",
    " ",
];

#[test]
fn no_text_makes_the_reader_panic() {
    let mut random = Random(0x5EED);
    for _ in 0..4_000 {
        let mut chars: Vec<char> = RICH.chars().collect();
        for _ in 0..=random.below(6) {
            let at = random.below(chars.len());
            match random.below(4) {
                0 => drop(chars.remove(at)),
                1 => chars[at] = char::from(random.below(128) as u8),
                2 => {
                    let end = (at + random.below(40)).min(chars.len());
                    let piece = PIECES[random.below(PIECES.len())];
                    drop(chars.splice(at..end, piece.chars()));
                }
                _ => {
                    let piece = PIECES[random.below(PIECES.len())];
                    drop(chars.splice(at..at, piece.chars()));
                }
            }
        }
        check_places(&chars.into_iter().collect::<String>());
    }
    for _ in 0..2_000 {
        let bytes: Vec<u8> = (0..random.below(200)).map(|_| random.below(256) as u8).collect();
        check_places(&String::from_utf8_lossy(&bytes));
    }
}

/// Mistakes lie inside the text, and can be drawn.
fn check_places(text: &str) {
    for mistake in parsed(text).err().unwrap_or_default() {
        let Place { line, column } = mistake.place();
        assert!(line >= 1 && column >= 1 && line <= text.lines().count() + 1, "{line}:{column} in {text:?}");
        assert!(mistake.to_string().contains(&format!(":{line}:{column}: ")));
    }
}

#[test]
fn deeply_nested_text_is_refused() {
    assert!(parsed(&format!("step = {}", "[".repeat(100_000))).is_err());
    assert!(parsed(&format!("step = {}1{}", "[".repeat(5_000), "]".repeat(5_000))).is_err());
    assert!(parsed(&format!("a{}=1", ".a".repeat(20_000))).is_err());
}
