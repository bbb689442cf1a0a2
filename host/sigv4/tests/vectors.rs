//! What the vendor's SDK for Python signed: `vectors.json`, which `vectors.py` makes.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use http::{HeaderName, HeaderValue, Request};
use serde_json::Value;
use weir_sigv4::{SigV4Error, SigningIdentity, claimed_key_id, sign, verify};

struct Vector {
    name: String,
    request: Request<Vec<u8>>,
    secret: String,
    identity: SigningIdentity,
    host: String,
}

/// A second in which vectors were made, since 1970.
const MADE: u64 = 1796073015;

/// When the vectors were made.
fn made() -> SystemTime {
    UNIX_EPOCH + Duration::from_secs(MADE)
}

fn vectors() -> Vec<Vector> {
    let all: Value = serde_json::from_str(include_str!("vectors.json")).unwrap();
    all.as_array().unwrap().iter().map(vector).collect()
}

fn vector(from: &Value) -> Vector {
    let text = |name: &str| from[name].as_str().unwrap().to_owned();
    let (host, path) =
        text("url").split_once("://").unwrap().1.split_once('/').map(|(h, p)| (h.to_owned(), format!("/{p}"))).unwrap();
    let mut request =
        Request::builder().method(text("method").as_str()).uri(path).body(text("body").into_bytes()).unwrap();
    for (name, value) in from["headers"].as_object().unwrap() {
        let value = HeaderValue::from_bytes(value.as_str().unwrap().as_bytes()).unwrap();
        request.headers_mut().insert(HeaderName::try_from(name).unwrap(), value);
    }
    let credential = request.headers()["authorization"].to_str().unwrap().to_owned();
    let region = credential.split('/').nth(2).unwrap();
    let identity = SigningIdentity {
        access_key_id: text("key").into(),
        secret_access_key: text("secret").into(),
        session_token: from["token"].as_str().map(Into::into),
        region: region.into(),
    };
    Vector { name: text("name"), request, secret: text("secret"), identity, host }
}

#[test]
fn what_the_vendors_sdk_signs_is_taken_and_under_another_secret_it_is_not() {
    let vectors = vectors();
    assert_eq!(vectors.len(), 10);
    for vector in vectors {
        let (head, body) = vector.request.into_parts();
        assert_eq!(claimed_key_id(&head.headers), Some("weir_key_of_nobody"));
        assert_eq!(verify(&head, &body, &vector.secret, made()), Ok(()), "{}", vector.name);
        let other = format!("{}x", vector.secret);
        assert_eq!(verify(&head, &body, &other, made()), Err(SigV4Error::Mismatch), "{}", vector.name);
    }
}

#[test]
fn what_is_signed_here_is_signed_as_the_vendors_sdk_does() {
    let mut same = 0;
    for vector in vectors() {
        let theirs = vector.request.headers()["authorization"].to_str().unwrap().to_owned();
        let at = vector.request.headers()["x-amz-date"].to_str().unwrap().to_owned();
        let mut request = vector.request;
        sign(&mut request, &vector.host, &vector.identity, at_second(&at)).unwrap();
        let ours = request.headers()["authorization"].to_str().unwrap();
        // The SDK signs some headers more, which are no part of what Weir asks.
        let signed = |line: &str| line.split("SignedHeaders=").nth(1).unwrap().split(',').next().unwrap().to_owned();
        if signed(ours) == signed(&theirs) {
            assert_eq!(ours, theirs, "{}", vector.name);
            same += 1;
        }
    }
    assert_eq!(same, 8);
}

/// The second of the minutes in which the vectors were made.
fn at_second(text: &str) -> SystemTime {
    let seconds: u64 = text[9..15].parse().unwrap();
    let of_day = seconds / 10_000 * 3_600 + seconds / 100 % 100 * 60 + seconds % 100;
    UNIX_EPOCH + Duration::from_secs(MADE / 86_400 * 86_400 + of_day)
}
