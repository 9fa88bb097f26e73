//! How many connections are live: events and WebSockets, which last.

use core::cell::Cell;

use crate::problem::Refusal;

/// The count of live connections of a device. They are apart from all others, so that open pages do
/// not keep an update, or another page, from its turn.
#[derive(Debug, Default)]
pub struct Live(Cell<usize>);

impl Live {
    /// None yet.
    pub const fn new() -> Self {
        Self(Cell::new(0))
    }

    /// How many there are.
    pub fn count(&self) -> usize {
        self.0.get()
    }

    /// One more, unless there are `max`.
    pub(crate) fn enter(&self, max: usize) -> Result<Entered<'_>, Refusal> {
        if self.0.get() >= max {
            return Err(Refusal::TooManyLive);
        }
        self.0.set(self.0.get() + 1);
        Ok(Entered(self))
    }
}

/// A live connection, until it is dropped.
pub(crate) struct Entered<'l>(&'l Live);

impl Drop for Entered<'_> {
    fn drop(&mut self) {
        self.0.0.set(self.0.0.get() - 1);
    }
}
