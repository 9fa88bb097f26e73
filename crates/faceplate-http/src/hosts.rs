//! Which names are the device's own, so that a page under another one is a stranger's.
//!
//! With DNS rebinding somebody bends a name of *theirs* to the device's address. So a name is ours only
//! if nobody else can own it in the public DNS, or if the network or the firmware says that it is ours.

/// Suffixes that a device's name may have in a home or office network, because no domain of the
/// public DNS ends in them:
///
/// - `local` (RFC 6762) and `home.arpa` (RFC 8375) are reserved, `internal` is by ICANN (2024);
/// - `home` and `corp`: ICANN has decided (2018) that nobody gets them;
/// - `lan` and `localdomain`: what many routers use. Nothing reserves them, but they leak into the public DNS
///   too often to be given to anybody (RFC 6762, appendix G, warns of `lan` with `home` and `corp`).
pub(crate) const SUFFIXES: [&str; 7] = [
    "local",
    "lan",
    "home.arpa",
    "internal",
    "localdomain",
    "home",
    "corp",
];

/// Whether `host` (a name, no address; without port and final dot) is one of the device called `name`.
/// `is_domain` knows the domain that DHCP gave, `added` are hosts as [`Device::hosts`] has them.
///
/// [`Device::hosts`]: crate::Device::hosts
pub(crate) fn is_own<'a>(
    host: &str,
    name: &str,
    is_domain: impl Fn(&str) -> bool,
    mut added: impl Iterator<Item = &'a str>,
) -> bool {
    let by_name = match host.split_once('.') {
        None => host.eq_ignore_ascii_case(name) || host.eq_ignore_ascii_case("localhost"),
        Some((first, suffix)) => {
            let reserved = SUFFIXES.iter().any(|one| one.eq_ignore_ascii_case(suffix));
            // `provider.com` is anybody's, even in a network that calls itself `com`.
            let given = suffix.contains('.') && is_domain(suffix);
            first.eq_ignore_ascii_case(name) && (reserved || given)
        }
    };
    by_name || !host.is_empty() && added.any(|one| Site::added(one).name.eq_ignore_ascii_case(host))
}

/// Whether an `Origin` is that of a page at one of the hosts, with or without TLS.
pub(crate) fn is_origin_of<'a>(origin: &[u8], mut added: impl Iterator<Item = &'a str>) -> bool {
    let origin = core::str::from_utf8(origin).ok().and_then(Site::origin);
    origin.is_some_and(|origin| added.any(|one| Site::added(one).has(&origin)))
}

/// Where pages come from, as it is written in an `Origin`, or by whoever adds a host.
struct Site<'a> {
    scheme: Option<Scheme>,
    /// Name or address, without the dot that may end it.
    name: &'a str,
    /// Empty where the scheme tells it; digits, if it is one.
    port: &'a str,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Scheme {
    Http,
    Https,
}

impl Scheme {
    /// The port that browsers do not show (RFC 9110, 4.2).
    const fn port(self) -> &'static str {
        match self {
            Self::Http => "80",
            Self::Https => "443",
        }
    }
}

impl<'a> Site<'a> {
    /// A host that was added. People copy whole addresses out of their browser: what is more than the
    /// host does not count, since a browser knows no smaller place than that.
    fn added(text: &'a str) -> Self {
        let (scheme, rest) = split_scheme(text);
        let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
        Self::of(scheme, &rest[..end])
    }

    /// An origin of the web; `None` for those that are none, such as `null`.
    fn origin(text: &'a str) -> Option<Self> {
        let (scheme, host) = split_scheme(text);
        let is_host = !host.is_empty() && !host.contains(['/', '?', '#', '@']);
        (scheme.is_some() && is_host).then(|| Self::of(scheme, host))
    }

    fn of(scheme: Option<Scheme>, host: &'a str) -> Self {
        // The colons of an IPv6 address are inside of brackets.
        let (name, port) = match host.rsplit_once(':') {
            Some((name, port)) if !port.contains(']') => (name, port),
            _ => (host, ""),
        };
        Self {
            scheme,
            name: name.strip_suffix('.').unwrap_or(name),
            port,
        }
    }

    /// Whether an origin is this one; without a scheme it may have either.
    fn has(&self, origin: &Site<'_>) -> bool {
        let Some(scheme) = origin.scheme else {
            return false;
        };
        !self.name.is_empty()
            && self.name.eq_ignore_ascii_case(origin.name)
            && self.scheme.is_none_or(|own| own == scheme)
            && self.port(scheme) == origin.port(scheme)
    }

    /// Its port, written out.
    fn port(&self, scheme: Scheme) -> &str {
        match self.port {
            "" => scheme.port(),
            port => port,
        }
    }
}

/// A scheme of the web, in whatever case, and what comes behind it.
fn split_scheme(text: &str) -> (Option<Scheme>, &str) {
    for (start, scheme) in [("http://", Scheme::Http), ("https://", Scheme::Https)] {
        if after(text.as_bytes(), start.as_bytes()).is_some() {
            return (Some(scheme), &text[start.len()..]);
        }
    }
    (None, text)
}

/// What comes behind `start`, in whatever case that is written.
pub(crate) fn after<'b>(bytes: &'b [u8], start: &[u8]) -> Option<&'b [u8]> {
    let (found, rest) = bytes.split_at_checked(start.len())?;
    found.eq_ignore_ascii_case(start).then_some(rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn own(host: &str, domain: &str, added: &[&str]) -> bool {
        let is_domain = |one: &str| one.eq_ignore_ascii_case(domain);
        is_own(host, "Provider", is_domain, added.iter().copied())
    }

    #[test]
    fn the_name_alone_and_with_a_suffix_that_is_nobodys_is_ours() {
        for host in ["provider", "PROVIDER", "localhost", "LocalHost"] {
            assert!(own(host, "", &[]), "{host}");
        }
        for suffix in SUFFIXES {
            let host = std::format!("provider.{suffix}").to_uppercase();
            assert!(own(&host, "", &[]), "{host}");
            let more = std::format!("provider.x.{suffix}");
            assert!(!own(&more, "", &[]), "{more}");
            assert!(!own(suffix, "", &[]), "{suffix}");
        }
    }

    #[test]
    fn no_public_name_is_ours() {
        for host in [
            "",
            "evil",
            "evil.local",
            "provider.com",
            "provider.example",
            "provider.arpa",
            "provider.local.evil.example",
            "provider.locals",
            "provider.notlocal",
            "provider..local",
            "provider.",
            ".provider",
            "providers",
            "localhost.localdomain",
            "localhost.evil.example",
            "provider.localhost",
        ] {
            assert!(!own(host, "", &[]), "{host}");
        }
    }

    #[test]
    fn the_domain_of_the_network_counts_for_the_name_alone() {
        assert!(own("provider.fritz.box", "Fritz.Box", &[]));
        for host in [
            "fritz.box",
            "other.fritz.box",
            "provider.x.fritz.box",
            "provider.fritz.box.evil.example",
            "provider.notfritz.box",
            "provider.box",
        ] {
            assert!(!own(host, "fritz.box", &[]), "{host}");
        }
        // Whoever runs DHCP does not get all of a public ending.
        for domain in ["com", "box", ""] {
            let host = std::format!("provider.{domain}");
            assert!(!own(&host, domain, &[]), "{host}");
        }
    }

    #[test]
    fn what_is_added_is_ours_and_nothing_beside_it() {
        let added = ["Home.example", "face.example:8443", "10.0.0.1", "[::1]:80"];
        for host in ["home.example", "HOME.example", "face.example"] {
            assert!(own(host, "", &added), "{host}");
        }
        for host in ["", "example", "x.home.example", "home.example.com", "8443"] {
            assert!(!own(host, "", &added), "{host}");
        }
    }

    #[test]
    fn a_host_may_be_added_as_an_address_bar_has_it() {
        for added in [
            "home.example",
            "Home.EXAMPLE.",
            "home.example:443",
            "https://home.example",
            "HTTPS://Home.Example.:443/",
            "https://home.example/kitchen/?x#y",
            "home.example/kitchen",
        ] {
            assert!(own("home.example", "", &[added]), "{added}");
            let is = |origin: &str| is_origin_of(origin.as_bytes(), [added].into_iter());
            assert!(is("https://home.example"), "{added}");
            assert!(is("https://Home.example."), "{added}");
            for origin in [
                "https://home.example:444",
                "http://home.example:444",
                "https://example",
                "https://evil.example",
                "https://kitchen",
            ] {
                assert!(!is(origin), "{added}: {origin}");
            }
            // Only who names neither scheme nor port means both.
            let either = !added.to_lowercase().contains("443") && !added.contains("//");
            assert_eq!(is("http://home.example"), either, "{added}");
        }
        let is = |added: &str, origin: &str| is_origin_of(origin.as_bytes(), [added].into_iter());
        assert!(is("http://home.example:80", "http://home.example"));
        assert!(is("home.example:80", "http://home.example"));
        assert!(!is("home.example:80", "https://home.example"));
        assert!(is("http://[::1]/", "http://[::1]"));
        assert!(is("https://[fd00::1]:8443", "https://[FD00::1]:8443"));
        // What names no host adds none.
        for added in ["", "https://", "/", ":443", "."] {
            for origin in [
                "https://",
                "https://:443",
                "null",
                "https://.",
                "",
                "http://home.example",
            ] {
                assert!(!is(added, origin), "{added:?} {origin:?}");
            }
            for host in ["", "home.example", "https", "."] {
                assert!(!own(host, "", &[added]), "{added:?} {host:?}");
            }
        }
    }

    #[test]
    fn an_origin_is_that_of_an_added_host_with_its_port() {
        let is = |origin: &str| {
            let added = ["home.example", "face.example:8443", "[::1]:80", "10.0.0.1"];
            is_origin_of(origin.as_bytes(), added.into_iter())
        };
        for origin in [
            "https://home.example",
            "http://home.example",
            "HTTPS://Home.Example",
            "https://face.example:8443",
            "http://[::1]:80",
            "http://10.0.0.1",
        ] {
            assert!(is(origin), "{origin}");
        }
        for origin in [
            "",
            "null",
            "home.example",
            "ftp://home.example",
            "https://home.example:444",
            "https://home.example/",
            "https://x.home.example",
            "https://home.example.evil.example",
            "https://face.example",
            "https:///home.example",
            "https://evil.example#https://home.example",
        ] {
            assert!(!is(origin), "{origin}");
        }
    }
}
