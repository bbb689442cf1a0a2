//! When an upstream wants to be asked again.

use std::time::{Duration, SystemTime};

use http::HeaderMap;
use http::header::RETRY_AFTER;

/// What an upstream says about when to come back: `retry-after-ms` (milliseconds), else `retry-after` (seconds or a
/// date, RFC 9110 section 10.2.3; a date that has passed is now). `None` when it says nothing, or nothing intelligible.
#[must_use]
pub fn retry_after(headers: &HeaderMap, now: SystemTime) -> Option<Duration> {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).map(str::trim);
    if let Some(millis) = text("retry-after-ms").and_then(decimal) {
        return Some(millis / 1000);
    }
    let value = text(RETRY_AFTER.as_str())?;
    decimal(value).or_else(|| Some(httpdate::parse_http_date(value).ok()?.duration_since(now).unwrap_or_default()))
}

/// The most that a number of seconds comes to: of one that is past every clock, a long time, and not none.
const AGES: Duration = Duration::from_secs(365 * 24 * 3_600);

/// Seconds with an optional fraction, which some providers send; digits and one point only.
fn decimal(text: &str) -> Option<Duration> {
    if text.is_empty() || !text.bytes().all(|b| b.is_ascii_digit() || b == b'.') {
        return None;
    }
    Some(Duration::try_from_secs_f64(text.parse().ok()?).unwrap_or(AGES).min(AGES))
}

#[cfg(test)]
mod tests;
