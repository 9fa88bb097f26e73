//! How much of the device one client may take: sizes, times and rates, each with its reason.
//!
//! They are limits of a connection. Beyond them there is no fairness between clients: one that
//! takes every connection anew as soon as it is closed can keep others waiting.

/// Bytes for a request's head, and for one read of a body. Browsers on a LAN send heads of 400 to
/// 900 bytes; the rest is room for cookies, which a host shares over all its ports.
pub const RECEIVE_BUFFER: usize = 2048;

/// Bytes behind those, for what is sent. Answers to requests without a body have what the head leaves,
/// too, so that files leave in whole TCP segments; other answers are short, or formatted in parts.
pub const SEND_BUFFER: usize = 256;

/// Bytes of a full TCP segment over Ethernet and Wi-Fi: 1500 less the headers of IPv4 and TCP.
const SEGMENT: usize = 1460;

/// Bytes of TCP's receive buffer that a connection needs: requests are one segment, nearly always.
pub const TCP_RECEIVE: usize = SEGMENT;

/// The same of one for uploads, which would else wait for a word from the device with each segment.
pub const TCP_RECEIVE_UPLOAD: usize = 3 * SEGMENT;

/// Bytes of TCP's send buffer: two segments, which a client acknowledges at once. With one a page takes
/// three times as long over a link with 5 ms each way.
pub const TCP_SEND: usize = 2 * SEGMENT;

/// Longest request target; a longer one gets 414. LittleFS names end at 255 bytes, and
/// percent-encoding triples them.
pub const TARGET_MAX: usize = 1024;

/// Longest path, decoded, of a request with a body.
pub const PATH_WITH_BODY_MAX: usize = SEND_BUFFER - OUT_MIN;

/// Bytes that are left for an answer at the least, which is formatted in parts.
pub(crate) const OUT_MIN: usize = 64;

/// Longest body of a command: `{}`, or the 28 bytes that name a build, and some white space.
pub const JSON_MAX: usize = 64;

/// The same for the credentials of a Wi-Fi: 32 and 63 characters, each written as `\u0000`, take
/// 591 bytes; the rest is for white space.
pub const WIFI_JSON_MAX: usize = 640;

/// The same for a login, which takes 167 bytes, and a new password's verifier, 149; the rest is for
/// white space.
pub const PASSWORD_JSON_MAX: usize = 256;

/// Times and amounts that end a connection. [`Limits::DEFAULT`] is for devices; tests shorten it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// A new connection that sends nothing is closed after so long, milliseconds.
    pub idle_ms: u64,
    /// The same after a response, milliseconds.
    pub next_idle_ms: u64,
    /// The response to a request that comes later than this on its connection is the last there,
    /// milliseconds.
    pub connection_ms: u64,
    /// A request's head must be complete so long after its first byte, milliseconds.
    pub head_ms: u64,
    /// A body must bring another byte within this time, milliseconds; else 408.
    pub body_stall_ms: u64,
    /// A client must take another byte within this time, milliseconds.
    pub write_stall_ms: u64,
    /// Bodies and responses must keep up [`Self::min_rate`] after this time, milliseconds.
    pub grace_ms: u64,
    /// The slowest transfer that is served for longer than [`Self::grace_ms`], bytes a second.
    pub min_rate: u64,
    /// After an early answer, so many bytes of the rest are read and thrown away.
    pub drain_bytes: usize,
    /// The same for at most so long, milliseconds.
    pub drain_ms: u64,
    /// The same until nothing came for so long, milliseconds.
    pub drain_idle_ms: u64,
    /// Requests answered on one connection before it is closed.
    pub requests: u32,
    /// Longest body that the firmware's routes take, bytes.
    pub body_max: u64,
    /// Live connections (events, WebSockets) at once.
    pub live: usize,
    /// A live connection on which nothing else is sent gets a sign of life so often, milliseconds. A
    /// WebSocket whose client is silent for twice as long is closed.
    pub heartbeat_ms: u64,
    /// From the end of the response that announces a restart to the restart, milliseconds.
    pub reboot_ms: u32,
}

impl Limits {
    /// For a device on a home network.
    pub const DEFAULT: Self = Self {
        // Like `head_ms`. Browsers open connections that they may need soon.
        idle_ms: 3_000,
        // A page asks for all it needs well within this. Short, since a device has a handful of
        // connections and a browser keeps six open; and clearly less than the second between two
        // polls of the Update page, so that the end of the connection and a poll do not cross.
        next_idle_ms: 700,
        // Any page loads in less; but who asks on and on has to let others have the connection.
        connection_ms: 120_000,
        // A head is one or two packets; this leaves time for TCP to send a lost one again.
        head_ms: 3_000,
        // From the API's contract.
        body_stall_ms: 15_000,
        // Time for TCP to send a lost packet again several times, with the longer silences of a phone that saves power.
        write_stall_ms: 10_000,
        // A whole 1 MiB image at the flash's worst (16 erases of 2 s, 32,768 commands of 32 bytes in
        // 0.43 ms each, 50 µs for its first byte and 12 for each other: 46 s) fits in here. A larger
        // one has to keep up the rate below, as the flash lets it: 64 KiB in 2.9 s at its worst are
        // more than five times that.
        grace_ms: 60_000,
        // Less than half of what flash does at its very worst, by 4 KiB sectors (erase 400 ms, program
        // 55 ms).
        min_rate: 4_096,
        // Closing with unread bytes resets the connection, and some clients then drop the answer.
        // A slot's worth lets a browser end a somewhat too long upload by itself.
        drain_bytes: 1024 * 1024,
        // Time for a client across the house to see the answer and stop.
        drain_ms: 1_000,
        // Several round trips: who sends nothing for so long is not in the middle of sending.
        drain_idle_ms: 200,
        // Any page loads with fewer; then others get their turn at the connection.
        requests: 100,
        // What a handler reads with a buffer on its stack; who wants files says so.
        body_max: 64 * 1024,
        // Two pages with one of each. Six connections are left for everything else; see the firmware.
        live: 4,
        // Home routers forget a silent connection after minutes; people notice a dead one before.
        heartbeat_ms: 15_000,
        // Time for the last packet to be sent again if it gets lost, and for another poll.
        reboot_ms: 500,
    };
}

impl Default for Limits {
    fn default() -> Self {
        Self::DEFAULT
    }
}
