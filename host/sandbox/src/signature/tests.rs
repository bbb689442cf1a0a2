use super::*;

const FILE: &[u8] = b"\0asm and so on";

fn key(byte: u8) -> SecretKey {
    SecretKey(SigningKey::from_bytes(&[byte; 32]))
}

#[test]
fn a_signature_holds_for_this_file_and_this_key_alone() {
    let (ours, theirs) = (key(1), key(2));
    let line = ours.sign(FILE);
    assert_eq!(verify(FILE, &line, &[theirs.public(), ours.public()]), Ok(ours.public()));
    let signer = ours.public();
    assert_eq!(verify(FILE, &line, &[theirs.public()]), Err(SignatureError::Untrusted { signer }));
    assert_eq!(verify(FILE, &line, &[]), Err(SignatureError::Untrusted { signer }));
    let wrong = SignatureError::Wrong { line: 1, key: signer };
    assert_eq!(verify(b"\0asm and so oN", &line, &[signer]), Err(wrong));
    assert_eq!(verify(FILE, "", &[signer]), Err(SignatureError::None));
}

#[test]
fn the_line_that_holds_decides_whatever_stands_before_it() {
    let (ours, theirs) = (key(1), key(2));
    let trusted = [ours.public()];
    let (good, old) = (ours.sign(FILE), ours.sign(b"another file"));
    for before in ["# by the build", "", "rubbish", &theirs.sign(FILE), &old, "ed25519:AAAA AAAA"] {
        assert_eq!(verify(FILE, &format!("{before}\r\n{good}\n"), &trusted), Ok(ours.public()), "{before}");
    }
    let stale = format!("{}\n{old}\n", theirs.sign(FILE));
    assert_eq!(verify(FILE, &stale, &trusted), Err(SignatureError::Wrong { line: 2, key: ours.public() }));
    let shown = signers(FILE, &format!("{}\n# note\n{old}\n{good}", theirs.sign(FILE)));
    let wrong = SignatureError::Wrong { line: 3, key: ours.public() };
    assert_eq!(shown, [Ok(theirs.public()), Err(wrong), Ok(ours.public())]);
}

#[test]
fn lines_without_end_are_not_looked_at() {
    let many = "rubbish\n".repeat(LINES) + &key(1).sign(FILE);
    assert!(matches!(verify(FILE, &many, &[key(1).public()]), Err(SignatureError::Malformed { line: 1, .. })));
    assert_eq!(verify(FILE, &"\n".repeat(LINES + 1), &[key(1).public()]), Err(SignatureError::TooMany));
}

#[test]
fn what_is_no_signature_is_told_with_its_line() {
    let public = key(1).public();
    let signed = key(1).sign(FILE);
    for (line, why) in [
        ("rubbish".to_owned(), "a blank"),
        (format!("{public}"), "a blank"),
        (format!("{public} AAAA"), "64 bytes"),
        (format!("{public} !"), "64 bytes"),
        (signed.replacen("ed25519:", "rsa:", 1), "begins with `ed25519:`"),
        (signed.replacen("ed25519:", "ed25519:A", 1), "32 bytes"),
    ] {
        let error = verify(FILE, &format!("\n{line}"), &[public]).unwrap_err();
        assert!(matches!(&error, SignatureError::Malformed { line: 2, .. }), "{error}");
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
        ("", KeyError::Kind("ed25519:")),
        (&secret.to_line(), KeyError::Kind("ed25519:")),
        ("ed25519:", KeyError::Encoding("ed25519:")),
        ("ed25519:AAAA", KeyError::Encoding("ed25519:")),
        ("ed25519:§", KeyError::Encoding("ed25519:")),
        (&neutral, KeyError::NoKey),
    ] {
        assert_eq!(text.parse::<PublicKey>(), Err(error), "{text}");
    }
    assert_eq!(secret.public().to_string().parse::<SecretKey>().unwrap_err(), KeyError::Kind("ed25519-secret:"));
}

#[test]
fn a_secret_key_is_not_shown() {
    let secret = key(7);
    let line = secret.to_line();
    let hidden = line.strip_prefix("ed25519-secret:").unwrap();
    assert!(!format!("{secret:?}").contains(hidden));
    assert!(!secret.sign(FILE).contains(hidden));
}
