//! 8042 keyboard controller with a PS/2 keyboard, and system control port A (92h).
//!
//! Sources: IBM PS/2 Hardware Interface Technical Reference, "Keyboard and Auxiliary Device Controller", keyed \[IBM\];
//! IBM PC/AT Technical Reference, keyed \[AT\].
//!
//! *Modelled*: every controller command, command byte, translation of set 2 to set 1, output port with A20 and reset,
//! IRQ1 and IRQ12, input-buffer-full for a few microseconds, a byte's travel time from the keyboard. Port 92h: A20 and
//! fast reset. Both ports move one A20 gate: the last write wins.
//!
//! *Not modelled*: the password, the keyboard lock switch, the diagnostic dump. The auxiliary port has no mouse yet:
//! bytes for it time out (`aux_write` is where it will plug in).

use crate::keyboard::keys::to_set_1;
use crate::keyboard::{Key, Keyboard};
use ringzero_bus::{
    Device, EventSlot, Fabric, IrqPin, PortAccess, Section, SnapshotError, SystemRequest, VTime,
};
use serde::{Deserialize, Serialize};

/// A byte written to port 64h [IBM, "Controller Commands"].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
enum Command {
    ReadRam(u8),
    WriteRam(u8),
    TestPassword,
    DisableAux,
    EnableAux,
    TestAux,
    SelfTest,
    TestKeyboard,
    DisableKeyboard,
    EnableKeyboard,
    ReadInputPort,
    ReadOutputPort,
    WriteOutputPort,
    WriteKeyboardBuffer,
    WriteAuxBuffer,
    WriteAux,
    SetA20(bool),
    ReadTestInputs,
    PulseOutputPort(u8),
    Unknown,
}

impl Command {
    fn decode(byte: u8) -> Self {
        match byte {
            0x00..=0x3F => Self::ReadRam(byte & 0x1F),
            0x40..=0x7F => Self::WriteRam(byte & 0x1F),
            0xA4 => Self::TestPassword,
            0xA7 => Self::DisableAux,
            0xA8 => Self::EnableAux,
            0xA9 => Self::TestAux,
            0xAA => Self::SelfTest,
            0xAB => Self::TestKeyboard,
            0xAD => Self::DisableKeyboard,
            0xAE => Self::EnableKeyboard,
            0xC0 => Self::ReadInputPort,
            0xD0 => Self::ReadOutputPort,
            0xD1 => Self::WriteOutputPort,
            0xD2 => Self::WriteKeyboardBuffer,
            0xD3 => Self::WriteAuxBuffer,
            0xD4 => Self::WriteAux,
            0xDD => Self::SetA20(false),
            0xDF => Self::SetA20(true),
            0xE0 => Self::ReadTestInputs,
            0xF0..=0xFF => Self::PulseOutputPort(byte & 0x0F),
            _ => Self::Unknown,
        }
    }

    fn takes_data(self) -> bool {
        matches!(
            self,
            Self::WriteRam(_)
                | Self::WriteOutputPort
                | Self::WriteKeyboardBuffer
                | Self::WriteAuxBuffer
                | Self::WriteAux
        )
    }
}

/// Bits of the command byte, RAM byte 0 [IBM, "Controller Command Byte"].
mod command_byte {
    pub(super) const IRQ1: u8 = 0x01;
    pub(super) const IRQ12: u8 = 0x02;
    pub(super) const SYSTEM_FLAG: u8 = 0x04;
    pub(super) const KEYBOARD_DISABLED: u8 = 0x10;
    pub(super) const AUX_DISABLED: u8 = 0x20;
    pub(super) const TRANSLATE: u8 = 0x40;
}

/// Bits of the status register, port 64h [IBM, "Status Register"].
mod status {
    pub(super) const OUTPUT_FULL: u8 = 0x01;
    pub(super) const INPUT_FULL: u8 = 0x02;
    pub(super) const SYSTEM_FLAG: u8 = 0x04;
    pub(super) const COMMAND: u8 = 0x08;
    pub(super) const NOT_LOCKED: u8 = 0x10;
    pub(super) const AUX_FULL: u8 = 0x20;
    pub(super) const TIMEOUT: u8 = 0x40;
}

/// Who put a byte into the output buffer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
enum Source {
    Keyboard,
    Aux,
    /// The auxiliary port did not answer.
    AuxTimeout,
}

/// The controller takes a written byte in this time.
const INPUT_NS: u64 = 4_000;
/// The controller answers in this time.
const ANSWER_NS: u64 = 20_000;
/// A byte travels from the keyboard: 11 bits at 10 to 16.7 kHz [IBM, "Keyboard Data Output"].
const BYTE_NS: u64 = 700_000;
/// The keyboard's test; real ones take half a second.
/// Firmware written for emulators waits for so many polls, not so long: Bochs' BIOS for 65,535, some 10 ms.
const SELF_TEST_NS: u64 = 2_000_000;

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct KbcState {
    keyboard: Keyboard,
    /// The 8042's RAM, 32 bytes; byte 0 is the command byte.
    ram: Vec<u8>,
    output: u8,
    output_full: Option<Source>,
    /// Bytes of the controller's own that wait for the output buffer.
    answer: Option<(u8, Source)>,
    /// The command whose data byte comes next.
    expecting: Option<Command>,
    /// The last write was to port 64h.
    last_was_command: bool,
    input_full_until: VTime,
    /// Translation has seen F0.
    break_prefix: bool,
    /// Writable bits of port 92h other than A20.
    port_a: u8,
}

impl Default for KbcState {
    fn default() -> Self {
        let mut ram = vec![0; 32];
        ram[0] = command_byte::TRANSLATE | command_byte::AUX_DISABLED;
        Self {
            keyboard: Keyboard::new(),
            ram,
            output: 0,
            output_full: None,
            answer: None,
            expecting: None,
            last_was_command: true,
            input_full_until: VTime(0),
            break_prefix: false,
            port_a: 0,
        }
    }
}

/// The wires of a [`Kbc`].
#[derive(Clone, Copy, Debug)]
pub struct KbcWiring {
    /// IRQ1.
    pub keyboard_irq: IrqPin,
    /// IRQ12.
    pub aux_irq: IrqPin,
    /// A byte arrives in the output buffer.
    pub arrival: EventSlot,
    /// The held key repeats.
    pub repeat: EventSlot,
}

/// The card. Ports: region 0 is 60h, region 1 is 64h, region 2 is 92h.
#[derive(Debug)]
pub struct Kbc {
    state: KbcState,
    wiring: KbcWiring,
}

impl Kbc {
    /// A controller with a keyboard.
    pub fn new(wiring: KbcWiring) -> Self {
        Self { state: KbcState::default(), wiring }
    }

    /// A key of the keyboard goes down or up. A press of a key that is down already is ignored: the keyboard repeats
    /// by itself.
    pub fn key(&mut self, fabric: &mut Fabric, key: Key, pressed: bool) {
        if self.state.keyboard.key(key, pressed) {
            let first = fabric.now.plus_ns(self.state.keyboard.delay_ns());
            fabric.sched.arm(self.wiring.repeat, first);
        }
        self.schedule(fabric);
    }

    /// Keyboard LEDs: bit 0 Scroll Lock, 1 Num Lock, 2 Caps Lock.
    pub fn leds(&self) -> u8 {
        self.state.keyboard.leds()
    }

    /// Whether the guest has taken every byte: nothing waits in the keyboard or in the output buffer.
    pub fn is_idle(&self) -> bool {
        self.state.keyboard.waiting() == 0 && self.state.output_full.is_none() && self.state.answer.is_none()
    }

    // --- the way to the output buffer -------------------------------------------------------------------------

    fn has(&self, bit: u8) -> bool {
        self.state.ram[0] & bit != 0
    }

    fn set(&mut self, bit: u8, on: bool) {
        let command_byte = &mut self.state.ram[0];
        *command_byte = if on { *command_byte | bit } else { *command_byte & !bit };
    }

    /// Arms the arrival of the next byte if one waits and the buffer is free.
    fn schedule(&mut self, fabric: &mut Fabric) {
        let keyboard_sends = self.state.keyboard.waiting() > 0 && !self.has(command_byte::KEYBOARD_DISABLED);
        let delay = match (self.state.output_full, self.state.answer) {
            (Some(_), _) => None,
            (None, Some(_)) => Some(ANSWER_NS),
            (None, None) if !keyboard_sends => None,
            (None, None) if self.state.keyboard.in_self_test() => Some(SELF_TEST_NS),
            (None, None) => Some(BYTE_NS),
        };
        let Some(delay) = delay else { return fabric.sched.cancel(self.wiring.arrival) };
        let due = fabric.now.plus_ns(delay);
        // A byte already on its way is not delayed by what happens meanwhile.
        if fabric.sched.deadline(self.wiring.arrival).is_none_or(|armed| armed > due) {
            fabric.sched.arm(self.wiring.arrival, due);
        }
    }

    fn arrive(&mut self, fabric: &mut Fabric) {
        if self.state.output_full.is_some() {
            return;
        }
        if let Some((byte, source)) = self.state.answer.take() {
            return self.fill(fabric, byte, source);
        }
        if self.has(command_byte::KEYBOARD_DISABLED) {
            return;
        }
        let Some(byte) = self.state.keyboard.send() else { return };
        match self.translate(byte) {
            Some(byte) => self.fill(fabric, byte, Source::Keyboard),
            None => self.schedule(fabric),
        }
    }

    /// Set 2 to set 1: F0 is swallowed and sets bit 7 of what follows [AT, "Scan-Code Translation"].
    fn translate(&mut self, byte: u8) -> Option<u8> {
        if !self.has(command_byte::TRANSLATE) {
            return Some(byte);
        }
        if byte == 0xF0 {
            self.state.break_prefix = true;
            return None;
        }
        let break_bit = if std::mem::take(&mut self.state.break_prefix) { 0x80 } else { 0 };
        Some(to_set_1(byte) | break_bit)
    }

    fn fill(&mut self, fabric: &mut Fabric, byte: u8, source: Source) {
        self.state.output = byte;
        self.state.output_full = Some(source);
        self.update_irqs(fabric);
    }

    fn update_irqs(&self, fabric: &mut Fabric) {
        let source = self.state.output_full;
        let keyboard = source == Some(Source::Keyboard) && self.has(command_byte::IRQ1);
        let aux = matches!(source, Some(Source::Aux | Source::AuxTimeout)) && self.has(command_byte::IRQ12);
        fabric.irqs.set(self.wiring.keyboard_irq, keyboard);
        fabric.irqs.set(self.wiring.aux_irq, aux);
    }

    // --- registers --------------------------------------------------------------------------------------------

    fn read_data(&mut self, fabric: &mut Fabric) -> u8 {
        if self.state.output_full.take().is_some() {
            self.update_irqs(fabric);
            self.schedule(fabric);
        }
        self.state.output
    }

    fn read_status(&self, now: VTime) -> u8 {
        let source = match self.state.output_full {
            None => 0,
            Some(Source::Keyboard) => status::OUTPUT_FULL,
            Some(Source::Aux) => status::OUTPUT_FULL | status::AUX_FULL,
            Some(Source::AuxTimeout) => status::OUTPUT_FULL | status::AUX_FULL | status::TIMEOUT,
        };
        let flag = |on: bool, bit: u8| if on { bit } else { 0 };
        source
            | flag(now < self.state.input_full_until, status::INPUT_FULL)
            | flag(self.has(command_byte::SYSTEM_FLAG), status::SYSTEM_FLAG)
            | flag(self.state.last_was_command, status::COMMAND)
            | status::NOT_LOCKED
    }

    fn output_port(&self, fabric: &Fabric) -> u8 {
        let flag = |on: bool, bit: u8| if on { bit } else { 0 };
        0xC1 | flag(fabric.wires.a20, 0x02)
            | flag(self.state.output_full == Some(Source::Keyboard), 0x10)
            | flag(matches!(self.state.output_full, Some(Source::Aux | Source::AuxTimeout)), 0x20)
    }

    fn answer(&mut self, byte: u8) {
        self.state.answer = Some((byte, Source::Keyboard));
    }

    fn command(&mut self, fabric: &mut Fabric, command: Command) {
        self.state.expecting = command.takes_data().then_some(command);
        match command {
            Command::ReadRam(n) => self.answer(self.state.ram[usize::from(n)]),
            Command::TestPassword => self.answer(0xF1),
            Command::DisableAux => self.set(command_byte::AUX_DISABLED, true),
            Command::EnableAux => self.set(command_byte::AUX_DISABLED, false),
            Command::TestAux | Command::TestKeyboard | Command::ReadTestInputs => self.answer(0x00),
            Command::SelfTest => {
                self.state.ram[0] = command_byte::TRANSLATE
                    | command_byte::SYSTEM_FLAG
                    | command_byte::KEYBOARD_DISABLED
                    | command_byte::AUX_DISABLED;
                self.state.output_full = None;
                self.answer(0x55);
            }
            Command::DisableKeyboard => self.set(command_byte::KEYBOARD_DISABLED, true),
            Command::EnableKeyboard => self.set(command_byte::KEYBOARD_DISABLED, false),
            // Keyboard not inhibited, colour display, manufacturing jumper off [AT, "Input Port"].
            Command::ReadInputPort => self.answer(0xB0),
            Command::ReadOutputPort => self.answer(self.output_port(fabric)),
            Command::SetA20(on) => fabric.wires.a20 = on,
            Command::PulseOutputPort(low_bits) if low_bits & 1 == 0 => {
                fabric.wires.ask(SystemRequest::ResetCpu);
            }
            _ => {}
        }
    }

    fn data(&mut self, fabric: &mut Fabric, command: Option<Command>, value: u8) {
        match command {
            Some(Command::WriteRam(n)) => self.state.ram[usize::from(n)] = value,
            Some(Command::WriteOutputPort) => {
                fabric.wires.a20 = value & 0x02 != 0;
                if value & 0x01 == 0 {
                    fabric.wires.ask(SystemRequest::ResetCpu);
                }
            }
            Some(Command::WriteKeyboardBuffer) => self.answer(value),
            Some(Command::WriteAuxBuffer) => self.state.answer = Some((value, Source::Aux)),
            Some(Command::WriteAux) => self.aux_write(value),
            _ => {
                // A byte for the keyboard opens its clock line [IBM, "Input Buffer"].
                self.set(command_byte::KEYBOARD_DISABLED, false);
                self.state.keyboard.receive(value);
            }
        }
    }

    /// A byte for the auxiliary device: nobody answers, so the controller reports a timeout.
    fn aux_write(&mut self, _value: u8) {
        self.state.answer = Some((0xFE, Source::AuxTimeout));
    }

    fn write_port_a(&mut self, fabric: &mut Fabric, value: u8) {
        let reset_rises = value & 1 != 0 && self.state.port_a & 1 == 0;
        self.state.port_a = value & !0x02;
        fabric.wires.a20 = value & 0x02 != 0;
        if reset_rises {
            fabric.wires.ask(SystemRequest::ResetCpu);
        }
    }
}

impl Device for Kbc {
    fn name(&self) -> &'static str {
        "kbc"
    }

    fn reset(&mut self, fabric: &mut Fabric) {
        self.state = KbcState::default();
        fabric.wires.a20 = true;
        fabric.sched.cancel(self.wiring.repeat);
        fabric.sched.cancel(self.wiring.arrival);
        self.update_irqs(fabric);
        self.schedule(fabric);
    }

    fn pio_read(&mut self, fabric: &mut Fabric, access: PortAccess) -> u32 {
        u32::from(match access.region {
            0 => self.read_data(fabric),
            1 => self.read_status(fabric.now),
            _ => self.state.port_a | if fabric.wires.a20 { 0x02 } else { 0 },
        })
    }

    fn pio_write(&mut self, fabric: &mut Fabric, access: PortAccess, value: u32) {
        let value = value as u8;
        if access.region == 2 {
            return self.write_port_a(fabric, value);
        }
        self.state.input_full_until = fabric.now.plus_ns(INPUT_NS);
        self.state.last_was_command = access.region == 1;
        if access.region == 1 {
            self.command(fabric, Command::decode(value));
        } else {
            let command = self.state.expecting.take();
            self.data(fabric, command, value);
        }
        self.update_irqs(fabric);
        self.schedule(fabric);
    }

    fn on_event(&mut self, fabric: &mut Fabric, slot: EventSlot, deadline: VTime) {
        if slot == self.wiring.arrival {
            return self.arrive(fabric);
        }
        if self.state.keyboard.repeat() {
            let next = deadline.plus_ns(self.state.keyboard.period_ns());
            fabric.sched.arm(self.wiring.repeat, next.max(fabric.now));
            self.schedule(fabric);
        }
    }

    fn save(&self) -> Result<Section, SnapshotError> {
        Section::encode(self.name(), 1, &self.state)
    }

    fn load(&mut self, section: &Section) -> Result<(), SnapshotError> {
        let state: KbcState = section.decode(self.name(), 1)?;
        let ram_index_fits = match state.expecting {
            Some(Command::ReadRam(n) | Command::WriteRam(n)) => n < 32,
            _ => true,
        };
        if state.ram.len() != 32 || !ram_index_fits || !state.keyboard.is_valid() {
            return Err(SnapshotError::OutOfRange { section: "kbc", what: "buffer or index" });
        }
        self.state = state;
        Ok(())
    }
}

#[cfg(test)]
#[path = "kbc_tests.rs"]
mod tests;
