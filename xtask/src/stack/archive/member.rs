//! An object file of a library.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::ops::Range;

use object::elf::RelocationType;
use object::read::elf::{ElfFile32, ElfSection32};
use object::{
    Endianness, Object, ObjectSection, ObjectSymbol, RelocationFlags, RelocationTarget,
    SectionIndex, SectionKind, SymbolIndex, SymbolKind, elf,
};

use super::{Call, Callee, Function, Id};
use crate::stack::riscv;

/// What fills in the target of a jump or a call.
const JUMPS: [RelocationType; 4] = [
    elf::R_RISCV_CALL,
    elf::R_RISCV_CALL_PLT,
    elf::R_RISCV_JAL,
    elf::R_RISCV_RVC_JUMP,
];

/// Where something lies in the file.
type Place = (SectionIndex, u64);

/// Functions that are for all files, by their symbols.
pub(super) type Exported = HashMap<String, Id>;

/// An object file of a library.
pub(super) struct Member<'d> {
    file: ElfFile32<'d, Endianness>,
    functions: Vec<Code>,
    /// Functions by where they begin: code that is the same may have several names.
    starts: HashMap<Place, Id>,
    /// What the linker fills into each section, by its place there.
    fills: HashMap<SectionIndex, BTreeMap<u64, Fill>>,
}

/// Where the code of a function lies.
struct Code {
    id: Id,
    section: SectionIndex,
    range: Range<u64>,
}

impl Code {
    /// Whether a place is in it, and not its beginning.
    fn is_within(&self, (section, address): Place) -> bool {
        section == self.section && address > self.range.start && address < self.range.end
    }
}

/// What the linker fills in.
struct Fill {
    kind: RelocationType,
    target: SymbolIndex,
    addend: i64,
}

impl<'d> Member<'d> {
    /// Adds the functions of a file to the list of all, by name.
    pub(super) fn new(
        file: ElfFile32<'d, Endianness>,
        all: &mut Vec<Function>,
        exported: &mut Exported,
    ) -> object::Result<Self> {
        let (mut functions, mut starts) = (Vec::new(), HashMap::new());
        for symbol in file.symbols() {
            let Some(section) = symbol.section_index() else {
                continue;
            };
            if symbol.kind() != SymbolKind::Text || symbol.size() == 0 {
                continue;
            }
            let (name, start) = (symbol.name()?, symbol.address());
            let id = *starts.entry((section, start)).or_insert(all.len());
            if id == all.len() {
                all.push(Function {
                    name: format!("{:#}", rustc_demangle::demangle(name)),
                    exported: symbol.is_global(),
                    ..Function::default()
                });
                functions.push(Code {
                    id,
                    section,
                    range: start..start + symbol.size(),
                });
            }
            if symbol.is_global() {
                exported.entry(name.to_owned()).or_insert(id);
            }
        }
        let fills = file
            .sections()
            .map(|section| (section.index(), filled(&section)));
        let fills = fills.collect();
        Ok(Self {
            file,
            functions,
            starts,
            fills,
        })
    }

    /// Looks at the code of all its functions.
    pub(super) fn look(&self, all: &mut [Function], exported: &Exported) -> Result<(), String> {
        for code in &self.functions {
            let function = &mut all[code.id];
            let read = self.read(code);
            let read = read.map_err(|why| format!("{}: {why}", function.name))?;
            function.frame = read.frame;
            function.returns = read.returns;
            let known = Known::of(self, code, exported);
            // A jump to a register after the frame's end leaves; before, it is one by the function's own table.
            for jump in &read.indirect {
                if jump.call || jump.after_frame || !known.has_table {
                    function.calls.insert(Call {
                        to: Callee::Pointer,
                        tail: !jump.call,
                    });
                }
            }
            for jump in &read.direct {
                if let Some(to) = self.target(code, jump.at, exported) {
                    let tail = !jump.call;
                    function.calls.insert(Call { to, tail });
                }
            }
            function.knows = known.functions.into_iter().collect();
        }
        Ok(())
    }

    fn read(&self, code: &Code) -> Result<riscv::Function, String> {
        let section = self.file.section_by_index(code.section);
        let len = code.range.end - code.range.start;
        let bytes = section.and_then(|section| section.data_range(code.range.start, len));
        let bytes = bytes.map_err(|error| error.to_string())?;
        riscv::function(bytes.ok_or("its code is not in the file")?)
    }

    /// Where a jump leads that the linker fills in; `None` within the function.
    fn target(&self, code: &Code, at: u32, exported: &Exported) -> Option<Callee> {
        let fill = self.fills[&code.section].get(&(code.range.start + u64::from(at)))?;
        if !JUMPS.contains(&fill.kind) {
            return None;
        }
        match self.place(fill) {
            Some(place) if code.is_within(place) => None,
            _ => Some(self.function(fill, exported)),
        }
    }

    /// Where the target of a fill lies, if it is in this file.
    fn place(&self, fill: &Fill) -> Option<Place> {
        let symbol = self.file.symbol_by_index(fill.target).ok()?;
        let address = symbol.address().checked_add_signed(fill.addend)?;
        Some((symbol.section_index()?, address))
    }

    /// The function that a fill means.
    fn function(&self, fill: &Fill, exported: &Exported) -> Callee {
        if let Some(id) = self.place(fill).and_then(|place| self.starts.get(&place)) {
            return Callee::Known(*id);
        }
        let symbol = self.file.symbol_by_index(fill.target);
        let name = symbol.and_then(|symbol| symbol.name()).unwrap_or_default();
        match exported.get(name) {
            Some(id) => Callee::Known(*id),
            None => Callee::Outside(name.to_owned()),
        }
    }

    fn is_code(&self, section: SectionIndex) -> bool {
        let section = self.file.section_by_index(section);
        section.is_ok_and(|section| section.kind() == SectionKind::Text)
    }
}

/// What a function knows the address of.
struct Known {
    functions: HashSet<Id>,
    /// Places in itself: a table of where to jump.
    has_table: bool,
}

impl Known {
    fn of(member: &Member<'_>, code: &Code, exported: &Exported) -> Self {
        let mut known = Self {
            functions: HashSet::new(),
            has_table: false,
        };
        let mut seen = HashSet::new();
        let mut todo = vec![(code.section, code.range.clone())];
        while let Some((section, range)) = todo.pop() {
            for (_, fill) in member.fills[&section].range(range) {
                if JUMPS.contains(&fill.kind) {
                    continue;
                }
                match (member.function(fill, exported), member.place(fill)) {
                    (Callee::Known(id), _) => _ = known.functions.insert(id),
                    (_, Some(place)) if member.is_code(place.0) => {
                        known.has_table |= code.is_within(place);
                    }
                    // A constant: what that points to is known, too.
                    (_, Some(place)) if seen.insert(place) => {
                        todo.push((place.0, member.constant(fill, place)));
                    }
                    _ => {}
                }
            }
        }
        known
    }
}

impl Member<'_> {
    /// The bytes of a constant; all that follow where its length is not said.
    fn constant(&self, fill: &Fill, (_, start): Place) -> Range<u64> {
        let symbol = self.file.symbol_by_index(fill.target);
        match symbol.map_or(0, |symbol| symbol.size()) {
            0 => start..u64::MAX,
            size => start..start + size,
        }
    }
}

/// What the linker fills into a section, by its place there.
fn filled(section: &ElfSection32<'_, '_, Endianness>) -> BTreeMap<u64, Fill> {
    let fills = section.relocations().filter_map(|(at, relocation)| {
        let RelocationTarget::Symbol(target) = relocation.target() else {
            return None;
        };
        let RelocationFlags::Elf { r_type: kind } = relocation.flags() else {
            return None;
        };
        // Leave to make code shorter: another one at the same place says what is there.
        if kind == elf::R_RISCV_RELAX {
            return None;
        }
        let addend = relocation.addend();
        Some((
            at,
            Fill {
                kind,
                target,
                addend,
            },
        ))
    });
    fills.collect()
}
