//! The built-in demo disk.

/// The sectors of the disk from the first one on.
pub(crate) fn build() -> Result<Vec<u8>, iced_x86::IcedError> {
    Ok(vec![0; 512])
}
