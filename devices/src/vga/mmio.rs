//! The card's registers in memory, behind the PCI function's third base register, as QEMU's standard VGA has them: the EDID,
//! the VGA's ports from 3C0h on, those of the Bochs extension.

use super::{PORTS, Vga, edid};
use ringzero_bus::{Fabric, MmioAccess, PortAccess, Width};

/// Ports 3C0h to 3DFh.
const VGA_PORTS: std::ops::Range<u64> = 0x400..0x420;
/// The registers of the Bochs extension, each of 16 bits.
const VBE: std::ops::Range<u64> = 0x500..0x516;
/// How many bytes of registers follow, and the byte order of the frame buffer.
const EXTENSION: std::ops::Range<u64> = 0x600..0x608;
const EXTENSION_REGISTERS: [u32; 2] = [8, 0x1E1E_1E1E];

fn port_access(offset: u64) -> Option<PortAccess> {
    let port = 0x3C0 + (offset - VGA_PORTS.start) as u16;
    let region = PORTS.iter().position(|range| range.contains(&port))?;
    Some(PortAccess { region: region as u8, offset: port - PORTS[region].start(), width: Width::Byte })
}

impl Vga {
    pub(super) fn read_registers(&mut self, fabric: &mut Fabric, access: MmioAccess) -> u32 {
        (0..u64::from(access.width.bytes())).fold(0, |value, n| {
            value | u32::from(self.read_register_byte(fabric, access.offset + n)) << (8 * n)
        })
    }

    fn read_register_byte(&mut self, fabric: &mut Fabric, offset: u64) -> u8 {
        let byte_of = |value: u64| (value >> (8 * (offset & 3))) as u8;
        if offset < edid::SIZE as u64 {
            edid::block()[offset as usize]
        } else if VGA_PORTS.contains(&offset) {
            port_access(offset).map_or(0xFF, |access| self.read_port(fabric, access) as u8)
        } else if VBE.contains(&offset) {
            self.read_vbe(((offset - VBE.start) / 2) as u16).to_le_bytes()[(offset & 1) as usize]
        } else if EXTENSION.contains(&offset) {
            byte_of(EXTENSION_REGISTERS[((offset - EXTENSION.start) / 4) as usize].into())
        } else {
            0
        }
    }

    pub(super) fn write_registers(&mut self, fabric: &mut Fabric, access: MmioAccess, value: u32) {
        if VBE.contains(&access.offset) {
            if access.width == Width::Word {
                self.write_vbe(fabric, ((access.offset - VBE.start) / 2) as u16, value as u16);
            }
            return;
        }
        for n in 0..u64::from(access.width.bytes()) {
            let offset = access.offset + n;
            if let Some(port) = VGA_PORTS.contains(&offset).then(|| port_access(offset)).flatten() {
                self.write_port(fabric, port, value >> (8 * n) & 0xFF);
            }
        }
    }
}
