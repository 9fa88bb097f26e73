//! The body that confirms: `{}`, or `{"build": "…"}` for that build alone.

use faceplate::BuildId;

use crate::{
    http::object::{Malformed, read_object},
    problem::Refusal,
};

/// A body is neither; in words.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Unclear(pub(crate) &'static str);

const UNCLEAR: Unclear =
    Unclear(r#"the body must be {} or {"build": "ID"}, where ID is 16 lower-case hex digits"#);

impl From<Malformed> for Unclear {
    fn from(Malformed: Malformed) -> Self {
        UNCLEAR
    }
}

impl From<Unclear> for Refusal {
    fn from(Unclear(what): Unclear) -> Self {
        Self::Body(what)
    }
}

/// The build that a body confirms; `None`: whichever runs.
pub(crate) fn parse(body: &[u8]) -> Result<Option<BuildId>, Unclear> {
    let mut build = None;
    read_object(body, |key, value| {
        if key != Some("build") || build.is_some() {
            return Err(UNCLEAR);
        }
        let id = value.text::<{ BuildId::DIGITS }>()?.ok_or(UNCLEAR)?;
        build = Some(id.parse().map_err(|_| UNCLEAR)?);
        Ok(())
    })?;
    Ok(build)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_body_confirms_whatever_runs_or_one_build() {
        let build = BuildId([0x01, 0x23, 0x45, 0x67, 0x89, 0xab, 0xcd, 0xef]);
        for (body, want) in [
            ("{}", None),
            (" {\n} \t", None),
            (r#"{"build":"0123456789abcdef"}"#, Some(build)),
            (" { \"build\" : \"0123456789abcdef\" }\r\n", Some(build)),
            (r#"{"b\u0075ild":"\u003023456789abcdef"}"#, None),
        ] {
            let want = match body.contains("u0030") {
                true => Err(UNCLEAR), // 15 digits.
                false => Ok(want),
            };
            assert_eq!(parse(body.as_bytes()), want, "{body}");
        }
        let escaped = r#"{"b\u0075ild":"\u0030123456789abcdef"}"#;
        assert_eq!(parse(escaped.as_bytes()), Ok(Some(build)));
    }

    #[test]
    fn whatever_else_is_refused_so_that_no_misspelt_build_confirms_any() {
        for body in [
            "",
            " ",
            "{",
            "}",
            "[]",
            "null",
            "{}{}",
            "{},",
            "{}\0",
            "{,}",
            r#""build""#,
            r#"{"build"}"#,
            r#"{"build":}"#,
            r#"{"build":null}"#,
            r#"{"build":""}"#,
            r#"{"build":"0123456789abcde"}"#,
            r#"{"build":"0123456789abcdef0"}"#,
            r#"{"build":"0123456789ABCDEF"}"#,
            r#"{"build":"0123456789abcdeg"}"#,
            r#"{"build":" 123456789abcdef"}"#,
            r#"{"build":"0123456789abcdé"}"#,
            r#"{"build":123456789}"#,
            r#"{"build":["0123456789abcdef"]}"#,
            r#"{"build":"0123456789abcdef",}"#,
            r#"{"build":"0123456789abcdef"}x"#,
            r#"{"build":"0123456789abcdef","build":"0123456789abcdef"}"#,
            r#"{"build":"0123456789abcdef","x":""}"#,
            r#"{"Build":"0123456789abcdef"}"#,
            r#"{"builds":"0123456789abcdef"}"#,
            r#"{"x":""}"#,
            r#"{"":""}"#,
            r#"{"buildbuildbuild":"0123456789abcdef"}"#,
        ] {
            assert_eq!(parse(body.as_bytes()), Err(UNCLEAR), "{body}");
        }
        assert_eq!(parse(b"{\"build\":\"\xff\"}"), Err(UNCLEAR));
    }
}
