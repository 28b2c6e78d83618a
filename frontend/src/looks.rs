//! How a window shows the picture.

use clap::ValueEnum;

/// How a picture is enlarged.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum Filter {
    /// Whole multiples only: every pixel a rectangle of one size.
    Integer,
    /// As large as fits; only the border between two pixels is blended.
    #[default]
    Sharp,
    /// Blended from middle to middle.
    Bilinear,
    /// Sharp, with dark lines between rows as on a tube.
    Scanlines,
}

/// The shape of a picture.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum Aspect {
    /// As on a monitor: the standard modes fill 4:3, larger ones have square pixels.
    #[default]
    Auto,
    /// Square pixels in every mode.
    Square,
}

/// What the user chose.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(not(feature = "window"), expect(dead_code, reason = "there is no window"))]
pub(crate) struct Looks {
    pub(crate) filter: Filter,
    pub(crate) aspect: Aspect,
    pub(crate) full_screen: bool,
    pub(crate) status_line: bool,
    /// The keypad is a stick.
    pub(crate) key_stick: bool,
}

#[cfg(feature = "window")]
impl Filter {
    /// Each of them with its name.
    pub(crate) const ALL: [(Self, &'static str); 4] = [
        (Self::Integer, "whole multiples"),
        (Self::Sharp, "sharp"),
        (Self::Bilinear, "bilinear"),
        (Self::Scanlines, "scan lines"),
    ];
}
