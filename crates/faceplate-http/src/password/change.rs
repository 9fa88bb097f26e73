//! Logging in, and setting a password.

use embedded_io_async::{Read, Write};
use heapless::String;

use super::{
    Locked, Password,
    documents::LoggedIn,
    nonce,
    scram::Exchange,
    verifier::{Verifier, base64},
};
use crate::{
    App, Device,
    command::{command, proceed},
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
        /// Changes of the password before: leave for this one is of that time.
        changes: u32,
    },
}

/// A body is not what it should be; in words.
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
    r#"the body must be {"nonce": "…", "client": "16 to 32 letters and digits", "proof": "32 bytes in base64"}"#,
);
const VERIFIER: Unfit = Unfit(
    r#"the body must be {"verifier": "SCRAM-SHA-256$…"}, as `faceplate hash-password` makes it"#,
);

impl Change {
    /// A login, if its head is right.
    pub(crate) fn log_in(head: &Head<'_>) -> Result<Self, Refusal> {
        command(head, PASSWORD_JSON_MAX).map(|()| Self::LogIn)
    }

    /// A new password, if its head is right.
    pub(crate) fn set<A: App>(head: &Head<'_>, app: &A) -> Result<Self, Refusal> {
        command(head, PASSWORD_JSON_MAX)?;
        let password = app.password().ok_or(Refusal::NoSuchApi)?;
        Ok(Self::Set {
            changes: password.changes(),
        })
    }

    /// Does it and answers, or tells why not.
    pub(crate) async fn run<D: Device, A: App, R: Read, W: Write>(
        self,
        device: &D,
        app: &A,
        body: &mut Body<'_, '_, D, R>,
        tx: &mut Tx<'_, D, W>,
        may_go_on: bool,
        waits: bool,
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
            Self::Set { changes } => {
                let verifier = read_verifier(text);
                if may_go_on {
                    tx.keep_open();
                }
                // While the body came somebody else may have changed it.
                if password.changes() != changes {
                    return Err(Refusal::from(Locked::Over).into());
                }
                let set = password.set(device.engine(), verifier?);
                set.map_err(|error| Refusal::from(Locked::Store(error)))?;
                tx.head(204, &[], None).await?;
                Ok(tx.flush().await?)
            }
        }
    }
}

/// What a client answers to a nonce.
struct Proof {
    nonce: nonce::Nonce,
    client: String<{ *CLIENT.end() }>,
    proof: [u8; 32],
}

impl Proof {
    fn parse(body: &[u8]) -> Result<Self, Unfit> {
        let (mut nonce, mut client, mut proof) = (None, None, None);
        read_object(body, |key, value| {
            let twice = match key {
                Some("nonce") => nonce.replace(value.text()?).is_some(),
                Some("client") => client.replace(value.text()?).is_some(),
                Some("proof") => proof.replace(value.text::<44>()?).is_some(),
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
            }),
            _ => Err(PROOF),
        }
    }
}

fn read_verifier(body: &[u8]) -> Result<Verifier, Refusal> {
    let mut text = None;
    let read = read_object(body, |key, value| match key {
        Some("verifier") if text.is_none() => {
            text = Some(value.text::<160>()?);
            Ok(())
        }
        _ => Err(VERIFIER),
    });
    read.map_err(Refusal::from)?;
    let text = text.flatten().ok_or(VERIFIER)?;
    text.parse::<Verifier>()
        .map_err(|what| Refusal::Body(what.into()))
}

impl Password {
    fn log_in<D: Device>(&self, device: &D, asked: &Proof) -> Result<LoggedIn, Refusal> {
        let verifier = self.verifier(device.engine())?.ok_or(Locked::Unset)?;
        let now_ms = device.now_ms();
        let secret = self.secret();
        let mut state = self.state.borrow_mut();
        state.may_try(now_ms)?;
        let nonce = nonce::id_of(&secret, &asked.nonce, now_ms)
            .filter(|&id| !state.sessions.had(id))
            .ok_or(Locked::Stale)?;
        let exchange = Exchange {
            client: &asked.client,
            nonce: &asked.nonce,
            salt: &verifier.salt,
            iterations: verifier.iterations,
        };
        let key = exchange.session_key(&asked.proof, &verifier.stored);
        state.tried(key.is_some(), now_ms)?;
        let key = key.ok_or(Locked::Wrong)?;
        let mut id = [0; 8];
        (self.random)(&mut id);
        let session = u64::from_be_bytes(id);
        state.sessions.begin(session, key, nonce, now_ms);
        Ok(LoggedIn {
            session,
            proof: exchange.server_proof(&verifier.server),
        })
    }
}
