use std::time::Duration;

use proptest::prelude::*;

use super::{duration, near_duration, near_size, show_duration, show_size, size};

#[test]
fn sizes() {
    let table = [
        ("0B", Some(0)),
        ("512B", Some(512)),
        ("32KiB", Some(32_768)),
        ("32 KiB", Some(32_768)),
        ("10MB", Some(10_000_000)),
        ("10MiB", Some(10_485_760)),
        ("1GB", Some(1_000_000_000)),
        ("2GiB", Some(2_147_483_648)),
        ("3KB", Some(3_000)),
        ("10", None),
        ("KiB", None),
        ("", None),
        ("-1KiB", None),
        ("+1KiB", None),
        ("1.5MiB", None),
        ("10mb", None),
        ("10M", None),
        ("1  KiB", None),
        (" 1KiB", None),
        ("99999999999999999999B", None),
        ("18446744073709551615GiB", None),
    ];
    for (text, wanted) in table {
        assert_eq!(size(text), wanted, "{text}");
    }
}

#[test]
fn durations() {
    let table = [
        ("0s", Some(Duration::ZERO)),
        ("500us", Some(Duration::from_micros(500))),
        ("250ms", Some(Duration::from_millis(250))),
        ("10s", Some(Duration::from_secs(10))),
        ("10 s", Some(Duration::from_secs(10))),
        ("5m", Some(Duration::from_secs(300))),
        ("1h", Some(Duration::from_secs(3_600))),
        ("10", None),
        ("s", None),
        ("", None),
        ("1.5s", None),
        ("-1s", None),
        ("1m30s", None),
        ("1d", None),
        ("1S", None),
        ("9999999999999999999h", None),
    ];
    for (text, wanted) in table {
        assert_eq!(duration(text), wanted, "{text}");
    }
}

#[test]
fn they_are_shown_in_the_largest_unit_that_holds_them() {
    for (bytes, wanted) in [(0, "0B"), (1_000, "1000B"), (1_024, "1KiB"), (1 << 20, "1MiB"), (3 << 30, "3GiB")] {
        assert_eq!(show_size(bytes), wanted);
    }
    for (micros, wanted) in [(0, "0s"), (1, "1us"), (1_000, "1ms"), (90_000_000, "90s"), (3_600_000_000, "1h")] {
        assert_eq!(show_duration(Duration::from_micros(micros)), wanted);
    }
}

#[test]
fn what_is_meant_by_other_letters_is_found() {
    for (text, wanted) in [
        ("10mb", Some("10MB")),
        ("10 megabytes", Some("10MB")),
        ("64k", Some("64KB")),
        ("1 gib", Some("1GiB")),
        ("10 miles", None),
        ("mb", None),
        ("1.5MB", None),
        ("", None),
    ] {
        assert_eq!(near_size(text).as_deref(), wanted, "{text}");
    }
    for (text, wanted) in [
        ("1.5s", Some("1500ms")),
        ("0.25h", Some("15m")),
        ("30 seconds", Some("30s")),
        ("5min", Some("5m")),
        ("1d", Some("24h")),
        ("1S", Some("1s")),
        ("1.2345s", None),
        ("1.s.5", None),
        ("99999999999999999999d", None),
        ("soon", None),
    ] {
        assert_eq!(near_duration(text).as_deref(), wanted, "{text}");
    }
}

proptest! {
    #[test]
    fn what_is_shown_reads_back(n in any::<u64>()) {
        prop_assert_eq!(size(&show_size(n)), Some(n));
        prop_assert_eq!(duration(&show_duration(Duration::from_micros(n))), Some(Duration::from_micros(n)));
    }

    #[test]
    fn no_text_panics(text in any::<String>()) {
        let _ = (size(&text), duration(&text), near_size(&text), near_duration(&text));
    }
}
