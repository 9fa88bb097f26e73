//! Short texts for people, cut where they do not fit.

use core::fmt::{self, Write as _};

use heapless::String;

/// Longest text, bytes: a line on a page, and small enough to hand errors around by value.
const TEXT_MAX: usize = 100;

/// A line for people.
pub type Text = String<TEXT_MAX, u8>;

/// Formats `what` into a [`Text`]; what does not fit is cut off.
///
/// Not inlined: errors are told in many places, and nearly never.
#[inline(never)]
pub fn text(what: impl fmt::Display) -> Text {
    struct Cut<'t>(&'t mut Text);
    impl fmt::Write for Cut<'_> {
        fn write_str(&mut self, s: &str) -> fmt::Result {
            for c in s.chars() {
                self.0.push(c).map_err(|_| fmt::Error)?;
            }
            Ok(())
        }
    }
    let mut text = Text::new();
    // The only error is the one above: full.
    let _full = write!(Cut(&mut text), "{what}");
    text
}
