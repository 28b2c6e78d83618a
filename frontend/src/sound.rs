//! The sound card. Without one the machine is silent.
//!
//! Frames cross to a thread of our own that opens the card, which may take long, and from there to the card's. What is
//! waiting is bounded: too much is dropped, so sound never lags behind the picture. The card's clock and virtual time
//! drift apart; frames are taken a little faster or slower to keep what waits near its aim. Whatever begins or ends,
//! by a pause or because the guest or this host was late, fades.

use crate::audio::SAMPLE_RATE;
use cpal::traits::{DeviceTrait, HostTrait, StreamTrait};
use cpal::{FromSample, SampleFormat, SizedSample, Stream, StreamConfig};
use ringzero_machine::sound_filter as kernel;
use std::collections::VecDeque;
use std::sync::mpsc::{Receiver, Sender, SyncSender, channel, sync_channel};

/// Chunks on their way to the card: some milliseconds each.
const CHUNKS: usize = 256;
/// Frames that should wait: 50 ms.
const AIM: usize = SAMPLE_RATE as usize / 20;
/// Frames from which the oldest are dropped.
const MOST: usize = SAMPLE_RATE as usize / 5;
/// Frames of a fade.
const FADE: usize = SAMPLE_RATE as usize / 200;
/// The largest change of speed that keeps the clocks together; nobody hears it.
const MOST_DRIFT: f64 = 0.005;
/// Frames over which the amount that waits is averaged.
const AVERAGE: f64 = 48_000.0;

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
            let [left, right] = feed.next_frame();
            match frame {
                // One loudspeaker gets both sides.
                [only] => *only = T::from_sample(left.midpoint(right)),
                [first, second, rest @ ..] => {
                    (*first, *second) = (T::from_sample(left), T::from_sample(right));
                    rest.fill(T::from_sample(0));
                }
                [] => {}
            }
        }
    };
    // A card that goes away leaves the machine silent.
    device.build_output_stream(config, play, |_| {}, None).ok()
}

/// Frames at the card's rate.
#[derive(Debug)]
struct Feed {
    chunks: Receiver<Vec<i16>>,
    waiting: VecDeque<[i16; 2]>,
    /// A left sample whose right one is in the next chunk.
    half: Option<i16>,
    /// Frames of the machine to one of the card's.
    step: f64,
    /// Place behind the frame in the middle of the filter.
    place: f64,
    /// Steps of the fade: 0 is silence, [`FADE`] full volume.
    volume: usize,
    playing: bool,
    /// Too much waits: after a fade some of it is dropped.
    dropping: bool,
    average: f64,
}

impl Feed {
    fn new(chunks: Receiver<Vec<i16>>, rate: u32) -> Self {
        Self {
            chunks,
            waiting: VecDeque::new(),
            half: None,
            step: f64::from(SAMPLE_RATE) / f64::from(rate.max(1)),
            place: 0.0,
            volume: 0,
            playing: false,
            dropping: false,
            average: AIM as f64,
        }
    }

    fn refill(&mut self) {
        for sample in self.chunks.try_iter().flatten() {
            match self.half.take() {
                None => self.half = Some(sample),
                Some(left) => self.waiting.push_back([left, sample]),
            }
        }
        if !self.playing && self.waiting.len() > AIM {
            self.drop_oldest();
            self.playing = true;
        }
        self.dropping |= self.waiting.len() > MOST;
        // A host that was asleep for long.
        if self.waiting.len() > 10 * MOST {
            self.drop_oldest();
        }
    }

    fn drop_oldest(&mut self) {
        let spare = self.waiting.len().saturating_sub(AIM);
        self.waiting.drain(..spare);
        self.average = AIM as f64;
        self.dropping = false;
    }

    /// The next frame, by the machine's own filter.
    fn next_frame(&mut self) -> [i16; 2] {
        if !self.playing {
            return [0; 2];
        }
        let enough = self.waiting.len() > kernel::TAPS + 2 * FADE && !self.dropping;
        self.volume = if enough { (self.volume + 1).min(FADE) } else { self.volume.saturating_sub(1) };
        if self.volume == 0 && !enough {
            // Silent: now nothing that is left out or comes late can be heard.
            self.playing = self.dropping;
            self.drop_oldest();
            return [0; 2];
        }
        let sums = self.filtered();
        let fade = self.volume as i64;
        self.advance();
        sums.map(|sum| ((sum * fade / FADE as i64).clamp(i16::MIN.into(), i16::MAX.into())) as i16)
    }

    fn filtered(&self) -> [i64; 2] {
        let middle = kernel::BEFORE as usize;
        if self.place == 0.0 {
            return self.waiting.get(middle).map_or([0; 2], |frame| frame.map(i64::from));
        }
        let weights = kernel::weights((self.place * f64::from(1 << kernel::FRACTION_BITS)) as u32);
        let mut sums = [0; 2];
        for (frame, weight) in self.waiting.iter().zip(weights) {
            sums[0] += i64::from(frame[0]) * weight;
            sums[1] += i64::from(frame[1]) * weight;
        }
        sums.map(|sum| sum >> kernel::ONE_BITS)
    }

    fn advance(&mut self) {
        self.average += (self.waiting.len() as f64 - self.average) / AVERAGE;
        let drift = (self.average / AIM as f64 - 1.0) * MOST_DRIFT;
        // What waits goes up and down with every chunk: small differences mean nothing.
        let drift = if drift.abs() < MOST_DRIFT / 5.0 { 0.0 } else { drift.clamp(-MOST_DRIFT, MOST_DRIFT) };
        self.place += self.step * (1.0 + drift);
        let whole = self.place.floor();
        self.place -= whole;
        let passed = (whole as usize).min(self.waiting.len());
        self.waiting.drain(..passed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn feed(rate: u32, frames: Vec<[i16; 2]>) -> Feed {
        let (sender, chunks) = sync_channel(1);
        sender.send(frames.into_iter().flatten().collect()).unwrap();
        let mut feed = Feed::new(chunks, rate);
        feed.refill();
        feed
    }

    fn largest_step(played: &[[i16; 2]]) -> i32 {
        played.windows(2).map(|pair| (i32::from(pair[0][0]) - i32::from(pair[1][0])).abs()).max().unwrap()
    }

    #[test]
    fn the_same_rate_passes_frames_through() {
        let frames: Vec<[i16; 2]> = (0..2401).map(|n| [n, -n]).collect();
        let mut feed = feed(SAMPLE_RATE, frames);
        let played: Vec<[i16; 2]> = (0..1500).map(|_| feed.next_frame()).collect();
        assert!(
            played[FADE..].windows(2).all(|pair| pair[1][0] == pair[0][0] + 1 && pair[1][1] == -pair[1][0])
        );
    }

    #[test]
    fn another_rate_keeps_the_pitch() {
        let tone = |n: usize| (f64::sin(n as f64 * std::f64::consts::TAU / 100.0) * 9000.0) as i16;
        let mut feed = feed(24_000, (0..2401).map(|n| [tone(n), 0]).collect());
        let played: Vec<[i16; 2]> = (0..800).map(|_| feed.next_frame()).collect();
        let rises = played.windows(2).filter(|pair| pair[0][0] < 0 && pair[1][0] >= 0).count();
        assert!((15..=16).contains(&rises), "{rises}");
    }

    #[test]
    fn beginning_and_running_out_do_not_click() {
        let mut feed = feed(44_100, vec![[20_000, 20_000]; 2500]);
        let played: Vec<[i16; 2]> = (0..4000).map(|_| feed.next_frame()).collect();
        assert!(largest_step(&played) < 200, "{}", largest_step(&played));
        assert!(played[1000][0] > 19_900 && played[3999] == [0, 0] && !feed.playing);
    }

    #[test]
    fn too_much_is_dropped_without_a_click() {
        let (sender, chunks) = sync_channel(4);
        sender.send(vec![20_000; 2 * 2500]).unwrap();
        let mut feed = Feed::new(chunks, SAMPLE_RATE);
        feed.refill();
        let mut played: Vec<[i16; 2]> = (0..500).map(|_| feed.next_frame()).collect();
        sender.send(vec![20_000; 2 * 2 * MOST]).unwrap();
        feed.refill();
        played.extend((0..1000).map(|_| feed.next_frame()));
        assert!(feed.waiting.len() < 2 * AIM && largest_step(&played) < 200);
    }

    #[test]
    fn clocks_that_differ_are_kept_together() {
        let (sender, chunks) = sync_channel(4);
        let mut feed = Feed::new(chunks, SAMPLE_RATE);
        // The machine is faster by 0.2 percent.
        for _ in 0..3000 {
            sender.send(vec![1000; 2 * 962]).unwrap();
            feed.refill();
            (0..960).for_each(|_| {
                feed.next_frame();
            });
        }
        assert!(feed.playing && (AIM / 2..2 * AIM).contains(&feed.waiting.len()), "{}", feed.waiting.len());
    }
}
