//! A request for one of the firmware's routes.

use heapless::String;

use super::{Body, Connection, Reply, query};
use crate::http::head::{Head, Method};

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
}
