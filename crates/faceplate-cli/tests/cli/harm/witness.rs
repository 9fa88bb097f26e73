//! A client that means well, while others do not: it gets what it asks for, and notes how long that took.

use std::{
    thread::sleep,
    time::{Duration, Instant},
};

use serde_json::Value;

use super::{clients::Raid, wire::ask};

/// How long its answers took.
#[derive(Debug, Default)]
pub(super) struct Waits(Vec<Duration>);

impl Waits {
    pub(super) fn count(&self) -> usize {
        self.0.len()
    }

    pub(super) fn longest(&self) -> Duration {
        self.0.iter().max().copied().unwrap_or_default()
    }

    pub(super) fn median(&self) -> Duration {
        let mut sorted = self.0.clone();
        sorted.sort();
        sorted.get(sorted.len() / 2).copied().unwrap_or_default()
    }
}

/// Asks on and on until the raid is over; every answer has to be right.
pub(super) fn watch(raid: &Raid, script: &[u8], lamp: &Value) -> Waits {
    let mut waits = Waits::default();
    while !raid.is_over() {
        for path in ["/api/lamp", "/app.js", "/api/ota/status"] {
            let start = Instant::now();
            let (status, body) = match ask(raid.device, &format!("GET {path}"), "", b"") {
                Ok(answer) => answer,
                // Its connection ended with the device's life.
                Err(_) if raid.may_restart() => return waits,
                Err(error) => panic!("{error}"),
            };
            waits.0.push(start.elapsed());
            assert_eq!(status, 200, "{path}");
            match path {
                _ if raid.may_restart() => return waits,
                "/api/lamp" => assert_eq!(&json(&body), lamp, "somebody was obeyed"),
                "/app.js" => assert!(body == script, "another file"),
                _ => drop(json(&body)),
            }
        }
        sleep(Duration::from_millis(20));
    }
    waits
}

pub(super) fn json(bytes: &[u8]) -> Value {
    serde_json::from_slice(bytes).unwrap()
}
