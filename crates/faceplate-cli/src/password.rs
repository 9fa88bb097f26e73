//! The password of a device: where it comes from, and logging in with it.

/// Fills bytes with what nobody can guess.
pub(crate) fn random(bytes: &mut [u8]) {
    // Without it there is neither a salt nor a nonce, and nothing to go on with.
    getrandom::fill(bytes).expect("the system gives random bytes");
}
