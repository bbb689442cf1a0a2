//! Connections are used again when that is safe, and only then.

use crate::support::{
    Notes, Peer, ask, at, blames_upstream, eventually, may_retry, paused_worker, poll_once, post, raw, send, text,
    upstream, worker,
};
use std::io::{Read, Write};
use std::net::SocketAddr;
use std::time::Duration;
use weir_upstream::ConnectionPool;

#[test]
fn a_connection_serves_one_request_after_another() {
    worker(async {
        let address = raw(|number, peer| peer.serve(number)).await;
        let (pool, up) = (ConnectionPool::new(1), upstream(&at(address)));
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
        let (pool, up) = (ConnectionPool::new(1), upstream(&at(address)));
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
        let (pool, up) = (ConnectionPool::new(1), upstream(&at(address)));
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
        let (pool, up) = (ConnectionPool::new(1), upstream(&at(address)));
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
        let (pool, up) = (ConnectionPool::new(1), upstream(&at(address)));
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
        let (pool, up) = (ConnectionPool::new(1), upstream(&at(address)));
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
        let (pool, up) = (ConnectionPool::new(1), upstream(&at(address)));
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
        let (pool, up) = (ConnectionPool::new(1), upstream(&at(address)));
        for _ in 0..3 {
            assert_eq!(ask(&pool, &up, "{}").await, "hello0");
        }
    });
}

#[test]
fn idle_connections_are_closed_after_the_keep_alive_time() {
    paused_worker(async {
        let address = raw(|number, peer| peer.serve(number)).await;
        let (pool, up) = (ConnectionPool::new(1), upstream(&at(address)));
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
        let (pool, up) = (ConnectionPool::new(1), upstream(&at(address)));
        assert!(up.is_made_from(&at(address)));
        ask(&pool, &up, "{}").await;
        drop(up);
        pool.close_idle();
        eventually("the connection is closed", || !gone.borrow().is_empty()).await;
    });
}

/// An upstream that answers the first request on its first connection with `first`, reads the second and then does
/// `behind`; later connections serve as usual.
async fn closing(first: &'static str, behind: impl Fn(Peer) -> std::io::Result<()> + Clone + 'static) -> SocketAddr {
    raw(move |number, mut peer| {
        let behind = behind.clone();
        async move {
            if number > 0 {
                return peer.serve(number).await;
            }
            peer.request().await;
            peer.write(first).await;
            peer.request().await;
            behind(peer).unwrap();
        }
    })
    .await
}

const FIRST: &str = "HTTP/1.1 200 OK\r\ncontent-length: 1\r\n\r\n0";

fn fin(peer: Peer) -> std::io::Result<()> {
    drop(peer);
    Ok(())
}

fn reset(peer: Peer) -> std::io::Result<()> {
    socket2::SockRef::from(&peer.stream).set_linger(Some(Duration::ZERO))
}

#[test]
fn a_kept_connection_that_ends_without_a_byte_of_an_answer_was_stale_and_a_fresh_one_serves() {
    for behind in [fin, reset] {
        worker(async move {
            let address = closing(FIRST, behind).await;
            let (pool, up) = (ConnectionPool::new(1), upstream(&at(address)));
            assert_eq!(ask(&pool, &up, "{}").await, "0");
            let error = send(&pool, &up, "{}").await.unwrap_err();
            assert!(error.is_stale() && may_retry(&error) && !blames_upstream(&error), "{error:?}");
            let response = pool.send_fresh(&up, post(&up, "{}"), up.deadlines()).await.unwrap();
            assert_eq!(text(response).await.unwrap(), "1");
            assert_eq!((up.stats().recovered(), up.stats().errors().map(|(_, n)| n).sum::<u64>()), (1, 0));
        });
    }
}

#[test]
fn a_request_that_met_a_stale_connection_rides_on_no_kept_one() {
    worker(async {
        let address = raw(|number, peer| peer.serve(number)).await;
        let (pool, up) = (ConnectionPool::new(1), upstream(&at(address)));
        let both = tokio::join!(ask(&pool, &up, "{}"), ask(&pool, &up, "{}"));
        assert_eq!((both.0.as_str(), up.stats().idle()), ("0", 2));
        let response = pool.send_fresh(&up, post(&up, "{}"), up.deadlines()).await.unwrap();
        assert_eq!(text(response).await.unwrap(), "2");
        assert_eq!((up.stats().open(), up.stats().idle()), (2, 2), "in the place of a kept one");
    });
}

#[test]
fn a_connection_that_has_not_served_before_is_never_stale() {
    worker(async {
        let address = raw(|_, mut peer| async move {
            peer.request().await;
        })
        .await;
        let (pool, up) = (ConnectionPool::new(1), upstream(&at(address)));
        let error = send(&pool, &up, "{}").await.unwrap_err();
        assert!(!error.is_stale() && !may_retry(&error) && blames_upstream(&error));
    });
}

#[test]
fn a_kept_connection_that_ends_behind_the_first_byte_of_an_answer_is_not_stale() {
    for byte in ["H", "HTTP/1.1 102 Processing\r\n\r\n"] {
        worker(async move {
            let address = raw(move |_, mut peer| async move {
                peer.request().await;
                peer.ok("0").await;
                peer.request().await;
                peer.write(byte).await;
            })
            .await;
            let (pool, up) = (ConnectionPool::new(1), upstream(&at(address)));
            assert_eq!(ask(&pool, &up, "{}").await, "0");
            let error = send(&pool, &up, "{}").await.unwrap_err();
            assert!(!error.is_stale() && !may_retry(&error), "{error:?}");
        });
    }
}

#[test]
fn a_kept_connection_that_ends_after_a_while_is_not_stale_for_the_request_may_have_been_worked_on() {
    paused_worker(async {
        let address = raw(|_, mut peer| async move {
            peer.request().await;
            peer.ok("0").await;
            peer.request().await;
            tokio::time::sleep(Duration::from_secs(3)).await;
        })
        .await;
        let (pool, up) = (ConnectionPool::new(1), upstream(&at(address)));
        assert_eq!(ask(&pool, &up, "{}").await, "0");
        let error = send(&pool, &up, "{}").await.unwrap_err();
        assert!(!error.is_stale() && !may_retry(&error), "{error:?}");
    });
}

#[test]
fn a_connection_is_kept_for_no_longer_than_its_upstream_says() {
    // What the upstream says, and for how many milliseconds the connection is used again.
    let table = [
        ("keep-alive: timeout=5", Some(4_000)),
        ("Keep-Alive: Timeout = 5, max=100", Some(4_000)),
        ("keep-alive: max=9,timeout=1", Some(500)),
        ("keep-alive: timeout=5\r\nkeep-alive: timeout=3", Some(2_000)),
        ("keep-alive: timeout=0", Some(0)),
        ("keep-alive: timeout=3600", None),
        ("keep-alive: timeout=soon, 5, timeout", None),
        ("x-keep-alive: timeout=5", None),
    ];
    for (line, kept) in table {
        paused_worker(async move {
            let address = raw(move |number, mut peer| async move {
                while peer.request().await.is_some() {
                    peer.write(format!("HTTP/1.1 200 OK\r\n{line}\r\ncontent-length: 1\r\n\r\n{number}")).await;
                }
            })
            .await;
            // The pool itself keeps them for 55 s.
            let kept = kept.unwrap_or(55_000);
            for (wait, reused) in [(kept - 50, true), (kept, false)] {
                let (pool, up) = (ConnectionPool::new(1), upstream(&at(address)));
                ask(&pool, &up, "{}").await;
                if wait < 0 {
                    continue;
                }
                tokio::time::advance(Duration::from_millis(wait as u64)).await;
                pool.close_idle();
                assert_eq!(up.stats().idle() == 1, reused, "{line}: swept after {wait} ms");
                ask(&pool, &up, "{}").await;
                assert_eq!(up.stats().reused() == 1, reused, "{line}: used again after {wait} ms");
            }
        });
    }
}

#[test]
fn what_the_latest_answer_says_of_keeping_holds() {
    paused_worker(async {
        let address = raw(|number, mut peer| async move {
            for timeout in ["keep-alive: timeout=2", "keep-alive: timeout=20", "x-nothing: said"] {
                peer.request().await;
                peer.write(format!("HTTP/1.1 200 OK\r\n{timeout}\r\ncontent-length: 1\r\n\r\n{number}")).await;
            }
            peer.closed().await;
        })
        .await;
        let (pool, up) = (ConnectionPool::new(1), upstream(&at(address)));
        for wait in [900, 18_000] {
            assert_eq!(ask(&pool, &up, "{}").await, "0");
            tokio::time::advance(Duration::from_millis(wait)).await;
        }
        assert_eq!(ask(&pool, &up, "{}").await, "0");
    });
}
