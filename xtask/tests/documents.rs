//! Holds the documentation to what is there: files that it names, and errors of the HTTP API.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .expect("xtask is in the root")
        .into()
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The README, the changelog, everything in docs/, and what the firmware's folders say.
fn documents() -> Vec<PathBuf> {
    let docs = root().join("docs");
    let pages = [
        "README.md",
        "CHANGELOG.md",
        "firmware/README.md",
        "firmware/esp/README.md",
    ];
    let mut found: Vec<PathBuf> = pages.map(|page| root().join(page)).into();
    found.extend(
        fs::read_dir(docs)
            .expect("docs")
            .map(|entry| entry.expect("docs").path())
            .filter(|path| path.extension().is_some_and(|extension| extension == "md")),
    );
    found
}

/// The targets of the links in a text.
fn links(text: &str) -> impl Iterator<Item = &str> {
    text.split("](")
        .skip(1)
        .filter_map(|rest| Some(rest.split_once(')')?.0))
}

/// What stands in backquotes.
fn code(text: &str) -> impl Iterator<Item = &str> {
    text.lines()
        .flat_map(|line| line.split('`').skip(1).step_by(2))
}

#[test]
fn links_between_documents_lead_to_files() {
    let mut seen = 0;
    for document in documents() {
        let folder = document.parent().expect("a file");
        for link in links(&read(&document)) {
            let file = link.split('#').next().unwrap_or_default();
            if file.is_empty() || file.starts_with("http") {
                continue;
            }
            seen += 1;
            assert!(folder.join(file).exists(), "{}: {link}", document.display());
        }
    }
    assert!(seen > 0);
}

#[test]
fn paths_in_the_documents_are_there() {
    let mut seen = 0;
    for document in documents() {
        for code in code(&read(&document)) {
            let named = ["crates/", "web/", "docs/", "xtask/", "firmware/"]
                .iter()
                .any(|room| code.starts_with(room));
            if !named || code.contains([' ', '*']) {
                continue;
            }
            seen += 1;
            assert!(root().join(code).exists(), "{}: {code}", document.display());
        }
    }
    assert!(seen > 0);
}

#[test]
fn every_error_of_the_api_is_documented_with_its_status() {
    // kind(404, "not-found", "…")
    let source = read(&root().join("crates/faceplate-http/src/problem.rs"));
    let made: BTreeSet<(String, String)> = source
        .split("kind(")
        .filter_map(|call| {
            let (status, rest) = call.trim_start().split_once(',')?;
            let slug = rest.trim_start().strip_prefix('"')?.split('"').next()?;
            status.parse::<u16>().ok()?;
            Some((status.into(), slug.into()))
        })
        .collect();
    // | 404 | `not-found`, `other` | when |
    let page = read(&root().join("docs/http-api.md"));
    let documented: BTreeSet<(String, String)> = page
        .lines()
        .filter_map(|line| {
            let mut cells = line.split('|').map(str::trim).skip(1);
            let status = cells
                .next()
                .filter(|status| status.parse::<u16>().is_ok())?;
            Some((status.to_owned(), cells.next()?.to_owned()))
        })
        .flat_map(|(status, slugs)| {
            let slugs: Vec<String> = code(&slugs).map(str::to_owned).collect();
            slugs.into_iter().map(move |slug| (status.clone(), slug))
        })
        .collect();
    assert!(!made.is_empty());
    assert_eq!(made, documented);
}

/// Lines that are promised to be enough for somebody's own firmware.
const EXAMPLE_LINES: usize = 64;

#[test]
fn the_example_of_somebodys_own_firmware_is_short_and_shown_as_it_is() {
    let example = read(&root().join("firmware/examples/minimal/src/main.rs"));
    let lines = example.lines().count();
    assert!(lines > 0 && lines < EXAMPLE_LINES, "{lines} lines");
    let page = read(&root().join("docs/integrate.md"));
    assert!(
        page.contains(&format!("```rust\n{example}```\n")),
        "docs/integrate.md shows another main.rs than firmware/examples/minimal/src/main.rs"
    );
}

#[test]
fn the_partitions_of_the_guides_are_those_of_the_repository() {
    let table = read(&root().join("partitions.csv"));
    let page = read(&root().join("docs/integrate.md"));
    let mut seen = 0;
    for line in page.lines().map(str::trim) {
        if line.contains("data,") && line.contains("0x") {
            seen += 1;
            assert!(table.lines().any(|row| row == line), "{line}");
        }
    }
    assert!(seen >= 3, "{seen} partitions");
}
