//! The setup of the Wi-Fi by HTTP: `/api/wifi…`, and the portal that leads to its page.

mod change;
mod credentials;
mod documents;
pub(crate) mod portal;
mod search;

pub(crate) use change::{Change, wifi};
pub(crate) use search::tell as networks;
