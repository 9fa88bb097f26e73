//! `faceplate_confirm` and `faceplate_rollback`.

use core::{ffi::c_char, pin::pin};

use faceplate::BuildId;

use crate::{code::Code, face, lock::wait, port, text::given};

/// # Safety
/// `build` is null or ends with NUL.
#[unsafe(no_mangle)]
unsafe extern "C" fn faceplate_confirm(build: *const c_char) -> Code {
    // SAFETY: as the caller says; it is not kept.
    let build = match unsafe { given(build) } {
        None => None,
        Some(build) => match build.to_str().map(str::parse::<BuildId>) {
            Ok(Ok(build)) => Some(build),
            _ => return Code::INVALID_ARG,
        },
    };
    face::with(|face| {
        let confirmed = face.engine.confirm(build);
        confirmed.map_err(|error| face.failed(&error))
    })
    .flatten()
    .into()
}

#[unsafe(no_mangle)]
extern "C" fn faceplate_rollback() -> Code {
    // In a hook this fails, before a task is made that would wait for the lock for ever.
    let may = face::with(|_| ());
    may.and_then(|()| port::run(|| wait(pin!(rollback()))))
        .flatten()
        .flatten()
        .into()
}

async fn rollback() -> Result<(), Code> {
    let face = face::get()?;
    let gone = face.engine.rollback_if(|| face.hooks.may_update()).await;
    gone.map_err(|error| face.failed(&error))?;
    face.restart();
    Ok(())
}
