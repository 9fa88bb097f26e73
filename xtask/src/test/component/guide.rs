//! The pieces of C in the documentation, compiled.

use std::fs;
use std::path::Path;

use super::c::compiler;
use super::folder;
use crate::cargo::{root, run};
use crate::emulate::tools::at;
use crate::tally::Tally;

/// The page that has them.
const PAGE: &str = "docs/esp-idf.md";

/// Compiles each piece by itself, in a function of a firmware that has what is around it.
pub(super) fn check(tests: &mut Tally, made: &Path) -> Result<(), String> {
    let page = root().join(PAGE);
    let text = fs::read_to_string(&page).map_err(at(&page))?;
    let pieces = pieces(&text);
    if pieces.is_empty() {
        return Err(format!("there is no C in {PAGE}"));
    }
    for (number, piece) in pieces.iter().enumerate() {
        let source = made.join(format!("guide-{number}.c"));
        fs::write(&source, firmware(piece)).map_err(at(&source))?;
        let mut compile = compiler("gcc", "-std=c11");
        // A function that is shown is called by nobody.
        compile.arg("-Wno-unused-function").arg("-fsyntax-only");
        compile.arg("-I").arg(folder().join("test/guide"));
        run(compile.arg(&source))?;
        tests.passed += 1;
    }
    Ok(())
}

fn pieces(page: &str) -> Vec<&str> {
    let blocks = page.split("\n```c\n").skip(1);
    blocks
        .filter_map(|block| Some(block.split_once("\n```")?.0))
        .collect()
}

/// A whole source. What is included stays on top, and a function stands by itself.
fn firmware(piece: &str) -> String {
    let (included, rest): (Vec<&str>, Vec<&str>) =
        piece.lines().partition(|line| line.starts_with("#include"));
    let (included, rest) = (included.join("\n"), rest.join("\n"));
    let written = match rest.starts_with("static ") {
        true => rest,
        false => format!("void piece(void);\nvoid piece(void)\n{{\n{rest}\n}}"),
    };
    format!("{included}\n#include \"guide.h\"\n{written}\n")
}
