//! How far the transcendental instructions of the x87 are from the true values: random arguments against arithmetic of
//! arbitrary precision.

mod argument;
mod full;
mod reference;

use crate::fuzz::random::Random;
use reference::Reference;
use ringzero_float::{F80, X87Control, x87};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

/// An instruction under test; FSINCOS is compared with FSIN and FCOS as these are measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Function {
    /// FSIN.
    Sin,
    /// FCOS.
    Cos,
    /// FPTAN.
    Tan,
    /// FPATAN.
    Atan,
    /// F2XM1.
    Exp2MinusOne,
    /// FYL2X.
    Log2,
    /// FYL2XP1.
    Log2PlusOne,
}

/// The largest error found.
#[derive(Clone, Copy, Debug)]
pub struct Row {
    /// The instruction.
    pub function: Function,
    /// How many arguments it got.
    pub arguments: u64,
    /// The error in units of the last of 64 bits, or of the last bit of a denormal.
    pub ulp: f64,
    /// ST(0) of that error.
    pub x: F80,
    /// ST(1) of that error.
    pub y: F80,
}

impl Function {
    /// All of them.
    pub const ALL: [Self; 7] =
        [Self::Sin, Self::Cos, Self::Tan, Self::Atan, Self::Exp2MinusOne, Self::Log2, Self::Log2PlusOne];

    /// The mnemonic.
    #[must_use]
    pub fn mnemonic(self) -> &'static str {
        match self {
            Self::Sin => "FSIN",
            Self::Cos => "FCOS",
            Self::Tan => "FPTAN",
            Self::Atan => "FPATAN",
            Self::Exp2MinusOne => "F2XM1",
            Self::Log2 => "FYL2X",
            Self::Log2PlusOne => "FYL2XP1",
        }
    }

    fn compute(self, x: F80, y: F80) -> F80 {
        const CONTROL: X87Control = X87Control::INITIAL;
        match self {
            Self::Sin => {
                let value = x87::fsin(x, CONTROL).value;
                assert_eq!(x87::fsincos(x, CONTROL).value.sin, value, "FSINCOS and FSIN of {x:x?}");
                value
            }
            Self::Cos => {
                let value = x87::fcos(x, CONTROL).value;
                assert_eq!(x87::fsincos(x, CONTROL).value.cos, value, "FSINCOS and FCOS of {x:x?}");
                value
            }
            Self::Tan => x87::fptan(x, CONTROL).value.tan,
            Self::Atan => x87::fpatan(x, y, CONTROL).value,
            Self::Exp2MinusOne => x87::f2xm1(x, CONTROL).value,
            Self::Log2 => x87::fyl2x(x, y, CONTROL).value,
            Self::Log2PlusOne => x87::fyl2xp1(x, y, CONTROL).value,
        }
    }
}

/// A function's arguments, ST(0) and ST(1), at which it is not what it is in full, among random ones under random control
/// words.
#[must_use]
pub fn difference(function: Function, arguments: u64, seed: u64) -> Option<(F80, F80, X87Control)> {
    let mut random = Random::new(seed ^ function as u64);
    (0..arguments).find_map(|_| {
        let (x, y) = argument::draw(function, &mut random);
        let control = X87Control(random.bits() as u16 & 0x0F00 | 0x3F);
        (!full::agrees(function, x, y, control)).then_some((x, y, control))
    })
}

/// Arguments of one piece of work.
const PIECE: u64 = 1000;

/// Measures `arguments` arguments in all; `progress` hears of each piece that is done. Pieces are seeded one by one,
/// so how many threads there are does not show.
#[must_use]
pub fn measure(arguments: u64, seed: u64, progress: &(dyn Fn(u64) + Sync)) -> Vec<Row> {
    let each = arguments.div_ceil(Function::ALL.len() as u64);
    let pieces: Vec<_> = Function::ALL
        .into_iter()
        .flat_map(|function| (0..each).step_by(PIECE as usize).map(move |start| (function, start)))
        .collect();
    let (next, rows) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
    let work = || {
        let mut reference = Reference::new();
        while let Some(&(function, start)) = pieces.get(next.fetch_add(1, Ordering::Relaxed)) {
            let count = PIECE.min(each - start);
            let mut random = Random::new(seed ^ (start + 1).wrapping_mul(0x100) ^ function as u64);
            let row = piece(function, count, &mut random, &mut reference);
            rows.lock().unwrap_or_else(PoisonError::into_inner).push(row);
            progress(count);
        }
    };
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(work);
        }
    });
    let rows = rows.into_inner().unwrap_or_else(PoisonError::into_inner);
    Function::ALL.into_iter().filter_map(|function| worst(function, &rows)).collect()
}

/// The rows of a function as one.
fn worst(function: Function, rows: &[Row]) -> Option<Row> {
    let of_function = || rows.iter().filter(|row| row.function == function);
    let arguments = of_function().map(|row| row.arguments).sum();
    let worst = of_function().max_by(|a, b| a.ulp.total_cmp(&b.ulp))?;
    Some(Row { arguments, ..*worst })
}

fn piece(function: Function, count: u64, random: &mut Random, reference: &mut Reference) -> Row {
    let mut worst = Row { function, arguments: count, ulp: 0.0, x: F80::ZERO, y: F80::ZERO };
    for _ in 0..count {
        let (x, y) = argument::draw(function, random);
        let ulp = reference.error(function, x, y, function.compute(x, y));
        // A result that is no number has an error that is none, and is the worst.
        if ulp.is_nan() || ulp > worst.ulp {
            worst = Row { ulp: if ulp.is_nan() { f64::INFINITY } else { ulp }, x, y, ..worst };
        }
    }
    worst
}
