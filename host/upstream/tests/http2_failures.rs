//! What becomes of requests when an HTTP/2 upstream fails, refuses or goes away.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

mod support;
use h2::Reason;
use http_body_util::BodyExt;
use std::rc::Rc;
use support::h2_server::{Asked, echo, h2, handshake, ok, speaks_h2};
use support::{ask, eventually, raw, send, text, upstream, worker};
use tokio::sync::Notify;
use weir_upstream::{AttemptError, BodyError, Break, Pool};

#[test]
fn a_stream_that_is_cut_short_is_an_error_and_never_an_end() {
    worker(async {
        for (reason, length) in [
            (Reason::INTERNAL_ERROR, None),
            (Reason::CANCEL, None),
            (Reason::NO_ERROR, None), // means "no need to send more" and ends early all the same
            (Reason::NO_ERROR, Some("10")),
        ] {
            let go = Rc::new(Notify::new());
            let gate = go.clone();
            let address = h2(100, move |_, (_, mut respond): Asked| {
                let gate = gate.clone();
                async move {
                    let mut head = ok();
                    if let Some(length) = length {
                        head.headers_mut().insert("content-length", length.parse().unwrap());
                    }
                    let mut stream = respond.send_response(head, false).unwrap();
                    stream.send_data("hello".into(), false).unwrap();
                    gate.notified().await;
                    stream.send_reset(reason);
                }
            })
            .await;
            let (pool, up) = (Pool::new(1), upstream(&speaks_h2(address)));
            let mut body = send(&pool, &up, "{}").await.unwrap().into_body();
            assert_eq!(body.frame().await.unwrap().unwrap().into_data().unwrap(), "hello");
            go.notify_one();
            let end = body.frame().await.unwrap();
            assert_eq!(end.unwrap_err(), BodyError::Broken(Break::Reset), "{reason:?}");
        }
    });
}

#[test]
fn a_connection_that_dies_takes_its_streams_down_with_errors() {
    worker(async {
        let go = Rc::new(Notify::new());
        let gate = go.clone();
        let address = raw(move |_, peer| {
            let gate = gate.clone();
            async move {
                let mut connection = handshake(peer.stream, 100).await;
                let (_, mut respond) = connection.accept().await.unwrap().unwrap();
                let mut stream = respond.send_response(ok(), false).unwrap();
                stream.send_data("hello".into(), false).unwrap();
                tokio::select! {
                    _ = connection.accept() => panic!("nobody asks again"),
                    () = gate.notified() => {} // the socket closes without a word
                }
            }
        })
        .await;
        let (pool, up) = (Pool::new(1), upstream(&speaks_h2(address)));
        let response = send(&pool, &up, "{}").await.unwrap();
        go.notify_one();
        assert!(matches!(text(response).await, Err(BodyError::Broken(_))));
        eventually("it is gone", || up.stats().open() == 0).await;
    });
}

#[test]
fn after_goaway_streams_finish_and_new_requests_take_a_new_connection() {
    worker(async {
        let go = Rc::new(Notify::new());
        let gate = go.clone();
        let address = raw(move |number, peer| {
            let gate = gate.clone();
            async move {
                let mut connection = handshake(peer.stream, 100).await;
                let asked = connection.accept().await.unwrap().unwrap();
                if number == 0 {
                    connection.graceful_shutdown();
                    tokio::task::spawn_local(async move {
                        gate.notified().await;
                        echo(0, asked).await;
                    });
                } else {
                    tokio::task::spawn_local(echo(number, asked));
                }
                while let Some(Ok(asked)) = connection.accept().await {
                    tokio::task::spawn_local(echo(number, asked));
                }
            }
        })
        .await;
        let (pool, up) = (Rc::new(Pool::new(1)), upstream(&speaks_h2(address)));
        let (p, u) = (pool.clone(), up.clone());
        let first = tokio::task::spawn_local(async move { ask(&p, &u, "old").await });
        eventually("the first is under way", || up.stats().open() == 1).await;
        let mut answer = String::new();
        while !answer.starts_with("1:") {
            answer = ask(&pool, &up, "new").await;
        }
        go.notify_one();
        assert_eq!(first.await.unwrap(), "0:old");
        eventually("the old connection is closed", || up.stats().open() == 1).await;
    });
}

#[test]
fn a_refused_stream_may_be_tried_again_and_a_failed_one_may_not() {
    worker(async {
        for (reason, retry) in
            [(Reason::REFUSED_STREAM, true), (Reason::INTERNAL_ERROR, false), (Reason::CANCEL, false)]
        {
            let address = h2(100, move |_, (_, mut respond): Asked| async move {
                respond.send_reset(reason);
            })
            .await;
            let (pool, up) = (Pool::new(1), upstream(&speaks_h2(address)));
            let error = send(&pool, &up, "{}").await.unwrap_err();
            assert!(matches!(error, AttemptError::ClosedBeforeHead { .. }), "{error:?}");
            assert_eq!(error.may_retry(), retry, "{reason:?}");
        }
    });
}

#[test]
fn an_upstream_that_does_not_speak_http2_after_all_is_an_error() {
    worker(async {
        let address = raw(|_, mut peer| async move {
            peer.write("HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\n\r\n").await;
            peer.closed().await;
        })
        .await;
        let (pool, up) = (Pool::new(1), upstream(&speaks_h2(address)));
        let error = send(&pool, &up, "{}").await.unwrap_err();
        assert!(!matches!(error, AttemptError::Busy { .. }), "{error:?}");
        eventually("nothing is left of it", || up.stats().open() == 0).await;
    });
}
