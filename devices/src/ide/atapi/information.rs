//! What a CD-ROM drive tells of itself and of its disc: one data track, in one session.

use super::{MediaEvent, sector};

/// The profile of a CD-ROM [MMC-3, "Profile List"].
const CD_ROM: u16 = 0x0008;
/// ADR 1, a data track that may not be copied in audio.
const DATA_TRACK: u8 = 0x14;
/// The lead-out's track number.
const LEAD_OUT: u8 = 0xAA;

/// INQUIRY.
pub(super) fn inquiry() -> Vec<u8> {
    let mut bytes = vec![0x05, 0x80, 0x00, 0x21, 31, 0, 0, 0];
    bytes.extend_from_slice(b"RINGZEROCD-ROM          1.0 ");
    bytes
}

/// An address as the TOC has it.
fn address(lba: u32, msf: bool) -> [u8; 4] {
    if !msf {
        return lba.to_be_bytes();
    }
    let [m, s, f] = sector::msf(lba);
    [0, m, s, f]
}

/// Puts the length of what follows it in front of `bytes`.
fn with_length(bytes: Vec<u8>) -> Vec<u8> {
    let mut all = (bytes.len() as u16).to_be_bytes().to_vec();
    all.extend(bytes);
    all
}

/// READ TOC/PMA/ATIP formats 0 to 2; `None` for fields that do not exist.
pub(super) fn toc(total: u32, format: u8, msf: bool, first: u8) -> Option<Vec<u8>> {
    match format {
        0 => track_list(total, msf, first),
        1 => {
            let mut bytes = vec![1, 1, 0, DATA_TRACK, 1, 0];
            bytes.extend(address(0, msf));
            Some(with_length(bytes))
        }
        2 => Some(full_toc(total)),
        _ => None,
    }
}

fn track_list(total: u32, msf: bool, first: u8) -> Option<Vec<u8>> {
    if first > 1 && first != LEAD_OUT {
        return None;
    }
    let mut bytes = vec![1, 1];
    if first <= 1 {
        bytes.extend([0, DATA_TRACK, 1, 0]);
        bytes.extend(address(0, msf));
    }
    bytes.extend([0, DATA_TRACK, LEAD_OUT, 0]);
    bytes.extend(address(total, msf));
    Some(with_length(bytes))
}

/// Format 2: the Q channel of the lead-in, always in minutes, seconds and frames.
fn full_toc(total: u32) -> Vec<u8> {
    let mut bytes = vec![1, 1];
    let [m, s, f] = sector::msf(total);
    let [m0, s0, f0] = sector::msf(0);
    for (point, [a, b, c]) in [(0xA0, [1, 0, 0]), (0xA1, [1, 0, 0]), (0xA2, [m, s, f]), (1, [m0, s0, f0])] {
        bytes.extend([1, DATA_TRACK, 0, point, 0, 0, 0, 0, a, b, c]);
    }
    with_length(bytes)
}

/// READ HEADER.
pub(super) fn header(lba: u32, msf: bool) -> Vec<u8> {
    let mut bytes = vec![1, 0, 0, 0];
    bytes.extend(address(lba, msf));
    bytes
}

/// READ SUB-CHANNEL: no audio plays.
pub(super) fn sub_channel(sub_q: bool, format: u8) -> Option<Vec<u8>> {
    let mut bytes = vec![0, 0x15, 0, 0];
    if sub_q {
        let body = match format {
            1 => 12,
            2 | 3 => 20,
            _ => return None,
        };
        bytes.resize(4 + body, 0);
        (bytes[3], bytes[4], bytes[5]) = (body as u8, format, DATA_TRACK);
    }
    Some(bytes)
}

/// READ DISC INFORMATION: a finished disc.
pub(super) fn disc() -> Vec<u8> {
    let mut bytes = vec![0; 34];
    bytes[..8].copy_from_slice(&[0, 32, 0x0E, 1, 1, 1, 1, 0x20]);
    bytes[16..24].fill(0xFF); // no lead-in and lead-out of a next session
    bytes
}

/// READ TRACK INFORMATION, by address, track or session.
pub(super) fn track(total: u32, by: u8, number: u32) -> Option<Vec<u8>> {
    let exists = match by {
        0 => number < total,
        _ => number == 1,
    };
    let mut bytes = vec![0; 36];
    bytes[..7].copy_from_slice(&[0, 34, 1, 1, 0, 0x04, 0x01]);
    bytes[24..28].copy_from_slice(&total.to_be_bytes());
    exists.then_some(bytes)
}

/// MECHANISM STATUS: no changer.
pub(super) fn mechanism_status(tray_open: bool) -> Vec<u8> {
    vec![0, if tray_open { 0x10 } else { 0 }, 0, 0, 0, 1, 0, 0]
}

/// The features of the drive: number, version with persistence, data; and whether it is current without a disc.
const FEATURES: [(u16, u8, &[u8], bool); 7] = [
    (0x0000, 0x03, &[], true),
    (0x0001, 0x03, &[0, 0, 0, 2], true),              // core: ATAPI
    (0x0002, 0x03, &[0, 0, 0, 0], true),              // morphing
    (0x0003, 0x03, &[0x29, 0, 0, 0], true),           // a tray that ejects and locks
    (0x0010, 0x00, &[0, 0, 8, 0, 0, 1, 0, 0], false), // random readable
    (0x001D, 0x00, &[], false),                       // multi-read
    (0x001E, 0x00, &[0, 0, 0, 0], false),             // CD read
];

/// GET CONFIGURATION from `first` on: all features, the current ones, or that one.
pub(super) fn configuration(disc: bool, which: u8, first: u16) -> Vec<u8> {
    let mut bytes = vec![0; 4];
    bytes[2..4].copy_from_slice(&(if disc { CD_ROM } else { 0 }).to_be_bytes());
    for (number, version, data, always) in FEATURES {
        let current = always || disc;
        let wanted = match which {
            0 => number >= first,
            1 => number >= first && current,
            _ => number == first,
        };
        if !wanted {
            continue;
        }
        let profile = [CD_ROM.to_be_bytes()[0], CD_ROM.to_be_bytes()[1], u8::from(disc), 0];
        let data = if number == 0 { &profile[..] } else { data };
        bytes.extend(number.to_be_bytes());
        bytes.extend([version | u8::from(current), data.len() as u8]);
        bytes.extend(data);
    }
    let mut all = (bytes.len() as u32).to_be_bytes().to_vec();
    all.extend(bytes);
    all
}

/// GET EVENT STATUS NOTIFICATION: of the media class, or no event.
pub(super) fn event_status(media: bool, event: MediaEvent, tray_open: bool, present: bool) -> Vec<u8> {
    const MEDIA_CLASS: u8 = 4;
    const SUPPORTED: u8 = 1 << MEDIA_CLASS;
    if !media {
        return vec![0, 0, 0x80, SUPPORTED];
    }
    let code = match event {
        MediaEvent::None => 0,
        MediaEvent::EjectRequest => 1,
        MediaEvent::NewMedia => 2,
        MediaEvent::Removal => 3,
    };
    let status = u8::from(tray_open) | u8::from(present) << 1;
    vec![0, 4, MEDIA_CLASS, SUPPORTED, code, status, 0, 0]
}

/// Mode pages: error recovery, CD-ROM parameters, audio control, capabilities [SFF-8020i, "Mode Page Codes"].
pub(super) fn mode_pages(code: u8, locked: bool) -> Option<Vec<u8>> {
    let capabilities = [
        0x2A,
        0x12,
        0x00,
        0x00,                                 // reads no CD-R methods
        0x70,                                 // multi-session, mode 2 forms 1 and 2
        0x00,                                 // no audio
        0x29 | if locked { 0x02 } else { 0 }, // tray, eject, lock
        0x00,
        0x02,
        0xC2, // 706 kB/s
        0x00,
        0x02,
        0x02,
        0x00, // volume levels, buffer of 512 KB
        0x02,
        0xC2,
        0x00,
        0x00,
        0x00,
        0x00,
    ];
    let pages: [&[u8]; 4] = [
        &[0x01, 0x06, 0x00, 0x05, 0, 0, 0, 0],
        &[0x0D, 0x06, 0x00, 0x0D, 0x00, 60, 0x00, 75],
        &[0x0E, 0x0E, 0x04, 0, 0, 0, 0, 75, 1, 0xFF, 2, 0xFF, 0, 0, 0, 0],
        &capabilities,
    ];
    let wanted = pages.into_iter().filter(|page| code == 0x3F || page[0] == code);
    let bytes: Vec<u8> = wanted.flatten().copied().collect();
    (!bytes.is_empty()).then_some(bytes)
}

/// Mode pages behind their header; nothing in them can be changed.
pub(super) fn mode_data(mut pages: Vec<u8>, medium_type: u8, changeable: bool, short: bool) -> Vec<u8> {
    if changeable {
        let mut at = 0;
        while let Some(&length) = pages.get(at + 1) {
            let end = (at + 2 + usize::from(length)).min(pages.len());
            pages[at + 2..end].fill(0);
            at = end;
        }
    }
    let mut bytes = if short {
        vec![pages.len() as u8 + 3, medium_type, 0, 0]
    } else {
        let [high, low] = (pages.len() as u16 + 6).to_be_bytes();
        vec![high, low, medium_type, 0, 0, 0, 0, 0]
    };
    bytes.extend(pages);
    bytes
}
