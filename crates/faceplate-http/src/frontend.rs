//! The frontend that is served: everything that is no API.

mod conditional;
pub(crate) mod files;
mod guess;
mod lookup;
mod range;
