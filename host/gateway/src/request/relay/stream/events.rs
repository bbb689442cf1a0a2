//! The events of a stream: usage is noted, what the client did not ask for is left out, and what plugins have to see waits for them.

use super::{Stream, StreamEnd};
use crate::request::refusal::Refusal;
use bytes::Bytes;
use weir_dialect::event::{self, EventKind};
use weir_dialect::{readable, usage};
use weir_http::sse;
use weir_sandbox::{Item, Stages};

impl Stream {
    /// Looks at one event: usage is noted, what the client did not ask for is dropped, deltas wait for the plugins.
    pub(super) async fn take(&mut self, event: &sse::SseEvent, batch: &mut Vec<Item>) -> Result<(), StreamEnd> {
        // Plugins are shown data and nothing else, so that no other field may say anything. Comments are handed out by no reader.
        let plain = (self.stages.is_some() && !event.is_blank()).then(|| event.plain());
        let event = plain.as_ref().unwrap_or(event);
        if event.is_comment() {
            self.put(Item::opaque(event.raw().clone()), batch);
            return Ok(());
        }
        let data = event.data();
        let kind = event::kind(event, &data);
        self.take_as(event, data, kind, batch).await
    }

    /// The same for an event of which it is known what it is.
    pub(super) async fn take_as(
        &mut self,
        event: &sse::SseEvent,
        data: Bytes,
        kind: EventKind,
        batch: &mut Vec<Item>,
    ) -> Result<(), StreamEnd> {
        match kind {
            EventKind::Delta | EventKind::ChoiceFailed { .. } => self.delta(event, data, kind, batch)?,
            EventKind::UsageOnly(usage) => {
                // Some providers send it in the middle: it keeps its place, and is no sign of the end.
                self.trip.record.report(usage);
                if self.trip.ask.include_usage {
                    self.beside(event, data, batch)?;
                }
            }
            EventKind::Done => {
                self.ending.done();
                if !self.ending.is_whole() {
                    // A marker makes no answer of a count of tokens, or of choices that failed.
                    return Err(StreamEnd::Refused(self.failed_in_its_words("nothing")));
                }
                self.end_of_text(batch).await?;
                self.pieces.push(event.raw().clone());
            }
            // The upstream says itself that it failed: its words go out, but for where a plugin would have to see them, and
            // the end is not a clean one.
            EventKind::Error => {
                let refusal = self.failed_in_its_words("an error");
                if self.stages.as_ref().is_some_and(Stages::closed) {
                    return Err(StreamEnd::Refused(refusal));
                }
                self.pieces.push(event.raw().clone());
                return Err(StreamEnd::Told(refusal));
            }
            EventKind::Other => self.beside(event, data, batch)?,
        }
        Ok(())
    }

    /// Passes an event on that is no part of a choice. Where there is text in it all the same, plugins see it; where they could
    /// not, it is made sure that there is none.
    fn beside(&mut self, event: &sse::SseEvent, data: Bytes, batch: &mut Vec<Item>) -> Result<(), Refusal> {
        let raw = event.raw().clone();
        let Some(stages) = &self.stages else {
            self.pieces.push(raw);
            return Ok(());
        };
        match readable::says_nothing(&data) {
            Ok(()) => batch.extend(Item::read(raw.clone(), data).unwrap_or_else(|_| vec![Item::opaque(raw)])),
            Err(why) => {
                stages.cannot_show(&why)?;
                batch.push(Item::opaque(raw));
            }
        }
        Ok(())
    }

    /// Takes a delta that differs from one before in its text alone. False, and nothing was done, if it is another event.
    pub(super) fn is_repeated(&mut self, event: &sse::SseEvent, data: &Bytes, batch: &mut Vec<Item>) -> bool {
        let Some(text) = self.template.find(data) else { return false };
        let bytes = text.len();
        if self.stages.is_none() {
            self.pieces.push(event.raw().clone());
        } else {
            let Some(delta) = self.template.delta(data, text) else { return false };
            batch.push(Item::delta(event.raw().clone(), data.clone(), delta));
        }
        self.trip.record.progress(bytes);
        true
    }

    fn delta(
        &mut self,
        event: &sse::SseEvent,
        data: Bytes,
        kind: EventKind,
        batch: &mut Vec<Item>,
    ) -> Result<(), Refusal> {
        let failed = kind != EventKind::Delta;
        if failed {
            self.ending.choice_failed(&data)
        } else {
            self.ending.delta(&data)
        }
        // Some providers put usage on the last delta instead of an event of its own.
        let usage = usage::of_event(&data);
        let (raw, data) = match usage {
            None => (event.raw().clone(), data),
            Some(usage) => {
                self.trip.record.report(usage);
                match self.trip.ask.include_usage {
                    true => (event.raw().clone(), data),
                    false => {
                        let without = event::without_usage(&data);
                        (sse::data_event(&without), without)
                    }
                }
            }
        };
        let teaches = usage.is_none() && !failed && !self.ending.is_whole();
        if teaches {
            self.template.learn(&data);
        }
        // For an estimate, in case nobody reports.
        self.trip.record.progress(usage::text_bytes(&data));
        let Some(stages) = &self.stages else {
            self.pieces.push(raw);
            return Ok(());
        };
        // What was learned from need not be read once more.
        let known = if teaches { self.template.find(&data) } else { None };
        if let Some(delta) = known.and_then(|text| self.template.delta(&data, text)) {
            batch.push(Item::delta(raw, data, delta));
            return Ok(());
        }
        batch.extend(match Item::read(raw.clone(), data) {
            Ok(items) => items,
            Err(why) => {
                stages.cannot_show(&why.into())?;
                vec![Item::opaque(raw)]
            }
        });
        Ok(())
    }

    fn put(&mut self, item: Item, batch: &mut Vec<Item>) {
        match self.stages {
            Some(_) => batch.push(item),
            None => self.pieces.push(item.raw),
        }
    }

    /// Before the end marker: plugins decide on everything that came before.
    async fn end_of_text(&mut self, batch: &mut Vec<Item>) -> Result<(), Refusal> {
        self.through_stages(std::mem::take(batch), true).await
    }
}
