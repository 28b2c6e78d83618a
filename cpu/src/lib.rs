//! The x86 CPU: decoding, block cache and instruction semantics.
