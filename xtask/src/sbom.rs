//! `cargo xtask sbom`: for each thing that is published, what it is made of, as a CycloneDX document.
//!
//! What cargo and npm have resolved is asked for, with the features and the target of the build itself. The
//! same commit gives the same bytes.

mod crates;
mod document;
mod npm;

use std::fs;
use std::path::PathBuf;
use std::process::ExitCode;

use crate::cargo::target_dir;
use crate::component::TARGETS;
use crate::emulate::tools::at;
use crate::firmware::Chip;
use crates::Crate;
use document::{Kind, Parts};

/// Hosts that the command is built for.
const HOSTS: [&str; 4] = [
    "x86_64-unknown-linux-gnu",
    "aarch64-unknown-linux-gnu",
    "aarch64-apple-darwin",
    "x86_64-pc-windows-msvc",
];

/// npm packages: their folder, and what else a build puts into them: packages, and whether the packer.
const PACKAGES: [(&str, &[&str], bool); 3] = [
    ("packages/pack", &[], true),
    ("packages/vite-plugin", &["faceplate-update-page"], false),
    ("packages/update-page", &["svelte"], false),
];

/// The packer as WebAssembly.
const PACKER: Crate<'static> = Crate {
    workspace: "",
    package: "faceplate-wasm",
    target: "wasm32-unknown-unknown",
    features: &[],
};

/// Something that is published.
struct Thing {
    /// Of the file, without its end.
    name: String,
    kind: Kind,
    parts: Parts,
}

/// The command.
pub(crate) fn sbom(args: &[&str]) -> Result<ExitCode, String> {
    let out = match args {
        [] => target_dir().join("sbom"),
        ["--out", folder] => PathBuf::from(folder),
        _ => return Err("usage: cargo xtask sbom [--out FOLDER]".into()),
    };
    fs::create_dir_all(&out).map_err(at(&out))?;
    for Thing { name, kind, parts } in things()? {
        let path = out.join(format!("{name}.cdx.json"));
        let text = document::write(kind, &parts)?;
        fs::write(&path, &text).map_err(at(&path))?;
        println!("{:>4} components  {}", parts.count(), path.display());
    }
    Ok(ExitCode::SUCCESS)
}

fn things() -> Result<Vec<Thing>, String> {
    let mut things = Vec::new();
    let mut add = |name: String, kind, parts| things.push(Thing { name, kind, parts });
    for chip in Chip::ALL {
        let log = (chip == Chip::Esp32s3).then_some("log-uart");
        let features: Vec<&str> = [chip.name()].into_iter().chain(log).collect();
        let parts = crates::parts(&Crate {
            workspace: "firmware",
            package: "faceplate-firmware",
            target: chip.target(),
            features: &features,
        })?;
        add(format!("firmware-{}", chip.name()), Kind::Firmware, parts);
    }
    for target in TARGETS {
        let parts = crates::parts(&Crate {
            workspace: "components/faceplate/rust",
            package: "faceplate-idf",
            target: target.name,
            features: &[],
        })?;
        add(format!("esp-idf-{}", target.name), Kind::Library, parts);
    }
    for target in HOSTS {
        let parts = crates::parts(&Crate {
            workspace: "",
            package: "faceplate-cli",
            target,
            features: &[],
        })?;
        add(format!("cli-{target}"), Kind::Application, parts);
    }
    let lock = npm::Lock::read("web")?;
    let packer = crates::parts(&PACKER)?;
    for (folder, bundled, packs) in PACKAGES {
        let mut parts = lock.parts(folder, bundled)?;
        if packs {
            parts.contain(&packer);
        }
        add(format!("npm-{}", parts.root.name), Kind::Library, parts);
    }
    Ok(things)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::sync::OnceLock;

    use serde_json::Value;

    use super::*;
    use crate::licences::{list, may};

    /// The documents as they are written; made once, as that takes seconds.
    fn texts() -> &'static [(String, String)] {
        static TEXTS: OnceLock<Vec<(String, String)>> = OnceLock::new();
        TEXTS.get_or_init(|| {
            let things = things().unwrap();
            let text = |thing: &Thing| document::write(thing.kind, &thing.parts).unwrap();
            let texts = things.iter().map(|thing| (thing.name.clone(), text(thing)));
            texts.collect()
        })
    }

    fn documents() -> Vec<(&'static str, Value)> {
        let texts = texts().iter();
        let documents = texts.map(|(name, text)| (&**name, serde_json::from_str(text).unwrap()));
        documents.collect()
    }

    fn refs<'v>(value: &'v Value, key: &str) -> Vec<&'v str> {
        let all = value.as_array().unwrap().iter();
        all.map(|one| one[key].as_str().unwrap()).collect()
    }

    #[test]
    fn what_each_thing_is_made_of_hangs_together() {
        let (documents, allowed) = (documents(), list("allow"));
        assert_eq!(documents.len(), 3 + TARGETS.len() + HOSTS.len() + 3);
        for (name, document) in &documents {
            assert_eq!(document["bomFormat"], "CycloneDX");
            let root = document["metadata"]["component"]["bom-ref"].as_str();
            let components = refs(&document["components"], "bom-ref");
            let known: BTreeSet<&str> = components.iter().copied().chain(root).collect();
            assert_eq!(known.len(), components.len() + 1, "{name}: one twice");
            let edges = document["dependencies"].as_array().unwrap();
            assert_eq!(edges.len(), known.len(), "{name}");
            let mut reached = BTreeSet::from([root.unwrap()]);
            for edge in edges {
                assert!(known.contains(edge["ref"].as_str().unwrap()), "{name}");
                for to in edge["dependsOn"].as_array().unwrap() {
                    let to = to.as_str().unwrap();
                    assert!(known.contains(to), "{name}: {to}");
                    reached.insert(to);
                }
            }
            assert_eq!(reached, known, "{name}: something that nobody needs");
            for component in document["components"].as_array().unwrap() {
                let what = &component["name"];
                let licence = component["licenses"][0]["expression"].as_str();
                assert!(
                    may(licence.unwrap(), &allowed),
                    "{name}: {what}: {licence:?}"
                );
                // What is not of this repository is known to the byte.
                let ours = component["purl"].is_null();
                assert_eq!(component["hashes"].is_array(), !ours, "{what}");
            }
        }
    }

    #[test]
    fn each_thing_has_what_it_is_built_with() {
        let documents = documents();
        let scope = |thing: &str, part: &str| {
            let (_, document) = documents.iter().find(|(name, _)| *name == thing).unwrap();
            let components = document["components"].as_array().unwrap();
            let mut found = components
                .iter()
                .filter(|component| component["name"] == part);
            let scope = found
                .next()
                .map(|component| component["scope"].as_str().unwrap());
            scope.map(str::to_owned)
        };
        let required = Some("required".to_owned());
        let excluded = Some("excluded".to_owned());
        assert_eq!(scope("firmware-esp32c3", "esp-radio"), required);
        assert_eq!(scope("firmware-esp32c3", "esp-riscv-rt"), required);
        assert_eq!(scope("firmware-esp32c3", "xtensa-lx-rt"), None);
        assert_eq!(scope("firmware-esp32s3", "xtensa-lx-rt"), required);
        // At the build alone.
        assert_eq!(scope("firmware-esp32s3", "syn"), excluded);
        assert_eq!(
            scope("esp-idf-riscv32imc-unknown-none-elf", "faceplate-http"),
            required
        );
        assert_eq!(scope("cli-x86_64-unknown-linux-gnu", "espflash"), required);
        assert_eq!(scope("npm-faceplate-pack", "picomatch"), required);
        assert_eq!(scope("npm-faceplate-pack", "littlefs-image"), required);
        assert_eq!(
            scope("npm-vite-plugin-faceplate", "faceplate-pack"),
            required
        );
        assert_eq!(scope("npm-faceplate-update-page", "svelte"), required);
        assert_eq!(scope("npm-faceplate-update-page", "jsdom"), None);
    }

    #[test]
    fn the_same_commit_gives_the_same_bytes() {
        let folder = crate::cargo::root().display().to_string();
        assert!(texts().iter().all(|(_, text)| !text.contains(&folder)));
        let again = document::write(Kind::Library, &crates::parts(&PACKER).unwrap());
        let other = document::write(Kind::Library, &crates::parts(&PACKER).unwrap());
        assert_eq!(again.unwrap(), other.unwrap());
    }
}
