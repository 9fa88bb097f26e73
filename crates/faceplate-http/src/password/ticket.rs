//! By a ticket a device knows a client again that was logged in before, also after a restart: while others guess, it
//! need not wait.
//!
//! It lets nobody in: it takes the password as well, and who has one could only guess without waiting.

use core::fmt::Write as _;

use faceplate::{Engine, Nvs};
use heapless::String;

use super::{
    Password,
    credentials::hex,
    scram::{Exchange, MAC, hmac, hmac_of, same, xor},
    verifier::{HASH, base64},
};

/// The key in NVS: 32 random bytes that all tickets of the device are made of.
pub(super) const KEY: &str = "pw_ticket";

/// Bytes of what shows one: the session that it came with, a dot, a MAC.
pub(super) const TEXT: usize = 16 + 1 + 2 * MAC;

/// What masks one that comes with a login.
pub(super) const GIVEN: &[u8] = b"faceplate ticket";
/// What masks one for a password that was changed.
pub(super) const NEW: &[u8] = b"faceplate new ticket";

/// What a device gives whoever logs in.
#[derive(Clone)]
pub struct Ticket {
    /// The session that it came with.
    session: u64,
    key: [u8; HASH],
}

impl Ticket {
    /// That of a session, as long as the password is the same: no table is needed to know it again.
    pub(super) fn new(secret: &[u8; 32], stored: &[u8; HASH], session: u64) -> Self {
        let key = hmac_of(secret, [stored, &session.to_be_bytes()]);
        Self { session, key }
    }

    /// Its key as it is sent, masked by that of the session.
    pub(super) fn masked(&self, session: &[u8; HASH], label: &[u8]) -> [u8; HASH] {
        xor(self.key, &hmac(session, label))
    }

    /// From what was sent.
    pub(super) fn receive(
        key: &[u8; HASH],
        session: &str,
        sent: &str,
        label: &[u8],
    ) -> Option<Self> {
        let session = Self {
            session: u64::from_be_bytes(hex(session)?),
            key: base64(sent)?,
        };
        let key = session.masked(key, label);
        Some(Self { key, ..session })
    }

    fn mac(&self, exchange: &Exchange<'_>, proof: &[u8; HASH]) -> [u8; HASH] {
        exchange.mac(&self.key, [proof, &[]])
    }

    /// What shows it in one login: it is not sent itself.
    pub(super) fn shown(&self, exchange: &Exchange<'_>, proof: &[u8; HASH]) -> String<TEXT> {
        let mut text = String::new();
        let _fits = write!(text, "{:016x}.", self.session);
        let mac = self.mac(exchange, proof);
        mac[..MAC]
            .iter()
            .for_each(|byte| _ = write!(text, "{byte:02x}"));
        text
    }
}

/// A ticket that a client shows.
pub(super) struct Shown {
    session: u64,
    mac: [u8; MAC],
}

impl Shown {
    pub(super) fn parse(text: &str) -> Option<Self> {
        let (session, mac) = text.split_once('.')?;
        Some(Self {
            session: u64::from_be_bytes(hex(session)?),
            mac: hex(mac)?,
        })
    }

    /// Whether it is a ticket of this device and its password, shown in this login.
    pub(super) fn is_of(
        &self,
        secret: &[u8; 32],
        stored: &[u8; HASH],
        exchange: &Exchange<'_>,
        proof: &[u8; HASH],
    ) -> bool {
        let ticket = Ticket::new(secret, stored, self.session);
        same(&ticket.mac(exchange, proof)[..MAC], &self.mac)
    }
}

impl Password {
    /// What tickets are made of; `None` where there is nothing, or nothing can be stored.
    pub(super) fn tickets<F, N: Nvs>(
        &self,
        engine: &Engine<F, N>,
        may_make: bool,
    ) -> Option<[u8; 32]> {
        let known = self.state.borrow().tickets;
        if known.is_some() {
            return known;
        }
        let mut secret = [0; 32];
        let there = engine.with_nvs(|nvs| nvs.get_blob(KEY, &mut secret)).ok()?;
        if !there {
            if !may_make {
                return None;
            }
            (self.random)(&mut secret);
            engine.with_nvs(|nvs| nvs.set_blob(KEY, &secret)).ok()?;
        }
        self.state.borrow_mut().tickets = Some(secret);
        Some(secret)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const EXCHANGE: Exchange<'_> = Exchange {
        client: "client",
        nonce: "nonce",
        salt: &[1; 16],
        iterations: 4096,
    };

    #[test]
    fn a_ticket_is_of_its_device_password_session_and_login() {
        let (secret, stored, proof) = ([1; 32], [2; 32], [3; 32]);
        let made = Ticket::new(&secret, &stored, 0x0123_4567_89ab_cdef);
        let sent = std::format!(
            "{}",
            super::super::verifier::InBase64(&made.masked(&[9; 32], GIVEN))
        );
        let had = Ticket::receive(&[9; 32], "0123456789abcdef", &sent, GIVEN).unwrap();
        let text = had.shown(&EXCHANGE, &proof);
        assert_eq!(text.len(), TEXT);
        let shown = Shown::parse(&text).unwrap();
        assert!(shown.is_of(&secret, &stored, &EXCHANGE, &proof));
        let other = Exchange {
            nonce: "other",
            ..EXCHANGE
        };
        assert!(!shown.is_of(&[0; 32], &stored, &EXCHANGE, &proof));
        assert!(!shown.is_of(&secret, &[0; 32], &EXCHANGE, &proof));
        assert!(!shown.is_of(&secret, &stored, &other, &proof));
        assert!(!shown.is_of(&secret, &stored, &EXCHANGE, &[0; 32]));
        let another = text.replace("0123", "1123");
        let another = Shown::parse(&another).unwrap();
        assert!(!another.is_of(&secret, &stored, &EXCHANGE, &proof));
        // Another key unmasks another ticket.
        let wrong = Ticket::receive(&[8; 32], "0123456789abcdef", &sent, GIVEN).unwrap();
        let wrong = Shown::parse(&wrong.shown(&EXCHANGE, &proof)).unwrap();
        assert!(!wrong.is_of(&secret, &stored, &EXCHANGE, &proof));
    }

    #[test]
    fn what_is_no_ticket_is_none() {
        let key = [9; 32];
        let sent = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";
        assert!(Ticket::receive(&key, "0123456789abcdef", sent, GIVEN).is_some());
        for (session, sent) in [
            ("", sent),
            ("0123456789ABCDEF", sent),
            ("0123456789abcdef", ""),
        ] {
            assert!(Ticket::receive(&key, session, sent, GIVEN).is_none());
        }
        for text in ["", ".", "0123456789abcdef", "0123456789abcdef.", "x.y"] {
            assert!(Shown::parse(text).is_none(), "{text}");
        }
    }
}
