//! What a failure is: by its status, and by the words in which providers say what the status does not.

use crate::canon::{ApiFailure, JsonText};
use crate::refusal::ApiErrorKind;

/// What a status means to all providers alike (RFC 9110 section 15; 529 is Anthropic's).
fn of_status(status: u16) -> ApiErrorKind {
    match status {
        401 => ApiErrorKind::Auth,
        402 => ApiErrorKind::Quota,
        403 => ApiErrorKind::Permission,
        404 | 410 => ApiErrorKind::NotFound,
        408 | 504 => ApiErrorKind::Timeout,
        409 => ApiErrorKind::Conflict,
        413 => ApiErrorKind::TooLarge,
        422 => ApiErrorKind::Unprocessable,
        429 => ApiErrorKind::Rate,
        503 | 529 => ApiErrorKind::Overloaded,
        400..=499 => ApiErrorKind::Invalid,
        _ => ApiErrorKind::Api,
    }
}

/// Types and codes of providers, in lower case, without AWS's `Exception`.
const WORDS: &[(ApiErrorKind, &[&str])] = &[
    (
        ApiErrorKind::Auth,
        &[
            "authentication_error",
            "invalid_api_key",
            "api_key_invalid",
            "unauthenticated",
            "unrecognizedclient",
            "expiredtoken",
            "invalidsignature",
            "missingauthenticationtoken",
            "incompletesignature",
        ],
    ),
    (
        ApiErrorKind::Quota,
        &[
            "insufficient_quota",
            "billing_error",
            "billing_not_active",
            "billing_hard_limit_reached",
            "servicequotaexceeded",
        ],
    ),
    (
        ApiErrorKind::Rate,
        &["rate_limit_error", "rate_limit_exceeded", "resource_exhausted", "throttling", "toomanyrequests"],
    ),
    (
        ApiErrorKind::Overloaded,
        &["overloaded_error", "server_overloaded", "slow_down", "unavailable", "serviceunavailable", "modelnotready"],
    ),
    (ApiErrorKind::Timeout, &["timeout_error", "deadline_exceeded", "modeltimeout", "timeout"]),
    (ApiErrorKind::Permission, &["permission_error", "permission_denied", "accessdenied"]),
    (
        ApiErrorKind::NotFound,
        &["not_found_error", "not_found", "model_not_found", "resourcenotfound", "deploymentnotfound"],
    ),
    (ApiErrorKind::TooLarge, &["request_too_large"]),
    (ApiErrorKind::Conflict, &["aborted", "conflict"]),
    (
        ApiErrorKind::Invalid,
        &["invalid_request_error", "invalid_argument", "failed_precondition", "invalid_prompt", "validation"],
    ),
    (ApiErrorKind::Api, &["api_error", "server_error", "internal", "internalserver", "internal_server_error"]),
];

/// What a failure is. A word says more than the status where providers use one status for several things; without a status, as
/// within a stream (`status` 200 or less), words are all there is.
#[must_use]
pub fn kind_of(status: u16, failure: &ApiFailure) -> ApiErrorKind {
    let by_word = [&failure.code, &failure.kind].into_iter().flatten().filter_map(of_word);
    if status <= 299 {
        return best(by_word).unwrap_or(ApiErrorKind::Api);
    }
    let by_status = of_status(status);
    let says_more = |word: &ApiErrorKind| match by_status {
        // Google's API says 400 for a bad key, AWS's says 403; OpenAI and others say 429 for an empty account.
        ApiErrorKind::Invalid => !matches!(word, ApiErrorKind::Invalid | ApiErrorKind::Api),
        ApiErrorKind::Permission => matches!(word, ApiErrorKind::Auth | ApiErrorKind::Quota),
        ApiErrorKind::Rate => matches!(word, ApiErrorKind::Quota | ApiErrorKind::Overloaded),
        ApiErrorKind::Overloaded => matches!(word, ApiErrorKind::Rate | ApiErrorKind::Timeout),
        ApiErrorKind::Api => matches!(word, ApiErrorKind::Overloaded | ApiErrorKind::Timeout | ApiErrorKind::Rate),
        ApiErrorKind::Auth
        | ApiErrorKind::NotFound
        | ApiErrorKind::Conflict
        | ApiErrorKind::TooLarge
        | ApiErrorKind::Unprocessable
        | ApiErrorKind::Quota
        | ApiErrorKind::Timeout => false,
    };
    best(by_word.filter(says_more)).unwrap_or(by_status)
}

/// The first that is more than that the request or the service is at fault.
fn best(mut words: impl Iterator<Item = ApiErrorKind>) -> Option<ApiErrorKind> {
    let first = words.next()?;
    let is_plain = matches!(first, ApiErrorKind::Invalid | ApiErrorKind::Api);
    Some(if is_plain { words.next().unwrap_or(first) } else { first })
}

fn of_word(word: &JsonText) -> Option<ApiErrorKind> {
    let word = word.text().to_ascii_lowercase();
    let word = word.strip_suffix("exception").unwrap_or(&word);
    WORDS.iter().find(|(_, words)| words.contains(&word)).map(|(kind, _)| *kind)
}
