//! The media type of a body, taken apart strictly (RFC 9110, 8.3.1).

use crate::http::head::is_token;

/// Whether a `Content-Type` is `want`, such as `application/json`, with any parameters: a browser
/// asks for leave before it sends either. What is malformed is none.
pub(crate) fn is(value: &[u8], want: &str) -> bool {
    let essence = value.len().min(want.len());
    let (essence, mut rest) = value.split_at(essence);
    if !essence.eq_ignore_ascii_case(want.as_bytes()) {
        return false;
    }
    // The end, or `;` and a parameter or none, with blanks around the `;`.
    while !rest.is_empty() {
        let Some(after) = rest.trim_ascii_start().strip_prefix(b";") else {
            return false;
        };
        rest = after.trim_ascii_start();
        if rest.is_empty() || rest.starts_with(b";") {
            continue;
        }
        match parameter(rest) {
            Some(after) => rest = after,
            None => return false,
        }
    }
    true
}

/// What comes behind `name=value` or `name="value"`.
fn parameter(bytes: &[u8]) -> Option<&[u8]> {
    let value = token(bytes)?.strip_prefix(b"=")?;
    match value.strip_prefix(b"\"") {
        Some(quoted) => end_of_quoted(quoted),
        None => token(value),
    }
}

/// What comes behind a token.
fn token(bytes: &[u8]) -> Option<&[u8]> {
    let len = bytes.iter().take_while(|byte| is_token(**byte)).count();
    (len > 0).then_some(&bytes[len..])
}

/// What comes behind the quotation mark that ends a quoted string. Control characters did not get
/// this far.
fn end_of_quoted(mut bytes: &[u8]) -> Option<&[u8]> {
    loop {
        match bytes {
            [b'"', rest @ ..] => return Some(rest),
            [b'\\', _, rest @ ..] | [_, rest @ ..] => bytes = rest,
            [] => return None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_make_no_other_type() {
        for value in [
            "application/json",
            "Application/JSON",
            "application/json; charset=utf-8",
            "application/json;charset=utf-8",
            "application/json \t;\t charset=utf-8;v=1",
            "application/json;",
            "application/json;;; a=b ;",
            r#"application/json; a="b;, c\"\\"; d=e"#,
            r#"application/json; a="""#,
        ] {
            assert!(is(value.as_bytes(), "application/json"), "{value}");
        }
    }

    #[test]
    fn another_type_or_a_malformed_one_is_none() {
        for value in [
            "",
            "application",
            "application/",
            "application/jso",
            "application/json5",
            "application/json charset=utf-8",
            "application/json,",
            "application/json, text/plain",
            "application/json; charset=utf-8, text/plain",
            "application/json; charset",
            "application/json; charset=",
            "application/json; =utf-8",
            "application/json; charset =utf-8",
            "application/json; charset= utf-8",
            r#"application/json; a="b"#,
            r#"application/json; a="b\"#,
            r#"application/json; a="b"c"#,
            "application/json; a=\u{fc}",
            "text/plain; application/json",
            "text/plain; a=application/json",
            " ; application/json",
        ] {
            assert!(!is(value.as_bytes(), "application/json"), "{value}");
        }
    }
}
