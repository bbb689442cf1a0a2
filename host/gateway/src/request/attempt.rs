//! Asking upstreams: one attempt after another, until one answers or the plan is at its end.

mod answered;
mod call;
mod further;
mod outgoing;
mod translated;
mod unheard;

use crate::request::context::RequestContext;
use crate::request::plan::{self, PlanStep};
use crate::request::refusal::Refusal;
use crate::request::waits::WaitedFor;
use crate::request::{choose, request_id};
use crate::worker::Worker;
use crate::worker::provider::Provider;
use crate::worker::snapshot::Target;
use bytes::Bytes;
use call::{CallFailure, ProviderCall};
use further::FurtherAttempts;
use http::{HeaderName, HeaderValue, Method, Request};
use outgoing::OutgoingRequest;
use std::pin::pin;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};
use weir_config::OnClientGone;
use weir_dialect::WireFormat;
use weir_dialect::translate::WirePair;
use weir_sandbox::{AskedTarget, Chain, HookKind};
use weir_upstream::{AttemptFailure, RetryDecision, Ticket};
use weir_usage::estimate_tokens;

pub(crate) use answered::{AnswerPlace, UpstreamAnswer};

const ANTHROPIC_VERSION: HeaderName = HeaderName::from_static("anthropic-version");

/// What one attempt came to.
enum AttemptOutcome {
    /// An answer, which is where it was asked for.
    Answered,
    Failed(AttemptFailure),
    /// None: the provider's dialect has nothing for what is asked, and another one's may.
    Untold(Refusal),
}

/// Works through the plan. Each failure says whether anybody may be asked behind it ([`RetryDecision`]): where nothing of the
/// request was carried out, or what came is no answer, by its status or by what is in it. Nobody is, once a byte of an answer
/// was relayed. The answer is put in its place: handed out, it would be copied at every layer.
pub(crate) async fn ask(
    context: &mut RequestContext,
    worker: &Rc<Worker>,
    chain: &Chain,
    steps: &mut [PlanStep],
    answered: &mut AnswerPlace,
) -> Result<(), Refusal> {
    let held = Rc::clone(&context.record.held);
    let Some(model) = held.snapshot.model(context.model) else { return Err(Refusal::Internal) };
    let mode = plan::mode(context);
    let found = |step: &PlanStep| {
        let target = model.targets.get(step.target)?;
        Some((target, held.snapshot.providers.get(target.provider)?))
    };
    let retries = steps.first().and_then(found).map_or(0, |(_, provider)| provider.retries as usize);
    let mut attempts = steps.len().max(1 + retries);
    // What was refused unprocessed takes nothing from the others, as often as there are targets.
    let mut forgiven = steps.len();
    model.budget.deposit();
    let mut last = None;
    for n in 0.. {
        let Some(ticket) = choose::choose(model, steps, n, mode) else { break };
        let Some(step) = steps.get(n % steps.len()) else { break };
        let Some((target, provider)) = found(step) else { break };
        if n > 0 && !choose::is_affordable(model, step, mode) {
            worker.shared.stats.unaffordable.fetch_add(1, Ordering::Relaxed);
            break;
        }
        let mut keys = FurtherAttempts::beside(steps.len().max(n + 1), &mut attempts, &model.budget);
        let asked = (ticket, &mut *answered, &mut keys);
        let outcome = { pin!(attempt(context, worker, chain, step, (target, provider), asked)).await? };
        match outcome {
            AttemptOutcome::Answered => {
                if n > 0 || keys.made {
                    context.record.failed_over();
                }
                return Ok(());
            }
            AttemptOutcome::Untold(refusal) => {
                // Who has failed may do better the next time, and is what is left to say.
                let failed = last.take().filter(|last: &Refusal| !last.is_of_dialect());
                let rounds = if failed.is_some() { attempts } else { steps.len() };
                last = failed.or(Some(refusal));
                if n + 1 >= rounds {
                    break;
                }
            }
            AttemptOutcome::Failed(AttemptFailure { what, retry, .. }) => {
                let refusal = Refusal::of_attempt(what, &provider.name);
                let RetryDecision::Elsewhere { same, after, counts } = retry else { return Err(refusal) };
                if !counts && forgiven > 0 {
                    forgiven -= 1;
                    attempts += 1;
                }
                let same_again = n + 1 >= steps.len();
                if n + 1 == attempts || same_again && !same {
                    return Err(refusal);
                }
                tell_failed(context, provider, &refusal);
                last = Some(refusal);
                // Somebody else is asked at once; the same one after a pause, unless it wants a longer one than we wait.
                if same_again && !pause(context, worker, n + 1, steps.len(), after).await {
                    break;
                }
            }
        }
    }
    Err(last.unwrap_or(Refusal::Internal))
}

/// Waits before those are asked again who have been; false if they want a longer pause than we wait.
async fn pause(
    context: &mut RequestContext,
    worker: &Worker,
    made: usize,
    steps: usize,
    after: Option<Duration>,
) -> bool {
    let round = u32::try_from(made / steps.max(1)).unwrap_or(u32::MAX);
    let delay = worker.backoff.borrow_mut().delay(round, after);
    let Some(delay) = delay else { return false };
    context.record.waits.begin(WaitedFor::Upstream, Instant::now());
    tokio::time::sleep(delay).await;
    context.record.waits.end();
    true
}

/// What fail-over cures leaves a trace, too: every attempt for who looks closely, and now and then their number.
fn tell_failed(context: &RequestContext, provider: &Provider, why: &Refusal) {
    let (request, tenant, name) = (context.record.id.as_str(), &*context.record.tenant, &*provider.name);
    tracing::debug!(request, tenant, provider = name, "an attempt failed: {why}");
    if let Some(attempts) = provider.upstream.attempt_failed() {
        tracing::warn!(
            provider = name,
            attempts,
            "attempts failed, and others are made in their place; the latest: {why}"
        );
    }
}

async fn attempt(
    context: &mut RequestContext,
    worker: &Rc<Worker>,
    chain: &Chain,
    step: &PlanStep,
    (target, provider): (&Target, &Provider),
    (mut ticket, answered, keys): (Ticket, &mut AnswerPlace, &mut FurtherAttempts<'_>),
) -> Result<AttemptOutcome, Refusal> {
    let upstream = &provider.upstream;
    let pair = match translated::pair(context, target, provider) {
        Ok(pair) => pair,
        Err(refusal) => return Ok(AttemptOutcome::Untold(refusal)),
    };
    let deadlines = if context.ask.streaming { upstream.stream_deadlines() } else { upstream.deadlines() };
    let mut is_fresh = false;
    loop {
        let request = match pin!(prepare(context, worker, chain, step, (target, provider), pair)).await {
            Ok(request) => request,
            Err(refusal) if refusal.is_of_dialect() => return Ok(AttemptOutcome::Untold(refusal)),
            Err(refusal) => return Err(refusal),
        };
        let call = ProviderCall::new(context, (target.provider, provider), deadlines, pair);
        let came = if context.record.reads_on {
            let made = unheard::make(context, (target, provider), call, (ticket, &*answered), (request, is_fresh));
            // Few are: all others need not find room for it.
            let (same, came) = Box::pin(made).await;
            ticket = same;
            came
        } else {
            pin!(call.make((&mut context.record.waits, &mut ticket), request, is_fresh, None)).await
        };
        let failure = match came {
            Ok(received) => {
                ticket.relaying();
                let (label, provider) = (target.label.clone(), Arc::clone(&provider.name));
                answered.answer = Some(UpstreamAnswer { received, label, provider, ticket });
                return Ok(AttemptOutcome::Answered);
            }
            Err(CallFailure::Stale) => {
                is_fresh = true;
                continue;
            }
            Err(CallFailure::Failed(failure)) => failure,
        };
        if keys.may_be_made(&mut ticket) {
            context.record.spent_nothing();
            tell_failed(context, provider, &Refusal::of_attempt(failure.what, &provider.name));
            is_fresh = false;
            continue;
        }
        if let Some(verdict) = failure.health {
            ticket.settle(verdict);
        }
        // An attempt of which nothing was done is closed: nobody would charge for it. Any other is settled with the request.
        if failure.retry != RetryDecision::Never {
            context.record.spent_nothing();
        }
        return Ok(AttemptOutcome::Failed(failure));
    }
}

/// The request as it goes out, with the ledger's permit: from here on it may cost money.
async fn prepare(
    context: &mut RequestContext,
    worker: &Rc<Worker>,
    chain: &Chain,
    step: &PlanStep,
    (target, provider): (&Target, &Provider),
    pair: Option<WirePair>,
) -> Result<Request<Bytes>, Refusal> {
    if let Some(exchange) = &mut context.record.exchange {
        exchange.asked = Some(AskedTarget { provider: Arc::clone(&provider.name), model: Arc::clone(&target.model) });
    }
    if context.asks_for_stored().is_some() {
        context.record.attempts += 1;
        return request(context, (target, provider), OutgoingRequest::empty());
    }
    let mut outgoing = outgoing::of(context, (worker, chain), step, (target, provider))?;
    if chain.wants(HookKind::UpstreamRequest, &context.ask.model) {
        Box::pin(outgoing::last_change(context, (worker, chain), (target, provider), &mut outgoing)).await?;
    }
    context.record.dropped = None;
    context.record.reads_on = provider.on_client_gone == OnClientGone::Drain;
    if let Some(pair) = pair {
        outgoing.body = translated::body(context, pair, &outgoing.body, (target, provider))?;
    }
    // Of what is sent, whoever changed it: the last attempt is what counts.
    let input = estimate_tokens(outgoing.text_bytes as u64);
    context.record.charge((target.provider, &provider.name), &context.ask.model, target.price, input);
    context.record.attempts += 1;
    request(context, (target, provider), outgoing)
}

/// The request on the wire: credentials come last, so that no plugin has seen them.
fn request(
    context: &RequestContext,
    (target, provider): (&Target, &Provider),
    outgoing: OutgoingRequest,
) -> Result<Request<Bytes>, Refusal> {
    let OutgoingRequest { mut headers, body, .. } = outgoing;
    if let Ok(id) = HeaderValue::from_str(context.record.id.as_str()) {
        headers.insert(request_id::HEADER, id);
    }
    // Which of its own versions it speaks, a client of the same dialect says.
    let wire = provider.wire_for(context.record.client.wire);
    let version = (wire == WireFormat::Messages).then(|| headers.remove(ANTHROPIC_VERSION)).flatten();
    provider.upstream.add_head_defaults(&mut headers);
    if let Some(version) = version {
        headers.insert(ANTHROPIC_VERSION, version);
    }
    let mut request = Request::new(provider.last_body(wire, body));
    let (method, uri) = match context.asks_for_stored() {
        Some((method, id)) => (method.clone(), provider.stored_uri(id).ok_or(Refusal::Internal)?),
        None => (Method::POST, target.uris.of(context.ask.call.operation, wire, context.ask.streaming)),
    };
    *request.method_mut() = method;
    *request.uri_mut() = uri;
    *request.headers_mut() = headers;
    Ok(request)
}
