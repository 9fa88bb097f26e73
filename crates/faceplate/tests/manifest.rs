//! Manifests of both formats, byte by byte, and the build ids in them.

use faceplate::{
    BuildId, NotABuildId,
    manifest::{About, Manifest, ManifestError, VERSION_MAX},
};

const BUILD: BuildId = BuildId([0x01, 0x23, 0x45, 0x67, 0x89, 0xab, 0xcd, 0xef]);

fn encoded(manifest: &Manifest) -> Vec<u8> {
    let mut bytes = [0xaa; Manifest::MAX_LEN];
    let len = manifest.encode(&mut bytes);
    bytes[..len].to_vec()
}

fn manifest(build: Option<BuildId>) -> Manifest {
    numbered(build, 0)
}

fn numbered(build: Option<BuildId>, sequence: u32) -> Manifest {
    Manifest::new("1.2", (1, 0x203), build, sequence, [7; 32]).unwrap()
}

#[test]
fn each_format_is_stored_as_the_documentation_says() {
    let start = |format| [&[format, 1, 0, 3, 2][..], &[7; 32]].concat();
    let plain = [&start(1)[..], b"1.2"].concat();
    assert_eq!(encoded(&manifest(None)), plain);
    let stamped = [&start(2)[..], &BUILD.0, &[0; 4], b"1.2"].concat();
    assert_eq!(encoded(&manifest(Some(BUILD))), stamped);
    let numbered_alone = [&start(2)[..], &[0; 8], &[4, 3, 2, 1], b"1.2"].concat();
    assert_eq!(encoded(&numbered(None, 0x0102_0304)), numbered_alone);
}

#[test]
fn what_was_stored_is_read_with_the_shortest_and_the_longest_version() {
    for (build, number) in [
        (None, 0),
        (None, 7),
        (Some(BUILD), 0),
        (Some(BUILD), u32::MAX),
    ] {
        for version in ["", "1.2", &"v".repeat(VERSION_MAX)] {
            let stored = Manifest::new(version, (1, 2), build, number, [9; 32]).unwrap();
            assert_eq!(Manifest::decode(&encoded(&stored)), Ok(stored.clone()));
            let About {
                build: id,
                sequence,
                ..
            } = stored.about;
            assert_eq!((id, sequence), (build, number));
        }
    }
}

#[test]
fn a_manifest_that_is_cut_in_its_fixed_part_or_of_an_unknown_format_is_none() {
    for (build, fixed) in [(None, 37), (Some(BUILD), 49)] {
        let bytes = encoded(&manifest(build));
        for len in 0..fixed {
            assert_eq!(Manifest::decode(&bytes[..len]), Err(ManifestError::Short));
        }
        assert!(Manifest::decode(&bytes[..fixed]).is_ok());
        for format in [0, 3, 255] {
            let mut other = bytes.clone();
            other[0] = format;
            let error = ManifestError::Format(format);
            assert_eq!(Manifest::decode(&other), Err(error));
        }
        let mut long = bytes.clone();
        long.resize(fixed + VERSION_MAX + 1, b'v');
        assert_eq!(Manifest::decode(&long), Err(ManifestError::Version));
    }
}

#[test]
fn a_build_id_is_16_lower_case_hex_digits_and_nothing_else() {
    assert_eq!(BUILD.to_string(), "0123456789abcdef");
    assert_eq!("0123456789abcdef".parse(), Ok(BUILD));
    for text in [
        "",
        "0123456789abcde",
        "0123456789abcdef0",
        "0123456789ABCDEF",
        "0x23456789abcdef",
        "+123456789abcdef",
        " 123456789abcdef",
        "0123456789abcdeg",
        "0123456789abcdé",
    ] {
        assert_eq!(text.parse::<BuildId>(), Err(NotABuildId), "{text}");
    }
}
