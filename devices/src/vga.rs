//! VGA: the IBM Video Graphics Array, with the Bochs extension for larger pictures as a PCI function.
//!
//! Sources: IBM PS/2 Hardware Interface Technical Reference, "Video Subsystem", keyed \[VGA\]; where the manual is
//! silent, Intel 82C440 / FreeVGA register descriptions; "VBE Display Interface" of Bochs, keyed \[VBE-DISPI\].
//!
//! *Modelled*: CRTC, sequencer, graphics controller, attribute controller, DAC, general registers; the memory path with
//! all modes; the picture in every standard mode and what can be made of their registers; retrace and display enable
//! from the CRTC's own timing, the vertical retrace interrupt; register changes within a frame, from the line on at which
//! they come, the start address from the retrace on; the Bochs extension in all depths to 2560x1600, its registers in
//! memory, the monitor's EDID there and by DDC.
//!
//! *Not modelled*: the light pen, the border, memory written while the beam passes (a line shows memory as it stands when
//! the picture is asked for), the diagnostic bits of input status register 1. Where the window shows memory byte for
//! byte, reads leave the latches alone.

mod attribute;
mod crtc;
mod dac;
mod ddc;
mod edid;
mod graphics;
mod journal;
mod mmio;
mod path;
mod planes;
mod ports;
mod registers;
mod render;
mod sequencer;
mod timing;
mod vbe;

pub use render::Frame;

use crate::text::TextScreen;
use crtc::RetraceInterrupt;
use ddc::Ddc;
use journal::Journal;
use path::Path;
use planes::Planes;
use registers::{Change, Effect, Registers};
use render::Source;
use ringzero_bus::{
    Aperture, Device, EventSlot, Fabric, ForkError, GuestRam, IrqPin, MemoryBar, MmioAccess, PciFunction,
    PciFunctionId, PortAccess, RamOffset, Section, SnapshotError, VTime, Width,
};
use serde::{Deserialize, Serialize};

/// Bytes of one plane.
const PLANE: usize = 0x1_0000;
/// Bytes of video memory: the largest picture of the Bochs extension fits.
pub const MEMORY: usize = 16 << 20;

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct VgaState {
    registers: Registers,
    feature: u8,
    /// 3C3h bit 0: the video subsystem answers.
    enable: u8,
    /// A vertical retrace has come and its interrupt was not cleared.
    retrace_pending: bool,
    vbe_index: u16,
    ddc: Ddc,
}

impl Default for VgaState {
    fn default() -> Self {
        Self {
            registers: Registers::default(),
            feature: 0,
            enable: 1,
            retrace_pending: false,
            vbe_index: 0,
            ddc: Ddc::default(),
        }
    }
}

/// Where the card's pins lead, and where its memory is.
#[derive(Clone, Copy, Debug)]
pub struct VgaWiring {
    /// The vertical retrace interrupt: IRQ 2 of the slot, which is IRQ 9.
    pub irq: IrqPin,
    /// The next retrace.
    pub retrace: EventSlot,
    /// [`MEMORY`] bytes of video memory.
    pub memory: RamOffset,
}

/// The card. Port regions and what they must be attached to are [`PORTS`]; its memory regions are [`WINDOW`] and, as a PCI
/// function, [`REGISTERS`].
#[derive(Clone, Debug)]
pub struct Vga {
    wiring: VgaWiring,
    state: VgaState,
    /// The CPU's way to memory under the present registers.
    path: Path,
    journal: Journal,
    /// Counts changes that may show.
    changes: u64,
}

/// The card's port ranges, in the order of its regions: the last takes words.
pub const PORTS: [std::ops::RangeInclusive<u16>; 6] =
    [0x3B4..=0x3B5, 0x3BA..=0x3BA, 0x3C0..=0x3CF, 0x3D4..=0x3D5, 0x3DA..=0x3DA, 0x1CE..=0x1D0];
/// The card's window.
pub const WINDOW: std::ops::RangeInclusive<u64> = 0xA_0000..=0xB_FFFF;
/// The base register behind which video memory lies: nothing but the memory itself.
pub const FRAME_BUFFER: MemoryBar = MemoryBar { index: 0, size: MEMORY as u32, prefetchable: true };
/// The base register behind which the card's registers lie.
pub const REGISTERS: MemoryBar = MemoryBar { index: 2, size: 0x1000, prefetchable: false };

impl Vga {
    /// A card after power-on: nothing programmed, the screen black.
    pub fn new(wiring: VgaWiring) -> Self {
        let state = VgaState::default();
        let path = Path::new(Planes(wiring.memory), &state.registers, false);
        Self { wiring, state, path, journal: Journal::default(), changes: 0 }
    }

    fn source<'a>(&'a self, ram: &'a GuestRam) -> Source<'a> {
        Source { registers: &self.state.registers, journal: &self.journal, ram, planes: self.planes() }
    }

    fn planes(&self) -> Planes {
        Planes(self.wiring.memory)
    }

    /// Draws the screen as it shows at `now`. The frame's memory is reused.
    pub fn render(&self, ram: &GuestRam, now: VTime, frame: &mut Frame) {
        self.source(ram).render(now, frame);
    }

    /// The text on the screen, or `None` in a graphics mode.
    pub fn text(&self, ram: &GuestRam) -> Option<TextScreen> {
        render::text(&self.source(ram))
    }

    /// Counts changes that may show, the cursor's blinking and what is written to memory apart.
    pub fn changes(&self) -> u64 {
        self.changes
    }

    /// Memory was written.
    pub fn memory_changed(&mut self) {
        self.changes += 1;
    }

    /// Equal numbers at two times mean equal pictures; `more` are changes that are not counted yet.
    pub fn generation(&self, now: VTime, more: u64) -> u64 {
        let registers = &self.state.registers;
        let blinks = registers.vbe.size().is_none()
            && (!registers.attribute.graphics_mode() || registers.attribute.blinks_graphics());
        (self.changes + more) << 2 | if blinks { render::blink_phase(registers, now) } else { 0 }
    }

    // --- registers ------------------------------------------------------------------------------------------

    /// Gives a register a new value, and lets what depends on it follow.
    fn change(&mut self, fabric: &mut Fabric, change: Change) {
        let Some(effect) = self.state.registers.effect(change) else { return };
        match effect {
            Effect::None | Effect::Cursor => {}
            Effect::Line => self.journal.note(&self.state.registers, fabric.now, change),
            Effect::Geometry => self.journal.clear(),
        }
        self.state.registers.apply(change);
        if effect != Effect::None {
            self.changes += 1;
        }
        if effect == Effect::Geometry || matches!(change, Change::Crtc(0x11, _)) {
            self.follow_retrace(fabric);
        }
        if matches!(change, Change::Misc(_) | Change::Sequencer(..) | Change::Graphics(..) | Change::Vbe(_)) {
            self.follow_window(fabric);
        }
    }

    fn answers(&self) -> bool {
        self.state.registers.misc.memory_enabled() && self.state.enable != 0
    }

    fn renew_path(&mut self) {
        self.path = Path::new(self.planes(), &self.state.registers, self.answers());
    }

    /// Renews the CPU's way to memory, and lets it have the window while that shows memory byte for byte.
    fn follow_window(&mut self, fabric: &mut Fabric) {
        self.renew_path();
        let registers = &self.state.registers;
        let (start, len) = match registers.vbe.window() {
            Some(bank) => (bank as u64, 0x1_0000),
            None => (0, registers.graphics.window().1),
        };
        let linear = registers.vbe.window().is_some()
            || path::is_linear(&registers.sequencer, &registers.graphics)
                && registers.graphics.window().0 == 0;
        let first = *WINDOW.start();
        fabric.wires.aperture = (linear && self.answers()).then_some(Aperture {
            first,
            last: first + len - 1,
            at: RamOffset(self.wiring.memory.0 + start),
        });
    }

    // --- the vertical retrace interrupt ---------------------------------------------------------------------

    fn follow_retrace(&mut self, fabric: &mut Fabric) {
        match self.state.registers.crtc.retrace_interrupt() {
            RetraceInterrupt::Armed { on: true } => {
                let next = self.state.registers.timing().next_retrace(fabric.now);
                fabric.sched.arm(self.wiring.retrace, next);
            }
            RetraceInterrupt::Armed { on: false } => fabric.sched.cancel(self.wiring.retrace),
            RetraceInterrupt::Cleared => {
                fabric.sched.cancel(self.wiring.retrace);
                self.state.retrace_pending = false;
            }
        }
        fabric.irqs.set(self.wiring.irq, self.state.retrace_pending);
    }

    // --- memory ---------------------------------------------------------------------------------------------

    #[inline]
    fn read_window(&mut self, fabric: &Fabric, offset: u64) -> u8 {
        self.path.read(&mut self.state.registers.graphics.latches, &fabric.ram, offset)
    }

    #[inline]
    fn write_window(&mut self, fabric: &mut Fabric, offset: u64, value: u8) {
        self.path.write(self.state.registers.graphics.latches, &mut fabric.ram, offset, value);
    }
}

impl PciFunction for Vga {
    fn config_written(&mut self, _fabric: &mut Fabric, _function: PciFunctionId, _offset: u8) {}
}

impl Device for Vga {
    fn name(&self) -> &'static str {
        "vga"
    }

    fn reset(&mut self, fabric: &mut Fabric) {
        self.state = VgaState::default();
        self.journal.clear();
        self.changes += 1;
        self.follow_retrace(fabric);
        self.follow_window(fabric);
    }

    fn pio_read(&mut self, fabric: &mut Fabric, access: PortAccess) -> u32 {
        self.read_port(fabric, access)
    }

    fn pio_write(&mut self, fabric: &mut Fabric, access: PortAccess, value: u32) {
        self.write_port(fabric, access, value);
    }

    fn mmio_read(&mut self, fabric: &mut Fabric, access: MmioAccess) -> u32 {
        if access.region != 0 {
            return self.read_registers(fabric, access);
        }
        if access.width == Width::Byte {
            return self.read_window(fabric, access.offset).into();
        }
        (0..access.width.bytes()).fold(0, |value, n| {
            value | u32::from(self.read_window(fabric, access.offset + u64::from(n))) << (8 * n)
        })
    }

    fn mmio_write(&mut self, fabric: &mut Fabric, access: MmioAccess, value: u32) {
        if access.region != 0 {
            return self.write_registers(fabric, access, value);
        }
        if access.width == Width::Byte {
            return self.write_window(fabric, access.offset, value as u8);
        }
        for n in 0..access.width.bytes() {
            self.write_window(fabric, access.offset + u64::from(n), (value >> (8 * n)) as u8);
        }
    }

    fn on_event(&mut self, fabric: &mut Fabric, _slot: EventSlot, deadline: VTime) {
        self.state.retrace_pending = true;
        fabric.irqs.set(self.wiring.irq, true);
        let next = self.state.registers.timing().next_retrace(deadline);
        fabric.sched.arm(self.wiring.retrace, next);
    }

    fn fork(&self) -> Result<Box<dyn Device>, ForkError> {
        Ok(Box::new(self.clone()))
    }

    fn save(&self) -> Result<Section, SnapshotError> {
        Section::encode(self.name(), 2, &self.state)
    }

    fn load(&mut self, section: &Section) -> Result<(), SnapshotError> {
        let state: VgaState = section.decode(self.name(), 2)?;
        if !state.registers.is_valid(MEMORY) || !state.ddc.is_valid() {
            return Err(SnapshotError::OutOfRange { section: "vga", what: "index or length" });
        }
        self.state = state;
        self.renew_path();
        // Changes within a frame that is half drawn are not part of a snapshot.
        self.journal.clear();
        self.changes += 1;
        Ok(())
    }
}

#[cfg(test)]
#[path = "vga/tests/mod.rs"]
mod tests;
