//! Messages: fields one after the other, without names and without gaps.
//!
//! | field | bytes |
//! |---|---|
//! | number | 4, little endian, unsigned |
//! | bytes | a number that says how many, then as many |
//! | text | bytes that are UTF-8 |
//! | array | bytes of a number that is always the same, and not said |
//! | list | a number that says how many items, then the fields of each |

/// Why a message cannot be understood.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Malformed(pub &'static str);

/// Takes the fields out of a message.
#[derive(Debug)]
pub struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    /// At the beginning of a message.
    #[must_use]
    pub fn new(message: &'a [u8]) -> Self {
        Self(message)
    }

    /// A number.
    ///
    /// # Errors
    /// When the message ends before it.
    pub fn number(&mut self) -> Result<u32, Malformed> {
        self.array().copied().map(u32::from_le_bytes)
    }

    /// Bytes of which there are always as many.
    ///
    /// # Errors
    /// When the message ends before they do.
    pub fn array<const LEN: usize>(&mut self) -> Result<&'a [u8; LEN], Malformed> {
        let (bytes, rest) = self.0.split_first_chunk().ok_or(Malformed(
            "it ends in front of a field, or in the middle of one",
        ))?;
        self.0 = rest;
        Ok(bytes)
    }

    /// A number that fits two bytes.
    ///
    /// # Errors
    /// When the message ends before it, or it is larger.
    pub fn short(&mut self) -> Result<u16, Malformed> {
        u16::try_from(self.number()?).map_err(|_| Malformed("a number is over 65535"))
    }

    /// Bytes.
    ///
    /// # Errors
    /// When the message ends before they do.
    pub fn bytes(&mut self) -> Result<&'a [u8], Malformed> {
        let len = self.number()? as usize;
        let (bytes, rest) = self
            .0
            .split_at_checked(len)
            .ok_or(Malformed("it ends in the middle of a field"))?;
        self.0 = rest;
        Ok(bytes)
    }

    /// A text.
    ///
    /// # Errors
    /// When the message ends before it does, or it is not UTF-8.
    pub fn text(&mut self) -> Result<&'a str, Malformed> {
        std::str::from_utf8(self.bytes()?).map_err(|_| Malformed("a text is not UTF-8"))
    }

    /// That nothing is left.
    ///
    /// # Errors
    /// When something is.
    pub fn end(self) -> Result<(), Malformed> {
        match self.0 {
            [] => Ok(()),
            _ => Err(Malformed("it goes on after its last field")),
        }
    }
}

/// Puts the fields of a message together.
#[derive(Debug)]
pub struct Writer(Vec<u8>);

impl Writer {
    /// A message that begins with a number.
    #[must_use]
    pub fn new(first: u32) -> Self {
        Self(first.to_le_bytes().into())
    }

    /// Adds a number.
    pub fn number(&mut self, number: u32) -> &mut Self {
        self.0.extend(number.to_le_bytes());
        self
    }

    /// Adds a count, which no memory of four gigabytes makes too large for a number.
    pub fn count(&mut self, count: usize) -> &mut Self {
        self.number(u32::try_from(count).unwrap_or(u32::MAX))
    }

    /// Adds bytes.
    pub fn bytes(&mut self, bytes: &[u8]) -> &mut Self {
        self.count(bytes.len()).0.extend(bytes);
        self
    }

    /// Adds a text.
    pub fn text(&mut self, text: &str) -> &mut Self {
        self.bytes(text.as_bytes())
    }

    /// Adds a list of texts.
    pub fn texts(&mut self, texts: &[String]) -> &mut Self {
        self.count(texts.len());
        for text in texts {
            self.text(text);
        }
        self
    }

    /// The message.
    #[must_use]
    pub fn finish(self) -> Vec<u8> {
        self.0
    }
}
