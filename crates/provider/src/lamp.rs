//! The lamp: its state as the API tells it, its colour, and how it fades.

use core::fmt::{self, Write as _};

use heapless::String;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Visitor};

/// A colour, or a light: all zeros are dark.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Colour {
    /// Red, 0 to 255.
    pub red: u8,
    /// Green.
    pub green: u8,
    /// Blue.
    pub blue: u8,
}

impl Colour {
    pub(crate) const AMBER: Self = Self::new(0xff, 0xaa, 0x00);

    pub(crate) const fn new(red: u8, green: u8, blue: u8) -> Self {
        Self { red, green, blue }
    }

    /// White of this brightness.
    pub(crate) const fn white(level: u8) -> Self {
        Self::new(level, level, level)
    }

    /// Whether a lamp that can only be on or off should be on: it shines with half its power or more.
    pub const fn is_bright(self) -> bool {
        self.red >= 128 || self.green >= 128 || self.blue >= 128
    }

    /// The colour that `#rrggbb` says.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let digits = text.strip_prefix('#')?;
        // A number may have a sign, a colour may not.
        let all_hex = digits.bytes().all(|byte| byte.is_ascii_hexdigit());
        if digits.len() != 6 || !all_hex {
            return None;
        }
        let [_, red, green, blue] = u32::from_str_radix(digits, 16).ok()?.to_be_bytes();
        Some(Self::new(red, green, blue))
    }

    /// A mixture: `part` of `whole` of the other one.
    fn mix(self, other: Self, part: u64, whole: u64) -> Self {
        let mix = |a: u8, b: u8| {
            let mixed = (u64::from(a) * (whole - part) + u64::from(b) * part) / whole;
            mixed as u8
        };
        Self {
            red: mix(self.red, other.red),
            green: mix(self.green, other.green),
            blue: mix(self.blue, other.blue),
        }
    }
}

impl fmt::Display for Colour {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "#{:02x}{:02x}{:02x}", self.red, self.green, self.blue)
    }
}

impl Serialize for Colour {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut text = String::<7>::new();
        let _fits = write!(text, "{self}");
        serializer.serialize_str(&text)
    }
}

/// The lamp as it was set.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub(crate) struct Lamp {
    pub(crate) on: bool,
    pub(crate) colour: Colour,
}

impl Lamp {
    pub(crate) const OFF: Self = Self {
        on: false,
        colour: Colour::AMBER,
    };

    /// How it shines.
    pub(crate) fn light(self) -> Colour {
        if self.on {
            self.colour
        } else {
            Colour::default()
        }
    }
}

impl fmt::Display for Lamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.on {
            true => write!(f, "lamp on, {}", self.colour),
            false => f.write_str("lamp off"),
        }
    }
}

/// What a client sends: any text may stand for the colour.
#[derive(Deserialize)]
pub(crate) struct Wanted {
    on: bool,
    colour: Word,
}

impl Wanted {
    /// The lamp that is wanted; `None` where its colour is none.
    pub(crate) fn lamp(&self) -> Option<Lamp> {
        let Word(colour) = self.colour;
        let on = self.on;
        colour.map(|colour| Lamp { on, colour })
    }
}

/// A text that may be a colour.
struct Word(Option<Colour>);

impl<'de> Deserialize<'de> for Word {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Text;

        impl Visitor<'_> for Text {
            type Value = Word;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a text")
            }

            fn visit_str<E>(self, text: &str) -> Result<Word, E> {
                Ok(Word(Colour::parse(text)))
            }
        }

        deserializer.deserialize_str(Text)
    }
}

/// From one light to another.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Fade {
    from: Colour,
    to: Colour,
    start_ms: u64,
    /// 0 for none: the light is what it is.
    took_ms: u64,
}

impl Fade {
    /// How long the lamp takes, milliseconds.
    const TIME_MS: u64 = 1000;

    /// Dark.
    pub(crate) const NONE: Self = Self {
        from: Colour::white(0),
        to: Colour::white(0),
        start_ms: 0,
        took_ms: 0,
    };

    /// From how it is now to another light.
    pub(crate) fn go_on(self, to: Colour, now_ms: u64) -> Self {
        Self {
            from: self.light(now_ms),
            to,
            start_ms: now_ms,
            took_ms: Self::TIME_MS,
        }
    }

    /// Whether it is not at its end yet.
    pub(crate) fn goes_on(self, now_ms: u64) -> bool {
        now_ms < self.start_ms + self.took_ms
    }

    /// The light of this moment.
    pub(crate) fn light(self, now_ms: u64) -> Colour {
        match self.goes_on(now_ms) {
            true => {
                let part = now_ms.saturating_sub(self.start_ms);
                self.from.mix(self.to, part, self.took_ms)
            }
            false => self.to,
        }
    }
}

#[cfg(test)]
mod tests {
    extern crate std;

    use super::*;

    #[test]
    fn a_colour_is_six_digits_and_nothing_else() {
        assert_eq!(Colour::parse("#ffaa00"), Some(Colour::AMBER));
        assert_eq!(Colour::parse("#FFAA00"), Some(Colour::AMBER));
        assert_eq!(std::format!("{}", Colour::AMBER), "#ffaa00");
        for text in [
            "", "#", "ffaa00", "#ffaa0", "#ffaa000", "#+faa00", "#ffaa0g", "##faa00", "#ffa",
            "#ffä00", " #ffaa00", "amber",
        ] {
            assert_eq!(Colour::parse(text), None, "{text}");
        }
    }

    #[test]
    fn a_fade_begins_where_the_last_one_was() {
        let white = Colour::white(200);
        let up = Fade::NONE.go_on(white, 5000);
        assert_eq!(up.light(5000), Colour::white(0));
        assert_eq!(up.light(5500), Colour::white(100));
        assert_eq!((up.light(6000), up.goes_on(6000)), (white, false));
        let down = up.go_on(Colour::white(0), 5500);
        assert_eq!(down.light(5500), Colour::white(100));
        assert_eq!(down.light(6250), Colour::white(25));
        assert!(down.goes_on(6499) && !down.goes_on(6500));
        assert!(!Fade::NONE.goes_on(0));
    }
}
