//! Header fields that a user adds to every request, such as a token: they are sent, and never printed.

use std::fmt;

/// One of them.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Header {
    name: String,
    value: String,
}

/// What each request has already, or what is about the connection.
const OURS: [&str; 15] = [
    "accept",
    "accept-encoding",
    "connection",
    "content-digest",
    "content-encoding",
    "content-length",
    "content-type",
    "expect",
    "host",
    "keep-alive",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
    "user-agent",
];

impl Header {
    /// Reads `Name: value`. What is wrong is told without the value.
    pub(crate) fn parse(line: &str) -> Result<Self, String> {
        // RFC 9110, 5.6.2.
        let token = |c: char| c.is_ascii_alphanumeric() || "!#$%&'*+-.^_`|~".contains(c);
        let field = line
            .split_once(':')
            .map(|(name, value)| (name, value.trim()));
        let (name, value) = field
            .filter(|(name, _)| !name.is_empty() && name.chars().all(token))
            .filter(|(_, value)| !value.is_empty() && !value.chars().any(char::is_control))
            .ok_or("--header takes 'Name: value', such as 'Authorization: Bearer …'")?;
        if OURS.contains(&&*name.to_ascii_lowercase()) {
            return Err(format!("--header cannot change {name}"));
        }
        Ok(Self {
            name: name.to_owned(),
            value: value.to_owned(),
        })
    }

    /// Whether it has this name.
    pub(crate) fn is(&self, name: &str) -> bool {
        self.name.eq_ignore_ascii_case(name)
    }

    /// The line of it in a request.
    pub(crate) fn line(&self) -> String {
        format!("{}: {}\r\n", self.name, self.value)
    }
}

impl fmt::Debug for Header {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: …", self.name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_field_is_sent_as_it_is_and_its_value_is_not_shown() {
        let header = Header::parse("X-Token:  a: b ").unwrap();
        assert_eq!(header.line(), "X-Token: a: b\r\n");
        assert_eq!(format!("{header:?}"), "X-Token: …");
    }

    #[test]
    fn what_is_no_field_or_ours_is_refused_without_its_value() {
        for line in [
            "",
            "secret",
            ": secret",
            "Name:",
            "Name: ",
            "Na me: secret",
            "Näme: secret",
            "Name: sec\r\nret: x",
            "Host: secret",
            "Content-Length: secret",
        ] {
            let wrong = Header::parse(line).unwrap_err();
            assert!(wrong.starts_with("--header "), "{wrong}");
            assert!(!wrong.contains("secret"), "{wrong}");
        }
    }
}
