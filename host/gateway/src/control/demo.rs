//! The demo provider: an upstream inside the binary, served over a real loopback socket, so that the gateway can be tried, and
//! tested, without a key or a network. It speaks every dialect that providers do, each at its own paths, and says the same in all
//! of them: what it answers depends on the question alone.
//!
//! It repeats what it is asked. It calls the tools that the user's words name, says what they answered, follows a JSON Schema, and
//! thinks where that is asked for. One engine does that, on the canonical form of the dialects; their codecs are around it.

mod embed;
mod engine;
mod paths;
mod pieces;
mod question;
mod sample;
mod spoken;
mod thoughts;
mod tools;

use crate::control::demo::embed::{embed_content, embeddings};
use crate::control::demo::paths::{DemoCall, PathSays};
use crate::control::demo::question::DemoQuestion;
use crate::control::demo::spoken::{CHAT, GENERATE, SpokenWire};
use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::{HeaderValue, Request, Response, StatusCode};
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use tokio::runtime::{Builder, LocalOptions};
use weir_dialect::canon::{ChatRequest, RawJson};
use weir_dialect::{ApiError, ApiErrorKind, Dialect, WireFormat, errors, gemini, messages};

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
    let call = DemoCall::find(&parts.method, parts.uri.path(), parts.uri.query());
    let Ok(body) = Limited::new(body, LONGEST).collect().await else {
        return Ok(refused(&CHAT, StatusCode::PAYLOAD_TOO_LARGE, "too long for the demo provider"));
    };
    Ok(said(&call, &body.to_bytes()))
}

fn said(call: &Result<DemoCall, &SpokenWire>, body: &Bytes) -> Response<Full<Bytes>> {
    let told = |wire, answer: Result<Bytes, String>| match answer {
        Ok(answer) => respond(StatusCode::OK, JSON, answer),
        Err(why) => refused(wire, StatusCode::BAD_REQUEST, &why),
    };
    match call {
        Ok(DemoCall::Models) => respond(StatusCode::OK, JSON, models()),
        Ok(DemoCall::Embed) => told(&CHAT, embeddings(body)),
        Ok(DemoCall::EmbedContent { one }) => told(&GENERATE, embed_content(body, *one)),
        Ok(DemoCall::Count(says)) => told(says.wire, counted(says, body)),
        Ok(DemoCall::Converse(says)) => match asked(says, body) {
            Ok(request) if request.streaming => {
                let (kind, events) = says.wire.streamed(&request, body, says.array);
                respond(StatusCode::OK, kind, events)
            }
            Ok(request) => respond(StatusCode::OK, JSON, says.wire.whole(&request, body)),
            Err(why) => refused(says.wire, StatusCode::BAD_REQUEST, &why),
        },
        Err(wire) => refused(wire, StatusCode::NOT_FOUND, "the demo provider has nothing at this path"),
    }
}

/// Reads a conversation.
fn asked(says: &PathSays, body: &Bytes) -> Result<ChatRequest, String> {
    let raw = RawJson::parse(body.clone()).map_err(|fault| format!("the body is not JSON: {fault}"))?;
    let request = (says.wire.read)(&raw, &says.model, says.streaming).map_err(|fault| fault.to_string())?;
    // Others do without it, and Anthropic does not.
    if request.wire == WireFormat::Messages && request.max_output.is_none() {
        return Err("max_tokens: Field required".to_owned());
    }
    match request.previous {
        Some(_) => Err("the demo provider keeps no responses: `previous_response_id` names none".to_owned()),
        None => Ok(request),
    }
}

/// How many tokens a conversation is.
fn counted(says: &PathSays, body: &Bytes) -> Result<Bytes, String> {
    let raw = RawJson::parse(body.clone()).map_err(|fault| format!("the body is not JSON: {fault}"))?;
    let is_gemini = says.wire.format == WireFormat::GenerateContent;
    let request = match is_gemini {
        true => gemini::decode_count_request(&raw, &says.model),
        false => (says.wire.read)(&raw, &says.model, false),
    };
    let tokens = DemoQuestion::of(&request.map_err(|fault| fault.to_string())?).input_tokens;
    Ok(if is_gemini { gemini::count_answer(tokens) } else { messages::count_answer(tokens) })
}

fn models() -> Bytes {
    Dialect::OpenAi.models([("demo-small", "demo"), ("demo-large", "demo")].into_iter())
}

const JSON: &str = "application/json";

fn refused(wire: &SpokenWire, status: StatusCode, message: &str) -> Response<Full<Bytes>> {
    let kind = if status == StatusCode::NOT_FOUND { ApiErrorKind::NotFound } else { ApiErrorKind::Invalid };
    let failure = errors::own(&ApiError { code: "invalid_request", kind, message, param: None });
    let parts = wire.against(status.as_u16(), kind, &failure);
    let mut response = respond(StatusCode::from_u16(parts.status).unwrap_or(status), JSON, parts.body);
    if let Some((name, value)) = parts.header {
        response.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    response
}

fn respond(status: StatusCode, kind: &'static str, body: Bytes) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(body));
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(kind));
    response
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]
mod tests;
