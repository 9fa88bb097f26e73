//! What a request is for, and whether it may be made.

use embedded_io_async::Write;

use crate::{
    Access, App, Device, Methods,
    frontend::files,
    guard, hosts,
    http::{
        head::{Head, HeadError, Method},
        path::{Path, decoded_len},
        tx::{Header, Tx},
    },
    limits::PATH_WITH_BODY_MAX,
    ota,
    password::{self, Password},
    problem::{Failed, Refusal},
    recovery,
    setup::{self, portal::Portal},
    websocket,
    whose::OURS,
};

/// What answers a request, when nothing is wrong with its head.
pub(crate) enum Route {
    Resource(Resource),
    Update(ota::change::Change),
    Setup(setup::Change),
    Password(password::Change),
    App,
}

/// What is answered without a body of the request's.
pub(crate) enum Resource {
    Status,
    Wifi,
    /// With this status.
    Networks(u16),
    Login,
    LoginScript,
    Portal(Portal),
    Page(&'static str),
    /// A file of the frontend, or the image in a slot.
    File(Option<ota::slot::Wanted>),
    /// The chunks of it.
    Chunks(ota::slot::Wanted),
    /// `OPTIONS`: which methods there are.
    Options(Methods),
}

impl Resource {
    /// Answers the request with this head.
    pub(crate) async fn answer<D: Device, A: App, W: Write>(
        self,
        device: &D,
        app: &A,
        head: &[u8],
        tx: &mut Tx<'_, D, W>,
    ) -> Result<(), Failed> {
        match self {
            Self::Status => Ok(ota::status::tell(device, tx).await?),
            Self::Wifi => setup::wifi(device, tx).await,
            Self::Networks(status) => setup::networks(device, tx, status).await,
            Self::Login => {
                let password = password::of(app).ok_or(Refusal::NoSuchApi)?;
                password.tell(device, tx).await
            }
            Self::LoginScript => password::script(tx).await,
            Self::Portal(portal) => Ok(portal.redirect(tx).await?),
            Self::Page(page) => {
                let path = Head::parse(head).map_err(Refusal::Head)?.path;
                Ok(recovery::page(tx, page, path).await?)
            }
            Self::File(image) => files::get(device, image, head, tx).await,
            Self::Chunks(wanted) => ota::slot::chunks(device, wanted, tx).await,
            Self::Options(methods) => {
                let allow: [Header<'_>; 1] = [("Allow", &methods)];
                tx.head(204, &allow, None).await?;
                Ok(tx.flush().await?)
            }
        }
    }
}

/// Whose path it is.
enum Place {
    Frontend,
    Chunks,
    Confirm,
    Rollback,
    Status,
    Wifi,
    Networks,
    Login,
    LoginScript,
    SetPassword,
    Page(&'static str),
    NoApi,
    App(Methods),
    File,
}

impl Place {
    const fn methods(&self) -> Methods {
        match self {
            Self::Frontend => READ_AND_POST.and(Methods::PATCH),
            Self::Confirm | Self::Rollback => Methods::POST,
            Self::Wifi | Self::Networks | Self::Login => READ_AND_POST,
            Self::SetPassword => Methods::PUT,
            Self::Status
            | Self::Chunks
            | Self::LoginScript
            | Self::Page(_)
            | Self::NoApi
            | Self::File => Methods::GET,
            Self::App(methods) => *methods,
        }
    }

    /// Whether the password is needed for what a request does here. Where one logs in, and what is the same in every
    /// device, is open.
    fn is_locked<D: Device>(
        &self,
        access: Access,
        password: &Password,
        device: &D,
    ) -> Result<bool, Refusal> {
        Ok(match self {
            Self::Login | Self::LoginScript | Self::Page(_) => false,
            // The first one is for whoever comes first.
            Self::SetPassword => !password.is_open(device)?,
            Self::File | Self::NoApi => access != Access::Read,
            _ => is_locked(access, password),
        })
    }
}

/// Whether the password is needed for what tells about the device, or changes something.
pub(crate) fn is_locked(access: Access, password: &Password) -> bool {
    access != Access::Read || password.is_for_reading()
}

/// What a request does, wherever it is no update. A WebSocket may change anything.
pub(crate) fn access(head: &Head<'_>) -> Access {
    match reads(head) && !websocket::is_wanted(head) {
        true => Access::Read,
        false => Access::Change,
    }
}

fn reads(head: &Head<'_>) -> bool {
    matches!(head.method, Method::Get | Method::Head)
}

/// Refuses a request that names another host.
pub(crate) fn check_host<D: Device>(device: &D, head: &Head<'_>) -> Result<(), Refusal> {
    guard::check_host(head, |host| {
        let is_domain = |domain: &str| device.is_domain(domain);
        hosts::is_own(host, device.info().name, is_domain, device.hosts())
    })
}

const READ_AND_POST: Methods = Methods::GET.and(Methods::POST);

/// Decides everything that the head of a request decides. `scratch` has room for its path.
pub(crate) async fn route<D: Device, A: App>(
    device: &D,
    app: &A,
    head: &Head<'_>,
    scratch: &mut [u8],
) -> Result<Route, Refusal> {
    let host = check_host(device, head);
    if host == Err(Refusal::Host)
        && let Some(portal) = Portal::of(device, head)
    {
        return Ok(Route::Resource(Resource::Portal(portal)));
    }
    host?;
    if head.path == "*" {
        return match head.method {
            Method::Options => Ok(Route::Resource(Resource::Options(READ_AND_POST))),
            _ => Err(Refusal::Method {
                allow: Methods::NONE,
            }),
        };
    }
    let len = decoded_len(head.path);
    // What has arrived of a body takes room or not, as the network brings it: the answer must be the same.
    if head.has_body() && len > PATH_WITH_BODY_MAX {
        return Err(Refusal::Head(HeadError::TargetTooLong));
    }
    if len > scratch.len() {
        return Err(Refusal::Head(HeadError::TooLong));
    }
    let path = Path::decode(head.path, scratch)?;
    let place = place(device, app, &path);
    let allow = place.methods();
    if let Place::NoApi = place {
        return Err(Refusal::NoSuchApi);
    }
    if head.method == Method::Options {
        return Ok(Route::Resource(Resource::Options(allow)));
    }
    if !allow.contains(head.method) {
        return Err(Refusal::Method { allow });
    }
    let reads = reads(head);
    if !reads {
        guard::check_origin(head, device.hosts())?;
    }
    let access = match place {
        Place::Frontend | Place::Confirm | Place::Rollback if !reads => Access::Update,
        _ => access(head),
    };
    if let Some(password) = password::of(app)
        && place.is_locked(access, password, device)?
    {
        password.check(device, head).await?;
    }
    app.allows(path.whole(), head, access)
        .await
        .map_err(Refusal::Denied)?;
    let wanted = |bounded| {
        let wanted = ota::slot::Wanted::parse(head.query, device.engine().active(), bounded);
        wanted.map_err(Refusal::Query)
    };
    Ok(match place {
        Place::Frontend if reads => Route::Resource(Resource::File(Some(wanted(false)?))),
        Place::Chunks => Route::Resource(Resource::Chunks(wanted(true)?)),
        Place::Frontend => Route::Update(ota::change::Change::upload(head)?),
        Place::Confirm => Route::Update(ota::change::Change::confirm(head)?),
        Place::Rollback => Route::Update(ota::change::Change::rollback(head)?),
        Place::Status => Route::Resource(Resource::Status),
        Place::Wifi if reads => Route::Resource(Resource::Wifi),
        Place::Wifi => Route::Setup(setup::Change::join(head)?),
        Place::Networks if reads => Route::Resource(Resource::Networks(200)),
        Place::Networks => Route::Setup(setup::Change::look(head)?),
        Place::Login if reads => Route::Resource(Resource::Login),
        Place::Login => Route::Password(password::Change::log_in(head)?),
        Place::LoginScript => Route::Resource(Resource::LoginScript),
        Place::SetPassword => Route::Password(password::Change::set(device, head, app)?),
        Place::Page(page) => Route::Resource(Resource::Page(page)),
        Place::App(_) => {
            if !reads {
                guard::check_form(head)?;
            }
            Route::App
        }
        Place::NoApi | Place::File => Route::Resource(Resource::File(None)),
    })
}

/// Whose path a request names: Faceplate's own come first, then the firmware's, then the files.
fn place<D: Device, A: App>(device: &D, app: &A, path: &Path<'_>) -> Place {
    let names_a_file = path.names_a_file();
    let name = if names_a_file { path.as_str() } else { "" };
    let ours = match name {
        "api/ota/frontend" => Some(Place::Frontend),
        "api/ota/frontend/chunks" => Some(Place::Chunks),
        "api/ota/confirm" => Some(Place::Confirm),
        "api/ota/rollback" => Some(Place::Rollback),
        "api/ota/status" => Some(Place::Status),
        "api/ota/login" if password::of(app).is_some() => Some(Place::Login),
        "api/ota/login.js" if password::of(app).is_some() => Some(Place::LoginScript),
        "api/ota/password" if password::of(app).is_some() => Some(Place::SetPassword),
        "api/wifi" if device.wifi().is_some() => Some(Place::Wifi),
        "api/wifi/networks" => Some(Place::Networks),
        // Who types an address, or joins two, may end it with a slash; links in the pages know that.
        "recovery" | "recovery/" => Some(Place::Page(recovery::RECOVERY)),
        "recovery/wifi" | "recovery/wifi/" => Some(Place::Page(recovery::WIFI)),
        _ => None,
    };
    if let Some(ours) = ours {
        return ours;
    }
    let is_api = is_below(path.as_str(), "api");
    let is_ours = OURS.iter().any(|top| is_below(path.as_str(), top));
    if names_a_file && !is_ours {
        let methods = app.methods(path.whole());
        if !methods.is_empty() {
            return Place::App(methods);
        }
    }
    if is_api { Place::NoApi } else { Place::File }
}

/// Whether a path is `top`, or below it.
fn is_below(path: &str, top: &str) -> bool {
    path.strip_prefix(top)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}
