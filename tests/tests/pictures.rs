//! What the registers of the VGA do, against pictures that were looked at and compared with QEMU's
//! (`cargo run --release -p ringzero-tests --bin pictures`). `RINGZERO_BLESS=1` writes them anew.

use ringzero_tests::pictures::{draw, folder, load, save};
use ringzero_tests::programs::pictures::{ALL, Picture};

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

#[test]
fn every_picture_is_as_it_was_confirmed() {
    let failures: Vec<String> = ALL.iter().filter_map(|picture| check(picture).err()).collect();
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}
