//! Canaries: what is secret stands in no log at any level, no answer, no metric and no page of the admin listener.

use crate::support::upstream::{CHAT, DONE, END, STREAM, Upstream, chunk, delta, ok, status};
use crate::support::{Gateway, Reply, chat, chat_stream, config_with, send, until};
use std::io::Write;

const PROVIDER_KEY: &str = "canary-provider-key";
const HEADER: &str = "canary-operator-header";
const CLIENT_SECRET: &str = "canaryclientsecret";
const COOKIE: &str = "canary-cookie";
const PEPPER: &str = "canary-pepper";
const PROMPT: &str = "canary-prompt";
const SECRETS: [&str; 6] = [PROVIDER_KEY, HEADER, CLIENT_SECRET, COOKIE, PEPPER, PROMPT];

fn assert_silent(place: &str, text: &str) {
    for secret in SECRETS {
        if let Some(at) = text.find(secret) {
            let line = text[..at].rfind('\n').map_or(0, |n| n + 1);
            panic!("{secret} stands in {place}: {}", text[line..].lines().next().unwrap());
        }
    }
}

fn ask(gateway: &Gateway, token: &str, body: &str) -> Reply {
    let bearer = format!("Bearer {token}");
    let cookie = format!("session={COOKIE}");
    send(
        gateway.address,
        "POST",
        "/v1/chat/completions",
        &[("authorization", &bearer), ("cookie", &cookie)],
        body.as_bytes(),
    )
}

/// An upstream that answers in every way there is, one after the other.
fn moody() -> Upstream {
    Upstream::start(|n, seen, stream| {
        if seen.json()["stream"] == true {
            stream.write_all(&[STREAM, &chunk(&delta("hi")), &chunk(DONE), END].concat()).unwrap();
            return true;
        }
        match n % 5 {
            0 => stream.write_all(&ok("application/json", CHAT)).is_ok(),
            1 => stream.write_all(&status("401 No", "application/json", "{\"error\":\"canary\"}")).is_ok(),
            2 => stream.write_all(&status("500 Oops", "text/plain", "oops")).is_ok(),
            3 => stream.write_all(b"nonsense\r\n\r\n").is_err(),
            _ => stream.write_all(&status("400 Bad", "application/json", "{\"error\":{}}")).is_ok(),
        }
    })
}

#[test]
fn secrets_appear_nowhere() {
    let upstream = moody();
    let hash = "hash = \"blake3:";
    let lines = format!("retries = 0\nheaders = {{ x-operator = \"{HEADER}\" }}");
    let config =
        config_with(upstream.address, &lines, "[log]\nlevel = \"trace\"\n").replace("upstream-secret", PROVIDER_KEY);
    let config = format!("pepper = \"{PEPPER}\"\n{config}");
    // A key of the test's own: the secret of it is the canary.
    let key = weir_tenancy::key::hash(PEPPER.as_bytes(), "acme", CLIENT_SECRET);
    let key: String = key.iter().map(|b| format!("{b:02x}")).collect();
    let at = config.find(hash).unwrap() + hash.len();
    let config = format!("{}{key}{}", &config[..at], &config[at + 64..]);

    let gateway = Gateway::start_traced(&config);
    let token = format!("sk-weir-acme-{CLIENT_SECRET}");
    for _ in 0..10 {
        let reply = ask(&gateway, &token, &chat(PROMPT));
        assert_silent("an answer", &format!("{:?} {}", reply.headers, reply.text()));
    }
    let mut wrong = vec![
        ask(&gateway, &token, &chat_stream(PROMPT)),
        ask(&gateway, &format!("{token}x"), &chat(PROMPT)),
        ask(&gateway, &format!("sk-weir-nobody-{CLIENT_SECRET}"), &chat(PROMPT)),
        ask(&gateway, CLIENT_SECRET, &chat(PROMPT)),
        ask(&gateway, &token, &format!("{{\"model\":\"m\",\"messages\":\"{PROMPT}\"}}")),
        ask(&gateway, &token, &format!("{{\"{PROMPT}\"")),
    ];
    assert_eq!(wrong.remove(0).status, 200);
    assert!(wrong.iter().all(|reply| [400, 401].contains(&reply.status)), "{wrong:?}");
    wrong.iter().for_each(|reply| assert_silent("a refusal", &format!("{:?} {}", reply.headers, reply.text())));

    // A change of every secret is told without any.
    let changed = config.replace(PROVIDER_KEY, "canary-provider-key-2").replace(HEADER, "canary-operator-header-2");
    gateway.write_config(&changed);
    until("the change is live", || (gateway.metric("weir_reloads_total", &["result=\"live\""]) == 1.0).then_some(()));
    // A mistake beside a secret is told without it.
    gateway.write_config(&changed.replace("x-operator", "\"x operator\""));
    until("the mistake is told", || {
        (gateway.metric("weir_reloads_total", &["result=\"refused\""]) == 1.0).then_some(())
    });

    for path in ["/metrics", "/readyz?verbose", "/livez", "/nowhere"] {
        assert_silent(path, &gateway.admin_get(path).text());
    }
    // The log comes through a pipe: its last line first, so that it is all there.
    until("the log is here", || gateway.log().contains("is not a name that a header can have").then_some(()));
    assert!(gateway.log().contains("DEBUG weir::refusal"), "the log was not talkative");
    assert_silent("the log", &gateway.log());
}
