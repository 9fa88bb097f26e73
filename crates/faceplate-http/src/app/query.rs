//! The query of a request: `name=value` pairs, decoded as forms are.

use heapless::{String, Vec};

/// The first value of `name`, decoded; `None` where there is none, or it is no UTF-8, or has more
/// than `N` bytes.
pub(crate) fn value<const N: usize>(query: &str, name: &str) -> Option<String<N>> {
    let mut pairs = query
        .split('&')
        .map(|pair| pair.split_once('=').unwrap_or((pair, "")));
    let (_, value) = pairs.find(|(key, _)| decoded(key).eq(name.bytes().map(Some)))?;
    let mut bytes = Vec::<u8, N>::new();
    for byte in decoded(value) {
        bytes.push(byte?).ok()?;
    }
    String::from_utf8(bytes).ok()
}

/// The bytes of a part; `None` in place of an escape that is none.
fn decoded(part: &str) -> impl Iterator<Item = Option<u8>> + '_ {
    let mut bytes = part.bytes();
    core::iter::from_fn(move || {
        Some(match bytes.next()? {
            b'+' => Some(b' '),
            b'%' => {
                let mut digit = || char::from(bytes.next()?).to_digit(16);
                let (high, low) = (digit(), digit());
                high.zip(low).map(|(high, low)| (high << 4 | low) as u8)
            }
            byte => Some(byte),
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_found_and_decoded() {
        for (query, want) in [
            ("a=1", Some("1")),
            ("b=2&a=1&a=3", Some("1")),
            ("a", Some("")),
            ("%61=x+y%20z%C3%A4", Some("x y zä")),
            ("a=b=c", Some("b=c")),
            ("", None),
            ("aa=1&=a", None),
            ("a=%", None),
            ("a=%4", None),
            ("a=%ff", None),
            ("a=123456789", None),
        ] {
            let found: Option<String<8>> = value(query, "a");
            assert_eq!(found.as_deref(), want, "{query}");
        }
    }
}
