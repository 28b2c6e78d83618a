//! IN OUT.

use super::access::{Access, Imm, Source};
use super::dispatch::Semantics;
use super::op::Op;
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

/// Whether the present privilege may use a port. Real mode may use all.
#[inline(always)]
pub(crate) fn check_port<T: Word, A: Access>(_m: &mut A, _port: Port) -> Result<(), A::Fail> {
    Ok(())
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
        let value = m.slow()?.bus.pio_read(port, width_of::<T>());
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
