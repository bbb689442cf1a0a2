//! The connection limit, the queue for it, and what cancelling does to both.

use crate::support::{
    Notes, ask, assert_about, at, blames_upstream, eventually, may_retry, paused_worker, poll_once, raw, send, text,
    upstream, was_sent, worker,
};
use std::cell::Cell;
use std::future::pending;
use std::rc::Rc;
use std::time::Duration;
use tokio::sync::Notify;
use weir_upstream::{AttemptError, ConnectionPool};

#[test]
fn no_more_connections_than_allowed_however_many_requests() {
    worker(async {
        let now = Rc::new(Cell::new(0_usize));
        let most = Rc::new(Cell::new(0_usize));
        let (n, m) = (now.clone(), most.clone());
        let address = raw(move |number, peer| {
            let (n, m) = (n.clone(), m.clone());
            async move {
                n.set(n.get() + 1);
                m.set(m.get().max(n.get()));
                peer.serve(number).await;
                n.set(n.get() - 1);
            }
        })
        .await;
        let mut provider = at(address);
        provider.max_connections = 3;
        provider.max_waiting = 500;
        let (pool, up) = (Rc::new(ConnectionPool::new(1)), upstream(&provider));
        let tasks: Vec<_> = (0..300)
            .map(|_| {
                let (pool, up) = (pool.clone(), up.clone());
                tokio::task::spawn_local(async move { ask(&pool, &up, "{}").await })
            })
            .collect();
        for task in tasks {
            task.await.unwrap();
        }
        let stats = up.stats();
        assert_eq!((most.get(), stats.created(), stats.open(), stats.waiting()), (3, 3, 3, 0));
        assert_eq!((stats.requests(), stats.waits(), stats.busy()), (300, 297, 0));
    });
}

#[test]
fn the_limit_is_shared_by_the_workers() {
    worker(async {
        let address = raw(|_, mut peer| async move { peer.closed().await }).await;
        let mut provider = at(address);
        provider.max_connections = 5;
        provider.max_waiting = 0;
        let up = upstream(&provider);
        for workers in [1, 2, 4, 100] {
            let pool = ConnectionPool::new(workers);
            let allowed = 5_usize.div_ceil(workers);
            let mut held: Vec<_> = (0..allowed).map(|_| Box::pin(send(&pool, &up, "{}"))).collect();
            for request in &mut held {
                assert!(poll_once(request.as_mut()).await.is_none());
            }
            let refused = send(&pool, &up, "{}").await.unwrap_err();
            assert!(matches!(refused, AttemptError::Busy { .. }), "{workers} workers: {refused:?}");
        }
        assert_eq!(up.stats().busy(), 4);
    });
}

#[test]
fn who_waits_too_long_is_told_when_to_come_back() {
    paused_worker(async {
        let address = raw(|_, mut peer| async move { peer.closed().await }).await;
        let mut provider = at(address);
        provider.max_connections = 1;
        provider.wait_timeout = Duration::from_secs(3);
        let (pool, up) = (ConnectionPool::new(1), upstream(&provider));
        let mut first = Box::pin(send(&pool, &up, "{}"));
        assert!(poll_once(first.as_mut()).await.is_none());
        let start = tokio::time::Instant::now();
        let error = send(&pool, &up, "{}").await.unwrap_err();
        assert_eq!(error, AttemptError::Busy { retry_after: Duration::from_secs(3) });
        assert!(may_retry(&error) && !was_sent(&error));
        assert_about(start, 3.0);
        assert_eq!((up.stats().waiting(), up.stats().busy()), (0, 1));
        assert!(!blames_upstream(&error), "being busy here says nothing about the upstream");
    });
}

#[test]
fn the_queue_is_first_come_first_served() {
    worker(async {
        let order = Notes::default();
        let notes = order.clone();
        let address = raw(move |_, mut peer| {
            let notes = notes.clone();
            async move {
                while let Some(request) = peer.request().await {
                    notes.borrow_mut().push(request.rsplit("\r\n\r\n").next().unwrap().to_owned());
                    peer.ok("").await;
                }
            }
        })
        .await;
        let mut provider = at(address);
        provider.max_connections = 1;
        let (pool, up) = (ConnectionPool::new(1), upstream(&provider));
        tokio::join!(
            ask(&pool, &up, "1"),
            ask(&pool, &up, "2"),
            ask(&pool, &up, "3"),
            ask(&pool, &up, "4"),
            ask(&pool, &up, "5")
        );
        assert_eq!(*order.borrow(), ["1", "2", "3", "4", "5"]);
    });
}

#[test]
fn a_client_that_leaves_the_queue_gives_its_place_on() {
    worker(async {
        let go = Rc::new(Notify::new());
        let gate = go.clone();
        let chunked = raw(move |_, mut peer| {
            let gate = gate.clone();
            async move {
                while peer.request().await.is_some() {
                    peer.write("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n1\r\na\r\n").await;
                    gate.notified().await;
                    peer.write("0\r\n\r\n").await;
                }
            }
        })
        .await;
        let mut provider = at(chunked);
        provider.max_connections = 1;
        provider.max_waiting = 2;
        let (pool, up) = (ConnectionPool::new(1), upstream(&provider));
        let first = send(&pool, &up, "1").await.unwrap();
        let mut second = Box::pin(send(&pool, &up, "2"));
        let mut third = Box::pin(send(&pool, &up, "3"));
        assert!(poll_once(second.as_mut()).await.is_none());
        assert!(poll_once(third.as_mut()).await.is_none());
        assert_eq!(up.stats().waiting(), 2);
        assert!(matches!(send(&pool, &up, "4").await, Err(AttemptError::Busy { .. })));
        go.notify_one();
        text(first).await.unwrap(); // the connection is now given to the second,
        drop(second); // who leaves without having looked
        go.notify_one();
        assert_eq!(text(third.await.unwrap()).await.unwrap(), "a");
        assert_eq!((up.stats().created(), up.stats().waiting(), up.stats().idle()), (1, 0, 1));
    });
}

#[test]
fn a_client_that_leaves_while_connecting_lets_the_next_connect() {
    worker(async {
        let address = raw(|number, peer| peer.serve(number)).await;
        let mut provider = at(address);
        provider.max_connections = 1;
        let (pool, up) = (ConnectionPool::new(1), upstream(&provider));
        let mut first = Box::pin(ask(&pool, &up, "1"));
        let mut second = Box::pin(ask(&pool, &up, "2"));
        assert!(poll_once(first.as_mut()).await.is_none());
        assert!(poll_once(second.as_mut()).await.is_none());
        drop(first);
        second.await;
        assert_eq!(up.stats().open(), 1);
    });
}

#[test]
fn heavy_cancelling_at_every_stage_neither_leaks_nor_blocks() {
    worker(async {
        // Every third connection falls silent, every fifth hangs up, the others stream their answer slowly.
        let address = raw(|number, mut peer| async move {
            loop {
                if peer.request().await.is_none() {
                    return;
                }
                match number {
                    n if n % 3 == 2 => pending::<()>().await,
                    n if n % 5 == 4 => return,
                    _ => {}
                }
                peer.write("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n1\r\na\r\n").await;
                tokio::task::yield_now().await;
                peer.write("1\r\nb\r\n").await;
                tokio::task::yield_now().await;
                peer.write("0\r\n\r\n").await;
            }
        })
        .await;
        let mut provider = at(address);
        provider.max_connections = 3;
        provider.max_waiting = 1_000;
        let (pool, up) = (Rc::new(ConnectionPool::new(1)), upstream(&provider));
        let tasks: Vec<_> = (0..600_usize)
            .map(|number| {
                let (pool, up) = (pool.clone(), up.clone());
                tokio::task::spawn_local(async move {
                    // Each gives up after another number of turns, some of them never.
                    let mut whole = Box::pin(async { text(send(&pool, &up, "{}").await.ok()?).await.ok() });
                    for _ in 0..(number * 7) % 60 {
                        if poll_once(whole.as_mut()).await.is_some() {
                            return;
                        }
                        tokio::task::yield_now().await;
                    }
                })
            })
            .collect();
        for task in tasks {
            task.await.unwrap();
        }
        let stats = up.stats();
        assert_eq!(stats.waiting(), 0);
        eventually("only idle connections are left", || stats.open() == stats.idle()).await;
        pool.close_idle();
        // All places are free: three requests can be under way at once again.
        let mut held = vec![];
        for _ in 0..3 {
            held.push(Box::pin(send(&pool, &up, "{}")));
        }
        for request in &mut held {
            let _ = poll_once(request.as_mut()).await;
        }
        assert_eq!(stats.waiting(), 0, "a place has leaked");
        assert!(stats.open() <= 3);
    });
}
