//! Streams whose clients have left, read on to their end: nothing is sent or shown to plugins any more, and what is settled is what
//! the provider says.

use super::{Stream, StreamEnd};
use weir_server::{Aborted, BodyEnd};
use weir_upstream::AttemptVerdict;

impl Stream {
    /// The client has left: nobody reads what plugins make of the rest.
    pub(super) fn go_on_unheard(&mut self) {
        self.context.record.client_left();
        self.stages = None;
    }

    /// The end of a stream whose client has left. What that says of the upstream is what it says of any; no refusal was given.
    pub(super) fn end_unheard(mut self, end: &StreamEnd) -> BodyEnd {
        self.context.record.client_left();
        let (verdict, clean) = match end {
            StreamEnd::Clean => (Some(AttemptVerdict::Served), Ok(())),
            StreamEnd::Told(_) | StreamEnd::Refused(_) => (self.health, Err(Aborted)),
        };
        self.context.record.judge(verdict);
        BodyEnd { clean, settle: self.context.record }
    }
}
