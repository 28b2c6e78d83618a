//! What our BIOS sees of the CPU and the machine while it serves a trap.

use crate::types::{LinAddr, PhysAddr, Port, Width};
use crate::{SystemRequest, VTime};

/// The registers a real-mode service works on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names are the registers'")]
pub struct FirmwareRegs {
    pub eax: u32,
    pub ebx: u32,
    pub ecx: u32,
    pub edx: u32,
    pub esi: u32,
    pub edi: u32,
    pub ebp: u32,
    pub esp: u32,
    pub eip: u32,
    pub eflags: u32,
    pub cs: u16,
    pub ds: u16,
    pub es: u16,
    pub ss: u16,
    pub fs: u16,
    pub gs: u16,
}

/// An access faulted: the service must return it at once, having changed nothing; the machine delivers #PF at the
/// trapping OUT and the service starts again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FirmwareFault;

/// The machine as firmware sees it.
pub trait FirmwareView {
    /// The registers. Changes take effect when the service returns; `cs:eip` points behind the trapping OUT.
    fn regs(&mut self) -> &mut FirmwareRegs;

    /// Reads through the CPU's current translation.
    fn read(&mut self, addr: LinAddr, out: &mut [u8]) -> Result<(), FirmwareFault>;

    /// Writes through the CPU's current translation, all or nothing.
    fn write(&mut self, addr: LinAddr, data: &[u8]) -> Result<(), FirmwareFault>;

    /// Whether a write of `len` bytes would succeed.
    fn check_write(&mut self, addr: LinAddr, len: usize) -> Result<(), FirmwareFault>;

    /// Reads physical memory, A20 notwithstanding.
    fn read_phys(&mut self, addr: PhysAddr, out: &mut [u8]);

    /// Writes physical memory, A20 notwithstanding.
    fn write_phys(&mut self, addr: PhysAddr, data: &[u8]);

    /// IN.
    fn pio_read(&mut self, port: Port, width: Width) -> u32;

    /// OUT.
    fn pio_write(&mut self, port: Port, width: Width, value: u32);

    /// Virtual time.
    fn now(&self) -> VTime;

    /// Bytes of RAM, from physical address 0 on.
    fn ram_size(&self) -> u64;

    /// Asks something of the machine: reset, power off.
    fn request(&mut self, request: SystemRequest);
}
