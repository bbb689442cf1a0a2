//! From what an upstream sent to the client's last byte: whole answers, and what is said against a request, here, streams in
//! `relay/stream.rs`.

mod stream;
mod unheard;

use crate::request::attempt::UpstreamAnswer;
use crate::request::context::RequestContext;
use crate::request::gateway_headers::{GatewayHeaders, GatewayResponse};
use crate::request::receive::{Received, ReceivedContent};
use crate::request::record::Record;
use crate::request::refusal::Refusal;
use crate::request::{respond, stored};
use bytes::Bytes;
use http::header::CONTENT_LENGTH;
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};
use std::pin::pin;
use std::sync::Arc;
use weir_dialect::Document;
use weir_dialect::answer::AnswerReading;
use weir_dialect::canon::FieldLosses;
use weir_dialect::view::{AnswerView, is_left};
use weir_http::{hop, reserved};
use weir_sandbox::{Fault, HookKind, LateHeaders, Reply};
use weir_upstream::AttemptVerdict;

pub(crate) use unheard::unheard;

/// The upstream's own id of the request, which its support will ask for.
const UPSTREAM_ID: HeaderName = HeaderName::from_static("x-upstream-request-id");

/// What tells a client whether and when to come again: it stays what it was, whatever becomes of the words.
const AGAIN: [HeaderName; 3] =
    [http::header::RETRY_AFTER, HeaderName::from_static("retry-after-ms"), HeaderName::from_static("x-should-retry")];

/// An answer that `response` plugins see before the client does.
pub(crate) struct Hooked {
    context: RequestContext,
    status: StatusCode,
    head: (HeaderMap, GatewayHeaders),
    body: Document,
    /// What the client is to get of it, where that is not what they see.
    view: Option<Box<AnswerView>>,
    /// Of what an upstream says against a request: who says it, and what stays of it whatever becomes of the words.
    against: Option<Against>,
}

/// What stays of what an upstream says against a request.
struct Against {
    provider: Arc<str>,
    again: [Option<(HeaderName, HeaderValue)>; 3],
}

/// Relays an answer to the client, or hands back what has to be shown to plugins first.
pub(crate) fn relay(mut context: RequestContext, answered: UpstreamAnswer) -> Result<GatewayResponse, Box<Hooked>> {
    let UpstreamAnswer { received, label, provider, ticket } = answered;
    let Received { status, mut headers, content } = received;
    context.record.ticket = Some(ticket);
    hop::strip_response(&mut headers);
    clean(&mut headers);
    let own = GatewayHeaders::of(&context.record, Some(label));
    match content {
        ReceivedContent::Stream(opening) => {
            if !context.ask.streaming
                && let Err(refusal) = came_as(&context, HookKind::Response, HookKind::Event)
            {
                return Ok(respond::refuse(refusal, context.record));
            }
            Ok(stream::start(context, status, (headers, own), *opening, provider))
        }
        ReceivedContent::Whole { bytes, memory, reading, view } => {
            context.record.response_memory = memory;
            if let Some(view) = &view {
                stored::keep(&context, &provider, view);
            }
            if let Some((&Method::DELETE, id)) = context.asks_for_stored().filter(|_| status.is_success()) {
                context.worker().shared.pins.forget(id);
            }
            // Of what a provider keeps nobody knows what it is: it is shown word for word, as what is said against a request.
            if status.is_success() && context.asks_for_stored().is_none() {
                whole(context, status, (headers, own), (bytes, reading, view))
            } else {
                against(context, status, (headers, own), bytes, provider)
            }
        }
    }
}

/// Whether an answer may go on that came in another form than was asked for.
fn came_as(context: &RequestContext, asked: HookKind, came: HookKind) -> Result<(), Refusal> {
    let worker = context.worker();
    Ok(worker.sandbox.came_as(&context.chain, &context.ask.model, (asked, came))?)
}

/// Removes what is the upstream's business with us and not the client's.
fn clean(headers: &mut HeaderMap) {
    // These two every answer has: then mostly nothing is found below, and the names are gone through once.
    headers.remove(CONTENT_LENGTH);
    if let Some(id) = headers.remove(crate::request::request_id::HEADER) {
        headers.insert(UPSTREAM_ID, id);
    }
    // One look at each name is cheaper than looking for each name.
    while let Some(name) = headers.keys().find(|name| reserved::is_stripped(name.as_str())).cloned() {
        headers.remove(&name);
    }
}

/// The provider has served, and this is what it used; where there is no answer, nothing that anybody would charge.
fn served(record: &mut Record, reading: Option<&AnswerReading>) {
    record.judge(Some(AttemptVerdict::Served));
    let Some(reading) = reading else { return record.spent_nothing() };
    if let Some(reported) = reading.usage {
        record.report(reported);
    }
    record.progress(reading.text);
}

fn whole(
    mut context: RequestContext,
    status: StatusCode,
    (headers, own): (HeaderMap, GatewayHeaders),
    (bytes, reading, view): (Bytes, Option<AnswerReading>, Option<Box<AnswerView>>),
) -> Result<GatewayResponse, Box<Hooked>> {
    // Before plugins see it: what they make of it costs nothing.
    served(&mut context.record, reading.as_ref());
    let Some(reading) = reading else {
        return Ok(respond::finish(status, (headers, Some(own)), bytes, context.record));
    };
    if context.ask.streaming
        && let Err(refusal) = came_as(&context, HookKind::Event, HookKind::Response)
    {
        return Ok(respond::refuse(refusal, context.record));
    }
    if context.chain.wants(HookKind::Response, &context.ask.model) {
        let body = reading.document(context.ask.call, bytes);
        return Err(Box::new(Hooked { context, status, head: (headers, own), body, view, against: None }));
    }
    let bytes = match written(view, bytes) {
        Ok(bytes) => bytes,
        Err(refusal) => return Ok(respond::refuse(refusal, context.record)),
    };
    Ok(respond::finish(status, (headers, Some(own)), bytes, context.record))
}

/// What the client gets of an answer, as it is seen now.
fn written(view: Option<Box<AnswerView>>, seen: Bytes) -> Result<Bytes, Refusal> {
    match view {
        None => Ok(seen),
        Some(view) => {
            let written = view.merged(&seen, &mut FieldLosses::default());
            let written =
                written.map_err(|why| Refusal::PluginBroke(format!("what it made of the answer is none: {why}")))?;
            if *view.shown() != seen && is_left(view.shown(), &seen, &written) {
                let why = "what it took out of the answer stands where the client's dialect does not let it be changed";
                return Err(Refusal::PluginBroke(why.to_owned()));
            }
            Ok(written)
        }
    }
}

impl Hooked {
    /// Shows it to them, and relays what they make of it.
    pub(crate) async fn run(self: Box<Self>) -> GatewayResponse {
        let Self { mut context, status, head, body, view, against } = *self;
        let seen = run_plugins(&mut context, status, head, body).await;
        let written = seen.and_then(|(head, bytes)| Ok((head, written(view, bytes)?)));
        match (written, against) {
            (Ok((head, bytes)), _) => respond::finish(status, head, bytes, context.record),
            (Err(refusal), Some(against)) => against.refuse(refusal, status, context.record),
            (Err(refusal), None) => respond::refuse(refusal, context.record),
        }
    }
}

/// Relays what is said against a request, or hands it back for the plugins at `response`. It may repeat anything of the request,
/// and so it passes the guards of answers.
fn against(
    mut context: RequestContext,
    status: StatusCode,
    (headers, own): (HeaderMap, GatewayHeaders),
    bytes: Bytes,
    provider: Arc<str>,
) -> Result<GatewayResponse, Box<Hooked>> {
    served(&mut context.record, None);
    let (wants, streaming) = (context.chain.wants(HookKind::Response, &context.ask.model), context.ask.streaming);
    // Where nothing is said there is nothing to look at.
    if bytes.is_empty() || !(wants || streaming) {
        return Ok(respond::finish(status, (headers, Some(own)), bytes, context.record));
    }
    let against = Against { provider, again: AGAIN.map(|name| headers.get(&name).cloned().map(|value| (name, value))) };
    if streaming && let Err(refusal) = came_as(&context, HookKind::Event, HookKind::Response) {
        return Ok(against.refuse(refusal, status, context.record));
    }
    if !wants {
        return Ok(respond::finish(status, (headers, Some(own)), bytes, context.record));
    }
    let body = Document::error(context.ask.call, bytes);
    Err(Box::new(Hooked { context, status, head: (headers, own), body, view: None, against: Some(against) }))
}

impl Against {
    /// Where it cannot be shown to a plugin that must see it, the client is told so with the status that it has; any other
    /// refusal is said as it is.
    fn refuse(self, refusal: Refusal, status: StatusCode, record: Box<Record>) -> GatewayResponse {
        let Self { provider, again } = self;
        let refusal = match refusal {
            Refusal::Unshown { plugin, what, hook: _ } => Refusal::UpstreamUnshown { provider, status, plugin, what },
            Refusal::PluginFailed { plugin, fault: fault @ Fault::TooLarge { .. }, hook: _ } => {
                Refusal::UpstreamUnshown { provider, status, plugin, what: format!("it {fault}") }
            }
            other => return respond::refuse(other, record),
        };
        let mut answer = respond::refuse(refusal, record);
        answer.headers.extend(again.into_iter().flatten());
        answer
    }
}

/// The `response` hooks.
async fn run_plugins(
    context: &mut RequestContext,
    status: StatusCode,
    (headers, own): (HeaderMap, GatewayHeaders),
    body: Document,
) -> Result<((HeaderMap, Option<GatewayHeaders>), Bytes), Refusal> {
    let worker = context.worker();
    let own = Arc::new(own);
    let late: LateHeaders = Arc::<GatewayHeaders>::clone(&own);
    context.record.exchange.as_mut().ok_or(Refusal::Internal)?.reply = Some(Reply { headers, late: Some(late), body });
    pin!(worker.sandbox.response(&context.chain, &mut context.record.exchange, status)).await?;
    let reply = context.record.exchange.as_mut().and_then(|exchange| exchange.reply.take());
    let Reply { headers, late, mut body } = reply.ok_or(Refusal::Internal)?;
    let bytes = body.bytes().map_err(|e| Refusal::PluginBroke(e.to_string()))?;
    // If plugins have seen all of the head, they are among the headers.
    let own = late.and_then(|late| {
        drop(late);
        Arc::into_inner(own)
    });
    Ok(((headers, own), bytes))
}
