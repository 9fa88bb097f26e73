//! Passwords of devices: where they come from, and what they have to be.
//!
//! None is ever an argument: those are in the list of processes, and in the shell's history.

use std::{
    env,
    fs::File,
    io::{self, IsTerminal as _, Read},
    path::Path,
};

use console::Term;
use faceplate_http::password::{ITERATIONS, ITERATIONS_ALLOWED, LONGEST, SHORTEST, Verifier};
use unicode_normalization::UnicodeNormalization as _;

use crate::failure::Failure;

/// The variable that holds the password of the devices that are asked.
pub(crate) const VARIABLE: &str = "FACEPLATE_PASSWORD";

/// Longest file that is read as a password, bytes.
const FILE_MAX: u64 = 4096;

/// Fills bytes with what nobody can guess.
pub(crate) fn random(bytes: &mut [u8]) {
    // Without it there is neither a salt nor a nonce, and nothing to go on with.
    getrandom::fill(bytes).expect("the system gives random bytes");
}

/// A text as all clients take it: keyboards type an `ü` in one way or another, and browsers send one.
pub(crate) fn normal(text: &str) -> String {
    text.nfc().collect()
}

/// The password in a file, `-` being standard input.
pub(crate) fn in_file(path: &Path) -> Result<String, Failure> {
    let place = match path.to_str() {
        Some("-") => "standard input".to_owned(),
        _ => path.display().to_string(),
    };
    let wrong = |error: &dyn std::fmt::Display| Failure::at(&place, error);
    let mut bytes = Vec::new();
    let mut from: Box<dyn Read> = match path.to_str() {
        Some("-") => Box::new(io::stdin()),
        _ => Box::new(File::open(path).map_err(|error| wrong(&error))?),
    };
    let read = from.by_ref().take(FILE_MAX + 1).read_to_end(&mut bytes);
    read.map_err(|error| wrong(&error))?;
    match bytes.len() as u64 > FILE_MAX {
        true => Err(wrong(&"too long for a password")),
        false => in_bytes(&bytes).map_err(|what| wrong(&what)),
    }
}

/// The line that a file has.
fn in_bytes(bytes: &[u8]) -> Result<String, &'static str> {
    let text = std::str::from_utf8(bytes).map_err(|_| "a password is text in UTF-8")?;
    // What editors of Windows put in front of it.
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let line = text.strip_suffix('\n').unwrap_or(text);
    let line = line.strip_suffix('\r').unwrap_or(line);
    match line {
        "" => Err("there is no password in it"),
        _ if line.contains(['\n', '\r']) => Err("a password is one line, and here are more"),
        _ => Ok(normal(line)),
    }
}

/// The password in the environment. A variable that is set to nothing is none.
pub(crate) fn in_environment() -> Result<Option<String>, Failure> {
    match env::var(VARIABLE) {
        Ok(text) => Ok((!text.is_empty()).then(|| normal(&text))),
        Err(env::VarError::NotPresent) => Ok(None),
        Err(env::VarError::NotUnicode(_)) => Err(Failure::at(VARIABLE, "is no text in UTF-8")),
    }
}

/// Asks whoever sits at the terminal; `None` where nobody does, or nothing is typed.
pub(crate) fn ask(prompt: &str) -> Option<String> {
    let terminal = Term::stderr();
    if !(terminal.is_term() && io::stdin().is_terminal()) {
        return None;
    }
    terminal.write_str(prompt).ok()?;
    let typed = terminal.read_secure_line().ok()?;
    (!typed.is_empty()).then(|| normal(&typed))
}

/// A password that is set: in a file, which `option` names, or typed twice.
pub(crate) fn new_one(file: Option<&Path>, option: &str) -> Result<String, Failure> {
    let password = match file {
        Some(path) => in_file(path)?,
        None => {
            let nobody = || {
                Failure::usage(format_args!(
                    "there is no terminal to type the new password at: give it by {option} FILE, \
                     or - for standard input"
                ))
            };
            let password = ask("New password: ").ok_or_else(nobody)?;
            // Before it is typed once more.
            long_enough(&password)?;
            if ask("The same once more: ").as_ref() != Some(&password) {
                return Err(Failure::usage("these were two passwords; nothing was done"));
            }
            password
        }
    };
    long_enough(&password)?;
    Ok(password)
}

fn long_enough(password: &str) -> Result<(), Failure> {
    match password.chars().count() {
        ..SHORTEST => Err(Failure::usage(format_args!(
            "a new password has at least {SHORTEST} characters"
        ))),
        _ if password.len() > LONGEST => Err(Failure::usage(format_args!(
            "a new password has at most {LONGEST} bytes"
        ))),
        _ => Ok(()),
    }
}

/// What a device keeps of a password. `iterations` is what it asks for; never fewer than we take.
pub(crate) fn verifier(password: &str, iterations: u32) -> Verifier {
    let mut salt = [0; 16];
    random(&mut salt);
    let iterations = iterations.clamp(ITERATIONS, *ITERATIONS_ALLOWED.end());
    Verifier::of(password, salt, iterations).expect("these are iterations that are allowed")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_has_a_password_in_its_only_line() {
        for (bytes, password) in [
            (&b"correct horse"[..], Ok("correct horse")),
            (b"correct horse\n", Ok("correct horse")),
            (b"correct horse\r\n", Ok("correct horse")),
            (b" with spaces \n", Ok(" with spaces ")),
            (b"\xef\xbb\xbfWindows\r\n", Ok("Windows")),
            // Composed or not, it is the same.
            ("gr\u{fc}n".as_bytes(), Ok("gr\u{fc}n")),
            ("gru\u{308}n".as_bytes(), Ok("gr\u{fc}n")),
            // NFC, not NFKC: these are other characters.
            ("\u{fb01}n".as_bytes(), Ok("\u{fb01}n")),
            (b"", Err("there is no password in it")),
            (b"\n", Err("there is no password in it")),
            (b"a\n\n", Err("a password is one line, and here are more")),
            (b"a\nb", Err("a password is one line, and here are more")),
            (b"a\xff", Err("a password is text in UTF-8")),
        ] {
            let found = in_bytes(bytes);
            assert_eq!(found, password.map(str::to_owned), "{bytes:?}");
        }
    }

    #[test]
    fn a_new_password_is_as_long_as_people_count_it() {
        for (password, good) in [
            ("", false),
            ("1234567", false),
            ("12345678", true),
            ("üüüü", false),
            ("üüüüüüüü", true),
        ] {
            assert_eq!(long_enough(password).is_ok(), good, "{password}");
        }
    }

    #[test]
    fn a_device_gets_no_fewer_iterations_than_are_safe_and_no_more_than_it_takes() {
        for (asked, made) in [(0, 10_000), (10_000, 10_000), (20_000, 20_000)] {
            let text = verifier("correct horse", asked).to_string();
            let start = format!("SCRAM-SHA-256${made}:");
            assert!(text.starts_with(&start), "{text}");
        }
    }
}
