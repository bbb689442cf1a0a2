//! Answers of OpenAI's Responses that their providers keep: who made one is asked for it, to forget it, and to go on from it.

use crate::request::context::{RequestContext, StoredAnswer};
use crate::request::plan::PlanStep;
use crate::request::record::Record;
use crate::request::refusal::Refusal;
use crate::worker::provider::Provider;
use bytes::Bytes;
use http::{Method, StatusCode};
use std::sync::Arc;
use weir_dialect::WireFormat;
use weir_dialect::view::{AnswerView, RequestView};
use weir_http::json::escape_into;
use weir_tenancy::Caller;

/// The answer of this id that a client asks for, and what stands for a request to the model that gave it.
pub(crate) fn asked_for(
    record: &Record,
    caller: &Caller,
    id: &str,
    method: &Method,
) -> Result<(StoredAnswer, Bytes), Refusal> {
    let pin = record.worker().shared.pins.of(id, &caller.tenant.name);
    let pin = pin.ok_or_else(|| unknown(id, StatusCode::NOT_FOUND))?;
    let mut body = b"{\"model\":".to_vec();
    escape_into(&mut body, &pin.model);
    body.extend_from_slice(b",\"messages\":[]}");
    Ok((StoredAnswer { id: id.into(), provider: pin.provider, method: Some(method.clone()) }, body.into()))
}

/// The answer that a request goes on from, if it names one.
pub(crate) fn gone_on_from(
    record: &Record,
    caller: &Caller,
    view: &RequestView,
) -> Result<Option<StoredAnswer>, Refusal> {
    let Some(id) = &view.original().previous else { return Ok(None) };
    let id = id.text();
    let pin = record.worker().shared.pins.of(&id, &caller.tenant.name);
    let pin = pin.ok_or_else(|| unknown(&id, StatusCode::BAD_REQUEST))?;
    Ok(Some(StoredAnswer { id: id.into(), provider: pin.provider, method: None }))
}

/// Leaves of a plan who keeps the answer that the request is about. Whatever else a model's name stands for: nobody else knows it.
pub(crate) fn keep_to(context: &RequestContext, plan: &mut Vec<PlanStep>) -> Result<(), Refusal> {
    let Some(stored) = &context.stored else { return Ok(()) };
    let snapshot = context.snapshot();
    let Some(model) = snapshot.model(context.model) else { return Err(Refusal::Internal) };
    let keeps = |step: &PlanStep| {
        let provider = model.targets.get(step.target).and_then(|target| snapshot.providers.get(target.provider));
        provider.is_some_and(|provider| provider.name == stored.provider && keeps_answers(provider))
    };
    plan.retain(keeps);
    let status = if stored.method.is_some() { StatusCode::NOT_FOUND } else { StatusCode::BAD_REQUEST };
    if plan.is_empty() { Err(unknown(&stored.id, status)) } else { Ok(()) }
}

/// An answer has come: who gave it keeps it, as far as is known.
pub(crate) fn keep(context: &RequestContext, provider: &Arc<str>, view: &AnswerView) {
    let answer = view.answer();
    if let (WireFormat::Responses, Some(id)) = (answer.wire, &answer.id) {
        keep_id(context, provider, &id.text());
    }
}

/// The same of one whose id is known.
pub(crate) fn keep_id(context: &RequestContext, provider: &Arc<str>, id: &str) {
    let snapshot = context.snapshot();
    let Some(model) = snapshot.model(context.model) else { return };
    // Of the model's own targets, which are few, however many providers there are. What was translated is kept by nobody.
    let made = model.targets.iter().filter_map(|target| snapshot.providers.get(target.provider));
    if made.filter(|known| known.name == *provider).any(keeps_answers) {
        context.worker().shared.pins.keep(id, &context.record.tenant, &model.name, provider);
    }
}

/// Whether a provider has OpenAI's Responses, and so may keep what it answered.
fn keeps_answers(provider: &Provider) -> bool {
    provider.wire_for(WireFormat::Responses) == WireFormat::Responses
}

fn unknown(id: &str, status: StatusCode) -> Refusal {
    Refusal::UnknownResponse { id: id.chars().take(128).collect(), status }
}
