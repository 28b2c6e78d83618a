//! Values of 128 bits for what cannot be computed exactly.
