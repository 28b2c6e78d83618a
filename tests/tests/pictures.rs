//! What the registers of the VGA do, against pictures that were looked at and compared with QEMU's
//! (`cargo run --release -p ringzero-tests --bin pictures`). `RINGZERO_BLESS=1` writes them anew.

use ringzero_machine::{Frame, Model};
use ringzero_tests::pictures::{draw, folder, load, save};
use ringzero_tests::programs::pictures::{ALL, Picture};
use ringzero_tests::session::{Session, SharedDisk};
use ringzero_tests::{fat, shared};

fn check(picture: &Picture) -> Result<(), String> {
    let path = folder().join(format!("{}.png", picture.name));
    let frame = draw(picture);
    if std::env::var_os("RINGZERO_BLESS").is_some() {
        return save(&path, &frame).map_err(|error| error.to_string());
    }
    let golden = load(&path).ok_or_else(|| format!("{}: no golden", picture.name))?;
    if golden == frame {
        return Ok(());
    }
    let seen = std::env::temp_dir().join(format!("ringzero-{}.png", picture.name));
    save(&seen, &frame).map_err(|error| error.to_string())?;
    Err(format!("{}: not as its golden; see {}", picture.name, seen.display()))
}

/// Programs that do not mind the segment they are loaded to, and whose picture is the same at all times.
const UNDER_DOS: [&str; 7] =
    ["mode_x", "tall_mode_x", "split_screen", "panning", "write_modes", "vesa_16", "vesa_panning"];

#[test]
fn freedos_programs_draw_what_boot_programs_do() {
    let Some(image) = shared::folder("guests/freedos-2012.img") else { return };
    for picture in ALL.iter().filter(|picture| UNDER_DOS.contains(&picture.name)) {
        let mut disk = std::fs::read(&image).unwrap();
        fat::put(&mut disk, b"PICTURE COM", &picture.com_file().unwrap()).unwrap();
        let mut session = Session::boot(&SharedDisk::new(disk), Model::MAX);
        session.wait_for("A:\\>");
        session.type_text("picture");
        session.machine.type_text("\n").unwrap();
        session.pass(4_000);
        let mut frame = Frame::default();
        session.machine.render(&mut frame);
        let golden = load(&folder().join(format!("{}.png", picture.name)));
        assert!(golden == Some(frame), "{} is drawn otherwise under DOS", picture.name);
    }
}

#[test]
fn every_picture_is_as_it_was_confirmed() {
    let failures: Vec<String> = ALL.iter().filter_map(|picture| check(picture).err()).collect();
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}
