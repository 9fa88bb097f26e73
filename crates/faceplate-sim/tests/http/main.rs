//! The HTTP app over real sockets, asked by a raw client.

mod app;
#[path = "../device/board/mod.rs"]
mod board;
mod client;
mod frame;
mod program;
mod server;

mod autobahn;
mod caching;
mod connections;
mod events;
mod files;
mod foreign_nvs;
mod guards;
mod hostile;
mod live;
mod networks;
mod pages;
mod password;
mod patches;
mod portal;
mod ranges;
mod routes;
mod sockets;
mod trials;
mod uploads;
mod wifi;
