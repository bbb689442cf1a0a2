//! HTTP/2 on both sides: the same promises, and a reset where HTTP/1 closes a connection.

use crate::support::client::Streaming;
use crate::support::h2::{answer, connect, question, run, upstream, whole};
use crate::support::upstream::{CHAT, DONE, STREAM, Upstream, chunk, delta, ok, wait_for_close};
use crate::support::{ACME, Gateway, PATIENCE, chat, chat_stream, config, config_with, post, until};
use bytes::Bytes;
use futures_util::stream::{self, StreamExt};
use http_body::Frame;
use http_body_util::{BodyExt, StreamBody};
use std::io::Write;
use std::sync::Mutex;
use std::sync::mpsc::channel;

#[test]
fn a_client_that_knows_http2_is_served_whole_and_in_streams() {
    let upstream = Upstream::start(|_, seen, stream| {
        let streaming = seen.json()["stream"] == true;
        let events = [chunk(&delta("hello")), chunk(DONE), b"0\r\n\r\n".to_vec()].concat();
        let answer = if streaming { [STREAM, &events].concat() } else { ok("application/json", CHAT) };
        stream.write_all(&answer).is_ok()
    });
    let gateway = Gateway::start(&config(upstream.address));
    run(async {
        let mut sender = connect(gateway.address).await;
        let response = sender.send_request(question(gateway.address, ACME, &chat("hi"))).await.unwrap();
        assert!(response.headers().contains_key("x-request-id"));
        assert_eq!(whole(response).await, (200, CHAT.to_owned()));
        let response = sender.send_request(question(gateway.address, ACME, &chat_stream("hi"))).await.unwrap();
        assert_eq!(whole(response).await, (200, [&delta("hello"), DONE].concat()));
        let response = sender.send_request(question(gateway.address, "sk-weir-a-b", &chat("hi"))).await.unwrap();
        assert_eq!(whole(response).await.0, 401);
    });
    soon_eq!(gateway.metric("weir_connections_accepted_total", &[]), 1.0);
}

#[test]
fn requests_on_one_connection_do_not_wait_for_each_other() {
    let (release, released) = channel::<()>();
    let released = Mutex::new(released);
    let upstream = Upstream::start(move |_, seen, stream| {
        if seen.json()["messages"][0]["content"] == "slow" {
            released.lock().unwrap().recv_timeout(PATIENCE).unwrap();
        }
        stream.write_all(&ok("application/json", CHAT)).is_ok()
    });
    let gateway = Gateway::start(&config(upstream.address));
    run(async {
        let mut sender = connect(gateway.address).await;
        let slow = tokio::spawn(sender.send_request(question(gateway.address, ACME, &chat("slow"))));
        let fast = sender.send_request(question(gateway.address, ACME, &chat("fast"))).await.unwrap();
        assert_eq!(whole(fast).await.0, 200);
        release.send(()).unwrap();
        assert_eq!(whole(slow.await.unwrap().unwrap()).await.0, 200);
    });
}

#[test]
fn a_stream_that_the_client_resets_is_left_upstream_and_its_neighbours_live_on() {
    let (closed, was_closed) = channel();
    let closed = Mutex::new(closed);
    let upstream = Upstream::start(move |_, seen, stream| {
        if seen.json()["stream"] != true {
            return stream.write_all(&ok("application/json", CHAT)).is_ok();
        }
        stream.write_all(&[STREAM, &chunk(&delta("hi"))].concat()).unwrap();
        wait_for_close(stream);
        closed.lock().unwrap().send(()).unwrap();
        false
    });
    let gateway = Gateway::start(&config(upstream.address));
    run(async {
        let mut sender = connect(gateway.address).await;
        let response = sender.send_request(question(gateway.address, ACME, &chat_stream("hi"))).await.unwrap();
        let mut body = response.into_body();
        assert_eq!(body.frame().await.unwrap().unwrap().into_data().unwrap(), delta("hi"));
        drop(body);
        tokio::task::spawn_blocking(move || was_closed.recv_timeout(PATIENCE).unwrap()).await.unwrap();
        let response = sender.send_request(question(gateway.address, ACME, &chat("hi"))).await.unwrap();
        assert_eq!(whole(response).await.0, 200);
    });
    until("settled", || (gateway.metric("weir_requests_total", &["status=\"499\""]) == 1.0).then_some(()));
}

#[test]
fn a_stream_that_the_upstream_breaks_ends_in_an_error_event_and_a_reset() {
    let upstream = Upstream::start(|_, _, stream| {
        stream.write_all(&[STREAM, &chunk(&delta("so far"))].concat()).unwrap();
        stream.shutdown(std::net::Shutdown::Both).unwrap();
        false
    });
    let gateway = Gateway::start(&config(upstream.address));
    run(async {
        let mut sender = connect(gateway.address).await;
        let response = sender.send_request(question(gateway.address, ACME, &chat_stream("hi"))).await.unwrap();
        let mut body = response.into_body();
        let mut text = String::new();
        let end = loop {
            match body.frame().await {
                Some(Ok(frame)) => text.push_str(std::str::from_utf8(&frame.into_data().unwrap()).unwrap()),
                Some(Err(why)) => break Some(why),
                None => break None,
            }
        };
        assert!(end.is_some(), "the end looks clean: {text}");
        assert!(text.starts_with(&delta("so far")) && text.contains("upstream_broken"), "{text}");
    });
}

#[test]
fn invalid_http2_is_refused_and_the_connection_lives_on() {
    let upstream = Upstream::chat();
    let gateway = Gateway::start(&config(upstream.address));
    run(async {
        let mut sender = connect(gateway.address).await;
        let mut mismatch = question(gateway.address, ACME, &chat("hi"));
        mismatch.headers_mut().insert("host", "elsewhere".parse().unwrap());
        let (status, text) = whole(sender.send_request(mismatch).await.unwrap()).await;
        assert_eq!((status, text.contains("host_mismatch")), (400, true), "{text}");
        let mut expecting = question(gateway.address, ACME, &chat("hi"));
        expecting.headers_mut().insert("expect", "magic".parse().unwrap());
        assert_eq!(whole(sender.send_request(expecting).await.unwrap()).await.0, 417);
        let good = sender.send_request(question(gateway.address, ACME, &chat("hi"))).await.unwrap();
        assert_eq!(whole(good).await.0, 200);
    });
    assert_eq!(upstream.seen().len(), 1);
}

#[test]
fn an_upstream_that_speaks_http2_is_asked_in_it() {
    let (sent, seen) = channel();
    let sent = Mutex::new(sent);
    let address = upstream(move |parts, body| {
        sent.lock().unwrap().send((parts.version, parts.uri.to_string(), body.clone())).unwrap();
        let streaming = serde_json::from_slice::<serde_json::Value>(&body).unwrap()["stream"] == true;
        async move {
            match streaming {
                true => answer("text/event-stream", [&delta("hello"), DONE].concat()),
                false => answer("application/json", CHAT),
            }
        }
    });
    let gateway = Gateway::start(
        &config_with(address, "http2 = \"always\"\nretries = 0", "").replace("workers = 2", "workers = 1"),
    );
    assert_eq!(post(gateway.address, ACME, &chat("hi")).text(), CHAT);
    let (version, uri, body) = seen.recv().unwrap();
    assert_eq!(version, http::Version::HTTP_2);
    assert_eq!(uri, format!("http://{address}/v1/chat/completions"));
    assert_eq!(body, chat("hi"));
    let streamed = post(gateway.address, ACME, &chat_stream("hi"));
    assert_eq!((streamed.streamed().as_str(), streamed.clean), ("hello", true));
    soon_eq!(gateway.metric("weir_upstream_connections_opened_total", &[]), 1.0);
}

#[test]
fn an_http2_stream_that_breaks_upstream_never_ends_cleanly() {
    let (saw, seen) = tokio::sync::watch::channel(false);
    let address = upstream(move |_, _| {
        let mut seen = seen.clone();
        async move {
            let first = stream::iter([Ok(Frame::data(Bytes::from(delta("so far"))))]);
            // A reset may overtake the data before it, so it waits until the client has that.
            let broken = stream::once(async move {
                seen.wait_for(|seen| *seen).await.unwrap();
                Err(std::io::Error::other("broken"))
            });
            let body = StreamBody::new(first.chain(broken)).boxed_unsync();
            http::Response::builder().header("content-type", "text/event-stream").body(body).unwrap()
        }
    });
    let gateway = Gateway::start(&config_with(address, "http2 = \"always\"\nretries = 0", ""));
    let mut streaming = Streaming::open(gateway.address, ACME, &chat_stream("hi"));
    assert_eq!(streaming.next_event().unwrap(), delta("so far"));
    saw.send(true).unwrap();
    let rest = streaming.rest();
    assert!(rest.len() == 1 && rest[0].contains("upstream_broken"), "{rest:?}");
    assert_eq!(streaming.clean, Some(false));
}
