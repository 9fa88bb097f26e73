//! Packs a built web frontend into one image for Faceplate devices; checks and unpacks images.
//!
//! Everything here works on bytes in memory, so that the command line, a build plugin in
//! WebAssembly and tests share it. The same files and options give the same image everywhere.
//!
//! ```
//! use faceplate_pack::{Options, inspect, pack};
//!
//! let files = vec![("index.html".to_owned(), b"<h1>Hello</h1>".to_vec())];
//! let packed = pack(files, &Options::default())?;
//! let found = inspect(&packed.image)?;
//! assert_eq!(found.files[0].path, "index.html");
//! assert_eq!(found.sha256, packed.report.sha256);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
#![forbid(unsafe_code)]

mod content;
mod error;
mod files;
mod flash;
mod gzip;
mod inspect;
mod layout;
mod means;
mod odd;
mod pack;
pub mod page;
mod path;
mod policy;
mod precache;
mod select;
mod sign;
mod stamp;
mod tags;

pub use faceplate::PublicKey;

pub use error::{ImageError, PackError, SIZE_MAX};
pub use files::{PackedFile, SCRIPT_NAME};
pub use inspect::{File, Inspection, Unpacked, inspect, open, unpack, verify};
pub use means::Means;
pub use pack::{Gzip, Options, Packed, Report, pack};
pub use path::canonical;
pub use select::{is_skipped, keeps_its_name};
pub use sign::{SignError, attach, sign, statement};
pub use stamp::{CONFIRM_SCRIPT, Stamp};
