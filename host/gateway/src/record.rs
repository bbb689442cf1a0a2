//! A request's record: everything that must be settled once, however it ends. The response body owns it.

use crate::figures::{Counters, UNKNOWN};
use crate::gate::Place;
use crate::request_id::RequestId;
use crate::worker::{Held, Worker};
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};
use weir_dialect::Usage;
use weir_ledger::{Account, Entry, Provenance, Reason, Report, Tokens};
use weir_sandbox::{About, Chain, Exchange, ObservedProvenance, Outcome};
use weir_tenancy::{Seat, Tenant};
use weir_upstream::{Ticket, Verdict};

/// What the client sees of a request that it left.
const CLIENT_GONE: u16 = 499;

/// The record. Dropping it settles it: the seat is free, the ledger's entry closed, figures and observers told.
#[derive(Debug)]
pub(crate) struct Record {
    worker: Rc<Worker>,
    /// The generation that serves the request stays alive as long as the request.
    pub(crate) held: Rc<Held>,
    pub(crate) id: RequestId,
    pub(crate) tenant: Arc<str>,
    pub(crate) started: Instant,
    pub(crate) seat: Option<Seat>,
    pub(crate) entry: Option<Entry>,
    /// What the answer that is relayed will say of whom it is from.
    pub(crate) ticket: Option<Ticket>,
    /// What plugins see and change of the request: with them while they run, here otherwise.
    pub(crate) lent: Option<Box<Exchange>>,
    pub(crate) attempts: u32,
    /// Time spent waiting for upstreams, which is not the gateway's own.
    pub(crate) waited: Duration,
    pub(crate) observers: Option<(Arc<Chain>, Arc<About>)>,
    /// The places of tenant and model in the configuration, as far as they are known.
    places: (u32, u32),
    counters: Rc<Counters>,
    status: u16,
    code: Option<Arc<str>>,
    first_byte: Option<Duration>,
    whole: bool,
    reason: Reason,
    _place: Place,
}

impl Record {
    pub(crate) fn new(worker: &Rc<Worker>, held: Rc<Held>, id: RequestId, started: Instant, place: Place) -> Self {
        let counters = held.figures.nobody();
        counters.requests.in_flight.fetch_add(1, Ordering::Relaxed);
        Self {
            worker: Rc::clone(worker),
            held,
            id,
            tenant: worker.empty(),
            started,
            seat: None,
            entry: None,
            ticket: None,
            lent: None,
            attempts: 0,
            waited: Duration::ZERO,
            observers: None,
            places: (UNKNOWN, UNKNOWN),
            counters,
            status: CLIENT_GONE,
            code: None,
            first_byte: None,
            whole: false,
            reason: Reason::ClientGone,
            _place: place,
        }
    }

    pub(crate) fn worker(&self) -> &Rc<Worker> {
        &self.worker
    }

    /// From now on it is known whose request it is.
    pub(crate) fn identified(&mut self, tenant: &Tenant) {
        self.tenant = Arc::clone(&tenant.name);
        self.places.0 = u32::try_from(tenant.index).unwrap_or(UNKNOWN);
    }

    /// From now on the request counts for its tenant and this model, by its place among the models.
    pub(crate) fn asks_for(&mut self, model: usize, name: &str) {
        self.places.1 = u32::try_from(model).unwrap_or(UNKNOWN);
        let counters = self.held.figures.of(self.places, (&self.tenant, name));
        self.counters.requests.in_flight.fetch_sub(1, Ordering::Relaxed);
        counters.requests.in_flight.fetch_add(1, Ordering::Relaxed);
        self.counters = counters;
    }

    /// Where the ledger keeps what the request costs at a provider, by its place among the providers.
    pub(crate) fn account(&self, provider: usize, model: &str, name: &str) -> Account {
        let places = (self.places.0, self.places.1, u32::try_from(provider).unwrap_or(UNKNOWN));
        self.held.figures.account(places, (&self.tenant, model, name))
    }

    /// Counts that it is refused.
    pub(crate) fn count_refusal(&self, code: &str, chosen: bool) {
        self.held.figures.refusal(self.places.0, &self.tenant, code, chosen);
    }

    /// The response's head is ready: this is what the gateway took for it.
    pub(crate) fn head_ready(&mut self) {
        let elapsed = self.started.elapsed();
        self.first_byte = Some(elapsed);
        self.counters.times.overhead.record(elapsed.saturating_sub(self.waited));
    }

    /// Usage that the provider reported.
    pub(crate) fn report(&mut self, usage: Usage) {
        if let Some(entry) = &mut self.entry {
            let Usage { input, output, total, cached_input, reasoning } = usage;
            entry.report(Report { input, output, total, cached_input, reasoning });
        }
    }

    /// Text that was relayed, for an estimate should nobody report.
    pub(crate) fn progress(&mut self, bytes: usize) {
        if let Some(entry) = &mut self.entry {
            entry.progress(bytes as u64);
        }
    }

    /// The answer that is relayed has come to its end, of one kind or another: this is what that says of whom it is
    /// from. Nothing, where the end is not its doing.
    pub(crate) fn judge(&mut self, verdict: Option<Verdict>) {
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
        if let Some(entry) = self.entry.take() {
            entry.void(Reason::UpstreamFailed);
        }
    }

    /// The response is here as a whole: with its head its body is handed over, too.
    pub(crate) fn whole_ready(&mut self) {
        self.head_ready();
        self.whole = true;
    }

    /// The response went out to its last byte.
    pub(crate) fn complete(&mut self, status: u16) {
        self.status = status;
        self.reason = Reason::Completed;
    }

    /// The request ended in a refusal.
    pub(crate) fn refused(&mut self, status: u16, code: &str, reason: Reason) {
        self.status = status;
        self.code = Some(code.into());
        self.reason = reason;
    }

    fn outcome(&self, tokens: &Tokens, duration: Duration) -> Outcome {
        let us = |d: Duration| u64::try_from(d.as_micros()).unwrap_or(u64::MAX);
        Outcome {
            status: self.status,
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
        let tokens = self.entry.take().map(|entry| entry.close(self.reason).tokens).unwrap_or_default();
        self.counters.requests.in_flight.fetch_sub(1, Ordering::Relaxed);
        if self.places.0 != UNKNOWN && self.places.1 == UNKNOWN {
            // It is known whose it was, and it ended before it was known what was asked.
            self.counters = self.held.figures.of(self.places, (&self.tenant, ""));
        }
        self.counters.requests.status(self.status);
        let duration = self.first_byte.filter(|_| self.whole).unwrap_or_else(|| self.started.elapsed());
        self.counters.times.duration.record(duration);
        if let Some(first) = self.first_byte {
            self.counters.times.first_byte.record(first);
        }
        if let Some((chain, about)) = self.observers.take() {
            let outcome = Arc::new(self.outcome(&tokens, duration));
            // A client that left while a plugin had the exchange took it along.
            let lent = self.lent.take().unwrap_or_else(|| Box::new(Exchange::bare(about)));
            self.worker.observe(chain, lent, outcome, &self.held);
        }
    }
}

impl Drop for Record {
    fn drop(&mut self) {
        self.settle();
    }
}
