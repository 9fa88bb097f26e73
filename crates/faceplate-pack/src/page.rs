//! What a page loads from its own host.

use crate::{
    path::canonical,
    tags::{Tag, Tags},
};

/// Something that a page loads from its own origin.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asset {
    /// Path on the device and query as they are asked for, percent-encoded.
    pub path: String,
    /// The page is below the prefix of a proxy, and a browser would look for this beside it.
    pub outside: bool,
    /// Whether the page cannot work without it: scripts and styles that every browser uses at once, but
    /// no pictures, nor what is for old browsers or for paper, or loaded before it is asked for.
    pub needed: bool,
}

/// Most assets that are looked at; a page with more is not one for a device.
const ASSETS_MAX: usize = 200;

/// Finds what `html` loads from its own host. `device` is where it is: a host, behind a proxy with the
/// prefix that leads to it (`home.example/kitchen`).
#[must_use]
pub fn assets(html: &str, device: &str) -> Vec<Asset> {
    let (host, prefix) = device.split_at(device.find('/').unwrap_or(device.len()));
    let prefix = canonical(prefix);
    let home = format!("{prefix}/");
    let mut base = home.clone();
    let mut found: Vec<Asset> = Vec::new();
    for tag in Tags::new(html) {
        let (address, needed) = match &*tag.name {
            "base" => {
                if let Some(path) = tag.get("href").and_then(|href| resolve(href, &home, host)) {
                    base = path;
                }
                continue;
            }
            "script" if is_code(&tag) => (tag.get("src"), tag.get("nomodule").is_none()),
            "img" => (tag.get("src"), false),
            "link" => match link(&tag) {
                Some(needed) => (tag.get("href"), needed),
                None => continue,
            },
            _ => continue,
        };
        let Some(path) = address.and_then(|address| resolve(address, &base, host)) else {
            continue;
        };
        let below = path.strip_prefix(&*prefix);
        let (path, outside) = match below.filter(|path| path.starts_with('/')) {
            Some(path) => (path.to_owned(), false),
            None => (path, true),
        };
        if let Some(asset) = found.iter_mut().find(|asset| asset.path == path) {
            asset.needed |= needed;
        } else if found.len() < ASSETS_MAX {
            found.push(Asset {
                path,
                outside,
                needed,
            });
        }
    }
    found
}

/// Whether a browser runs a script: others are data, whose address nobody loads (HTML, 4.12.1).
fn is_code(script: &Tag) -> bool {
    let of = script.get("type").unwrap_or_default().trim_ascii();
    let of = of.to_ascii_lowercase();
    let (top, name) = of.split_once('/').unwrap_or_default();
    let name = name.strip_prefix("x-").unwrap_or(name);
    let is_javascript = ["javascript", "ecmascript", "jscript", "livescript"].contains(&name);
    // There are numbers of versions behind it from the nineties.
    let is_version = name.strip_prefix("javascript1.").is_some();
    match top {
        "" => of.is_empty() || of == "module",
        "text" => is_javascript || is_version,
        "application" => matches!(name, "javascript" | "ecmascript"),
        _ => false,
    }
}

/// Whether the target of a link is loaded with the page, and whether the page needs it.
fn link(link: &Tag) -> Option<bool> {
    let rel = link.get("rel")?.to_ascii_lowercase();
    let has = |wanted: &str| rel.split_ascii_whitespace().any(|word| word == wanted);
    if has("stylesheet") {
        let of = link.get("type").unwrap_or_default().trim_ascii();
        let is_css = of.is_empty() || of.eq_ignore_ascii_case("text/css");
        let at_once = !has("alternate") && link.get("disabled").is_none() && is_for_all(link);
        return is_css.then_some(at_once);
    }
    if has("modulepreload") {
        return Some(true);
    }
    let others = [
        "preload",
        "icon",
        "apple-touch-icon",
        "mask-icon",
        "manifest",
    ];
    others.into_iter().any(has).then_some(false)
}

/// Whether a style sheet is for every screen, not for paper or for some of them.
fn is_for_all(link: &Tag) -> bool {
    let media = link.get("media").unwrap_or_default().to_ascii_lowercase();
    let mut kinds = media.split(',').map(str::trim_ascii);
    kinds.any(|kind| matches!(kind, "" | "all" | "screen" | "only screen"))
}

/// The path that an address in a page leads to; `None` when it leads elsewhere.
pub(crate) fn resolve(address: &str, base: &str, host: &str) -> Option<String> {
    let address = address.trim();
    let address = address.split('#').next().unwrap_or_default();
    if address.is_empty() {
        return None;
    }
    let scheme = address.split(['/', '?']).next().unwrap_or_default();
    let rest = match scheme.split_once(':') {
        Some((scheme, _)) if scheme.eq_ignore_ascii_case("http") => &address[scheme.len() + 1..],
        Some(_) => return None,
        None => address,
    };
    let path = match rest.strip_prefix("//") {
        Some(rest) => {
            let end = rest.find(['/', '?']).unwrap_or(rest.len());
            if !rest[..end].eq_ignore_ascii_case(host) {
                return None;
            }
            format!("/{}", rest[end..].trim_start_matches('/'))
        }
        None if rest.starts_with('/') => rest.to_owned(),
        None => format!("{}{rest}", &base[..=base.rfind('/').unwrap_or(0)]),
    };
    let (path, query) = path.split_at(path.find('?').unwrap_or(path.len()));
    Some(normal(&canonical(path)) + &encode(query))
}

/// Takes `.` and `..` out of a path (RFC 3986, 5.2.4).
fn normal(path: &str) -> String {
    let mut parts: Vec<&str> = Vec::new();
    let mut names = path.split('/').skip(1).peekable();
    while let Some(name) = names.next() {
        let last = names.peek().is_none();
        match name {
            "." | ".." => {
                if name == ".." {
                    parts.pop();
                }
                if last {
                    parts.push("");
                }
            }
            name => parts.push(name),
        }
    }
    format!("/{}", parts.join("/"))
}

/// Percent-encodes what of a query may not stand in a request line.
fn encode(query: &str) -> String {
    let mut encoded = String::with_capacity(query.len());
    for byte in query.bytes() {
        match byte {
            b'!'..=b'~' if !b"\"<>\\^`{|}".contains(&byte) => encoded.push(byte.into()),
            byte => encoded.push_str(&format!("%{byte:02X}")),
        }
    }
    encoded
}

/// The file that a path asks for: without query, leading slash and percent signs.
#[must_use]
pub fn file_name(path: &str) -> Option<String> {
    let path = path.split('?').next().unwrap_or_default();
    let mut bytes = Vec::with_capacity(path.len());
    let mut rest = path.strip_prefix('/')?.bytes();
    while let Some(byte) = rest.next() {
        let digit = |byte: u8| char::from(byte).to_digit(16);
        match byte {
            b'%' => bytes.push((digit(rest.next()?)? * 16 + digit(rest.next()?)?) as u8),
            byte => bytes.push(byte),
        }
    }
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(html: &str) -> Vec<(String, bool)> {
        assets(html, "lamp.local")
            .into_iter()
            .map(|asset| (asset.path, asset.needed))
            .collect()
    }

    fn paths(html: &str) -> Vec<String> {
        found(html).into_iter().map(|(path, _)| path).collect()
    }

    #[test]
    fn a_page_as_vite_writes_it_loads_its_script_styles_and_icon() {
        let html = r#"<!doctype html>
            <html lang="en"><head><meta charset="UTF-8" />
            <link rel="icon" type="image/svg+xml" href="/vite.svg" />
            <script type="module" crossorigin src="/assets/index-DxY1.js"></script>
            <link rel="modulepreload" href="./assets/vendor.js">
            <link rel="stylesheet" crossorigin href="/assets/index-B2.css">
            </head><body><div id="app"></div><img src=logo.png><a href="/other">o</a></body></html>"#;
        assert_eq!(
            found(html),
            [
                ("/vite.svg".to_owned(), false),
                ("/assets/index-DxY1.js".to_owned(), true),
                ("/assets/vendor.js".to_owned(), true),
                ("/assets/index-B2.css".to_owned(), true),
                ("/logo.png".to_owned(), false),
            ]
        );
    }

    #[test]
    fn a_page_works_without_what_is_only_preloaded_but_not_without_styles_and_modules() {
        for (html, needed) in [
            ("<link rel=preload as=font href=/x>", false),
            ("<link rel='preload stylesheet' href=/x>", true),
            ("<link rel=Modulepreload href=/x>", true),
            ("<link rel=preload as=script href=/x><script src=/x>", true),
            ("<script src=/x></script><link rel=preload href=/x>", true),
        ] {
            assert_eq!(found(html), [("/x".to_owned(), needed)], "{html}");
        }
    }

    #[test]
    fn a_page_works_without_what_only_some_browsers_use_and_nobody_loads_data() {
        for (html, needed) in [
            ("<script nomodule src=/x></script>", Some(false)),
            ("<script type=module src=/x></script>", Some(true)),
            ("<script type='' src=/x></script>", Some(true)),
            ("<script type=Text/JavaScript src=/x></script>", Some(true)),
            (
                "<script type=text/javascript1.5 src=/x></script>",
                Some(true),
            ),
            (
                "<script type=application/x-javascript src=/x></script>",
                Some(true),
            ),
            ("<script type=text/template src=/x></script>", None),
            ("<script type=text/x-handlebars src=/x></script>", None),
            ("<script type=text/babel src=/x></script>", None),
            ("<script type=importmap src=/x></script>", None),
            ("<script type=application/json src=/x></script>", None),
            ("<template><script src=/x></script></template>", None),
            (
                "<template><template></template><img src=/x></template>",
                None,
            ),
            (
                "<template><script>'</template>'</script><img src=/x></TEMPLATE>",
                None,
            ),
            ("<template></template><script src=/x></script>", Some(true)),
            (
                "<template><b></template ><script src=/x></script>",
                Some(true),
            ),
            ("<template><i></templates><script src=/x></script>", None),
            (
                "<template shadowrootmode=open><script src=/x></script></template>",
                Some(true),
            ),
            ("</template><script src=/x></script>", Some(true)),
            ("<noscript><link rel=stylesheet href=/x></noscript>", None),
            ("<noscript><img src=/x></noscript>", None),
            ("<noscript></noscripts><img src=/x></noscript>", None),
            ("<noscript>a</noscript><script src=/x></script>", Some(true)),
            ("<iframe><script src=/x></script></iframe>", None),
            ("<link rel=stylesheet media=print href=/x>", Some(false)),
            (
                "<link rel=stylesheet media='(min-width: 40em)' href=/x>",
                Some(false),
            ),
            (
                "<link rel=stylesheet media='print, SCREEN' href=/x>",
                Some(true),
            ),
            ("<link rel=stylesheet media='' href=/x>", Some(true)),
            (
                "<link rel='Alternate StyleSheet' title=b href=/x>",
                Some(false),
            ),
            ("<link rel=stylesheet disabled href=/x>", Some(false)),
            ("<link rel=stylesheet type=text/css href=/x>", Some(true)),
            ("<link rel=stylesheet type=text/less href=/x>", None),
            ("<link rel=alternate href=/x>", None),
        ] {
            let want: Vec<_> = needed
                .map(|needed| ("/x".to_owned(), needed))
                .into_iter()
                .collect();
            assert_eq!(found(html), want, "{html}");
        }
    }

    /// What a page loads, and whether that is outside of the device's prefix.
    fn outside(html: &str, device: &str) -> Vec<(String, bool)> {
        let assets = assets(html, device).into_iter();
        assets.map(|asset| (asset.path, asset.outside)).collect()
    }

    fn owned<const N: usize>(expected: [(&str, bool); N]) -> [(String, bool); N] {
        expected.map(|(path, outside)| (path.to_owned(), outside))
    }

    #[test]
    fn behind_a_proxy_what_is_below_its_prefix_is_the_devices() {
        let html = r#"<script src="./a.js"></script><script src="/kitchen/b.js"></script>
            <script src="/c.js"></script><script src="/kitchens/d.js"></script>
            <script src="../e.js"></script><base href="sub/"><script src="f.js"></script>"#;
        let expected = [
            ("/a.js", false),
            ("/b.js", false),
            ("/c.js", true),
            ("/kitchens/d.js", true),
            ("/e.js", true),
            ("/sub/f.js", false),
        ];
        assert_eq!(outside(html, "home.example/kitchen"), owned(expected));
    }

    #[test]
    fn a_prefix_is_the_same_however_it_is_spelled() {
        let html = r#"<script src="./a.js"></script><script src="/kitch%65n/b.js"></script>
            <script src="/kitchen/%2e%2E/kitchen/%7ec.js"></script><script src="/kitchen%2fd.js"></script>"#;
        for prefix in ["/kitchen", "/k%69tchen"] {
            let expected = [
                ("/a.js", false),
                ("/b.js", false),
                ("/~c.js", false),
                ("/kitchen%2Fd.js", true),
            ];
            let found = outside(html, &format!("home.example{prefix}"));
            assert_eq!(found, owned(expected), "{prefix}");
        }
    }

    #[test]
    fn addresses_elsewhere_and_data_are_left_alone() {
        let html = r#"<script src="https://cdn.example/x.js"></script>
            <script src="//cdn.example/x.js"></script><img src="data:image/png;base64,AA=="/>
            <link rel=canonical href=/page><link rel="preconnect" href="/x"><script src=""></script>
            <script src="http://lamp.local/own.js"></script><script src="//LAMP.local/two.js"></script>"#;
        assert_eq!(paths(html), ["/own.js", "/two.js"]);
    }

    #[test]
    fn what_looks_like_a_tag_in_comments_scripts_and_values_is_none() {
        let html = r#"<!-- <script src="/no1.js"></script> -->
            <script>if (a<b) document.write('<script src="/no2.js">')</script>
            <style>/* <img src="/no3.png"> */</style><title><img src=/no4.png></title>
            <div title="<img src='/no5.png'>"></div><IMG SRC = '/yes.png' alt>
            <STYLE>x</STYLE ><script src="/last.js" ></script>"#;
        assert_eq!(paths(html), ["/yes.png", "/last.js"]);
    }

    #[test]
    fn paths_are_resolved_and_encoded_as_browsers_do() {
        for (base, src, want) in [
            ("", "a.js", "/a.js"),
            ("", "./a/../b/./c.js?v=1&amp;w=2#x", "/b/c.js?v=1&w=2"),
            ("", "../../up.js", "/up.js"),
            ("", "/a b/ü.js", "/a%20b/%C3%BC.js"),
            ("", "/a%20b.js", "/a%20b.js"),
            ("/app/", "x.js", "/app/x.js"),
            ("/app/index.html", "x.js", "/app/x.js"),
            ("/app/", "/x.js", "/x.js"),
        ] {
            let base = if base.is_empty() {
                String::new()
            } else {
                format!("<base href={base}>")
            };
            let html = format!("{base}<script src=\"{src}\"></script>");
            assert_eq!(paths(&html), [want], "{src}");
        }
    }

    #[test]
    fn a_path_leads_to_a_file() {
        assert_eq!(
            file_name("/a%20b/%c3%BC.js?v=1").as_deref(),
            Some("a b/ü.js")
        );
        assert_eq!(file_name("/").as_deref(), Some(""));
        for path in ["/a%2", "/a%zz", "/%ff", "a"] {
            assert_eq!(file_name(path), None, "{path}");
        }
    }

    #[test]
    fn the_scanner_ends_on_anything() {
        let whole = r#"<a b='c' d="e" f=g/><!-- x --><script src=/s.js>y</script><ü é=ö><"#;
        let cuts = (0..=whole.len()).filter(|at| whole.is_char_boundary(*at));
        for at in cuts {
            found(&whole[..at]);
            found(&whole[at..]);
        }
        for html in [
            "<",
            "<<<>",
            "<a =",
            "<a ==>",
            "<a b=\"",
            "</",
            "<!",
            "<!--",
            "<img/é=1",
        ] {
            found(html);
        }
    }
}
