//! Reading a request's body: whole, bounded in length and time.

use crate::request::decode::{Coding, Decoding, DecodingBounds};
use crate::request::gather::{Full, Gathered, UNCOUNTED};
use crate::request::record::Record;
use crate::request::refusal::Refusal;
use crate::request::waits::WaitedFor;
use bytes::Bytes;
use http::HeaderMap;
use http::header::{CONTENT_ENCODING, CONTENT_LENGTH};
use std::future::poll_fn;
use std::task::{Context, Poll};
use std::time::Instant;
use weir_config::Limits;
use weir_net::ByteShare;
use weir_server::RequestBody;

/// A request's body as it is read.
#[derive(Debug)]
enum BodySource {
    /// As it comes off a connection.
    Plain(RequestBody),
    /// In a coding.
    Coded(Box<(RequestBody, Decoding)>),
}

impl BodySource {
    /// The fewest bytes that are still to come.
    fn least(&self) -> u64 {
        match self {
            Self::Plain(body) => body.least(),
            Self::Coded(_) => 0,
        }
    }

    /// The bytes that are known to come, of a body in chunks those of the chunk that has begun.
    fn announced(&self) -> u64 {
        match self {
            Self::Plain(body) => body.announced(),
            Self::Coded(coded) => coded.0.announced(),
        }
    }

    fn is_over(&self) -> bool {
        match self {
            Self::Plain(body) => body.is_over(),
            Self::Coded(coded) => coded.1.is_over(),
        }
    }

    /// The next piece of data, nothing at the end.
    fn poll_data(&mut self, cx: &mut Context<'_>) -> Poll<Result<Option<Bytes>, Refusal>> {
        match self {
            Self::Plain(body) => body.poll_data(cx).map_err(|_| Refusal::BodyBroken),
            Self::Coded(coded) => {
                let (body, decoding) = &mut **coded;
                decoding.poll_data(cx, |cx| body.poll_data(cx).map_err(|_| Refusal::BodyBroken)).map_err(Refusal::from)
            }
        }
    }

    /// The next piece, of a body of which there may be so many bytes more. What is announced is not waited for if it is
    /// more than that.
    async fn data(&mut self, room: usize, limits: &Limits) -> Result<Option<Bytes>, Refusal> {
        poll_fn(|cx| match self.poll_data(cx) {
            Poll::Pending if self.announced() > room as u64 => {
                Poll::Ready(Err(Refusal::BodyTooLarge(limits.body_bytes)))
            }
            poll => poll,
        })
        .await
    }
}

/// The whole body. A body that came in one piece is not copied.
pub(crate) async fn whole(
    headers: &mut HeaderMap,
    body: RequestBody,
    limits: &Limits,
    record: &mut Record,
) -> Result<Bytes, Refusal> {
    let coding = Coding::of(headers)?;
    let limit = limits.body_bytes;
    if body.least() > limit as u64 {
        return Err(Refusal::BodyTooLarge(limit));
    }
    let mut body = match coding {
        None => BodySource::Plain(body),
        Some(coding) => {
            // They say of the body what is not true of what plugins see.
            headers.remove(CONTENT_ENCODING);
            headers.remove(CONTENT_LENGTH);
            let share = record.worker().shared.request_memory.share();
            let bounds = DecodingBounds::of_request(limits);
            let decoding = Decoding::new(coding, bounds, share).map_err(|_| Refusal::RequestMemory)?;
            BodySource::Coded(Box::new((body, decoding)))
        }
    };
    // A short body comes with its head: then there is nothing to wait for, and no timer to set.
    let first = match poll_fn(|cx| Poll::Ready(body.poll_data(cx))).await {
        Poll::Ready(first) => Some(first?.unwrap_or_default()),
        Poll::Pending => None,
    };
    match first {
        Some(first) if body.is_over() && first.len() <= limit.min(UNCOUNTED) => Ok(first),
        // Boxed, so that who need not wait has no room for it.
        first => Box::pin(wait(first, body, limits, record)).await,
    }
}

/// The whole body, of which something is still to come.
async fn wait(
    first: Option<Bytes>,
    mut body: BodySource,
    limits: &Limits,
    record: &mut Record,
) -> Result<Bytes, Refusal> {
    let memory = record.worker().shared.request_memory.share();
    let mut gathered = Gathered::new(limits.body_bytes, memory, limits.request_memory);
    if body.least() > 0 {
        let rest = usize::try_from(body.least()).unwrap_or(usize::MAX);
        gathered = gathered.announced(rest.saturating_add(first.as_ref().map_or(0, Bytes::len)));
    }
    record.waits.begin(WaitedFor::Client, Instant::now());
    let all = in_time(first, &mut body, gathered, limits).await;
    record.waits.end();
    let (all, memory) = all?;
    record.request_memory = Some(memory);
    Ok(all)
}

async fn in_time(
    first: Option<Bytes>,
    body: &mut BodySource,
    gathered: Gathered,
    limits: &Limits,
) -> Result<(Bytes, ByteShare), Refusal> {
    let time = limits.body_timeout;
    let late = |_| Refusal::BodyTimeout(time);
    let first = match first {
        Some(first) => Some(first),
        None => tokio::time::timeout(time, body.data(limits.body_bytes, limits)).await.map_err(late)??,
    };
    let Some(first) = first else { return Ok(gathered.finish()) };
    tokio::time::timeout(time, collect(first, body, gathered, limits)).await.map_err(late)?
}

async fn collect(
    first: Bytes,
    body: &mut BodySource,
    mut all: Gathered,
    limits: &Limits,
) -> Result<(Bytes, ByteShare), Refusal> {
    let mut next = Some(first);
    while let Some(bytes) = next {
        all.push(bytes).map_err(|full| match full {
            Full::TooLong => Refusal::BodyTooLarge(limits.body_bytes),
            Full::NoRoom => Refusal::RequestMemory,
        })?;
        next = if body.is_over() { None } else { body.data(all.longest().saturating_sub(all.len()), limits).await? };
    }
    Ok(all.finish())
}
