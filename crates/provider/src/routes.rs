//! The routes of the example device.

use core::fmt;

use faceplate_http::{
    Answered, Connection, Events, Failed, Method, Methods, Problem, Request, Stream,
    websocket::{Incoming, Message, WebSocket},
};
use heapless::Vec;
use serde::Serialize;

use crate::{
    Provider, Room, Tenths,
    lamp::{Lamp, Wanted},
    provider::{EVERY_MS, News},
    ring::next,
};

/// Values that are sent at a time: they wait on each connection.
const BATCH: usize = 32;

pub(crate) fn methods(path: &str) -> Methods {
    match path {
        "/api/lamp" => Methods::GET | Methods::PUT,
        "/api/lamp/socket" | "/api/sensor" | "/api/events" | "/api/log" => Methods::GET,
        _ => Methods::NONE,
    }
}

/// Answers a request. What is kept meanwhile is part of each connection, and an `async fn` keeps what it
/// is given twice; so the request is taken apart here, and handlers get what they need.
#[allow(clippy::manual_async_fn, reason = "the request is kept once")]
pub(crate) fn answer<R: Room, C: Connection>(
    device: &Provider<R>,
    request: Request<'_, C>,
) -> impl Future<Output = Answered> {
    async move {
        match (request.path(), request.method()) {
            ("/api/lamp", Method::Put) => {
                let lamp = lamp(request.body.json().await?)?;
                device.set(lamp);
                request.reply.json(&lamp).await
            }
            ("/api/lamp", _) => request.reply.json(&device.lamp.get()).await,
            ("/api/lamp/socket", _) => {
                let mut news = device.listen().ok_or_else(too_many)?;
                let mut live = request.websocket().await?;
                socket(device, &mut news, &mut live).await
            }
            ("/api/sensor", _) => {
                let stream = request.reply.stream("application/json").await?;
                sensor::<R, C>(device, stream).await
            }
            ("/api/events", _) => {
                let mut news = device.listen().ok_or_else(too_many)?;
                // Before the head is sent: who has read that is told all that comes after it.
                let seen = (device.values.borrow().end(), device.lines.borrow().end());
                let mut live = request.events().await?;
                events(device, seen, &mut news, &mut live).await
            }
            ("/api/log", _) => {
                let stream = request.reply.stream("text/plain; charset=utf-8").await?;
                log::<R, C>(device, stream).await
            }
            _ => request.reply.not_found().await,
        }
    }
}

fn lamp(wanted: Wanted) -> Result<Lamp, Problem> {
    wanted
        .lamp()
        .ok_or_else(|| Problem::new(422, "bad-colour", "a colour is # and six hex digits"))
}

/// Tells the lamp's state at once and after every change, and takes others. What is no state is
/// answered with the one that stays.
async fn socket<R: Room, C: Connection>(
    device: &Provider<R>,
    news: &mut News<'_>,
    socket: &mut WebSocket<'_, C>,
) -> Answered {
    let mut told = None;
    loop {
        let lamp = device.lamp.get();
        if told != Some(lamp) {
            socket.json(&lamp).await?;
            told = Some(lamp);
        }
        let Incoming::Message(message) = socket.receive_or(news.changed()).await? else {
            continue;
        };
        if let Some(lamp) = wanted(message).and_then(|wanted| wanted.lamp()) {
            device.set(lamp);
        }
        // Who asked is answered, also where nothing changed.
        told = None;
    }
}

fn wanted(message: Message<'_>) -> Option<Wanted> {
    match message {
        Message::Text(text) => serde_json_core::from_str_escaped(text, &mut [0; 64])
            .ok()
            .map(|(wanted, _)| wanted),
        Message::Binary(_) => None,
    }
}

async fn sensor<R: Room, C: Connection>(
    device: &Provider<R>,
    mut stream: Stream<'_, C::Device, C::Writer>,
) -> Answered {
    let begin = format_args!(r#"{{"every_ms":{EVERY_MS},"unit":"°C","celsius":["#);
    stream.text(&begin).await?;
    let (mut number, end) = {
        let values = device.values.borrow();
        (values.first(), values.end())
    };
    let mut comma = "";
    loop {
        let mut batch = Vec::<Tenths, BATCH>::new();
        while number < end && !batch.is_full() {
            let Some(value) = next(&device.values, &mut number) else {
                break;
            };
            let _fits = batch.push(value);
        }
        if batch.is_empty() {
            break;
        }
        stream
            .text(&List {
                comma,
                values: &batch,
            })
            .await?;
        comma = ",";
    }
    stream.text(&"]}").await?;
    stream.finish().await
}

/// Values with commas between them, and what comes before the first.
struct List<'a> {
    comma: &'a str,
    values: &'a [Tenths],
}

impl fmt::Display for List<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut comma = self.comma;
        for value in self.values {
            write!(f, "{comma}{value}")?;
            comma = ",";
        }
        Ok(())
    }
}

/// An event of the log.
#[derive(Serialize)]
struct LogLine<'a> {
    line: &'a str,
}

async fn events<R: Room, C: Connection>(
    device: &Provider<R>,
    (mut value, mut line): (u32, u32),
    news: &mut News<'_>,
    events: &mut Events<'_, C>,
) -> Answered {
    loop {
        while let Some(celsius) = next(&device.values, &mut value) {
            let data = format_args!(r#"{{"celsius":{celsius}}}"#);
            events.send("sensor", &data).await?;
        }
        while let Some(line) = next(&device.lines, &mut line) {
            events.json("log", &LogLine { line: &line }).await?;
        }
        events.until(news.changed()).await?;
    }
}

async fn log<R: Room, C: Connection>(
    device: &Provider<R>,
    mut stream: Stream<'_, C::Device, C::Writer>,
) -> Answered {
    let mut number = 0;
    let end = device.lines.borrow().end();
    while number < end
        && let Some(line) = next(&device.lines, &mut number)
    {
        stream.text(&format_args!("{line}\n")).await?;
    }
    stream.finish().await
}

/// The server's limit is higher than [`LISTENERS`](crate::LISTENERS), or just reached.
fn too_many() -> Failed {
    Problem::new(503, "too-many-live", "no listener is free").into()
}
