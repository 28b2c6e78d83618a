//! The tables of the chip, as read from its die, and the eight waveforms made of them.

/// A quarter of a sine: -log2(sin) in 256ths, of the middle of each of 256 steps [OPL die].
const LOG_SIN: [u16; 256] = [
    2137, 1731, 1543, 1419, 1326, 1252, 1190, 1137, 1091, 1050, 1013, 979, 949, 920, 894, 869, 846, 825, 804,
    785, 767, 749, 732, 717, 701, 687, 672, 659, 646, 633, 621, 609, 598, 587, 576, 566, 556, 546, 536, 527,
    518, 509, 501, 492, 484, 476, 468, 461, 453, 446, 439, 432, 425, 418, 411, 405, 399, 392, 386, 380, 375,
    369, 363, 358, 352, 347, 341, 336, 331, 326, 321, 316, 311, 307, 302, 297, 293, 289, 284, 280, 276, 271,
    267, 263, 259, 255, 251, 248, 244, 240, 236, 233, 229, 226, 222, 219, 215, 212, 209, 205, 202, 199, 196,
    193, 190, 187, 184, 181, 178, 175, 172, 169, 167, 164, 161, 159, 156, 153, 151, 148, 146, 143, 141, 138,
    136, 134, 131, 129, 127, 125, 122, 120, 118, 116, 114, 112, 110, 108, 106, 104, 102, 100, 98, 96, 94, 92,
    91, 89, 87, 85, 83, 82, 80, 78, 77, 75, 74, 72, 70, 69, 67, 66, 64, 63, 62, 60, 59, 57, 56, 55, 53, 52,
    51, 49, 48, 47, 46, 45, 43, 42, 41, 40, 39, 38, 37, 36, 35, 34, 33, 32, 31, 30, 29, 28, 27, 26, 25, 24,
    23, 23, 22, 21, 20, 20, 19, 18, 17, 17, 16, 15, 15, 14, 13, 13, 12, 12, 11, 10, 10, 9, 9, 8, 8, 7, 7, 7,
    6, 6, 5, 5, 5, 4, 4, 4, 3, 3, 3, 2, 2, 2, 2, 1, 1, 1, 1, 1, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0,
];

/// 2^x - 1 in 1024ths, of x in 256ths [OPL die].
const EXP: [u16; 256] = [
    0, 3, 6, 8, 11, 14, 17, 20, 22, 25, 28, 31, 34, 37, 40, 42, 45, 48, 51, 54, 57, 60, 63, 66, 69, 72, 75,
    78, 81, 84, 87, 90, 93, 96, 99, 102, 105, 108, 111, 114, 117, 120, 123, 126, 130, 133, 136, 139, 142,
    145, 148, 152, 155, 158, 161, 164, 168, 171, 174, 177, 181, 184, 187, 190, 194, 197, 200, 204, 207, 210,
    214, 217, 220, 224, 227, 231, 234, 237, 241, 244, 248, 251, 255, 258, 262, 265, 268, 272, 276, 279, 283,
    286, 290, 293, 297, 300, 304, 308, 311, 315, 318, 322, 326, 329, 333, 337, 340, 344, 348, 352, 355, 359,
    363, 367, 370, 374, 378, 382, 385, 389, 393, 397, 401, 405, 409, 412, 416, 420, 424, 428, 432, 436, 440,
    444, 448, 452, 456, 460, 464, 468, 472, 476, 480, 484, 488, 492, 496, 501, 505, 509, 513, 517, 521, 526,
    530, 534, 538, 542, 547, 551, 555, 560, 564, 568, 572, 577, 581, 585, 590, 594, 599, 603, 607, 612, 616,
    621, 625, 630, 634, 639, 643, 648, 652, 657, 661, 666, 670, 675, 680, 684, 689, 693, 698, 703, 708, 712,
    717, 722, 726, 731, 736, 741, 745, 750, 755, 760, 765, 770, 774, 779, 784, 789, 794, 799, 804, 809, 814,
    819, 824, 829, 834, 839, 844, 849, 854, 859, 864, 869, 874, 880, 885, 890, 895, 900, 906, 911, 916, 921,
    927, 932, 937, 942, 948, 953, 959, 964, 969, 975, 980, 986, 991, 996, 1002, 1007, 1013, 1018,
];

/// Above this attenuation nothing is left.
const MOST: u32 = 0x1FFF;

/// Multiples of the frequency, times 2 [YMF262, "MULTI"].
pub(super) const MULTIPLES: [u32; 16] = [1, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 20, 24, 24, 30, 30];

/// Attenuation by pitch for the top four bits of F-NUM, in 3/4 dB below the highest octave [YMF262, "KSL"].
pub(super) const KEY_SCALE: [u16; 16] = [0, 32, 40, 45, 48, 51, 53, 55, 56, 58, 59, 60, 61, 62, 63, 64];

/// A waveform's attenuation at a phase, and whether it is negative there; `None` where it is silent.
fn shape(waveform: u8, phase: u32) -> Option<(u32, bool)> {
    let quarter = |phase: u32| {
        let step = phase & 0xFF;
        u32::from(LOG_SIN[(if phase & 0x100 != 0 { step ^ 0xFF } else { step }) as usize])
    };
    let second_half = phase & 0x200 != 0;
    match waveform & 7 {
        0 => Some((quarter(phase), second_half)),
        1 => (!second_half).then(|| (quarter(phase), false)),
        2 => Some((quarter(phase), false)),
        3 => (phase & 0x100 == 0).then(|| (quarter(phase), false)),
        4 => (!second_half).then(|| (quarter(phase << 1), phase & 0x100 != 0)),
        5 => (!second_half).then(|| (quarter(phase << 1), false)),
        6 => Some((0, second_half)),
        _ => {
            let ramp = if second_half { (phase & 0x1FF) ^ 0x1FF } else { phase & 0x1FF };
            Some((ramp << 3, second_half))
        }
    }
}

/// A waveform at a phase (1024 to the cycle) under an attenuation in 3/16 dB: 13 bits. A negative value is the
/// complement, as in the chip.
pub(super) fn wave(waveform: u8, phase: u32, attenuation: u32) -> i32 {
    let Some((log, negative)) = shape(waveform, phase & 0x3FF) else { return 0 };
    let total = (log + (attenuation << 3)).min(MOST);
    let value = ((u32::from(EXP[(total & 0xFF ^ 0xFF) as usize]) | 0x400) << 1 >> (total >> 8)) as i32;
    if negative { !value } else { value }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sine_has_its_extremes_in_the_quarters() {
        assert_eq!([0, 0xFF, 0x100, 0x1FF].map(|phase| wave(0, phase, 0)), [12, 4084, 4084, 12]);
        assert_eq!(wave(0, 0x2FF, 0), -4085);
    }

    #[test]
    fn thirty_two_steps_of_attenuation_halve() {
        assert_eq!([0, 32, 64].map(|attenuation| wave(0, 0xFF, attenuation)), [4084, 2042, 1021]);
        assert_eq!(wave(6, 0, 0x1FF), 0);
    }

    #[test]
    fn waveforms_have_their_silences() {
        for (waveform, silent) in [(1, 0x300), (3, 0x180), (3, 0x380), (4, 0x280), (5, 0x3FF)] {
            assert_eq!(wave(waveform, silent, 0), 0, "{waveform}");
        }
        assert!(wave(4, 0x180, 0) < -4000 && wave(5, 0x180, 0) > 4000 && wave(2, 0x300, 0) > 4000);
        assert!(wave(7, 0, 0) == 4084 && wave(7, 0x1FF, 0) == 0 && wave(7, 0x3FF, 0) == -4085);
    }
}
