//! Whether a JSON document has the fields that the contract gives it.

use serde_json::Value;

use super::{
    request::shorten,
    row::{Checked, Stop},
    talk::Asked,
};

/// A part of a document, by the path that leads there.
pub(super) struct Part<'a> {
    asked: &'a Asked,
    path: String,
    value: &'a Value,
}

impl<'a> Part<'a> {
    /// The whole document of an answer.
    pub(super) fn whole(asked: &'a Asked, value: &'a Value) -> Self {
        Self {
            asked,
            path: String::new(),
            value,
        }
    }

    /// A field of it, which has to be there.
    pub(super) fn get(&self, key: &str) -> Result<Self, Stop> {
        let dot = if self.path.is_empty() { "" } else { "." };
        let path = format!("{}{dot}{key}", self.path);
        match self.value.get(key) {
            Some(value) => Ok(Self {
                asked: self.asked,
                path,
                value,
            }),
            None => {
                let wanted = format!("a field {path}");
                Err(self.asked.differs(wanted, "no such field"))
            }
        }
    }

    /// A field that may be left out, or be null.
    pub(super) fn maybe(&self, key: &str) -> Option<Self> {
        self.get(key).ok()?.unless_null()
    }

    pub(super) fn unless_null(self) -> Option<Self> {
        (!self.value.is_null()).then_some(self)
    }

    /// The items of a list.
    pub(super) fn items(&self) -> Result<Vec<Self>, Stop> {
        let items = self.value.as_array().ok_or_else(|| self.wrong("a list"))?;
        let items = items.iter().enumerate();
        Ok(items
            .map(|(index, value)| Self {
                asked: self.asked,
                path: format!("{}[{index}]", self.path),
                value,
            })
            .collect())
    }

    pub(super) fn text(&self) -> Result<&'a str, Stop> {
        self.value.as_str().ok_or_else(|| self.wrong("a text"))
    }

    /// A text that says something.
    pub(super) fn words(&self) -> Result<&'a str, Stop> {
        match self.text()? {
            "" => Err(self.wrong("a text that is not empty")),
            text => Ok(text),
        }
    }

    pub(super) fn number(&self) -> Result<u64, Stop> {
        let number = self.value.as_u64();
        number.ok_or_else(|| self.wrong("a whole number, 0 or more"))
    }

    pub(super) fn flag(&self) -> Result<bool, Stop> {
        let flag = self.value.as_bool();
        flag.ok_or_else(|| self.wrong("true or false"))
    }

    pub(super) fn null(&self) -> Checked {
        match self.value.is_null() {
            true => Ok(()),
            false => Err(self.wrong("null")),
        }
    }

    /// A text that is one of some.
    pub(super) fn one_of(&self, texts: &[&str]) -> Result<&'a str, Stop> {
        let text = self.text()?;
        match texts.contains(&text) {
            true => Ok(text),
            false => Err(self.wrong(&texts.join(" or "))),
        }
    }

    /// Lower-case hexadecimal digits, so many.
    pub(super) fn hex(&self, digits: usize) -> Checked {
        let text = self.text()?;
        let is_digit = |byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
        match text.len() == digits && text.bytes().all(is_digit) {
            true => Ok(()),
            false => Err(self.wrong(&format!("{digits} lower-case hex digits"))),
        }
    }

    /// The number of a slot.
    pub(super) fn slot(&self) -> Result<usize, Stop> {
        match self.number()? {
            slot @ 0..=1 => Ok(slot as usize),
            _ => Err(self.wrong("0 or 1")),
        }
    }

    /// That something else is wanted here.
    pub(super) fn wrong(&self, wanted: &str) -> Stop {
        let path = &self.path;
        let got = format!("{path} is {}", shorten(&self.value.to_string()));
        self.asked.differs(format!("{path} is {wanted}"), &got)
    }
}
