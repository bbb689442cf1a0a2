//! Reading a request's body: whole, bounded in length and time.

use crate::refusal::Refusal;
use bytes::{Bytes, BytesMut};
use futures_util::FutureExt as _;
use http::HeaderMap;
use http::header::CONTENT_ENCODING;
use http_body::Body;
use http_body_util::BodyExt;
use hyper::body::Incoming;
use weir_config::Limits;

/// The whole body. A body that came in one piece is not copied.
pub(crate) async fn whole(headers: &HeaderMap, mut body: Incoming, limits: &Limits) -> Result<Bytes, Refusal> {
    if let Some(encoding) = headers.get(CONTENT_ENCODING)
        && encoding != "identity"
    {
        return Err(Refusal::EncodedBody(encoding.to_str().unwrap_or("unknown").chars().take(32).collect()));
    }
    let limit = limits.body_bytes;
    if body.size_hint().lower() > limit as u64 {
        return Err(Refusal::BodyTooLarge(limit));
    }
    // A short body comes with its head: then there is nothing to wait for, and no timer to set.
    let first = match data(&mut body).now_or_never() {
        Some(first) => first?,
        None => {
            let first = tokio::time::timeout(limits.body_timeout, data(&mut body));
            first.await.map_err(|_| Refusal::BodyTimeout(limits.body_timeout))??
        }
    };
    let Some(first) = first else { return Ok(Bytes::new()) };
    if body.is_end_stream() && first.len() <= limit {
        return Ok(first);
    }
    let rest = tokio::time::timeout(limits.body_timeout, collect(first, &mut body, limit));
    rest.await.map_err(|_| Refusal::BodyTimeout(limits.body_timeout))?
}

async fn collect(first: Bytes, body: &mut Incoming, limit: usize) -> Result<Bytes, Refusal> {
    let expected = usize::try_from(body.size_hint().lower()).unwrap_or(limit).min(limit);
    let mut all = BytesMut::with_capacity(first.len() + expected);
    let mut next = Some(first);
    while let Some(bytes) = next {
        if all.len() + bytes.len() > limit {
            return Err(Refusal::BodyTooLarge(limit));
        }
        all.extend_from_slice(&bytes);
        next = data(body).await?;
    }
    Ok(all.freeze())
}

/// The next piece of data; trailers are dropped (RFC 9110 section 6.5).
async fn data(body: &mut Incoming) -> Result<Option<Bytes>, Refusal> {
    while let Some(frame) = body.frame().await {
        if let Ok(data) = frame.map_err(|_| Refusal::BodyBroken)?.into_data() {
            return Ok(Some(data));
        }
    }
    Ok(None)
}
