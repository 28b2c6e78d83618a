//! Assembles the ROM images and the demo disk from the sources in `build/` and writes the table of trap points.

#[path = "build/asm.rs"]
mod asm;
#[path = "build/bios32.rs"]
mod bios32;
#[path = "build/demo/mod.rs"]
mod demo;
#[path = "build/fonts.rs"]
mod fonts;
#[path = "build/irq.rs"]
mod irq;
#[path = "build/kernel_loader.rs"]
mod kernel_loader;
#[path = "src/loader.rs"]
#[allow(unreachable_pub, dead_code, reason = "the library shares this file")]
mod loader;
#[path = "src/params.rs"]
#[allow(unreachable_pub, reason = "the library shares this file")]
mod params;
#[path = "build/post.rs"]
mod post;
#[path = "build/print_screen.rs"]
mod print_screen;
#[path = "build/processor.rs"]
mod processor;
#[path = "build/system.rs"]
mod system;
#[path = "build/tables.rs"]
mod tables;
#[path = "build/vesa/mod.rs"]
mod vesa;
#[path = "src/vesa.rs"]
#[allow(unreachable_pub, reason = "the library shares this file")]
mod vesa_modes;
#[path = "build/video.rs"]
mod video;

use asm::Assembled;
use std::collections::BTreeSet;
use std::error::Error;
use std::fmt::Write as _;
use std::path::Path;
use std::{env, fs};

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-changed=build");
    println!("cargo::rerun-if-changed=src/params.rs");
    println!("cargo::rerun-if-changed=src/vesa.rs");
    println!("cargo::rerun-if-changed=src/loader.rs");
    let out = env::var_os("OUT_DIR").ok_or("cargo sets OUT_DIR")?;
    let out = Path::new(&out);
    let fonts = fonts::build();
    let (system_code, system_rom) = system::build(&fonts.f8x8)?;
    let (video_code, video_rom) = video::build(&fonts)?;
    fs::write(out.join("system.rom"), system_rom)?;
    fs::write(out.join("video.rom"), video_rom)?;
    fs::write(out.join("kernel_loader.rom"), kernel_loader::build()?)?;
    fs::write(out.join("demo.img"), demo::build()?)?;
    fs::write(out.join("generated.rs"), generated(&system_code, &video_code)?)?;
    Ok(())
}

/// `int16_again` to `Int16Again`; a trailing 2 names a second trap of the same meaning.
fn camel(name: &str) -> String {
    let name = name.strip_suffix("AGAIN2").map_or(name.to_owned(), |n| format!("{n}AGAIN"));
    let words = name.split('_').filter(|w| !w.is_empty());
    words.map(|w| w[..1].to_owned() + &w[1..].to_lowercase()).collect()
}

fn generated(system: &Assembled, video: &Assembled) -> Result<String, std::fmt::Error> {
    let mut text = String::new();
    let all = || system.traps.iter().map(|t| (0xF000, t)).chain(video.traps.iter().map(|t| (0xC000, t)));
    let names: BTreeSet<String> = all().map(|(_, (name, _))| camel(name)).collect();
    writeln!(text, "/// The services that a ROM enters.\n#[derive(Clone, Copy, Debug, PartialEq, Eq)]")?;
    writeln!(text, "#[expect(missing_docs, reason = \"named as their ROM labels\")]\npub enum Trap {{")?;
    for name in &names {
        writeln!(text, "    {name},")?;
    }
    writeln!(text, "}}\n\n/// Linear address behind each trapping OUT, and its service.")?;
    writeln!(text, "pub const TRAPS: &[(u32, Trap)] = &[")?;
    for (segment, (name, offset)) in all() {
        writeln!(text, "    (0x{:05X}, Trap::{}),", segment * 16 + u32::from(*offset), camel(name))?;
    }
    writeln!(text, "];\n\n/// Interrupt vector, segment and offset, as POST sets them.")?;
    writeln!(text, "pub const VECTORS: &[(u8, u16, u16)] = &[")?;
    for (vector, name) in system::VECTORS {
        writeln!(text, "    (0x{vector:02X}, 0xF000, 0x{:04X}),", system::handler(system, name))?;
    }
    writeln!(text, "];")?;
    constants(&mut text, "label", "Offsets in the system ROM.", &system.labels)?;
    constants(&mut text, "video", "Offsets in the video ROM.", &video.labels)?;
    constants(&mut text, "video_data", "Offsets of the video ROM's data.", &video::PLACES)?;
    Ok(text)
}

fn constants(text: &mut String, module: &str, doc: &str, list: &[(&str, u16)]) -> std::fmt::Result {
    writeln!(
        text,
        "\n/// {doc}\n#[expect(missing_docs, reason = \"named as their labels\")]\npub mod {module} {{"
    )?;
    for (name, offset) in list {
        writeln!(text, "    pub const {name}: u16 = 0x{offset:04X};")?;
    }
    writeln!(text, "}}")
}
