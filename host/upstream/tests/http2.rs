//! HTTP/2 upstreams: by prior knowledge, on a real socket.

use crate::support::h2_server::{Asked, echo, h2, ok, speaks_h2};
use crate::support::{
    Notes, ask, assert_about, eventually, may_retry, paused_worker, poll_once, post, raw, send, text, upstream,
    was_sent, worker,
};
use bytes::Bytes;
use h2::Reason;
use http::{Request, Response, StatusCode};
use http_body_util::BodyExt;
use std::cell::Cell;
use std::rc::Rc;
use tokio::sync::Semaphore;
use weir_upstream::{AttemptError, ConnectionPool, Which};

#[test]
fn many_requests_share_one_connection_from_the_first_on() {
    worker(async {
        let address = h2(100, echo).await;
        let mut provider = speaks_h2(address);
        provider.max_waiting = 100;
        let (pool, up) = (Rc::new(ConnectionPool::new(1)), upstream(&provider));
        let tasks: Vec<_> = (0..50)
            .map(|_| {
                let (pool, up) = (pool.clone(), up.clone());
                tokio::task::spawn_local(async move { ask(&pool, &up, "hi").await })
            })
            .collect();
        for task in tasks {
            assert_eq!(task.await.unwrap(), "0:hi");
        }
        assert_eq!(ask(&pool, &up, "again").await, "0:again");
        assert_eq!((up.stats().created(), up.stats().open(), up.stats().idle()), (1, 1, 1));
    });
}

#[test]
fn the_request_names_the_upstream_and_no_host_header_travels() {
    worker(async {
        let seen = Notes::default();
        let notes = seen.clone();
        let address = h2(100, move |_, (request, mut respond)| {
            let notes = notes.clone();
            async move {
                notes.borrow_mut().push(format!("{} {}", request.method(), request.uri()));
                assert!(!request.headers().contains_key("host"));
                assert_eq!(request.headers()["content-length"], "2");
                respond.send_response(ok(), true).unwrap();
            }
        })
        .await;
        let (pool, up) = (ConnectionPool::new(1), upstream(&speaks_h2(address)));
        let mut request = post(&up, "{}");
        request.headers_mut().insert("host", "evil.example".parse().unwrap());
        request.headers_mut().insert("connection", "x-drop".parse().unwrap());
        let response = pool.send(&up, request, up.deadlines()).await.unwrap();
        assert_eq!(text(response).await.unwrap(), "");
        assert_eq!(*seen.borrow(), [format!("POST http://{address}/v1/chat")]);
    });
}

#[test]
fn a_second_connection_opens_when_the_first_carries_all_it_may() {
    worker(async {
        let go = Rc::new(Semaphore::new(0));
        let gate = go.clone();
        let address = h2(2, move |number, asked| {
            let gate = gate.clone();
            async move {
                if number < 2 {
                    gate.acquire().await.unwrap().forget();
                }
                echo(number, asked).await;
            }
        })
        .await;
        let mut provider = speaks_h2(address);
        provider.max_connections = 2;
        let (pool, up) = (Rc::new(ConnectionPool::new(1)), upstream(&provider));
        // The first answer teaches the connection's limit.
        go.add_permits(1);
        ask(&pool, &up, "x").await;
        let start = || {
            let (pool, up) = (pool.clone(), up.clone());
            tokio::task::spawn_local(async move { ask(&pool, &up, "x").await })
        };
        let tasks: Vec<_> = (0..5).map(|_| start()).collect();
        let stats = up.stats();
        eventually("two connections carry two each and one waits", || stats.open() == 2 && stats.waiting() == 1).await;
        go.add_permits(5);
        let mut answers = vec![];
        for task in tasks {
            answers.push(task.await.unwrap());
        }
        assert!(answers.contains(&"0:x".to_owned()) && answers.contains(&"1:x".to_owned()));
        assert_eq!((stats.created(), stats.waiting()), (2, 0));
    });
}

#[test]
fn no_more_requests_are_sent_at_once_than_the_upstream_allows_from_the_first_on() {
    worker(async {
        let (now, most) = (Rc::new(Cell::new(0)), Rc::new(Cell::new(0)));
        let (n, m) = (now.clone(), most.clone());
        let address = h2(20, move |number, asked| {
            let (n, m) = (n.clone(), m.clone());
            async move {
                if number == 0 {
                    n.set(n.get() + 1);
                    m.set(m.get().max(n.get()));
                    tokio::task::yield_now().await;
                }
                echo(number, asked).await;
                n.set(n.get() - usize::from(number == 0));
            }
        })
        .await;
        let mut provider = speaks_h2(address);
        (provider.max_connections, provider.max_waiting) = (100, 1_000);
        let (pool, up) = (Rc::new(ConnectionPool::new(1)), upstream(&provider));
        let tasks: Vec<_> = (0..75)
            .map(|_| {
                let (pool, up) = (pool.clone(), up.clone());
                tokio::task::spawn_local(async move { ask(&pool, &up, "x").await })
            })
            .collect();
        for task in tasks {
            task.await.unwrap();
        }
        assert!((1..=20).contains(&most.get()), "{} at once", most.get());
        assert!(up.stats().created() <= 4, "{} connections for what four carry", up.stats().created());
        assert_eq!(up.stats().recovered(), 0, "nothing had to be sent twice");
    });
}

#[test]
fn nothing_is_asked_of_an_upstream_that_does_not_say_what_it_allows() {
    paused_worker(async {
        // It takes the connection and the preface, and is silent: the settings that it owes never come.
        let address = raw(|_, mut peer| async move { peer.closed().await }).await;
        let mut provider = speaks_h2(address);
        provider.connect_timeout = std::time::Duration::from_secs(3);
        let (up, start) = (upstream(&provider), tokio::time::Instant::now());
        let error = send(&ConnectionPool::new(1), &up, "{}").await.unwrap_err();
        assert_eq!(error, AttemptError::Timeout(Which::Connect));
        assert!(may_retry(&error) && !was_sent(&error));
        assert_about(start, 3.0);
    });
}

#[test]
fn dropping_a_body_resets_its_stream_and_leaves_its_neighbours_alone() {
    worker(async {
        let reset = Rc::new(Cell::new(None));
        let note = reset.clone();
        let address = h2(100, move |number, (request, mut respond)| {
            let note = note.clone();
            async move {
                if request.uri().path() == "/long" {
                    let mut stream = respond.send_response(ok(), false).unwrap();
                    stream.send_data("a".into(), false).unwrap();
                    let reason = std::future::poll_fn(|cx| stream.poll_reset(cx)).await;
                    note.set(reason.ok());
                } else {
                    echo(number, (request, respond)).await;
                }
            }
        })
        .await;
        let (pool, up) = (ConnectionPool::new(1), upstream(&speaks_h2(address)));
        let long = || Request::get("/long").body(Bytes::new()).unwrap();
        let mut body = pool.send(&up, long(), up.deadlines()).await.unwrap().into_body();
        body.frame().await.unwrap().unwrap();
        assert_eq!(ask(&pool, &up, "next").await, "0:next");
        drop(body);
        eventually("the stream is reset", || reset.get() == Some(Reason::CANCEL)).await;
        assert_eq!(ask(&pool, &up, "after").await, "0:after");

        reset.set(None);
        let mut waiting = Box::pin(pool.send(&up, Request::get("/long").body(Bytes::new()).unwrap(), up.deadlines()));
        assert!(poll_once(waiting.as_mut()).await.is_none());
        let started = waiting.await.unwrap();
        drop(started);
        eventually("so is one without a byte read", || reset.get() == Some(Reason::CANCEL)).await;
        assert_eq!(up.stats().created(), 1);
    });
}

#[test]
fn a_reader_that_stalls_does_not_hold_up_the_other_streams_of_its_connection() {
    worker(async {
        let address = h2(100, |number, (request, mut respond)| async move {
            if request.uri().path() != "/flood" {
                return echo(number, (request, respond)).await;
            }
            let mut stream = respond.send_response(ok(), false).unwrap();
            loop {
                stream.reserve_capacity(16 * 1024);
                match std::future::poll_fn(|cx| stream.poll_capacity(cx)).await {
                    Some(Ok(room)) if room > 0 => stream.send_data(vec![b'x'; room].into(), false).unwrap(),
                    Some(Ok(_)) => {}
                    _ => return,
                }
            }
        })
        .await;
        let (pool, up) = (ConnectionPool::new(1), upstream(&speaks_h2(address)));
        let mut stalled = vec![];
        for _ in 0..60 {
            let flood = Request::get("/flood").body(Bytes::new()).unwrap();
            stalled.push(pool.send(&up, flood, up.deadlines()).await.unwrap());
        }
        for _ in 0..20 {
            assert_eq!(ask(&pool, &up, "hi").await, "0:hi");
        }
        assert_eq!(up.stats().created(), 1);
    });
}

#[test]
fn statuses_and_headers_come_through_and_informational_answers_do_not() {
    worker(async {
        let address = h2(100, |_, (_, mut respond): Asked| async move {
            respond.send_informational(Response::builder().status(103).body(()).unwrap()).unwrap();
            let head = Response::builder().status(429).header("retry-after", "3").body(()).unwrap();
            respond.send_response(head, true).unwrap();
        })
        .await;
        let (pool, up) = (ConnectionPool::new(1), upstream(&speaks_h2(address)));
        let response = send(&pool, &up, "{}").await.unwrap();
        assert_eq!(response.status(), StatusCode::TOO_MANY_REQUESTS);
        assert_eq!(response.headers()["retry-after"], "3");
        assert!(http_body::Body::is_end_stream(response.body()));
        assert_eq!(up.stats().idle(), 1);
    });
}
