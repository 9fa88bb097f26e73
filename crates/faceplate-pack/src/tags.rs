//! A scanner of HTML that takes anything and finds the start tags in it, as a browser that runs scripts
//! does: what is in a `noscript` or a `template` is no part of the page.

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

/// Elements that have no elements in them.
const TEXT: [&str; 9] = [
    "script", "style", "textarea", "title", "noscript", "iframe", "noembed", "noframes", "xmp",
];
const TEMPLATE: &str = "template";

/// The start tags in what is left of a page.
pub(crate) struct Tags<'a> {
    rest: &'a str,
    len: usize,
    /// How many templates this is in.
    templates: usize,
}

impl<'a> Tags<'a> {
    pub(crate) fn new(page: &'a str) -> Self {
        let len = page.len();
        Self {
            rest: page,
            len,
            templates: 0,
        }
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
            if self.templates > 0 && is_end_tag(self.rest, TEMPLATE) {
                self.templates -= 1;
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
            if TEXT.contains(&&*name) {
                self.rest = to_end_tag(self.rest, &name);
            }
            let is_inside = self.templates > 0;
            // One for a shadow root is no template once it is parsed.
            let is_root = |(name, _): &(String, _)| name == "shadowrootmode";
            if name == TEMPLATE && (is_inside || !attributes.iter().any(is_root)) {
                self.templates += 1;
            }
            if is_inside {
                continue;
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

/// Whether what follows a `<` is the end tag of `name`.
fn is_end_tag(text: &str, name: &str) -> bool {
    let found = text.as_bytes().get(1..=name.len());
    let behind = text.as_bytes().get(name.len() + 1);
    text.starts_with('/')
        && found.is_some_and(|found| found.eq_ignore_ascii_case(name.as_bytes()))
        && behind.is_none_or(|byte| byte.is_ascii_whitespace() || b"/>".contains(byte))
}

/// What follows from the end tag `</name` on.
fn to_end_tag<'a>(text: &'a str, name: &str) -> &'a str {
    let mut ends = text.match_indices("</").map(|(at, _)| at);
    let end = ends.find(|at| is_end_tag(&text[at + 1..], name));
    end.map_or("", |at| &text[at..])
}
