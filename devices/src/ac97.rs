//! AC'97 controller of the 82801AA (ICH) with a codec, a function of the PCI bus.
//!
//! Sources: Intel 82801AA datasheet (290655), keyed \[ICH\]; Intel AC '97 component specification 2.3, keyed \[AC97\].
//!
//! *Modelled*: PCM out, PCM in and microphone in as bus masters with their lists of buffers, interrupts, positions to the
//! sample, variable rates, volumes of master and PCM Out. Recording gives silence.
//!
//! *Not modelled*: modem functions, a second codec, more than two channels, other inputs of the codec, power saving. The
//! codec is ready at once. PCM Out's range above 0 dB does nothing, since full samples would be cut off.

mod codec;
mod master;

use crate::opl3::apply;
use crate::pci::SUBSYSTEM;
use crate::sound::Frame;
use crate::sound::stream::{Stream, StreamState};
use codec::{Codec, register};
use master::{Master, Use};
use ringzero_bus::{
    ConfigSpace, Device, EventSlot, Fabric, ForkError, PciAddress, PciFunction, PciFunctionId, PciHeader,
    PciIntPin, PortAccess, PortBar, Section, SnapshotError, VTime, Width,
};
use serde::{Deserialize, Serialize};

/// Where it is on the bus.
pub const ADDRESS: PciAddress = PciAddress { device: 3, function: 0 };
/// Its ports: the codec's registers, and the bus masters'.
pub const BASES: [PortBar; 2] = [PortBar::new(0, 256, Width::Word), PortBar::new(1, 64, Width::Dword)];

/// Its configuration space; base registers are added by the card.
pub fn config_space() -> ConfigSpace {
    let header = PciHeader {
        id: (0x8086, 0x2415),
        subsystem: SUBSYSTEM,
        class: [0x04, 0x01, 0x00],
        revision: 1,
        multifunction: false,
        interrupt_pin: 1,
    };
    ConfigSpace::new(header).with(0x04, &[(0x00, 0x05), (0x00, 0x01), (0x80, 0x00), (0x02, 0x00)])
}

/// Wires of the card.
#[derive(Clone, Copy, Debug)]
pub struct Ac97Wiring {
    /// The function.
    pub function: PciFunctionId,
    /// INTA.
    pub interrupt: PciIntPin,
    /// Deadlines of the bus masters: in, out, microphone.
    pub looks: [EventSlot; 3],
}

/// The masters: PCM in, PCM out, microphone in. Their rates, what they do, their bits in GLOB_STA.
const MASTERS: [(u16, Use, u8); 3] = [
    (register::ADC_RATE, Use::Record(2), 0x20),
    (register::FRONT_DAC_RATE, Use::Play, 0x40),
    (register::MIC_RATE, Use::Record(1), 0x80),
];
/// GLOB_CNT: out of cold reset; warm reset, which ends by itself.
const COLD_RESET: u8 = 0x02;
const WARM_RESET: u8 = 0x04;
/// GLOB_STA, second byte: the codec is ready.
const READY: u8 = 0x01;

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct State {
    codec: Codec,
    masters: [Master; 3],
    /// GLOB_CNT.
    control: [u8; 4],
    /// CAS, the codec access semaphore.
    semaphore: bool,
}

impl State {
    fn new() -> Self {
        Self {
            codec: Codec::default(),
            masters: std::array::from_fn(|_| Master::new()),
            control: [0; 4],
            semaphore: false,
        }
    }
}

/// The card. Ports: region 0 is the codec's registers, region 1 the bus masters'.
#[derive(Clone, Debug)]
pub struct Ac97 {
    state: State,
    stream: Stream,
    wiring: Ac97Wiring,
}

impl Ac97 {
    /// A card.
    pub fn new(wiring: Ac97Wiring) -> Self {
        Self { state: State::new(), stream: Stream::default(), wiring }
    }

    /// Adds the sound to frames from `first` on, which lie [`crate::sound::LATENCY`] back. Memory is read when it is
    /// due, not when somebody listens.
    pub fn render(&mut self, first: u64, out: &mut [Frame]) {
        self.stream.render(first, out);
    }

    /// Moves what is due.
    fn follow(&mut self, fabric: &mut Fabric) {
        let gain = self.state.codec.gain();
        let may = fabric.pci.may_master(self.wiring.function);
        let now = fabric.now;
        for (n, (rate, what, _)) in MASTERS.into_iter().enumerate() {
            let master = &mut self.state.masters[n];
            if !master.runs() {
                continue;
            }
            if !may {
                master.start(now);
                continue;
            }
            let rate = self.state.codec.rate(rate);
            let stream = &mut self.stream;
            master.follow(now, rate, &mut fabric.ram, what, |at, frame| {
                stream.push(at, rate, apply(gain, frame))
            });
        }
    }

    /// Shows interrupts and arms deadlines.
    fn settle(&mut self, fabric: &mut Fabric) {
        fabric.irqs.set_pci(self.wiring.interrupt, self.state.masters.iter().any(Master::interrupts));
        for (n, (rate, what, _)) in MASTERS.into_iter().enumerate() {
            let samples = if let Use::Record(samples) = what { samples } else { 2 };
            let rate = self.state.codec.rate(rate);
            match self.state.masters[n].next_look(fabric.now, rate, samples) {
                Some(at) => fabric.sched.arm(self.wiring.looks[n], at),
                None => fabric.sched.cancel(self.wiring.looks[n]),
            }
        }
    }

    fn write_codec(&mut self, fabric: &Fabric, offset: u16, value: u16) {
        self.state.semaphore = false;
        let before = MASTERS.map(|(rate, ..)| self.state.codec.rate(rate));
        self.state.codec.write(offset, value);
        for (n, (rate, ..)) in MASTERS.into_iter().enumerate() {
            if self.state.codec.rate(rate) != before[n] {
                self.state.masters[n].start(fabric.now);
            }
        }
    }

    fn read_master(&mut self, offset: u16) -> u8 {
        match offset {
            0x00..=0x2F if offset < 0x2C => {
                self.state.masters[usize::from(offset >> 4).min(2)].read(offset & 15)
            }
            0x2C..=0x2F => self.state.control[usize::from(offset - 0x2C)],
            0x30 => {
                let asking = self.state.masters.iter().zip(MASTERS).filter(|(master, _)| master.interrupts());
                asking.fold(0, |bits, (_, (.., bit))| bits | bit)
            }
            0x31 => READY,
            0x34 => u8::from(std::mem::replace(&mut self.state.semaphore, true)),
            _ => 0,
        }
    }

    fn write_master(&mut self, fabric: &mut Fabric, offset: u16, value: u8) {
        match offset {
            0x00..=0x2B => {
                let master = &mut self.state.masters[usize::from(offset >> 4).min(2)];
                master.write(fabric.now, &fabric.ram, offset & 15, value);
            }
            0x2C => {
                if value & COLD_RESET == 0 {
                    self.state.codec = Codec::default();
                }
                self.state.control[0] = value & !WARM_RESET;
            }
            0x2D..=0x2F => self.state.control[usize::from(offset - 0x2C)] = value,
            0x34 => self.state.semaphore = value & 1 != 0,
            _ => {}
        }
    }
}

impl PciFunction for Ac97 {
    fn config_written(&mut self, fabric: &mut Fabric, _function: PciFunctionId, _offset: u8) {
        self.follow(fabric);
        self.settle(fabric);
    }
}

impl Device for Ac97 {
    fn name(&self) -> &'static str {
        "ac97"
    }

    fn reset(&mut self, fabric: &mut Fabric) {
        self.state = State::new();
        self.settle(fabric);
    }

    fn pio_read(&mut self, fabric: &mut Fabric, access: PortAccess) -> u32 {
        self.follow(fabric);
        let bytes = (0..access.width.bytes()).map(|n| access.offset + n as u16);
        let value = if access.region == 0 {
            self.state.semaphore = false;
            bytes.zip(0..).fold(0, |value, (offset, n)| {
                let byte = self.state.codec.read(offset).to_le_bytes()[usize::from(offset & 1)];
                value | u32::from(byte) << (8 * n)
            })
        } else {
            bytes.zip(0..).fold(0, |value, (at, n)| value | u32::from(self.read_master(at)) << (8 * n))
        };
        self.settle(fabric);
        value
    }

    fn pio_write(&mut self, fabric: &mut Fabric, access: PortAccess, value: u32) {
        self.follow(fabric);
        if access.region == 1 {
            for n in 0..access.width.bytes() {
                self.write_master(fabric, access.offset + n as u16, (value >> (8 * n)) as u8);
            }
        } else if access.width == Width::Word && access.offset & 1 == 0 {
            self.write_codec(fabric, access.offset, value as u16);
        } else if access.width == Width::Byte {
            // The codec knows words only; a byte is put among its neighbour's.
            let mut bytes = self.state.codec.read(access.offset).to_le_bytes();
            bytes[usize::from(access.offset & 1)] = value as u8;
            self.write_codec(fabric, access.offset, u16::from_le_bytes(bytes));
        }
        self.settle(fabric);
    }

    fn on_event(&mut self, fabric: &mut Fabric, _slot: EventSlot, _deadline: VTime) {
        self.follow(fabric);
        self.settle(fabric);
    }

    fn fork(&self) -> Result<Box<dyn Device>, ForkError> {
        Ok(Box::new(self.clone()))
    }

    fn save(&self) -> Result<Section, SnapshotError> {
        Section::encode(self.name(), 1, &(&self.state, self.stream.save()))
    }

    fn load(&mut self, section: &Section) -> Result<(), SnapshotError> {
        let (state, stream): (State, StreamState) = section.decode(self.name(), 1)?;
        if !state.masters.iter().all(Master::is_valid) || !Stream::accepts(&stream) {
            return Err(SnapshotError::OutOfRange { section: "ac97", what: "bus master" });
        }
        self.state = state;
        self.stream.load(stream);
        Ok(())
    }
}

#[cfg(test)]
#[path = "ac97/tests.rs"]
mod tests;
