//! Licences of what is depended on: which are allowed, and whether an SPDX expression of them is.

use std::collections::BTreeSet;
use std::fs;

use crate::cargo::root;

/// The strings of a list in `deny.toml`, which names what is allowed for cargo-deny, too.
pub(crate) fn list(name: &str) -> BTreeSet<String> {
    let text = fs::read_to_string(root().join("deny.toml")).expect("deny.toml");
    let start = format!("\n{name} = [\n");
    let (_, rest) = text.split_once(&start).expect("a list of that name");
    let (list, _) = rest.split_once("\n]").expect("its end");
    let strings = list
        .lines()
        .map(|line| line.trim().trim_matches([',', '"']));
    strings.map(str::to_owned).collect()
}

/// Whether one may choose licences by `expression` that are all allowed.
pub(crate) fn may(expression: &str, allowed: &BTreeSet<String>) -> bool {
    // As it was written before SPDX had expressions.
    let text = expression
        .replace('/', " OR ")
        .replace('(', " ( ")
        .replace(')', " ) ");
    let words: Vec<&str> = text.split_whitespace().collect();
    let mut words = &words[..];
    any(&mut words, allowed) && words.is_empty()
}

fn any(words: &mut &[&str], allowed: &BTreeSet<String>) -> bool {
    let mut may = all(words, allowed);
    while take(words, "OR") {
        may |= all(words, allowed);
    }
    may
}

fn all(words: &mut &[&str], allowed: &BTreeSet<String>) -> bool {
    let mut may = one(words, allowed);
    while take(words, "AND") {
        may &= one(words, allowed);
    }
    may
}

fn one(words: &mut &[&str], allowed: &BTreeSet<String>) -> bool {
    if take(words, "(") {
        return any(words, allowed) & take(words, ")");
    }
    let Some((name, rest)) = words.split_first() else {
        return false;
    };
    *words = rest;
    let mut name = (*name).to_owned();
    if take(words, "WITH")
        && let Some((exception, rest)) = words.split_first()
    {
        name = format!("{name} WITH {exception}");
        *words = rest;
    }
    allowed.contains(&name)
}

fn take(words: &mut &[&str], word: &str) -> bool {
    match words.split_first() {
        Some((first, rest)) if *first == word => {
            *words = rest;
            true
        }
        _ => false,
    }
}

#[test]
fn one_may_choose_but_not_leave_out() {
    let allowed = BTreeSet::from(["MIT", "Zlib", "A WITH B"].map(str::to_owned));
    for expression in [
        "MIT",
        "GPL-3.0 OR MIT",
        "GPL-3.0/MIT",
        "MIT AND Zlib",
        "(GPL-3.0 OR MIT) AND Zlib",
        "GPL-3.0 AND X OR MIT",
        "A WITH B",
    ] {
        assert!(may(expression, &allowed), "{expression}");
    }
    for expression in [
        "",
        "GPL-3.0",
        "MIT AND GPL-3.0",
        "(MIT",
        "MIT)",
        "MIT Zlib",
        "A",
        "MIT WITH B",
    ] {
        assert!(!may(expression, &allowed), "{expression}");
    }
}
