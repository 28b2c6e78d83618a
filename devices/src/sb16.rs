//! Sound Blaster 16: DSP, mixer, FM and MPU-401 on one card.
//!
//! Sources: Creative "Sound Blaster Series Hardware Programming Guide", keyed \[SB HW\]; Roland MPU-401 manual, keyed
//! \[MPU-401\]; the FM chip is [`crate::opl3`].
//!
//! *Modelled*: the commands of DSP versions 1 to 4 (direct, single-cycle and auto-init DMA, 8 and 16 bits, mono and
//! stereo, high speed, ADPCM, pause, silence), stereo of the Sound Blaster Pro, volumes of master, voice and FM, choice of
//! interrupt and DMA channels, interrupt status, MPU-401 in UART mode. Recording gives silence.
//!
//! *Not modelled*: tone controls, CD, line and microphone, the ASP, the joystick port, the time that commands take.

mod adpcm;
mod dsp;
mod mixer;
mod mpu;
mod transfer;

use crate::opl3::{Chip, Opl, OplState, apply};
use crate::sound::Frame;
use crate::sound::steps::{Steps, StepsState};
use crate::sound::stream::{Stream, StreamState};
use dsp::{Action, Dsp};
use mixer::{IRQ_8_BIT, IRQ_16_BIT, IRQ_MPU, Mixer};
use mpu::Mpu;
use ringzero_bus::{Device, EventSlot, Fabric, ForkError, IrqPin, PortAccess, Section, SnapshotError, VTime};
use serde::{Deserialize, Serialize};
use transfer::{Format, Transfer};

/// Ports of the MPU-401 and of FM beside the card's own sixteen.
pub const MPU_PORTS: std::ops::RangeInclusive<u16> = 0x330..=0x331;
/// FM where the AdLib card has it.
pub const FM_PORTS: std::ops::RangeInclusive<u16> = 0x388..=0x38B;
/// The DMA channels that the card can use.
pub const DMA_CHANNELS: [u8; 6] = [0, 1, 3, 5, 6, 7];
/// The interrupts that the card can use.
pub const IRQS: [u8; 4] = mixer::IRQS;
/// The high-pass behind the direct converter, 2 Hz.
const HIGH_PASS: u32 = 12;

/// How the card is set when the power comes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sb16Config {
    /// First port: 220h, 240h, 260h or 280h.
    pub iobase: u16,
    /// Interrupt: 9 (or 2), 5, 7 or 10.
    pub irq: u8,
    /// Channel of 8-bit transfers: 0, 1 or 3.
    pub dma: u8,
    /// Channel of 16-bit transfers: 5, 6 or 7.
    pub dma16: u8,
}

impl Default for Sb16Config {
    fn default() -> Self {
        Self { iobase: 0x220, irq: 5, dma: 1, dma16: 5 }
    }
}

/// Wires of the card.
#[derive(Clone, Copy, Debug)]
pub struct Sb16Wiring {
    /// Drivers of [`IRQS`].
    pub irqs: [IrqPin; 4],
    /// Deadlines of the 8- and the 16-bit transfer.
    pub transfers: [EventSlot; 2],
}

#[derive(Clone, Debug, Serialize, Deserialize)]
struct State {
    dsp: Dsp,
    mixer: Mixer,
    mpu: Mpu,
    /// The 8-bit transfer and the 16-bit one.
    transfers: [Option<Transfer>; 2],
    /// The last transfers, which 45h and 47h begin again.
    last: [Option<Transfer>; 2],
    /// Request lines that are up, by channel.
    requests: u8,
    /// E2h: a byte on its way to memory.
    identity: Option<u8>,
}

/// The card. Ports: region 0 is its own 16, region 1 [`MPU_PORTS`], region 2 [`FM_PORTS`].
#[derive(Clone, Debug)]
pub struct Sb16 {
    state: State,
    opl: Opl,
    voice: Stream,
    direct: Steps,
    wiring: Sb16Wiring,
    config: Sb16Config,
}

impl Sb16 {
    /// A card.
    pub fn new(config: Sb16Config, wiring: Sb16Wiring) -> Self {
        Self {
            state: State {
                dsp: Dsp::default(),
                mixer: Mixer::new(config.irq, config.dma, config.dma16),
                mpu: Mpu::default(),
                transfers: [None, None],
                last: [None, None],
                requests: 0,
                identity: None,
            },
            opl: Opl::new(Chip::Ymf262),
            voice: Stream::default(),
            direct: Steps::new(HIGH_PASS),
            wiring,
            config,
        }
    }

    /// Adds the sound at `now` to frames from `first` on, which lie [`crate::sound::LATENCY`] back.
    pub fn render(&mut self, now: VTime, first: u64, out: &mut [Frame]) {
        self.opl.render(now, first, out);
        self.voice.render(first, out);
        self.direct.listen(first);
        self.direct.follow(now);
        self.direct.render(first, out);
    }

    /// MIDI sent since the last call.
    pub fn take_midi(&mut self) -> Vec<u8> {
        self.state.mpu.take_output()
    }

    // --- interrupts and requests ----------------------------------------------------------------------------

    fn raise(&mut self, fabric: &mut Fabric, wide: bool) {
        self.state.mixer.pending |= if wide { IRQ_16_BIT } else { IRQ_8_BIT };
        self.show_irq(fabric);
    }

    fn acknowledge(&mut self, fabric: &mut Fabric, bit: u8) {
        self.state.mixer.pending &= !bit;
        self.show_irq(fabric);
    }

    fn show_irq(&mut self, fabric: &mut Fabric) {
        let mixer = &mut self.state.mixer;
        let mpu = if self.state.mpu.interrupts() { IRQ_MPU } else { 0 };
        mixer.pending = mixer.pending & !IRQ_MPU | mpu;
        for (n, pin) in self.wiring.irqs.into_iter().enumerate() {
            fabric.irqs.set(pin, n == mixer.irq() && mixer.pending != 0);
        }
    }

    fn channel(&self, wide: bool) -> u8 {
        if wide { self.state.mixer.dma_16() } else { self.state.mixer.dma_8() }
    }

    /// Shows on the request lines who waits for bytes.
    fn show_requests(&mut self, fabric: &mut Fabric) {
        let mut lines = 0;
        for wide in [false, true] {
            let waits =
                self.state.transfers[usize::from(wide)].as_ref().is_some_and(|t| t.waits() && !t.paused);
            if waits {
                lines |= 1 << self.channel(wide);
            }
        }
        if self.state.identity.is_some() {
            lines |= 1 << self.channel(false);
        }
        for channel in DMA_CHANNELS {
            if (lines | self.state.requests) >> channel & 1 != 0 {
                fabric.wires.dreq.set(channel, lines >> channel & 1 != 0);
            }
        }
        self.state.requests = lines;
    }

    /// Whether a DMA cycle of `channel` belongs to the 16-bit transfer.
    fn is_wide(&self, channel: u8) -> bool {
        let waits =
            |wide: bool| self.state.transfers[usize::from(wide)].as_ref().is_some_and(Transfer::waits);
        channel == self.channel(true) && (channel != self.channel(false) || waits(true) && !waits(false))
    }

    // --- transfers ------------------------------------------------------------------------------------------

    fn begin(&mut self, fabric: &mut Fabric, mut transfer: Transfer) {
        let wide = transfer.is_16_bit();
        transfer.start(fabric.now);
        self.state.last[usize::from(wide)] = Some(transfer.clone());
        self.state.transfers[usize::from(wide)] = Some(transfer);
        self.fetch(fabric, wide);
    }

    /// Asks for the next bytes, or for the time of the block's end.
    fn fetch(&mut self, fabric: &mut Fabric, wide: bool) {
        let Some(transfer) = &mut self.state.transfers[usize::from(wide)] else { return };
        if transfer.ask() {
            fabric.sched.cancel(self.wiring.transfers[usize::from(wide)]);
        } else {
            fabric.sched.arm(self.wiring.transfers[usize::from(wide)], transfer.next_at());
        }
        self.show_requests(fabric);
    }

    /// The samples that were fetched have been played.
    fn played(&mut self, fabric: &mut Fabric, wide: bool) {
        let Some(transfer) = &mut self.state.transfers[usize::from(wide)] else { return };
        if transfer.paused {
            return;
        }
        if transfer.end_block() {
            if !transfer.auto_init {
                self.state.transfers[usize::from(wide)] = None;
            }
            self.raise(fabric, wide);
        }
        self.fetch(fabric, wide);
    }

    fn arrived(&mut self, fabric: &mut Fabric, wide: bool) {
        self.show_requests(fabric);
        if let Some(transfer) = &self.state.transfers[usize::from(wide)] {
            if let Format::Adpcm(adpcm) = transfer.format
                && let Some(level) = adpcm.level()
            {
                self.state.dsp.set_level(level);
            }
            fabric.sched.arm(self.wiring.transfers[usize::from(wide)], transfer.next_at());
        }
    }

    fn obey(&mut self, fabric: &mut Fabric, action: Action) {
        match action {
            Action::None => {}
            Action::Direct(value) => {
                let gain = self.state.mixer.voice();
                let level = (i32::from(value) - 0x80) << 8;
                let [left, right] = gain.map(|gain| ((i64::from(level) * i64::from(gain)) >> 16) as i32);
                self.direct.put(fabric.now, (left + right) / 2);
            }
            Action::Play(transfer) => self.begin(fabric, *transfer),
            Action::Pause { wide } => self.pause(fabric, wide),
            Action::Continue { wide } => self.go_on(fabric, wide),
            Action::LeaveAutoInit { wide } => {
                if let Some(transfer) = &mut self.state.transfers[usize::from(wide)] {
                    transfer.auto_init = false;
                }
            }
            Action::Again { wide } => match &mut self.state.transfers[usize::from(wide)] {
                Some(transfer) => transfer.auto_init = true,
                None => {
                    if let Some(transfer) = self.state.last[usize::from(wide)].clone() {
                        self.begin(fabric, Transfer { auto_init: true, ..transfer });
                    }
                }
            },
            Action::Interrupt { wide } => self.raise(fabric, wide),
            Action::Identify(value) => {
                self.state.identity = Some(value);
                self.show_requests(fabric);
            }
            Action::Midi(byte) => self.state.mpu.send(byte),
        }
    }

    fn pause(&mut self, fabric: &mut Fabric, wide: bool) {
        if let Some(transfer) = &mut self.state.transfers[usize::from(wide)] {
            transfer.paused = true;
            fabric.sched.cancel(self.wiring.transfers[usize::from(wide)]);
            self.show_requests(fabric);
        }
    }

    fn go_on(&mut self, fabric: &mut Fabric, wide: bool) {
        let Some(transfer) = &mut self.state.transfers[usize::from(wide)] else { return };
        if !std::mem::take(&mut transfer.paused) {
            return;
        }
        transfer.start(fabric.now);
        if !transfer.waits() {
            fabric.sched.arm(self.wiring.transfers[usize::from(wide)], fabric.now);
        }
        self.show_requests(fabric);
    }

    fn reset_dsp(&mut self, fabric: &mut Fabric) {
        self.state.transfers = [None, None];
        self.state.last = [None, None];
        self.state.identity = None;
        self.wiring.transfers.into_iter().for_each(|slot| fabric.sched.cancel(slot));
        self.state.mixer.pending = 0;
        self.direct.put(fabric.now, 0);
        self.show_requests(fabric);
        self.show_irq(fabric);
    }

    // --- ports ----------------------------------------------------------------------------------------------

    fn read_card(&mut self, fabric: &mut Fabric, offset: u16) -> u8 {
        match offset {
            0x0 | 0x2 | 0x8 => self.opl.status(fabric.now),
            0x4 => self.state.mixer.address(),
            0x5 => self.state.mixer.read(),
            0xA => self.state.dsp.read(),
            // Bit 7: not ready for a command.
            0xC => 0x7F,
            0xE => {
                self.acknowledge(fabric, IRQ_8_BIT);
                if self.state.dsp.has_answer() { 0xFF } else { 0x7F }
            }
            0xF => {
                self.acknowledge(fabric, IRQ_16_BIT);
                0xFF
            }
            _ => 0xFF,
        }
    }

    fn write_card(&mut self, fabric: &mut Fabric, offset: u16, value: u8) {
        match offset {
            0x0..=0x3 => self.opl.write(fabric.now, offset, value),
            0x4 => self.state.mixer.select(value),
            0x5 => {
                self.state.mixer.write(value);
                self.opl.set_gain(fabric.now, self.state.mixer.fm());
                self.show_irq(fabric);
                self.show_requests(fabric);
            }
            0x6 if self.state.dsp.write_reset(value) => self.reset_dsp(fabric),
            0x8 | 0x9 => self.opl.write(fabric.now, offset - 8, value),
            0xC => {
                let stereo = self.state.mixer.is_stereo();
                let action = self.state.dsp.write(value, stereo);
                self.obey(fabric, action);
            }
            _ => {}
        }
    }
}

impl Device for Sb16 {
    fn name(&self) -> &'static str {
        "sb16"
    }

    fn reset(&mut self, fabric: &mut Fabric) {
        self.opl.reset(fabric.now);
        let fresh = Self::new(self.config, self.wiring).state;
        let requests = self.state.requests;
        self.state = State { requests, ..fresh };
        self.opl.set_gain(fabric.now, self.state.mixer.fm());
        self.reset_dsp(fabric);
    }

    fn pio_read(&mut self, fabric: &mut Fabric, access: PortAccess) -> u32 {
        u32::from(match (access.region, access.offset) {
            (0, offset) => self.read_card(fabric, offset),
            (1, 0) => {
                let byte = self.state.mpu.read();
                self.show_irq(fabric);
                byte
            }
            (1, _) => self.state.mpu.status(),
            (_, offset) if offset & 1 == 0 => self.opl.status(fabric.now),
            _ => 0xFF,
        })
    }

    fn pio_write(&mut self, fabric: &mut Fabric, access: PortAccess, value: u32) {
        let value = value as u8;
        match (access.region, access.offset) {
            (0, offset) => self.write_card(fabric, offset, value),
            (1, 0) => self.state.mpu.write(value),
            (1, _) => {
                self.state.mpu.command(value);
                self.show_irq(fabric);
            }
            (_, offset) => self.opl.write(fabric.now, offset, value),
        }
    }

    fn on_event(&mut self, fabric: &mut Fabric, slot: EventSlot, _deadline: VTime) {
        self.played(fabric, slot == self.wiring.transfers[1]);
    }

    fn dma_read(&mut self, fabric: &mut Fabric, channel: u8, _terminal_count: bool) -> u8 {
        if let Some(value) = self.state.identity.take() {
            self.show_requests(fabric);
            return value;
        }
        let wide = self.is_wide(channel);
        let Some(transfer) = &mut self.state.transfers[usize::from(wide)] else { return 0xFF };
        let (byte, done) = transfer.give(fabric.now);
        if done {
            self.arrived(fabric, wide);
        }
        byte
    }

    fn dma_write(&mut self, fabric: &mut Fabric, channel: u8, value: u8, _terminal_count: bool) {
        if self.state.identity.take().is_some() {
            return self.show_requests(fabric);
        }
        let wide = self.is_wide(channel);
        let Some(transfer) = &mut self.state.transfers[usize::from(wide)] else { return };
        let (gain, rate, records) = (self.state.mixer.voice(), transfer.rate, transfer.records);
        let voice = &mut self.voice;
        let done = transfer.take(fabric.now, value, |at, frame| {
            // A recording whose channel is set the wrong way round is not heard.
            if !records {
                voice.push(at, rate, apply(gain, frame));
            }
        });
        if done {
            self.arrived(fabric, wide);
        }
    }

    fn fork(&self) -> Result<Box<dyn Device>, ForkError> {
        Ok(Box::new(self.clone()))
    }

    fn save(&self) -> Result<Section, SnapshotError> {
        let sound = (self.opl.save(), self.voice.save(), self.direct.save());
        Section::encode(self.name(), 1, &(&self.state, sound))
    }

    fn load(&mut self, section: &Section) -> Result<(), SnapshotError> {
        let (state, (opl, voice, direct)): (State, (OplState, StreamState, StepsState)) =
            section.decode(self.name(), 1)?;
        let transfers = state.transfers.iter().chain(&state.last).flatten().all(Transfer::is_valid);
        let registers = state.dsp.is_valid() && state.mixer.is_valid() && state.mpu.is_valid();
        if !(registers && transfers) {
            return Err(SnapshotError::OutOfRange { section: "sb16", what: "register" });
        }
        if !(self.opl.accepts(&opl) && Stream::accepts(&voice) && Steps::accepts(&direct)) {
            return Err(SnapshotError::OutOfRange { section: "sb16", what: "sound" });
        }
        self.state = state;
        self.opl.load(opl);
        self.voice.load(voice);
        self.direct.load(direct);
        Ok(())
    }
}

#[cfg(test)]
#[path = "sb16/tests.rs"]
mod tests;
