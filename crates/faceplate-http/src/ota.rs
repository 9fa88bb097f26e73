//! The update API, `/api/ota/…`.

pub(crate) mod change;
pub(crate) mod confirmation;
pub(crate) mod digest;
mod documents;
pub(crate) mod status;
