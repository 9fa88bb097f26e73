//! Patches of images as they are packed, applied to what they were made of.

use faceplate::{
    chunks::{Chunk, Chunker, List},
    patch::{Header, Operations, Step},
    sha256::{SOFTWARE, Sha256},
};
use faceplate_pack::{Options, pack};
use faceplate_patch::{ApplyError, ChunkList, MakeError, Patch, apply, from_chunks, from_image};

/// The same numbers each time.
struct Random(u64);

impl Random {
    fn below(&mut self, end: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 16) as usize % end.max(1)
    }

    fn bytes(&mut self, len: usize) -> Vec<u8> {
        (0..len).map(|_| self.below(256) as u8).collect()
    }

    /// Bytes, fewer than so many.
    fn some(&mut self, end: usize) -> Vec<u8> {
        let len = self.below(end);
        self.bytes(len)
    }
}

fn sha256(bytes: &[u8]) -> [u8; 32] {
    let mut hash = Sha256::new(SOFTWARE);
    hash.update(bytes);
    hash.finish()
}

/// The list that a device sends of a slot with these bytes, of so many of them.
fn list(bytes: &[u8], whole: bool, len: usize) -> Vec<u8> {
    let len = len.min(bytes.len());
    let sha256 = whole.then(|| sha256(bytes));
    let head = List {
        len: len as u32,
        sha256,
    };
    let mut list = head.encode().to_vec();
    let mut chunker = Chunker::new(len as u32, SOFTWARE);
    let mut rest = &bytes[..len];
    while !rest.is_empty() {
        let (taken, chunk) = chunker.take(rest);
        rest = &rest[taken..];
        list.extend(chunk.iter().flat_map(Chunk::encode));
    }
    list
}

fn whole(bytes: &[u8]) -> ChunkList {
    ChunkList::parse(&list(bytes, true, usize::MAX)).unwrap()
}

/// What an upload that broke off left.
fn part(bytes: &[u8], len: usize) -> ChunkList {
    ChunkList::parse(&list(bytes, false, len)).unwrap()
}

fn header(patch: &Patch) -> Header {
    let (header, _) = patch.bytes().split_first_chunk().unwrap();
    Header::decode(header).unwrap()
}

/// What a device makes of it, which reads it in pieces.
fn followed(patch: &Patch, old: &[u8], slot: &[u8]) -> Vec<u8> {
    let mut operations = Operations::new(&header(patch));
    let mut image = vec![];
    for mut piece in patch.bytes()[Header::LEN..].chunks(1460) {
        while let Some(step) = operations.next(&mut piece, 4096).unwrap() {
            image.extend_from_slice(match step {
                Step::Data(data) => data,
                Step::Copy { from, len } => &old[from as usize..][..len as usize],
                Step::Keep { len } => &slot[image.len()..][..len as usize],
            });
        }
    }
    image
}

type Files = Vec<(String, Vec<u8>)>;

fn site(random: &mut Random) -> Files {
    let mut files: Files = vec![("index.html".to_owned(), b"<h1>one</h1>".to_vec())];
    for number in 0..6 {
        let len = [200, 5_000, 70_000][number % 3] + random.below(9_000);
        files.push((format!("assets/{number}.bin"), random.bytes(len)));
    }
    files
}

fn image(files: &Files) -> Vec<u8> {
    let options = Options {
        version: Some("1".to_owned()),
        ..Options::default()
    };
    pack(files.clone(), &options).unwrap().image
}

/// Changes something, as builds do.
fn edit(files: &mut Files, random: &mut Random) {
    let number = random.below(files.len());
    match random.below(6) {
        0 => {
            let bytes = random.bytes(37);
            let file = &mut files[number].1;
            let at = random.below(file.len());
            file.splice(at..at, bytes);
        }
        1 => {
            let file = &mut files[number].1;
            let at = random.below(file.len());
            file.drain(at..(at + 50).min(file.len()));
        }
        2 => {
            let file = &mut files[number].1;
            let at = random.below(file.len());
            file[at] ^= 1;
        }
        3 if files[number].0 != "index.html" => {
            files.remove(number);
        }
        4 if files[number].0 != "index.html" => {
            files[number].0 = format!("assets/{}.bin", random.below(1000))
        }
        _ => {
            let bytes = random.some(20_000);
            files.push((format!("more/{}.bin", random.below(1000)), bytes));
        }
    }
    files.sort();
    files.dedup_by(|one, other| one.0 == other.0);
}

/// Makes patches in every way, and looks whether they make the image.
#[track_caller]
fn check(old: &[u8], new: &[u8], slot: &[u8]) -> [Patch; 4] {
    let left = part(slot, new.len());
    let patches = [
        from_image(old, new, None).unwrap(),
        from_image(old, new, Some(&left)).unwrap(),
        from_chunks(&whole(old), None, new).unwrap(),
        from_chunks(&whole(old), Some(&left), new).unwrap(),
    ];
    for patch in &patches {
        assert_eq!(apply(patch.bytes(), old, slot).as_deref(), Ok(new));
        assert_eq!(followed(patch, old, slot), new);
        let header = header(patch);
        assert_eq!(header.image_len as usize, new.len());
        assert_eq!(header.image_sha256, sha256(new));
        assert_eq!(header.base_len > 0, patch.copied() > 0);
        assert_eq!(header.keep_end > 0, patch.kept() > 0);
        assert_eq!(
            patch.copied() + patch.kept() + patch.data(),
            patch.image_len()
        );
        assert!(patch.bytes().len() >= 84 + patch.data() as usize);
    }
    patches
}

#[test]
fn whatever_changed_the_patch_makes_the_new_image() {
    let mut random = Random(1);
    let mut files = site(&mut random);
    let mut old = image(&files);
    for _ in 0..40 {
        for _ in 0..=random.below(3) {
            edit(&mut files, &mut random);
        }
        let new = image(&files);
        let mut slot = vec![0xff; 1 << 20];
        let written = random.below(new.len());
        slot[..written].copy_from_slice(&new[..written]);
        let [exact, kept, listed, _] = check(&old, &new, &slot);
        // What was written and is cut off from the rest is at most one chunk.
        let there = kept.kept() as usize;
        assert!(
            there <= new.len() && there + 8192 > written,
            "{there} of {written}"
        );
        assert!(exact.bytes().len() <= listed.bytes().len());
        old = new;
    }
}

#[test]
fn bytes_of_any_kind_and_length_are_patched() {
    let mut random = Random(2);
    for _ in 0..200 {
        let len = [0, 1, 7, 100, 5_000, 20_000][random.below(6)];
        let old = match random.below(3) {
            0 => vec![0xff; len],
            1 => b"ab c".iter().copied().cycle().take(len).collect(),
            _ => random.bytes(len),
        };
        let mut new = old.clone();
        for _ in 0..random.below(8) {
            let at = random.below(new.len() + 1);
            let to = (at + random.below(300)).min(new.len());
            match random.below(4) {
                0 => drop(new.drain(at..to)),
                1 => new.splice(at..at, random.some(40)).for_each(drop),
                2 => new.extend_from_within(at..to),
                _ => new[at..to].fill(7),
            }
        }
        let slot = random.some(30_000);
        check(&old, &new, &slot);
        check(&old, &new, &new);
        check(&old, &new, &[]);
    }
}

#[test]
fn the_same_image_again_is_one_copy_and_what_is_there_already_one_keep() {
    let old = image(&site(&mut Random(3)));
    let [exact, kept, listed, both] = check(&old, &old, &old);
    for patch in [&exact, &listed] {
        assert_eq!(patch.copied() as usize, old.len());
        // One operation of a length with at most four bytes, and a distance of 0.
        assert!(patch.bytes().len() <= 84 + 5, "{}", patch.bytes().len());
    }
    for patch in [&kept, &both] {
        assert_eq!(patch.kept() as usize, old.len());
        assert!(patch.bytes().len() <= 84 + 4);
        assert_eq!(header(patch).keep_end as usize, old.len());
    }
}

#[test]
fn a_file_that_moved_is_not_sent_again() {
    let mut random = Random(4);
    let mut files = site(&mut random);
    let old = image(&files);
    // It comes before all others, in blocks of its own.
    files.insert(0, ("a.bin".to_owned(), random.bytes(10_000)));
    let new = image(&files);
    let [exact, _, listed, _] = check(&old, &new, &[]);
    let links = |bytes: &[u8]| 8 * bytes.len() / 4096;
    // The blocks of the folders are blank for the most part, which no chunk tells; nor does one where a file begins.
    for (patch, room) in [(exact, 1_000), (listed, 4 * 4096 + 4_000)] {
        let more = patch.bytes().len() - 10_000;
        assert!(more < room + links(&new), "{more}");
    }
}

#[test]
fn images_with_nothing_in_common_are_all_data_and_not_worth_a_patch() {
    let mut random = Random(5);
    let (old, new) = (random.bytes(50_000), random.bytes(60_000));
    for patch in check(&old, &new, &[]) {
        assert_eq!(patch.bytes().len(), 84 + 3 + new.len());
        assert_eq!(header(&patch).base_sha256, [0; 32]);
        assert!(!patch.is_worth_it());
    }
    let nearly = [&old[..9_000], &new[..91_000 - 9_000 - 31_000]].concat();
    assert!(from_image(&old, &nearly, None).unwrap().is_worth_it());
}

#[test]
fn a_copy_that_would_be_longer_than_its_bytes_is_none() {
    let mut random = Random(6);
    let old = random.bytes(100_000);
    // Nine bytes from anywhere, between others: a copy costs up to seven, and its neighbours two more.
    let mut new = vec![];
    for _ in 0..200 {
        let at = random.below(90_000) + 5_000;
        new.extend_from_slice(&old[at..at + 9]);
        new.extend(random.bytes(9));
    }
    let patch = from_image(&old, &new, None).unwrap();
    assert!(patch.bytes().len() <= 84 + 3 + new.len());
    assert_eq!(apply(patch.bytes(), &old, &[]).unwrap(), new);
}

#[test]
fn a_slot_without_a_whole_image_is_nothing_to_copy_from() {
    let bytes = Random(7).bytes(10_000);
    let list = part(&bytes, bytes.len());
    assert_eq!(from_chunks(&list, None, &bytes), Err(MakeError::NoImage));
}

#[test]
fn a_list_that_lies_makes_a_patch_that_makes_no_other_image() {
    let mut random = Random(8);
    let mut files = site(&mut random);
    let old = image(&files);
    edit(&mut files, &mut random);
    let new = image(&files);
    let (honest, left) = (list(&old, true, usize::MAX), list(&new, false, usize::MAX));
    for _ in 0..400 {
        let spoil = |list: &[u8], random: &mut Random| {
            let mut list = list.to_vec();
            for _ in 0..=random.below(3) {
                let at = random.below(list.len());
                match random.below(3) {
                    0 => list[at] = random.below(256) as u8,
                    1 => list.truncate(at.max(1)),
                    _ => {
                        // The bytes of one chunk are given to the one behind it.
                        let entry = 44 + at / 20 * 10;
                        if let Some(pair) = list.get_mut(entry..entry + 12) {
                            let lens = [
                                u16::from_le_bytes([pair[0], pair[1]]),
                                u16::from_le_bytes([pair[10], pair[11]]),
                            ];
                            let moved = random.below(lens[0].into()) as u16;
                            pair[..2].copy_from_slice(&(lens[0] - moved).to_le_bytes());
                            pair[10..].copy_from_slice(&lens[1].wrapping_add(moved).to_le_bytes());
                        }
                    }
                }
            }
            list
        };
        let lists = [spoil(&honest, &mut random), spoil(&left, &mut random)];
        let [base, slot] = lists.map(|list| ChunkList::parse(&list).ok());
        let Some(base) = base else { continue };
        let Ok(patch) = from_chunks(&base, slot.as_ref(), &new) else {
            continue;
        };
        if let Ok(made) = apply(patch.bytes(), &old, &new) {
            assert_eq!(made, new);
        }
    }
    // All chunks claim to be one that is wanted.
    let wanted = honest[46..51].to_vec();
    let mut same = honest.clone();
    for entry in same[44..].chunks_mut(7) {
        entry[2..].copy_from_slice(&wanted);
    }
    let list = ChunkList::parse(&same).unwrap();
    let patch = from_chunks(&list, None, &new).unwrap();
    if let Ok(made) = apply(patch.bytes(), &old, &[]) {
        assert_eq!(made, new);
    }
}

/// A patch by hand.
fn by_hand(change: impl FnOnce(&mut Header), operations: &[u8]) -> Vec<u8> {
    let mut header = Header {
        base_len: 4,
        base_sha256: sha256(b"base"),
        image_len: 6,
        image_sha256: sha256(b"seadot"),
        keep_end: 6,
    };
    change(&mut header);
    [&header.encode()[..], operations].concat()
}

#[test]
fn what_is_wrong_in_a_patch_is_told() {
    let apply = |patch: &[u8]| apply(patch, b"base", b"----ot");
    let same = |_: &mut Header| {};
    // se (at 2), a (at 1), d, and two that are kept.
    let good = [9, 4, 5, 5, 4, b'd', 10];
    assert_eq!(apply(&by_hand(same, &good)).unwrap(), b"seadot");
    // A number may be longer than it must.
    let long = [0x89, 0, 4, 5, 5, 4, b'd', 10];
    assert_eq!(apply(&by_hand(same, &long)).unwrap(), b"seadot");
    let bad = |operations: &[u8]| apply(&by_hand(same, operations)).unwrap_err();
    for (operations, what) in [
        (&[][..], "it ends before the image does"),
        (&good[..6], "it ends before the image does"),
        (&good[..5], "it ends in data"),
        (&good[..1], "a number"),
        (&[0x80, 0x80, 0x80, 0x80, 0x10], "a number"),
        (&[9, 4, 5, 5, 4, b'd', 10, 0], "an operation without bytes"),
        (&[9, 4, 5, 5, 4, b'd', 14], "more bytes than the image has"),
        (
            &[9, 4, 5, 5, 4, b'd', 10, 4],
            "more bytes than the image has",
        ),
        (&[9, 1], "a copy from outside of the base"),
        (&[9, 6], "a copy from outside of the base"),
        (&[11], "an unknown operation"),
        (&[0], "an operation without bytes"),
    ] {
        assert_eq!(bad(operations), ApplyError::Bad(what), "{operations:?}");
    }
    let with = |change: fn(&mut Header)| apply(&by_hand(change, &good)).unwrap_err();
    for (change, error) in [
        (
            (|h| h.base_len = 5) as fn(&mut Header),
            ApplyError::OtherBase,
        ),
        (|h| h.base_sha256 = [0; 32], ApplyError::OtherBase),
        (|h| h.image_sha256 = [0; 32], ApplyError::OtherImage),
        (
            |h| h.base_len = 0,
            ApplyError::Bad("a base without bytes has a hash"),
        ),
        (
            |h| (h.base_len, h.base_sha256) = (0, [0; 32]),
            ApplyError::Bad("a copy from outside of the base"),
        ),
        (
            |h| h.keep_end = 5,
            ApplyError::Bad("it keeps behind where it may"),
        ),
        (
            |h| h.keep_end = 0,
            ApplyError::Bad("it keeps behind where it may"),
        ),
        (
            |h| h.keep_end = 7,
            ApplyError::Bad("more is kept than the image has"),
        ),
        (
            |h| h.image_len = 7,
            ApplyError::Bad("it ends before the image does"),
        ),
    ] {
        assert_eq!(with(change), error);
    }
    let patch = by_hand(same, &good);
    assert_eq!(
        faceplate_patch::apply(&patch, b"base", b"----o"),
        Err(ApplyError::Bad("it keeps what the slot has not"))
    );
    assert_eq!(
        apply(&patch[..83]),
        Err(ApplyError::Bad("it ends in its header"))
    );
    let mut other = patch.clone();
    other[7] = b'2';
    assert_eq!(apply(&other), Err(ApplyError::Bad("it is no patch")));
    let endless = [&patch[..], &[0; 4096]].concat();
    assert_eq!(
        apply(&endless),
        Err(ApplyError::Bad("it is longer than the image may be"))
    );
}

#[test]
fn no_bytes_make_the_reference_panic() {
    let mut random = Random(9);
    let old = random.bytes(3_000);
    let new = [&old[1_000..], &old[..2_000], &random.bytes(500)].concat();
    let patch = from_image(&old, &new, Some(&part(&new, 900))).unwrap();
    let mut made = 0;
    for _ in 0..20_000 {
        let mut bytes = patch.bytes().to_vec();
        for _ in 0..=random.below(3) {
            let at = random.below(bytes.len());
            bytes[at] = random.below(256) as u8;
        }
        if let Ok(image) = apply(&bytes, &old, &new) {
            assert_eq!(image, new);
            made += 1;
        }
    }
    // A byte may have been replaced by itself.
    assert!(made < 1_000, "{made}");
}
