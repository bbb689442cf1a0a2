//! `mock`: an OpenAI-compatible provider that answers the same thing every time, after a set delay.
//!
//! Each thread has a runtime and a listener of its own (`SO_REUSEPORT`), so that the mock scales as the gateway does
//! and is never what a measurement waits for.

mod reply;
mod stream;

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::indexing_slicing)]
mod tests;

use std::convert::Infallible;
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;
use std::{io, thread};

use anyhow::{Context as _, Result, ensure};
use bytes::Bytes;
use http::{Method, Request, Response, StatusCode, header};
use http_body_util::{BodyExt as _, Either, Full, Limited};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use socket2::{Domain, Socket, Type};

use crate::units;
use reply::Replies;
use stream::Events;

/// The longest request body that is read, in bytes.
const MAX_BODY: usize = 64 << 20;

#[derive(clap::Args, Debug, Clone)]
pub(crate) struct Args {
    /// Address to listen on; port 0 takes any free one
    #[arg(long, default_value = "127.0.0.1:0")]
    pub(crate) listen: SocketAddr,
    /// Threads, each with its own listener
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..=256))]
    pub(crate) threads: u16,
    /// Time before the response head: 0, 60ms, 1s
    #[arg(long, default_value = "60ms", value_parser = units::duration)]
    pub(crate) delay: Duration,
    /// Time between the events of a stream
    #[arg(long, default_value = "0", value_parser = units::duration)]
    pub(crate) gap: Duration,
    /// Deltas with text in a stream; also the number of output tokens that is reported
    #[arg(long, default_value_t = 24, value_parser = clap::value_parser!(u32).range(0..=100_000))]
    pub(crate) tokens: u32,
    /// Size of the body of a whole reply; shorter than the smallest lawful one gives that
    #[arg(long, default_value_t = 512, value_parser = clap::value_parser!(u32).range(0..=32 << 20))]
    pub(crate) reply_bytes: u32,
    /// End when standard input does, so that a runner that dies leaves no mock behind
    #[arg(long)]
    pub(crate) until_stdin_ends: bool,
}

/// Requests seen, by kind; served as JSON under `/journal`.
#[derive(Debug, Default)]
pub(crate) struct Journal {
    chat: AtomicU64,
    streams: AtomicU64,
    /// Streams whose reader left before `[DONE]`.
    streams_cut: AtomicU64,
    embeddings: AtomicU64,
    models: AtomicU64,
    refused: AtomicU64,
}

/// What every connection shares.
#[derive(Debug)]
struct Mock {
    delay: Duration,
    replies: Replies,
    journal: Arc<Journal>,
}

type Reply = Response<Either<Full<Bytes>, Events>>;

pub(crate) fn run(args: &Args) -> Result<()> {
    let (address, threads) = start(args)?;
    println!("mock     http://{address}");
    if args.until_stdin_ends {
        io::copy(&mut io::stdin(), &mut io::sink()).context("standard input broke")?;
        return Ok(());
    }
    for thread in threads {
        // A thread ends only by a panic.
        ensure!(thread.join().is_ok(), "a thread of the mock has died");
    }
    Ok(())
}

/// Binds every listener, then serves on threads of its own.
pub(crate) fn start(args: &Args) -> Result<(SocketAddr, Vec<thread::JoinHandle<()>>)> {
    ensure!(args.listen.ip().is_loopback(), "the mock listens on loopback only: give 127.0.0.1 or [::1]");
    let first = listener(args.listen)?;
    let address = first.local_addr()?;
    let mut listeners = vec![first];
    for _ in 1..args.threads {
        listeners.push(listener(address)?);
    }
    let mock = Arc::new(Mock { delay: args.delay, replies: Replies::new(args), journal: Arc::default() });
    let threads = listeners.into_iter().map(|listener| {
        let mock = Arc::clone(&mock);
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        Ok(thread::spawn(move || runtime.block_on(accept(listener, mock))))
    });
    Ok((address, threads.collect::<Result<_>>()?))
}

fn listener(address: SocketAddr) -> Result<TcpListener> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, None)?;
    socket.set_reuse_address(true)?;
    socket.set_reuse_port(true)?;
    socket.set_nonblocking(true)?;
    socket.bind(&address.into()).with_context(|| format!("cannot bind {address}"))?;
    socket.listen(4_096)?;
    Ok(socket.into())
}

async fn accept(listener: TcpListener, mock: Arc<Mock>) {
    let listener = match tokio::net::TcpListener::from_std(listener) {
        Ok(listener) => listener,
        Err(error) => return eprintln!("mock: the listener cannot be used: {error}"),
    };
    loop {
        let connection = match listener.accept().await {
            Ok((connection, _)) => connection,
            Err(error) => {
                // Out of descriptors, most likely: give connections time to close.
                eprintln!("mock: cannot accept: {error}");
                tokio::time::sleep(Duration::from_millis(10)).await;
                continue;
            }
        };
        let _nodelay = connection.set_nodelay(true);
        let mock = Arc::clone(&mock);
        tokio::spawn(async move {
            let service = service_fn(|request| answer(&mock, request));
            // A client that goes away in the middle is no concern of the mock.
            let _ended = http1::Builder::new().serve_connection(TokioIo::new(connection), service).await;
        });
    }
}

async fn answer(mock: &Mock, request: Request<Incoming>) -> Result<Reply, Infallible> {
    let (head, body) = request.into_parts();
    let journal = &mock.journal;
    Ok(match (&head.method, head.uri.path()) {
        (&Method::POST, "/v1/chat/completions") => match ask(body).await {
            Some(ask) => chat(mock, &ask).await,
            None => refuse(journal, StatusCode::BAD_REQUEST),
        },
        (&Method::POST, "/v1/embeddings") => match ask(body).await {
            Some(_) => {
                journal.embeddings.fetch_add(1, Relaxed);
                wait(mock.delay).await;
                whole(StatusCode::OK, mock.replies.embeddings.clone())
            }
            None => refuse(journal, StatusCode::BAD_REQUEST),
        },
        (&Method::GET, "/v1/models") => {
            journal.models.fetch_add(1, Relaxed);
            whole(StatusCode::OK, mock.replies.models.clone())
        }
        (&Method::GET, "/journal") => whole(StatusCode::OK, journal.json()),
        _ => refuse(journal, StatusCode::NOT_FOUND),
    })
}

async fn chat(mock: &Mock, ask: &serde_json::Value) -> Reply {
    if ask.get("stream").and_then(serde_json::Value::as_bool) != Some(true) {
        mock.journal.chat.fetch_add(1, Relaxed);
        wait(mock.delay).await;
        return whole(StatusCode::OK, mock.replies.chat.clone());
    }
    mock.journal.streams.fetch_add(1, Relaxed);
    let usage = ask.pointer("/stream_options/include_usage").and_then(serde_json::Value::as_bool) == Some(true);
    wait(mock.delay).await;
    let events = Events::new(&mock.replies, usage, Arc::clone(&mock.journal));
    let mut reply = Response::new(Either::Right(events));
    reply.headers_mut().insert(header::CONTENT_TYPE, header::HeaderValue::from_static("text/event-stream"));
    reply
}

/// The request's body as JSON; `None` if it is not.
async fn ask(body: Incoming) -> Option<serde_json::Value> {
    let body = Limited::new(body, MAX_BODY).collect().await.ok()?.to_bytes();
    serde_json::from_slice(&body).ok()
}

async fn wait(delay: Duration) {
    if !delay.is_zero() {
        tokio::time::sleep(delay).await;
    }
}

fn whole(status: StatusCode, body: Bytes) -> Reply {
    let mut reply = Response::new(Either::Left(Full::new(body)));
    *reply.status_mut() = status;
    reply.headers_mut().insert(header::CONTENT_TYPE, header::HeaderValue::from_static("application/json"));
    reply
}

fn refuse(journal: &Journal, status: StatusCode) -> Reply {
    journal.refused.fetch_add(1, Relaxed);
    let body = r#"{"error":{"message":"the mock does not know this request","type":"invalid_request_error"}}"#;
    whole(status, Bytes::from_static(body.as_bytes()))
}

impl Journal {
    fn json(&self) -> Bytes {
        let journal = serde_json::json!({
            "chat": self.chat.load(Relaxed),
            "streams": self.streams.load(Relaxed),
            "streams_cut": self.streams_cut.load(Relaxed),
            "embeddings": self.embeddings.load(Relaxed),
            "models": self.models.load(Relaxed),
            "refused": self.refused.load(Relaxed),
        });
        Bytes::from(journal.to_string())
    }
}
