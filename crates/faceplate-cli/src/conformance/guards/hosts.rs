//! Which hosts a device answers to.

use super::FOREIGN;
use crate::conformance::{
    change::{FRONTEND, confirm, rollback, upload},
    request::Request,
    row::{Checked, Row, Stop, skip},
    status::STATUS,
    talk::{Asked, Talk},
    target::Target,
};

pub(in crate::conformance) const ROWS: &[Row<Target>] = &[
    Row::refused(
        "guards/foreign-host",
        foreign_host,
        "a request that names another host gets 403 foreign-host, whatever it asks for",
        "compare Host with IP addresses, localhost and the device's names before you look at the path; without that \
         a web page reads and changes everything by DNS rebinding (docs/http-api.md, Guards)",
    ),
    Row::refused(
        "guards/foreign-host-changes",
        foreign_host_changes,
        "a change that names another host gets 403 foreign-host, too",
        "put the guard of Host in front of the handlers of POST, too",
    ),
    Row::refused(
        "guards/rebound-names",
        rebound_names,
        "a public name that begins with the device's name is not the device's",
        "compare whole names: never accept a Host because it starts with the device's name",
    ),
    Row::reads(
        "guards/addresses",
        addresses,
        "IP addresses and localhost are always answered, with and without a port",
        "nobody can own these in the DNS, so accept any of them as Host, not the device's own address alone: behind \
         a router or a proxy it has another one",
    ),
    Row::reads(
        "guards/own-names",
        own_names,
        "the device's name is answered alone and with the endings that are never public; case, port and a dot at the \
         end do not matter",
        "accept NAME, NAME.local, .lan, .home.arpa, .internal, .home, .corp and .localdomain (docs/http-api.md, Names)",
    ),
    Row::refused(
        "guards/no-host",
        no_host,
        "a request of HTTP/1.1 without Host, with two of them, or with one that is no host gets 400 bad-request",
        "count the Host fields and check their form before the guard compares them: of two, a proxy may have \
         looked at the other one",
    ),
];

fn foreign_host(target: &Target) -> Checked {
    for request in [
        Request::get("/"),
        Request::get(STATUS),
        Request::get("/recovery"),
        Request::get("/faceplate-conformance.js"),
        Request::new("OPTIONS", FRONTEND),
    ] {
        let asked = target.ask(&request.hosts(&[FOREIGN]))?;
        is_foreign_host(&asked)?;
    }
    Ok(())
}

fn is_foreign_host(asked: &Asked) -> Checked {
    let to = asked.response.field("location").unwrap_or_default();
    if asked.response.status == 302 && to.ends_with("/recovery/wifi") {
        return Err(skip(
            "the device is the access point of its setup, and sends foreign names to that page",
        ));
    }
    asked.is_problem(403, "foreign-host")
}

fn foreign_host_changes(target: &Target) -> Checked {
    for request in [confirm(), rollback(), upload("", 8192)] {
        let asked = target.ask(&request.hosts(&[FOREIGN]))?;
        asked.is_problem(403, "foreign-host")?;
    }
    Ok(())
}

fn rebound_names(target: &Target) -> Checked {
    let name = name(target)?;
    for host in [
        format!("{name}.{FOREIGN}"),
        format!("{name}.local.{FOREIGN}"),
        format!("localhost.{FOREIGN}"),
        format!("192.168.4.1.{FOREIGN}"),
    ] {
        let asked = target.ask(&Request::get(STATUS).hosts(&[&host]))?;
        is_foreign_host(&asked)?;
    }
    Ok(())
}

/// What the device is called, if that can be part of a host.
fn name(target: &Target) -> Result<&str, Stop> {
    let name = &target.status()?.device.name;
    let sound = |c: char| c.is_ascii_alphanumeric() || c == '-';
    match !name.is_empty() && name.chars().all(sound) {
        true => Ok(name),
        false => Err(skip(format!("{name:?} is no host name"))),
    }
}

fn addresses(target: &Target) -> Checked {
    let peer = Talk::open(target)?.peer().map(|peer| match peer.is_ipv6() {
        true => format!("[{peer}]"),
        false => peer.to_string(),
    });
    let others = [
        "192.0.2.7",
        "192.0.2.7:8080",
        "[2001:db8::7]",
        "localhost",
        "LOCALHOST:81",
    ];
    for host in peer.iter().map(|peer| &**peer).chain(others) {
        let asked = target.ask(&Request::get(STATUS).hosts(&[host]))?;
        asked.has_status(200)?;
    }
    Ok(())
}

fn own_names(target: &Target) -> Checked {
    let name = name(target)?;
    let upper = name.to_uppercase();
    for host in [
        name.to_owned(),
        format!("{upper}:8080"),
        format!("{name}.local"),
        format!("{upper}.LOCAL.:81"),
        format!("{name}.lan"),
        format!("{name}.localdomain"),
        format!("{name}.home.arpa."),
        format!("{name}.internal"),
        format!("{name}.home"),
        format!("{name}.corp"),
    ] {
        let asked = target.ask(&Request::get(STATUS).hosts(&[&host]))?;
        asked.has_status(200)?;
    }
    Ok(())
}

fn no_host(target: &Target) -> Checked {
    let own = &*target.address.authority();
    for hosts in [
        &[][..],
        &[own, own],
        &[""],
        &["a b"],
        &["me@localhost"],
        &["[::1"],
    ] {
        let asked = target.ask(&Request::get(STATUS).hosts(hosts))?;
        asked.is_problem(400, "bad-request")?;
    }
    Ok(())
}
