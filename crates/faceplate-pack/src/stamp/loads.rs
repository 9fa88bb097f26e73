//! How a page finds its own scripts: the first address by which it loads one, or a style sheet.

use crate::tags::{Tag, Tags};

/// The first such address that `wanted` takes: of tags, and where they name none, of imports in scripts
/// of the page itself, which is all that some pages have (SvelteKit's).
pub(super) fn first(page: &str, wanted: fn(&str) -> bool) -> Option<String> {
    let wanted = |address: &&str| wanted(address);
    let in_a_tag = |tag: Tag| of_tag(&tag).filter(wanted).map(str::to_owned);
    let in_a_script = |tag: Tag| {
        let script = (tag.name == "script").then(|| &page[tag.end..tag.content_end])?;
        imports(script).find(wanted).map(str::to_owned)
    };
    Tags::new(page)
        .find_map(in_a_tag)
        .or_else(|| Tags::new(page).find_map(in_a_script))
}

/// The address of a script or style sheet.
fn of_tag(tag: &Tag) -> Option<&str> {
    match &*tag.name {
        "script" => tag.get("src"),
        "link" => {
            let is_code = |word: &str| match &*word.to_ascii_lowercase() {
                "stylesheet" | "modulepreload" => true,
                "preload" => tag.get("as").is_some_and(|what| {
                    what.eq_ignore_ascii_case("script") || what.eq_ignore_ascii_case("style")
                }),
                _ => false,
            };
            let rel = tag.get("rel")?;
            let mut words = rel.split_ascii_whitespace();
            tag.get("href").filter(|_| words.any(is_code))
        }
        _ => None,
    }
}

/// The addresses of imports in a script. A look-alike in a comment or text does no harm: nothing
/// better tells.
fn imports(script: &str) -> impl Iterator<Item = &str> {
    let is_part = |c: char| c.is_alphanumeric() || "_$.".contains(c);
    script
        .match_indices("import")
        .filter_map(move |(at, word)| {
            let alone = !script[..at].ends_with(is_part);
            let address = specifier(&script[at + word.len()..])?;
            // Names that are no addresses are found by an import map.
            let begins = ["/", "./", "../"].iter().any(|by| address.starts_with(by));
            (alone && begins).then_some(address)
        })
}

/// What stands in quotes behind `import`: `("x")`, `"x"`, `a, { b as c } from "x"`.
fn specifier(behind: &str) -> Option<&str> {
    let names = |c: char| c.is_alphanumeric() || c.is_whitespace() || "_$,{}*".contains(c);
    let rest = match behind.trim_start().strip_prefix('(') {
        Some(call) => after_comment(call.trim_start()),
        None => behind.trim_start_matches(names),
    };
    let quote = rest.chars().next().filter(|c| "\"'`".contains(*c))?;
    let (address, _) = rest[1..].split_once(quote)?;
    // What is put together when it runs is not known here.
    (!address.contains(['\\', '$', '\n'])).then_some(address)
}

/// Behind a comment for a bundler (`/* @vite-ignore */`).
fn after_comment(text: &str) -> &str {
    let comment = text
        .strip_prefix("/*")
        .and_then(|rest| rest.split_once("*/"));
    comment.map_or(text, |(_, rest)| rest.trim_start())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(page: &str) -> Option<String> {
        first(page, |address| !address.starts_with("https:"))
    }

    #[test]
    fn scripts_styles_and_what_loads_them_early_tell() {
        for page in [
            "<script src=./x></script>",
            "<link rel=stylesheet href=./x>",
            "<link href=./x rel=modulepreload>",
            "<link rel='preload' as=script href=./x>",
            "<link rel=PRELOAD as=Style href=./x>",
            "<script src=https://cdn.example/x></script><link rel=modulepreload href=./x>",
            // A tag counts before what a script only seems to import.
            "<script>import('/y')</script><link rel=modulepreload href=./x>",
        ] {
            assert_eq!(found(page).as_deref(), Some("./x"), "{page}");
        }
        for page in [
            "<link rel=icon href=./x>",
            "<link rel=preload as=font href=./x>",
            "<link rel=preload href=./x>",
            "<img src=./x>",
            "<link rel=modulepreload>",
        ] {
            assert_eq!(found(page), None, "{page}");
        }
    }

    #[test]
    fn so_do_imports_in_a_script_of_the_page() {
        for script in [
            "Promise.all([\n\timport(\"./x\"),\n\timport(\"./y\")\n])",
            "import('./x')",
            "import ( `./x` )",
            "import(/* @vite-ignore */ './x')",
            "import './x'",
            "import\"./x\"",
            "import a from './x'",
            "import a,{b as c,$d}from'./x';",
            "import * as _a from\n'./x'",
            "import { svelte } from 'svelte'; import('./x')",
            "import(base + '/y'); import('./x')",
            "import(`./${a}`); import.meta.url; import('./x')",
            "const reimport = importing('./y'), a = b.import('./y'); import('./x')",
        ] {
            let page = format!("<script type=module>{script}</script>");
            assert_eq!(found(&page).as_deref(), Some("./x"), "{script}");
        }
        for script in [
            "import",
            "import(",
            "import('./x",
            "import('a')",
            "imported('./x')",
            "",
        ] {
            let page = format!("<script>{script}</script>");
            assert_eq!(found(&page), None, "{script}");
        }
        assert_eq!(found("<p>import('./x')</p>"), None);
    }
}
