//! How a device is named on the command line: `host`, `host:port`, or an `http://` URL.

use std::{fmt, net::Ipv6Addr, str::FromStr};

/// Where a device is reached.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Address {
    /// Name or IP address, without brackets.
    pub(crate) host: String,
    /// TCP port.
    pub(crate) port: u16,
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
        let rest = rest.strip_suffix('/').unwrap_or(rest);
        if rest.contains('/') {
            return Err("name the device alone, without a path".to_owned());
        }
        if rest.parse::<Ipv6Addr>().is_ok() {
            return Ok(Self {
                host: rest.to_owned(),
                port: HTTP_PORT,
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
        })
    }
}

impl fmt::Display for Address {
    /// As in a URL and in a `Host` header.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.host.contains(':') {
            true => write!(f, "[{}]", self.host)?,
            false => f.write_str(&self.host)?,
        }
        match self.port {
            HTTP_PORT => Ok(()),
            port => write!(f, ":{port}"),
        }
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
            "lamp/update",
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
