//! What the gateway's own parts cost, those without plugins: whose key is it, is there room, what is asked, where does
//! an event end. `cargo bench -p weir-bench --bench parts`
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used)]

use bytes::Bytes;
use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use std::hint::black_box;
use std::path::Path;
use std::time::{Duration, Instant};
use weir_config::Config;
use weir_dialect::DialectCall;
use weir_http::sse::SseReader;
use weir_tenancy::{Tenants, key};

const PEPPER: &str = "pepper of a bench";
/// Keys that are configured: one in many is looked for.
const KEYS: usize = 1_000;

/// A configuration with many keys of one tenant, and the token of one in the middle.
fn tenants() -> (Config, String) {
    let mut text = format!(
        "pepper = \"{PEPPER}\"\n[providers.demo]\nkind = \"demo\"\n[models.m]\ntargets = [\"demo/m\"]\n\
         [tenants.acme]\nmodels = [\"*\"]\nrequests_per_minute = 1_000_000_000\nconcurrency = 1000\n"
    );
    let mut tokens = Vec::new();
    for number in 0..KEYS {
        let key = key::generate(&format!("key_{number}")).unwrap();
        text += &format!(
            "[[tenants.acme.keys]]\nid = \"key_{number}\"\nhash = \"{}\"\n\
             requests_per_minute = 1_000_000_000\nconcurrency = 1000\n",
            key.hash_line(PEPPER.as_bytes())
        );
        tokens.push(key.token());
    }
    let file = Path::new("weir.toml");
    let loaded = weir_config::parse(&text, file, &|_| None, &weir_config::Overrides::default());
    (loaded.expect("the bench's configuration").config, tokens.swap_remove(KEYS / 2))
}

fn keys(c: &mut Criterion) {
    let (config, token) = tenants();
    let tenants = Tenants::build(&config, None);
    let wrong = format!("{}x", token.strip_suffix(|_: char| true).unwrap());
    let unknown = token.replace("key_", "other_");
    assert!(tenants.identify(Some(&token)).is_ok());
    assert!(tenants.identify(Some(&wrong)).is_err() && tenants.identify(Some(&unknown)).is_err());
    let mut group = c.benchmark_group("key");
    for (says, token) in [("one of 1,000", &token), ("wrong secret", &wrong), ("unknown id", &unknown)] {
        group.bench_function(says, |b| b.iter(|| tenants.identify(Some(black_box(token.as_str()))).is_ok()));
    }
    group.finish();
}

fn limits(c: &mut Criterion) {
    let (config, token) = tenants();
    let tenants = Tenants::build(&config, None);
    let caller = tenants.identify(Some(&token)).unwrap();
    let now = Instant::now();
    // A later moment for each, so that the rates never run out; the clock itself is not what is measured.
    let mut passed = Duration::ZERO;
    c.bench_function("limits/take and return", |b| {
        b.iter(|| {
            passed += Duration::from_micros(1);
            drop(black_box(caller.admit(now + passed).expect("there is room")));
        });
    });
}

/// A chat of a system message and turns of plain prose with an escape here and there, of about so many bytes.
fn chat(bytes: usize) -> Bytes {
    let start = "{\"model\":\"gpt-4o-mini\",\"temperature\":0.2,\"stream\":true,\"messages\":[\
                 {\"role\":\"system\",\"content\":\"You are helpful.\"}";
    let turn = |text: &str| format!(",{{\"role\":\"user\",\"content\":\"{text}\"}}");
    let prose = "The sea is calm tonight.\\n\\\"Is it?\\\" she asked, and looked out of the window once more. ";
    let mut body = start.to_owned();
    while body.len() + turn("").len() + 2 < bytes {
        let room = (bytes - 2 - body.len() - turn("").len()).min(1_500);
        // An escape must not be cut, so the last words are without one.
        let mut text = prose.repeat(room / prose.len());
        text.push_str(&"x".repeat(room - text.len()));
        body.push_str(&turn(&text));
    }
    body.push_str("]}");
    Bytes::from(body)
}

fn peek(c: &mut Criterion) {
    let mut group = c.benchmark_group("read");
    for (size, says) in [(512, "0.5 KiB"), (4 << 10, "4 KiB"), (64 << 10, "64 KiB"), (1 << 20, "1 MiB")] {
        let body = chat(size);
        assert!(DialectCall::OPENAI_CHAT.read_request(&body).is_ok());
        group.throughput(Throughput::Bytes(u64::try_from(body.len()).unwrap()));
        group.bench_function(says, |b| b.iter(|| DialectCall::OPENAI_CHAT.read_request(black_box(&body)).is_ok()));
    }
    group.finish();
}

/// Events of a token each, as OpenAI writes them.
fn events(count: usize) -> Vec<Bytes> {
    let event = |token: usize| {
        format!(
            "data: {{\"id\":\"chatcmpl-123\",\"object\":\"chat.completion.chunk\",\"created\":1694268190,\
             \"model\":\"gpt-4o-mini\",\"choices\":[{{\"index\":0,\"delta\":{{\"content\":\" word{token}\"}},\
             \"finish_reason\":null}}]}}\n\n"
        )
    };
    (0..count).map(|token| Bytes::from(event(token))).collect()
}

fn sse(c: &mut Criterion) {
    let single = events(24);
    let all: Vec<u8> = single.iter().flat_map(|event| event.to_vec()).collect();
    let halves = all.chunks(all.len() / 48).map(Bytes::copy_from_slice).collect();
    let mut group = c.benchmark_group("sse");
    group.throughput(Throughput::Bytes(u64::try_from(all.len()).unwrap()));
    let cut = [("24 events in 1 chunk", vec![Bytes::from(all)]), ("24 events in 24 chunks", single)];
    for (says, chunks) in cut.into_iter().chain([("24 events cut across 48 chunks", halves)]) {
        group.bench_function(says, |b| {
            b.iter_batched_ref(
                || (SseReader::new(1 << 20), chunks.clone()),
                |(reader, chunks)| {
                    let mut bytes = 0;
                    for chunk in chunks.drain(..) {
                        reader.push(chunk);
                        while let Some(event) = reader.next().expect("small events") {
                            bytes += event.raw().len();
                        }
                    }
                    bytes
                },
                BatchSize::SmallInput,
            );
        });
    }
    group.finish();
}

criterion_group! {
    name = benches;
    config = Criterion::default().warm_up_time(Duration::from_secs(1)).measurement_time(Duration::from_secs(3));
    targets = keys, limits, peek, sse
}
criterion_main!(benches);
