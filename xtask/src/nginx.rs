//! Finds nginx for the tests behind a reverse proxy, or unpacks one.

use std::path::PathBuf;

use crate::cargo::{command, run, target_dir, works};

/// `$NGINX` or an installed one, which the tests find by themselves; else Debian's, unpacked beside
/// what cargo builds. It is not installed: that would start a web server on this machine.
pub(crate) fn find_or_unpack() -> Result<Option<PathBuf>, String> {
    if !works("openssl", &["version"]) {
        return Err("openssl, which makes the certificate, is missing".into());
    }
    if std::env::var_os("NGINX").is_some() || works("nginx", &["-v"]) {
        return Ok(None);
    }
    let folder = target_dir().join("tools").join("nginx");
    let own = folder.join("usr/sbin/nginx");
    let there = || works(&own.to_string_lossy(), &["-v"]);
    if !there() {
        let missing = |why: String| format!("nginx is missing (`apt-get install nginx`): {why}");
        if !works("apt-get", &["--version"]) {
            return Err(missing("there is no apt-get".into()));
        }
        std::fs::create_dir_all(&folder)
            .map_err(|error| missing(format!("{}: {error}", folder.display())))?;
        // The lists of a fresh machine are empty.
        let script = "rm -f nginx_*.deb; \
            apt-get download nginx || { apt-get update -q && apt-get download nginx; } && \
            dpkg-deb -x nginx_*.deb .";
        run(command("sh", &["-c", script]).current_dir(&folder)).map_err(missing)?;
        if !there() {
            return Err(missing("Debian's does not run here".into()));
        }
    }
    Ok(Some(own))
}
