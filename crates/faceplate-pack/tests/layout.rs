//! What stays as it was from one image to the next: the stored bytes, and the blocks that they are in.

use std::collections::{BTreeMap, HashMap};

use faceplate_pack::{Options, PackError, Packed, Unpacked, inspect, pack, sign, unpack};

type Files = Vec<(String, Vec<u8>)>;

/// Numbers that are the same every time.
struct Random(u32);

impl Random {
    fn below(&mut self, limit: u32) -> u32 {
        self.0 = self.0.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (self.0 >> 16) % limit
    }
}

/// Text like a script.
fn script(len: usize, seed: u32) -> Vec<u8> {
    let mut random = Random(seed);
    let mut text = Vec::new();
    while text.len() < len {
        let (name, other) = (random.below(4000), random.below(60_000));
        let line = format!(
            "function f{name:x}(a){{return a.k{other:x}+{}}};",
            random.below(9999)
        );
        text.extend_from_slice(line.as_bytes());
    }
    text.truncate(len);
    text
}

/// Bytes that do not compress.
fn noise(len: usize, seed: u32) -> Vec<u8> {
    let mut random = Random(seed);
    (0..len).map(|_| random.below(256) as u8).collect()
}

/// A build with a script of 200 KiB and another one, both named by their content.
fn site(index: &[u8], version: u32) -> Files {
    let named = |name: &str| format!("assets/{name}-Xy{version:06}.js");
    vec![
        ("index.html".to_owned(), script(3000, version)),
        ("font.woff2".to_owned(), noise(30_000, 7)),
        (named("index"), index.to_vec()),
        (named("vendor"), script(90_000, 5)),
        ("assets/style-Ab123456.css".to_owned(), script(20_000, 6)),
    ]
}

fn packed(files: Files, base: Option<&Packed>) -> Packed {
    let options = Options {
        base: base.map(|base| base.image.clone()),
        ..Options::default()
    };
    pack(files, &options).expect("it packs")
}

/// The first block of each file that has one, by its name without what is behind the first `-`.
fn blocks(image: &[u8]) -> BTreeMap<String, u32> {
    let files = inspect(image).expect("it is sound").files.into_iter();
    let known = |path: &str| path.split('-').next().unwrap_or_default().to_owned();
    files
        .filter_map(|file| Some((known(&file.path), file.block?)))
        .collect()
}

/// The paths that moved between two images.
fn moved(old: &Packed, new: &Packed) -> Vec<String> {
    let (old, new) = (blocks(&old.image), blocks(&new.image));
    assert!(old.keys().eq(new.keys()), "{old:?} {new:?}");
    let moved = new.into_iter().filter(|(path, block)| old[path] != *block);
    moved.map(|(path, _)| path).collect()
}

/// `text` with a statement put in at `at`.
fn edited(text: &[u8], at: usize, statement: &[u8]) -> Vec<u8> {
    [&text[..at], statement, &text[at..]].concat()
}

/// Bytes of `new` that no run of 16 and more of `old` has: what an exact patch would have to bring.
fn unknown(old: &[u8], new: &[u8]) -> usize {
    const RUN: usize = 16;
    let mut runs: HashMap<&[u8], Vec<usize>> = HashMap::new();
    for (at, run) in old.windows(RUN).enumerate() {
        let places = runs.entry(run).or_default();
        if places.len() < 8 {
            places.push(at);
        }
    }
    let same = |from: usize, at: usize| {
        let pairs = old[from..].iter().zip(&new[at..]);
        pairs.take_while(|(a, b)| a == b).count()
    };
    let (mut unknown, mut at) = (0, 0);
    while at < new.len() {
        let places = new.get(at..at + RUN).and_then(|run| runs.get(run));
        let run = places
            .into_iter()
            .flatten()
            .map(|&from| same(from, at))
            .max();
        unknown += usize::from(run.is_none());
        at += run.unwrap_or(1);
    }
    unknown
}

#[test]
fn an_edit_of_a_large_script_leaves_nearly_all_bytes_of_the_image_as_they_were() {
    let index = script(200 << 10, 1);
    let old = packed(site(&index, 1), None);
    for percent in [5, 50, 95] {
        let at = index.len() * percent / 100;
        let index = edited(&index, at, b"globalThis.edited=true;");
        let new = packed(site(&index, 1), None);
        let bytes = unknown(&old.image, &new.image);
        assert!(bytes < 8000, "{percent} %: {bytes} of {}", new.image.len());
        // What did not change is stored as it was.
        let file = |packed: &Packed, name: &str| {
            let content = unpack(&packed.image).unwrap().into_iter();
            let mut found = content.filter_map(|item| match item {
                Unpacked::File { path, bytes } if path.contains(name) => Some(bytes),
                _ => None,
            });
            found.next().expect(name)
        };
        for name in ["vendor", "style", "font"] {
            assert_eq!(file(&old, name), file(&new, name), "{name}");
        }
    }
}

#[test]
fn without_a_base_a_file_that_grew_moves_only_those_behind_it() {
    let index = script(150_000, 1);
    let old = packed(site(&index, 1), None);
    let new = packed(site(&script(190_000, 1), 2), None);
    assert_eq!(moved(&old, &new), ["assets/vendor"]);
    assert_eq!((old.report.blocks_free, new.report.blocks_free), (0, 0));
    // A script, wherever its name stands, moves nothing else.
    let others = [
        "font.woff2",
        "index.html.gz",
        "assets/style",
        "assets/index",
        "assets/vendor",
    ];
    let blocks = blocks(&old.image);
    assert!(others.map(|path| blocks[path]).is_sorted(), "{blocks:?}");
}

#[test]
fn with_a_base_a_file_that_grew_moves_itself_alone_and_only_if_it_has_no_room() {
    let index = script(150_000, 1);
    let old = packed(site(&index, 1), None);
    let grown = packed(site(&script(190_000, 1), 2), Some(&old));
    assert_eq!(moved(&old, &grown), ["assets/index"]);
    let left = blocks(&old.image);
    let gap = left["assets/vendor"] - left["assets/index"];
    assert_eq!(grown.report.blocks_free, gap);
    assert_eq!(inspect(&grown.image).unwrap().blocks_free, gap);

    // At the end it has room to grow, and a new file goes into the gap.
    let mut files = site(&script(230_000, 1), 3);
    files.push(("new.png".to_owned(), noise(4096 * gap as usize - 4000, 9)));
    let more = packed(files, Some(&grown));
    let mut begins = blocks(&more.image);
    assert_eq!(begins.remove("new.png"), Some(left["assets/index"]));
    assert_eq!(begins, blocks(&grown.image));
    assert_eq!(more.report.blocks_free, 0);

    // What shrinks stays where it is.
    let shrunk = packed(site(&script(100_000, 1), 4), Some(&old));
    assert_eq!(moved(&old, &shrunk), [""; 0]);
    // The same files make the same image.
    assert_eq!(packed(site(&index, 1), Some(&old)).image, old.image);
}

#[test]
fn where_there_is_no_room_for_gaps_there_are_none() {
    let files = |index: usize, version| site(&noise(index, 1), version);
    let old = packed(files(300_000, 1), None);
    let size = old.image.len() as u32 + 5 * 4096;
    let options = Options {
        size,
        base: Some(old.image.clone()),
        ..Options::default()
    };
    let grown = pack(files(310_000, 2), &options).expect("it fits without gaps");
    assert_eq!(grown.report.blocks_free, 0);
    let plain = Options {
        base: None,
        ..options.clone()
    };
    assert_eq!(grown, pack(files(310_000, 2), &plain).unwrap());
    let error = pack(files(330_000, 3), &options).unwrap_err();
    assert!(matches!(error, PackError::DoesNotFit { .. }), "{error}");
}

#[test]
fn a_base_that_is_no_image_is_refused() {
    let with = |base: Vec<u8>| {
        let options = Options {
            base: Some(base),
            ..Options::default()
        };
        pack(site(&script(5000, 1), 1), &options).unwrap_err()
    };
    assert_eq!(
        with(b"PK\x03\x04".to_vec()).to_string(),
        "the base: not an image: 4 bytes long, but an image is a multiple of 4096 bytes, and at least 8192"
    );
    let mut cut = packed(site(&script(50_000, 1), 1), None).image;
    cut.truncate(cut.len() - 4096);
    assert!(matches!(with(cut), PackError::Base(_)));
}

#[test]
fn a_base_of_a_larger_slot_or_with_nothing_in_common_does_no_harm() {
    let large = Options {
        size: 4 << 20,
        ..Options::default()
    };
    let mut files = site(&script(50_000, 1), 1);
    files.push(("big.png".to_owned(), noise(2_000_000, 3)));
    let base = pack(files, &large).unwrap();
    let new = site(&script(50_000, 1), 2);
    let with = packed(new.clone(), Some(&base));
    assert!(with.image.len() <= 1 << 20);
    assert_eq!(unpack(&with.image), unpack(&packed(new, None).image));
    let other = vec![("index.html".to_owned(), script(60_000, 2))];
    let with = packed(other.clone(), Some(&base));
    assert!(unpack(&with.image) == unpack(&packed(other, None).image));
}

#[test]
fn a_signature_moves_nothing() {
    let old = packed(site(&script(150_000, 1), 1), None);
    let grown = packed(site(&script(190_000, 1), 2), Some(&old)).image;
    let pair = ed25519_compact::KeyPair::from_seed([7; 32].into());
    let key = faceplate_pack::PublicKey(*pair.pk);
    let signed = sign(&grown, &key, |what| *pair.sk.sign(what, None)).unwrap();
    assert_eq!(blocks(&signed), blocks(&grown));
    assert_eq!(signed.len(), grown.len());
    assert_eq!(
        inspect(&signed).unwrap().blocks_free,
        inspect(&grown).unwrap().blocks_free
    );
}

#[test]
fn releases_that_follow_each_other_are_sound_and_hold_what_was_packed() {
    let mut random = Random(11);
    let mut files: BTreeMap<String, Vec<u8>> = site(&script(100_000, 1), 1).into_iter().collect();
    let mut last: Option<Packed> = None;
    let mut gaps = 0;
    for release in 0..40 {
        // Some files grow, shrink, come and go.
        for (path, bytes) in &mut files {
            let len = bytes.len() as u32;
            if random.below(3) == 0 {
                let len = (len * 3 / 4 + random.below(len / 2 + 1)).max(1000) as usize;
                let new = [noise, script][usize::from(path.ends_with("js"))];
                *bytes = new(len, random.below(99));
            }
        }
        let name = format!("extra-{:08}.js", random.below(30));
        if files.remove(&name).is_none() {
            files.insert(name, script(1000 + random.below(60_000) as usize, release));
        }
        let files: Files = files.clone().into_iter().collect();
        let new = packed(files.clone(), last.as_ref());
        assert_eq!(
            new,
            packed(files.clone(), last.as_ref()),
            "release {release}"
        );
        let plain = packed(files, None);
        assert!(
            unpack(&new.image) == unpack(&plain.image),
            "release {release}"
        );
        assert_eq!(
            new.report.blocks_used - new.report.blocks_free,
            plain.report.blocks_used,
            "release {release}"
        );
        gaps += u32::from(new.report.blocks_free > 0);
        last = Some(new);
    }
    assert!(gaps > 10, "{gaps}");
}
