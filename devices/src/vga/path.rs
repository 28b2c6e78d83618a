//! The CPU's way to display memory, as the sequencer and the graphics controller make it: worked out once for many
//! accesses.

use super::graphics::Graphics;
use super::planes::Planes;
use super::registers::Registers;
use super::sequencer::Sequencer;
use ringzero_bus::GuestRam;

/// How the window's addresses lead to plane addresses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Order {
    /// All planes at the same address.
    Planar,
    /// The lowest bit chooses between even and odd planes.
    OddEven,
    /// The two lowest bits choose the plane.
    Chain4,
}

/// GR3 bits 3 and 4: what happens between the CPU's data and the latches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Function {
    Replace,
    And,
    Or,
    Xor,
}

/// What a read gives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum ReadMode {
    /// Read mode 0: the byte of a plane.
    Plane(u8),
    /// Read mode 1: bits whose colour equals the compare register in the planes that count.
    Compare { colour: u32, care: u32 },
}

/// What a write brings to the planes, where they differ by plane a byte for each [VGA, "Graphics Mode Register"].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum WriteMode {
    /// 0: the rotated byte, or all ones or zeros in the planes that set/reset has.
    Data { set: u32, data: u32 },
    /// 1: the latches.
    Latches,
    /// 2: a colour.
    Colour,
    /// 3: the set/reset colour where the rotated byte and the bit mask have ones.
    Masked { set: u32 },
}

/// The way, under the present registers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Path {
    planes: Planes,
    /// The window: offset from A0000h and length, 0 while the card does not answer.
    window: (u64, u64),
    read_order: Order,
    read: ReadMode,
    write_order: Order,
    write: WriteMode,
    map_mask: u8,
    rotate: u32,
    function: Function,
    bit_mask: u8,
}

/// `bits` spread over the planes: all ones where the plane's bit is set.
#[inline]
fn expand(bits: u8) -> u32 {
    // Bit n of the nibble comes to bit 8n; a multiplication makes a byte of it.
    (u32::from(bits & 0x0F).wrapping_mul(0x0020_4081) & 0x0101_0101) * 0xFF
}

/// The same byte for each plane.
#[inline]
fn repeat(byte: u8) -> u32 {
    u32::from(byte) * 0x0101_0101
}

/// Whether the window shows memory byte for byte: chain 4 over all planes, with nothing in the way.
pub(super) fn is_linear(sequencer: &Sequencer, graphics: &Graphics) -> bool {
    sequencer.chain_4() && sequencer.map_mask() == 0x0F && graphics.passes_bytes()
}

impl Path {
    /// The way under `registers`, for a card that `answers` or does not.
    pub(super) fn new(planes: Planes, registers: &Registers, answers: bool) -> Self {
        let Registers { sequencer, graphics, .. } = registers;
        let gr = |n: u8| graphics.get(n);
        let (first, len) = graphics.window();
        let order = |odd_even: bool| match (sequencer.chain_4(), odd_even) {
            (true, _) => Order::Chain4,
            (false, true) => Order::OddEven,
            (false, false) => Order::Planar,
        };
        Self {
            planes,
            window: (first, if answers { len } else { 0 }),
            read_order: order(gr(5) & 0x10 != 0),
            read: match gr(5) & 0x08 {
                0 => ReadMode::Plane(gr(4)),
                _ => ReadMode::Compare { colour: expand(gr(2)), care: expand(gr(7)) },
            },
            write_order: order(sequencer.odd_even()),
            write: match gr(5) & 3 {
                0 => WriteMode::Data { set: expand(gr(0)) & expand(gr(1)), data: !expand(gr(1)) },
                1 => WriteMode::Latches,
                2 => WriteMode::Colour,
                _ => WriteMode::Masked { set: expand(gr(0)) },
            },
            map_mask: sequencer.map_mask(),
            rotate: u32::from(gr(3) & 7),
            function: match gr(3) >> 3 & 3 {
                0 => Function::Replace,
                1 => Function::And,
                2 => Function::Or,
                _ => Function::Xor,
            },
            bit_mask: gr(8),
        }
    }

    /// Where in the window a byte at `offset` from A0000h lies, if the card answers there.
    #[inline]
    fn inside(&self, offset: u64) -> Option<usize> {
        let at = offset.wrapping_sub(self.window.0);
        (at < self.window.1).then_some(at as usize)
    }

    /// A byte read at `offset` from A0000h.
    #[inline]
    pub(super) fn read(&self, latches: &mut [u8; 4], ram: &GuestRam, offset: u64) -> u8 {
        let Some(at) = self.inside(offset) else { return 0xFF };
        let (address, chosen) = match self.read_order {
            Order::Planar => (at, None),
            Order::OddEven => (at & !1, Some(at & 1)),
            Order::Chain4 => (chained(at), Some(at & 3)),
        };
        *latches = self.planes.fetch(ram, address);
        match (self.read, chosen) {
            (ReadMode::Plane(plane), None) => latches[usize::from(plane & 3)],
            (ReadMode::Plane(plane), Some(odd)) if self.read_order == Order::OddEven => {
                latches[usize::from(plane & 2) | odd]
            }
            (ReadMode::Plane(_), Some(plane)) => latches[plane & 3],
            (ReadMode::Compare { colour, care }, _) => {
                let differ = (u32::from_le_bytes(*latches) ^ colour) & care;
                !differ.to_le_bytes().iter().fold(0, |all, &plane| all | plane)
            }
        }
    }

    /// A byte written at `offset` from A0000h.
    #[inline]
    pub(super) fn write(&self, latches: [u8; 4], ram: &mut GuestRam, offset: u64, value: u8) {
        let Some(at) = self.inside(offset) else { return };
        let (address, planes) = match self.write_order {
            Order::Planar => (at, self.map_mask),
            Order::OddEven => (at & !1, self.map_mask & if at & 1 == 0 { 0b0101 } else { 0b1010 }),
            Order::Chain4 => (chained(at), self.map_mask & 1 << (at & 3)),
        };
        let mut bytes = self.mixed(u32::from_le_bytes(latches), value);
        if planes != 0x0F {
            let (old, mask) = (u32::from_le_bytes(self.planes.fetch(ram, address)), expand(planes));
            bytes = old & !mask | bytes & mask;
        }
        self.planes.store(ram, address, bytes.to_le_bytes());
    }

    /// The four bytes that a write brings to the planes.
    #[inline]
    fn mixed(&self, latches: u32, value: u8) -> u32 {
        let rotated = value.rotate_right(self.rotate);
        let (data, mask) = match self.write {
            WriteMode::Data { set, data } => (set | repeat(rotated) & data, self.bit_mask),
            WriteMode::Latches => return latches,
            WriteMode::Colour => (expand(value), self.bit_mask),
            WriteMode::Masked { set } => (set, self.bit_mask & rotated),
        };
        let mask = repeat(mask);
        let data = match self.function {
            Function::Replace => data,
            Function::And => data & latches,
            Function::Or => data | latches,
            Function::Xor => data ^ latches,
        };
        data & mask | latches & !mask
    }
}

/// Chain 4: the two low bits choose the plane and give way to A16 and A17.
fn chained(at: usize) -> usize {
    (at & 0xFFFC) | (at >> 16 & 3)
}
