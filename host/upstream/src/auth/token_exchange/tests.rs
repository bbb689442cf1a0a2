use std::time::{Duration, Instant};

use base64::Engine as _;
use http::StatusCode;
use ring::signature::{KeyPair as _, RSA_PKCS1_2048_8192_SHA256, UnparsedPublicKey};
use serde_json::{Value, json};
use weir_config::{Secret, ServiceAccount};

use super::{TokenExchange, URL_SAFE_NO_PAD, read};

fn account() -> ServiceAccount {
    ServiceAccount {
        email: "weir@p.example".to_owned(),
        key_id: Some("k1".to_owned()),
        private_key: Secret::new(include_str!("../../../tests/rsa_of_nobody.pem")),
        token_uri: "https://tokens.example/token".to_owned(),
        project: None,
    }
}

#[test]
fn who_asks_is_said_as_google_wants_it_and_signed_with_the_accounts_key() {
    let exchange = TokenExchange::new(&account(), None).unwrap();
    let assertion = exchange.assertion(1_000).unwrap();
    let (text, signature) = assertion.rsplit_once('.').unwrap();
    let bytes = |part: &str| URL_SAFE_NO_PAD.decode(part).unwrap();
    let public = UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, exchange.key.public_key().as_ref());
    public.verify(text.as_bytes(), &bytes(signature)).unwrap();
    let (head, claims) = text.split_once('.').unwrap();
    let json = |part: &str| serde_json::from_slice::<Value>(&bytes(part)).unwrap();
    assert_eq!(json(head), json!({"alg": "RS256", "typ": "JWT", "kid": "k1"}));
    assert_eq!(
        json(claims),
        json!({
            "iss": "weir@p.example",
            "scope": "https://www.googleapis.com/auth/cloud-platform",
            "aud": "https://tokens.example/token",
            "iat": 1_000,
            "exp": 4_600
        })
    );
    let without = TokenExchange::new(&ServiceAccount { key_id: None, ..account() }, None).unwrap();
    let assertion = without.assertion(1_000).unwrap();
    assert_eq!(json(assertion.split('.').next().unwrap()), json!({"alg": "RS256", "typ": "JWT"}));
    assert!(!format!("{without:?}").contains("weir@"));
}

#[test]
fn a_token_holds_as_long_as_its_server_says_and_a_day_at_most() {
    let asked = Instant::now();
    for (said, seconds) in [(3_599_u64, 3_599), (1, 1), (u64::MAX, 86_400)] {
        let answer = json!({"access_token": "ya29.x", "token_type": "Bearer", "expires_in": said}).to_string();
        let token = read(StatusCode::OK, answer.as_bytes(), asked).unwrap_or_else(|why| panic!("{why}"));
        assert_eq!((token.header.as_bytes(), token.header.is_sensitive()), (&b"Bearer ya29.x"[..], true));
        assert_eq!((token.life, token.until - asked), (Duration::from_secs(seconds), Duration::from_secs(seconds)));
    }
}

#[test]
fn what_is_no_token_is_none_and_says_why_without_a_word_that_is_not_a_code() {
    let of = |status: u16, body: &str| read(StatusCode::from_u16(status).unwrap(), body.as_bytes(), Instant::now());
    for (status, body, wanted) in [
        (400, r#"{"error":"invalid_grant","error_description":"s3cret"}"#, "answered 400 Bad Request (invalid_grant)"),
        (401, r#"{"error":"S3CRET s3cret"}"#, "answered 401 Unauthorized"),
        (503, "<html>s3cret", "answered 503 Service Unavailable"),
        (302, "", "answered 302 Found"),
        (200, "s3cret", "without a token"),
        (200, r#"{"access_token":"","expires_in":1}"#, "without a token"),
        (200, r#"{"access_token":"s3\ncret","expires_in":1}"#, "without a token"),
        (200, r#"{"access_token":"s3cret"}"#, "how long"),
        (200, r#"{"access_token":"s3cret","expires_in":0}"#, "how long"),
        (200, r#"{"access_token":"s3cret","expires_in":"1"}"#, "how long"),
    ] {
        let said = of(status, body).err().unwrap();
        assert!(said.ends_with(wanted) || said.contains(wanted), "{body}: {said}");
        assert!(!said.to_lowercase().contains("s3cret"), "{said}");
    }
}
