//! What a crate is made of, as cargo resolves it for a target.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use super::document::{Part, Parts};
use crate::cargo::{cargo, output, root};
use crate::emulate::tools::at;

/// What is built.
pub(super) struct Crate<'a> {
    /// Folder of its workspace, below the root of the repository.
    pub(super) workspace: &'a str,
    pub(super) package: &'a str,
    pub(super) target: &'a str,
    pub(super) features: &'a [&'a str],
}

/// Name and version.
type Id = (String, String);

/// A line of `cargo tree`.
#[derive(Debug, PartialEq, Eq)]
struct Line {
    depth: usize,
    id: Id,
    is_macro: bool,
    licence: String,
    repository: Option<String>,
}

pub(super) fn parts(of: &Crate<'_>) -> Result<Parts, String> {
    let checksums = checksums(of.workspace)?;
    let lines = tree(of, "normal,build")?;
    let linked = linked(&tree(of, "normal")?);
    let part = |line: &Line| {
        let (name, version) = line.id.clone();
        let checksum = checksums.get(&line.id).cloned();
        let purl = || format!("pkg:cargo/{name}@{}", version.replace('+', "%2B"));
        Part {
            of: "cargo",
            purl: checksum.is_some().then(purl),
            hash: checksum.map(|checksum| ("SHA-256", checksum)),
            licence: line.licence.clone(),
            repository: line.repository.clone(),
            excluded: !linked.contains(&line.id),
            name,
            version,
        }
    };
    let first = lines.first().ok_or("cargo tree prints nothing")?;
    let mut parts = Parts {
        root: part(first),
        all: BTreeMap::new(),
        needs: BTreeMap::new(),
    };
    let mut above: Vec<String> = Vec::new();
    for line in &lines {
        let part = part(line);
        above.truncate(line.depth);
        if let Some(parent) = above.last() {
            let needs = parts.needs.entry(parent.clone()).or_default();
            needs.insert(part.reference());
        }
        above.push(part.reference());
        if line.depth > 0 {
            parts.all.insert(part.reference(), part);
        }
    }
    Ok(parts)
}

/// What is in the program in the end: all that is not reached by macros alone.
fn linked(lines: &[Line]) -> BTreeSet<Id> {
    let mut linked = BTreeSet::new();
    let mut within = None;
    for line in lines {
        if within.is_some_and(|depth| line.depth > depth) {
            continue;
        }
        within = line.is_macro.then_some(line.depth);
        if !line.is_macro {
            linked.insert(line.id.clone());
        }
    }
    linked
}

/// What cargo would build, as a tree in lines.
fn tree(of: &Crate<'_>, edges: &str) -> Result<Vec<Line>, String> {
    let mut tree = cargo(&["tree", "--locked", "--quiet", "--package", of.package]);
    tree.current_dir(root().join(of.workspace));
    tree.args(["--edges", edges, "--target", of.target]);
    tree.args(["--features", &of.features.join(",")]);
    tree.args(["--prefix", "depth", "--charset", "ascii", "--no-dedupe"]);
    tree.args(["--format", "\t{p}\t{l}\t{r}"]);
    let printed = output(&mut tree)?;
    let lines = printed.lines().map(line);
    lines.collect()
}

fn line(text: &str) -> Result<Line, String> {
    let parse = || {
        let mut fields = text.split('\t');
        let depth = fields.next()?.parse().ok()?;
        let package = fields.next()?;
        let mut words = package.split(' ');
        let name = words.next()?.to_owned();
        let version = words.next()?.strip_prefix('v')?.to_owned();
        let licence = fields.next()?.trim();
        let repository = fields.next()?.trim();
        Some(Line {
            depth,
            id: (name, version),
            is_macro: package.contains("(proc-macro)"),
            // As it was written before SPDX had expressions.
            licence: match licence.contains('/') {
                true => licence
                    .split('/')
                    .map(str::trim)
                    .collect::<Vec<_>>()
                    .join(" OR "),
                false => licence.to_owned(),
            },
            repository: (!repository.is_empty()).then(|| repository.to_owned()),
        })
    };
    parse().ok_or_else(|| format!("what does cargo tree say? {text}"))
}

/// SHA-256 of the archives that a workspace's lock file names.
fn checksums(workspace: &str) -> Result<BTreeMap<Id, String>, String> {
    let path = root().join(workspace).join("Cargo.lock");
    let text = fs::read_to_string(&path).map_err(at(&path))?;
    let packages = text.split("[[package]]").skip(1);
    let of = |package: &str| {
        let field = |name: &str| {
            let start = format!("{name} = \"");
            let mut lines = package.lines();
            let value = lines.find_map(|line| line.strip_prefix(&start)?.strip_suffix('"'));
            value.map(str::to_owned)
        };
        Some(((field("name")?, field("version")?), field("checksum")?))
    };
    Ok(packages.filter_map(of).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_of_the_tree_is_taken_apart() {
        let one = line("2\tserde v1.0.2 (proc-macro)\tMIT/Apache-2.0\thttps://x").unwrap();
        let id = ("serde".to_owned(), "1.0.2".to_owned());
        let (licence, repository) = ("MIT OR Apache-2.0".to_owned(), Some("https://x".to_owned()));
        assert_eq!(
            one,
            Line {
                depth: 2,
                id,
                is_macro: true,
                licence,
                repository
            }
        );
        assert_eq!(line("0\tx v1 (/a b)\tMIT\t").unwrap().repository, None);
        assert!(line("[build-dependencies]").is_err());
    }

    #[test]
    fn what_only_macros_need_is_not_in_the_program() {
        let lines = [
            "0\ta v1\t\t",
            "1\tm v1 (proc-macro)\t\t",
            "2\tx v1\t\t",
            "3\ty v1\t\t",
            "1\ty v1\t\t",
        ];
        let lines: Vec<Line> = lines.iter().map(|text| line(text).unwrap()).collect();
        let names: Vec<String> = linked(&lines).into_iter().map(|(name, _)| name).collect();
        assert_eq!(names, ["a", "y"]);
    }
}
