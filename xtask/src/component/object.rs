//! Makes one object of what cargo has built: what nobody calls is left out, what is no API is hidden.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use ::object::read::archive::ArchiveFile;
use ::object::{Object as _, ObjectSymbol as _};

use super::build::Target;
use crate::cargo::{run, target_dir};
use crate::emulate::tools::at;

/// What all symbols of the API begin with.
const PREFIX: &str = "faceplate_";

/// The object.
pub(super) fn one(target: &Target, built: &Path) -> Result<Vec<u8>, String> {
    let archive = fs::read(built).map_err(at(built))?;
    let api = api(&archive).map_err(|error| format!("{}: {error}", built.display()))?;
    let folder = target_dir().join("component").join("prebuilt");
    let path = folder.join(format!("{}.o", target.name));
    let mut link = target.linker()?;
    link.args(["-r", "--gc-sections", "--strip-debug"]);
    for name in &api {
        link.arg("-u").arg(name);
    }
    run(link.arg(built).arg("-o").arg(&path))?;
    let names = folder.join("api.txt");
    let list: String = api.iter().map(|name| format!("{name}\n")).collect();
    fs::write(&names, list).map_err(at(&names))?;
    let mut hide = target.objcopy()?;
    // Of what is hidden then, names that no relocation needs.
    hide.arg("--strip-unneeded")
        .arg(format!("--keep-global-symbols={}", names.display()));
    run(hide.arg(&path))?;
    let object = fs::read(&path).map_err(at(&path))?;
    check(&object, &api).map_err(|error| format!("{}: {error}", path.display()))?;
    Ok(object)
}

/// Every symbol of the API that the archive has.
fn api(archive: &[u8]) -> Result<BTreeSet<String>, String> {
    let wrong = |error: ::object::Error| error.to_string();
    let mut names = BTreeSet::new();
    let parsed = ArchiveFile::parse(archive).map_err(wrong)?;
    for member in parsed.members() {
        let bytes = member
            .and_then(|member| member.data(archive))
            .map_err(wrong)?;
        names.extend(
            visible(bytes)?
                .into_iter()
                .filter(|name| name.starts_with(PREFIX)),
        );
    }
    match names.is_empty() {
        true => Err("nothing of the API is in it".into()),
        false => Ok(names),
    }
}

/// What an object defines for others.
pub(super) fn visible(object: &[u8]) -> Result<Vec<String>, String> {
    symbols(object, |symbol| {
        symbol.is_global() && symbol.is_definition()
    })
}

fn symbols(
    object: &[u8],
    wanted: impl Fn(&::object::Symbol<'_, '_>) -> bool,
) -> Result<Vec<String>, String> {
    let wrong = |error: ::object::Error| error.to_string();
    let file = ::object::File::parse(object).map_err(wrong)?;
    let symbols = file.symbols().filter(wanted);
    let names = symbols.map(|symbol| symbol.name().map(str::to_owned).map_err(wrong));
    names.collect()
}

/// Nothing else can be seen, and it asks for nothing but ESP-IDF's heap and the component's C side.
fn check(object: &[u8], api: &BTreeSet<String>) -> Result<(), String> {
    let seen: BTreeSet<String> = visible(object)?.into_iter().collect();
    if seen != *api {
        return Err(format!("{seen:?} can be seen, not {api:?}"));
    }
    for name in symbols(object, |symbol| symbol.is_undefined())? {
        let known = name.is_empty()
            // LLVM makes `calloc` of `malloc` and zeros.
            || ["malloc", "calloc", "free", "faceplate_err_to_name"].contains(&name.as_str())
            || name.starts_with("faceplate_port_");
        if !known {
            return Err(format!("it asks for `{name}`"));
        }
    }
    Ok(())
}
