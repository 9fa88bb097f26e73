//! Writes a library with one object, as `ar` of GNU binutils does with the option `D`: no times, no owners.

use super::object::visible;

const MAGIC: &[u8] = b"!<arch>\n";
/// Bytes of what stands before each member.
const HEAD: usize = 60;

/// The bytes of the library.
pub(super) fn write(name: &str, object: &[u8]) -> Result<Vec<u8>, String> {
    if name.len() > 15 {
        return Err(format!("{name} is too long a name"));
    }
    // The index: which symbols are in the member that begins there.
    let symbols = visible(object)?;
    let names: String = symbols.iter().map(|name| format!("{name}\0")).collect();
    let index = 4 * (1 + symbols.len()) + names.len();
    let at = MAGIC.len() + HEAD + index.next_multiple_of(2);
    let mut library = MAGIC.to_vec();
    head(&mut library, "/", index)?;
    let numbers = [symbols.len()]
        .into_iter()
        .chain(symbols.iter().map(|_| at));
    for number in numbers {
        let number = u32::try_from(number).map_err(|error| error.to_string())?;
        library.extend(number.to_be_bytes());
    }
    library.extend(names.as_bytes());
    pad(&mut library);
    head(&mut library, &format!("{name}/"), object.len())?;
    library.extend(object);
    pad(&mut library);
    Ok(library)
}

/// Name, time, owner, group, mode, size.
fn head(library: &mut Vec<u8>, name: &str, size: usize) -> Result<(), String> {
    let head = format!("{name:<16}{:<12}{:<6}{:<6}{:<8}{size:<10}`\n", 0, 0, 0, 644);
    match head.len() {
        HEAD => {
            library.extend(head.as_bytes());
            Ok(())
        }
        _ => Err(format!("{name} is too large")),
    }
}

/// Members begin at even places.
fn pad(library: &mut Vec<u8>) {
    if library.len() % 2 == 1 {
        library.push(b'\n');
    }
}

#[cfg(test)]
mod tests {
    use object::read::archive::ArchiveFile;
    use object::write::{Object, StandardSection, Symbol, SymbolSection};
    use object::{Architecture, BinaryFormat, Endianness, SymbolFlags, SymbolKind, SymbolScope};

    /// An object that defines these symbols.
    fn object(names: &[&str]) -> Vec<u8> {
        let mut object = Object::new(BinaryFormat::Elf, Architecture::Riscv32, Endianness::Little);
        let section = object.section_id(StandardSection::Data);
        object.append_section_data(section, &[0; 4], 4);
        for name in names {
            object.add_symbol(Symbol {
                name: name.as_bytes().to_vec(),
                value: 0,
                size: 4,
                kind: SymbolKind::Data,
                scope: SymbolScope::Linkage,
                weak: false,
                section: SymbolSection::Section(section),
                flags: SymbolFlags::None,
            });
        }
        object.write().expect("it can be written")
    }

    #[test]
    fn a_library_is_read_as_it_was_written_and_its_index_leads_to_its_object() {
        for names in [&["faceplate_a"][..], &["faceplate_a", "faceplate_bc"]] {
            let object = object(names);
            let library = super::write("faceplate_idf.o", &object).expect("it fits");
            let archive = ArchiveFile::parse(library.as_slice()).expect("it is one");
            let members: Vec<_> = archive.members().collect::<Result<_, _>>().expect("whole");
            assert_eq!(members.len(), 1);
            assert_eq!(members[0].name(), b"faceplate_idf.o");
            let data = members[0].data(library.as_slice()).expect("it is there");
            assert_eq!(data, object);
            let index = archive
                .symbols()
                .expect("it can be read")
                .expect("it is there");
            let index: Vec<_> = index.collect::<Result<_, _>>().expect("whole");
            let found: Vec<_> = index.iter().map(|symbol| symbol.name()).collect();
            let wanted: Vec<_> = names.iter().map(|name| name.as_bytes()).collect();
            assert_eq!(found, wanted);
            for symbol in index {
                let member = archive.member(symbol.offset()).expect("it leads there");
                assert_eq!(member.name(), b"faceplate_idf.o");
            }
        }
        assert!(super::write("a_name_of_16.o__", &object(&["a"])).is_err());
    }
}
