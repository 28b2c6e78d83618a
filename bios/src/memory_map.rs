//! INT 15h AX=E820h: the memory map [ACPI, "INT 15H, E820H - Query System Address Map"].

use crate::acpi;
use crate::bda::{self, own};
use crate::guest::{Guest, Served};
use crate::platform::{HPET, IO_APIC, LOCAL_APIC};
use crate::system::{MIB, UNSUPPORTED, failed, memory};
use ringzero_bus::LinAddr;

/// "SMAP".
const SMAP: u32 = 0x534D_4150;

/// Type of a range.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Range {
    Usable = 1,
    Reserved = 2,
    /// ACPI tables: free for who has read them.
    Tables = 3,
    /// To be kept over sleep.
    NonVolatile = 4,
}

/// RAM below the EBDA, EBDA, ROM, RAM from 1 MiB, tables behind it, APICs and timer, ROM below 4 GiB. Devices of the
/// PCI bus lie where the map is silent.
fn ranges(g: &mut Guest) -> Served<Vec<(u64, u64, Range)>> {
    let low = u64::from(g.bda16(bda::MEMORY_KB)?) * 1024;
    let mut map = vec![(0, low, Range::Usable)];
    if low < 0xA_0000 {
        map.push((low, 0xA_0000, Range::Reserved));
    }
    map.push((0xF_0000, MIB, Range::Reserved));
    let top = memory(g)?;
    if top > MIB {
        map.push((MIB, top, Range::Usable));
    }
    let tables = g.read_ebda_u32(own::ACPI_TABLES)?;
    if tables != 0 {
        let facs = u64::from(acpi::facs_of(tables));
        map.push((u64::from(tables), facs, Range::Tables));
        map.push((facs, acpi::end_of(tables), Range::NonVolatile));
    }
    if g.ebda(own::HAS_APIC)? != 0 {
        let pages = [IO_APIC, HPET, LOCAL_APIC].map(u64::from);
        map.extend(pages.map(|page| (page, page + 0x1000, Range::Reserved)));
    }
    map.push((0xFFFC_0000, 1 << 32, Range::Reserved));
    Ok(map)
}

/// Range EBX into the 20 bytes at ES:DI.
pub(crate) fn service(g: &mut Guest) -> Served {
    let index = g.regs().ebx as usize;
    let map = ranges(g)?;
    let regs = *g.regs();
    let Some((first, end, kind)) = map.get(index).copied().filter(|_| regs.edx == SMAP && regs.ecx >= 20)
    else {
        return failed(g, UNSUPPORTED);
    };
    let mut entry = [0; 20];
    entry[..8].copy_from_slice(&first.to_le_bytes());
    entry[8..16].copy_from_slice(&(end - first).to_le_bytes());
    entry[16..].copy_from_slice(&(kind as u32).to_le_bytes());
    g.write(LinAddr::real(regs.es, regs.edi as u16), &entry)?;
    g.set_cf(false)?;
    let regs = g.regs();
    regs.eax = SMAP;
    regs.ecx = 20;
    regs.ebx = if index + 1 < map.len() { index as u32 + 1 } else { 0 };
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::FakeMachine;

    fn entries(machine: &mut FakeMachine) -> Vec<(u64, u64, u8)> {
        let mut found = Vec::new();
        loop {
            (machine.regs.eax, machine.regs.edx, machine.regs.ecx) = (0xE820, SMAP, 20);
            (machine.regs.es, machine.regs.edi) = (0x2000, 0);
            service(&mut machine.guest()).unwrap();
            let number = |at| u64::from_le_bytes(std::array::from_fn(|n| machine.memory[at + n]));
            found.push((number(0x2_0000), number(0x2_0008), machine.memory[0x2_0010]));
            if machine.regs.ebx == 0 {
                return found;
            }
        }
    }

    #[test]
    fn the_map_ends_with_a_zero_ebx() {
        let mut machine = FakeMachine::with_bda();
        machine.memory[0x413..0x415].copy_from_slice(&639u16.to_le_bytes());
        assert_eq!(entries(&mut machine).len(), 5);
    }

    #[test]
    fn tables_and_apics_have_ranges_of_their_own() {
        let mut machine = FakeMachine::with_bda();
        machine.memory[0x413..0x415].copy_from_slice(&639u16.to_le_bytes());
        machine.memory[0x9_FEE0..0x9_FEE5].copy_from_slice(&[0, 0, 0xFF, 0, 1]);
        let map = entries(&mut machine);
        assert_eq!(map[3..6], [(MIB, 0xEF_0000, 1), (0xFF_0000, 0xF000, 3), (0xFF_F000, 0x1000, 4)]);
        assert_eq!(
            map[6..].iter().map(|entry| entry.0).collect::<Vec<_>>(),
            [0xFEC0_0000, 0xFED0_0000, 0xFEE0_0000, 0xFFFC_0000]
        );
        assert!(map.windows(2).all(|pair| pair[0].0 + pair[0].1 <= pair[1].0));
    }
}
