//! A device on the network, and asking it things.

mod address;
mod answer;
mod api;
mod connection;
mod download;
mod header;
mod http;
mod login;
mod status;
mod upload;

pub(crate) use address::Address;
pub(crate) use answer::Response;
pub(crate) use api::{
    ApiError, Problem, Sectors, Uploaded, change_password, chunks, confirm, file, rollback,
    set_password, status,
};
pub(crate) use connection::{Connection, Next};
pub(crate) use download::{Download, Ended};
pub(crate) use header::Header;
pub(crate) use http::{ClientError, content_digest, sha256};
pub(crate) use login::{Asked, Login, Standing, asked, log_in};
pub(crate) use status::{Last, Slot, State, Status, Trial, Upload};
pub(crate) use upload::{Body, Sending, upload};
