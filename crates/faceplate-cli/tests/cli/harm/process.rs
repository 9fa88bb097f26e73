//! What a process takes of its computer, where the system tells (Linux).

use std::fs;

/// What it takes now.
#[derive(Debug, Clone, Copy)]
pub(super) struct Taken {
    /// Memory that is its own and in use (RSS), KiB.
    pub(super) memory_kib: u64,
    /// Open files, and with them connections.
    pub(super) files: usize,
}

pub(super) fn taken(process: u32) -> Option<Taken> {
    let status = fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    let line = status.lines().find(|line| line.starts_with("VmRSS:"))?;
    let files = fs::read_dir(format!("/proc/{process}/fd")).ok()?.count();
    Some(Taken {
        memory_kib: line.split_whitespace().nth(1)?.parse().ok()?,
        files,
    })
}
