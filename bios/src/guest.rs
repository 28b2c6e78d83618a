//! A service's handle on the guest: registers by halves, the BIOS data areas, ports, and the caller's flags.

use crate::bda;
use ringzero_bus::{FirmwareFault, FirmwareRegs, FirmwareView, LinAddr, Port, VTime, Width};
use ringzero_roms::{label, video};

/// What a service returns.
pub(crate) type Served<T = ()> = Result<T, FirmwareFault>;

/// CF in FLAGS.
const CF: u16 = 1;
/// ZF in FLAGS.
const ZF: u16 = 1 << 6;

/// Where a waiting service is entered again: after the next interrupt, or a few microseconds later.
#[derive(Clone, Copy, Debug)]
pub(crate) struct WaitLabels {
    hlt: u16,
    spin: u16,
}

impl WaitLabels {
    pub(crate) const INT10: Self = Self { hlt: video::INT10_HLT, spin: video::INT10_SPIN };
    pub(crate) const INT10_SYSTEM: Self =
        Self { hlt: label::INT10_SYSTEM_HLT, spin: label::INT10_SYSTEM_SPIN };
    pub(crate) const INT13: Self = Self { hlt: label::INT13_HLT, spin: label::INT13_SPIN };
    pub(crate) const INT13_FIXED: Self = Self { hlt: label::INT13_FIXED_HLT, spin: label::INT13_FIXED_SPIN };
    pub(crate) const INT14: Self = Self { hlt: label::INT14_HLT, spin: label::INT14_SPIN };
    pub(crate) const INT15: Self = Self { hlt: label::INT15_HLT, spin: label::INT15_SPIN };
    pub(crate) const INT17: Self = Self { hlt: label::INT17_HLT, spin: label::INT17_SPIN };
    pub(crate) const INT1A: Self = Self { hlt: label::INT1A_HLT, spin: label::INT1A_SPIN };
}

/// The machine as the services see it.
pub(crate) struct Guest<'a> {
    view: &'a mut dyn FirmwareView,
}

/// Accessors of a word register and its halves; nothing reads AX as a whole.
macro_rules! word_register {
    ($($($get:ident)? / $set:ident $low:ident $set_low:ident $high:ident $set_high:ident $reg:ident;)*) => {$(

        $(pub(crate) fn $get(&mut self) -> u16 { self.regs().$reg as u16 })?

        pub(crate) fn $set(&mut self, value: u16) {
            let reg = &mut self.regs().$reg;
            *reg = *reg & 0xFFFF_0000 | u32::from(value);
        }

        pub(crate) fn $low(&mut self) -> u8 { self.regs().$reg as u8 }

        pub(crate) fn $set_low(&mut self, value: u8) {
            let reg = &mut self.regs().$reg;
            *reg = *reg & 0xFFFF_FF00 | u32::from(value);
        }

        pub(crate) fn $high(&mut self) -> u8 { (self.regs().$reg >> 8) as u8 }

        pub(crate) fn $set_high(&mut self, value: u8) {
            let reg = &mut self.regs().$reg;
            *reg = *reg & 0xFFFF_00FF | u32::from(value) << 8;
        }
    )*};
}

impl<'a> Guest<'a> {
    pub(crate) fn new(view: &'a mut dyn FirmwareView) -> Self {
        Self { view }
    }

    pub(crate) fn regs(&mut self) -> &mut FirmwareRegs {
        self.view.regs()
    }

    word_register! {
        / set_ax al set_al ah set_ah eax;
        bx / set_bx bl set_bl bh set_bh ebx;
        cx / set_cx cl set_cl ch set_ch ecx;
        dx / set_dx dl set_dl dh set_dh edx;
    }

    pub(crate) fn si(&mut self) -> u16 {
        self.regs().esi as u16
    }

    pub(crate) fn di(&mut self) -> u16 {
        self.regs().edi as u16
    }

    pub(crate) fn bp(&mut self) -> u16 {
        self.regs().ebp as u16
    }

    pub(crate) fn set_di(&mut self, value: u16) {
        let edi = &mut self.regs().edi;
        *edi = *edi & 0xFFFF_0000 | u32::from(value);
    }

    pub(crate) fn set_si(&mut self, value: u16) {
        let esi = &mut self.regs().esi;
        *esi = *esi & 0xFFFF_0000 | u32::from(value);
    }

    pub(crate) fn set_bp(&mut self, value: u16) {
        let ebp = &mut self.regs().ebp;
        *ebp = *ebp & 0xFFFF_0000 | u32::from(value);
    }

    /// Continues at a label of the ROM the service was entered from.
    pub(crate) fn go(&mut self, label: u16) {
        self.regs().eip = u32::from(label);
    }

    /// Enters the service again after an interrupt; when the timer is masked, none may come, and it spins.
    pub(crate) fn wait(&mut self, labels: WaitLabels) {
        let timer_masked = self.inb(0x21) & 1 != 0;
        self.go(if timer_masked { labels.spin } else { labels.hlt });
    }

    /// Enters the service again in a few microseconds.
    pub(crate) fn spin(&mut self, labels: WaitLabels) {
        self.go(labels.spin);
    }

    fn flags_image(&mut self) -> LinAddr {
        let (ss, sp) = (self.regs().ss, self.regs().esp as u16);
        LinAddr::real(ss, sp.wrapping_add(4))
    }

    fn set_flag(&mut self, flag: u16, on: bool) -> Served {
        let at = self.flags_image();
        let flags = self.read_u16(at)?;
        self.write_u16(at, if on { flags | flag } else { flags & !flag })
    }

    /// CF of the caller.
    pub(crate) fn set_cf(&mut self, on: bool) -> Served {
        self.set_flag(CF, on)
    }

    /// ZF of the caller.
    pub(crate) fn set_zf(&mut self, on: bool) -> Served {
        self.set_flag(ZF, on)
    }

    /// The live CF: the answer of an INT that ROM code has just executed.
    pub(crate) fn live_cf(&mut self) -> bool {
        self.regs().eflags & u32::from(CF) != 0
    }

    pub(crate) fn read(&mut self, at: LinAddr, out: &mut [u8]) -> Served {
        self.view.read(at, out)
    }

    pub(crate) fn write(&mut self, at: LinAddr, data: &[u8]) -> Served {
        self.view.write(at, data)
    }

    /// Whether a write of `len` bytes would succeed.
    pub(crate) fn check(&mut self, at: LinAddr, len: usize) -> Served {
        self.view.check_write(at, len)
    }

    pub(crate) fn read_u8(&mut self, at: LinAddr) -> Served<u8> {
        let mut byte = [0];
        self.view.read(at, &mut byte)?;
        Ok(byte[0])
    }

    pub(crate) fn read_u16(&mut self, at: LinAddr) -> Served<u16> {
        let mut bytes = [0; 2];
        self.view.read(at, &mut bytes)?;
        Ok(u16::from_le_bytes(bytes))
    }

    pub(crate) fn read_u32(&mut self, at: LinAddr) -> Served<u32> {
        let mut bytes = [0; 4];
        self.view.read(at, &mut bytes)?;
        Ok(u32::from_le_bytes(bytes))
    }

    pub(crate) fn write_u8(&mut self, at: LinAddr, value: u8) -> Served {
        self.view.write(at, &[value])
    }

    pub(crate) fn write_u16(&mut self, at: LinAddr, value: u16) -> Served {
        self.view.write(at, &value.to_le_bytes())
    }

    /// A far pointer's target.
    pub(crate) fn read_far(&mut self, at: LinAddr) -> Served<(u16, u16)> {
        let pointer = self.read_u32(at)?;
        Ok(((pointer >> 16) as u16, pointer as u16))
    }

    pub(crate) fn write_far(&mut self, at: LinAddr, segment: u16, offset: u16) -> Served {
        let pointer = u32::from(segment) << 16 | u32::from(offset);
        self.view.write(at, &pointer.to_le_bytes())
    }

    /// Byte `offset` of the BIOS data area.
    pub(crate) fn bda(&mut self, offset: u16) -> Served<u8> {
        self.read_u8(bda::at(offset))
    }

    /// Word `offset` of the BIOS data area.
    pub(crate) fn bda16(&mut self, offset: u16) -> Served<u16> {
        self.read_u16(bda::at(offset))
    }

    pub(crate) fn set_bda(&mut self, offset: u16, value: u8) -> Served {
        self.write_u8(bda::at(offset), value)
    }

    pub(crate) fn set_bda16(&mut self, offset: u16, value: u16) -> Served {
        self.write_u16(bda::at(offset), value)
    }

    /// Changes the bits of a BDA byte: first cleared, then set.
    pub(crate) fn change_bda(&mut self, offset: u16, clear: u8, set: u8) -> Served {
        let old = self.bda(offset)?;
        self.set_bda(offset, old & !clear | set)
    }

    /// Address of `offset` in the extended BIOS data area, wherever a guest moved it.
    pub(crate) fn ebda_at(&mut self, offset: u16) -> Served<LinAddr> {
        let segment = self.bda16(bda::EBDA_SEGMENT)?;
        Ok(LinAddr::real(segment, offset))
    }

    pub(crate) fn ebda(&mut self, offset: u16) -> Served<u8> {
        let at = self.ebda_at(offset)?;
        self.read_u8(at)
    }

    pub(crate) fn read_ebda_u32(&mut self, offset: u16) -> Served<u32> {
        let at = self.ebda_at(offset)?;
        self.read_u32(at)
    }

    pub(crate) fn set_ebda(&mut self, offset: u16, value: u8) -> Served {
        let at = self.ebda_at(offset)?;
        self.write_u8(at, value)
    }

    /// Sets the deadline kept at `offset` of the EBDA to `ns` from now.
    pub(crate) fn arm(&mut self, offset: u16, ns: u64) -> Served {
        let deadline = self.now().plus_ns(ns);
        let at = self.ebda_at(offset)?;
        self.view.write(at, &deadline.0.to_le_bytes())
    }

    /// Whether the deadline kept at `offset` of the EBDA has passed.
    pub(crate) fn expired(&mut self, offset: u16) -> Served<bool> {
        let mut bytes = [0; 8];
        let at = self.ebda_at(offset)?;
        self.view.read(at, &mut bytes)?;
        Ok(self.now() >= VTime(u64::from_le_bytes(bytes)))
    }

    pub(crate) fn read_phys(&mut self, at: u64, out: &mut [u8]) {
        self.view.read_phys(ringzero_bus::PhysAddr(at), out);
    }

    pub(crate) fn write_phys(&mut self, at: u64, data: &[u8]) {
        self.view.write_phys(ringzero_bus::PhysAddr(at), data);
    }

    /// A device's register, read whole.
    pub(crate) fn read_phys_u32(&mut self, at: u64) -> u32 {
        let mut bytes = [0; 4];
        self.read_phys(at, &mut bytes);
        u32::from_le_bytes(bytes)
    }

    /// Writes a device's register whole.
    pub(crate) fn write_phys_u32(&mut self, at: u64, value: u32) {
        self.write_phys(at, &value.to_le_bytes());
    }

    pub(crate) fn inb(&mut self, port: u16) -> u8 {
        self.view.pio_read(Port(port), Width::Byte) as u8
    }

    pub(crate) fn outb(&mut self, port: u16, value: u8) {
        self.view.pio_write(Port(port), Width::Byte, u32::from(value));
    }

    pub(crate) fn inw(&mut self, port: u16) -> u16 {
        self.view.pio_read(Port(port), Width::Word) as u16
    }

    pub(crate) fn outw(&mut self, port: u16, value: u16) {
        self.view.pio_write(Port(port), Width::Word, u32::from(value));
    }

    pub(crate) fn inl(&mut self, port: u16) -> u32 {
        self.view.pio_read(Port(port), Width::Dword)
    }

    pub(crate) fn outl(&mut self, port: u16, value: u32) {
        self.view.pio_write(Port(port), Width::Dword, value);
    }

    /// Writes an indexed register: index at `port`, data behind it.
    pub(crate) fn out_indexed(&mut self, port: u16, index: u8, value: u8) {
        self.outb(port, index);
        self.outb(port + 1, value);
    }

    /// Reads an indexed register.
    pub(crate) fn in_indexed(&mut self, port: u16, index: u8) -> u8 {
        self.outb(port, index);
        self.inb(port + 1)
    }

    /// A CMOS register, NMI left enabled.
    pub(crate) fn cmos(&mut self, index: u8) -> u8 {
        self.in_indexed(0x70, index)
    }

    pub(crate) fn set_cmos(&mut self, index: u8, value: u8) {
        self.out_indexed(0x70, index, value);
    }

    pub(crate) fn now(&self) -> VTime {
        self.view.now()
    }

    pub(crate) fn ram_size(&self) -> u64 {
        self.view.ram_size()
    }
}
