//! The deadlines, on a clock that jumps.

use crate::support::{assert_about, at, may_retry, paused_worker, raw, send_within, text, upstream};
use http_body_util::BodyExt;
use std::time::Duration;
use tokio::time::{Instant, sleep};
use weir_upstream::{AttemptError, BodyError, ConnectionPool, Deadlines, Which};

fn secs(n: u64) -> Duration {
    Duration::from_secs(n)
}

const HEAD: &str = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n";

#[test]
fn an_upstream_that_does_not_answer_meets_the_first_byte_deadline() {
    paused_worker(async {
        let address = raw(|_, mut peer| async move {
            peer.request().await;
            // Signs of life that are no answer do not count.
            for _ in 0..10 {
                sleep(secs(1)).await;
                peer.write("HTTP/1.1 102 Processing\r\n\r\n").await;
            }
            peer.closed().await;
        })
        .await;
        let (pool, up) = (ConnectionPool::new(1), upstream(&at(address)));
        let start = Instant::now();
        let deadlines = Deadlines { first_byte: secs(7), idle: secs(2), total: secs(100) };
        let error = send_within(&pool, &up, deadlines).await.unwrap_err();
        assert_eq!(error, AttemptError::Timeout(Which::FirstByte));
        assert!(!may_retry(&error), "it may be working on it");
        assert_about(start, 7.0);
        assert_eq!(up.stats().open(), 0);
    });
}

#[test]
fn the_total_deadline_ends_the_wait_for_a_head_too() {
    paused_worker(async {
        let address = raw(|_, mut peer| async move { peer.closed().await }).await;
        let (pool, up) = (ConnectionPool::new(1), upstream(&at(address)));
        let start = Instant::now();
        let deadlines = Deadlines { first_byte: secs(60), idle: secs(60), total: secs(5) };
        let error = send_within(&pool, &up, deadlines).await.unwrap_err();
        assert_eq!(error, AttemptError::Timeout(Which::Total));
        assert_about(start, 5.0);
    });
}

#[test]
fn a_stream_may_last_as_long_as_it_never_pauses_too_long() {
    paused_worker(async {
        let address = raw(|_, mut peer| async move {
            while peer.request().await.is_some() {
                peer.write(HEAD).await;
                for _ in 0..20 {
                    sleep(secs(9)).await;
                    peer.write("1\r\na\r\n").await;
                }
                peer.write("0\r\n\r\n").await;
            }
        })
        .await;
        let (pool, up) = (ConnectionPool::new(1), upstream(&at(address)));
        let deadlines = Deadlines { first_byte: secs(1), idle: secs(10), total: secs(1000) };
        for _ in 0..2 {
            let start = Instant::now();
            let response = send_within(&pool, &up, deadlines).await.unwrap();
            assert_eq!(text(response).await.unwrap().len(), 20);
            assert!(start.elapsed() >= secs(180));
        }
        assert_eq!(up.stats().created(), 1);
    });
}

#[test]
fn a_stream_that_falls_silent_meets_the_idle_deadline_counted_from_its_last_byte() {
    paused_worker(async {
        let address = raw(|_, mut peer| async move {
            peer.request().await;
            peer.write(HEAD).await;
            for _ in 0..3 {
                sleep(secs(4)).await;
                peer.write("1\r\na\r\n").await;
            }
            peer.closed().await;
        })
        .await;
        let (pool, up) = (ConnectionPool::new(1), upstream(&at(address)));
        let start = Instant::now();
        let deadlines = Deadlines { first_byte: secs(1), idle: secs(5), total: secs(1000) };
        let mut body = send_within(&pool, &up, deadlines).await.unwrap().into_body();
        for _ in 0..3 {
            body.frame().await.unwrap().unwrap();
        }
        assert_about(start, 12.0);
        assert_eq!(body.frame().await.unwrap().unwrap_err(), BodyError::Idle);
        assert_about(start, 17.0);
        drop(body);
        assert_eq!(up.stats().open(), 0);
    });
}

#[test]
fn a_slow_reader_is_not_taken_for_a_silent_upstream() {
    paused_worker(async {
        let address = raw(|_, mut peer| async move {
            peer.request().await;
            peer.write(HEAD).await;
            peer.write("1\r\na\r\n").await;
            sleep(secs(30)).await;
            peer.write("1\r\nb\r\n0\r\n\r\n").await;
            peer.closed().await;
        })
        .await;
        let (pool, up) = (ConnectionPool::new(1), upstream(&at(address)));
        let deadlines = Deadlines { first_byte: secs(1), idle: secs(5), total: secs(1000) };
        let mut body = send_within(&pool, &up, deadlines).await.unwrap().into_body();
        body.frame().await.unwrap().unwrap();
        sleep(secs(100)).await; // the client does not read
        assert_eq!(body.frame().await.unwrap().unwrap().into_data().unwrap(), "b");
        assert!(body.frame().await.is_none());
    });
}

#[test]
fn an_endless_dribble_meets_the_total_deadline() {
    paused_worker(async {
        let address = raw(|_, mut peer| async move {
            peer.request().await;
            peer.write(HEAD).await;
            loop {
                sleep(secs(1)).await;
                peer.write("1\r\na\r\n").await;
            }
        })
        .await;
        let (pool, up) = (ConnectionPool::new(1), upstream(&at(address)));
        let start = Instant::now();
        let deadlines = Deadlines { first_byte: secs(1), idle: secs(5), total: Duration::from_millis(59_500) };
        let response = send_within(&pool, &up, deadlines).await.unwrap();
        assert_eq!(text(response).await, Err(BodyError::Total));
        assert_about(start, 59.5);
    });
}

#[test]
fn deadlines_beyond_all_time_are_no_deadlines() {
    paused_worker(async {
        let address = raw(|number, peer| peer.serve(number)).await;
        let (pool, up) = (ConnectionPool::new(1), upstream(&at(address)));
        let deadlines = Deadlines { first_byte: Duration::MAX, idle: Duration::MAX, total: Duration::MAX };
        assert_eq!(text(send_within(&pool, &up, deadlines).await.unwrap()).await.unwrap(), "0");
    });
}
