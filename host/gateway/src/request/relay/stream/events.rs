//! The events of a stream: usage is noted, what the client did not ask for is left out, and what plugins have to see waits for them.

use super::{Stream, StreamEnd};
use crate::request::refusal::Refusal;
use bytes::Bytes;
use weir_dialect::{AnswerPart, Decoded};
use weir_http::sse;
use weir_sandbox::{Item, Stages};

impl Stream {
    /// What the next event is, and the event as plugins are shown it.
    #[inline]
    pub(super) fn decode(&mut self, event: sse::SseEvent) -> (sse::SseEvent, Decoded) {
        self.passed.seen += 1;
        match event.only_data() {
            Some(data) => {
                let decoded = self.decoder.data(data);
                (event, decoded)
            }
            None => {
                let event = self.as_shown(event);
                let decoded = self.decoder.next(&event);
                (event, decoded)
            }
        }
    }

    /// Plugins are shown data and nothing else, so that no other field may say anything. Comments are handed out by no reader.
    pub(super) fn as_shown(&self, event: sse::SseEvent) -> sse::SseEvent {
        if self.stages.is_some() && !event.is_blank() { event.plain() } else { event }
    }

    /// Takes one event: usage is noted, what the client did not ask for is dropped, parts of the answer wait for the plugins.
    pub(super) async fn take(
        &mut self,
        event: &sse::SseEvent,
        decoded: Decoded,
        batch: &mut Vec<Item>,
    ) -> Result<(), StreamEnd> {
        match decoded {
            Decoded::Comment => self.put(Item::opaque(event.raw().clone()), batch),
            Decoded::Part(part) => self.part(event, part, batch)?,
            Decoded::Usage(usage, data) => {
                // Some providers send it in the middle: it keeps its place, and is no sign of the end.
                self.context.record.report(*usage);
                if self.shows_usage() {
                    self.beside(event, data, batch)?;
                }
            }
            Decoded::Done => {
                if !self.decoder.is_whole() {
                    // A marker makes no answer of a count of tokens, or of choices that failed.
                    return Err(StreamEnd::Refused(self.failed_in_its_words("nothing")));
                }
                self.end_of_text(batch).await?;
                self.pass(event.raw().clone());
            }
            // The upstream says itself that it failed: its words go out, but for where a plugin would have to see them, and
            // the end is not a clean one.
            Decoded::Error => {
                let refusal = self.failed_in_its_words("an error");
                if self.stages.as_ref().is_some_and(Stages::closed) {
                    return Err(StreamEnd::Refused(refusal));
                }
                self.pass_last(event.raw().clone());
                return Err(StreamEnd::Told(refusal));
            }
            Decoded::Other(data) => self.beside(event, data, batch)?,
        }
        Ok(())
    }

    /// Passes an event on that is no part of a choice. Where there is text in it all the same, plugins see it; where they could
    /// not, it is made sure that there is none.
    fn beside(&mut self, event: &sse::SseEvent, data: Bytes, batch: &mut Vec<Item>) -> Result<(), Refusal> {
        let Some(stages) = &self.stages else {
            self.pass(event.raw().clone());
            return Ok(());
        };
        let raw = event.raw().clone();
        let items = match self.decoder.says_nothing(&data) {
            Ok(()) => Item::read(raw.clone(), data).unwrap_or_else(|_| vec![Item::opaque(raw)]),
            Err(why) => {
                stages.cannot_show(&why)?;
                vec![Item::opaque(raw)]
            }
        };
        batch.extend(items.into_iter().map(|item| item.numbered(self.passed.number())));
        Ok(())
    }

    /// Takes a part of the answer.
    #[inline]
    pub(super) fn part(
        &mut self,
        event: &sse::SseEvent,
        part: AnswerPart,
        batch: &mut Vec<Item>,
    ) -> Result<(), Refusal> {
        let mut hidden = None;
        if let Some(usage) = part.usage.as_deref() {
            self.context.record.report(*usage);
            if !self.shows_usage() {
                hidden = Some(part.without_usage());
            }
        }
        // For an estimate, in case nobody reports.
        self.context.record.progress(part.text);
        let raw = hidden.as_ref().map_or_else(|| event.raw().clone(), |data| sse::data_event(data));
        let Some(stages) = &self.stages else {
            self.pass(raw);
            return Ok(());
        };
        let number = self.passed.number();
        if let Some(delta) = self.decoder.delta(&part) {
            batch.push(Item::delta(raw, part.data, delta).numbered(number));
            return Ok(());
        }
        let items = match Item::read(raw.clone(), hidden.unwrap_or(part.data)) {
            Ok(items) => items,
            Err(why) => {
                stages.cannot_show(&why.into())?;
                vec![Item::opaque(raw)]
            }
        };
        batch.extend(items.into_iter().map(|item| item.numbered(number)));
        Ok(())
    }

    /// Whether what was used goes to the client. Other dialects than OpenAI's always say it.
    fn shows_usage(&self) -> bool {
        self.context.ask.include_usage || !self.context.record.client.is_chat()
    }

    fn put(&mut self, item: Item, batch: &mut Vec<Item>) {
        match self.stages {
            Some(_) => batch.push(item.numbered(self.passed.number())),
            None => self.pass(item.raw),
        }
    }

    /// Before the end marker: plugins decide on everything that came before.
    async fn end_of_text(&mut self, batch: &mut Vec<Item>) -> Result<(), Refusal> {
        self.through_stages(std::mem::take(batch), true).await
    }
}
