//! Connections of the mock, and the way of a request.

use std::convert::Infallible;
use std::net::TcpListener;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::time::{Duration, Instant};

use bytes::Bytes;
use http::{HeaderValue, Method, Request, Response, StatusCode, header};
use http_body_util::{BodyExt as _, Either, Full, Limited};
use hyper::body::Incoming;
use hyper::server::conn::{http1, http2};
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use serde::Deserialize;
use serde_json::Value;
use tokio::net::TcpStream;

use super::reply::{self, Replies};
use super::state::Mock;
use super::stream::MockEvents;
use crate::clock::Clock;
use crate::local::LocalExecutor;
use crate::stamp::RequestStamp;

/// The longest request body that is read, in bytes.
const MAX_BODY: usize = 64 << 20;
/// What an HTTP/2 connection begins with (RFC 9113, section 3.4) and no request of HTTP/1.1 does.
const HTTP2: &[u8] = b"PRI";

type Reply = Response<Either<Full<Bytes>, MockEvents>>;

/// What is read of a request; the rest is only checked to be JSON.
#[derive(Debug, Deserialize)]
struct Ask {
    #[serde(default)]
    stream: bool,
    #[serde(default)]
    stream_options: Option<StreamOptions>,
}

#[derive(Debug, Deserialize)]
struct StreamOptions {
    #[serde(default)]
    include_usage: bool,
}

#[derive(Debug, Deserialize)]
struct EmbeddingsAsk {
    input: Value,
}

pub(super) async fn accept(listener: TcpListener, mock: Arc<Mock>) {
    let ready = Clock::start().and_then(|clock| Ok((clock, tokio::net::TcpListener::from_std(listener)?)));
    let (clock, listener) = match ready {
        Ok(ready) => ready,
        Err(error) => return eprintln!("mock: the listener cannot be used: {error}"),
    };
    loop {
        match listener.accept().await {
            Ok((connection, _)) => {
                let (mock, clock) = (Arc::clone(&mock), clock.clone());
                tokio::task::spawn_local(serve(connection, mock, clock));
            }
            Err(error) => {
                // Out of descriptors, most likely: give connections time to close.
                eprintln!("mock: cannot accept: {error}");
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        }
    }
}

async fn serve(connection: TcpStream, mock: Arc<Mock>, clock: Clock) {
    let _nodelay = connection.set_nodelay(true);
    let mut start = [0; HTTP2.len()];
    let Ok(length) = connection.peek(&mut start).await else { return };
    let service = service_fn(|request| answer(Arc::clone(&mock), clock.clone(), request));
    let io = TokioIo::new(connection);
    // A client that goes away in the middle is no concern of the mock.
    if start.get(..length) == Some(HTTP2) {
        let mut builder = http2::Builder::new(LocalExecutor);
        let _ended = builder.max_concurrent_streams(10_000).serve_connection(io, service).await;
    } else {
        let _ended = http1::Builder::new().serve_connection(io, service).await;
    }
}

async fn answer(mock: Arc<Mock>, clock: Clock, request: Request<Incoming>) -> Result<Reply, Infallible> {
    let arrived = Instant::now();
    let (head, body) = request.into_parts();
    Ok(match (&head.method, head.uri.path()) {
        (&Method::POST, "/v1/chat/completions") => chat(&mock, &clock, body, arrived).await,
        (&Method::POST, "/v1/embeddings") => embeddings(&mock, &clock, body, arrived).await,
        (&Method::GET, "/v1/models") => {
            mock.journal.models.fetch_add(1, Relaxed);
            whole(mock.replies.load().models.clone())
        }
        (&Method::GET, "/journal") => whole(Bytes::from(mock.journal.json().to_string())),
        (&Method::GET, "/journal/seen") => seen(&mock, head.uri.query().unwrap_or_default()),
        (&Method::POST, "/shape") => match mock.replies.load().shape.changed(head.uri.query().unwrap_or_default()) {
            Ok(shape) => {
                mock.replies.store(Arc::new(Replies::new(shape)));
                whole(Bytes::from(Value::from(shape.query()).to_string()))
            }
            Err(problem) => refuse(&mock, StatusCode::BAD_REQUEST, &problem),
        },
        _ => refuse(&mock, StatusCode::NOT_FOUND, "the mock does not have this path"),
    })
}

async fn chat(mock: &Arc<Mock>, clock: &Clock, body: Incoming, arrived: Instant) -> Reply {
    let Some(bytes) = read(body).await else { return refuse(mock, StatusCode::BAD_REQUEST, "no body") };
    let ask: Ask = match serde_json::from_slice(&bytes) {
        Ok(ask) => ask,
        Err(error) => return refuse(mock, StatusCode::BAD_REQUEST, &error.to_string()),
    };
    note(mock, &bytes);
    let replies = mock.replies.load_full();
    let counted = if ask.stream { &mock.journal.streams } else { &mock.journal.chat };
    counted.fetch_add(1, Relaxed);
    clock.sleep_until(arrived + replies.shape.delay).await;
    if !ask.stream {
        return whole(replies.chat.clone());
    }
    let usage = ask.stream_options.is_some_and(|options| options.include_usage);
    let events = MockEvents::new(&replies, usage, clock.clone(), Arc::clone(mock));
    let mut reply = Response::new(Either::Right(events));
    reply.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("text/event-stream"));
    reply
}

async fn embeddings(mock: &Mock, clock: &Clock, body: Incoming, arrived: Instant) -> Reply {
    let Some(bytes) = read(body).await else { return refuse(mock, StatusCode::BAD_REQUEST, "no body") };
    let ask: EmbeddingsAsk = match serde_json::from_slice(&bytes) {
        Ok(ask) => ask,
        Err(error) => return refuse(mock, StatusCode::BAD_REQUEST, &error.to_string()),
    };
    note(mock, &bytes);
    mock.journal.embeddings.fetch_add(1, Relaxed);
    clock.sleep_until(arrived + mock.replies.load().shape.delay).await;
    whole(reply::embeddings(match ask.input {
        // Several texts, or several rows of tokens; one row of tokens is one input.
        Value::Array(inputs) if !inputs.first().is_some_and(Value::is_number) => inputs.len(),
        _ => 1,
    }))
}

fn note(mock: &Mock, body: &[u8]) {
    if let Some(stamp) = RequestStamp::find(body) {
        mock.journal.note(stamp);
    }
}

async fn read(body: Incoming) -> Option<Bytes> {
    Some(Limited::new(body, MAX_BODY).collect().await.ok()?.to_bytes())
}

fn seen(mock: &Mock, query: &str) -> Reply {
    let run = query.strip_prefix("run=").and_then(|run| run.parse().ok());
    match run.and_then(|run| mock.journal.seen(run)) {
        Some(bytes) => Response::new(Either::Left(Full::new(Bytes::from(bytes)))),
        None => refuse(mock, StatusCode::NOT_FOUND, "no request of such a run was seen: ask with ?run=NUMBER"),
    }
}

fn whole(body: Bytes) -> Reply {
    let mut reply = Response::new(Either::Left(Full::new(body)));
    reply.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    reply
}

fn refuse(mock: &Mock, status: StatusCode, why: &str) -> Reply {
    mock.journal.refused.fetch_add(1, Relaxed);
    let error = serde_json::json!({"error": {"message": why, "type": "invalid_request_error"}});
    let mut reply = whole(Bytes::from(error.to_string()));
    *reply.status_mut() = status;
    reply
}
