//! An open window and its pixels: the picture scaled once, and what lies over it drawn anew each time.

use super::overlay::{Canvas, HEIGHT, WIDTH};
use super::palette::Palette;
use super::palette::view::{self, Layout};
use super::scale::{Rect, Scaler};
use super::status::{LINE, StatusLine};
use crate::looks::Looks;
use ringzero_machine::Frame;
use std::num::NonZeroU32;
use std::rc::Rc;
use winit::dpi::PhysicalSize;
use winit::event_loop::OwnedDisplayHandle;
use winit::window::Window;

const TOAST_BACK: u32 = 0x1B_1E26;
const TOAST_EDGE: u32 = 0x5A_6478;
const TOAST_INK: u32 = 0xFF_E9A8;

type Surface = softbuffer::Surface<OwnedDisplayHandle, Rc<Window>>;

/// An open window.
pub(super) struct Pane {
    pub(super) window: Rc<Window>,
    surface: Surface,
    /// Known from events: to ask for the size of a window that is gone is an error.
    pub(super) size: PhysicalSize<u32>,
    scaler: Scaler,
    /// The scaled picture, while it fits the frame, the window and the looks.
    image: Option<Vec<u32>>,
}

/// What lies over the picture.
pub(super) struct Over<'a> {
    pub(super) line: Option<&'a StatusLine>,
    pub(super) toast: Option<&'a str>,
    pub(super) palette: Option<&'a Palette>,
}

impl Pane {
    pub(super) fn new(window: Rc<Window>, surface: Surface) -> Self {
        let size = window.inner_size();
        Self { window, surface, size, scaler: Scaler::default(), image: None }
    }

    /// Pixels of a dot of what lies over the picture.
    pub(super) fn scale(&self) -> usize {
        (self.window.scale_factor().round() as usize).max(1)
    }

    /// The picture, the window or the looks have changed.
    pub(super) fn redraw(&mut self) {
        self.image = None;
        self.window.request_redraw();
    }

    fn size(&self) -> (usize, usize) {
        (self.size.width as usize, self.size.height as usize)
    }

    /// Where the status line is; no height when it does not show.
    pub(super) fn line_rect(&self, looks: &Looks) -> Rect {
        let (width, rows) = self.size();
        let shown = looks.status_line && !looks.full_screen;
        let height = if shown { (LINE * self.scale()).min(rows / 2) } else { 0 };
        Rect { x: 0, y: rows - height, width, height }
    }

    /// Where the picture is.
    pub(super) fn picture_rect(&self) -> Rect {
        self.scaler.rect()
    }

    /// Where the menu's lines are.
    pub(super) fn layout(&self, palette: &Palette) -> Layout {
        let (width, height) = self.size();
        Layout::of(palette, width, height, self.scale())
    }

    /// Draws everything.
    pub(super) fn draw(
        &mut self,
        frame: &Frame,
        looks: &Looks,
        over: &Over<'_>,
    ) -> Result<(), softbuffer::SoftBufferError> {
        let PhysicalSize { width: columns, height: rows } = self.size;
        let (Some(columns), Some(rows)) = (NonZeroU32::new(columns), NonZeroU32::new(rows)) else {
            return Ok(());
        };
        let ((width, height), scale) = (self.size(), self.scale());
        let line = self.line_rect(looks);
        let layout = over.palette.map(|palette| self.layout(palette));
        let picture_height = line.y;
        let scaler = &mut self.scaler;
        let image = self.image.get_or_insert_with(|| {
            let mut image = vec![0; width * picture_height];
            scaler.draw(frame, (looks.filter, looks.aspect), &mut image, (width, picture_height));
            image
        });
        self.surface.resize(columns, rows)?;
        let mut buffer = self.surface.buffer_mut()?;
        for (pixel, &drawn) in buffer.iter_mut().zip(image.iter()) {
            *pixel = drawn;
        }
        let mut canvas = Canvas::new(&mut buffer, width, height, scale);
        if let Some(parts) = over.line.filter(|_| line.height > 0) {
            parts.draw(&mut canvas, line, scale);
        }
        if let (Some(palette), Some(layout)) = (over.palette, &layout) {
            canvas.shade(Rect { x: 0, y: 0, width, height: picture_height });
            view::draw(palette, layout, &mut canvas, scale);
        }
        if let Some(text) = over.toast {
            toast(&mut canvas, text, (width, picture_height), scale);
        }
        self.window.pre_present_notify();
        buffer.present()
    }
}

/// A message at the lower edge of the picture.
fn toast(canvas: &mut Canvas<'_>, text: &str, (width, bottom): (usize, usize), scale: usize) {
    let pad = 6 * scale;
    let room = width.saturating_sub(4 * pad);
    let text_width = (text.chars().count() * WIDTH * scale).min(room);
    let height = HEIGHT * scale + 2 * pad;
    let panel = Rect {
        x: width.saturating_sub(text_width + 2 * pad) / 2,
        y: bottom.saturating_sub(height + pad),
        width: text_width + 2 * pad,
        height,
    };
    canvas.fill(panel, TOAST_BACK);
    canvas.frame(panel, TOAST_EDGE);
    canvas.text(panel.x + pad, panel.y + pad, text_width, text, TOAST_INK);
}
