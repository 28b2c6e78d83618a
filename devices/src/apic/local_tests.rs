use super::{LocalApic, LocalApicKind};
use ringzero_bus::{
    ApicTraffic, CpuSignals, DeliveryMode, Destination, Device, EventSlot, Fabric, InterruptMessage,
    LocalController, MmioAccess, VTime, Vector, Width,
};

const SLOT: EventSlot = EventSlot::for_test(0);
const ENABLE: (u64, u32) = (0xF0, 0x1FF);

struct Bench {
    apic: LocalApic,
    fabric: Fabric,
}

impl Bench {
    fn of(kind: LocalApicKind) -> Self {
        Self { apic: LocalApic::new(kind, 0, SLOT), fabric: Fabric::new(0) }
    }

    /// An enabled one.
    fn new() -> Self {
        let mut bench = Self::of(LocalApicKind::Pentium4);
        bench.write(&[ENABLE]);
        bench
    }

    fn write(&mut self, writes: &[(u64, u32)]) {
        for &(offset, value) in writes {
            let access = MmioAccess { region: 0, offset, width: Width::Dword };
            self.apic.mmio_write(&mut self.fabric, access, value);
        }
    }

    fn read(&mut self, offset: u64) -> u32 {
        self.apic.mmio_read(&mut self.fabric, MmioAccess { region: 0, offset, width: Width::Dword })
    }

    fn message(&mut self, mode: DeliveryMode, vector: u8, level_triggered: bool) {
        let destination = Destination::All;
        let message = InterruptMessage { destination, mode, vector: Vector(vector), level_triggered };
        self.apic.accept(&mut self.fabric, &message);
    }

    fn interrupt(&mut self, vector: u8) {
        self.message(DeliveryMode::Fixed, vector, false);
    }

    fn acknowledge(&mut self) -> Option<u8> {
        assert!(self.apic.intr());
        self.apic.acknowledge(&mut self.fabric).map(|vector| vector.0)
    }

    fn external(&mut self, level: bool) {
        self.apic.set_external(&mut self.fabric, level);
    }

    /// Lets time pass up to `end`.
    fn run(&mut self, end: u64) {
        while let Some((_, due)) = self.fabric.sched.take_due(VTime(end)) {
            self.fabric.now = due;
            self.apic.on_event(&mut self.fabric, SLOT, due);
        }
        self.fabric.now = VTime(end);
    }

    fn sent(&mut self) -> Option<InterruptMessage> {
        match self.fabric.apics.take()? {
            ApicTraffic::Interrupt(message) => Some(message),
            ApicTraffic::EndOfInterrupt(_) => None,
        }
    }
}

#[test]
fn registers_after_reset() {
    let mut bench = Bench::of(LocalApicKind::Pentium4);
    let values = [0x20, 0x30, 0x80, 0xD0, 0xE0, 0xF0, 0x320, 0x350, 0x360, 0x370].map(|at| bench.read(at));
    let masked = 0x1_0000;
    assert_eq!(values, [0, 0x0005_0014, 0, 0, u32::MAX, 0xFF, masked, 0x700, masked, masked]);
}

#[test]
fn versions_tell_the_number_of_local_vectors() {
    for (kind, version, thermal) in
        [(LocalApicKind::Pentium, 0x0003_0010, 0), (LocalApicKind::P6, 0x0004_0011, 0)]
    {
        let mut bench = Bench::of(kind);
        assert_eq!((bench.read(0x30), bench.read(0x330)), (version, thermal));
    }
}

#[test]
fn the_higher_vector_comes_first() {
    let mut bench = Bench::new();
    bench.interrupt(0x41);
    bench.interrupt(0x93);
    assert_eq!(bench.acknowledge(), Some(0x93));
    assert!(!bench.apic.intr());
    bench.write(&[(0xB0, 0)]);
    assert_eq!(bench.acknowledge(), Some(0x41));
}

#[test]
fn a_vector_of_the_class_in_service_waits() {
    let mut bench = Bench::new();
    bench.interrupt(0x41);
    assert_eq!(bench.acknowledge(), Some(0x41));
    bench.interrupt(0x4F);
    assert!(!bench.apic.intr());
    bench.interrupt(0x50);
    assert_eq!(bench.acknowledge(), Some(0x50));
}

#[test]
fn the_task_priority_holds_its_class_and_lower_back() {
    let mut bench = Bench::new();
    bench.write(&[(0x80, 0x4F)]);
    bench.interrupt(0x4F);
    assert!(!bench.apic.intr());
    bench.write(&[(0x80, 0x3F)]);
    assert!(bench.apic.intr());
}

#[test]
fn the_processor_priority_is_the_higher_of_task_and_service() {
    let mut bench = Bench::new();
    bench.interrupt(0x52);
    bench.acknowledge();
    bench.write(&[(0x80, 0x23)]);
    assert_eq!(bench.read(0xA0), 0x50);
    bench.write(&[(0x80, 0x63)]);
    assert_eq!(bench.read(0xA0), 0x63);
}

#[test]
fn irr_and_isr_show_a_vector_on_its_way() {
    let mut bench = Bench::new();
    bench.interrupt(0x41);
    assert_eq!((bench.read(0x220), bench.read(0x120)), (2, 0));
    bench.acknowledge();
    assert_eq!((bench.read(0x220), bench.read(0x120)), (0, 2));
}

#[test]
fn only_a_level_triggered_interrupt_broadcasts_its_end() {
    let mut bench = Bench::new();
    for (level, expected) in [(false, None), (true, Some(ApicTraffic::EndOfInterrupt(Vector(0x41))))] {
        bench.message(DeliveryMode::Fixed, 0x41, level);
        bench.acknowledge();
        bench.write(&[(0xB0, 0)]);
        assert_eq!(bench.fabric.apics.take(), expected);
    }
}

#[test]
fn one_that_is_off_by_software_takes_no_vector_but_an_nmi() {
    let mut bench = Bench::of(LocalApicKind::Pentium4);
    bench.interrupt(0x41);
    bench.message(DeliveryMode::Nmi, 0, false);
    assert!(!bench.apic.intr());
    assert_eq!(bench.fabric.wires.cpu, CpuSignals { nmi: true, ..CpuSignals::default() });
}

#[test]
fn disabling_by_software_masks_the_local_vector_table() {
    let mut bench = Bench::new();
    bench.write(&[(0x320, 0x40), (0xF0, 0xFF), (0x320, 0x40)]);
    assert_eq!(bench.read(0x320), 0x1_0040);
}

#[test]
fn after_reset_the_8259a_reaches_the_processor() {
    let mut bench = Bench::of(LocalApicKind::P6);
    bench.external(true);
    assert_eq!(bench.acknowledge(), None);
    bench.external(false);
    assert!(!bench.apic.intr());
}

#[test]
fn a_masked_lint0_keeps_the_8259a_out() {
    let mut bench = Bench::new();
    bench.write(&[(0x350, 0x1_0700)]);
    bench.external(true);
    assert!(!bench.apic.intr());
    bench.write(&[(0x350, 0x700)]);
    assert!(bench.apic.intr());
}

#[test]
fn lint0_as_a_fixed_edge_gives_its_vector() {
    let mut bench = Bench::new();
    bench.write(&[(0x350, 0x31)]);
    bench.external(true);
    assert_eq!(bench.acknowledge(), Some(0x31));
    bench.write(&[(0xB0, 0)]);
    assert!(!bench.apic.intr());
}

#[test]
fn lint0_as_a_level_comes_again_while_it_is_high() {
    let mut bench = Bench::new();
    bench.write(&[(0x350, 0x8031)]);
    bench.external(true);
    assert_eq!(bench.acknowledge(), Some(0x31));
    assert_eq!(bench.read(0x350), 0xC031);
    bench.write(&[(0xB0, 0)]);
    assert_eq!(bench.acknowledge(), Some(0x31));
    bench.external(false);
    bench.write(&[(0xB0, 0)]);
    assert!(!bench.apic.intr());
}

#[test]
fn one_that_is_off_globally_leads_the_8259a_past_itself() {
    let mut bench = Bench::new();
    bench.write(&[(0x350, 0x1_0000)]);
    let base = bench.apic.base();
    bench.apic.set_base(&mut bench.fabric, base & !0x800);
    assert_eq!(bench.apic.page(), None);
    bench.external(true);
    assert_eq!(bench.acknowledge(), None);
}

#[test]
fn an_external_message_asks_for_an_8259a_vector() {
    let mut bench = Bench::new();
    bench.message(DeliveryMode::ExtInt, 0, false);
    assert_eq!(bench.acknowledge(), None);
    assert!(!bench.apic.intr());
}

#[test]
fn the_page_moves_with_the_base() {
    let mut bench = Bench::new();
    bench.apic.set_base(&mut bench.fabric, 0x1234_5900);
    assert_eq!(bench.apic.page().map(|page| page.0), Some(0x1234_5000));
    assert_eq!(bench.read(0xF0), 0x1FF);
}

#[test]
fn a_one_shot_interrupts_once() {
    let mut bench = Bench::new();
    bench.write(&[(0x320, 0x41), (0x3E0, 0xB), (0x380, 500)]);
    bench.run(499);
    assert!(!bench.apic.intr());
    bench.run(500);
    assert_eq!(bench.acknowledge(), Some(0x41));
    bench.run(5000);
    assert!(!bench.apic.intr());
    assert_eq!(bench.read(0x390), 0);
}

#[test]
fn a_periodic_timer_goes_on_after_it_was_not_heard() {
    let mut bench = Bench::new();
    bench.write(&[(0x320, 0x2_0041), (0x3E0, 0xB), (0x380, 500)]);
    bench.run(2750);
    assert_eq!(bench.acknowledge(), Some(0x41));
    bench.write(&[(0xB0, 0)]);
    bench.run(2999);
    assert!(!bench.apic.intr());
    bench.run(3000);
    assert!(bench.apic.intr());
}

#[test]
fn a_masked_timer_counts_in_silence() {
    let mut bench = Bench::new();
    bench.write(&[(0x320, 0x1_0041), (0x3E0, 0xB), (0x380, 500)]);
    bench.run(100);
    assert_eq!(bench.read(0x390), 400);
    assert_eq!(bench.fabric.sched.next_deadline(), None);
}

#[test]
fn commands_name_their_destination() {
    let mut bench = Bench::new();
    bench.write(&[(0x310, 0x0300_0000)]);
    for (command, destination) in [
        (0x0_4041, Destination::Physical(3)),
        (0x0_4841, Destination::Logical(3)),
        (0x4_4041, Destination::Itself(0)),
        (0x8_4041, Destination::All),
        (0xC_4041, Destination::Others(0)),
    ] {
        bench.write(&[(0x300, command)]);
        let message = bench.sent().unwrap();
        assert_eq!((message.destination, message.vector), (destination, Vector(0x41)));
        assert_eq!(bench.read(0x300), command);
    }
}

#[test]
fn commands_carry_every_delivery_mode() {
    let mut bench = Bench::new();
    for (bits, mode) in [
        (0, Some(DeliveryMode::Fixed)),
        (1, Some(DeliveryMode::LowestPriority)),
        (2, Some(DeliveryMode::Smi)),
        (3, None),
        (4, Some(DeliveryMode::Nmi)),
        (5, Some(DeliveryMode::Init)),
        (6, Some(DeliveryMode::StartUp)),
        (7, None),
    ] {
        bench.write(&[(0x300, 0x4041 | bits << 8)]);
        assert_eq!(bench.sent().map(|message| message.mode), mode);
    }
}

#[test]
fn init_level_deassert_resets_nothing() {
    let mut bench = Bench::new();
    bench.write(&[(0x300, 0x8_8500)]);
    assert_eq!(bench.sent(), None);
}

#[test]
fn logical_destinations_flat_and_cluster() {
    let mut bench = Bench::new();
    bench.write(&[(0xD0, 0x1200_0000)]);
    let mut answers = |target| bench.apic.answers_to(Destination::Logical(target));
    assert_eq!([0x10, 0x02, 0x04, 0xFF].map(&mut answers), [true, true, false, true]);
    bench.write(&[(0xE0, 0)]);
    let mut answers = |target| bench.apic.answers_to(Destination::Logical(target));
    assert_eq!([0x12, 0x22, 0xF2, 0x11, 0xFF].map(&mut answers), [true, false, true, false, true]);
}

#[test]
fn physical_destinations_are_ids_or_everyone() {
    let mut bench = Bench::new();
    bench.write(&[(0x20, 0x0500_0000)]);
    let answers = |target| bench.apic.answers_to(Destination::Physical(target));
    assert_eq!([5, 4, 0xFF].map(answers), [true, false, true]);
}

#[test]
fn a_write_shows_the_errors_since_the_last() {
    let mut bench = Bench::new();
    bench.write(&[(0x300, 0x4_4003)]);
    bench.interrupt(0x05);
    bench.read(0x40);
    assert_eq!(bench.read(0x280), 0);
    bench.write(&[(0x280, 0)]);
    assert_eq!(bench.read(0x280), 0xE0);
    bench.write(&[(0x280, 0)]);
    assert_eq!(bench.read(0x280), 0);
}

#[test]
fn an_error_interrupts() {
    let mut bench = Bench::new();
    bench.write(&[(0x370, 0xFE), (0x300, 0x4_4003)]);
    assert_eq!(bench.acknowledge(), Some(0xFE));
}

#[test]
fn bytes_of_a_register_can_be_read_but_not_written() {
    let mut bench = Bench::new();
    bench.write(&[(0x20, 0x0500_0000)]);
    let access = |offset| MmioAccess { region: 0, offset, width: Width::Byte };
    assert_eq!(bench.apic.mmio_read(&mut bench.fabric, access(0x23)), 5);
    bench.apic.mmio_write(&mut bench.fabric, access(0x80), 0x77);
    assert_eq!(bench.read(0x80), 0);
}

#[test]
fn init_keeps_the_id() {
    let mut bench = Bench::new();
    bench.write(&[(0x20, 0x0500_0000), (0x80, 0x33)]);
    bench.message(DeliveryMode::Init, 0, false);
    assert!(bench.fabric.wires.cpu.init);
    assert_eq!([0x20, 0x80, 0xF0].map(|at| bench.read(at)), [0x0500_0000, 0, 0xFF]);
}

#[test]
fn a_snapshot_round_trips() {
    let mut bench = Bench::new();
    bench.write(&[(0x320, 0x2_0041), (0x380, 500), (0x80, 0x12)]);
    bench.interrupt(0x77);
    let mut other = Bench::of(LocalApicKind::Pentium4);
    other.apic.load(&bench.apic.save().unwrap()).unwrap();
    assert_eq!(other.apic.save().unwrap(), bench.apic.save().unwrap());
    assert_eq!(other.acknowledge(), Some(0x77));
}
