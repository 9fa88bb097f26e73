//! The frontend that is served: everything that is no API.

mod conditional;
pub(crate) mod files;
mod guess;
pub(crate) mod lookup;
mod range;
