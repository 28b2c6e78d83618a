//! The system VM: a whole PC as a library.
