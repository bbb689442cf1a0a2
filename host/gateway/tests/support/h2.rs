//! HTTP/2 on both sides: a client that knows beforehand that the gateway speaks it, and an upstream that speaks nothing
//! else.

use bytes::Bytes;
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::client::conn::http2::{Builder, SendRequest};
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use std::convert::Infallible;
use std::future::Future;
use std::net::SocketAddr;
use std::sync::Arc;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;

pub use http::{Request, Response};

/// Runs a test's future, with a deadline.
pub fn run<T>(future: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async { tokio::time::timeout(super::PATIENCE, future).await.expect("it never came to its end") })
}

/// Waits on the test's runtime for what happens in another process: the test's connections go on meanwhile.
pub async fn eventually(what: &str, holds: impl Fn() -> bool) {
    let start = std::time::Instant::now();
    while !holds() {
        assert!(start.elapsed() < super::PATIENCE, "never: {what}");
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
}

/// A connection to the gateway.
pub async fn connect(address: SocketAddr) -> SendRequest<Full<Bytes>> {
    connect_over(TcpStream::connect(address).await.unwrap(), &Builder::new(TokioExecutor::new())).await
}

/// The same over a stream of the test's own, as the builder has it.
pub async fn connect_over<S>(stream: S, builder: &Builder<TokioExecutor>) -> SendRequest<Full<Bytes>>
where
    S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
{
    let (sender, connection) = builder.handshake(TokioIo::new(stream)).await.unwrap();
    tokio::spawn(connection);
    sender
}

/// A question to `/v1/chat/completions`.
pub fn question(address: SocketAddr, token: &str, body: &str) -> Request<Full<Bytes>> {
    Request::post(format!("http://{address}/v1/chat/completions"))
        .header("authorization", format!("Bearer {token}"))
        .header("content-type", "application/json")
        .body(Full::new(Bytes::from(body.to_owned())))
        .unwrap()
}

/// A whole response: status and body.
pub async fn whole(response: Response<Incoming>) -> (u16, String) {
    let status = response.status().as_u16();
    let body = response.into_body().collect().await.unwrap().to_bytes();
    (status, String::from_utf8(body.to_vec()).unwrap())
}

pub type OutBody = UnsyncBoxBody<Bytes, std::io::Error>;

/// An upstream that speaks HTTP/2 only, on a thread that ends with the test's process.
pub fn upstream<F>(answer: impl Fn(http::request::Parts, Bytes) -> F + Send + Sync + 'static) -> SocketAddr
where
    F: Future<Output = Response<OutBody>> + Send + 'static,
{
    let answer = Arc::new(answer);
    listen(move |stream| {
        let answer = Arc::clone(&answer);
        let service = service_fn(move |request: Request<Incoming>| {
            let answer = Arc::clone(&answer);
            async move {
                let (parts, body) = request.into_parts();
                let body = body.collect().await.unwrap().to_bytes();
                Ok::<_, Infallible>(answer(parts, body).await)
            }
        });
        async move {
            let builder = hyper::server::conn::http2::Builder::new(TokioExecutor::new());
            let _ = builder.serve_connection(TokioIo::new(stream), service).await;
        }
    })
}

/// Gives every connection to a loopback port to `serve`, on a thread that ends with the test's process.
pub fn listen<F>(serve: impl Fn(TcpStream) -> F + Send + 'static) -> SocketAddr
where
    F: Future<Output = ()> + Send + 'static,
{
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let listener = tokio::net::TcpListener::from_std(listener).unwrap();
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                tokio::spawn(serve(stream));
            }
        });
    });
    address
}

/// A status that has a name, with it.
pub fn status(status: u16) -> Option<(u16, &'static str)> {
    Some((status, http::StatusCode::from_u16(status).ok()?.canonical_reason()?))
}

/// A response of this type with a whole body.
pub fn answer(kind: &str, body: impl Into<Bytes>) -> Response<OutBody> {
    let body = Full::new(body.into()).map_err(|never| match never {}).boxed_unsync();
    Response::builder().header("content-type", kind).body(body).unwrap()
}
