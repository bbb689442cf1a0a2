//! A request as it leaves for a target: the client's, as policies rewrote it, with what a router has set for this target, and
//! what the `upstream-request` hooks made of that.
//!
//! What was decided stands, whoever writes into it on the way: see [`Decided`].

use crate::request::context::RequestContext;
use crate::request::plan::PlanStep;
use crate::request::refusal::Refusal;
use crate::worker::Worker;
use crate::worker::provider::Provider;
use crate::worker::snapshot::Target;
use bytes::Bytes;
use http::header::{CONTENT_TYPE, VIA};
use http::{HeaderMap, HeaderName, HeaderValue};
use std::rc::Rc;
use weir_dialect::{Decided, Document, RequestFacts, WireFormat};
use weir_sandbox::{Chain, Override};

/// Client headers that go upstream; all others stay here, those of a dialect as well where the provider speaks another one.
/// Plugins and the operator may add more.
fn is_forwarded(name: &HeaderName, (client, provider): (WireFormat, WireFormat)) -> bool {
    let name = name.as_str();
    match name {
        "user-agent" | "idempotency-key" | "traceparent" | "tracestate" => true,
        "accept" => client == provider,
        _ => client.is_of_one_api(provider) && client.has_header(name),
    }
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

impl OutgoingRequest {
    /// One without a body.
    pub(super) fn empty() -> Self {
        Self { headers: HeaderMap::with_capacity(4), body: Bytes::new(), text_bytes: 0, set: None }
    }
}

/// The request for a target, as far as it is the router's and the gateway's own.
pub(super) fn of(
    context: &mut RequestContext,
    (worker, chain): (&Rc<Worker>, &Chain),
    step: &PlanStep,
    (target, provider): (&Target, &Provider),
) -> Result<OutgoingRequest, Refusal> {
    let held = Rc::clone(&context.record.held);
    let wires = (context.record.client.wire, provider.wire_for(context.record.client.wire));
    let Some(exchange) = &mut context.record.exchange else { return Err(Refusal::Internal) };
    // As many as most requests need, content type, `via`, id and key among them.
    let mut headers = HeaderMap::with_capacity(6);
    // Rarely there, so it is seen in passing.
    let mut came_by = false;
    for (name, value) in &exchange.headers {
        came_by |= *name == VIA;
        // Of a header that came twice the first counts, as plugins see it.
        if (is_forwarded(name, wires) || exchange.added.contains(name)) && !headers.contains_key(name) {
            headers.insert(name, value.clone());
        }
    }
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert(VIA, held.snapshot.via.behind(came_by.then_some(&exchange.headers)));
    if let Some((body, ask)) = with_overrides(context, (worker, chain), &step.overrides, (target, provider))? {
        return Ok(OutgoingRequest { headers, body, text_bytes: ask.text_bytes, set: Some(ask) });
    }
    let body = context.ask.outgoing(&context.body, &target.model, asks_usage(context, provider));
    Ok(OutgoingRequest { headers, body, text_bytes: context.ask.text_bytes, set: None })
}

/// Whether the request is to say that usage is wanted. Where it is written anew for the provider, that is said then.
fn asks_usage(context: &RequestContext, provider: &Provider) -> bool {
    provider.ask_usage && context.view.is_none()
}

/// The request with what routers have set in it for this target, if any has. What one has set that makes no request of it is
/// left out, or ends the request, as its failure policy says; what was decided of the request stands all the same.
fn with_overrides(
    context: &RequestContext,
    (worker, chain): (&Rc<Worker>, &Chain),
    overrides: &[Override],
    (target, provider): (&Target, &Provider),
) -> Result<Option<(Bytes, RequestFacts)>, Refusal> {
    let mut set: Option<(Bytes, RequestFacts)> = None;
    for own in overrides.chunk_by(|one, next| one.router == next.router) {
        let (ask, body) = set.as_ref().map_or((&context.ask, &context.body), |(body, ask)| (ask, body));
        let decided = Decided::of(ask, body, &target.model, asks_usage(context, provider));
        match overridden(&decided, body, own) {
            Ok(good) => set = Some(good),
            Err(why) => {
                let router = own.first().map_or(0, |one| one.router);
                worker.sandbox.overrides_failed(chain, &context.record.exchange, router, why)?;
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
    context: &mut RequestContext,
    (worker, chain): (&Rc<Worker>, &Chain),
    (target, provider): (&Target, &Provider),
    outgoing: &mut OutgoingRequest,
) -> Result<(), Refusal> {
    let ask_usage = asks_usage(context, provider);
    if let Some(exchange) = &mut context.record.exchange {
        let (ask, body) = match &outgoing.set {
            Some(ask) => (ask, &outgoing.body),
            None => (&context.ask, &context.body),
        };
        exchange.decided = Some(Box::new(Decided::of(ask, body, &target.model, ask_usage)));
        let document = Document::accepted(context.ask.call, outgoing.body.clone());
        exchange.attempt = Some(Box::new((std::mem::take(&mut outgoing.headers), document)));
    }
    let number = context.record.attempts + 1;
    worker.sandbox.upstream_request(chain, &mut context.record.exchange, number).await?;
    let Some(exchange) = &mut context.record.exchange else { return Err(Refusal::Internal) };
    exchange.decided = None;
    (outgoing.headers, _) = *exchange.attempt.take().ok_or(Refusal::Internal)?;
    if let Some((ask, body)) = exchange.reread.take().map(|reread| *reread) {
        (outgoing.body, outgoing.text_bytes) = (body, ask.text_bytes);
    }
    Ok(())
}
