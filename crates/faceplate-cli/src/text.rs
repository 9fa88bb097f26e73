//! Numbers, hashes and texts from outside as people and scripts read them.

use std::{io::Write as _, time::Duration};

use serde_json::Value;

/// Bytes in the unit that fits, as `1.5 KiB`.
pub(crate) fn bytes(count: u64) -> String {
    let kib = count as f64 / 1024.0;
    match count {
        0..1024 => format!("{count} B"),
        1024..102_400 => format!("{kib:.1} KiB"),
        102_400..1_048_576 => format!("{kib:.0} KiB"),
        _ => format!("{:.2} MiB", kib / 1024.0),
    }
}

/// A number with a comma before each three digits, as `12,345`.
pub(crate) fn number(number: u64) -> String {
    let digits = number.to_string();
    let mut shown = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            shown.push(',');
        }
        shown.push(digit);
    }
    shown
}

/// Lower-case hexadecimal digits.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Base64 (RFC 4648, section 4).
pub(crate) fn base64(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for group in bytes.chunks(3) {
        let bits = group
            .iter()
            .fold(0, |bits, byte| bits << 8 | usize::from(*byte));
        let bits = bits << (8 * (3 - group.len()));
        for digit in 0..4 {
            let value = bits >> (18 - 6 * digit) & 63;
            text.push(if digit > group.len() {
                '='
            } else {
                DIGITS[value].into()
            });
        }
    }
    text
}

/// A span of time, by its two largest units that are not 0.
pub(crate) fn duration(span: Duration) -> String {
    let seconds = span.as_secs();
    let (large, small) = match seconds {
        0..60 => return format!("{seconds} s"),
        60..3600 => ((seconds / 60, "min"), (seconds % 60, "s")),
        3600..86_400 => ((seconds / 3600, "h"), (seconds / 60 % 60, "min")),
        _ => ((seconds / 86_400, "d"), (seconds / 3600 % 24, "h")),
    };
    match small.0 {
        0 => format!("{} {}", large.0, large.1),
        _ => format!("{} {} {} {}", large.0, large.1, small.0, small.1),
    }
}

/// `1 file`, `2 files`.
pub(crate) fn count(number: usize, what: &str) -> String {
    format!("{number} {what}{}", if number == 1 { "" } else { "s" })
}

/// A text from a device or a file as it is shown to people: no terminal obeys it, and it stays in its
/// line. Control characters are written as in Rust, as `\u{1b}` and `\n`.
pub(crate) fn harmless(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for char in text.chars() {
        match char.is_control() {
            true => shown.extend(char.escape_default()),
            false => shown.push(char),
        }
    }
    shown
}

/// Prints a value for scripts. A reader that went away is not told of it.
pub(crate) fn print_json(value: &Value) {
    print(&json(value));
}

/// A value as JSON over several lines, the same value as it came, but without control characters: JSON
/// itself allows those from U+007F on (RFC 8259, section 7).
fn json(value: &Value) -> String {
    let mut shown = String::new();
    for char in format!("{value:#}").chars() {
        match char {
            '\u{7f}'..='\u{9f}' => shown.push_str(&format!("\\u{:04x}", u32::from(char))),
            char => shown.push(char),
        }
    }
    shown
}

/// Prints a line to standard output. A reader that went away is not told of it.
pub(crate) fn print(line: &str) {
    let mut out = std::io::stdout().lock();
    if writeln!(out, "{line}").and_then(|()| out.flush()).is_err() {
        // `faceplate inspect | head`: the reader has what it wanted.
    }
}

/// Warns on standard error, perhaps of something from outside: the name of a file, say.
pub(crate) fn warn(what: &str) {
    eprintln!("warning: {}", harmless(what));
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn sizes_are_shown_in_the_unit_that_fits() {
        let shown = [0, 1023, 1024, 102_399, 102_400, 1_048_576, 16 << 20].map(bytes);
        let want = [
            "0 B",
            "1023 B",
            "1.0 KiB",
            "100.0 KiB",
            "100 KiB",
            "1.00 MiB",
            "16.00 MiB",
        ];
        assert_eq!(shown, want);
    }

    #[test]
    fn numbers_have_commas() {
        let shown = [0, 999, 1000, 12_345, 344_064, 1_000_000].map(number);
        let want = ["0", "999", "1,000", "12,345", "344,064", "1,000,000"];
        assert_eq!(shown, want);
    }

    #[test]
    fn no_terminal_obeys_a_text_from_outside() {
        for (text, shown) in [
            ("", ""),
            ("the stepper moves", "the stepper moves"),
            ("Küche 3 – 🔥 \\ \"x\" {}", "Küche 3 – 🔥 \\ \"x\" {}"),
            ("busy\r\nX: \"y\"", r#"busy\r\nX: "y""#),
            ("\x1b[2J\x1b]0;x\x07", r"\u{1b}[2J\u{1b}]0;x\u{7}"),
            ("a\tb\0\x08\x7f", r"a\tb\u{0}\u{8}\u{7f}"),
            // What 8-bit terminals take for ESC [, and a line break.
            ("\u{9b}31m\u{85}", r"\u{9b}31m\u{85}"),
        ] {
            assert_eq!(harmless(text), shown, "{text:?}");
            assert_eq!(harmless(shown), shown, "{text:?}");
        }
    }

    #[test]
    fn scripts_get_the_value_that_came_and_terminals_no_control_character() {
        let value = json!({ "a\u{9b}": ["\x1b[2J\r\n", "\x7f\u{80}\u{9f}\u{a0}ü"] });
        let shown = json(&value);
        assert!(shown.contains(r#""a\u009b""#), "{shown}");
        assert!(shown.contains("\\u001b[2J\\r\\n"), "{shown}");
        assert!(
            shown.contains("\"\\u007f\\u0080\\u009f\u{a0}ü\""),
            "{shown}"
        );
        assert_eq!(serde_json::from_str::<Value>(&shown).unwrap(), value);
    }

    #[test]
    fn base64_is_that_of_the_rfc() {
        // RFC 4648, section 10.
        let bytes = ["", "f", "fo", "foo", "foob", "fooba", "foobar"];
        let want = [
            "", "Zg==", "Zm8=", "Zm9v", "Zm9vYg==", "Zm9vYmE=", "Zm9vYmFy",
        ];
        assert_eq!(bytes.map(|bytes| base64(bytes.as_bytes())), want);
    }

    #[test]
    fn spans_are_shown_by_their_two_largest_units() {
        let shown = [0, 59, 60, 61, 3599, 3600, 90_000].map(|s| duration(Duration::from_secs(s)));
        let want = [
            "0 s",
            "59 s",
            "1 min",
            "1 min 1 s",
            "59 min 59 s",
            "1 h",
            "1 d 1 h",
        ];
        assert_eq!(shown, want);
    }
}
