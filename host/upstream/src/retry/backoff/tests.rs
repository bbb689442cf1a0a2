#![allow(clippy::unwrap_used)]
use super::Backoff;
use std::time::Duration;

#[test]
fn waits_grow_up_to_the_cap_and_are_spread() {
    let mut backoff = Backoff::new(Duration::from_millis(100), Duration::from_secs(2));
    for (retry, ceiling) in [(1, 100), (2, 200), (3, 400), (4, 800), (5, 1600), (6, 2000), (u32::MAX, 2000)] {
        let waits: Vec<_> = (0..200).map(|_| backoff.delay(retry, None).unwrap()).collect();
        assert!(waits.iter().all(|w| *w < Duration::from_millis(ceiling)));
        assert!(waits.iter().any(|w| *w > Duration::from_millis(ceiling / 2)));
        assert!(waits.iter().any(|w| *w < Duration::from_millis(ceiling / 2)));
    }
}

#[test]
fn an_upstreams_wish_is_obeyed_up_to_the_cap_and_beyond_it_nobody_waits() {
    let mut backoff = Backoff::default();
    assert_eq!(backoff.delay(1, Some(Duration::from_secs(3))), Some(Duration::from_secs(3)));
    assert_eq!(backoff.delay(1, Some(Duration::from_secs(6))), None);
}
