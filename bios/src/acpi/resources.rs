//! Resource descriptors [ACPI, "Resource Data Types for ACPI"].

use super::aml::{self, Term};

/// Small items.
const IRQ: u8 = 0x22;
const DMA: u8 = 0x2A;
const IO: u8 = 0x47;
const END: u8 = 0x79;
/// Large items.
const MEMORY_32_FIXED: u8 = 0x86;
const DWORD_SPACE: u8 = 0x87;
const WORD_SPACE: u8 = 0x88;
const EXTENDED_INTERRUPT: u8 = 0x89;

/// Offset of the number in an extended interrupt with one of them.
pub(crate) const INTERRUPT_NUMBER: u32 = 5;

/// What a bridge hands on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum SpaceKind {
    Memory = 0,
    Io = 1,
    Bus = 2,
}

/// Descriptors as a buffer, which the end tag closes; its checksum of 0 is always right.
pub(crate) fn template(descriptors: &[Vec<u8>]) -> Term {
    aml::buffer(&[&descriptors.concat()[..], &[END, 0]].concat())
}

/// Ports from `first` on; all 16 address lines are decoded.
pub(crate) fn ports(first: u16, count: u8) -> Vec<u8> {
    let [low, high] = first.to_le_bytes();
    vec![IO, 1, low, high, low, high, 1, count]
}

/// An edge-triggered interrupt of the ISA bus.
pub(crate) fn irq(number: u8) -> Vec<u8> {
    let [low, high] = (1u16 << (number & 15)).to_le_bytes();
    vec![IRQ, low, high]
}

/// A DMA channel for bytes, at the ISA bus's own timing.
pub(crate) fn dma(channel: u8) -> Vec<u8> {
    vec![DMA, 1 << (channel & 7), 0]
}

/// A level-triggered, shared, active-high interrupt: one of `numbers`.
pub(crate) fn interrupts(numbers: &[u8]) -> Vec<u8> {
    const CONSUMER_LEVEL_HIGH_SHARED: u8 = 0x09;
    let mut body = vec![CONSUMER_LEVEL_HIGH_SHARED, numbers.len() as u8];
    body.extend(numbers.iter().flat_map(|number| u32::from(*number).to_le_bytes()));
    large(EXTENDED_INTERRUPT, &body)
}

/// Memory that does not move.
pub(crate) fn memory(first: u32, length: u32, writable: bool) -> Vec<u8> {
    let body = [&[u8::from(writable)][..], &first.to_le_bytes(), &length.to_le_bytes()].concat();
    large(MEMORY_32_FIXED, &body)
}

/// Bus numbers behind a bridge.
pub(crate) fn bus_numbers(first: u16, last: u16) -> Vec<u8> {
    word_space(SpaceKind::Bus, 0, first, last)
}

/// Ports that a bridge hands on.
pub(crate) fn port_window(first: u16, last: u16) -> Vec<u8> {
    const ENTIRE_RANGE: u8 = 0x03;
    word_space(SpaceKind::Io, ENTIRE_RANGE, first, last)
}

/// Memory that a bridge hands on.
pub(crate) fn memory_window(first: u32, last: u32) -> Vec<u8> {
    const WRITABLE: u8 = 0x01;
    let mut body = space_head(SpaceKind::Memory, WRITABLE);
    let length = last - first + 1;
    body.extend([0, first, last, 0, length].iter().flat_map(|value| value.to_le_bytes()));
    large(DWORD_SPACE, &body)
}

/// A producer whose first and last address are fixed.
fn space_head(kind: SpaceKind, flags: u8) -> Vec<u8> {
    const PRODUCER_FIXED: u8 = 0x0C;
    vec![kind as u8, PRODUCER_FIXED, flags]
}

fn word_space(kind: SpaceKind, flags: u8, first: u16, last: u16) -> Vec<u8> {
    let mut body = space_head(kind, flags);
    let length = (last - first).wrapping_add(1);
    body.extend([0, first, last, 0, length].iter().flat_map(|value| value.to_le_bytes()));
    large(WORD_SPACE, &body)
}

fn large(tag: u8, body: &[u8]) -> Vec<u8> {
    [&[tag][..], &(body.len() as u16).to_le_bytes(), body].concat()
}
