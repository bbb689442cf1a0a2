use super::{AttemptFailure, FailureKind, RetryDecision};
use crate::dial::tls::{TlsFailure, TlsKind};
use crate::error::{AttemptError, BodyError, Break, Which};
use crate::health::AttemptVerdict;
use crate::retry::status::{self, Class};
use http::StatusCode;
use std::io::ErrorKind;
use std::time::Duration;

const SECOND: Duration = Duration::from_secs(1);

/// In short: what went wrong, whether others, the same or nobody is asked, and what is said of the upstream.
fn told(failure: AttemptFailure) -> (FailureKind, &'static str, &'static str) {
    let retry = match failure.retry {
        RetryDecision::Never => "nobody",
        RetryDecision::Elsewhere { same: false, after: None, counts: true } => "others",
        RetryDecision::Elsewhere { same: true, after: None, counts: true } => "anybody",
        RetryDecision::Elsewhere { same: true, after: Some(SECOND), counts: true } => "anybody after a second",
        RetryDecision::Elsewhere { same: true, after: None, counts: false } => "anybody for nothing",
        RetryDecision::Elsewhere { .. } => "something else",
    };
    let health = match failure.health {
        None => "nothing",
        Some(AttemptVerdict::Failed { retry_after: None }) => "failed",
        Some(AttemptVerdict::Failed { retry_after: Some(SECOND) }) => "failed for a second",
        Some(AttemptVerdict::Refused { retry_after: None }) => "refused",
        Some(AttemptVerdict::Refused { retry_after: Some(SECOND) }) => "refused for a second",
        Some(_) => "something else",
    };
    (failure.what, retry, health)
}

#[test]
fn what_an_attempt_without_an_answer_comes_to_is_decided_for_every_way_in_which_it_fails() {
    let unreachable = FailureKind::Unreachable;
    let closed = |sent, idempotent, stale| AttemptError::ClosedBeforeHead { sent, idempotent, stale };
    for (error, what, retry, health) in [
        (AttemptError::Busy { retry_after: SECOND }, FailureKind::Busy { retry_after: SECOND }, "others", "nothing"),
        (AttemptError::Unresolved, unreachable("unresolved"), "anybody", "failed"),
        (AttemptError::Connect(ErrorKind::ConnectionRefused), unreachable("connect"), "anybody", "failed"),
        (AttemptError::Tls(TlsFailure::new(TlsKind::Alert, "")), unreachable("tls"), "anybody", "failed"),
        (AttemptError::Refused, unreachable("refused"), "anybody for nothing", "nothing"),
        (AttemptError::Timeout(Which::Connect), unreachable("connect_timeout"), "anybody", "failed"),
        (AttemptError::Timeout(Which::FirstByte), FailureKind::TimedOut, "nobody", "failed"),
        (AttemptError::Timeout(Which::Total), FailureKind::TimedOut, "nobody", "failed"),
        (closed(false, false, false), FailureKind::Broken, "anybody", "failed"),
        (closed(false, true, false), FailureKind::Broken, "anybody", "failed"),
        (closed(false, false, true), FailureKind::Broken, "anybody", "nothing"),
        (closed(false, true, true), FailureKind::Broken, "anybody", "nothing"),
        (closed(true, false, false), FailureKind::Broken, "nobody", "failed"),
        (closed(true, true, false), FailureKind::Broken, "anybody", "failed"),
        (closed(true, false, true), FailureKind::Broken, "anybody", "nothing"),
        (closed(true, true, true), FailureKind::Broken, "anybody", "nothing"),
        (AttemptError::Protocol("it is not valid"), FailureKind::Broken, "nobody", "failed"),
        (AttemptError::NoCredential, FailureKind::Account(StatusCode::UNAUTHORIZED), "others", "refused"),
        (AttemptError::BadTarget, unreachable("bad_target"), "nobody", "nothing"),
    ] {
        assert_eq!(told(error.decide()), (what, retry, health), "{error:?}");
    }
}

#[test]
fn an_answer_that_came_apart_is_not_asked_for_again() {
    for (error, what, relayed) in [
        (BodyError::Idle, FailureKind::TimedOut, "failed"),
        // Of a client that reads slowly, too.
        (BodyError::Total, FailureKind::TimedOut, "nothing"),
        (BodyError::Broken(Break::Cut), FailureKind::Broken, "failed"),
    ] {
        assert_eq!(told(error.decide()), (what.clone(), "nobody", "failed"), "{error:?}");
        assert_eq!(told(error.decide_relayed()), (what, "nobody", relayed), "{error:?}, while it was relayed");
    }
}

#[test]
fn a_status_says_whom_to_ask_and_its_wish_counts_where_waiting_may_help() {
    for (code, class, retry, health) in [
        (301, Class::Unable, "others", "refused"),
        (429, Class::RateLimited, "anybody after a second", "refused for a second"),
        (500, Class::Failed, "anybody after a second", "failed for a second"),
        (501, Class::Unable, "others", "refused"),
        (503, Class::Overloaded, "anybody after a second", "failed for a second"),
        (504, Class::TimedOut, "anybody after a second", "failed for a second"),
        (521, Class::Unreachable, "anybody after a second", "failed for a second"),
    ] {
        let status = StatusCode::from_u16(code).unwrap_or_default();
        assert_eq!(status::class(status), class, "{code}");
        let (what, asked, said) = told(class.decide(status, Some(SECOND)));
        let after = Some(SECOND).filter(|_| class.may_pass());
        assert_eq!((what, asked, said), (FailureKind::Status(status, after), retry, health), "{code}");
    }
    let account = told(Class::Account.decide(StatusCode::UNAUTHORIZED, Some(SECOND)));
    assert_eq!(account, (FailureKind::Account(StatusCode::UNAUTHORIZED), "others", "refused"));
}

#[test]
fn what_was_answered_in_part_may_be_charged_and_is_not_asked_for_again() {
    assert_eq!(told(AttemptFailure::broken()), (FailureKind::Broken, "nobody", "failed"));
    assert_eq!(told(AttemptFailure::no_room()), (FailureKind::NoRoom, "nobody", "nothing"));
    let large = FailureKind::TooLarge { what: "event", limit: 5 };
    assert_eq!(told(AttemptFailure::too_large("event", 5)), (large, "nobody", "nothing"));
}

#[test]
fn what_came_in_place_of_an_answer_costs_nothing_and_others_are_asked() {
    assert_eq!(told(AttemptFailure::no_answer("an error")), (FailureKind::NoAnswer("an error"), "anybody", "failed"));
    assert_eq!(told(AttemptFailure::encoded()), (FailureKind::Encoded, "others", "nothing"));
    let (bad, account) = (StatusCode::BAD_REQUEST, FailureKind::Account(StatusCode::BAD_REQUEST));
    assert_eq!(told(AttemptFailure::of_account(bad)), (account.clone(), "others", "refused"));
    // Clients have a hand in what cannot be read.
    assert_eq!(told(AttemptFailure::perhaps_of_account(bad)), (account, "others", "nothing"));
}
