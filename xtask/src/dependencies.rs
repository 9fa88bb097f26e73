//! What is depended on: under which licences, from where, and how often. The lists are in `deny.toml`; what they
//! are held to is what the lock files name, for every target, so that nothing has to be asked for elsewhere.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use serde_json::Value;

use crate::cargo::{cargo, output, root};
use crate::licences::{list, may};

/// Each has a lock file of its own.
const WORKSPACES: [&str; 4] = [".", "firmware", "fuzz", "components/faceplate/rust"];

const CRATES_IO: &str = "registry+https://github.com/rust-lang/crates.io-index";

/// Most versions of one crate.
const VERSIONS: usize = 3;

/// npm's lock files: what builds and tests the frontends, and the frameworks that are tried.
const LOCKS: [&str; 3] = [
    "web/package-lock.json",
    "web/bench/package-lock.json",
    "web/e2e/builds/package-lock.json",
];

/// Licences of what only builds and tests, besides those of what is published.
const OF_TOOLS: [&str; 8] = [
    "BSD-2-Clause",
    "BlueOak-1.0.0",
    "CC-BY-4.0",
    "CC0-1.0",
    "LGPL-3.0-or-later",
    "MIT-0",
    "MPL-2.0",
    "Python-2.0",
];

/// What its lock file does not say of a package, and the package's own page does.
const SAID_ELSEWHERE: [(&str, &str); 1] = [("zod-to-ts", "MIT")];

#[test]
fn every_crate_has_a_licence_that_is_allowed() {
    let allowed = list("allow");
    let mut seen = 0;
    for workspace in WORKSPACES {
        let mut metadata = cargo(&["metadata", "--locked", "--quiet", "--format-version", "1"]);
        metadata.current_dir(root().join(workspace));
        let told: Value = serde_json::from_str(&output(&mut metadata).unwrap()).unwrap();
        for package in told["packages"].as_array().unwrap() {
            // Not of the repository itself.
            if package["source"].is_null() {
                continue;
            }
            let name = package["name"].as_str().unwrap();
            let licence = package["license"].as_str().unwrap_or_default();
            let mut allowed = allowed.clone();
            if name == "libfuzzer-sys" {
                assert_eq!(workspace, "fuzz", "in nothing that is published");
                allowed.insert("NCSA".into());
            }
            assert!(may(licence, &allowed), "{workspace}: {name}: {licence:?}");
            seen += 1;
        }
    }
    assert!(seen > 300, "{seen} crates");
}

/// Of each package in a lock file: its name, and what is said of it.
fn locked(workspace: &str) -> Vec<(String, BTreeMap<String, String>)> {
    let text = fs::read_to_string(root().join(workspace).join("Cargo.lock")).unwrap();
    let packages = text.split("[[package]]").skip(1).map(|package| {
        let fields = package.lines().filter_map(|line| {
            let (name, value) = line.split_once(" = \"")?;
            Some((name.to_owned(), value.strip_suffix('"')?.to_owned()))
        });
        let fields: BTreeMap<String, String> = fields.collect();
        (fields["name"].clone(), fields)
    });
    packages.collect()
}

#[test]
fn every_crate_is_a_release_that_is_known_by_its_checksum() {
    for workspace in WORKSPACES {
        let mut ours = 0;
        for (name, fields) in locked(workspace) {
            match fields.get("source") {
                None => ours += 1,
                Some(source) => {
                    assert_eq!(source, CRATES_IO, "{workspace}: {name}");
                    assert_eq!(fields["checksum"].len(), 64, "{workspace}: {name}");
                }
            }
        }
        assert!(ours > 0, "{workspace}");
    }
}

#[test]
fn crates_of_which_there_are_several_versions_are_those_that_are_known() {
    let known = list("skip");
    let mut found = BTreeSet::new();
    for workspace in WORKSPACES {
        let mut versions: BTreeMap<String, usize> = BTreeMap::new();
        for (name, _) in locked(workspace) {
            *versions.entry(name).or_default() += 1;
        }
        for (name, count) in versions.into_iter().filter(|(_, count)| *count > 1) {
            assert!(count <= VERSIONS, "{workspace}: {count} versions of {name}");
            found.insert(name);
        }
    }
    let more: Vec<_> = found.difference(&known).collect();
    assert!(more.is_empty(), "not in deny.toml: {more:?}");
    let gone: Vec<_> = known.difference(&found).collect();
    assert!(
        gone.is_empty(),
        "of these there is only one by now: {gone:?}"
    );
}

#[test]
fn every_npm_package_has_a_licence_that_is_allowed_and_a_checksum() {
    let mut allowed = list("allow");
    allowed.extend(OF_TOOLS.map(str::to_owned));
    for lock in LOCKS {
        let text = fs::read_to_string(root().join(lock)).unwrap();
        let told: Value = serde_json::from_str(&text).unwrap();
        let mut seen = 0;
        for (path, package) in told["packages"].as_object().unwrap() {
            let Some((_, name)) = path.rsplit_once("node_modules/") else {
                continue; // of the repository itself
            };
            if package["link"].as_bool() == Some(true) {
                continue;
            }
            seen += 1;
            let said = SAID_ELSEWHERE.iter().find(|(said, _)| *said == name);
            let licence = package["license"]
                .as_str()
                .or(said.map(|(_, licence)| *licence));
            assert!(
                may(licence.unwrap_or_default(), &allowed),
                "{lock}: {name}: {licence:?}"
            );
            let integrity = package["integrity"].as_str().unwrap_or_default();
            assert!(integrity.starts_with("sha512-"), "{lock}: {name}");
            // npm leaves out where a package of its registry is, and says it of any other.
            let from = &package["resolved"];
            assert!(from.is_null(), "{lock}: {name}: {from}");
        }
        assert!(seen > 50, "{lock}: {seen} packages");
    }
}
