//! A connection as picoserve sees it while it is its turn.

use core::cell::Cell;

use embedded_io_async::Read;
use picoserve::{
    Error, Timeouts, Timer,
    io::{Socket, Write},
    time::Duration,
};

use crate::{
    ending::{Answer, Ending, Seen},
    front::{Front, OneRequest},
};

/// A connection for one request, which picoserve does not close.
pub(crate) struct Turn<'t, 'b, R, W> {
    pub(crate) front: &'t mut Front<'b, R>,
    pub(crate) writer: &'t mut W,
    pub(crate) ending: &'t mut Ending,
    /// How far the answer is. picoserve begins it when its handler is done with the request.
    pub(crate) answer: &'t Cell<Answer>,
    /// Whether it would have, at once.
    pub(crate) aborted: &'t mut bool,
}

impl<'b, Runtime, R, W> Socket<Runtime> for Turn<'_, 'b, R, W>
where
    R: Read<Error: 'static>,
    W: Write<Error = R::Error>,
{
    type Error = R::Error;
    type ReadHalf<'a>
        = OneRequest<'a, 'b, R>
    where
        Self: 'a;
    type WriteHalf<'a>
        = Seen<'a, W>
    where
        Self: 'a;

    fn split(&mut self) -> (Self::ReadHalf<'_>, Self::WriteHalf<'_>) {
        let Self {
            front,
            writer,
            ending,
            answer,
            ..
        } = self;
        let seen = Seen {
            writer: *writer,
            ending,
            answer,
        };
        (OneRequest { front, answer }, seen)
    }

    async fn abort<T: Timer<Runtime>>(self, _: &Timeouts, _: &T) -> Result<(), Error<R::Error>> {
        *self.aborted = true;
        Ok(())
    }

    async fn shutdown<T: Timer<Runtime>>(self, _: &Timeouts, _: &T) -> Result<(), Error<R::Error>> {
        Ok(())
    }
}

/// A clock that is lent.
pub(crate) struct Lent<'t, T>(pub(crate) &'t T);

impl<Runtime, T: Timer<Runtime>> Timer<Runtime> for Lent<'_, T> {
    fn delay(&self, duration: Duration) -> impl Future<Output = ()> {
        self.0.delay(duration)
    }
}
