//! The guards: what keeps web pages from elsewhere away from the device.

pub(super) mod hosts;
pub(super) mod types;

use super::{
    change::{FRONTEND, confirm, is_no_confirmation, rollback, upload},
    request::Request,
    row::{Checked, Row, skip},
    status::STATUS,
    target::Target,
};

/// A host that is nobody's (RFC 2606).
const FOREIGN: &str = "faceplate-conformance.example";

pub(super) const ROWS: &[Row<Target>] = &[
    Row::refused(
        "guards/foreign-origin",
        foreign_origin,
        "a change that a page of another origin asks for gets 403 foreign-origin",
        "Origin, where it is there, must be http:// and exactly the Host of the request, or a host that you added; \
         `null` is foreign, too",
    ),
    Row::refused(
        "guards/own-origin",
        own_origin,
        "a page of the device's own may ask for changes",
        "accept an Origin that is http:// and the Host of the request; behind a proxy add its host to the firmware",
    ),
    Row::refused(
        "guards/no-cors",
        no_cors,
        "no answer gives leave to other origins: there is no Access-Control-Allow-* anywhere, nor to OPTIONS",
        "switch off what adds CORS to your server",
    ),
    Row::reads(
        "guards/nosniff",
        nosniff,
        "every answer has X-Content-Type-Options: nosniff",
        "add it where answers are made, so that errors have it, too",
    ),
    Row::refused(
        "guards/login",
        login,
        "who is not known gets 401 unauthorized or password-needed with WWW-Authenticate, or 403 forbidden",
        "refuse a change without the login by the problem of that name, and say in WWW-Authenticate how to log in",
    ),
];

fn foreign_origin(target: &Target) -> Checked {
    let own = target.address.authority();
    for origin in [
        format!("http://{FOREIGN}"),
        "null".to_owned(),
        format!("http://{own}.{FOREIGN}"),
    ] {
        for request in [confirm(), rollback(), upload("", 8192)] {
            let asked = target.ask(&request.with("Origin", &*origin))?;
            asked.is_problem(403, "foreign-origin")?;
        }
    }
    Ok(())
}

fn own_origin(target: &Target) -> Checked {
    let origin = format!("http://{}", target.address.authority());
    let asked = target.ask(&confirm().with("Origin", origin))?;
    is_no_confirmation(&asked, target)
}

fn no_cors(target: &Target) -> Checked {
    let from_elsewhere = |request: Request| {
        request
            .with("Origin", format!("http://{FOREIGN}"))
            .with("Access-Control-Request-Method", "POST")
            .with("Access-Control-Request-Headers", "content-type")
    };
    for request in [
        Request::new("OPTIONS", FRONTEND),
        Request::new("OPTIONS", STATUS),
        Request::new("OPTIONS", "/"),
        Request::get(STATUS),
        Request::get("/"),
        confirm(),
    ] {
        let asked = target.ask(&from_elsewhere(request))?;
        let mut fields = asked.response.fields().iter();
        if let Some((name, value)) = fields.find(|(name, _)| name.starts_with("access-control")) {
            return Err(asked.differs("no Access-Control-*", &format!("{name}: {value}")));
        }
    }
    Ok(())
}

fn nosniff(target: &Target) -> Checked {
    for request in [
        Request::get(STATUS),
        Request::page("/"),
        Request::get("/recovery"),
        Request::get("/faceplate-conformance.js"),
        Request::get("/api/ota/faceplate-conformance"),
        Request::new("OPTIONS", FRONTEND),
        rollback(),
    ] {
        let asked = target.ask(&request)?;
        asked.has_field("X-Content-Type-Options", "nosniff")?;
    }
    Ok(())
}

fn login(target: &Target) -> Checked {
    let by_password = target.address.login.as_ref();
    let by_password = by_password.is_some_and(|login| login.is_in());
    if target.address.headers.is_empty() && !by_password {
        return Err(skip(
            "no --header says who one is, and there is no password",
        ));
    }
    let asked = target.ask(&confirm().without_login())?;
    match asked.response.status {
        401 => {
            let slug = match by_password {
                true => "password-needed",
                false => "unauthorized",
            };
            asked.is_problem(401, slug)?;
            asked.field("WWW-Authenticate").map(drop)
        }
        403 => asked.is_problem(403, "forbidden"),
        409 => Err(skip("the device takes changes without --header as well")),
        _ => Err(asked.miss("401 with the type /problems/unauthorized")),
    }
}
