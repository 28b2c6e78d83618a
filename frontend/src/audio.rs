//! Where the machine's sound goes.

use hound::{SampleFormat, WavSpec, WavWriter};
use std::fs::File;
use std::io::{self, BufWriter};
use std::path::Path;
#[cfg(feature = "sound")]
use std::sync::mpsc::TrySendError;

/// Samples per second, as the machine renders them.
pub(crate) const SAMPLE_RATE: u32 = 48_000;

/// A listener.
pub(crate) enum Audio {
    None,
    Wav(WavWriter<BufWriter<File>>),
    #[cfg(feature = "sound")]
    Card(crate::sound::Card),
    /// There is no card, and it has not been told.
    #[cfg(feature = "sound")]
    NoCard,
}

impl Audio {
    /// The sound card, if there is one.
    pub(crate) fn card() -> Self {
        #[cfg(feature = "sound")]
        return Self::Card(crate::sound::open());
        #[cfg(not(feature = "sound"))]
        return Self::None;
    }

    /// A WAV file, made anew.
    pub(crate) fn wav(path: &Path) -> io::Result<Self> {
        let spec = WavSpec {
            channels: 2,
            sample_rate: SAMPLE_RATE,
            bits_per_sample: 16,
            sample_format: SampleFormat::Int,
        };
        let file = BufWriter::new(File::create(path)?);
        WavWriter::new(file, spec).map(Self::Wav).map_err(io::Error::other)
    }

    /// Whether anybody listens.
    pub(crate) fn listens(&self) -> bool {
        !matches!(self, Self::None)
    }

    /// What is to be said of it, once.
    pub(crate) fn take_note(&mut self) -> Option<&'static str> {
        #[cfg(feature = "sound")]
        if matches!(self, Self::NoCard) {
            *self = Self::None;
            return Some("note: no sound card was found: the guest is not heard");
        }
        None
    }

    /// Whether it is a sound card, which plays as time passes.
    pub(crate) fn is_card(&self) -> bool {
        #[cfg(feature = "sound")]
        return matches!(self, Self::Card(_));
        #[cfg(not(feature = "sound"))]
        return false;
    }

    /// Plays samples, left and right in turn.
    pub(crate) fn play(&mut self, samples: &[i16]) {
        match self {
            Self::None => {}
            Self::Wav(writer) => {
                if samples.iter().any(|&sample| writer.write_sample(sample).is_err()) {
                    crate::report::say("warning: the sound file cannot be written any further");
                    *self = Self::None;
                }
            }
            #[cfg(feature = "sound")]
            Self::Card(card) => {
                // A full queue drops what nobody would hear in time.
                if let Err(TrySendError::Disconnected(_)) = card.samples.try_send(samples.to_vec()) {
                    *self = Self::NoCard;
                }
            }
            #[cfg(feature = "sound")]
            Self::NoCard => {}
        }
    }

    /// Completes a file.
    pub(crate) fn close(&mut self) {
        if let Self::Wav(writer) = std::mem::replace(self, Self::None)
            && let Err(error) = writer.finalize()
        {
            crate::report::say(&format!("warning: the sound file is incomplete: {error}"));
        }
    }
}
