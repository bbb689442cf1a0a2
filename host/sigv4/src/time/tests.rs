use std::time::{Duration, SystemTime, UNIX_EPOCH};

use proptest::prelude::*;

use super::AmzTime;

#[test]
fn a_time_is_written_as_its_calendar_has_it() {
    for (seconds, text) in [
        (0, "19700101T000000Z"),
        (951_782_399, "20000228T235959Z"),
        (951_782_400, "20000229T000000Z"),
        (1_769_903_999, "20260131T235959Z"),
        (4_107_542_400, "21000301T000000Z"),
        (253_402_300_799, "99991231T235959Z"),
    ] {
        assert_eq!(AmzTime::of(UNIX_EPOCH + Duration::from_secs(seconds)).text(), text);
        assert_eq!(AmzTime::parse(text), Some(AmzTime(seconds)));
    }
    assert_eq!(AmzTime::of(UNIX_EPOCH - Duration::from_secs(1)).text(), "19700101T000000Z");
    assert_eq!(AmzTime(u64::MAX).day(), "99991231");
}

#[test]
fn what_is_no_time_is_none() {
    for text in [
        "",
        "20260131",
        "20260131T235959",
        "20260131 235959Z",
        "20260231T000000Z",
        "21000229T000000Z",
        "20261301T000000Z",
        "20260001T000000Z",
        "20260100T000000Z",
        "20260131T240000Z",
        "20260131T006000Z",
        "+0260131T000000Z",
        "2026013T0000000Z",
        "19691231T235959Z",
        "20260131T235959Zz",
    ] {
        assert_eq!(AmzTime::parse(text), None, "{text}");
    }
}

#[test]
fn a_distance_has_no_direction() {
    let (one, other) = (AmzTime::of(SystemTime::UNIX_EPOCH), AmzTime(301));
    assert_eq!((one.distance(other), other.distance(one)), (Duration::from_secs(301), Duration::from_secs(301)));
}

proptest! {
    #[test]
    fn every_second_is_read_as_it_was_written(seconds in 0..253_402_300_800_u64) {
        prop_assert_eq!(AmzTime::parse(&AmzTime(seconds).text()), Some(AmzTime(seconds)));
    }

    #[test]
    fn any_text_is_a_time_or_none(text in ".{0,20}") {
        let _ = AmzTime::parse(&text);
    }
}
