//! Sound cards under ALSA: what is played is recorded in virtual time and measured.

use super::guest::{Desktop, Guest, keep};
use super::tone::{self, Tone};
use ringzero_machine::{Config, SoundCards};

/// What plays for longer than it is measured.
const SECONDS: u32 = 12;
/// Seconds that are measured, without gap or click.
const MEASURED: f64 = 10.0;
/// What may be left beside a sine that was made of 16 bits and passes through 100 % of every volume.
const REST: f64 = 3.0;
/// The same for one that changed its rate on the way.
const REST_AT_OTHER_RATE: f64 = 40.0;
/// The tone of the files.
const HEIGHT: f64 = 12_000.0;

/// Files for the guest's /root: a tone at three rates.
pub fn files() -> Vec<(&'static str, Vec<u8>)> {
    let wav = |rate| tone::wav(440.0, rate, SECONDS, HEIGHT);
    vec![("48000.wav", wav(48_000)), ("44100.wav", wav(44_100)), ("22050.wav", wav(22_050))]
}

/// The AC'97 controller, found by udev.
///
/// # Panics
/// When it sounds wrong.
#[track_caller]
pub fn ac97(desktop: &Desktop) {
    let cards = SoundCards { ac97: true, ..SoundCards::NONE };
    let mut guest = desktop.boot("ac97", "", with(cards));
    // The card's subsystem tells the driver of an emulator, whose clock it would not measure.
    guest.command("modprobe -r snd-intel8x0 && modprobe snd-intel8x0 inside_vm=0");
    let clock = guest.command("dmesg | grep intel8x0 | grep -i 'clock' | sed 's/.*: //'");
    guest.note(&format!("the driver on its clock: {:?}", clock.trim()));
    if !clock.contains("clocking to 48000") {
        guest.fail(&format!("the driver measured another clock: {clock}"));
    }
    play(&mut guest, [48_000, 44_100]);
}

/// The Sound Blaster 16, whose settings the user gives as on the real bus.
///
/// # Panics
/// When it sounds wrong.
#[track_caller]
pub fn sb16(desktop: &Desktop) {
    let mut guest = desktop.boot("sb16", "", with(SoundCards::default()));
    guest.command("modprobe snd-sb16 isapnp=0 port=0x220 irq=5 dma8=1 dma16=5 mpu_port=0x330 fm_port=0x388");
    guest.until("[ -e /dev/snd/hwC0D0 ]");
    play(&mut guest, [44_100, 22_050]);
}

/// The speaker, by the program `beep`.
///
/// # Panics
/// When it sounds wrong.
#[track_caller]
pub fn speaker(desktop: &Desktop) {
    let mut guest = desktop.boot("speaker", "", with(SoundCards::NONE));
    guest.command("modprobe pcspkr");
    guest.until("[ -e /dev/input/by-path/platform-pcspkr-event-spkr ]");
    guest.listen();
    guest.command("beep -f 440 -l 3000");
    let heard = guest.heard();
    let measured = tone::stretch(&heard, 0, 100, 2.5).map(|samples| Tone::measure(&samples, 440.0));
    let fits = measured.is_some_and(|tone| (tone.hz - 440.0).abs() < 0.5 && tone.level > 1000.0);
    report(&guest, "beep", measured, fits, &heard);
}

fn with(sound: SoundCards) -> Config {
    Config { sound, ..Config::default() }
}

/// Plays the tones of `speaker-test`, at the first rate, and of files.
#[track_caller]
fn play(guest: &mut Guest, rates: [u32; 2]) {
    guest.until("[ -e /dev/snd/pcmC0D0p ]");
    let controls = guest.command("cat /proc/asound/cards");
    guest.note(controls.trim());
    // A card without one of these is as loud without it.
    for control in ["Master", "PCM", "Front", "Master Mono"] {
        let set = format!("amixer -q -c 0 sset '{control}' 100%");
        guest.try_command(&format!("{set} unmute 2>/dev/null || {set}"));
    }
    let own = format!(
        "timeout 13 speaker-test -D plughw:0 -c 1 -r {} -t sine -f 440 -l 0 >/dev/null; true",
        rates[0]
    );
    record(guest, "speaker-test", &own, rates[0]);
    for rate in rates {
        record(guest, &rate.to_string(), &format!("aplay -q -D hw:0 /root/{rate}.wav"), rate);
    }
}

#[track_caller]
fn record(guest: &mut Guest, what: &str, command: &str, rate: u32) {
    let mut guest = guest.fork(&guest.name(what));
    guest.listen();
    guest.command(command);
    let heard = guest.heard();
    let most = if rate == 48_000 { REST } else { REST_AT_OTHER_RATE };
    for side in 0..2 {
        let measured =
            tone::stretch(&heard, side, 100, MEASURED).map(|samples| Tone::measure(&samples, 440.0));
        let fits = |tone: Tone| (tone.hz - 440.0).abs() < 0.01 && tone.level > 1000.0 && tone.rest < most;
        report(&guest, what, measured, measured.is_some_and(fits), &heard);
    }
}

#[track_caller]
fn report(guest: &Guest, what: &str, measured: Option<Tone>, fits: bool, heard: &[[i16; 2]]) {
    match measured {
        Some(Tone { hz, level, rest }) => {
            guest.note(&format!("{what}: {hz:.4} Hz, height {level:.1}, rest {rest:.2}"))
        }
        None => guest.note(&format!("{what}: nothing is heard for long enough")),
    }
    if !fits {
        let samples: Vec<u8> = heard.iter().flatten().flat_map(|side| side.to_le_bytes()).collect();
        let path = keep(&format!("{}.s16", guest.name(what)), &samples);
        guest.fail(&format!("{what} sounds wrong: {}", path.display()));
    }
}
