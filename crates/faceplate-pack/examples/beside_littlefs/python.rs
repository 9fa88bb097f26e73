//! littlefs-python in a process of its own, which times itself.

use std::{
    io::Write,
    path::Path,
    process::{Command, Stdio},
    time::Duration,
};

use crate::{Result, kinds::Kind};

/// Packs so many times; the fastest, and the blocks in use.
pub(crate) fn pack(program: &str, kind: &Kind, runs: u32) -> Result<(Duration, u32)> {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/beside_littlefs/pack.py");
    let (blocks, runs) = (kind.blocks().to_string(), runs.to_string());
    let mut child = Command::new(program)
        .arg(script)
        .args([&blocks, &runs])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()?;
    let mut files = Vec::new();
    for (path, bytes) in &kind.files {
        writeln!(files, "{} {path}", bytes.len())?;
        files.extend_from_slice(bytes);
    }
    child
        .stdin
        .take()
        .ok_or("Python listens")?
        .write_all(&files)?;
    let output = child.wait_with_output()?;
    if !output.status.success() {
        return Err(format!("littlefs-python: {}", output.status).into());
    }
    let told = String::from_utf8(output.stdout)?;
    let (seconds, blocks) = told.trim().split_once(' ').ok_or("two numbers")?;
    Ok((Duration::from_secs_f64(seconds.parse()?), blocks.parse()?))
}
