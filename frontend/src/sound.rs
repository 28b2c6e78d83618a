//! The sound card. Without one the machine is silent, and nobody is told.
//!
//! Samples cross to a thread of our own that opens the card, which may take long, and from there to the card's. What is
//! waiting is bounded: too much is dropped, so sound never lags behind the picture.

use crate::audio::SAMPLE_RATE;
use cpal::traits::{DeviceTrait, HostTrait, StreamTrait};
use cpal::{FromSample, SampleFormat, SizedSample, Stream, StreamConfig};
use std::collections::VecDeque;
use std::sync::mpsc::{Receiver, Sender, SyncSender, channel, sync_channel};

/// Chunks on their way to the card.
const CHUNKS: usize = 16;
/// Samples to have before playing begins: an idle guest delivers them every 55 ms.
const BEGIN: usize = SAMPLE_RATE as usize * 8 / 100;
/// Samples from which the oldest are dropped.
const MOST: usize = SAMPLE_RATE as usize * 2 / 10;

/// A way to the card: samples go in, and an error means that there is none.
#[derive(Debug)]
pub(crate) struct Card {
    pub(crate) samples: SyncSender<Vec<i16>>,
    /// When this is dropped the card is closed.
    _open: Sender<()>,
}

/// Opens the default card, in the background.
pub(crate) fn open() -> Card {
    let (samples, chunks) = sync_channel(CHUNKS);
    let (open, closed) = channel::<()>();
    std::thread::spawn(move || {
        if let Some(stream) = start(chunks) {
            // An error says that the other end was dropped, which is what is waited for.
            let _ = closed.recv();
            drop(stream);
        }
    });
    Card { samples, _open: open }
}

fn start(chunks: Receiver<Vec<i16>>) -> Option<Stream> {
    // libasound writes to stderr by itself unless this thread has a handler.
    #[cfg(target_os = "linux")]
    let _quiet = alsa::Output::local_error_handler().ok()?;
    let device = cpal::default_host().default_output_device()?;
    let supported = device.default_output_config().ok()?;
    let config = supported.config();
    let feed = Feed::new(chunks, config.sample_rate);
    let stream = match supported.sample_format() {
        SampleFormat::F32 => build::<f32>(&device, config, feed),
        SampleFormat::I16 => build::<i16>(&device, config, feed),
        SampleFormat::U16 => build::<u16>(&device, config, feed),
        SampleFormat::I32 => build::<i32>(&device, config, feed),
        SampleFormat::U8 => build::<u8>(&device, config, feed),
        _ => None,
    }?;
    stream.play().ok()?;
    Some(stream)
}

fn build<T: SizedSample + FromSample<i16>>(
    device: &cpal::Device,
    config: StreamConfig,
    mut feed: Feed,
) -> Option<Stream> {
    let channels = usize::from(config.channels.max(1));
    let play = move |data: &mut [T], _: &cpal::OutputCallbackInfo| {
        feed.refill();
        for frame in data.chunks_mut(channels) {
            frame.fill(T::from_sample(feed.next_sample()));
        }
    };
    // A card that goes away leaves the machine silent.
    device.build_output_stream(config, play, |_| {}, None).ok()
}

/// Samples at the card's rate.
#[derive(Debug)]
struct Feed {
    chunks: Receiver<Vec<i16>>,
    waiting: VecDeque<i16>,
    playing: bool,
    rate: u32,
    /// Place between the first and the second sample waiting, in units of 1 / `rate`.
    place: u32,
    last: i16,
}

impl Feed {
    fn new(chunks: Receiver<Vec<i16>>, rate: u32) -> Self {
        Self { chunks, waiting: VecDeque::new(), playing: false, rate: rate.max(1), place: 0, last: 0 }
    }

    fn refill(&mut self) {
        self.waiting.extend(self.chunks.try_iter().flatten());
        if self.waiting.len() > MOST {
            self.waiting.drain(..self.waiting.len() - BEGIN);
        }
        self.playing |= self.waiting.len() >= BEGIN;
    }

    /// The next sample, on a straight line between two of the machine's.
    fn next_sample(&mut self) -> i16 {
        let (Some(&first), Some(&second), true) = (self.waiting.front(), self.waiting.get(1), self.playing)
        else {
            self.playing = false;
            // To rest without a click.
            self.last -= self.last / 64 + self.last.signum();
            return self.last;
        };
        let (first, second) = (i64::from(first), i64::from(second));
        let value = first + (second - first) * i64::from(self.place) / i64::from(self.rate);
        self.place += SAMPLE_RATE;
        while self.place >= self.rate {
            self.place -= self.rate;
            self.waiting.pop_front();
        }
        self.last = i16::try_from(value).unwrap_or(0);
        self.last
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn feed(rate: u32, samples: Vec<i16>) -> Feed {
        let (sender, chunks) = sync_channel(1);
        sender.send(samples).unwrap();
        let mut feed = Feed::new(chunks, rate);
        feed.refill();
        feed
    }

    #[test]
    fn the_same_rate_passes_samples_through() {
        let samples: Vec<i16> = (0..5000).collect();
        let mut feed = feed(SAMPLE_RATE, samples.clone());
        let played: Vec<i16> = (0..4000).map(|_| feed.next_sample()).collect();
        assert_eq!(played, samples[..4000]);
    }

    #[test]
    fn another_rate_keeps_the_pitch() {
        let mut feed = feed(24_000, (0..5000).collect());
        let played: Vec<i16> = (0..2000).map(|_| feed.next_sample()).collect();
        assert!(played.iter().enumerate().all(|(n, &sample)| sample == n as i16 * 2));
    }

    #[test]
    fn what_waits_is_bounded() {
        assert_eq!(feed(SAMPLE_RATE, vec![0; 100_000]).waiting.len(), BEGIN);
    }

    #[test]
    fn without_samples_there_is_silence() {
        let mut feed = feed(SAMPLE_RATE, vec![9000; 100]);
        assert!((0..2000).map(|_| feed.next_sample()).all(|sample| sample == 0));
    }
}
