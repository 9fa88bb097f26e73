//! Faceplate's packer and inspector as WebAssembly, for Node and browsers.
//!
//! Each function takes one message and answers with one; [`message`] says how their fields are
//! written. There is no generated glue: a caller needs the module's memory and these exports.
//!
//! | export | does |
//! |---|---|
//! | `request(len) -> pointer` | makes room for a message of `len` bytes; 0 when there is none |
//! | `pack() -> len` | takes what was written there for the request of [`pack`] |
//! | `inspect() -> len` | the same for [`inspect`] |
//! | `statement() -> len` | the same for [`statement`] |
//! | `attach() -> len` | the same for [`attach`] |
//! | `page() -> len` | the same for [`page`] |
//! | `response() -> pointer` | where the answer lies, `len` bytes of it, until the next `request` |
//!
//! An answer begins with a number: [`OK`], then the fields that the function promises; or
//! [`REFUSED`], then a text for people that says what is wrong and what to change; or
//! [`BAD_REQUEST`], then a text for whoever wrote the caller. Memory that was looked at before a call
//! may have moved after it.

mod answer;
#[cfg(target_arch = "wasm32")]
mod exports;
pub mod message;

pub use answer::{BAD_REQUEST, OK, REFUSED, attach, inspect, pack, page, statement};
