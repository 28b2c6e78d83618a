//! Operands in memory: integers, singles and doubles as the x87 takes them.

use crate::exec::access::{Access, InMemory, Segmented, Source};
use crate::exec::op::Op;
use ringzero_float::x87::{self, MemoryOperand, Relation};
use ringzero_float::{F80, Outcome, X87Control};

/// The memory operand of an arithmetic instruction.
pub(crate) trait Operand: 'static {
    fn read<A: Access>(m: &mut A, op: &Op) -> Result<MemoryOperand, A::Fail>;
}

/// What FLD and FILD load.
pub(crate) trait Loadable: 'static {
    fn load<A: Access>(m: &mut A, op: &Op, control: X87Control) -> Result<Outcome<F80>, A::Fail>;
}

/// A value that raises nothing by being loaded.
pub(crate) fn exact(value: F80) -> Outcome<F80> {
    Outcome {
        value,
        exceptions: ringzero_float::Exceptions::NONE,
        rounded_up: false,
        store: true,
        incomplete: false,
    }
}

/// m32fp.
pub(crate) struct Single;
/// m64fp.
pub(crate) struct Double;
/// m16int.
pub(crate) struct Int16;
/// m32int.
pub(crate) struct Int32;
/// m64int.
pub(crate) struct Int64;

type Memory = InMemory<Segmented>;

macro_rules! operands {
    ($($name:ident: $word:ty, |$bits:ident| $operand:expr;)*) => {$(
        impl Operand for $name {
            #[inline(always)]
            fn read<A: Access>(m: &mut A, op: &Op) -> Result<MemoryOperand, A::Fail> {
                let $bits = Memory::read::<$word, A>(m, op)?;
                Ok($operand)
            }
        }
    )*};
}

operands! {
    Single: u32, |bits| x87::operand_f32(bits);
    Double: u64, |bits| x87::operand_f64(bits);
    Int16: u16, |bits| MemoryOperand { value: x87::from_i16(bits as i16), denormal: false };
    Int32: u32, |bits| MemoryOperand { value: x87::from_i32(bits as i32), denormal: false };
}

macro_rules! loadables {
    ($($name:ident: $word:ty, |$bits:ident, $control:ident| $outcome:expr;)*) => {$(
        impl Loadable for $name {
            #[inline(always)]
            fn load<A: Access>(
                m: &mut A,
                op: &Op,
                $control: X87Control,
            ) -> Result<Outcome<F80>, A::Fail> {
                let $bits = Memory::read::<$word, A>(m, op)?;
                Ok($outcome)
            }
        }
    )*};
}

loadables! {
    Single: u32, |bits, control| x87::from_f32(bits, control);
    Double: u64, |bits, control| x87::from_f64(bits, control);
    Int16: u16, |bits, _control| exact(x87::from_i16(bits as i16));
    Int32: u32, |bits, _control| exact(x87::from_i32(bits as i32));
    Int64: u64, |bits, _control| exact(x87::from_i64(bits as i64));
}

/// An outcome that a memory operand may add to.
pub(crate) trait WithOperand: Sized {
    fn with(self, operand: MemoryOperand, control: X87Control) -> Self;
}

impl WithOperand for Outcome<F80> {
    #[inline(always)]
    fn with(self, operand: MemoryOperand, control: X87Control) -> Self {
        self.with_operand(operand, control)
    }
}

impl WithOperand for Outcome<Relation> {
    #[inline(always)]
    fn with(self, operand: MemoryOperand, control: X87Control) -> Self {
        self.with_operand(operand, control)
    }
}
