//! One call of a hook, as the gateway makes it.

use std::sync::Arc;

use bytes::Bytes;
use serde_json::{Value as Json, json};
use weir_dialect::{Document, event};
use weir_sandbox::{
    About, AskedTarget, Chain, Exchange, Facts, HeldBounds, HookKind, Item, Reply, Routed, Sandbox, SandboxWorker,
    Stages, Stop,
};

use crate::case::{Case, MessageCase};

/// What a plugin may hold back in a stream, as `limits.held` and `limits.held_events` are by default.
const HELD: HeldBounds = HeldBounds { text: 64 << 10, events: 16 << 20 };

/// What a hook says beside yes or no.
#[derive(Debug, Default)]
pub(crate) struct Said {
    /// What the client sees of a stream.
    pub(crate) texts: Vec<String>,
    /// A router's choice: index of the candidate, and what to set for it.
    pub(crate) order: Vec<Routed>,
}

/// What the host lends for a case.
pub(crate) fn exchange_of(case: &Case) -> Box<Exchange> {
    let about = About {
        tenant: case.tenant.as_str().into(),
        request_id: case.id.as_str().into(),
        model: case.model.as_str().into(),
        dialect: case.call.contract_name(),
        facts: Facts {
            streaming: case.streaming,
            body_bytes: u32::try_from(case.request.body.len()).unwrap_or(u32::MAX),
        },
    };
    let request = |message: &MessageCase| Document::request(case.call, message.body.clone());
    let mut exchange = Exchange::new(Arc::new(about), case.request.headers.clone(), request(&case.request));
    let asked =
        AskedTarget { provider: case.attempt.provider.as_str().into(), model: case.attempt.model.as_str().into() };
    exchange.asked = (!matches!(case.hook, HookKind::Policy | HookKind::Router)).then_some(asked);
    if case.hook == HookKind::UpstreamRequest {
        exchange.attempt = Some(Box::new((case.attempt.message.headers.clone(), request(&case.attempt.message))));
    }
    if case.hook == HookKind::Response {
        let body = Document::response(case.call, case.reply.body.clone());
        exchange.reply = Some(Reply { headers: case.reply.headers.clone(), late: None, body });
    }
    Box::new(exchange)
}

/// Calls the hook; a stream's is called for each batch and once more at the end.
pub(crate) async fn call(
    worker: &SandboxWorker,
    chain: &Chain,
    case: &Case,
    exchange: &mut Option<Box<Exchange>>,
) -> (Result<(), Stop>, Said) {
    let mut said = Said::default();
    let ended = match case.hook {
        HookKind::Policy => worker.policy(chain, exchange).await,
        HookKind::Router => worker.route(chain, exchange, &case.candidates).await.map(|order| said.order = order),
        HookKind::UpstreamRequest => worker.upstream_request(chain, exchange, case.attempt.number).await,
        HookKind::Response => {
            let status = http::StatusCode::from_u16(case.status).unwrap_or_default();
            worker.response(chain, exchange, status).await
        }
        HookKind::Event => stream(worker, chain, case, exchange, &mut said.texts).await,
        HookKind::Observe => {
            worker.observe(chain, exchange, &Arc::new(case.outcome.clone())).await;
            Ok(())
        }
    };
    (ended, said)
}

async fn stream(
    worker: &SandboxWorker,
    chain: &Chain,
    case: &Case,
    exchange: &mut Option<Box<Exchange>>,
    texts: &mut Vec<String>,
) -> Result<(), Stop> {
    let mut stages = Stages::new(chain, &case.model, HELD);
    for batch in &case.events {
        let items = batch.iter().flat_map(|event| items(&case.model, event)).collect();
        texts.extend(stages.run(worker, exchange, items, false).await?.iter().map(text_of));
    }
    texts.extend(stages.run(worker, exchange, Vec::new(), true).await?.iter().map(text_of));
    Ok(())
}

/// An event as a provider sends it: with these data, or with this text.
fn items(model: &str, given: &Json) -> Vec<Item> {
    let data = match given {
        Json::Object(_) => given.clone(),
        text => json!({
            "id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 0, "model": model,
            "choices": [{ "index": 0, "delta": { "content": text }, "finish_reason": null }],
        }),
    };
    let data = Bytes::from(data.to_string());
    let raw = Bytes::from(format!("data: {}\n\n", String::from_utf8_lossy(&data)));
    // Whoever writes a case means the event to be seen, whatever is in it.
    Item::read(raw.clone(), data.clone()).unwrap_or_else(|_| vec![Item::beside(raw, data)])
}

fn text_of(item: &Item) -> String {
    let raw = String::from_utf8_lossy(&item.raw);
    let data: Vec<&str> = raw.lines().filter_map(|line| line.strip_prefix("data: ")).collect();
    event::delta(&Bytes::from(data.join("\n"))).map(|delta| delta.text).unwrap_or_default()
}

/// What a hook has cost so far: calls, CPU in nanoseconds, faults by reason.
pub(crate) fn figures(sandbox: &Sandbox, hook: HookKind) -> (u64, u64, Vec<(&'static str, u64)>) {
    let mut sum = (0, 0, Vec::new());
    sandbox.meter().each_hook(|_, at, _, stats| {
        if at == hook.name() {
            sum.0 += stats.calls();
            sum.1 += stats.cpu_ns();
            sum.2.extend(stats.faults());
        }
    });
    sum
}
