//! What becomes of requests when an HTTP/2 upstream fails, refuses or goes away.

use crate::support::h2_server::{Asked, echo, h2, handshake, ok, speaks_h2};
use crate::support::{
    ask, assert_about, blames_upstream, eventually, may_retry, paused_worker, raw, send, text, upstream, was_sent,
    worker,
};
use h2::Reason;
use http_body_util::BodyExt;
use std::cell::Cell;
use std::rc::Rc;
use std::time::Duration;
use tokio::sync::Notify;
use weir_upstream::{AttemptError, BodyError, Break, ConnectionPool};

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
            let (pool, up) = (ConnectionPool::new(1), upstream(&speaks_h2(address)));
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
        let (pool, up) = (ConnectionPool::new(1), upstream(&speaks_h2(address)));
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
        let (pool, up) = (Rc::new(ConnectionPool::new(1)), upstream(&speaks_h2(address)));
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
fn a_stream_that_failed_is_not_tried_again() {
    worker(async {
        for reason in [Reason::INTERNAL_ERROR, Reason::CANCEL, Reason::NO_ERROR, Reason::ENHANCE_YOUR_CALM] {
            let asked = Rc::new(Cell::new(0));
            let count = asked.clone();
            let address = h2(100, move |_, (_, mut respond): Asked| {
                count.set(count.get() + 1);
                async move { respond.send_reset(reason) }
            })
            .await;
            let (pool, up) = (ConnectionPool::new(1), upstream(&speaks_h2(address)));
            let error = send(&pool, &up, "{}").await.unwrap_err();
            assert!(matches!(error, AttemptError::ClosedBeforeHead { .. }), "{error:?}");
            assert!(!may_retry(&error) && was_sent(&error), "{reason:?}");
            assert_eq!(asked.get(), 1);
        }
    });
}

#[test]
fn a_refused_stream_is_sent_again_whole_and_costs_nobody_anything() {
    worker(async {
        let asked = Rc::new(Cell::new(0));
        let count = asked.clone();
        let address = h2(100, move |number, (request, mut respond): Asked| {
            count.set(count.get() + 1);
            let refuse = count.get() % 4 != 0;
            async move {
                match refuse {
                    true => respond.send_reset(Reason::REFUSED_STREAM),
                    false => echo(number, (request, respond)).await,
                }
            }
        })
        .await;
        let (pool, up) = (ConnectionPool::new(1), upstream(&speaks_h2(address)));
        for n in 1..=5 {
            assert_eq!(ask(&pool, &up, "all of it").await, "0:all of it");
            assert_eq!(asked.get(), 4 * n);
        }
        assert!(up.healthy() && up.stats().errors().all(|(_, count)| count == 0));
        assert_eq!((up.stats().requests(), up.stats().created()), (5, 1));
    });
}

#[test]
fn an_upstream_that_refuses_every_stream_is_given_up_and_not_blamed() {
    worker(async {
        let address = h2(100, move |_, (_, mut respond): Asked| async move {
            respond.send_reset(Reason::REFUSED_STREAM);
        })
        .await;
        let (pool, up) = (ConnectionPool::new(1), upstream(&speaks_h2(address)));
        for _ in 0..6 {
            let error = send(&pool, &up, "{}").await.unwrap_err();
            assert_eq!((&error, error.kind()), (&AttemptError::Refused, "refused"));
            assert!(may_retry(&error) && !was_sent(&error));
        }
        assert!(up.healthy());
    });
}

fn frame(kind: u8, flags: u8, stream: u8, payload: &[u8]) -> Vec<u8> {
    [&[0, 0, payload.len() as u8, kind, flags, 0, 0, 0, stream], payload].concat()
}

/// Speaks HTTP/2 by hand: allows requests, waits for the first one, answers with these frames, and reads on.
async fn answers_with(mut stream: tokio::net::TcpStream, frames: Vec<u8>) {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    stream.read_exact(&mut [0; 24]).await.unwrap(); // the preface
    stream.write_all(&frame(4, 0, 0, &[])).await.unwrap(); // SETTINGS
    loop {
        let mut head = [0; 9];
        stream.read_exact(&mut head).await.unwrap();
        stream.read_exact(&mut vec![0; usize::from(head[1]) * 256 + usize::from(head[2])]).await.unwrap();
        if head[3] == 1 {
            break; // HEADERS
        }
    }
    stream.write_all(&frames).await.unwrap();
    let _ = stream.read_to_end(&mut vec![]).await;
}

#[test]
fn a_connection_whose_limit_is_lowered_to_nothing_gets_no_further_request() {
    worker(async {
        let address = raw(move |number, peer| async move {
            if number == 0 {
                let answer = frame(1, 5, 1, &[0x88]); // HEADERS with `:status: 200`, the end of them and of the stream
                return answers_with(peer.stream, [answer, frame(4, 0, 0, &[0, 3, 0, 0, 0, 0])].concat()).await;
            }
            let mut connection = handshake(peer.stream, 100).await;
            while let Some(Ok(asked)) = connection.accept().await {
                tokio::task::spawn_local(echo(number, asked));
            }
        })
        .await;
        let (pool, up) = (ConnectionPool::new(1), upstream(&speaks_h2(address)));
        assert_eq!(ask(&pool, &up, "x").await, "");
        // The answer and the new limit came in one piece.
        assert_eq!(ask(&pool, &up, "x").await, "1:x");
        eventually("the first one is closed", || up.stats().open() == 1).await;
    });
}

/// An upstream on a thread of its own, which allows requests, answers the first one, and allows none when it is told to,
/// on its first connection; a second one is good.
fn allows_none_when_told() -> (std::net::SocketAddr, impl Fn()) {
    use std::io::{Read, Write};
    use std::sync::mpsc::channel;
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let ((tell, told), (done, is_done)) = (channel::<()>(), channel::<()>());
    std::thread::spawn(move || {
        let next = |stream: &mut std::net::TcpStream| {
            let mut head = [0; 9];
            stream.read_exact(&mut head).ok()?;
            stream.read_exact(&mut vec![0; usize::from(head[1]) * 256 + usize::from(head[2])]).ok()?;
            Some(head)
        };
        for number in 0..2 {
            let (mut stream, _) = listener.accept().unwrap();
            stream.set_nodelay(true).unwrap();
            stream.read_exact(&mut [0; 24]).unwrap();
            stream.write_all(&frame(4, 0, 0, &[])).unwrap();
            while next(&mut stream).unwrap()[3] != 1 {}
            stream.write_all(&frame(1, 5, 1, &[0x88])).unwrap();
            if number == 0 {
                told.recv().unwrap();
                stream.write_all(&frame(4, 0, 0, &[0, 3, 0, 0, 0, 0])).unwrap();
                done.send(()).unwrap();
                std::thread::spawn(move || while next(&mut stream).is_some_and(|head| head[3] != 1) {});
            } else {
                while next(&mut stream).is_some() {}
            }
        }
    });
    let allow_none = move || {
        tell.send(()).unwrap();
        is_done.recv().unwrap();
    };
    (address, allow_none)
}

#[test]
fn a_limit_that_is_lowered_to_nothing_in_the_middle_of_a_request_moves_it_to_another_connection() {
    // The event loop hears of something after each task: behind the one that asks, and before the connection's.
    let mut runtime = tokio::runtime::Builder::new_current_thread();
    let runtime = runtime.event_interval(1).enable_all().build_local(Default::default()).unwrap();
    runtime.block_on(async {
        let (address, allow_none) = allows_none_when_told();
        let (pool, up) = (Rc::new(ConnectionPool::new(1)), upstream(&speaks_h2(address)));
        assert_eq!(ask(&pool, &up, "x").await, "");
        let start = tokio::time::Instant::now();
        let (p, u) = (pool.clone(), up.clone());
        let asking = tokio::task::spawn_local(async move {
            // The new limit is here, and nobody has read it: the request is put on the connection and cannot begin.
            allow_none();
            ask(&p, &u, "x").await
        });
        assert_eq!(asking.await.unwrap(), "");
        assert!(start.elapsed() >= Duration::from_secs(1), "it was not put on the connection");
        assert!(start.elapsed() < up.deadlines().first_byte, "it waited for an answer to what was not asked");
        assert_eq!((up.stats().created(), up.stats().recovered()), (2, 1));
        assert!(up.healthy() && up.stats().errors().all(|(_, count)| count == 0));
    });
}

#[test]
fn a_connection_that_does_not_answer_a_ping_gets_no_further_request_long_before_it_is_given_up() {
    paused_worker(async {
        let address = raw(move |number, peer| async move {
            if number == 0 {
                return answers_with(peer.stream, frame(1, 5, 1, &[0x88])).await;
            }
            let mut connection = handshake(peer.stream, 100).await;
            while let Some(Ok(asked)) = connection.accept().await {
                tokio::task::spawn_local(echo(number, asked));
            }
        })
        .await;
        let (pool, up) = (Rc::new(ConnectionPool::new(1)), upstream(&speaks_h2(address)));
        assert_eq!(ask(&pool, &up, "x").await, "");
        tokio::time::sleep(Duration::from_secs(3)).await;
        let start = tokio::time::Instant::now();
        let (p, u) = (pool.clone(), up.clone());
        let meets = tokio::task::spawn_local(async move { send(&p, &u, "x").await.map(drop) });
        tokio::time::sleep(Duration::from_secs(3)).await;
        assert_eq!(ask(&pool, &up, "y").await, "1:y");
        assert!(!meets.is_finished() && start.elapsed() < Duration::from_secs(4));
        let error = meets.await.unwrap().unwrap_err();
        assert!(error.is_stale() && may_retry(&error) && !was_sent(&error) && !blames_upstream(&error), "{error:?}");
        assert_about(start, 5.0);
        assert_eq!((up.stats().dead(), up.stats().created()), (1, 2));
    });
}

#[test]
fn what_a_leaving_connection_has_not_processed_is_sent_on_another() {
    worker(async {
        for reason in [Reason::NO_ERROR, Reason::ENHANCE_YOUR_CALM] {
            let address = raw(move |number, peer| async move {
                if number < 2 {
                    let goaway = [[0; 4], u32::from(reason).to_be_bytes()].concat();
                    return answers_with(peer.stream, frame(7, 0, 0, &goaway)).await;
                }
                let mut connection = handshake(peer.stream, 100).await;
                while let Some(Ok(asked)) = connection.accept().await {
                    tokio::task::spawn_local(echo(number, asked));
                }
            })
            .await;
            let (pool, up) = (ConnectionPool::new(1), upstream(&speaks_h2(address)));
            assert_eq!(ask(&pool, &up, "all of it").await, "2:all of it");
            assert!(up.healthy() && up.stats().errors().all(|(_, count)| count == 0));
        }
    });
}

#[test]
fn an_upstream_that_allows_no_stream_is_not_waited_for_for_ever() {
    worker(async {
        let address = raw(|_, peer| async move {
            let mut connection = handshake(peer.stream, 0).await;
            assert!(connection.accept().await.is_none(), "a request came although none is allowed");
        })
        .await;
        let mut provider = speaks_h2(address);
        provider.max_connections = 8;
        let (pool, up) = (Rc::new(ConnectionPool::new(1)), upstream(&provider));
        let tasks: Vec<_> = (0..6)
            .map(|_| {
                let (pool, up) = (pool.clone(), up.clone());
                tokio::task::spawn_local(async move { send(&pool, &up, "{}").await.map(drop) })
            })
            .collect();
        for task in tasks {
            assert_eq!(task.await.unwrap().unwrap_err(), AttemptError::Refused);
        }
        assert!(up.healthy());
        eventually("nothing is left of it", || up.stats().open() == 0).await;
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
        let (pool, up) = (ConnectionPool::new(1), upstream(&speaks_h2(address)));
        let error = send(&pool, &up, "{}").await.unwrap_err();
        assert!(!matches!(error, AttemptError::Busy { .. }), "{error:?}");
        eventually("nothing is left of it", || up.stats().open() == 0).await;
    });
}
