//! What a desktop sends to a window: the wish to close it [ICCCM, "Window Deletion"], and files dropped onto it
//! [XDND, version 5].

use super::Xvfb;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};
use x11rb::CURRENT_TIME;
use x11rb::connection::Connection;
use x11rb::protocol::Event;
use x11rb::protocol::xproto::{
    Atom, AtomEnum, ClientMessageEvent, ConnectionExt as _, CreateWindowAux, EventMask, PropMode,
    SELECTION_NOTIFY_EVENT, SelectionNotifyEvent, SelectionRequestEvent, Window, WindowClass,
};
use x11rb::rust_connection::RustConnection;
use x11rb::wrapper::ConnectionExt as _;

/// The version of the protocol, in its place of XdndEnter.
const VERSION: u32 = 5 << 24;
/// A point of the window.
const POINT: u32 = 300 << 16 | 200;

/// Another program on the same desktop.
pub(crate) struct Client {
    connection: RustConnection,
    /// A window of ours, that files are dragged from.
    own: Window,
    target: Window,
}

impl Client {
    pub(crate) fn connect(xvfb: &Xvfb) -> Self {
        let (connection, screen) = x11rb::connect(Some(&xvfb.display)).unwrap();
        let own = connection.generate_id().unwrap();
        let root = connection.setup().roots[screen].root;
        let (class, looks) = (WindowClass::INPUT_OUTPUT, CreateWindowAux::new());
        connection.create_window(0, own, root, 0, 0, 1, 1, 0, class, 0, &looks).unwrap();
        let mut search = Command::new("xdotool");
        let found =
            search.args(["search", "--name", "RingZero"]).env("DISPLAY", &xvfb.display).output().unwrap();
        let target = String::from_utf8_lossy(&found.stdout).lines().next().unwrap().parse().unwrap();
        Self { connection, own, target }
    }

    fn atom(&self, name: &str) -> Atom {
        self.connection.intern_atom(false, name.as_bytes()).unwrap().reply().unwrap().atom
    }

    fn send(&self, kind: &str, data: [u32; 5]) {
        let event = ClientMessageEvent::new(32, self.target, self.atom(kind), data);
        self.connection.send_event(false, self.target, EventMask::NO_EVENT, event).unwrap();
        // A connection that is closed with events unread takes requests with it that the server has not read.
        self.connection.sync().unwrap();
    }

    /// The button of the title bar.
    pub(crate) fn close(&self) {
        self.send("WM_PROTOCOLS", [self.atom("WM_DELETE_WINDOW"), CURRENT_TIME, 0, 0, 0]);
    }

    /// Drags a file into the window and lets it go.
    #[track_caller]
    pub(crate) fn drop_file(&self, path: &Path) {
        let list = self.atom("text/uri-list");
        let selection = self.atom("XdndSelection");
        self.connection.set_selection_owner(self.own, selection, CURRENT_TIME).unwrap();
        self.send("XdndEnter", [self.own, VERSION, list, 0, 0]);
        self.send("XdndPosition", [self.own, 0, POINT, CURRENT_TIME, self.atom("XdndActionCopy")]);
        // The window says that it would take it, having asked what it is.
        self.serve_until("XdndStatus", path);
        self.send("XdndDrop", [self.own, 0, CURRENT_TIME, 0, 0]);
        self.serve_until("XdndFinished", path);
    }

    /// Answers what is asked of the selection until a message comes.
    #[track_caller]
    fn serve_until(&self, message: &str, path: &Path) {
        let (message, begun) = (self.atom(message), Instant::now());
        loop {
            assert!(begun.elapsed() < Duration::from_secs(20), "the window does not answer");
            match self.connection.poll_for_event().unwrap() {
                Some(Event::SelectionRequest(request)) => self.answer(&request, path),
                Some(Event::ClientMessage(event)) if event.type_ == message => return,
                Some(_) => {}
                None => std::thread::sleep(Duration::from_millis(10)),
            }
        }
    }

    fn answer(&self, request: &SelectionRequestEvent, path: &Path) {
        let data = format!("file://{}\r\n", path.display());
        let &SelectionRequestEvent { requestor, property, selection, target, time, .. } = request;
        let connection = &self.connection;
        let kind = if target == AtomEnum::NONE.into() { AtomEnum::STRING.into() } else { target };
        connection.change_property8(PropMode::REPLACE, requestor, property, kind, data.as_bytes()).unwrap();
        let response_type = SELECTION_NOTIFY_EVENT;
        let event =
            SelectionNotifyEvent { response_type, sequence: 0, time, requestor, selection, target, property };
        connection.send_event(false, requestor, EventMask::NO_EVENT, event).unwrap();
        connection.flush().unwrap();
    }
}
