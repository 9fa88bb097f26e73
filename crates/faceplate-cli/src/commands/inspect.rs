//! `faceplate inspect`: what is in an image, and whether a device would take it.

use std::path::PathBuf;

use faceplate_pack::Inspection;
use serde_json::{Value, json};

use super::{not_an_image, read_image};
use crate::{failure::Failure, keys, text};

/// Check an image as a device does, and show what is in it.
#[derive(clap::Args)]
pub(crate) struct Inspect {
    /// The image.
    image: PathBuf,
    /// A public key (PEM) that must have signed it; of several, one must have.
    #[arg(long = "key", value_name = "PUB")]
    keys: Vec<PathBuf>,
    /// Answer in JSON.
    #[arg(long)]
    pub(crate) json: bool,
}

impl Inspect {
    pub(crate) fn run(self) -> Result<(), Failure> {
        let keys = self.keys.iter().map(|path| keys::public(path));
        let keys = keys.collect::<Result<Vec<_>, _>>()?;
        let bytes = read_image(&self.image)?;
        let found =
            faceplate_pack::inspect(&bytes).map_err(|error| not_an_image(&self.image, error))?;
        let verified = !keys.is_empty();
        if verified {
            let by = keys::signers(keys)?;
            faceplate_pack::verify(&bytes, by).map_err(|why| not_an_image(&self.image, why))?;
        }
        if self.json {
            text::print_json(&to_json(&found, verified));
        } else {
            text::print(&describe(
                &found,
                &self.image.display().to_string(),
                verified,
            ));
        }
        Ok(())
    }
}

fn to_json(found: &Inspection, verified: bool) -> Value {
    let manifest = found.manifest.as_ref();
    let files: Vec<Value> = found
        .files
        .iter()
        .map(|file| {
            json!({
                "path": file.path,
                "size": file.size,
                "hash": text::hex(&file.hash),
                "immutable": file.marks.map(|marks| marks.immutable),
            })
        })
        .collect();
    json!({
        "version": manifest.map(|manifest| manifest.version.as_str()),
        "build": manifest.and_then(|manifest| manifest.build).map(|build| build.to_string()),
        "api": manifest.map(|manifest| json!({ "min": manifest.api_min, "max": manifest.api_max })),
        "sequence": manifest.map(|manifest| manifest.sequence),
        "signer": found.signature.map(|signature| signature.key.to_string()),
        "verified": verified,
        "root_hash": found.root_hash.map(|hash| text::hex(&hash)),
        "bytes": found.len,
        "slot_bytes": u64::from(found.block_count) * 4096,
        "sha256": text::hex(&found.sha256),
        "littlefs": format!("{}.{}", found.disk_version.0, found.disk_version.1),
        "files": files,
    })
}

fn describe(found: &Inspection, name: &str, verified: bool) -> String {
    let mut lines = vec![format!("{name}: a whole frontend")];
    match &found.manifest {
        Some(manifest) => {
            let api = match (manifest.api_min, manifest.api_max) {
                (min, max) if min == max => format!("API {min}"),
                (min, max) => format!("API {min} to {max}"),
            };
            lines.push(format!("  version   {}", manifest.version));
            lines.push(match manifest.build {
                Some(build) => format!("  build     {build}"),
                None => "  build     without an id, so its page cannot prove what it confirms"
                    .to_owned(),
            });
            lines.push(format!("  firmware  {api}"));
            if manifest.sequence > 0 {
                lines.push(format!("  sequence  {}", manifest.sequence));
            }
        }
        None => lines.push(
            "  version   unknown: no manifest, so damage to its files could not be seen".to_owned(),
        ),
    }
    if let Some(signature) = found.signature {
        let looked = match verified {
            true => "the signature holds",
            false => "not verified; name the public key with --key",
        };
        lines.push(format!("  signed    by key {}: {looked}", signature.key));
    }
    lines.push(format!(
        "  size      {} ({} blocks), for slots of {} or more",
        text::bytes(found.len.into()),
        found.len / 4096,
        text::bytes(u64::from(found.block_count) * 4096),
    ));
    lines.push(format!(
        "  format    LittleFS {}.{}",
        found.disk_version.0, found.disk_version.1
    ));
    lines.push(format!("  sha-256   {}", text::hex(&found.sha256)));
    let unmarked = found.files.iter().any(|file| file.marks.is_none());
    lines.push(format!(
        "  {}{}:",
        text::count(found.files.len(), "file"),
        match unmarked {
            true => ", without marks: the device tells by their names what browsers may keep",
            false => "",
        }
    ));
    for file in &found.files {
        let size = text::bytes(file.size.into());
        let kept = match file.marks {
            Some(marks) if marks.immutable => "  immutable",
            _ => "",
        };
        lines.push(format!(
            "  {size:>10}  {}  {}{kept}",
            &text::hex(&file.hash)[..16],
            text::harmless(&file.path)
        ));
    }
    lines.join("\n")
}
