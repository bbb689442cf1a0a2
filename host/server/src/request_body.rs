//! The body of a request, in either HTTP. Nobody reads it who has not asked for it.

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http_body::Body as _;

use super::http1::{Broken, Http1RequestBody};

/// A request's body, as it comes off a connection.
#[derive(Debug)]
pub enum RequestBody {
    /// In HTTP/1.
    Http1(Http1RequestBody),
    /// In HTTP/2.
    Http2(hyper::body::Incoming),
}

impl RequestBody {
    /// The fewest bytes that are still to come.
    pub fn least(&self) -> u64 {
        match self {
            Self::Http1(body) => body.least(),
            Self::Http2(body) => body.size_hint().lower(),
        }
    }

    /// The bytes that are known to come, of a body in chunks those of the chunk that has begun.
    pub fn announced(&self) -> u64 {
        match self {
            Self::Http1(body) => body.announced(),
            Self::Http2(body) => body.size_hint().lower(),
        }
    }

    /// Whether all of it has been taken.
    pub fn is_over(&self) -> bool {
        match self {
            Self::Http1(body) => body.is_over(),
            Self::Http2(body) => body.is_end_stream(),
        }
    }

    /// The next piece of data, nothing at the end; trailers are dropped (RFC 9110 section 6.5). A client that waits to be
    /// told to go on is told so by the first call.
    ///
    /// # Errors
    /// [`Broken`]: the body broke off, or is not framed as HTTP demands.
    pub fn poll_data(&mut self, cx: &mut Context<'_>) -> Poll<Result<Option<Bytes>, Broken>> {
        let body = match self {
            Self::Http1(body) => return body.poll_data(cx),
            Self::Http2(body) => body,
        };
        loop {
            let Some(frame) = ready!(Pin::new(&mut *body).poll_frame(cx)) else { return Poll::Ready(Ok(None)) };
            if let Ok(data) = frame.map_err(|_| Broken)?.into_data() {
                return Poll::Ready(Ok(Some(data)));
            }
        }
    }
}
