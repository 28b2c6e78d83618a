//! Choosing type parameters at run time: widths, operand shapes, stack widths.

/// `$body` with `$t` as the word type of `$bits`.
macro_rules! by_width {
    ($bits:expr, $t:ident => $body:expr) => {
        match $bits {
            8 => {
                type $t = u8;
                $body
            }
            16 => {
                type $t = u16;
                $body
            }
            _ => {
                type $t = u32;
                $body
            }
        }
    };
}

/// `$body` with `$t` as the word type of 16 or 32 bits.
macro_rules! by_wide {
    ($bits:expr, $t:ident => $body:expr) => {
        match $bits {
            32 => {
                type $t = u32;
                $body
            }
            _ => {
                type $t = u16;
                $body
            }
        }
    };
}

/// `$body` with `$m` as the type of the memory operand.
macro_rules! by_shape {
    ($shape:expr, $m:ident => $body:expr) => {
        match $shape {
            $crate::decode::lower::Shape::FlatBase => {
                type $m = $crate::exec::access::InMemory<$crate::exec::access::FlatBase>;
                $body
            }
            $crate::decode::lower::Shape::FlatIndexed => {
                type $m = $crate::exec::access::InMemory<$crate::exec::access::FlatIndexed>;
                $body
            }
            $crate::decode::lower::Shape::Segmented | $crate::decode::lower::Shape::Short => {
                type $m = $crate::exec::access::InMemory<$crate::exec::access::Segmented>;
                $body
            }
        }
    };
}

/// The same, with a type of its own for addresses of 16 bits: for what programs do all the time.
macro_rules! by_any_shape {
    ($shape:expr, $m:ident => $body:expr) => {
        if $shape == $crate::decode::lower::Shape::Short {
            type $m = $crate::exec::access::InMemory<$crate::exec::access::Short>;
            $body
        } else {
            $crate::decode::opcode_map::by::by_shape!($shape, $m => $body)
        }
    };
}

/// `$body` with `$d` as the place of operand 0, as [`by_any_shape`] has it.
macro_rules! by_any_place {
    ($l:expr, $d:ident => $body:expr) => {
        if $l.kind(0) == $crate::decode::lower::Kind::Reg {
            type $d = $crate::exec::access::Dst;
            $body
        } else {
            $crate::decode::opcode_map::by::by_any_shape!($l.shape, $d => $body)
        }
    };
}

/// `$body` with `$d` as the place of operand 0: the register in `dst`, or memory.
macro_rules! by_place {
    ($l:expr, $d:ident => $body:expr) => {
        if $l.kind(0) == $crate::decode::lower::Kind::Reg {
            type $d = $crate::exec::access::Dst;
            $body
        } else {
            $crate::decode::opcode_map::by::by_shape!($l.shape, $d => $body)
        }
    };
}

/// `$body` with `$s` as the source operand 1: the register in `src`, or memory.
macro_rules! by_source {
    ($l:expr, $s:ident => $body:expr) => {
        if $l.kind(1) == $crate::decode::lower::Kind::Reg {
            type $s = $crate::exec::access::Src;
            $body
        } else {
            $crate::decode::opcode_map::by::by_shape!($l.shape, $s => $body)
        }
    };
}

/// `$body` with `$w` as the width of the stack pointer.
macro_rules! by_stack {
    ($l:expr, $w:ident => $body:expr) => {
        if $l.mode.is_flat($crate::segment::SegReg::Ss) && $l.mode.stack_bits() == 32 {
            type $w = $crate::exec::stack::StackFlat;
            $body
        } else if $l.mode.stack_bits() == 32 {
            type $w = $crate::exec::stack::Stack32;
            $body
        } else {
            type $w = $crate::exec::stack::Stack16;
            $body
        }
    };
}

/// `$body` with `$s` as a 16-bit operand 0 that is only read.
macro_rules! by_word {
    ($l:expr, $s:ident => $body:expr) => {
        if $l.kind(0) == $crate::decode::lower::Kind::Reg {
            type $s = $crate::exec::access::Dst;
            $body
        } else {
            type $s = $crate::exec::access::InMemory<$crate::exec::access::Segmented>;
            $body
        }
    };
}

/// `$body` with `$t` and `$d` as width and place of a selector being stored: 16 bits in memory, all of a register.
macro_rules! by_store {
    ($l:expr, $t:ident, $d:ident => $body:expr) => {
        if $l.kind(0) == $crate::decode::lower::Kind::Mem {
            type $t = u16;
            type $d = $crate::exec::access::InMemory<$crate::exec::access::Segmented>;
            $body
        } else {
            type $d = $crate::exec::access::Dst;
            $crate::decode::opcode_map::by::by_wide!($l.bits(), $t => $body)
        }
    };
}

pub(super) use {
    by_any_place, by_any_shape, by_place, by_shape, by_source, by_stack, by_store, by_wide, by_width, by_word,
};
