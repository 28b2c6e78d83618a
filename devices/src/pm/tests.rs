use super::*;
use crate::pc::{self, PcConfig};
use crate::pci;
use ringzero_bus::{Irq, Port, SystemBus};

const PM: u16 = 0xB000;
const SMBUS: u16 = 0xB100;

/// A PC whose firmware has placed the function's ports.
fn machine() -> (SystemBus, pc::PcParts) {
    let mut bus = SystemBus::new(1 << 20, 100);
    let parts = pc::build(&mut bus, &PcConfig { pci: true, ..PcConfig::default() }).unwrap();
    let registers = [(0x40, u32::from(PM) | 1), (0x80, 1), (0x90, u32::from(SMBUS) | 1), (0xD0, 0x0009_0000)];
    for (register, value) in registers {
        bus.pio_write(Port(0xCF8), Width::Dword, 0x8000_0B00 | register);
        bus.pio_write(Port(0xCFC), Width::Dword, value);
    }
    (bus, parts)
}

fn set_apmc_en(bus: &mut SystemBus) {
    bus.pio_write(Port(0xCF8), Width::Dword, 0x8000_0B58);
    bus.pio_write(Port(0xCFC), Width::Dword, 1 << 25);
}

fn word(bus: &mut SystemBus, offset: u16) -> u32 {
    bus.pio_read(Port(PM + offset), Width::Word)
}

fn set_word(bus: &mut SystemBus, offset: u16, value: u32) {
    bus.pio_write(Port(PM + offset), Width::Word, value);
}

fn wait(bus: &mut SystemBus, ns: u64) {
    let end = bus.now().plus_ns(ns);
    while let Some(due) = bus.fabric().sched.next_deadline().filter(|&due| due <= end) {
        bus.jump_to(0, due);
        bus.run_due_events();
    }
    bus.jump_to(0, end);
}

#[test]
fn the_function_is_where_firmware_looks_for_it() {
    let (mut bus, _) = machine();
    bus.pio_write(Port(0xCF8), Width::Dword, 0x8000_0B00);
    assert_eq!(bus.pio_read(Port(0xCFC), Width::Dword), 0x7113_8086);
    bus.pio_write(Port(0xCF8), Width::Dword, 0x8000_0B08);
    assert_eq!(bus.pio_read(Port(0xCFC), Width::Dword) >> 8, 0x06_8000);
    assert_eq!(pci::POWER_MANAGEMENT.function, 3);
}

#[test]
fn the_ports_answer_only_while_enabled() {
    let (mut bus, _) = machine();
    assert_eq!(word(&mut bus, 4), 0);
    bus.pio_write(Port(0xCF8), Width::Dword, 0x8000_0B80);
    bus.pio_write(Port(0xCFC), Width::Byte, 0);
    assert_eq!(word(&mut bus, 4), 0xFFFF);
}

#[test]
fn the_timer_counts_3_579545_million_a_second_in_24_bits() {
    let (mut bus, _) = machine();
    bus.jump_to(0, VTime(1_000_000_000));
    assert_eq!(bus.pio_read(Port(PM + 8), Width::Dword), 3_579_545);
    bus.jump_to(0, VTime(10_000_000_000));
    assert_eq!(bus.pio_read(Port(PM + 8), Width::Dword), 35_795_454 & 0xFF_FFFF);
}

#[test]
fn each_change_of_the_timers_top_bit_interrupts() {
    let (mut bus, _) = machine();
    set_word(&mut bus, 2, 1);
    set_word(&mut bus, 4, 1);
    // 2^23 ticks: 2.3435 s.
    for _ in 0..2 {
        wait(&mut bus, 2_342_000_000);
        assert_eq!((word(&mut bus, 0), bus.fabric().irqs.level(Irq(9))), (0, false));
        wait(&mut bus, 2_000_000);
        assert_eq!((word(&mut bus, 0), bus.fabric().irqs.level(Irq(9))), (1, true));
        set_word(&mut bus, 0, 1);
        assert!(!bus.fabric().irqs.level(Irq(9)));
    }
}

#[test]
fn the_power_button_interrupts_when_enabled() {
    let (mut bus, parts) = machine();
    let pm = parts.pm.unwrap();
    bus.call(pm, |pm, fabric| pm.power_button(fabric));
    assert_eq!((word(&mut bus, 0), bus.fabric().irqs.level(Irq(9))), (0x100, false));
    set_word(&mut bus, 4, 1);
    set_word(&mut bus, 2, 0x100);
    assert!(bus.fabric().irqs.level(Irq(9)));
    set_word(&mut bus, 0, 0x100);
    assert!(!bus.fabric().irqs.level(Irq(9)));
}

#[test]
fn sleep_type_0_is_soft_off() {
    let (mut bus, _) = machine();
    set_word(&mut bus, 4, 0x0001);
    assert_eq!(bus.take_request(), None);
    set_word(&mut bus, 4, 0x2401);
    assert_eq!(bus.take_request(), None);
    set_word(&mut bus, 4, 0x2001);
    assert_eq!((bus.take_request(), word(&mut bus, 4)), (Some(SystemRequest::PowerOff), 1));
}

#[test]
fn the_apm_port_switches_acpi_without_an_smi() {
    let (mut bus, _) = machine();
    bus.pio_write(Port(0xB2), Width::Byte, 0xF1);
    assert_eq!((word(&mut bus, 4), bus.fabric().wires.cpu.smi), (1, false));
    bus.pio_write(Port(0xB2), Width::Byte, 0xF0);
    assert_eq!(word(&mut bus, 4), 0);
}

#[test]
fn the_apm_port_asks_for_an_smi_when_enabled() {
    let (mut bus, _) = machine();
    set_apmc_en(&mut bus);
    bus.pio_write(Port(0xB3), Width::Byte, 0x55);
    assert!(!bus.fabric().wires.cpu.smi);
    bus.pio_write(Port(0xB2), Width::Byte, 0x12);
    assert!(bus.fabric().wires.cpu.smi);
    assert_eq!(bus.pio_read(Port(0xB2), Width::Word), 0x5512);
}

#[test]
fn no_device_answers_on_the_smbus() {
    let (mut bus, _) = machine();
    bus.pio_write(Port(SMBUS + 4), Width::Byte, 0xA1);
    bus.pio_write(Port(SMBUS + 2), Width::Byte, 0x48);
    assert_eq!(bus.pio_read(Port(SMBUS), Width::Byte), 0x04);
    bus.pio_write(Port(SMBUS), Width::Byte, 0xFF);
    assert_eq!(bus.pio_read(Port(SMBUS), Width::Byte), 0);
    assert_eq!(bus.pio_read(Port(SMBUS + 4), Width::Byte), 0xA1);
}

#[test]
fn general_purpose_events_can_be_enabled_and_never_come() {
    let (mut bus, _) = machine();
    bus.pio_write(Port(0xAFE2), Width::Word, 0xBEEF);
    assert_eq!(bus.pio_read(Port(0xAFE0), Width::Dword), 0xBEEF_0000);
}

#[test]
fn a_snapshot_keeps_the_registers() {
    let (mut bus, _) = machine();
    set_word(&mut bus, 2, 0x121);
    let (mut other, _) = machine();
    other.load(&bus.save().unwrap()).unwrap();
    assert_eq!(word(&mut other, 2), 0x121);
}
