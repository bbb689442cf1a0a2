//! Tokens of tenants and pointers into documents.

use std::path::Path;
use std::sync::LazyLock;

use bytes::Bytes;
use serde_json::Value;
use weir_config::{Overrides, parse};
use weir_dialect::{DialectCall, Document, EditError};
use weir_tenancy::{Denied, Tenants, key};

const PEPPER: &str = "a pepper of the tests, long enough";
const KEYS: [(&str, &str); 2] = [("acme_1", "aaaabbbbcccc"), ("zebra", "ZZZZ-zzzz-0000")];

/// Two tenants with a key each.
static TENANTS: LazyLock<Tenants> = LazyLock::new(|| {
    let mut text = format!("pepper = \"{PEPPER}\"\n[providers.p]\nkind = \"demo\"\n");
    text.push_str("[models.m]\ntargets = [{ provider = \"p\", model = \"m\" }]\n");
    for (at, (id, secret)) in KEYS.iter().enumerate() {
        let hash: String = key::hash(PEPPER.as_bytes(), id, secret).iter().map(|byte| format!("{byte:02x}")).collect();
        text.push_str(&format!(
            "[tenants.t{at}]\nmodels = [\"*\"]\n[[tenants.t{at}.keys]]\nid = \"{id}\"\nhash = \"blake3:{hash}\"\n"
        ));
    }
    let loaded =
        parse(&text, Path::new("weir.toml"), &|_| None, &Overrides::default()).expect("the tests' configuration");
    Tenants::build(&loaded.config, None)
});

/// Nobody is let in but by a whole token that was made; and a pointer leads where RFC 6901 says.
pub fn tokens(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    identified(text);
    // Whatever stands around a token that opens does not.
    for (id, secret) in KEYS {
        let token = format!("{}{id}-{secret}", key::PREFIX);
        assert!(TENANTS.identify(Some(&token)).is_ok());
        if !text.is_empty() {
            assert!(TENANTS.identify(Some(&format!("{token}{text}"))).is_err());
            assert!(TENANTS.identify(Some(&format!("{text}{token}"))).is_err());
            identified(&token.replacen(id, text, 1));
            identified(&token.replacen(secret, text, 1));
        }
    }
    let (pointer, body) = text.split_once('\n').unwrap_or((text, r#"{"a":{"b~/":[1,{"c":null}]},"":{"":2}}"#));
    pointed(pointer, body);
}

fn identified(token: &str) {
    let known = KEYS.iter().position(|(id, secret)| token == format!("{}{id}-{secret}", key::PREFIX));
    match (TENANTS.identify(Some(token)), known) {
        (Ok(caller), Some(at)) => assert_eq!(*caller.key.id, *KEYS[at].0),
        (Err(Denied::MissingKey), None) => assert!(token.is_empty()),
        (Err(Denied::MalformedKey), None) => {}
        (Err(Denied::UnknownKey), None) => {
            assert!(
                token.starts_with(key::PREFIX) && token.len() <= key::PREFIX.len() + key::MAX_ID + 1 + key::MAX_SECRET
            );
        }
        (other, known) => panic!("{other:?} of {known:?}"),
    }
}

fn pointed(pointer: &str, body: &str) {
    let Ok(tree @ Value::Object(_)) = serde_json::from_str(body) else { return };
    if body.contains("$serde_json") || body.contains(r"\u0024") {
        return;
    }
    let mut document = Document::request(DialectCall::OPENAI_CHAT, Bytes::copy_from_slice(body.as_bytes()));
    match document.get(pointer) {
        Ok(found) => {
            let found: Option<Value> = found.map(|json| serde_json::from_str(&json).unwrap());
            assert_eq!(found.as_ref(), tree.pointer(pointer));
        }
        Err(EditError::BadPointer { .. }) => assert!(!is_pointer(pointer) || pointer.matches('/').count() > 127),
        Err(other) => panic!("{other}"),
    }
}

/// RFC 6901 section 3.
fn is_pointer(text: &str) -> bool {
    let escapes = text.split('~').skip(1).all(|behind| behind.starts_with(['0', '1']));
    (text.is_empty() || text.starts_with('/')) && escapes
}
