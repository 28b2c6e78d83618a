//! INT 14h, the serial ports [IBM AT TRM, "RS232_IO"]: initialise, send, receive, status, and the PS/2's extended
//! initialise and modem control.
//!
//! *Modelled*: all six functions with their time-outs. *Not modelled*: FOSSIL extensions.

use crate::bda::{self, own};
use crate::guest::{Guest, Served, WaitLabels};

const LSR_DATA_READY: u8 = 0x01;
const LSR_THRE: u8 = 0x20;
const MSR_CTS: u8 = 0x10;
const MSR_DSR: u8 = 0x20;
const MCR_DTR_RTS: u8 = 0x03;
/// AH bit 7: the time-out passed.
const TIMED_OUT: u8 = 0x80;

/// Divisors for 110 to 9600 baud, then 19200 for the extended call.
const DIVISORS: [u16; 9] = [1047, 768, 384, 192, 96, 48, 24, 12, 6];

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Function {
    Initialise,
    Send,
    Receive,
    Status,
    ExtendedInitialise,
    ModemControl,
}

impl Function {
    fn decode(ah: u8) -> Option<Self> {
        Some(match ah {
            0 => Self::Initialise,
            1 => Self::Send,
            2 => Self::Receive,
            3 => Self::Status,
            4 => Self::ExtendedInitialise,
            5 => Self::ModemControl,
            _ => return None,
        })
    }
}

fn port(g: &mut Guest) -> Served<Option<u16>> {
    let number = g.dx();
    if number > 3 {
        return Ok(None);
    }
    let port = g.bda16(bda::COM_PORTS + number * 2)?;
    Ok((port != 0).then_some(port))
}

/// The service. An absent port leaves the registers alone, as the AT does.
pub(crate) fn int14(g: &mut Guest) -> Served {
    let ah = g.ah();
    let (Some(port), Some(function)) = (port(g)?, Function::decode(ah)) else { return Ok(()) };
    match function {
        Function::Initialise => {
            let al = g.al();
            set_line(g, port, DIVISORS[usize::from(al >> 5)], al & 0x1F);
            report(g, port);
        }
        Function::ExtendedInitialise => extended(g, port),
        Function::ModemControl => modem_control(g, port),
        Function::Status => report(g, port),
        Function::Send | Function::Receive => {
            let number = g.dx();
            let seconds = g.bda(bda::COM_TIMEOUTS + number)?.max(1);
            g.arm(own::SERIAL_DEADLINE, u64::from(seconds) * 1_000_000_000)?;
            let control = if function == Function::Send { MCR_DTR_RTS } else { 0x01 };
            let old = g.inb(port + 4);
            g.outb(port + 4, old & 0x1C | control);
            return transfer(g, port, function);
        }
    }
    Ok(())
}

/// A send or receive that waited.
pub(crate) fn again(g: &mut Guest) -> Served {
    let ah = g.ah();
    match (port(g)?, Function::decode(ah)) {
        (Some(port), Some(function)) => transfer(g, port, function),
        _ => Ok(()),
    }
}

fn transfer(g: &mut Guest, port: u16, function: Function) -> Served {
    let line = g.inb(port + 5);
    let modem = g.inb(port + 6);
    let ready = match function {
        Function::Send => line & LSR_THRE != 0 && modem & (MSR_CTS | MSR_DSR) == MSR_CTS | MSR_DSR,
        _ => line & LSR_DATA_READY != 0 && modem & MSR_DSR != 0,
    };
    if !ready && !g.expired(own::SERIAL_DEADLINE)? {
        g.spin(WaitLabels::INT14);
        return Ok(());
    }
    if !ready {
        g.set_ah(line & 0x7F | TIMED_OUT);
    } else if function == Function::Send {
        let byte = g.al();
        g.outb(port, byte);
        g.set_ah(line & 0x7F);
    } else {
        let byte = g.inb(port);
        g.set_al(byte);
        g.set_ah(line & 0x1E);
    }
    Ok(())
}

fn set_line(g: &mut Guest, port: u16, divisor: u16, line_control: u8) {
    g.outb(port + 3, 0x80);
    g.outb(port + 1, (divisor >> 8) as u8);
    g.outb(port, divisor as u8);
    g.outb(port + 3, line_control);
    g.outb(port + 1, 0);
}

/// AH=04h: AL break, BH parity, BL stop bits, CH data bits, CL baud rate [PS/2 BIOS, "Extended Initialize"].
fn extended(g: &mut Guest, port: u16) {
    let parity = [0x00, 0x08, 0x18, 0x28, 0x38][usize::from(g.bh().min(4))];
    let stop = (g.bl() & 1) << 2;
    let data = g.ch() & 3;
    let divisor = DIVISORS[usize::from(g.cl().min(8))];
    let break_bit = (g.al() & 1) << 6;
    set_line(g, port, divisor, break_bit | parity | stop | data);
    report(g, port);
}

fn modem_control(g: &mut Guest, port: u16) {
    match g.al() {
        0 => {
            let value = g.inb(port + 4);
            g.set_bl(value);
        }
        _ => {
            let value = g.bl();
            g.outb(port + 4, value & 0x1F);
        }
    }
    report(g, port);
}

fn report(g: &mut Guest, port: u16) {
    let (line, modem) = (g.inb(port + 5), g.inb(port + 6));
    g.set_ax(u16::from(line) << 8 | u16::from(modem));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::FakeMachine;

    fn machine() -> FakeMachine {
        let mut machine = FakeMachine::with_bda();
        machine.memory[0x400..0x402].copy_from_slice(&0x3F8u16.to_le_bytes());
        machine.fixed.extend([(0x3FD, 0x60), (0x3FE, 0x30), (0x3FC, 0)]);
        machine
    }

    #[test]
    fn initialise_sets_9600_8n1() {
        let mut machine = machine();
        machine.regs.eax = 0x00E3;
        int14(&mut machine.guest()).unwrap();
        assert_eq!(machine.wrote(0x3FB), [0x80, 0x03]);
        assert_eq!(machine.wrote(0x3F8), [12]);
        assert_eq!(machine.regs.eax, 0x6030);
    }

    #[test]
    fn receive_without_data_times_out() {
        let mut machine = machine();
        machine.regs.eax = 0x0200;
        int14(&mut machine.guest()).unwrap();
        assert_eq!(machine.regs.eip, u32::from(ringzero_roms::label::INT14_SPIN));
        machine.now.0 = 2_000_000_000;
        again(&mut machine.guest()).unwrap();
        assert_eq!(machine.regs.eax >> 8, 0xE0);
    }
}
