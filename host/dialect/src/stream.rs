//! Whether a stream is whole. Transports end cleanly that broke off behind a proxy, and break off behind the last byte
//! that matters; so it is the dialect's own end that counts. This is the one place that tells.

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]
mod tests;

use std::sync::LazyLock;

use memchr::memmem::Finder;
use weir_http::json;
use weir_http::sse;

use crate::Operation;
use crate::answer::choice::{self, ChoiceState};
use crate::answer::{self, AnswerKind};
use crate::event::{self, EventKind};

/// How far a stream has come to its end.
///
/// Source: OpenAI's API reference, chat completion chunk object: `finish_reason` is null until the model stops, and
/// `[DONE]` follows the last chunk. Some providers leave `[DONE]` out, and some the reason.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Ending {
    /// A part of an answer has come: without one no end makes a stream whole.
    answered: bool,
    /// The marker of the dialect was there: it ends all choices that have not failed.
    done: bool,
    /// What has to finish is the only choice there is, which most streams have,
    single: bool,
    finished: bool,
    /// or each of those that have begun: a bit for each, the last one for all that are past it.
    begun: u128,
    ended: u128,
    /// Those of any stream that say that they failed.
    failed: u128,
}

impl Ending {
    /// Before the first event of a stream that was asked for so many choices (`n`).
    pub(crate) fn new(choices: u64) -> Self {
        let single = choices <= 1;
        Self { answered: false, done: false, single, finished: false, begun: 0, ended: 0, failed: 0 }
    }

    /// Takes note that a part of an answer was read in the stream.
    pub(crate) fn answered(&mut self) {
        self.answered = true;
    }

    /// Whether one was.
    pub(crate) fn is_answered(&self) -> bool {
        self.answered
    }

    /// Takes note of the end marker.
    pub(crate) fn done(&mut self) {
        self.done = true;
    }

    /// Whether the end marker was there. Whatever comes behind it is nothing of the stream.
    pub(crate) fn is_done(&self) -> bool {
        self.done
    }

    /// Takes note of the data of a delta. The first one is read, whatever it looks like, and of later ones no more than is
    /// needed.
    pub(crate) fn delta(&mut self, data: &[u8]) {
        self.answered = self.answered || answer::judge(Operation::Chat, data) == AnswerKind::Complete;
        if self.single {
            self.finished |= may_finish(data) && finishes(data);
            return;
        }
        // What cannot be read finishes nothing.
        let _ = choice::each(data, |index, state| self.choice(index, state));
    }

    /// Takes note of the data of an event in which a choice says that it failed.
    pub(crate) fn choice_failed(&mut self, data: &[u8]) {
        choice::each_unchecked(data, |index, state| {
            self.choice(index, state);
            self.answered |= state != ChoiceState::Failed;
            self.finished |= state == ChoiceState::Finished;
        });
    }

    fn choice(&mut self, index: u32, state: ChoiceState) {
        let bit = 1 << index.min(u128::BITS - 1);
        self.begun |= bit;
        match state {
            ChoiceState::Open => {}
            ChoiceState::Finished => self.ended |= bit,
            ChoiceState::Failed => self.failed |= bit,
        }
    }

    /// Whether the answer is whole if the transport ends here, and ends well: there was one, and every choice that has begun
    /// has said why it stopped, or that it failed, or the end marker was there. Where every choice failed there was none.
    pub(crate) fn is_whole(&self) -> bool {
        let all_failed = self.begun != 0 && self.begun & !self.failed == 0;
        let all_ended = self.begun != 0 && self.begun & !(self.ended | self.failed) == 0;
        self.answered && !all_failed && (self.done || self.finished && self.single || all_ended)
    }

    /// Takes note of what is left at the end of a transport, and says whether that is an event all the same: one that
    /// lacks nothing but its blank line. Of anything else, half an event, nobody can say what it would have become.
    pub(crate) fn last(&mut self, event: &sse::SseEvent) -> bool {
        let data = event.data();
        match event::classify(&data) {
            EventKind::Done => self.done(),
            EventKind::Delta if json::members(&data, |_, _, _| {}).is_ok() => self.delta(&data),
            EventKind::ChoiceFailed { .. } => self.choice_failed(&data),
            EventKind::UsageOnly(_) => {}
            EventKind::Delta | EventKind::Error | EventKind::Other => return false,
        }
        true
    }
}

static REASON: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new(b"\"finish_reason\""));

/// Whether an event may be one that says why its choice stopped; false for most at the price of a search or two. Within
/// strings the name's quotes would have backslashes.
fn may_finish(data: &[u8]) -> bool {
    const NOT_YET: &[u8] = b":null";
    let mut rest = data;
    while let Some(at) = REASON.find(rest) {
        rest = rest.get(at + REASON.needle().len()..).unwrap_or_default();
        if !rest.starts_with(NOT_YET) {
            return true;
        }
    }
    false
}

fn finishes(data: &[u8]) -> bool {
    let mut any = false;
    let read = choice::each(data, |_, state| any |= state == ChoiceState::Finished);
    any && read.is_ok()
}
