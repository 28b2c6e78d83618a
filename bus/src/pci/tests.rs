use super::*;
use crate::types::Width;

const PORTS: PortBar = PortBar::new(4, 16, Width::Dword);
const MEMORY: MemoryBar = MemoryBar { index: 0, size: 0x1000, prefetchable: true };

fn bus() -> (PciBus, PciFunctionId) {
    let header = PciHeader {
        id: (0x8086, 0x7010),
        subsystem: (0, 0),
        class: [1, 1, 0x80],
        revision: 0,
        multifunction: false,
        interrupt_pin: 0,
    };
    let mut bus = PciBus::default();
    let id = bus.add(PciAddress { device: 1, function: 1 }, ConfigSpace::new(header));
    PORTS.put(&mut bus, id);
    MEMORY.put(&mut bus, id);
    RomBar::holding(5000, true).put(&mut bus, id);
    (bus, id)
}

fn write(bus: &mut PciBus, id: PciFunctionId, at: u8, value: u32) {
    (at..).zip(value.to_le_bytes()).for_each(|(at, byte)| bus.write(id, at, byte));
}

#[test]
fn ones_in_a_bar_read_back_its_size() {
    let (mut bus, id) = bus();
    for (at, size) in [(0x20, 0xFFFF_FFF1), (0x10, 0xFFFF_F008), (0x30, 0xFFFF_E001), (0x14, 0)] {
        write(&mut bus, id, at, 0xFFFF_FFFF);
        assert_eq!(bus.dword(id, at), size);
    }
}

#[test]
fn ports_answer_only_when_enabled() {
    let (mut bus, id) = bus();
    write(&mut bus, id, 0x20, 0xC000);
    assert_eq!(bus.port_base(id, PORTS), None);
    bus.write(id, 0x04, COMMAND_IO);
    assert_eq!(bus.port_base(id, PORTS), Some(0xC000));
}

#[test]
fn memory_answers_only_when_enabled() {
    let (mut bus, id) = bus();
    write(&mut bus, id, 0x10, 0xFEB0_0000);
    assert_eq!(bus.memory_base(id, MEMORY), None);
    bus.write(id, 0x04, COMMAND_MEMORY);
    assert_eq!(bus.memory_base(id, MEMORY), Some(0xFEB0_0000));
}

#[test]
fn a_rom_has_an_enable_bit_of_its_own() {
    let (mut bus, id) = bus();
    bus.write(id, 0x04, COMMAND_MEMORY);
    write(&mut bus, id, 0x30, 0xFEB0_0000);
    assert_eq!(bus.rom_base(id, RomBar::holding(5000, true)), None);
    write(&mut bus, id, 0x30, 0xFEB0_0001);
    assert_eq!(bus.rom_base(id, RomBar::holding(5000, true)), Some(0xFEB0_0000));
}

#[test]
fn a_rom_may_show_whatever_the_command_register_says() {
    let (mut bus, id) = bus();
    write(&mut bus, id, 0x30, 0xFEB0_0001);
    assert_eq!(bus.rom_base(id, RomBar::holding(5000, true)), None);
    assert_eq!(bus.rom_base(id, RomBar::holding(5000, false)), Some(0xFEB0_0000));
}

#[test]
fn identity_cannot_be_written() {
    let (mut bus, id) = bus();
    bus.write(id, 0, 0x55);
    assert_eq!((bus.read(id, 0), bus.read(id, 3)), (0x86, 0x70));
}
