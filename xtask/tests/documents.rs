//! Holds the documentation to what is there: files that it names, errors of the HTTP API, and code.

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
    let http = root().join("crates/faceplate-http/src");
    let source = read(&http.join("problem.rs")) + &read(&http.join("password/locked.rs"));
    let mut made: BTreeSet<(String, String)> = source
        .split("kind(")
        .filter_map(|call| {
            let (status, rest) = call.trim_start().split_once(',')?;
            let slug = rest.trim_start().strip_prefix('"')?.split('"').next()?;
            status.parse::<u16>().ok()?;
            Some((status.into(), slug.into()))
        })
        .collect();
    assert!(!made.is_empty());
    // = {"404 Not Found", "not-found", …}
    let component = read(&root().join("components/faceplate/src/faceplate_http.c"));
    let refusals = component.split("refusal_t ").skip(1);
    made.extend(refusals.filter_map(|refusal| {
        let (_, rest) = refusal.split_once(" = {\"")?;
        let status = rest.split(' ').next()?;
        let slug = rest.split('"').nth(2)?;
        status.parse::<u16>().ok()?;
        Some((status.to_owned(), slug.to_owned()))
    }));
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
    assert_eq!(made, documented);
}

/// A piece of code in a document.
struct Snippet<'a> {
    /// The source that it is a part of, as the comment before it says.
    source: Option<&'a str>,
    lines: Vec<&'a str>,
}

/// The code in Rust of a document.
fn snippets(text: &str) -> Vec<Snippet<'_>> {
    let lines: Vec<&str> = text.lines().collect();
    let begins = |line: &str| line.trim_start().starts_with("```rust");
    let starts = (0..lines.len()).filter(|at| begins(lines[*at]));
    let snippet = |at: usize| {
        let before = lines[..at].last().map_or("", |line| line.trim());
        let comment = before.strip_prefix("<!-- ");
        let code = lines[at + 1..].iter().copied();
        Snippet {
            source: comment.and_then(|comment| comment.strip_suffix(" -->")),
            lines: code.take_while(|line| line.trim() != "```").collect(),
        }
    };
    starts.map(snippet).collect()
}

/// Lines without the indentation that they have in common.
fn dedented<'a>(lines: &[&'a str]) -> Vec<&'a str> {
    let indented = lines.iter().filter(|line| !line.trim().is_empty());
    let indent = indented.map(|line| line.len() - line.trim_start().len());
    let indent = indent.min().unwrap_or(0);
    let dedent = |line: &&'a str| line.get(indent..).unwrap_or_default();
    lines.iter().map(dedent).collect()
}

/// Whether these lines stand in a source, one after the other.
fn is_part(lines: &[&str], source: &str) -> bool {
    let wanted = dedented(lines);
    let source: Vec<&str> = source.lines().collect();
    let mut parts = source.windows(lines.len().max(1));
    parts.any(|part| dedented(part) == wanted)
}

/// Whether cargo finds a source by itself, or another one in its folder names it.
fn is_compiled(source: &Path) -> bool {
    let folder = source.parent().expect("a file");
    let name = source.file_stem().unwrap_or_default().to_string_lossy();
    let is_known = matches!(&*name, "main" | "lib");
    if is_known || ["examples", "tests"].iter().any(|of| folder.ends_with(of)) {
        return true;
    }
    let named = format!("mod {name};");
    let names_it = |file: PathBuf| {
        let is_source = file.extension().is_some_and(|extension| extension == "rs");
        is_source && read(&file).lines().any(|line| line.ends_with(&named))
    };
    let mut files = fs::read_dir(folder).expect("the folder of a source");
    files.any(|file| names_it(file.expect("a file").path()))
}

#[test]
fn the_code_in_the_documents_is_a_part_of_what_is_compiled() {
    let mut seen = 0;
    for document in documents() {
        for Snippet { source, lines } in snippets(&read(&document)) {
            let (first, document) = (lines.first().unwrap_or(&""), document.display());
            let source = source.unwrap_or_else(|| {
                panic!("{document}: no comment before the code {first:?} says where it is from")
            });
            let path = root().join(source);
            assert!(is_compiled(&path), "{document}: who compiles {source}?");
            let is_there = is_part(&lines, &read(&path));
            assert!(
                is_there,
                "{document}: {source} has not what begins {first:?}"
            );
            seen += 1;
        }
    }
    assert!(seen >= 10, "{seen} snippets");
}

#[test]
fn code_is_a_part_only_line_by_line_and_in_its_order() {
    let source = "fn a() {\n    if b {\n        c();\n    }\n\n    d();\n}\n";
    for part in [
        &["c();"][..],
        &["if b {", "    c();", "}", "", "d();"],
        &["  if b {", "      c();", "  }"],
    ] {
        assert!(is_part(part, source), "{part:?}");
    }
    for other in [
        &["c()"][..],
        &[],
        &["if b {", "c();", "}"],
        &["c();", "d();"],
        &["}", "d();"],
        &["d();", "c();"],
    ] {
        assert!(!is_part(other, source), "{other:?}");
    }
    let text = "- code:\n  <!-- a.rs -->\n  ```rust\n  c();\n  ```\n\n```rust,ignore\nd();\n```\n";
    let found = snippets(text);
    let found: Vec<_> = found.iter().map(|one| (one.source, &*one.lines)).collect();
    assert_eq!(
        found,
        [(Some("a.rs"), &["  c();"][..]), (None, &["d();"][..])]
    );
}

/// Lines that are promised to be enough for GET, POST, events and a WebSocket.
const APP_LINES: usize = 30;

#[test]
fn the_example_of_routes_is_short() {
    let source = read(&root().join("crates/faceplate-sim/examples/lamp/app.rs"));
    let app = source
        .lines()
        .skip_while(|line| *line != "impl App for Lamp {");
    let app = app.take_while(|line| *line != "}");
    // With the brace that ends it.
    let lines = app.filter(|line| !line.is_empty()).count() + 1;
    assert!((10..=APP_LINES).contains(&lines), "{lines} lines");
}

/// Lines that are promised to be enough for somebody's own firmware.
const EXAMPLE_LINES: usize = 65;

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

/// All files below a folder that one may have written.
fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    let name = folder.file_name().unwrap_or_default().to_string_lossy();
    if matches!(&*name, "target" | "node_modules" | "dist" | "corpus") || name.starts_with('.') {
        return;
    }
    for entry in fs::read_dir(folder).expect("a folder") {
        let entry = entry.expect("a folder");
        match entry.file_type().expect("a file or a folder").is_dir() {
            true => sources(&entry.path(), found),
            false => found.push(entry.path()),
        }
    }
}

/// Whether a source in Rust, `file.rs` or one of the folder `file`, has this test.
fn has_test(sources: &[PathBuf], file: &str, test: &str) -> bool {
    let is_there = |path: &&PathBuf| {
        let named = path.file_stem().is_some_and(|stem| stem == file);
        let within = path.ends_with(format!("{file}/mod.rs"));
        path.extension().is_some_and(|end| end == "rs") && (named || within)
    };
    let begins = format!("fn {test}(");
    let has = |path: &PathBuf| {
        let text = read(path);
        let lines: Vec<&str> = text.lines().map(str::trim).collect();
        let mut lines = lines.windows(2);
        lines.any(|pair| pair[0] == "#[test]" && pair[1].starts_with(&begins))
    };
    sources.iter().filter(is_there).any(has)
}

/// The last cells of the rows of those tables whose head ends with `name`.
fn last_cells<'t>(text: &'t str, name: &str) -> Vec<&'t str> {
    let mut cells = Vec::new();
    let mut wanted = false;
    for line in text.lines() {
        let Some((_, cell)) = line
            .strip_suffix(" |")
            .and_then(|row| row.rsplit_once("| "))
        else {
            wanted &= line.starts_with("|--");
            continue;
        };
        if wanted {
            cells.push(cell);
        }
        wanted |= cell == name;
    }
    cells
}

#[test]
fn each_fault_is_proved_by_tests_that_there_are() {
    let mut files = Vec::new();
    for folder in ["crates", "firmware", "web"] {
        sources(&root().join(folder), &mut files);
    }
    let page = read(&root().join("docs/failures.md"));
    let cells = last_cells(&page, "proved by");
    assert!(cells.len() > 50, "{} faults", cells.len());
    for cell in cells {
        let names: Vec<&str> = code(cell).collect();
        assert!(!names.is_empty(), "no test in {cell:?}");
        for name in names {
            let is_there = match name.split_once("::") {
                Some((file, test)) => has_test(&files, file, test),
                None => files.iter().any(|path| path.ends_with(name)),
            };
            assert!(is_there, "docs/failures.md: which test is {name}?");
        }
    }
}

#[test]
fn a_test_that_is_not_there_is_noticed() {
    let here = [PathBuf::from(file!()), root().join(file!())];
    let here: Vec<PathBuf> = here.into_iter().filter(|path| path.exists()).collect();
    assert!(has_test(
        &here,
        "documents",
        "a_test_that_is_not_there_is_noticed"
    ));
    assert!(!has_test(&here, "documents", "root"));
    assert!(!has_test(
        &here,
        "document",
        "a_test_that_is_not_there_is_noticed"
    ));
    let page =
        "| a | proved by |\n|---|---|\n| b | c |\n| d | e |\n\n| f | g |\n|---|---|\n| h | i |\n";
    assert_eq!(last_cells(page, "proved by"), ["c", "e"]);
}
