//! The hooks of the firmware, as the HTTP app has them.

use faceplate::Text;
use faceplate_http::{Access, App, Denied, Head, UpdateEvent};

use super::{port, request::Request, site::Site};
use crate::config::Event;

/// What the firmware decides, for one connection.
pub(super) struct Hooks {
    pub(super) site: &'static Site,
    /// The request, if httpd has it, which knows more headers than the ones that were written again.
    pub(super) request: Option<port::Request>,
}

impl App for Hooks {
    fn may_update(&self) -> Result<(), Text> {
        self.site.face.hooks.may_update()
    }

    fn on_update(&self, event: UpdateEvent) {
        let count = |bytes: u64| u32::try_from(bytes).unwrap_or(u32::MAX);
        self.site.face.hooks.tell(match event {
            UpdateEvent::Began { total } => Event::began(total),
            UpdateEvent::Progress { received, total } => {
                Event::progress(count(received), count(total))
            }
            UpdateEvent::Failed => Event::failed(),
            UpdateEvent::Restarting { in_ms } => Event::restarting(in_ms),
        });
    }

    #[cfg(feature = "password")]
    fn password(&self) -> Option<&faceplate_http::password::Password> {
        self.site.face.password.get()
    }

    async fn allows(&self, path: &str, head: &Head<'_>, access: Access) -> Result<(), Denied> {
        let Some(authorize) = self.site.config.authorize else {
            return Ok(());
        };
        let request = Request {
            path,
            head,
            httpd: self.request,
        };
        let access = match access {
            Access::Read => 0,
            Access::Change => 1,
            Access::Update => 2,
        };
        // SAFETY: the firmware gave both for ever; the request lives until it returns.
        match unsafe { authorize(&request, access, self.site.config.ctx) } {
            0 => Ok(()),
            1 => Err(Denied::Unauthorized {
                challenge: &self.site.texts.challenge,
            }),
            _ => Err(Denied::Forbidden),
        }
    }
}
