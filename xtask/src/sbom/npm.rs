//! What an npm package is made of, as its lock file says.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use base64ct::{Base64, Encoding as _};
use serde_json::Value;

use super::document::{Part, Parts};
use crate::cargo::root;
use crate::emulate::tools::at;

/// The lock file of a workspace, version 3.
pub(super) struct Lock(Value);

impl Lock {
    /// Of a folder below the root of the repository.
    pub(super) fn read(folder: &str) -> Result<Self, String> {
        let path = root().join(folder).join("package-lock.json");
        let text = fs::read_to_string(&path).map_err(at(&path))?;
        let lock: Value =
            serde_json::from_str(&text).map_err(|error| format!("{}: {error}", path.display()))?;
        Ok(Self(lock))
    }

    /// The package in a folder of the workspace; `bundled` is what its build puts into it besides.
    pub(super) fn parts(&self, folder: &str, bundled: &[&str]) -> Result<Parts, String> {
        let mut parts = Parts {
            root: self.part(folder)?,
            all: BTreeMap::new(),
            needs: BTreeMap::new(),
        };
        let mut seen = BTreeSet::new();
        let mut open = vec![(folder.to_owned(), self.needs(folder, bundled)?)];
        while let Some((path, needs)) = open.pop() {
            let from = self.part(&path)?.reference();
            let edges = parts.needs.entry(from).or_default();
            for need in needs {
                let part = self.part(&need)?;
                edges.insert(part.reference());
                parts.all.insert(part.reference(), part);
                if seen.insert(need.clone()) {
                    let needs = self.needs(&need, &[])?;
                    open.push((need, needs));
                }
            }
        }
        Ok(parts)
    }

    fn package(&self, path: &str) -> Result<&Value, String> {
        let package = self.0["packages"].get(path);
        package.ok_or_else(|| format!("package-lock.json has no {path}"))
    }

    /// Where the packages are that one needs.
    fn needs(&self, path: &str, more: &[&str]) -> Result<Vec<String>, String> {
        let package = self.package(path)?;
        let names = |key: &str| {
            package[key]
                .as_object()
                .into_iter()
                .flat_map(|all| all.keys())
        };
        let needed = names("dependencies")
            .map(String::as_str)
            .chain(more.iter().copied());
        needed.map(|name| self.find(path, name)).collect()
    }

    /// Where Node finds a package that one at `from` asks for.
    fn find(&self, from: &str, name: &str) -> Result<String, String> {
        let mut folder = Some(from);
        while let Some(here) = folder {
            let slash = if here.is_empty() { "" } else { "/" };
            let path = format!("{here}{slash}node_modules/{name}");
            if let Some(found) = self.0["packages"].get(&path) {
                // A link leads to another package of the workspace.
                return match (found["link"].as_bool(), found["resolved"].as_str()) {
                    (Some(true), Some(to)) => Ok(to.to_owned()),
                    _ => Ok(path),
                };
            }
            folder = match here.rsplit_once('/') {
                Some((parent, _)) => Some(parent),
                None if here.is_empty() => None,
                None => Some(""),
            };
        }
        Err(format!("package-lock.json: who brings {name} for {from}?"))
    }

    fn part(&self, path: &str) -> Result<Part, String> {
        let package = self.package(path)?;
        let text = |key: &str| package[key].as_str().map(str::to_owned);
        let name = text("name").unwrap_or_else(|| {
            let name = path.rsplit_once("node_modules/").map(|(_, name)| name);
            name.unwrap_or(path).to_owned()
        });
        let version = text("version").ok_or_else(|| format!("{path}: which version?"))?;
        let purl = || format!("pkg:npm/{}@{version}", name.replace('@', "%40"));
        let integrity = package["integrity"].as_str();
        Ok(Part {
            of: "npm",
            purl: integrity.map(|_| purl()),
            hash: integrity.map(hash).transpose()?,
            licence: text("license").ok_or_else(|| format!("{path}: which licence?"))?,
            repository: None,
            excluded: false,
            name,
            version,
        })
    }
}

/// What npm checks an archive with, as CycloneDX writes it.
fn hash(integrity: &str) -> Result<(&'static str, String), String> {
    let unknown = || format!("an integrity that is not understood: {integrity}");
    let digest = integrity.strip_prefix("sha512-").ok_or_else(unknown)?;
    let mut buffer = [0; 64];
    let bytes = Base64::decode(digest, &mut buffer).map_err(|_| unknown())?;
    let digest = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    Ok(("SHA-512", digest))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_package_is_found_as_node_finds_it() {
        let lock = Lock(json!({ "packages": {
            "packages/a": { "version": "1.0.0", "license": "MIT", "name": "a",
                            "dependencies": { "b": "^1", "@x/c": "*" }, "devDependencies": { "d": "1" } },
            "node_modules/b": { "version": "2.0.0", "license": "MIT" },
            "packages/a/node_modules/b": { "version": "1.5.0", "license": "ISC",
                                           "dependencies": { "@x/c": "1" } },
            "node_modules/@x/c": { "link": true, "resolved": "packages/c" },
            "packages/c": { "version": "0.1.0", "license": "MIT" },
        }}));
        let parts = lock.parts("packages/a", &[]).unwrap();
        let all: Vec<&str> = parts.all.keys().map(String::as_str).collect();
        assert_eq!(all, ["npm:b@1.5.0", "npm:packages/c@0.1.0"]);
        assert_eq!(
            parts.needs["npm:b@1.5.0"],
            BTreeSet::from(["npm:packages/c@0.1.0".to_owned()])
        );
        assert!(
            lock.parts("packages/a", &["e"])
                .unwrap_err()
                .contains("who brings e")
        );
    }

    #[test]
    fn an_integrity_is_a_digest_in_hexadecimal() {
        let zeros = format!("sha512-{}==", "A".repeat(86));
        assert_eq!(hash(&zeros), Ok(("SHA-512", "00".repeat(64))));
        assert!(hash("sha1-AAAA").is_err());
    }
}
