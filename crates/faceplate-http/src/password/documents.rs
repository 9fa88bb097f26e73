//! The JSON documents of a login. Their field names are its contract.

use core::fmt;

use embedded_io_async::Write;

use super::{
    Password, SCRIPT,
    nonce::Nonce,
    verifier::{ITERATIONS, InBase64, Verifier},
};
use crate::{
    Device,
    http::tx::{Header, JSON, Tx},
    problem::Failed,
};

/// What a login begins with.
struct Asked {
    verifier: Option<Verifier>,
    nonce: Nonce,
}

impl fmt::Display for Asked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(verifier) = &self.verifier else {
            return write!(f, r#"{{"set":false,"iterations":{ITERATIONS}}}"#);
        };
        let (salt, iterations) = (InBase64(&verifier.salt), verifier.iterations);
        write!(
            f,
            r#"{{"set":true,"salt":"{salt}","iterations":{iterations},"#
        )?;
        write!(f, r#""nonce":"{}"}}"#, self.nonce)
    }
}

/// What a right password is answered with.
pub(super) struct LoggedIn {
    pub(super) session: u64,
    pub(super) proof: [u8; 32],
    /// Masked by the session's key.
    pub(super) ticket: Option<[u8; 32]>,
}

impl fmt::Display for LoggedIn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (session, proof) = (self.session, InBase64(&self.proof));
        write!(f, r#"{{"session":"{session:016x}","proof":"{proof}""#)?;
        if let Some(ticket) = &self.ticket {
            write!(f, r#","ticket":"{}""#, InBase64(ticket))?;
        }
        f.write_str("}")
    }
}

/// What a change by somebody who is logged in is answered with.
pub(super) struct Changed {
    /// For the new password, masked by the session's key.
    pub(super) ticket: [u8; 32],
}

impl fmt::Display for Changed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, r#"{{"ticket":"{}"}}"#, InBase64(&self.ticket))
    }
}

impl Password {
    /// Answers with what a login begins with.
    pub(crate) async fn tell<D: Device, W: Write>(
        &self,
        device: &D,
        tx: &mut Tx<'_, D, W>,
    ) -> Result<(), Failed> {
        let verifier = self.verifier(device.engine())?;
        let nonce = self.nonce(device.now_ms());
        Ok(tx.text(200, &JSON, &Asked { verifier, nonce }).await?)
    }
}

/// Answers with the script that pages log in by.
pub(crate) async fn script<D: Device, W: Write>(tx: &mut Tx<'_, D, W>) -> Result<(), Failed> {
    let headers: [Header<'_>; 2] = [
        ("Content-Type", &"text/javascript; charset=utf-8"),
        ("Cache-Control", &"no-store"),
    ];
    // As bytes: text is formatted again for each buffer that it fills.
    tx.head(200, &headers, Some(SCRIPT.len() as u64)).await?;
    if !tx.framing().head_only {
        tx.push(SCRIPT.as_bytes()).await?;
    }
    Ok(tx.flush().await?)
}
