//! Installs what the tests need beyond Rust and Node, or says what to install.

use std::path::{Path, PathBuf};

use crate::cargo::{command, root, run, works};

/// Something the tests need: how to see that it is there, and the package that brings it.
struct Need {
    what: &'static str,
    why: &'static str,
    apt: &'static str,
    brew: &'static str,
    there: fn() -> bool,
}

const NEEDS: &[Need] = &[
    Need {
        what: "a C compiler",
        why: "C littlefs, which our images are compared with, is compiled from source",
        apt: "build-essential",
        brew: "gcc",
        there: || works("cc", &["--version"]),
    },
    Need {
        what: "libclang",
        why: "the bindings of C littlefs, which our images are compared with, are made with it",
        apt: "libclang-dev",
        brew: "llvm",
        there: libclang,
    },
    Need {
        what: "Python 3 with venv",
        why: "littlefs-python and Espressif's NVS generator are compared with, in a venv",
        apt: "python3-venv",
        brew: "python",
        // Debian's python3 has `venv` but not what it installs pip from.
        there: || works("python3", &["-c", "import venv, ensurepip"]),
    },
    Need {
        what: "Node 20.19 or newer with npm",
        why: "the Update page and the Vite plugin are built and tested with it",
        apt: "nodejs npm",
        brew: "node",
        there: crate::web::node,
    },
];

/// Makes sure that everything is there; the error names each missing package.
pub(crate) fn prepare() -> Result<(), String> {
    let missing: Vec<&Need> = NEEDS.iter().filter(|need| !(need.there)()).collect();
    if missing.is_empty() {
        return Ok(());
    }
    if can_apt() {
        let packages = missing.iter().flat_map(|need| need.apt.split(' '));
        apt_install(&packages.collect::<Vec<_>>())?;
    }
    let missing: Vec<String> = missing
        .iter()
        .filter(|need| !(need.there)())
        .map(|need| {
            let Need {
                what,
                why,
                apt,
                brew,
                ..
            } = need;
            format!("{what} is missing ({why}): `apt-get install {apt}` or `brew install {brew}`")
        })
        .collect();
    if missing.is_empty() {
        Ok(())
    } else {
        Err(missing.join("\n"))
    }
}

/// Whether we may install packages: Debian or its children, as root.
pub(crate) fn can_apt() -> bool {
    let root_user = crate::cargo::output(&mut command("id", &["-u"]));
    root_user.is_ok_and(|id| id.trim() == "0") && works("apt-get", &["--version"])
}

/// Installs packages of Debian or its children.
pub(crate) fn apt_install(packages: &[&str]) -> Result<(), String> {
    let mut install = vec!["install", "-y", "--no-install-recommends"];
    install.extend(packages);
    run(command("apt-get", &["update", "-q"]).env("DEBIAN_FRONTEND", "noninteractive"))?;
    run(command("apt-get", &install).env("DEBIAN_FRONTEND", "noninteractive"))
}

/// Adds a target to the toolchain; the error says why it could not be.
pub(crate) fn target(triple: &str) -> Result<(), String> {
    // Without rustup the compiler may bring the target all the same.
    let libdir = command("rustc", &["--print", "target-libdir", "--target", triple]).output();
    let has_core = |dir: &Path| {
        let entries = dir.read_dir().into_iter().flatten().flatten();
        entries
            .into_iter()
            .any(|entry| entry.file_name().to_string_lossy().starts_with("libcore-"))
    };
    if let Ok(output) = libdir
        && has_core(Path::new(String::from_utf8_lossy(&output.stdout).trim()))
    {
        return Ok(());
    }
    run(&mut command("rustup", &["target", "add", triple]))
}

/// Installs a toolchain with a component beside the one in use; the error says why it could not be.
pub(crate) fn toolchain(name: &str, component: &str) -> Result<(), String> {
    let installed = ["component", "list", "--installed", "--toolchain", name];
    let installed = command("rustup", &installed).output();
    if let Ok(components) = installed
        && String::from_utf8_lossy(&components.stdout)
            .lines()
            .any(|line| line == component)
    {
        return Ok(());
    }
    let install = ["toolchain", "install", name, "--profile", "minimal"];
    // The compiler in use stays the one in use, and a toolchain that is there is not updated.
    let options = ["--no-self-update", "--component", component];
    run(command("rustup", &install).args(options))
}

/// Adds a component of the toolchain, such as `clippy`, whose cargo command is `check`.
pub(crate) fn component(name: &str, check: &str) -> Result<(), String> {
    if crate::cargo::cargo(&[check, "--version"])
        .output()
        .is_ok_and(|out| out.status.success())
    {
        return Ok(());
    }
    run(&mut command("rustup", &["component", "add", name]))
}

/// Whether a libclang that can be linked is where its users look for it.
fn libclang() -> bool {
    let mut places: Vec<PathBuf> = Vec::new();
    places.extend(std::env::var_os("LIBCLANG_PATH").map(PathBuf::from));
    places.extend(subdirectories("/usr/lib").map(|dir| dir.join("lib"))); // /usr/lib/llvm-14/lib
    places.extend(
        [
            "/usr/lib",
            "/usr/lib64",
            "/usr/local/lib",
            "/opt/homebrew/opt/llvm/lib",
            "/usr/local/opt/llvm/lib",
            "/Library/Developer/CommandLineTools/usr/lib",
            "/Applications/Xcode.app/Contents/Developer/Toolchains/XcodeDefault.xctoolchain/usr/lib",
        ]
        .map(PathBuf::from),
    );
    // The unversioned name comes with the development package, as the headers do.
    places.iter().any(|dir| {
        ["libclang.so", "libclang.dylib", "libclang.dll"]
            .iter()
            .any(|name| dir.join(name).exists())
    })
}

fn subdirectories(path: &str) -> impl Iterator<Item = PathBuf> {
    let entries = root().join(path).read_dir().into_iter().flatten().flatten();
    entries.map(|entry| entry.path())
}
