//! Sections of a snapshot: a named, versioned, checksummed piece of state per part of the machine.

use serde::{Deserialize, Serialize, de::DeserializeOwned};

/// Why a snapshot cannot be written or taken over.
#[derive(Debug, thiserror::Error)]
pub enum SnapshotError {
    /// The state could not be encoded.
    #[error("{section}: state cannot be encoded")]
    Encode {
        /// Section name.
        section: String,
        /// Cause.
        #[source]
        source: postcard::Error,
    },
    /// The bytes are not a state of this version.
    #[error("{section}: damaged state")]
    Decode {
        /// Section name.
        section: String,
        /// Cause.
        #[source]
        source: postcard::Error,
    },
    /// The checksum does not fit the bytes.
    #[error("{section}: checksum mismatch")]
    Checksum {
        /// Section name.
        section: String,
    },
    /// Written by another version of RingZero.
    #[error("{section}: version {found} is not known, only {known}")]
    Version {
        /// Section name.
        section: String,
        /// Version in the snapshot.
        found: u16,
        /// Version this build writes.
        known: u16,
    },
    /// The section belongs to another part, or is missing.
    #[error("section {wanted} expected, {found} found")]
    WrongSection {
        /// Name asked for.
        wanted: String,
        /// Name found; empty when there is none.
        found: String,
    },
    /// A value that no state of this part can have.
    #[error("{section}: {what} is out of range")]
    OutOfRange {
        /// Section name.
        section: &'static str,
        /// The offending item.
        what: &'static str,
    },
}

/// One part's saved state.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Section {
    name: String,
    version: u16,
    checksum: u32,
    bytes: Vec<u8>,
}

impl Section {
    /// Encodes `state` as version `version` of section `name`.
    pub fn encode(name: &str, version: u16, state: &impl Serialize) -> Result<Self, SnapshotError> {
        let bytes = postcard::to_stdvec(state)
            .map_err(|source| SnapshotError::Encode { section: name.to_owned(), source })?;
        Ok(Self { name: name.to_owned(), version, checksum: crc32fast::hash(&bytes), bytes })
    }

    /// Decodes the state, refusing another name, version or damaged bytes.
    pub fn decode<T: DeserializeOwned>(&self, name: &str, version: u16) -> Result<T, SnapshotError> {
        if self.name != name {
            return Err(SnapshotError::WrongSection { wanted: name.to_owned(), found: self.name.clone() });
        }
        if self.version != version {
            let section = self.name.clone();
            return Err(SnapshotError::Version { section, found: self.version, known: version });
        }
        if crc32fast::hash(&self.bytes) != self.checksum {
            return Err(SnapshotError::Checksum { section: self.name.clone() });
        }
        postcard::from_bytes(&self.bytes)
            .map_err(|source| SnapshotError::Decode { section: self.name.clone(), source })
    }

    /// The part this state belongs to.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The version of its encoding.
    pub fn version(&self) -> u16 {
        self.version
    }

    /// The encoded state, for hashing.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_damaged_section_is_refused() {
        let mut section = Section::encode("pit", 1, &(1u8, 2u32)).unwrap();
        assert_eq!(section.decode::<(u8, u32)>("pit", 1).unwrap(), (1, 2));
        assert!(matches!(section.decode::<(u8, u32)>("pit", 2), Err(SnapshotError::Version { .. })));
        assert!(matches!(section.decode::<(u8, u32)>("pic", 1), Err(SnapshotError::WrongSection { .. })));
        section.bytes[0] ^= 1;
        assert!(matches!(section.decode::<(u8, u32)>("pit", 1), Err(SnapshotError::Checksum { .. })));
    }
}
