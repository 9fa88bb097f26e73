//! A strict reader of JSON objects whose values are texts; without a heap.
//!
//! A parser of its own since the JSON crate for such chips knows no surrogate pairs: a client that
//! escapes an emoji in the name of a network would be refused.

use heapless::String;

/// Longest key that is kept, bytes.
const KEY_MAX: usize = 8;

/// What was read is no such JSON.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Malformed;

/// Reads `body`, which is one object: gives each key to `member` (`None` when it is too long to be
/// one that anyone knows), which takes the value from the reader.
pub(crate) fn read_object<E: From<Malformed>>(
    body: &[u8],
    mut member: impl FnMut(Option<&str>, &mut Reader<'_>) -> Result<(), E>,
) -> Result<(), E> {
    let mut reader = Reader(str::from_utf8(body).map_err(|_| Malformed)?);
    reader.expect('{')?;
    if !reader.take('}') {
        loop {
            let key = reader.text::<KEY_MAX>()?;
            reader.expect(':')?;
            member(key.as_deref(), &mut reader)?;
            if !reader.take(',') {
                reader.expect('}')?;
                break;
            }
        }
    }
    Ok(reader.end()?)
}

/// What is left to read.
pub(crate) struct Reader<'a>(&'a str);

impl Reader<'_> {
    /// Whether the next token is `token`; then it is taken.
    fn take(&mut self, token: char) -> bool {
        self.0 = self.0.trim_start_matches([' ', '\t', '\n', '\r']);
        match self.0.strip_prefix(token) {
            Some(rest) => {
                self.0 = rest;
                true
            }
            None => false,
        }
    }

    fn expect(&mut self, token: char) -> Result<(), Malformed> {
        if self.take(token) {
            Ok(())
        } else {
            Err(Malformed)
        }
    }

    fn end(&mut self) -> Result<(), Malformed> {
        let rest = self.0.trim_start_matches([' ', '\t', '\n', '\r']);
        if rest.is_empty() {
            Ok(())
        } else {
            Err(Malformed)
        }
    }

    fn char(&mut self) -> Result<char, Malformed> {
        let mut chars = self.0.chars();
        let next = chars.next().ok_or(Malformed)?;
        self.0 = chars.as_str();
        Ok(next)
    }

    /// A string; `None` when it has more than `N` bytes, of which nothing is kept.
    pub(crate) fn text<const N: usize>(&mut self) -> Result<Option<String<N>>, Malformed> {
        self.expect('"')?;
        let mut text = Some(String::new());
        loop {
            let next = match self.char()? {
                '"' => return Ok(text),
                '\\' => self.escaped()?,
                '\0'..='\x1f' => return Err(Malformed),
                next => next,
            };
            if text.as_mut().is_some_and(|text| text.push(next).is_err()) {
                text = None;
            }
        }
    }

    /// What stands behind a backslash (RFC 8259, 7).
    fn escaped(&mut self) -> Result<char, Malformed> {
        Ok(match self.char()? {
            same @ ('"' | '\\' | '/') => same,
            'b' => '\x08',
            'f' => '\x0c',
            'n' => '\n',
            'r' => '\r',
            't' => '\t',
            'u' => {
                let unit = self.unit()?;
                if !(0xd800..0xdc00).contains(&unit) {
                    return char::from_u32(unit).ok_or(Malformed); // Not the second half alone.
                }
                if (self.char()?, self.char()?) != ('\\', 'u') {
                    return Err(Malformed);
                }
                let low = self.unit()?;
                if !(0xdc00..0xe000).contains(&low) {
                    return Err(Malformed);
                }
                let code = 0x10000 + ((unit - 0xd800) << 10) + (low - 0xdc00);
                char::from_u32(code).ok_or(Malformed)?
            }
            _ => return Err(Malformed),
        })
    }

    /// Four hexadecimal digits: a code unit of UTF-16.
    fn unit(&mut self) -> Result<u32, Malformed> {
        (0..4).try_fold(0, |unit, _| {
            let digit = self.char()?.to_digit(16).ok_or(Malformed)?;
            Ok(unit << 4 | digit)
        })
    }
}
