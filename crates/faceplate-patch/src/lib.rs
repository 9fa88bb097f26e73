//! Makes a patch of two images: what a device that has the one needs to have the other.
//!
//! A patch is a list of operations in the order of the new image: *data* that is in the patch, *copies* from the
//! image that the device serves (the base), and what the slot that is written to holds already and may *keep*.
//! Who still has the base makes an exact one by [`from_image`]; who has not asks the device for the list of its
//! chunks, and makes one that is a few percent of the image longer by [`from_chunks`].
//!
//! Everything here works on bytes in memory. Nothing a device says makes it panic.
//!
//! ```
//! use faceplate_patch::{apply, from_image};
//!
//! let old = vec![7; 40_000];
//! let new = [&old[..30_000], b"something new", &old[30_000..]].concat();
//! let patch = from_image(&old, &new, None)?;
//! assert!(patch.bytes().len() < 200 && patch.is_worth_it());
//! assert_eq!(apply(patch.bytes(), &old, &[])?, new);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
#![forbid(unsafe_code)]

mod apply;
mod exact;
mod format;
mod kept;
mod list;
mod listed;
mod patch;
mod seeds;

pub use apply::{ApplyError, apply};
pub use exact::from_image;
pub use format::LEN_MAX;
pub use list::{ChunkList, ListError};
pub use listed::from_chunks;
pub use patch::{MakeError, Patch};

/// SHA-256 of bytes.
fn sha256(bytes: &[u8]) -> [u8; 32] {
    let mut hash = faceplate::sha256::Sha256::new(faceplate::sha256::SOFTWARE);
    hash.update(bytes);
    hash.finish()
}
