//! INT 15h: system services [IBM AT TRM, "Cassette I/O (System Services)"; PS/2 BIOS; ACPI, "INT 15H, E820H"].
//!
//! *Modelled*: A20 (24h), keyboard intercept (4Fh), event wait and wait (83h, 86h), joystick (84h), block move (87h),
//! memory sizes (88h, C7h answers as absent, E801h, E881h; E820h is `memory_map`), hooks (80h to 82h, 85h, 90h, 91h), configuration (C0h), EBDA
//! (C1h), pointing device (C2h, `pointing_device`). *Not modelled*: protected mode entry (89h), APM (53h).

use crate::bda::{self, own};
use crate::guest::{Guest, Served, WaitLabels};
use crate::memory_map;
use crate::pointing_device;
use crate::time;
use ringzero_bus::LinAddr;

/// AH of an unknown function.
pub(crate) const UNSUPPORTED: u8 = 0x86;
/// RAM above this is not reported: the space below 4 GiB belongs to devices.
const RAM_LIMIT: u64 = 0xE000_0000;
/// One mebibyte.
pub(crate) const MIB: u64 = 1 << 20;

/// The functions, by AH.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Function {
    A20,
    Intercept,
    /// Open, close and end of a device or program, SysReq, busy and done: hooks that do nothing here.
    Hook,
    EventWait,
    Joystick,
    Wait,
    BlockMove,
    ExtendedMemory,
    Configuration,
    ExtendedArea,
    PointingDevice,
    BigMemory,
    Unknown,
}

impl Function {
    fn decode(ah: u8) -> Self {
        match ah {
            0x24 => Self::A20,
            0x4F => Self::Intercept,
            0x80..=0x82 | 0x85 | 0x90 | 0x91 => Self::Hook,
            0x83 => Self::EventWait,
            0x84 => Self::Joystick,
            0x86 => Self::Wait,
            0x87 => Self::BlockMove,
            0x88 => Self::ExtendedMemory,
            0xC0 => Self::Configuration,
            0xC1 => Self::ExtendedArea,
            0xC2 => Self::PointingDevice,
            0xE8 => Self::BigMemory,
            _ => Self::Unknown,
        }
    }
}

/// The service.
pub(crate) fn int15(g: &mut Guest) -> Served {
    match Function::decode(g.ah()) {
        Function::A20 => a20(g),
        Function::Intercept => g.set_cf(true),
        Function::Hook => done(g, 0),
        Function::EventWait => event_wait(g),
        Function::Joystick => joystick(g),
        Function::Wait => wait(g),
        Function::BlockMove => block_move(g),
        Function::ExtendedMemory => {
            // The answer is a word, and 64 MiB would read as nothing to old programs.
            let kilobytes = (memory(g)?.saturating_sub(MIB) / 1024).min(0xFC00);
            g.set_ax(kilobytes as u16);
            g.set_cf(false)
        }
        Function::Configuration => {
            g.regs().es = 0xF000;
            g.set_bx(0xE6F5);
            done(g, 0)
        }
        Function::ExtendedArea => {
            let segment = g.bda16(bda::EBDA_SEGMENT)?;
            g.regs().es = segment;
            g.set_cf(false)
        }
        Function::PointingDevice => pointing_device::service(g),
        Function::BigMemory => big_memory(g),
        Function::Unknown => failed(g, UNSUPPORTED),
    }
}

fn done(g: &mut Guest, ah: u8) -> Served {
    g.set_ah(ah);
    g.set_cf(false)
}

pub(crate) fn failed(g: &mut Guest, ah: u8) -> Served {
    g.set_ah(ah);
    g.set_cf(true)
}

/// Bytes from 0 to the end of what a program may use: below the tables, where there are some.
pub(crate) fn memory(g: &mut Guest) -> Served<u64> {
    Ok(match g.read_ebda_u32(own::ACPI_TABLES)? {
        0 => g.ram_size().min(RAM_LIMIT),
        tables => u64::from(tables),
    })
}

/// AH=24h: the A20 gate, by port 92h.
fn a20(g: &mut Guest) -> Served {
    let gate = g.inb(0x92);
    match g.al() {
        0 => g.outb(0x92, gate & !3),
        1 => g.outb(0x92, gate & !1 | 2),
        2 => g.set_al(gate >> 1 & 1),
        // Keyboard controller and port 92h both work.
        3 => g.set_bx(3),
        _ => return failed(g, UNSUPPORTED),
    }
    done(g, 0)
}

/// AH=83h: sets bit 7 at ES:BX after CX:DX microseconds, or cancels.
fn event_wait(g: &mut Guest) -> Served {
    if g.al() == 1 {
        g.set_bda(bda::WAIT_ACTIVE, 0)?;
        time::stop_periodic(g);
        return done(g, 0);
    }
    if g.bda(bda::WAIT_ACTIVE)? & 1 != 0 {
        return failed(g, 0);
    }
    let (segment, offset) = (g.regs().es, g.bx());
    start_wait(g, segment, offset)?;
    g.set_bda(bda::WAIT_ACTIVE, 1)?;
    done(g, 0)
}

fn start_wait(g: &mut Guest, segment: u16, offset: u16) -> Served {
    let count = u32::from(g.cx()) << 16 | u32::from(g.dx());
    g.write_far(bda::at(bda::WAIT_FLAG_POINTER), segment, offset)?;
    g.write(bda::at(bda::WAIT_COUNT), &count.to_le_bytes())?;
    time::start_periodic(g);
    Ok(())
}

/// AH=86h: waits CX:DX microseconds. The clock sets bit 7 of 40:A0h; the end by virtual time guards against a guest that
/// took the clock's interrupt for itself.
fn wait(g: &mut Guest) -> Served {
    if g.bda(bda::WAIT_ACTIVE)? & 1 != 0 {
        return failed(g, 0x83);
    }
    let count = u64::from(g.cx()) << 16 | u64::from(g.dx());
    g.arm(own::RTC_WAIT, count * 1000)?;
    start_wait(g, 0x40, bda::WAIT_ACTIVE)?;
    g.set_bda(bda::WAIT_ACTIVE, 1)?;
    wait_again(g)
}

/// A service that was entered again: AH still says which.
pub(crate) fn again(g: &mut Guest) -> Served {
    match Function::decode(g.ah()) {
        Function::PointingDevice => pointing_device::again(g),
        _ => wait_again(g),
    }
}

/// A wait that was entered again.
fn wait_again(g: &mut Guest) -> Served {
    let passed = g.expired(own::RTC_WAIT)?;
    if !passed {
        let short = g.read_u32(bda::at(bda::WAIT_COUNT))? < 2000;
        if short {
            g.spin(WaitLabels::INT15)
        } else {
            g.wait(WaitLabels::INT15)
        }
        return Ok(());
    }
    g.set_bda(bda::WAIT_ACTIVE, 0)?;
    time::stop_periodic(g);
    done(g, 0)
}

/// AH=84h: switches in AL, or no game port: its one-shots never end on an empty slot.
fn joystick(g: &mut Guest) -> Served {
    let lines = g.inb(0x201);
    if lines == 0xFF || g.dx() > 1 {
        return failed(g, UNSUPPORTED);
    }
    if g.dx() == 0 {
        g.set_al(lines & 0xF0);
    } else {
        g.set_ax(0);
        g.set_bx(0);
        g.set_cx(0);
        g.set_dx(0);
    }
    g.set_cf(false)
}

/// AH=87h: CX words between the segments of the descriptor table at ES:SI: source at 10h, target at 18h. AH is 0 for
/// success, 2 for a bad descriptor or length.
fn block_move(g: &mut Guest) -> Served {
    let (es, si) = (g.regs().es, g.si());
    let length = usize::from(g.cx()) * 2;
    let mut table = [0; 0x30];
    g.read(LinAddr::real(es, si), &mut table)?;
    let source = descriptor(&table[0x10..0x18]);
    let target = descriptor(&table[0x18..0x20]);
    if length > 0x1_0000 || length as u64 > source.1 + 1 || length as u64 > target.1 + 1 {
        return failed(g, 2);
    }
    let mut data = vec![0; length];
    g.read_phys(source.0, &mut data);
    g.write_phys(target.0, &data);
    g.set_zf(true)?;
    done(g, 0)
}

/// Base and limit of an 80286 descriptor, with the 80386's upper base byte [SDM 3A, "Segment Descriptors"].
fn descriptor(bytes: &[u8]) -> (u64, u64) {
    let limit = u64::from(u16::from_le_bytes([bytes[0], bytes[1]]));
    let base = u32::from_le_bytes([bytes[2], bytes[3], bytes[4], bytes[7]]);
    (u64::from(base), limit)
}

/// AH=E8h: AL says which form of the question.
fn big_memory(g: &mut Guest) -> Served {
    match g.al() {
        0x01 => {
            let (low, high) = split_memory(g)?;
            g.set_ax(low);
            g.set_cx(low);
            g.set_bx(high);
            g.set_dx(high);
            g.set_cf(false)
        }
        0x81 => {
            let (low, high) = split_memory(g)?;
            let regs = g.regs();
            regs.eax = u32::from(low);
            regs.ecx = u32::from(low);
            regs.ebx = u32::from(high);
            regs.edx = u32::from(high);
            g.set_cf(false)
        }
        0x20 => memory_map::service(g),
        _ => failed(g, UNSUPPORTED),
    }
}

/// KiB between 1 and 16 MiB, 64 KiB blocks above.
fn split_memory(g: &mut Guest) -> Served<(u16, u16)> {
    let above = memory(g)?.saturating_sub(MIB);
    let low = above.min(15 * MIB) / 1024;
    let high = above.saturating_sub(15 * MIB) / 0x1_0000;
    Ok((low as u16, high as u16))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::FakeMachine;

    fn call(machine: &mut FakeMachine, eax: u32) -> bool {
        machine.regs.eax = eax;
        int15(&mut machine.guest()).unwrap();
        machine.caller_flags() & 1 == 0
    }

    #[test]
    fn memory_above_one_mebibyte_in_both_forms() {
        let mut machine = FakeMachine::with_bda();
        machine.ram_size = 32 << 20;
        assert!(call(&mut machine, 0x8800));
        assert_eq!(machine.regs.eax, 31 * 1024);
        assert!(call(&mut machine, 0xE801));
        assert_eq!((machine.regs.eax as u16, machine.regs.ebx as u16), (15 * 1024, 16 * 16));
    }

    #[test]
    fn block_move_follows_its_descriptors() {
        let mut machine = FakeMachine::with_bda();
        machine.memory[0x5000..0x5004].copy_from_slice(b"move");
        let descriptor =
            |base: u32| [0xFF, 0xFF, base as u8, (base >> 8) as u8, (base >> 16) as u8, 0x93, 0, 0];
        machine.memory[0x2010..0x2018].copy_from_slice(&descriptor(0x5000));
        machine.memory[0x2018..0x2020].copy_from_slice(&descriptor(0x8_0000));
        machine.regs.es = 0x200;
        machine.regs.ecx = 2;
        assert!(call(&mut machine, 0x8700));
        assert_eq!(machine.memory[0x8_0000..0x8_0004], *b"move");
    }

    #[test]
    fn the_keyboard_intercept_passes_the_key_on() {
        let mut machine = FakeMachine::with_bda();
        assert!(!call(&mut machine, 0x4F1E));
        assert_eq!(machine.regs.eax, 0x4F1E);
    }

    #[test]
    fn an_unknown_function_says_so() {
        let mut machine = FakeMachine::with_bda();
        assert!(!call(&mut machine, 0x5300));
        assert_eq!(machine.regs.eax >> 8, 0x86);
    }

    #[test]
    fn a_wait_ends_with_its_time() {
        let mut machine = FakeMachine::with_bda();
        machine.regs.ecx = 1;
        call(&mut machine, 0x8600);
        assert_ne!(machine.regs.eip, 0);
        machine.now.0 = 1_000_000_000;
        wait_again(&mut machine.guest()).unwrap();
        assert_eq!((machine.regs.eax >> 8, machine.memory[0x4A0]), (0, 0));
    }
}
