//! ELF kernels with a PVH entry [PVH, "HVM direct boot ABI", hvm_start_info].

use super::script::{MapPlace, Patch, Script};
use super::{Kernel, KernelError, Placed, elf};

const MAGIC: u32 = 0x336E_C578;
/// Bytes of the start info of version 1, and of a module's entry.
const START_INFO: usize = 56;
/// The first version with a memory map.
const VERSION: u32 = 1;

/// What the loader ROM is to do for such a kernel.
pub(super) fn script(kernel: &Kernel, memory: u64) -> Result<Script, KernelError> {
    let parsed = elf::Kernel::read(&kernel.image, memory)?;
    let entry = parsed.pvh_entry.ok_or(KernelError::NoEntry)?;
    let mut placed = Placed::new(kernel, parsed.image, memory)?;
    inform(&mut placed, kernel);
    placed.into_script(kernel, entry, 0)
}

/// The start info, and behind it what it points at. Pointers are 64 bits wide.
fn inform(placed: &mut Placed, kernel: &Kernel) {
    let info = &mut placed.info;
    let base = info.put(&[0; START_INFO]);
    let command_line = info.put_text(&kernel.command_line);
    let names: Vec<u32> = kernel.initrds.iter().map(|initrd| info.put_text(&initrd.command_line)).collect();
    info.align(8);
    let modules = info.here();
    for ((first, end), name) in placed.modules.iter().zip(names) {
        for value in [*first, end - first, name, 0] {
            info.put_u32(value);
            info.put_u32(0);
        }
    }
    let map = info.here();
    let fields = [
        (0, MAGIC),
        (4, VERSION),
        (12, placed.modules.len() as u32),
        (16, modules),
        (24, command_line),
        (40, map),
    ];
    for (at, value) in fields {
        info.set_u32(base + at, value);
    }
    info.map = Some(MapPlace { address: map, prefix: 0 });
    info.patches.push(Patch { address: base + 48, factor: 1, summand: 0 });
}
