//! Finds the engines besides Chromium in which the main flows are tested, or installs them.

use std::path::PathBuf;

use crate::cargo::{cargo, run, target_dir, works};
use crate::setup::{apt_install, can_apt};

/// The driver of Firefox, which Debian does not package.
const GECKODRIVER: &str = "0.37.1";

/// What can be driven here. The names are those of the projects in `web/e2e/engines.config.ts`.
#[derive(Default)]
pub(crate) struct Engines {
    pub(crate) there: Vec<&'static str>,
    /// With what is missing.
    pub(crate) missing: Vec<(&'static str, String)>,
    /// Where it is, unless the tests find it by themselves.
    pub(crate) geckodriver: Option<PathBuf>,
}

/// Installs by apt-get and cargo what is not there, where that is possible.
pub(crate) fn find_or_install() -> Engines {
    let mut engines = Engines::default();
    match firefox().and_then(|()| geckodriver()) {
        Ok(driver) => {
            engines.there.push("Firefox");
            engines.geckodriver = driver;
        }
        Err(why) => engines.missing.push(("Firefox", why)),
    }
    match webkit() {
        Ok(()) => engines.there.push("WebKit"),
        Err(why) => engines.missing.push(("WebKit", why)),
    }
    engines
}

fn firefox() -> Result<(), String> {
    let there = || {
        std::env::var_os("FIREFOX").is_some()
            || works("firefox-esr", &["--version"])
            || works("firefox", &["--version"])
    };
    provide(
        there,
        "Firefox is not installed",
        &["firefox-esr", "fonts-dejavu-core"],
    )
}

fn webkit() -> Result<(), String> {
    let there = || works("WebKitWebDriver", &["--help"]) && works("Xvfb", &["-help"]);
    provide(
        there,
        "WebKitGTK's driver or Xvfb is not installed",
        &["webkit2gtk-driver", "xvfb", "fonts-dejavu-core"],
    )
}

/// Makes sure that it is there; the error says what is missing and how to install it.
fn provide(there: impl Fn() -> bool, what: &str, packages: &[&str]) -> Result<(), String> {
    if there() {
        return Ok(());
    }
    let mut why = format!("{what}: `apt-get install {}`", packages.join(" "));
    if can_apt() {
        match apt_install(packages) {
            Ok(()) if there() => return Ok(()),
            Ok(()) => {}
            Err(error) => why = format!("{what}, and cannot be: {error}"),
        }
    }
    Err(why)
}

/// `$GECKODRIVER` or an installed one, which the tests find by themselves; else one of our own
/// beside what cargo builds.
fn geckodriver() -> Result<Option<PathBuf>, String> {
    if std::env::var_os("GECKODRIVER").is_some() || works("geckodriver", &["--version"]) {
        return Ok(None);
    }
    let tools = target_dir().join("tools");
    let own = tools
        .join("bin")
        .join(format!("geckodriver{}", std::env::consts::EXE_SUFFIX));
    if !works(&own.to_string_lossy(), &["--version"]) {
        println!("building geckodriver {GECKODRIVER}, which drives Firefox");
        // Not optimized: it only passes on commands.
        let mut install = cargo(&["install", "geckodriver", "--locked", "--debug", "--quiet"]);
        install
            .args(["--version", GECKODRIVER, "--root"])
            .arg(tools);
        run(&mut install)?;
    }
    Ok(Some(own))
}
