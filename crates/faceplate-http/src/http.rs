//! HTTP itself: heads and bodies in, answers out, each within limits.

pub(crate) mod accept;
pub(crate) mod clean;
pub(crate) mod content_type;
pub(crate) mod digest;
pub mod head;
pub(crate) mod json;
pub(crate) mod methods;
pub(crate) mod object;
pub(crate) mod path;
pub(crate) mod rx;
pub(crate) mod time;
pub(crate) mod tx;
