//! A password for a firmware without routes of its own, or whose routes know nothing of it.

use faceplate::Text;

use super::Password;
use crate::{
    Access, App, Connection, Methods, Request, UpdateEvent,
    http::head::Head,
    problem::{Answered, Denied},
};

/// A firmware's routes, behind a password.
///
/// A firmware whose [`App`] is a type of its own may give the password by [`App::password`] as well.
pub struct WithPassword<A>(
    /// The routes; `()` for none.
    pub A,
    /// The password.
    pub Password,
);

impl<A: App> App for WithPassword<A> {
    fn password(&self) -> Option<&Password> {
        Some(&self.1)
    }

    fn methods(&self, path: &str) -> Methods {
        self.0.methods(path)
    }

    fn answer<C: Connection>(&self, request: Request<'_, C>) -> impl Future<Output = Answered> {
        self.0.answer(request)
    }

    fn may_update(&self) -> Result<(), Text> {
        self.0.may_update()
    }

    fn on_update(&self, event: UpdateEvent) {
        self.0.on_update(event);
    }

    fn allows(
        &self,
        path: &str,
        head: &Head<'_>,
        access: Access,
    ) -> impl Future<Output = Result<(), Denied>> {
        self.0.allows(path, head, access)
    }
}
