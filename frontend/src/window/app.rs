//! The window: what the desktop says becomes controls, pictures become pixels.

use super::keys::{self, Hotkey};
use super::mouse::{self, Mouse};
use super::palette::{Page, Palette};
use super::pane::{Over, Pane};
use super::status::{self, StatusLine};
use super::title;
use crate::joystick::KeyStick;
use crate::live::{Control, DiskAct, Status};
use crate::looks::Looks;
use ringzero_machine::{Frame, Key};
use std::rc::Rc;
use std::sync::mpsc::Sender;
use std::time::{Duration, Instant};
use winit::application::ApplicationHandler;
use winit::dpi::{LogicalSize, PhysicalSize};
use winit::event::{DeviceEvent, DeviceId, ElementState, KeyEvent, WindowEvent};
use winit::event_loop::{ActiveEventLoop, ControlFlow};
use winit::keyboard::{KeyCode, PhysicalKey};
use winit::window::{Fullscreen, Window, WindowId};

/// The first size of the picture in the window: 4 to 3.
const SIZE: LogicalSize<u32> = LogicalSize::new(960, 720);
/// Its least.
const LEAST: LogicalSize<u32> = LogicalSize::new(160, 120);

/// What the machine's thread tells the window.
pub(crate) enum Happening {
    Picture(Frame),
    Status(Status),
    Message(String),
    Ended,
}

/// How long a message stays.
const MESSAGE: Duration = Duration::from_secs(3);

/// The window and what it shows.
pub(super) struct App {
    name: String,
    control: Sender<Control>,
    recycle: Sender<Frame>,
    pub(super) pane: Option<Pane>,
    frame: Frame,
    pub(super) looks: Looks,
    pub(super) status: Status,
    pub(super) line: StatusLine,
    /// The menu, while it is open.
    pub(super) palette: Option<Palette>,
    /// A message, and until when it stays.
    toast: Option<(Instant, String)>,
    /// Where the pointer is, in pixels.
    pub(super) pointer: (usize, usize),
    /// Keys that are down in the guest because of us.
    held: Vec<Key>,
    pub(super) mouse: Mouse,
    /// Keys that are a stick, if some are.
    stick: Option<KeyStick>,
    /// Keys whose release is not the guest's business.
    swallowed: Vec<KeyCode>,
    shown_title: String,
    failure: Option<String>,
    opened: bool,
}

impl App {
    pub(super) fn new(name: String, looks: Looks, control: Sender<Control>, recycle: Sender<Frame>) -> Self {
        Self {
            name,
            control,
            recycle,
            pane: None,
            frame: Frame::default(),
            looks,
            line: StatusLine::of(&Status::default(), false),
            status: Status::default(),
            palette: None,
            toast: None,
            pointer: (0, 0),
            mouse: Mouse::default(),
            held: Vec::new(),
            stick: looks.key_stick.then(KeyStick::default),
            swallowed: Vec::new(),
            shown_title: String::new(),
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

    pub(super) fn send(&self, control: Control) {
        // When the machine has ended, its last event closes the window.
        let _ = self.control.send(control);
    }

    fn open(&self, event_loop: &ActiveEventLoop) -> Result<Pane, String> {
        let attributes = Window::default_attributes()
            .with_title(title::text(&self.name, &self.status, false))
            .with_inner_size(self.first_size())
            .with_fullscreen(self.looks.full_screen.then_some(Fullscreen::Borderless(None)))
            .with_min_inner_size(LEAST);
        let window = event_loop.create_window(attributes).map_err(|error| error.to_string())?;
        let window = Rc::new(window);
        let context =
            softbuffer::Context::new(event_loop.owned_display_handle()).map_err(|error| error.to_string())?;
        let surface =
            softbuffer::Surface::new(&context, window.clone()).map_err(|error| error.to_string())?;
        Ok(Pane::new(window, surface))
    }

    fn first_size(&self) -> LogicalSize<u32> {
        let line = if self.looks.status_line { status::LINE as u32 } else { 0 };
        LogicalSize::new(SIZE.width, SIZE.height + line)
    }

    fn draw(&mut self) -> Result<(), softbuffer::SoftBufferError> {
        let Some(pane) = &mut self.pane else { return Ok(()) };
        let over = Over {
            line: Some(&self.line),
            toast: self.toast.as_ref().map(|(_, text)| text.as_str()),
            palette: self.palette.as_ref(),
        };
        pane.draw(&self.frame, &self.looks, &over)
    }

    /// What lies over the picture has changed.
    pub(super) fn touch(&self) {
        if let Some(pane) = &self.pane {
            pane.window.request_redraw();
        }
    }

    /// All is to be drawn anew.
    pub(super) fn redraw(&mut self) {
        if let Some(pane) = &mut self.pane {
            pane.redraw();
        }
    }

    /// Shows a message for a moment.
    pub(super) fn say(&mut self, line: String) {
        self.toast = Some((Instant::now() + MESSAGE, line));
        self.touch();
    }

    fn fail(&mut self, event_loop: &ActiveEventLoop, error: String) {
        self.failure.get_or_insert(error);
        event_loop.exit();
    }

    // --- keys -----------------------------------------------------------------------------------------------

    fn key(&mut self, event_loop: &ActiveEventLoop, event: &KeyEvent) {
        let PhysicalKey::Code(code) = event.physical_key else { return };
        let pressed = event.state == ElementState::Pressed;
        if pressed && self.palette.is_some() {
            // Its release is not the guest's business either.
            if !event.repeat {
                self.swallowed.push(code);
            }
            return self.palette_key(event_loop, event);
        }
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
            if let Some(stick) = self.stick.as_mut().and_then(|stick| stick.key(key, pressed)) {
                return self.send(Control::Joystick(0, Some(stick)));
            }
            let was_held = self.held.contains(&key);
            self.held.retain(|&held| held != key);
            if pressed {
                self.held.push(key);
            }
            // What was released when the menu opened is not released twice.
            if pressed || was_held {
                self.send(Control::Key(key, pressed));
            }
        }
    }

    fn hotkey(&mut self, event_loop: &ActiveEventLoop, hotkey: Hotkey) {
        match hotkey {
            Hotkey::Menu => self.open_palette(Page::Main),
            Hotkey::Record => self.send(Control::ToggleRecording),
            Hotkey::FullScreen => self.toggle_full_screen(),
            Hotkey::Pause => self.send(Control::TogglePause),
            Hotkey::Reset => self.send(Control::Reset),
            Hotkey::CtrlAltDel => self.send(Control::CtrlAltDel),
            Hotkey::Screenshot => self.send(Control::Screenshot),
            Hotkey::Mouse => self.capture(!self.mouse.is_captured()),
            Hotkey::Switch(drawer) => self.send(Control::Drive(drawer, DiskAct::Switch)),
            Hotkey::Quit => event_loop.exit(),
        }
    }

    pub(super) fn toggle_full_screen(&mut self) {
        let Some(pane) = &self.pane else { return };
        self.looks.full_screen = !self.looks.full_screen;
        pane.window.set_fullscreen(self.looks.full_screen.then_some(Fullscreen::Borderless(None)));
        self.show_cursor();
        self.redraw();
    }

    /// The desktop's pointer shows in a window, and wherever the menu is open.
    pub(super) fn show_cursor(&self) {
        if let Some(pane) = &self.pane {
            // A guest that takes places draws a pointer of its own.
            let followed = self.status.takes_places && pane.picture_rect().holds(self.pointer);
            let hidden = self.mouse.is_captured() || followed || self.looks.full_screen;
            pane.window.set_cursor_visible(!hidden || self.palette.is_some());
        }
    }

    fn show_title(&mut self) {
        let title = title::text(&self.name, &self.status, self.mouse.is_captured());
        if let Some(pane) = self.pane.as_ref().filter(|_| title != self.shown_title) {
            pane.window.set_title(&title);
            self.shown_title = title;
        }
    }

    // --- mouse ----------------------------------------------------------------------------------------------

    /// Gives the guest the mouse, or takes it back.
    pub(super) fn capture(&mut self, capture: bool) {
        let Some(pane) = &self.pane else { return };
        if capture && self.status.takes_places {
            return self.say("the guest follows the mouse by itself".to_owned());
        }
        if capture == self.mouse.is_captured() || !self.mouse.capture(&pane.window, capture) {
            return;
        }
        self.release_buttons();
        self.show_title();
        self.show_cursor();
        self.show_line();
    }

    /// The guest has no button down any more.
    fn release_buttons(&mut self) {
        for button in self.mouse.take_held() {
            self.send(Control::MouseButton(button, false));
        }
    }

    /// The pointer moved within the window: a guest that takes places follows it.
    fn pointer_moved(&mut self, x: f64, y: f64) {
        self.pointer = (x.max(0.0) as usize, y.max(0.0) as usize);
        self.palette_hover();
        if self.status.takes_places
            && self.palette.is_none()
            && let Some(pane) = &self.pane
        {
            let (x, y) = mouse::place(pane.picture_rect(), self.pointer);
            self.send(Control::PointerTo(x, y));
            self.show_cursor();
        }
    }

    /// The guest began to take places, or ceased to.
    fn places_changed(&mut self) {
        if self.status.takes_places {
            self.capture(false);
        }
        self.release_buttons();
        self.show_cursor();
    }

    /// The status line says what is so now.
    fn show_line(&mut self) {
        let line = StatusLine::of(&self.status, self.mouse.is_captured());
        if line != self.line {
            self.line = line;
            if self.looks.status_line && !self.looks.full_screen {
                self.touch();
            }
        }
    }

    /// A click into the picture captures; that click is not the guest's.
    fn button(&mut self, event_loop: &ActiveEventLoop, button: winit::event::MouseButton, pressed: bool) {
        if self.palette.is_some() {
            if pressed {
                self.palette_click(event_loop);
            }
            return;
        }
        let on_line = self.pane.as_ref().is_some_and(|pane| pane.line_rect(&self.looks).holds(self.pointer));
        if on_line && !self.mouse.is_captured() {
            if pressed {
                self.line_click();
            }
            return;
        }
        if !self.mouse.is_captured() && !self.status.takes_places {
            return self.capture(pressed);
        }
        if let Some(button) = self.mouse.button(button, pressed) {
            self.send(Control::MouseButton(button, pressed));
        }
    }

    fn move_mouse(&self, (right, down): (i32, i32), wheel: i32) {
        let ours = self.mouse.is_captured() || self.status.takes_places && (right, down) == (0, 0);
        if ours && (right, down, wheel) != (0, 0, 0) {
            self.send(Control::MouseMove(right, down, wheel));
        }
    }

    fn resized(&mut self, size: PhysicalSize<u32>) {
        if let Some(pane) = &mut self.pane {
            pane.size = size;
            pane.redraw();
        }
    }

    /// The window no longer hears releases.
    fn lost_focus(&mut self) {
        self.release_keys();
        self.swallowed.clear();
        self.release_buttons();
        self.capture(false);
    }

    /// The guest has no key down any more.
    pub(super) fn release_keys(&mut self) {
        for key in std::mem::take(&mut self.held).into_iter().rev() {
            self.send(Control::Key(key, false));
        }
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

    fn about_to_wait(&mut self, event_loop: &ActiveEventLoop) {
        // Nothing is looked at again and again: a message's end is the only thing the window itself waits for.
        match &self.toast {
            Some((until, _)) if *until <= Instant::now() => {
                self.toast = None;
                self.touch();
                event_loop.set_control_flow(ControlFlow::Wait);
            }
            Some((until, _)) => event_loop.set_control_flow(ControlFlow::WaitUntil(*until)),
            None => event_loop.set_control_flow(ControlFlow::Wait),
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
                self.redraw();
            }
            Happening::Status(status) => {
                let places = self.status.takes_places != status.takes_places;
                self.status = status;
                if places {
                    self.places_changed();
                }
                self.show_title();
                self.show_line();
                if self.palette.is_some() {
                    self.refresh_palette();
                    self.touch();
                }
            }
            Happening::Message(line) => self.say(line),
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
            WindowEvent::Resized(size) => self.resized(size),
            WindowEvent::RedrawRequested => {
                if let Err(error) = self.draw() {
                    self.fail(event_loop, error.to_string());
                }
            }
            WindowEvent::Focused(false) => self.lost_focus(),
            WindowEvent::MouseInput { state, button, .. } => {
                self.button(event_loop, button, state == ElementState::Pressed)
            }
            WindowEvent::CursorMoved { position, .. } => {
                self.pointer_moved(position.x, position.y);
            }
            WindowEvent::MouseWheel { delta, .. } if self.palette.is_some() => {
                self.palette_wheel(event_loop, delta);
            }
            WindowEvent::MouseWheel { delta, .. } => {
                let steps = self.mouse.wheel(delta);
                self.move_mouse((0, 0), steps);
            }
            WindowEvent::DroppedFile(path) => self.dropped(path),
            // Synthetic presses tell of keys that were down before the window had the focus.
            WindowEvent::KeyboardInput { event, is_synthetic: false, .. } => self.key(event_loop, &event),
            _ => {}
        }
    }
}
