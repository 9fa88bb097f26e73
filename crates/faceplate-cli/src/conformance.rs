//! The HTTP contract of a device (`docs/http-api.md`), row by row: a device is asked, and its answers are
//! held against what the contract says.
//!
//! All but the rows of `update` change nothing: they read, or ask for what has to be refused before
//! anything is written. Where the head of an upload decides, less than a sector of a body is sent, so that
//! also a device without a guard writes nothing of it.

mod change;
mod commands;
mod connections;
mod files;
mod guards;
mod patches;
mod recovery;
mod report;
mod request;
mod requests;
mod row;
mod run;
mod shape;
mod site;
mod status;
mod talk;
mod target;
mod unchanged;
mod update;
mod uploads;
mod wifi;

pub(crate) use row::{About, Effect};
pub(crate) use run::{Choice, Sample, all, run};
