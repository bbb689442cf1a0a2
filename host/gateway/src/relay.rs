//! From what an upstream sent to the client's last byte: whole answers here, streams in `relay/stream.rs`.

mod stream;

use crate::answer::{self, Answer, Own};
use crate::ask::Answered;
use crate::journey::Trip;
use crate::receive::{Content, Received};
use crate::refusal::Refusal;
use bytes::Bytes;
use http::header::CONTENT_LENGTH;
use http::{HeaderMap, HeaderName, StatusCode};
use std::pin::pin;
use std::sync::Arc;
use weir_dialect::Document;
use weir_dialect::answer::Reading;
use weir_http::{hop, reserved};
use weir_sandbox::{Hook, Late, Reply};
use weir_upstream::Verdict;

/// The upstream's own id of the request, which its support will ask for.
const UPSTREAM_ID: HeaderName = HeaderName::from_static("x-upstream-request-id");

/// An answer that `response` plugins see before the client does.
pub(crate) struct Hooked {
    trip: Trip,
    status: StatusCode,
    head: (HeaderMap, Own),
    body: Document,
}

/// Relays an answer to the client, or hands back what has to be shown to plugins first.
pub(crate) fn relay(mut trip: Trip, answered: Answered) -> Result<Answer, Box<Hooked>> {
    let Answered { received, label, provider, ticket } = answered;
    let Received { status, mut headers, content } = received;
    trip.record.ticket = Some(ticket);
    hop::strip_response(&mut headers);
    clean(&mut headers);
    let own = Own::of(&trip.record, Some(label));
    match content {
        Content::Stream(opening) => {
            if !trip.ask.streaming
                && let Err(refusal) = came_as(&trip, Hook::Response, Hook::Event)
            {
                return Ok(answer::refuse(refusal, trip.record));
            }
            Ok(stream::start(trip, status, (headers, own), *opening, provider))
        }
        Content::Whole { bytes, memory, reading } => {
            trip.record.response_memory = memory;
            whole(trip, status, (headers, own), (bytes, reading))
        }
    }
}

/// Whether an answer may go on that came in another form than was asked for.
fn came_as(trip: &Trip, asked: Hook, came: Hook) -> Result<(), Refusal> {
    let worker = trip.worker();
    Ok(worker.sandbox.came_as(&trip.chain, &trip.ask.model, (asked, came))?)
}

/// Removes what is the upstream's business with us and not the client's.
fn clean(headers: &mut HeaderMap) {
    // These two every answer has: then mostly nothing is found below, and the names are gone through once.
    headers.remove(CONTENT_LENGTH);
    if let Some(id) = headers.remove(crate::request_id::HEADER) {
        headers.insert(UPSTREAM_ID, id);
    }
    // One look at each name is cheaper than looking for each name.
    while let Some(name) = headers.keys().find(|name| reserved::is_stripped(name.as_str())).cloned() {
        headers.remove(&name);
    }
}

fn whole(
    mut trip: Trip,
    status: StatusCode,
    (headers, own): (HeaderMap, Own),
    (bytes, reading): (Bytes, Option<Reading>),
) -> Result<Answer, Box<Hooked>> {
    trip.record.judge(Some(Verdict::Served));
    if !status.is_success() || reading.is_none() {
        // A refusal, or 204: there is nothing that anybody would charge.
        trip.record.spent_nothing();
    } else if let Some(reading) = reading {
        // Before plugins see it: what they make of it costs nothing.
        if let Some(reported) = reading.usage {
            trip.record.report(reported);
        }
        trip.record.progress(reading.text);
        if trip.ask.streaming
            && let Err(refusal) = came_as(&trip, Hook::Event, Hook::Response)
        {
            return Ok(answer::refuse(refusal, trip.record));
        }
        if trip.chain.wants(Hook::Response, &trip.ask.model) {
            let body = reading.document(trip.ask.endpoint, bytes);
            return Err(Box::new(Hooked { trip, status, head: (headers, own), body }));
        }
    }
    Ok(answer::finish(status, (headers, Some(own)), bytes, trip.record))
}

impl Hooked {
    /// Shows it to them, and relays what they make of it.
    pub(crate) async fn run(self: Box<Self>) -> Answer {
        let Self { mut trip, status, head, body } = *self;
        match run_plugins(&mut trip, status, head, body).await {
            Ok((head, bytes)) => answer::finish(status, head, bytes, trip.record),
            Err(refusal) => answer::refuse(refusal, trip.record),
        }
    }
}

/// The `response` hooks.
async fn run_plugins(
    trip: &mut Trip,
    status: StatusCode,
    (headers, own): (HeaderMap, Own),
    body: Document,
) -> Result<((HeaderMap, Option<Own>), Bytes), Refusal> {
    let worker = trip.worker();
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
