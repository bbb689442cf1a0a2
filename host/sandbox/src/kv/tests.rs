use super::*;
use std::sync::Arc;

const HOUR: Duration = Duration::from_secs(3600);

/// Waits for something that time brings.
fn soon(mut holds: impl FnMut() -> bool) {
    let start = Instant::now();
    while !holds() {
        assert!(start.elapsed() < Duration::from_secs(30), "never");
        std::thread::yield_now();
    }
}

#[test]
fn what_is_set_is_got_until_it_is_deleted() {
    let kv = Kv::new(10, HOUR);
    assert_eq!(kv.get("a"), None);
    kv.set("a", b"one".to_vec(), 0).unwrap();
    kv.set("a", b"two".to_vec(), 0).unwrap();
    assert_eq!(kv.get("a").as_deref(), Some(&b"two"[..]));
    assert!(kv.delete("a"));
    assert!(!kv.delete("a"));
    assert_eq!(kv.get("a"), None);
}

#[test]
fn a_value_lives_as_long_as_was_asked_and_never_longer_than_the_operator_allows() {
    let kv = Kv::new(10, Duration::from_millis(60));
    kv.set("short", b"x".to_vec(), 20).unwrap();
    kv.set("long", b"x".to_vec(), u64::MAX).unwrap();
    kv.set("unsaid", b"x".to_vec(), 0).unwrap();
    soon(|| kv.get("short").is_none());
    soon(|| kv.get("long").is_none() && kv.get("unsaid").is_none());
}

#[test]
fn a_number_counts_its_time_from_its_first_write_and_a_new_value_from_itself() {
    let kv = Kv::new(10, HOUR);
    kv.increment("n", 1, 50).unwrap();
    soon(|| kv.increment("n", 1, 3_600_000) == Ok(1));
    // Begun anew with the long time, it stays.
    assert_eq!(kv.increment("n", 1, 1), Ok(2));
    kv.set("n", 7_i64.to_le_bytes().to_vec(), 0).unwrap();
    assert_eq!(kv.increment("n", -9, 1), Ok(-2));
    std::thread::sleep(Duration::from_millis(20));
    assert_eq!(kv.increment("n", 0, 0), Ok(-2));
}

#[test]
fn increments_from_many_threads_lose_nothing() {
    let kv = Arc::new(Kv::new(10, HOUR));
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| (0..500).for_each(|_| assert!(kv.increment("n", 1, 0).is_ok())));
        }
    });
    assert_eq!(kv.increment("n", 0, 0), Ok(4000));
}

#[test]
fn sums_stop_at_the_ends_and_what_is_no_number_stays_what_it_is() {
    let kv = Kv::new(10, HOUR);
    kv.increment("n", i64::MAX, 0).unwrap();
    assert_eq!(kv.increment("n", 1, 0), Ok(i64::MAX));
    kv.set("text", b"nine bytes".to_vec(), 0).unwrap();
    assert!(kv.increment("text", 1, 0).unwrap_err().contains("not a number"));
    assert_eq!(kv.get("text").as_deref(), Some(&b"nine bytes"[..]));
}

#[test]
fn keys_and_values_are_bounded() {
    let kv = Kv::new(1000, HOUR);
    assert!(kv.set("", vec![], 0).is_err());
    assert!(kv.increment(&"k".repeat(257), 1, 0).is_err());
    kv.set(&"k".repeat(256), vec![], 0).unwrap();
    assert!(kv.set("k", vec![0; VALUE + 1], 0).is_err());
    kv.set("k", vec![0; VALUE], 0).unwrap();
    assert_eq!(kv.get("k").map(|v| v.len()), Some(VALUE));
}

#[test]
fn a_full_store_forgets_what_was_used_longest_ago_and_takes_what_is_new() {
    let kv = Kv::new(100, HOUR);
    for n in 0..1000 {
        kv.set(&format!("k{n}"), b"x".to_vec(), 0).unwrap();
        kv.entries.run_pending_tasks();
    }
    assert!(kv.entries.entry_count() <= 100, "{}", kv.entries.entry_count());
    assert!(kv.get("k999").is_some() && kv.get("k950").is_some());
    assert!(kv.get("k1").is_none());
}

#[test]
fn large_values_count_as_several_entries_and_one_that_can_never_fit_is_refused() {
    let kv = Kv::new(20, HOUR);
    for n in 0..10 {
        kv.set(&format!("k{n}"), vec![0; 8 << 10], 0).unwrap();
        kv.entries.run_pending_tasks();
    }
    assert!(kv.entries.entry_count() <= 2, "{}", kv.entries.entry_count());
    assert!(kv.set("huge", vec![0; 32 << 10], 0).unwrap_err().contains("no room"));
}
