//! DNS messages as far as a responder reads and writes them (RFC 1035), without heap.

/// Bytes of the header.
pub(super) const HEADER: usize = 12;
/// A name has 255 bytes at most, and so at most that many labels, the root among them.
const LABELS_MAX: usize = 128;

/// The numbers of the types that matter here.
pub(super) mod rtype {
    pub(in crate::mdns) const A: u16 = 1;
    pub(in crate::mdns) const PTR: u16 = 12;
    pub(in crate::mdns) const TXT: u16 = 16;
    pub(in crate::mdns) const SRV: u16 = 33;
    pub(in crate::mdns) const NSEC: u16 = 47;
    pub(in crate::mdns) const ANY: u16 = 255;
}

/// A message that somebody sent. Nothing about it is taken for granted.
#[derive(Clone, Copy)]
pub(super) struct Message<'a> {
    bytes: &'a [u8],
}

/// A name within a message: where it starts.
#[derive(Clone, Copy)]
pub(super) struct Name<'a> {
    bytes: &'a [u8],
    at: usize,
}

/// A question.
pub(super) struct Question<'a> {
    pub(super) name: Name<'a>,
    pub(super) rtype: u16,
    pub(super) class: u16,
}

/// A record.
pub(super) struct Record<'a> {
    pub(super) name: Name<'a>,
    pub(super) rtype: u16,
    pub(super) class: u16,
    pub(super) ttl: u32,
    /// Where its data is in the message, and how long.
    pub(super) data: &'a [u8],
    data_at: usize,
    message: &'a [u8],
}

impl<'a> Record<'a> {
    /// A name at this place of the data.
    pub(super) fn name_at(&self, offset: usize) -> Name<'a> {
        Name {
            bytes: self.message,
            at: self.data_at + offset,
        }
    }
}

impl<'a> Message<'a> {
    /// `None` for less than a header.
    pub(super) fn new(bytes: &'a [u8]) -> Option<Self> {
        (bytes.len() >= HEADER).then_some(Self { bytes })
    }

    fn u16(&self, at: usize) -> Option<u16> {
        let pair = self.bytes.get(at..)?.first_chunk()?;
        Some(u16::from_be_bytes(*pair))
    }

    /// The identification.
    pub(super) fn id(&self) -> u16 {
        self.u16(0).unwrap_or(0)
    }

    /// A standard query without an error: QR, opcode and rcode are all zero.
    pub(super) fn is_query(&self) -> bool {
        self.u16(2).is_some_and(|flags| flags & 0xf80f == 0)
    }

    /// How many questions and how many answers it says to have.
    pub(super) fn counts(&self) -> (u16, u16) {
        (self.u16(4).unwrap_or(0), self.u16(6).unwrap_or(0))
    }

    /// Reads the question at `at`, and where it ends.
    pub(super) fn question(&self, at: usize) -> Option<(Question<'a>, usize)> {
        let (name, at) = self.name(at)?;
        Some((
            Question {
                name,
                rtype: self.u16(at)?,
                class: self.u16(at + 2)?,
            },
            at + 4,
        ))
    }

    /// Reads the record at `at`, and where it ends.
    pub(super) fn record(&self, at: usize) -> Option<(Record<'a>, usize)> {
        let (name, at) = self.name(at)?;
        let data_at = at + 10;
        let end = data_at + usize::from(self.u16(at + 8)?);
        let record = Record {
            name,
            rtype: self.u16(at)?,
            class: self.u16(at + 2)?,
            ttl: u32::from(self.u16(at + 4)?) << 16 | u32::from(self.u16(at + 6)?),
            data: self.bytes.get(data_at..end)?,
            data_at,
            message: self.bytes,
        };
        Some((record, end))
    }

    /// A name, and where the next thing after it is.
    fn name(&self, start: usize) -> Option<(Name<'a>, usize)> {
        let name = Name {
            bytes: self.bytes,
            at: start,
        };
        let mut at = start;
        for _ in 0..LABELS_MAX {
            match *self.bytes.get(at)? {
                0 => return Some((name, at + 1)),
                length @ 1..=63 => at += 1 + usize::from(length),
                0xc0.. => return Some((name, at + 2)),
                _ => return None,
            }
        }
        None
    }
}

impl<'a> Name<'a> {
    /// Its labels; ends early, without a root, where it is broken.
    fn labels(self) -> impl Iterator<Item = &'a [u8]> {
        let Self { bytes, mut at } = self;
        // A pointer has to point before everything that was read so far, so that there is an end.
        let mut before = at;
        let mut left = LABELS_MAX;
        core::iter::from_fn(move || {
            left = left.checked_sub(1)?;
            loop {
                let length = *bytes.get(at)?;
                match length {
                    0..=63 => {
                        let label = bytes.get(at + 1..at + 1 + usize::from(length))?;
                        at += 1 + usize::from(length);
                        if length == 0 {
                            left = 0;
                        }
                        return Some(label);
                    }
                    0xc0.. => {
                        let low = *bytes.get(at + 1)?;
                        let target = usize::from(length & 0x3f) << 8 | usize::from(low);
                        if target >= before {
                            return None;
                        }
                        before = target;
                        at = target;
                    }
                    _ => return None,
                }
            }
        })
    }

    /// Whether it is that name, upper or lower case.
    pub(super) fn is<'n>(self, labels: impl Iterator<Item = &'n str>) -> bool {
        let mut own = self.labels();
        for label in labels {
            if !own
                .next()
                .is_some_and(|own| own.eq_ignore_ascii_case(label.as_bytes()))
            {
                return false;
            }
        }
        // Then the root, which says that it is whole.
        own.next() == Some(&[])
    }
}

/// A label of a name that is written, and what comes after it; no parent: the root.
pub(super) struct Node<'a> {
    pub(super) label: &'a str,
    pub(super) parent: Option<usize>,
}

/// How many nodes a [`Writer`] can know.
pub(super) const NODES: usize = 8;

/// Writes a message. The names come from a small tree, of which each node is written once.
pub(super) struct Writer<'a, 'n> {
    bytes: &'a mut [u8],
    len: usize,
    nodes: &'n [Node<'n>; NODES],
    written: [Option<u16>; NODES],
    /// Where the count of each section is kept, and what it is.
    counts: [u16; 4],
}

/// No room.
#[derive(Debug)]
pub(super) struct Full;

/// The sections that records are put into.
#[derive(Clone, Copy)]
pub(super) enum Section {
    Answer = 1,
    Additional = 3,
}

impl<'a, 'n> Writer<'a, 'n> {
    /// Starts a response, after `head`: header and questions of a query to be repeated, or nothing.
    pub(super) fn new(
        bytes: &'a mut [u8],
        nodes: &'n [Node<'n>; NODES],
        id: u16,
        questions: u16,
        head: &[u8],
    ) -> Result<Self, Full> {
        let mut writer = Self {
            bytes,
            len: 0,
            nodes,
            written: [None; NODES],
            counts: [questions, 0, 0, 0],
        };
        writer.put(&id.to_be_bytes())?;
        // A response, and with authority.
        writer.put(&[0x84, 0])?;
        writer.put(&[0; 8])?;
        writer.put(head.get(HEADER..).unwrap_or(&[]))?;
        Ok(writer)
    }

    fn put(&mut self, bytes: &[u8]) -> Result<(), Full> {
        let end = self.len + bytes.len();
        self.bytes
            .get_mut(self.len..end)
            .ok_or(Full)?
            .copy_from_slice(bytes);
        self.len = end;
        Ok(())
    }

    /// Writes a name, by a pointer where `short` and it was written before.
    fn name(&mut self, node: usize, short: bool) -> Result<(), Full> {
        let mut next = Some(node);
        while let Some(index) = next {
            let Node { label, parent } = self.nodes[index];
            if let Some(at) = self.written[index].filter(|_| short) {
                return self.put(&(0xc000 | at).to_be_bytes());
            }
            // Pointers reach that far, and so do our messages.
            if self.len < 0x4000 && self.written[index].is_none() {
                self.written[index] = Some(self.len as u16);
            }
            self.put(&[label.len() as u8])?;
            self.put(label.as_bytes())?;
            next = parent;
        }
        self.put(&[0])
    }

    /// Adds a record whole, or leaves the message as it was.
    pub(super) fn record(
        &mut self,
        section: Section,
        owner: usize,
        rtype: u16,
        class: u16,
        ttl: u32,
        data: &[Part<'_>],
    ) -> Result<(), Full> {
        let (len, written) = (self.len, self.written);
        let result = self.try_record(owner, rtype, class, ttl, data);
        match result {
            Ok(()) => self.counts[section as usize] += 1,
            Err(Full) => (self.len, self.written) = (len, written),
        }
        result
    }

    fn try_record(
        &mut self,
        owner: usize,
        rtype: u16,
        class: u16,
        ttl: u32,
        data: &[Part<'_>],
    ) -> Result<(), Full> {
        self.name(owner, true)?;
        self.put(&rtype.to_be_bytes())?;
        self.put(&class.to_be_bytes())?;
        self.put(&ttl.to_be_bytes())?;
        let length_at = self.len;
        self.put(&[0; 2])?;
        for part in data {
            match part {
                Part::Bytes(bytes) => self.put(bytes)?,
                Part::Name(node) => self.name(*node, true)?,
                Part::WholeName(node) => self.name(*node, false)?,
            }
        }
        let length = (self.len - length_at - 2) as u16;
        self.bytes[length_at..length_at + 2].copy_from_slice(&length.to_be_bytes());
        Ok(())
    }

    /// Completes the header, and says how long the message is.
    pub(super) fn finish(self) -> usize {
        for (index, count) in self.counts.iter().enumerate() {
            self.bytes[4 + 2 * index..6 + 2 * index].copy_from_slice(&count.to_be_bytes());
        }
        self.len
    }
}

/// A part of a record's data.
#[derive(Clone, Copy)]
pub(super) enum Part<'a> {
    Bytes(&'a [u8]),
    /// A name that may be shortened.
    Name(usize),
    /// A name that may not.
    WholeName(usize),
}
