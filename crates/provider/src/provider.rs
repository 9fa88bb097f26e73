//! The device: what it knows, what it does by itself, and its hooks.

use core::{
    cell::{Cell, RefCell},
    fmt::{self, Write as _},
};

use embassy_futures::select::select;
use embassy_sync::{
    blocking_mutex::raw::NoopRawMutex,
    signal::Signal,
    watch::{Receiver, Watch},
};
use faceplate::{Text, text};
use faceplate_http::{Answered, App, Connection, Methods, Request, UpdateEvent};
use heapless::String;

use crate::{
    Colour, Room, Tenths,
    lamp::{Fade, Lamp},
    ring::Ring,
    routes,
};

/// How often it measures, milliseconds.
pub(crate) const EVERY_MS: u64 = 1000;

/// Temperatures that are kept: five minutes.
const VALUES: usize = 300;

/// Lines of the log that are kept, and the longest of them in bytes.
const LINES: usize = 24;
const LINE_MAX: usize = 56;

/// The longest time between two lights of a fade, milliseconds: smooth for an eye.
const STEP_MS: u64 = 20;

/// Live connections that it has room for: the server's limit for them may not be higher.
pub const LISTENERS: usize = 8;

/// A line of the log.
pub(crate) type Line = String<LINE_MAX>;

/// Tells a listener that something is new.
pub(crate) type News<'n> = Receiver<'n, NoopRawMutex, (), LISTENERS>;

/// The example device in its room. [`Self::run`] must run beside the server, on the same executor.
pub struct Provider<R> {
    room: R,
    pub(crate) lamp: Cell<Lamp>,
    fade: Cell<Fade>,
    /// How bright the lamp is while an update goes on.
    update: Cell<Option<u8>>,
    pub(crate) values: RefCell<Ring<Tenths, VALUES>>,
    pub(crate) lines: RefCell<Ring<Line, LINES>>,
    /// Something of the above is new. Each listener knows what it has seen.
    news: Watch<NoopRawMutex, (), LISTENERS>,
    /// A fade begins.
    moves: Signal<NoopRawMutex, ()>,
}

impl<R: Room> Provider<R> {
    /// A device that was just switched on, its lamp off.
    pub fn new(room: R) -> Self {
        Self {
            room,
            lamp: Cell::new(Lamp::OFF),
            fade: Cell::new(Fade::NONE),
            update: Cell::new(None),
            values: RefCell::new(Ring::new()),
            lines: RefCell::new(Ring::new()),
            news: Watch::new(),
            moves: Signal::new(),
        }
    }

    /// What it does by itself: it measures, and lets the lamp fade.
    pub async fn run(&self) -> ! {
        self.note(format_args!("started"));
        let mut due_ms = self.room.now_ms();
        loop {
            let now_ms = self.room.now_ms();
            if now_ms >= due_ms {
                self.values.borrow_mut().push(self.room.temperature());
                self.tell();
                due_ms += EVERY_MS;
                if due_ms <= now_ms {
                    // Something kept it from its turn: what was missed is left out.
                    due_ms = now_ms + EVERY_MS;
                }
            }
            self.shine();
            let left_ms = due_ms - now_ms;
            let wait_ms = match self.fade.get().goes_on(now_ms) {
                true => left_ms.min(STEP_MS),
                false => left_ms,
            };
            select(self.room.sleep_ms(wait_ms), self.moves.wait()).await;
        }
    }

    /// Sets the lamp, and tells all who listen.
    pub(crate) fn set(&self, lamp: Lamp) {
        if self.lamp.replace(lamp) == lamp {
            return;
        }
        let now_ms = self.room.now_ms();
        self.fade.set(self.fade.get().go_on(lamp.light(), now_ms));
        self.moves.signal(());
        self.note(format_args!("{lamp}"));
    }

    fn shine(&self) {
        let light = match self.update.get() {
            Some(level) => Colour::white(level),
            None => self.fade.get().light(self.room.now_ms()),
        };
        self.room.shine(light);
    }

    /// Writes a line into the log; what is too long of it is left out.
    fn note(&self, what: fmt::Arguments<'_>) {
        let mut line = Line::new();
        let seconds = self.room.now_ms() / 1000;
        let _cut = write!(line, "{seconds} s: {what}");
        self.room.log(&line);
        self.lines.borrow_mut().push(line);
        self.tell();
    }

    fn tell(&self) {
        self.news.sender().send(());
    }

    /// A listener of its own, which has heard nothing yet; `None` where there are [`LISTENERS`].
    pub(crate) fn listen(&self) -> Option<News<'_>> {
        self.news.receiver()
    }
}

impl<R: Room> App for Provider<R> {
    fn methods(&self, path: &str) -> Methods {
        routes::methods(path)
    }

    // No `async fn`: around the other it would keep the request once more, on each connection.
    fn answer<C: Connection>(&self, request: Request<'_, C>) -> impl Future<Output = Answered> {
        routes::answer(self, request)
    }

    /// An example of a veto: a frontend that comes now would find a lamp that is neither on nor off.
    fn may_update(&self) -> Result<(), Text> {
        match self.fade.get().goes_on(self.room.now_ms()) {
            true => Err(text("the lamp is fading")),
            false => Ok(()),
        }
    }

    /// The lamp gets brighter while an update goes on.
    fn on_update(&self, event: UpdateEvent) {
        match event {
            UpdateEvent::Began { total } => {
                self.update.set(Some(0));
                self.note(format_args!("an update of {total} bytes begins"));
            }
            UpdateEvent::Progress { received, total } => {
                let level = received.min(total) * 255 / total.max(1);
                self.update.set(Some(level as u8));
            }
            UpdateEvent::Failed => {
                self.update.set(None);
                self.note(format_args!("the update failed"));
            }
            UpdateEvent::Restarting { in_ms } => {
                self.note(format_args!("restarting in {in_ms} ms"));
            }
        }
        self.shine();
    }
}
