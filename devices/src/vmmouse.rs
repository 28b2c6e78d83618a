//! The pointer of VMware's backdoor: places on the screen instead of motion.
//!
//! Sources: the "VMware Backdoor I/O Port" notes of Ken Kato, keyed \[VMware backdoor\], and the requests that the drivers of
//! X.Org and Linux make, keyed \[vmmouse\].
//!
//! A guest puts a magic number into EAX and a command into ECX and reads port 5658h; the answer is in its registers. How
//! the registers get here is the machine's affair.
//!
//! *Modelled*: GETVERSION, ABSPOINTER_DATA, _STATUS and _COMMAND with absolute and relative reports, three
//! buttons, the wheel. A report is announced by a PS/2 packet without motion, which is
//! the caller's to send.
//!
//! *Not modelled*: every other command of the backdoor.

use crate::mouse::MouseButton;
use ringzero_bus::{Device, Fabric, ForkError, Section, SnapshotError};
use serde::{Deserialize, Serialize};
use std::collections::VecDeque;

/// The port whose reading is a request.
pub const PORT: u16 = 0x5658;
/// EAX of a request, EBX of the answer to GETVERSION.
pub const MAGIC: u32 = 0x564D_5868;

/// EAX and EBX to EDX, ESI, EDI.
pub type Registers = [u32; 6];

const EAX: usize = 0;
const EBX: usize = 1;
const ECX: usize = 2;

/// A request, by the low half of ECX [VMware backdoor, "Command list"].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Command {
    GetVersion,
    PointerData,
    PointerStatus,
    PointerMode,
}

impl Command {
    fn decode(number: u32) -> Option<Self> {
        Some(match number as u16 {
            10 => Self::GetVersion,
            39 => Self::PointerData,
            40 => Self::PointerStatus,
            41 => Self::PointerMode,
            _ => return None,
        })
    }
}

/// What EBX asks of ABSPOINTER_COMMAND [vmmouse].
mod request {
    pub(super) const READ_ID: u32 = 0x4541_4552;
    pub(super) const DISABLE: u32 = 0x0000_00F5;
    pub(super) const RELATIVE: u32 = 0x4C45_5252;
    pub(super) const ABSOLUTE: u32 = 0x5342_4152;
}

/// The words that READ_ID is answered with.
const ID: u32 = 0x3442_554A;
/// The version of the backdoor, and the product that it says it is.
const VERSION: (u32, u32) = (6, 2);
/// Words of a report.
const REPORT: usize = 4;
/// Most words that wait.
const QUEUE: usize = 256;
/// The status of a pointer that is off or confused.
const ERROR: u32 = 0xFFFF_0000;
/// The first word of a report without places.
const RELATIVE: u32 = 0x0001_0000;

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct State {
    enabled: bool,
    absolute: bool,
    buttons: u8,
    place: (u16, u16),
    queue: VecDeque<u32>,
    /// Words at the end of the queue that only tell of motion, and may be replaced.
    motion: bool,
}

/// The pointer.
#[derive(Clone, Debug, Default)]
pub struct VmMouse {
    state: State,
}

impl VmMouse {
    /// A pointer that nobody uses yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Whether the guest takes places from it.
    pub fn is_absolute(&self) -> bool {
        self.state.enabled && self.state.absolute
    }

    /// Whether the guest takes anything from it.
    pub fn is_enabled(&self) -> bool {
        self.state.enabled
    }

    /// The pointer is at a place, each coordinate from 0 to FFFFh, the wheel turned by steps towards the user. True when
    /// there is news.
    pub fn place(&mut self, x: u16, y: u16, wheel: i32) -> bool {
        if !self.is_absolute() || (self.state.place == (x, y) && wheel == 0) {
            return false;
        }
        self.state.place = (x, y);
        self.report([u32::from(x), u32::from(y)], wheel, true)
    }

    /// The pointer moves by so many counts to the right and towards the user.
    pub fn motion(&mut self, right: i32, down: i32, wheel: i32) -> bool {
        if !self.state.enabled {
            return false;
        }
        if !self.state.absolute {
            return self.report([right as u32, down as u32], wheel, false);
        }
        let (x, y) = self.state.place;
        wheel != 0 && self.report([u32::from(x), u32::from(y)], wheel, false)
    }

    /// Buttons that are down, as bits: left, right, middle.
    fn buttons(&mut self, buttons: u8) -> bool {
        let changed = std::mem::replace(&mut self.state.buttons, buttons & 7) != buttons & 7;
        if !changed || !self.state.enabled {
            return false;
        }
        let (x, y) = if self.state.absolute { self.state.place } else { (0, 0) };
        self.report([u32::from(x), u32::from(y)], 0, false)
    }

    /// A button goes down or up.
    pub fn button(&mut self, button: MouseButton, pressed: bool) -> bool {
        let bit = 1 << button as u8;
        let held = self.state.buttons;
        self.buttons(if pressed { held | bit } else { held & !bit })
    }

    fn report(&mut self, [x, y]: [u32; 2], wheel: i32, motion: bool) -> bool {
        let state = &mut self.state;
        if motion && wheel == 0 && state.motion && state.queue.len() >= REPORT {
            let last = state.queue.len() - REPORT;
            (state.queue[last + 1], state.queue[last + 2]) = (x, y);
            return true;
        }
        if state.queue.len() + REPORT > QUEUE {
            return false;
        }
        let bit = |n: u8, value: u32| if state.buttons >> n & 1 != 0 { value } else { 0 };
        let buttons = bit(0, 0x20) | bit(1, 0x10) | bit(2, 0x08);
        let kind = if state.absolute { 0 } else { RELATIVE };
        state.queue.extend([buttons | kind, x, y, wheel.clamp(-127, 127) as u32]);
        state.motion = motion && wheel == 0;
        true
    }

    /// Answers a request in place; a request that is none, or is unknown, reads as an empty slot would.
    pub fn serve(&mut self, registers: &mut Registers) {
        let command = Command::decode(registers[ECX]).filter(|_| registers[EAX] == MAGIC);
        match command {
            None => registers[EAX] = u32::MAX,
            Some(Command::GetVersion) => {
                (registers[EAX], registers[ECX]) = VERSION;
                registers[EBX] = MAGIC;
            }
            Some(Command::PointerStatus) => {
                let waiting = self.state.queue.len() as u32;
                registers[EAX] = if self.state.enabled { waiting } else { ERROR };
            }
            Some(Command::PointerData) => self.give(registers),
            Some(Command::PointerMode) => {
                self.obey(registers[EBX]);
                registers[EAX] = 0;
            }
        }
    }

    /// As many words as EBX asks for, in registers; more than there are is a mistake that switches the pointer off.
    fn give(&mut self, registers: &mut Registers) {
        let count = registers[EBX] as usize;
        if count == 0 || count > registers.len() || count > self.state.queue.len() || !self.state.enabled {
            self.state = State { buttons: self.state.buttons, ..State::default() };
            registers[EAX] = ERROR;
            return;
        }
        for (register, word) in registers.iter_mut().zip(self.state.queue.drain(..count)) {
            *register = word;
        }
        self.state.motion &= self.state.queue.len() >= REPORT;
    }

    fn obey(&mut self, what: u32) {
        match what {
            request::READ_ID => {
                self.state.enabled = true;
                self.state.motion = false;
                self.state.queue = VecDeque::from([ID]);
            }
            request::DISABLE => self.state = State { buttons: self.state.buttons, ..State::default() },
            request::RELATIVE => self.state.absolute = false,
            request::ABSOLUTE => self.state.absolute = true,
            _ => {}
        }
    }
}

impl Device for VmMouse {
    fn name(&self) -> &'static str {
        "vmmouse"
    }

    fn reset(&mut self, _fabric: &mut Fabric) {
        self.state = State { buttons: self.state.buttons, ..State::default() };
    }

    fn fork(&self) -> Result<Box<dyn Device>, ForkError> {
        Ok(Box::new(self.clone()))
    }

    fn save(&self) -> Result<Section, SnapshotError> {
        Section::encode(self.name(), 1, &self.state)
    }

    fn load(&mut self, section: &Section) -> Result<(), SnapshotError> {
        let state: State = section.decode(self.name(), 1)?;
        if state.queue.len() > QUEUE {
            return Err(SnapshotError::OutOfRange { section: "vmmouse", what: "queue length" });
        }
        self.state = state;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ask(mouse: &mut VmMouse, command: u32, ebx: u32) -> Registers {
        let mut registers = [MAGIC, ebx, command, u32::from(PORT), 0, 0];
        mouse.serve(&mut registers);
        registers
    }

    fn enabled() -> VmMouse {
        let mut mouse = VmMouse::new();
        ask(&mut mouse, 41, request::READ_ID);
        assert_eq!(ask(&mut mouse, 40, 0)[0], 1);
        assert_eq!(ask(&mut mouse, 39, 1)[0], ID);
        ask(&mut mouse, 41, request::ABSOLUTE);
        mouse
    }

    #[test]
    fn the_version_comes_with_the_magic_number() {
        let answer = ask(&mut VmMouse::new(), 10, 0);
        assert_eq!((answer[0], answer[1], answer[2]), (6, MAGIC, 2));
    }

    #[test]
    fn without_the_magic_number_the_port_is_an_empty_slot() {
        let mut registers = [1, 2, 10, 3, 4, 5];
        VmMouse::new().serve(&mut registers);
        assert_eq!(registers, [u32::MAX, 2, 10, 3, 4, 5]);
    }

    #[test]
    fn a_pointer_that_is_off_says_so() {
        assert_eq!(ask(&mut VmMouse::new(), 40, 0)[0], ERROR);
    }

    #[test]
    fn places_buttons_and_wheel_come_as_four_words() {
        let mut mouse = enabled();
        assert!(mouse.place(0x1234, 0xFFFF, 0));
        assert!(mouse.buttons(0b101));
        assert!(mouse.place(0x1234, 0xFFFF, -1));
        assert_eq!(ask(&mut mouse, 40, 0)[0], 12);
        assert_eq!(ask(&mut mouse, 39, 4)[..4], [0, 0x1234, 0xFFFF, 0]);
        assert_eq!(ask(&mut mouse, 39, 4)[..4], [0x28, 0x1234, 0xFFFF, 0]);
        assert_eq!(ask(&mut mouse, 39, 4)[..4], [0x28, 0x1234, 0xFFFF, u32::MAX]);
    }

    #[test]
    fn motion_that_was_not_fetched_is_replaced() {
        let mut mouse = enabled();
        (0..1000).for_each(|n| assert!(mouse.place(n + 1, n, 0)));
        assert_eq!(ask(&mut mouse, 40, 0)[0], 4);
        assert_eq!(ask(&mut mouse, 39, 4)[..4], [0, 1000, 999, 0]);
    }

    #[test]
    fn relative_reports_say_so() {
        let mut mouse = enabled();
        ask(&mut mouse, 41, request::RELATIVE);
        assert!(!mouse.is_absolute() && mouse.motion(-3, 4, 0));
        assert_eq!(ask(&mut mouse, 39, 4)[..4], [RELATIVE, -3i32 as u32, 4, 0]);
    }

    #[test]
    fn asking_for_more_than_there_is_switches_it_off() {
        let mut mouse = enabled();
        assert_eq!(ask(&mut mouse, 39, 4)[0], ERROR);
        assert!(!mouse.is_enabled());
    }

    #[test]
    fn a_guest_that_does_not_listen_fills_no_memory() {
        let mut mouse = enabled();
        for n in 0..1000 {
            mouse.buttons(n as u8 & 1);
        }
        assert!(mouse.state.queue.len() <= QUEUE);
    }
}
