//! A request for a provider that speaks another dialect than the client, and what becomes of its answer.

use crate::request::context::RequestContext;
use crate::request::receive::AnswerTranslation;
use crate::request::refusal::Refusal;
use crate::worker::provider::Provider;
use crate::worker::snapshot::Target;
use bytes::Bytes;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};
use weir_config::OnUnsupported;
use weir_dialect::canon::{AnswerContext, FieldLosses, TargetRules};
use weir_dialect::translate::WirePair;
use weir_dialect::{Operation, WireFormat};

/// Both wires, where the provider speaks another one than the client.
pub(super) fn pair(
    context: &RequestContext,
    target: &Target,
    provider: &Provider,
) -> Result<Option<WirePair>, Refusal> {
    let wire = provider.wire;
    if wire == WireFormat::Chat {
        return Ok(None);
    }
    match context.ask.call.operation {
        Operation::Chat => {
            let vendor = wire.vendor_of(&target.model);
            Ok(Some(WirePair { client: WireFormat::Chat, provider: wire, vendor }))
        }
        Operation::Embed => Err(Refusal::UnsupportedOperation { provider: Arc::clone(&provider.name) }),
    }
}

/// The body as the provider reads it. What it cannot carry is counted, and the client told or refused, as the provider's
/// `on_unsupported` says.
pub(super) fn body(
    context: &mut RequestContext,
    pair: WirePair,
    body: &Bytes,
    (target, provider): (&Target, &Provider),
) -> Result<Bytes, Refusal> {
    let rules = TargetRules {
        model: Arc::clone(&target.model),
        max_output: target.max_output,
        vendor: pair.vendor,
        ask_usage: true,
        quirks: provider.quirks,
    };
    let mut losses = FieldLosses::default();
    let body = pair
        .request(body, &rules, &mut losses)
        .map_err(|fault| Refusal::Untranslated { provider: Arc::clone(&provider.name), why: fault.to_string() })?;
    if losses.is_empty() {
        return Ok(body);
    }
    provider.lost.count(&losses);
    match provider.on_unsupported {
        OnUnsupported::Reject => {
            let (provider, fields) = (Arc::clone(&provider.name), losses.to_string());
            Err(Refusal::UnsupportedField { provider, fields })
        }
        OnUnsupported::Drop => Ok(body),
        OnUnsupported::Warn => {
            context.record.dropped = Some(losses.to_string().into());
            Ok(body)
        }
    }
}

/// What becomes of the answer.
pub(super) fn answers(context: &RequestContext, pair: WirePair) -> AnswerTranslation {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
    let context = AnswerContext {
        model: Arc::from(&*context.ask.model),
        id: context.record.id.number(),
        now,
        // What was used is noted on the way, and hidden from who did not ask.
        include_usage: true,
        request: context.body.clone(),
    };
    AnswerTranslation { pair, context }
}
