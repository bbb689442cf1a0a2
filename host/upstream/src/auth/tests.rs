use std::time::Duration;

use bytes::Bytes;
use http::Request;
use weir_config::{Overrides, ProviderConfig, parse};

use super::AuthScheme;

const PEM: &str = include_str!("../../tests/rsa_of_nobody.pem");

fn provider(lines: &str) -> ProviderConfig {
    let text = format!("[providers.p]\n{lines}");
    let read = parse(&text, std::path::Path::new("weir.toml"), &|_| None, &Overrides::default());
    read.unwrap_or_else(|problems| panic!("{problems}")).config.providers.remove(0)
}

fn key_file(pem: &str) -> String {
    let file = serde_json::json!({"type": "service_account", "client_email": "weir@p.example", "private_key": pem});
    format!("kind = \"vertex\"\nproject = \"p\"\nlocation = \"l\"\ncredentials = '{file}'")
}

const SIGNED: &str = "kind = \"bedrock\"\nregion = \"eu-central-1\"\naccess_key_id = \"AK\"\nsecret_access_key = \"a-s3cret\"\nsession_token = \"a-t0ken-\"";

#[test]
fn a_provider_is_told_who_asks_as_its_configuration_says() {
    for (lines, wanted) in [
        ("kind = \"openai\"\napi_key = \"k\"".to_owned(), "Headers"),
        ("kind = \"bedrock\"\nregion = \"r\"\napi_key = \"k\"".to_owned(), "Headers"),
        ("kind = \"vertex\"\nproject = \"p\"\nlocation = \"l\"\napi_key = \"k\"".to_owned(), "Headers"),
        (SIGNED.to_owned(), "Signature"),
        (key_file(PEM), "Token"),
    ] {
        let scheme = AuthScheme::of(&provider(&lines)).unwrap();
        let said = format!("{scheme:?}");
        assert!(said.starts_with(wanted) && !said.contains("s3cret") && !said.contains("t0ken"), "{said}");
        assert_eq!(scheme.is_of_each_request(), wanted != "Headers");
        assert_eq!(scheme.trouble(), None, "nothing was dialled");
    }
    let none = key_file("-----BEGIN PRIVATE KEY-----\nczNjcmV0\n-----END PRIVATE KEY-----\n");
    let said = AuthScheme::of(&provider(&none)).unwrap_err().to_string();
    assert!(
        said.contains("provider p: credentials: its private_key is no RSA key") && !said.contains("czNj"),
        "{said}"
    );
}

#[tokio::test]
async fn each_request_gets_a_signature_of_its_own_and_what_repeats_a_secret_is_known() {
    let scheme = AuthScheme::of(&provider(SIGNED)).unwrap();
    let signed = async |body: &'static str| {
        let mut request = Request::post("/model/m/converse").body(Bytes::from(body)).unwrap();
        scheme.authorise(&mut request, "b.example", Duration::ZERO).await.unwrap();
        request.headers()["authorization"].to_str().unwrap().to_owned()
    };
    let (one, other) = (signed("{}").await, signed("{ }").await);
    assert!(one.starts_with("AWS4-HMAC-SHA256 Credential=AK/") && one != other, "{one}");
    for (text, is_there) in [("a-s3cret", true), ("x a-t0ken- x", true), ("a-s3cre", false), ("AK", false)] {
        assert_eq!(scheme.is_secret_in(text.as_bytes()), is_there, "{text}");
    }
}
