//! A TCP port that stays ours while nobody listens on it.

use std::{
    io,
    net::{SocketAddr, TcpListener as StdListener},
};

use tokio::net::{TcpListener, TcpSocket};

/// Connections that wait to be accepted while all of the device's are in use.
const BACKLOG: u32 = 16;

/// A port that is kept over the device's restarts: in between, connections to it are refused, as
/// those to a device without power are, and no other program can take it.
pub(crate) struct Port {
    address: SocketAddr,
    /// Bound, never listening.
    _keeper: TcpSocket,
}

impl Port {
    /// Takes the port; 0 takes any free one.
    ///
    /// # Errors
    /// When it cannot be had, for example because another program listens there.
    pub(crate) fn take(address: SocketAddr) -> io::Result<Self> {
        // Sharing a port is allowed below, so it takes an unshared listener to see that it is free.
        let address = StdListener::bind(address)?.local_addr()?;
        Ok(Self {
            address,
            _keeper: bind(address)?,
        })
    }

    /// Where the device is reached.
    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Starts to accept connections.
    ///
    /// # Errors
    /// When the system refuses.
    pub(crate) fn listen(&self) -> io::Result<TcpListener> {
        bind(self.address)?.listen(BACKLOG)
    }
}

fn bind(address: SocketAddr) -> io::Result<TcpSocket> {
    let socket = match address {
        SocketAddr::V4(_) => TcpSocket::new_v4()?,
        SocketAddr::V6(_) => TcpSocket::new_v6()?,
    };
    socket.set_reuseaddr(true)?;
    #[cfg(all(unix, not(any(target_os = "solaris", target_os = "illumos"))))]
    socket.set_reuseport(true)?;
    socket.bind(address)?;
    Ok(socket)
}
