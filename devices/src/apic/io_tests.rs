use super::IoApic;
use ringzero_bus::{
    ApicTraffic, DeliveryMode, Destination, Device, Fabric, InterruptMessage, Irq, MessageController,
    MmioAccess, Vector, Width,
};

struct Bench {
    chip: IoApic,
    fabric: Fabric,
}

impl Bench {
    fn new() -> Self {
        Self { chip: IoApic::new(), fabric: Fabric::new(0) }
    }

    fn access(offset: u64) -> MmioAccess {
        MmioAccess { region: 0, offset, width: Width::Dword }
    }

    fn write(&mut self, index: u8, value: u32) {
        self.chip.mmio_write(&mut self.fabric, Self::access(0), index.into());
        self.chip.mmio_write(&mut self.fabric, Self::access(0x10), value);
    }

    fn read(&mut self, index: u8) -> u32 {
        self.chip.mmio_write(&mut self.fabric, Self::access(0), index.into());
        self.chip.mmio_read(&mut self.fabric, Self::access(0x10))
    }

    /// Programs input `n`.
    fn entry(&mut self, n: u8, low: u32) {
        self.write(0x10 + 2 * n, low);
    }

    fn line(&mut self, irq: u8, level: bool) {
        self.chip.set_line(&mut self.fabric.apics, Irq(irq), level);
    }

    fn vectors(&mut self) -> Vec<u8> {
        std::iter::from_fn(|| self.fabric.apics.take())
            .filter_map(|traffic| match traffic {
                ApicTraffic::Interrupt(message) => Some(message.vector.0),
                ApicTraffic::EndOfInterrupt(_) => None,
            })
            .collect()
    }
}

#[test]
fn identity() {
    let mut bench = Bench::new();
    assert_eq!([0, 1, 2].map(|index| bench.read(index)), [0, 0x0017_0011, 0]);
    bench.write(0, 0x0F00_0000);
    assert_eq!([0, 2].map(|index| bench.read(index)), [0x0F00_0000; 2]);
}

#[test]
fn entries_are_masked_after_reset() {
    let mut bench = Bench::new();
    assert_eq!([0x10, 0x11, 0x3E, 0x3F, 0x40].map(|index| bench.read(index)), [0x1_0000, 0, 0x1_0000, 0, 0]);
}

#[test]
fn status_bits_cannot_be_written() {
    let mut bench = Bench::new();
    bench.write(0x12, u32::MAX);
    bench.write(0x13, u32::MAX);
    assert_eq!([0x12, 0x13].map(|index| bench.read(index)), [0x0001_AFFF, 0xFF00_0000]);
}

#[test]
fn an_edge_sends_one_message() {
    let mut bench = Bench::new();
    bench.write(0x13, 0x0300_0000);
    bench.entry(1, 0x0931);
    bench.line(1, true);
    bench.line(1, true);
    let message = InterruptMessage {
        destination: Destination::Logical(3),
        mode: DeliveryMode::LowestPriority,
        vector: Vector(0x31),
        level_triggered: false,
    };
    assert_eq!(bench.fabric.apics.take(), Some(ApicTraffic::Interrupt(message)));
    assert!(bench.fabric.apics.is_empty());
}

#[test]
fn the_timer_leads_to_input_2() {
    let mut bench = Bench::new();
    bench.entry(2, 0x30);
    bench.line(0, true);
    assert_eq!(bench.vectors(), [0x30]);
}

#[test]
fn an_edge_while_masked_is_lost() {
    let mut bench = Bench::new();
    bench.line(1, true);
    bench.entry(1, 0x31);
    assert_eq!(bench.vectors(), []);
}

#[test]
fn a_level_is_sent_when_it_is_unmasked() {
    let mut bench = Bench::new();
    bench.line(11, true);
    bench.entry(11, 0x803B);
    assert_eq!(bench.vectors(), [0x3B]);
    assert_eq!(bench.read(0x10 + 22), 0xC03B);
}

#[test]
fn a_level_comes_again_after_the_end_of_interrupt() {
    let mut bench = Bench::new();
    bench.entry(11, 0x803B);
    bench.line(11, true);
    bench.line(11, false);
    bench.line(11, true);
    assert_eq!(bench.vectors(), [0x3B]);
    bench.chip.end_of_interrupt(&mut bench.fabric.apics, Vector(0x3B));
    assert_eq!(bench.vectors(), [0x3B]);
    bench.line(11, false);
    bench.chip.end_of_interrupt(&mut bench.fabric.apics, Vector(0x3B));
    assert_eq!(bench.vectors(), []);
    assert_eq!(bench.read(0x10 + 22), 0x803B);
}

#[test]
fn the_end_of_another_vector_changes_nothing() {
    let mut bench = Bench::new();
    bench.entry(11, 0x803B);
    bench.line(11, true);
    bench.chip.end_of_interrupt(&mut bench.fabric.apics, Vector(0x3C));
    assert_eq!(bench.vectors(), [0x3B]);
}

#[test]
fn an_entry_made_edge_triggered_forgets_its_remote_irr() {
    let mut bench = Bench::new();
    bench.entry(11, 0x803B);
    bench.line(11, true);
    bench.entry(11, 0x1_003B);
    assert_eq!(bench.read(0x10 + 22), 0x1_003B);
}

#[test]
fn wires_beyond_the_isa_bus_have_inputs() {
    let mut bench = Bench::new();
    bench.entry(23, 0x8047);
    bench.line(23, true);
    assert_eq!(bench.vectors(), [0x47]);
}

#[test]
fn the_window_takes_double_words_only() {
    let mut bench = Bench::new();
    bench.read(1);
    let byte = MmioAccess { width: Width::Byte, ..Bench::access(0x10) };
    assert_eq!(bench.chip.mmio_read(&mut bench.fabric, byte), 0);
    let select = MmioAccess { width: Width::Byte, ..Bench::access(0) };
    assert_eq!(bench.chip.mmio_read(&mut bench.fabric, select), 1);
}

#[test]
fn a_snapshot_round_trips() {
    let mut bench = Bench::new();
    bench.entry(11, 0x803B);
    bench.line(11, true);
    let mut other = IoApic::new();
    other.load(&bench.chip.save().unwrap()).unwrap();
    assert_eq!(other, bench.chip);
}
