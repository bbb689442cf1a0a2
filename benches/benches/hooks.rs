//! What one call of a hook costs, as the gateway makes it: an instance is taken from the pool, lent an exchange, measured,
//! given back. `cargo bench -p weir-bench --bench hooks`
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::print_stderr)]

mod harness;

use criterion::{Criterion, criterion_group, criterion_main};
use harness::{GUARD, Guests, Harness, PII, TAP, body, installed};
use std::time::Duration;

/// By what crosses the boundary, on an instance out of the pool. `nothing` is also what taking it from the pool and
/// giving it back cost together with entry and exit: the pool alone has no door of its own.
fn pooled(c: &mut Criterion) {
    let guests = Guests::make();
    let mut group = c.benchmark_group("pooled");
    let small = body(512);
    for (guest, says) in [
        ("nothing", "no host call, nothing read"),
        ("facts", "three facts"),
        ("three-calls", "three host calls"),
        ("good", "sets a header"),
    ] {
        let harness = Harness::new(guests.folder(), &[(guest, "{}")], "tenant");
        group.bench_function(says, |b| b.iter_custom(|n| harness.policy(n, &small)));
    }
    for (guest, says) in [("body-in", "whole body in"), ("body-through", "whole body in and out")] {
        let harness = Harness::new(guests.folder(), &[(guest, "{}")], "tenant");
        for (size, name) in [(4 << 10, "4 KiB"), (64 << 10, "64 KiB")] {
            let body = body(size);
            group.bench_function(format!("{says}, {name}"), |b| b.iter_custom(|n| harness.policy(n, &body)));
        }
    }
    match &guests.no_rust {
        None => {
            let harness = Harness::new(guests.folder(), &[("three-facts", "{}")], "tenant");
            group.bench_function("three facts, plugin in Rust", |b| b.iter_custom(|n| harness.policy(n, &small)));
        }
        Some(why) => eprintln!("pooled/three facts, plugin in Rust: skipped: {why}"),
    }
    group.finish();
}

/// With an instance made for the call, `init` included.
fn fresh(c: &mut Criterion) {
    let guests = Guests::make();
    let small = body(512);
    let mut group = c.benchmark_group("fresh");
    for guest in ["nothing", "facts", "three-facts"] {
        if let ("three-facts", Some(why)) = (guest, &guests.no_rust) {
            eprintln!("fresh/{guest}: skipped: {why}");
            continue;
        }
        let harness = Harness::new(guests.folder(), &[(guest, "{}")], "request");
        group.bench_function(guest, |b| b.iter_custom(|n| harness.policy(n, &small)));
    }
    let harness = Harness::new(&installed(), &[GUARD], "request");
    group.bench_function("prompt-guard, 0.5 KiB", |b| b.iter_custom(|n| harness.policy(n, &small)));
    group.finish();
}

/// Several plugins one after the other, each looking at three facts.
fn chain(c: &mut Criterion) {
    let guests = Guests::make();
    let small = body(512);
    let names: Vec<String> = (0..16).map(|copy| format!("facts-{copy}")).collect();
    let mut group = c.benchmark_group("chain");
    for count in [1, 4, 16] {
        let plugins: Vec<_> = names.iter().take(count).map(|name| (name.as_str(), "{}")).collect();
        let harness = Harness::new(guests.folder(), &plugins, "tenant");
        group.bench_function(format!("{count} plugins"), |b| b.iter_custom(|n| harness.policy(n, &small)));
    }
    group.finish();
}

/// The bundled plugins as they are shipped.
fn bundled(c: &mut Criterion) {
    let mut group = c.benchmark_group("bundled");
    for plugin in [GUARD, PII] {
        let harness = Harness::new(&installed(), &[plugin], "tenant");
        for (size, says) in [(512, "0.5 KiB"), (4 << 10, "4 KiB"), (64 << 10, "64 KiB")] {
            let body = body(size);
            group.bench_function(format!("{}, {says}", plugin.0), |b| b.iter_custom(|n| harness.policy(n, &body)));
        }
    }
    let harness = Harness::new(&installed(), &[TAP], "tenant");
    group.bench_function("usage-tap", |b| b.iter_custom(|n| harness.observe(n)));
    group.finish();
}

criterion_group! {
    name = benches;
    config = Criterion::default().warm_up_time(Duration::from_secs(1)).measurement_time(Duration::from_secs(3));
    targets = pooled, fresh, chain, bundled
}
criterion_main!(benches);
