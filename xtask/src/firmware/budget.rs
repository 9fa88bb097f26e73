//! What the firmware may take: the bounds, in one place, and why each is what it is.

use super::size::{Component, Sizes, grouped};
use crate::cargo::root;

/// A bound and what it is compared with.
pub(crate) struct Bound {
    what: &'static str,
    measured: u64,
    limit: Limit,
    why: &'static str,
}

#[derive(Debug, Clone, Copy)]
enum Limit {
    AtMost(u64),
    AtLeast(u64),
}

/// espflash pads the two segments that the chip maps from flash to its pages of 64 KiB.
const PADDING: u64 = 2 * 64 * 1024;

/// The bounds for a firmware of these sizes; `connections` is how many it answers at once.
pub(crate) fn bounds(sizes: &Sizes, connections: u64) -> Result<Vec<Bound>, String> {
    let partition = partition_size("factory")?;
    Ok(vec![
        Bound {
            what: "image with padding",
            measured: sizes.image() + PADDING,
            limit: Limit::AtMost(partition),
            why: "the partition `factory` of partitions.csv",
        },
        Bound {
            what: "image",
            measured: sizes.image(),
            limit: Limit::AtMost(1024 * 1024),
            why: "a third of that: whoever adds to it should notice",
        },
        Bound {
            what: "update engine",
            measured: sizes.of(Component::Update),
            limit: Limit::AtMost(8 * 1024),
            why: "what an update needs beyond the connection that brings it",
        },
        Bound {
            what: "each HTTP connection",
            measured: sizes.of(Component::Connections) / connections.max(1),
            limit: Limit::AtMost(16 * 1024),
            why: "six of them, the Wi-Fi driver and its heap must fit the smallest chip, the C3",
        },
        Bound {
            what: "main stack",
            measured: sizes.stack,
            limit: Limit::AtLeast(96 * 1024),
            why: "the boot decision and then every task run on it; less means that something grew",
        },
    ])
}

impl Bound {
    pub(crate) fn holds(&self) -> bool {
        match self.limit {
            Limit::AtMost(bound) => self.measured <= bound,
            Limit::AtLeast(bound) => self.measured >= bound,
        }
    }
}

impl std::fmt::Display for Bound {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (word, bound) = match self.limit {
            Limit::AtMost(bound) => ("at most", bound),
            Limit::AtLeast(bound) => ("at least", bound),
        };
        let broken = if self.holds() { "" } else { "BROKEN " };
        let Bound { what, why, .. } = self;
        let (measured, bound) = (grouped(self.measured), grouped(bound));
        write!(
            f,
            "{broken}{what}: {measured} bytes, {word} {bound} ({why})"
        )
    }
}

/// The size of a partition of `partitions.csv`.
fn partition_size(label: &str) -> Result<u64, String> {
    let path = root().join("partitions.csv");
    let table =
        std::fs::read_to_string(&path).map_err(|error| format!("{}: {error}", path.display()))?;
    size_in_table(&table, label).ok_or_else(|| format!("partitions.csv gives no size of `{label}`"))
}

fn size_in_table(table: &str, label: &str) -> Option<u64> {
    let mut rows = table.lines().map(|line| line.split(',').map(str::trim));
    let mut row = rows.find(|row| row.clone().next() == Some(label))?;
    let hex = row.nth(4)?.strip_prefix("0x")?;
    u64::from_str_radix(hex, 16).ok()
}

/// How many connections the firmware answers at once, as its source says.
pub(crate) fn connections() -> Result<u64, String> {
    let path = "firmware/esp/src/connection.rs";
    let source =
        std::fs::read_to_string(root().join(path)).map_err(|error| format!("{path}: {error}"))?;
    let start = "pub const CONNECTIONS: usize = ";
    let number = source
        .lines()
        .find_map(|line| line.strip_prefix(start)?.strip_suffix(';'));
    let number = number.and_then(|number| number.parse().ok());
    number.ok_or_else(|| format!("{path} has no line `{start}…;`"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_size_of_a_partition_is_read_from_the_table() {
        let table = "# Name, Type\nfactory_2, app, test, 0x1, 0x2\nfactory, app, factory, 0x10000, 0x300000\n";
        assert_eq!(size_in_table(table, "factory"), Some(3 * 1024 * 1024));
        assert_eq!(size_in_table(table, "ota_0"), None);
        assert_eq!(partition_size("factory"), Ok(0x30_0000));
    }

    #[test]
    fn the_number_of_connections_is_found_in_the_source() {
        assert!(connections().unwrap() > 0);
    }

    #[test]
    fn a_bound_is_broken_by_one_byte() {
        let bound = |measured, limit| Bound {
            what: "x",
            measured,
            limit,
            why: "y",
        };
        assert!(bound(8192, Limit::AtMost(8192)).holds());
        let over = bound(8193, Limit::AtMost(8192));
        assert!(!over.holds());
        assert_eq!(over.to_string(), "BROKEN x: 8,193 bytes, at most 8,192 (y)");
        assert!(bound(10, Limit::AtLeast(10)).holds());
        assert!(!bound(9, Limit::AtLeast(10)).holds());
    }

    #[test]
    fn a_firmware_that_is_too_large_breaks_its_bounds() {
        let sizes = Sizes {
            code: 0x30_0000,
            statics: [
                (Component::Update, 8193),
                (Component::Connections, 7 * 16 * 1024),
            ]
            .into(),
            ..Sizes::default()
        };
        let bounds = bounds(&sizes, 6).unwrap();
        assert!(bounds.iter().all(|bound| !bound.holds()));
        let small = Sizes {
            stack: 100_000,
            ..Sizes::default()
        };
        assert!(super::bounds(&small, 6).unwrap().iter().all(Bound::holds));
    }
}
