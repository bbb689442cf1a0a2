use std::path::Path;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use http::{HeaderValue, Request};
use weir_config::{Overrides, parse};
use weir_sigv4::{SigV4Error, SigningIdentity, sign};

use super::SignedDenial;
use crate::Tenants;

fn tenants() -> Tenants {
    let hash = format!("blake3:{}", "0".repeat(64));
    let text = format!(
        "[providers.p]\nkind = \"demo\"\n[models.m]\ntargets = [\"p/m\"]\n[tenants.acme]\nmodels = [\"*\"]\n\
         [[tenants.acme.keys]]\nid = \"ci\"\nhash = \"{hash}\"\nsecret = \"s3cret-of-ci-0123\"\n\
         [[tenants.acme.keys]]\nid = \"plain\"\nhash = \"{hash}\"\n"
    );
    let loaded = parse(&text, Path::new("weir.toml"), &|_| None, &Overrides::default());
    Tenants::build(&loaded.unwrap_or_else(|problems| panic!("{problems}")).config, None)
}

fn now() -> SystemTime {
    UNIX_EPOCH + Duration::from_secs(1_769_903_999)
}

fn signed(id: &str, secret: &str) -> Request<Vec<u8>> {
    let mut request = Request::post("/model/m/converse").body(b"{}".to_vec()).unwrap();
    let identity = SigningIdentity {
        access_key_id: id.into(),
        secret_access_key: secret.into(),
        session_token: None,
        region: "us-east-1".into(),
    };
    sign(&mut request, "weir.example", &identity, now()).unwrap();
    request.headers_mut().insert("host", HeaderValue::from_static("weir.example"));
    request
}

#[test]
fn who_signs_with_a_keys_secret_is_the_keys_caller() {
    let tenants = tenants();
    let (head, body) = signed("ci", "s3cret-of-ci-0123").into_parts();
    let claimed = tenants.claimed(&head.headers).unwrap();
    assert!(!format!("{claimed:?}").contains("s3cret"));
    let caller = claimed.proven(&head, &body, now()).unwrap();
    assert_eq!((&*caller.tenant.name, &*caller.key.id), ("acme", "ci"));
    assert_eq!(
        claimed.proven(&head, b"{ }", now()).unwrap_err(),
        SignedDenial::Signature(SigV4Error::Mismatch),
        "another body"
    );
    let late = now() + Duration::from_secs(301);
    assert_eq!(claimed.proven(&head, &body, late).unwrap_err(), SignedDenial::Signature(SigV4Error::Skew));
}

#[test]
fn a_key_that_is_not_there_has_no_secret_or_another_one_lets_nobody_in() {
    let tenants = tenants();
    let claim = |request: &Request<Vec<u8>>| tenants.claimed(request.headers()).map(|_| ()).unwrap_err();
    assert_eq!(claim(&signed("nobody", "s3cret-of-ci-0123")), SignedDenial::UnknownKey);
    let said = claim(&signed("plain", ""));
    assert_eq!(said, SignedDenial::NoSecret);
    assert!(said.to_string().contains("AWS_BEARER_TOKEN_BEDROCK"), "{said}");
    assert_eq!(claim(&Request::new(Vec::new())), SignedDenial::Unsigned);
    let (head, body) = signed("ci", "s3cret-of-ci-0124").into_parts();
    let denied = tenants.claimed(&head.headers).unwrap().proven(&head, &body, now()).unwrap_err();
    assert_eq!(denied, SignedDenial::Signature(SigV4Error::Mismatch));
}
