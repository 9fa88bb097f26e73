//! The C of the component, compiled for this machine, over stand-ins for ESP-IDF.

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::folder;
use crate::cargo::{command, run};
use crate::component::Variant;

/// What every compilation of C is told.
const STRICT: [&str; 4] = ["-Wall", "-Wextra", "-Werror", "-pedantic"];

/// Of which ESP-IDF the stand-ins are: what it did differently changed with 6.0.
#[derive(Clone, Copy)]
pub(super) enum Idf {
    V5,
    V6,
}

/// What watches a program while it runs; where it is installed. The library in Rust is not instrumented: of
/// its memory the first sees what is on the heap, the second what it does in functions of libc.
#[derive(Clone, Copy)]
pub(super) enum Sanitizers {
    Memory,
    Threads,
}

impl Sanitizers {
    fn flag(self) -> &'static str {
        match self {
            Self::Memory => "-fsanitize=address,undefined",
            Self::Threads => "-fsanitize=thread",
        }
    }
}

/// A program of the component, its stand-ins and the library.
pub(super) struct Program<'a> {
    /// The folders of its own C, in that of the tests.
    pub(super) sources: &'a [&'a str],
    pub(super) idf: Idf,
    pub(super) sanitizers: Option<Sanitizers>,
    pub(super) variant: Variant,
    /// What else the compiler is told.
    pub(super) flags: &'a [&'a str],
}

impl Program<'_> {
    /// Compiles it, and links it with the library.
    pub(super) fn build(&self, library: &Path, program: &Path) -> Result<(), String> {
        let mut compile = compiler("gcc", "-std=c11");
        // POSIX and more, for the stand-ins.
        compile.args(["-D_GNU_SOURCE", "-g"]).args(self.flags);
        if let Idf::V5 = self.idf {
            compile.arg("-DSTAND_IN_FOR_5");
        }
        if let Variant::Password = self.variant {
            compile.arg("-DCONFIG_FACEPLATE_PASSWORD");
        }
        compile.args(self.sanitizers.map(Sanitizers::flag));
        let here = folder();
        compile.args(c_files(&here.join("src"))?);
        for folder in self.sources.iter().chain(&["idf"]) {
            let folder = here.join("test").join(folder);
            compile.args(c_files(&folder)?).arg("-I").arg(folder);
        }
        compile.arg(library).arg("-pthread");
        // Every block of theirs is counted, and can be refused.
        for name in ["malloc", "calloc", "free"] {
            compile.arg(format!("-Wl,--wrap={name}"));
        }
        run(compile.arg("-o").arg(program))
    }
}

/// Compiles the header as C++ of the oldest and of the newest kind.
pub(super) fn check_header() -> Result<(), String> {
    for standard in ["-std=c++11", "-std=gnu++20"] {
        let mut header = compiler("g++", standard);
        run(header
            .arg("-fsyntax-only")
            .arg(folder().join("test/cpp.cpp")))?;
    }
    Ok(())
}

/// A compiler that finds the headers of the component, and those that stand in for ESP-IDF's.
pub(super) fn compiler(program: &str, standard: &str) -> Command {
    let mut compiler = command(program, &[standard]);
    compiler.args(STRICT);
    for include in ["include", "src", "test", "test/idf"] {
        compiler.arg("-I").arg(folder().join(include));
    }
    compiler
}

/// Those sanitizers, if the compiler brings their library.
pub(super) fn installed(sanitizers: Sanitizers, made: &Path) -> Result<Option<Sanitizers>, String> {
    let source = made.join("nothing.c");
    let text = "int main(void) { return 0; }\n";
    fs::write(&source, text).map_err(|error| format!("{}: {error}", source.display()))?;
    let mut compile = command("gcc", &[sanitizers.flag()]);
    compile.arg(source).arg("-o").arg(made.join("nothing"));
    let compiles = compile.output().is_ok_and(|output| output.status.success());
    Ok(compiles.then_some(sanitizers))
}

fn c_files(folder: &Path) -> Result<Vec<PathBuf>, String> {
    let cannot = |error: std::io::Error| format!("{}: {error}", folder.display());
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).map_err(cannot)? {
        let path = entry.map_err(cannot)?.path();
        if path.extension() == Some(OsStr::new("c")) {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}
