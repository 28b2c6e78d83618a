//! Diskette drives and the media they take [IBM AT TRM, "Diskette Media State", 40:90h].

use crate::guest::Guest;

/// Media state bit 4: the medium is known.
pub(crate) const ESTABLISHED: u8 = 0x10;
/// Media state bit 5: every cylinder takes two steps.
pub(crate) const DOUBLE_STEP: u8 = 0x20;

/// A drive, as CMOS register 10h names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum DriveKind {
    Kb360,
    Mb1_2,
    Kb720,
    Mb1_44,
    Mb2_88,
}

/// A way to read a diskette: data rate code (0 500, 1 300, 2 250, 3 1000 kbit/s) and double stepping.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Recording {
    pub(crate) rate: u8,
    pub(crate) double_step: bool,
}

const fn recording(rate: u8, double_step: bool) -> Recording {
    Recording { rate, double_step }
}

impl DriveKind {
    /// Drive 0 is the upper half of CMOS 10h, drive 1 the lower.
    pub(crate) fn of(g: &mut Guest, drive: u8) -> Option<Self> {
        let types = g.cmos(0x10);
        match (drive, types) {
            (_, 0xFF) => None,
            (0, _) => Self::decode(types >> 4),
            (1, _) => Self::decode(types & 15),
            _ => None,
        }
    }

    pub(crate) fn decode(code: u8) -> Option<Self> {
        Some(match code {
            1 => Self::Kb360,
            2 => Self::Mb1_2,
            3 => Self::Kb720,
            4 => Self::Mb1_44,
            5 | 6 => Self::Mb2_88,
            _ => return None,
        })
    }

    /// BL of INT 13h AH=08h.
    pub(crate) fn code(self) -> u8 {
        match self {
            Self::Kb360 => 1,
            Self::Mb1_2 => 2,
            Self::Kb720 => 3,
            Self::Mb1_44 => 4,
            Self::Mb2_88 => 6,
        }
    }

    /// Highest cylinder and sectors per track.
    pub(crate) fn geometry(self) -> (u8, u8) {
        match self {
            Self::Kb360 => (39, 9),
            Self::Mb1_2 => (79, 15),
            Self::Kb720 => (79, 9),
            Self::Mb1_44 => (79, 18),
            Self::Mb2_88 => (79, 36),
        }
    }

    /// The 360 KB drive has no change line.
    pub(crate) fn has_change_line(self) -> bool {
        self != Self::Kb360
    }

    /// Recordings to try, the densest first.
    pub(crate) fn recordings(self) -> &'static [Recording] {
        const SLOW: Recording = recording(2, false);
        const HIGH: Recording = recording(0, false);
        const IN_1_2: Recording = recording(1, true);
        const EXTRA: Recording = recording(3, false);
        match self {
            Self::Kb360 | Self::Kb720 => &[SLOW],
            Self::Mb1_2 => &[HIGH, IN_1_2],
            Self::Mb1_44 => &[HIGH, SLOW],
            Self::Mb2_88 => &[EXTRA, HIGH, SLOW],
        }
    }

    /// Recording and index of its parameter table for `sectors` on a track and highest cylinder `cylinder`
    /// (AH=18h), if the drive takes such a diskette.
    pub(crate) fn format(self, cylinder: u8, sectors: u8) -> Option<(Recording, u16)> {
        let slow = recording(2, false);
        Some(match (self, cylinder, sectors) {
            (Self::Kb360, 39, 8 | 9) => (slow, 0),
            (Self::Mb1_2, 39, 8 | 9) => (recording(1, true), 1),
            (Self::Mb1_2, 79, 15) => (recording(0, false), 2),
            (Self::Kb720 | Self::Mb1_44 | Self::Mb2_88, 79, 9) => (slow, 3),
            (Self::Mb1_44 | Self::Mb2_88, 79, 18) => (recording(0, false), 4),
            (Self::Mb2_88, 79, 36) => (recording(3, false), 5),
            _ => return None,
        })
    }

    /// The media state byte of an established recording.
    pub(crate) fn state(self, recording: Recording) -> u8 {
        let low = match (self, recording.rate) {
            (Self::Kb360, _) => 3,
            (Self::Mb1_2, 1) => 4,
            (Self::Mb1_2, _) => 5,
            _ => 7,
        };
        recording.rate << 6 | if recording.double_step { DOUBLE_STEP } else { 0 } | ESTABLISHED | low
    }
}
