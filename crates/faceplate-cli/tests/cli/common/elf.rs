//! A tiny firmware: an ELF file as the linker makes it for a chip, with a few bytes of code.

/// What the ELF file is like.
pub(crate) struct Program {
    /// EM_RISCV or EM_XTENSA.
    pub(crate) machine: u16,
    /// The chip that it says it was built for.
    pub(crate) chip: Option<&'static str>,
    /// Where the chip sees the part of the flash with constants, and the part with code.
    pub(crate) constants: u32,
    pub(crate) code: u32,
    /// Where its RAM is.
    pub(crate) ram: u32,
    /// Whether it describes itself to the bootloader.
    pub(crate) described: bool,
    /// Bytes of code.
    pub(crate) len: usize,
}

const RISCV: u16 = 243;
const XTENSA: u16 = 94;

/// The memory maps are those of the chips' technical reference manuals.
pub(crate) const C3: Program = Program {
    machine: RISCV,
    chip: Some("esp32c3"),
    constants: 0x3c00_0020,
    code: 0x4201_0020,
    ram: 0x3fc8_0000,
    described: true,
    len: 5000,
};
pub(crate) const C6: Program = Program {
    chip: Some("esp32c6"),
    constants: 0x4200_0020,
    ram: 0x4080_0000,
    ..C3
};
pub(crate) const S3: Program = Program {
    machine: XTENSA,
    chip: Some("esp32s3"),
    ..C3
};

struct Section {
    name: &'static str,
    kind: u32,
    flags: u32,
    address: u32,
    bytes: Vec<u8>,
    link: u32,
    info: u32,
    entry: u32,
}

impl Section {
    fn new(name: &'static str, flags: u32, address: u32, bytes: Vec<u8>) -> Self {
        Self {
            name,
            kind: 1, // SHT_PROGBITS
            flags,
            address,
            bytes,
            link: 0,
            info: 0,
            entry: 0,
        }
    }
}

/// The ELF file.
pub(crate) fn elf(program: &Program) -> Vec<u8> {
    const ALLOC: u32 = 2;
    const EXEC: u32 = 4;
    let code = (0..program.len).map(|at| (at * 7 % 251) as u8).collect();
    let mut constants = descriptor();
    constants.extend(b"constants");
    let label = if program.described {
        ".flash.appdesc"
    } else {
        constants[0] = 0;
        ".rodata"
    };
    let mut sections = vec![
        Section {
            kind: 0,
            ..Section::new("", 0, 0, Vec::new())
        },
        Section::new(label, ALLOC, program.constants, constants),
        Section::new(".text", ALLOC | EXEC, program.code, code),
        Section::new(".data", ALLOC | 1, program.ram, b"variables".to_vec()),
    ];
    if let Some(chip) = program.chip {
        // What esp-hal tells flashing tools: a symbol in a section of its own.
        let metadata = sections.len() as u16;
        let bytes = chip.as_bytes().to_vec();
        sections.push(Section::new(".espressif.metadata", 1, 0, bytes));
        let mut symbols = vec![0; 16];
        symbols.extend(1u32.to_le_bytes()); // its name in .strtab
        symbols.extend(0u32.to_le_bytes());
        symbols.extend((chip.len() as u32).to_le_bytes());
        symbols.extend([0x11, 0]); // a global object
        symbols.extend(metadata.to_le_bytes());
        sections.push(Section {
            kind: 2, // SHT_SYMTAB
            link: u32::from(metadata) + 2,
            info: 1,
            entry: 16,
            ..Section::new(".symtab", 0, 0, symbols)
        });
        sections.push(Section {
            kind: 3, // SHT_STRTAB
            ..Section::new(".strtab", 0, 0, b"\0build_info.CHIP_NAME\0".to_vec())
        });
    }
    let mut names = Vec::new();
    for name in sections
        .iter()
        .map(|section| section.name)
        .chain([".shstrtab"])
    {
        names.extend(name.as_bytes());
        names.push(0);
    }
    sections.push(Section {
        kind: 3,
        ..Section::new(".shstrtab", 0, 0, names)
    });
    lay_out(program, &sections)
}

fn lay_out(program: &Program, sections: &[Section]) -> Vec<u8> {
    const HEADER: usize = 52;
    let mut content = Vec::new();
    let mut headers = Vec::new();
    let mut name = 0u32;
    for section in sections {
        let offset = match section.kind {
            0 => 0,
            _ => (HEADER + content.len()) as u32,
        };
        for word in [
            name,
            section.kind,
            section.flags,
            section.address,
            offset,
            section.bytes.len() as u32,
            section.link,
            section.info,
            4,
            section.entry,
        ] {
            headers.extend(word.to_le_bytes());
        }
        name += section.name.len() as u32 + 1;
        content.extend(&section.bytes);
        content.resize(content.len().next_multiple_of(4), 0);
    }
    let mut file = b"\x7fELF\x01\x01\x01".to_vec();
    file.resize(16, 0);
    file.extend(2u16.to_le_bytes()); // ET_EXEC
    file.extend(program.machine.to_le_bytes());
    for word in [
        1,
        program.code,
        0,
        (HEADER + content.len()) as u32,
        0, // flags
    ] {
        file.extend(word.to_le_bytes());
    }
    let count = sections.len() as u16;
    for half in [HEADER as u16, 32, 0, 40, count, count - 1] {
        file.extend(half.to_le_bytes());
    }
    file.extend(content);
    file.extend(headers);
    file
}

/// ESP-IDF's `esp_app_desc_t`.
fn descriptor() -> Vec<u8> {
    let mut bytes = 0xabcd_5432_u32.to_le_bytes().to_vec();
    bytes.resize(256, 0);
    bytes[16..21].copy_from_slice(b"1.2.3"); // version
    bytes[48..52].copy_from_slice(b"tiny"); // name of the project
    bytes[178..180].copy_from_slice(&u16::MAX.to_le_bytes()); // newest eFuse block revision
    bytes[180] = 16; // MMU pages of 64 KiB, as a power of 2
    bytes
}
