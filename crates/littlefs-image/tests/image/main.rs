//! Images as bytes: what builds, reads and checks them, compared with two other implementations and
//! with rules; and images that mean harm.
#![allow(unreachable_pub, reason = "in a program nothing can be reached")]

mod common;
mod metadata;
mod watched;

mod accepted;
mod build;
mod hostile;
mod interop;
mod interop_frontend;
mod reader;
mod rules;
