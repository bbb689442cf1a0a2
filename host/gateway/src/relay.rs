//! From the upstream's head to the client's last byte: whole answers here, streams in `relay/stream.rs`.

mod stream;

use crate::answer::{self, Answer, Own};
use crate::ask::Answered;
use crate::gate::ByteShare;
use crate::gather::{Full, Gathered};
use crate::journey::Trip;
use crate::refusal::Refusal;
use crate::stays;
use crate::waits::Wait;
use bytes::Bytes;
use http::header::{CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE, TRANSFER_ENCODING};
use http::{HeaderMap, HeaderName, StatusCode, Version};
use http_body_util::BodyExt;
use std::future::{Future as _, poll_fn};
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::Instant;
use weir_dialect::{Document, usage};
use weir_http::hop;
use weir_sandbox::{Hook, Late, Reply};
use weir_upstream::{Body, BodyError, Verdict};

/// The upstream's own id of the request, which its support will ask for.
const UPSTREAM_ID: HeaderName = HeaderName::from_static("x-upstream-request-id");

/// Relays an answer to the client.
pub(crate) async fn relay(mut trip: Trip, answered: Answered) -> Answer {
    let Answered { response, label, provider, ticket } = answered;
    trip.record.ticket = Some(ticket);
    let (parts, body) = response.into_parts();
    let mut headers = parts.headers;
    // Without a length or chunks the end of an HTTP/1 body cannot be told from a broken connection (RFC 9112 6.3).
    let framed = parts.version == Version::HTTP_2
        || headers.contains_key(CONTENT_LENGTH)
        || headers.contains_key(TRANSFER_ENCODING);
    hop::strip_response(&mut headers);
    clean(&mut headers);
    let own = Own::of(&trip.record, Some(label));
    if is_events(&headers) && parts.status.is_success() {
        return stream::start(trip, parts.status, (headers, own), (body, framed), provider);
    }
    pin!(whole(trip, parts.status, (headers, own), (body, framed), &provider)).await
}

/// Removes what is the upstream's business with us and not the client's.
fn clean(headers: &mut HeaderMap) {
    // These two every answer has: then mostly nothing is found below, and the names are gone through once.
    headers.remove(CONTENT_LENGTH);
    if let Some(id) = headers.remove(crate::request_id::HEADER) {
        headers.insert(UPSTREAM_ID, id);
    }
    // One look at each name is cheaper than looking for each name.
    while let Some(name) = headers.keys().find(|name| is_upstreams_own(name)).cloned() {
        headers.remove(&name);
    }
}

fn is_upstreams_own(name: &HeaderName) -> bool {
    // The limits of the gateway's account at the provider are not the tenant's.
    let name = name.as_str();
    Own::owns(name) || stays::is_providers_own(name)
}

fn is_events(headers: &HeaderMap) -> bool {
    const EVENTS: &[u8] = b"text/event-stream";
    let value = headers.get(CONTENT_TYPE).map(|value| value.as_bytes().trim_ascii()).unwrap_or_default();
    let Some((media, rest)) = value.split_at_checked(EVENTS.len()) else { return false };
    media.eq_ignore_ascii_case(EVENTS) && matches!(rest.trim_ascii_start().first(), None | Some(b';'))
}

async fn whole(
    mut trip: Trip,
    status: StatusCode,
    (headers, own): (HeaderMap, Own),
    (body, framed): (Body, bool),
    provider: &Arc<str>,
) -> Answer {
    let limits = &trip.snapshot().config.limits;
    let memory = trip.record.worker().shared.response_memory.share();
    let all = Gathered::new(limits.response_bytes, memory, limits.response_memory);
    let mut collecting = pin!(collect(body, all, provider));
    // A short answer is here together with its head: nothing was waited for.
    let collected = match poll_fn(|cx| Poll::Ready(collecting.as_mut().poll(cx))).await {
        Poll::Ready(collected) => collected,
        Poll::Pending => {
            trip.record.waits.begin(Wait::Upstream, Instant::now());
            let collected = trip.worker().until_over(collecting).await;
            trip.record.waits.end();
            collected.unwrap_or(Err(Refusal::ShuttingDown))
        }
    };
    let bytes = match collected {
        Ok((bytes, memory)) => {
            trip.record.response_memory = Some(memory);
            bytes
        }
        Err(refusal) => return answer::refuse(refusal, trip.record),
    };
    if !framed && weir_http::json::members(&bytes, |_, _, _| {}).is_err() {
        // It ended with the connection, and does not look like all of it.
        return answer::refuse(Refusal::UpstreamBroken { provider: Arc::clone(provider) }, trip.record);
    }
    trip.record.judge(Some(Verdict::Served));
    if !status.is_success() {
        trip.record.spent_nothing();
    } else {
        // Before plugins see it: what they make of it costs nothing.
        let (reported, text) = usage::of_answer(trip.ask.endpoint, &bytes);
        if let Some(reported) = reported {
            trip.record.report(reported);
        }
        trip.record.progress(text);
        if trip.chain.wants(Hook::Response, &trip.ask.model) {
            return match run_plugins(&mut trip, status, (headers, own), bytes, provider).await {
                Ok((head, bytes)) => answer::finish(status, head, bytes, trip.record),
                Err(refusal) => answer::refuse(refusal, trip.record),
            };
        }
    }
    answer::finish(status, (headers, Some(own)), bytes, trip.record)
}

/// The `response` hooks.
async fn run_plugins(
    trip: &mut Trip,
    status: StatusCode,
    (headers, own): (HeaderMap, Own),
    bytes: Bytes,
    provider: &Arc<str>,
) -> Result<((HeaderMap, Option<Own>), Bytes), Refusal> {
    if encoded(&headers) {
        return Err(Refusal::UpstreamEncoded { provider: Arc::clone(provider) });
    }
    let worker = trip.worker();
    let body = Document::response(trip.ask.endpoint, bytes);
    let own = Arc::new(own);
    let late: Arc<dyn Late> = Arc::<Own>::clone(&own);
    trip.record.lent.as_mut().ok_or(Refusal::Internal)?.reply = Some(Reply { headers, late: Some(late), body });
    pin!(worker.sandbox.response(&trip.chain, &mut trip.record.lent, status)).await?;
    let reply = trip.record.lent.as_mut().and_then(|lent| lent.reply.take());
    let Reply { headers, late, mut body } = reply.ok_or(Refusal::Internal)?;
    let bytes = body.bytes().map_err(|e| Refusal::PluginBroke(e.to_string()))?;
    // If plugins have seen all of the head, they are among the headers.
    let own = late.and_then(|late| {
        drop(late);
        Arc::into_inner(own)
    });
    Ok(((headers, own), bytes))
}

/// The whole body, bounded. A body that came in one piece is not copied.
async fn collect(mut body: Body, mut all: Gathered, provider: &Arc<str>) -> Result<(Bytes, ByteShare), Refusal> {
    while let Some(frame) = body.frame().await {
        let Ok(data) = frame.map_err(|e| broken(e, provider))?.into_data() else { continue };
        all.push(data).map_err(|full| match full {
            Full::TooLong => Refusal::UpstreamTooLarge { provider: Arc::clone(provider), limit: all.longest() },
            Full::NoRoom => Refusal::ResponseMemory,
        })?;
    }
    Ok(all.finish())
}

/// What a body that came apart means to the client.
fn broken(error: BodyError, provider: &Arc<str>) -> Refusal {
    let provider = Arc::clone(provider);
    match error {
        BodyError::Idle | BodyError::Total => Refusal::UpstreamTimeout { provider },
        BodyError::Broken(_) => Refusal::UpstreamBroken { provider },
    }
}

/// Whether the body is compressed although nobody asked for it.
fn encoded(headers: &HeaderMap) -> bool {
    headers.get(CONTENT_ENCODING).is_some_and(|encoding| encoding != "identity")
}
