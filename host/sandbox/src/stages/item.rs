//! What goes through the stages: one event between the upstream and the client.

use crate::abi::contract::StreamEvent;
use bytes::Bytes;
use weir_dialect::event::{self, Choices, Delta, EventError, Says};
use weir_http::sse;

/// One event between the upstream and the client. It is of one choice at most.
#[derive(Debug)]
pub struct Item {
    /// As it would go out now.
    pub raw: Bytes,
    /// Its number among the events of the stream; 0 where nobody counts them.
    number: u64,
    /// It is no more what came: a plugin has said what it is.
    changed: bool,
    /// What plugins see of it; nothing of comments and of what has no text.
    pub(super) seen: Option<VisibleText>,
}

/// What plugins see of an event.
#[derive(Debug)]
pub(super) struct VisibleText {
    pub(super) data: Bytes,
    /// The choice that it adds to; none if it stands beside them.
    pub(super) choice: Option<u32>,
    pub(super) text: String,
    pub(super) says: Says,
    /// Why it waits, if it does.
    pub(super) wait: WaitReason,
    /// The plugin that sees it has set something in it.
    pub(super) set: bool,
}

/// Why an event waits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum WaitReason {
    /// For its window to fill: the plugin has not seen it yet.
    New,
    /// To be shown again with what follows: the plugin has let it pass.
    Again,
    /// The plugin holds it.
    Held,
}

impl Item {
    /// An event that plugins do not see.
    #[must_use]
    pub fn opaque(raw: Bytes) -> Self {
        Self { raw, number: 0, changed: false, seen: None }
    }

    /// The same event, as the one with this number.
    #[must_use]
    pub fn numbered(mut self, number: u64) -> Self {
        self.number = number;
        self
    }

    /// Its number, if it was given one.
    #[must_use]
    pub fn number(&self) -> u64 {
        self.number
    }

    /// Its data, where a plugin has made other ones of what came.
    #[must_use]
    pub fn changed(&self) -> Option<&Bytes> {
        self.data().filter(|_| self.changed)
    }

    /// A part of the model's answer: the event as it stands in the stream, its data, and what the data add to their one
    /// choice.
    #[must_use]
    pub fn delta(raw: Bytes, data: Bytes, delta: Delta) -> Self {
        let Delta { choice, text, says } = delta;
        Self::seen(raw, VisibleText { data, choice: Some(choice), text, says, wait: WaitReason::New, set: false })
    }

    fn seen(raw: Bytes, seen: VisibleText) -> Self {
        Self { seen: Some(seen), ..Self::opaque(raw) }
    }

    /// Text that stands beside the choices, or belongs to none of them. It is shown, and never waits.
    #[must_use]
    pub fn beside(raw: Bytes, data: Bytes) -> Self {
        let (text, says) = (String::new(), Says::beside());
        Self::seen(raw, VisibleText { data, choice: None, text, says, wait: WaitReason::New, set: false })
    }

    /// An event of a stream, as plugins see it: one for each of its choices, or what it says beside them, if anything.
    ///
    /// # Errors
    /// [`EventError`] if it cannot be read.
    pub fn read(raw: Bytes, data: Bytes) -> Result<Vec<Self>, EventError> {
        Ok(match event::choices(&data)? {
            Choices::One(delta) => vec![Self::delta(raw, data, delta)],
            Choices::Several(all) => all.into_iter().map(Self::of_choice).collect(),
            Choices::None if event::says_more(&data)? => vec![Self::beside(raw, data)],
            Choices::None => vec![Self::opaque(raw)],
        })
    }

    fn of_choice((data, delta): (Bytes, Delta)) -> Self {
        Self::delta(sse::data_event(&data), data, delta)
    }

    /// The event that has these data in place of its own; of several choices, one for each.
    pub(super) fn with_data(&self, data: Bytes) -> Result<Vec<Self>, EventError> {
        Ok(match event::choices(&data)? {
            Choices::None => return Err(EventError::NoChoice),
            Choices::One(delta) => vec![self.made(Self::of_choice((data, delta)))],
            Choices::Several(all) => all.into_iter().map(|one| self.made(Self::of_choice(one))).collect(),
        })
    }

    /// What was made of this event.
    fn made(&self, new: Self) -> Self {
        Self { number: self.number, changed: true, ..new }
    }

    /// The same event with another text.
    pub(super) fn with_text(&self, text: &str) -> Result<Vec<Self>, EventError> {
        let data = self.data().ok_or(EventError::NoChoice)?;
        self.with_data(event::with_text(data, text)?)
    }

    /// The same event with data in which a plugin has set something.
    pub(super) fn renewed(self, data: Bytes) -> Self {
        match event::delta(&data) {
            Ok(delta) => self.made(Self::of_choice((data, delta))),
            Err(_) if self.seen.is_some() => self.made(Self::beside(sse::data_event(&data), data)),
            Err(_) => self,
        }
    }

    /// Takes note whether a plugin has set something in it beside the tokens of `logprobs`.
    pub(super) fn set(mut self, is_set: bool) -> Self {
        if let Some(seen) = &mut self.seen {
            seen.set |= is_set;
        }
        self
    }

    /// Whether a plugin has set something in it, beside the tokens of `logprobs`.
    pub(super) fn is_set(&self) -> bool {
        self.seen.as_ref().is_some_and(|seen| seen.set)
    }

    /// The same event without the tokens that repeat a text.
    pub(super) fn without_tokens(self) -> Self {
        match self.data().and_then(event::without_tokens) {
            Some(data) => self.renewed(data),
            None => self,
        }
    }

    /// The choice that it adds to, if it may wait with others of that choice.
    pub(super) fn choice(&self) -> Option<u32> {
        self.seen.as_ref()?.choice
    }

    /// Whether it belongs to a choice.
    pub(super) fn is_of(&self, choice: u32) -> bool {
        self.choice() == Some(choice)
    }

    /// What it says.
    pub(super) fn says(&self) -> Says {
        self.seen.as_ref().map_or_else(Says::default, |seen| seen.says)
    }

    /// Bytes of text that the plugin has not seen yet.
    pub(super) fn fresh(&self) -> usize {
        self.seen.as_ref().filter(|seen| seen.wait == WaitReason::New).map_or(0, |seen| seen.says.bytes())
    }

    /// Whether there is nothing in it to wait for.
    pub(super) fn is_new_without_text(&self) -> bool {
        self.waits(WaitReason::New) && !self.says().is_text()
    }

    /// Whether it waits for this reason.
    pub(super) fn waits(&self, why: WaitReason) -> bool {
        self.seen.as_ref().is_some_and(|seen| seen.wait == why)
    }

    /// Lets it wait for this reason.
    pub(super) fn wait(mut self, why: WaitReason) -> Self {
        if let Some(seen) = &mut self.seen {
            seen.wait = why;
        }
        self
    }

    /// As a plugin is told of it; none if it does not see it.
    pub(super) fn event(&self) -> Option<StreamEvent> {
        let seen = self.seen.as_ref()?;
        Some(StreamEvent { choice: seen.choice.unwrap_or(0), text: seen.text.clone() })
    }

    /// Its data, if plugins see it.
    pub(super) fn data(&self) -> Option<&Bytes> {
        Some(&self.seen.as_ref()?.data)
    }
}
