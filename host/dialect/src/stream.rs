//! Whether a stream is whole. Transports end cleanly that broke off behind a proxy, and break off behind the last byte
//! that matters; so it is the dialect's own end that counts. This is the one place that tells.

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]
mod tests;

use std::sync::LazyLock;

use memchr::memmem::Finder;
use weir_http::json::{self, Cursor, JsonKind, JsonSyntaxError};
use weir_http::sse;

use crate::event::{self, EventKind};

/// How far a stream has come to its end.
///
/// Source: OpenAI's API reference, chat completion chunk object: `finish_reason` is null until the model stops, and
/// `[DONE]` follows the last chunk. Some providers leave `[DONE]` out, and some the reason.
#[derive(Debug, Clone, Copy)]
pub struct Ending {
    /// The marker of the dialect was there: nothing else matters.
    done: bool,
    /// What has to finish is the only choice there is, which most streams have,
    single: bool,
    finished: bool,
    /// or each of those that have begun: a bit for each, the last one for all that are past it.
    begun: u128,
    ended: u128,
}

impl Ending {
    /// Before the first event of a stream that was asked for so many choices (`n`).
    pub fn new(choices: u64) -> Self {
        Self { done: false, single: choices <= 1, finished: false, begun: 0, ended: 0 }
    }

    /// Takes note of the end marker.
    pub fn done(&mut self) {
        self.done = true;
    }

    /// Whether the end marker was there. Whatever comes behind it is nothing of the stream.
    pub fn is_done(&self) -> bool {
        self.done
    }

    /// Takes note of the data of a delta.
    pub fn delta(&mut self, data: &[u8]) {
        if self.single {
            self.finished |= may_finish(data) && finishes(data);
            return;
        }
        // What cannot be read finishes nothing.
        let _ = each_choice(data, |index, finished| {
            let bit = 1 << index.min(u128::BITS - 1);
            self.begun |= bit;
            self.ended |= if finished { bit } else { 0 };
        });
    }

    /// Whether the answer is whole if the transport ends here, and ends well: every choice that has begun has said why
    /// it stopped, or the end marker was there.
    pub fn is_whole(&self) -> bool {
        self.done || self.finished || (self.begun != 0 && self.begun & !self.ended == 0)
    }

    /// Takes note of what is left at the end of a transport, and says whether that is an event all the same: one that
    /// lacks nothing but its blank line. Of anything else, half an event, nobody can say what it would have become.
    pub fn last(&mut self, event: &sse::SseEvent) -> bool {
        let data = event.data();
        match event::classify(&data) {
            EventKind::Done => self.done(),
            EventKind::Delta if json::members(&data, |_, _, _| {}).is_ok() => self.delta(&data),
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
    let read = each_choice(data, |_, finished| any |= finished);
    any && read.is_ok()
}

/// Shows each choice of a delta: its index, and whether it has finished.
fn each_choice(data: &[u8], mut see: impl FnMut(u32, bool)) -> Result<(), JsonSyntaxError> {
    let mut cursor = Cursor::new(data)?;
    cursor.enter_object()?;
    while let Some(key) = cursor.next_key()? {
        if key != "choices" || cursor.kind()? != JsonKind::Array {
            cursor.skip()?;
            continue;
        }
        cursor.enter_array()?;
        while cursor.next_element()? {
            if cursor.kind()? == JsonKind::Object {
                let (index, finished) = choice(&mut cursor, data)?;
                see(index, finished);
            } else {
                cursor.skip()?;
            }
        }
    }
    cursor.finish()
}

fn choice(cursor: &mut Cursor<'_>, data: &[u8]) -> Result<(u32, bool), JsonSyntaxError> {
    let (mut index, mut finished) = (0, false);
    cursor.enter_object()?;
    while let Some(key) = cursor.next_key()? {
        let (span, kind) = cursor.skip()?;
        let value = span.of(data);
        if key == "index" {
            index = json::unsigned(value).and_then(|index| u32::try_from(index).ok()).unwrap_or(0);
        } else if key == "finish_reason" {
            // A choice that failed has not finished, whatever calls it that.
            finished = kind == JsonKind::String && value != b"\"\"" && value != b"\"error\"";
        }
    }
    Ok((index, finished))
}
