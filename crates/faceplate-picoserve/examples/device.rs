//! A lamp whose routes are picoserve's, with Faceplate beside it, on a computer:
//! `cargo run -p faceplate-picoserve --example device`.

// Two servers' futures, one in the other, are deeper than the compiler looks by itself.
#![recursion_limit = "256"]

use std::{cell::Cell, rc::Rc, time::Duration};

use faceplate_http::beside::is_faceplates;
use faceplate_picoserve::{Buffers, Own, serve};
use faceplate_sim::{Event, SimError, SimOptions};
use picoserve::{
    Timeouts,
    futures::Either,
    io::{Read, Write},
    response::{
        sse::{EventSource, EventStream, EventWriter},
        ws::{Message, SocketRx, SocketTx, WebSocketCallback, WebSocketUpgrade},
    },
    routing::{PathRouter, Router, get},
    time::TokioTimer,
};

/// Where the lamp is.
fn routes() -> Router<impl PathRouter> {
    let lamp = Rc::new(Cell::new(false));
    let (seen, switched, watched) = (lamp.clone(), lamp.clone(), lamp);
    let switch = async move |on: String| {
        switched.set(on == "true");
        name(switched.get())
    };
    Router::new()
        .route(
            "/api/lamp",
            get(async move || name(seen.get())).post(switch),
        )
        .route(
            "/api/lamp/events",
            get(async move || EventStream(Watched(watched.clone()))),
        )
        .route(
            "/api/echo",
            get(async |upgrade: WebSocketUpgrade| upgrade.on_upgrade(Echo)),
        )
}

fn name(on: bool) -> &'static str {
    if on { "true" } else { "false" }
}

/// Tells ten times a second whether the lamp is on.
struct Watched(Rc<Cell<bool>>);

impl EventSource for Watched {
    async fn write_events<W: Write>(self, mut writer: EventWriter<'_, W>) -> Result<(), W::Error> {
        loop {
            writer.write_event("lamp", name(self.0.get())).await?;
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }
}

/// Says what it was told.
struct Echo;

impl WebSocketCallback for Echo {
    async fn run<R: Read, W: Write<Error = R::Error>>(
        self,
        mut rx: SocketRx<R>,
        mut tx: SocketTx<W>,
    ) -> Result<(), W::Error> {
        let mut buf = [0; 128];
        loop {
            let nothing = std::future::pending::<()>();
            match rx.next_message(&mut buf, nothing).await? {
                Either::First(Ok(Message::Text(text))) => tx.send_text(text).await?,
                Either::First(Ok(Message::Close(_)) | Err(_)) => return tx.close(None).await,
                _ => {}
            }
        }
    }
}

/// A simulated device.
pub fn run(options: SimOptions, on_event: impl FnMut(Event)) -> Result<(), SimError> {
    let routes = Rc::new(routes());
    let connection = move |device: Rc<_>, app: Rc<_>, stream| {
        let routes = routes.clone();
        async move {
            let own = Own {
                routes: &routes,
                is_own: |path| path.starts_with("/api/") && !is_faceplates(path),
                timeouts: Timeouts::default(),
                timer: TokioTimer,
            };
            let mut buffers = Buffers::new();
            if let Err(error) = serve(&*device, &*app, &own, stream, &mut buffers).await {
                eprintln!("a connection: {error}");
            }
        }
    };
    faceplate_sim::run_beside(options, || (), connection, on_event, || {})
}

fn main() -> Result<(), SimError> {
    let options = SimOptions::new(std::env::temp_dir().join("faceplate-picoserve.bin"));
    run(options, |event| println!("{event}"))
}
