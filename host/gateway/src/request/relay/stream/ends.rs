//! How a stream ends that does not end with its marker, and what its upstream's failures come to.

use super::{Stream, StreamEnd};
use crate::request::receive::{AnswerFault, EventFault};
use crate::request::refusal::Refusal;
use weir_dialect::Leftover;
use weir_server::StreamSender;
use weir_upstream::AttemptFailure;

impl Stream {
    /// What is left where the transport ends without the end marker. Half an event goes nowhere: whatever was sent behind
    /// it would become part of it.
    pub(super) async fn transport_ended(&mut self) -> Result<(), StreamEnd> {
        let mut broken_off = false;
        while let Some(event) = self.reader.finish(true).map_err(|fault| self.unread(fault))? {
            if event.is_whole() || self.decoder.leftover(&event) != Leftover::Half {
                let mut batch = Vec::new();
                let (event, decoded) = self.decode(event.closed());
                self.take(&event, decoded, &mut batch).await?;
                self.through_stages(batch, false).await?;
            } else {
                broken_off |= !event.is_blank();
            }
        }
        match (self.decoder.is_whole(), broken_off) {
            (true, false) => Ok(()),
            (false, false) => Err(StreamEnd::Refused(self.failed_in_its_words("nothing"))),
            (_, true) => Err(StreamEnd::Refused(self.failed(AttemptFailure::broken()))),
        }
    }

    /// The upstream has said all that it says, and that is no whole answer. Where it is none at all, but `what` in place of
    /// one, it costs nothing, as if that had been seen before the stream began.
    pub(super) fn failed_in_its_words(&mut self, what: &'static str) -> Refusal {
        if self.decoder.is_answered() {
            return self.failed(AttemptFailure::broken());
        }
        self.context.record.spent_nothing();
        self.failed(AttemptFailure::no_answer(what))
    }

    /// What is left where the transport breaks: the end marker may lack no more than its blank line.
    pub(super) async fn transport_broke(&mut self, error: AnswerFault, sender: &StreamSender) -> Result<(), StreamEnd> {
        if let Ok(Some(event)) = self.reader.finish(false)
            && self.decoder.leftover(&event) == Leftover::Marker
        {
            let (event, decoded) = self.decode(event.closed());
            self.take(&event, decoded, &mut Vec::new()).await?;
            self.flush(sender).await;
            return Ok(());
        }
        Err(StreamEnd::Refused(self.failed(error.decide_relayed())))
    }

    /// An event cannot be read: where it is too long, or is none of the provider's dialect, the answer breaks off.
    pub(super) fn unread(&mut self, fault: EventFault) -> Refusal {
        self.failed(match fault {
            EventFault::TooLarge { limit } => AttemptFailure::too_large("event", limit),
            EventFault::Unreadable => AttemptFailure::broken(),
        })
    }

    /// The upstream failed in the middle of its answer: what that says of it is told at the end, the client what is left.
    pub(super) fn failed(&mut self, failure: AttemptFailure) -> Refusal {
        self.health = failure.health;
        Refusal::of_attempt(failure.what, &self.provider)
    }
}
