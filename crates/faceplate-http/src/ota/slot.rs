//! What is in a slot, for clients: the image itself, and its chunks.

use embassy_futures::yield_now;
use embedded_io_async::Write;
use faceplate::{BeginError, Slot, chunks, media};

use crate::{
    Device,
    frontend::lookup::{Cache, Content},
    http::tx::{Header, Tx},
    problem::{Failed, Gone, Refusal},
};

/// What of which slot is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Wanted {
    slot: Slot,
    /// Bytes to look at, at most.
    len: u32,
}

impl Wanted {
    /// As the query of a request says, which must be understood. `bounded`: it may say how much.
    pub(crate) fn parse(query: &str, active: Slot, bounded: bool) -> Result<Self, &'static str> {
        let (mut slot, mut len) = (None, None);
        for pair in query.split('&').filter(|pair| !pair.is_empty()) {
            let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
            let twice = match key {
                "slot" => slot.replace(value).is_some(),
                "length" if bounded => len.replace(value).is_some(),
                _ if bounded => return Err("the query takes slot and length"),
                _ => return Err("the query takes slot"),
            };
            if twice {
                return Err("slot and length may each be there once");
            }
        }
        let slot = match slot {
            None | Some("active") => active,
            Some("inactive") => active.other(),
            Some("0") => Slot::Www0,
            Some("1") => Slot::Www1,
            Some(_) => return Err("slot is active, inactive, 0 or 1"),
        };
        let digits = |len: &&str| len.bytes().all(|byte| byte.is_ascii_digit());
        let len = match len {
            None => u32::MAX,
            Some(len) => Some(len)
                .filter(digits)
                .and_then(|len| len.parse().ok())
                .ok_or("length is a number of bytes")?,
        };
        Ok(Self { slot, len })
    }
}

/// The image that is in a slot.
pub(crate) fn image<D: Device>(device: &D, wanted: Wanted) -> Result<Content<D::Flash>, Refusal> {
    let file = device.engine().open_image(wanted.slot);
    Ok(Content {
        file: file.ok_or(Refusal::NoImage)?,
        gzip: false,
        content_type: media::UNKNOWN,
        cache: Cache::Never,
        status: 200,
    })
}

/// Sends the chunks of what is in a slot. How many there are is known in the end: the list says of how many bytes
/// they are, and ends with the connection.
pub(crate) async fn chunks<D: Device, W: Write>(
    device: &D,
    wanted: Wanted,
    tx: &mut Tx<'_, D, W>,
) -> Result<(), Failed> {
    let Wanted { slot, len } = wanted;
    let chunks = device.engine().chunks(slot, len);
    let mut chunks = chunks.map_err(|error| Refusal::Begin(BeginError::NoSlots(error)))?;
    tx.close();
    let headers: [Header<'_>; 2] = [
        ("Content-Type", &chunks::MEDIA_TYPE),
        ("Cache-Control", &"no-store"),
    ];
    tx.head(200, &headers, None).await?;
    if !tx.framing().head_only {
        tx.push(&chunks.list().encode()).await?;
        // A list that is cut is none: the client sees that by its length.
        while let Some(chunk) = chunks.next_chunk().map_err(|_| Gone)? {
            tx.push(&chunk.encode()).await?;
            yield_now().await;
        }
    }
    Ok(tx.flush().await?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_query_says_which_slot_and_how_much_of_it() {
        let all = |slot| {
            Ok(Wanted {
                slot,
                len: u32::MAX,
            })
        };
        for (query, want) in [
            ("", all(Slot::Www1)),
            ("slot=active", all(Slot::Www1)),
            ("slot=inactive", all(Slot::Www0)),
            ("slot=0", all(Slot::Www0)),
            ("&slot=1&", all(Slot::Www1)),
            (
                "length=4096&slot=inactive",
                Ok(Wanted {
                    slot: Slot::Www0,
                    len: 4096,
                }),
            ),
        ] {
            assert_eq!(Wanted::parse(query, Slot::Www1, true), want, "{query}");
        }
    }

    #[test]
    fn a_query_that_is_not_understood_is_an_error() {
        for query in [
            "slot",
            "slot=",
            "slot=2",
            "slot=www_0",
            "slots=1",
            "slot=0&slot=0",
            "length=",
            "length=-1",
            "length=+1",
            "length=4294967296",
            "length=1&length=1",
            "=",
        ] {
            assert!(Wanted::parse(query, Slot::Www0, true).is_err(), "{query}");
        }
        assert!(Wanted::parse("length=1", Slot::Www0, false).is_err());
    }
}
