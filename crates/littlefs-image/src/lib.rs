//! Read, check and build LittleFS v2 images.
#![no_std]
#![forbid(unsafe_code)]

#[cfg(feature = "alloc")]
extern crate alloc;
#[cfg(test)]
extern crate std;

#[cfg(feature = "alloc")]
pub mod build;
pub mod check;
mod error;
pub mod format;
mod limits;
mod log;
pub mod read;
mod storage;

pub use format::{BLOCK_SIZE, Superblock};
pub use storage::{OutOfBounds, Storage, run};
