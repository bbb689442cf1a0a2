//! The demo provider: an OpenAI-compatible upstream inside the binary, served over a real loopback socket, so that the
//! gateway can be tried, and tested, without a key or a network. What it answers depends on the question alone.

mod reply;

use crate::control::demo::reply::{Question, chat_events, chat_whole, embeddings, models};
use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::{HeaderValue, Method, Request, Response, StatusCode};
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use tokio::runtime::{Builder, LocalOptions};
use weir_dialect::{ApiError, ApiErrorKind, Dialect};

/// Longest question, a little above what the gateway lets through by default.
const LONGEST: usize = 16 << 20;

/// Starts the provider on a thread of its own and a port of the system's choice.
pub(crate) fn start() -> io::Result<SocketAddr> {
    let listener = std::net::TcpListener::bind("127.0.0.1:0")?;
    listener.set_nonblocking(true)?;
    let address = listener.local_addr()?;
    let serve = move || -> io::Result<()> {
        let runtime = Builder::new_current_thread().enable_all().build_local(LocalOptions::default())?;
        runtime.block_on(async {
            let listener = tokio::net::TcpListener::from_std(listener)?;
            loop {
                let Ok((stream, _)) = listener.accept().await else { continue };
                let _ = stream.set_nodelay(true);
                let serving = http1::Builder::new().serve_connection(TokioIo::new(stream), service_fn(answer));
                tokio::task::spawn_local(async move {
                    if let Err(why) = serving.await {
                        tracing::trace!(%why, "demo connection ended");
                    }
                });
            }
        })
    };
    std::thread::Builder::new().name("weir-demo".to_owned()).spawn(move || {
        if let Err(why) = serve() {
            tracing::error!(%why, "the demo provider ended");
        }
    })?;
    Ok(address)
}

async fn answer(request: Request<Incoming>) -> Result<Response<Full<Bytes>>, Infallible> {
    let (parts, body) = request.into_parts();
    // The gateway asks without the prefix that OpenAI's base URL has; other clients may ask with it.
    let path = parts.uri.path();
    let path = path.strip_prefix("/v1").unwrap_or(path);
    let Ok(body) = Limited::new(body, LONGEST).collect().await else {
        return Ok(json(StatusCode::PAYLOAD_TOO_LARGE, error("too long for the demo provider")));
    };
    let body = body.to_bytes();
    Ok(match (&parts.method, path) {
        (&Method::GET, "/models") => json(StatusCode::OK, models()),
        (&Method::POST, "/chat/completions") => match Question::read(&body) {
            Ok(question) if question.streaming => events(chat_events(&question)),
            Ok(question) => json(StatusCode::OK, chat_whole(&question)),
            Err(why) => json(StatusCode::BAD_REQUEST, error(&why)),
        },
        (&Method::POST, "/embeddings") => match embeddings(&body) {
            Ok(answer) => json(StatusCode::OK, answer),
            Err(why) => json(StatusCode::BAD_REQUEST, error(&why)),
        },
        _ => json(StatusCode::NOT_FOUND, error("the demo provider has chat completions, embeddings and models")),
    })
}

fn error(message: &str) -> Bytes {
    Dialect::OpenAi.render(&ApiError { code: "invalid_request", kind: ApiErrorKind::Invalid, message, param: None })
}

fn json(status: StatusCode, body: Bytes) -> Response<Full<Bytes>> {
    respond(status, "application/json", body)
}

fn events(body: Bytes) -> Response<Full<Bytes>> {
    respond(StatusCode::OK, "text/event-stream", body)
}

fn respond(status: StatusCode, kind: &'static str, body: Bytes) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(body));
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(kind));
    response
}
