//! What goes over the wire, and what is made of the answer's head.

use crate::support::{Notes, ask, at, eventually, may_retry, post, raw, send, text, upstream, worker};
use bytes::Bytes;
use http::{Method, Request};
use http_body_util::BodyExt;
use weir_upstream::{AttemptError, ConnectionPool};

#[test]
fn the_request_on_the_wire_is_exactly_what_was_asked() {
    worker(async {
        let seen = Notes::default();
        let notes = seen.clone();
        let address = raw(move |_, mut peer| {
            let notes = notes.clone();
            async move {
                while let Some(request) = peer.request().await {
                    notes.borrow_mut().push(request);
                    peer.ok("").await;
                }
            }
        })
        .await;
        let mut provider = at(address);
        provider.base_url.push_str("/base");
        provider.api_key = Some(weir_config::Secret::new("sk-secret"));
        provider.headers = vec![("x-team".into(), weir_config::Secret::new("blue"))];
        let (pool, up) = (ConnectionPool::new(1), upstream(&provider));
        let mut request = Request::builder()
            .method(Method::POST)
            .uri(up.uri("/chat?x=1").unwrap())
            .header("host", "evil.example")
            .header("authorization", "Bearer client")
            .body(Bytes::from_static(b"{\"a\":1}"))
            .unwrap();
        up.add_head_defaults(request.headers_mut());
        assert!(!format!("{request:?} {up:?} {pool:?}").contains("sk-secret"));
        pool.send(&up, request, up.deadlines()).await.unwrap();
        let wire = seen.borrow()[0].clone();
        let (head, body) = wire.split_once("\r\n\r\n").unwrap();
        assert_eq!(body, "{\"a\":1}");
        let mut lines: Vec<_> = head.lines().collect();
        assert_eq!(lines.remove(0), "POST /base/chat?x=1 HTTP/1.1");
        lines.sort_unstable();
        let host = format!("host: {address}");
        let expected = [
            "accept-encoding: identity",
            "authorization: Bearer sk-secret",
            "content-length: 7",
            &host,
            "x-team: blue",
        ];
        assert_eq!(lines, expected);
    });
}

#[test]
fn a_target_that_names_another_host_is_still_sent_to_the_upstream() {
    worker(async {
        let address = raw(|_, mut peer| async move {
            let request = peer.request().await.unwrap();
            peer.ok(request.lines().next().unwrap()).await;
        })
        .await;
        let (pool, up) = (ConnectionPool::new(1), upstream(&at(address)));
        let request = Request::get("http://metadata.internal/path").body(Bytes::new()).unwrap();
        assert_eq!(text(pool.send(&up, request, up.deadlines()).await.unwrap()).await.unwrap(), "GET /path HTTP/1.1");
        let request = Request::options("*").body(Bytes::new()).unwrap();
        assert!(pool.send(&up, request, up.deadlines()).await.is_err());
    });
}

#[test]
fn informational_answers_are_swallowed() {
    worker(async {
        let address = raw(|number, mut peer| async move {
            while peer.request().await.is_some() {
                peer.write("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\n").await;
                tokio::task::yield_now().await;
                peer.write("HTTP/1.1 102 Processing\r\n\r\n").await;
                peer.ok(&number.to_string()).await;
            }
        })
        .await;
        let (pool, up) = (ConnectionPool::new(1), upstream(&at(address)));
        for _ in 0..3 {
            let response = send(&pool, &up, "{}").await.unwrap();
            assert_eq!(response.status(), 200);
            assert!(response.headers().get("link").is_none());
            assert_eq!(text(response).await.unwrap(), "0");
        }
    });
}

#[test]
fn an_upgrade_nobody_asked_for_is_a_protocol_error() {
    worker(async {
        let address = raw(|_, mut peer| async move {
            peer.request().await;
            peer.write("HTTP/1.1 101 Switching Protocols\r\nupgrade: x\r\nconnection: upgrade\r\n\r\n").await;
            peer.closed().await;
        })
        .await;
        let (pool, up) = (ConnectionPool::new(1), upstream(&at(address)));
        let error = send(&pool, &up, "{}").await.unwrap_err();
        assert_eq!(error.kind(), "protocol");
        assert!(!may_retry(&error));
        assert_eq!(up.stats().open(), 0);
    });
}

#[test]
fn redirects_are_answers_and_are_not_followed() {
    worker(async {
        let address = raw(|_, mut peer| async move {
            while peer.request().await.is_some() {
                peer.write(
                    "HTTP/1.1 307 Temporary Redirect\r\nlocation: http://127.0.0.1:1/\r\ncontent-length: 0\r\n\r\n",
                )
                .await;
            }
        })
        .await;
        let (pool, up) = (ConnectionPool::new(1), upstream(&at(address)));
        let response = send(&pool, &up, "{}").await.unwrap();
        assert_eq!(response.status(), 307);
        assert_eq!((up.stats().requests(), up.stats().created(), up.stats().idle()), (1, 1, 1));
    });
}

#[test]
fn an_answer_before_the_request_is_all_read_is_given_at_once() {
    worker(async {
        let (go, mut wait) = tokio::sync::mpsc::unbounded_channel::<()>();
        let wait = std::rc::Rc::new(std::cell::RefCell::new(Some(async move { wait.recv().await })));
        let address = raw(move |number, mut peer| {
            let wait = wait.borrow_mut().take();
            async move {
                let head = peer.head().await.unwrap();
                peer.write(format!("HTTP/1.1 413 Payload Too Large\r\ncontent-length: 1\r\n\r\n{number}")).await;
                if let Some(wait) = wait {
                    wait.await;
                }
                // Now the rest of the request is read and the connection is good for another.
                let mut left: usize =
                    head.lines().find_map(|l| l.strip_prefix("content-length: ")).unwrap().parse().unwrap();
                left -= std::mem::take(&mut peer.ahead).len();
                let mut buffer = vec![0; 1 << 16];
                while left > 0 {
                    let most = left.min(buffer.len()); // the next request may lie behind it
                    left -= tokio::io::AsyncReadExt::read(&mut peer.stream, &mut buffer[..most]).await.unwrap();
                }
                peer.serve(number).await;
            }
        })
        .await;
        let (pool, up) = (ConnectionPool::new(1), upstream(&at(address)));
        let big = vec![b'x'; 32 << 20];
        let response = pool.send(&up, post(&up, big), up.deadlines()).await.unwrap();
        assert_eq!(response.status(), 413);
        assert_eq!(text(response).await.unwrap(), "0");
        assert_eq!(up.stats().idle(), 0, "its request is not all sent yet");
        go.send(()).unwrap();
        eventually("the connection is back", || up.stats().idle() == 1).await;
        assert_eq!(ask(&pool, &up, "{}").await, "0");
    });
}

#[test]
fn a_connection_whose_request_is_never_read_is_closed_after_its_answer() {
    worker(async {
        let address = raw(|number, mut peer| async move {
            peer.head().await;
            peer.ok(&number.to_string()).await;
            std::future::pending::<()>().await;
        })
        .await;
        let (pool, up) = (ConnectionPool::new(1), upstream(&at(address)));
        let response = pool.send(&up, post(&up, vec![b'x'; 32 << 20]), up.deadlines()).await.unwrap();
        assert_eq!(text(response).await.unwrap(), "0");
        eventually("it is given up", || up.stats().open() == 0).await;
    });
}

#[test]
fn a_head_request_frees_its_connection_without_a_body() {
    worker(async {
        let address = raw(|_, mut peer| async move {
            while peer.request().await.is_some() {
                peer.write("HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\n").await;
            }
        })
        .await;
        let (pool, up) = (ConnectionPool::new(1), upstream(&at(address)));
        for _ in 0..2 {
            let request = Request::head("/").body(Bytes::new()).unwrap();
            let response = pool.send(&up, request, up.deadlines()).await.unwrap();
            assert!(response.into_body().collect().await.unwrap().to_bytes().is_empty());
        }
        assert_eq!(up.stats().created(), 1);
    });
}

#[test]
fn heads_beyond_the_limits_are_protocol_errors() {
    worker(async {
        let address = raw(|number, mut peer| async move {
            peer.request().await;
            let head = match number {
                0 => "HTTP/1.1 200 OK\r\n".to_owned() + &"a: b\r\n".repeat(101) + "\r\n",
                1 => format!("HTTP/1.1 200 OK\r\na: {}\r\n\r\n", "b".repeat(40 * 1024)),
                2 => "HTP/1.1 200 OK\r\n\r\n".to_owned(),
                _ => "HTTP/1.1 200 OK\r\ncontent-length: 3\r\ncontent-length: 4\r\n\r\nabc".to_owned(),
            };
            peer.write(head).await;
            peer.closed().await;
        })
        .await;
        let (pool, up) = (ConnectionPool::new(1), upstream(&at(address)));
        for _ in 0..4 {
            let error = send(&pool, &up, "{}").await.unwrap_err();
            assert!(matches!(error, AttemptError::Protocol(_)), "{error:?}");
        }
        eventually("all closed", || up.stats().open() == 0).await;
    });
}

#[test]
fn head_and_body_of_a_small_request_leave_in_one_write() {
    worker(async {
        let address = raw(|_, mut peer| async move {
            let mut buffer = vec![0; 1 << 16];
            let read = tokio::io::AsyncReadExt::read(&mut peer.stream, &mut buffer).await.unwrap();
            peer.ok(if buffer[..read].ends_with(&[b'x'; 8_000]) { "whole" } else { "part" }).await;
        })
        .await;
        let (pool, up) = (ConnectionPool::new(1), upstream(&at(address)));
        let response = pool.send(&up, post(&up, vec![b'x'; 8_000]), up.deadlines()).await.unwrap();
        assert_eq!(text(response).await.unwrap(), "whole");
    });
}
