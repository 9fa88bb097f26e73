//! Logging in to a device that has a password, and signing what is asked of it: the client's side of
//! `faceplate_http::password`.
//!
//! It is done when a device asks for it, and again when the session is over, as after each restart: the
//! password is kept, stretched, for as long as the process lives.

use std::{
    fmt,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use faceplate_http::password::{Login as Stretched, SessionKey, Ticket, Verifier};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{Address, ApiError, ClientError, Problem, Response, http::send};
use crate::{failure::Kind, password};

const LOGIN: &str = "/api/ota/login";
/// Longest wait for an answer; the device has little to do, but may be erasing.
const ANSWER: Duration = Duration::from_secs(6);
/// So often somebody may mistype.
const TYPED: u32 = 3;
/// A false device could choose a nonce that is half of a message.
const NONCE_MAX: usize = 64;

/// Who is logged in to a device, or will be.
pub(crate) struct Login {
    /// The password, where it need not be typed.
    given: Option<String>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    typed: Option<String>,
    kept: Option<Kept>,
    session: Option<Session>,
    /// By it the device knows us again, also while others guess.
    ticket: Option<Ticket>,
    /// Somebody was logged in: what follows runs by itself, and nobody is asked any more.
    was_in: bool,
    /// Nobody knows the password, or not the right one: it is not tried again.
    gave_up: bool,
}

/// The password as a device with this salt wants it.
struct Kept {
    salt: String,
    iterations: u32,
    stretched: Stretched,
}

struct Session {
    name: String,
    key: SessionKey,
    /// The last number that was used.
    number: u64,
}

/// What a device says of its password.
#[derive(Debug, Deserialize)]
pub(crate) struct Asked {
    pub(crate) set: bool,
    #[serde(default)]
    salt: String,
    #[serde(default)]
    pub(crate) iterations: u32,
    #[serde(default)]
    nonce: String,
}

#[derive(Deserialize)]
struct LoggedIn {
    session: String,
    proof: String,
    ticket: Option<String>,
}

/// What a login has come to.
enum Outcome {
    In,
    /// There is no password to log in with.
    Nobody,
    /// The device said no.
    Refused(Response),
}

/// How one stands with a device before anything is asked of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Standing {
    /// It wants no password, one is logged in, or it is another matter.
    Open,
    /// It wants a password that is not known here.
    Needed,
    /// It wants one to be set first.
    Unset,
}

impl Standing {
    /// Whether a change may be asked for; if not, why.
    pub(crate) fn may_change(self) -> Result<(), ApiError> {
        match self {
            Self::Open => Ok(()),
            Self::Needed | Self::Unset => Err(ApiError::Locked(self)),
        }
    }

    /// As scripts tell it from others: by the device's own names.
    pub(super) fn kind(self) -> Kind {
        Kind::refused(match self {
            Self::Open | Self::Needed => "password-needed",
            Self::Unset => "password-unset",
        })
    }
}

impl fmt::Display for Standing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Open | Self::Needed => write!(f, "its password is needed{SAY}"),
            Self::Unset => f.write_str(
                "it wants a password before anything else: set one by `faceplate password`",
            ),
        }
    }
}

/// How a password is said.
pub(super) const SAY: &str = "; say it with --password-file FILE, or in FACEPLATE_PASSWORD";

/// Asks a device for its password's salt and a nonce, or whether it has one at all. `None`: it is a
/// device without passwords, or somebody else, which other questions find out.
pub(crate) fn asked(address: &Address) -> Result<Option<Asked>, ClientError> {
    let response = send(address, "GET", LOGIN, &[], &[], ANSWER)?;
    match response.status {
        200 => Ok(response.read()),
        _ => Ok(None),
    }
}

/// Logs in to a device that has a password, before there is anything to be sent in vain.
pub(crate) fn log_in(address: &Address) -> Result<Standing, ApiError> {
    let Some(login) = &address.login else {
        return Ok(Standing::Open);
    };
    match asked(address)? {
        None => Ok(Standing::Open),
        Some(asked) if !asked.set => Ok(Standing::Unset),
        Some(asked) => {
            let mut state = login.lock();
            match login.log_in(address, &mut state, Some(asked))? {
                Outcome::In => Ok(Standing::Open),
                Outcome::Nobody => Ok(Standing::Needed),
                Outcome::Refused(response) => Err(ApiError::Refused(Problem::of(&response))),
            }
        }
    }
}

/// Has a request sent by `send`, which gets the value of `Authorization`; where the device wants somebody
/// to log in first, or again, that is done, and it is sent once more.
pub(super) fn signed(
    address: &Address,
    [method, path, digest]: [&str; 3],
    send: impl Fn(Option<&str>) -> Result<Response, ClientError>,
) -> Result<Response, ClientError> {
    let Some(login) = &address.login else {
        return send(None);
    };
    let sign = || login.sign(method, path, digest);
    let signature = sign();
    let response = send(signature.as_deref())?;
    if !wants_login(&response) {
        return Ok(response);
    }
    match login.again(address, signature.as_deref())? {
        Outcome::In => send(sign().as_deref()),
        Outcome::Nobody => Ok(response),
        Outcome::Refused(response) => Ok(response),
    }
}

fn wants_login(response: &Response) -> bool {
    let kinds = ["password-needed", "session-over"];
    response.status == 401 && kinds.contains(&&*Problem::of(response).kind)
}

impl Login {
    /// With the password, where it is known already.
    pub(crate) fn new(given: Option<String>) -> Self {
        Self {
            given,
            state: Mutex::default(),
        }
    }

    /// Whether the password was given, and need not be typed.
    pub(crate) fn is_given(&self) -> bool {
        self.given.is_some()
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether somebody is logged in, as far as is known here.
    pub(crate) fn is_in(&self) -> bool {
        self.lock().session.is_some()
    }

    /// The value of `Authorization` for a request, if somebody is logged in.
    pub(crate) fn sign(&self, method: &str, path: &str, digest: &str) -> Option<String> {
        let mut state = self.lock();
        let Session { name, key, number } = state.session.as_mut()?;
        *number += 1;
        let signature = key.sign(name, *number, method, path, digest);
        Some(format!("Faceplate {signature}"))
    }

    /// A new verifier as it goes over the network, masked by the session's key; `None` where nobody is logged in.
    pub(crate) fn masked(&self, verifier: Verifier) -> Option<Value> {
        let state = self.lock();
        let Session { name, key, .. } = state.session.as_ref()?;
        Some(json!({ "session": name, "masked": key.mask(verifier).to_string() }))
    }

    /// Logs in where what was `sent` was not enough.
    fn again(&self, address: &Address, sent: Option<&str>) -> Result<Outcome, ClientError> {
        let mut state = self.lock();
        if let Some(session) = &state.session {
            let is_ours = |sent: &str| sent.starts_with(&format!("Faceplate {}.", session.name));
            if !sent.is_some_and(is_ours) {
                // Somebody else here has done so meanwhile.
                return Ok(Outcome::In);
            }
        }
        self.log_in(address, &mut state, None)
    }

    /// Logs in; `asked` is what the device has just said, if it was asked.
    fn log_in(
        &self,
        address: &Address,
        state: &mut State,
        mut asked: Option<Asked>,
    ) -> Result<Outcome, ClientError> {
        let mut times = 0;
        let mut stale = false;
        while !state.gave_up {
            let asked = match asked.take() {
                Some(asked) => asked,
                None => match send(address, "GET", LOGIN, &[], &[], ANSWER)? {
                    response if response.status == 200 => {
                        response.read().ok_or(ClientError::Impostor)?
                    }
                    response => return Ok(Outcome::Refused(response)),
                },
            };
            if !asked.set {
                break;
            }
            if self.given.is_none() && state.typed.is_none() && !state.was_in {
                times += 1;
                // Who types slowly outlives a nonce, each time.
                stale = false;
                let again = if times > 1 { "That is not it. " } else { "" };
                state.typed = password::ask(&format!("{again}Password of {address}: "));
            }
            let Some(password) = self.given.as_ref().or(state.typed.as_ref()) else {
                state.gave_up = true;
                break;
            };
            let fits =
                |kept: &Kept| (&kept.salt, kept.iterations) == (&asked.salt, asked.iterations);
            if !state.kept.as_ref().is_some_and(fits) {
                state.kept = Some(asked.stretch(password)?);
            }
            let kept = state.kept.as_ref().ok_or(ClientError::Impostor)?;
            let answer = asked.answer(address, kept, state.ticket.as_ref())?;
            let response = match answer {
                Ok((session, ticket)) => {
                    state.session = Some(session);
                    state.ticket = ticket.or(state.ticket.take());
                    state.was_in = true;
                    return Ok(Outcome::In);
                }
                Err(response) => response,
            };
            match &*Problem::of(&response).kind {
                "stale-nonce" if !stale => stale = true,
                "wrong-password" if (1..TYPED).contains(&times) => {
                    state.typed = None;
                    state.kept = None;
                }
                "wrong-password" => {
                    state.gave_up = true;
                    return Ok(Outcome::Refused(response));
                }
                _ => return Ok(Outcome::Refused(response)),
            }
        }
        Ok(Outcome::Nobody)
    }
}

impl Asked {
    fn stretch(&self, password: &str) -> Result<Kept, ClientError> {
        let stretched = Stretched::stretch(password, &self.salt, self.iterations);
        Ok(Kept {
            salt: self.salt.clone(),
            iterations: self.iterations,
            stretched: stretched.ok_or(ClientError::Impostor)?,
        })
    }

    /// Proves to the device that the password is known, and has it prove the same; or its refusal.
    fn answer(
        &self,
        address: &Address,
        kept: &Kept,
        ticket: Option<&Ticket>,
    ) -> Result<Result<(Session, Option<Ticket>), Response>, ClientError> {
        let sound = |byte: u8| byte.is_ascii_graphic() && byte != b',';
        if !(1..=NONCE_MAX).contains(&self.nonce.len()) || !self.nonce.bytes().all(sound) {
            return Err(ClientError::Impostor);
        }
        let client = randomness();
        let answer = kept.stretched.answer(&client, &self.nonce, ticket);
        let mut body = json!({
            "nonce": self.nonce, "client": client, "proof": answer.proof().to_string(),
        });
        if let Some(ticket) = answer.ticket() {
            body["ticket"] = ticket.into();
        }
        let fields = [("Content-Type", "application/json")];
        let body = body.to_string();
        let response = send(address, "POST", LOGIN, &fields, body.as_bytes(), ANSWER)?;
        if response.status != 200 {
            return Ok(Err(response));
        }
        let said: LoggedIn = response.read().ok_or(ClientError::Impostor)?;
        let key = answer.key(&said.proof).ok_or(ClientError::Impostor)?;
        let ticket = said
            .ticket
            .and_then(|sent| key.ticket(&said.session, &sent));
        let session = Session {
            name: said.session,
            key,
            number: 0,
        };
        Ok(Ok((session, ticket)))
    }
}

/// 32 letters and digits that nobody can guess.
fn randomness() -> String {
    let mut bytes = [0; 16];
    password::random(&mut bytes);
    crate::text::hex(&bytes)
}
