//! Signatures of images: what is signed, byte by byte, and that nothing which is served can change under it.

use ed25519_compact::{KeyPair, Seed};
use faceplate::{
    PublicKey, SECTOR,
    manifest::{LENGTH, MANIFEST, SIGNATURE},
    marks::MARKS,
    signature::{CONTEXT, Signature},
};
use faceplate_pack::{
    Options, SignError, Stamp, attach, inspect, open, pack, sign, statement, verify,
};
use littlefs_image::{
    build::Builder,
    format::{CRC_SEED, TAG_SEED, Tag, crc32},
    read::probe_attr,
};

/// The example in the documentation, and in `tests/vectors`.
fn vector() -> Vec<u8> {
    let files = [
        ("index.html", "<!doctype html><title>Signed</title>"),
        ("assets/app-1234.js", "console.log('signed')"),
    ];
    let options = Options {
        version: Some("1.2.0".to_owned()),
        sequence: 7,
        stamp: Some(Stamp::Id),
        immutable: ["assets/app-1234.js".to_owned()].into(),
        ..Options::default()
    };
    let files = files.map(|(path, text)| (path.to_owned(), text.as_bytes().to_vec()));
    pack(files, &options).expect("packs").image
}

/// The key of RFC 8032, 7.1, test 1.
fn key() -> KeyPair {
    let seed = "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60";
    KeyPair::from_seed(Seed::from_slice(&bytes(seed)).expect("32 bytes"))
}

fn public() -> PublicKey {
    PublicKey(*key().pk)
}

fn signed(image: &[u8]) -> Vec<u8> {
    sign(image, &public(), |what| *key().sk.sign(what, None)).expect("signs")
}

fn bytes(hex: &str) -> Vec<u8> {
    let digits: Vec<u8> = hex.bytes().filter(u8::is_ascii_hexdigit).collect();
    let byte = |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap();
    digits.chunks(2).map(byte).collect()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn attr(image: &[u8], kind: u8) -> Vec<u8> {
    let mut buf = [0; 200];
    let len = probe_attr(image, kind, &mut buf).expect("an image");
    buf[..len.expect("it has one")].to_vec()
}

fn signature(image: &[u8]) -> Signature {
    Signature::decode(&attr(image, SIGNATURE).try_into().expect("72 bytes"))
}

#[test]
fn the_statement_is_the_context_and_three_attributes_of_the_root() {
    let image = vector();
    let whole = signed(&image);
    let statement = statement(&image).expect("a statement");
    let mut expected = CONTEXT.to_vec();
    for kind in [LENGTH, MARKS, MANIFEST] {
        expected.extend(attr(&whole, kind));
    }
    assert_eq!(statement, expected);
    let blocks = whole.len() as u32 / SECTOR;
    assert_eq!(statement[24..28], blocks.to_le_bytes());
    // Format 2, APIs 1 to 1, sequence 7, version.
    assert_eq!(statement[60..65], [2, 1, 0, 1, 0]);
    assert_eq!(statement[105..], *b"\x07\0\0\x001.2.0");
}

/// `tests/vectors/signed.txt` is for those who write a signer or a verifier of their own.
#[test]
fn the_vector_in_the_repository_is_what_is_made() {
    let image = vector();
    let found = format!(
        "seed      {}\npublic    {}\nkey id    {}\nstatement {}\nsignature {}\n",
        hex(&key().sk.seed()[..]),
        hex(&public().0),
        public().id(),
        hex(&statement(&image).expect("a statement")),
        hex(&signature(&signed(&image)).bytes),
    );
    assert_eq!(found, include_str!("vectors/signed.txt"));
}

#[test]
fn signing_changes_nothing_else_and_signing_again_nothing_at_all() {
    let image = vector();
    let once = signed(&image);
    assert_eq!(signed(&once), once);
    let (before, content) = open(&image).expect("an image");
    let (after, same) = open(&once).expect("an image");
    assert_eq!(content, same);
    assert_eq!(
        (before.files, before.manifest),
        (after.files, after.manifest)
    );
    assert_eq!(before.signature, None);
    assert_eq!(after.signature, Some(signature(&once)));
    let other = KeyPair::from_seed(Seed::new([2; 32]));
    let by_other = sign(&once, &PublicKey(*other.pk), |what| {
        *other.sk.sign(what, None)
    });
    let by_other = by_other.expect("signs");
    assert_eq!(signature(&by_other).key, PublicKey(*other.pk).id());
    assert_eq!(signed(&by_other), once);
}

#[test]
fn the_signature_is_in_the_first_block_however_many_files_there_are() {
    for count in [1, 40, 400] {
        let mut files = vec![("index.html".to_owned(), b"<title>x</title>".to_vec())];
        for at in 0..count {
            files.push((format!("a-rather-long-name-{at:04}.js"), vec![b'a'; at]));
        }
        let image = pack(files, &Options::default()).expect("packs").image;
        let whole = signed(&image);
        let statement = statement(&image).expect("a statement");
        assert!(public().has_signed(&statement, &signature(&whole[..4096]).bytes));
        inspect(&whole).expect("a whole image");
    }
}

/// Whatever a device would serve, or tell of a frontend, is another statement.
#[test]
fn each_thing_that_is_served_or_told_is_bound() {
    let base = || {
        vec![
            ("index.html".to_owned(), b"<title>1</title>".to_vec()),
            ("assets/a.js".to_owned(), b"one".to_vec()),
        ]
    };
    let options = || Options {
        version: Some("1".to_owned()),
        ..Options::default()
    };
    let of = |files, options: &Options| {
        statement(&pack(files, options).expect("packs").image).expect("a statement")
    };
    let good = of(base(), &options());
    assert_eq!(of(base(), &options()), good);
    let mut changed = Vec::new();
    let mut files = base();
    files[1].1[0] ^= 1;
    changed.push(("a byte", of(files, &options())));
    let mut files = base();
    files[1].0 = "assets/b.js".to_owned();
    changed.push(("a name", of(files, &options())));
    let mut files = base();
    files[1].0 = "a.js".to_owned();
    changed.push(("a folder", of(files, &options())));
    let mut files = base();
    files.push(("more.js".to_owned(), Vec::new()));
    changed.push(("an empty file more", of(files, &options())));
    changed.push(("a file less", of(base()[..1].to_vec(), &options())));
    for (name, change) in [
        (
            "how it may be cached",
            (|options| {
                options.immutable.insert("assets/a.js".to_owned());
            }) as fn(&mut Options),
        ),
        ("the version", |options| {
            options.version = Some("2".to_owned())
        }),
        ("the lowest API", |options| options.api.0 = 0),
        ("the highest API", |options| options.api.1 = 2),
        ("the sequence", |options| options.sequence = 1),
        ("the build", |options| options.stamp = Some(Stamp::Id)),
    ] {
        let mut options = options();
        change(&mut options);
        changed.push((name, of(base(), &options)));
    }
    for (name, statement) in &changed {
        assert_ne!(*statement, good, "{name}");
    }
    let mut all: Vec<_> = changed.iter().map(|(_, statement)| statement).collect();
    all.sort();
    all.dedup();
    assert_eq!(all.len(), changed.len(), "each is another one");
}

/// As a device does: it looks at the root that LittleFS mounts, not at the first block.
#[test]
fn what_is_verified_is_what_would_be_mounted() {
    let keys = vec![public()].leak();
    let good = signed(&vector());
    assert_eq!(verify(&good, keys), Ok(()));
    assert!(verify(&vector(), keys).is_err());
    // A newer root in the second block, of another frontend, with the signature of the good one.
    let other = KeyPair::from_seed(Seed::new([2; 32]));
    let other_key = PublicKey(*other.pk);
    // Not shorter than the good one's first block says.
    let noise = (0..30_000_u32).map(|at| (at.wrapping_mul(at) >> 7) as u8);
    let files = [
        ("index.html".to_owned(), b"<title>other</title>".to_vec()),
        ("noise.png".to_owned(), noise.collect()),
    ];
    let packed = pack(files, &Options::default()).expect("packs").image;
    let by_other = sign(&packed, &other_key, |what| *other.sk.sign(what, None)).expect("signs");
    let theirs = signature(&by_other).encode();
    let at = by_other
        .windows(theirs.len())
        .position(|bytes| bytes == theirs);
    let at = at.expect("a signature");
    let mut root = by_other[..4096].to_vec();
    root[at..at + theirs.len()].copy_from_slice(&signature(&good).encode());
    let lie = [&good[..4096], &newer(root), &by_other[8192..]].concat();
    let (found, _) = open(&lie).expect("a sound image");
    assert_eq!(found.signature, Some(signature(&good)));
    let error = verify(&lie, keys).expect_err("nobody has signed it");
    assert!(
        error
            .to_string()
            .contains("the signature is not one by key"),
        "{error}"
    );
}

/// A metadata block with a higher revision, and the right checksum of its first commit.
fn newer(mut block: Vec<u8>) -> Vec<u8> {
    block[..4].copy_from_slice(&1000_u32.to_le_bytes());
    // Tags from the front, each over the one before, to the one that says it is a checksum.
    let (mut at, mut tag) = (4, Tag(TAG_SEED));
    loop {
        let stored = block[at..at + 4].try_into().expect("four bytes");
        tag = Tag::decode(stored, tag.0);
        if tag.is_commit_end() {
            break;
        }
        at += usize::from(tag.size());
    }
    let crc = crc32(CRC_SEED, &block[..at + 4]);
    block[at + 4..at + 8].copy_from_slice(&crc.to_le_bytes());
    block
}

#[test]
fn what_does_not_say_what_is_in_it_cannot_be_signed() {
    let mut builder = Builder::new();
    builder
        .file("index.html", b"<title>x</title>".to_vec())
        .expect("a name");
    let plain = builder.build(&Default::default()).expect("builds");
    assert_eq!(statement(&plain), Err(SignError::Bare));
    assert_eq!(attach(&plain, &public(), [0; 64]), Err(SignError::Bare));
    for bad in [vec![], vec![0xff; 8192], plain[..4096].to_vec()] {
        assert!(matches!(statement(&bad), Err(SignError::Image(_))));
    }
}

/// By keys of small order anybody can sign anything: with R = S·B, or with R and S zero. RFC 8032 leaves it
/// to the verifier; the crate has to refuse them.
#[test]
fn keys_of_small_order_have_signed_nothing() {
    let points = [
        "0100000000000000000000000000000000000000000000000000000000000000",
        "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "0000000000000000000000000000000000000000000000000000000000000080",
        "0000000000000000000000000000000000000000000000000000000000000000",
        "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
        "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa",
        "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
        "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85",
        // The first and others in a second form.
        "0100000000000000000000000000000000000000000000000000000000000080",
        "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    ];
    let identity = bytes(points[0]);
    for point in points {
        let key = PublicKey(bytes(point).try_into().expect("32 bytes"));
        for r in [&identity, &bytes(point)] {
            let mut forged = [0; 64];
            forged[..32].copy_from_slice(r);
            for text in 0..16_u8 {
                assert!(!key.has_signed(&[text], &forged), "{point}");
            }
        }
    }
}

/// S and S + L are the same to the curve; only one of them is a signature.
#[test]
fn a_signature_has_one_form() {
    let statement = statement(&vector()).expect("a statement");
    let good = *key().sk.sign(&statement, None);
    assert!(public().has_signed(&statement, &good));
    let order = bytes("edd3f55c1a631258d69cf7a2def9de1400000000000000000000000000000010");
    let mut second = good;
    let mut carry = 0;
    for (byte, more) in second[32..].iter_mut().zip(order) {
        let sum = u16::from(*byte) + u16::from(more) + carry;
        *byte = sum as u8;
        carry = sum >> 8;
    }
    assert!(!public().has_signed(&statement, &second));
    for at in 0..512 {
        let mut turned = good;
        turned[at / 8] ^= 1 << (at % 8);
        assert!(!public().has_signed(&statement, &turned), "bit {at}");
    }
}
