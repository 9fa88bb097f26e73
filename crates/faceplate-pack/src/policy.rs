//! What a page forbids itself by a Content-Security-Policy of its own.

use crate::tags::{Tag, Tags};

/// Whether a page surely keeps its scripts from asking the device, so that none can confirm.
///
/// The script that confirms stands in front of any such policy, so that it runs in any case
/// (CSP 3, 3.3); what it asks for later counts as a connection. Names of hosts may be those of the device.
pub(crate) fn forbids_asking(page: &str) -> bool {
    let forbids = |(_, policy): (usize, String)| {
        governing(&policy, &["connect-src", "default-src"])
            .is_some_and(|(_, sources)| !sources.split_ascii_whitespace().any(may_be_the_device))
    };
    policies(page).any(forbids)
}

/// Whether a policy surely keeps a script of the device from loading that stands behind it in the page,
/// as it does where a tool has moved one of the two; says what is to be done.
pub(crate) fn blocks(page: &str, is_script: impl Fn(&Tag) -> bool) -> Option<String> {
    let script = Tags::new(page).find(is_script)?;
    // Of these the policy may say that they are allowed all the same.
    if script.get("nonce").is_some() || script.get("integrity").is_some() {
        return None;
    }
    let mut in_front = policies(page).take_while(|(at, _)| *at < script.start);
    in_front.find_map(|(_, policy)| {
        let directives = ["script-src-elem", "script-src", "default-src"];
        let (directive, sources) = governing(&policy, &directives)?;
        let mut words = sources.split_ascii_whitespace();
        let dynamic = |word: &str| word.eq_ignore_ascii_case("'strict-dynamic'");
        if sources.split_ascii_whitespace().any(dynamic) {
            return Some(format!("with 'strict-dynamic' in its {directive}"));
        }
        let blocked = !words.any(may_be_the_device);
        blocked.then(|| format!("as 'self' is missing in its {directive}"))
    })
}

/// The policies of a page, and where they begin to count.
fn policies(page: &str) -> impl Iterator<Item = (usize, String)> {
    Tags::new(page).filter_map(|tag| {
        let of = tag.get("http-equiv").unwrap_or_default().trim();
        let is_policy = tag.name == "meta" && of.eq_ignore_ascii_case("content-security-policy");
        is_policy.then(|| (tag.start, tag.get("content").unwrap_or_default().to_owned()))
    })
}

/// The first of these directives that a policy has, and what that allows.
fn governing<'a>(policy: &'a str, directives: &[&'static str]) -> Option<(&'static str, &'a str)> {
    let has = |name: &&'static str| Some((*name, sources(policy, name)?));
    directives.iter().find_map(has)
}

/// What a policy allows for a directive, of which the first counts.
fn sources<'a>(policy: &'a str, directive: &str) -> Option<&'a str> {
    policy.split(';').find_map(|part| {
        let part = part.trim_ascii();
        let end = part.find(|c: char| c.is_ascii_whitespace());
        let (name, sources) = part.split_at(end.unwrap_or(part.len()));
        name.eq_ignore_ascii_case(directive).then_some(sources)
    })
}

fn may_be_the_device(source: &str) -> bool {
    if source.starts_with('\'') {
        return source.eq_ignore_ascii_case("'self'");
    }
    let local = ["data:", "blob:", "about:", "filesystem:", "mediastream:"];
    !local
        .iter()
        .any(|scheme| source.eq_ignore_ascii_case(scheme))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_may_ask_the_device_unless_its_policy_surely_forbids_that() {
        for (policy, forbids) in [
            ("default-src 'none'", true),
            ("Default-Src 'NONE'; img-src 'self'", true),
            ("default-src 'none'; script-src 'self'", true),
            ("default-src 'self'; connect-src 'none'", true),
            ("default-src 'self'; connect-src", true),
            ("connect-src data: blob:;connect-src 'self'", true),
            ("default-src 'nonce-abc' 'strict-dynamic'", true),
            ("default-src 'self'", false),
            ("default-src 'none'; connect-src 'Self'", false),
            ("default-src 'none';\n\tconnect-src\n'self' blob:", false),
            ("default-src 'none'; connect-src *", false),
            ("default-src 'none'; connect-src http:", false),
            ("default-src 'none'; connect-src http://lamp.local", false),
            ("script-src 'none'", false),
            ("connect-src-elem 'none'", false),
            ("", false),
        ] {
            let page =
                format!("<head><meta http-equiv=content-security-Policy content=\"{policy}\">");
            assert_eq!(forbids_asking(&page), forbids, "{policy}");
            let other = page.replace("content-security", "x");
            assert!(!forbids_asking(&other), "{policy}");
        }
        let two = "<meta http-equiv=Content-Security-Policy content=\"default-src *\">\
                   <meta http-equiv=Content-Security-Policy content=\"default-src 'none'\">";
        assert!(forbids_asking(two));
    }

    #[test]
    fn a_policy_in_front_of_a_script_blocks_it_unless_it_may_allow_it() {
        let missing = |directive| format!("as 'self' is missing in its {directive}");
        let is_script = |tag: &Tag| tag.name == "script";
        for (policy, blocks) in [
            ("default-src 'none'", Some(missing("default-src"))),
            (
                "script-src 'nonce-abc'; default-src *",
                Some(missing("script-src")),
            ),
            (
                "script-src *; script-src-elem",
                Some(missing("script-src-elem")),
            ),
            ("script-src 'sha256-x' blob:", Some(missing("script-src"))),
            (
                "script-src 'self' 'Strict-Dynamic' 'nonce-abc'",
                Some("with 'strict-dynamic' in its script-src".to_owned()),
            ),
            ("default-src 'none'; script-src 'self'", None),
            ("script-src http://lamp.local", None),
            ("connect-src 'none'; style-src 'none'", None),
            ("", None),
        ] {
            let meta = format!("<meta http-equiv=Content-Security-Policy content=\"{policy}\">");
            let script = "<script src=a.js></script>";
            let behind = format!("<head>{meta}{script}");
            assert_eq!(super::blocks(&behind, is_script), blocks, "{policy}");
            let in_front = format!("<head>{script}{meta}");
            assert_eq!(super::blocks(&in_front, is_script), None, "{policy}");
            for attribute in ["nonce=abc", "integrity=sha256-x"] {
                let page = behind.replace("src=a.js", &format!("{attribute} src=a.js"));
                assert_eq!(super::blocks(&page, is_script), None, "{policy}");
            }
        }
    }
}
