//! A lamp that can be asked, switched and watched. It is the same in the simulator and on a chip.

use embassy_sync::{blocking_mutex::raw::NoopRawMutex, watch::Watch};
use faceplate_http::{
    Answered, App, Connection, Method, Methods, Problem, Request,
    websocket::{Incoming, Message},
};

/// Whether it is on; each connection may watch that, and what switches the real lamp.
pub(crate) struct Lamp(pub(crate) Watch<NoopRawMutex, bool, 11>);

impl App for Lamp {
    fn methods(&self, path: &str) -> Methods {
        match path {
            "/api/lamp" => Methods::GET | Methods::POST,
            "/api/lamp/events" | "/api/lamp/socket" => Methods::GET,
            _ => Methods::NONE,
        }
    }

    async fn answer<C: Connection>(&self, request: Request<'_, C>) -> Answered {
        let mut lamp = self.0.receiver().ok_or_else(busy)?;
        if request.path() == "/api/lamp/events" {
            let mut events = request.events().await?;
            loop {
                events.json("lamp", &lamp.try_get()).await?;
                events.until(lamp.changed()).await?;
            }
        } else if request.path() == "/api/lamp/socket" {
            let mut socket = request.websocket().await?;
            loop {
                socket.json(&lamp.try_get()).await?;
                if let Incoming::Message(said) = socket.receive_or(lamp.changed()).await? {
                    self.0.sender().send(said == Message::Text("true"));
                }
            }
        } else if request.method() == Method::Post {
            self.0.sender().send(request.body.json().await?);
        }
        request.reply.json(&lamp.try_get()).await
    }
}

fn busy() -> Problem {
    Problem::new(503, "busy", "too many watch the lamp")
}
