//! What the guest shows and says.

use crate::machine::Machine;
use ringzero_devices::text::TextScreen;
use ringzero_devices::vga::Frame;

impl Machine {
    /// The text screen; `None` in graphics modes.
    pub fn text_screen(&self) -> Option<TextScreen> {
        self.bus.get(self.parts.vga?).text(&self.bus.fabric().ram)
    }

    /// Draws the picture into `frame`.
    pub fn render(&self, frame: &mut Frame) {
        if let Some(vga) = self.parts.vga {
            self.bus.get(vga).render(&self.bus.fabric().ram, self.bus.now(), frame);
        }
    }

    /// Changes whenever the picture may have changed.
    pub fn picture_generation(&self) -> u64 {
        let stored = u64::from(self.bus.fabric().ram.has_stored_video());
        self.parts.vga.map_or(0, |vga| self.bus.get(vga).generation(self.bus.now(), stored))
    }

    /// Changes whenever the guest may have changed the picture: the cursor's blinking does not count.
    pub fn picture_changes(&self) -> u64 {
        let stored = u64::from(self.bus.fabric().ram.has_stored_video());
        self.parts.vga.map_or(0, |vga| self.bus.get(vga).changes() + stored)
    }

    /// Counts what was stored to video memory, which [`Machine::picture_changes`] counts already, so that what is stored
    /// from now on counts again.
    pub(crate) fn note_video_memory(&mut self) {
        if let Some(vga) = self.parts.vga.filter(|_| self.bus.fabric().ram.has_stored_video()) {
            self.bus.fabric_mut().ram.take_stored_video();
            self.bus.call(vga, |vga, _| vga.memory_changed());
        }
    }

    /// Bytes that serial port `port` (0 is COM1) sent since the last call.
    pub fn take_serial(&mut self, port: usize) -> Vec<u8> {
        self.parts
            .com
            .get(port)
            .map(|&com| self.bus.call(com, |uart, _| uart.take_output()))
            .unwrap_or_default()
    }

    /// Bytes that serial port `port` has room for.
    pub fn serial_room(&self, port: usize) -> usize {
        self.parts.com.get(port).map_or(0, |&com| self.bus.get(com).room())
    }

    /// Sends bytes to serial port `port`; says how many it took.
    pub fn send_serial(&mut self, port: usize, bytes: &[u8]) -> usize {
        let Some(&com) = self.parts.com.get(port) else { return 0 };
        self.bus.call(com, |uart, fabric| uart.send(fabric, bytes))
    }

    /// Bytes written to the debug console since the last call.
    pub fn take_debug_console(&mut self) -> Vec<u8> {
        self.parts.debugcon.map(|port| self.bus.call(port, |port, _| port.take_output())).unwrap_or_default()
    }
}
