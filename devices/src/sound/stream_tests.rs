use super::*;
use crate::sound::time_of;

fn listening() -> Stream {
    let mut stream = Stream::default();
    stream.listen(0);
    stream
}

fn rendered(stream: &mut Stream, frames: usize) -> Vec<Frame> {
    let mut out = vec![[0; 2]; frames];
    stream.render(0, &mut out);
    out
}

fn play(stream: &mut Stream, begin: VTime, rate: Rate, samples: impl Iterator<Item = [i16; 2]>) {
    for (n, sample) in (0..).zip(samples) {
        stream.push(begin.plus_ns(rate.ns_of(n)), rate, sample);
    }
}

fn noise(n: i32) -> [i16; 2] {
    let left = (n.wrapping_mul(1_103_515_245).wrapping_add(12_345) >> 8) as i16;
    [left, !left]
}

#[test]
fn the_grids_own_rate_passes_sample_for_sample() {
    for begin in [time_of(1000), VTime(time_of(1000).0 - 7_000)] {
        let mut stream = listening();
        play(&mut stream, begin, Rate::hz(48_000), (0..500).map(noise));
        let out = rendered(&mut stream, 4000);
        assert_eq!(out[999], [0, 0]);
        assert!((0..500).all(|n| out[1000 + n] == noise(n as i32).map(i32::from)), "{begin:?}");
    }
}

fn sine(rate: u32, n: u64) -> [i16; 2] {
    let value = (std::f64::consts::TAU * 440.0 * n as f64 / f64::from(rate)).sin() * 20_000.0;
    [value.round() as i16, -value.round() as i16]
}

#[test]
fn a_sine_at_any_rate_stays_one() {
    for rate in [5_000, 8_000, 11_025, 22_050, 44_100, 49_716] {
        let mut stream = listening();
        play(&mut stream, VTime(0), Rate::hz(rate), (0..u64::from(rate)).map(|n| sine(rate, n)));
        let out = rendered(&mut stream, 45_000);
        let error = (2000..45_000).map(|n| (out[n][0] - i32::from(sine(48_000, n as u64)[0])).abs()).max();
        assert!(error < Some(12), "{rate} Hz: {error:?}");
    }
}

#[test]
fn an_end_does_not_click() {
    let mut stream = listening();
    play(&mut stream, VTime(0), Rate::hz(22_050), (0..2000).map(|_| [16_000, -16_000]));
    let out = rendered(&mut stream, 12_000);
    let largest = out[100..].windows(2).map(|pair| (pair[0][0] - pair[1][0]).abs()).max();
    assert!(largest < Some(40), "{largest:?}");
    assert_eq!(out[11_000], [0, 0]);
}

#[test]
fn short_gaps_do_not_cut_a_run() {
    let (mut stream, rate) = (listening(), Rate::hz(22_050));
    for block in 0..10u64 {
        let begin = VTime(block * (rate.ns_of(100) + 30_000));
        play(&mut stream, begin, rate, (0..100).map(|_| [9000, 9000]));
    }
    assert_eq!(stream.runs.len(), 1);
    let out = rendered(&mut stream, 2000);
    assert!(out[200..1900].iter().all(|frame| *frame == [9000, 9000]));
}

#[test]
fn rendering_in_pieces_equals_rendering_at_once() {
    let (mut whole, mut pieces) = (listening(), listening());
    let (mut a, mut b) = (vec![[0; 2]; 11_000], vec![[0; 2]; 11_000]);
    let rate = Rate { cycles: 1_000_000, per_seconds: 91 };
    let mut done = 0;
    for n in 0..2000u64 {
        // A pause in the middle.
        let at = VTime(3_333 + rate.ns_of(n) + if n > 900 { 40_000_000 } else { 0 });
        whole.push(at, rate, noise(n as i32 / 40));
        pieces.push(at, rate, noise(n as i32 / 40));
        let to = frame_at(at).saturating_sub(LATENCY) as usize;
        if to > done + 37 {
            pieces.render(done as u64, &mut b[done..to]);
            done = to;
        }
    }
    whole.render(0, &mut a);
    pieces.render(done as u64, &mut b[done..]);
    assert_eq!(a, b);
}

#[test]
fn a_saved_stream_goes_on_alike() {
    let (mut stream, mut other, rate) = (listening(), listening(), Rate::hz(11_025));
    play(&mut stream, VTime(0), rate, (0..3000).map(noise));
    other.load(stream.save());
    other.listen(0);
    for stream in [&mut stream, &mut other] {
        play(stream, VTime(rate.ns_of(3000)), rate, (0..1000).map(noise));
    }
    let (mut a, mut b) = ([[0; 2]; 2000], [[0; 2]; 2000]);
    let first = frame_at(VTime(rate.ns_of(3000))) - LATENCY;
    stream.render(first, &mut a);
    other.render(first, &mut b);
    assert_eq!(a, b);
}

#[test]
fn without_a_listener_little_is_kept() {
    let mut stream = Stream::default();
    for n in 0..10_000u64 {
        stream.push(VTime(n * 1_000_000), Rate::hz(8000 + n as u32 % 3), [1, 1]);
    }
    assert!(stream.runs.len() <= MOST_RUNS && stream.runs.iter().all(|run| run.samples.len() <= UNHEARD));
    assert!(stream.is_silent(frame_at(VTime(10_100_000_000))) && !stream.is_silent(479_900));
}
