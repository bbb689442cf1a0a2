use proptest::prelude::*;

use super::*;

const PEPPER: &[u8] = b"pepper";

#[test]
fn a_new_key_parses_back_into_its_id_and_a_secret_of_160_bits() {
    let key = generate("team_7").unwrap();
    let token = key.token();
    let (id, secret) = parse(&token).unwrap();
    assert_eq!(id, "team_7");
    assert_eq!(secret.len(), 32);
    assert!(secret.chars().all(|c| BASE32.contains(&c)));
    assert_eq!(key.id(), "team_7");
}

#[test]
fn no_two_new_keys_are_alike() {
    assert_ne!(generate("a").unwrap().token(), generate("a").unwrap().token());
}

#[test]
fn the_hash_line_is_what_the_configuration_reads() {
    let key = generate("a").unwrap();
    let line = key.hash_line(PEPPER);
    let hex = line.strip_prefix("blake3:").unwrap();
    let token = key.token();
    let (id, secret) = parse(&token).unwrap();
    assert_eq!(blake3::Hash::from_hex(hex).unwrap().as_bytes(), &hash(PEPPER, id, secret));
}

#[test]
fn base32_follows_rfc_4648() {
    // Section 10's vectors, lower-cased; the five-byte ones are those that we produce.
    assert_eq!(base32(b"fooba"), "mzxw6ytb");
    assert_eq!(base32(&[0xff; 5]), "77777777");
    assert_eq!(base32(&[0; 10]), "aaaaaaaaaaaaaaaa");
}

#[test]
fn the_hash_is_the_documented_construction() {
    let mut material = PEPPER.to_vec();
    material.push(0);
    material.extend_from_slice(b"acme");
    let key = blake3::derive_key("weir tenant key v1", &material);
    assert_eq!(hash(PEPPER, "acme", "s3cret"), *blake3::keyed_hash(&key, b"s3cret").as_bytes());
}

#[test]
fn pepper_id_and_secret_each_change_the_hash() {
    let hashes = [
        hash(PEPPER, "a", "s"),
        hash(b"other", "a", "s"),
        hash(PEPPER, "b", "s"),
        hash(PEPPER, "a", "t"),
        hash(b"", "a", "s"),
    ];
    for (i, one) in hashes.iter().enumerate() {
        assert!(hashes[i + 1..].iter().all(|other| other != one));
    }
}

#[test]
fn an_id_that_a_token_could_not_carry_makes_no_key() {
    for id in ["", "A", "a-b", "a b", "ü", "a.b", &"x".repeat(MAX_ID + 1)] {
        assert_eq!(generate(id), Err(KeyError::BadId { id: id.to_owned() }), "{id}");
    }
    assert!(generate(&"x".repeat(MAX_ID)).is_ok());
}

#[test]
fn tokens_are_read_up_to_the_first_hyphen_after_the_prefix() {
    let long = format!("sk-weir-a-{}", "s".repeat(MAX_SECRET));
    let table: &[(&str, Option<(&str, &str)>)] = &[
        ("sk-weir-a-b", Some(("a", "b"))),
        ("sk-weir-a_1-b-c-d", Some(("a_1", "b-c-d"))),
        (&long, Some(("a", &long[10..]))),
        ("", None),
        ("sk-weir-", None),
        ("sk-weir-a", None),
        ("sk-weir-a-", None),
        ("sk-weir--b", None),
        ("sk-weir-A-b", None),
        ("sk-proj-a-b", None),
        ("Bearer sk-weir-a-b", None),
        (" sk-weir-a-b", None),
        ("sk-weir-a-b ", None),
        ("sk-weir-a-b\u{0}", None),
        ("sk-weir-a-ü", None),
    ];
    for (token, expected) in table {
        assert_eq!(parse(token).ok(), *expected, "{token:?}");
    }
    assert!(parse(&format!("{long}s")).is_err());
}

#[test]
fn debug_of_a_new_key_shows_the_id_only() {
    let key = generate("acme").unwrap();
    let shown = format!("{key:?}");
    assert!(shown.contains("acme"));
    assert!(!shown.contains(&key.secret));
}

proptest! {
    #[test]
    fn any_text_is_parsed_or_refused_without_a_panic(token in ".{0,400}") {
        if let Ok((id, secret)) = parse(&token) {
            prop_assert_eq!(format!("sk-weir-{id}-{secret}"), token);
        }
    }
}
