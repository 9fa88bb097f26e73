//! How a device is named on the command line: `host`, `host:port`, or an `http://` URL; behind a reverse
//! proxy with the path that leads to it.

use std::{fmt, net::Ipv6Addr, str::FromStr, sync::Arc};

use faceplate_pack::canonical;

use super::{Header, Login};

/// Where a device is reached.
#[derive(Clone)]
pub(crate) struct Address {
    /// Name or IP address, without brackets.
    pub(crate) host: String,
    /// TCP port.
    pub(crate) port: u16,
    /// What comes in front of every path, such as `/kitchen`; empty without a proxy.
    pub(crate) prefix: String,
    /// What each request to it has besides.
    pub(crate) headers: Vec<Header>,
    /// Who asks, of a device that has a password; `None`: nobody who would log in.
    pub(crate) login: Option<Arc<Login>>,
}

/// The port of `http://` (RFC 9110, 4.2.1).
const HTTP_PORT: u16 = 80;

impl FromStr for Address {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let rest = match text.split_once("://") {
            None => text,
            Some((scheme, rest)) if scheme.eq_ignore_ascii_case("http") => rest,
            Some((scheme, _)) => {
                return Err(format!("devices speak http, not {scheme}"));
            }
        };
        let (rest, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
        let prefix = prefix(path)?;
        if rest.parse::<Ipv6Addr>().is_ok() {
            return Ok(Self {
                host: rest.to_owned(),
                port: HTTP_PORT,
                prefix,
                headers: Vec::new(),
                login: None,
            });
        }
        let (host, port) = match rest.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
            Some((host, port)) => {
                host.parse::<Ipv6Addr>()
                    .map_err(|_| format!("{host} is no IPv6 address"))?;
                (
                    host,
                    port.strip_prefix(':').or(port.is_empty().then_some("80")),
                )
            }
            None => match rest.split_once(':') {
                Some((host, port)) => (host, Some(port)),
                None => (rest, Some("80")),
            },
        };
        let port = port
            .and_then(|port| port.parse().ok())
            .filter(|port| *port != 0);
        let port = port.ok_or("the port must be a number from 1 to 65535")?;
        let sound = |c: char| c.is_ascii_alphanumeric() || "-._:".contains(c);
        if host.is_empty() || !host.chars().all(sound) {
            return Err("write an IP address or a host name, like 192.168.4.1:80".to_owned());
        }
        Ok(Self {
            host: host.to_owned(),
            port,
            prefix,
            headers: Vec::new(),
            login: None,
        })
    }
}

/// What a path puts in front of those of the device.
fn prefix(path: &str) -> Result<String, String> {
    let prefix = path.trim_end_matches('/');
    if prefix.contains(['?', '#']) {
        return Err("write the address without a query".to_owned());
    }
    // As they stand in a request (RFC 3986, 3.3), and as nothing on the way changes them.
    let sound = |c: char| c.is_ascii_alphanumeric() || "-._~!$&'()*+,;=:@%/".contains(c);
    let encoded = |rest: &str| {
        let digits = rest.bytes().take(2);
        digits.filter(u8::is_ascii_hexdigit).count() == 2
    };
    let written = canonical(prefix);
    // Proxies, browsers and scripts make different places of these.
    let unsure = |step| ["", ".", ".."].contains(&step);
    if !prefix.chars().all(sound)
        || !prefix.split('%').skip(1).all(encoded)
        || written.split('/').skip(1).any(unsure)
    {
        return Err(format!("{path} is no path of a proxy, like /kitchen"));
    }
    Ok(written)
}

impl Address {
    /// Host and port, as in a `Host` header.
    pub(crate) fn authority(&self) -> String {
        let host = match self.host.contains(':') {
            true => format!("[{}]", self.host),
            false => self.host.clone(),
        };
        match self.port {
            HTTP_PORT => host,
            port => format!("{host}:{port}"),
        }
    }
}

impl fmt::Display for Address {
    /// As in a URL, without a slash at the end.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", self.authority(), self.prefix)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn devices_are_named_by_host_port_or_url() {
        for (text, shown) in [
            ("192.168.4.1", "192.168.4.1"),
            ("lamp.local:8080", "lamp.local:8080"),
            ("http://lamp.local/", "lamp.local"),
            ("HTTP://10.0.0.7:80", "10.0.0.7"),
            ("::1", "[::1]"),
            ("[fe80::1]:8080", "[fe80::1]:8080"),
            ("http://[::1]/", "[::1]"),
            ("home.example/kitchen", "home.example/kitchen"),
            (
                "http://home.example:8080/~me/a%20b//",
                "home.example:8080/~me/a%20b",
            ),
            ("[::1]/lamp/", "[::1]/lamp"),
            ("lamp/k%69tchen/%c3%bc", "lamp/kitchen/%C3%BC"),
            ("lamp/a%2fb", "lamp/a%2Fb"),
            // As it is printed it is taken again.
            ("lamp/%5bx%5D", "lamp/%5Bx%5D"),
        ] {
            assert_eq!(
                text.parse::<Address>().unwrap().to_string(),
                shown,
                "{text}"
            );
        }
    }

    #[test]
    fn what_is_no_device_is_refused() {
        for text in [
            "",
            ":80",
            "lamp:",
            "lamp:0",
            "lamp:99999",
            "https://lamp",
            "lamp/a b",
            "lamp/ü",
            "lamp//x",
            "lamp/../x",
            "lamp/[x]",
            "lamp/x/%2e%2E/x",
            "lamp/./x",
            "lamp/x//y",
            "lamp/100%",
            "lamp/%4",
            "lamp/%zz",
            "lamp\\x",
            "lamp/x?y",
            "lamp/#/update",
            "/lamp",
            "lamp/x\r\n",
            "a b",
            "user@lamp",
            "[lamp]:80",
            "[::1]x",
            "lamp\r\n",
        ] {
            assert!(text.parse::<Address>().is_err(), "{text:?}");
        }
    }
}
