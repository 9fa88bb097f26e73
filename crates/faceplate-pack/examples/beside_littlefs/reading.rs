//! What reading takes: the same image, in the same pieces, by both readers.

use crate::{Result, c, kinds, kinds::Kind, line, ours};

pub(crate) fn measure() -> Result<()> {
    for name in kinds::NAMES {
        let kind = kinds::called(name)?;
        let (files, image) = (kind.files.len(), kind.image()?);
        line(
            &format!("reading {name} beside C littlefs"),
            &format!("{files} files, {} bytes; image {}", kind.len(), image.len()),
        );
        let paths = paths(&kind);
        for (who, (bytes, reads)) in [
            ("  flash reads, ours", ours::read(&image, &paths, 1)?),
            (
                "  flash reads, C",
                c::read(&image, kind.blocks(), &paths, 1)?,
            ),
        ] {
            if bytes != kind.len() {
                return Err(format!("{who}: {bytes} bytes were read").into());
            }
            let per_byte = |count| count as f64 / bytes as f64;
            let [calls, commands] =
                [reads.calls, reads.commands].map(|count| per_byte(count) * 1024.0);
            line(
                who,
                &format!(
                    "{calls:.2} calls, {commands:.1} commands a KiB served; {:.3} bytes a byte",
                    per_byte(reads.bytes)
                ),
            );
        }
    }
    Ok(())
}

/// Reads all so many times; how many bytes those were.
pub(crate) fn rounds(kind: &Kind, by_c: bool, rounds: u32) -> Result<u64> {
    let (image, paths) = (kind.image()?, paths(kind));
    let (bytes, _) = match by_c {
        true => c::read(&image, kind.blocks(), &paths, rounds)?,
        false => ours::read(&image, &paths, rounds)?,
    };
    Ok(bytes)
}

fn paths(kind: &Kind) -> Vec<&str> {
    kind.files.iter().map(|(path, _)| path.as_str()).collect()
}
