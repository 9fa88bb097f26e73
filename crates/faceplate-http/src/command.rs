//! Commands: changes that are asked for by a small document of JSON.

use embedded_io_async::{Read, Write};

use crate::{
    Device,
    guard::check_media_type,
    http::{
        head::{Expect, Head},
        rx::Body,
        tx::Tx,
    },
    limits::JSON_MAX,
    password::Leave,
    problem::{Gone, Refusal},
};

/// On what terms a change is made, as the head of its request and the device's password say.
#[derive(Clone, Copy)]
pub(crate) struct Terms {
    /// The password by which it may be made.
    pub(crate) leave: Leave,
    /// Whether another request may follow, if all of this one is read.
    pub(crate) may_go_on: bool,
    /// The client sends its body only when it is told to.
    pub(crate) waits: bool,
}

/// Checks what all changes of ours have in common, but for their origin; returns the length of the
/// body.
pub(crate) fn guarded(head: &Head<'_>, media_type: &'static str) -> Result<u64, Refusal> {
    check_media_type(head, media_type)?;
    match (head.content_length, head.expect) {
        (None, _) => Err(Refusal::LengthRequired),
        (_, Expect::Unknown) => Err(Refusal::Expectation),
        (Some(length), _) => Ok(length),
    }
}

/// Checks the head of a command with a body of up to `max` bytes.
pub(crate) fn command(head: &Head<'_>, max: usize) -> Result<(), Refusal> {
    match guarded(head, "application/json")? {
        length if length > max as u64 => Err(Refusal::JsonTooLong { max }),
        _ => Ok(()),
    }
}

/// Lets a client that waits for a word send its body.
pub(crate) async fn proceed<D: Device, R: Read, W: Write>(
    waits: bool,
    body: &Body<'_, '_, D, R>,
    tx: &mut Tx<'_, D, W>,
) -> Result<(), Gone> {
    if waits && !body.has_begun() {
        tx.proceed().await?;
    }
    Ok(())
}

/// Reads the body of a command without words: `{}`.
pub(crate) async fn empty_object<D: Device, R: Read>(
    body: &mut Body<'_, '_, D, R>,
) -> Result<(), Refusal> {
    let inner = body
        .whole(JSON_MAX)
        .await?
        .trim_ascii()
        .strip_prefix(b"{")
        .and_then(|rest| rest.strip_suffix(b"}"));
    match inner {
        Some(inner) if inner.trim_ascii().is_empty() => Ok(()),
        _ => Err(Refusal::Body("the body must be {}")),
    }
}
