//! The chips of the PC and the formats of its disk images.
