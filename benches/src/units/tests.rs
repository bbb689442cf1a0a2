use super::*;

#[test]
fn durations_need_a_unit_unless_they_are_nought() {
    assert_eq!(duration("0").unwrap(), Duration::ZERO);
    assert_eq!(duration("0ms").unwrap(), Duration::ZERO);
    assert_eq!(duration("250us").unwrap(), Duration::from_micros(250));
    assert_eq!(duration("60ms").unwrap(), Duration::from_millis(60));
    assert_eq!(duration("5m").unwrap(), Duration::from_secs(300));
    for bad in ["", "60", "ms", "1h", "-1s", "1.5s", "61m", "99999999999999999999s"] {
        assert!(duration(bad).is_err(), "{bad}");
    }
}

#[test]
fn dates_follow_the_gregorian_calendar() {
    for (day, expected) in
        [(0, "1970-01-01"), (58, "1970-02-28"), (789, "1972-02-29"), (11_016, "2000-02-29"), (20_453, "2025-12-31")]
    {
        assert_eq!(date(day), expected);
    }
}
