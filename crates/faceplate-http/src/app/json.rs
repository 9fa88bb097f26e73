//! A value in JSON, as text that can be formatted again and again: no buffer has to hold it whole.

use core::fmt::{self, Write as _};

use ser_write_json::{SerWrite, to_writer};
use serde::Serialize;

use crate::problem::Refusal;

/// Shows a value in JSON.
pub(crate) struct Json<'v, T: ?Sized>(&'v T);

impl<'v, T: Serialize + ?Sized> Json<'v, T> {
    /// What is formatted later cannot fail then.
    ///
    /// # Errors
    /// Where JSON cannot say it.
    pub(crate) fn new(value: &'v T) -> Result<Self, Refusal> {
        let json = Self(value);
        match write!(Nowhere, "{json}") {
            Ok(()) => Ok(json),
            Err(fmt::Error) => Err(Refusal::NoAnswer("JSON cannot say its value")),
        }
    }
}

struct Nowhere;

impl fmt::Write for Nowhere {
    fn write_str(&mut self, _: &str) -> fmt::Result {
        Ok(())
    }
}

impl<T: Serialize + ?Sized> fmt::Display for Json<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        to_writer(Out(f), self.0).map_err(|_| fmt::Error)
    }
}

struct Out<'o, 'f>(&'o mut fmt::Formatter<'f>);

impl SerWrite for Out<'_, '_> {
    type Error = fmt::Error;

    fn write(&mut self, bytes: &[u8]) -> fmt::Result {
        // JSON is text, and comes in whole characters.
        self.0
            .write_str(core::str::from_utf8(bytes).map_err(|_| fmt::Error)?)
    }
}

#[cfg(test)]
mod tests {
    use std::{collections::BTreeMap, string::ToString, vec, vec::Vec};

    use serde_json::json;

    use super::*;

    #[derive(Serialize)]
    struct Value<'t> {
        text: &'t str,
        numbers: (i64, u64, f32),
        list: Vec<Option<bool>>,
    }

    #[test]
    fn it_says_what_other_libraries_read() {
        let text = "a \"quoted\" \\ \u{1} \n\t ä 🙂 \u{2028} </script>";
        for value in [
            Value {
                text: "",
                numbers: (0, 0, -0.5),
                list: vec![],
            },
            Value {
                text,
                numbers: (i64::MIN, u64::MAX, 21.5),
                list: vec![Some(true), None],
            },
        ] {
            let json = Json::new(&value).unwrap().to_string();
            let read: serde_json::Value = serde_json::from_str(&json).unwrap();
            let Value {
                text,
                numbers,
                list,
            } = value;
            let want = json!({ "text": text, "numbers": numbers, "list": list });
            assert_eq!(read, want, "{json}");
        }
        assert_eq!(Json::new(&f32::NAN).unwrap().to_string(), "null");
    }

    #[test]
    fn what_json_cannot_say_is_an_error_before_anything_is_sent() {
        let map = BTreeMap::from([((1, 2), 3)]);
        assert_eq!(
            Json::new(&map).err(),
            Some(Refusal::NoAnswer("JSON cannot say its value"))
        );
    }
}
