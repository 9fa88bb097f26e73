//! Values on the command line.

use faceplate_pack::SIZE_MAX;

/// Bytes of a slot: `1MiB`, `512K`, `1048576` or `0x100000`.
pub(crate) fn size(text: &str) -> Result<u32, String> {
    let lower = text.trim().to_ascii_lowercase();
    let (number, unit) = match lower.strip_prefix("0x") {
        Some(digits) => (u64::from_str_radix(digits, 16).ok(), 1),
        None => {
            let end = lower
                .find(|c: char| !c.is_ascii_digit())
                .unwrap_or(lower.len());
            let unit = match lower[end..].trim() {
                "" | "b" => Some(1),
                // Partition tables mean 1024 by these.
                "k" | "kb" | "kib" => Some(1024),
                "m" | "mb" | "mib" => Some(1 << 20),
                _ => None,
            };
            (
                unit.and_then(|_| lower[..end].parse::<u64>().ok()),
                unit.unwrap_or(1),
            )
        }
    };
    let number = number.ok_or("write bytes, or a number with K or M, like 1M")?;
    let size = number
        .checked_mul(unit)
        .and_then(|size| u32::try_from(size).ok());
    match size {
        Some(size) if (8192..=SIZE_MAX).contains(&size) && size.is_multiple_of(4096) => Ok(size),
        _ => Err("a slot is a multiple of 4 KiB, from 8 KiB to 1 MiB".to_owned()),
    }
}

/// A range of firmware APIs: `2`, or `1..3` with both ends.
pub(crate) fn api(text: &str) -> Result<(u16, u16), String> {
    let (min, max) = text.split_once("..").unwrap_or((text, text));
    let number = |text: &str| text.trim_start_matches('=').parse::<u16>().ok();
    match (number(min), number(max)) {
        (Some(min), Some(max)) if min <= max => Ok((min, max)),
        _ => Err("write a number like 2, or the lowest and the highest like 1..3".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_read_in_every_way_that_partition_tables_write_them() {
        for text in [
            "1MiB", "1M", "1024K", "1024 KiB", "1048576", "0x100000", "1mb",
        ] {
            assert_eq!(size(text), Ok(1 << 20), "{text}");
        }
        for text in [
            "",
            "M",
            "1G",
            "-1",
            "1.5M",
            "0",
            "4K",
            "5000",
            "2M",
            "99999999999999999999",
        ] {
            assert!(size(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_range_of_apis_has_one_end_or_two() {
        assert_eq!(api("2"), Ok((2, 2)));
        assert_eq!(api("1..3"), Ok((1, 3)));
        assert_eq!(api("1..=3"), Ok((1, 3)));
        for text in ["", "3..1", "a", "1..", "..2", "1...3", "70000"] {
            assert!(api(text).is_err(), "{text}");
        }
    }
}
