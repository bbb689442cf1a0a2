//! The state of a rate limit in the head of an answer.

use http::{HeaderMap, HeaderName, HeaderValue};
use std::borrow::Cow;
use std::time::Duration;
use weir_tenancy::Rate;

const LIMIT: &str = "x-ratelimit-limit-requests";
const REMAINING: &str = "x-ratelimit-remaining-requests";
const RESET: &str = "x-ratelimit-reset-requests";

/// Adds the state of a rate limit.
pub(crate) fn add_rate(headers: &mut HeaderMap, rate: &Rate) {
    each_of_rate(rate, |name, value| add(headers, name, value));
}

/// The state of a rate limit, under OpenAI's names
/// (<https://platform.openai.com/docs/guides/rate-limits>, "Rate limits in headers").
pub(crate) fn each_of_rate(rate: &Rate, mut put: impl FnMut(&'static str, &[u8])) {
    put(LIMIT, itoa::Buffer::new().format(rate.limit).as_bytes());
    put(REMAINING, itoa::Buffer::new().format(rate.remaining).as_bytes());
    put(RESET, span(rate.reset).as_bytes());
}

/// Sets a header.
fn add(headers: &mut HeaderMap, name: &'static str, value: &[u8]) {
    if let Ok(value) = HeaderValue::from_bytes(value) {
        headers.insert(HeaderName::from_static(name), value);
    }
}

/// A time as OpenAI writes it, which is as Go does: `12ms`, `1.5s`, `6m0s`, `1m12.5s`. In whole milliseconds, rounded up,
/// so that who waits as long does not come too early.
fn span(time: Duration) -> Cow<'static, str> {
    let ms = time.as_nanos().div_ceil(1_000_000);
    let seconds = ms as f64 / 1000.0;
    match ms {
        0 => Cow::Borrowed("0s"),
        // Who is far from the limit sees this one, and formatting it would cost more than all the rest.
        1 => Cow::Borrowed("1ms"),
        2..1000 => Cow::Owned(format!("{ms}ms")),
        1000..60_000 => Cow::Owned(format!("{seconds}s")),
        60_000..3_600_000 => Cow::Owned(format!("{}m{}s", ms / 60_000, (ms % 60_000) as f64 / 1000.0)),
        _ => Cow::Owned(format!("{}h{}m{}s", ms / 3_600_000, ms / 60_000 % 60, (ms % 60_000) as f64 / 1000.0)),
    }
}
