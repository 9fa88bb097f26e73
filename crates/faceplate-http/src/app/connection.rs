//! What a connection is made of, for handlers that need not know.

use core::marker::PhantomData;

use embedded_io_async::{Read, Write};

use crate::Device;

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
