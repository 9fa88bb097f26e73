//! Paths of URLs in one spelling, so that two that lead to the same place are the same text.

/// Writes a path in one way (RFC 3986, 6.2.2): nothing is percent-encoded that may stand as it is, and
/// the digits of everything else are upper case. Servers and proxies compare paths decoded, so that
/// `/k%69tchen` is `/kitchen` to them; an encoded `/` is no `/`.
#[must_use]
pub fn canonical(path: &str) -> String {
    let mut written = String::with_capacity(path.len());
    let mut rest = path.as_bytes();
    while let [first, after @ ..] = rest {
        let decoded = match after {
            [high, low, ..] if *first == b'%' => digit(*high).zip(digit(*low)),
            _ => None,
        };
        let (byte, mut plain) = match decoded {
            Some((high, low)) => {
                rest = &after[2..];
                let byte = high << 4 | low;
                (byte, !b"/?#%".contains(&byte))
            }
            None => {
                rest = after;
                (*first, true)
            }
        };
        plain &= byte.is_ascii_graphic() && !b"\"<>[\\]^`{|}".contains(&byte);
        match plain {
            true => written.push(byte.into()),
            false => written.push_str(&format!("%{byte:02X}")),
        }
    }
    written
}

fn digit(byte: u8) -> Option<u8> {
    char::from(byte)
        .to_digit(16)
        .and_then(|digit| digit.try_into().ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_leads_to_one_place_is_written_in_one_way() {
        for (path, written) in [
            ("/kitchen", "/kitchen"),
            ("/k%69tchen", "/kitchen"),
            ("/a%20b/%c3%bC", "/a%20b/%C3%BC"),
            ("/a b/ü", "/a%20b/%C3%BC"),
            ("/%28%7e%29", "/(~)"),
            ("/a%2fb%3f%23", "/a%2Fb%3F%23"),
            ("/%2569", "/%2569"),
            ("/[a%5B%5d", "/%5Ba%5B%5D"),
            ("/%2e%2E/", "/../"),
            ("/100%/%zz%4", "/100%/%zz%4"),
            ("/%5c%22\"\\", "/%5C%22%22%5C"),
            ("", ""),
        ] {
            assert_eq!(canonical(path), written, "{path}");
            assert_eq!(canonical(written), written);
        }
    }
}
