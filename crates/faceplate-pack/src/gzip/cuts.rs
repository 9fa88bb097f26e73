//! Where compressed text comes back into step: places that depend on the text around them alone, so that
//! behind a change the same text gives the same compressed bytes again.
//!
//! Measured on a Vite build of 1,259,692 bytes (Svelte, CodeMirror, Chart.js, three.js; 373,658 with plain gzip): size
//! over plain gzip, and bytes of an exact patch (literals, and 8 for each copy) after a statement of 37 bytes was put
//! in at 1, 10, 25, 50, 75 and 99 % of it, and after the same in a method of a library, in the source:
//!
//! | a place in | size | patch | |
//! |---|---|---|---|
//! | no places | | 331, 335, 253, 173, 60, 3.3 kB | 91 kB |
//! | 2 KiB | +2.9 % | 11.4, 5.5, 9.6, 5.8, 3.0, 3.0 kB | 9.6 kB |
//! | 4 KiB | +1.1 % | 12.6, 8.2, 9.6, 7.1, 4.6, 4.5 kB | 12.2 kB |
//! | 8 KiB | +0.3 % | 11.4, 8.8, 16.7, 19.0, 5.9, 4.7 kB | 12.2 kB |
//! | 4 KiB, never anew | +1.1 % | 55.7, 49.9, 46.4, 30.2, 9.0, 4.5 kB | 20.1 kB |

use faceplate::gear::Gear;

/// One of 2^12 = 4096 bytes has a place behind it.
const PLACE_BITS: u32 = 12;
/// Every fourth of these begins anew: the upper bits are the same ones, and two more. That takes a third more time.
const ANEW_BITS: u32 = PLACE_BITS + 2;
/// Fewest bytes from one cut to the next, and from the last to the end: each cut costs some 90 bytes.
const MIN: usize = 2 << 10;
/// Most bytes from one cut to the next.
const MAX: usize = 32 << 10;
/// A shorter text is not cut: it compresses to one or two blocks of flash.
const TEXT_MIN: usize = 16 << 10;

/// A place to cut at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Cut {
    /// Bytes of the text in front of it.
    pub(super) at: usize,
    /// Whether what comes behind it is compressed as if nothing but a window of text stood in front.
    pub(super) anew: bool,
}

/// The cuts of a text, in order.
pub(super) fn cuts(text: &[u8]) -> Vec<Cut> {
    let mut cuts = Vec::new();
    if text.len() < TEXT_MIN {
        return cuts;
    }
    let (mut gear, mut start) = (Gear::new(), 0);
    for (index, &byte) in text[..text.len() - MIN].iter().enumerate() {
        let anew = gear.clone().is_place(byte, ANEW_BITS);
        let is_place = gear.is_place(byte, PLACE_BITS);
        let at = index + 1;
        if is_place && at - start >= MIN || at - start == MAX {
            cuts.push(Cut { at, anew });
            start = at;
        }
    }
    cuts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cuts_are_neither_too_near_nor_too_far_and_short_texts_have_none() {
        let text = crate::gzip::compress::tests::script(400 << 10);
        let found = cuts(&text);
        let mut start = 0;
        for &Cut { at, .. } in &found {
            assert!((MIN..=MAX).contains(&(at - start)), "{start}..{at}");
            start = at;
        }
        assert!((MIN..MIN + MAX).contains(&(text.len() - start)));
        assert!(found.len() > 40 && found.iter().filter(|cut| cut.anew).count() > 3);
        assert_eq!(cuts(&text[..TEXT_MIN - 1]), []);
    }

    #[test]
    fn text_without_any_place_is_cut_at_the_maximum() {
        let text = [b' '; 3 * MAX];
        let ends: Vec<_> = cuts(&text).iter().map(|cut| cut.at).collect();
        assert_eq!(ends, [MAX, 2 * MAX]);
    }
}
