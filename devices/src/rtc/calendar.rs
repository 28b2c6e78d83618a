//! Unix time and the clock's registers.

use super::reg;

/// Register B bits 2 and 1: DM and 24/12.
#[derive(Clone, Copy, Debug)]
pub(super) struct Format {
    pub(super) binary: bool,
    pub(super) hours_24: bool,
}

impl Format {
    fn encode(self, value: u8) -> u8 {
        if self.binary { value } else { ((value / 10) << 4) | (value % 10) }
    }

    fn decode(self, byte: u8) -> u8 {
        if self.binary { byte } else { (byte >> 4).saturating_mul(10).saturating_add(byte & 0x0F) }
    }

    /// In 12-hour form bit 7 is PM.
    fn encode_hours(self, hours: u8) -> u8 {
        if self.hours_24 {
            return self.encode(hours);
        }
        let twelve = if hours.is_multiple_of(12) { 12 } else { hours % 12 };
        self.encode(twelve) | if hours >= 12 { 0x80 } else { 0 }
    }

    fn decode_hours(self, byte: u8) -> u8 {
        if self.hours_24 {
            return self.decode(byte);
        }
        self.decode(byte & 0x7F) % 12 + if byte & 0x80 != 0 { 12 } else { 0 }
    }
}

/// A moment as the registers tell it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Moment {
    pub(super) year: i64,
    pub(super) month: u8,
    pub(super) day: u8,
    /// 1 is Sunday.
    pub(super) weekday: u8,
    pub(super) hours: u8,
    pub(super) minutes: u8,
    pub(super) seconds: u8,
}

const DAYS_IN_400_YEARS: i64 = 146_097;
/// Days from 1 March of year 0 to 1 January 1970.
const EPOCH: i64 = 719_468;

impl Moment {
    /// Years are counted from March, so that the leap day comes last.
    pub(super) fn from_unix(unix: i64, weekday_shift: u8) -> Self {
        let (days, in_day) = (unix.div_euclid(86_400), unix.rem_euclid(86_400));
        let shifted = days + EPOCH;
        let (era, day) = (shifted.div_euclid(DAYS_IN_400_YEARS), shifted.rem_euclid(DAYS_IN_400_YEARS));
        let year = (day - day / 1_460 + day / 36_524 - day / 146_096) / 365;
        let day = day - (365 * year + year / 4 - year / 100);
        let month = (5 * day + 2) / 153;
        let january_on = if month >= 10 { 1 } else { 0 };
        Self {
            year: year + era * 400 + january_on,
            month: (if month < 10 { month + 3 } else { month - 9 }) as u8,
            day: (day - (153 * month + 2) / 5 + 1) as u8,
            weekday: ((days + 4 + i64::from(weekday_shift)).rem_euclid(7) + 1) as u8,
            hours: (in_day / 3600) as u8,
            minutes: (in_day / 60 % 60) as u8,
            seconds: (in_day % 60) as u8,
        }
    }

    pub(super) fn to_unix(self) -> i64 {
        let march_year = if self.month <= 2 { self.year - 1 } else { self.year };
        let (era, year) = (march_year.div_euclid(400), march_year.rem_euclid(400));
        let month = (i64::from(self.month) + 9) % 12;
        let day = (153 * month + 2) / 5 + i64::from(self.day) - 1;
        let days = era * DAYS_IN_400_YEARS + year * 365 + year / 4 - year / 100 + day - EPOCH;
        days * 86_400 + i64::from(self.hours) * 3600 + i64::from(self.minutes) * 60 + i64::from(self.seconds)
    }

    pub(super) fn write(self, memory: &mut [u8], format: Format) {
        memory[reg::SECONDS] = format.encode(self.seconds);
        memory[2] = format.encode(self.minutes);
        memory[4] = format.encode_hours(self.hours);
        memory[6] = format.encode(self.weekday);
        memory[7] = format.encode(self.day);
        memory[8] = format.encode(self.month);
        memory[reg::YEAR] = format.encode(self.year.rem_euclid(100) as u8);
        // The century is a byte of memory that the BIOS keeps in BCD whatever DM says.
        let bcd = Format { binary: false, ..format };
        memory[reg::CENTURY] = bcd.encode((self.year / 100).clamp(0, 99) as u8);
    }

    /// What the registers say, brought into range.
    pub(super) fn read(memory: &[u8], format: Format) -> Self {
        let bcd = Format { binary: false, ..format };
        let century = bcd.decode(memory[reg::CENTURY]).clamp(19, 99);
        Self {
            year: i64::from(century) * 100 + i64::from(format.decode(memory[reg::YEAR]).min(99)),
            month: format.decode(memory[8]).clamp(1, 12),
            day: format.decode(memory[7]).clamp(1, 31),
            weekday: format.decode(memory[6]).clamp(1, 7),
            hours: format.decode_hours(memory[4]).min(23),
            minutes: format.decode(memory[2]).min(59),
            seconds: format.decode(memory[reg::SECONDS]).min(59),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_moments() {
        for (unix, year, month, day, weekday) in
            [(0, 1970, 1, 1, 5), (951_782_400, 2000, 2, 29, 3), (4_102_444_800, 2100, 1, 1, 6)]
        {
            let moment = Moment::from_unix(unix, 0);
            assert_eq!((moment.year, moment.month, moment.day, moment.weekday), (year, month, day, weekday));
        }
    }

    #[test]
    fn every_day_of_two_centuries_round_trips() {
        for day in 0..73_000 {
            let unix = day * 86_400 + 12_345;
            assert_eq!(Moment::from_unix(unix, 0).to_unix(), unix);
        }
    }

    #[test]
    fn every_hour_round_trips_in_every_format() {
        for (binary, hours_24) in [(false, false), (false, true), (true, false), (true, true)] {
            let format = Format { binary, hours_24 };
            assert!((0..24).all(|hours| format.decode_hours(format.encode_hours(hours)) == hours));
        }
    }
}
