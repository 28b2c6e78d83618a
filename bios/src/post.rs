//! Power-on self test [IBM AT TRM, "POST"]: chips, vectors, data areas, other ROMs, keyboard.
//!
//! *Modelled*: what software finds afterwards. *Not modelled*: memory and register tests, beep codes, CMOS setup.

use crate::ata::detect;
use crate::bda::{self, own};
use crate::guest::{Guest, Served};
use crate::pci;
use crate::pointing_device;
use crate::time;
use ringzero_bus::LinAddr;
use ringzero_roms::{VECTORS, label};

/// First segment of the ROM scan and the one behind its last.
const ROM_SCAN: (u16, u16) = (0xC000, 0xF000);

/// Everything before other ROMs run.
pub(crate) fn chips(g: &mut Guest) -> Served {
    interrupt_controllers(g);
    timers(g);
    dma(g);
    time::start(g);
    g.outb(0x3F2, 0x0C);
    vectors(g)?;
    data_areas(g)?;
    ports(g)?;
    drives(g)?;
    if pci::is_present(g) {
        pci::setup::start(g);
    }
    detect::start(g)?;
    time::set_ticks_from_clock(g)
}

/// Vectors 08h and 70h, edge triggered, slave on IR 2 [8259A, "Initialization Command Words"]. Open: timer, keyboard,
/// cascade, diskette; clock, coprocessor, fixed disk.
fn interrupt_controllers(g: &mut Guest) {
    for (port, bytes, mask) in
        [(0x20, [0x11, 0x08, 0x04, 0x01], 0xB8), (0xA0, [0x11, 0x70, 0x02, 0x01], 0x9E)]
    {
        g.outb(port, bytes[0]);
        for byte in &bytes[1..] {
            g.outb(port + 1, *byte);
        }
        g.outb(port + 1, mask);
    }
}

/// Counter 0 every 65,536 clocks, counter 1 for refresh, counter 2 for the speaker, which is off.
fn timers(g: &mut Guest) {
    for (control, port, count) in [(0x36, 0x40, 0u16), (0x74, 0x41, 18), (0xB6, 0x42, 1331)] {
        g.outb(0x43, control);
        g.outb(port, count as u8);
        g.outb(port, (count >> 8) as u8);
    }
    let control = g.inb(0x61);
    g.outb(0x61, control & 0xFC);
}

/// Both controllers cleared, channel 4 in cascade mode [8237A, "Cascade Mode"].
fn dma(g: &mut Guest) {
    g.outb(0x0D, 0);
    g.outb(0xDA, 0);
    g.outb(0xD6, 0xC0);
    g.outb(0xD4, 0);
}

/// All vectors to an IRET, but user vectors (60h to 67h) and those from 78h on to nothing, as on the AT.
fn vectors(g: &mut Guest) -> Served {
    for vector in 0..=0xFFu16 {
        let none = matches!(vector, 0x60..=0x67 | 0x78..=0xFF);
        let (segment, offset) = if none { (0, 0) } else { (0xF000, 0xFF53) };
        g.write_far(LinAddr(u64::from(vector) * 4), segment, offset)?;
    }
    for (vector, segment, offset) in VECTORS {
        g.write_far(LinAddr(u64::from(*vector) * 4), *segment, *offset)?;
    }
    Ok(())
}

/// The BIOS data area cleared but for the warm-boot flag, and the EBDA in the last KiB below 640 KiB.
fn data_areas(g: &mut Guest) -> Served {
    let warm = g.bda16(bda::WARM_BOOT)?;
    g.write(bda::at(0), &[0; 0x100])?;
    g.set_bda16(bda::WARM_BOOT, warm)?;
    g.set_bda(0x100, 0)?;
    let kilobytes = (g.ram_size() / 1024).clamp(64, 640) as u16;
    let segment = (kilobytes - 1) * 64;
    g.write(LinAddr::real(segment, 0), &[0; 1024])?;
    g.write_u8(LinAddr::real(segment, 0), 1)?;
    g.set_bda16(bda::EBDA_SEGMENT, segment)?;
    g.set_bda16(bda::MEMORY_KB, kilobytes - 1)?;
    for pointer in [bda::KEY_HEAD, bda::KEY_TAIL, bda::KEY_BUFFER_START] {
        g.set_bda16(pointer, 0x1E)?;
    }
    g.set_bda16(bda::KEY_BUFFER_END, 0x3E)?;
    g.write(bda::at(bda::LPT_TIMEOUTS), &[0x14, 0x14, 0x14, 0x14, 1, 1, 1, 1])?;
    g.set_bda(bda::KEY_STATE, 0x10)?;
    let cursor = g.ebda_at(own::ROM_CURSOR)?;
    g.write_u16(cursor, ROM_SCAN.0)
}

/// Serial and parallel ports that answer, and the equipment word: coprocessor as the CMOS says, 80x25 colour.
fn ports(g: &mut Guest) -> Served {
    let mut serial = 0u16;
    for port in [0x3F8, 0x2F8, 0x3E8, 0x2E8] {
        g.outb(port + 2, 0);
        // The upper bits of the interrupt identification register are 0 with its FIFOs off.
        if g.inb(port + 2) & 0xF8 == 0 {
            g.set_bda16(bda::COM_PORTS + serial * 2, port)?;
            serial += 1;
        }
    }
    let mut parallel = 0u16;
    for port in [0x3BC, 0x378, 0x278] {
        g.outb(port, 0xAA);
        if g.inb(port) == 0xAA {
            g.outb(port + 2, 0x08);
            g.outb(port + 2, 0x0C);
            g.set_bda16(bda::LPT_PORTS + parallel * 2, port)?;
            parallel += 1;
        }
    }
    let coprocessor = match g.cmos(0x14) {
        0xFF => 0,
        equipment => u16::from(equipment & 2),
    };
    g.set_bda16(bda::EQUIPMENT, 0x20 | coprocessor | serial << 9 | parallel << 14)
}

/// Diskette drives from CMOS 10h; the controller is reset by the first INT 13h.
fn drives(g: &mut Guest) -> Served {
    let types = match g.cmos(0x10) {
        0xFF => 0,
        types => types,
    };
    let drives = [types >> 4, types & 15];
    let count = drives.iter().filter(|kind| **kind != 0).count() as u16;
    if count > 0 {
        let equipment = g.bda16(bda::EQUIPMENT)?;
        g.set_bda16(bda::EQUIPMENT, equipment | 1 | (count - 1) << 6)?;
    }
    // Per drive: 80 tracks, several data rates, type known.
    let capability = |kind: u8| match kind {
        0 => 0,
        1 => 4,
        3 => 5,
        _ => 7,
    };
    g.set_bda(bda::DRIVE_TYPES, capability(drives[0]) | capability(drives[1]) << 4)?;
    crate::disk::floppy::power_on(g)
}

/// The next ROM with a right checksum: its entry in 40:67h and AL = 1, or AL = 0 when there is none left.
pub(crate) fn next_rom(g: &mut Guest) -> Served {
    let cursor = g.ebda_at(own::ROM_CURSOR)?;
    let mut segment = g.read_u16(cursor)?;
    while segment < ROM_SCAN.1 && segment >= ROM_SCAN.0 {
        let blocks = rom_blocks(g, segment)?;
        let Some(blocks) = blocks else {
            segment += 0x80;
            continue;
        };
        // Paragraphs, rounded up to the 2 KiB at which ROMs may start.
        let next = u32::from(segment) + (u32::from(blocks) * 32).next_multiple_of(0x80);
        g.write_u16(cursor, u16::try_from(next).unwrap_or(ROM_SCAN.1))?;
        g.write_far(bda::at(bda::FAR_POINTER), segment, 3)?;
        g.set_al(1);
        return Ok(());
    }
    g.set_al(0);
    Ok(())
}

/// 512-byte blocks of the ROM at `segment`: signature, length, bytes that add up to zero.
fn rom_blocks(g: &mut Guest, segment: u16) -> Served<Option<u8>> {
    let mut head = [0; 3];
    g.read(LinAddr::real(segment, 0), &mut head)?;
    if head[..2] != [0x55, 0xAA] || head[2] == 0 {
        return Ok(None);
    }
    let mut rom = vec![0; usize::from(head[2]) * 512];
    g.read(LinAddr::real(segment, 0), &mut rom)?;
    let sum = rom.iter().fold(0u8, |sum, byte| sum.wrapping_add(*byte));
    Ok((sum == 0).then_some(head[2]))
}

/// One step of the keyboard test.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum KeyboardStep {
    /// A command to the controller, perhaps with a parameter; no answer.
    Controller(u8, Option<u8>),
    /// Waits for this byte so many milliseconds; goes on without it then.
    Expect(u8, u64),
    /// A byte to the keyboard.
    Keyboard(u8),
}

/// Controller and interface test, keyboard reset with its self test, scanning on; interrupts only at the end
/// [8042, "Controller Commands"; AT keyboard, "Commands from the System"].
const KEYBOARD_TEST: [KeyboardStep; 13] = {
    use KeyboardStep::{Controller, Expect, Keyboard};
    [
        Controller(0xAD, None),
        Controller(0xAA, None),
        Expect(0x55, 100),
        Controller(0xAB, None),
        Expect(0x00, 100),
        Controller(0x60, Some(0x64)),
        Controller(0xAE, None),
        Keyboard(0xFF),
        Expect(0xFA, 100),
        Expect(0xAA, 1000),
        Keyboard(0xF4),
        Expect(0xFA, 100),
        Controller(0x60, Some(0x65)),
    ]
};

/// What may take its time: keyboard and mouse, and beside them IDE drives, a step of each. AL = 0 when all are done.
pub(crate) fn devices(g: &mut Guest) -> Served {
    let keyboard = keyboard(g)?;
    let drives = detect::step(g)?;
    // One after the other: they share the controller.
    let mouse = keyboard || pointing_device::search(g)?;
    g.set_al(u8::from(mouse || drives));
    Ok(())
}

/// A step of the keyboard test; whether there are more.
fn keyboard(g: &mut Guest) -> Served<bool> {
    let number = g.ebda(own::KEYBOARD_STEP)?;
    let Some(step) = KEYBOARD_TEST.get(usize::from(number)) else { return Ok(false) };
    if keyboard_step(g, *step)? {
        g.set_ebda(own::KEYBOARD_STEP, number + 1)?;
        if let Some(KeyboardStep::Expect(_, ms)) = KEYBOARD_TEST.get(usize::from(number) + 1) {
            g.arm(own::KEYBOARD_DEADLINE, ms * 1_000_000)?;
        }
    }
    Ok(true)
}

/// Whether the step is done. No controller at all (all ones) makes every step done at once.
fn keyboard_step(g: &mut Guest, step: KeyboardStep) -> Served<bool> {
    let status = g.inb(0x64);
    if status == 0xFF {
        return Ok(true);
    }
    match step {
        KeyboardStep::Expect(wanted, _) => {
            let found = status & 1 != 0 && g.inb(0x60) == wanted;
            return Ok(found || g.expired(own::KEYBOARD_DEADLINE)?);
        }
        _ if status & 2 != 0 => return Ok(false),
        KeyboardStep::Controller(command, parameter) => {
            drain(g);
            g.outb(0x64, command);
            if let Some(value) = parameter {
                g.outb(0x60, value);
            }
        }
        KeyboardStep::Keyboard(byte) => {
            drain(g);
            g.outb(0x60, byte);
        }
    }
    Ok(true)
}

/// Takes what waits in the output buffer.
fn drain(g: &mut Guest) {
    for _ in 0..16 {
        if g.inb(0x64) & 1 == 0 {
            return;
        }
        g.inb(0x60);
    }
}

/// The end of the test: a warm boot is over. With PCI the ROM asks the processor what it is, for the tables.
pub(crate) fn end(g: &mut Guest) -> Served {
    g.set_bda16(bda::WARM_BOOT, 0)?;
    g.set_bda(bda::LED_STATE, 0)?;
    if pci::is_present(g) {
        g.go(label::POST_PLATFORM);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::FakeMachine;

    fn vector(m: &FakeMachine, number: usize) -> u32 {
        u32::from_le_bytes([0, 1, 2, 3].map(|n| m.memory[number * 4 + n]))
    }

    #[test]
    fn vectors_and_data_areas_are_set() {
        let mut m = FakeMachine::with_bda();
        m.fixed.insert(0x71, 0x40);
        chips(&mut m.guest()).unwrap();
        assert_eq!(vector(&m, 0x16), 0xF000_E82E);
        assert_eq!(vector(&m, 0x70), 0xF000_0000 | u32::from(label::INT70));
        assert_eq!(vector(&m, 0x1E), 0xF000_EFC7);
        assert_eq!((vector(&m, 0x60), vector(&m, 0xFF)), (0, 0));
        assert_eq!(m.memory[0x40E..0x410], [0xC0, 0x9F]);
        assert_eq!(m.memory[0x413..0x415], 639u16.to_le_bytes());
        assert_eq!(m.memory[0x410], 0x21);
    }

    #[test]
    fn both_interrupt_controllers_get_their_vectors() {
        let mut m = FakeMachine::with_bda();
        chips(&mut m.guest()).unwrap();
        assert_eq!((m.wrote(0x21), m.wrote(0xA1)), (vec![8, 4, 1, 0xB8], vec![0x70, 2, 1, 0x9E]));
    }

    #[test]
    fn the_rom_scan_finds_the_video_rom_and_ends() {
        let mut m = FakeMachine::with_bda();
        m.memory[0xC_0000..0xC_8000].copy_from_slice(ringzero_roms::VIDEO_ROM);
        chips(&mut m.guest()).unwrap();
        next_rom(&mut m.guest()).unwrap();
        assert_eq!((m.regs.eax, m.memory[0x467..0x46B].to_vec()), (1, vec![3, 0, 0, 0xC0]));
        next_rom(&mut m.guest()).unwrap();
        assert_eq!(m.regs.eax, 0);
    }

    #[test]
    fn the_keyboard_test_ends_without_an_answer() {
        let mut m = FakeMachine::with_bda();
        m.fixed.insert(0x64, 0);
        for n in 0..100u64 {
            m.now.0 = n * 1_000_000_000;
            if !keyboard(&mut m.guest()).unwrap() {
                break;
            }
        }
        assert!(!keyboard(&mut m.guest()).unwrap());
        assert_eq!(m.wrote(0x60), [0x64, 0xFF, 0xF4, 0x65]);
    }
}
