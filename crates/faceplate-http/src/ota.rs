//! The update API, `/api/ota/…`.

pub(crate) mod change;
pub(crate) mod confirmation;
mod documents;
pub(crate) mod slot;
pub(crate) mod status;
