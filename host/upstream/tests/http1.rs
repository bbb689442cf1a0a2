//! HTTP/1.1 on the wire: framing, early answers, frames, and when a connection is used again.

use crate::support::{Peer, ask, at, eventually, post, raw, send, text, upstream, worker};
use bytes::Bytes;
use http_body::Body as _;
use http_body_util::BodyExt;
use std::rc::Rc;
use tokio::sync::Notify;
use weir_upstream::{AttemptError, ConnectionPool};

/// An upstream that answers every request on a connection with `answer`, whose `#` stands for the connection's number.
async fn answers(answer: &'static str) -> std::net::SocketAddr {
    raw(move |number, mut peer| async move {
        while peer.request().await.is_some() {
            peer.write(answer.replace('#', &number.to_string())).await;
        }
    })
    .await
}

/// What two requests, one after the other, are answered.
async fn two(answer: &'static str) -> [String; 2] {
    let (pool, up) = (ConnectionPool::new(1), upstream(&at(answers(answer).await)));
    [ask(&pool, &up, "{}").await, ask(&pool, &up, "{}").await]
}

#[test]
fn a_connection_is_used_again_only_behind_an_answer_that_ends_beyond_doubt() {
    worker(async {
        for answer in [
            "HTTP/1.1 200 OK\r\ncontent-length: 1\r\n\r\n#",
            "HTTP/1.0 200 OK\r\nconnection: keep-alive\r\ncontent-length: 1\r\n\r\n#",
            "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n1\r\n#\r\n0\r\n\r\n",
            "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n1\r\n#\r\n0\r\nx-sum: 1\r\n\r\n",
            "HTTP/1.1 200 OK\ncontent-length: 1\n\n#",
        ] {
            assert_eq!(two(answer).await, ["0", "0"], "{answer:?}");
        }
        for answer in [
            "HTTP/1.0 200 OK\r\ncontent-length: 1\r\n\r\n#",
            "HTTP/1.1 200 OK\r\ncontent-length: 1\r\nConnection: Close\r\n\r\n#",
            "HTTP/1.1 200 OK\r\ncontent-length: 1\r\n\r\n#x",
            "HTTP/1.1 200 OK\r\ncontent-length: 3\r\ntransfer-encoding: chunked\r\n\r\n1\r\n#\r\n0\r\n\r\n",
            "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n1\r\n#\r\n0\r\n\r\n\r\n",
        ] {
            assert_eq!(two(answer).await, ["0", "1"], "{answer:?}");
        }
        for answer in ["HTTP/1.1 204 No Content\r\n\r\n", "HTTP/1.1 304 Not Modified\r\ncontent-length: 9\r\n\r\n"] {
            let (pool, up) = (ConnectionPool::new(1), upstream(&at(answers(answer).await)));
            for _ in 0..2 {
                let response = send(&pool, &up, "{}").await.unwrap();
                assert!(response.body().is_end_stream());
            }
            assert_eq!(up.stats().created(), 1, "{answer:?}");
        }
    });
}

#[test]
fn an_answer_that_comes_byte_by_byte_is_the_same_answer() {
    worker(async {
        let address = raw(|_, mut peer: Peer| async move {
            while peer.request().await.is_some() {
                for byte in
                    b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\none\r\n2\r\n,2\r\n0\r\na: b\r\n\r\n"
                {
                    peer.write([*byte]).await;
                    tokio::task::yield_now().await;
                }
            }
        })
        .await;
        let (pool, up) = (ConnectionPool::new(1), upstream(&at(address)));
        for _ in 0..2 {
            assert_eq!(ask(&pool, &up, "{}").await, "one,2");
        }
        assert_eq!(up.stats().created(), 1);
    });
}

#[test]
fn chunks_that_came_together_are_one_frame_and_the_last_frame_says_that_it_is_the_last() {
    worker(async {
        let address =
            answers("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n1\r\na\r\n2\r\nbc\r\n3\r\ndef\r\n0\r\n\r\n");
        let (pool, up) = (ConnectionPool::new(1), upstream(&at(address.await)));
        let mut body = send(&pool, &up, "{}").await.unwrap().into_body();
        assert_eq!(body.frame().await.unwrap().unwrap().into_data().unwrap(), "abcdef");
        assert!(body.is_end_stream());
        assert!(body.frame().await.is_none());
    });
}

#[test]
fn trailers_are_a_frame_of_their_own() {
    worker(async {
        let address = answers("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n1\r\na\r\n0\r\nx-sum: 7\r\n\r\n");
        let (pool, up) = (ConnectionPool::new(1), upstream(&at(address.await)));
        let body = send(&pool, &up, "{}").await.unwrap().into_body();
        assert_eq!(up.stats().idle(), 1, "the connection is free: all of the body is here");
        let collected = body.collect().await.unwrap();
        assert_eq!(collected.trailers().unwrap()["x-sum"], "7");
        assert_eq!(collected.to_bytes(), "a");
    });
}

#[test]
fn an_answer_that_is_here_as_a_whole_holds_no_connection() {
    worker(async {
        let mut provider = at(answers("HTTP/1.1 200 OK\r\ncontent-length: 1\r\n\r\n#").await);
        provider.max_connections = 1;
        let (pool, up) = (ConnectionPool::new(1), upstream(&provider));
        let first = send(&pool, &up, "{}").await.unwrap();
        let second = send(&pool, &up, "{}").await.unwrap();
        assert_eq!((text(first).await.unwrap(), text(second).await.unwrap()), ("0".into(), "0".into()));
        assert_eq!((up.stats().created(), up.stats().waits()), (1, 0));
    });
}

#[test]
fn a_large_body_comes_whole_in_frames_of_a_bounded_size() {
    const LENGTH: usize = 3_000_000;
    worker(async {
        let address = raw(|number, mut peer| async move {
            peer.request().await;
            let body: Vec<u8> = (0..LENGTH).map(|n| (n % 251) as u8).collect();
            let chunk = |chunk: &[u8]| [format!("{:x}\r\n", chunk.len()).as_bytes(), chunk, b"\r\n"].concat();
            match number {
                0 => peer.write(format!("HTTP/1.1 200 OK\r\ncontent-length: {LENGTH}\r\n\r\n")).await,
                1 => peer.write("HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n").await,
                _ => {
                    peer.write("HTTP/1.1 200 OK\r\nconnection: close\r\ntransfer-encoding: chunked\r\n\r\n").await;
                    let size = [10, 70_000, 2_000_000][number - 2];
                    peer.write(body.chunks(size).flat_map(chunk).collect::<Vec<_>>()).await;
                    return peer.write("0\r\n\r\n").await;
                }
            }
            peer.write(body).await;
        })
        .await;
        let pool = ConnectionPool::new(1);
        for _ in 0..5 {
            // The same upstream would give a new connection the wrong number.
            let up = upstream(&at(address));
            let mut body = send(&pool, &up, "{}").await.unwrap().into_body();
            let mut at = 0;
            while let Some(frame) = body.frame().await {
                let data = frame.unwrap().into_data().unwrap();
                assert!(!data.is_empty() && data.len() <= 64 * 1024);
                assert!(data.iter().all(|byte| {
                    at += 1;
                    *byte == ((at - 1) % 251) as u8
                }));
            }
            assert_eq!(at, LENGTH);
        }
    });
}

#[test]
fn an_early_answer_is_heard_although_the_upstream_stops_listening() {
    worker(async {
        let address = raw(|_, mut peer| async move {
            peer.head().await;
            peer.write("HTTP/1.1 413 Payload Too Large\r\ncontent-length: 3\r\nconnection: close\r\n\r\nbig").await;
        })
        .await;
        let (pool, up) = (ConnectionPool::new(1), upstream(&at(address)));
        for _ in 0..10 {
            let response = pool.send(&up, post(&up, vec![b'x'; 32 << 20]), up.deadlines()).await.unwrap();
            assert_eq!((response.status().as_u16(), text(response).await.unwrap().as_str()), (413, "big"));
        }
        assert_eq!(up.stats().open(), 0);
    });
}

#[test]
fn an_early_answer_may_take_its_time_while_the_request_goes_on() {
    worker(async {
        let address = raw(|_, mut peer| async move {
            peer.head().await;
            peer.write("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n1\r\na\r\n").await;
            peer.ahead.clear();
            let mut buffer = vec![0; 1 << 20];
            let mut left = 32 << 20;
            while left > 1 << 20 {
                let read = tokio::io::AsyncReadExt::read(&mut peer.stream, &mut buffer).await.unwrap();
                left -= read;
            }
            peer.write("1\r\nb\r\n0\r\n\r\n").await;
            peer.closed().await;
        })
        .await;
        let (pool, up) = (ConnectionPool::new(1), upstream(&at(address)));
        let mut body = pool.send(&up, post(&up, vec![b'x'; 32 << 20]), up.deadlines()).await.unwrap().into_body();
        assert_eq!(body.frame().await.unwrap().unwrap().into_data().unwrap(), "a");
        assert_eq!(body.frame().await.unwrap().unwrap().into_data().unwrap(), "b");
        assert!(body.is_end_stream());
        eventually("the connection is free", || up.stats().idle() == 1).await;
    });
}

#[test]
fn what_an_upstream_says_unasked_spoils_its_connection_and_no_request() {
    worker(async {
        let said = Rc::new(Notify::new());
        let note = said.clone();
        let address = raw(move |number, mut peer| {
            let note = note.clone();
            async move {
                peer.request().await;
                peer.ok(&number.to_string()).await;
                if number == 0 {
                    // Not with the answer, but when the connection is idle again.
                    tokio::task::yield_now().await;
                    note.notified().await;
                    peer.write("HTTP/1.1 408 Request Timeout\r\ncontent-length: 0\r\n\r\n").await;
                    note.notify_one();
                }
                peer.closed().await;
            }
        })
        .await;
        let (pool, up) = (ConnectionPool::new(1), upstream(&at(address)));
        assert_eq!(ask(&pool, &up, "{}").await, "0");
        said.notify_one();
        tokio::task::yield_now().await;
        said.notified().await;
        tokio::task::yield_now().await; // the event loop hears of it
        tokio::time::sleep(std::time::Duration::from_millis(1)).await;
        assert_eq!(ask(&pool, &up, "{}").await, "1");
        assert_eq!((up.stats().created(), up.stats().recovered()), (2, 1));
    });
}

#[test]
fn a_sweep_leaves_connections_alone_that_are_alive() {
    worker(async {
        let address = raw(|number, peer| peer.serve(number)).await;
        let (pool, up) = (ConnectionPool::new(1), upstream(&at(address)));
        for _ in 0..5 {
            assert_eq!(ask(&pool, &up, "{}").await, "0");
            pool.close_idle();
        }
        assert_eq!((up.stats().created(), up.stats().idle()), (1, 1));
    });
}

#[test]
fn an_upstream_that_says_nothing_valid_is_left_at_once() {
    worker(async {
        let address = raw(|number, mut peer| async move {
            peer.request().await;
            peer.write(["<html>", "SSH-2.0-x\r\n", "HTTP/3"][number]).await;
            std::future::pending::<()>().await;
        })
        .await;
        let (pool, up) = (ConnectionPool::new(1), upstream(&at(address)));
        for _ in 0..3 {
            let error = send(&pool, &up, "{}").await.unwrap_err();
            assert!(matches!(error, AttemptError::Protocol(_)), "{error:?}");
        }
        assert_eq!(up.stats().open(), 0);
    });
}

#[test]
fn a_tunnel_is_not_a_request() {
    worker(async {
        let (pool, up) = (ConnectionPool::new(1), upstream(&at(answers("HTTP/1.1 200 OK\r\n\r\n").await)));
        let request = http::Request::connect("/").body(Bytes::new()).unwrap();
        assert_eq!(pool.send(&up, request, up.deadlines()).await.unwrap_err(), AttemptError::BadTarget);
    });
}

#[test]
fn a_request_that_waits_takes_little_memory() {
    let (pool, up) = (ConnectionPool::new(1), upstream(&at("127.0.0.1:9".parse().unwrap())));
    let size = size_of_val(&pool.send(&up, post(&up, ""), up.deadlines()));
    assert!(size <= 1536, "{size} bytes");
}
