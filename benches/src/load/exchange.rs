//! One connection, one request and its answer at a time.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Request, StatusCode, Uri, header};
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper::client::conn::http1::{self, SendRequest};
use hyper_util::rt::TokioIo;
use serde_json::json;
use tokio::net::TcpStream;

use super::Args;
use super::tally::Failure;

/// What every request is.
#[derive(Debug)]
pub(super) struct Ask {
    address: SocketAddr,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
    stream: bool,
    timeout: Duration,
}

impl Ask {
    pub(super) fn new(args: &Args, address: SocketAddr) -> Result<Self> {
        let mut headers = HeaderMap::new();
        headers.insert(header::HOST, HeaderValue::try_from(address.to_string())?);
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
        if let Some(key) = &args.key {
            let bearer = HeaderValue::try_from(format!("Bearer {key}")).context("the key does not fit in a header")?;
            headers.insert(header::AUTHORIZATION, bearer);
        }
        Ok(Self {
            address,
            uri: args.path.parse().with_context(|| format!("`{}` is not a path", args.path))?,
            headers,
            body: body(args),
            stream: args.stream,
            timeout: args.timeout,
        })
    }

    fn request(&self) -> Request<Full<Bytes>> {
        let mut request = Request::new(Full::new(self.body.clone()));
        *request.method_mut() = http::Method::POST;
        *request.uri_mut() = self.uri.clone();
        *request.headers_mut() = self.headers.clone();
        request
    }
}

/// A chat request of `request_bytes`, if that is enough for one.
fn body(args: &Args) -> Bytes {
    let with = |content: &str| {
        let mut ask = json!({"model": args.model, "messages": [{"role": "user", "content": content}]});
        if let (Some(ask), true) = (ask.as_object_mut(), args.stream) {
            ask.insert("stream".to_owned(), json!(true));
        }
        ask.to_string()
    };
    let size = usize::try_from(args.request_bytes).unwrap_or(usize::MAX);
    let words = "what does the sea say when it is calm ".chars().cycle();
    let content: String = words.take(size.saturating_sub(with("").len())).collect();
    Bytes::from(with(&content))
}

/// A connection that is opened when it is needed.
#[derive(Debug, Default)]
pub(super) struct Link {
    sender: Option<SendRequest<Full<Bytes>>>,
    /// Of the last answer; kept for its capacity.
    body: Vec<u8>,
}

impl Link {
    /// One request and its whole answer; for a stream also the time to the first event with text.
    pub(super) async fn exchange(&mut self, ask: &Ask, start: Instant) -> Result<Option<Duration>, Failure> {
        let outcome = match tokio::time::timeout(ask.timeout, self.attempt(ask, start)).await {
            Ok(outcome) => outcome,
            Err(_elapsed) => Err(Failure::Timeout),
        };
        if matches!(outcome, Err(Failure::Timeout | Failure::Transport)) {
            // Whatever comes over this connection now belongs to no request.
            self.sender = None;
        }
        outcome
    }

    async fn attempt(&mut self, ask: &Ask, start: Instant) -> Result<Option<Duration>, Failure> {
        let mut sender = match self.reusable().await {
            Some(sender) => sender,
            None => connect(ask.address).await?,
        };
        let response = sender.send_request(ask.request()).await.map_err(|_| Failure::Transport)?;
        let status = response.status();
        self.body.clear();
        let first = self.read(response.into_body(), ask.stream && status == StatusCode::OK, start).await?;
        self.sender = Some(sender);
        if status != StatusCode::OK {
            return Err(Failure::Status(status.as_u16()));
        }
        match (ask.stream, first) {
            (true, Some(first)) if self.body.ends_with(b"data: [DONE]\n\n") => Ok(Some(first)),
            (false, _) if is_reply(&self.body) => Ok(None),
            _ => Err(Failure::Body),
        }
    }

    /// The connection of the last request, unless the other side has closed it.
    async fn reusable(&mut self) -> Option<SendRequest<Full<Bytes>>> {
        let mut sender = self.sender.take()?;
        sender.ready().await.ok()?;
        Some(sender)
    }

    /// Reads to the end; answers when the first text of a stream was there.
    async fn read(&mut self, mut body: Incoming, stream: bool, start: Instant) -> Result<Option<Duration>, Failure> {
        let mut first = None;
        while let Some(frame) = body.frame().await {
            let frame = frame.map_err(|_| Failure::Transport)?;
            if let Some(data) = frame.data_ref() {
                self.body.extend_from_slice(data);
                if stream && first.is_none() && has_text(&self.body) {
                    first = Some(start.elapsed());
                }
            }
        }
        Ok(first)
    }
}

async fn connect(address: SocketAddr) -> Result<SendRequest<Full<Bytes>>, Failure> {
    let socket = TcpStream::connect(address).await.map_err(|_| Failure::Transport)?;
    socket.set_nodelay(true).map_err(|_| Failure::Transport)?;
    let (sender, connection) = http1::handshake(TokioIo::new(socket)).await.map_err(|_| Failure::Transport)?;
    // It ends with the sender, or with the other side.
    tokio::spawn(async move {
        let _ended = connection.await;
    });
    Ok(sender)
}

/// Whether some event so far carries text: the first one of a stream has the role and an empty string.
fn has_text(events: &[u8]) -> bool {
    const CONTENT: &[u8] = b"\"content\":\"";
    events.windows(CONTENT.len() + 1).any(|window| window.starts_with(CONTENT) && window.last() != Some(&b'"'))
}

/// A look at the shape, not a parse: the load should cost little itself.
fn is_reply(body: &[u8]) -> bool {
    const FIELDS: [&[u8]; 2] = [b"\"choices\":", b"\"data\":"];
    let has = |field: &[u8]| body.windows(field.len()).any(|window| window == field);
    body.starts_with(b"{") && body.ends_with(b"}") && FIELDS.into_iter().any(has)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_role_event_is_not_yet_text() {
        assert!(!has_text(br#"data: {"choices":[{"delta":{"role":"assistant","content":""}}]}"#));
        assert!(!has_text(br#"data: {"choices":[{"delta":{"content":"#));
        assert!(has_text(br#"{"delta":{"content":""}} {"delta":{"content":"a"}}"#));
    }

    #[test]
    fn a_reply_is_a_whole_object_with_choices_or_data() {
        assert!(is_reply(br#"{"choices":[]}"#));
        assert!(is_reply(br#"{"object":"list","data":[]}"#));
        assert!(!is_reply(br#"{"choices":[]"#));
        assert!(!is_reply(br#"{"error":{}}"#));
        assert!(!is_reply(b""));
    }
}
