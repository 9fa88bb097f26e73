//! How far the upload is that runs.

/// How far an upload is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phase {
    /// Bytes arrive and are written.
    Writing,
    /// All bytes are written; flash is being read back and verified.
    Checking,
    /// The image is good; NVS is being changed.
    Switching,
    /// Done; the device is about to restart.
    Restarting,
}

impl Phase {
    /// As the API says it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Writing => "writing",
            Self::Checking => "checking",
            Self::Switching => "switching",
            Self::Restarting => "restarting",
        }
    }
}

/// The upload that runs. Counts are bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress {
    /// What is being done.
    pub phase: Phase,
    /// Bytes received.
    pub received: u32,
    /// Bytes that are on flash and were read back.
    pub written: u32,
    /// Bytes of the whole image.
    pub total: u32,
}
