#![allow(clippy::unwrap_used, clippy::indexing_slicing)]
use super::{ADDRESSES, PROBE_AFTER, Reach, ResolvedHost};
use std::io;
use std::net::SocketAddr;
use std::time::Duration;
use tokio::time::{Instant, advance};

fn at(last: u8) -> SocketAddr {
    SocketAddr::from(([192, 0, 2, last], 443))
}

fn paused<T>(test: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap().block_on(test)
}

async fn order(name: &ResolvedHost) -> Vec<SocketAddr> {
    name.order(Instant::now()).await.iter().map(|address| address.at).collect()
}

#[test]
fn what_works_is_tried_first_and_what_is_dead_last() {
    paused(async {
        let name = ResolvedHost::new("h", 443);
        assert!(name.answered(Ok(vec![at(1), at(2), at(3)])));
        let addresses = name.order(Instant::now()).await;
        name.note(&addresses[0], Reach::Dead, "refused");
        assert_eq!((order(&name).await, name.count()), (vec![at(2), at(3), at(1)], (3, 1)));
        name.overtaken(&addresses[1]);
        name.overtaken(&addresses[0]); // it stays what it is
        assert_eq!(order(&name).await, [at(3), at(2), at(1)]);
        name.note(&addresses[0], Reach::Good, "");
        assert_eq!((order(&name).await, name.count()), (vec![at(1), at(3), at(2)], (3, 0)));
        // A look-up that finds the same addresses, in whatever order, forgets nothing of it.
        name.note(&addresses[0], Reach::Dead, "refused");
        assert!(name.answered(Ok(vec![at(3), at(1), at(2)])));
        assert_eq!(order(&name).await, [at(3), at(2), at(1)]);
    });
}

#[test]
fn an_address_that_is_not_tried_first_is_probed_once_in_a_while() {
    paused(async {
        let name = ResolvedHost::new("h", 443);
        name.answered(Ok(vec![at(1), at(2)]));
        let addresses = name.order(Instant::now()).await;
        assert!(name.to_probe().is_none());
        name.note(&addresses[0], Reach::Dead, "refused");
        assert!(name.to_probe().is_none(), "it has just been tried");
        advance(PROBE_AFTER).await;
        assert_eq!(name.to_probe().unwrap().at, at(1));
        assert!(name.to_probe().is_none(), "one probe at a time");
        advance(PROBE_AFTER).await;
        assert_eq!(name.to_probe().unwrap().at, at(1));
    });
}

#[test]
fn a_connection_is_wanted_while_its_address_is_one_of_the_names() {
    paused(async {
        let name = ResolvedHost::new("h", 443);
        assert_eq!(name.epoch(), 0);
        name.answered(Ok(vec![at(1), at(2)]));
        let (addresses, opened, first) = (name.order(Instant::now()).await, Instant::now(), name.epoch());
        name.answered(Ok(vec![at(2), at(1)]));
        assert_eq!(name.epoch(), first, "the same addresses are no news");
        name.answered(Ok(vec![at(2), at(3)]));
        assert_ne!(name.epoch(), first);
        assert!(!name.wants(&addresses[0], opened) && name.wants(&addresses[1], opened));
        // What does not resolve keeps what it had.
        assert!(!name.answered(Err(io::ErrorKind::NotFound.into())) && !name.answered(Ok(vec![])));
        assert!(name.wants(&addresses[1], opened));
        assert!(name.trouble().unwrap().contains("its last addresses stay in use"));
        assert!(name.answered(Ok(vec![at(2)])) && name.trouble().is_none());
    });
}

#[test]
fn a_dead_connection_takes_the_older_ones_to_its_address_out_of_use() {
    paused(async {
        let name = ResolvedHost::new("h", 443);
        name.answered(Ok(vec![at(1), at(2)]));
        let (addresses, opened, epoch) = (name.order(Instant::now()).await, Instant::now(), name.epoch());
        advance(Duration::from_secs(1)).await;
        name.distrust(&addresses[0]);
        assert_ne!(name.epoch(), epoch);
        assert!(!name.wants(&addresses[0], opened) && name.wants(&addresses[1], opened));
        advance(Duration::from_secs(1)).await;
        assert!(name.wants(&addresses[0], Instant::now()), "a new one may be good");
    });
}

#[test]
fn a_request_waits_for_the_first_look_up_and_for_no_other() {
    paused(async {
        let (name, start) = (ResolvedHost::new("h", 443), Instant::now());
        let end = start + Duration::from_secs(3);
        assert!(name.order(end).await.is_empty());
        assert_eq!(start.elapsed(), Duration::from_secs(3));
        assert!(!name.is_known() && name.trouble().is_none());
        let (found, ()) = tokio::join!(name.order(end + Duration::from_secs(3)), async {
            advance(Duration::from_secs(1)).await;
            name.not_found("nobody knows it");
        });
        assert!(found.is_empty() && start.elapsed() < Duration::from_secs(5));
        assert!(name.order(end + Duration::from_secs(30)).await.is_empty());
        assert!(start.elapsed() < Duration::from_secs(5));
        assert!(name.trouble().unwrap().contains("h does not resolve (nobody knows it): nothing is sent there"));
    });
}

#[test]
fn no_answer_of_a_resolver_makes_more_addresses_than_are_used() {
    let name = ResolvedHost::new("h", 443);
    name.answered(Ok((0..=255).map(at).collect()));
    assert_eq!(name.count(), (ADDRESSES, 0));
}
