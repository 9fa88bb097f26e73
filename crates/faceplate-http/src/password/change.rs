//! Logging in, and setting a password.

use embedded_io_async::{Read, Write};
use heapless::String;

use super::{
    Locked, Password, State,
    credentials::{Credentials, hex},
    documents::{Changed, LoggedIn},
    nonce,
    scram::Exchange,
    ticket::{GIVEN, NEW, Shown, TEXT, Ticket},
    verifier::{HASH, Verifier, base64},
};
use crate::{
    App, Device,
    command::{Terms, command, proceed},
    http::{
        head::Head,
        object::{Malformed, read_object},
        rx::Body,
        tx::{JSON, Tx},
    },
    limits::PASSWORD_JSON_MAX,
    problem::{Failed, Refusal},
};

/// What is asked for, as far as the head of its request tells.
pub(crate) enum Change {
    /// Somebody proves that they know the password.
    LogIn,
    /// Another password, or the first one.
    Set {
        /// The session that asks for it, by whose key it is masked. (As bytes it is not aligned: less of each
        /// connection's memory.)
        session: Option<[u8; 8]>,
    },
}

/// A body is not what it should be; in words.
#[derive(Clone, Copy)]
struct Unfit(&'static str);

impl From<Malformed> for Unfit {
    fn from(Malformed: Malformed) -> Self {
        Self("the body must be an object of JSON whose values are texts")
    }
}

impl From<Unfit> for Refusal {
    fn from(Unfit(what): Unfit) -> Self {
        Self::Body(what)
    }
}

/// Fewest and most characters of a client's randomness.
const CLIENT: core::ops::RangeInclusive<usize> = 16..=32;
const PROOF: Unfit = Unfit(
    r#"the body must be {"nonce": "…", "client": "16 to 32 letters and digits", "proof": "32 bytes in base64"}, and may have a "ticket""#,
);
const VERIFIER: Unfit = Unfit(
    r#"the body must be {"verifier": "SCRAM-SHA-256$…"}, as `faceplate hash-password` makes it"#,
);
const MASKED: Unfit = Unfit(
    r#"who is logged in sends {"session": "…", "masked": "SCRAM-SHA-256$…"}, a verifier masked by that session's key: docs/password.md"#,
);

impl Change {
    /// A login, if its head is right.
    pub(crate) fn log_in(head: &Head<'_>) -> Result<Self, Refusal> {
        command(head, PASSWORD_JSON_MAX).map(|()| Self::LogIn)
    }

    /// A new password, if its head is right.
    pub(crate) fn set<D: Device, A: App>(
        device: &D,
        head: &Head<'_>,
        app: &A,
    ) -> Result<Self, Refusal> {
        command(head, PASSWORD_JSON_MAX)?;
        let password = app.password().ok_or(Refusal::NoSuchApi)?;
        let session = match Credentials::of(head)? {
            // While it is open nobody has looked at them.
            Credentials::Session(signed) if !password.is_open(device)? => {
                Some(signed.session.to_be_bytes())
            }
            _ => None,
        };
        Ok(Self::Set { session })
    }

    /// Does it and answers, or tells why not.
    pub(crate) async fn run<D: Device, A: App, R: Read, W: Write>(
        self,
        device: &D,
        app: &A,
        body: &mut Body<'_, '_, D, R>,
        tx: &mut Tx<'_, D, W>,
        Terms {
            leave,
            may_go_on,
            waits,
        }: Terms,
    ) -> Result<(), Failed> {
        let password = app.password().ok_or(Refusal::NoSuchApi)?;
        proceed(waits, body, tx).await?;
        let text = body.whole(PASSWORD_JSON_MAX).await?;
        match self {
            Self::LogIn => {
                let asked = Proof::parse(text).map_err(Refusal::from);
                if may_go_on {
                    tx.keep_open();
                }
                let logged_in = password.log_in(device, &asked?)?;
                Ok(tx.text(200, &JSON, &logged_in).await?)
            }
            Self::Set { session } => {
                if may_go_on {
                    tx.keep_open();
                }
                let by = session.map(u64::from_be_bytes);
                let ticket = password.change(device, text, by, || leave.holds(app))?;
                if let Some(ticket) = ticket {
                    return Ok(tx.text(200, &JSON, &Changed { ticket }).await?);
                }
                tx.head(204, &[], None).await?;
                Ok(tx.flush().await?)
            }
        }
    }
}

/// What a client answers to a nonce.
struct Proof {
    // All texts are of one size, since the code that reads one is there for each size.
    nonce: String<TEXT>,
    client: String<TEXT>,
    proof: [u8; 32],
    ticket: Option<Shown>,
}

impl Proof {
    #[inline(never)]
    fn parse(body: &[u8]) -> Result<Self, Unfit> {
        let (mut nonce, mut client, mut proof, mut ticket) = (None, None, None, None);
        read_object(body, |key, value| {
            let twice = match key {
                Some("nonce") => nonce.replace(value.text::<TEXT>()?).is_some(),
                Some("client") => client.replace(value.text::<TEXT>()?).is_some(),
                Some("proof") => proof.replace(value.text::<TEXT>()?).is_some(),
                Some("ticket") => ticket.replace(value.text::<TEXT>()?).is_some(),
                _ => true,
            };
            if twice { Err(PROOF) } else { Ok(()) }
        })?;
        let proof = proof.flatten().and_then(|text| base64(&text));
        let client = client.flatten().filter(|client: &String<_>| {
            CLIENT.contains(&client.len())
                && client.bytes().all(|byte| byte.is_ascii_alphanumeric())
        });
        // A nonce that is too long is none of ours.
        let nonce = nonce.map(Option::unwrap_or_default);
        match (nonce, client, proof) {
            (Some(nonce), Some(client), Some(proof)) => Ok(Self {
                nonce,
                client,
                proof,
                // One that is not understood is none: it is not needed.
                ticket: ticket.flatten().and_then(|text| Shown::parse(&text)),
            }),
            _ => Err(PROOF),
        }
    }
}

/// The new verifier; who is logged in sends it masked, and says by which session: by the key of another one it would
/// be a password that nobody knows.
fn read_verifier(body: &[u8], by: Option<(u64, [u8; HASH])>) -> Result<Verifier, Refusal> {
    let (name, unfit) = match by {
        Some(_) => ("masked", MASKED),
        None => ("verifier", VERIFIER),
    };
    let (mut text, mut session) = (None, None);
    let read = read_object(body, |key, value| {
        let twice = match key {
            Some(key) if key == name => text.replace(value.text::<160>()?).is_some(),
            Some("session") if by.is_some() => session.replace(value.text::<16>()?).is_some(),
            _ => true,
        };
        if twice { Err(unfit) } else { Ok(()) }
    });
    read.map_err(Refusal::from)?;
    let text = text.flatten().ok_or(unfit)?;
    let verifier = text.parse::<Verifier>();
    let verifier = verifier.map_err(|what| Refusal::Body(what.into()))?;
    let Some((id, key)) = by else {
        return Ok(verifier);
    };
    let session = session.flatten().and_then(|session| hex(&session));
    match session.map(u64::from_be_bytes) == Some(id) {
        true => Ok(verifier.masked(&key)),
        false => Err(unfit.into()),
    }
}

impl Password {
    /// Takes the new password that a body brings, from the session `by`, if somebody is logged in: that one gets a
    /// ticket for it. Not inlined, as below.
    #[inline(never)]
    fn change<D: Device>(
        &self,
        device: &D,
        body: &[u8],
        by: Option<u64>,
        holds: impl FnOnce() -> Result<(), Refusal>,
    ) -> Result<Option<[u8; HASH]>, Refusal> {
        let by = match by {
            Some(id) => {
                let key = self.session_key(id, device.now_ms());
                Some((id, key.ok_or(Locked::Over)?))
            }
            None => None,
        };
        let verifier = read_verifier(body, by);
        // While the body came somebody else may have changed it.
        holds()?;
        let verifier = verifier?;
        let set = self.set(device.engine(), verifier);
        set.map_err(Locked::Store)?;
        // Who has changed it is to log in again at once, whoever guesses.
        Ok(by.and_then(|(id, key)| {
            let secret = self.tickets(device.engine(), true)?;
            Some(Ticket::new(&secret, &verifier.stored, id).masked(&key, NEW))
        }))
    }

    /// Not inlined, so that what it takes of the stack is not beside that of a change of the frontend.
    #[inline(never)]
    fn log_in<D: Device>(&self, device: &D, asked: &Proof) -> Result<LoggedIn, Refusal> {
        let verifier = self.verifier(device.engine())?.ok_or(Locked::Unset)?;
        let now_ms = device.now_ms();
        let exchange = Exchange {
            client: &asked.client,
            nonce: &asked.nonce,
            salt: &verifier.salt,
            iterations: verifier.iterations,
        };
        let is_known = asked.ticket.as_ref().is_some_and(|ticket| {
            let secret = self.tickets(device.engine(), false);
            secret.is_some_and(|secret| {
                ticket.is_of(&secret, &verifier.stored, &exchange, &asked.proof)
            })
        });
        let secret = self.secret();
        let mut state = self.state.borrow_mut();
        let State {
            sessions,
            attempts,
            known_attempts,
            known_floor,
            ..
        } = &mut *state;
        // Who was logged in before does not wait because others guess.
        let attempts = match is_known {
            true => known_attempts,
            false => attempts,
        };
        attempts.may_try(now_ms)?;
        let nonce = nonce::id_of(&secret, &asked.nonce, now_ms)
            .filter(|&id| !(sessions.had(id) || is_known && id <= *known_floor))
            .ok_or(Locked::Stale)?;
        let key = exchange.session_key(&asked.proof, &verifier.stored);
        if is_known && key.is_none() {
            *known_floor = nonce;
        }
        attempts.tried(key.is_some(), now_ms)?;
        let key = key.ok_or(Locked::Wrong)?;
        let mut id = [0; 8];
        (self.random)(&mut id);
        let session = u64::from_be_bytes(id);
        sessions.begin(session, key, nonce, now_ms);
        drop(state);
        // Without it one may have to wait at the next login, no more.
        let tickets = self.tickets(device.engine(), true);
        let ticket = tickets.map(|secret| {
            let ticket = Ticket::new(&secret, &verifier.stored, session);
            ticket.masked(&key, GIVEN)
        });
        Ok(LoggedIn {
            session,
            proof: exchange.server_proof(&verifier.server),
            ticket,
        })
    }
}
