//! JSON text, as far as the API needs it.

use core::fmt::{self, Write as _};

/// A string with its quotes.
pub(crate) struct Str<T>(pub(crate) T);

impl<T: fmt::Display> fmt::Display for Str<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("\"")?;
        write!(Escape(f), "{}", self.0)?;
        f.write_str("\"")
    }
}

/// A value, or `null`.
pub(crate) struct OrNull<T>(pub(crate) Option<T>);

impl<T: fmt::Display> fmt::Display for OrNull<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Some(value) => value.fmt(f),
            None => f.write_str("null"),
        }
    }
}

/// Bytes as a string of lower-case hex digits.
pub(crate) struct Hex<'a>(pub(crate) &'a [u8]);

impl fmt::Display for Hex<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("\"")?;
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))?;
        f.write_str("\"")
    }
}

/// Escapes what RFC 8259, 7 says must be.
struct Escape<'a, 'f>(&'a mut fmt::Formatter<'f>);

impl fmt::Write for Escape<'_, '_> {
    fn write_str(&mut self, s: &str) -> fmt::Result {
        for c in s.chars() {
            match c {
                '"' | '\\' => write!(self.0, "\\{c}")?,
                '\0'..='\x1f' => write!(self.0, "\\u{:04x}", u32::from(c))?,
                c => self.0.write_char(c)?,
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strings_are_escaped_where_they_must_be() {
        let text = "a\"b\\c\n\u{0}\u{1f}/é\u{7f}";
        let want = r#""a\"b\\c\u000a\u0000\u001f/é"#;
        assert_eq!(
            std::format!("{}", Str(text)),
            std::format!("{want}\u{7f}\"")
        );
    }

    #[test]
    fn what_is_missing_is_null() {
        assert_eq!(std::format!("{}", OrNull(None::<u8>)), "null");
        assert_eq!(std::format!("{}", OrNull(Some(7))), "7");
        assert_eq!(std::format!("{}", Hex(&[0, 0xab])), "\"00ab\"");
    }
}
