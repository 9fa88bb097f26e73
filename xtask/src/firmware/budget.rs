//! What the firmware may take: the bounds, in one place, and why each is what it is.

use super::size::{Component, Sizes, grouped};
use crate::cargo::root;
use crate::partitions::Layout;

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

/// What an update needs beyond the connection that brings it, with slots of up to 1 MiB, bytes.
const UPDATE: u64 = 8 * 1024;

/// What an HTTP connection may take, bytes.
const CONNECTION: u64 = 8 * 1024;

/// What the one for uploads takes beyond that: two TCP segments that a client may send ahead, bytes.
const AHEAD: u64 = 2 * 1460;

/// The bounds for a firmware of these sizes; `connections` is how many it answers at once, of which one is
/// for uploads.
pub(crate) fn bounds(
    sizes: &Sizes,
    connections: u64,
    layout: &Layout,
) -> Result<Vec<Bound>, String> {
    let partition = u64::from(layout.app()?.size);
    let slot = u64::from(layout.partition("www_0")?.size);
    // Two bytes for each sector beyond that.
    let more = slot.saturating_sub(1 << 20) / 4096 * 2;
    Ok(vec![
        Bound {
            what: "image with padding",
            measured: sizes.image() + PADDING,
            limit: Limit::AtMost(partition),
            why: "the partition of the app",
        },
        Bound {
            what: "image",
            measured: sizes.image(),
            limit: Limit::AtMost(1088 * 1024),
            why: "the smallest layout has 1.3 MiB: whoever adds to it should notice",
        },
        Bound {
            what: "update engine",
            measured: sizes.of(Component::Update),
            limit: Limit::AtMost(UPDATE + more),
            why: "what an update needs beyond the connection that brings it",
        },
        Bound {
            what: "each HTTP connection",
            measured: sizes.of(Component::Connections) / (connections - 1).max(1),
            limit: Limit::AtMost(CONNECTION),
            why: "seven of them, the Wi-Fi driver and its heap must fit the smallest chip, the C3",
        },
        Bound {
            what: "the HTTP connection for uploads",
            measured: sizes.of(Component::Uploads),
            limit: Limit::AtMost(CONNECTION + AHEAD),
            why: "as each other, and what an upload is quicker by",
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

/// How many connections the firmware answers at once, as its sources say: the usual ones, and those
/// that are live.
pub(crate) fn connections() -> Result<u64, String> {
    let usual = number("firmware/esp/src/connection.rs", "pub const CONNECTIONS")?;
    let live = number("firmware/device/src/main.rs", "const LIVE")?;
    Ok(usual + live)
}

/// The value of a constant in a source.
fn number(path: &str, constant: &str) -> Result<u64, String> {
    let source =
        std::fs::read_to_string(root().join(path)).map_err(|error| format!("{path}: {error}"))?;
    let start = format!("{constant}: usize = ");
    let number = source
        .lines()
        .find_map(|line| line.strip_prefix(&start)?.strip_suffix(';'));
    let number = number.and_then(|number| number.parse().ok());
    number.ok_or_else(|| format!("{path} has no line `{start}…;`"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_numbers_of_connections_are_found_in_the_sources() {
        let usual = number("firmware/esp/src/connection.rs", "pub const CONNECTIONS").unwrap();
        assert!(usual > 0 && connections().unwrap() > usual);
        let error = number("firmware/device/src/main.rs", "const NONE").unwrap_err();
        assert!(
            error.contains("main.rs has no line `const NONE: usize"),
            "{error}"
        );
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
                (Component::Connections, 6 * 8 * 1024),
                (Component::Uploads, 12 * 1024),
            ]
            .into(),
            ..Sizes::default()
        };
        let usual = Layout::usual().unwrap();
        let bounds = bounds(&sizes, 6, &usual).unwrap();
        assert!(bounds.iter().all(|bound| !bound.holds()));
        // The table of larger slots is larger, by half a KiB a MiB.
        let large = super::bounds(&sizes, 6, &Layout::named("16mb-4m").unwrap()).unwrap();
        let engine = large.iter().find(|bound| bound.what == "update engine");
        assert!(
            engine
                .unwrap()
                .to_string()
                .contains("8,193 bytes, at most 9,728")
        );
        let small = Sizes {
            stack: 100_000,
            ..Sizes::default()
        };
        assert!(
            super::bounds(&small, 6, &usual)
                .unwrap()
                .iter()
                .all(Bound::holds)
        );
    }
}
