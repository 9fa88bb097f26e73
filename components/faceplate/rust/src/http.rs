//! HTTP: the app that every device with Faceplate has, behind esp_http_server or on a port of its own. One
//! task answers all requests.

mod app;
mod config;
mod connection;
mod head;
#[cfg(feature = "password")]
mod own;
mod port;
mod request;
mod site;
mod socket;
mod start;
mod task;
