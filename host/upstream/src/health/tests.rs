#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]
mod simulated;

use super::breaker::Breaker;
use super::state::{BreakerState, Rules};
use super::{AsideReason, AttemptVerdict, HealthStanding, Mode, ModelHealth, ProviderHealth, Ticket};
use crate::dial::name::ResolvedHost;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;
use tokio::time::{Instant, advance};
use weir_config::{HealthSettings, Http2, Http2Pings, ProviderConfig, ProviderKind};

fn host() -> Arc<ResolvedHost> {
    Arc::new(ResolvedHost::fixed("127.0.0.1", ([127, 0, 0, 1], 80).into()))
}

fn provider(health: HealthSettings) -> ProviderConfig {
    ProviderConfig {
        name: "p".into(),
        kind: ProviderKind::OpenAi,
        api_version: String::new(),
        endpoints: weir_config::ProviderEndpoints { chat: true, responses: true },
        cloud: weir_config::CloudSettings::default(),
        base_url: "http://127.0.0.1:9".into(),
        api_key: None,
        api_keys: vec![],
        ca_file: None,
        http2: Http2::Auto,
        max_connections: 8,
        max_waiting: 8,
        wait_timeout: Duration::from_secs(1),
        connect_timeout: Duration::from_secs(5),
        first_byte_timeout: Some(Duration::from_secs(5)),
        idle_timeout: Duration::from_secs(60),
        total_timeout: Duration::from_secs(600),
        keep_alive_timeout: Duration::from_secs(55),
        tcp_keep_alive: Duration::from_secs(4),
        tcp_user_timeout: Duration::from_secs(8),
        http2_pings: Http2Pings::default(),
        max_connection_age: Duration::from_secs(300),
        retries: 2,
        ask_usage: true,
        speaks: weir_config::DemoDialect::OpenAi,
        on_unsupported: weir_config::OnUnsupported::Warn,
        on_client_gone: weir_config::OnClientGone::Cancel,
        health,
        headers: vec![],
    }
}

fn models<const N: usize>(names: [&str; N]) -> (Arc<ProviderHealth>, [Arc<ModelHealth>; N]) {
    let health = ProviderHealth::new(&provider(HealthSettings::default()), &host(), None);
    let models = names.map(|name| ModelHealth::new(&health, name));
    (health, models)
}

fn ms(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

fn sent(model: &Arc<ModelHealth>, mode: Mode) -> Ticket {
    let mut ticket = model.enter(mode).unwrap();
    ticket.sent(Instant::now().into_std());
    ticket
}

fn fail(model: &Arc<ModelHealth>, mode: Mode, times: usize) {
    for _ in 0..times {
        model.insist(mode).settle(AttemptVerdict::Failed { retry_after: None });
    }
}

#[tokio::test(start_paused = true)]
async fn five_failures_of_a_model_put_it_aside_and_five_in_a_row_of_any_put_the_provider_aside() {
    let (health, [a, b]) = models(["a", "b"]);
    for _ in 0..4 {
        fail(&a, Mode::Whole, 1);
        sent(&b, Mode::Whole).settle(AttemptVerdict::Served);
    }
    assert_eq!(a.standing(Mode::Whole), HealthStanding::Ready);
    fail(&a, Mode::Whole, 1);
    assert_eq!((a.standing(Mode::Whole), a.standing(Mode::Stream)), (HealthStanding::Aside, HealthStanding::Ready));
    assert_eq!((b.standing(Mode::Whole), health.standing()), (HealthStanding::Ready, HealthStanding::Ready));
    fail(&b, Mode::Stream, 4);
    assert_eq!(health.standing(), HealthStanding::Aside);
    assert_eq!(b.standing(Mode::Whole), HealthStanding::Aside, "with all of its models");
}

#[tokio::test(start_paused = true)]
async fn a_body_that_breaks_off_is_a_failure_whatever_its_head_said() {
    let (_, [a]) = models(["a"]);
    for _ in 0..5 {
        let mut ticket = sent(&a, Mode::Stream);
        ticket.answered(ms(100));
        ticket.relaying();
        assert_eq!(a.standing(Mode::Stream), HealthStanding::Ready);
        ticket.settle(AttemptVerdict::Failed { retry_after: None });
    }
    assert_eq!(a.standing(Mode::Stream), HealthStanding::Aside);
}

#[tokio::test(start_paused = true)]
async fn a_client_that_leaves_is_neither_a_success_nor_a_failure() {
    let (_, [a]) = models(["a"]);
    fail(&a, Mode::Stream, 4);
    for _ in 0..100 {
        let mut ticket = sent(&a, Mode::Stream);
        ticket.answered(ms(100));
        ticket.relaying();
        drop(ticket);
    }
    assert!(a.standing(Mode::Stream) == HealthStanding::Ready && !a.is_well(Mode::Stream));
    fail(&a, Mode::Stream, 1);
    assert_eq!(a.standing(Mode::Stream), HealthStanding::Aside);
}

#[tokio::test(start_paused = true)]
async fn a_probe_of_which_the_client_has_left_is_given_to_the_next() {
    let (_, [a]) = models(["a"]);
    fail(&a, Mode::Whole, 5);
    advance(ms(1_000)).await;
    for _ in 0..3 {
        let probe = sent(&a, Mode::Whole);
        assert!(probe.is_probe() && a.enter(Mode::Whole).is_none());
        drop(probe);
    }
    sent(&a, Mode::Whole).settle(AttemptVerdict::Served);
    assert!(a.is_well(Mode::Whole) && !a.enter(Mode::Whole).unwrap().is_probe());
}

#[tokio::test(start_paused = true)]
async fn one_request_at_a_time_tries_a_provider_out_whichever_model_it_asks_for() {
    let (health, [a, b]) = models(["a", "b"]);
    for model in [&a, &b, &a, &b, &a] {
        fail(model, Mode::Whole, 1);
    }
    assert_eq!(health.standing(), HealthStanding::Aside);
    advance(ms(1_000)).await;
    let probe = a.enter(Mode::Whole).unwrap();
    assert!(b.enter(Mode::Whole).is_none() && b.enter(Mode::Stream).is_none());
    probe.settle(AttemptVerdict::Served);
    assert!(b.enter(Mode::Whole).is_some());
}

#[tokio::test(start_paused = true)]
async fn a_model_is_put_aside_for_as_long_as_its_provider_says_and_no_other_is() {
    let (health, [a, b]) = models(["a", "b"]);
    a.insist(Mode::Whole).settle(AttemptVerdict::Refused { retry_after: Some(Duration::from_secs(30)) });
    for mode in [Mode::Whole, Mode::Stream] {
        assert_eq!((a.standing(mode), b.standing(mode)), (HealthStanding::Aside, HealthStanding::Ready));
    }
    assert_eq!(health.standing(), HealthStanding::Ready);
    assert_eq!(a.asides().find(|(reason, _)| *reason == AsideReason::RateLimited).unwrap().1, 1);
    advance(ms(29_999)).await;
    assert!(a.enter(Mode::Stream).is_none());
    advance(ms(1)).await;
    let probe = a.enter(Mode::Stream).unwrap();
    assert!(probe.is_probe() && a.enter(Mode::Stream).is_none());
    probe.relaying();
    assert!(!a.enter(Mode::Stream).unwrap().is_probe(), "its head is enough");
}

#[tokio::test(start_paused = true)]
async fn nobody_is_put_aside_for_longer_than_the_limit_whatever_they_say() {
    let settings = HealthSettings { retry_after_limit: Duration::from_secs(10), ..HealthSettings::default() };
    let a = ModelHealth::new(&ProviderHealth::new(&provider(settings), &host(), None), "a");
    a.insist(Mode::Whole).settle(AttemptVerdict::Refused { retry_after: Some(Duration::MAX) });
    advance(ms(9_999)).await;
    assert_eq!(a.standing(Mode::Whole), HealthStanding::Aside);
    advance(ms(1)).await;
    assert_eq!(a.standing(Mode::Whole), HealthStanding::Due);
}

#[tokio::test(start_paused = true)]
async fn a_refusal_without_a_time_counts_as_a_failure_of_the_model_alone() {
    let (health, [a]) = models(["a"]);
    for _ in 0..5 {
        assert_eq!(a.standing(Mode::Whole), HealthStanding::Ready);
        a.insist(Mode::Whole).settle(AttemptVerdict::Refused { retry_after: Some(Duration::ZERO) });
    }
    assert_eq!((a.standing(Mode::Whole), health.standing()), (HealthStanding::Aside, HealthStanding::Ready));
}

#[tokio::test(start_paused = true)]
async fn a_pile_of_streams_says_nothing_of_whole_answers() {
    let (health, [a]) = models(["a"]);
    let mut first = sent(&a, Mode::Stream);
    first.answered(ms(100));
    let waiting: Vec<Ticket> = (0..5).map(|_| sent(&a, Mode::Stream)).collect();
    advance(ms(1_001)).await;
    assert!(a.enter(Mode::Stream).unwrap().is_probe());
    assert!(!a.enter(Mode::Whole).unwrap().is_probe());
    assert_eq!(health.standing(), HealthStanding::Ready);
    let mut waiting = waiting.into_iter();
    waiting.next().unwrap().answered(ms(1_100));
    assert!(!a.enter(Mode::Stream).unwrap().is_probe(), "one of them was answered after all");
}

#[test]
fn of_many_threads_one_at_a_time_gets_the_probe() {
    const RULES: Rules = Rules { failures: 1, first: 0, longest: 0 };
    let breaker = Breaker::default();
    breaker.failed(BreakerState::default().insist(), 1, RULES);
    let (inside, probes) = (AtomicU32::new(0), AtomicU32::new(0));
    std::thread::scope(|scope| {
        for thread in 0..4 {
            let (breaker, inside, probes) = (&breaker, &inside, &probes);
            scope.spawn(move || {
                for turn in 0..5_000 {
                    let Some((pass, _)) = breaker.enter(|| 1) else { continue };
                    assert!(pass.probe);
                    assert_eq!(inside.fetch_add(1, Ordering::SeqCst), 0, "two at a time");
                    probes.fetch_add(1, Ordering::SeqCst);
                    inside.fetch_sub(1, Ordering::SeqCst);
                    let _ = match (thread + turn) % 2 {
                        0 => breaker.given_back(pass),
                        _ => breaker.failed(pass, 1, RULES),
                    };
                }
            });
        }
    });
    assert!(probes.load(Ordering::SeqCst) > 0);
}

/// What became of 100 requests a second over 40 s while the first of three targets hung, after `warm` good ones.
struct Outage {
    failed: usize,
    /// The most that waited at once for the first target, of those that were sent after five had timed out.
    at_once: usize,
}

async fn outage(warm: usize) -> Outage {
    let settings = HealthSettings::default;
    let targets: Vec<_> =
        (0..3).map(|_| ModelHealth::new(&ProviderHealth::new(&provider(settings()), &host(), None), "m")).collect();
    for target in &targets {
        for _ in 0..warm {
            let mut ticket = sent(target, Mode::Whole);
            ticket.answered(ms(60));
            ticket.settle(AttemptVerdict::Served);
        }
    }
    let start = Instant::now();
    let mut hanging: Vec<(Instant, Ticket)> = vec![];
    let mut outage = Outage { failed: 0, at_once: 0 };
    while start.elapsed() < Duration::from_secs(40) {
        let ticket = targets.iter().enumerate().find_map(|(n, target)| Some((n, target.enter(Mode::Whole)?)));
        match ticket.unwrap() {
            (0, mut ticket) => {
                ticket.sent(Instant::now().into_std());
                hanging.push((Instant::now() + Duration::from_secs(5), ticket));
            }
            (_, ticket) => ticket.settle(AttemptVerdict::Served),
        }
        let later = start + ms(5_000 + 5 * 10 + 5_000);
        outage.at_once = outage.at_once.max(hanging.iter().filter(|(end, _)| *end > later).count());
        advance(ms(10)).await;
        while hanging.first().is_some_and(|(end, _)| *end <= Instant::now()) {
            hanging.remove(0).1.settle(AttemptVerdict::Failed { retry_after: None });
            outage.failed += 1;
        }
    }
    outage
}

#[tokio::test(start_paused = true)]
async fn a_target_that_hangs_costs_the_requests_of_its_first_window_and_then_one_at_a_time() {
    let outage = outage(0).await;
    // Nothing was usual yet: until the first time-out, all of 4,000 requests go there.
    assert!((500..=4_000 * 15 / 100).contains(&outage.failed), "{} failed", outage.failed);
    assert!(outage.at_once <= 1, "{} waited at once", outage.at_once);
}

#[tokio::test(start_paused = true)]
async fn a_target_that_begins_to_hang_is_noticed_before_its_first_time_out() {
    let outage = outage(3).await;
    assert!((5..=120).contains(&outage.failed), "{} failed", outage.failed);
    assert!(outage.at_once <= 1, "{} waited at once", outage.at_once);
}
