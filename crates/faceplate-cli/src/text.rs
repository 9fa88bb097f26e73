//! Numbers and hashes as people and scripts read them.

use std::io::Write as _;

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

/// Lower-case hexadecimal digits.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// `1 file`, `2 files`.
pub(crate) fn count(number: usize, what: &str) -> String {
    format!("{number} {what}{}", if number == 1 { "" } else { "s" })
}

/// Prints a value for scripts. A reader that went away is not told of it.
pub(crate) fn print_json(value: &Value) {
    print(&format!("{value:#}"));
}

/// Prints a line to standard output. A reader that went away is not told of it.
pub(crate) fn print(line: &str) {
    let mut out = std::io::stdout().lock();
    if writeln!(out, "{line}").and_then(|()| out.flush()).is_err() {
        // `faceplate inspect | head`: the reader has what it wanted.
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
}
