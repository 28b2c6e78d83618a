//! 8042 keyboard controller with a PS/2 keyboard and perhaps a PS/2 mouse, and system control port A (92h).
//!
//! Sources: IBM PS/2 Hardware Interface Technical Reference, "Keyboard and Auxiliary Device Controller", keyed \[IBM\];
//! IBM PC/AT Technical Reference, keyed \[AT\].
//!
//! *Modelled*: every controller command, command byte, translation of set 2 to set 1, output port with A20 and reset,
//! IRQ1 and IRQ12, input-buffer-full for a few microseconds, a byte's travel time from the keyboard. Port 92h: A20 and
//! fast reset. Both ports move one A20 gate: the last write wins.
//!
//! Keyboard and mouse each have a line of their own; a byte that comes while the output buffer is full waits in its
//! device. When both wait the keyboard goes first, except that the mouse's answer to a command goes before scan codes.
//!
//! *Not modelled*: the password, the keyboard lock switch, the diagnostic dump.

mod command;

use crate::keyboard::keys::to_set_1;
use crate::keyboard::{Key, Keyboard};
use crate::mouse::{Mouse, MouseButton};
use command::{Command, command_byte, status};
use ringzero_bus::{
    Device, EventSlot, Fabric, ForkError, IrqPin, PortAccess, Section, SnapshotError, SystemRequest, VTime,
};
use serde::{Deserialize, Serialize};

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
    /// What is at the auxiliary port.
    mouse: Option<Mouse>,
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

impl KbcState {
    fn new(mouse: bool) -> Self {
        let mut ram = vec![0; 32];
        ram[0] = command_byte::TRANSLATE | command_byte::AUX_DISABLED;
        Self {
            keyboard: Keyboard::new(),
            mouse: mouse.then(Mouse::new),
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
    /// A byte of the controller or the keyboard arrives in the output buffer.
    pub arrival: EventSlot,
    /// A byte of the mouse does.
    pub aux_arrival: EventSlot,
    /// The mouse may make its next packet.
    pub sample: EventSlot,
    /// The held key repeats.
    pub repeat: EventSlot,
}

/// The card. Ports: region 0 is 60h, region 1 is 64h, region 2 is 92h.
#[derive(Clone, Debug)]
pub struct Kbc {
    state: KbcState,
    wiring: KbcWiring,
}

impl Kbc {
    /// A controller with a keyboard, and with a mouse if so.
    pub fn new(wiring: KbcWiring, mouse: bool) -> Self {
        Self { state: KbcState::new(mouse), wiring }
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

    /// The mouse moves by so many counts to the right and down, its wheel so many steps towards the user.
    pub fn mouse_motion(&mut self, fabric: &mut Fabric, right: i32, down: i32, wheel: i32) {
        if let Some(mouse) = &mut self.state.mouse {
            mouse.motion(right, down, wheel);
            self.schedule(fabric);
        }
    }

    /// A button of the mouse goes down or up.
    pub fn mouse_button(&mut self, fabric: &mut Fabric, button: MouseButton, pressed: bool) {
        if let Some(mouse) = &mut self.state.mouse {
            mouse.button(button, pressed);
            self.schedule(fabric);
        }
    }

    /// The mouse sends a packet although it has nothing to tell: the guest looks for news elsewhere then.
    pub fn nudge_mouse(&mut self, fabric: &mut Fabric) {
        if let Some(mouse) = &mut self.state.mouse {
            mouse.nudge();
            self.schedule(fabric);
        }
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

    /// Arms the arrival of the next byte of each line if one waits and the buffer is free.
    fn schedule(&mut self, fabric: &mut Fabric) {
        self.make_packet(fabric);
        let free = self.state.output_full.is_none();
        let lines =
            [(self.wiring.arrival, self.keyboard_delay()), (self.wiring.aux_arrival, self.aux_delay())];
        for (slot, delay) in lines {
            let Some(delay) = delay.filter(|_| free) else {
                fabric.sched.cancel(slot);
                continue;
            };
            let due = fabric.now.plus_ns(delay);
            // A byte already on its way is not delayed by what happens meanwhile.
            if fabric.sched.deadline(slot).is_none_or(|armed| armed > due) {
                fabric.sched.arm(slot, due);
            }
        }
    }

    /// Lets the mouse begin a packet, if its line is open and it is time.
    fn make_packet(&mut self, fabric: &mut Fabric) {
        let open = !self.has(command_byte::AUX_DISABLED);
        let mouse = self.state.mouse.as_mut().filter(|_| open);
        match mouse.and_then(|mouse| mouse.sample(fabric.now)) {
            Some(at) => fabric.sched.arm(self.wiring.sample, at),
            None => fabric.sched.cancel(self.wiring.sample),
        }
    }

    /// How long the next byte of the controller or the keyboard takes.
    fn keyboard_delay(&self) -> Option<u64> {
        let keyboard = &self.state.keyboard;
        let sends = keyboard.waiting() > 0 && !self.has(command_byte::KEYBOARD_DISABLED);
        match self.state.answer {
            Some(_) => Some(ANSWER_NS),
            None if !sends => None,
            None if keyboard.in_self_test() => Some(SELF_TEST_NS),
            None => Some(BYTE_NS),
        }
    }

    /// How long the mouse's next byte takes.
    fn aux_delay(&self) -> Option<u64> {
        let mouse = self.state.mouse.as_ref().filter(|mouse| mouse.waits())?;
        let open = !self.has(command_byte::AUX_DISABLED) && self.state.answer.is_none();
        open.then_some(if mouse.in_self_test() { SELF_TEST_NS } else { BYTE_NS })
    }

    /// Whether the mouse is about to answer a command: the keyboard is held back meanwhile.
    fn mouse_answers(&self) -> bool {
        let mouse = self.state.mouse.as_ref();
        let answers = mouse.is_some_and(|mouse| mouse.has_answer() && !mouse.in_self_test());
        answers && !self.has(command_byte::AUX_DISABLED)
    }

    fn arrive(&mut self, fabric: &mut Fabric) {
        if self.state.output_full.is_some() {
            return;
        }
        if let Some((byte, source)) = self.state.answer.take() {
            return self.fill(fabric, byte, source);
        }
        if self.has(command_byte::KEYBOARD_DISABLED) || self.mouse_answers() {
            return;
        }
        let Some(byte) = self.state.keyboard.send() else { return };
        match self.translate(byte) {
            Some(byte) => self.fill(fabric, byte, Source::Keyboard),
            None => self.schedule(fabric),
        }
    }

    fn arrive_aux(&mut self, fabric: &mut Fabric) {
        let busy = self.state.output_full.is_some() || self.state.answer.is_some();
        if busy || self.has(command_byte::AUX_DISABLED) {
            return;
        }
        if let Some(byte) = self.state.mouse.as_mut().and_then(Mouse::send) {
            self.fill(fabric, byte, Source::Aux);
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

    /// A byte for the auxiliary device opens its clock line. Where nobody answers the controller reports a timeout.
    fn aux_write(&mut self, value: u8) {
        match &mut self.state.mouse {
            Some(mouse) => mouse.receive(value),
            None => return self.state.answer = Some((0xFE, Source::AuxTimeout)),
        }
        self.set(command_byte::AUX_DISABLED, false);
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
        self.state = KbcState::new(self.state.mouse.is_some());
        fabric.wires.a20 = true;
        fabric.sched.cancel(self.wiring.repeat);
        for slot in [self.wiring.arrival, self.wiring.aux_arrival, self.wiring.sample] {
            fabric.sched.cancel(slot);
        }
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

    fn same_until(&self, now: VTime, access: PortAccess) -> Option<VTime> {
        let taken = self.state.input_full_until;
        (access.region == 1).then_some(if now < taken { taken } else { VTime::MAX })
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
        if slot == self.wiring.aux_arrival {
            return self.arrive_aux(fabric);
        }
        if slot == self.wiring.sample {
            return self.schedule(fabric);
        }
        if self.state.keyboard.repeat() {
            let next = deadline.plus_ns(self.state.keyboard.period_ns());
            fabric.sched.arm(self.wiring.repeat, next.max(fabric.now));
            self.schedule(fabric);
        }
    }

    fn fork(&self) -> Result<Box<dyn Device>, ForkError> {
        Ok(Box::new(self.clone()))
    }

    fn save(&self) -> Result<Section, SnapshotError> {
        Section::encode(self.name(), 3, &self.state)
    }

    fn load(&mut self, section: &Section) -> Result<(), SnapshotError> {
        let state: KbcState = section.decode(self.name(), 3)?;
        let ram_index_fits = match state.expecting {
            Some(Command::ReadRam(n) | Command::WriteRam(n)) => n < 32,
            _ => true,
        };
        let mouse_fits = state.mouse.is_some() == self.state.mouse.is_some()
            && state.mouse.as_ref().is_none_or(Mouse::is_valid);
        if state.ram.len() != 32 || !ram_index_fits || !state.keyboard.is_valid() || !mouse_fits {
            return Err(SnapshotError::OutOfRange { section: "kbc", what: "buffer or index" });
        }
        self.state = state;
        Ok(())
    }
}

#[cfg(test)]
#[path = "kbc_tests.rs"]
mod tests;
