//! INT 15h AH=C2h and INT 74h: the mouse [PS/2 BIOS, "INT 15h, (AH) = C2h Pointing Device BIOS Interface"].
//!
//! *Modelled*: functions 00h to 07h; packets of 1 to 8 bytes collected for the driver's handler, in the EBDA at 22h to 2Fh as
//! in IBM's. A mouse's answers are polled for while IRQ 12 is masked, so an exchange needs no interrupt.

use crate::bda::{self, own};
use crate::guest::{Guest, Served, WaitLabels};

/// The extended BIOS data area's part for the pointing device.
mod area {
    /// Far pointer to the driver's handler.
    pub(super) const HANDLER: u16 = 0x22;
    /// Bits 2..0: bytes of the packet that are here.
    pub(super) const INDEX: u16 = 0x26;
    /// Bit 7: there is a handler; bits 2..0: bytes of a packet, less one.
    pub(super) const FORMAT: u16 = 0x27;
    pub(super) const PACKET: u16 = 0x28;
}
const HAS_HANDLER: u8 = 0x80;

/// Our notes on an exchange, from [`own::POINTER`] on.
mod note {
    /// Bytes sent, and waiting to be sent.
    pub(super) const SENT: u16 = 0;
    pub(super) const TO_SEND: u16 = 1;
    pub(super) const BYTES: u16 = 2;
    /// Answers behind the last acknowledge: how many there are to be, and are.
    pub(super) const WANTED: u16 = 4;
    pub(super) const RECEIVED: u16 = 5;
    pub(super) const ANSWERS: u16 = 6;
    /// The slave's interrupt mask before.
    pub(super) const MASK: u16 = 9;
    /// Step of the search by POST.
    pub(super) const SEARCH: u16 = 10;
}

const ACK: u8 = 0xFA;
const RESEND: u8 = 0xFE;
const TEST_PASSED: u8 = 0xAA;
/// Bits of the 8042's status.
const OUTPUT_FULL: u8 = 0x01;
const AUX_FULL: u8 = 0x20;
const TIMEOUT: u8 = 0x40;
/// IRQ 12 in the slave's mask, the cascade in the master's.
const IRQ_12: u8 = 0x10;
const CASCADE: u8 = 0x04;
/// A mouse's test takes half a second; any other answer comes within milliseconds.
const ANSWER_NS: u64 = 100_000_000;
const TEST_NS: u64 = 1_000_000_000;
/// Bit 2 of the equipment word.
const EQUIPMENT: u16 = 0x04;

/// AH of an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Status {
    Success = 0,
    InvalidFunction = 1,
    InvalidInput = 2,
    InterfaceError = 3,
    Resend = 4,
    NoHandler = 5,
}

/// A function, by AL and BH.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Function {
    Enable,
    Disable,
    Reset,
    SetSampleRate(u8),
    SetResolution(u8),
    ReadType,
    Initialize { size: u8 },
    ReadStatus,
    SetScaling { double: bool },
    SetHandler,
}

impl Function {
    fn decode(al: u8, bh: u8) -> Result<Self, Status> {
        const RATES: [u8; 7] = [10, 20, 40, 60, 80, 100, 200];
        let input = |function: Option<Self>| function.ok_or(Status::InvalidInput);
        match (al, bh) {
            (0x00, 0) => Ok(Self::Disable),
            (0x00, 1) => Ok(Self::Enable),
            (0x01, _) => Ok(Self::Reset),
            (0x02, _) => input(RATES.get(usize::from(bh)).map(|&rate| Self::SetSampleRate(rate))),
            (0x03, 0..=3) => Ok(Self::SetResolution(bh)),
            (0x04, _) => Ok(Self::ReadType),
            (0x05, 1..=8) => Ok(Self::Initialize { size: bh }),
            (0x06, 0) => Ok(Self::ReadStatus),
            (0x06, 1 | 2) => Ok(Self::SetScaling { double: bh == 2 }),
            (0x07, _) => Ok(Self::SetHandler),
            (0x00..=0x06, _) => Err(Status::InvalidInput),
            _ => Err(Status::InvalidFunction),
        }
    }

    /// What is sent to the mouse, and how many bytes it answers behind the last acknowledge.
    fn exchange(self) -> (Vec<u8>, u8) {
        match self {
            Self::Enable => (vec![0xF4], 0),
            Self::Disable => (vec![0xF5], 0),
            Self::Reset | Self::Initialize { .. } => (vec![0xFF], 2),
            Self::SetSampleRate(rate) => (vec![0xF3, rate], 0),
            Self::SetResolution(resolution) => (vec![0xE8, resolution], 0),
            Self::ReadType => (vec![0xF2], 1),
            Self::ReadStatus => (vec![0xE9], 3),
            Self::SetScaling { double } => (vec![if double { 0xE7 } else { 0xE6 }], 0),
            Self::SetHandler => (Vec::new(), 0),
        }
    }
}

/// The service.
pub(crate) fn service(g: &mut Guest) -> Served {
    let (al, bh) = (g.al(), g.bh());
    if g.bda16(bda::EQUIPMENT)? & EQUIPMENT == 0 {
        return answer(g, Status::InterfaceError);
    }
    match Function::decode(al, bh) {
        Err(status) => answer(g, status),
        Ok(Function::SetHandler) => set_handler(g),
        Ok(Function::Enable) if g.ebda(area::FORMAT)? & HAS_HANDLER == 0 => answer(g, Status::NoHandler),
        Ok(function) => {
            if let Function::Initialize { size } = function {
                let format = g.ebda(area::FORMAT)? & !7;
                g.set_ebda(area::FORMAT, format | (size - 1))?;
            }
            start(g, function)
        }
    }
}

fn answer(g: &mut Guest, status: Status) -> Served {
    g.set_ah(status as u8);
    g.set_cf(status != Status::Success)
}

/// Function 07h: 0:0 takes the handler away.
fn set_handler(g: &mut Guest) -> Served {
    let (segment, offset) = (g.regs().es, g.bx());
    let at = g.ebda_at(area::HANDLER)?;
    g.write_far(at, segment, offset)?;
    let format = g.ebda(area::FORMAT)? & !HAS_HANDLER;
    let flag = if (segment, offset) == (0, 0) { 0 } else { HAS_HANDLER };
    g.set_ebda(area::FORMAT, format | flag)?;
    answer(g, Status::Success)
}

// --- an exchange with the mouse -----------------------------------------------------------------------------

fn noted(g: &mut Guest, what: u16) -> Served<u8> {
    g.ebda(own::POINTER + what)
}

fn set_note(g: &mut Guest, what: u16, value: u8) -> Served {
    g.set_ebda(own::POINTER + what, value)
}

fn start(g: &mut Guest, function: Function) -> Served {
    let (bytes, wanted) = function.exchange();
    set_note(g, note::SENT, 0)?;
    set_note(g, note::TO_SEND, bytes.len() as u8)?;
    for (n, byte) in (0..).zip(bytes) {
        set_note(g, note::BYTES + n, byte)?;
    }
    set_note(g, note::WANTED, wanted)?;
    set_note(g, note::RECEIVED, 0)?;
    set_ebda_index(g)?;
    let mask = g.inb(0xA1);
    set_note(g, note::MASK, mask)?;
    g.outb(0xA1, mask | IRQ_12);
    take_mouse_byte(g);
    send_next(g)?;
    again(g)
}

/// A packet that was under way is gone.
fn set_ebda_index(g: &mut Guest) -> Served {
    g.set_ebda(area::INDEX, 0)
}

fn send(g: &mut Guest, byte: u8) {
    g.outb(0x64, 0xD4);
    g.outb(0x60, byte);
}

fn send_next(g: &mut Guest) -> Served {
    let sent = noted(g, note::SENT)?;
    let byte = noted(g, note::BYTES + u16::from(sent))?;
    set_note(g, note::SENT, sent + 1)?;
    send(g, byte);
    g.arm(own::POINTER_DEADLINE, ANSWER_NS)
}

/// A byte of the mouse, and whether the controller made it up because no mouse answered.
fn take_mouse_byte(g: &mut Guest) -> Option<(u8, bool)> {
    let status = g.inb(0x64);
    (status != 0xFF && status & (OUTPUT_FULL | AUX_FULL) == OUTPUT_FULL | AUX_FULL)
        .then(|| (g.inb(0x60), status & TIMEOUT != 0))
}

/// An exchange that was entered again.
pub(crate) fn again(g: &mut Guest) -> Served {
    match take_mouse_byte(g) {
        Some((_, true)) => return finish(g, Status::InterfaceError),
        Some((byte, false)) => {
            if let Some(status) = receive(g, byte)? {
                return finish(g, status);
            }
        }
        None if g.expired(own::POINTER_DEADLINE)? => return finish(g, Status::InterfaceError),
        None => {}
    }
    g.spin(WaitLabels::INT15);
    Ok(())
}

/// Takes an answer; the status when it was the last.
fn receive(g: &mut Guest, byte: u8) -> Served<Option<Status>> {
    let (received, wanted) = (noted(g, note::RECEIVED)?, noted(g, note::WANTED)?);
    let acknowledged = noted(g, note::SENT)? > noted(g, note::TO_SEND)?;
    if acknowledged {
        set_note(g, note::ANSWERS + u16::from(received & 3), byte)?;
        set_note(g, note::RECEIVED, received + 1)?;
        return Ok((received + 1 >= wanted).then_some(Status::Success));
    }
    match byte {
        RESEND => return Ok(Some(Status::Resend)),
        ACK => {}
        _ => return Ok(Some(Status::InterfaceError)),
    }
    if noted(g, note::SENT)? < noted(g, note::TO_SEND)? {
        send_next(g)?;
        return Ok(None);
    }
    // One more than there was to send: all is acknowledged.
    let sent = noted(g, note::SENT)?;
    set_note(g, note::SENT, sent + 1)?;
    g.arm(own::POINTER_DEADLINE, TEST_NS)?;
    Ok((wanted == 0).then_some(Status::Success))
}

fn finish(g: &mut Guest, status: Status) -> Served {
    let (al, bh) = (g.al(), g.bh());
    let mut mask = noted(g, note::MASK)?;
    if let (Ok(function), Status::Success) = (Function::decode(al, bh), status) {
        let answers = [0, 1, 2].map(|n| noted(g, note::ANSWERS + n));
        let [first, second, third] = answers;
        let (first, second, third) = (first?, second?, third?);
        match function {
            Function::Enable => {
                mask &= !IRQ_12;
                let master = g.inb(0x21);
                g.outb(0x21, master & !CASCADE);
            }
            Function::Disable => mask |= IRQ_12,
            Function::Reset | Function::Initialize { .. } => {
                mask |= IRQ_12;
                g.set_bl(first);
                g.set_bh(second);
            }
            Function::ReadType => g.set_bh(first),
            Function::ReadStatus => {
                g.set_bl(first);
                g.set_cl(second);
                g.set_dl(third);
            }
            _ => {}
        }
    }
    g.outb(0xA1, mask);
    answer(g, status)
}

// --- the interrupt ------------------------------------------------------------------------------------------

/// INT 74h: takes a byte. AL = 1 when the handler is to be called: BX, CX, DX and SI are its status, X, Y and Z.
pub(crate) fn int74(g: &mut Guest) -> Served {
    let format = g.ebda(area::FORMAT)?;
    let index = g.ebda(area::INDEX)? & 7;
    g.set_al(0);
    let Some((byte, _)) = take_mouse_byte(g) else { return Ok(()) };
    if format & HAS_HANDLER == 0 {
        return Ok(());
    }
    g.set_ebda(area::PACKET + u16::from(index), byte)?;
    if index < format & 7 {
        return g.set_ebda(area::INDEX, index + 1);
    }
    set_ebda_index(g)?;
    let mut words = [0; 4];
    for (word, n) in words.iter_mut().zip(0..=(format & 7)) {
        *word = u16::from(g.ebda(area::PACKET + u16::from(n))?);
    }
    g.set_al(1);
    g.set_bx(words[0]);
    g.set_cx(words[1]);
    g.set_dx(words[2]);
    g.set_si(words[3]);
    Ok(())
}

// --- POST ---------------------------------------------------------------------------------------------------

/// A step of the search for a mouse; whether there are more. Where none is, the controller says so at once.
pub(crate) fn search(g: &mut Guest) -> Served<bool> {
    const BEGIN: u8 = 0;
    const ANSWERS: [u8; 3] = [ACK, TEST_PASSED, 0];
    const DONE: u8 = 4;
    let step = noted(g, note::SEARCH)?;
    let status = g.inb(0x64);
    match step {
        DONE.. => return Ok(false),
        _ if status == 0xFF => set_note(g, note::SEARCH, DONE)?,
        BEGIN if status & 2 != 0 => {}
        BEGIN => {
            send(g, 0xFF);
            g.arm(own::POINTER_DEADLINE, ANSWER_NS)?;
            set_note(g, note::SEARCH, 1)?;
        }
        _ => match take_mouse_byte(g) {
            Some((byte, false)) if byte == ANSWERS[usize::from(step - 1)] => {
                g.arm(own::POINTER_DEADLINE, TEST_NS)?;
                set_note(g, note::SEARCH, step + 1)?;
                if step + 1 == DONE {
                    found(g)?;
                }
            }
            None if !g.expired(own::POINTER_DEADLINE)? => {}
            _ => set_note(g, note::SEARCH, DONE)?,
        },
    }
    Ok(true)
}

/// The mouse shows in the equipment word, and the controller lets its bytes interrupt.
fn found(g: &mut Guest) -> Served {
    let equipment = g.bda16(bda::EQUIPMENT)?;
    g.set_bda16(bda::EQUIPMENT, equipment | EQUIPMENT)?;
    g.set_ebda(area::FORMAT, 2)?;
    g.outb(0x64, 0x60);
    g.outb(0x60, 0x47);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::FakeMachine;

    #[test]
    fn functions_decode() {
        assert_eq!(Function::decode(0x00, 1), Ok(Function::Enable));
        assert_eq!(Function::decode(0x02, 6), Ok(Function::SetSampleRate(200)));
        assert_eq!(Function::decode(0x02, 7), Err(Status::InvalidInput));
        assert_eq!(Function::decode(0x05, 9), Err(Status::InvalidInput));
        assert_eq!(Function::decode(0x08, 0), Err(Status::InvalidFunction));
    }

    fn with_mouse() -> FakeMachine {
        let mut m = FakeMachine::with_bda();
        m.memory[0x410] |= EQUIPMENT as u8;
        m
    }

    fn call(m: &mut FakeMachine, ax: u32, bx: u32) -> u8 {
        (m.regs.eax, m.regs.ebx) = (ax, bx);
        service(&mut m.guest()).unwrap();
        (m.regs.eax >> 8) as u8
    }

    #[test]
    fn without_a_mouse_every_function_fails() {
        let mut m = FakeMachine::with_bda();
        assert_eq!(call(&mut m, 0xC201, 0), Status::InterfaceError as u8);
    }

    #[test]
    fn it_is_not_enabled_without_a_handler() {
        let mut m = with_mouse();
        assert_eq!(call(&mut m, 0xC200, 0x100), Status::NoHandler as u8);
    }

    #[test]
    fn a_mouse_that_does_not_answer_is_an_interface_error() {
        let mut m = with_mouse();
        m.fixed.insert(0x64, 0);
        call(&mut m, 0xC204, 0);
        assert_eq!(m.wrote(0x60), [0xF2]);
        m.now.0 = 1_000_000_000;
        again(&mut m.guest()).unwrap();
        assert_eq!(m.regs.eax >> 8, Status::InterfaceError as u32);
    }

    #[test]
    fn three_bytes_make_a_packet() {
        let mut m = with_mouse();
        m.fixed.insert(0x64, 0x21);
        m.regs.es = 0x1234;
        assert_eq!(call(&mut m, 0xC207, 0x5678), 0);
        let mut g = m.guest();
        g.set_ebda(area::FORMAT, HAS_HANDLER | 2).unwrap();
        for (byte, complete) in [(0x09, 0), (0x02, 0), (0x03, 1)] {
            m.fixed.insert(0x60, byte);
            int74(&mut m.guest()).unwrap();
            assert_eq!(m.regs.eax as u8, complete);
        }
        assert_eq!([m.regs.ebx, m.regs.ecx, m.regs.edx, m.regs.esi].map(|r| r as u16), [9, 2, 3, 0]);
    }
}
