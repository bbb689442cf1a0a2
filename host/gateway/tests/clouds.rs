//! Providers that take no plain key: Bedrock's requests are signed, Vertex' carry a token that was exchanged for a key.

use crate::support::upstream::{Seen, Upstream, ok, status};
use crate::support::wires::{WIRES, Wire};
use crate::support::{ACME, Gateway, chat, chat_stream, config_with, post};
use serde_json::json;
use std::io::Write;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::SystemTime;

/// The model `m` is `their-model` of a provider with these lines, and another one behind it where there is one.
fn config(upstream: SocketAddr, lines: &str, next: Option<SocketAddr>) -> String {
    let rest =
        next.map(|next| format!("[providers.next]\nkind = \"openai\"\nbase_url = \"http://{next}/v1\"\nretries = 0\n"));
    let config = config_with(upstream, &format!("retries = 0\n{lines}"), &rest.unwrap_or_default());
    let config = config.replacen("kind = \"openai\"\n", "", 1).replacen("/v1\"", "\"", 1);
    let config = config.replacen("api_key = \"upstream-secret\"\n", "", 1);
    let targets = if next.is_some() { "[\"up/their-model\", \"next/n\"]" } else { "[\"up/their-model\"]" };
    config.replace("[\"up/m\"]", targets)
}

fn wire(kind: &str) -> &'static Wire {
    WIRES.iter().find(|wire| wire.kind == kind).unwrap()
}

/// Answers in this wire, whole or streamed as the path says.
fn answer(wire: &Wire, seen: &Seen, stream: &mut std::net::TcpStream) -> bool {
    let target = seen.head.split(' ').nth(1).unwrap();
    let whole = ok("application/json", &(wire.whole)().to_string());
    let answer = if target.contains("tream") { wire.stream(&wire.events()) } else { whole };
    stream.write_all(&answer).is_ok()
}

const AWS: &str = "kind = \"bedrock\"\nregion = \"eu-central-1\"\naccess_key_id = \"AKIDofnobody\"\nsecret_access_key = \"s3cret-of-nobody\"";

/// What this upstream has against each request's signature.
fn is_signed(seen: &Seen, secret: &str) -> Result<(), weir_sigv4::SigV4Error> {
    let mut lines = seen.head.lines();
    let target = lines.next().unwrap().split(' ').nth(1).unwrap();
    let mut request = http::Request::post(target);
    for (name, value) in lines.filter_map(|line| line.split_once(": ")) {
        request = request.header(name, value);
    }
    let (head, ()) = request.body(()).unwrap().into_parts();
    assert_eq!(weir_sigv4::claimed_key_id(&head.headers), Some("AKIDofnobody"));
    weir_sigv4::verify(&head, &seen.body, secret, SystemTime::now())
}

#[test]
fn what_bedrock_is_asked_is_signed_as_a_whole_with_a_token_of_the_session_where_there_is_one() {
    for token in [None, Some("t0ken-of-nobody")] {
        let upstream = Upstream::start(|_, seen, stream| match is_signed(seen, "s3cret-of-nobody") {
            Ok(()) => answer(wire("bedrock"), seen, stream),
            Err(why) => stream.write_all(&status("403 Forbidden", "application/json", &why.to_string())).is_ok(),
        });
        let session = token.map(|token| format!("\nsession_token = \"{token}\"")).unwrap_or_default();
        let gateway = Gateway::start(&config(upstream.address, &format!("{AWS}{session}"), None));
        for body in [chat("hi"), chat_stream("hi"), chat("hi")] {
            let reply = post(gateway.address, ACME, &body);
            assert_eq!((reply.status, reply.clean), (200, true), "{}", reply.text());
        }
        let seen = upstream.seen();
        assert!(seen[1].head.starts_with("POST /model/their-model/converse-stream "), "{}", seen[1].head);
        assert!(seen.iter().all(|seen| seen.header("x-amz-security-token").as_deref() == token));
        assert!(seen.iter().all(|seen| !seen.head.contains("s3cret")));
        let log = gateway.log();
        assert!(!log.contains("s3cret") && !log.contains("t0ken") && !log.contains("Signature="), "{log}");
    }
}

#[test]
fn a_signature_is_made_anew_for_each_attempt_and_what_is_signed_with_the_wrong_secret_is_an_account_that_is_not_served()
{
    let upstream = Upstream::start(|number, seen, stream| match (number, is_signed(seen, "s3cret-of-nobody")) {
        (0, Ok(())) => stream.write_all(&status("503 Busy", "application/json", "{}")).is_ok(),
        (_, Ok(())) => answer(wire("bedrock"), seen, stream),
        (_, Err(_)) => stream.write_all(&status("403 Forbidden", "application/json", r#"{"message":"no"}"#)).is_ok(),
    });
    let again = config(upstream.address, AWS, None).replace("retries = 0", "retries = 1");
    let gateway = Gateway::start(&again);
    let reply = post(gateway.address, ACME, &chat("hi"));
    assert_eq!((reply.status, upstream.seen().len()), (200, 2), "{}", reply.text());
    let wrong = AWS.replace("s3cret-of-nobody", "an0ther-of-nobody");
    let gateway = Gateway::start(&config(upstream.address, &wrong, None));
    let reply = post(gateway.address, ACME, &chat("hi"));
    assert_eq!((reply.status, reply.code().as_str()), (502, "upstream_auth"), "{}", reply.text());
}

/// A token server that answers each exchange with the next of these; the last one again and again.
fn tokens(answers: Vec<Vec<u8>>) -> Upstream {
    Upstream::start(move |number, _, stream| {
        let answer = answers.get(number).or(answers.last()).unwrap();
        stream.write_all(answer).unwrap();
        false
    })
}

fn token(token: &str, seconds: u64) -> Vec<u8> {
    ok("application/json", &json!({"access_token": token, "expires_in": seconds, "token_type": "Bearer"}).to_string())
}

fn google(kind: &str, tokens: SocketAddr) -> String {
    let pem = include_str!("../../upstream/tests/rsa_of_nobody.pem");
    let file = json!({
        "type": "service_account", "client_email": "weir@p.example", "private_key": pem, "project_id": "p",
        "token_uri": format!("http://{tokens}/token")
    });
    format!("kind = \"{kind}\"\nlocation = \"europe-west4\"\ncredentials = '{file}'")
}

#[test]
fn vertex_is_asked_with_a_token_that_was_exchanged_once_for_many_requests() {
    let place = "/v1/projects/p/locations/europe-west4/publishers";
    for (kind, language, whole, streamed) in [
        (
            "vertex",
            "gemini",
            "google/models/their-model:generateContent",
            "google/models/their-model:streamGenerateContent?alt=sse",
        ),
        (
            "vertex-anthropic",
            "anthropic",
            "anthropic/models/their-model:rawPredict",
            "anthropic/models/their-model:streamRawPredict",
        ),
    ] {
        let upstream = Upstream::start(move |_, seen, stream| answer(wire(language), seen, stream));
        let server = tokens(vec![token("ya29.t0ken-one", 3_600)]);
        let gateway = Gateway::start(&config(upstream.address, &google(kind, server.address), None));
        assert!(server.seen().is_empty(), "nobody has asked");
        for body in [chat("hi"), chat_stream("hi"), chat("hi")] {
            let reply = post(gateway.address, ACME, &body);
            assert_eq!((reply.status, reply.clean), (200, true), "{}", reply.text());
        }
        let seen = upstream.seen();
        for (seen, path) in seen.iter().zip([whole, streamed, whole]) {
            assert_eq!(seen.head.split(' ').nth(1).unwrap(), format!("{place}/{path}"));
            assert_eq!(seen.header("authorization").as_deref(), Some("Bearer ya29.t0ken-one"));
            assert_eq!(seen.header("anthropic-version"), None);
            let body = seen.json();
            if language == "anthropic" {
                assert_eq!(
                    (&body["anthropic_version"], body.get("model")),
                    (&json!("vertex-2023-10-16"), None),
                    "{body}"
                );
            }
        }
        let exchanges = server.seen();
        assert_eq!(exchanges.len(), 1, "one for all");
        assert!(exchanges[0].head.starts_with("POST /token HTTP/1.1\r\n"), "{}", exchanges[0].head);
        let said = String::from_utf8(exchanges[0].body.clone()).unwrap();
        assert!(
            said.starts_with("grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Ajwt-bearer&assertion=ey"),
            "{said}"
        );
        assert!(!gateway.log().contains("t0ken"));
    }
}

#[test]
fn a_token_is_exchanged_again_before_it_expires_and_requests_go_on_meanwhile() {
    let upstream = Upstream::start(|_, seen, stream| answer(wire("gemini"), seen, stream));
    let server = tokens(vec![token("one", 5), token("two", 3_600)]);
    let gateway = Gateway::start(&config(upstream.address, &google("vertex", server.address), None));
    soon_eq!(
        {
            assert_eq!(post(gateway.address, ACME, &chat("hi")).status, 200);
            upstream.seen().last().unwrap().header("authorization")
        },
        Some("Bearer two".to_owned())
    );
    assert_eq!(upstream.seen()[0].header("authorization").as_deref(), Some("Bearer one"));
    assert_eq!(server.seen().len(), 2);
}

#[test]
fn without_a_token_the_account_is_not_served_and_the_next_target_is_asked() {
    let refused = status("400 Bad Request", "application/json", r#"{"error":"invalid_grant","error_description":"x"}"#);
    let (upstream, next) = (Upstream::fixed(""), Upstream::chat());
    let server = tokens(vec![refused.clone()]);
    let gateway = Gateway::start(&config(upstream.address, &google("vertex", server.address), None));
    let reply = post(gateway.address, ACME, &chat("hi"));
    assert_eq!((reply.status, reply.code().as_str()), (502, "upstream_auth"), "{}", reply.text());
    let ready = gateway.admin_get("/readyz?verbose").text();
    assert!(
        ready.contains("there is no access token: the token server answered 400 Bad Request (invalid_grant)"),
        "{ready}"
    );
    gateway.says("no access token: the token server answered 400 Bad Request (invalid_grant)");
    soon_eq!(gateway.metric("weir_upstream_errors_total", &["kind=\"no_credential\""]), 1.0);
    let gateway = Gateway::start(&config(upstream.address, &google("vertex", server.address), Some(next.address)));
    let reply = post(gateway.address, ACME, &chat("hi"));
    assert_eq!((reply.status, reply.header("x-weir-upstream")), (200, Some("next/n")), "{}", reply.text());
    assert!(upstream.seen().is_empty(), "nobody is asked without a token");
}

#[test]
fn a_token_that_has_expired_and_cannot_be_had_again_is_none_until_it_can() {
    let upstream = Upstream::start(|_, seen, stream| answer(wire("gemini"), seen, stream));
    let is_well = Arc::new(AtomicUsize::new(0));
    let well = Arc::clone(&is_well);
    let server = Upstream::start(move |number, _, stream| {
        let answer = match (number, well.load(Ordering::SeqCst)) {
            (0, _) => token("one", 1),
            (_, 0) => status("503 Busy", "text/plain", ""),
            _ => token("two", 3_600),
        };
        stream.write_all(&answer).unwrap();
        false
    });
    let gateway = Gateway::start(&config(upstream.address, &google("vertex", server.address), None));
    let ask = || post(gateway.address, ACME, &chat("hi"));
    assert_eq!(ask().status, 200);
    soon_eq!(ask().code(), "upstream_auth".to_owned());
    is_well.store(1, Ordering::SeqCst);
    soon_eq!(ask().status, 200);
    assert_eq!(upstream.seen().last().unwrap().header("authorization").as_deref(), Some("Bearer two"));
}

#[test]
fn a_request_waits_for_the_first_token_no_longer_than_a_connection_may_take() {
    let upstream = Upstream::start(|_, seen, stream| answer(wire("gemini"), seen, stream));
    let held = Arc::new(Mutex::new(()));
    let guard = held.lock().unwrap();
    let wait = Arc::clone(&held);
    let server = Upstream::start(move |_, _, stream| {
        drop(wait.lock());
        stream.write_all(&token("late", 3_600)).unwrap();
        false
    });
    let lines = google("vertex", server.address) + "\nconnect_timeout = \"50ms\"";
    let gateway = Gateway::start(&config(upstream.address, &lines, None));
    let reply = post(gateway.address, ACME, &chat("hi"));
    assert_eq!((reply.status, reply.code().as_str()), (502, "upstream_auth"), "{}", reply.text());
    assert!(upstream.seen().is_empty());
    drop(guard);
    soon_eq!(post(gateway.address, ACME, &chat("hi")).status, 200);
}
