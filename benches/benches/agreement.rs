//! Whether what `/metrics` says of a plugin's cost is what a call costs: the same calls timed from outside, as the
//! microbench does, and by the gateway's own meter. `cargo bench -p weir-bench --bench agreement`
//!
//! Ends with 1 if any differs by more than 25 %.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::print_stdout, clippy::print_stderr)]

mod harness;

use harness::{GUARD, Guests, Harness, PII, TAP, body, installed};
use std::process::ExitCode;
use std::time::Duration;

/// By how much the meter may be off.
const TOLERANCE: f64 = 0.25;
const ROUNDS: usize = 31;

/// The hook and the calls to measure.
struct Case<'a> {
    says: &'a str,
    hook: &'a str,
    harness: Harness,
    /// Makes so many calls; how long they took.
    calls: Box<dyn Fn(&Harness, u64) -> Duration>,
}

/// Nanoseconds for a call: from outside, and by the meter. Medians of rounds, which alternate with nothing: both figures
/// are of the very same calls.
fn measure(case: &Case<'_>, round: Duration) -> (f64, f64) {
    let mut count = 16;
    // As many calls as fill a round.
    while (case.calls)(&case.harness, count) < round && count < 1 << 24 {
        count *= 2;
    }
    let mut figures = Vec::new();
    for _ in 0..ROUNDS {
        let (calls_before, cpu_before) = case.harness.metered(case.hook);
        let took = (case.calls)(&case.harness, count);
        let (calls, cpu) = case.harness.metered(case.hook);
        assert_eq!(calls - calls_before, count, "a call was not counted");
        let each = |nanos: f64| nanos / count as f64;
        figures.push((each(took.as_nanos() as f64), each((cpu - cpu_before) as f64)));
    }
    let median = |mut of: Vec<f64>| {
        of.sort_by(f64::total_cmp);
        of.get(ROUNDS / 2).copied().unwrap_or_default()
    };
    (median(figures.iter().map(|f| f.0).collect()), median(figures.iter().map(|f| f.1).collect()))
}

fn cases(guests: &Guests) -> Vec<Case<'static>> {
    let policy = |says, harness, bytes| {
        let body = body(bytes);
        Case { says, hook: "policy", harness, calls: Box::new(move |harness, count| harness.policy(count, &body)) }
    };
    let mut cases = vec![
        policy("three facts, pooled", Harness::new(guests.folder(), &[("facts", "{}")], "tenant"), 512),
        policy("sets a header, pooled", Harness::new(guests.folder(), &[("good", "{}")], "tenant"), 512),
        policy("three facts, fresh instance", Harness::new(guests.folder(), &[("facts", "{}")], "request"), 512),
        policy("prompt-guard, 0.5 KiB", Harness::new(&installed(), &[GUARD], "tenant"), 512),
        policy("redact-pii, 0.5 KiB", Harness::new(&installed(), &[PII], "tenant"), 512),
        policy("redact-pii, 4 KiB", Harness::new(&installed(), &[PII], "tenant"), 4 << 10),
    ];
    let harness = Harness::new(&installed(), &[TAP], "tenant");
    cases.push(Case { says: "usage-tap", hook: "observe", harness, calls: Box::new(Harness::observe) });
    match &guests.no_rust {
        None => {
            let harness = Harness::new(guests.folder(), &[("three-facts", "{}")], "tenant");
            cases.insert(1, policy("three facts, plugin in Rust", harness, 512));
        }
        Some(why) => eprintln!("three facts, plugin in Rust: skipped: {why}"),
    }
    cases
}

fn main() -> ExitCode {
    // `cargo test --benches` only wants to know that it runs.
    let trial = !std::env::args().any(|argument| argument == "--bench");
    let round = if trial { Duration::from_millis(1) } else { Duration::from_millis(50) };
    let guests = Guests::make();
    let mut off = 0;
    println!("{:<30} {:>12} {:>12} {:>9}", "plugin call", "bench", "/metrics", "apart");
    for case in cases(&guests) {
        let (bench, metered) = measure(&case, round);
        let apart = metered / bench - 1.0;
        println!("{:<30} {:>9.3} µs {:>9.3} µs {:>+8.1} %", case.says, bench / 1e3, metered / 1e3, apart * 100.0);
        off += usize::from(apart.abs() > TOLERANCE);
    }
    if trial || off == 0 {
        return ExitCode::SUCCESS;
    }
    eprintln!("{off} are more than {:.0} % apart", TOLERANCE * 100.0);
    ExitCode::FAILURE
}
