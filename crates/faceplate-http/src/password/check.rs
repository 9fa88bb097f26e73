//! Whether who asks knows the password.

use base64ct::{Base64, Encoding as _};
use embassy_futures::yield_now;

use super::{
    Locked, Password, State,
    credentials::{Credentials, PLAIN_MAX, Signed},
    scram::{MAC, Request, hmac, same, sha256},
    stretch::Stretch,
    verifier::Verifier,
};
use crate::{
    Device,
    http::{digest::content_digest, head::Head},
    problem::Refusal,
};

/// Rounds of PBKDF2 between two looks at what else is to be done: some milliseconds on the chip.
const SLICE: u32 = 64;

impl Password {
    /// Lets a request pass that needs the password.
    pub(crate) async fn check<D: Device>(
        &self,
        device: &D,
        head: &Head<'_>,
    ) -> Result<(), Refusal> {
        let verifier = self.verifier(device.engine())?.ok_or(Locked::Unset)?;
        match Credentials::of(head)? {
            Credentials::None => Err(Locked::Needed.into()),
            Credentials::Malformed => Err(Locked::Replayed.into()),
            Credentials::Session(signed) => {
                let now_ms = device.now_ms();
                self.state.borrow_mut().is_signed(head, signed, now_ms)?;
                // Of another kind it would be signed, and not compared.
                let compared = content_digest(head)?.is_some();
                match compared || head.all("Content-Digest").next().is_none() {
                    true => Ok(()),
                    false => Err(Refusal::Digest),
                }
            }
            Credentials::Basic(text) => Ok(self.plain(device, &verifier, text).await?),
        }
    }

    /// Whether changes are open since there is no password yet: for setting the first one.
    pub(crate) fn is_open<D: Device>(&self, device: &D) -> Result<bool, Refusal> {
        Ok(self.verifier(device.engine())?.is_none())
    }

    /// A password in the clear, as curl sends it. Stretching it is the device's work here, in slices.
    async fn plain<D: Device>(
        &self,
        device: &D,
        verifier: &Verifier,
        text: &str,
    ) -> Result<(), Locked> {
        let mut bytes = [0; PLAIN_MAX];
        // The user's name does not matter.
        let decoded = Base64::decode(text, &mut bytes).ok();
        let colon = decoded.and_then(|all| {
            all.iter()
                .position(|&byte| byte == b':')
                .map(|at| &all[at + 1..])
        });
        let password = colon.ok_or(Locked::Wrong)?;
        let secret = self.secret();
        let mut stretch = {
            let mut state = self.state.borrow_mut();
            // Before anything is compared: whoever guesses learns nothing while he has to wait.
            state.attempts.may_try(device.now_ms())?;
            let known = hmac(&secret, password);
            if state.plain.is_some_and(|plain| same(&plain, &known)) {
                return Ok(());
            }
            if state.stretching {
                return Err(Locked::Busy);
            }
            state.stretching = true;
            Stretch::new(password, &verifier.salt, verifier.iterations)
        };
        // Also when the client goes away.
        let stretching = Stretching(self);
        while stretch.run(SLICE) {
            yield_now().await;
        }
        drop(stretching);
        let stored = sha256(&stretch.finish().client_key());
        let mut state = self.state.borrow_mut();
        // It may have been changed meanwhile.
        let right =
            state.verifier.is_some_and(|now| now == *verifier) && same(&stored, &verifier.stored);
        state.attempts.tried(right, device.now_ms())?;
        // (By the secret that it will be compared by.)
        state.plain = state.secret.map(|secret| hmac(&secret, password));
        Ok(())
    }
}

/// A plain password is being stretched, one at a time: a chip can do no more.
struct Stretching<'p>(&'p Password);

impl Drop for Stretching<'_> {
    fn drop(&mut self) {
        self.0.state.borrow_mut().stretching = false;
    }
}

impl State {
    fn is_signed(
        &mut self,
        head: &Head<'_>,
        signed: Signed<'_>,
        now_ms: u64,
    ) -> Result<(), Locked> {
        let Signed {
            session,
            number,
            mac,
            target: [path, query],
        } = signed;
        let key = self.sessions.key(session, now_ms).ok_or(Locked::Over)?;
        let mut digests = head.all("Content-Digest");
        let digest = digests.next().unwrap_or_default();
        if digests.next().is_some() {
            return Err(Locked::Replayed);
        }
        let request = Request {
            method: head.method.name(),
            target: [path, if query.is_empty() { "" } else { "?" }, query],
            number,
            digest,
        };
        let made = request.mac(&key);
        let differ = made[..MAC]
            .iter()
            .zip(mac)
            .fold(0, |all, (a, b)| all | a ^ b);
        // What is not signed uses up no number.
        if core::hint::black_box(differ) != 0 || !self.sessions.take(session, number, now_ms) {
            return Err(Locked::Replayed);
        }
        Ok(())
    }
}
