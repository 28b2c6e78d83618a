//! 8237A DMA controllers, the pair of a PC/AT, with the page registers (74LS612) and the POST code latch at port 80h.
//!
//! Sources: Intel 8237A datasheet (231466), keyed \[8237A\]; IBM PC/AT Technical Reference, keyed \[AT\].
//!
//! *Modelled*: demand, single and block transfers, autoinitialise, decrement, verify, mask, status, software request bits,
//! flip-flop, master clear, clear mask; 16-bit channels 5 to 7 with word addresses; wrap within the 64 KB or 128 KB page.
//!
//! *Not modelled*: memory-to-memory transfers, compressed timing, rotating priority between channels; channel 4's cascade
//! need not be programmed for channels 0 to 3 to work.

use ringzero_bus::{
    Device, DmaController, DmaCycle, DmaDirection, Fabric, ForkError, PhysAddr, PortAccess, Section,
    SnapshotError,
};
use serde::{Deserialize, Serialize};

/// Mode register bits 7-6 [8237A, "Mode Register"].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Service {
    Demand,
    Single,
    Block,
    Cascade,
}

/// Mode register of one channel.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct ModeRegister(u8);

impl ModeRegister {
    fn service(self) -> Service {
        match self.0 >> 6 {
            0 => Service::Demand,
            1 => Service::Single,
            2 => Service::Block,
            _ => Service::Cascade,
        }
    }

    fn decrement(self) -> bool {
        self.0 & 0x20 != 0
    }

    fn autoinitialise(self) -> bool {
        self.0 & 0x10 != 0
    }

    fn direction(self) -> DmaDirection {
        match self.0 >> 2 & 3 {
            1 => DmaDirection::ToMemory,
            2 => DmaDirection::FromMemory,
            _ => DmaDirection::Verify,
        }
    }
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Channel {
    base_address: u16,
    current_address: u16,
    base_count: u16,
    current_count: u16,
    mode: ModeRegister,
}

/// A register other than address and count, A3 = 1 [8237A, "Software Commands"].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Control {
    Command,
    Request,
    SingleMask,
    Mode,
    ClearFlipFlop,
    MasterClear,
    ClearMask,
    AllMask,
}

impl Control {
    fn decode(register: u16) -> Self {
        match register & 7 {
            0 => Self::Command,
            1 => Self::Request,
            2 => Self::SingleMask,
            3 => Self::Mode,
            4 => Self::ClearFlipFlop,
            5 => Self::MasterClear,
            6 => Self::ClearMask,
            _ => Self::AllMask,
        }
    }
}

/// One 8237A.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct I8237 {
    channels: [Channel; 4],
    command: u8,
    /// Bit n: channel n is masked.
    mask: u8,
    /// Bit n: software request for channel n.
    request: u8,
    /// Bit n: channel n has reached its terminal count since the status was read.
    terminal_counts: u8,
    /// DREQ levels.
    requests: u8,
    /// First/last flip-flop: the next byte is the high one.
    high_byte: bool,
}

impl Default for I8237 {
    fn default() -> Self {
        Self {
            channels: [Channel::default(); 4],
            command: 0,
            mask: 0x0F,
            request: 0,
            terminal_counts: 0,
            requests: 0,
            high_byte: false,
        }
    }
}

/// One cycle as the chip drives it, page apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Cycle {
    address: u16,
    direction: DmaDirection,
    terminal_count: bool,
}

impl I8237 {
    fn master_clear(&mut self) {
        *self = Self { channels: self.channels, requests: self.requests, ..Self::default() };
    }

    fn flip(&mut self) -> bool {
        let high = self.high_byte;
        self.high_byte = !high;
        high
    }

    fn read(&mut self, register: u16) -> u8 {
        match register {
            0..=7 => {
                let channel = self.channels[usize::from(register >> 1)];
                let value = if register & 1 == 0 { channel.current_address } else { channel.current_count };
                value.to_le_bytes()[usize::from(self.flip())]
            }
            8 => (self.requests | self.request) << 4 | std::mem::take(&mut self.terminal_counts),
            15 => 0xF0 | self.mask,
            _ => 0, // the temporary register: no memory-to-memory transfer ever fills it
        }
    }

    fn write(&mut self, register: u16, value: u8) {
        if register < 8 {
            return self.write_channel(register, value);
        }
        let (channel, bit) = (usize::from(value & 3), 1 << (value & 3));
        let on = value & 4 != 0;
        match Control::decode(register) {
            Control::Command => self.command = value,
            Control::Request => self.request = if on { self.request | bit } else { self.request & !bit },
            Control::SingleMask => self.mask = if on { self.mask | bit } else { self.mask & !bit },
            Control::Mode => self.channels[channel].mode = ModeRegister(value),
            Control::ClearFlipFlop => self.high_byte = false,
            Control::MasterClear => self.master_clear(),
            Control::ClearMask => self.mask = 0,
            Control::AllMask => self.mask = value & 0x0F,
        }
    }

    /// Base and current registers are written together.
    fn write_channel(&mut self, register: u16, value: u8) {
        let byte = usize::from(self.flip());
        let channel = &mut self.channels[usize::from(register >> 1)];
        let place = if register & 1 == 0 { &mut channel.base_address } else { &mut channel.base_count };
        let mut bytes = place.to_le_bytes();
        bytes[byte] = value;
        *place = u16::from_le_bytes(bytes);
        if register & 1 == 0 {
            channel.current_address = channel.base_address;
        } else {
            channel.current_count = channel.base_count;
        }
    }

    /// Command bit 2: controller disable.
    fn disabled(&self) -> bool {
        self.command & 0x04 != 0
    }

    fn grant(&mut self, n: u8) -> Option<Cycle> {
        let (channel, bit) = (&mut self.channels[usize::from(n & 3)], 1u8 << (n & 3));
        let masked = self.mask & !self.request & bit != 0;
        if masked || self.command & 0x04 != 0 || channel.mode.service() == Service::Cascade {
            return None;
        }
        let address = channel.current_address;
        channel.current_address =
            if channel.mode.decrement() { address.wrapping_sub(1) } else { address.wrapping_add(1) };
        let (count, terminal_count) = channel.current_count.overflowing_sub(1);
        channel.current_count = count;
        let direction = channel.mode.direction();
        if terminal_count {
            self.terminal_counts |= bit;
            self.request &= !bit;
            if channel.mode.autoinitialise() {
                channel.current_address = channel.base_address;
                channel.current_count = channel.base_count;
            } else {
                self.mask |= bit;
            }
        }
        Some(Cycle { address, direction, terminal_count })
    }
}

/// Which page register belongs to channels 0 to 7 (4: refresh), as an offset from port 80h [AT, "DMA Page Registers"].
const PAGE_OF_CHANNEL: [usize; 8] = [0x7, 0x3, 0x1, 0x2, 0xF, 0xB, 0x9, 0xA];

/// The pair. Ports: region 0 is 00h-0Fh, region 1 is C0h-DFh, region 2 is 80h-8Fh.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Dma {
    /// Channels 0 to 3, bytes.
    low: I8237,
    /// Channels 4 to 7, words.
    high: I8237,
    /// Ports 80h to 8Fh; the first is the POST code.
    pages: [u8; 16],
}

impl Dma {
    /// Both chips after reset, all channels masked.
    pub fn new() -> Self {
        Self::default()
    }

    /// The last byte written to port 80h.
    pub fn post_code(&self) -> u8 {
        self.pages[0]
    }

    /// Whether both controllers are enabled and `channel` (0 to 7) is not masked.
    pub fn is_open(&self, channel: u8) -> bool {
        let chip = if channel < 4 { &self.low } else { &self.high };
        !chip.disabled() && chip.mask & 1 << (channel & 3) == 0
    }
}

impl Device for Dma {
    fn name(&self) -> &'static str {
        "dma"
    }

    fn reset(&mut self, _fabric: &mut Fabric) {
        self.low.master_clear();
        self.high.master_clear();
    }

    fn pio_read(&mut self, _fabric: &mut Fabric, access: PortAccess) -> u32 {
        u32::from(match access.region {
            0 => self.low.read(access.offset),
            1 => self.high.read(access.offset >> 1),
            _ => self.pages[usize::from(access.offset & 0xF)],
        })
    }

    fn pio_write(&mut self, _fabric: &mut Fabric, access: PortAccess, value: u32) {
        let value = value as u8;
        match access.region {
            0 => self.low.write(access.offset, value),
            1 => self.high.write(access.offset >> 1, value),
            _ => self.pages[usize::from(access.offset & 0xF)] = value,
        }
    }

    fn fork(&self) -> Result<Box<dyn Device>, ForkError> {
        Ok(Box::new(self.clone()))
    }

    fn save(&self) -> Result<Section, SnapshotError> {
        Section::encode(self.name(), 1, self)
    }

    fn load(&mut self, section: &Section) -> Result<(), SnapshotError> {
        let state: Self = section.decode(self.name(), 1)?;
        if [&state.low, &state.high].iter().any(|chip| chip.mask > 0xF || chip.request > 0xF) {
            return Err(SnapshotError::OutOfRange { section: "dma", what: "mask or request" });
        }
        *self = state;
        Ok(())
    }
}

impl DmaController for Dma {
    fn fork_controller(&self) -> Box<dyn DmaController> {
        Box::new(self.clone())
    }

    fn grant(&mut self, channel: u8) -> Option<DmaCycle> {
        let page = u64::from(self.pages[PAGE_OF_CHANNEL[usize::from(channel & 7)]]);
        let words = channel >= 4;
        let cycle = if words { self.high.grant(channel - 4) } else { self.low.grant(channel) }?;
        let address = u64::from(cycle.address);
        // A 16-bit channel drives A1-A16: bit 0 of its page is not used [AT, "DMA Page Registers"].
        let addr = if words { (page & !1) << 16 | address << 1 } else { page << 16 | address };
        Some(DmaCycle {
            addr: PhysAddr(addr),
            bytes: if words { 2 } else { 1 },
            direction: cycle.direction,
            terminal_count: cycle.terminal_count,
        })
    }

    fn set_requests(&mut self, levels: u8) {
        self.low.requests = levels & 0x0F;
        self.high.requests = levels >> 4;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ringzero_bus::Width;

    fn out(dma: &mut Dma, port: u16, value: u8) {
        let (region, offset) = match port {
            0..=0xF => (0, port),
            0xC0..=0xDF => (1, port - 0xC0),
            _ => (2, port - 0x80),
        };
        let access = PortAccess { region, offset, width: Width::Byte };
        dma.pio_write(&mut Fabric::new(0), access, value.into());
    }

    fn read(dma: &mut Dma, offset: u16) -> u8 {
        dma.pio_read(&mut Fabric::new(0), PortAccess { region: 0, offset, width: Width::Byte }) as u8
    }

    /// Channel 2 as a floppy read sets it up: `count + 1` bytes at 12FFFEh.
    fn floppy(mode: u8, count: u8) -> Dma {
        let mut dma = Dma::new();
        for (port, value) in
            [(0x0C, 0), (0x0B, mode), (4, 0xFE), (4, 0xFF), (5, count), (5, 0), (0x81, 0x12), (0x0A, 2)]
        {
            out(&mut dma, port, value);
        }
        dma
    }

    #[test]
    fn addresses_wrap_inside_the_page() {
        let mut dma = floppy(0x46, 9);
        let addresses: Vec<u64> = (0..3).map(|_| dma.grant(2).unwrap().addr.0).collect();
        assert_eq!(addresses, [0x12_FFFE, 0x12_FFFF, 0x12_0000]);
    }

    #[test]
    fn the_last_cycle_carries_tc_and_masks_the_channel() {
        let mut dma = floppy(0x46, 1);
        let counts: Vec<bool> = (0..2).map(|_| dma.grant(2).unwrap().terminal_count).collect();
        assert_eq!((counts, dma.grant(2)), (vec![false, true], None));
        assert_eq!([read(&mut dma, 8), read(&mut dma, 8)], [0x04, 0]);
    }

    #[test]
    fn autoinitialise_starts_again() {
        let mut dma = floppy(0x56, 0);
        dma.grant(2);
        assert_eq!(dma.grant(2).map(|cycle| cycle.addr), Some(PhysAddr(0x12_FFFE)));
    }

    #[test]
    fn decrement_counts_down() {
        let mut dma = floppy(0x66, 9);
        dma.grant(2);
        assert_eq!(dma.grant(2).map(|cycle| cycle.addr), Some(PhysAddr(0x12_FFFD)));
    }

    #[test]
    fn sixteen_bit_channels_count_words() {
        let mut dma = Dma::new();
        for (port, value) in
            [(0xD8, 0), (0xD6, 0x49), (0xC4, 0x01), (0xC4, 0x80), (0xC6, 1), (0xC6, 0), (0x8B, 3), (0xD4, 1)]
        {
            out(&mut dma, port, value);
        }
        let cycle = dma.grant(5).unwrap();
        assert_eq!((cycle.addr, cycle.bytes), (PhysAddr(0x3_0002), 2));
    }

    #[test]
    fn a_masked_or_disabled_channel_is_refused() {
        let mut dma = floppy(0x46, 9);
        out(&mut dma, 0x08, 0x04);
        assert_eq!(dma.grant(2), None);
        out(&mut dma, 0x08, 0x00);
        out(&mut dma, 0x0A, 0x06);
        assert_eq!(dma.grant(2), None);
    }

    #[test]
    fn registers_read_low_byte_first() {
        let mut dma = floppy(0x46, 9);
        out(&mut dma, 0x0C, 0);
        assert_eq!([read(&mut dma, 4), read(&mut dma, 4)], [0xFE, 0xFF]);
    }

    #[test]
    fn port_80h_keeps_the_post_code() {
        let mut dma = Dma::new();
        out(&mut dma, 0x80, 0x55);
        assert_eq!(dma.post_code(), 0x55);
    }

    #[test]
    fn a_snapshot_round_trips() {
        let dma = floppy(0x46, 9);
        let mut other = Dma::new();
        other.load(&dma.save().unwrap()).unwrap();
        assert_eq!(other, dma);
    }
}
