//! Text of others that must stay within its line.

use core::fmt::{self, Write as _};

/// A text without its control characters: as the value of a header, nothing in it can end the line.
pub(crate) struct Clean<T>(pub(crate) T);

impl<T: fmt::Display> fmt::Display for Clean<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(Cleaner(f), "{}", self.0)
    }
}

struct Cleaner<'a, 'f>(&'a mut fmt::Formatter<'f>);

impl fmt::Write for Cleaner<'_, '_> {
    fn write_str(&mut self, s: &str) -> fmt::Result {
        s.split(char::is_control)
            .try_for_each(|part| self.0.write_str(part))
    }
}

/// A text with something in front of each of its lines, and a line's end behind the last. All that
/// the reader of an event stream takes for the end of a line is one (HTML, 9.2.5).
pub(crate) struct EachLine<'a, T>(pub(crate) &'a str, pub(crate) T);

impl<T: fmt::Display> fmt::Display for EachLine<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)?;
        let mut lines = LineWriter {
            out: f,
            prefix: self.0,
            after_cr: false,
        };
        write!(lines, "{}", self.1)?;
        f.write_str("\n")
    }
}

struct LineWriter<'a, 'f> {
    out: &'a mut fmt::Formatter<'f>,
    prefix: &'a str,
    after_cr: bool,
}

impl fmt::Write for LineWriter<'_, '_> {
    fn write_str(&mut self, s: &str) -> fmt::Result {
        for c in s.chars() {
            let second = self.after_cr && c == '\n';
            self.after_cr = c == '\r';
            match c {
                // CR LF is one end.
                '\n' if second => {}
                '\n' | '\r' => {
                    self.out.write_str("\n")?;
                    self.out.write_str(self.prefix)?;
                }
                c => self.out.write_char(c)?,
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_ends_the_line_of_a_header() {
        let value = std::format!("{}", Clean("a\r\nSet-Cookie: b\u{0}\u{7f}ä"));
        assert_eq!(value, "aSet-Cookie: bä");
    }

    #[test]
    fn each_line_has_its_prefix() {
        for (text, want) in [
            ("", "> \n"),
            ("a", "> a\n"),
            ("a\nb\r\nc\rd\n", "> a\n> b\n> c\n> d\n> \n"),
        ] {
            assert_eq!(std::format!("{}", EachLine("> ", text)), want, "{text:?}");
        }
    }
}
