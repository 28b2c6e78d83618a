//! INT 1Ah and INT 70h: the tick count and the clock [IBM AT TRM, "TIME_OF_DAY", "RTC_INT"; MC146818, "Registers"].
//!
//! *Modelled*: ticks, clock, date, alarm; the periodic interrupt that drives INT 15h AH=83h and 86h.
//! *Not modelled*: time zones. AH=B1h is the PCI BIOS, `pci::services`.

use crate::bda;
use crate::guest::{Guest, Served, WaitLabels};
use crate::pci;
use ringzero_bus::LinAddr;

const SECONDS: u8 = 0x00;
const SECONDS_ALARM: u8 = 0x01;
const MINUTES: u8 = 0x02;
const MINUTES_ALARM: u8 = 0x03;
const HOURS: u8 = 0x04;
const HOURS_ALARM: u8 = 0x05;
const DAY: u8 = 0x07;
const MONTH: u8 = 0x08;
const YEAR: u8 = 0x09;
const REG_A: u8 = 0x0A;
const REG_B: u8 = 0x0B;
const REG_C: u8 = 0x0C;
const REG_D: u8 = 0x0D;
const CENTURY: u8 = 0x32;

const UIP: u8 = 0x80;
const SET: u8 = 0x80;
const PIE: u8 = 0x40;
const AIE: u8 = 0x20;
const BINARY: u8 = 0x04;
const HOURS_24: u8 = 0x02;
const DAYLIGHT: u8 = 0x01;

/// Microseconds of a periodic interrupt at 1024 Hz.
const PERIOD_US: u32 = 976;
/// Ticks of a day.
const TICKS_PER_DAY: u32 = 0x18_00B0;

/// POST: 32,768 Hz divider, 1024 Hz rate, 24 hours; no interrupt enabled or pending.
pub(crate) fn start(g: &mut Guest) {
    g.set_cmos(REG_A, 0x26);
    let format = g.cmos(REG_B) & (BINARY | DAYLIGHT);
    g.set_cmos(REG_B, format | HOURS_24);
    g.cmos(REG_C);
    g.cmos(REG_D);
}

fn from_clock(g: &mut Guest, register: u8) -> u32 {
    let value = g.cmos(register);
    if g.cmos(REG_B) & BINARY != 0 {
        u32::from(value)
    } else {
        u32::from(value >> 4) * 10 + u32::from(value & 15)
    }
}

/// POST: 40:6Ch from the time of day, 1193182/65536 ticks a second.
pub(crate) fn set_ticks_from_clock(g: &mut Guest) -> Served {
    let (hours, minutes, seconds) = (from_clock(g, HOURS), from_clock(g, MINUTES), from_clock(g, SECONDS));
    let total = u64::from((hours * 60 + minutes) * 60 + seconds) * 1_193_182 / 65_536;
    let ticks = u32::try_from(total).unwrap_or(0).min(TICKS_PER_DAY - 1);
    g.write(bda::at(bda::TICKS), &ticks.to_le_bytes())
}

/// The functions of INT 1Ah.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Function {
    Ticks,
    SetTicks,
    Time,
    SetTime,
    Date,
    SetDate,
    SetAlarm,
    ResetAlarm,
    Pci,
    Unknown,
}

impl Function {
    fn decode(ah: u8) -> Self {
        match ah {
            0 => Self::Ticks,
            1 => Self::SetTicks,
            2 => Self::Time,
            3 => Self::SetTime,
            4 => Self::Date,
            5 => Self::SetDate,
            6 => Self::SetAlarm,
            7 => Self::ResetAlarm,
            0xB1 => Self::Pci,
            _ => Self::Unknown,
        }
    }
}

/// INT 1Ah, entered again while the clock updates itself.
pub(crate) fn int1a(g: &mut Guest) -> Served {
    let function = Function::decode(g.ah());
    match function {
        Function::Ticks => return ticks(g),
        Function::SetTicks => {
            let count = u32::from(g.cx()) << 16 | u32::from(g.dx());
            g.write(bda::at(bda::TICKS), &count.to_le_bytes())?;
            return g.set_bda(bda::MIDNIGHT, 0);
        }
        Function::Pci if pci::is_present(g) => return pci::services::int1a(g),
        Function::Pci | Function::Unknown => return g.set_cf(true),
        _ => {}
    }
    let status = g.cmos(REG_A);
    if status == 0xFF {
        return g.set_cf(true);
    }
    if status & UIP != 0 && matches!(function, Function::Time | Function::Date) {
        g.spin(WaitLabels::INT1A);
        return Ok(());
    }
    match function {
        Function::Time => time(g)?,
        Function::Date => date(g)?,
        Function::SetTime => set_time(g),
        Function::SetDate => set_date(g),
        Function::SetAlarm => return set_alarm(g),
        _ => {
            let control = g.cmos(REG_B);
            g.set_cmos(REG_B, control & !AIE);
        }
    }
    g.set_cf(false)
}

fn ticks(g: &mut Guest) -> Served {
    let count = g.read_u32(bda::at(bda::TICKS))?;
    let midnight = g.bda(bda::MIDNIGHT)?;
    g.set_bda(bda::MIDNIGHT, 0)?;
    g.set_cx((count >> 16) as u16);
    g.set_dx(count as u16);
    g.set_al(midnight);
    Ok(())
}

fn time(g: &mut Guest) -> Served {
    let (hours, minutes, seconds) = (g.cmos(HOURS), g.cmos(MINUTES), g.cmos(SECONDS));
    let daylight = g.cmos(REG_B) & DAYLIGHT;
    g.set_cx(u16::from(hours) << 8 | u16::from(minutes));
    g.set_dx(u16::from(seconds) << 8 | u16::from(daylight));
    g.set_ah(0);
    g.set_al(hours);
    Ok(())
}

fn date(g: &mut Guest) -> Served {
    let (century, year) = (g.cmos(CENTURY), g.cmos(YEAR));
    let (month, day) = (g.cmos(MONTH), g.cmos(DAY));
    g.set_cx(u16::from(century) << 8 | u16::from(year));
    g.set_dx(u16::from(month) << 8 | u16::from(day));
    g.set_ah(0);
    g.set_al(century);
    Ok(())
}

/// Stops updates, writes, starts them again.
fn write_clock(g: &mut Guest, registers: &[(u8, u8)], control: u8) {
    let old = g.cmos(REG_B);
    g.set_cmos(REG_B, old | SET);
    for (register, value) in registers {
        g.set_cmos(*register, *value);
    }
    g.set_cmos(REG_B, control & !SET);
}

fn set_time(g: &mut Guest) {
    let registers = [(SECONDS, g.dh()), (MINUTES, g.cl()), (HOURS, g.ch())];
    let control = g.cmos(REG_B) & !DAYLIGHT | g.dl() & DAYLIGHT | HOURS_24;
    write_clock(g, &registers, control);
}

fn set_date(g: &mut Guest) {
    let registers = [(DAY, g.dl()), (MONTH, g.dh()), (YEAR, g.cl()), (CENTURY, g.ch())];
    let control = g.cmos(REG_B);
    write_clock(g, &registers, control);
}

/// An alarm may be set only once.
fn set_alarm(g: &mut Guest) -> Served {
    let control = g.cmos(REG_B);
    if control & AIE != 0 {
        g.set_ax(0);
        return g.set_cf(true);
    }
    for (register, value) in [(SECONDS_ALARM, g.dh()), (MINUTES_ALARM, g.cl()), (HOURS_ALARM, g.ch())] {
        g.set_cmos(register, value);
    }
    unmask(g);
    g.set_cmos(REG_B, control & !SET | AIE);
    g.set_cf(false)
}

fn unmask(g: &mut Guest) {
    let slave = g.inb(0xA1);
    g.outb(0xA1, slave & !1);
    let master = g.inb(0x21);
    g.outb(0x21, master & !4);
}

/// Starts the periodic interrupt for an event wait [IBM AT TRM, "EVENT_WAIT"].
pub(crate) fn start_periodic(g: &mut Guest) {
    unmask(g);
    let control = g.cmos(REG_B);
    g.set_cmos(REG_B, control & !SET | PIE);
}

/// Stops it.
pub(crate) fn stop_periodic(g: &mut Guest) {
    let control = g.cmos(REG_B);
    g.set_cmos(REG_B, control & !PIE);
}

/// INT 70h: counts an event wait down and sets the caller's flag at its end; AL = 1 for an alarm.
pub(crate) fn int70(g: &mut Guest) -> Served {
    let causes = g.cmos(REG_C) & g.cmos(REG_B);
    if causes & PIE != 0 {
        periodic(g)?;
    }
    g.set_al(u8::from(causes & AIE != 0));
    Ok(())
}

fn periodic(g: &mut Guest) -> Served {
    let left = g.read_u32(bda::at(bda::WAIT_COUNT))?.saturating_sub(PERIOD_US);
    g.write(bda::at(bda::WAIT_COUNT), &left.to_le_bytes())?;
    if left > 0 {
        return Ok(());
    }
    stop_periodic(g);
    g.set_bda(bda::WAIT_ACTIVE, 0)?;
    let (segment, offset) = g.read_far(bda::at(bda::WAIT_FLAG_POINTER))?;
    let at = LinAddr::real(segment, offset);
    let flag = g.read_u8(at)?;
    g.write_u8(at, flag | 0x80)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::FakeMachine;

    #[test]
    fn reading_ticks_clears_the_midnight_flag() {
        let mut machine = FakeMachine::with_bda();
        machine.memory[0x46C..0x471].copy_from_slice(&[4, 3, 2, 1, 1]);
        machine.regs.eax = 0;
        int1a(&mut machine.guest()).unwrap();
        assert_eq!((machine.regs.ecx, machine.regs.edx, machine.regs.eax), (0x0102, 0x0304, 1));
        assert_eq!(machine.memory[0x470], 0);
    }

    #[test]
    fn a_clock_that_updates_makes_the_call_wait() {
        let mut machine = FakeMachine::with_bda();
        machine.fixed.insert(0x71, 0x80);
        machine.regs.eax = 0x0200;
        int1a(&mut machine.guest()).unwrap();
        assert_eq!(machine.regs.eip, u32::from(ringzero_roms::label::INT1A_SPIN));
    }

    #[test]
    fn an_absent_clock_is_an_error() {
        let mut machine = FakeMachine::with_bda();
        machine.regs.eax = 0x0400;
        int1a(&mut machine.guest()).unwrap();
        assert_eq!(machine.caller_flags() & 1, 1);
    }

    #[test]
    fn an_event_wait_ends_by_setting_bit_7() {
        let mut machine = FakeMachine::with_bda();
        machine.fixed.insert(0x71, 0x40);
        machine.memory[0x498..0x49C].copy_from_slice(&[0, 0, 0, 0x20]);
        machine.memory[0x49C] = 100;
        int70(&mut machine.guest()).unwrap();
        assert_eq!(machine.memory[0x20000], 0x80);
    }
}
