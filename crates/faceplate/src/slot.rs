//! The two places a frontend can be in.

/// One of the two frontend slots.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Slot {
    /// The first, partition `www_0` by default, which serial flashing fills.
    Www0,
    /// The second, partition `www_1` by default.
    Www1,
}

impl Slot {
    /// Both, in the order of their numbers.
    pub const ALL: [Self; 2] = [Self::Www0, Self::Www1];

    /// The slot with this number, as NVS stores it.
    pub const fn from_number(number: u8) -> Option<Self> {
        match number {
            0 => Some(Self::Www0),
            1 => Some(Self::Www1),
            _ => None,
        }
    }

    /// 0 or 1, as NVS and the HTTP API say it.
    pub const fn number(self) -> u8 {
        match self {
            Self::Www0 => 0,
            Self::Www1 => 1,
        }
    }

    /// The same as an index into a pair.
    pub const fn index(self) -> usize {
        self.number() as usize
    }

    /// The way back from, or to, this one.
    pub const fn other(self) -> Self {
        match self {
            Self::Www0 => Self::Www1,
            Self::Www1 => Self::Www0,
        }
    }
}
