//! Whose key is it: every way a token may come in, every way it may be wrong, and what each tenant may see.

use crate::support::upstream::{CHAT, Upstream};
use crate::support::{ACME, GLOBEX, Gateway, Reply, chat, config_with, get, post, send};
use std::net::SocketAddr;

const OTHER_MODEL: &str = "[models.secret]\ntargets = [\"up/secret\"]\n";

fn start() -> (Upstream, Gateway) {
    let upstream = Upstream::chat();
    let gateway = Gateway::start(&config_with(upstream.address, "retries = 0", OTHER_MODEL));
    (upstream, gateway)
}

fn ask(address: SocketAddr, headers: &[(&str, &str)]) -> Reply {
    send(address, "POST", "/v1/chat/completions", headers, chat("hi").as_bytes())
}

#[test]
fn a_token_is_taken_from_wherever_client_libraries_put_it() {
    let (_upstream, gateway) = start();
    let bearer = format!("Bearer {ACME}");
    let lower = format!("bearer {ACME}");
    for header in [
        ("authorization", bearer.as_str()),
        ("authorization", lower.as_str()),
        ("x-api-key", ACME),
        ("x-goog-api-key", ACME),
        ("api-key", ACME),
    ] {
        assert_eq!(ask(gateway.address, &[header]).status, 200, "{header:?}");
    }
}

#[test]
fn missing_malformed_and_unknown_keys_are_401_with_their_codes_and_a_challenge() {
    let (upstream, gateway) = start();
    let cases: [(&[(&str, &str)], &str); 9] = [
        (&[], "missing_api_key"),
        (&[("authorization", "Bearer ")], "missing_api_key"),
        (&[("x-api-key", "")], "missing_api_key"),
        (&[("authorization", "Basic YTpi")], "missing_api_key"),
        (&[("authorization", "Bearer sk-proj-abcdef")], "invalid_api_key"),
        (&[("authorization", "Bearer sk-weir-acme")], "invalid_api_key"),
        (&[("authorization", "Bearer sk-weir-nobody-demo")], "invalid_api_key"),
        (&[("authorization", "Bearer sk-weir-acme-wrong")], "invalid_api_key"),
        (&[("x-api-key", "sk-weir-acme-DEMO")], "invalid_api_key"),
    ];
    for (headers, code) in cases {
        let reply = ask(gateway.address, headers);
        assert_eq!((reply.status, reply.code().as_str()), (401, code), "{headers:?}");
        assert_eq!(reply.header("www-authenticate"), Some("Bearer realm=\"weir\""), "{headers:?}");
        assert_eq!(reply.json()["error"]["type"], "authentication_error");
    }
    assert!(upstream.seen().is_empty());
}

#[test]
fn an_unknown_id_and_a_wrong_secret_are_answered_in_the_same_words() {
    let (_upstream, gateway) = start();
    let unknown = post(gateway.address, "sk-weir-nobody-demo", &chat("hi"));
    let wrong = post(gateway.address, "sk-weir-acme-wrong", &chat("hi"));
    assert_eq!(unknown.text(), wrong.text());
    let names = |reply: &Reply| reply.headers.iter().map(|(name, _)| name.clone()).collect::<Vec<_>>();
    assert_eq!(names(&unknown), names(&wrong));
}

#[test]
fn a_bad_authorization_header_is_not_mended_by_a_good_key_elsewhere() {
    let (_upstream, gateway) = start();
    let reply = ask(gateway.address, &[("authorization", "Bearer sk-weir-acme-wrong"), ("x-api-key", ACME)]);
    assert_eq!(reply.status, 401);
}

#[test]
fn each_key_sees_the_models_that_it_may_use() {
    let upstream = Upstream::chat();
    // The key `acme` is held to a model of its own, although its tenant may use all.
    let config = config_with(upstream.address, "retries = 0", OTHER_MODEL);
    let gateway = Gateway::start(&config);
    let models = |gateway: &Gateway, token| {
        let list = get(gateway.address, "/v1/models", Some(token)).json();
        assert_eq!(list["object"], "list");
        let mut ids: Vec<String> =
            list["data"].as_array().unwrap().iter().map(|m| m["id"].as_str().unwrap().to_owned()).collect();
        ids.sort();
        ids
    };
    assert_eq!(models(&gateway, ACME), ["m", "secret"]);
    assert_eq!(models(&gateway, GLOBEX), ["m"]);
    assert_eq!(get(gateway.address, "/v1/models", None).status, 401);

    let held = config.replace("id = \"acme\"\n", "id = \"acme\"\nmodels = [\"secret\"]\n");
    let gateway = Gateway::start(&held);
    assert_eq!(models(&gateway, ACME), ["secret"]);
    assert_eq!(post(gateway.address, ACME, &chat("hi")).code(), "model_not_found");
    assert!(upstream.seen().is_empty());
}

#[test]
fn a_model_that_is_not_allowed_looks_like_one_that_does_not_exist() {
    let (upstream, gateway) = start();
    let ask = |model: &str| post(gateway.address, GLOBEX, &chat("hi").replace("\"m\"", &format!("\"{model}\"")));
    let (forbidden, missing) = (ask("secret"), ask("nosuch"));
    for reply in [&forbidden, &missing] {
        assert_eq!((reply.status, reply.code().as_str()), (404, "model_not_found"));
        assert_eq!(reply.json()["error"]["param"], "model");
    }
    assert_eq!(forbidden.text().replace("secret", "nosuch"), missing.text());
    assert!(upstream.seen().is_empty());
}

#[test]
fn credentials_stay_on_their_side() {
    let answer = format!(
        "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\nset-cookie: session=upstream\r\ncontent-length: {}\r\n\r\n{CHAT}",
        CHAT.len()
    );
    let upstream = Upstream::fixed(answer);
    let gateway = Gateway::start(&config_with(upstream.address, "headers = { x-team = \"header-secret\" }", ""));
    let bearer = format!("Bearer {ACME}");
    let headers =
        [("authorization", bearer.as_str()), ("x-api-key", ACME), ("api-key", ACME), ("cookie", "session=client")];
    let reply = ask(gateway.address, &headers);
    assert_eq!(reply.status, 200);

    let seen = &upstream.seen()[0];
    assert!(!seen.head.contains(ACME) && !seen.head.contains("session=client"), "{}", seen.head);
    assert_eq!(seen.header("authorization").as_deref(), Some("Bearer upstream-secret"));
    assert_eq!(seen.header("x-team").as_deref(), Some("header-secret"));
    for name in ["x-api-key", "api-key", "cookie"] {
        assert_eq!(seen.header(name), None, "{name}");
    }

    let all = format!("{:?} {}", reply.headers, reply.text());
    assert!(!all.contains("upstream-secret") && !all.contains("header-secret"), "{all}");
    assert_eq!(reply.header("set-cookie"), None);
}
