//! A request is over when the last byte of its answer was sent, in HTTP/2 as well: there bytes wait in the gateway for a

//! window, and for a socket that is read.

use crate::support::h2::{connect_over, eventually, question, run, whole};
use crate::support::upstream::{CHAT, DONE, END, STREAM, Upstream, chunk, delta, ok};
use crate::support::{ACME, Gateway, chat, chat_stream, config, config_with, post, until};
use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::client::conn::http2::SendRequest;
use hyper_util::rt::TokioExecutor;
use std::io::Write;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;

const LARGE: usize = 20 << 20;

/// A socket of which no more than so many bytes are read.
struct Reading {
    stream: TcpStream,
    left: usize,
}

impl AsyncRead for Reading {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<std::io::Result<()>> {
        if self.left == 0 {
            return Poll::Pending;
        }
        let before = buf.filled().len();
        let read = Pin::new(&mut self.stream).poll_read(cx, buf);
        self.left = self.left.saturating_sub(buf.filled().len() - before);
        read
    }
}

impl AsyncWrite for Reading {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<std::io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

/// A client whose streams have such a window, whose connection never lacks one, and which reads so much.
async fn connect(gateway: &Gateway, window: u32, left: usize) -> SendRequest<Full<Bytes>> {
    let stream = TcpStream::connect(gateway.address).await.unwrap();
    let mut builder = hyper::client::conn::http2::Builder::new(TokioExecutor::new());
    builder.initial_stream_window_size(window).initial_connection_window_size(1 << 30);
    connect_over(Reading { stream, left }, &builder).await
}

async fn served(gateway: &Gateway, window: u32) -> SendRequest<Full<Bytes>> {
    connect(gateway, window, usize::MAX).await
}

/// An upstream that answers `large` with so many bytes, streams with two events, and everything else shortly.
fn upstream() -> Upstream {
    let large = CHAT.replace("hello", &"x".repeat(LARGE));
    Upstream::start(move |_, seen, stream| {
        let json = seen.json();
        let events = [chunk(&delta("hel")), chunk(&delta("lo")), chunk(DONE), END.to_vec()].concat();
        let answer = match json["messages"][0]["content"].as_str() {
            Some("large") => ok("application/json", &large),
            _ if json["stream"] == true => [STREAM, &events].concat(),
            _ => ok("application/json", CHAT),
        };
        stream.write_all(&answer).is_ok()
    })
}

fn ended(gateway: &Gateway, status: &str, how: &str) -> f64 {
    gateway.metric("weir_requests_total", &[&format!("status=\"{status}\""), &format!("ended=\"{how}\"")])
}

/// Waits until as many have ended with this status, in this way.
async fn is_ended(gateway: &Gateway, status: &str, how: &str, count: f64) {
    let by_status = || gateway.metric("weir_requests_total", &[&format!("status=\"{status}\"")]);
    eventually(&format!("{count} with status {status}"), || by_status() >= count).await;
    eventually(&format!("{count} {status} {how}"), || ended(gateway, status, how) == count).await;
}

fn short_patience(upstream: &Upstream) -> Gateway {
    patience(upstream, "300ms")
}

fn patience(upstream: &Upstream, time: &str) -> Gateway {
    Gateway::start(&config_with(upstream.address, "", &format!("[limits]\nwrite_timeout = \"{time}\"\n")))
}

#[test]
fn an_answer_without_window_holds_its_seat_until_it_was_taken() {
    let upstream = upstream();
    let one = config(upstream.address).replace("[tenants.acme]\n", "[tenants.acme]\nconcurrency = 1\n");
    let gateway = Gateway::start(&one);
    run(async {
        let mut sender = served(&gateway, 65_535).await;
        let response = sender.send_request(question(gateway.address, ACME, &chat("large"))).await.unwrap();
        assert_eq!(response.status(), 200);
        assert_eq!(post(gateway.address, ACME, &chat("hi")).status, 429);
        is_ended(&gateway, "429", "complete", 1.0).await;
        soon_eq!((gateway.metric("weir_in_flight", &[]), ended(&gateway, "200", "complete")), (1.0, 0.0));
        soon!(gateway.metric("weir_response_memory_bytes", &[]) >= LARGE as f64);
        assert!(whole(response).await.1.len() > LARGE);
        is_ended(&gateway, "200", "complete", 1.0).await;
        soon_eq!(gateway.metric("weir_in_flight", &[]), 0.0);
        soon_eq!(gateway.metric("weir_response_memory_bytes", &[]), 0.0);
    });
}

#[test]
fn an_answer_on_a_connection_that_is_not_read_was_not_sent() {
    let upstream = upstream();
    let gateway = short_patience(&upstream);
    run(async {
        // The head is in what is read.
        let mut sender = connect(&gateway, 1 << 30, 10_000).await;
        let response = sender.send_request(question(gateway.address, ACME, &chat("large"))).await.unwrap();
        assert_eq!(response.status(), 200);
        is_ended(&gateway, "499", "client_gone", 1.0).await;
        soon_eq!(gateway.metric("weir_requests_total", &[]), 1.0);
        soon_eq!(gateway.metric("weir_in_flight", &[]), 0.0);
    });
}

#[test]
fn a_short_answer_on_a_connection_that_is_not_read_was_not_sent() {
    let upstream = upstream();
    // Long enough for the second question to come before the first one's answer is given up.
    let gateway = patience(&upstream, "4s");
    run(async {
        // The first one fills the buffers of the sockets, so that the last byte of the second one stays here.
        let mut sender = connect(&gateway, 1 << 30, 10_000).await;
        let response = sender.send_request(question(gateway.address, ACME, &chat("large"))).await.unwrap();
        let second = tokio::spawn(sender.send_request(question(gateway.address, ACME, &chat("hi"))));
        is_ended(&gateway, "499", "client_gone", 2.0).await;
        soon_eq!(gateway.metric("weir_requests_total", &[]), 2.0);
        drop((response, second));
    });
}

#[test]
fn an_answer_that_is_reset_has_lost_its_client_and_its_neighbours_live_on() {
    let upstream = upstream();
    let gateway = Gateway::start(&config(upstream.address));
    run(async {
        let mut sender = served(&gateway, 65_535).await;
        let unread = sender.send_request(question(gateway.address, ACME, &chat("large"))).await.unwrap();
        let mut begun = sender.send_request(question(gateway.address, ACME, &chat("large"))).await.unwrap();
        assert!(begun.body_mut().frame().await.unwrap().is_ok());
        drop((unread, begun));
        is_ended(&gateway, "499", "client_gone", 2.0).await;
        let response = sender.send_request(question(gateway.address, ACME, &chat("hi"))).await.unwrap();
        assert_eq!(whole(response).await, (200, CHAT.to_owned()));
        is_ended(&gateway, "200", "complete", 1.0).await;
        soon_eq!(gateway.metric("weir_requests_total", &[]), 3.0);
        soon_eq!(gateway.metric("weir_in_flight", &[]), 0.0);
    });
}

#[test]
fn an_answer_that_gets_no_more_window_is_reset_and_its_neighbours_live_on() {
    let upstream = upstream();
    let gateway = short_patience(&upstream);
    run(async {
        let mut sender = served(&gateway, 65_535).await;
        let unread = sender.send_request(question(gateway.address, ACME, &chat("large"))).await.unwrap();
        let mut served = 0;
        while ended(&gateway, "499", "client_gone") == 0.0 {
            let response = sender.send_request(question(gateway.address, ACME, &chat("hi"))).await.unwrap();
            assert_eq!(whole(response).await.0, 200);
            served += 1;
        }
        let response = sender.send_request(question(gateway.address, ACME, &chat("hi"))).await.unwrap();
        assert_eq!(whole(response).await.0, 200);
        eventually("all are settled", || ended(&gateway, "200", "complete") == f64::from(served + 1)).await;
        soon_eq!(gateway.metric("weir_in_flight", &[]), 0.0);
        assert!(unread.into_body().collect().await.is_err(), "it looks whole");
    });
}

#[test]
fn an_answer_whose_client_never_grants_a_window_is_given_up() {
    let upstream = upstream();
    let gateway = short_patience(&upstream);
    run(async {
        let mut sender = served(&gateway, 0).await;
        let mut given_up = 0.0;
        for body in [chat("hi"), chat("large"), chat_stream("hi")] {
            let response = sender.send_request(question(gateway.address, ACME, &body)).await.unwrap();
            given_up += 1.0;
            is_ended(&gateway, "499", "client_gone", given_up).await;
            assert!(response.into_body().collect().await.is_err(), "it looks whole");
        }
        soon_eq!(gateway.metric("weir_in_flight", &[]), 0.0);
        // The connection is as good as before.
        assert!(!sender.is_closed());
    });
}

#[test]
fn a_short_answer_that_is_stuck_in_a_tiny_window_ends_with_its_connection() {
    let upstream = upstream();
    let gateway = short_patience(&upstream);
    run(async {
        let mut sender = served(&gateway, 1).await;
        let response = sender.send_request(question(gateway.address, ACME, &chat("hi"))).await.unwrap();
        is_ended(&gateway, "499", "client_gone", 1.0).await;
        soon_eq!(gateway.metric("weir_in_flight", &[]), 0.0);
        assert!(response.into_body().collect().await.is_err(), "it looks whole");
    });
}

#[test]
fn who_reads_slowly_but_reads_is_served() {
    let upstream = upstream();
    let gateway = Gateway::start(&config_with(
        upstream.address,
        "",
        "[limits]\nwrite_timeout = \"400ms\"\nkeep_alive_timeout = \"400ms\"\nhead_timeout = \"400ms\"\n",
    ));
    run(async {
        let mut sender = served(&gateway, 4 << 20).await;
        let mut response = sender.send_request(question(gateway.address, ACME, &chat("large"))).await.unwrap();
        let (mut all, mut pauses) = (0, 0);
        while let Some(frame) = response.body_mut().frame().await {
            all += frame.unwrap().into_data().unwrap().len();
            // Longer in all than any deadline, and each time shorter than all of them.
            if all > pauses * (2 << 20) {
                pauses += 1;
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        }
        assert!(all > LARGE && pauses >= 10);
        is_ended(&gateway, "200", "complete", 1.0).await;
        soon!(gateway.metric("weir_request_wait_seconds_total", &["for=\"client\""]) >= 0.5);
    });
}

#[test]
fn every_kind_of_answer_ends_once_with_the_status_that_the_client_saw() {
    let upstream = upstream();
    let gateway = Gateway::start(&config(upstream.address));
    run(async {
        let mut sender = served(&gateway, 1 << 20).await;
        for (body, count) in [(chat("hi"), 1.0), (chat("large"), 2.0), (chat_stream("hi"), 3.0)] {
            let response = sender.send_request(question(gateway.address, ACME, &body)).await.unwrap();
            assert_eq!(whole(response).await.0, 200);
            is_ended(&gateway, "200", "complete", count).await;
        }
        let response = sender.send_request(question(gateway.address, "sk-weir-a-b", &chat("hi"))).await.unwrap();
        assert_eq!(whole(response).await.0, 401);
        is_ended(&gateway, "401", "complete", 1.0).await;
        soon_eq!(gateway.metric("weir_requests_total", &[]), 4.0);
        soon_eq!(gateway.metric("weir_request_duration_seconds_count", &[]), 4.0);
        soon_eq!(gateway.metric("weir_in_flight", &[]), 0.0);
    });
}

#[test]
fn a_stream_that_is_cut_is_told_why_and_has_the_status_that_the_client_saw() {
    let upstream = Upstream::start(|_, _, stream| {
        stream.write_all(&[STREAM, &chunk(&delta("so far"))].concat()).unwrap();
        stream.shutdown(std::net::Shutdown::Both).unwrap();
        false
    });
    let gateway = Gateway::start(&config(upstream.address));
    run(async {
        let mut sender = served(&gateway, 1 << 20).await;
        let response = sender.send_request(question(gateway.address, ACME, &chat_stream("hi"))).await.unwrap();
        let (mut body, mut text) = (response.into_body(), String::new());
        let cut = loop {
            match body.frame().await {
                Some(Ok(frame)) => text.push_str(std::str::from_utf8(&frame.into_data().unwrap()).unwrap()),
                other => break other.is_some(),
            }
        };
        assert!(cut && text.contains("upstream_broken"), "{text}");
    });
    until("it is settled", || (ended(&gateway, "200", "cut") == 1.0).then_some(()));
    soon_eq!(gateway.metric("weir_requests_total", &[]), 1.0);
}
