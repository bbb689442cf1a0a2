//! A request as it leaves for a target: the client's, as policies rewrote it, with what a router has set for this target, and
//! what the `upstream-request` hooks made of that.
//!
//! What was decided stands, whoever writes into it on the way: see [`Decided`].

use crate::request::context::RequestContext;
use crate::request::plan::PlanStep;
use crate::request::refusal::Refusal;
use crate::worker::Worker;
use crate::worker::snapshot::{Provider, Target};
use bytes::Bytes;
use http::header::{CONTENT_TYPE, VIA};
use http::{HeaderMap, HeaderName, HeaderValue};
use std::rc::Rc;
use weir_dialect::{Decided, Dialect, Document, RequestFacts};
use weir_sandbox::{Chain, Override};

/// Client headers that go upstream; all others stay here. Plugins and the operator may add more.
fn is_forwarded(name: &HeaderName, dialect: Dialect) -> bool {
    let name = name.as_str();
    matches!(name, "accept" | "user-agent" | "idempotency-key" | "traceparent" | "tracestate")
        || dialect.has_header(name)
}

/// A request as it leaves for a target.
pub(super) struct OutgoingRequest {
    pub(super) headers: HeaderMap,
    pub(super) body: Bytes,
    /// Bytes of text in the body, for an estimate of what it costs.
    pub(super) text_bytes: usize,
    /// What it asks, where a router has set something in it.
    set: Option<RequestFacts>,
}

/// The request for a target, as far as it is the router's and the gateway's own.
pub(super) fn of(
    trip: &mut RequestContext,
    (worker, chain): (&Rc<Worker>, &Chain),
    step: &PlanStep,
    (target, provider): (&Target, &Provider),
) -> Result<OutgoingRequest, Refusal> {
    let held = Rc::clone(&trip.record.held);
    let dialect = trip.ask.call.dialect;
    let Some(lent) = &mut trip.record.lent else { return Err(Refusal::Internal) };
    // As many as most requests need, content type, `via`, id and key among them.
    let mut headers = HeaderMap::with_capacity(6);
    // Seldom there, so it is seen in passing.
    let mut came_by = false;
    for (name, value) in &lent.headers {
        came_by |= *name == VIA;
        // Of a header that came twice the first counts, as plugins see it.
        if (is_forwarded(name, dialect) || lent.added.contains(name)) && !headers.contains_key(name) {
            headers.insert(name, value.clone());
        }
    }
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert(VIA, held.snapshot.via.behind(came_by.then_some(&lent.headers)));
    if let Some((body, ask)) = with_overrides(trip, (worker, chain), &step.overrides, (target, provider))? {
        return Ok(OutgoingRequest { headers, body, text_bytes: ask.text_bytes, set: Some(ask) });
    }
    let body = trip.ask.outgoing(&trip.body, &target.model, provider.ask_usage);
    Ok(OutgoingRequest { headers, body, text_bytes: trip.ask.text_bytes, set: None })
}

/// The request with what routers have set in it for this target, if any has. What one has set that makes no request of it is
/// left out, or ends the request, as its failure policy says; what was decided of the request stands all the same.
fn with_overrides(
    trip: &RequestContext,
    (worker, chain): (&Rc<Worker>, &Chain),
    overrides: &[Override],
    (target, provider): (&Target, &Provider),
) -> Result<Option<(Bytes, RequestFacts)>, Refusal> {
    let mut set: Option<(Bytes, RequestFacts)> = None;
    for own in overrides.chunk_by(|one, next| one.router == next.router) {
        let (ask, body) = set.as_ref().map_or((&trip.ask, &trip.body), |(body, ask)| (ask, body));
        let decided = Decided::of(ask, body, &target.model, provider.ask_usage);
        match overridden(&decided, body, own) {
            Ok(good) => set = Some(good),
            Err(why) => {
                let router = own.first().map_or(0, |one| one.router);
                worker.sandbox.overrides_failed(chain, &trip.record.lent, router, why)?;
            }
        }
    }
    Ok(set)
}

fn overridden(decided: &Decided, body: &Bytes, overrides: &[Override]) -> Result<(Bytes, RequestFacts), String> {
    let mut document = Document::accepted(decided.call(), body.clone());
    for change in overrides {
        document.set(&change.set.pointer, &change.set.value).map_err(|why| why.to_string())?;
    }
    let body = document.bytes().map_err(|why| why.to_string())?;
    decided.hold(body).map_err(|why| why.to_string())
}

/// The `upstream-request` hooks.
pub(super) async fn last_change(
    trip: &mut RequestContext,
    (worker, chain): (&Rc<Worker>, &Chain),
    (target, provider): (&Target, &Provider),
    outgoing: &mut OutgoingRequest,
) -> Result<(), Refusal> {
    if let Some(lent) = &mut trip.record.lent {
        let (ask, body) = match &outgoing.set {
            Some(ask) => (ask, &outgoing.body),
            None => (&trip.ask, &trip.body),
        };
        lent.decided = Some(Box::new(Decided::of(ask, body, &target.model, provider.ask_usage)));
        let document = Document::accepted(trip.ask.call, outgoing.body.clone());
        lent.attempt = Some(Box::new((std::mem::take(&mut outgoing.headers), document)));
    }
    let number = trip.record.attempts + 1;
    worker.sandbox.upstream_request(chain, &mut trip.record.lent, number).await?;
    let Some(lent) = &mut trip.record.lent else { return Err(Refusal::Internal) };
    lent.decided = None;
    (outgoing.headers, _) = *lent.attempt.take().ok_or(Refusal::Internal)?;
    if let Some((ask, body)) = lent.reread.take().map(|reread| *reread) {
        (outgoing.body, outgoing.text_bytes) = (body, ask.text_bytes);
    }
    Ok(())
}
