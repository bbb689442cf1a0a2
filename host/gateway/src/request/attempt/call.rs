//! One call of a provider: the request goes out, and what comes back is looked at. It owns what it needs, so that it can go on
//! without whoever made it.

use super::translated;
use crate::request::context::RequestContext;
use crate::request::receive::{self, AnswerTranslation, ExpectedAnswer, Received};
use crate::request::waits::{WaitedFor, Waits};
use crate::worker::provider::Provider;
use crate::worker::{SnapshotHandle, Worker};
use bytes::Bytes;
use http::Request;
use std::cell::Cell;
use std::pin::pin;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Instant;
use weir_dialect::DialectCall;
use weir_dialect::translate::WirePair;
use weir_upstream::{AttemptFailure, Deadlines, Ticket, Upstream};

/// Whom to call, and what is expected.
pub(super) struct ProviderCall {
    worker: Rc<Worker>,
    held: Rc<SnapshotHandle>,
    /// The provider's index in the snapshot.
    provider: usize,
    upstream: Arc<Upstream>,
    call: DialectCall,
    streaming: bool,
    choices: u64,
    deadlines: Deadlines,
    is_stored: bool,
    translation: Option<Box<AnswerTranslation>>,
}

/// Why there is nothing to relay.
pub(super) enum CallFailure {
    /// The upstream had closed a connection that was kept, and has not seen the request: it is no other attempt.
    Stale,
    Failed(AttemptFailure),
}

impl ProviderCall {
    /// A call of the provider with this index.
    pub(super) fn new(
        context: &RequestContext,
        (index, provider): (usize, &Provider),
        deadlines: Deadlines,
        pair: Option<WirePair>,
    ) -> Self {
        Self {
            worker: context.worker(),
            held: Rc::clone(&context.record.held),
            provider: index,
            upstream: Arc::clone(&provider.upstream),
            // What it becomes, whatever the provider speaks.
            call: context.ask.call,
            streaming: context.ask.streaming,
            choices: context.ask.choices,
            deadlines,
            is_stored: context.asks_for_stored().is_some(),
            translation: pair.map(|pair| Box::new(translated::answers(context, pair))),
        }
    }

    /// Makes it, on a fresh connection if need be, and tells whoever settles it how that goes. `begun` says meanwhile whether the
    /// request is on a connection.
    pub(super) async fn make(
        &self,
        (waits, ticket): (&mut Waits, &mut Ticket),
        mut request: Request<Bytes>,
        is_fresh: bool,
        begun: Option<&Cell<bool>>,
    ) -> Result<Received, CallFailure> {
        let Self { worker, upstream, deadlines, .. } = self;
        ticket.add_key(request.headers_mut());
        let asked = Instant::now();
        ticket.sent(asked);
        waits.begin(WaitedFor::Upstream, asked);
        let sent = match (begun, is_fresh) {
            (None, false) => pin!(worker.pool.send(upstream, request, *deadlines)).await,
            (None, true) => Box::pin(worker.pool.send_fresh(upstream, request, *deadlines)).await,
            (Some(begun), _) => {
                Box::pin(worker.pool.send_watched(upstream, request, *deadlines, is_fresh, begun)).await
            }
        };
        let took = asked.elapsed();
        waits.end_at(asked + took);
        match sent {
            Ok(response) => {
                ticket.answered(took);
                match pin!(receive::receive(&self.expected(), response, waits)).await {
                    Ok(received) => {
                        ticket.key_answered(received.status);
                        Ok(received)
                    }
                    Err(failure) => Err(CallFailure::Failed(ticket.judge_key(failure))),
                }
            }
            Err(error) if error.is_stale() && !is_fresh => Err(CallFailure::Stale),
            Err(error) => Err(CallFailure::Failed(error.decide())),
        }
    }

    fn expected(&self) -> ExpectedAnswer<'_> {
        ExpectedAnswer {
            call: self.call,
            streaming: self.streaming,
            choices: self.choices,
            limits: &self.held.snapshot.config.limits,
            memory: &self.worker.shared.response_memory,
            shapes: self.held.shapes.get(self.provider).filter(|_| self.translation.is_none()),
            first_byte: self.deadlines.first_byte,
            upstream: &self.upstream,
            is_stored: self.is_stored,
            translation: self.translation.as_deref(),
        }
    }
}
