//! Which files of a build a person means by patterns such as `assets/**`.
//!
//! The `glob` crate is the Rust project's own, and depends on nothing.

use std::collections::BTreeSet;

use faceplate_pack::keeps_its_name;
use glob::{MatchOptions, Pattern};

/// As shells do: a star stays within one folder, two stars do not.
const LIKE_SHELLS: MatchOptions = MatchOptions {
    case_sensitive: true,
    require_literal_separator: true,
    require_literal_leading_dot: false,
};

/// A pattern, as an argument.
pub(crate) fn pattern(text: &str) -> Result<Pattern, String> {
    Pattern::new(text).map_err(|error| {
        format!(
            "{} at character {}; `**` must be a whole name, as in assets/**",
            error.msg, error.pos
        )
    })
}

/// What patterns mean.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Meant {
    /// The files.
    pub(crate) files: BTreeSet<String>,
    /// What is odd about the patterns, in words.
    pub(crate) warnings: Vec<String>,
}

/// The files whose names change with their content, if those are the ones that match.
pub(crate) fn immutable<'a>(
    patterns: &[Pattern],
    paths: impl Iterator<Item = &'a str> + Clone,
) -> Meant {
    let mut meant = Meant::default();
    let mut told = BTreeSet::new();
    for pattern in patterns {
        let matches = |path: &str| pattern.matches_with(path, LIKE_SHELLS);
        // What is there as `app.js.gz` alone is `app.js`.
        let matching = |path: &&str| matches(path) || path.strip_suffix(".gz").is_some_and(matches);
        let mut any = false;
        for path in paths.clone().filter(matching) {
            any = true;
            if !keeps_its_name(path) {
                meant.files.insert(path.to_owned());
            } else if told.insert(path) {
                meant.warnings.push(format!(
                    "{path} matches --immutable {pattern}, but it has the same name in every build: \
                     it is not marked"
                ));
            }
        }
        if !any {
            meant.warnings.push(format!(
                "--immutable {pattern} matches no file; paths are those inside the folder, like \
                 assets/app-1a2b3c4d.js"
            ));
        }
    }
    meant
}

#[cfg(test)]
mod tests {
    use super::*;

    const PATHS: [&str; 7] = [
        "index.html",
        "assets/app-1a2b3c4d.js",
        "assets/fonts/a.woff2",
        "assets/help.html",
        "faceplate-confirm.js",
        "favicon.svg",
        "lib/b.mjs.gz",
    ];

    fn meant(patterns: &[&str]) -> (Vec<String>, usize) {
        let patterns: Vec<_> = patterns.iter().map(|text| pattern(text).unwrap()).collect();
        let Meant { files, warnings } = immutable(&patterns, PATHS.into_iter());
        (files.into_iter().collect(), warnings.len())
    }

    #[test]
    fn a_star_stays_in_its_folder_and_two_do_not() {
        for (patterns, files, warnings) in [
            (&["assets/**"][..], &PATHS[1..3], 1),
            (&["assets/*"], &PATHS[1..2], 1),
            (&["assets/*.js", "**/*.woff2"], &PATHS[1..3], 0),
            (&["**/*-????????.js"], &PATHS[1..2], 0),
            (&["assets/app-[0-9a-f]*.js"], &PATHS[1..2], 0),
            (&["lib/*.mjs"], &PATHS[6..], 0),
            (&["lib/*.gz"], &PATHS[6..], 0),
        ] {
            assert_eq!(
                meant(patterns),
                (
                    files.iter().map(|path| (*path).to_owned()).collect(),
                    warnings
                ),
                "{patterns:?}"
            );
        }
    }

    #[test]
    fn what_has_the_same_name_in_every_build_is_told_once_and_not_marked() {
        let (files, warnings) = meant(&["**", "*.html"]);
        assert_eq!(
            files,
            [
                "assets/app-1a2b3c4d.js",
                "assets/fonts/a.woff2",
                "favicon.svg",
                "lib/b.mjs.gz"
            ]
        );
        assert_eq!(warnings, 3);
    }

    #[test]
    fn a_pattern_that_matches_nothing_is_told() {
        for text in ["dist/assets/**", "/assets/**", "ASSETS/*", "", "*.JS"] {
            assert_eq!(meant(&[text]), (Vec::new(), 1), "{text}");
        }
    }

    #[test]
    fn what_is_no_pattern_is_refused() {
        for text in ["assets**", "a***", "[a"] {
            assert!(pattern(text).is_err(), "{text}");
        }
    }
}
