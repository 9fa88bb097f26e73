//! What a request of the firmware leaves behind, however its handler ends.

use core::{cell::Cell, ops::Range};

/// How far the answer is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Said {
    /// Nothing was said.
    Nothing,
    /// It began: if it goes no further, the connection is of no use.
    Begun,
    /// An answer in pieces, between two of them.
    Pieces,
    /// Events, between two of them.
    Events,
    /// A WebSocket, between two frames.
    WebSocket,
    /// All of it.
    All,
}

/// Shared by the parts of a request, which the handler may drop at any time.
pub(crate) struct State {
    /// How far the answer is.
    pub(crate) said: Cell<Said>,
    /// Whether the connection ends with it.
    pub(crate) close: Cell<bool>,
    /// Where in the receive buffer lies what was not consumed.
    arrived: Cell<(usize, usize)>,
    /// Bytes of the body that were not consumed.
    pub(crate) left: Cell<u64>,
    /// Whether the password is another one by now than that which let this in.
    pub(crate) over: Cell<bool>,
    /// Whether another request may follow, if all of this one was read.
    pub(crate) may_go_on: bool,
    /// Whether the client understands chunks.
    pub(crate) http11: bool,
}

impl State {
    pub(crate) fn new(arrived: Range<usize>, left: u64, may_go_on: bool, http11: bool) -> Self {
        Self {
            said: Cell::new(Said::Nothing),
            close: Cell::new(true),
            arrived: Cell::new((arrived.start, arrived.end)),
            left: Cell::new(left),
            over: Cell::new(false),
            may_go_on,
            http11,
        }
    }

    pub(crate) fn arrived(&self) -> Range<usize> {
        let (start, end) = self.arrived.get();
        start..end
    }

    pub(crate) fn set_arrived(&self, arrived: Range<usize>) {
        self.arrived.set((arrived.start, arrived.end));
    }
}
