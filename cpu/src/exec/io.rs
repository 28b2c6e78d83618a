//! IN OUT.

use super::access::{Access, Imm, Slow, Source};
use super::dispatch::Semantics;
use super::op::Op;
use crate::fault::Fault;
use crate::regs::number::{AX, DX};
use crate::word::Word;
use ringzero_bus::{Port, Width};
use std::marker::PhantomData;

/// The bus width of an operand; ports have at most 32 bits.
pub(crate) fn width_of<T: Word>() -> Width {
    match T::BITS {
        8 => Width::Byte,
        16 => Width::Word,
        _ => Width::Dword,
    }
}

/// #GP(0) unless IOPL or the I/O permission bitmap of the TSS lets the present level use a port
/// [SDM 1, "I/O Permission Bit Map"]. Real mode may use all.
#[inline(always)]
pub(crate) fn check_port<T: Word, A: Access>(m: &mut A, port: Port) -> Result<(), A::Fail> {
    let state = &m.cpu().state;
    if state.cpl > state.iopl() || state.v86() {
        check_bitmap(&mut m.slow()?, port, T::BYTES as u16)?;
    }
    look_at_port::<T, A>(m, port);
    Ok(())
}

/// Offset of the bitmap's offset in a 32-bit TSS.
const IO_MAP_BASE: u64 = 0x66;

/// Notes the breakpoints on a port.
#[inline(always)]
fn look_at_port<T: Word, A: Access>(m: &mut A, port: Port) {
    let cpu = m.cpu();
    if cpu.breakpoints.any() {
        cpu.state.breakpoint_hits |= cpu.breakpoints.on_port(port.0, T::BYTES);
    }
}

fn check_bitmap(m: &mut Slow<'_>, port: Port, bytes: u16) -> Result<(), Fault> {
    let denied = Err(Fault::GeneralProtection(0));
    let tr = m.cpu.state.tr;
    if tr.attr.system_type() & 8 == 0 || tr.limit < 0x67 {
        return denied;
    }
    let map = u64::from(m.cpu.load_linear::<u16>(m.bus, tr.base + IO_MAP_BASE)?);
    let at = map + u64::from(port.0 / 8);
    // Two bytes are read whatever the port.
    if at + 1 > u64::from(tr.limit) {
        return denied;
    }
    let bits = m.cpu.load_linear::<u16>(m.bus, tr.base + at)?;
    let mask = ((1u16 << bytes) - 1) << (port.0 % 8);
    if bits & mask == 0 { Ok(()) } else { denied }
}

/// The port number in DX.
pub(crate) struct PortInDx;

impl Source for PortInDx {
    type Slow = Self;
    fn read<T: Word, A: Access>(m: &mut A, _op: &Op) -> Result<T, A::Fail> {
        Ok(m.cpu().state.regs.read(DX))
    }
}

/// The port number in the immediate byte.
pub(crate) type PortInImm = Imm;

/// IN [SDM 2A, "IN"].
pub(crate) struct In<T, S>(PhantomData<(T, S)>);

impl<T: Word, S: Source> Semantics for In<T, S> {
    type Slow = Self;
    fn exec<A: Access>(m: &mut A, op: &Op) -> Result<(), A::Fail> {
        let port = Port(S::read::<u16, A>(m, op)?);
        check_port::<T, A>(m, port)?;
        let bus = m.slow()?.bus;
        if T::BITS == 32 && bus.asks_for_registers(port) {
            return Ok(());
        }
        let value = bus.pio_read(port, width_of::<T>());
        m.cpu().state.regs.write(AX, T::truncate(u64::from(value)));
        Ok(())
    }
}

/// OUT [SDM 2B, "OUT"].
pub(crate) struct Out<T, S>(PhantomData<(T, S)>);

impl<T: Word, S: Source> Semantics for Out<T, S> {
    type Slow = Self;
    fn exec<A: Access>(m: &mut A, op: &Op) -> Result<(), A::Fail> {
        let port = Port(S::read::<u16, A>(m, op)?);
        check_port::<T, A>(m, port)?;
        let value = m.cpu().state.regs.read::<T>(AX).zext() as u32;
        m.slow()?.bus.pio_write(port, width_of::<T>(), value);
        Ok(())
    }
}
