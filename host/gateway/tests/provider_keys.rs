//! Several keys of one provider: they take turns, one that is not taken is passed over, and what is known of it is seen.

use crate::support::upstream::{CHAT, DONE, END, STREAM, Upstream, chunk, delta, ok, status};
use crate::support::wires::WIRES;
use crate::support::{ACME, Gateway, Reply, chat, chat_stream, config_with, post, until};
use serde_json::{Value, json};
use std::io::Write;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

const A: &str = "sesame-key-of-a";
const B: &str = "sesame-key-of-b";

/// The model `m` at `up` with these keys, and these lines in its table.
fn config(upstream: SocketAddr, keys: &str, lines: &str, rest: &str) -> String {
    let keys = format!("api_keys = [{keys}]");
    config_with(upstream, lines, rest).replace("api_key = \"upstream-secret\"", &keys)
}

fn two() -> String {
    format!("{{ key = \"{A}\", weight = 3, name = \"a\" }}, {{ key = \"{B}\", name = \"b\" }}")
}

/// What is answered to whom: an upstream that says to each key what the test says, and `hello` to any other.
#[derive(Clone, Default)]
struct Said(Arc<Mutex<Vec<(&'static str, Vec<u8>)>>>);

impl Said {
    fn upstream(&self) -> Upstream {
        let said = self.clone();
        Upstream::start(move |_, seen, stream| {
            let key = seen.header("authorization").unwrap_or_default();
            let said = said.0.lock().unwrap();
            if let Some((_, answer)) = said.iter().find(|(of, _)| key == format!("Bearer {of}")) {
                return stream.write_all(answer).is_ok();
            }
            match seen.json()["stream"] == true {
                true => stream.write_all(&[STREAM, &chunk(&delta("hi")), &chunk(DONE), END].concat()).is_ok(),
                false => stream.write_all(&ok("application/json", CHAT)).is_ok(),
            }
        })
    }

    fn set(&self, key: &'static str, answer: impl Into<Vec<u8>>) {
        self.clear(key);
        self.0.lock().unwrap().push((key, answer.into()));
    }

    fn clear(&self, key: &str) {
        self.0.lock().unwrap().retain(|(of, _)| *of != key);
    }
}

fn refusal(line: &str) -> Vec<u8> {
    status(line, "application/json", "{\"error\":{\"message\":\"no\"}}")
}

fn limit(seconds: u32) -> Vec<u8> {
    format!("HTTP/1.1 429 Slow\r\nretry-after: {seconds}\r\ncontent-length: 2\r\n\r\n{{}}").into_bytes()
}

fn ask(gateway: &Gateway) -> Reply {
    post(gateway.address, ACME, &chat("hi"))
}

/// How often each key was sent.
fn sent(upstream: &Upstream) -> [usize; 2] {
    let seen: Vec<String> = upstream.seen().iter().filter_map(|seen| seen.header("authorization")).collect();
    [A, B].map(|key| seen.iter().filter(|sent| **sent == format!("Bearer {key}")).count())
}

/// What `/readyz?verbose` says of the provider's keys, without when they come back.
fn keys(gateway: &Gateway) -> Value {
    let mut keys = gateway.ready()["providers"][0]["keys"].clone();
    for aside in keys.as_array_mut().unwrap().iter_mut().flat_map(|key| key["aside"].as_array_mut().unwrap()) {
        assert!(aside.as_object_mut().unwrap().remove("due_in_ms").unwrap().as_u64().unwrap() > 0);
    }
    keys
}

fn is_aside(gateway: &Gateway, key: &str, reason: &str) -> f64 {
    let labels = ["provider=\"up\"", &format!("key=\"{key}\""), &format!("reason=\"{reason}\"")];
    gateway.metric("weir_upstream_key_aside", &labels)
}

#[test]
fn keys_are_sent_as_often_as_they_weigh() {
    let upstream = Said::default().upstream();
    let gateway = Gateway::start(&config(upstream.address, &two(), "", ""));
    for n in 1..=400 {
        let reply = match n % 2 {
            0 => ask(&gateway),
            _ => post(gateway.address, ACME, &chat_stream("hi")),
        };
        assert_eq!(reply.status, 200);
        let [a, b] = sent(&upstream);
        assert_eq!(a + b, n);
        assert!(b.abs_diff(n / 4) <= 1, "they are spread: {a} and {b} of {n}");
    }
    assert_eq!(sent(&upstream), [300, 100]);
    assert_eq!(keys(&gateway), json!([{"name": "a", "aside": []}, {"name": "b", "aside": []}]));
}

#[test]
fn a_key_that_is_not_accepted_costs_a_client_nothing_and_is_seen_to_be_passed_over() {
    for (line, reason) in
        [("401 No", "unauthorized"), ("402 Pay", "payment_required"), ("403 No", "forbidden"), ("412 No", "account")]
    {
        let said = Said::default();
        said.set(A, refusal(line));
        let upstream = said.upstream();
        let gateway = Gateway::start(&config(upstream.address, &two(), "retries = 1", ""));
        (0..10).for_each(|_| assert_eq!(ask(&gateway).status, 200, "{line}"));
        assert_eq!(post(gateway.address, ACME, &chat_stream("hi")).status, 200);
        assert_eq!(sent(&upstream), [1, 11], "{line}");
        let model = if reason == "forbidden" { json!("m") } else { Value::Null };
        let wanted = json!([{"name": "a", "aside": [{"model": model, "reason": reason}]}, {"name": "b", "aside": []}]);
        assert_eq!(keys(&gateway), wanted);
        assert_eq!(gateway.ready()["providers"][0]["healthy"], true, "the provider is well");
        assert_eq!([is_aside(&gateway, "a", reason), is_aside(&gateway, "b", reason)], [1.0, 0.0]);
        assert_eq!(gateway.metric("weir_upstream_key_aside", &["provider=\"up\""]), 1.0, "for no other reason");
        assert_eq!(gateway.metric("weir_requests_failed_over_total", &[]), 1.0);
        assert_eq!(gateway.metric("weir_ledger_closed_total", &["reason=\"upstream_failed\""]), 1.0);
        gateway.says("a key is put aside: others are sent");
    }
}

#[test]
fn a_key_that_has_sent_too_much_comes_back_when_the_provider_said() {
    let said = Said::default();
    said.set(A, limit(1));
    let upstream = said.upstream();
    let gateway = Gateway::start(&config(upstream.address, &two(), "", ""));
    let start = std::time::Instant::now();
    assert_eq!(ask(&gateway).status, 200);
    said.clear(A);
    until("it is sent again", || {
        assert_eq!(ask(&gateway).status, 200);
        (sent(&upstream)[0] == 2).then_some(())
    });
    assert!(start.elapsed() >= std::time::Duration::from_secs(1), "not before");
    gateway.says("a key is sent in its turn again");
    assert_eq!(is_aside(&gateway, "a", "rate_limited"), 0.0);
    (0..8).for_each(|_| assert_eq!(ask(&gateway).status, 200));
    assert!(sent(&upstream)[0] >= 6, "as often as it weighs");
}

#[test]
fn a_limit_passes_a_key_over_at_the_model_that_it_is_for() {
    let said = Said::default();
    said.set(A, limit(60));
    let upstream = said.upstream();
    let other = "[models.n]\ntargets = [\"up/n\"]\n";
    let gateway = Gateway::start(&config(upstream.address, &two(), "", other));
    assert_eq!(ask(&gateway).status, 200);
    said.clear(A);
    (0..4).for_each(|_| assert_eq!(ask(&gateway).status, 200));
    assert_eq!(sent(&upstream), [1, 5]);
    let body = chat("hi").replace("\"m\"", "\"n\"");
    (0..4).for_each(|_| assert_eq!(post(gateway.address, ACME, &body).status, 200));
    assert!(sent(&upstream)[0] >= 3);
    assert_eq!(keys(&gateway)[0]["aside"], json!([{"model": "m", "reason": "rate_limited"}]));
}

#[test]
fn where_no_key_is_taken_clients_are_told_as_with_one() {
    let said = Said::default();
    let upstream = said.upstream();
    let gateway = Gateway::start(&config(upstream.address, &two(), "", ""));
    said.set(A, limit(50));
    said.set(B, limit(30));
    for asked in [2, 3] {
        let reply = ask(&gateway);
        assert_eq!((reply.status, reply.code().as_str()), (429, "upstream_rate_limited"));
        assert_eq!(upstream.seen().len(), asked);
        let wait: u32 = reply.header("retry-after").unwrap().parse().unwrap();
        assert!((25..=30).contains(&wait), "the soonest: {wait}");
    }
    assert_eq!(gateway.ready()["providers"][0]["healthy"], false);

    let (said, lines) = (Said::default(), "retries = 5");
    let upstream = said.upstream();
    let gateway = Gateway::start(&config(upstream.address, &two(), lines, ""));
    said.set(A, refusal("401 No"));
    said.set(B, refusal("402 Pay"));
    let reply = ask(&gateway);
    assert_eq!((reply.status, reply.code().as_str()), (502, "upstream_auth"));
    assert_eq!(sent(&upstream), [1, 1], "each once");
    assert_eq!(ask(&gateway).status, 502);
    assert_eq!(upstream.seen().len(), 3, "and then one of them");
    assert_eq!(gateway.ready()["providers"][0]["healthy"], false);
    // What is mended is found out by whoever has nobody else to ask.
    said.clear(A);
    said.clear(B);
    assert_eq!(ask(&gateway).status, 200);
    let left = keys(&gateway).as_array().unwrap().iter().filter(|key| key["aside"] != json!([])).count();
    assert_eq!(left, 1);
}

#[test]
fn a_provider_without_a_key_that_is_taken_is_asked_after_all_others() {
    let said = Said::default();
    said.set(A, refusal("401 No"));
    said.set(B, refusal("401 No"));
    let (upstream, next) = (said.upstream(), Upstream::chat());
    let rest = format!("[providers.next]\nkind = \"openai\"\nbase_url = \"http://{}/v1\"\nretries = 0\n", next.address);
    let both = |lines| config(upstream.address, &two(), lines, &rest).replace("[\"up/m\"]", "[\"up/m\", \"next/m\"]");
    let gateway = Gateway::start(&both("retries = 2"));
    for asked in [2, 2, 2] {
        let reply = ask(&gateway);
        assert_eq!((reply.status, reply.header("x-weir-upstream")), (200, Some("next/m")));
        assert_eq!(upstream.seen().len(), asked);
    }
    assert_eq!(next.seen().len(), 3);
    // Further keys take nobody's turn from him.
    let gateway = Gateway::start(&both("retries = 1"));
    assert_eq!(ask(&gateway).header("x-weir-upstream"), Some("next/m"));
    assert_eq!(upstream.seen().len(), 3, "one key, and then the other provider");
}

#[test]
fn without_further_attempts_a_key_that_is_refused_is_passed_over_all_the_same() {
    let said = Said::default();
    said.set(A, refusal("401 No"));
    let upstream = said.upstream();
    let gateway = Gateway::start(&config(upstream.address, &two(), "retries = 0", ""));
    assert_eq!(ask(&gateway).code(), "upstream_auth");
    (0..5).for_each(|_| assert_eq!(ask(&gateway).status, 200));
    assert_eq!(sent(&upstream), [1, 5]);
}

#[test]
fn what_a_client_brings_about_benches_no_key() {
    // Some providers answer 403 to what a request says, and repeat what it says.
    for body in ["{\"error\":{\"code\":403}}", "{\"error\":\"insufficient_quota"] {
        let said = Said::default();
        let line = if body.contains("403") { "403 Flagged" } else { "400 Bad" };
        said.set(A, status(line, "application/json", body));
        said.set(B, status(line, "application/json", body));
        let upstream = said.upstream();
        let gateway = Gateway::start(&config(upstream.address, &two(), "", ""));
        for _ in 0..3 {
            assert_eq!(ask(&gateway).status, 502, "{body}");
        }
        assert_eq!(keys(&gateway), json!([{"name": "a", "aside": []}, {"name": "b", "aside": []}]), "{body}");
        said.clear(A);
        said.clear(B);
        (0..8).for_each(|_| assert_eq!(ask(&gateway).status, 200));
        assert!(sent(&upstream).iter().all(|sent| *sent >= 3 + 2), "{:?}", sent(&upstream));
    }
}

#[test]
fn what_is_known_of_a_key_outlives_a_reload_by_what_it_is_and_not_by_its_name() {
    let said = Said::default();
    said.set(A, refusal("401 No"));
    let upstream = said.upstream();
    let gateway = Gateway::start(&config(upstream.address, &two(), "", ""));
    assert_eq!(ask(&gateway).status, 200);
    said.clear(A);
    let renamed = format!("{{ key = \"{B}\", weight = 2, name = \"a\" }}, {{ key = \"{A}\", name = \"was-a\" }}");
    gateway.write_config(&config(upstream.address, &renamed, "", ""));
    until("the change is live", || (gateway.metric("weir_reloads_total", &["result=\"live\""]) == 1.0).then_some(()));
    (0..5).for_each(|_| assert_eq!(ask(&gateway).status, 200));
    assert_eq!(sent(&upstream), [1, 6]);
    let wanted = json!([
        {"name": "a", "aside": []},
        {"name": "was-a", "aside": [{"model": null, "reason": "unauthorized"}]}
    ]);
    assert_eq!(keys(&gateway), wanted);
    gateway.says("providers.up.api_keys[0].weight: 3 → 2");
}

#[test]
fn keys_of_another_dialect_stand_where_it_looks_for_them() {
    for wire in &WIRES {
        let upstream = wire.upstream();
        let config = config(upstream.address, &two(), "", "")
            .replace("kind = \"openai\"", &format!("kind = \"{}\"", wire.kind))
            .replace("/v1\"", "\"");
        let gateway = Gateway::start(&config);
        (0..4).for_each(|_| assert_eq!(ask(&gateway).status, 200, "{}", wire.kind));
        let mut seen: Vec<String> = upstream.seen().iter().filter_map(|seen| seen.header(wire.key.0)).collect();
        seen.sort();
        let key = |key: &str| format!("{}{key}", wire.key.1);
        assert_eq!(seen, [key(A), key(A), key(A), key(B)], "{}", wire.kind);
    }
}

#[test]
fn no_key_appears_anywhere() {
    let said = Said::default();
    // Who repeats a key has something against it.
    let repeated = format!("{{\"error\":{{\"message\":\"Incorrect API key provided: {A}\"}}}}");
    said.set(A, status("400 Bad", "application/json", &repeated));
    said.set(B, status("401 No", "application/json", &repeated));
    let upstream = said.upstream();
    let gateway = Gateway::start_traced(&config(upstream.address, &two(), "", "[log]\nlevel = \"trace\"\n"));
    for _ in 0..3 {
        let reply = ask(&gateway);
        assert_eq!(reply.code(), "upstream_auth");
        assert!(!format!("{:?} {}", reply.headers, reply.text()).contains("sesame"), "{}", reply.text());
    }
    assert_eq!(keys(&gateway)[0]["aside"], json!([{"model": null, "reason": "account"}]));
    gateway.write_config(&config(upstream.address, &two().replace(B, "sesame-key-of-c"), "", ""));
    until("the change is live", || (gateway.metric("weir_reloads_total", &["result=\"live\""]) == 1.0).then_some(()));
    // Mistakes beside keys are told without them.
    let mistaken = two().replace("weight = 3", "weight = 0, nmae = \"x\"").replace(B, A);
    gateway.write_config(&config(upstream.address, &mistaken, "", ""));
    until("the mistake is told", || {
        (gateway.metric("weir_reloads_total", &["result=\"refused\""]) == 1.0).then_some(())
    });
    for path in ["/metrics", "/readyz?verbose", "/admin/v1/plugins"] {
        assert!(!gateway.admin_get(path).text().contains("sesame"), "{path}");
    }
    gateway.says("holds the same key as a");
    gateway.says("a key is put aside: others are sent");
    let log = gateway.log();
    let line = log.lines().find(|line| line.contains("sesame"));
    assert_eq!(line, None);
    // It was talkative.
    assert!(log.contains("DEBUG"), "the log was not talkative");
}
