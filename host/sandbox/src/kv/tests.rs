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
    let kv = Kv::new(10, HOUR, None);
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
    let kv = Kv::new(10, Duration::from_millis(60), None);
    kv.set("short", b"x".to_vec(), 20).unwrap();
    kv.set("long", b"x".to_vec(), u64::MAX).unwrap();
    kv.set("unsaid", b"x".to_vec(), 0).unwrap();
    soon(|| kv.get("short").is_none());
    soon(|| kv.get("long").is_none() && kv.get("unsaid").is_none());
}

#[test]
fn a_number_counts_its_time_from_its_first_write_and_a_new_value_from_itself() {
    let kv = Kv::new(10, HOUR, None);
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
    let kv = Arc::new(Kv::new(10, HOUR, None));
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| (0..500).for_each(|_| assert!(kv.increment("n", 1, 0).is_ok())));
        }
    });
    assert_eq!(kv.increment("n", 0, 0), Ok(4000));
}

#[test]
fn sums_stop_at_the_ends_and_what_is_no_number_stays_what_it_is() {
    let kv = Kv::new(10, HOUR, None);
    kv.increment("n", i64::MAX, 0).unwrap();
    assert_eq!(kv.increment("n", 1, 0), Ok(i64::MAX));
    kv.set("text", b"nine bytes".to_vec(), 0).unwrap();
    assert_eq!(kv.increment("text", 1, 0), Err(KvError::NoNumber));
    assert_eq!(kv.get("text").as_deref(), Some(&b"nine bytes"[..]));
}

#[test]
fn keys_and_values_are_bounded() {
    let kv = Kv::new(1000, HOUR, None);
    assert!(kv.set("", vec![], 0).is_err());
    assert!(kv.increment(&"k".repeat(257), 1, 0).is_err());
    kv.set(&"k".repeat(256), vec![], 0).unwrap();
    assert!(kv.set("k", vec![0; VALUE + 1], 0).is_err());
    kv.set("k", vec![0; VALUE], 0).unwrap();
    assert_eq!(kv.get("k").map(|v| v.len()), Some(VALUE));
}

#[test]
fn a_full_store_takes_nothing_more_and_forgets_nothing() {
    let kv = Kv::new(100, HOUR, None);
    let taken: Vec<bool> = (0..1000).map(|n| kv.set(&format!("k{n}"), b"x".to_vec(), 0).is_ok()).collect();
    assert!(taken[..100].iter().all(|taken| *taken) && taken[100..].iter().all(|taken| !taken));
    assert!((0..100).all(|n| kv.get(&format!("k{n}")).is_some()), "nothing is forgotten for what is new");
    assert_eq!(kv.set("new", vec![], 0), Err(KvError::Full(100)));
    assert_eq!(kv.increment("new", 1, 0), Err(KvError::Full(100)));
    assert!(KvError::Full(100).is_full() && KvError::Full(100).to_string().starts_with("full: "));
    // What is there may be written again, and what is deleted makes room.
    for n in 0..1_000 {
        kv.set("k7", vec![n as u8], 0).unwrap();
    }
    assert!(kv.delete("k8"));
    kv.set("new", b"y".to_vec(), 0).unwrap();
    assert_eq!(kv.set("newer", vec![], 0), Err(KvError::Full(100)));
    assert_eq!(kv.room.used.load(Ordering::Relaxed), 100);
}

#[test]
fn what_expires_makes_room() {
    let kv = Kv::new(10, HOUR, None);
    (0..10).for_each(|n| kv.set(&format!("k{n}"), vec![], 10).unwrap());
    soon(|| kv.set("new", b"x".to_vec(), 0).is_ok());
    assert_eq!(kv.get("new").as_deref(), Some(&b"x"[..]));
}

#[test]
fn large_values_count_as_several_entries_and_one_that_can_never_fit_is_refused() {
    let kv = Kv::new(20, HOUR, None);
    let taken = (0..10).filter(|n| kv.set(&format!("k{n}"), vec![0; 8 << 10], 0).is_ok()).count();
    assert_eq!(taken, 2);
    assert_eq!(kv.set("huge", vec![0; 32 << 10], 0), Err(KvError::Large(32 << 10)));
    // Written again smaller it gives back what it does not need, and larger it takes no more than there is.
    kv.set("k0", vec![0; 1 << 10], 0).unwrap();
    assert_eq!(kv.set("k1", vec![0; 20 << 10], 0), Err(KvError::Large(20 << 10)));
    assert_eq!(kv.set("k1", vec![0; 18 << 10], 0), Err(KvError::Full(20)));
    kv.set("k1", vec![0; 17 << 10], 0).unwrap();
    assert_eq!(kv.room.used.load(Ordering::Relaxed), 20);
}

#[test]
fn stores_of_one_folder_share_its_room_and_give_it_back_when_they_go() {
    let folder = Arc::new(KvRoom::new(30));
    let [a, b] = [(); 2].map(|()| Kv::new(20, HOUR, Some(Arc::clone(&folder))));
    let fill = |kv: &Kv| (0..100).filter(|n| kv.set(&format!("k{n}"), vec![], 0).is_ok()).count();
    assert_eq!((fill(&a), fill(&b)), (20, 10));
    assert_eq!(a.set("k100", vec![], 0), Err(KvError::Full(20)));
    assert_eq!(b.set("k100", vec![], 0), Err(KvError::FolderFull(30)));
    assert_eq!((0..20).filter(|n| a.delete(&format!("k{n}"))).count(), 20);
    assert_eq!(fill(&b), 20);
    drop(b);
    assert_eq!((fill(&a), folder.used.load(Ordering::Relaxed)), (20, 20));
}

#[test]
fn many_threads_take_no_more_than_there_is_and_lose_nothing_of_it() {
    let kv = Kv::new(50, HOUR, None);
    std::thread::scope(|scope| {
        for thread in 0..4 {
            let kv = &kv;
            scope.spawn(move || {
                for n in 0..500 {
                    let key = format!("{}", (n + thread) % 80);
                    let _ = kv.set(&key, vec![0; (n % 3) << 10], 0);
                    assert!(
                        kv.room.used.load(Ordering::Relaxed) <= 70,
                        "past the bound, but for what is just replaced"
                    );
                    if n % 5 == 0 {
                        kv.delete(&key);
                    }
                }
            });
        }
    });
    kv.entries.run_pending_tasks();
    let held: u64 = kv.entries.iter().map(|(key, entry)| weight(&key, &entry.value)).sum();
    assert_eq!(kv.room.used.load(Ordering::Relaxed), held);
    assert!(held <= 50, "{held}");
}
