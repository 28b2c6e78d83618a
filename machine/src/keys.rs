//! The guest's keyboard: keys that the host presses, text that is typed, and whether the guest waits for a key.

use crate::firmware::View;
use crate::idle::{self, KeyPolls, Place, Waiting};
use crate::machine::Machine;
use crate::typist::{KeyWait, Untypable};
use ringzero_devices::keyboard::Key;
use ringzero_devices::keyboard::layout::Layout;
use ringzero_devices::usb::hid::HidKind;
use ringzero_roms::Trap;

impl Machine {
    /// A key of the guest's keyboard goes down or up.
    pub fn key(&mut self, key: Key, pressed: bool) {
        // Whether it waits for another one remains to be seen.
        self.key_wait = None;
        self.polls = KeyPolls::default();
        let usb = self.parts.usb.filter(|_| self.uses_usb(HidKind::Keyboard) || !pressed);
        if let Some(usb) = usb {
            self.bus.call(usb, |usb, fabric| usb.key(fabric, key, pressed));
        }
        // What is held at one keyboard is let go there, whichever the guest uses now.
        if usb.is_none() || !pressed {
            self.bus.call(self.parts.kbc, |kbc, fabric| kbc.key(fabric, key, pressed));
        }
    }

    /// The keyboard's lights: bit 0 Scroll Lock, 1 Num Lock, 2 Caps Lock.
    pub fn keyboard_leds(&self) -> u8 {
        let usb = self.parts.usb.filter(|_| self.uses_usb(HidKind::Keyboard));
        let lights = usb.and_then(|usb| self.bus.get(usb).leds());
        lights.unwrap_or_else(|| self.bus.get(self.parts.kbc).leds())
    }

    /// Queues text to be typed on a US keyboard, a key whenever the guest waits for one.
    pub fn type_text(&mut self, text: &str) -> Result<(), Untypable> {
        self.type_text_in(Layout::Us, text)
    }

    /// The same for a guest whose keyboard layout is another.
    pub fn type_text_in(&mut self, layout: Layout, text: &str) -> Result<(), Untypable> {
        self.quiet.restart(self.now());
        self.typist.queue(text, layout)
    }

    /// The same for a guest that is known to wait for the text, having shown its prompt: the first key goes down without
    /// five seconds of seeing whether the guest goes on by itself.
    pub fn type_text_at_once(&mut self, layout: Layout, text: &str) -> Result<(), Untypable> {
        self.type_text_in(layout, text)?;
        self.typist.hurry();
        Ok(())
    }

    /// Whether all queued text has been typed.
    pub fn is_typing_done(&self) -> bool {
        self.typist.is_done()
    }

    /// Whether the guest waits for a key, as far as its calls of our BIOS show.
    pub fn waits_for_key(&self) -> bool {
        self.key_wait.is_some()
    }

    pub(crate) fn type_due_key(&mut self) {
        if let Some((key, pressed)) = self.typist.take_due(self.now()) {
            self.key(key, pressed);
        }
    }

    /// Whether the keyboard service just done shows a guest that waits for a key.
    pub(crate) fn note_key_service(&mut self, trap: Option<Trap>, function: u8, sent_to_wait: bool) {
        if !matches!(trap, Some(Trap::Int16 | Trap::Int16Again)) {
            return;
        }
        self.quiet.asked_for_keys(self.now());
        let empty = self.key_buffer_is_empty();
        if matches!(function, 0x00 | 0x10) {
            // A read that got its key leaves the buffer empty too.
            self.key_wait = sent_to_wait.then_some(KeyWait::Blocking);
        } else if !empty {
            self.key_wait = None;
        } else if matches!(function, 0x01 | 0x11) {
            let writes = self.bus.accesses().writes;
            let place = self.question_place();
            let waiting = self.polls.note(&place, self.cpu.state().count, writes);
            self.idle = waiting == Waiting::Yes;
            self.key_wait = match (waiting, self.key_wait) {
                (Waiting::Yes, None | Some(KeyWait::Blocking)) => Some(KeyWait::Polling(self.now())),
                (Waiting::No, _) => None,
                (_, before) => before,
            };
        }
    }

    /// From where the guest asks: its registers and the top of its stack, which holds the callers.
    fn question_place(&mut self) -> Place {
        let mut view = View::new(&mut self.cpu, &mut self.bus);
        let regs = *ringzero_bus::FirmwareView::regs(&mut view);
        let mut stack = [0; idle::STACK_BYTES];
        let top = ringzero_bus::LinAddr::real(regs.ss, regs.esp as u16);
        // Where the stack is not there the registers must do.
        let _ = ringzero_bus::FirmwareView::read(&mut view, top, &mut stack);
        Place::new(&regs, &stack)
    }

    /// The BIOS data area's buffer of keys, 40:1Ah and 40:1Ch.
    pub(crate) fn key_buffer_is_empty(&self) -> bool {
        let mut pointers = [0; 4];
        self.bus.fabric().ram.read(ringzero_bus::PhysAddr(0x41A), &mut pointers);
        pointers[..2] == pointers[2..]
    }
}
