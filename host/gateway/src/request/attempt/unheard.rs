//! Calls of providers that are read on (`on_client_gone`): where the client leaves before there is an answer, the call goes on
//! without the journey that made it.

use super::answered::{AnswerPlace, ReadUnheard, UpstreamAnswer};
use super::call::{CallFailure, ProviderCall};
use crate::request::context::RequestContext;
use crate::request::receive::Received;
use crate::request::unheard;
use crate::request::waits::{WaitedFor, Waits};
use crate::worker::UnheardEnd;
use crate::worker::provider::Provider;
use crate::worker::snapshot::Target;
use bytes::Bytes;
use http::{HeaderValue, Request};
use std::cell::Cell;
use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::rc::Rc;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Instant;
use weir_upstream::{RetryDecision, Ticket};

/// What a call comes to: who is to be told how it went, what was waited for, and what came.
type CallOutcome = (Ticket, Waits, Result<Received, CallFailure>);

/// A call while its client waits. Dropped before it is ready, the client has left: it is read on then, if the request is on a
/// connection.
struct AwaitedCall<'a> {
    context: &'a mut RequestContext,
    who: (&'a Target, &'a Provider),
    unheard: ReadUnheard,
    call: Option<Pin<Box<dyn Future<Output = CallOutcome>>>>,
    begun: Rc<Cell<bool>>,
}

/// Makes a call that outlives its client.
pub(super) async fn make(
    context: &mut RequestContext,
    who: (&Target, &Provider),
    call: ProviderCall,
    (mut ticket, place): (Ticket, &AnswerPlace),
    (request, is_fresh): (Request<Bytes>, bool),
) -> (Ticket, Result<Received, CallFailure>) {
    let begun = Rc::new(Cell::new(false));
    let told = Rc::clone(&begun);
    let call = Box::pin(async move {
        let mut waits = Waits::default();
        let came = pin!(call.make((&mut waits, &mut ticket), request, is_fresh, Some(&told))).await;
        (ticket, waits, came)
    });
    context.record.waits.begin(WaitedFor::Upstream, Instant::now());
    let mut awaited = AwaitedCall { context, who, unheard: place.unheard, call: Some(call), begun };
    let (ticket, waits, came) = poll_fn(|cx| awaited.poll(cx)).await;
    awaited.context.record.waits.take_over(waits);
    (ticket, came)
}

impl AwaitedCall<'_> {
    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<CallOutcome> {
        let Some(call) = &mut self.call else { return Poll::Pending };
        let polled = call.as_mut().poll(cx);
        if polled.is_ready() {
            self.call = None;
        }
        polled
    }
}

impl Drop for AwaitedCall<'_> {
    fn drop(&mut self) {
        let Some(call) = self.call.take().filter(|_| self.begun.get() && !std::thread::panicking()) else { return };
        let (target, provider) = self.who;
        let limit = self.context.snapshot().config.limits.drains;
        let worker = self.context.worker();
        let who = (target.label.clone(), Arc::clone(&provider.name));
        let (context, unheard) = (self.context.left_behind(), self.unheard);
        unheard::read_on(&worker, limit, Box::pin(to_its_end(context, who, call, unheard)));
    }
}

/// Waits for what a call comes to. Nobody else is asked, and what is settled is what the provider says.
async fn to_its_end(
    mut context: RequestContext,
    (label, provider): (HeaderValue, Arc<str>),
    mut call: Pin<Box<dyn Future<Output = CallOutcome>>>,
    unheard: ReadUnheard,
) -> UnheardEnd {
    let worker = context.worker();
    let Some((ticket, _, came)) = worker.until_over(pin!(&mut call)).await else { return UnheardEnd::Cut };
    let failure = match came {
        Ok(received) => {
            ticket.relaying();
            return unheard(context, UpstreamAnswer { received, label, provider, ticket }).await;
        }
        Err(CallFailure::Failed(failure)) => Some(failure),
        Err(CallFailure::Stale) => None,
    };
    let is_spent = failure.as_ref().is_some_and(|failure| failure.retry == RetryDecision::Never);
    if let Some(verdict) = failure.and_then(|failure| failure.health) {
        ticket.settle(verdict);
    }
    if !is_spent {
        context.record.spent_nothing();
    }
    UnheardEnd::Cut
}
