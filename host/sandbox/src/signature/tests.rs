use super::*;

const WASM: &[u8] = b"\0asm and so on";
const SETTINGS: &[u8] = b"config = { deny = [\"bluebird\"] }";

fn verify(found: &SignedFiles<'_>, signatures: &str, keys: &[PublicKey]) -> Result<Vouched, SignatureError> {
    SignatureFile::read(signatures)?.verify(found, keys)
}

fn key(byte: u8) -> SecretKey {
    SecretKey::of([byte; 32])
}

fn manifest() -> Manifest {
    Manifest::of("strict", 7, WASM, Some(SETTINGS), None)
}

fn found() -> SignedFiles<'static> {
    let (settings, schema) = (Beside::of(Some(SETTINGS)), Beside::of(None));
    SignedFiles { name: "strict", component: blake3::hash(WASM), settings, schema }
}

fn vouched() -> Vouched {
    Vouched { version: 7, manifest: blake3::hash(manifest().text().as_bytes()) }
}

/// The text of a `.sig` file with the manifest above and these lines.
fn file(lines: &[&str]) -> String {
    format!("{}{}\n", manifest().text(), lines.join("\n"))
}

#[test]
fn a_signature_holds_for_this_manifest_and_this_key_alone() {
    let (ours, theirs) = (key(1), key(2));
    let text = file(&[&sign(&manifest(), &ours)]);
    assert_eq!(verify(&found(), &text, &[theirs.public(), ours.public()]), Ok(vouched()));
    let signer = ours.public();
    assert_eq!(verify(&found(), &text, &[theirs.public()]), Err(SignatureError::Untrusted { signer }));
    assert_eq!(verify(&found(), &text, &[]), Err(SignatureError::Untrusted { signer }));
    let wrong = SignatureError::Wrong { line: 7, key: signer };
    for (from, to) in [("strict", "lax"), ("version 7", "version 8"), ("schema none", "schema blake3:00")] {
        let changed = text.replacen(from, to, 1);
        let error = verify(&found(), &changed, &[signer]).unwrap_err();
        assert!(error == wrong || matches!(error, SignatureError::Manifest { line: 6, .. }), "{error}");
    }
    assert_eq!(verify(&found(), "", &[signer]), Err(SignatureError::None));
    assert_eq!(verify(&found(), &manifest().text(), &[signer]), Err(SignatureError::None));
}

#[test]
fn what_is_there_must_be_what_was_signed_in_every_part() {
    let (text, trusted) = (file(&[&sign(&manifest(), &key(1))]), [key(1).public()]);
    let differs = |found: SignedFiles<'_>| match verify(&found, &text, &trusted).unwrap_err() {
        SignatureError::Differs(difference) => difference,
        other => panic!("{other}"),
    };
    let other = Beside::of(Some(b"other"));
    let name = Difference::Name { signed: "strict".to_owned(), found: "lax".to_owned() };
    assert_eq!(differs(SignedFiles { name: "lax", ..found() }), name);
    let component = blake3::hash(b"other");
    assert_eq!(differs(SignedFiles { component, ..found() }), Difference::Changed(PluginPart::Component));
    assert_eq!(differs(SignedFiles { settings: other, ..found() }), Difference::Changed(PluginPart::Settings));
    assert_eq!(differs(SignedFiles { settings: Beside::Absent, ..found() }), Difference::Gone(PluginPart::Settings));
    assert_eq!(differs(SignedFiles { schema: other, ..found() }), Difference::Added(PluginPart::Schema));
    // What decides nothing here is not asked for.
    assert_eq!(
        verify(&SignedFiles { settings: Beside::Unread, schema: Beside::Unread, ..found() }, &text, &trusted),
        Ok(vouched())
    );
    let empty = Manifest { settings: Some(blake3::hash(b"")), ..manifest() };
    let text = format!("{}{}", empty.text(), sign(&empty, &key(1)));
    let error = verify(&SignedFiles { settings: Beside::Absent, ..found() }, &text, &trusted).unwrap_err();
    assert_eq!(
        error,
        SignatureError::Differs(Difference::Gone(PluginPart::Settings)),
        "an empty file is no absent one"
    );
}

#[test]
fn a_manifest_is_written_in_one_way_alone() {
    let text = file(&[&sign(&manifest(), &key(1))]);
    let trusted = [key(1).public()];
    assert_eq!(verify(&found(), &text, &trusted), Ok(vouched()));
    for (from, to) in [
        ("weir-plugin 2", "weir-plugin 3"),
        ("weir-plugin 2\n", "weir-plugin 2\r\n"),
        ("weir-plugin 2\n", "\nweir-plugin 2\n"),
        ("weir-plugin 2\n", "weir-plugin 2\n# note\n"),
        ("name strict", "name  strict"),
        ("name strict", "name strict "),
        ("name strict", "name st/rict"),
        ("version 7", "version 07"),
        ("version 7", "version +7"),
        ("version 7", "version -7"),
        ("version 7", "version 18446744073709551616"),
        ("component blake3:", "component blake3:0"),
        ("component blake3:", "component "),
        ("settings ", "settings\t"),
        ("schema none\n", ""),
        ("schema none", "schema None"),
        ("settings", "schema"),
    ] {
        let changed = text.replacen(from, to, 1);
        assert_ne!(changed, text, "{from:?}");
        assert!(verify(&found(), &changed, &trusted).is_err(), "{changed}");
    }
    let shouted = manifest().text().to_uppercase();
    let digits = |text: &str| text.lines().nth(3).unwrap().rsplit_once(':').unwrap().1.to_owned();
    let upper = text.replacen(&digits(&manifest().text()), &digits(&shouted), 1);
    let error = verify(&found(), &upper, &trusted).unwrap_err();
    assert!(matches!(error, SignatureError::Manifest { .. }), "{error}");
    for name in ["strict", "a", "A.b-c_9"] {
        let one = Manifest { name: name.to_owned(), ..manifest() };
        assert_eq!(Manifest::read(&one.text()), Ok((one, "")));
    }
    for name in ["", ".a", "a b", "a\nb", "ä", "a.wasm", &"a".repeat(129)] {
        assert!(!Manifest::is_name(name), "{name:?}");
    }
}

#[test]
fn a_signature_of_bytes_alone_says_how_to_sign_anew() {
    // As `weir plugin sign` made them before there were manifests.
    let old = [b"weir-plugin-v1\0".as_slice(), blake3::hash(WASM).as_bytes()].concat();
    let line = format!("{} {}", key(1).public(), STANDARD.encode(key(1).sign_bytes(&old)));
    for text in [line.clone(), format!("# by the build\n\n{line}\n")] {
        let error = verify(&found(), &text, &[key(1).public()]).unwrap_err();
        assert_eq!(error, SignatureError::BytesAlone);
        assert!(error.to_string().contains("sign anew with `weir plugin sign"), "{error}");
    }
    let error = verify(&found(), &file(&[&line]), &[key(1).public()]).unwrap_err();
    assert_eq!(error, SignatureError::Wrong { line: 7, key: key(1).public() }, "nor does it hold for a manifest");
}

#[test]
fn the_line_that_holds_decides_whatever_stands_before_it() {
    let (ours, theirs) = (key(1), key(2));
    let trusted = [ours.public()];
    let (good, foreign) = (sign(&manifest(), &ours), sign(&manifest(), &theirs));
    let old = sign(&Manifest { version: 6, ..manifest() }, &ours);
    for before in ["# by the build", "", "rubbish", &foreign, &old, "ed25519:AAAA AAAA"] {
        assert_eq!(verify(&found(), &file(&[before, &good]), &trusted), Ok(vouched()), "{before}");
    }
    let stale = file(&[&foreign, &old]);
    assert_eq!(verify(&found(), &stale, &trusted), Err(SignatureError::Wrong { line: 8, key: ours.public() }));
    let text = file(&[&foreign, "# note", &old, &good]);
    let shown = SignatureFile::read(&text).unwrap().signers();
    let wrong = SignatureError::Wrong { line: 9, key: ours.public() };
    assert_eq!(shown, [Ok(theirs.public()), Err(wrong), Ok(ours.public())]);
    let read = SignatureFile::read(&text).unwrap();
    assert_eq!(read.others(&ours.public()).collect::<Vec<_>>(), [foreign.as_str()]);
}

#[test]
fn lines_without_end_are_not_looked_at() {
    let good = sign(&manifest(), &key(1));
    let trusted = [key(1).public()];
    let many = format!("{}{}{good}", manifest().text(), "rubbish\n".repeat(LINES));
    assert!(matches!(verify(&found(), &many, &trusted), Err(SignatureError::Malformed { line: 7, .. })));
    let empty = format!("{}{}{good}", manifest().text(), "\n".repeat(LINES));
    assert_eq!(verify(&found(), &empty, &trusted), Err(SignatureError::TooMany));
}

#[test]
fn what_is_no_signature_is_told_with_its_line() {
    let public = key(1).public();
    let signed = sign(&manifest(), &key(1));
    for (line, why) in [
        ("rubbish".to_owned(), "a blank"),
        (format!("{public}"), "a blank"),
        (format!("{public} AAAA"), "64 bytes"),
        (format!("{public} !"), "64 bytes"),
        (signed.replacen("ed25519:", "rsa:", 1), "begins with `ed25519:`"),
        (signed.replacen("ed25519:", "ed25519:A", 1), "32 bytes"),
    ] {
        let error = verify(&found(), &file(&["", &line]), &[public]).unwrap_err();
        assert!(matches!(&error, SignatureError::Malformed { line: 8, .. }), "{error}");
        assert!(error.to_string().contains(why), "{line}: {error}");
    }
}

#[test]
fn keys_are_read_as_they_are_written() {
    let secret = SecretKey::generate().unwrap();
    let again: SecretKey = format!("{}\n", secret.to_line()).parse().unwrap();
    assert_eq!(again.public(), secret.public());
    assert_eq!(secret.public().to_string().parse(), Ok(secret.public()));
    let neutral = format!("ed25519:{}", STANDARD.encode([[1].as_slice(), &[0; 31]].concat()));
    for (text, error) in [
        ("", SigningKeyError::Kind("ed25519:")),
        (&secret.to_line(), SigningKeyError::Kind("ed25519:")),
        ("ed25519:", SigningKeyError::Encoding("ed25519:")),
        ("ed25519:AAAA", SigningKeyError::Encoding("ed25519:")),
        ("ed25519:§", SigningKeyError::Encoding("ed25519:")),
        (&neutral, SigningKeyError::NoKey),
    ] {
        assert_eq!(text.parse::<PublicKey>(), Err(error), "{text}");
    }
    assert_eq!(secret.public().to_string().parse::<SecretKey>().unwrap_err(), SigningKeyError::Kind("ed25519-secret:"));
}

#[test]
fn a_secret_key_is_not_shown() {
    let secret = key(7);
    let line = secret.to_line();
    let hidden = line.strip_prefix("ed25519-secret:").unwrap();
    assert!(!format!("{secret:?}").contains(hidden));
    assert!(!sign(&manifest(), &secret).contains(hidden));
}
