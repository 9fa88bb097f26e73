//! The `faceplate` command, run as a person or a script runs it.
//!
//! One program for all of it: most of these tests wait, for a device or a time to be over, and those of
//! one program wait side by side.
// Two servers' futures, one in the other, are deeper than the compiler looks by itself.
#![recursion_limit = "256"]

mod beside;
mod common;
mod conformance;
mod differ;
mod flash_image;
mod harm;
mod lost;
mod pack;
mod page;
mod password;
mod prompt;
mod pull;
mod push;
mod sign;
mod sim;
