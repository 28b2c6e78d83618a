//! The window: what the desktop says becomes controls, pictures become pixels.

use super::keys::{self, Hotkey};
use super::mouse::Mouse;
use super::scale::Scaler;
use super::title;
use crate::live::{Activity, Control, Status};
use ringzero_machine::{Frame, Key};
use std::num::NonZeroU32;
use std::rc::Rc;
use std::sync::mpsc::Sender;
use winit::application::ApplicationHandler;
use winit::dpi::{LogicalSize, PhysicalSize};
use winit::event::{DeviceEvent, DeviceId, ElementState, KeyEvent, WindowEvent};
use winit::event_loop::{ActiveEventLoop, ControlFlow, OwnedDisplayHandle};
use winit::keyboard::{KeyCode, PhysicalKey};
use winit::window::{Fullscreen, Window, WindowId};

/// The window's first size: 4 to 3.
const SIZE: LogicalSize<u32> = LogicalSize::new(960, 720);
/// Its least.
const LEAST: LogicalSize<u32> = LogicalSize::new(160, 120);

/// What the machine's thread tells the window.
pub(crate) enum Happening {
    Picture(Frame),
    Status(Status),
    Ended,
}

type Surface = softbuffer::Surface<OwnedDisplayHandle, Rc<Window>>;

/// An open window.
struct Pane {
    window: Rc<Window>,
    surface: Surface,
    /// Known from events: to ask for the size of a window that is gone is an error.
    size: PhysicalSize<u32>,
}

/// The window and what it shows.
pub(super) struct App {
    name: String,
    control: Sender<Control>,
    recycle: Sender<Frame>,
    pane: Option<Pane>,
    frame: Frame,
    scaler: Scaler,
    status: Status,
    /// Keys that are down in the guest because of us.
    held: Vec<Key>,
    mouse: Mouse,
    /// Keys whose release is not the guest's business.
    swallowed: Vec<KeyCode>,
    failure: Option<String>,
    opened: bool,
}

impl App {
    pub(super) fn new(name: String, control: Sender<Control>, recycle: Sender<Frame>) -> Self {
        Self {
            name,
            control,
            recycle,
            pane: None,
            frame: Frame::default(),
            scaler: Scaler::default(),
            status: Status { activity: Activity::Running, mips: 0, lights: String::new() },
            mouse: Mouse::default(),
            held: Vec::new(),
            swallowed: Vec::new(),
            failure: None,
            opened: false,
        }
    }

    /// The window is gone: the machine ends too. What went wrong, if something did, and whether there was a window.
    pub(super) fn close(self) -> (Option<String>, bool) {
        // The machine may have ended before.
        let _ = self.control.send(Control::Quit);
        (self.failure, self.opened)
    }

    fn send(&self, control: Control) {
        // When the machine has ended, its last event closes the window.
        let _ = self.control.send(control);
    }

    fn open(&self, event_loop: &ActiveEventLoop) -> Result<Pane, String> {
        let attributes = Window::default_attributes()
            .with_title(title::text(&self.name, &self.status, false))
            .with_inner_size(SIZE)
            .with_min_inner_size(LEAST);
        let window = event_loop.create_window(attributes).map_err(|error| error.to_string())?;
        let window = Rc::new(window);
        let context =
            softbuffer::Context::new(event_loop.owned_display_handle()).map_err(|error| error.to_string())?;
        let surface =
            softbuffer::Surface::new(&context, window.clone()).map_err(|error| error.to_string())?;
        let size = window.inner_size();
        Ok(Pane { window, surface, size })
    }

    fn draw(&mut self) -> Result<(), softbuffer::SoftBufferError> {
        let Some(pane) = &mut self.pane else { return Ok(()) };
        let PhysicalSize { width, height } = pane.size;
        let (Some(columns), Some(rows)) = (NonZeroU32::new(width), NonZeroU32::new(height)) else {
            return Ok(());
        };
        pane.surface.resize(columns, rows)?;
        let mut buffer = pane.surface.buffer_mut()?;
        self.scaler.draw(&self.frame, &mut buffer, width as usize, height as usize);
        pane.window.pre_present_notify();
        buffer.present()
    }

    fn fail(&mut self, event_loop: &ActiveEventLoop, error: String) {
        self.failure.get_or_insert(error);
        event_loop.exit();
    }

    // --- keys -----------------------------------------------------------------------------------------------

    fn key(&mut self, event_loop: &ActiveEventLoop, event: &KeyEvent) {
        let PhysicalKey::Code(code) = event.physical_key else { return };
        let pressed = event.state == ElementState::Pressed;
        // The emulated keyboard repeats by itself.
        if event.repeat {
            return;
        }
        if pressed && let Some(hotkey) = keys::hotkey(code, &self.held) {
            self.swallowed.push(code);
            return self.hotkey(event_loop, hotkey);
        }
        if !pressed && let Some(place) = self.swallowed.iter().position(|&swallowed| swallowed == code) {
            self.swallowed.swap_remove(place);
            return;
        }
        if let Some(key) = keys::key(code) {
            self.held.retain(|&held| held != key);
            if pressed {
                self.held.push(key);
            }
            self.send(Control::Key(key, pressed));
        }
    }

    fn hotkey(&mut self, event_loop: &ActiveEventLoop, hotkey: Hotkey) {
        match hotkey {
            Hotkey::FullScreen => self.toggle_full_screen(),
            Hotkey::Pause => self.send(Control::TogglePause),
            Hotkey::Reset => self.send(Control::Reset),
            Hotkey::CtrlAltDel => self.send(Control::CtrlAltDel),
            Hotkey::Screenshot => self.send(Control::Screenshot),
            Hotkey::Mouse => self.capture(!self.mouse.is_captured()),
            Hotkey::Switch(drawer) => self.send(Control::Switch(drawer)),
            Hotkey::Quit => event_loop.exit(),
        }
    }

    fn toggle_full_screen(&self) {
        let Some(pane) = &self.pane else { return };
        let next = match pane.window.fullscreen() {
            Some(_) => None,
            None => Some(Fullscreen::Borderless(None)),
        };
        pane.window.set_cursor_visible(next.is_none());
        pane.window.set_fullscreen(next);
    }

    fn show_title(&self) {
        if let Some(pane) = &self.pane {
            pane.window.set_title(&title::text(&self.name, &self.status, self.mouse.is_captured()));
        }
    }

    // --- mouse ----------------------------------------------------------------------------------------------

    /// Gives the guest the mouse, or takes it back.
    fn capture(&mut self, capture: bool) {
        let Some(pane) = &self.pane else { return };
        if capture == self.mouse.is_captured() || !self.mouse.capture(&pane.window, capture) {
            return;
        }
        for button in self.mouse.take_held() {
            self.send(Control::MouseButton(button, false));
        }
        self.show_title();
    }

    /// A click into the picture captures; that click is not the guest's.
    fn button(&mut self, button: winit::event::MouseButton, pressed: bool) {
        if !self.mouse.is_captured() {
            return self.capture(pressed);
        }
        if let Some(button) = self.mouse.button(button, pressed) {
            self.send(Control::MouseButton(button, pressed));
        }
    }

    fn move_mouse(&self, (right, down): (i32, i32), wheel: i32) {
        if self.mouse.is_captured() && (right, down, wheel) != (0, 0, 0) {
            self.send(Control::MouseMove(right, down, wheel));
        }
    }

    /// The window no longer hears releases.
    fn release_all(&mut self) {
        for key in std::mem::take(&mut self.held).into_iter().rev() {
            self.send(Control::Key(key, false));
        }
        self.swallowed.clear();
    }
}

impl ApplicationHandler<Happening> for App {
    fn resumed(&mut self, event_loop: &ActiveEventLoop) {
        event_loop.set_control_flow(ControlFlow::Wait);
        if self.pane.is_some() {
            return;
        }
        match self.open(event_loop) {
            Ok(pane) => (self.pane, self.opened) = (Some(pane), true),
            Err(error) => self.fail(event_loop, error),
        }
    }

    fn device_event(&mut self, _event_loop: &ActiveEventLoop, _id: DeviceId, event: DeviceEvent) {
        if let DeviceEvent::MouseMotion { delta } = event {
            let counts = self.mouse.motion(delta);
            self.move_mouse(counts, 0);
        }
    }

    fn user_event(&mut self, event_loop: &ActiveEventLoop, event: Happening) {
        match event {
            Happening::Picture(frame) => {
                let old = std::mem::replace(&mut self.frame, frame);
                // The machine may have ended.
                let _ = self.recycle.send(old);
                if let Some(pane) = &self.pane {
                    pane.window.request_redraw();
                }
            }
            Happening::Status(status) => {
                self.status = status;
                self.show_title();
            }
            Happening::Ended => event_loop.exit(),
        }
    }

    fn window_event(&mut self, event_loop: &ActiveEventLoop, _id: WindowId, event: WindowEvent) {
        match event {
            WindowEvent::CloseRequested => event_loop.exit(),
            WindowEvent::Destroyed => {
                self.pane = None;
                event_loop.exit();
            }
            // A new scale factor brings a new size with it.
            WindowEvent::Resized(size) => {
                if let Some(pane) = &mut self.pane {
                    pane.size = size;
                    pane.window.request_redraw();
                }
            }
            WindowEvent::RedrawRequested => {
                if let Err(error) = self.draw() {
                    self.fail(event_loop, error.to_string());
                }
            }
            WindowEvent::Focused(false) => {
                self.release_all();
                self.capture(false);
            }
            WindowEvent::MouseInput { state, button, .. } => {
                self.button(button, state == ElementState::Pressed)
            }
            WindowEvent::MouseWheel { delta, .. } => {
                let steps = self.mouse.wheel(delta);
                self.move_mouse((0, 0), steps);
            }
            WindowEvent::DroppedFile(path) => self.send(Control::Insert(path)),
            // Synthetic presses tell of keys that were down before the window had the focus.
            WindowEvent::KeyboardInput { event, is_synthetic: false, .. } => self.key(event_loop, &event),
            _ => {}
        }
    }
}
