#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]
mod simulated;

use crate::dial::names::HostNames;
use crate::health::{AttemptVerdict, HealthStanding, Mode, ModelHealth, Ticket};
use crate::key_ring::KeyFault;
use crate::retry::{AttemptFailure, FailureKind, RetryDecision, status};
use crate::upstream::Upstream;
use http::{HeaderMap, StatusCode};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::advance;
use weir_config::{Overrides, ProviderConfig, parse};

const MINUTE: Duration = Duration::from_secs(60);

/// A provider with these keys, as the file has them.
pub(super) fn provider(keys: &str) -> ProviderConfig {
    let text = format!("[providers.p]\nkind = \"openai\"\nbase_url = \"http://127.0.0.1:9/v1\"\napi_keys = [{keys}]");
    let loaded = parse(&text, Path::new("/weir.toml"), &|_| None, &Overrides::default()).unwrap();
    loaded.config.providers.into_iter().next().unwrap()
}

pub(super) fn upstream(keys: &str) -> Arc<Upstream> {
    Upstream::new(&provider(keys), None, &HostNames::default()).unwrap()
}

const TWO: &str = "{ key = \"aaaaaaaa\", weight = 2 }, { key = \"bbbbbbbb\" }";

pub(super) fn key_of(ticket: &Ticket) -> String {
    let mut headers = HeaderMap::new();
    ticket.add_key(&mut headers);
    headers["authorization"].to_str().unwrap().trim_start_matches("Bearer ").chars().next().unwrap().to_string()
}

pub(super) fn enter(model: &Arc<ModelHealth>) -> Ticket {
    model.enter(Mode::Whole).unwrap()
}

pub(super) fn answered(code: u16, retry_after: Option<Duration>) -> AttemptFailure {
    let code = StatusCode::from_u16(code).unwrap();
    status::class(code).decide(code, retry_after)
}

/// What is passed over: the key, where, why, and for how many seconds.
pub(super) fn aside(upstream: &Upstream) -> Vec<(String, Option<String>, KeyFault, u64)> {
    let aside = upstream.keys_aside().into_iter();
    aside.map(|one| (one.key.into(), one.model.map(Into::into), one.fault, one.due_in.as_secs())).collect()
}

/// As many requests as these, each answered, by the key that it was sent with.
fn ask(model: &Arc<ModelHealth>, times: usize) -> String {
    let one = |_| {
        let ticket = enter(model);
        ticket.key_answered(StatusCode::OK);
        let key = key_of(&ticket);
        ticket.settle(AttemptVerdict::Served);
        key
    };
    (0..times).map(one).collect()
}

#[tokio::test(start_paused = true)]
async fn a_key_that_is_refused_gives_its_turn_to_the_next_and_is_passed_over_for_five_minutes() {
    let up = upstream(TWO);
    let (m, n) = (up.model("m"), up.model("n"));
    assert_eq!(ask(&m, 6), "abaaba");
    let mut ticket = enter(&m);
    assert_eq!(key_of(&ticket), "a");
    let failure = ticket.judge_key(answered(401, None));
    assert_eq!(failure.what, FailureKind::Account(StatusCode::UNAUTHORIZED));
    assert_eq!(failure.retry, RetryDecision::Elsewhere { same: true, after: None, counts: true });
    assert_eq!(failure.health, None, "the provider is well");
    assert!(ticket.take_other_key(|| panic!("it is known of the key, so that another one costs nothing")));
    assert_eq!(key_of(&ticket), "b");
    ticket.key_answered(StatusCode::OK);
    ticket.settle(AttemptVerdict::Served);
    assert_eq!(aside(&up), [("key-1".into(), None, KeyFault::Unauthorized, 300)]);
    assert_eq!((ask(&m, 3), ask(&n, 3)), ("bbb".into(), "bbb".into()), "at every model");
    assert!(m.is_well(Mode::Whole) && up.healthy());
    advance(5 * MINUTE).await;
    assert_eq!(aside(&up), []);
    let trial = std::iter::repeat_with(|| enter(&m)).find(|ticket| key_of(ticket) == "a").unwrap();
    assert_eq!(ask(&m, 4), "bbbb", "one request tries it out");
    trial.key_answered(StatusCode::OK);
    assert!(ask(&m, 6).matches('a').count() >= 3);
}

#[tokio::test(start_paused = true)]
async fn a_limit_is_of_a_key_at_one_model_and_lasts_as_long_as_was_said() {
    let up = upstream(TWO);
    let (m, n) = (up.model("m"), up.model("n"));
    let mut ticket = enter(&m);
    let failure = ticket.judge_key(answered(429, Some(Duration::from_secs(20))));
    assert_eq!(failure.what, FailureKind::Status(StatusCode::TOO_MANY_REQUESTS, Some(Duration::ZERO)));
    assert!(ticket.take_other_key(|| false));
    assert_eq!(aside(&up), [("key-1".into(), Some("m".into()), KeyFault::RateLimited, 20)]);
    assert_eq!(ask(&m, 3), "bbb");
    assert!(ask(&n, 3).contains('a'));
    advance(Duration::from_secs(20)).await;
    assert!(ask(&m, 3).contains('a'));
}

#[tokio::test(start_paused = true)]
async fn a_limit_without_a_word_of_when_is_a_second_that_doubles_up_to_thirty() {
    let up = upstream(TWO);
    let m = up.model("m");
    for seconds in [1, 2, 4, 8, 16, 30, 30] {
        let mut ticket = enter(&m);
        while key_of(&ticket) != "a" {
            ticket.settle(AttemptVerdict::Served);
            ticket = enter(&m);
        }
        let _ = ticket.judge_key(answered(429, None));
        assert_eq!(aside(&up), [("key-1".into(), Some("m".into()), KeyFault::RateLimited, seconds)]);
        drop(ticket);
        advance(Duration::from_secs(seconds)).await;
    }
}

#[tokio::test(start_paused = true)]
async fn where_all_are_limited_the_first_to_come_back_says_when_and_the_model_waits_until_then() {
    let up = upstream(TWO);
    let (m, n) = (up.model("m"), up.model("n"));
    let mut ticket = enter(&m);
    let _ = ticket.judge_key(answered(429, Some(Duration::from_secs(20))));
    assert!(ticket.take_other_key(|| true));
    let failure = ticket.judge_key(answered(429, Some(Duration::from_secs(60))));
    let after = Some(Duration::from_secs(20));
    assert_eq!(failure.what, FailureKind::Status(StatusCode::TOO_MANY_REQUESTS, after));
    assert_eq!(failure.retry, RetryDecision::Elsewhere { same: true, after, counts: true });
    assert!(!ticket.take_other_key(|| true));
    ticket.settle(failure.health.unwrap());
    assert_eq!((m.standing(Mode::Whole), n.standing(Mode::Whole)), (HealthStanding::Aside, HealthStanding::Ready));
    assert!(m.enter(Mode::Whole).is_none());
    assert_eq!(key_of(&m.insist(Mode::Whole)), "a", "the first that comes back");
    advance(Duration::from_secs(20)).await;
    assert_eq!(ask(&m, 2), "aa");
}

#[tokio::test(start_paused = true)]
async fn where_none_is_accepted_the_provider_is_asked_last_and_whoever_asks_it_finds_out_what_is_mended() {
    let up = upstream(TWO);
    let m = up.model("m");
    let mut ticket = enter(&m);
    let _ = ticket.judge_key(answered(401, None));
    assert!(ticket.take_other_key(|| true));
    let failure = ticket.judge_key(answered(402, None));
    assert_eq!(failure, answered(402, None), "as with one key");
    ticket.sent(std::time::Instant::now());
    ticket.settle(failure.health.unwrap());
    let wanted = [("key-1", KeyFault::Unauthorized), ("key-2", KeyFault::Unpaid)];
    assert_eq!(aside(&up), wanted.map(|(key, fault)| (key.to_owned(), None, fault, 300)));
    assert!(m.enter(Mode::Whole).is_none() && !up.healthy());
    assert_eq!(up.model("other").standing(Mode::Stream), HealthStanding::Aside);
    advance(MINUTE).await;
    let insisted = (0..3).map(|_| key_of(&m.insist(Mode::Whole))).collect::<String>();
    assert_eq!(insisted.matches('a').count(), 2, "in turn: {insisted}");
    // Who is asked nevertheless does not lengthen it by failing.
    let mut ticket = m.insist(Mode::Whole);
    let _ = ticket.judge_key(answered(401, None));
    assert!(aside(&up).iter().all(|(.., left)| *left == 240));
    let ticket = m.insist(Mode::Whole);
    let key = key_of(&ticket);
    ticket.key_answered(StatusCode::OK);
    assert_eq!((ask(&m, 2), aside(&up).len()), (key.repeat(2), 1));
}

#[tokio::test(start_paused = true)]
async fn where_one_is_limited_and_the_others_are_not_accepted_a_client_is_told_when_to_come_back() {
    let up = upstream(TWO);
    let m = up.model("m");
    let mut ticket = enter(&m);
    let _ = ticket.judge_key(answered(429, Some(Duration::from_secs(7))));
    assert!(ticket.take_other_key(|| true));
    let failure = ticket.judge_key(answered(401, None));
    let after = Some(Duration::from_secs(7));
    assert_eq!(failure.what, FailureKind::Status(StatusCode::TOO_MANY_REQUESTS, after));
    drop(ticket);
    assert_eq!(key_of(&m.insist(Mode::Whole)), "a", "the one that is only limited");
}

#[tokio::test(start_paused = true)]
async fn what_one_key_may_not_do_is_held_against_it_only_once_another_one_may() {
    let up = upstream(TWO);
    let (m, n) = (up.model("m"), up.model("n"));
    // What nobody may be asked is the request's doing.
    let mut ticket = enter(&m);
    assert_eq!(ticket.judge_key(answered(403, None)).health, None);
    assert!(!ticket.take_other_key(|| false), "that is paid for");
    let mut ticket = enter(&m);
    let _ = ticket.judge_key(answered(403, None));
    assert!(ticket.take_other_key(|| true));
    let failure = ticket.judge_key(answered(403, None));
    assert_eq!((failure, aside(&up)), (answered(403, None), vec![]));
    assert!(!ticket.take_other_key(|| true), "each is asked once");
    drop(ticket);

    let mut ticket = enter(&m);
    let first = key_of(&ticket);
    let _ = ticket.judge_key(answered(403, None));
    assert!(ticket.take_other_key(|| true));
    ticket.key_answered(StatusCode::OK);
    let name = if first == "a" { "key-1" } else { "key-2" };
    assert_eq!(aside(&up), [(name.into(), Some("m".into()), KeyFault::Forbidden, 300)]);
    assert!(!ask(&m, 4).contains(&first) && ask(&n, 4).contains(&first), "at this model alone");
}

#[tokio::test(start_paused = true)]
async fn words_that_clients_have_a_hand_in_bench_no_key_and_what_is_not_about_a_key_stays_as_it_is() {
    let up = upstream(TWO);
    let m = up.model("m");
    let mut ticket = enter(&m);
    let unclear = AttemptFailure::perhaps_of_account(StatusCode::BAD_REQUEST);
    assert_eq!(ticket.judge_key(unclear.clone()).what, unclear.what);
    assert!(!ticket.take_other_key(|| false));
    for failure in [answered(500, None), answered(503, Some(MINUTE)), AttemptFailure::no_answer("nothing")] {
        assert_eq!(ticket.judge_key(failure.clone()), failure);
        assert!(!ticket.take_other_key(|| true));
    }
    assert_eq!(aside(&up), []);
    // What is clear is: a body that names the account, whatever its status.
    let _ = ticket.judge_key(AttemptFailure::of_account(StatusCode::BAD_REQUEST));
    assert_eq!(aside(&up)[0].2, KeyFault::Account);
}

#[tokio::test(start_paused = true)]
async fn a_provider_with_one_key_is_judged_as_ever() {
    for keys in ["{ key = \"aaaaaaaa\" }", "{ key = \"aaaaaaaa\" }, { key = \"bbbbbbbb\", weight = 0 }"] {
        let up = upstream(keys);
        let mut ticket = enter(&up.model("m"));
        for failure in [answered(401, None), answered(429, Some(MINUTE))] {
            assert_eq!(ticket.judge_key(failure.clone()), failure);
            assert!(!ticket.take_other_key(|| true));
        }
        let (mut own, mut given) = (HeaderMap::new(), HeaderMap::new());
        ticket.add_key(&mut own);
        up.add_head_defaults(&mut given);
        assert!(own.is_empty() && given["authorization"] == "Bearer aaaaaaaa");
        assert_eq!((up.keys().count(), aside(&up).len()), (0, 0));
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_known_of_a_key_outlives_a_change_of_the_others_and_of_its_name() {
    let up = upstream(TWO);
    let m = up.model("m");
    let mut ticket = enter(&m);
    let _ = ticket.judge_key(answered(401, None));
    assert!(ticket.take_other_key(|| true));
    let _ = ticket.judge_key(answered(429, Some(10 * MINUTE)));
    drop(ticket);
    advance(MINUTE).await;
    let changed = provider(
        "{ key = \"cccccccc\", weight = 5 }, { key = \"bbbbbbbb\", name = \"b\" }, { key = \"aaaaaaaa\", name = \"a\" }",
    );
    let after = Upstream::in_place_of(Some(&up), &changed, None, &HostNames::default()).unwrap();
    let n = after.model("m");
    assert_eq!(
        aside(&after),
        [("b".into(), Some("m".into()), KeyFault::RateLimited, 540), ("a".into(), None, KeyFault::Unauthorized, 240)]
    );
    assert_eq!(ask(&n, 3), "ccc");
}

#[test]
fn no_key_is_in_what_is_shown_of_a_provider() {
    let up = upstream(TWO);
    let shown = format!("{up:?} {:?} {:?} {:?}", up.settings(), up.model("m"), enter(&up.model("m")));
    assert!(shown.contains("key-1") && !shown.contains("aaaaaaaa") && !shown.contains("bbbbbbbb"), "{shown}");
    assert_eq!(up.secret_in(b"no such key: bbbbbbbb"), Some(crate::RepeatedSecret::Key));
}
