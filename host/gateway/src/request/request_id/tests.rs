use super::*;
use std::collections::HashSet;

fn made(ids: &Ids, began: Instant) -> String {
    ids.of(&HeaderMap::new(), began).as_str().to_owned()
}

fn ms(id: &str) -> u64 {
    u64::from_str_radix(&id.replace('-', "")[..12], 16).unwrap()
}

#[test]
fn an_id_is_a_uuid_of_version_7_and_of_the_time_at_which_its_request_began() {
    let (ids, began) = (Ids::new(), Instant::now());
    let now = u64::try_from(SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_millis()).unwrap();
    let id = made(&ids, began);
    assert_eq!(id.len(), LENGTH);
    for (at, byte) in id.bytes().enumerate() {
        match at {
            8 | 13 | 18 | 23 => assert_eq!(byte, b'-', "{id}"),
            14 => assert_eq!(byte, b'7', "{id}"),
            19 => assert!(b"89ab".contains(&byte), "{id}"),
            _ => assert!(byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte), "{id}"),
        }
    }
    assert!(ms(&id).abs_diff(now) < 60_000, "{id} at {now}");
    let later = made(&ids, began + Duration::from_secs(3_600));
    assert!((3_599_999..=3_600_001).contains(&(ms(&later) - ms(&id))), "{id} {later}");
}

#[test]
fn ids_of_a_worker_never_repeat_and_sort_in_the_order_in_which_they_were_made() {
    let (ids, began) = (Ids::new(), Instant::now());
    // More within one moment than there is room for in its millisecond, and a clock that goes back.
    let mut all: Vec<_> = (0..10_000).map(|_| made(&ids, began)).collect();
    ids.clocks.set((began, Duration::from_secs(5)));
    all.extend((0..5_000).map(|n| made(&ids, began + Duration::from_micros(n))));
    assert!(all.is_sorted());
    assert_eq!(all.iter().collect::<HashSet<_>>().len(), 15_000);
}

#[test]
fn the_count_does_not_start_over_after_as_many_as_32_bits_hold() {
    let (ids, began) = (Ids::new(), Instant::now());
    let first = made(&ids, began);
    ids.last.set(ids.last.get() + (1 << 32) - 1);
    let later = made(&ids, began);
    assert!(later > first && later[..18] != first[..18], "{first} {later}");
}

#[test]
fn workers_do_not_make_the_same_ids_at_the_same_time() {
    let began = Instant::now();
    let all: HashSet<_> = (0..100).map(|_| made(&Ids::new(), began)[19..].to_owned()).collect();
    assert_eq!(all.len(), 100);
}

#[test]
fn a_clients_id_is_kept_beside_ours_if_it_is_fit_to_be_said_again() {
    let ids = Ids::new();
    let said = |headers: &[(&'static str, &str)]| {
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.append(*name, http::HeaderValue::from_bytes(value.as_bytes()).unwrap());
        }
        ids.of(&map, Instant::now()).clients().map(str::to_owned)
    };
    let some = |text: &str| Some(text.to_owned());
    assert_eq!(said(&[]), None);
    assert_eq!(said(&[("x-request-id", "mine-1")]), some("mine-1"));
    assert_eq!(said(&[("x-client-request-id", "mine-2")]), some("mine-2"));
    assert_eq!(said(&[("x-request-id", "proxy"), ("x-client-request-id", "app")]), some("app"));
    assert_eq!(said(&[("x-request-id", "first"), ("x-request-id", "second")]), some("first"));
    assert_eq!(said(&[("x-request-id", &"x".repeat(128))]), Some("x".repeat(128)));
    for unfit in ["", "a b", "a\tb", "ä", &"x".repeat(129)] {
        assert_eq!(said(&[("x-request-id", unfit)]), None, "{unfit}");
        assert_eq!(said(&[("x-client-request-id", unfit), ("x-request-id", "proxy")]), some("proxy"), "{unfit}");
    }
}
