//! A request for one of the firmware's routes.

use core::marker::PhantomData;

use embedded_io_async::{Read, Write};
use heapless::String;

use super::{Body, Events, Reply, query, state::Said};
use crate::{
    Device,
    http::{
        head::{Head, Method},
        tx::{Header, NONE},
    },
    problem::{Failed, Gone},
};

/// The streams of a connection, and the device that it belongs to. Handlers are generic over it and
/// need not look inside.
pub trait Connection {
    /// The device.
    type Device: Device;
    /// The way in.
    type Reader: Read;
    /// The way out.
    type Writer: Write;
}

pub(crate) struct Streams<D, R, W>(PhantomData<(D, R, W)>);

impl<D: Device, R: Read, W: Write> Connection for Streams<D, R, W> {
    type Device = D;
    type Reader = R;
    type Writer = W;
}

/// A request. Take it apart where its parts are wanted at the same time: the head is a copy, and
/// [`Self::body`] and [`Self::reply`] are fields.
pub struct Request<'r, C: Connection> {
    pub(crate) head: Head<'r>,
    pub(crate) path: &'r str,
    pub(crate) device: &'r C::Device,
    /// Whether it comes from a page of the device's own, or from no page.
    pub(crate) own_page: bool,
    /// What the client sends.
    pub body: Body<'r, C>,
    /// What it is answered.
    pub reply: Reply<'r, C>,
}

impl<'r, C: Connection> Request<'r, C> {
    /// The method; `HEAD` is `GET` here, its answer is sent without the body.
    pub const fn method(&self) -> Method {
        match self.head.method {
            Method::Head => Method::Get,
            method => method,
        }
    }

    /// The path, decoded; it begins with `/`.
    pub const fn path(&self) -> &'r str {
        self.path
    }

    /// The first value of this name in the query, decoded; `None` where there is none, or it is
    /// longer than `N` bytes.
    ///
    /// `request.query::<10>("since")` of `/log?since=17` is `17`.
    pub fn query<const N: usize>(&self, name: &str) -> Option<String<N>> {
        query::value(self.head.query, name)
    }

    /// The value of a header, if it is there once; its name in any case.
    pub fn header(&self, name: &str) -> Option<&'r str> {
        self.head.header(name)
    }

    /// The whole head, as it came.
    pub const fn head(&self) -> &Head<'r> {
        &self.head
    }

    /// Answers with server-sent events (`text/event-stream`), a live connection.
    ///
    /// # Errors
    /// 503 `too-many-live` where all live connections are taken, 403 for pages of other origins; and
    /// when the client is gone, or too slow.
    pub async fn events(self) -> Result<Events<'r, C>, Failed> {
        let mut opening = self.enter()?;
        opening.tx.close();
        let chunked: Header<'_> = match opening.state.http11 {
            true => ("Transfer-Encoding", &"chunked"),
            false => NONE,
        };
        let headers = [
            ("Content-Type", &"text/event-stream" as _),
            ("Cache-Control", &"no-store" as _),
            chunked,
        ];
        opening.head(200, &headers).await?;
        if opening.tx.framing().head_only {
            opening.state.said.set(Said::All);
            // There is nothing to be said to who asks for the head alone.
            return Err(Gone.into());
        }
        opening.state.said.set(Said::Events);
        Ok(Events::new(opening))
    }
}
