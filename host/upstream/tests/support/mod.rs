//! Raw upstreams on loopback sockets, and the runtime that a worker has.
#![allow(dead_code, unreachable_pub, clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

pub mod h2_server;

use std::cell::RefCell;
use std::future::Future;
use std::net::SocketAddr;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{Method, Request, Response};
use http_body_util::BodyExt;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::{Builder, LocalOptions};
use weir_config::{HealthSettings, Http2, Http2Pings, ProviderConfig, ProviderKind};
use weir_upstream::{
    AttemptError, Body, BodyError, ConnectionPool, Deadlines, HostNames, RetryDecision, Upstream, Which,
};

/// Longer than any test should take; only a hang meets it.
const HANG: Duration = Duration::from_secs(30);

pub fn worker<T>(test: impl Future<Output = T>) -> T {
    let runtime = Builder::new_current_thread().enable_all().build_local(LocalOptions::default()).unwrap();
    runtime.block_on(async { tokio::time::timeout(HANG, test).await.expect("the test hangs") })
}

/// A worker whose clock jumps ahead when there is nothing else to do, in steps of 50 ms: sockets get their turns in
/// between, since the clock does not wait for them.
pub fn paused_worker<T>(test: impl Future<Output = T>) -> T {
    let runtime =
        Builder::new_current_thread().enable_all().start_paused(true).build_local(LocalOptions::default()).unwrap();
    runtime.block_on(async {
        tokio::task::spawn_local(async {
            loop {
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        });
        test.await
    })
}

/// Asserts that `wanted` seconds have passed since `start`, give or take the steps that sockets need.
pub fn assert_about(start: tokio::time::Instant, wanted: f64) {
    let passed = start.elapsed().as_secs_f64();
    assert!((wanted - 0.001..wanted + 0.9).contains(&passed), "{passed} s have passed, not {wanted}");
}

pub fn provider(url: impl Into<String>) -> ProviderConfig {
    ProviderConfig {
        name: "mock".into(),
        kind: ProviderKind::OpenAi,
        api_version: String::new(),
        endpoints: weir_config::ProviderEndpoints { chat: true, responses: true },
        cloud: weir_config::CloudSettings::default(),
        base_url: url.into(),
        api_key: None,
        api_keys: vec![],
        ca_file: None,
        http2: Http2::Auto,
        max_connections: 8,
        max_waiting: 8,
        wait_timeout: Duration::from_secs(5),
        connect_timeout: Duration::from_secs(5),
        first_byte_timeout: Some(Duration::from_secs(10)),
        idle_timeout: Duration::from_secs(10),
        total_timeout: Duration::from_secs(20),
        keep_alive_timeout: Duration::from_secs(55),
        tcp_keep_alive: Duration::from_secs(4),
        tcp_user_timeout: Duration::from_secs(8),
        http2_pings: Http2Pings::default(),
        max_connection_age: Duration::from_secs(300),
        retries: 2,
        ask_usage: true,
        speaks: weir_config::DemoDialect::OpenAi,
        on_unsupported: weir_config::OnUnsupported::Warn,
        on_client_gone: weir_config::OnClientGone::Cancel,
        health: HealthSettings::default(),
        headers: vec![],
    }
}

pub fn at(address: SocketAddr) -> ProviderConfig {
    provider(format!("http://{address}"))
}

pub fn upstream(provider: &ProviderConfig) -> Arc<Upstream> {
    Upstream::new(provider, None, &HostNames::default()).unwrap()
}

pub fn post(up: &Upstream, body: impl Into<Bytes>) -> Request<Bytes> {
    Request::builder().method(Method::POST).uri(up.uri("/v1/chat").unwrap()).body(body.into()).unwrap()
}

pub async fn send(
    pool: &ConnectionPool,
    up: &Arc<Upstream>,
    body: &'static str,
) -> Result<Response<Body>, AttemptError> {
    pool.send(up, post(up, body), up.deadlines()).await
}

pub async fn send_within(
    pool: &ConnectionPool,
    up: &Arc<Upstream>,
    deadlines: Deadlines,
) -> Result<Response<Body>, AttemptError> {
    pool.send(up, post(up, "{}"), deadlines).await
}

pub async fn text(response: Response<Body>) -> Result<String, BodyError> {
    let bytes = response.into_body().collect().await?.to_bytes();
    Ok(String::from_utf8(bytes.to_vec()).unwrap())
}

pub async fn ask(pool: &ConnectionPool, up: &Arc<Upstream>, body: &'static str) -> String {
    text(send(pool, up, body).await.unwrap()).await.unwrap()
}

/// Waits, with real turns of the event loop, until something holds.
pub async fn eventually(what: &str, mut holds: impl FnMut() -> bool) {
    for _ in 0..10_000 {
        if holds() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    panic!("never happened: {what}");
}

/// Listens on a free port and gives every connection, with its number, to `serve`.
pub async fn raw<F, S>(serve: S) -> SocketAddr
where
    S: Fn(usize, Peer) -> F + 'static,
    F: Future<Output = ()> + 'static,
{
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::task::spawn_local(async move {
        let mut number = 0;
        while let Ok((stream, _)) = listener.accept().await {
            // Nagle's algorithm waits in real time, which a paused clock does not.
            stream.set_nodelay(true).unwrap();
            tokio::task::spawn_local(serve(number, Peer { stream, ahead: vec![] }));
            number += 1;
        }
    });
    address
}

/// The upstream's end of a connection.
pub struct Peer {
    pub stream: TcpStream,
    /// What was read and not yet taken.
    pub ahead: Vec<u8>,
}

impl Peer {
    /// Reads one request's head and its body by content-length; `None` at the end of the connection.
    pub async fn request(&mut self) -> Option<String> {
        let head = self.head().await?;
        let length = head
            .lines()
            .find_map(|line| line.strip_prefix("content-length: "))
            .map_or(0, |length| length.parse::<usize>().unwrap());
        while self.ahead.len() < length {
            self.more().await?;
        }
        let body: Vec<u8> = self.ahead.drain(..length).collect();
        Some(head + &String::from_utf8(body).unwrap())
    }

    pub async fn head(&mut self) -> Option<String> {
        loop {
            if let Some(end) = self.ahead.windows(4).position(|four| four == b"\r\n\r\n") {
                let head: Vec<u8> = self.ahead.drain(..end + 4).collect();
                return Some(String::from_utf8(head).unwrap());
            }
            self.more().await?;
        }
    }

    async fn more(&mut self) -> Option<()> {
        match self.stream.read_buf(&mut self.ahead).await {
            Ok(n) if n > 0 => Some(()),
            _ => None,
        }
    }

    pub async fn write(&mut self, bytes: impl AsRef<[u8]>) {
        // Whether anybody still listens is the test's business.
        let _ = self.stream.write_all(bytes.as_ref()).await;
    }

    pub async fn ok(&mut self, body: &str) {
        self.write(format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{body}", body.len())).await;
    }

    /// Answers every request with `number` until the gateway hangs up.
    pub async fn serve(mut self, number: usize) {
        while self.request().await.is_some() {
            self.ok(&number.to_string()).await;
        }
    }

    /// Waits until the gateway closes the connection.
    pub async fn closed(&mut self) {
        while self.more().await.is_some() {}
    }
}

/// Polls once; what is not ready then stays to be awaited.
pub async fn poll_once<F: Future>(mut future: std::pin::Pin<&mut F>) -> Option<F::Output> {
    std::future::poll_fn(|cx| {
        std::task::Poll::Ready(match future.as_mut().poll(cx) {
            std::task::Poll::Ready(done) => Some(done),
            std::task::Poll::Pending => None,
        })
    })
    .await
}

/// A note that the tasks of one test pass to each other.
pub type Notes<T> = Rc<RefCell<Vec<T>>>;

/// Whether the request may have reached the upstream, so that it may cost money.
pub fn was_sent(error: &AttemptError) -> bool {
    match error {
        AttemptError::Busy { .. }
        | AttemptError::Unresolved
        | AttemptError::Connect(_)
        | AttemptError::Tls(_)
        | AttemptError::Refused
        | AttemptError::Timeout(Which::Connect)
        | AttemptError::NoCredential
        | AttemptError::BadTarget => false,
        AttemptError::ClosedBeforeHead { sent, .. } => *sent,
        AttemptError::Timeout(Which::FirstByte | Which::Total) | AttemptError::Protocol(_) => true,
    }
}

/// Whether the same request may be sent again, here or elsewhere.
pub fn may_retry(error: &AttemptError) -> bool {
    error.decide().retry != RetryDecision::Never
}

/// Whether it says something of the upstream's health.
pub fn blames_upstream(error: &AttemptError) -> bool {
    error.decide().health.is_some()
}
