use super::SystemBus;
use crate::{
    ConfigSpace, Device, Fabric, ForkError, Handle, MemoryBar, MmioAccess, PageTarget, PciAddress,
    PciFunction, PciFunctionId, PciHeader, PhysAddr, Section, SnapshotError, Width,
};

const RAM: usize = 1 << 20;
const ROM: [u8; 3] = [0x55, 0xAA, 4];

/// A card with 8 KiB of memory and a ROM: a load gives the offset, a store is kept.
#[derive(Clone)]
struct Card {
    name: &'static str,
    stored: Vec<(u8, u64, u32)>,
}

impl PciFunction for Card {
    fn config_written(&mut self, _fabric: &mut Fabric, _function: PciFunctionId, _offset: u8) {}
}

impl Device for Card {
    fn name(&self) -> &'static str {
        self.name
    }
    fn reset(&mut self, _fabric: &mut Fabric) {}
    fn mmio_read(&mut self, _fabric: &mut Fabric, access: MmioAccess) -> u32 {
        u32::from(access.region) << 24 | access.offset as u32
    }
    fn mmio_write(&mut self, _fabric: &mut Fabric, access: MmioAccess, value: u32) {
        self.stored.push((access.region, access.offset, value));
    }
    fn fork(&self) -> Result<Box<dyn Device>, ForkError> {
        Ok(Box::new(self.clone()))
    }
    fn save(&self) -> Result<Section, SnapshotError> {
        Section::encode(self.name(), 1, &())
    }
    fn load(&mut self, section: &Section) -> Result<(), SnapshotError> {
        section.decode(self.name(), 1)
    }
}

fn attach(bus: &mut SystemBus, name: &'static str, device: u8) -> (Handle<Card>, PciFunctionId) {
    let header = PciHeader {
        id: (0x1234, 0x5678),
        subsystem: (0, 0),
        class: [5, 0, 0],
        revision: 0,
        multifunction: false,
        interrupt_pin: 0,
    };
    let mut id = None;
    let address = PciAddress { device, function: 0 };
    let card = bus.attach(name, |wiring| {
        let function = wiring.pci_function::<Card>(address, ConfigSpace::new(header), &[])?;
        wiring.pci_memory(function, MemoryBar { index: 0, size: 0x2000, prefetchable: false });
        wiring.pci_rom(function, &ROM, true);
        id = Some(function);
        Ok(Card { name, stored: Vec::new() })
    });
    (card.unwrap(), id.unwrap())
}

fn write(bus: &mut SystemBus, id: PciFunctionId, at: u8, value: u32) {
    (at..).zip(value.to_le_bytes()).for_each(|(at, byte)| bus.fabric_mut().pci.write(id, at, byte));
    bus.settle();
}

fn bus() -> (SystemBus, Handle<Card>, PciFunctionId) {
    let mut bus = SystemBus::new(RAM, 1);
    let (card, id) = attach(&mut bus, "card", 3);
    write(&mut bus, id, 0x04, 2);
    (bus, card, id)
}

#[test]
fn memory_answers_where_its_register_says() {
    let (mut bus, card, id) = bus();
    write(&mut bus, id, 0x10, 0xFEB0_0000);
    assert_eq!(bus.read(PhysAddr(0xFEB0_1234), Width::Dword), 0x1234);
    bus.write(PhysAddr(0xFEB0_0010), Width::Word, 0xABCD);
    assert_eq!(bus.get(card).stored, [(0, 0x10, 0xABCD)]);
    assert_eq!(bus.page(PhysAddr(0xFEB0_1000)), PageTarget::Mmio);
    assert_eq!(bus.page(PhysAddr(0xFEB0_2000)), PageTarget::Open);
}

#[test]
fn a_move_changes_the_generation_and_anything_else_does_not() {
    let (mut bus, _, id) = bus();
    let before = bus.map_generation();
    write(&mut bus, id, 0x3C, 0x0B);
    assert_eq!(bus.map_generation(), before);
    write(&mut bus, id, 0x10, 0xFEB0_0000);
    assert_eq!(bus.map_generation(), before + 1);
    assert!(bus.attention());
    write(&mut bus, id, 0x04, 0);
    assert_eq!(bus.map_generation(), before + 2);
    assert_eq!(bus.read(PhysAddr(0xFEB0_1234), Width::Dword), 0xFFFF_FFFF);
}

#[test]
fn ram_and_what_is_claimed_answer_before_functions() {
    let (mut bus, card, id) = bus();
    bus.attach_rom("rom", 0xFFFF_0000, &[0x90; 0x1_0000]).unwrap();
    for base in [0, RAM as u64 - 0x2000, 0xFFFF_E000] {
        write(&mut bus, id, 0x10, base as u32);
        bus.write(PhysAddr(base + 8), Width::Byte, 1);
    }
    assert!(bus.get(card).stored.is_empty());
    assert_eq!(bus.page(PhysAddr(0)), PageTarget::Ram(crate::RamOffset(0)));
}

#[test]
fn a_function_shows_in_a_hole_of_the_legacy_area() {
    let (mut bus, _, id) = bus();
    bus.leave_open("hole", 0xD_0000..=0xD_FFFF).unwrap();
    write(&mut bus, id, 0x10, 0xD_2000);
    assert_eq!(bus.read(PhysAddr(0xD_3000), Width::Dword), 0x1000);
    assert_eq!(bus.read(PhysAddr(0xD_4000), Width::Dword), 0xFFFF_FFFF);
}

#[test]
fn the_lowest_of_overlapping_functions_answers() {
    let (mut bus, _, id) = bus();
    let (other, lower) = attach(&mut bus, "lower", 2);
    write(&mut bus, id, 0x10, 0xFEB0_0000);
    write(&mut bus, lower, 0x04, 2);
    write(&mut bus, lower, 0x10, 0xFEB0_0000);
    bus.write(PhysAddr(0xFEB0_0000), Width::Byte, 7);
    assert_eq!(bus.get(other).stored, [(0, 0, 7)]);
}

#[test]
fn a_rom_shows_its_image_and_drops_stores() {
    let (mut bus, _, id) = bus();
    let at = PhysAddr(0xFEC0_0000);
    write(&mut bus, id, 0x30, 0xFEC0_0000);
    assert_eq!(bus.read(at, Width::Byte), 0xFF);
    write(&mut bus, id, 0x30, 0xFEC0_0001);
    bus.write(at, Width::Dword, 0);
    assert_eq!(bus.read(at, Width::Dword), 0xFF04_AA55);
    // 2 KiB are less than a page.
    assert_eq!(bus.page(at), PageTarget::Mmio);
    assert_eq!(bus.peek(PhysAddr(0xFEC0_0001)), Some(0xAA));
}

#[test]
fn a_snapshot_keeps_where_functions_are() {
    let (mut before, _, id) = bus();
    write(&mut before, id, 0x10, 0xFEB0_0000);
    let (mut after, ..) = bus();
    after.load(&before.save().unwrap()).unwrap();
    assert_eq!(after.read(PhysAddr(0xFEB0_0004), Width::Dword), 4);
}

#[test]
fn reset_takes_functions_off_the_bus() {
    let (mut bus, _, id) = bus();
    write(&mut bus, id, 0x10, 0xFEB0_0000);
    bus.reset_devices();
    assert_eq!(bus.page(PhysAddr(0xFEB0_0000)), PageTarget::Open);
}
