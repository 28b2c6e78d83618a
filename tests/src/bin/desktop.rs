//! Debian's own graphics and sound drivers: `desktop [console|x11|vesa|int10|ac97|sb16|speaker]...`, without a word all of them.

#[cfg(unix)]
fn main() {
    use ringzero_tests::desktop::guest::Desktop;
    use ringzero_tests::desktop::{sound, x11};
    let words: Vec<String> = std::env::args().skip(1).collect();
    let wanted = |word: &str| words.is_empty() || words.iter().any(|given| given == word);
    let files = [x11::files(), sound::files()].concat();
    let Some(desktop) = Desktop::get(&files) else { return };
    if wanted("console") || wanted("x11") {
        bochs(&desktop, wanted("x11"));
    }
    if wanted("vesa") {
        vesa(&desktop);
    }
    if wanted("int10") {
        int10(&desktop);
    }
    let cards = [("ac97", sound::ac97 as fn(&Desktop)), ("sb16", sound::sb16), ("speaker", sound::speaker)];
    for (_, check) in cards.iter().filter(|(name, _)| wanted(name)) {
        check(&desktop);
    }
}

/// The driver for this very display, which udev finds.
#[cfg(unix)]
fn bochs(desktop: &ringzero_tests::desktop::guest::Desktop, with_x: bool) {
    use ringzero_machine::Config;
    use ringzero_tests::desktop::{console::FrameBuffer, x11::Server};
    let mut guest = desktop.boot("bochs", "", Config::default());
    let buffer = FrameBuffer::of(&mut guest);
    guest.note(&format!("{buffer:?}"));
    assert!(buffer.driver.contains("bochs") && buffer.size == (1024, 768) && buffer.bits == 32, "{buffer:?}");
    buffer.check(&mut guest.fork("bochs-console"));
    if with_x {
        let mut server = Server::start(guest, "");
        let driver = server.driver();
        assert_eq!(driver, "modeset");
        server.check();
        server.check_console();
        server.check_sizes(&[(800, 600), (1280, 1024), (640, 480), (1024, 768)]);
    }
}

/// The frame buffer that the BIOS sets up for the kernel.
#[cfg(unix)]
fn vesa(desktop: &ringzero_tests::desktop::guest::Desktop) {
    use ringzero_machine::Config;
    use ringzero_tests::desktop::{console::FrameBuffer, x11::Server};
    // 1024 x 768 in 16 and 32 bits, by the numbers of VBE with 200h added [Linux, "vesafb"].
    for (mode, bits) in [("0x317", 16), ("0x344", 32)] {
        let name = format!("vesa-{bits}");
        let mut guest =
            desktop.boot(&name, &format!("vga={mode} modprobe.blacklist=bochs"), Config::default());
        let buffer = FrameBuffer::of(&mut guest);
        guest.note(&format!("{buffer:?}"));
        assert!(buffer.size == (1024, 768) && buffer.bits == bits, "{buffer:?}");
        buffer.check(&mut guest.fork(&format!("{name}-console")));
        // Left to itself the server takes both this driver and the one of the next test, and gives up.
        let mut server = Server::start(guest, "-config /root/fbdev.conf");
        let driver = server.driver();
        assert_eq!(driver, "FBDEV");
        server.check();
        server.check_console();
    }
}

/// The server's own emulator calls the video BIOS, so that must be machine code all through, which ours is not.
#[cfg(unix)]
fn int10(desktop: &ringzero_tests::desktop::guest::Desktop) {
    use ringzero_machine::Config;
    use ringzero_tests::desktop::x11::Server;
    use ringzero_tests::pc;
    // A video BIOS that keeps variables in its own segment needs a system BIOS that gives it RAM there.
    let [Some(bios), Some(vga_bios)] = ["bios-256k.bin", "vgabios-stdvga.bin"]
        .map(|file| pc::package_file(&format!("/usr/share/seabios/{file}")))
    else {
        return;
    };
    let config = Config { bios: Some(bios.into()), vga_bios: Some(vga_bios.into()), ..Config::default() };
    let guest = desktop.boot("int10", "modprobe.blacklist=bochs", config);
    let mut server = Server::start(guest, "-config /root/vesa.conf");
    let driver = server.driver();
    assert_eq!(driver, "VESA");
    // No switch to the console: the server gives up IOPL 3 for it, takes back only ports below 400h, and this BIOS uses one
    // above for its messages.
    server.check();
}

#[cfg(not(unix))]
fn main() {}
