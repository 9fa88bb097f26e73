//! Bytes to and from a device, as they are.

use std::{
    io::{self, ErrorKind, Read as _, Write as _},
    net::{SocketAddr, TcpStream},
    time::Duration,
};

/// Longer than anything here may take. It only keeps a test from waiting for ever.
pub(super) const PATIENCE: Duration = Duration::from_secs(90);

pub(super) fn connect(device: SocketAddr) -> io::Result<TcpStream> {
    let stream = TcpStream::connect_timeout(&device, PATIENCE)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    stream.set_nodelay(true)?;
    Ok(stream)
}

/// Reads to the end of the connection, however it ends.
pub(super) fn rest(mut stream: &TcpStream) -> Vec<u8> {
    let (mut all, mut chunk) = (Vec::new(), [0; 1 << 14]);
    loop {
        match stream.read(&mut chunk) {
            Ok(0) => return all,
            Ok(n) => all.extend_from_slice(&chunk[..n]),
            Err(error) if is_over(error.kind()) => return all,
            Err(error) => panic!("{error}: the connection neither brings anything nor ends"),
        }
    }
}

fn is_over(kind: ErrorKind) -> bool {
    matches!(
        kind,
        ErrorKind::ConnectionReset | ErrorKind::ConnectionAborted | ErrorKind::BrokenPipe
    )
}

/// Sends what the device may not want, and reads what it says to the end.
pub(super) fn exchange(device: SocketAddr, bytes: &[u8]) -> io::Result<Vec<u8>> {
    let mut stream = connect(device)?;
    // It may have ended already.
    let _sent = stream.write_all(bytes);
    Ok(rest(&stream))
}

/// Answers in what came: lines that begin one.
pub(super) fn answers(bytes: &[u8]) -> usize {
    let begins = |at: &[u8]| at.starts_with(b"HTTP/1.1 ") && at[9].is_ascii_digit();
    bytes.windows(10).filter(|at| begins(at)).count()
}

/// Status of the first answer.
pub(super) fn status(bytes: &[u8]) -> Option<u16> {
    let text = bytes.strip_prefix(b"HTTP/1.1 ")?.get(..3)?;
    str::from_utf8(text).ok()?.parse().ok()
}

/// What a client asks that means well: status and body of the answer, or why there is none.
pub(super) fn ask(
    device: SocketAddr,
    line: &str,
    fields: &str,
    body: &[u8],
) -> Result<(u16, Vec<u8>), String> {
    let length = body.len();
    let head = format!(
        "{line} HTTP/1.1\r\nHost: {device}\r\nConnection: close\r\n{fields}\
         Content-Length: {length}\r\n\r\n"
    );
    let answer = exchange(device, &[head.as_bytes(), body].concat());
    let answer = answer.map_err(|error| format!("{line}: {error}"))?;
    let at = answer.windows(4).position(|at| at == b"\r\n\r\n");
    match (status(&answer), at) {
        (Some(status), Some(at)) => Ok((status, answer[at + 4..].to_vec())),
        _ => Err(format!("{line}: {} bytes that are no answer", answer.len())),
    }
}

/// Numbers that are the same each time (xorshift).
pub(super) struct Random(u64);

impl Random {
    pub(super) fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    pub(super) fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    pub(super) fn below(&mut self, n: usize) -> usize {
        (self.next() % n as u64) as usize
    }

    pub(super) fn one<'t, T: ?Sized>(&mut self, of: &[&'t T]) -> &'t T {
        of[self.below(of.len())]
    }

    pub(super) fn bytes(&mut self, len: usize) -> Vec<u8> {
        (0..len).map(|_| self.next() as u8).collect()
    }
}
