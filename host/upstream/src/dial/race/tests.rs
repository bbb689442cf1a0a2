#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]
use super::{NEXT_AFTER, Unreached, dial};
use std::cell::RefCell;
use std::future::pending;
use std::io;
use std::net::SocketAddr;
use std::time::Duration;
use tokio::time::{Instant, sleep};

/// What becomes of an attempt, and after how many milliseconds.
#[derive(Clone, Copy)]
enum Fate {
    Accepts(u64),
    Refuses(u64),
    Silent,
}
use Fate::{Accepts, Refuses, Silent};

type Outcome = Result<usize, Unreached>;

/// Dials addresses of these fates; the outcome, after how many milliseconds, which addresses had failed by then, and how
/// many attempts were still under way.
fn race(fates: &[Fate], within: u64) -> (Outcome, u128, Vec<usize>, usize) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
    runtime.block_on(async {
        let address = |at: usize| SocketAddr::from(([127, 0, 0, 1], u16::try_from(at).unwrap()));
        let addresses: Vec<_> = (0..fates.len()).map(address).collect();
        let open = |at: SocketAddr| {
            let fate = fates[usize::from(at.port())];
            async move {
                match fate {
                    Accepts(after) => sleep(Duration::from_millis(after)).await,
                    Refuses(after) => {
                        sleep(Duration::from_millis(after)).await;
                        return Err(io::Error::from(io::ErrorKind::ConnectionRefused));
                    }
                    Silent => pending().await,
                }
                Ok(usize::from(at.port()))
            }
        };
        let (start, failed) = (Instant::now(), RefCell::new(vec![]));
        let end = start + Duration::from_millis(within);
        let won = dial(&addresses, end, open, |index, _| failed.borrow_mut().push(index)).await;
        let left = won.as_ref().map_or(0, |(_, _, trying)| trying.len());
        (
            won.map(|(index, stream, _)| {
                assert_eq!(index, stream);
                index
            }),
            start.elapsed().as_millis(),
            failed.into_inner(),
            left,
        )
    })
}

#[test]
fn the_next_address_is_tried_after_a_quarter_of_a_second_and_not_before() {
    assert_eq!(race(&[Accepts(249), Accepts(0)], 5_000), (Ok(0), 249, vec![], 0));
    let (won, after, failed, left) = race(&[Silent, Accepts(10)], 5_000);
    assert_eq!((won, failed, left), (Ok(1), vec![], 1));
    assert!((260..270).contains(&after), "{after}");
    let (won, after, ..) = race(&[Silent, Silent, Silent, Accepts(10)], 5_000);
    assert_eq!(won, Ok(3));
    assert!((760..780).contains(&after), "{after}");
}

#[test]
fn a_refusal_leads_to_the_next_address_at_once() {
    let (won, after, failed, left) = race(&[Refuses(0), Refuses(20), Accepts(30)], 5_000);
    assert_eq!((won, failed, left), (Ok(2), vec![0, 1], 0));
    assert!((50..60).contains(&after), "{after}");
    // Also while another one is still silent.
    let (won, after, ..) = race(&[Silent, Refuses(20), Accepts(0)], 5_000);
    assert_eq!(won, Ok(2));
    assert!(after < 300 + NEXT_AFTER.as_millis(), "{after}");
}

#[test]
fn the_first_that_accepts_wins_wherever_it_stands() {
    assert_eq!(race(&[Accepts(400), Accepts(300), Accepts(300)], 5_000).0, Ok(0));
    let (won, _, _, left) = race(&[Accepts(4_000), Accepts(300), Accepts(10)], 5_000);
    assert_eq!((won, left), (Ok(2), 2));
}

#[test]
fn all_attempts_together_have_one_deadline() {
    let (won, after, failed, _) = race(&[Silent; 8], 950);
    assert_eq!((won, failed), (Err(Unreached::TimedOut), vec![0, 1, 2, 3]));
    assert!((950..960).contains(&after), "{after}");
    assert_eq!(race(&[Silent, Refuses(0)], 1_000).0, Err(Unreached::TimedOut));
}

#[test]
fn without_an_address_or_without_one_that_accepts_it_is_said_why() {
    assert_eq!(race(&[], 1_000).0, Err(Unreached::Nowhere));
    let (won, _, failed, _) = race(&[Refuses(0), Refuses(0)], 1_000);
    assert_eq!((won, failed), (Err(Unreached::Failed(io::ErrorKind::ConnectionRefused)), vec![0, 1]));
}
