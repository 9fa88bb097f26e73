//! Which flash a device has, and how it is divided, as the command line says it.

use std::{fs, path::PathBuf};

use faceplate::layout::Places;
use faceplate_sim::{
    PARTITIONS,
    flash::{
        W25Q128_SIZE,
        layout::{self, LayoutError, PartitionTable},
    },
};

use crate::{arguments, failure::Failure};

/// Options of the flash.
#[derive(clap::Args)]
pub(crate) struct Board {
    /// The partition table, as the text that ESP-IDF and espflash take [default: two slots of 1 MiB].
    #[arg(long, value_name = "CSV")]
    partitions: Option<PathBuf>,
    /// Size of the flash: 1, 2, 4, 8, 16 or 32 MB [default: 16MB].
    #[arg(long, value_name = "SIZE", value_parser = arguments::flash_size)]
    pub(crate) flash_size: Option<usize>,
    /// Where the partition table is, as the bootloader was built (CONFIG_PARTITION_TABLE_OFFSET).
    #[arg(long, value_name = "ADDRESS", default_value = "0x8000", value_parser = arguments::address)]
    pub(crate) table_offset: u32,
    /// Labels of the two slots.
    #[arg(long, value_name = "A,B", default_value = "www_0,www_1", value_parser = arguments::slots)]
    slot_labels: [&'static str; 2],
    /// Label of the settings.
    #[arg(long, value_name = "LABEL", default_value = "nvs", value_parser = arguments::label)]
    nvs_label: &'static str,
}

impl Board {
    /// Where the firmware finds what.
    pub(crate) const fn places(&self) -> Places {
        Places {
            table_offset: self.table_offset,
            nvs: self.nvs_label,
            slots: self.slot_labels,
        }
    }

    /// The text of the partition table, where one was named.
    pub(crate) fn csv(&self) -> Result<Option<String>, Failure> {
        let read = |path: &PathBuf| {
            fs::read_to_string(path).map_err(|error| Failure::at(path.display(), error))
        };
        self.partitions.as_ref().map(read).transpose()
    }

    /// Bytes of the flash.
    pub(crate) fn size(&self) -> usize {
        self.flash_size.unwrap_or(W25Q128_SIZE)
    }

    /// The partition table.
    pub(crate) fn table(&self) -> Result<PartitionTable, Failure> {
        let csv = self.csv()?;
        let csv = csv.as_deref().unwrap_or(PARTITIONS);
        layout::parse(csv, self.size(), self.table_offset).map_err(|error| self.wrong_table(error))
    }

    /// That the partition table is none, or none for this flash.
    pub(crate) fn wrong_table(&self, error: LayoutError) -> Failure {
        match &self.partitions {
            Some(path) => Failure::at(path.display(), error),
            None => Failure::new(format_args!(
                "{error}; name a partition table for this flash with --partitions"
            )),
        }
    }
}
