//! Connections are used again when that is safe, and only then.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

mod support;
use std::io::{Read, Write};
use support::{Notes, ask, at, eventually, paused_worker, poll_once, raw, upstream, worker};
use weir_upstream::Pool;

#[test]
fn a_connection_serves_one_request_after_another() {
    worker(async {
        let address = raw(|number, peer| peer.serve(number)).await;
        let (pool, up) = (Pool::new(1), upstream(&at(address)));
        for _ in 0..20 {
            assert_eq!(ask(&pool, &up, "{}").await, "0");
        }
        let stats = up.stats();
        assert_eq!((stats.created(), stats.requests(), stats.reused()), (1, 20, 19));
        assert_eq!((stats.open(), stats.idle(), stats.waiting()), (1, 1, 0));
    });
}

#[test]
fn concurrent_requests_get_connections_of_their_own_and_leave_them_to_later_ones() {
    worker(async {
        let address = raw(|number, peer| peer.serve(number)).await;
        let (pool, up) = (Pool::new(1), upstream(&at(address)));
        for _ in 0..3 {
            let (a, b, c) = tokio::join!(ask(&pool, &up, "1"), ask(&pool, &up, "2"), ask(&pool, &up, "3"));
            let mut seen = [a, b, c];
            seen.sort();
            assert_eq!(seen, ["0", "1", "2"]);
        }
        assert_eq!((up.stats().created(), up.stats().idle()), (3, 3));
    });
}

/// An upstream on its own thread, which answers one request on each of two connections and hangs up when told to.
fn hangs_up_when_told() -> (std::net::SocketAddr, impl Fn(), std::thread::JoinHandle<()>) {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let (tell, told) = std::sync::mpsc::channel::<()>();
    let (gone, hung_up) = std::sync::mpsc::channel::<()>();
    let thread = std::thread::spawn(move || {
        for number in 0..2 {
            let (mut stream, _) = listener.accept().unwrap();
            let mut buffer = [0; 4096];
            assert!(stream.read(&mut buffer).unwrap() > 0);
            write!(stream, "HTTP/1.1 200 OK\r\ncontent-length: 1\r\n\r\n{number}").unwrap();
            told.recv().unwrap();
            drop(stream);
            gone.send(()).unwrap();
        }
    });
    let hang_up = move || {
        tell.send(()).unwrap();
        hung_up.recv().unwrap();
    };
    (address, hang_up, thread)
}

#[test]
fn a_request_put_on_a_connection_that_had_died_is_taken_back_and_sent_on_another() {
    worker(async {
        let (address, hang_up, thread) = hangs_up_when_told();
        let (pool, up) = (Pool::new(1), upstream(&at(address)));
        assert_eq!(ask(&pool, &up, "{}").await, "0");
        tokio::time::pause(); // so that it counts as just used
        hang_up();
        // The event loop knows of it now, the connection's task does not yet.
        tokio::task::yield_now().await;
        let mut second = std::pin::pin!(ask(&pool, &up, "{}"));
        assert!(poll_once(second.as_mut()).await.is_none());
        tokio::time::resume();
        assert_eq!(second.await, "1");
        let stats = up.stats();
        assert_eq!((stats.created(), stats.requests(), stats.recovered()), (2, 2, 1));
        assert_eq!(stats.errors().map(|(_, n)| n).sum::<u64>(), 0);
        hang_up();
        thread.join().unwrap();
    });
}

#[test]
fn a_connection_idle_for_a_while_is_looked_at_before_it_is_used() {
    worker(async {
        let (address, hang_up, thread) = hangs_up_when_told();
        let (pool, up) = (Pool::new(1), upstream(&at(address)));
        assert_eq!(ask(&pool, &up, "{}").await, "0");
        tokio::time::pause();
        tokio::time::advance(std::time::Duration::from_secs(1)).await;
        hang_up(); // and nobody here has been told of it
        let mut second = std::pin::pin!(ask(&pool, &up, "{}"));
        assert!(poll_once(second.as_mut()).await.is_none());
        tokio::time::resume();
        assert_eq!(second.await, "1");
        let stats = up.stats();
        assert_eq!((stats.created(), stats.requests(), stats.recovered()), (2, 2, 0));
        hang_up();
        thread.join().unwrap();
    });
}

#[test]
fn a_connection_that_the_upstream_closes_while_idle_leaves_the_pool_with_the_next_sweep() {
    worker(async {
        let address = raw(|_, mut peer| async move {
            peer.request().await;
            peer.ok("x").await;
        })
        .await;
        let (pool, up) = (Pool::new(1), upstream(&at(address)));
        ask(&pool, &up, "{}").await;
        eventually("the connection is gone", || {
            pool.close_idle();
            up.stats().open() == 0 && up.stats().idle() == 0
        })
        .await;
    });
}

#[test]
fn a_connection_is_not_used_again_when_the_upstream_says_close() {
    worker(async {
        let address = raw(|number, mut peer| async move {
            while peer.request().await.is_some() {
                peer.write(format!("HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 1\r\n\r\n{number}")).await;
            }
        })
        .await;
        let (pool, up) = (Pool::new(1), upstream(&at(address)));
        for wanted in ["0", "1", "2"] {
            assert_eq!(ask(&pool, &up, "{}").await, wanted);
        }
    });
}

#[test]
fn bytes_beyond_the_answer_spoil_the_connection_and_never_become_the_next_answer() {
    worker(async {
        let address = raw(|number, mut peer| async move {
            peer.request().await;
            peer.write(format!(
                "HTTP/1.1 200 OK\r\ncontent-length: 1\r\n\r\n{number}HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nsmugg"
            ))
            .await;
            peer.serve(99).await;
        })
        .await;
        let (pool, up) = (Pool::new(1), upstream(&at(address)));
        assert_eq!(ask(&pool, &up, "{}").await, "0");
        assert_eq!(ask(&pool, &up, "{}").await, "1");
    });
}

#[test]
fn a_chunked_body_read_to_its_end_frees_the_connection() {
    worker(async {
        let address = raw(|number, mut peer| async move {
            while peer.request().await.is_some() {
                peer.write("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n").await;
                peer.write(format!("5\r\nhello\r\n1\r\n{number}\r\n0\r\n\r\n")).await;
            }
        })
        .await;
        let (pool, up) = (Pool::new(1), upstream(&at(address)));
        for _ in 0..3 {
            assert_eq!(ask(&pool, &up, "{}").await, "hello0");
        }
    });
}

#[test]
fn idle_connections_are_closed_after_the_keep_alive_time() {
    paused_worker(async {
        let address = raw(|number, peer| peer.serve(number)).await;
        let (pool, up) = (Pool::new(1), upstream(&at(address)));
        ask(&pool, &up, "{}").await;
        tokio::time::advance(std::time::Duration::from_secs(54)).await;
        pool.close_idle();
        assert_eq!(up.stats().open(), 1);
        tokio::time::advance(std::time::Duration::from_secs(1)).await;
        pool.close_idle();
        assert_eq!(up.stats().open(), 0);
    });
}

#[test]
fn connections_of_an_upstream_that_was_reconfigured_away_are_closed() {
    worker(async {
        let gone = Notes::default();
        let notes = gone.clone();
        let address = raw(move |number, mut peer| {
            let notes = notes.clone();
            async move {
                peer.request().await;
                peer.ok("x").await;
                peer.closed().await;
                notes.borrow_mut().push(number);
            }
        })
        .await;
        let (pool, up) = (Pool::new(1), upstream(&at(address)));
        assert!(up.is_made_from(&at(address)));
        ask(&pool, &up, "{}").await;
        drop(up);
        pool.close_idle();
        eventually("the connection is closed", || !gone.borrow().is_empty()).await;
    });
}
