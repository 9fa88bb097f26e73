//! Every reason to refuse a request, and its answer: problem details (RFC 9457).

use core::fmt;

use faceplate::{BeginError, ConfirmError, RollbackError, Text, text, update::UploadError, verify};

use crate::{
    Methods,
    hosts::SUFFIXES,
    http::{head::HeadError, json::Str, path::PathError},
    password::Locked,
    wifi::{PASS_MAX, PASS_MIN, SSID_MAX},
};

/// Why a request is refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Refusal {
    Head(HeadError),
    HostSyntax,
    Host,
    Origin,
    Path,
    NoSuchFile,
    NoSuchApi,
    NoFrontend,
    /// The slot that is asked for holds no image.
    NoImage,
    /// The file is there compressed alone, which the client does not take.
    Compressed,
    /// The part that is asked for is not in the file of so many bytes.
    Range {
        size: u32,
    },
    Method {
        allow: Methods,
    },
    MediaType {
        want: &'static str,
    },
    ContentEncoding,
    LengthRequired,
    JsonTooLong {
        max: usize,
    },
    Body(&'static str),
    Query(&'static str),
    Digest,
    Expectation,
    Stalled,
    TooSlow {
        min_rate: u64,
    },
    EndedEarly {
        received: u64,
        total: u64,
    },
    ClosedEarly,
    Begin(BeginError),
    Upload(UploadError),
    Confirm(ConfirmError),
    Rollback(RollbackError),
    Storage(Text),
    Ssid,
    Pass,
    Uploading,
    Wifi(Text),
    /// The firmware wants no update now.
    NotNow(Text),
    /// The firmware's login says no.
    Denied(Denied),
    /// The password is wanted, or was wrong.
    #[cfg_attr(
        not(feature = "password"),
        expect(dead_code, reason = "there is nothing to be wrong")
    )]
    Locked(Locked),
    /// All live connections are taken.
    TooManyLive,
    /// The page that asks for a WebSocket or for events is not ours, or the request is none for one.
    NoWebSocket,
    /// A change whose media type pages from elsewhere may send without asking.
    PlainForm,
    /// A body that is longer than the firmware's routes take.
    BodyTooLong {
        max: u64,
    },
    /// The firmware's own.
    App(Problem),
    /// The firmware gave no answer, or one that cannot be sent.
    NoAnswer(&'static str),
}

/// The client is gone, or does not take what it asked for. Close the connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Gone;

/// Why a request has no good answer.
///
/// A handler of the firmware makes one of a [`Problem`], gets others of what it calls, and returns
/// them with `?`.
#[derive(Debug)]
pub struct Failed(pub(crate) Why);

/// What a handler returns: it has answered, or tells why not.
pub type Answered = Result<(), Failed>;

#[derive(Debug)]
pub(crate) enum Why {
    /// This is to be answered, if nothing was sent yet.
    Refused(Refusal),
    /// The connection is of no more use.
    Gone,
}

impl From<Refusal> for Failed {
    fn from(refusal: Refusal) -> Self {
        Self(Why::Refused(refusal))
    }
}

impl From<Gone> for Failed {
    fn from(_: Gone) -> Self {
        Self(Why::Gone)
    }
}

impl From<Problem> for Failed {
    fn from(problem: Problem) -> Self {
        Refusal::App(problem).into()
    }
}

/// A problem of the firmware's own, told as all others are (`application/problem+json`).
///
/// ```
/// use faceplate_http::Problem;
/// let problem = Problem::new(422, "bad-colour", "a colour is #rrggbb");
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    status: u16,
    slug: &'static str,
    detail: Text,
}

impl Problem {
    /// `status` is that of the answer, 400 to 599; others become 500. `slug` is the last part of the
    /// `type`, which programs compare (`/problems/<slug>`); `detail` is one helpful line, cut where it
    /// is longer than [`Text`]. The title is what the status is called.
    pub fn new(status: u16, slug: &'static str, detail: impl fmt::Display) -> Self {
        let status = match status {
            400..=599 => status,
            _ => 500,
        };
        let detail = text(detail);
        Self {
            status,
            slug,
            detail,
        }
    }
}

/// Why the firmware's login lets a request not pass.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Denied {
    /// 401: nobody is known by it yet. The challenge goes into `WWW-Authenticate`, such as
    /// `Bearer realm="lamp"`; with `Basic` the browser asks for a password.
    Unauthorized {
        /// `scheme` and its parameters.
        challenge: &'static str,
    },
    /// 403: who asks is known, and may not.
    Forbidden,
}

impl From<HeadError> for Refusal {
    fn from(error: HeadError) -> Self {
        Self::Head(error)
    }
}

impl From<PathError> for Refusal {
    fn from(error: PathError) -> Self {
        match error {
            PathError::Malformed => Self::Path,
            PathError::NoSuchFile => Self::NoSuchFile,
        }
    }
}

impl From<UploadError> for Refusal {
    fn from(error: UploadError) -> Self {
        match error {
            UploadError::Begin(error) => Self::Begin(error),
            error => Self::Upload(error),
        }
    }
}

/// What a client can rely on: the status and the last part of the type. The title says the type
/// in words.
pub(crate) struct Kind {
    pub(crate) status: u16,
    slug: &'static str,
    title: &'static str,
}

pub(crate) const fn kind(status: u16, slug: &'static str, title: &'static str) -> Kind {
    Kind {
        status,
        slug,
        title,
    }
}

impl Refusal {
    /// The one table of what is answered. These are a contract: clients compare types.
    fn kind(&self) -> Kind {
        const FLASH: Kind = kind(500, "flash-fault", "The flash failed");
        const NO_MEMORY: Kind = kind(503, "no-memory", "There is no memory for this now");
        const NVS: Kind = kind(500, "nvs-fault", "The settings store failed");
        const NOT_NOW: Kind = kind(409, "not-now", "The device does not want an update now");
        const BUSY: Kind = kind(409, "busy", "Another update is running");
        const RESTARTING: Kind = kind(409, "restarting", "The device is restarting");
        const BAD_LENGTH: Kind = kind(422, "bad-length", "No image has this length");
        const BAD_PATCH: Kind = kind(422, "bad-patch", "The patch cannot be followed");
        const NOT_FOUND: Kind = kind(404, "not-found", "There is nothing here");
        match self {
            Self::Head(error) => match error.status() {
                414 => kind(414, "target-too-long", "The request target is too long"),
                431 => kind(
                    431,
                    "headers-too-large",
                    "The request headers are too large",
                ),
                505 => kind(505, "http-version", "This HTTP version is not supported"),
                _ => kind(400, "bad-request", "This is not an HTTP request"),
            },
            Self::HostSyntax => kind(400, "bad-request", "This is not an HTTP request"),
            Self::Host => kind(403, "foreign-host", "The Host is not this device"),
            Self::Origin => kind(
                403,
                "foreign-origin",
                "Pages of other origins may not do this",
            ),
            Self::Path => kind(400, "bad-path", "The path cannot be decoded"),
            Self::NoSuchFile | Self::NoSuchApi => NOT_FOUND,
            Self::Compressed => kind(406, "compressed", "The file is stored compressed"),
            Self::Range { .. } => kind(416, "range", "The file has no such part"),
            Self::NoImage => kind(404, "no-image", "No frontend is in this slot"),
            Self::NoFrontend => kind(503, "no-frontend", "The device has no frontend"),
            Self::Method { .. } => kind(405, "method", "The method is not allowed here"),
            Self::MediaType { .. } | Self::ContentEncoding => {
                kind(415, "media-type", "The media type is not supported here")
            }
            Self::LengthRequired => kind(411, "length-required", "The length is missing"),
            Self::JsonTooLong { .. } => kind(413, "too-large", "The body is too large"),
            Self::Body(_) => kind(400, "bad-body", "The body is not what it should be"),
            Self::Query(_) => kind(400, "bad-query", "The query is not understood"),
            Self::Digest => kind(400, "bad-digest", "The Content-Digest is not understood"),
            Self::Expectation => kind(417, "expectation", "The expectation cannot be met"),
            Self::Stalled => kind(408, "stalled", "The request did not go on"),
            Self::TooSlow { .. } => kind(408, "too-slow", "The request takes too long"),
            Self::EndedEarly { .. } | Self::ClosedEarly => {
                kind(400, "ended-early", "The client ended early")
            }
            Self::Begin(error) => match error {
                BeginError::Busy => BUSY,
                BeginError::OnTrial => {
                    kind(409, "on-trial", "The running frontend is still on trial")
                }
                BeginError::Restarting => RESTARTING,
                BeginError::TooLarge { .. } => kind(413, "too-large", "The image is too large"),
                BeginError::BadLength => BAD_LENGTH,
                BeginError::OtherBase => kind(409, "other-base", "Another frontend is active"),
                BeginError::Patch(_) => BAD_PATCH,
                BeginError::NoSlots(_) => kind(500, "no-slots", "The device has no slots"),
                BeginError::Nvs(_) => NVS,
            },
            Self::Upload(error) => match error {
                UploadError::NotAnImage(_) => {
                    kind(422, "not-an-image", "This is not an image for this device")
                }
                UploadError::Truncated(_)
                | UploadError::Rejected(verify::Problem::Truncated(_)) => {
                    kind(422, "truncated", "The end of the image is missing")
                }
                UploadError::BadLength => BAD_LENGTH,
                UploadError::Begin(_) | UploadError::Patch(_) => BAD_PATCH,
                UploadError::TooLong | UploadError::Incomplete { .. } => {
                    kind(400, "ended-early", "The body ended early")
                }
                UploadError::Digest => {
                    kind(400, "digest-mismatch", "The body does not match its digest")
                }
                UploadError::Rejected(verify::Problem::NoMemory) => NO_MEMORY,
                UploadError::Rejected(verify::Problem::Flash(_)) | UploadError::Flash(_) => FLASH,
                UploadError::Rejected(verify::Problem::Api { .. }) => {
                    kind(422, "other-firmware", "The image needs another firmware")
                }
                UploadError::Rejected(verify::Problem::NotSigned) => {
                    kind(422, "not-signed", "A signature is missing")
                }
                UploadError::Rejected(verify::Problem::OtherKey(_)) => {
                    kind(422, "other-key", "The image is signed by an unknown key")
                }
                UploadError::Rejected(verify::Problem::Signature(_)) => kind(
                    422,
                    "bad-signature",
                    "The signature is not one of this image",
                ),
                UploadError::Rejected(verify::Problem::StepBack { .. }) => kind(
                    422,
                    "step-back",
                    "The image is older than what was confirmed",
                ),
                UploadError::Rejected(_) => kind(422, "rejected", "The image fails the check"),
                UploadError::Nvs(_) => NVS,
            },
            Self::Confirm(ConfirmError::NotOnTrial) => {
                kind(409, "not-on-trial", "Nothing is on trial")
            }
            Self::Confirm(ConfirmError::OtherBuild { .. }) => {
                kind(409, "other-build", "Another build runs")
            }
            Self::Confirm(ConfirmError::Nvs(_)) => NVS,
            Self::Rollback(error) => match error {
                RollbackError::Busy => BUSY,
                RollbackError::Restarting => RESTARTING,
                RollbackError::NotValid(verify::Problem::Flash(_)) => FLASH,
                RollbackError::NotValid(verify::Problem::NoMemory) => NO_MEMORY,
                RollbackError::NotValid(_) => kind(409, "no-way-back", "There is no way back"),
                RollbackError::NotNow(_) => NOT_NOW,
                RollbackError::Nvs(_) => NVS,
            },
            Self::Storage(_) => FLASH,
            Self::Ssid => kind(422, "bad-ssid", "No network has this name"),
            Self::Pass => kind(422, "bad-pass", "No network has this password"),
            Self::Uploading => BUSY,
            Self::Wifi(_) => NVS,
            Self::NotNow(_) => NOT_NOW,
            Self::Denied(Denied::Unauthorized { .. }) => {
                kind(401, "unauthorized", "Who asks is not known")
            }
            Self::Denied(Denied::Forbidden) => kind(403, "forbidden", "Who asks may not do this"),
            Self::Locked(locked) => locked.kind(),
            Self::TooManyLive => kind(503, "too-many-live", "All live connections are taken"),
            Self::NoWebSocket => kind(426, "no-websocket", "Only WebSockets are answered here"),
            Self::PlainForm => kind(415, "media-type", "The media type is not supported here"),
            Self::BodyTooLong { .. } => kind(413, "too-large", "The body is too large"),
            Self::App(problem) => kind(problem.status, problem.slug, reason(problem.status)),
            Self::NoAnswer(_) => kind(500, "no-answer", "The firmware has no answer"),
        }
    }

    /// In a word what was tried, if it is one of the attempts that the status counts: by a page or a name from
    /// elsewhere, by somebody whom the login does not know, or with a frontend that is not for this device to trust.
    pub(crate) fn attempt(&self) -> Option<&'static str> {
        use verify::Problem::{NotSigned, OtherKey, Signature, StepBack};
        let counts = matches!(
            self,
            Self::Host
                | Self::Origin
                | Self::PlainForm
                | Self::Denied(_)
                | Self::Upload(UploadError::Rejected(
                    NotSigned | OtherKey(_) | Signature(_) | StepBack { .. }
                ))
        );
        let counts = counts || matches!(self, Self::Locked(locked) if locked.is_attempt());
        counts.then(|| self.kind().slug)
    }

    /// The status of the answer.
    pub(crate) fn status(&self) -> u16 {
        self.kind().status
    }
}

/// The `detail` of an answer: one helpful line.
struct Detail<'a> {
    refusal: &'a Refusal,
    /// What the device is called.
    name: &'a str,
}

impl fmt::Display for Detail<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.refusal {
            Refusal::Head(error) => error.fmt(f),
            Refusal::HostSyntax => f.write_str("Host is not a host name or address"),
            Refusal::Host => {
                let name = self.name;
                write!(f, "this host is not the device's: use its IP address, {name}, or {name} with")?;
                for (index, suffix) in SUFFIXES.iter().enumerate() {
                    write!(f, "{} .{suffix}", if index == 0 { "" } else { "," })?;
                }
                f.write_str(" or the network's domain; other names are the firmware's to add (hosts)")
            }
            Refusal::Origin => f.write_str(
                "Origin is not http:// and the Host of the request; behind a proxy, the firmware has to \
                 add the proxy's host (hosts)",
            ),
            Refusal::Path => f.write_str("the path is not percent-encoded UTF-8"),
            Refusal::NoSuchFile => f.write_str("the frontend has no file of this name"),
            Refusal::NoSuchApi => f.write_str("there is no such API; see /api/ota/status"),
            Refusal::NoFrontend => {
                f.write_str("no slot holds a frontend; open /recovery to upload one")
            }
            Refusal::NoImage => f.write_str("no whole image is in this slot; see /api/ota/status"),
            Refusal::Compressed => f.write_str(
                "this file is stored with gzip, and cannot be unpacked here: send Accept-Encoding: gzip, \
                 or pack the frontend with --gzip never",
            ),
            Refusal::Range { size } => write!(f, "the file has {size} bytes"),
            Refusal::Method { allow } => write!(f, "allowed here: {allow}"),
            Refusal::MediaType { want } => write!(f, "send Content-Type: {want}"),
            Refusal::ContentEncoding => f.write_str("send the body as it is, without an encoding"),
            Refusal::LengthRequired => f.write_str("send Content-Length; chunks are not supported"),
            Refusal::JsonTooLong { max } => write!(f, "at most {max} bytes are taken here"),
            Refusal::Body(what) | Refusal::Query(what) => f.write_str(what),
            Refusal::Digest => f.write_str("Content-Digest must be sha-256=:BASE64:"),
            Refusal::Expectation => f.write_str("only Expect: 100-continue is known"),
            Refusal::Stalled => f.write_str("nothing came for too long"),
            Refusal::TooSlow { min_rate } => {
                write!(f, "at least {min_rate} bytes a second are wanted")
            }
            Refusal::EndedEarly { received, total } => {
                write!(
                    f,
                    "the body ended after {received} of {total} bytes; nothing was switched"
                )
            }
            Refusal::ClosedEarly => f.write_str(
                "the client closed the connection before the new frontend was switched to; keep it \
                 open until the answer",
            ),
            Refusal::Begin(error) => error.fmt(f),
            Refusal::Upload(error) => error.fmt(f),
            Refusal::Confirm(error) => error.fmt(f),
            Refusal::Rollback(error) => error.fmt(f),
            Refusal::Storage(error) => write!(f, "flash cannot be read: {error}"),
            Refusal::Ssid => write!(
                f,
                "the name of a network (ssid) has 1 to {SSID_MAX} bytes in UTF-8, none of them 0"
            ),
            Refusal::Pass => write!(
                f,
                "a password (WPA2) has {PASS_MIN} to {PASS_MAX} characters: letters without \
                 accents, digits, punctuation, spaces; leave it empty for a network without one"
            ),
            Refusal::Uploading => f.write_str(
                "an upload is running, and the Wi-Fi would disturb it now; wait for its end",
            ),
            Refusal::Wifi(error) => write!(f, "the network cannot be stored: {error}"),
            Refusal::NotNow(reason) => f.write_str(reason),
            Refusal::Denied(Denied::Unauthorized { .. }) => {
                f.write_str("log in first; the firmware decides how")
            }
            Refusal::Denied(Denied::Forbidden) => f.write_str("the firmware's login says no"),
            Refusal::Locked(locked) => fmt::Display::fmt(locked, f),
            Refusal::TooManyLive => {
                f.write_str("close another page of the device, or try again in a few seconds")
            }
            Refusal::NoWebSocket => f.write_str(
                "send Upgrade: websocket, Connection: Upgrade, Sec-WebSocket-Version: 13 and a \
                 Sec-WebSocket-Key (RFC 6455)",
            ),
            Refusal::PlainForm => f.write_str(
                "without an Origin only media types are taken that a page from elsewhere could not \
                 send, such as application/json",
            ),
            Refusal::BodyTooLong { max } => write!(f, "at most {max} bytes are taken here"),
            Refusal::App(problem) => f.write_str(&problem.detail),
            Refusal::NoAnswer(what) => f.write_str(what),
        }
    }
}

/// The body of the answer.
pub(crate) struct ProblemJson<'a> {
    pub(crate) refusal: &'a Refusal,
    /// What the device is called.
    pub(crate) name: &'a str,
}

impl fmt::Display for ProblemJson<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { refusal, name } = *self;
        let Kind {
            status,
            slug,
            title,
        } = refusal.kind();
        write!(
            f,
            r#"{{"type":"/problems/{slug}","title":{},"status":{status}"#,
            Str(title)
        )?;
        if let Refusal::Begin(BeginError::TooLarge { slot_size }) = refusal {
            write!(f, r#","slot_size":{slot_size}"#)?;
        }
        write!(f, r#","detail":{}}}"#, Str(Detail { refusal, name }))
    }
}

/// What a status is called; for those that are sent here, or may be by a firmware.
pub(crate) const fn reason(status: u16) -> &'static str {
    match status {
        101 => "Switching Protocols",
        200 => "OK",
        201 => "Created",
        202 => "Accepted",
        204 => "No Content",
        206 => "Partial Content",
        301 => "Moved Permanently",
        302 => "Found",
        303 => "See Other",
        304 => "Not Modified",
        307 => "Temporary Redirect",
        308 => "Permanent Redirect",
        400 => "Bad Request",
        401 => "Unauthorized",
        403 => "Forbidden",
        404 => "Not Found",
        405 => "Method Not Allowed",
        406 => "Not Acceptable",
        408 => "Request Timeout",
        409 => "Conflict",
        410 => "Gone",
        411 => "Length Required",
        412 => "Precondition Failed",
        413 => "Content Too Large",
        414 => "URI Too Long",
        415 => "Unsupported Media Type",
        416 => "Range Not Satisfiable",
        417 => "Expectation Failed",
        422 => "Unprocessable Content",
        423 => "Locked",
        426 => "Upgrade Required",
        428 => "Precondition Required",
        429 => "Too Many Requests",
        431 => "Request Header Fields Too Large",
        500 => "Internal Server Error",
        501 => "Not Implemented",
        502 => "Bad Gateway",
        503 => "Service Unavailable",
        504 => "Gateway Timeout",
        505 => "HTTP Version Not Supported",
        507 => "Insufficient Storage",
        // A reason may be empty (RFC 9112, 4).
        _ => "",
    }
}
