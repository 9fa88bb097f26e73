//! Where a firmware's flash and RAM go: each byte of each section in exactly one row.

use std::collections::BTreeMap;
use std::fmt;

use super::elf::{Name, Part, Section};

/// What the static memory of the firmware is for, in the order of the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Component {
    Connections,
    Uploads,
    Update,
    Network,
    Wifi,
    Heap,
    Tasks,
    System,
    Unnamed,
}

impl fmt::Display for Component {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Component::Connections => "HTTP connections: tasks and buffers",
            Component::Uploads => "the same with room for uploads",
            Component::Update => "update engine, shared by all connections",
            Component::Network => "network stack, DHCP, mDNS",
            Component::Wifi => "Wi-Fi driver",
            Component::Heap => "heap",
            Component::Tasks => "other tasks and data of the firmware",
            Component::System => "scheduler, drivers, runtime",
            Component::Unnamed => "merged by the compiler, alignment",
        })
    }
}

/// The sizes of a firmware, bytes.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Sizes {
    /// Flash: code that runs in place, and constants.
    pub(crate) code: u64,
    pub(crate) constants: u64,
    /// RAM: code that must not wait for flash; that of the Wi-Fi driver.
    pub(crate) ram_code: u64,
    pub(crate) ram_wifi_code: u64,
    /// RAM: what has a content when the program starts, which flash holds, too.
    pub(crate) initialized: u64,
    /// RAM: variables, the heap among them.
    pub(crate) statics: BTreeMap<Component, u64>,
    /// RAM: what is left for the main stack, on which the tasks and the boot decision run.
    pub(crate) stack: u64,
    /// Sections that are none of these, as RAM of the real-time clock.
    pub(crate) other: BTreeMap<String, u64>,
    /// The symbols that take most of `statics`, the largest first.
    pub(crate) largest: Vec<(u64, String)>,
}

/// How many symbols are named one by one.
const LARGEST: usize = 10;

impl Sizes {
    /// The content of the app's image; espflash pads it to where the flash is mapped.
    pub(crate) fn image(&self) -> u64 {
        self.code + self.constants + self.ram_code + self.ram_wifi_code + self.initialized
    }

    /// RAM that is taken before the program starts.
    pub(crate) fn taken(&self) -> u64 {
        self.ram_code + self.ram_wifi_code + self.statics.values().sum::<u64>()
    }

    pub(crate) fn of(&self, component: Component) -> u64 {
        self.statics.get(&component).copied().unwrap_or_default()
    }

    /// Adds up what the linker laid out; fails when a byte is in none of the rows.
    pub(crate) fn new(sections: &[Section]) -> Result<Sizes, String> {
        let mut sizes = Sizes::default();
        for section in sections {
            let name = section.name.as_str();
            let size = section.size;
            match Place::of(name) {
                Place::Nowhere => {}
                Place::Code => sizes.code += size,
                Place::Constants => sizes.constants += size,
                Place::RamCode if name.ends_with(".wifi") => sizes.ram_wifi_code += size,
                Place::RamCode => sizes.ram_code += size,
                Place::Stack => sizes.stack += size,
                Place::Statics => {
                    if section.stored {
                        sizes.initialized += size;
                    }
                    for part in &section.parts {
                        let component = component(name, part);
                        *sizes.statics.entry(component).or_default() += part.size;
                    }
                    let named = section.parts.iter().filter_map(|part| {
                        let (Name::Rust(name) | Name::Plain(name)) = part.name.as_ref()?;
                        Some((part.size, name.clone()))
                    });
                    sizes.largest.extend(named);
                }
                Place::Other => *sizes.other.entry(name.into()).or_default() += size,
            }
        }
        sizes.largest.sort_by(|a, b| b.cmp(a));
        sizes.largest.truncate(LARGEST);
        let flash = sizes.code + sizes.constants;
        let rows = flash + sizes.taken() + sizes.stack + sizes.other.values().sum::<u64>();
        let laid_out = sections
            .iter()
            .filter(|s| Place::of(&s.name) != Place::Nowhere);
        let laid_out: u64 = laid_out.map(|section| section.size).sum();
        if rows == laid_out {
            Ok(sizes)
        } else {
            Err(format!(
                "the rows have {rows} bytes and the sections {laid_out}"
            ))
        }
    }
}

/// Where a section of esp-hal's linker scripts ends up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    Code,
    Constants,
    RamCode,
    Statics,
    Stack,
    /// Addresses without memory of their own: another section's on the chip's other bus, or
    /// between two that flash is mapped to.
    Nowhere,
    Other,
}

impl Place {
    fn of(section: &str) -> Place {
        let kind = section.trim_start_matches('.').split('.').next();
        match kind.unwrap_or_default() {
            "text" => Place::Code,
            "flash" | "rodata" | "rodata_merge" => Place::Constants,
            "trap" | "vectors" | "rwtext" => Place::RamCode,
            "data" | "bss" | "noinit" | "dram2_uninit" => Place::Statics,
            "stack" => Place::Stack,
            "rotext_dummy" | "rwdata_dummy" | "text_gap" => Place::Nowhere,
            _ => Place::Other,
        }
    }
}

/// What a variable is for, by the path of its name.
fn component(section: &str, part: &Part) -> Component {
    if section.ends_with(".wifi") {
        return Component::Wifi;
    }
    let path = match &part.name {
        None => return Component::Unnamed,
        // Merged statics and constants, named by the compiler.
        Some(Name::Plain(name)) if name.starts_with(".L") => return Component::Unnamed,
        // Exported by Rust crates for others.
        Some(Name::Plain(name)) if RUST_EXPORTS.iter().any(|export| name.starts_with(export)) => {
            return Component::System;
        }
        // All C in the firmware is Espressif's Wi-Fi libraries.
        Some(Name::Plain(_)) => return Component::Wifi,
        Some(Name::Rust(path)) => path.trim_start_matches(['<', '&', '_']),
    };
    if path.ends_with("::HEAP") {
        return Component::Heap;
    }
    if path.ends_with("::serve::POOL") {
        return Component::Connections;
    }
    if path.ends_with("::serve_uploads::POOL") {
        return Component::Uploads;
    }
    // The first that fits.
    let of_crate = [
        ("faceplate_firmware::MEMORY", Component::Update),
        ("faceplate_firmware::network", Component::Network),
        ("faceplate_firmware::wired", Component::Network),
        ("faceplate_firmware::wifi", Component::Wifi),
        ("faceplate_firmware", Component::Tasks),
        ("faceplate_network", Component::Network),
        ("faceplate", Component::Update),
        ("littlefs_image", Component::Update),
        ("esp_nvs", Component::Update),
        ("embassy_net", Component::Network),
        ("smoltcp", Component::Network),
        ("esp_radio", Component::Wifi),
        ("esp_phy", Component::Wifi),
        ("esp_wifi_sys", Component::Wifi),
    ];
    let fits = |(prefix, _): &&(&str, Component)| path.starts_with(prefix);
    of_crate
        .iter()
        .find(fits)
        .map_or(Component::System, |(_, component)| *component)
}

/// How the plain names begin that Rust crates export, found in `nm` of the firmware.
const RUST_EXPORTS: &[&str] = &["__rustc", "_log", "ESP_HAL", "__ESP", "EspDefaultHandler"];

/// The table.
impl fmt::Display for Sizes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let row = |f: &mut fmt::Formatter<'_>, what: &dyn fmt::Display, size| {
            writeln!(f, "  {what:<44} {:>10}", grouped(size))
        };
        writeln!(f, "flash, bytes")?;
        row(f, &"code", self.code)?;
        row(f, &"constants", self.constants)?;
        row(f, &"code and data that start copies to RAM", {
            self.image() - self.code - self.constants
        })?;
        row(f, &"the app's image, without padding", self.image())?;
        writeln!(f, "RAM, bytes")?;
        row(f, &"code that must not wait for flash", self.ram_code)?;
        if self.ram_wifi_code > 0 {
            row(f, &"the same of the Wi-Fi driver", self.ram_wifi_code)?;
        }
        for (component, size) in &self.statics {
            row(f, component, *size)?;
        }
        row(f, &"taken before the program starts", self.taken())?;
        row(f, &"left for the main stack", self.stack)?;
        for (section, size) in &self.other {
            row(f, &format!("{section}, not counted above"), *size)?;
        }
        writeln!(f, "largest variables, bytes")?;
        for (size, name) in &self.largest {
            row(f, &short(name), *size)?;
        }
        Ok(())
    }
}

/// The end of a path, as wide as the table.
fn short(path: &str) -> String {
    const WIDTH: usize = 44;
    let chars: Vec<char> = path.replace("::{{closure}}", "").chars().collect();
    let skipped = chars.len().saturating_sub(WIDTH - 1);
    match skipped {
        0 | 1 => chars.into_iter().collect(),
        _ => format!("…{}", chars[skipped..].iter().collect::<String>()),
    }
}

/// A number with its thousands apart.
pub(crate) fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut grouped = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

#[cfg(test)]
mod tests {
    use super::*;

    fn section(name: &str, stored: bool, parts: Vec<Part>) -> Section {
        Section {
            name: name.into(),
            address: 0,
            size: parts.iter().map(|part| part.size).sum(),
            stored,
            parts,
        }
    }

    fn gap(size: u64) -> Vec<Part> {
        vec![Part { name: None, size }]
    }

    fn rust(path: &str, size: u64) -> Part {
        Part {
            name: Some(Name::Rust(path.into())),
            size,
        }
    }

    fn plain(name: &str, size: u64) -> Part {
        Part {
            name: Some(Name::Plain(name.into())),
            size,
        }
    }

    /// The sections of a firmware with Wi-Fi, smaller, and names that were found there.
    fn recorded() -> Vec<Section> {
        vec![
            section(".trap", true, gap(1)),
            section(".rwtext", true, gap(2)),
            section(".rwtext.wifi", true, gap(4)),
            section(".rwdata_dummy", false, gap(7)),
            section(
                ".data",
                true,
                vec![plain(".L_MergedGlobals", 8), rust("log::LOGGER", 16)],
            ),
            section(".data.wifi", true, gap(32)),
            section(
                ".bss",
                false,
                vec![
                    rust("faceplate_firmware::serve::POOL", 64),
                    rust("faceplate_firmware::serve_uploads::POOL", 65),
                    rust("faceplate_esp::face::boot::FACE", 28),
                    rust("faceplate_firmware::MEMORY", 100),
                    rust("faceplate_firmware::network::start::RESOURCES", 256),
                    plain("gWpaSm", 512),
                    rust("faceplate_firmware::__main::{{closure}}::HEAP", 1024),
                    rust("faceplate_firmware::care::POOL", 2048),
                    rust("<esp_rtos::Scheduler as core::Any>::SCHEDULER", 4096),
                    rust("esp_radio::wifi::STATE", 8192),
                    Part {
                        name: None,
                        size: 3,
                    },
                ],
            ),
            section(".flash.appdesc", true, gap(5)),
            section(".rodata", true, gap(6)),
            section(".rodata.wifi", true, gap(9)),
            section(".rotext_dummy", false, gap(1000)),
            section(".text", true, gap(10)),
            section(".rtc_fast.persistent", false, gap(11)),
            section(".stack", false, gap(12)),
            section(
                ".dram2_uninit",
                false,
                vec![rust("faceplate_firmware::HEAP", 13)],
            ),
        ]
    }

    #[test]
    fn every_section_is_in_its_row() {
        let sizes = Sizes::new(&recorded()).unwrap();
        assert_eq!((sizes.code, sizes.constants), (10, 5 + 6 + 9));
        assert_eq!((sizes.ram_code, sizes.ram_wifi_code), (1 + 2, 4));
        assert_eq!(sizes.initialized, 8 + 16 + 32);
        assert_eq!(sizes.image(), 10 + 20 + 7 + 56);
        assert_eq!(sizes.stack, 12);
        assert_eq!(
            sizes.other,
            BTreeMap::from([(".rtc_fast.persistent".into(), 11)])
        );
    }

    #[test]
    fn variables_are_counted_for_what_they_are_for() {
        let sizes = Sizes::new(&recorded()).unwrap();
        let expected = [
            (Component::Connections, 64),
            (Component::Uploads, 65),
            (Component::Update, 128),
            (Component::Network, 256),
            (Component::Wifi, 32 + 512 + 8192),
            (Component::Heap, 1024 + 13),
            (Component::Tasks, 2048),
            (Component::System, 16 + 4096),
            (Component::Unnamed, 8 + 3),
        ];
        assert_eq!(sizes.statics, BTreeMap::from(expected));
    }

    #[test]
    fn no_byte_is_lost() {
        let sections = recorded();
        let sizes = Sizes::new(&sections).unwrap();
        let twins = 7 + 1000;
        let all: u64 = sections.iter().map(|section| section.size).sum();
        assert_eq!(10 + 20 + sizes.taken() + 12 + 11, all - twins);
        // A part that is missing is noticed.
        let mut broken = recorded();
        broken[6].parts.pop();
        let error = Sizes::new(&broken).unwrap_err();
        assert!(error.contains("the sections"), "{error}");
    }

    #[test]
    fn the_largest_variables_are_named() {
        let sizes = Sizes::new(&recorded()).unwrap();
        assert_eq!(sizes.largest[0], (8192, "esp_radio::wifi::STATE".into()));
        assert_eq!(sizes.largest.len(), LARGEST);
        let table = sizes.to_string();
        assert!(
            table.contains("esp_radio::wifi::STATE                            8,192"),
            "{table}"
        );
    }

    #[test]
    fn numbers_are_grouped_by_thousands() {
        for (number, text) in [
            (0, "0"),
            (999, "999"),
            (1000, "1,000"),
            (1_234_567, "1,234,567"),
        ] {
            assert_eq!(grouped(number), text);
        }
    }

    #[test]
    fn a_long_path_keeps_its_end() {
        assert_eq!(short("a::{{closure}}::B"), "a::B");
        let path = short(&format!("{}::END", "module::".repeat(20)));
        assert!(path.starts_with('…') && path.ends_with("::END"), "{path}");
        assert_eq!(path.chars().count(), 44);
    }
}
