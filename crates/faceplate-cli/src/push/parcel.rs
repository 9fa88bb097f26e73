//! What is sent to a device so that it has an image: the image, or what differs from what the device has.

use std::borrow::Cow;

use faceplate_patch::{ChunkList, Patch, from_chunks, from_image};

use super::Image;
use crate::{
    cache::Cache,
    device::{self, Address, Body, State, Status},
    text,
};

/// What is sent.
pub(super) struct Parcel<'a> {
    pub(super) way: Way,
    bytes: Cow<'a, [u8]>,
    digest: String,
}

/// How the bytes that are sent came about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Way {
    /// They are the image.
    Whole,
    /// They are what differs from the image that runs, which is here, too.
    Exact,
    /// They are what differs from what the device says that it has.
    Chunks,
}

impl Way {
    /// What scripts read.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Whole => "whole",
            Self::Exact => "exact",
            Self::Chunks => "chunks",
        }
    }
}

impl<'a> Parcel<'a> {
    /// The image itself.
    pub(super) fn whole(image: &'a Image) -> Self {
        Self {
            way: Way::Whole,
            bytes: Cow::Borrowed(image.bytes()),
            digest: device::content_digest(&image.inspection.sha256),
        }
    }

    /// The shortest that there is, for a device with this status.
    pub(super) fn shortest(
        image: &'a Image,
        address: &Address,
        status: &Status,
        cache: &Cache,
    ) -> Self {
        match patch(image, address, status, cache) {
            Some((way, patch)) if patch.is_worth_it() => {
                let bytes = patch.into_bytes();
                Self {
                    way,
                    digest: device::content_digest(&device::sha256(&bytes)),
                    bytes: Cow::Owned(bytes),
                }
            }
            _ => Self::whole(image),
        }
    }

    /// Bytes of it.
    pub(super) fn len(&self) -> u64 {
        self.bytes.len() as u64
    }

    /// As it is sent.
    pub(super) fn body(&self) -> Body<'_> {
        let (method, media_type) = match self.way {
            Way::Whole => ("POST", "application/octet-stream"),
            Way::Exact | Way::Chunks => ("PATCH", faceplate::patch::MEDIA_TYPE),
        };
        Body {
            method,
            media_type,
            bytes: &self.bytes,
            digest: &self.digest,
        }
    }
}

/// What differs, by all that can be known. Whatever fails here only makes it longer.
fn patch(image: &Image, address: &Address, status: &Status, cache: &Cache) -> Option<(Way, Patch)> {
    let list = |slot, len| {
        let bytes = device::chunks(address, slot, len).ok()?;
        ChunkList::parse(&bytes).ok()
    };
    let left = status
        .has_leftovers()
        .then(|| list("inactive", Some(image.len())));
    let left = left.flatten();
    let runs = (status.state != State::Recovery)
        .then(|| status.active_slot().sha256.as_deref())
        .flatten();
    let Some(runs) = runs else {
        // There is nothing to copy, but perhaps something to go on with.
        let rest = from_image(&[], image.bytes(), Some(&left?)).ok()?;
        return Some((Way::Chunks, rest));
    };
    if let Some(old) = cache.get(runs) {
        let exact = from_image(&old, image.bytes(), left.as_ref()).ok()?;
        return Some((Way::Exact, exact));
    }
    let base = list("active", None)?;
    // It may have changed since.
    let same = |sha256: [u8; 32]| text::hex(&sha256) == runs;
    base.sha256().is_some_and(same).then_some(())?;
    let listed = from_chunks(&base, left.as_ref(), image.bytes()).ok()?;
    Some((Way::Chunks, listed))
}
