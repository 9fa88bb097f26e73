//! What people are told of an image that is sent.

use super::{deliver::Delivered, error::PushError, parcel::Way};
use crate::{device::Problem, text};

/// What begins: so many bytes of an image with `total` go to a slot.
pub(super) fn sending(name: &str, way: Way, len: u64, total: u64, to: &str) -> String {
    let (len, size) = (text::bytes(len), text::bytes(total));
    match way {
        Way::Whole => format!("sending {name} ({size}) to {to}"),
        Way::Exact | Way::Chunks => {
            format!("sending what differs of {name} ({len} of {size}) to {to}")
        }
    }
}

/// What was sent, where it was less than the image.
pub(super) fn sent(delivered: &Delivered, total: u64) -> Option<String> {
    let Delivered { way, bytes, .. } = delivered;
    let less = *way != Way::Whole && *bytes < total;
    less.then(|| {
        format!(
            "sent {} of {} bytes",
            text::number(*bytes),
            text::number(total)
        )
    })
}

/// Why the whole image is sent.
pub(super) fn refused(problem: &Problem) -> String {
    match &*problem.kind {
        "other-base" | "bad-patch" => format!("{problem}; sending the whole image instead"),
        _ => "it takes whole images only".to_owned(),
    }
}

/// Why it is tried again.
pub(super) fn again(lost: &PushError, number: u32, of: u32) -> String {
    let what = match lost {
        PushError::Lost {
            what,
            written,
            total,
            ..
        } => {
            let (written, total) = (text::bytes(*written), text::bytes(*total));
            format!("the upload broke off, {written} of {total} written: {what}")
        }
        other => other.to_string(),
    };
    format!("{what}; trying again ({number} of {of})")
}

#[cfg(test)]
mod tests {
    use super::{super::error::After, *};

    #[test]
    fn what_is_sent_is_told_with_how_much_of_it() {
        for (way, len, told) in [
            (Way::Whole, 344_064, "sending 1.5 (336 KiB) to www_1"),
            (
                Way::Exact,
                12_345,
                "sending what differs of 1.5 (12.1 KiB of 336 KiB) to www_1",
            ),
            (
                Way::Chunks,
                90,
                "sending what differs of 1.5 (90 B of 336 KiB) to www_1",
            ),
        ] {
            assert_eq!(sending("1.5", way, len, 344_064, "www_1"), told);
        }
    }

    #[test]
    fn what_was_sent_is_told_where_it_was_less_than_the_image() {
        for (way, bytes, tries, told) in [
            (Way::Exact, 12_345, 1, Some("sent 12,345 of 344,064 bytes")),
            (
                Way::Chunks,
                343_000,
                2,
                Some("sent 343,000 of 344,064 bytes"),
            ),
            // Tries that broke off took more than the rest saved.
            (Way::Chunks, 344_064, 3, None),
            (Way::Whole, 344_064, 1, None),
            (Way::Whole, 1_000, 1, None),
        ] {
            let delivered = Delivered {
                way,
                bytes,
                tries,
                sectors: None,
            };
            assert_eq!(sent(&delivered, 344_064).as_deref(), told);
        }
    }

    #[test]
    fn an_upload_that_is_tried_again_is_told_with_how_far_it_was() {
        let lost = PushError::Lost {
            what: "it closed the connection".to_owned(),
            written: 102_400,
            total: 344_064,
            after: After::Recovery,
        };
        assert_eq!(
            again(&lost, 2, 3),
            "the upload broke off, 100 KiB of 336 KiB written: it closed the connection; trying again (2 of 3)"
        );
    }
}
