//! Bodies that break off, and calls that are cancelled.

use crate::support::{ask, at, eventually, may_retry, poll_once, raw, send, text, upstream, was_sent, worker};
use http_body_util::BodyExt;
use std::rc::Rc;
use tokio::sync::Notify;
use weir_upstream::{AttemptError, AttemptVerdict, BodyError, Break, ConnectionPool, Mode};

async fn body_of(answer: &'static str) -> Result<String, BodyError> {
    let address = raw(move |_, mut peer| async move {
        peer.request().await;
        peer.write(answer).await;
    })
    .await;
    let (pool, up) = (ConnectionPool::new(1), upstream(&at(address)));
    let result = text(send(&pool, &up, "{}").await.unwrap()).await;
    eventually("the connection is gone", || {
        pool.close_idle();
        up.stats().open() == 0
    })
    .await;
    let broken = up.stats().errors().find(|(kind, _)| *kind == "body_broken").unwrap().1;
    assert_eq!(broken, u64::from(result.is_err()));
    result
}

#[test]
fn a_body_that_breaks_off_is_an_error_and_never_an_end() {
    worker(async {
        for (answer, how) in [
            ("HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nhello", Break::Cut),
            ("HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\n", Break::Cut),
            ("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhello\r\n", Break::Cut),
            ("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhel", Break::Cut),
            ("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n", Break::Cut),
            ("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n", Break::Cut),
            ("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhello\r\nxyz\r\n", Break::Framing),
            ("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\nhello\r\n0\r\n\r\n", Break::Framing),
        ] {
            assert_eq!(body_of(answer).await, Err(BodyError::Broken(how)), "{answer:?}");
        }
    });
}

#[test]
fn a_body_that_ends_as_it_should_is_given_whole() {
    worker(async {
        for answer in [
            "HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhello",
            "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
            "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5;x=y\r\nhello\r\n0\r\nx-trailer: 1\r\n\r\n",
            "HTTP/1.0 200 OK\r\n\r\nhello",
        ] {
            assert_eq!(body_of(answer).await.as_deref(), Ok("hello"), "{answer:?}");
        }
    });
}

#[test]
fn a_broken_body_never_ends_cleanly_however_often_it_is_asked() {
    worker(async {
        let address = raw(|_, mut peer| async move {
            peer.request().await;
            peer.write("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n1\r\na\r\n").await;
        })
        .await;
        let (pool, up) = (ConnectionPool::new(1), upstream(&at(address)));
        let mut body = send(&pool, &up, "{}").await.unwrap().into_body();
        assert_eq!(body.frame().await.unwrap().unwrap().into_data().unwrap(), "a");
        for _ in 0..3 {
            assert_eq!(body.frame().await.unwrap().unwrap_err(), BodyError::Broken(Break::Cut));
            assert!(!http_body::Body::is_end_stream(&body));
        }
        eventually("its connection is closed although the body is still there", || up.stats().open() == 0).await;
    });
}

#[test]
fn a_stream_is_passed_on_piece_by_piece_as_it_comes() {
    worker(async {
        let go = Rc::new(Notify::new());
        let gate = go.clone();
        let address = raw(move |_, mut peer| {
            let gate = gate.clone();
            async move {
                peer.request().await;
                peer.write("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n").await;
                for piece in ["one", "two", "six"] {
                    gate.notified().await;
                    peer.write(format!("3\r\n{piece}\r\n")).await;
                }
                gate.notified().await;
                peer.write("0\r\n\r\n").await;
                peer.closed().await;
            }
        })
        .await;
        let (pool, up) = (ConnectionPool::new(1), upstream(&at(address)));
        let mut body = send(&pool, &up, "{}").await.unwrap().into_body();
        for piece in ["one", "two", "six"] {
            go.notify_one();
            assert_eq!(body.frame().await.unwrap().unwrap().into_data().unwrap(), piece);
        }
        go.notify_one();
        assert!(body.frame().await.is_none());
        assert_eq!(up.stats().idle(), 1);
    });
}

#[test]
fn dropping_a_body_closes_the_upstreams_connection() {
    worker(async {
        let gone = Rc::new(Notify::new());
        let note = gone.clone();
        let address = raw(move |_, mut peer| {
            let note = note.clone();
            async move {
                peer.request().await;
                peer.write("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n1\r\na\r\n").await;
                peer.closed().await;
                note.notify_one();
            }
        })
        .await;
        let (pool, up) = (ConnectionPool::new(1), upstream(&at(address)));
        let mut body = send(&pool, &up, "{}").await.unwrap().into_body();
        body.frame().await.unwrap().unwrap();
        drop(body);
        gone.notified().await;
        assert_eq!((up.stats().open(), up.stats().idle()), (0, 0));
    });
}

#[test]
fn dropping_a_call_that_waits_for_its_answer_closes_the_upstreams_connection() {
    worker(async {
        let (got, gone) = (Rc::new(Notify::new()), Rc::new(Notify::new()));
        let notes = (got.clone(), gone.clone());
        let address = raw(move |_, mut peer| {
            let (got, gone) = notes.clone();
            async move {
                peer.request().await;
                got.notify_one();
                peer.closed().await;
                gone.notify_one();
            }
        })
        .await;
        let (pool, up) = (ConnectionPool::new(1), upstream(&at(address)));
        let mut call = Box::pin(send(&pool, &up, "{}"));
        tokio::select! {
            _ = call.as_mut() => panic!("nobody answered"),
            () = got.notified() => {}
        }
        assert!(poll_once(call.as_mut()).await.is_none());
        drop(call);
        gone.notified().await;
        assert_eq!(up.stats().open(), 0);
    });
}

#[test]
fn a_request_that_was_sent_is_never_said_to_be_safe_to_repeat() {
    worker(async {
        let address = raw(|_, mut peer| async move {
            peer.request().await;
        })
        .await;
        let (pool, up) = (ConnectionPool::new(1), upstream(&at(address)));
        let error = send(&pool, &up, "{}").await.unwrap_err();
        assert_eq!(error, AttemptError::ClosedBeforeHead { sent: true, idempotent: false, stale: false });
        assert!(!may_retry(&error) && was_sent(&error));
        let get = http::Request::get("/").body(bytes::Bytes::new()).unwrap();
        let error = pool.send(&up, get, up.deadlines()).await.unwrap_err();
        assert!(may_retry(&error), "asking for a list twice does no harm");
    });
}

#[test]
fn five_failures_in_a_row_set_an_upstream_aside_and_an_answer_brings_it_back() {
    let up = upstream(&at("127.0.0.1:9".parse().unwrap()));
    let model = up.model("m");
    let settle = |verdict| model.insist(Mode::Whole).settle(verdict);
    for _ in 0..5 {
        assert!(up.healthy() && up.aside().is_empty());
        settle(AttemptVerdict::Failed { retry_after: None });
    }
    assert!(!up.healthy());
    assert_eq!(up.aside().iter().map(|aside| aside.model.as_deref()).collect::<Vec<_>>(), [None, Some("m")]);
    settle(AttemptVerdict::Served);
    assert!(up.healthy() && up.aside().is_empty());
    assert_eq!(up.asides().map(|(reason, count)| (reason.label(), count)).next(), Some(("failures", 1)));
}

#[test]
fn an_upstream_of_which_everything_that_is_asked_is_put_aside_is_not_healthy() {
    let up = upstream(&at("127.0.0.1:9".parse().unwrap()));
    let (a, b) = (up.model("a"), up.model("b"));
    let limited = || AttemptVerdict::Refused { retry_after: Some(std::time::Duration::from_secs(60)) };
    let ask = |model: &std::sync::Arc<weir_upstream::ModelHealth>| {
        let mut ticket = model.enter(Mode::Whole).unwrap();
        ticket.sent(std::time::Instant::now());
        ticket
    };
    ask(&b).settle(AttemptVerdict::Served);
    ask(&a).settle(limited());
    assert!(up.healthy(), "b is asked");
    ask(&b).settle(limited());
    assert!(!up.healthy());
    drop((a, b));
    assert!(up.healthy() && up.models().is_empty(), "what is no target any more is forgotten");
}

#[test]
fn a_body_that_outlives_its_worker_does_not_end_cleanly() {
    let (body, runtime) = {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build_local(tokio::runtime::LocalOptions::default())
            .unwrap();
        let body = runtime.block_on(async {
            let address = raw(|_, mut peer| async move {
                peer.request().await;
                peer.write("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n1\r\na\r\n").await;
                std::future::pending::<()>().await;
            })
            .await;
            let (pool, up) = (ConnectionPool::new(1), upstream(&at(address)));
            let mut body = send(&pool, &up, "{}").await.unwrap().into_body();
            body.frame().await.unwrap().unwrap();
            body
        });
        (body, runtime)
    };
    drop(runtime); // every task of it goes
    let mut body = std::pin::pin!(body);
    let mut cx = std::task::Context::from_waker(std::task::Waker::noop());
    let polled = http_body::Body::poll_frame(body.as_mut(), &mut cx);
    assert!(matches!(polled, std::task::Poll::Ready(Some(Err(BodyError::Broken(_))))), "{polled:?}");
}

/// Leaves a body of which one piece was read, behind which the upstream writes this when it may; how many requests the
/// connection has served in the end.
async fn left(rest: &str) -> usize {
    let rest: Rc<str> = rest.into();
    let (go, served) = (Rc::new(Notify::new()), Rc::new(std::cell::Cell::new(0)));
    let (may, count) = (go.clone(), served.clone());
    let address = raw(move |number, mut peer| {
        let (may, count, rest) = (may.clone(), count.clone(), rest.clone());
        async move {
            peer.request().await;
            peer.write("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n1\r\na\r\n").await;
            may.notified().await;
            peer.write(rest.as_bytes()).await;
            if number == 0 {
                count.set(1);
                while peer.request().await.is_some() {
                    count.set(count.get() + 1);
                    peer.ok("again").await;
                }
                count.set(count.get() + 100);
            }
        }
    })
    .await;
    let (pool, up) = (ConnectionPool::new(1), upstream(&at(address)));
    let mut body = send(&pool, &up, "{}").await.unwrap().into_body();
    assert_eq!(body.frame().await.unwrap().unwrap().into_data().unwrap(), "a");
    body.leave();
    go.notify_one();
    eventually("the connection is idle or closed", || up.stats().idle() == 1 || served.get() > 100).await;
    if up.stats().idle() == 1 {
        assert_eq!(ask(&pool, &up, "{}").await, "again");
    }
    assert_eq!(up.stats().errors().map(|(_, count)| count).sum::<u64>(), 0, "what was wanted has come");
    served.get()
}

#[test]
fn a_body_that_is_left_gives_its_connection_back_if_its_end_comes_soon() {
    worker(async {
        assert_eq!(left("0\r\n\r\n").await, 2);
        assert_eq!(left("3\r\nbcd\r\n0\r\nx: y\r\n\r\n").await, 2);
        // Neither a broken end nor none at all is waited for, or counted.
        assert_eq!(left("zz\r\n").await, 101);
        assert_eq!(left("").await, 101);
        assert_eq!(left("3\r\nb").await, 101);
        assert_eq!(left(&format!("20000\r\n{}\r\n", "x".repeat(0x20000))).await, 101);
    });
}
