//! A request's record: everything that must be settled once, however it ends. The journey owns it until there is an answer,
//! from then on the response body, until its last byte was sent.

use crate::request::language::ClientLanguage;
use crate::request::request_id::RequestId;
use crate::request::waits::{AllWaits, WaitedFor, Waits};
use crate::telemetry::figures::{RequestCounters, UNKNOWN};
use crate::telemetry::stats::BodyOutcome;
use crate::worker::{SnapshotHandle, Worker};
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};
use weir_ledger::{EndReason, Permit, Price, Provenance, Tokens};
use weir_net::{ByteShare, InFlight};
use weir_sandbox::{Chain, Exchange, ObservedProvenance, Outcome};
use weir_server::Settle;
use weir_tenancy::{Seat, Tenant};
use weir_upstream::{AttemptVerdict, Ticket};
use weir_usage::Usage;

/// What the client sees of a request that it left.
const CLIENT_GONE: u16 = 499;

/// The record. Dropping it settles it: the seat is free, the ledger's permit closed, figures and observers told. Unless
/// the last byte was [`sent`](Settle::sent), or the gateway itself [`cut`](Record::cut) the answer, that says that the
/// client has left.
#[derive(Debug)]
pub(crate) struct Record {
    worker: Rc<Worker>,
    /// The generation that serves the request stays alive as long as the request.
    pub(crate) held: Rc<SnapshotHandle>,
    pub(crate) id: RequestId,
    /// What the client is answered in.
    pub(crate) client: ClientLanguage,
    pub(crate) tenant: Arc<str>,
    pub(crate) started: Instant,
    pub(crate) seat: Option<Seat>,
    /// The ledger's, while the request may cost something that is not settled.
    permit: Option<Permit>,
    /// What the answer that is relayed will say of whom it is from.
    pub(crate) ticket: Option<Ticket>,
    /// What plugins see and change of the request: with them while they run, and back however that ends.
    pub(crate) exchange: Option<Box<Exchange>>,
    pub(crate) attempts: u32,
    /// What the provider that answers was not told, for it has nothing for it.
    pub(crate) dropped: Option<Box<str>>,
    /// What it is told of tokens is an estimate of the gateway's.
    pub(crate) estimated: bool,
    /// What its body and its whole answer hold of the memory for all of them, where that is counted.
    pub(crate) request_memory: Option<ByteShare>,
    pub(crate) response_memory: Option<ByteShare>,
    /// Time spent waiting, which is not the gateway's own.
    pub(crate) waits: Waits,
    pub(crate) observers: Option<Arc<Chain>>,
    /// The indices of tenant and model in the configuration, as far as they are known.
    indices: (u32, u32),
    counters: Rc<RequestCounters>,
    /// The status of the head that goes to the client.
    status: u16,
    code: Option<Arc<str>>,
    first_byte: Option<Duration>,
    /// How the body ended, once that is known.
    ended: Option<BodyOutcome>,
    /// What the ledger keeps, where it is neither the end nor the client's leaving.
    reason: Option<EndReason>,
    /// Its place among all that are in flight.
    place: Option<InFlight>,
    /// The provider that is asked is to be read to its end, whether the client stays or not.
    pub(crate) reads_on: bool,
    /// Where it is read on for a client that has left.
    left: Option<Box<LeftClient>>,
    /// Somebody else has taken over what is to be settled.
    is_spent: bool,
}

/// A client that has left an answer which is read on.
#[derive(Debug)]
struct LeftClient {
    at: Instant,
    waits: AllWaits,
}

impl Record {
    pub(crate) fn new(
        worker: &Rc<Worker>,
        held: Rc<SnapshotHandle>,
        (id, client): (RequestId, ClientLanguage),
        started: Instant,
        place: Option<InFlight>,
    ) -> Self {
        let counters = held.figures.nobody();
        counters.requests.in_flight.fetch_add(1, Ordering::Relaxed);
        Self {
            worker: Rc::clone(worker),
            held,
            id,
            client,
            tenant: worker.empty(),
            started,
            seat: None,
            permit: None,
            ticket: None,
            exchange: None,
            attempts: 0,
            dropped: None,
            estimated: false,
            request_memory: None,
            response_memory: None,
            waits: Waits::default(),
            observers: None,
            indices: (UNKNOWN, UNKNOWN),
            counters,
            status: CLIENT_GONE,
            code: None,
            first_byte: None,
            ended: None,
            reason: None,
            place,
            reads_on: false,
            left: None,
            is_spent: false,
        }
    }

    /// All that is to be settled, for whoever reads on; nothing is left to settle here.
    pub(crate) fn hand_over(&mut self) -> Self {
        let mut spent =
            Self::new(&self.worker, Rc::clone(&self.held), (self.id.clone(), self.client), self.started, None);
        spent.counters.requests.in_flight.fetch_sub(1, Ordering::Relaxed);
        spent.is_spent = true;
        std::mem::replace(self, spent)
    }

    pub(crate) fn worker(&self) -> &Rc<Worker> {
        &self.worker
    }

    /// From now on it is known whose request it is.
    pub(crate) fn identified(&mut self, tenant: &Tenant) {
        self.tenant = Arc::clone(&tenant.name);
        self.indices.0 = u32::try_from(tenant.index).unwrap_or(UNKNOWN);
    }

    /// From now on the request counts for its tenant and this model, by its index in the configuration.
    pub(crate) fn asks_for(&mut self, model: usize, name: &str) {
        self.indices.1 = u32::try_from(model).unwrap_or(UNKNOWN);
        let counters = self.held.figures.of(self.indices, (&self.tenant, name));
        self.counters.requests.in_flight.fetch_sub(1, Ordering::Relaxed);
        counters.requests.in_flight.fetch_add(1, Ordering::Relaxed);
        self.counters = counters;
    }

    /// The request is about to be sent to a provider, told by its index and its name, and is chargeable from then on:
    /// takes the ledger's permit for it, unless one that is not settled is there, and says what is asked, in tokens.
    pub(crate) fn charge(&mut self, provider: (usize, &str), model: &str, price: Price, input_tokens: u64) {
        let Self { held, tenant, indices, permit, .. } = self;
        let permit = permit.get_or_insert_with(|| {
            let indices = (indices.0, indices.1, u32::try_from(provider.0).unwrap_or(UNKNOWN));
            held.figures.account(indices, (tenant, model, provider.1)).permit(price)
        });
        permit.asked(input_tokens);
    }

    /// Counts that it is refused.
    pub(crate) fn count_refusal(&self, code: &str, chosen: bool) {
        self.held.figures.refusal(self.indices.0, &self.tenant, code, chosen);
    }

    /// The response's head is ready, and goes out with this status.
    pub(crate) fn head_ready(&mut self, status: u16) {
        self.status = status;
        self.first_byte = Some(self.started.elapsed());
    }

    /// Usage that the provider reported.
    pub(crate) fn report(&mut self, usage: Usage) {
        if let Some(permit) = &mut self.permit {
            permit.report(usage);
        }
    }

    /// Text that was relayed, for an estimate should nobody report.
    pub(crate) fn progress(&mut self, bytes: usize) {
        if let Some(permit) = &mut self.permit {
            permit.progress(bytes as u64);
        }
    }

    /// The answer that is relayed has come to its end, of one kind or another: this is what that says of whom it is
    /// from. Nothing, where the end is not its doing.
    pub(crate) fn judge(&mut self, verdict: Option<AttemptVerdict>) {
        if let Some((ticket, verdict)) = self.ticket.take().zip(verdict) {
            ticket.settle(verdict);
        }
    }

    /// Another attempt than the first was answered.
    pub(crate) fn failed_over(&self) {
        self.counters.requests.failed_over.fetch_add(1, Ordering::Relaxed);
    }

    /// The upstream refused: there is nothing that anybody would charge.
    pub(crate) fn spent_nothing(&mut self) {
        if let Some(permit) = self.permit.take() {
            permit.void();
        }
    }

    /// Counts so many bytes of the answer, at once in memory, until it was sent; false if there is no room for them.
    pub(crate) fn hold_answer(&mut self, bytes: usize) -> bool {
        let shared = &self.worker.shared;
        let memory = self.response_memory.get_or_insert_with(|| shared.response_memory.share());
        memory.grow_to(bytes, self.held.snapshot.config.limits.response_memory)
    }

    /// The answer is one of the gateway's own: from here on the request holds neither its seat nor its place among those
    /// in flight, however long the client takes for the answer.
    pub(crate) fn leave(&mut self) {
        drop((self.seat.take(), self.place.take()));
    }

    /// The client has left, and the answer is read on: from here on the request holds neither its seat nor its place, and none
    /// of its time is counted.
    pub(crate) fn client_left(&mut self) {
        if self.left.is_some() {
            return;
        }
        self.leave();
        let (at, waits) = self.closed_waits();
        self.left = Some(Box::new(LeftClient { at, waits }));
        self.ended.get_or_insert(BodyOutcome::ClientGone);
        self.counters.requests.in_flight.fetch_sub(1, Ordering::Relaxed);
    }

    /// The time, and what was waited for until now.
    fn closed_waits(&mut self) -> (Instant, AllWaits) {
        let now = Instant::now();
        if let Some(exchange) = &self.exchange {
            self.waits.set_callouts(exchange.waited);
        }
        (now, std::mem::take(&mut self.waits).close(now))
    }

    /// The request ends in a refusal.
    pub(crate) fn refused(&mut self, code: &str, reason: EndReason) {
        self.code = Some(code.into());
        self.reason = Some(reason);
    }

    /// The gateway breaks off an answer whose head has gone out, for this reason.
    pub(crate) fn cut(&mut self, code: &str, reason: EndReason) {
        self.refused(code, reason);
        self.ended = Some(BodyOutcome::Cut);
    }

    /// How the body ended. Whoever drops the record unsettled has lost the client, unless it is the end of the drain that
    /// drops everything.
    fn end(&self) -> BodyOutcome {
        let lost = || if self.worker.is_over() { BodyOutcome::Cut } else { BodyOutcome::ClientGone };
        self.ended.unwrap_or_else(lost)
    }

    fn outcome(&self, status: u16, tokens: &Tokens, duration: Duration) -> Outcome {
        let us = |d: Duration| u64::try_from(d.as_micros()).unwrap_or(u64::MAX);
        Outcome {
            status,
            code: self.code.clone(),
            attempts: self.attempts,
            input_tokens: tokens.input,
            output_tokens: tokens.output,
            provenance: match tokens.provenance() {
                Provenance::Reported => ObservedProvenance::Reported,
                Provenance::Partial => ObservedProvenance::Partial,
                Provenance::Estimated => ObservedProvenance::Estimated,
                Provenance::None => ObservedProvenance::None,
            },
            duration_us: us(duration),
            first_byte_us: us(self.first_byte.unwrap_or(duration)),
        }
    }

    fn settle(&mut self) {
        // First, for who has seen the last byte may ask again at once.
        self.leave();
        let ended = self.end();
        let left = self.left.take();
        if left.is_none() && (ended != BodyOutcome::Complete || self.code.is_some()) && self.worker.is_over() {
            self.worker.shared.cut.fetch_add(1, Ordering::Relaxed);
        }
        let (status, reason) = match ended {
            BodyOutcome::Complete => (self.status, self.reason.unwrap_or(EndReason::Completed)),
            BodyOutcome::Cut => (self.status, self.reason.unwrap_or(EndReason::GatewayFailed)),
            BodyOutcome::ClientGone => (CLIENT_GONE, self.reason.unwrap_or(EndReason::ClientGone)),
        };
        let tokens = self.permit.take().map(|permit| permit.close(reason)).unwrap_or_default();
        let (now, waits) = match left {
            Some(left) => (left.at, left.waits),
            None => {
                self.counters.requests.in_flight.fetch_sub(1, Ordering::Relaxed);
                self.closed_waits()
            }
        };
        let duration = now.saturating_duration_since(self.started);
        if self.indices.0 != UNKNOWN && self.indices.1 == UNKNOWN {
            // It is known whose it was, and it ended before it was known what was asked.
            self.counters = self.held.figures.of(self.indices, (&self.tenant, ""));
        }
        self.counters.requests.ended(status, ended);
        self.counters.requests.waited(&waits);
        self.counters.times.duration.record(duration);
        if ended == BodyOutcome::Complete {
            // Of one that was cut short, the gateway's own share is that of no whole answer.
            self.counters.times.overhead.record(duration.saturating_sub(waits.sum()));
        }
        if let Some(first) = self.first_byte {
            self.counters.times.first_byte.record(first);
        }
        if let (Some(chain), Some(exchange)) = (self.observers.take(), self.exchange.take()) {
            let outcome = Arc::new(self.outcome(status, &tokens, duration));
            self.worker.observe(chain, exchange, outcome, &self.held);
        }
    }
}

impl Settle for Record {
    fn awaits_client(&mut self, since: Instant) {
        self.waits.turn_to(WaitedFor::Client, since);
    }

    fn sent(mut self: Box<Self>) {
        self.ended.get_or_insert(BodyOutcome::Complete);
    }
}

impl Drop for Record {
    fn drop(&mut self) {
        if !self.is_spent {
            self.settle();
        }
    }
}
