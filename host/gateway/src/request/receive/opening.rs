//! How a stream begins.

use super::answer_body::AnswerBody;
use super::expected::{AnswerTranslation, ExpectedAnswer};
use super::form::{FirstBytes, Form};
use super::reader::{EventFault, EventReader};
use crate::request::gather::UNCOUNTED;
use bytes::Bytes;
use http_body_util::BodyExt;
use std::time::Duration;
use tokio::time::{Instant, timeout_at};
use weir_dialect::answer::FailedChoices;
use weir_dialect::{Decoded, StreamDecoder};
use weir_http::sse;
use weir_net::ByteShare;
use weir_upstream::AttemptFailure;

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
    pub(crate) body: AnswerBody,
    pub(crate) reader: EventReader,
    /// What was looked at and what it is, which comes before what the reader still has.
    pub(crate) events: Vec<(sse::SseEvent, Decoded)>,
    /// What has read them, and goes on with the stream.
    pub(crate) decoder: StreamDecoder,
    /// Its share of what is held, if that is worth counting.
    pub(crate) memory: Option<ByteShare>,
}

/// What has begun.
pub(super) enum StreamOrDocument {
    Stream(Box<StreamOpening>),
    /// No stream, whatever it says: a JSON document or a page, of which this has been read.
    Document(AnswerBody, Bytes),
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
/// client would see. All of it is waited for, however long it is, up to the limit of events. If it takes too long the stream
/// begins without it. `first` is what was read of the body before.
pub(super) async fn open(
    expected: &ExpectedAnswer<'_>,
    body: AnswerBody,
    first: Option<Bytes>,
) -> Result<StreamOrDocument, AttemptFailure> {
    let reader = EventReader::new(expected.limits.event_bytes, expected.translation.map(AnswerTranslation::stream));
    let decoder = expected.call.dialect.decoder(expected.choices);
    let mut opening = Box::new(StreamOpening { body, reader, events: Vec::new(), decoder, memory: None });
    // Bytes that are no text tell nothing of what they are.
    let is_text = expected.translation.is_none_or(|translation| translation.is_text());
    let mut head = if first.is_none() && is_text { Some(FirstBytes::default()) } else { None };
    opening.reader.push(first.unwrap_or_default());
    let silence = SILENCE.min(expected.first_byte);
    let mut ends: [Option<Instant>; 2] = [None; 2];
    loop {
        let seen = opening.look(expected.choices).map_err(unread)?;
        match seen {
            First::Answer => return Ok(StreamOrDocument::Stream(opening)),
            First::Nothing => {}
            First::Error => return Err(opening.unanswered("an error")),
            First::End => return Err(opening.over()),
        }
        opening.hold(expected)?;
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
                return Err(opening.ended(expected.choices));
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
    /// [`EventFault`]: one cannot be read.
    fn look(&mut self, choices: u64) -> Result<First, EventFault> {
        while let Some(event) = self.reader.next()? {
            let decoded = self.decoder.first(&event);
            let first = meaning(&decoded, choices);
            self.events.push((event, decoded));
            if !matches!(first, First::Nothing) {
                return Ok(first);
            }
        }
        Ok(if self.held() > HELD { First::Answer } else { First::Nothing })
    }

    /// The bytes of the events that wait.
    fn held(&self) -> usize {
        self.events.iter().map(|(event, _)| event.raw().len()).sum()
    }

    /// Counts what waits, the event that has not come to its end included.
    fn hold(&mut self, expected: &ExpectedAnswer<'_>) -> Result<(), AttemptFailure> {
        let waiting = self.reader.buffered() + self.held();
        if waiting <= UNCOUNTED {
            return Ok(());
        }
        let memory = self.memory.get_or_insert_with(|| expected.memory.share());
        let has_room = memory.grow_to(waiting, expected.limits.response_memory);
        if has_room { Ok(()) } else { Err(AttemptFailure::no_room()) }
    }

    fn unanswered(self, what: &'static str) -> AttemptFailure {
        self.body.leave();
        AttemptFailure::no_answer(what)
    }

    /// The stream is over, and there was no answer in it.
    fn over(self) -> AttemptFailure {
        let failed = self.events.iter().any(|(_, decoded)| matches!(decoded, Decoded::Part(_)));
        self.unanswered(if failed { "an error" } else { "nothing" })
    }

    /// The transport ended before there was an answer.
    fn ended(mut self, choices: u64) -> AttemptFailure {
        while let Ok(Some(left)) = self.reader.finish(true) {
            let decoded = self.decoder.first(&left);
            match meaning(&decoded, choices) {
                First::Error => return self.unanswered("an error"),
                First::End => return self.over(),
                First::Nothing if !is_other(&decoded) || left.is_blank() => self.events.push((left, decoded)),
                First::Nothing | First::Answer => return AttemptFailure::broken(),
            }
        }
        if self.events.iter().any(|(_, decoded)| is_other(decoded)) {
            self.unanswered("something else")
        } else {
            self.over()
        }
    }
}

/// Whether an event is none that a stream of answers has.
fn is_other(decoded: &Decoded) -> bool {
    matches!(decoded, Decoded::Comment | Decoded::Other(_))
}

/// What it means that an event cannot be read.
fn unread(fault: EventFault) -> AttemptFailure {
    match fault {
        EventFault::TooLarge { limit } => AttemptFailure::too_large("event", limit),
        EventFault::Unreadable => AttemptFailure::no_answer("something else"),
    }
}

/// What an event says of a stream that was asked for so many choices.
fn meaning(decoded: &Decoded, choices: u64) -> First {
    match decoded {
        Decoded::Part(part) if part.failed != FailedChoices::All => First::Answer,
        // Whatever was counted: nothing was said.
        Decoded::Comment | Decoded::Usage(..) | Decoded::Other(_) => First::Nothing,
        // The others may do better.
        Decoded::Part(_) if choices > 1 => First::Nothing,
        Decoded::Part(_) | Decoded::Error => First::Error,
        Decoded::Done => First::End,
    }
}
