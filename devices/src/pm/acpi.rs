//! The ACPI registers: PM1, the timer, general purpose events [PIIX4, "Power Management IO Space Registers"].

use ringzero_bus::{Clock, VTime};
use serde::{Deserialize, Serialize};

/// The power management timer: a quarter of 14.31818 MHz [ACPI, "Power Management Timer"].
const TIMER: Clock = Clock { cycles: 315_000_000, per_seconds: 22 * 4 };
/// Its width.
const TIMER_MASK: u64 = 0xFF_FFFF;
/// The bit whose every change sets TMROF_STS.
const TIMER_TOP: u32 = 23;

/// Bits of PMSTS and PMEN.
mod event {
    pub(super) const TMR: u16 = 0x0001;
    pub(super) const GBL: u16 = 0x0020;
    pub(super) const PWRBTN: u16 = 0x0100;
    pub(super) const RTC: u16 = 0x0400;
    pub(super) const ALL: u16 = TMR | GBL | PWRBTN | RTC;
}

/// Bits of PMCNTRL.
mod control {
    pub(super) const SCI_EN: u16 = 0x0001;
    /// SUS_EN, write-only.
    pub(super) const SLP_EN: u16 = 0x2000;
    /// SCI_EN, BRLD_EN_BM and SUS_TYP.
    pub(super) const KEPT: u16 = 0x1C03;
}

/// What SUS_TYP asks for when SUS_EN is written, as the tables of QEMU and SeaBIOS have it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Sleep {
    /// S5, and S4 from where the guest itself comes back.
    Off,
    /// S3 and what nobody uses.
    None,
}

impl Sleep {
    fn decode(control: u16) -> Self {
        match control >> 10 & 7 {
            0 | 2 => Self::Off,
            _ => Self::None,
        }
    }
}

/// What a write asks of the machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Effect {
    SoftOff,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Acpi {
    /// PMSTS without TMROF_STS, which follows from the timer.
    status: u16,
    enable: u16,
    control: u16,
    /// The timer's half period in which TMROF_STS was last clear.
    timer_seen: u64,
    gpe_enable: u16,
    /// GPEN, PCNTRL, GLBEN, GLBCTL, DEVCTL and GPOREG, which only keep what is written.
    plain: [u8; 32],
}

impl Default for Acpi {
    fn default() -> Self {
        Self::reset(VTime(0))
    }
}

/// Where a register that only keeps what is written is kept.
fn plain(offset: u16) -> Option<usize> {
    let place = match offset {
        0x0E..=0x0F => offset - 0x0E,
        0x10..=0x13 => 2 + (offset - 0x10),
        0x20..=0x21 => 6 + (offset - 0x20),
        0x28..=0x2F => 8 + (offset - 0x28),
        0x34..=0x37 => 16 + (offset - 0x34),
        _ => return None,
    };
    Some(usize::from(place))
}

fn half_periods(now: VTime) -> u64 {
    TIMER.ticks_at(now) >> TIMER_TOP
}

/// `register` with one of its bytes replaced.
fn with_byte(register: u16, high: bool, value: u8) -> u16 {
    let mut bytes = register.to_le_bytes();
    bytes[usize::from(high)] = value;
    u16::from_le_bytes(bytes)
}

fn byte_of(register: u16, offset: u16) -> u8 {
    register.to_le_bytes()[usize::from(offset & 1)]
}

impl Acpi {
    /// The registers after RESET. The timer runs on.
    pub(super) fn reset(now: VTime) -> Self {
        let timer_seen = half_periods(now);
        Self { status: 0, enable: 0, control: 0, timer_seen, gpe_enable: 0, plain: [0; 32] }
    }

    pub(super) fn press_power_button(&mut self) {
        self.status |= event::PWRBTN;
    }

    pub(super) fn set_sci_en(&mut self, on: bool) {
        self.control = self.control & !control::SCI_EN | if on { control::SCI_EN } else { 0 };
    }

    /// PMSTS.
    fn status_at(&self, now: VTime) -> u16 {
        let toggled = half_periods(now) != self.timer_seen;
        self.status | if toggled { event::TMR } else { 0 }
    }

    /// The level of the system control interrupt.
    pub(super) fn sci(&self, now: VTime) -> bool {
        self.control & control::SCI_EN != 0 && self.status_at(now) & self.enable & event::ALL != 0
    }

    /// When TMROF_STS will be set and interrupt.
    pub(super) fn next_timer_event(&self, now: VTime) -> Option<VTime> {
        let wanted = self.enable & event::TMR != 0 && self.control & control::SCI_EN != 0;
        let waits = wanted && self.status_at(now) & event::TMR == 0;
        waits.then(|| TIMER.time_of_tick((half_periods(now) + 1) << TIMER_TOP))
    }

    pub(super) fn read(&self, now: VTime, offset: u16) -> u8 {
        match offset {
            0x00..=0x01 => byte_of(self.status_at(now), offset),
            0x02..=0x03 => byte_of(self.enable, offset),
            0x04..=0x05 => byte_of(self.control, offset),
            0x08..=0x0B => {
                let value = (TIMER.ticks_at(now) & TIMER_MASK) as u32;
                value.to_le_bytes()[usize::from(offset - 0x08)]
            }
            _ => plain(offset).map_or(0, |n| self.plain[n]),
        }
    }

    pub(super) fn write(&mut self, now: VTime, offset: u16, value: u8) -> Option<Effect> {
        let high = offset & 1 != 0;
        match offset {
            0x00..=0x01 => self.clear_status(now, with_byte(0, high, value)),
            0x02..=0x03 => self.enable = with_byte(self.enable, high, value) & event::ALL,
            0x04..=0x05 => return self.write_control(with_byte(self.control, high, value)),
            _ => {
                if let Some(n) = plain(offset) {
                    self.plain[n] = value;
                }
            }
        }
        None
    }

    /// A 1 clears.
    fn clear_status(&mut self, now: VTime, bits: u16) {
        self.status &= !bits;
        if bits & event::TMR != 0 {
            self.timer_seen = half_periods(now);
        }
    }

    fn write_control(&mut self, value: u16) -> Option<Effect> {
        self.control = value & control::KEPT;
        (value & control::SLP_EN != 0 && Sleep::decode(value) == Sleep::Off).then_some(Effect::SoftOff)
    }

    /// The status register of general purpose events, of which there are none, and their enable register.
    pub(super) fn read_gpe(&self, offset: u16) -> u8 {
        if offset < 2 { 0 } else { byte_of(self.gpe_enable, offset) }
    }

    pub(super) fn write_gpe(&mut self, offset: u16, value: u8) {
        if offset >= 2 {
            self.gpe_enable = with_byte(self.gpe_enable, offset & 1 != 0, value);
        }
    }

    pub(super) fn is_valid(&self) -> bool {
        self.status & !event::ALL == 0 && self.enable & !event::ALL == 0 && self.control & !control::KEPT == 0
    }
}
