//! The partition tables of the repository: which there are, and what is where in them.
//!
//! They are read here by hand: all of them are written with hexadecimal offsets and sizes, and the
//! tests of the simulator read them as ESP-IDF's tools do.

use std::path::PathBuf;

use crate::cargo::root;

/// One of them, for flashes of its size.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Layout {
    /// The file.
    pub(crate) csv: PathBuf,
    /// Its text.
    text: String,
    /// Size of the flash, as espflash takes it: `16mb`.
    pub(crate) flash_size: String,
}

/// A partition, in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Partition {
    pub(crate) offset: u32,
    pub(crate) size: u32,
}

impl Layout {
    /// The usual one, `partitions.csv`.
    pub(crate) fn usual() -> Result<Self, String> {
        Self::read(root().join("partitions.csv"), "16mb")
    }

    /// The one in `partitions/` of this name, which begins with the size of the flash.
    pub(crate) fn named(name: &str) -> Result<Self, String> {
        let names = names()?;
        if !names.iter().any(|known| known == name) {
            let names = names.join(", ");
            return Err(format!("no such layout: {name}; there are {names}"));
        }
        let size = name.split('-').next().unwrap_or(name);
        Self::read(folder().join(name).with_extension("csv"), size)
    }

    fn read(csv: PathBuf, flash_size: &str) -> Result<Self, String> {
        let text =
            std::fs::read_to_string(&csv).map_err(|error| format!("{}: {error}", csv.display()))?;
        Ok(Self {
            csv,
            text,
            flash_size: flash_size.to_owned(),
        })
    }

    /// The partition with this label.
    pub(crate) fn partition(&self, label: &str) -> Result<Partition, String> {
        partition(&self.text, label).map_err(|error| format!("{}: {error}", self.csv.display()))
    }

    /// The partition that firmware is written to: as espflash chooses it.
    pub(crate) fn app(&self) -> Result<Partition, String> {
        self.partition("factory")
            .or_else(|_| self.partition("ota_0"))
    }

    /// Whether firmware is updated over the air: then what is written by cable must be chosen again.
    pub(crate) fn has_otadata(&self) -> bool {
        self.partition("otadata").is_ok()
    }
}

fn folder() -> PathBuf {
    root().join("partitions")
}

/// Names for [`Layout::named`].
fn names() -> Result<Vec<String>, String> {
    let folder = folder();
    let wrong = |error| format!("{}: {error}", folder.display());
    let mut names = Vec::new();
    for entry in std::fs::read_dir(&folder).map_err(wrong)? {
        let path = entry.map_err(wrong)?.path();
        let name = path.file_stem().map(|name| name.to_string_lossy().into());
        names.extend(name.filter(|_| path.extension().is_some_and(|kind| kind == "csv")));
    }
    names.sort();
    Ok(names)
}

fn partition(csv: &str, label: &str) -> Result<Partition, String> {
    let number = |text: &str| u32::from_str_radix(text.trim().strip_prefix("0x")?, 16).ok();
    for line in csv.lines() {
        let fields: Vec<&str> = line.split(',').map(str::trim).collect();
        if let [name, _, _, offset, size, ..] = fields[..]
            && name == label
        {
            let found = number(offset).zip(number(size));
            return found
                .map(|(offset, size)| Partition { offset, size })
                .ok_or_else(|| format!("{line:?} has no hexadecimal numbers"));
        }
    }
    Err(format!("there is no {label}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn partitions_are_found_in_the_usual_table() {
        let layout = Layout::usual().unwrap();
        let www_0 = Partition {
            offset: 0x31_0000,
            size: 0x10_0000,
        };
        assert_eq!(layout.partition("www_0"), Ok(www_0));
        assert_eq!(layout.app().unwrap().size, 0x30_0000);
        assert!(layout.partition("www_2").is_err());
        assert!(partition("www_0, data, littlefs, , 1M", "www_0").is_err());
        // Its settings are erased by the name that the table has for them.
        assert!(layout.partition("nvs").is_ok());
    }

    #[test]
    fn every_table_has_the_settings_where_the_usual_one_has_them_and_nothing_else_there() {
        let nvs = Layout::usual().unwrap().partition("nvs").unwrap();
        for name in names().unwrap() {
            let layout = Layout::named(&name).unwrap();
            assert_eq!(layout.partition("nvs").unwrap(), nvs, "{name}");
            // What is written or erased besides: espflash erases by the new table.
            for label in ["otadata", "factory", "ota_0", "www_0"] {
                if let Ok(part) = layout.partition(label) {
                    let apart = nvs.offset + nvs.size <= part.offset;
                    assert!(apart, "{name}: {label} is over the settings");
                }
            }
        }
    }

    #[test]
    fn every_table_has_a_name_that_begins_with_the_size_of_its_flash() {
        for name in names().unwrap() {
            let layout = Layout::named(&name).unwrap();
            let mib: u32 = layout
                .flash_size
                .strip_suffix("mb")
                .unwrap()
                .parse()
                .unwrap();
            let www_1 = layout.partition("www_1").unwrap();
            assert!(www_1.offset + www_1.size <= mib << 20, "{name}");
            assert_eq!(layout.has_otadata(), layout.partition("factory").is_err());
            assert!(layout.app().is_ok(), "{name}");
        }
        let error = Layout::named("3mb").unwrap_err();
        assert!(error.contains("16mb, 16mb-4m, 4mb, 8mb"), "{error}");
    }
}
