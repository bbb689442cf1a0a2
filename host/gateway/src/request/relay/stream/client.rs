//! What goes out for what has passed: the same, or what a client of another dialect gets for it.

use super::Stream;
use crate::request::refusal::Refusal;
use crate::request::stored;
use bytes::Bytes;
use weir_dialect::{WireFormat, responses};
use weir_sandbox::{Item, Stages};

impl Stream {
    /// The event that was seen last goes on as it came.
    #[inline]
    pub(super) fn pass(&mut self, raw: Bytes) {
        let number = self.passed.number();
        match self.reader.shown() {
            None => self.pieces.push(raw),
            Some(client) => client.passed(number),
        }
    }

    /// The same, and nothing that was held back before it is waited for.
    pub(super) fn pass_last(&mut self, raw: Bytes) {
        self.pass(raw);
        let before = self.passed.seen;
        if let Some(client) = self.reader.shown() {
            client.release(before, &mut self.pieces);
        }
    }

    /// All that was seen has been shown to the plugins, and these events are what they let pass of it and of what they held.
    pub(super) fn take_passed(&mut self, passed: Vec<Item>) {
        self.passed.shown = self.passed.seen;
        let Some(client) = self.reader.shown() else {
            self.pieces.extend(passed.into_iter().map(|item| item.raw));
            return;
        };
        for item in passed {
            match item.changed() {
                Some(data) => client.changed(item.number(), data),
                None => client.passed(item.number()),
            }
        }
    }

    /// Takes note of who keeps the answer, which the first event of a stream of OpenAI's Responses names.
    fn keep_answer(&mut self) {
        if self.passed.is_kept || self.context.record.client.wire != WireFormat::Responses {
            return;
        }
        let Some(first) = self.pieces.first() else { return };
        self.passed.is_kept = true;
        if let Some(id) = responses::id_in_event(first) {
            stored::keep_id(&self.context, &self.provider, &id);
        }
    }

    /// Puts among what goes out next what a client of another dialect gets for all that is decided.
    pub(super) fn release(&mut self) {
        let Some(client) = self.reader.shown() else { return };
        let before = match &self.stages {
            None => self.passed.seen,
            Some(stages) => Stages::oldest_held(stages).unwrap_or(self.passed.shown).min(self.passed.shown),
        };
        client.release(before, &mut self.pieces);
        self.keep_answer();
    }

    /// What ends the stream where the gateway breaks it off.
    pub(super) fn last_words(&mut self, refusal: &Refusal) -> Bytes {
        refusal.event(self.reader.shown())
    }
}
