//! What a page forbids itself by a Content-Security-Policy of its own.

use crate::tags::Tags;

/// Whether a page surely keeps its scripts from asking the device, so that none can confirm.
///
/// The script that confirms stands in front of any such policy, so that it runs in any case
/// (CSP 3, 3.3); what it asks for later counts as a connection. Names of hosts may be those of the device.
pub(crate) fn forbids_asking(page: &str) -> bool {
    Tags::new(page)
        .filter(|tag| {
            let of = tag.get("http-equiv").unwrap_or_default().trim();
            tag.name == "meta" && of.eq_ignore_ascii_case("content-security-policy")
        })
        .any(|tag| {
            let policy = tag.get("content").unwrap_or_default();
            sources(policy, "connect-src")
                .or_else(|| sources(policy, "default-src"))
                .is_some_and(|sources| !sources.split_ascii_whitespace().any(may_be_the_device))
        })
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
}
