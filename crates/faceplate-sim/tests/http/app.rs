//! A firmware's own routes, of every kind, for tests.

use std::{
    cell::{Cell, OnceCell, RefCell},
    collections::BTreeMap,
    fmt,
    future::{pending, ready},
    time::Duration,
};

use faceplate::{Text, text};
use faceplate_http::{
    Access, Answered, App, Connection, Denied, Head, Method, Methods, Problem, Request,
    UpdateEvent,
    password::Password,
    websocket::{Incoming, Message},
};
use serde::{Deserialize, Serialize};
use tokio::{
    sync::Notify,
    time::{sleep, timeout},
};

/// A piece that is not taken for so long is dropped half way.
const TORN: Duration = Duration::from_millis(100);

/// What the routes read and change, and what the hooks were told.
#[derive(Default)]
pub(crate) struct TestApp {
    pub(crate) value: RefCell<Value>,
    changed: Notify,
    /// Why no update may begin.
    pub(crate) not_now: Cell<Option<&'static str>>,
    /// How often an update is welcome before it is not.
    pub(crate) welcomes: Cell<u32>,
    /// The device's password, if it has one.
    pub(crate) password: OnceCell<Password>,
    /// Whether requests need `Authorization: Bearer secret`.
    pub(crate) locked: Cell<bool>,
    pub(crate) updates: RefCell<Vec<UpdateEvent>>,
    pub(crate) asked: RefCell<Vec<Access>>,
    /// How often a piece was dropped half way, and the next one was refused.
    pub(crate) torn: Cell<u32>,
}

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Value {
    pub(crate) number: u32,
    pub(crate) on: bool,
}

/// Text in JSON.
#[derive(Deserialize)]
struct Said {
    text: String,
}

/// A text that is of another length after it was shown once.
struct Changes(Cell<usize>, [usize; 2]);

impl fmt::Display for Changes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let len = self.1[self.0.replace(1)];
        // Bit by bit, as most values are shown.
        (0..len).try_for_each(|_| f.write_str("x"))
    }
}

impl App for TestApp {
    fn password(&self) -> Option<&Password> {
        self.password.get()
    }

    fn methods(&self, path: &str) -> Methods {
        match path {
            "/api/test/value" => Methods::GET | Methods::PUT,
            "/api/test/echo" | "/api/test/echo ä" | "/api/test/refuse" => Methods::POST,
            "/api/test/text" | "/api/test/rest" => Methods::POST,
            "/api/test/shrinks" | "/api/test/grows" => Methods::GET,
            "/api/test/long"
            | "/api/test/nothing"
            | "/api/test/events"
            | "/api/test/socket"
            | "/api/test/query"
            | "/api/test/half"
            | "/api/test/no-body"
            | "/api/test/unsayable"
            | "/api/test/long-json"
            | "/api/test/idle"
            | "/api/test/flood"
            | "/api/test/always"
            | "/api/test/json-events"
            | "/api/test/torn"
            | "/api/test/torn-events" => Methods::GET,
            "/api/test/value/ä b" => Methods::DELETE | Methods::PATCH,
            // Never asked for: these are Faceplate's.
            "/api/ota/status" | "/api/ota/mine" | "/recovery" | "/api/wifi/mine" => Methods::GET,
            // A path of the frontend may be a firmware's, too.
            "/metrics" => Methods::GET,
            _ => Methods::NONE,
        }
    }

    async fn answer<C: Connection>(&self, request: Request<'_, C>) -> Answered {
        match (request.path(), request.method()) {
            ("/api/test/value", Method::Get) => {
                let value = self.value.borrow().clone();
                request.reply.json(&value).await
            }
            ("/api/test/value", _) => {
                let value: Value = request.body.json().await?;
                if value.number > 1000 {
                    let detail = format_args!("{} is more than 1000", value.number);
                    return Err(Problem::new(422, "too-much", detail).into());
                }
                *self.value.borrow_mut() = value.clone();
                self.changed.notify_waiters();
                request.reply.json(&value).await
            }
            ("/api/test/text", _) => {
                let said: Said = request.body.json().await?;
                request.reply.text("text/plain", &said.text).await
            }
            ("/api/test/rest", _) => {
                let mut body = request.body;
                let mut skip = [0; 1500];
                let mut skipped = 0;
                while skipped < skip.len() {
                    skipped += body.read(&mut skip[skipped..]).await?;
                }
                let rest = body.all().await?;
                request.reply.bytes("application/octet-stream", rest).await
            }
            ("/api/test/shrinks", _) => {
                let text = Changes(Cell::new(0), [9000, 6000]);
                request.reply.text("text/plain", &text).await
            }
            ("/api/test/grows", _) => {
                let text = Changes(Cell::new(0), [6000, 9000]);
                request.reply.text("text/plain", &text).await
            }
            ("/api/test/echo" | "/api/test/echo ä", _) => {
                let mut body = request.body;
                let mut stream = request.reply.stream("application/octet-stream").await?;
                let mut buf = [0; 300];
                loop {
                    match body.read(&mut buf).await? {
                        0 => return stream.finish().await,
                        n => stream.bytes(&buf[..n]).await?,
                    }
                }
            }
            ("/api/test/refuse", _) => Err(Problem::new(422, "unwanted", "not this one").into()),
            ("/api/test/long", _) => {
                let text = "0123456789".repeat(1000);
                let reply = request.reply.header("X-Mine", &"a\r\nX-Theirs: b");
                reply.text("text/plain", &text).await
            }
            ("/api/test/half", _) => {
                let mut stream = request.reply.stream("text/plain").await?;
                stream.text(&"half").await?;
                Err(Problem::new(500, "late", "the answer has begun").into())
            }
            ("/api/test/query", _) => {
                let name = request.query::<16>("name");
                let name = name.as_deref().unwrap_or("nobody").to_owned();
                request.reply.text("text/plain", &name).await
            }
            ("/api/test/events", _) => self.events(request).await,
            ("/api/test/socket", _) => self.socket(request).await,
            ("/api/test/no-body", _) => request.reply.status(204).text("text/plain", &"body").await,
            ("/api/test/unsayable", _) => request.reply.json(&unsayable()).await,
            ("/api/test/long-json", _) => {
                let long = "x".repeat(400);
                let reply = request.reply.header("X-Long", &long);
                reply.json(&numbers()).await
            }
            ("/api/test/idle", _) => {
                let mut events = request.events().await?;
                loop {
                    // Wakes often, and has nothing to say.
                    events.until(sleep(Duration::from_millis(5))).await?;
                }
            }
            ("/api/test/flood", _) => {
                let mut events = request.events().await?;
                loop {
                    events.send("", &format_args!("{:1000}", 'x')).await?;
                }
            }
            ("/api/test/always", _) => {
                let mut events = request.events().await?;
                loop {
                    events.until(ready(())).await?;
                    events.send("", &"x").await?;
                }
            }
            ("/api/test/json-events", _) => {
                let mut events = request.events().await?;
                if events.json("map", &unsayable()).await.is_err() {
                    events.send("", &"unsayable").await?;
                }
                events.json("numbers", &numbers()).await?;
                events.until(pending()).await
            }
            ("/api/test/torn-events", _) => {
                let mut events = request.events().await?;
                let long = "x".repeat(100_000);
                while let Ok(sent) = timeout(TORN, events.send("", &long)).await {
                    sent?;
                }
                let late = events.send("", &"late").await;
                self.torn.set(self.torn.get() + u32::from(late.is_err()));
                Ok(())
            }
            ("/api/test/torn", _) => {
                let mut stream = request.reply.stream("text/plain").await?;
                let long = "x".repeat(100_000);
                while let Ok(sent) = timeout(TORN, stream.bytes(long.as_bytes())).await {
                    sent?;
                }
                let late = stream.finish().await;
                self.torn.set(self.torn.get() + u32::from(late.is_err()));
                late
            }
            ("/api/test/nothing", _) => Ok(()),
            ("/metrics", _) => request.reply.text("text/plain", &"up 1").await,
            (_, Method::Delete) => request.reply.empty().await,
            _ => {
                request
                    .reply
                    .status(201)
                    .bytes("image/png", b"\x89PNG")
                    .await
            }
        }
    }

    fn may_update(&self) -> Result<(), Text> {
        match (self.not_now.get(), self.welcomes.get()) {
            (Some(why), 0) => Err(text(why)),
            (Some(_), left) => {
                self.welcomes.set(left - 1);
                Ok(())
            }
            (None, _) => Ok(()),
        }
    }

    fn on_update(&self, event: UpdateEvent) {
        self.updates.borrow_mut().push(event);
    }

    async fn allows(&self, path: &str, head: &Head<'_>, access: Access) -> Result<(), Denied> {
        self.asked.borrow_mut().push(access);
        match head.header("authorization") {
            _ if !self.locked.get() => Ok(()),
            Some("Bearer secret") => Ok(()),
            Some("Bearer guest") if path == "/metrics" => Err(Denied::Forbidden),
            Some("Bearer guest") if access == Access::Read => Ok(()),
            Some("Bearer guest") => Err(Denied::Forbidden),
            _ => Err(Denied::Unauthorized {
                challenge: "Bearer realm=\"test\"",
            }),
        }
    }
}

/// What JSON cannot say: its keys are text.
fn unsayable() -> BTreeMap<(u8, u8), u8> {
    BTreeMap::from([((1, 2), 3)])
}

/// A list that is longer in JSON than all buffers of a connection.
pub(crate) fn numbers() -> Vec<u32> {
    (0..2000).collect()
}

impl TestApp {
    /// Sets the value, and tells who waits for it.
    pub(crate) fn set(&self, number: u32) {
        self.value.borrow_mut().number = number;
        self.changed.notify_waiters();
    }

    async fn events<C: Connection>(&self, request: Request<'_, C>) -> Answered {
        let mut events = request.events().await?;
        events.send("hello", &"two\nlines").await?;
        loop {
            let value = self.value.borrow().clone();
            events.json("value", &value).await?;
            events.until(self.changed.notified()).await?;
        }
    }

    async fn socket<C: Connection>(&self, request: Request<'_, C>) -> Answered {
        let mut socket = request.websocket().await?;
        loop {
            let news = match socket.receive_or(self.changed.notified()).await? {
                Incoming::News(()) => true,
                Incoming::Message(Message::Text("close")) => return socket.close().await,
                Incoming::Message(Message::Text("end")) => return Ok(()),
                Incoming::Message(Message::Text("fail")) => {
                    return Err(Problem::new(500, "late", "the socket is open").into());
                }
                Incoming::Message(Message::Text("flood")) => loop {
                    socket.binary(&[b'x'; 1000]).await?;
                },
                Incoming::Message(Message::Text("always")) => loop {
                    match socket.receive_or(ready(())).await? {
                        Incoming::News(()) => socket.text(&"news").await?,
                        Incoming::Message(_) => socket.text(&"heard").await?,
                    }
                },
                Incoming::Message(Message::Text("json")) => {
                    if socket.json(&unsayable()).await.is_err() {
                        socket.text(&"unsayable").await?;
                    }
                    socket.json(&numbers()).await?;
                    false
                }
                Incoming::Message(Message::Text(text)) => {
                    let text = text.to_owned();
                    socket.text(&text).await?;
                    false
                }
                Incoming::Message(Message::Binary(bytes)) => {
                    let bytes = bytes.to_owned();
                    socket.binary(&bytes).await?;
                    false
                }
            };
            if news {
                let value = self.value.borrow().clone();
                socket.json(&value).await?;
            }
        }
    }
}
