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
    by_name || added.any(|one| without_port(one).eq_ignore_ascii_case(host))
}

/// Whether an `Origin` is that of a page at one of the hosts, with or without TLS.
pub(crate) fn is_origin_of<'a>(origin: &[u8], mut added: impl Iterator<Item = &'a str>) -> bool {
    let host = after(origin, b"http://").or_else(|| after(origin, b"https://"));
    host.is_some_and(|host| added.any(|one| one.as_bytes().eq_ignore_ascii_case(host)))
}

/// What comes behind `start`, in whatever case that is written.
pub(crate) fn after<'b>(bytes: &'b [u8], start: &[u8]) -> Option<&'b [u8]> {
    let (found, rest) = bytes.split_at_checked(start.len())?;
    found.eq_ignore_ascii_case(start).then_some(rest)
}

/// `host:port` without the port. What is left of an address matters not: it is no name.
fn without_port(host: &str) -> &str {
    match host.rsplit_once(':') {
        Some((name, _)) => name,
        None => host,
    }
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
