//! Values on the command line.

use faceplate_pack::SIZE_MAX;
use faceplate_sim::flash::layout::FLASH_SIZES;

/// Bytes of a slot: `1MiB`, `512K`, `1048576` or `0x100000`.
pub(crate) fn size(text: &str) -> Result<u32, String> {
    match u32::try_from(bytes(text)?) {
        Ok(size) if (8192..=SIZE_MAX).contains(&size) && size.is_multiple_of(4096) => Ok(size),
        _ => Err(format!(
            "a slot is a multiple of 4 KiB, from 8 KiB to {} KiB",
            SIZE_MAX / 1024
        )),
    }
}

/// Bytes of a flash chip: `4MB`, which is 4 MiB, as everybody who sells or flashes them writes it.
pub(crate) fn flash_size(text: &str) -> Result<usize, String> {
    let size = bytes(text)?;
    let found = FLASH_SIZES.into_iter().find(|&known| known as u64 == size);
    found.ok_or_else(|| "a flash has 1, 2, 4, 8, 16 or 32 MB".to_owned())
}

/// An address in flash that begins a sector: `0x8000`.
pub(crate) fn address(text: &str) -> Result<u32, String> {
    match u32::try_from(bytes(text)?) {
        Ok(address) if address.is_multiple_of(4096) => Ok(address),
        _ => Err("it begins a sector: a multiple of 0x1000".to_owned()),
    }
}

/// A partition's label. It lives as long as the program, like those that are built in.
pub(crate) fn label(text: &str) -> Result<&'static str, String> {
    // All that the field has; ESP-IDF adds a NUL behind it when it reads one.
    match text.len() {
        1..=16 if text.is_ascii() => Ok(String::leak(text.to_owned())),
        _ => Err("a label has 1 to 16 ASCII characters".to_owned()),
    }
}

/// The labels of two partitions, `www_0,www_1`.
pub(crate) fn slots(text: &str) -> Result<[&'static str; 2], String> {
    match text.split_once(',') {
        Some((a, b)) if a != b => Ok([label(a)?, label(b)?]),
        _ => Err("write two labels with a comma between them, like www_0,www_1".to_owned()),
    }
}

/// Bytes in any of the ways that partition tables write them.
fn bytes(text: &str) -> Result<u64, String> {
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
    number
        .checked_mul(unit)
        .ok_or_else(|| "too large a number".to_owned())
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
            "32M",
            "99999999999999999999",
            "99999999999999M",
        ] {
            assert!(size(text).is_err(), "{text}");
        }
        assert_eq!(size("64K"), Ok(64 << 10));
        assert_eq!(size("32764K"), Ok(SIZE_MAX));
    }

    #[test]
    fn a_flash_has_a_size_that_is_made() {
        for (text, mib) in [
            ("4MB", 4),
            ("8m", 8),
            ("16MiB", 16),
            ("32MB", 32),
            ("0x100000", 1),
        ] {
            assert_eq!(flash_size(text), Ok(mib << 20), "{text}");
        }
        for text in ["", "3MB", "64MB", "4096", "4G"] {
            assert!(flash_size(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_table_is_at_a_sector() {
        assert_eq!(address("0x10000"), Ok(0x1_0000));
        for text in ["0x8100", "-1", "0x100000000", "here"] {
            assert!(address(text).is_err(), "{text}");
        }
    }

    #[test]
    fn two_slots_have_two_labels() {
        assert_eq!(slots("web_a,web_b"), Ok(["web_a", "web_b"]));
        let longest = ["label_of_16_char", "b"];
        assert_eq!(slots(&longest.join(",")), Ok(longest));
        for text in ["", "a", "a,a", ",b", "a,", "a,label_of_17_chars", "ä,b"] {
            assert!(slots(text).is_err(), "{text}");
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
