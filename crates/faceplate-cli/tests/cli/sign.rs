//! Signed images at a terminal: keys of ours and of OpenSSL, signing here and elsewhere, and a device that
//! takes no others.

use std::{path::Path, process::Command};

use crate::common::{Folder, run_in, run_with, sim::Sim};

fn dist(folder: &Folder) {
    folder.file("dist/index.html", "<!doctype html><title>Signed</title>");
    folder.file("dist/assets/app.js", "console.log('signed')");
}

fn text(folder: &Folder, file: &str) -> String {
    String::from_utf8(folder.bytes(file)).expect("PEM")
}

/// OpenSSL, the other implementation of keys and signatures.
fn openssl(folder: &Path, args: &str) -> String {
    let mut openssl = Command::new("openssl");
    let done = openssl.args(args.split(' ')).current_dir(folder).output();
    let done = done.expect("openssl is installed");
    let text = String::from_utf8_lossy(&done.stdout).into_owned();
    let error = String::from_utf8_lossy(&done.stderr);
    assert!(done.status.success(), "openssl {args}: {text}{error}");
    text
}

#[test]
fn a_key_of_ours_signs_and_is_verified_and_openssl_reads_it() {
    let folder = Folder::new();
    dist(&folder);
    let made = run_in(folder.path(), &["keygen", "-o", "release.pem"])
        .expect(0)
        .out;
    let id = made
        .split("key id")
        .nth(1)
        .expect("an id")
        .split_whitespace();
    let id = id.clone().next().expect("an id");
    assert!(made.contains("PublicKey::from_hex(\""), "{made}");
    openssl(folder.path(), "pkey -in release.pem -noout -check");
    let public = openssl(folder.path(), "pkey -in release.pem -pubout");
    assert_eq!(public, text(&folder, "release.pub.pem"));
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let mode = |name: &str| {
            let meta = std::fs::metadata(folder.path().join(name)).expect("a file");
            meta.permissions().mode() & 0o777
        };
        assert_eq!(mode("release.pem"), 0o600);
    }

    let pack = ["pack", "dist", "--sign", "release.pem", "--sequence", "7"];
    let packed = run_in(folder.path(), &pack).expect(0).out;
    assert!(packed.contains(&format!("signed by key {id}")), "{packed}");
    assert!(packed.contains("sequence 7"), "{packed}");
    let shown = run_in(folder.path(), &["inspect", "www.bin"]).expect(0).out;
    assert!(
        shown.contains(&format!("signed    by key {id}: not verified")),
        "{shown}"
    );
    let inspect = ["inspect", "www.bin", "--key", "release.pub.pem"];
    let shown = run_in(folder.path(), &inspect).expect(0).out;
    assert!(shown.contains("the signature holds"), "{shown}");
    let json = run_in(
        folder.path(),
        &["inspect", "www.bin", "--key", "release.pub.pem", "--json"],
    );
    let json = json.expect(0).json();
    assert_eq!(json["signer"], id);
    assert_eq!(
        (&json["sequence"], &json["verified"]),
        (&7.into(), &true.into())
    );

    // A key that is there is never written over, and none is left beside it that belongs to no other.
    let again = run_in(folder.path(), &["keygen", "-o", "release.pem"])
        .expect(1)
        .err;
    assert!(again.contains("is there already"), "{again}");
    assert_eq!(text(&folder, "release.pub.pem"), public);
    for (there, other) in [("a.pem", "a.pub.pem"), ("b.pub.pem", "b.pem")] {
        folder.file(there, &public);
        let name = &other.replace(".pub", "")[..1];
        run_in(folder.path(), &["keygen", "-o", &format!("{name}.pem")]).expect(1);
        assert_eq!(text(&folder, there), public);
        assert!(!folder.path().join(other).exists(), "{other}");
    }
}

#[test]
fn openssl_signs_elsewhere_with_a_key_of_its_own() {
    let folder = Folder::new();
    dist(&folder);
    openssl(folder.path(), "genpkey -algorithm ed25519 -out hsm.pem");
    openssl(folder.path(), "pkey -in hsm.pem -pubout -out hsm.pub.pem");
    run_in(folder.path(), &["pack", "dist", "-o", "plain.bin"]).expect(0);
    run_in(
        folder.path(),
        &["sign", "plain.bin", "--statement", "what.bin"],
    )
    .expect(0);
    openssl(
        folder.path(),
        "pkeyutl -sign -inkey hsm.pem -rawin -in what.bin -out sig.bin",
    );
    let attach = [
        "sign",
        "plain.bin",
        "--public",
        "hsm.pub.pem",
        "--signature",
        "sig.bin",
        "-o",
        "www.bin",
    ];
    run_in(folder.path(), &attach).expect(0);
    let inspect = ["inspect", "www.bin", "--key", "hsm.pub.pem"];
    run_in(folder.path(), &inspect).expect(0);
    // Signed here by the same key it is the same image: what is signed here, OpenSSL verifies.
    let here = ["sign", "plain.bin", "--key", "hsm.pem", "-o", "here.bin"];
    run_in(folder.path(), &here).expect(0);
    assert!(folder.bytes("here.bin") == folder.bytes("www.bin"));
    openssl(
        folder.path(),
        "pkeyutl -verify -pubin -inkey hsm.pub.pem -rawin -in what.bin -sigfile sig.bin",
    );
    // Anything else is no signature of it.
    folder.file("short.bin", [0; 63]);
    folder.file("other.bin", [1; 64]);
    for (file, why) in [
        ("short.bin", "not the 64 bytes"),
        ("other.bin", "not a signature of this image"),
        ("none.bin", "none.bin"),
    ] {
        let attach = [
            "sign",
            "plain.bin",
            "--public",
            "hsm.pub.pem",
            "--signature",
            file,
        ];
        let told = run_in(folder.path(), &attach).expect(1).err;
        assert!(told.contains(why), "{told}");
    }
}

#[test]
fn a_key_that_would_be_served_is_refused() {
    let folder = Folder::new();
    dist(&folder);
    run_in(folder.path(), &["keygen", "-o", "a.pem"]).expect(0);
    for (path, bytes) in [
        ("dist/a.pem", folder.bytes("a.pem")),
        (
            "dist/key.txt",
            text(&folder, "a.pem").replace('\n', "").into_bytes(),
        ),
    ] {
        folder.file(path, bytes);
        let told = run_in(folder.path(), &["pack", "dist", "--sign", "a.pem"])
            .expect(1)
            .err;
        assert!(told.contains("every device would serve it"), "{told}");
        assert!(!folder.path().join("www.bin").exists());
        std::fs::remove_file(folder.path().join(path)).expect("it is there");
    }
    run_in(folder.path(), &["pack", "dist", "--sign", "a.pem"]).expect(0);
}

#[test]
fn a_private_key_comes_from_the_environment_too() {
    let folder = Folder::new();
    dist(&folder);
    run_in(folder.path(), &["keygen", "-o", "a.pem"]).expect(0);
    let text = text(&folder, "a.pem");
    let pack = ["pack", "dist", "--sign", "env:SIGNING_KEY", "-o", "env.bin"];
    let signed = run_with(folder.path(), &pack, &[("SIGNING_KEY", &text)]).expect(0);
    // The key is in no output.
    let secret = text.lines().nth(1).expect("a line of base64");
    assert!(!signed.out.contains(secret) && !signed.err.contains(secret));
    run_in(
        folder.path(),
        &["pack", "dist", "--sign", "a.pem", "-o", "file.bin"],
    )
    .expect(0);
    assert!(folder.bytes("env.bin") == folder.bytes("file.bin"));
    // In one line, as some keep their secrets.
    let line = text.replace('\n', "\\n");
    run_with(folder.path(), &pack, &[("SIGNING_KEY", &line)]).expect(0);
    assert!(folder.bytes("env.bin") == folder.bytes("file.bin"));
    let told = run_in(folder.path(), &pack).expect(1).err;
    assert!(told.contains("SIGNING_KEY: not set"), "{told}");
}

#[test]
fn what_is_no_key_is_told_and_nothing_is_written() {
    let folder = Folder::new();
    dist(&folder);
    run_in(folder.path(), &["keygen", "-o", "a.pem"]).expect(0);
    openssl(
        folder.path(),
        "genpkey -algorithm ed25519 -aes256 -pass pass:x -out locked.pem",
    );
    openssl(folder.path(), "genpkey -algorithm x25519 -out x25519.pem");
    openssl(
        folder.path(),
        "pkey -in x25519.pem -pubout -out x25519.pub.pem",
    );
    folder.file("empty.pem", "");
    folder.file("noise.pem", [0xff; 200]);
    folder.file("long.pem", vec![b'a'; 5000]);
    for (key, why) in [
        ("a.pub.pem", "a public key"),
        ("locked.pem", "encrypted"),
        ("x25519.pem", "not an Ed25519 private key"),
        ("empty.pem", "not an Ed25519 private key"),
        ("noise.pem", "not an Ed25519 private key"),
        ("long.pem", "too long"),
        ("none.pem", "none.pem"),
    ] {
        let told = run_in(folder.path(), &["pack", "dist", "--sign", key])
            .expect(1)
            .err;
        assert!(told.contains(why), "{key}: {told}");
        assert!(!folder.path().join("www.bin").exists(), "{key}");
    }
    run_in(folder.path(), &["pack", "dist", "--sign", "a.pem"]).expect(0);
    for (key, why) in [
        ("a.pem", "a private key"),
        ("x25519.pub.pem", "not an Ed25519 public key"),
        ("empty.pem", "not an Ed25519 public key"),
    ] {
        let told = run_in(folder.path(), &["inspect", "www.bin", "--key", key])
            .expect(1)
            .err;
        assert!(told.contains(why), "{key}: {told}");
    }
    run_in(folder.path(), &["keygen", "-o", "b.pem"]).expect(0);
    let other = ["inspect", "www.bin", "--key", "b.pub.pem"];
    let told = run_in(folder.path(), &other).expect(1).err;
    assert!(told.contains("does not know"), "{told}");
    run_in(folder.path(), &["pack", "dist", "-o", "plain.bin"]).expect(0);
    let unsigned = ["inspect", "plain.bin", "--key", "b.pub.pem"];
    let told = run_in(folder.path(), &unsigned).expect(1).err;
    assert!(told.contains("not signed"), "{told}");
    for usage in [
        &["sign", "www.bin"][..],
        &["sign", "www.bin", "--public", "a.pub.pem"],
        &["sign", "www.bin", "--signature", "x"],
        &["sign", "www.bin", "--key", "a.pem", "--statement", "x"],
        &["sign", "www.bin", "--key", "env:"],
        &["sign", "www.bin", "--key", "a.pem", "--public", "a.pub.pem"],
    ] {
        run_in(folder.path(), usage).expect(2);
    }
}

#[test]
fn a_device_with_a_key_takes_what_that_has_signed_and_says_why_it_takes_nothing_else() {
    let folder = Folder::new();
    dist(&folder);
    run_in(folder.path(), &["keygen", "-o", "a.pem"]).expect(0);
    run_in(folder.path(), &["keygen", "-o", "b.pem"]).expect(0);
    for (key, sequence, image) in [
        ("a.pem", "5", "first.bin"),
        ("a.pem", "6", "next.bin"),
        ("a.pem", "4", "older.bin"),
        ("b.pem", "7", "foreign.bin"),
    ] {
        let pack = [
            "pack",
            "dist",
            "--app-version",
            sequence,
            "--sequence",
            sequence,
        ];
        run_in(
            folder.path(),
            &[&pack[..], &["--sign", key, "-o", image]].concat(),
        )
        .expect(0);
    }
    run_in(folder.path(), &["pack", "dist", "-o", "plain.bin"]).expect(0);
    let with = |www| ["--key", "a.pub.pem", "--no-step-back", "--www", www];
    let refused = run_in(folder.path(), &[&["sim"][..], &with("plain.bin")].concat());
    let told = refused.expect(1).err;
    assert!(
        told.contains("would not serve the image: not signed"),
        "{told}"
    );
    let sim = Sim::start(folder.path(), &with("first.bin"));
    let push = |image| {
        run_in(
            folder.path(),
            &["push", image, &sim.address, "--confirm", "load", "--json"],
        )
    };
    for (image, slug) in [
        ("plain.bin", "not-signed"),
        ("foreign.bin", "other-key"),
        ("older.bin", "step-back"),
    ] {
        let told = push(image).expect(4).json();
        assert_eq!(told["devices"][0]["error"]["kind"], slug, "{told}");
    }
    push("next.bin").expect(0);
    let status = run_in(folder.path(), &["status", &sim.address, "--json"])
        .expect(0)
        .json();
    assert_eq!(status["lowest_sequence"], 6);
    assert_eq!(status["slots"][1]["sequence"], 6);
    assert_eq!(status["slots"][1]["signer"], status["signed_by"][0]);
}

/// What is in the repository for those who write a signer of their own.
#[test]
fn openssl_verifies_the_vector() {
    let folder = Folder::new();
    let vector = include_str!("../../../faceplate-pack/tests/vectors/signed.txt");
    let field = |name: &str| {
        let line = vector.lines().find_map(|line| line.strip_prefix(name));
        let digits = line.expect("it is there").trim().as_bytes();
        let byte = |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16);
        let bytes: Result<Vec<u8>, _> = digits.chunks(2).map(byte).collect();
        bytes.expect("hexadecimal digits")
    };
    // SPKI of an Ed25519 key (RFC 8410).
    let spki = b"\x30\x2a\x30\x05\x06\x03\x2b\x65\x70\x03\x21\x00";
    folder.file("public.der", [&spki[..], &field("public")].concat());
    folder.file("statement.bin", field("statement"));
    folder.file("signature.bin", field("signature"));
    let verify = "pkeyutl -verify -pubin -inkey public.der -keyform DER -rawin -in statement.bin \
                  -sigfile signature.bin";
    openssl(folder.path(), verify);
    folder.file("statement.bin", b"something else");
    let mut openssl = Command::new("openssl");
    let refused = openssl
        .args(verify.split(' '))
        .current_dir(folder.path())
        .output();
    assert!(!refused.expect("openssl is installed").status.success());
}
