#![allow(clippy::unwrap_used)]
use super::retry_after;
use http::{HeaderMap, HeaderName, HeaderValue};
use proptest::prelude::*;
use std::time::{Duration, SystemTime};

fn headers(pairs: &[(&str, &str)]) -> HeaderMap {
    pairs.iter().map(|(n, v)| (HeaderName::try_from(*n).unwrap(), HeaderValue::from_str(v).unwrap())).collect()
}

#[test]
fn an_upstream_may_say_when_to_come_back_in_four_ways() {
    let now = SystemTime::UNIX_EPOCH + Duration::from_secs(784_111_777 - 30);
    let told = |pairs: &[(&str, &str)]| retry_after(&headers(pairs), now);
    assert_eq!(told(&[("retry-after", "2")]), Some(Duration::from_secs(2)));
    assert_eq!(told(&[("retry-after", "0.5")]), Some(Duration::from_millis(500)));
    assert_eq!(told(&[("retry-after-ms", "250"), ("retry-after", "9")]), Some(Duration::from_millis(250)));
    assert_eq!(told(&[("retry-after", "Sun, 06 Nov 1994 08:49:37 GMT")]), Some(Duration::from_secs(30)));
    assert_eq!(told(&[("retry-after", "Sun, 06 Nov 1994 08:00:00 GMT")]), Some(Duration::ZERO), "past is now");
    for obsolete in ["Sunday, 06-Nov-94 08:49:37 GMT", "Sun Nov  6 08:49:37 1994"] {
        assert_eq!(told(&[("retry-after", obsolete)]), Some(Duration::from_secs(30)), "{obsolete}");
    }
    assert_eq!(told(&[]), None);
    for nonsense in [
        "",
        "-1",
        "soon",
        "inf",
        "1e9",
        "NaN",
        "1.2.3",
        "Sun, 99 Nov 1994 08:49:37 GMT",
        "Sun, 06 Nov",
        "Mon, 06 Nov 1994 08:49:37 GMT",
    ] {
        assert_eq!(told(&[("retry-after", nonsense)]), None, "{nonsense}");
    }
    for ages in ["99999999999999999999999999", "18446744073709551615", "31536001", &"9".repeat(400)] {
        assert_eq!(told(&[("retry-after", ages)]), Some(super::AGES), "{ages}");
    }
}

#[test]
fn leap_days_are_days() {
    let seconds = |date| retry_after(&headers(&[("retry-after", date)]), SystemTime::UNIX_EPOCH).unwrap().as_secs();
    assert_eq!(seconds("Thu, 01 Jan 1970 00:00:00 GMT"), 0);
    assert_eq!(seconds("Thu, 29 Feb 2024 12:00:00 GMT"), 1_709_208_000);
    assert_eq!(seconds("Wed, 01 Mar 2000 00:00:00 GMT"), 951_868_800);
}

proptest! {
    #[test]
    fn no_retry_after_header_can_upset_the_reader(text in "[ -~]{0,40}") {
        let _ = retry_after(&headers(&[("retry-after", text.as_str())]), SystemTime::UNIX_EPOCH);
    }
}
