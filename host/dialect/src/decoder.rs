//! A stream of an upstream's events, from the first to the last: what each is to the gateway, and whether all of the answer
//! has come. What spans events is kept here.

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]
mod tests;

use std::ops::Range;

use bytes::Bytes;
use weir_http::sse::SseEvent;
use weir_usage::Usage;

use crate::answer::FailedChoices;
use crate::event::{self, Delta, EventKind, Template};
use crate::readable::{self, Unreadable};
use crate::stream::Ending;
use crate::usage;

/// What an event of a stream is to the gateway. Boxed is what few events have, for each of them is moved.
#[derive(Debug)]
pub enum Decoded {
    /// It has neither data nor a name: a sign of life.
    Comment,
    /// A part of the answer.
    Part(AnswerPart),
    /// What was used and nothing else, with its data: hidden from a client that did not ask.
    Usage(Box<Usage>, Bytes),
    /// The dialect's own end marker. Whether there was an answer before it, [`StreamDecoder::is_whole`] says.
    Done,
    /// The upstream says that it failed.
    Error,
    /// Anything else, by its data, such as what a content filter says of the question. To be passed on.
    Other(Bytes),
}

/// A part of the answer.
#[derive(Debug)]
pub struct AnswerPart {
    /// The data of its event.
    pub data: Bytes,
    /// The tokens that it reports, as some providers do on the last part instead of an event of its own.
    pub usage: Option<Box<Usage>>,
    /// The bytes of its text, for an estimate in case nobody reports.
    pub text: usize,
    /// Which of its choices say that they failed.
    pub failed: FailedChoices,
    likeness: Likeness,
}

/// How a part is like one before.
#[derive(Debug)]
enum Likeness {
    /// Not at all, or nobody has looked.
    None,
    /// It may be the one that was learned from.
    Perhaps,
    /// In all but its text, which stands there.
    At(Range<usize>),
}

impl AnswerPart {
    /// Its data with nothing in place of usage, for a client that did not ask for any.
    #[must_use]
    pub fn without_usage(&self) -> Bytes {
        event::without_usage(&self.data)
    }
}

/// What is left where a transport ended, and lacks its blank line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Leftover {
    /// Half an event, of which nobody can say what it would have become, or one that more would have to follow.
    Half,
    /// An event with which the stream is whole, if its transport ended well.
    Last,
    /// The end marker: the stream is over, whatever became of its transport.
    Marker,
}

/// The events of one stream, in order. Each is given once: to [`first`](Self::first) as long as there was no answer and another
/// target may be asked, then to [`data`](Self::data) or [`next`](Self::next).
#[derive(Debug)]
pub struct StreamDecoder {
    ending: Ending,
    /// A part that most others are like.
    template: Template,
}

impl StreamDecoder {
    /// Before the first event of a stream that was asked for so many choices.
    pub(crate) fn new(choices: u64) -> Self {
        Self { ending: Ending::new(choices), template: Template::default() }
    }

    /// One of the events that a stream begins with. All that it says is read, for it decides whether another target is asked.
    pub fn first(&mut self, event: &SseEvent) -> Decoded {
        if event.is_comment() {
            return Decoded::Comment;
        }
        let data = event.data();
        let kind = event::read_kind(event, &data);
        if matches!(kind, EventKind::Delta | EventKind::ChoiceFailed { all: false }) {
            self.ending.answered();
        }
        self.decoded(data, kind)
    }

    /// The next event, which is nothing but these data. One that differs from a part before in its text alone is known by that,
    /// and most others are peeked at.
    #[inline]
    pub fn data(&mut self, data: Bytes) -> Decoded {
        if let Some(found) = self.template.find(&data) {
            let (text, likeness) = (found.len(), Likeness::At(found));
            return Decoded::Part(AnswerPart { data, usage: None, text, failed: FailedChoices::None, likeness });
        }
        let kind = event::classify(&data);
        self.decoded(data, kind)
    }

    /// The next event, whatever stands in it.
    pub fn next(&mut self, event: &SseEvent) -> Decoded {
        if event.is_comment() {
            return Decoded::Comment;
        }
        let data = event.data();
        let kind = event::kind(event, &data);
        self.decoded(data, kind)
    }

    fn decoded(&mut self, data: Bytes, kind: EventKind) -> Decoded {
        match kind {
            EventKind::Delta => {
                self.ending.delta(&data);
                self.part(data, FailedChoices::None)
            }
            EventKind::ChoiceFailed { all } => {
                self.ending.choice_failed(&data);
                self.part(data, if all { FailedChoices::All } else { FailedChoices::Some })
            }
            EventKind::UsageOnly(usage) => Decoded::Usage(Box::new(usage), data),
            EventKind::Done => {
                self.ending.done();
                Decoded::Done
            }
            EventKind::Error => Decoded::Error,
            EventKind::Other => Decoded::Other(data),
        }
    }

    fn part(&mut self, data: Bytes, failed: FailedChoices) -> Decoded {
        let usage = usage::of_event(&data).map(Box::new);
        let teaches = usage.is_none() && failed == FailedChoices::None && !self.ending.is_whole();
        if teaches {
            self.template.learn(&data);
        }
        let likeness = if teaches { Likeness::Perhaps } else { Likeness::None };
        Decoded::Part(AnswerPart { text: usage::text_bytes(&data), data, usage, failed, likeness })
    }

    /// What a part adds to its one choice, where that is known without reading it.
    pub fn delta(&mut self, part: &AnswerPart) -> Option<Delta> {
        let text = match &part.likeness {
            Likeness::None => return None,
            // What was learned from need not be read once more.
            Likeness::Perhaps => self.template.find(&part.data)?,
            Likeness::At(text) => text.clone(),
        };
        self.template.delta(&part.data, text)
    }

    /// Whether there is nothing to show in the data of an event that is no part of the answer.
    ///
    /// # Errors
    /// [`Unreadable`]: it is no JSON object, or it says something in a form of its own.
    pub fn says_nothing(&self, data: &[u8]) -> Result<(), Unreadable> {
        readable::says_nothing(data)
    }

    /// What is left at the end of the transport. It is not taken note of, and is given as an event if it is one.
    #[must_use]
    pub fn leftover(&self, left: &SseEvent) -> Leftover {
        let mut ending = self.ending;
        match ending.last(left) {
            true if ending.is_done() => Leftover::Marker,
            true if ending.is_whole() => Leftover::Last,
            _ => Leftover::Half,
        }
    }

    /// Whether the end marker was there. Whatever comes behind it is nothing of the stream.
    #[inline]
    #[must_use]
    pub fn is_done(&self) -> bool {
        self.ending.is_done()
    }

    /// Whether there was a part of an answer.
    #[must_use]
    pub fn is_answered(&self) -> bool {
        self.ending.is_answered()
    }

    /// Whether the answer is whole if the transport ends here, and ends well.
    #[must_use]
    pub fn is_whole(&self) -> bool {
        self.ending.is_whole()
    }
}
