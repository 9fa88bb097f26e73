//! The HTTP app over real sockets, asked by a raw client.

#[path = "../board/mod.rs"]
mod board;
mod client;
mod server;

mod caching;
mod connections;
mod files;
mod foreign_nvs;
mod guards;
mod pages;
mod ranges;
mod trials;
mod uploads;
mod wifi;
