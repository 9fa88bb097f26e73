//! Who may ask: keeps web pages from elsewhere away from the device.
//!
//! The network is trusted, but the browsers on it show pages that are not. Such a page can send
//! requests to the device, and with DNS rebinding even read the answers. Three rules stop it: the
//! host that is named must be ours on every request (a rebound name is not); a change must have a
//! media type that makes the browser ask first (it never gets leave); and its origin, where the
//! browser sends it, must be the device itself.

use core::net::{Ipv4Addr, Ipv6Addr};

use crate::{
    hosts,
    http::{content_type, head::Head},
    problem::Refusal,
};

/// Refuses a request that names another host. `ours` decides about names; addresses are always ours.
pub(crate) fn check_host(head: &Head<'_>, ours: impl Fn(&str) -> bool) -> Result<(), Refusal> {
    // Only an HTTP/1.0 client may leave it out, and no browser is one.
    let Some(host) = head.host else { return Ok(()) };
    let name = host_name(host).ok_or(Refusal::HostSyntax)?;
    let allowed = match name {
        Name::Address => true,
        Name::Dns(name) => ours(name),
    };
    if allowed { Ok(()) } else { Err(Refusal::Host) }
}

/// Refuses a change that a page of another origin asks for. `added` are the hosts of proxies, whose
/// origin is not what they send as `Host`.
pub(crate) fn check_origin<'a>(
    head: &Head<'_>,
    added: impl Iterator<Item = &'a str>,
) -> Result<(), Refusal> {
    let Some(origin) = head.single("Origin")? else {
        return Ok(());
    };
    let same = head.host.is_some_and(|host| {
        let of = hosts::after(origin, b"http://");
        of.is_some_and(|of| of.eq_ignore_ascii_case(host.as_bytes()))
    });
    if same || hosts::is_origin_of(origin, added) {
        Ok(())
    } else {
        Err(Refusal::Origin)
    }
}

/// Refuses a body of any media type but `want`. Parameters do not matter: what a browser sends without
/// asking first is of three other types, whatever their parameters (Fetch, CORS-safelisted
/// request-header).
pub(crate) fn check_media_type(head: &Head<'_>, want: &'static str) -> Result<(), Refusal> {
    let refusal = Refusal::MediaType { want };
    let Some(value) = head.single("Content-Type")? else {
        return Err(refusal);
    };
    if !content_type::is(value, want) {
        return Err(refusal);
    }
    match head.all("Content-Encoding").next() {
        Some(_) => Err(Refusal::ContentEncoding),
        None => Ok(()),
    }
}

/// Refuses the body of a change that a page from elsewhere could send without asking first, unless the
/// request says that it comes from a page of ours. (Such a page's browser sends an `Origin`; this is
/// for those that do not.)
pub(crate) fn check_form(head: &Head<'_>) -> Result<(), Refusal> {
    if head.single("Origin")?.is_some() || !head.has_body() {
        return Ok(());
    }
    let of_a_form = |value: &[u8]| FORMS.iter().any(|form| content_type::is(value, form));
    match head.single("Content-Type")? {
        Some(value) if !of_a_form(value) => Ok(()),
        _ => Err(Refusal::PlainForm),
    }
}

/// Media types that pages may send anywhere (Fetch, CORS-safelisted request-header).
const FORMS: [&str; 3] = [
    "application/x-www-form-urlencoded",
    "multipart/form-data",
    "text/plain",
];

#[derive(Debug, PartialEq, Eq)]
enum Name<'a> {
    /// An IP address: nobody can make a name of theirs look like one.
    Address,
    /// A name, without the dot that may end it.
    Dns(&'a str),
}

/// What `Host` names; `None` when it is not `host` or `host:port`.
fn host_name(host: &str) -> Option<Name<'_>> {
    if let Some(rest) = host.strip_prefix('[') {
        let (address, port) = rest.split_once(']')?;
        address.parse::<Ipv6Addr>().ok()?;
        return is_port_suffix(port).then_some(Name::Address);
    }
    let (name, port) = host.split_at(host.find(':').unwrap_or(host.len()));
    if !is_port_suffix(port) {
        return None;
    }
    if name.parse::<Ipv4Addr>().is_ok() {
        return Some(Name::Address);
    }
    let name = name.strip_suffix('.').unwrap_or(name);
    let valid = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_');
    (!name.is_empty() && name.bytes().all(valid)).then_some(Name::Dns(name))
}

/// The port that a valid `Host` names, if any.
pub(crate) fn port(host: &str) -> Option<u16> {
    host.rsplit_once(':')?.1.parse().ok()
}

/// Nothing, or `:` and a port; the port itself may be missing (RFC 3986, 3.2.3).
fn is_port_suffix(suffix: &str) -> bool {
    suffix.is_empty()
        || suffix.strip_prefix(':').is_some_and(|port| {
            port.is_empty()
                || (port.bytes().all(|byte| byte.is_ascii_digit()) && port.parse::<u16>().is_ok())
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn host(value: &str) -> Result<(), Refusal> {
        let text = std::format!("GET / HTTP/1.1\r\nHost: {value}\r\n\r\n");
        let head = Head::parse(text.as_bytes()).map_err(Refusal::from)?;
        let added = || ["face.example"].into_iter();
        check_host(&head, |host| {
            hosts::is_own(host, "provider", |_| false, added())
        })
    }

    #[test]
    fn addresses_localhost_and_own_names_are_ours() {
        for value in [
            "192.168.4.1",
            "192.168.4.1:8080",
            "192.168.4.1:",
            "[fe80::1]",
            "[::1]:80",
            "[::ffff:10.0.0.1]",
            "localhost",
            "LOCALHOST:8080",
            "localhost.",
            "provider.local",
            "Provider.LOCAL:81",
            "provider",
            "provider.:80",
            "provider.home.arpa.",
            "face.example",
        ] {
            assert_eq!(host(value), Ok(()), "{value}");
        }
    }

    #[test]
    fn names_of_others_are_not() {
        for value in [
            "evil.example",
            "evil.example:80",
            "192.168.4.1.evil.example",
            "192.168.4",
            "0x7f000001",
            "2130706433",
            "192.168.4.01",
            "provider.local.evil.example",
            "notlocalhost",
            "localhost.evil.example",
            "provider..",
            "xn--prvider-r1a.local",
        ] {
            assert_eq!(host(value), Err(Refusal::Host), "{value}");
        }
    }

    #[test]
    fn what_is_no_host_is_a_bad_request() {
        for value in [
            "",
            ":80",
            "a b",
            "[::1",
            "[::1]x",
            "[zz]",
            "[fe80::1%eth0]",
            "host:99999",
            "host:-1",
            "host:+1",
            "user@host",
            "host/path",
            "a,b",
            "::1",
            "prövider.local",
        ] {
            assert_eq!(host(value), Err(Refusal::HostSyntax), "{value}");
        }
    }

    #[test]
    fn a_change_comes_from_the_device_or_from_no_page() {
        let check = |origin: &str| {
            let text =
                std::format!("POST / HTTP/1.1\r\nHost: 10.0.0.2:81\r\nOrigin: {origin}\r\n\r\n");
            let head = Head::parse(text.as_bytes()).map_err(Refusal::from)?;
            check_origin(&head, ["home.example"].into_iter())
        };
        assert_eq!(check("http://10.0.0.2:81"), Ok(()));
        assert_eq!(check("HTTP://10.0.0.2:81"), Ok(()));
        assert_eq!(check("https://home.example"), Ok(()));
        for origin in [
            "null",
            "",
            "http://10.0.0.2",
            "https://10.0.0.2:81",
            "http://10.0.0.2:81/",
            "http://evil.example",
            "http://10.0.0.2:81.evil.example",
            "http://10.0.0.2:811",
        ] {
            assert_eq!(check(origin), Err(Refusal::Origin), "{origin}");
        }
    }
}
