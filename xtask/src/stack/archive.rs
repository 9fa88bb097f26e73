//! The functions of a static library for RISC-V: what each takes of the stack, and what it calls.
//!
//! Linking changes neither, so no linker is asked: what it would fill in says where each call goes.

mod member;

use std::collections::{BTreeSet, HashMap};

use object::read::archive::ArchiveFile;
use object::read::elf::ElfFile32;

use self::member::Member;

/// A function, by its place in the list of all.
pub(crate) type Id = usize;

/// A function of the library.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(crate) struct Function {
    /// As in the source.
    pub(crate) name: String,
    /// Whether its symbol is for everybody.
    pub(crate) exported: bool,
    /// Bytes of the stack that it takes itself.
    pub(crate) frame: u32,
    pub(crate) calls: BTreeSet<Call>,
    /// Functions whose address it knows: by itself, or from constants that it uses, such as vtables.
    pub(crate) knows: BTreeSet<Id>,
    /// Whether it ever comes back: what only panics does not.
    pub(crate) returns: bool,
}

/// A call.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Call {
    pub(crate) to: Callee,
    /// Whether it is the last thing that the function does, when its frame is gone.
    pub(crate) tail: bool,
}

/// Who is called.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Callee {
    Known(Id),
    /// One that is not in the library.
    Outside(String),
    /// Whoever an address in a register says.
    Pointer,
}

/// Reads all functions of a library.
///
/// # Errors
/// When it is none, or has code that is not understood.
pub(crate) fn functions(archive: &[u8]) -> Result<Vec<Function>, String> {
    let unreadable = |error: object::Error| format!("no static library that can be read: {error}");
    let parsed = ArchiveFile::parse(archive).map_err(unreadable)?;
    let mut functions = Vec::new();
    let mut exported = HashMap::new();
    let mut members = Vec::new();
    for member in parsed.members() {
        let data = member.and_then(|member| member.data(archive));
        let file = ElfFile32::parse(data.map_err(unreadable)?).map_err(unreadable)?;
        let member = Member::new(file, &mut functions, &mut exported).map_err(unreadable)?;
        members.push(member);
    }
    for member in &members {
        member.look(&mut functions, &exported)?;
    }
    mark_who_only_jumps_on(&mut functions);
    Ok(functions)
}

/// Who ends with a jump to a function that comes back does so, too.
fn mark_who_only_jumps_on(functions: &mut [Function]) {
    loop {
        let comes_back = |call: &Call| match call.to {
            Callee::Known(to) => functions[to].returns,
            Callee::Outside(_) | Callee::Pointer => true,
        };
        let more = functions.iter().position(|function| {
            let mut jumps = function.calls.iter().filter(|call| call.tail);
            !function.returns && jumps.any(comes_back)
        });
        let Some(more) = more else { return };
        functions[more].returns = true;
    }
}

#[cfg(test)]
mod tests {
    use object::write::{Object, Relocation, StandardSection, Symbol, SymbolId, SymbolSection};
    use object::{
        Architecture, BinaryFormat, Endianness, RelocationFlags, SymbolFlags, SymbolKind,
        SymbolScope, elf,
    };

    use super::*;

    /// `auipc ra, 0; jalr ra, 0(ra)`.
    const CALL: [u8; 8] = [0x97, 0, 0, 0, 0xe7, 0x80, 0, 0];
    /// `c.addi sp, -16`, `c.addi16sp sp, -64`, `c.jr ra`, `c.jalr a5`.
    const ENTER_16: [u8; 2] = [0x41, 0x11];
    const ENTER_64: [u8; 2] = [0x39, 0x71];
    const RETURN: [u8; 2] = [0x82, 0x80];
    const CALL_A5: [u8; 2] = [0x82, 0x97];
    /// `lui a0, 0`, where the linker fills in half of an address.
    const UPPER: [u8; 4] = [0x37, 0x05, 0, 0];

    struct Made(Object<'static>);

    impl Made {
        fn new() -> Self {
            let (format, chip) = (BinaryFormat::Elf, Architecture::Riscv32);
            Self(Object::new(format, chip, Endianness::Little))
        }

        fn symbol(&mut self, name: &str, kind: SymbolKind, at: Option<(u64, u64)>) -> SymbolId {
            let section = match kind {
                SymbolKind::Text => StandardSection::Text,
                _ => StandardSection::ReadOnlyData,
            };
            let section = self.0.section_id(section);
            let (value, size) = at.unwrap_or_default();
            self.0.add_symbol(Symbol {
                name: name.into(),
                value,
                size,
                kind,
                scope: SymbolScope::Linkage,
                weak: false,
                section: match at {
                    Some(_) => SymbolSection::Section(section),
                    None => SymbolSection::Undefined,
                },
                flags: SymbolFlags::None,
            })
        }

        fn function(&mut self, name: &str, code: &[&[u8]]) -> (SymbolId, u64) {
            let text = self.0.section_id(StandardSection::Text);
            let code = code.concat();
            let at = self.0.append_section_data(text, &code, 4);
            let id = self.symbol(name, SymbolKind::Text, Some((at, code.len() as u64)));
            (id, at)
        }

        fn fill(&mut self, section: StandardSection, offset: u64, symbol: SymbolId, kind: u32) {
            let section = self.0.section_id(section);
            let flags = RelocationFlags::Elf {
                r_type: elf::RelocationType(kind),
            };
            let relocation = Relocation {
                offset,
                symbol,
                addend: 0,
                flags,
            };
            self.0.add_relocation(section, relocation).unwrap();
        }

        /// A library with this one file in it.
        fn library(&self) -> Vec<u8> {
            let file = self.0.write().unwrap();
            let mut library = b"!<arch>\n".to_vec();
            let len = file.len();
            library.extend(
                format!(
                    "{:<16}{:<12}{:<6}{:<6}{:<8}{len:<10}`\n",
                    "a.o/", 0, 0, 0, 644
                )
                .bytes(),
            );
            library.extend(file);
            library
        }
    }

    #[test]
    fn calls_frames_and_known_addresses_are_read() {
        let mut made = Made::new();
        let (leaf, _) = made.function("leaf", &[&ENTER_16, &RETURN]);
        let shout = made.symbol("shout", SymbolKind::Text, None);
        let (_, at) = made.function("top", &[&ENTER_64, &CALL, &CALL, &UPPER, &CALL_A5, &RETURN]);
        let constants = made.0.section_id(StandardSection::ReadOnlyData);
        let vtable = made.0.append_section_data(constants, &[0; 8], 4);
        let table = made.symbol("vtable", SymbolKind::Data, Some((vtable, 8)));
        let call = elf::R_RISCV_CALL_PLT.0;
        made.fill(StandardSection::Text, at + 2, leaf, call);
        made.fill(StandardSection::Text, at + 10, shout, call);
        made.fill(StandardSection::Text, at + 18, table, elf::R_RISCV_HI20.0);
        made.fill(
            StandardSection::ReadOnlyData,
            vtable + 4,
            leaf,
            elf::R_RISCV_32.0,
        );
        let functions = functions(&made.library()).unwrap();
        let place = |name: &str| functions.iter().position(|f| f.name == name).unwrap();
        let (leaf, top) = (place("leaf"), place("top"));
        assert_eq!((functions[leaf].frame, functions[leaf].returns), (16, true));
        assert!(functions[leaf].calls.is_empty());
        let call = |to| Call { to, tail: false };
        let want = [
            call(Callee::Known(leaf)),
            call(Callee::Outside("shout".into())),
            call(Callee::Pointer),
        ];
        assert_eq!(functions[top].calls, want.into());
        assert_eq!(functions[top].frame, 64);
        assert_eq!(functions[top].knows, [leaf].into());
    }

    #[test]
    fn who_only_calls_what_never_comes_back_does_not_either() {
        let mut made = Made::new();
        let (panic, _) = made.function("panic", &[&ENTER_16, &CALL_A5]);
        let (_, at) = made.function("fail", &[&CALL]);
        made.fill(StandardSection::Text, at, panic, elf::R_RISCV_CALL_PLT.0);
        let functions = functions(&made.library()).unwrap();
        assert!(functions.iter().all(|function| !function.returns));
    }

    #[test]
    fn code_that_is_not_understood_is_an_error_that_names_it() {
        let mut made = Made::new();
        // c.mv sp, a0
        made.function("odd", &[&[0x2a, 0x81], &RETURN]);
        let error = functions(&made.library()).unwrap_err();
        assert_eq!(error, "odd: at 0x0 it sets the stack pointer");
    }

    #[test]
    fn another_file_is_an_error() {
        let error = functions(b"#!/bin/sh\n").unwrap_err();
        assert!(error.starts_with("no static library"), "{error}");
    }
}
