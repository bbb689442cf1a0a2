//! Clients of Bedrock that sign their requests as AWS' SDKs do.

use crate::client_dialects::config_of;
use crate::support::client::Reply;
use crate::support::clients::{CLIENTS, Client};
use crate::support::wires::WIRES;
use crate::support::{Gateway, send};
use http::Request;
use std::time::{Duration, SystemTime};
use weir_sigv4::{SigningIdentity, sign};

const SECRET: &str = "made-up/secret+access-key";

fn client() -> &'static Client {
    CLIENTS.iter().find(|client| client.name == "converse").unwrap()
}

/// A gateway whose key `acme` may sign, in front of a provider of Anthropic's dialect.
fn gateway() -> (crate::support::upstream::Upstream, Gateway) {
    let upstream = WIRES[0].upstream();
    let config = config_of(&WIRES[0], upstream.address, "their-model", "retries = 0");
    let config = config.replace("id = \"acme\"", &format!("id = \"acme\"\nsecret = \"{SECRET}\""));
    (upstream, Gateway::start_traced(&config))
}

/// Signs a body with a key, and sends what may be another one.
fn signed(gateway: &Gateway, (id, secret): (&str, &str), (body, sent): (&str, &str), when: SystemTime) -> Reply {
    let path = client().paths[0];
    let mut request = Request::post(path).header("content-type", "application/json").body(body.to_owned()).unwrap();
    let identity = SigningIdentity {
        access_key_id: id.into(),
        secret_access_key: secret.into(),
        session_token: None,
        region: "eu-central-1".into(),
    };
    // As the client that sends it calls the gateway.
    sign(&mut request, "localhost", &identity, when).unwrap();
    let headers: Vec<(String, String)> = request
        .headers()
        .iter()
        .filter(|(name, _)| *name != "content-type")
        .map(|(name, value)| (name.to_string(), value.to_str().unwrap().to_owned()))
        .collect();
    let headers: Vec<(&str, &str)> = headers.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    send(gateway.address, "POST", path, &headers, sent.as_bytes())
}

#[test]
fn a_signed_request_is_its_keys_and_any_other_is_nobodys() {
    let (upstream, gateway) = gateway();
    let (body, now) = ((client().question)(false).to_string(), SystemTime::now());
    let good = signed(&gateway, ("acme", SECRET), (&body, &body), now);
    assert_eq!(good.status, 200, "{}", good.text());
    assert_eq!((client().whole)(&good.json()).text, "I look.");
    soon_eq!(gateway.metric("weir_requests_total", &["tenant=\"acme\"", "status=\"200\""]), 1.0);

    let other = body.replace("Weather?", "Secrets?");
    let hours = Duration::from_secs(3600);
    for (what, reply) in [
        ("another body", signed(&gateway, ("acme", SECRET), (&body, &other), now)),
        ("another secret", signed(&gateway, ("acme", "other"), (&body, &body), now)),
        ("another key", signed(&gateway, ("nobody", SECRET), (&body, &body), now)),
        ("a key that signs nothing", signed(&gateway, ("globex", SECRET), (&body, &body), now)),
        ("an hour ago", signed(&gateway, ("acme", SECRET), (&body, &body), now - hours)),
        ("in an hour", signed(&gateway, ("acme", SECRET), (&body, &body), now + hours)),
    ] {
        let (word, message) = (client().error)(&reply);
        assert_eq!((reply.status, word.as_str()), (403, "UnrecognizedClientException"), "{what}: {message}");
        assert!(!reply.text().contains(SECRET), "{what}");
    }
    assert_eq!(upstream.seen().len(), 1);
    assert!(!upstream.seen()[0].head.contains("AWS4"), "{}", upstream.seen()[0].head);
    assert!(!gateway.log().contains(SECRET));
}
