//! Memory of the update path, all of it in fixed places.

use faceplate::{Confirmer, Room};

use crate::{Report, Result, device, frontends};

/// Most bytes of the update path beyond the buffers of its HTTP connection.
const UPDATE_PATH: f64 = 8192.0;

pub(crate) fn measure(report: &mut Report) -> Result<()> {
    let image = frontends::packed(frontends::app())?.image;
    let flash = device::flash(&image, &[])?;
    let engine = device::boot(&flash)?;
    let len = u32::try_from(image.len())?;

    let mut upload = engine.begin(len, Confirmer::Device)?;
    let session = size_of_val(&upload);
    let writing = size_of_val(&upload.write(&image));
    let checking = size_of_val(&upload.finish(None));
    // The buffers are part of the core, which is there whether an upload runs or not.
    let buffers = size_of::<Room<256>>();
    let core = size_of_val(&engine) + buffers;
    let all = core + session + writing.max(checking);
    report.line(
        "memory: the core, its buffers included",
        &format!("{core} bytes"),
    );
    report.line("  of it the buffers", &format!("{buffers} bytes"));
    report.line("  upload session", &format!("{session} bytes"));
    report.line(
        "  future of writing, of checking",
        &format!("{writing}, {checking} bytes"),
    );
    report.budget("  update path in all", all as f64, UPDATE_PATH, "bytes");
    Ok(())
}
