//! INT 17h, the parallel printer [IBM AT TRM, "PRINTER_IO"].
//!
//! *Modelled*: print, initialise, status, time-outs. *Not modelled*: EPP extensions.

use crate::bda::{self, own};
use crate::guest::{Guest, Served, WaitLabels};

const TIMED_OUT: u8 = 0x01;
/// Status port bit 7: the printer is not busy.
const READY: u8 = 0x80;

fn port(g: &mut Guest) -> Served<Option<u16>> {
    let number = g.dx();
    if number > 2 {
        return Ok(None);
    }
    let port = g.bda16(bda::LPT_PORTS + number * 2)?;
    Ok((port != 0).then_some(port))
}

/// AH=00h print AL, 01h initialise, 02h status.
pub(crate) fn int17(g: &mut Guest) -> Served {
    let Some(port) = port(g)? else { return Ok(()) };
    match g.ah() {
        0 => {
            let number = g.dx();
            let timeout = g.bda(bda::LPT_TIMEOUTS + number)?.max(1);
            // A unit of the time-out is about a second on the AT.
            g.arm(own::PRINTER_DEADLINE, u64::from(timeout) * 1_000_000_000)?;
            print(g, port)
        }
        1 => {
            g.outb(port + 2, 0x08);
            g.outb(port + 2, 0x0C);
            status(g, port, 0);
            Ok(())
        }
        2 => {
            status(g, port, 0);
            Ok(())
        }
        _ => Ok(()),
    }
}

/// A character that waited for the printer.
pub(crate) fn again(g: &mut Guest) -> Served {
    match port(g)? {
        Some(port) => print(g, port),
        None => Ok(()),
    }
}

fn print(g: &mut Guest, port: u16) -> Served {
    if g.inb(port + 1) & READY == 0 {
        if !g.expired(own::PRINTER_DEADLINE)? {
            g.wait(WaitLabels::INT17);
            return Ok(());
        }
        status(g, port, TIMED_OUT);
        return Ok(());
    }
    let byte = g.al();
    g.outb(port, byte);
    g.outb(port + 2, 0x0D);
    g.outb(port + 2, 0x0C);
    status(g, port, 0);
    Ok(())
}

/// AH: the status lines with acknowledge and error turned to active high.
fn status(g: &mut Guest, port: u16, extra: u8) {
    let lines = g.inb(port + 1) & 0xF8 ^ 0x48;
    g.set_ah(lines | extra);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::FakeMachine;

    #[test]
    fn a_character_is_strobed() {
        let mut machine = FakeMachine::with_bda();
        machine.memory[0x408..0x40A].copy_from_slice(&0x378u16.to_le_bytes());
        machine.fixed.insert(0x379, 0xDF);
        machine.regs.eax = 0x0041;
        int17(&mut machine.guest()).unwrap();
        assert_eq!(machine.wrote(0x378), [0x41]);
        assert_eq!(machine.wrote(0x37A), [0x0D, 0x0C]);
        assert_eq!(machine.regs.eax >> 8, 0x90);
    }
}
