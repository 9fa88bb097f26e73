//! What an ELF file says of the memory that it takes: sections and the symbols in them.

use object::read::elf::{ElfFile32, FileHeader, SectionHeader};
use object::{Endianness, Object, ObjectSection, ObjectSymbol, elf};

/// A piece of memory that the linker laid out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Section {
    pub(crate) name: String,
    pub(crate) address: u64,
    pub(crate) size: u64,
    /// Whether its content is in the file, and so in flash.
    pub(crate) stored: bool,
    /// What is in it, each byte once, in the order of addresses.
    pub(crate) parts: Vec<Part>,
}

/// A part of a section.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Part {
    /// As in the source, without the hash of the mangled name; `None` for what has no symbol:
    /// gaps of alignment, and constants that the compiler made.
    pub(crate) name: Option<Name>,
    pub(crate) size: u64,
}

/// A symbol's name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Name {
    /// A path, such as `esp_rtos::SCHEDULER`.
    Rust(String),
    /// Of C, of the linker, or exported by Rust under a plain name.
    Plain(String),
}

/// A symbol as it is in the file.
#[derive(Debug, Clone)]
pub(crate) struct Symbol {
    pub(crate) name: String,
    pub(crate) address: u64,
    pub(crate) size: u64,
}

/// Reads the sections that take memory when the program runs.
pub(crate) fn sections(file: &[u8]) -> Result<Vec<Section>, String> {
    let unreadable = |error| format!("not a 32-bit ELF file that can be read: {error}");
    let file = ElfFile32::<Endianness>::parse(file).map_err(unreadable)?;
    let endian = file.elf_header().endian().map_err(unreadable)?;
    let mut sections = Vec::new();
    for section in file.sections() {
        let header = section.elf_section_header();
        if !header.sh_flags(endian).contains(elf::SHF_ALLOC) || section.size() == 0 {
            continue;
        }
        let mut symbols = Vec::new();
        for symbol in file.symbols() {
            if symbol.section_index() == Some(section.index()) {
                symbols.push(Symbol {
                    name: symbol.name().map_err(unreadable)?.into(),
                    address: symbol.address(),
                    size: symbol.size(),
                });
            }
        }
        sections.push(Section {
            name: section.name().map_err(unreadable)?.into(),
            address: section.address(),
            size: section.size(),
            stored: header.sh_type(endian) != elf::SHT_NOBITS,
            parts: parts(section.address(), section.size(), symbols),
        });
    }
    Ok(sections)
}

/// Cuts a section at its symbols. Where they overlap, as aliases do, the first one has the bytes.
pub(crate) fn parts(start: u64, size: u64, mut symbols: Vec<Symbol>) -> Vec<Part> {
    // The widest of those that start together first: the others are within it.
    symbols.sort_by_key(|symbol| (symbol.address, std::cmp::Reverse(symbol.size)));
    let end = start + size;
    let mut parts = Vec::new();
    let mut at = start;
    let mut add = |name, from: u64, to: u64| {
        if to > from {
            let size = to - from;
            parts.push(Part { name, size });
        }
    };
    for symbol in symbols {
        let from = symbol.address.clamp(at, end);
        let to = (symbol.address + symbol.size).clamp(from, end);
        if to > from {
            add(None, at, from);
            add(Some(name(&symbol.name)), from, to);
            at = to;
        }
    }
    add(None, at, end);
    parts
}

fn name(symbol: &str) -> Name {
    match rustc_demangle::try_demangle(symbol) {
        Ok(path) => Name::Rust(format!("{path:#}")),
        Err(_) => Name::Plain(symbol.into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn symbol(name: &str, address: u64, size: u64) -> Symbol {
        Symbol {
            name: name.into(),
            address,
            size,
        }
    }

    fn plain(name: &str, size: u64) -> Part {
        Part {
            name: Some(Name::Plain(name.into())),
            size,
        }
    }

    fn gap(size: u64) -> Part {
        Part { name: None, size }
    }

    #[test]
    fn every_byte_of_a_section_is_in_one_part() {
        let symbols = vec![
            symbol("last", 0x118, 4),
            symbol("alias", 0x104, 8),
            symbol("outer", 0x104, 16),
            symbol("label", 0x104, 0),
            symbol("overlaps", 0x110, 6),
        ];
        let parts = parts(0x100, 0x20, symbols);
        let whole = [
            gap(4),
            plain("outer", 16),
            plain("overlaps", 2),
            gap(2),
            plain("last", 4),
            gap(4),
        ];
        assert_eq!(parts, whole);
        assert_eq!(parts.iter().map(|part| part.size).sum::<u64>(), 0x20);
    }

    #[test]
    fn symbols_that_leave_their_section_are_cut_at_its_end() {
        let symbols = vec![symbol("below", 0xf0, 0x14), symbol("above", 0x108, 0x100)];
        assert_eq!(
            parts(0x100, 0x10, symbols),
            [plain("below", 4), gap(4), plain("above", 8)]
        );
    }

    #[test]
    fn a_section_without_symbols_is_one_gap() {
        assert_eq!(parts(0x100, 7, Vec::new()), [gap(7)]);
        assert_eq!(parts(0x100, 0, Vec::new()), []);
    }

    #[test]
    fn rust_names_of_both_manglings_are_paths_without_a_hash() {
        let legacy = "_ZN8esp_rtos5timer10TimeDriver15arm_next_wakeup17hbe5b347b5bb97fc0E";
        let path = Name::Rust("esp_rtos::timer::TimeDriver::arm_next_wakeup".into());
        assert_eq!(name(legacy), path);
        let v0 = "_RNvNtCs1234_7mycrate3foo3bar";
        assert_eq!(name(v0), Name::Rust("mycrate::foo::bar".into()));
        assert_eq!(name("gWpaSm"), Name::Plain("gWpaSm".into()));
    }

    #[test]
    fn the_sections_and_symbols_of_a_file_are_read() {
        use object::write::{Object, StandardSection, Symbol as New, SymbolSection};
        use object::{Architecture, BinaryFormat, SymbolFlags, SymbolKind, SymbolScope};
        let mut made = Object::new(BinaryFormat::Elf, Architecture::Riscv32, Endianness::Little);
        let text = made.section_id(StandardSection::Text);
        let data = made.section_id(StandardSection::Data);
        let bss = made.section_id(StandardSection::UninitializedData);
        made.append_section_data(text, &[0; 12], 4);
        made.append_section_data(data, &[7; 6], 2);
        made.append_section_bss(bss, 100, 4);
        for (name, value, size, section) in [
            ("start", 4, 8, text),
            ("settings", 0, 6, data),
            ("_ZN4core4POOL17h0123456789abcdefE", 60, 40, bss),
        ] {
            made.add_symbol(New {
                name: name.into(),
                value,
                size,
                kind: SymbolKind::Data,
                scope: SymbolScope::Linkage,
                weak: false,
                section: SymbolSection::Section(section),
                flags: SymbolFlags::None,
            });
        }
        let file = made.write().unwrap();
        let section = |name: &str, size, stored, parts| Section {
            name: name.into(),
            address: 0,
            size,
            stored,
            parts,
        };
        let pool = Part {
            name: Some(Name::Rust("core::POOL".into())),
            size: 40,
        };
        let mut read = sections(&file).unwrap();
        read.sort_by(|a, b| b.name.cmp(&a.name));
        assert_eq!(
            read,
            [
                section(".text", 12, true, vec![gap(4), plain("start", 8)]),
                section(".data", 6, true, vec![plain("settings", 6)]),
                section(".bss", 100, false, vec![gap(60), pool]),
            ]
        );
    }

    #[test]
    fn another_file_is_an_error() {
        let error = sections(b"#!/bin/sh\n").unwrap_err();
        assert!(error.starts_with("not a 32-bit ELF file"), "{error}");
    }
}
