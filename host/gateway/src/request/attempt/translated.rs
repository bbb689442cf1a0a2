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
use weir_dialect::canon::{AnswerContext, DecodeFault, FieldLosses, TargetRules};
use weir_dialect::translate::{EmbedPair, WirePair, signatures};
use weir_dialect::view::{MergedRequest, RequestView, is_left};
use weir_dialect::{Operation, WireFormat};
use weir_sandbox::HookKind;

/// Both wires, where either is another than what plugins see.
pub(super) fn pair(
    context: &RequestContext,
    target: &Target,
    provider: &Provider,
) -> Result<Option<WirePair>, Refusal> {
    let client = context.record.client.wire;
    let wire = provider.wire_for(client);
    if (client, wire) == (WireFormat::Chat, WireFormat::Chat) {
        return Ok(None);
    }
    match context.ask.call.operation {
        Operation::Chat => Ok(Some(WirePair { client, provider: wire, vendor: wire.vendor_of(&target.model) })),
        Operation::Embed if client == WireFormat::Chat && EmbedPair::new(client, wire).is_some() => {
            Ok(Some(WirePair { client, provider: wire, vendor: wire.vendor() }))
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
        ask_usage: provider.ask_usage,
        quirks: provider.quirks,
    };
    let mut losses = FieldLosses::default();
    let written = match (&context.view, embeds(context, pair)) {
        (_, Some(embeds)) => embeds.request(body, &rules, &mut losses).map(|written| (written, false)),
        (Some(view), None) => of_view(view, pair, body, &rules, &mut losses),
        (None, None) => pair.request(body, &rules, &mut losses).map(|written| (written, false)),
    };
    let untold =
        |fault: DecodeFault| Refusal::Untranslated { provider: Arc::clone(&provider.name), why: fault.to_string() };
    let (written, is_changed) = written.map_err(untold)?;
    // Of a chat completion plugins change the very body.
    if is_changed && context.view.as_ref().is_some_and(|view| is_left(view.shown(), body, &written)) {
        let why = "what it took out stands where the client's dialect does not let it be changed";
        return Err(Refusal::PluginBroke(why.to_owned()));
    }
    let body = written;
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

/// What the client wrote, with what was changed in what is shown of it. Where nothing was, and the provider reads what the client
/// writes, it is the client's own bytes.
fn of_view(
    view: &RequestView,
    pair: WirePair,
    shown: &Bytes,
    rules: &TargetRules,
    losses: &mut FieldLosses,
) -> Result<(Bytes, bool), DecodeFault> {
    Ok(match view.merged(shown)? {
        // What another vendor signed was wrapped for the client, and only who reads it can unwrap it.
        MergedRequest::Same if pair.client == pair.provider && !signatures::are_in(view.body()) => {
            (view.renamed(&rules.model), false)
        }
        MergedRequest::Same => (pair.encode(view.original(), rules, losses), false),
        MergedRequest::Changed(changed) => (pair.encode(&changed, rules, losses), true),
    })
}

/// Both wires, where vectors are asked for.
fn embeds(context: &RequestContext, pair: WirePair) -> Option<EmbedPair> {
    match context.ask.call.operation {
        Operation::Embed => EmbedPair::new(pair.client, pair.provider),
        Operation::Chat => None,
    }
}

/// What becomes of the answer.
pub(super) fn answers(context: &RequestContext, pair: WirePair) -> AnswerTranslation {
    let hooked = context.chain.wants(HookKind::Event, &context.ask.model);
    let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
    let framing = context.record.client.framing;
    let answer = AnswerContext {
        model: Arc::from(&*context.ask.model),
        id: context.record.id.number(),
        now,
        // What was used is noted on the way, and hidden from who did not ask.
        include_usage: true,
        request: context.view.as_ref().map_or(&context.body, |view| view.body()).clone(),
    };
    AnswerTranslation { pair, embeds: embeds(context, pair), framing, context: answer, hooked }
}
