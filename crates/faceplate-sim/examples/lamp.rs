//! A lamp with routes of its own, on a computer: `cargo run -p faceplate-sim --example lamp`.
//! The same `Lamp` goes into the firmware of a chip.

use embassy_sync::{blocking_mutex::raw::NoopRawMutex, watch::Watch};
use faceplate_http::{
    Answered, App, Connection, Method, Methods, Problem, Request,
    websocket::{Incoming, Message},
};
use faceplate_sim::{SimError, SimOptions};

/// Whether it is on; and up to four live connections that wait for news of it.
pub struct Lamp(pub Watch<NoopRawMutex, bool, 4>);

impl App for Lamp {
    fn methods(&self, path: &str) -> Methods {
        match path {
            "/api/lamp" => Methods::GET | Methods::POST,
            "/api/lamp/events" | "/api/lamp/socket" => Methods::GET,
            _ => Methods::NONE,
        }
    }

    async fn answer<C: Connection>(&self, request: Request<'_, C>) -> Answered {
        let (lamp, busy) = (self.0.sender(), || {
            Problem::new(503, "busy", "too many listen")
        });
        match (request.path(), request.method()) {
            ("/api/lamp/events", _) => {
                let mut news = self.0.receiver().ok_or_else(busy)?;
                let mut events = request.events().await?;
                loop {
                    events.json("lamp", &lamp.try_get()).await?;
                    events.until(news.changed()).await?;
                }
            }
            ("/api/lamp/socket", _) => {
                let mut news = self.0.receiver().ok_or_else(busy)?;
                let mut socket = request.websocket().await?;
                loop {
                    match socket.receive_or(news.changed()).await? {
                        Incoming::News(on) => socket.json(&on).await?,
                        Incoming::Message(said) => lamp.send(said == Message::Text("true")),
                    }
                }
            }
            (_, Method::Post) => lamp.send(request.body.json().await?),
            _ => {}
        }
        request.reply.json(&lamp.try_get()).await
    }
}

fn main() -> Result<(), SimError> {
    let options = SimOptions::new(std::env::temp_dir().join("faceplate-lamp.bin"));
    let lamp = || Lamp(Watch::new_with(false));
    faceplate_sim::run(options, lamp, |event| println!("{event}"), || {})
}
