//! How a stream begins.

use super::expected::ExpectedAnswer;
use super::form::{FirstBytes, Form};
use crate::request::gather::UNCOUNTED;
use bytes::Bytes;
use http_body_util::BodyExt;
use std::time::Duration;
use tokio::time::{Instant, timeout_at};
use weir_dialect::event::{self, EventKind};
use weir_http::sse;
use weir_upstream::{AttemptFailure, Body};

/// So long what comes before the first part of an answer waits for it: comments, and events that are none. Long enough to
/// see the error behind them that some providers send with a status of 200, and short enough for a sign of life.
const PATIENCE: Duration = Duration::from_millis(500);
/// So long nothing at all may come before the client is told that its stream begins: what stands in front of the gateway
/// may give up on a request that nobody answers.
const SILENCE: Duration = Duration::from_secs(10);
/// So much of it may wait, in bytes.
const HELD: usize = 64 * 1024;

/// A stream that has begun.
pub(crate) struct StreamOpening {
    pub(crate) body: Body,
    pub(crate) reader: sse::SseReader,
    /// What was looked at and what it is, which comes before what the reader still has.
    pub(crate) events: Vec<(sse::SseEvent, EventKind)>,
}

/// What has begun.
pub(super) enum StreamOrDocument {
    Stream(Box<StreamOpening>),
    /// No stream, whatever it says: a JSON document or a page, of which this has been read.
    Document(Body, Bytes),
}

/// What an event says of the stream that begins with it.
enum First {
    /// It is part of an answer.
    Answer,
    /// It is none, and says nothing against one to follow.
    Nothing,
    Error,
    /// The stream is over.
    End,
}

/// Waits for the first event that is part of an answer, which costs a stream no time: it is the first thing that the
/// client would see. If it takes too long the stream begins without it. `first` is what was read of the body before.
pub(super) async fn open(
    expected: &ExpectedAnswer<'_>,
    body: Body,
    first: Option<Bytes>,
) -> Result<StreamOrDocument, AttemptFailure> {
    let reader = sse::SseReader::new(expected.limits.event_bytes);
    let mut opening = Box::new(StreamOpening { body, reader, events: Vec::new() });
    let mut head = if first.is_none() { Some(FirstBytes::default()) } else { None };
    opening.reader.push(first.unwrap_or_default());
    let silence = SILENCE.min(expected.first_byte);
    let mut ends: [Option<Instant>; 2] = [None; 2];
    loop {
        let seen = opening.look().map_err(|limit| AttemptFailure::too_large("event", limit))?;
        match seen {
            First::Answer => return Ok(StreamOrDocument::Stream(opening)),
            First::Nothing => {}
            First::Error => return Err(opening.unanswered("an error")),
            First::End => return Err(opening.unanswered("nothing")),
        }
        if opening.reader.buffered() > UNCOUNTED {
            // An event that is so long is counted while it comes, and nothing else waits for it.
            return Ok(StreamOrDocument::Stream(opening));
        }
        let [nothing, something] = &mut ends;
        let (end, wait) = if opening.events.is_empty() { (nothing, silence) } else { (something, PATIENCE) };
        let end = *end.get_or_insert_with(|| Instant::now() + wait);
        let Ok(next) = timeout_at(end, opening.body.frame()).await else {
            opening.reader.push(head.unwrap_or_default().bytes);
            return Ok(StreamOrDocument::Stream(opening));
        };
        match next {
            None => {
                opening.reader.push(head.unwrap_or_default().bytes);
                return Err(opening.ended());
            }
            Some(Err(error)) => return Err(error.decide()),
            Some(Ok(frame)) => {
                let mut data = frame.into_data().unwrap_or_default();
                if let Some(begun) = &mut head {
                    let form = begun.push(data);
                    data = std::mem::take(&mut begun.bytes);
                    match form {
                        Form::Document => return Ok(StreamOrDocument::Document(opening.body, data)),
                        // Blank lines are a sign of life, whatever comes behind them.
                        Form::Unclear if !data.trim_ascii().is_empty() => {
                            begun.bytes = data;
                            continue;
                        }
                        Form::Unclear => {}
                        Form::Events | Form::Neither => head = None,
                    }
                }
                opening.reader.push(data);
            }
        }
    }
}

impl StreamOpening {
    /// Looks at the events that are here, up to the first that tells.
    ///
    /// # Errors
    /// The limit, if an event is past it.
    fn look(&mut self) -> Result<First, usize> {
        while let Some(event) = self.reader.next().map_err(|sse::SseError::TooLarge { limit }| limit)? {
            let kind = event::kind(&event, &event.data());
            let first = meaning(kind);
            self.events.push((event, kind));
            if !matches!(first, First::Nothing) {
                return Ok(first);
            }
        }
        let held = self.events.iter().map(|(event, _)| event.raw().len()).sum::<usize>();
        Ok(if held > HELD { First::Answer } else { First::Nothing })
    }

    fn unanswered(self, what: &'static str) -> AttemptFailure {
        self.body.leave();
        AttemptFailure::no_answer(what)
    }

    /// The transport ended before there was an answer.
    fn ended(mut self) -> AttemptFailure {
        while let Ok(Some(left)) = self.reader.finish() {
            if let First::Error = meaning(event::kind(&left, &left.data())) {
                return self.unanswered("an error");
            }
            if !left.is_blank() {
                return AttemptFailure::broken();
            }
        }
        let what = if self.events.is_empty() { "nothing" } else { "something else" };
        self.unanswered(what)
    }
}

fn meaning(kind: EventKind) -> First {
    match kind {
        EventKind::Delta | EventKind::UsageOnly(_) => First::Answer,
        EventKind::Other => First::Nothing,
        EventKind::Error => First::Error,
        EventKind::Done => First::End,
    }
}
