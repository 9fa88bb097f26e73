//! A scanner of HTML that takes anything and finds the start tags in it.

/// A start tag, and where it is in the page (bytes from its beginning).
pub(crate) struct Tag {
    pub(crate) name: String,
    pub(crate) attributes: Vec<(String, String)>,
    /// Where its `<` is.
    pub(crate) start: usize,
    /// Behind its `>`.
    pub(crate) end: usize,
    /// Where its end tag begins, if what is in it is no HTML; else as `end`.
    pub(crate) content_end: usize,
}

impl Tag {
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.attributes
            .iter()
            .find(|(key, _)| key == name)
            .map(|(_, value)| &**value)
    }
}

/// The start tags in what is left of a page.
pub(crate) struct Tags<'a> {
    rest: &'a str,
    len: usize,
}

impl<'a> Tags<'a> {
    pub(crate) fn new(page: &'a str) -> Self {
        let len = page.len();
        Self { rest: page, len }
    }

    fn place(&self) -> usize {
        self.len - self.rest.len()
    }

    /// Takes the attributes of a tag, up to its `>`.
    fn attributes(&mut self) -> Vec<(String, String)> {
        let mut attributes = Vec::new();
        loop {
            self.rest = self
                .rest
                .trim_start_matches(|c: char| c.is_ascii_whitespace() || c == '/');
            if let Some(rest) = self.rest.strip_prefix('>') {
                self.rest = rest;
                return attributes;
            }
            let ends = |c: char| c.is_ascii_whitespace() || "=>/".contains(c);
            let end = self.rest.char_indices().skip(1).find(|(_, c)| ends(*c));
            let end = end.map_or(self.rest.len(), |(at, _)| at);
            if end == 0 {
                return attributes;
            }
            let name = self.rest[..end].to_ascii_lowercase();
            self.rest = self.rest[end..].trim_ascii_start();
            let mut value = "";
            if let Some(rest) = self.rest.strip_prefix('=') {
                let rest = rest.trim_ascii_start();
                let quote = rest.chars().next().filter(|c| matches!(c, '"' | '\''));
                (value, self.rest) = match quote {
                    Some(quote) => rest[1..].split_once(quote).unwrap_or((&rest[1..], "")),
                    None => {
                        let ends = |c: char| c.is_ascii_whitespace() || c == '>';
                        rest.split_at(rest.find(ends).unwrap_or(rest.len()))
                    }
                };
            }
            attributes.push((name, value.replace("&amp;", "&")));
        }
    }
}

impl Iterator for Tags<'_> {
    type Item = Tag;

    fn next(&mut self) -> Option<Tag> {
        loop {
            let start = self.rest.find('<')?;
            let start = self.place() + start;
            self.rest = &self.rest[start - self.place() + 1..];
            if self.rest.starts_with(['!', '?']) {
                self.rest = after_declaration(self.rest);
                continue;
            }
            let is_name = |c: char| c.is_ascii_alphanumeric() || c == '-';
            let end = self.rest.find(|c| !is_name(c)).unwrap_or(self.rest.len());
            if !self.rest.starts_with(|c: char| c.is_ascii_alphabetic()) {
                continue;
            }
            let name = self.rest[..end].to_ascii_lowercase();
            self.rest = &self.rest[end..];
            let attributes = self.attributes();
            let end = self.place();
            // What is in these is no HTML.
            if matches!(&*name, "script" | "style" | "textarea" | "title") {
                self.rest = to_end_tag(self.rest, &name);
            }
            return Some(Tag {
                name,
                attributes,
                start,
                end,
                content_end: self.place(),
            });
        }
    }
}

/// What follows a comment, a document type or the like, from behind its `<`.
pub(crate) fn after_declaration(text: &str) -> &str {
    let Some(comment) = text.strip_prefix("!--") else {
        return text.split_once('>').map_or("", |(_, rest)| rest);
    };
    // These are whole ones: <!--> and <!--->.
    let short = comment.strip_prefix('>').or(comment.strip_prefix("->"));
    short.unwrap_or_else(|| comment.split_once("-->").map_or("", |(_, rest)| rest))
}

/// What follows from the end tag `</name` on.
fn to_end_tag<'a>(text: &'a str, name: &str) -> &'a str {
    let mut from = 0;
    while let Some(at) = text[from..].find("</") {
        from += at + 2;
        let tag = text.as_bytes().get(from..from + name.len());
        if tag.is_some_and(|tag| tag.eq_ignore_ascii_case(name.as_bytes())) {
            return &text[from - 2..];
        }
    }
    ""
}
