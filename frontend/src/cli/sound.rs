//! Sound cards on the command line.

use super::values::number;
use ringzero_machine::{Sb16Config, SoundCards};

/// A card of `--device` or `--sound`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum SoundCard {
    Sb16(Sb16Config),
    AdLib,
    Ac97,
}

/// The cards of `--sound`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct SoundList(pub(crate) Vec<SoundCard>);

/// `sb16`, `adlib`, `ac97`, several of them separated by commas, or `none`.
pub(crate) fn list(text: &str) -> Result<SoundList, String> {
    if text == "none" {
        return Ok(SoundList(Vec::new()));
    }
    text.split(',').map(card).collect::<Result<_, _>>().map(SoundList)
}

fn card(name: &str) -> Result<SoundCard, String> {
    match name.to_ascii_lowercase().as_str() {
        "sb16" => Ok(SoundCard::Sb16(Sb16Config::default())),
        "adlib" => Ok(SoundCard::AdLib),
        "ac97" => Ok(SoundCard::Ac97),
        _ => Err(format!("no sound card {name:?}; there are sb16, adlib, ac97 and none")),
    }
}

/// `sb16,iobase=0x220,irq=5,dma=1,dma16=5`, `adlib`, `ac97`; QEMU's `AC97` too.
pub(crate) fn device(text: &str) -> Result<SoundCard, String> {
    let (name, rest) = text.split_once(',').unwrap_or((text, ""));
    let card = card(name).map_err(|_| format!("no device {name:?}; there are {}", super::device::NAMES))?;
    // QEMU names the card's host side here; there is one only.
    let parts = rest.split(',').filter(|part| !part.is_empty() && !part.starts_with("audiodev="));
    match card {
        SoundCard::Sb16(config) => sb16(config, parts).map(SoundCard::Sb16),
        card => match parts.into_iter().next() {
            None => Ok(card),
            Some(part) => Err(format!("{name} has no {part:?}")),
        },
    }
}

fn sb16<'a>(mut config: Sb16Config, parts: impl Iterator<Item = &'a str>) -> Result<Sb16Config, String> {
    for part in parts {
        let (key, value) = part.split_once('=').unwrap_or((part, ""));
        let value = number(value).ok_or_else(|| format!("{part:?} needs a number, such as irq=5"))?;
        let wrong = |known: &str| Err(format!("{part}: the card knows {known}"));
        match (key, value) {
            ("iobase", 0x220 | 0x240 | 0x260 | 0x280) => config.iobase = value,
            ("iobase", _) => return wrong("0x220, 0x240, 0x260 and 0x280"),
            ("irq", 2) => config.irq = 9,
            ("irq", 5 | 7 | 9 | 10) => config.irq = value as u8,
            ("irq", _) => return wrong("2, 5, 7 and 10"),
            ("dma", 0 | 1 | 3) => config.dma = value as u8,
            ("dma", _) => return wrong("0, 1 and 3"),
            ("dma16", 5..=7) => config.dma16 = value as u8,
            ("dma16", _) => return wrong("5, 6 and 7"),
            _ => return Err(format!("sb16 has no {key:?}; it has iobase, irq, dma and dma16")),
        }
    }
    Ok(config)
}

/// The cards of a machine: those that are named, or a Sound Blaster 16.
pub(crate) fn cards(list: Option<&SoundList>, devices: impl Iterator<Item = SoundCard>) -> SoundCards {
    let devices: Vec<SoundCard> = devices.collect();
    if list.is_none() && devices.is_empty() {
        return SoundCards::default();
    }
    let listed = list.iter().flat_map(|list| list.0.iter().copied());
    listed.chain(devices).fold(SoundCards::NONE, |cards, card| match card {
        SoundCard::Sb16(config) => SoundCards { sb16: Some(config), ..cards },
        SoundCard::AdLib => SoundCards { adlib: true, ..cards },
        SoundCard::Ac97 => SoundCards { ac97: true, ..cards },
    })
}

/// `--audiodev wav,id=a,path=F` and its like, as QEMU writes them.
pub(crate) fn audiodev(text: &str) -> Result<super::values::AudioTarget, String> {
    use super::values::AudioTarget;
    let path = text.split(',').find_map(|part| part.strip_prefix("path="));
    match (text.split(',').next().unwrap_or_default(), path) {
        ("none", _) => Ok(AudioTarget::None),
        ("wav", Some(path)) if !path.is_empty() => Ok(AudioTarget::Wav(path.into())),
        ("wav", _) => Err("wav needs path=FILE".to_owned()),
        _ => Ok(AudioTarget::Card),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_card_is_set_by_its_settings() {
        let card = device("sb16,iobase=0x240,irq=7,dma=3,dma16=6,audiodev=x").unwrap();
        assert_eq!(card, SoundCard::Sb16(Sb16Config { iobase: 0x240, irq: 7, dma: 3, dma16: 6 }));
        assert_eq!((device("AC97"), device("adlib")), (Ok(SoundCard::Ac97), Ok(SoundCard::AdLib)));
    }

    #[test]
    fn mistakes_say_what_there_is() {
        for (text, part) in [
            ("sb16,irq=6", "2, 5, 7 and 10"),
            ("sb16,port=1", "iobase"),
            ("gus", "adlib"),
            ("ac97,x", "\"x\""),
        ] {
            let complaint = device(text).unwrap_err();
            assert!(complaint.contains(part), "{text}: {complaint}");
        }
    }

    #[test]
    fn naming_a_card_takes_the_default_ones_place() {
        assert_eq!(cards(None, std::iter::empty()), SoundCards::default());
        assert_eq!(cards(Some(&list("none").unwrap()), std::iter::empty()), SoundCards::NONE);
        let both = cards(Some(&list("sb16").unwrap()), std::iter::once(SoundCard::Ac97));
        assert!(both.sb16.is_some() && both.ac97);
    }
}
