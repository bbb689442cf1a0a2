#![allow(clippy::unwrap_used)]
use std::net::Ipv4Addr;
use std::time::Duration;

use proptest::prelude::*;
use tokio::net::TcpListener;

use super::{QUESTIONS, Sockets, Watch};

fn watch(keep_alive: u64, user_timeout: u64, first_byte: u64) -> Watch {
    let [keep_alive, user_timeout, first_byte] = [keep_alive, user_timeout, first_byte].map(Duration::from_millis);
    Watch::new(keep_alive, user_timeout, first_byte)
}

#[test]
fn the_kernel_is_told_to_look_after_the_connection() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let sockets = Sockets { watch: Some(watch(4_000, 8_000, 60_000)) };
        let stream = sockets.open(listener.local_addr().unwrap()).await.unwrap();
        let seen = socket2::SockRef::from(&stream);
        assert!(stream.nodelay().unwrap() && seen.keepalive().unwrap());
        assert_eq!(seen.tcp_keepalive_time().unwrap(), Duration::from_secs(4));
        assert_eq!(seen.tcp_keepalive_interval().unwrap(), Duration::from_secs(1));
        assert_eq!(seen.tcp_keepalive_retries().unwrap(), QUESTIONS);
        assert_eq!(seen.tcp_user_timeout().unwrap(), Some(Duration::from_millis(7_500)));
    });
}

#[test]
fn a_short_deadline_for_the_head_shortens_the_watch_but_never_to_a_single_question() {
    let of = |first_byte| watch(4_000, 8_000, first_byte).silence.as_secs();
    assert_eq!((of(60_000), of(10_000), of(2_000)), (8, 5, 3));
    let shortest = watch(4_000, 8_000, 2_000);
    assert_eq!((shortest.keep_alive.as_secs(), shortest.interval.as_secs()), (1, 1));
}

proptest! {
    /// What the kernel does at `keep_alive` and each `interval` from there on: it asks, or gives up if it has asked
    /// before and the user time-out is over.
    #[test]
    fn no_connection_is_given_up_for_one_lost_packet_and_all_are_in_time(
        keep_alive in 1_000_u64..120_000, user_timeout in 3_000_u64..120_000
    ) {
        let watch = watch(keep_alive, user_timeout, 1_000_000);
        let (mut at, mut asked) = (watch.keep_alive, 0);
        while asked == 0 || at < watch.user_timeout {
            asked += 1;
            at += watch.interval;
        }
        prop_assert_eq!(at, watch.silence);
        prop_assert!(asked >= 2, "{} questions", asked);
        prop_assert!(watch.silence <= Duration::from_millis(user_timeout));
        prop_assert!(watch.user_timeout < watch.silence, "the two ends cannot be told apart");
    }
}
