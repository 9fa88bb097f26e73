//! What the library of the ESP-IDF component takes of its callers' stacks, read from its machine code.

mod archive;
mod depth;
mod riscv;

use std::collections::BTreeSet;
use std::path::Path;
use std::process::ExitCode;

use self::archive::{Callee, Function, Id};
use self::depth::{Chains, POINTERS, POINTERS_OF_HTTP};
use crate::component::{Variant, built};
use crate::firmware::size::grouped;
use crate::test::component::MEASURED;

/// Functions that C calls by a pointer that it was given: each is the beginning of a stack of its own. One that
/// is missing here is taken for what any pointer may lead to, which makes everything too deep.
const CALLED_BY_C: [(&str, &str, u32); 4] = [
    ("faceplate_idf::port::run::call", "in its task: ", JOB),
    (HTTP_TASK, "the task of HTTP, of ", HTTP),
    (TRIALS_TASK, "the task that runs for ever", TASK),
    ("faceplate_has_signed", "in its task: a signature", JOB),
];

/// Where the task of HTTP begins.
const HTTP_TASK: &str = "faceplate_idf::http::task::task";

/// Where the task that runs for ever begins.
const TRIALS_TASK: &str = "faceplate_idf::care::task";

/// Most bytes of what runs in a task that is there only for so long, as `Kconfig` says: the boot, and the checks of
/// a whole slot.
const JOB: u32 = 8 * 1024;

/// Most bytes of the task that runs for ever, as `Kconfig` says.
const TASK: u32 = 2304;

/// The same with a password. It does nothing with that; but a pointer might lead to what does.
const TASK_WITH_PASSWORD: u32 = 2816;

/// Most bytes of the task that answers all requests, as `Kconfig` says.
const HTTP: u32 = 8 * 1024;

/// Most bytes of any other function, as `faceplate.h` says.
const CALLER: u32 = 3584;

/// How much of the stack somebody needs.
struct Need {
    whose: String,
    bytes: u32,
    /// When the deepest function of C's is called.
    outside: Option<u32>,
    bound: u32,
    chain: Vec<String>,
}

/// What was found out about a library.
struct Report {
    needs: Vec<Need>,
    /// Bytes of the deepest panic, below whatever panics.
    panic: u32,
    /// What calls through pointers.
    pointers: BTreeSet<String>,
}

/// `cargo xtask stack`: all of it, with the chains.
pub(crate) fn stack() -> Result<ExitCode, String> {
    for (title, variant) in [
        ("The component", Variant::Plain),
        ("\nWith a password", Variant::Password),
    ] {
        println!("{title}");
        let library = built(MEASURED, variant)?;
        let report = read(&library, variant)?;
        for need in &report.needs {
            println!("{need}");
            for link in &need.chain {
                println!("    {link}");
            }
        }
        print_rest(&report);
        check(&report)?;
    }
    Ok(ExitCode::SUCCESS)
}

/// Prints what each function needs of a library for RISC-V, and gives how many there are.
///
/// # Errors
/// When one needs more than it may.
pub(crate) fn bounds(library: &Path, variant: Variant) -> Result<u32, String> {
    let report = read(library, variant)?;
    for need in &report.needs {
        println!("{need}");
    }
    print_rest(&report);
    check(&report)?;
    Ok(report.needs.len() as u32)
}

fn print_rest(report: &Report) {
    println!(
        "a panic takes {} more, where it comes",
        grouped(report.panic.into())
    );
    println!("pointers lead to the deepest function that is known there; they are used by");
    for name in &report.pointers {
        println!("    {name}");
    }
}

fn check(report: &Report) -> Result<(), String> {
    let mut over = report.needs.iter().filter(|need| need.bytes > need.bound);
    match over.next() {
        None => Ok(()),
        Some(need) => Err(format!(
            "too much of the stack: {need}\n{}",
            need.chain.join("\n")
        )),
    }
}

impl std::fmt::Display for Need {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Need { whose, bytes, .. } = self;
        let (bytes, bound) = (grouped((*bytes).into()), grouped(self.bound.into()));
        write!(f, "{bytes:>7} of {bound:>5}  {whose}")?;
        match self.outside {
            Some(outside) => write!(f, " ({} where C is called)", grouped(outside.into())),
            None => Ok(()),
        }
    }
}

fn read(library: &Path, variant: Variant) -> Result<Report, String> {
    let bytes =
        std::fs::read(library).map_err(|error| format!("{}: {error}", library.display()))?;
    report(&archive::functions(&bytes)?, variant)
}

fn report(functions: &[Function], variant: Variant) -> Result<Report, String> {
    let called_by_c = |id: Id| {
        let mut called = CALLED_BY_C.iter();
        called.find(|(called, ..)| is(&functions[id], called))
    };
    for (called, ..) in &CALLED_BY_C {
        if !functions.iter().any(|function| is(function, called)) {
            return Err(format!("there is no function {called} for C to call"));
        }
    }
    let is_ours = |id: Id| functions[id].exported && functions[id].name.starts_with("faceplate_");
    let roots: BTreeSet<Id> = (0..functions.len())
        .filter(|&id| called_by_c(id).is_some() || is_ours(id))
        .collect();
    let known = depth::known(functions, &roots, false);
    let mut pointers = BTreeSet::new();
    let mut needs = Vec::new();
    for &id in &roots {
        let nested = match is(&functions[id], HTTP_TASK) {
            true => POINTERS_OF_HTTP,
            false => POINTERS,
        };
        let mut chains = Chains::new(functions, &known, nested, false);
        let (whose, bound) = match called_by_c(id) {
            Some((called, what, bound)) => {
                let bound = match (*called, variant) {
                    (TRIALS_TASK, Variant::Password) => TASK_WITH_PASSWORD,
                    _ => *bound,
                };
                (format!("{what}{}", makers(functions, id)), bound)
            }
            None => (functions[id].name.clone(), CALLER),
        };
        let depth = chains.depth(id)?;
        let chain = chains.chain(id).into_iter();
        needs.push(Need {
            whose,
            bytes: depth.bytes,
            outside: depth.outside,
            bound,
            chain: chain
                .map(|(frame, name)| format!("{frame:>6} {name}"))
                .collect(),
        });
        pointers.extend(chains.through_pointers().into_iter().map(String::from));
    }
    needs.sort_by_key(|need| std::cmp::Reverse(need.bytes));
    Ok(Report {
        needs,
        panic: deepest_panic(functions, &roots)?,
        pointers,
    })
}

/// Whether a function is of this name, whatever it is generic over.
fn is(function: &Function, name: &str) -> bool {
    let rest = function.name.strip_prefix(name);
    rest.is_some_and(|rest| rest.is_empty() || rest.starts_with("::<"))
}

/// Bytes of the deepest function that only panics.
fn deepest_panic(functions: &[Function], roots: &BTreeSet<Id>) -> Result<u32, String> {
    let known = depth::known(functions, roots, true);
    let mut deepest = 0;
    for (id, function) in functions.iter().enumerate() {
        if !function.returns && function.name.starts_with("core::") {
            let depth = Chains::new(functions, &known, POINTERS, true).depth(id)?;
            deepest = deepest.max(depth.bytes);
        }
    }
    Ok(deepest)
}

/// The exported functions that give this one to C as their own work.
fn makers(functions: &[Function], given: Id) -> String {
    let gives = |root: Id| {
        let (mut seen, mut todo) = (BTreeSet::from([root]), vec![root]);
        while let Some(id) = todo.pop() {
            if functions[id].knows.contains(&given) {
                return true;
            }
            let calls = functions[id].calls.iter();
            todo.extend(calls.filter_map(|call| match call.to {
                Callee::Known(to) if seen.insert(to) => Some(to),
                _ => None,
            }));
        }
        false
    };
    let exported = functions.iter().enumerate().filter(|(_, f)| f.exported);
    let makers = exported.filter(|&(id, _)| gives(id));
    let names: Vec<_> = makers.map(|(_, function)| function.name.as_str()).collect();
    names.join(", ")
}

#[cfg(test)]
mod tests {
    use super::archive::Call;
    use super::*;

    fn function(name: &str, frame: u32, calls: &[Callee], knows: &[Id]) -> Function {
        let call = |to: &Callee| Call {
            to: to.clone(),
            tail: false,
        };
        Function {
            name: name.into(),
            exported: name.starts_with("faceplate_") && !name.contains("::"),
            frame,
            calls: calls.iter().map(call).collect(),
            knows: knows.iter().copied().collect(),
            returns: name != "core::panicking::panic",
        }
    }

    /// A library in which `faceplate_go` has C call the second function, whose frame is this.
    fn library(frame: u32) -> Vec<Function> {
        let run = Callee::Outside("faceplate_port_run".into());
        vec![
            function("faceplate_go", 64, &[run, Callee::Known(2)], &[1]),
            function(CALLED_BY_C[0].0, frame, &[Callee::Known(2)], &[]),
            function("help", 16, &[Callee::Known(3)], &[]),
            function("core::panicking::panic", 300, &[], &[]),
            function(CALLED_BY_C[1].0, 48, &[], &[]),
            function(CALLED_BY_C[2].0, 32, &[], &[]),
            function(CALLED_BY_C[3].0, 24, &[], &[]),
        ]
    }

    #[test]
    fn what_c_calls_is_a_stack_of_its_own_and_named_after_who_gave_it() {
        let report = report(&library(1000), Variant::Plain).unwrap();
        let lines: Vec<_> = report.needs.iter().map(Need::to_string).collect();
        let want = [
            "  1,016 of 8,192  in its task: faceplate_go",
            "     80 of 3,584  faceplate_go (64 where C is called)",
            "     48 of 8,192  the task of HTTP, of ",
            "     32 of 2,304  the task that runs for ever",
            "     24 of 8,192  in its task: a signature",
        ];
        assert_eq!(lines, want);
        assert_eq!((report.panic, check(&report)), (300, Ok(())));
    }

    #[test]
    fn a_password_gives_the_task_that_runs_for_ever_more() {
        for (variant, bound) in [
            (Variant::Plain, TASK),
            (Variant::Password, TASK_WITH_PASSWORD),
        ] {
            let report = report(&library(0), variant).unwrap();
            let mut needs = report.needs.iter();
            let need = needs.find(|need| need.whose.starts_with("the task that"));
            assert_eq!(need.map(|need| need.bound), Some(bound));
        }
    }

    #[test]
    fn what_c_calls_must_be_there() {
        let error = report(&library(0)[..6], Variant::Plain).err();
        let want = "there is no function faceplate_has_signed for C to call";
        assert_eq!(error.as_deref(), Some(want));
    }

    #[test]
    fn one_byte_too_much_is_an_error_that_shows_the_chain() {
        assert_eq!(
            check(&report(&library(JOB - 16), Variant::Plain).unwrap()),
            Ok(())
        );
        let error = check(&report(&library(JOB - 15), Variant::Plain).unwrap()).unwrap_err();
        let want = "too much of the stack:   8,193 of 8,192  in its task: faceplate_go\n  \
                    8177 faceplate_idf::port::run::call\n    16 help";
        assert_eq!(error, want);
    }
}
