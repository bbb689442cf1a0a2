//! Reading a request's body: whole, bounded in length and time.

use crate::http1;
use crate::refusal::Refusal;
use bytes::{Bytes, BytesMut};
use http::HeaderMap;
use http::header::CONTENT_ENCODING;
use http_body::Body as _;
use std::future::poll_fn;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use weir_config::Limits;

/// A request's body, as it comes off a connection.
#[derive(Debug)]
pub(crate) enum InBody {
    /// In HTTP/1.
    One(http1::Incoming),
    /// In HTTP/2.
    Many(hyper::body::Incoming),
}

impl InBody {
    /// The fewest bytes that are still to come.
    fn least(&self) -> u64 {
        match self {
            Self::One(body) => body.least(),
            Self::Many(body) => body.size_hint().lower(),
        }
    }

    fn is_over(&self) -> bool {
        match self {
            Self::One(body) => body.is_over(),
            Self::Many(body) => body.is_end_stream(),
        }
    }

    /// The next piece of data, nothing at the end; trailers are dropped (RFC 9110 section 6.5).
    fn poll_data(&mut self, cx: &mut Context<'_>) -> Poll<Result<Option<Bytes>, Refusal>> {
        let body = match self {
            Self::One(body) => return body.poll_data(cx).map_err(|_| Refusal::BodyBroken),
            Self::Many(body) => body,
        };
        loop {
            let Some(frame) = ready!(Pin::new(&mut *body).poll_frame(cx)) else { return Poll::Ready(Ok(None)) };
            if let Ok(data) = frame.map_err(|_| Refusal::BodyBroken)?.into_data() {
                return Poll::Ready(Ok(Some(data)));
            }
        }
    }

    async fn data(&mut self) -> Result<Option<Bytes>, Refusal> {
        poll_fn(|cx| self.poll_data(cx)).await
    }
}

/// The whole body. A body that came in one piece is not copied.
pub(crate) async fn whole(headers: &HeaderMap, mut body: InBody, limits: &Limits) -> Result<Bytes, Refusal> {
    if let Some(encoding) = headers.get(CONTENT_ENCODING)
        && encoding != "identity"
    {
        return Err(Refusal::EncodedBody(encoding.to_str().unwrap_or("unknown").chars().take(32).collect()));
    }
    let limit = limits.body_bytes;
    if body.least() > limit as u64 {
        return Err(Refusal::BodyTooLarge(limit));
    }
    // A short body comes with its head: then there is nothing to wait for, and no timer to set.
    let first = match poll_fn(|cx| Poll::Ready(body.poll_data(cx))).await {
        Poll::Ready(first) => Some(first?.unwrap_or_default()),
        Poll::Pending => None,
    };
    match first {
        Some(first) if body.is_over() && first.len() <= limit => Ok(first),
        // Boxed, so that who need not wait has no room for it.
        first => Box::pin(wait(first, body, limits)).await,
    }
}

/// The whole body, of which something is still to come.
async fn wait(first: Option<Bytes>, mut body: InBody, limits: &Limits) -> Result<Bytes, Refusal> {
    let time = limits.body_timeout;
    let late = |_| Refusal::BodyTimeout(time);
    let first = match first {
        Some(first) => Some(first),
        None => tokio::time::timeout(time, body.data()).await.map_err(late)??,
    };
    let Some(first) = first else { return Ok(Bytes::new()) };
    let limit = limits.body_bytes;
    if body.is_over() && first.len() <= limit {
        return Ok(first);
    }
    tokio::time::timeout(time, collect(first, &mut body, limit)).await.map_err(late)?
}

async fn collect(first: Bytes, body: &mut InBody, limit: usize) -> Result<Bytes, Refusal> {
    let expected = usize::try_from(body.least()).unwrap_or(limit).min(limit);
    let mut all = BytesMut::with_capacity(first.len() + expected);
    let mut next = Some(first);
    while let Some(bytes) = next {
        if all.len() + bytes.len() > limit {
            return Err(Refusal::BodyTooLarge(limit));
        }
        all.extend_from_slice(&bytes);
        next = body.data().await?;
    }
    Ok(all.freeze())
}
