//! The device as the HTTP app sees it.

use alloc::{boxed::Box, string::String, vec::Vec};
use core::{cell::Cell, future::poll_fn, task::Poll};

use faceplate::Engine;
use faceplate_http::{Device, Info, Live};

use super::{
    config::{HttpConfig, Texts},
    port::{self, Socket},
};
use crate::{
    code::Code,
    face::{Face, now_ms},
    flash::Flash,
    settings::Settings,
};

/// The device. It is behind the lock, as all that it has.
pub(super) struct Site {
    pub(super) face: &'static Face,
    pub(super) config: HttpConfig,
    pub(super) texts: Texts,
    api: u16,
    boot_id: u32,
    live: Live,
    /// When somebody who sleeps is to wake, at the earliest.
    due_ms: Cell<u64>,
    /// Places for connections.
    pub(super) sockets: Box<[Socket]>,
}

fn places() -> Option<Box<[Socket]>> {
    let count = port::requests() as usize;
    let mut sockets = Vec::new();
    sockets.try_reserve_exact(count).ok()?;
    sockets.resize_with(count, Socket::new);
    Some(sockets.into_boxed_slice())
}

impl Site {
    /// # Safety
    /// The hook of the configuration may be called, with its context, for ever; its texts are null or end with
    /// NUL, and its hosts null or end with null.
    pub(super) unsafe fn new(face: &'static Face, config: HttpConfig) -> Result<Self, Code> {
        // SAFETY: as the caller says.
        let texts = unsafe { config.texts() }?;
        let sockets = places().ok_or(Code::NO_MEM)?;
        Ok(Self {
            face,
            config,
            texts,
            api: face.hooks.api(),
            boot_id: port::random(),
            live: Live::new(),
            due_ms: Cell::new(u64::MAX),
            sockets,
        })
    }

    /// When somebody who sleeps is to wake, at the earliest; forgets it.
    pub(super) fn take_due_ms(&self) -> u64 {
        self.due_ms.replace(u64::MAX)
    }
}

impl Device for Site {
    type Flash = Flash;
    type Nvs = Settings;

    fn engine(&self) -> &Engine<Flash, Settings> {
        &self.face.engine
    }

    fn info(&self) -> Info<'_> {
        Info {
            name: &self.texts.name,
            firmware: self
                .texts
                .firmware
                .as_deref()
                .unwrap_or_else(|| port::firmware()),
            api: self.api,
            chip: port::chip(),
            boot_id: self.boot_id,
        }
    }

    fn hosts(&self) -> impl Iterator<Item = &str> {
        self.texts.hosts.iter().map(String::as_str)
    }

    fn live(&self) -> &Live {
        &self.live
    }

    fn now_ms(&self) -> u64 {
        now_ms()
    }

    async fn sleep_ms(&self, ms: u64) {
        let until = now_ms().saturating_add(ms);
        poll_fn(|_| match now_ms() >= until {
            true => Poll::Ready(()),
            false => {
                self.due_ms.set(self.due_ms.get().min(until));
                Poll::Pending
            }
        })
        .await;
    }

    fn reboot_in(&self, ms: u32) {
        self.face.restart_at.set(Some(now_ms() + u64::from(ms)));
    }
}
