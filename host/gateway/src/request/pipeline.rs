//! The journey of a request, from its head to the last byte of its answer: one function, read top to bottom.
//!
//! Every endpoint takes this way. What differs between dialects is in `weir-dialect`, and in the few places that
//! docs/architecture.md names ("Where a dialect is added"). Whatever must be settled at the end is in the [`Record`]: this
//! future owns it until there is an answer, whose body owns it from then on.

use crate::request::attempt::{self, AnswerPlace};
use crate::request::context::RequestContext;
use crate::request::gateway_headers::GatewayResponse;
use crate::request::language::ClientLanguage;
use crate::request::read::AskedRequest;
use crate::request::record::Record;
use crate::request::refusal::Refusal;
use crate::request::signed::SentBody;
use crate::request::{cors, plan, read, read_body, relay, respond, route, signed, stored, token};
use crate::worker::snapshot::{Model, Snapshot};
use crate::worker::{SnapshotHandle, Worker};
use bytes::Bytes;
use http::HeaderMap;
use http::request::Parts;
use std::pin::{Pin, pin};
use std::rc::Rc;
use std::sync::Arc;
use std::time::{Duration, Instant};
use weir_dialect::{ApiCall, ApiPath, Document};
use weir_http::head::InvalidHead;
use weir_sandbox::{About, Chain, Exchange, Facts, HookKind};
use weir_server::{IncomingRequest, RequestBody};
use weir_tenancy::{Caller, Denied, Seat};

/// How long who finds no seat waits before it looks again, one time after the other.
const MOMENTS: [Duration; 4] =
    [Duration::from_millis(5), Duration::from_millis(10), Duration::from_millis(20), Duration::from_millis(40)];

/// Answers a request, with a model's answer or with a refusal.
pub(crate) async fn journey(
    worker: &Rc<Worker>,
    held: Rc<SnapshotHandle>,
    asked: IncomingRequest<'_>,
) -> GatewayResponse {
    let started = Instant::now();
    let IncomingRequest { parts, body, valid } = asked;
    let id = worker.ids.of(&parts.headers, started);
    let uri = parts.uri.clone();
    let path = ApiPath::find(uri.path());
    let client = ClientLanguage::of(path.as_ref(), uri.query(), &parts.headers);
    let place = worker.admit(held.snapshot.config.limits.in_flight);
    let full = place.is_none();
    let mut record = Box::new(Record::new(worker, held, (id, client), started, place));
    if full {
        // One hash, so that it is known who is turned away.
        if let Ok(caller) = record.held.snapshot.tenants.identify(token::of(&parts.headers, uri.query())) {
            record.identified(&caller.tenant);
        }
        return respond::refuse(Refusal::Overloaded, record);
    }
    // What comes of a step is put in its place by the step: handed out, it would be copied at every layer.
    let mut way = None;
    let asked = (path.as_ref(), uri.query());
    let read = { in_time(worker, pin!(travel(&mut record, (asked, parts), body, valid, &mut way))).await };
    if let Err(refusal) = read {
        return respond::refuse(refusal, record);
    }
    match way {
        Some(FirstHalf::Answered(response)) => respond::whole(response, record),
        Some(FirstHalf::Told(headers)) => respond::empty(headers, record),
        Some(FirstHalf::Read(read)) => {
            let FirstRead { caller, chain, model, asked: AskedRequest { ask, body, view, stored } } = read;
            let mut context = RequestContext { record, caller, chain, ask, model, body, view, stored };
            let mut answered = AnswerPlace { answer: None, unheard: relay::unheard };
            // Pinned where they are made, for a future that is awaited by value may be copied twice on its way there.
            let decided = { in_time(worker, pin!(decide(&mut context, &mut answered))).await };
            if let Err(refusal) = decided {
                return respond::refuse(refusal, context.record);
            }
            let Some(answered) = answered.answer else { return respond::refuse(Refusal::Internal, context.record) };
            match relay::relay(context, answered) {
                Ok(answer) => answer,
                Err(hooked) => pin!(hooked.run()).await,
            }
        }
        None => respond::refuse(Refusal::Internal, record),
    }
}

/// Waits for a step, until the end of the drain is over.
async fn in_time<F: Future<Output = Result<(), Refusal>>>(worker: &Worker, step: Pin<&mut F>) -> Result<(), Refusal> {
    match worker.until_over(step).await {
        Some(done) => done,
        None => Err(Refusal::ShuttingDown),
    }
}

/// How far the first half of the journey went.
enum FirstHalf {
    /// There was nothing to ask of a model.
    Answered(Bytes),
    /// A web page wanted to know whether it may ask.
    Told(HeaderMap),
    /// A model is to be asked.
    Read(FirstRead),
}

/// A request that has been read.
struct FirstRead {
    caller: Caller,
    chain: Arc<Chain>,
    model: usize,
    asked: AskedRequest,
}

/// 1 validate, 2 identify, 3 admit, 4 read.
async fn travel(
    record: &mut Record,
    ((path, query), parts): ((Option<&ApiPath<'_>>, Option<&str>), &mut Parts),
    body: RequestBody,
    valid: Result<(), InvalidHead>,
    way: &mut Option<FirstHalf>,
) -> Result<(), Refusal> {
    let held = Rc::clone(&record.held);
    let snapshot = &*held.snapshot;

    valid.map_err(|rule| route::invalid(rule, path))?;
    if let Some(headers) = cors::preflight(&snapshot.config.cors, path, parts) {
        *way = Some(FirstHalf::Told(headers));
        return Ok(());
    }
    let call = route::called(path, parts)?;

    let mut body = SentBody::ToCome(body);
    let caller = if signed::is_signed(record.client, &parts.headers) {
        Box::pin(signed::prove(record, parts, &mut body)).await?
    } else {
        snapshot.tenants.identify(token::of(&parts.headers, query)).map_err(Refusal::Denied)?
    };
    record.identified(&caller.tenant);
    if snapshot.via.has_seen(&parts.headers) {
        return Err(Refusal::Loop);
    }
    if snapshot.is_closed(&caller.tenant) {
        return Err(Refusal::TenantClosed);
    }
    match call {
        ApiCall::Ask(_) | ApiCall::Count(_) | ApiCall::Stored(_) => {}
        ApiCall::Models => {
            *way = Some(FirstHalf::Answered(snapshot.list(&caller, record.client.wire)));
            return Ok(());
        }
        ApiCall::Model(name) => {
            let shown = snapshot.show(&caller, name, record.client.wire);
            *way = Some(FirstHalf::Answered(shown.ok_or_else(|| unknown_model(name))?));
            return Ok(());
        }
    }

    // Before the body is polled: a client without a seat is not even told to continue uploading.
    let seat = match caller.admit(record.started) {
        Err(denied @ Denied::TooManyConcurrent { .. }) => Box::pin(look_again(&caller, record.started, denied)).await,
        seat => seat,
    };
    record.seat = Some(seat.map_err(Refusal::Denied)?);

    let body = match body {
        SentBody::ToCome(body) => read_body::whole(&mut parts.headers, body, &snapshot.config.limits, record).await?,
        SentBody::Read(bytes) => bytes,
        SentBody::Taken => return Err(Refusal::Internal),
    };
    let asked = read::read(record, &caller, (call, &parts.method), body)?;
    let (index, model) = count_for_model(record, snapshot, &caller, &asked.ask.model)?;
    if let ApiCall::Count(_) = call {
        record.estimated = true;
        *way = Some(FirstHalf::Answered(read::counted(record.client.wire, &asked.ask)));
        return Ok(());
    }

    let Some(chain) = snapshot.chain(&caller.tenant, record.id.as_str()) else {
        return Err(Refusal::Internal);
    };
    lend(record, (&caller, model, chain), &asked, std::mem::take(&mut parts.headers));
    let chain = Arc::clone(chain);
    *way = Some(FirstHalf::Read(FirstRead { caller, chain, model: index, asked }));
    Ok(())
}

/// A seat that may be free in a moment: whoever has read the last byte of an answer may ask again, of another worker, before
/// the one that sent it has settled. On a machine that has more to do than it can, that takes more than one moment.
async fn look_again(caller: &Caller, started: Instant, mut denied: Denied) -> Result<Seat, Denied> {
    let mut now = started;
    for moment in MOMENTS {
        tokio::time::sleep(moment).await;
        now += moment;
        match caller.admit(now) {
            Err(again @ Denied::TooManyConcurrent { .. }) => denied = again,
            other => return other,
        }
    }
    Err(denied)
}

/// 5 policy, 6 plan, 7 ask.
async fn decide(context: &mut RequestContext, answered: &mut AnswerPlace) -> Result<(), Refusal> {
    let worker = context.worker();
    let chain = Arc::clone(&context.chain);

    if context.asks_for_stored().is_none() && chain.wants(HookKind::Policy, &context.ask.model) {
        // In the room that asking an upstream needs later: a box would cost an allocation and a copy.
        pin!(worker.sandbox.policy(&chain, &mut context.record.exchange)).await?;
        read_again(context)?;
    }

    let mut plan = { pin!(plan::plan(context, &worker, &chain)).await? };
    stored::keep_to(context, &mut plan)?;

    pin!(attempt::ask(context, &worker, &chain, &mut plan, answered)).await
}

/// Checks that the caller may use a model, counts the request for it from now on, and answers its index.
fn count_for_model<'a>(
    record: &mut Record,
    snapshot: &'a Snapshot,
    caller: &Caller,
    name: &str,
) -> Result<(usize, &'a Model), Refusal> {
    let found = snapshot.find(name).and_then(|index| Some((index, snapshot.model(index)?)));
    let found = found.filter(|_| caller.may_use(name));
    let (index, model) = found.ok_or_else(|| unknown_model(name))?;
    record.asks_for(index, &model.name);
    Ok((index, model))
}

fn unknown_model(name: &str) -> Refusal {
    Refusal::ModelNotFound(name.chars().take(128).collect())
}

/// Puts what plugins may see and change of the request with the record.
fn lend(
    record: &mut Record,
    (caller, model, chain): (&Caller, &Model, &Arc<Chain>),
    AskedRequest { ask, body, .. }: &AskedRequest,
    headers: HeaderMap,
) {
    let about = Arc::new(About {
        tenant: Arc::clone(&caller.tenant.name),
        request_id: record.id.own(),
        model: Arc::clone(&model.name),
        dialect: ask.call.contract_name(),
        facts: Facts { streaming: ask.streaming, body_bytes: u32::try_from(body.len()).unwrap_or(u32::MAX) },
    });
    if chain.wants(HookKind::Observe, &ask.model) {
        record.observers = Some(Arc::clone(chain));
    }
    record.exchange = Some(Box::new(Exchange::new(about, headers, Document::accepted(ask.call, body.clone()))));
}

/// After plugins rewrote the request, which was read again behind each of them: what does it ask now, and may the caller
/// ask that?
fn read_again(context: &mut RequestContext) -> Result<(), Refusal> {
    let exchange = context.record.exchange.as_mut().ok_or(Refusal::Internal)?;
    let Some((ask, body)) = exchange.reread.take().map(|reread| *reread) else { return Ok(()) };
    if ask.model != context.ask.model {
        let old = Arc::clone(&exchange.about);
        let held = Rc::clone(&context.record.held);
        let (index, model) = count_for_model(&mut context.record, &held.snapshot, &context.caller, &ask.model)?;
        let about = About { model: Arc::clone(&model.name), ..(*old).clone() };
        let exchange = context.record.exchange.as_mut().ok_or(Refusal::Internal)?;
        exchange.about = Arc::new(about);
        context.model = index;
    }
    context.ask = ask;
    context.body = body;
    Ok(())
}
