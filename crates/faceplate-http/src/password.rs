//! A password for the device, over plain HTTP: opt-in, by [`App::password`].
//!
//! Who listens on the network learns neither the password nor anything that can be used again. A
//! client proves that it knows the password by the mathematics of SCRAM-SHA-256 (RFC 5802, RFC 7677),
//! and the device proves it, too; both then have a key that was never sent, and the client signs each
//! request by it, once. No cookie: those of a host are for all its ports.
//!
//! `docs/password.md` says what goes over the wire, and what this does not protect from.

mod attempts;
mod change;
mod check;
mod credentials;
mod documents;
mod locked;
mod nonce;
mod scram;
mod session;
mod stretch;
mod ticket;
mod verifier;
mod with;

use core::cell::RefCell;

use faceplate::{Engine, Nvs, Text, text};

use self::{attempts::Attempts, nonce::Nonce, session::Sessions};
pub(crate) use self::{change::Change, documents::script, locked::Locked};
pub use self::{
    scram::{Answer, LONGEST, Login, SHORTEST, SessionKey},
    ticket::Ticket,
    verifier::{ITERATIONS, ITERATIONS_ALLOWED, NotAVerifier, Verifier},
    with::WithPassword,
};
use crate::{App, problem::Refusal};

/// The script that pages load to log in, made and tested where all web pages are.
pub(crate) const SCRIPT: &str = include_str!("../../../web/login/login.js");

/// That of a firmware.
pub(crate) fn of<A: App>(app: &A) -> Option<&Password> {
    app.password()
}

/// What a request was let in by, while it goes on: the password of that time.
#[derive(Clone, Copy)]
pub(crate) struct Leave {
    /// See [`State::changes`]; 0 without a password.
    changes: u16,
}

impl Leave {
    pub(crate) fn of<A: App>(app: &A) -> Self {
        let changes = app.password().map_or(0, Password::changes);
        Self { changes }
    }

    /// Whether that is still the password.
    pub(crate) fn holds<A: App>(self, app: &A) -> Result<(), Refusal> {
        match Self::of(app).changes == self.changes {
            true => Ok(()),
            false => Err(over()),
        }
    }
}

/// It is another password since.
pub(crate) fn over() -> Refusal {
    Locked::Over.into()
}

/// The key in NVS: the blob of a [`Verifier`].
const KEY: &str = "pw";
/// A `u8` that says that there is such a blob: one that was damaged is told by it from one that never was.
const IS_SET: &str = "pw_set";

/// The password of a device: what is stored of it, who is logged in, and how often it was wrong.
///
/// A `static` of the firmware, or what lives as long as its [`App`], which gives it by
/// [`App::password`]. It takes 992 bytes on the chips.
pub struct Password {
    /// Fills bytes with what nobody can guess.
    random: fn(&mut [u8]),
    /// From the build; what is stored goes before it.
    built_in: Option<Verifier>,
    reading: bool,
    state: RefCell<State>,
}

struct State {
    /// Whether what is stored was read.
    loaded: bool,
    verifier: Option<Verifier>,
    /// Other bytes at each boot and after each change, from when the first is wanted: what nonces and the like are
    /// made of.
    secret: Option<[u8; 32]>,
    /// Counts the changes of the password, each of which is stored: leave that was given before one is over.
    changes: u16,
    /// Counts the nonces.
    nonces: u16,
    sessions: Sessions,
    attempts: Attempts,
    /// Those of who showed a ticket: whoever has stolen one guesses as slowly, and holds up nobody else.
    known_attempts: Attempts,
    /// Nonces up to this one are good for no ticket any more: who hears a wrong password with one must not count it
    /// again.
    known_floor: u64,
    /// A plain password is being stretched.
    stretching: bool,
    /// What the plain password that was right last is known again by.
    plain: Option<[u8; 32]>,
    /// What tickets are made of, once it was read or made.
    tickets: Option<[u8; 32]>,
}

impl Password {
    /// A password that has to be set at first use, before anything can be changed.
    ///
    /// `random` fills bytes with what nobody can guess, such as by the chip's generator.
    pub const fn new(random: fn(&mut [u8])) -> Self {
        Self {
            random,
            built_in: None,
            reading: false,
            state: RefCell::new(State {
                loaded: false,
                verifier: None,
                secret: None,
                changes: 0,
                nonces: 0,
                sessions: Sessions::NONE,
                attempts: Attempts::NONE,
                known_attempts: Attempts::NONE,
                known_floor: 0,
                stretching: false,
                plain: None,
                tickets: None,
            }),
        }
    }

    /// With a password that holds until somebody sets another one: `faceplate hash-password` makes
    /// the verifier. (One that all devices of a product share is what rules for products forbid.)
    #[must_use]
    pub const fn built_in(mut self, verifier: Verifier) -> Self {
        self.built_in = Some(verifier);
        self
    }

    /// Needed for reading, too: the status, the Wi-Fi, and the firmware's routes. The files of the
    /// frontend and the recovery page are open all the same: they are the same in every device, and
    /// where one logs in.
    #[must_use]
    pub const fn reading(mut self) -> Self {
        self.reading = true;
        self
    }

    /// Whether it is needed for reading, too.
    pub(crate) const fn is_for_reading(&self) -> bool {
        self.reading
    }

    /// Forgets the password that somebody set, and ends all sessions: what the firmware does when its
    /// button is held. That of the build holds then; without one the next client sets one.
    ///
    /// # Errors
    /// When NVS cannot be written, in words: the password is what it was.
    pub fn reset<F, N: Nvs>(&self, engine: &Engine<F, N>) -> Result<(), Text> {
        // In this order a power cut in between leaves it set.
        engine
            .with_nvs(|nvs| nvs.remove(IS_SET).and_then(|()| nvs.remove(KEY)))
            .map_err(text)?;
        self.replace(self.built_in);
        // Whoever was known is not any more. Where it fails, a ticket is still no way in.
        let _forgotten = engine.with_nvs(|nvs| nvs.remove(ticket::KEY));
        self.state.borrow_mut().tickets = None;
        Ok(())
    }

    /// Stores what was made of a new password, and ends all sessions: for a firmware that takes one by another way,
    /// such as its serial console.
    ///
    /// # Errors
    /// When NVS cannot be written, in words: the password is what it was.
    pub fn set<F, N: Nvs>(&self, engine: &Engine<F, N>, verifier: Verifier) -> Result<(), Text> {
        engine
            .with_nvs(|nvs| nvs.set_blob(KEY, &verifier.to_bytes()))
            .map_err(text)?;
        // Where it fails now, the next start does it.
        let _later = engine.with_nvs(|nvs| nvs.set_u8(IS_SET, 1));
        self.replace(Some(verifier));
        Ok(())
    }

    fn replace(&self, verifier: Option<Verifier>) {
        let mut state = self.state.borrow_mut();
        state.verifier = verifier;
        state.loaded = true;
        state.sessions = Sessions::NONE;
        state.plain = None;
        // No nonce from before is good any more, and no login that was heard.
        state.secret = None;
        state.changes = state.changes.wrapping_add(1);
    }

    /// How often it was changed; see [`State::changes`].
    fn changes(&self) -> u16 {
        self.state.borrow().changes
    }

    /// The key of a session that is not over.
    fn session_key(&self, session: u64, now_ms: u64) -> Option<[u8; 32]> {
        self.state.borrow().sessions.key(session, now_ms)
    }

    /// A nonce that nobody has had.
    fn nonce(&self, now_ms: u64) -> Nonce {
        let secret = self.secret();
        let mut state = self.state.borrow_mut();
        state.nonces = state.nonces.wrapping_add(1);
        nonce::nonce(&secret, nonce::id(now_ms, state.nonces))
    }

    /// See [`State::secret`].
    fn secret(&self) -> [u8; 32] {
        *self.state.borrow_mut().secret.get_or_insert_with(|| {
            let mut secret = [0; 32];
            (self.random)(&mut secret);
            secret
        })
    }

    /// What holds now; `None`: nobody has set one. What cannot be read is no reason to let somebody in.
    fn verifier<F, N: Nvs>(&self, engine: &Engine<F, N>) -> Result<Option<Verifier>, Refusal> {
        let mut state = self.state.borrow_mut();
        if !state.loaded {
            let mut bytes = [0; Verifier::BYTES];
            let stored = engine
                .with_nvs(|nvs| {
                    let there = nvs.get_blob(KEY, &mut bytes)?;
                    let said = nvs.get_u8(IS_SET)?.is_some();
                    if there && !said {
                        // The power was cut between the two.
                        let _later = nvs.set_u8(IS_SET, 1);
                    }
                    Ok((there, said))
                })
                .map_err(|error: N::Error| Locked::Store(text(error)))?;
            state.verifier = match stored {
                (false, false) => self.built_in,
                (there, _) => {
                    let whole = Verifier::from_bytes(&bytes).filter(|_| there);
                    Some(whole.ok_or(Locked::Store(text("what is stored is damaged")))?)
                }
            };
            state.loaded = true;
        }
        Ok(state.verifier)
    }
}
