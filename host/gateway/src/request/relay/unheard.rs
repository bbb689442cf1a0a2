//! Answers that come when their client has left: what they used is settled, and nothing of them goes anywhere.

use super::{served, stream};
use crate::request::attempt::UpstreamAnswer;
use crate::request::context::RequestContext;
use crate::request::receive::{Received, ReceivedContent};
use crate::worker::UnheardEnd;
use std::future::Future;
use std::pin::Pin;

/// Reads such an answer to its end.
pub(crate) fn unheard(
    mut context: RequestContext,
    answered: UpstreamAnswer,
) -> Pin<Box<dyn Future<Output = UnheardEnd>>> {
    let UpstreamAnswer { received, provider, ticket, .. } = answered;
    let Received { status, content, .. } = received;
    context.record.ticket = Some(ticket);
    Box::pin(async move {
        match content {
            ReceivedContent::Stream(opening) => stream::unheard(context, *opening, provider).await,
            ReceivedContent::Whole { reading, .. } => {
                // What is said against a request is no answer.
                served(&mut context.record, reading.as_ref().filter(|_| status.is_success()));
                UnheardEnd::Whole
            }
        }
    })
}
