//! The mathematics of SCRAM-SHA-256 (RFC 5802, RFC 7677), for both sides: the device's, and that of
//! clients in Rust.

use core::fmt::{self, Write as _};

use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::{Digest as _, Sha256};

use heapless::String;

use super::{
    stretch::Stretch,
    ticket::{GIVEN, NEW, TEXT as TICKET_TEXT, Ticket},
    verifier::{HASH, ITERATIONS_ALLOWED, InBase64, SALT, Verifier, base64},
};

/// Fewest characters of a password that somebody sets.
pub const SHORTEST: usize = 8;
/// Most bytes of one: what a device has room for where it comes in the clear.
pub const LONGEST: usize = 128;

pub(super) type HmacSha256 = Hmac<Sha256>;

/// What the session's key is told apart by from all else that is made by the same key.
const SESSION: &[u8] = b"faceplate session";

/// An HMAC that waits for its message.
pub(super) fn keyed(key: &[u8]) -> HmacSha256 {
    HmacSha256::new_from_slice(key).expect("HMAC takes keys of any length")
}

/// Not inlined: it is half a kilobyte.
#[inline(never)]
pub(super) fn finish(mac: HmacSha256) -> [u8; HASH] {
    mac.finalize().into_bytes().into()
}

pub(super) fn hmac(key: &[u8], message: &[u8]) -> [u8; HASH] {
    hmac_of(key, [message, &[]])
}

/// Of the two, one behind the other.
pub(super) fn hmac_of(key: &[u8], message: [&[u8]; 2]) -> [u8; HASH] {
    let mut mac = keyed(key);
    message.iter().for_each(|part| mac.update(part));
    finish(mac)
}

pub(super) fn sha256(message: &[u8]) -> [u8; HASH] {
    Sha256::digest(message).into()
}

pub(super) fn xor(mut left: [u8; HASH], right: &[u8; HASH]) -> [u8; HASH] {
    left.iter_mut()
        .zip(right)
        .for_each(|(left, right)| *left ^= right);
    left
}

/// Feeds a MAC with text.
pub(super) struct Into<'a>(pub(super) &'a mut HmacSha256);

impl fmt::Write for Into<'_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.0.update(text.as_bytes());
        Ok(())
    }
}

/// A password after PBKDF2 (`SaltedPassword`).
#[derive(Clone)]
pub(super) struct Stretched(pub(super) [u8; HASH]);

impl Stretched {
    /// Takes long.
    pub(super) fn of(password: &[u8], salt: &[u8; SALT], iterations: u32) -> Self {
        let mut stretch = Stretch::new(password, salt, iterations);
        stretch.run(u32::MAX);
        stretch.finish()
    }

    pub(super) fn client_key(&self) -> [u8; HASH] {
        hmac(&self.0, b"Client Key")
    }

    pub(super) fn server_key(&self) -> [u8; HASH] {
        hmac(&self.0, b"Server Key")
    }
}

/// What both sides prove that they know the password with: the messages of SCRAM, without a user's
/// name and channel binding.
#[derive(Clone, Copy)]
pub(super) struct Exchange<'a> {
    /// The client's randomness.
    pub(super) client: &'a str,
    /// The device's.
    pub(super) nonce: &'a str,
    pub(super) salt: &'a [u8; SALT],
    pub(super) iterations: u32,
}

/// `AuthMessage`.
impl fmt::Display for Exchange<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            client,
            nonce,
            iterations,
            ..
        } = self;
        let salt = InBase64(self.salt);
        write!(f, "n=,r={client},r={client}{nonce},")?;
        write!(f, "s={salt},i={iterations},c=biws,r={client}{nonce}")
    }
}

impl Exchange<'_> {
    pub(super) fn mac(&self, key: &[u8], before: [&[u8]; 2]) -> [u8; HASH] {
        let mut mac = keyed(key);
        before.iter().for_each(|bytes| mac.update(bytes));
        write!(Into(&mut mac), "{self}").expect("a MAC takes all");
        finish(mac)
    }

    /// The device's proof.
    pub(super) fn server_proof(&self, server_key: &[u8; HASH]) -> [u8; HASH] {
        self.mac(server_key, [&[], &[]])
    }

    /// What hides the client's key in its proof, and finds it there.
    fn mask(&self, stored: &[u8; HASH]) -> [u8; HASH] {
        self.mac(stored, [&[], &[]])
    }

    /// The key of the session, if the client's proof is one.
    pub(super) fn session_key(
        &self,
        proof: &[u8; HASH],
        stored: &[u8; HASH],
    ) -> Option<[u8; HASH]> {
        let client_key = xor(*proof, &self.mask(stored));
        same(&sha256(&client_key), stored).then(|| self.mac(stored, [SESSION, &client_key]))
    }
}

/// Compares bytes of one length in a time that does not tell where they differ.
pub(super) fn same(left: &[u8], right: &[u8]) -> bool {
    let differ = left.iter().zip(right).fold(0, |all, (a, b)| all | a ^ b);
    core::hint::black_box(differ) == 0
}

/// A client's side of a login, for programs.
///
/// ```
/// # fn ask() -> [&'static str; 3] { ["W22ZaJ0SNY7soEsUEjb6gQ==", "4096", "nonce-of-the-device"] }
/// # fn random() -> &'static str { "rOprNGfwEbeRWgbNEkqO" }
/// use faceplate_http::password::Login;
///
/// let [salt, iterations, nonce] = ask(); // GET /api/ota/login
/// let stretched = Login::stretch("pencil", salt, iterations.parse().unwrap()).unwrap();
/// let login = stretched.answer(random(), nonce, None);
/// let proof = login.proof(); // POST /api/ota/login
/// ```
#[derive(Clone)]
pub struct Login {
    stretched: Stretched,
    salt: [u8; SALT],
    iterations: u32,
}

/// An answer to the device's nonce.
pub struct Answer {
    proof: [u8; HASH],
    device: [u8; HASH],
    key: [u8; HASH],
    ticket: Option<String<TICKET_TEXT>>,
}

/// A key that was never sent, which signs requests.
#[derive(Clone)]
pub struct SessionKey([u8; HASH]);

impl Login {
    /// Stretches a password as a device asks for it, which takes long. `None` where it asks for what no honest one
    /// does.
    pub fn stretch(password: &str, salt: &str, iterations: u32) -> Option<Self> {
        let salt = base64(salt).filter(|_| ITERATIONS_ALLOWED.contains(&iterations))?;
        Some(Self {
            stretched: Stretched::of(password.as_bytes(), &salt, iterations),
            salt,
            iterations,
        })
    }

    /// Answers the device's `nonce`; `client` is randomness of 16 to 32 letters and digits. By a `ticket` of an
    /// earlier login the device looks at it also while others guess.
    pub fn answer(&self, client: &str, nonce: &str, ticket: Option<&Ticket>) -> Answer {
        let exchange = Exchange {
            client,
            nonce,
            salt: &self.salt,
            iterations: self.iterations,
        };
        let client_key = self.stretched.client_key();
        let stored = sha256(&client_key);
        let proof = xor(client_key, &exchange.mask(&stored));
        Answer {
            proof,
            device: exchange.server_proof(&self.stretched.server_key()),
            key: exchange.mac(&stored, [SESSION, &client_key]),
            ticket: ticket.map(|ticket| ticket.shown(&exchange, &proof)),
        }
    }
}

impl Answer {
    /// The proof that this client knows the password, in base64.
    pub fn proof(&self) -> impl fmt::Display + '_ {
        InBase64(&self.proof)
    }

    /// What shows the device that it knows this client: the text for `ticket`.
    pub fn ticket(&self) -> Option<&str> {
        self.ticket.as_deref()
    }

    /// The session's key, if `proof` (in base64) shows that the device knows the password.
    pub fn key(&self, proof: &str) -> Option<SessionKey> {
        let proof: [u8; HASH] = base64(proof)?;
        same(&proof, &self.device).then_some(SessionKey(self.key))
    }
}

impl SessionKey {
    /// A new verifier as it goes over the network, the text for `masked`: nobody who listens can use it.
    pub fn mask(&self, verifier: Verifier) -> impl fmt::Display + use<> {
        verifier.masked(&self.0)
    }

    /// The ticket of a login: `session` is the device's name for it, `sent` what came with it.
    pub fn ticket(&self, session: &str, sent: &str) -> Option<Ticket> {
        Ticket::receive(&self.0, session, sent, GIVEN)
    }

    /// The same for a password that this session has changed: `sent` is what that was answered with.
    pub fn new_ticket(&self, session: &str, sent: &str) -> Option<Ticket> {
        Ticket::receive(&self.0, session, sent, NEW)
    }

    /// What makes a request this session's: the text for `Authorization: Faceplate …`, or for the parameter `auth`.
    ///
    /// `session` is the device's name for it, `number` one that it has not had. `target` is the path with its query
    /// as the device gets it, `digest` the value of `Content-Digest`, or empty.
    pub fn sign(
        &self,
        session: &str,
        number: u64,
        method: &str,
        target: &str,
        digest: &str,
    ) -> impl fmt::Display + use<> {
        let request = Request {
            method,
            target: [target, "", ""],
            number,
            digest: digest.as_bytes(),
        };
        let mut text = heapless::String::<80>::new();
        let mac = request.mac(&self.0);
        let (mac, session) = (&mac[..MAC], session.get(..16).unwrap_or_default());
        // 16 digits, at most 20, and 32, with two dots.
        let _fits = write!(text, "{session}.{number}.");
        mac.iter().for_each(|byte| _ = write!(text, "{byte:02x}"));
        text
    }
}

/// Bytes of a request's MAC that are sent.
pub(super) const MAC: usize = 16;

/// What of a request is signed.
pub(super) struct Request<'a> {
    pub(super) method: &'a str,
    /// Parts of one text.
    pub(super) target: [&'a str; 3],
    pub(super) number: u64,
    pub(super) digest: &'a [u8],
}

impl Request<'_> {
    pub(super) fn mac(&self, key: &[u8; HASH]) -> [u8; HASH] {
        let Self {
            method,
            target: [path, mark, query],
            number,
            digest,
        } = self;
        let mut mac = keyed(key);
        write!(Into(&mut mac), "{method}\n{path}{mark}{query}\n{number}\n")
            .expect("a MAC takes all");
        mac.update(digest);
        finish(mac)
    }
}

#[cfg(test)]
mod tests {
    use std::{format, string::ToString as _};

    use super::*;

    const SALT_TEXT: &str = "W22ZaJ0SNY7soEsUEjb6gQ==";
    const CLIENT: &str = "rOprNGfwEbeRWgbNEkqO";
    const NONCE: &str = "%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0";
    const DEVICE: &str = "3HO6Qt1M4MKJrmlKaoOqLAI0/0TV0HZe7J9H3MBtSOg=";

    /// Salt, password and nonces of RFC 7677, 3, whose own proofs are of a user's name that is not empty here: so
    /// they are made by Python's hashlib and hmac, which make those of the RFC, too.
    #[test]
    fn both_sides_prove_what_other_implementations_do() {
        let login = Login::stretch("pencil", SALT_TEXT, 4096).unwrap();
        let answer = login.answer(CLIENT, NONCE, None);
        let proof = "qvT2SWdEH5Q06albL+hjSYuUhCG7VndFyzIb7CK4n9k=";
        assert_eq!(answer.proof().to_string(), proof);
        let key = answer.key(DEVICE).unwrap();
        let hex: std::string::String = key.0.iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(
            hex,
            "e032c61e84b5ce23113312bf9e0a6e2bf6b347bba6714473a9f0ae3810081aa7"
        );

        let exchange = Exchange {
            client: CLIENT,
            nonce: NONCE,
            salt: &login.salt,
            iterations: 4096,
        };
        let stored = sha256(&login.stretched.client_key());
        let found = exchange.session_key(&base64(proof).unwrap(), &stored);
        assert_eq!(found, Some(key.0));
        let device = exchange.server_proof(&login.stretched.server_key());
        assert_eq!(InBase64(&device).to_string(), DEVICE);
        // A request of that session.
        let text = key.sign("0123456789abcdef", 7, "POST", "/api/ota/confirm?page", "");
        let want = "0123456789abcdef.7.e10495fd3c94cd27c877ff5f7fe80e47";
        assert_eq!(text.to_string(), want);
        // What that session hides, as Python makes it.
        let salt = base64(SALT_TEXT).unwrap();
        let verifier = Verifier::of("pencil", salt, 4096).unwrap();
        let masked = "SCRAM-SHA-256$4096:W22ZaJ0SNY7soEsUEjb6gQ==$\
            Gh84F9vql7z0Faw/Zp1md7APnwL2dW7X02eU6TYbL9I=:EmNXi7wQc0Hr/HlIfXc4LUcXQ7I+Rg5NpBCIBp02Bmc=";
        assert_eq!(key.mask(verifier).to_string(), masked);
        let found = masked.parse::<Verifier>().unwrap().masked(&key.0);
        assert_eq!(found, verifier);
        let made = Ticket::new(&[1; 32], &stored, 0x0123_4567_89ab_cdef);
        let sent = "gebzV9t7ay4ODinRrnG8E5pIDhs6WrwDCJs1OgPlNdI=";
        assert_eq!(InBase64(&made.masked(&key.0, GIVEN)).to_string(), sent);
        let ticket = key.ticket("0123456789abcdef", sent).unwrap();
        let answer = login.answer(CLIENT, NONCE, Some(&ticket));
        let shown = "0123456789abcdef.4bcc635c27585485a5e81ddd5bd6b4b6";
        assert_eq!(answer.ticket(), Some(shown));
    }

    #[test]
    fn no_other_proof_is_one() {
        let login = Login::stretch("pencil", SALT_TEXT, 4096).unwrap();
        let stored = sha256(&login.stretched.client_key());
        let exchange = |nonce| Exchange {
            client: CLIENT,
            nonce,
            salt: &login.salt,
            iterations: 4096,
        };
        let proof: [u8; 32] =
            base64(&login.answer(CLIENT, NONCE, None).proof().to_string()).unwrap();
        assert!(exchange(NONCE).session_key(&proof, &stored).is_some());
        assert!(exchange("another").session_key(&proof, &stored).is_none());
        assert!(exchange(NONCE).session_key(&[0; 32], &stored).is_none());
        for at in 0..32 {
            let mut other = proof;
            other[at] ^= 1;
            assert!(exchange(NONCE).session_key(&other, &stored).is_none());
        }
        for device in ["", "x", &DEVICE.replace('3', "4")] {
            assert!(
                login.answer(CLIENT, NONCE, None).key(device).is_none(),
                "{device}"
            );
        }
    }

    #[test]
    fn a_device_that_asks_for_what_no_honest_one_does_gets_no_proof() {
        for (salt, iterations) in [
            ("", 4096),
            ("AAAA", 4096),
            (SALT_TEXT, 4095),
            (SALT_TEXT, 1_000_001),
        ] {
            assert!(Login::stretch("pencil", salt, iterations).is_none());
        }
    }
}
