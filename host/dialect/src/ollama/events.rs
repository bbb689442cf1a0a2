//! Streams: a line each, the last of which says `done`.

use super::{calls, usage};
use crate::canon::{
    AnswerStart, ApiFailure, BlockDelta, ChatEvent, DecodeFault, EventDecoder, RawJson, RawMembers, StreamState,
    ToolInput, WireEvent,
};
use crate::translate::blocks::{OneChoice, SaidAs};

/// The most calls of an answer.
const MOST_CALLS: usize = 1_024;

/// Reads the lines of a stream.
#[derive(Debug, Default)]
pub struct OllamaDecoder {
    is_told: bool,
    said: OneChoice,
    /// How many calls there were.
    calls: usize,
    end: Option<StreamState>,
}

impl OllamaDecoder {
    /// Of a stream that begins.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    fn take_message(&mut self, members: &RawMembers, out: &mut Vec<ChatEvent>) -> Result<(), DecodeFault> {
        let mut message = members.get("message").map(RawJson::members).unwrap_or_default();
        if let Some(text) = calls::said(&mut message, "thinking") {
            self.said.say(SaidAs::Thoughts, text, out);
        }
        if let Some(text) = calls::said(&mut message, "content") {
            self.said.say(SaidAs::Text, text, out);
        }
        if let Some(raw) = members.get("logprobs").filter(|raw| !raw.elements().is_empty())
            && let Some(block) = self.said.text()
        {
            OneChoice::grow(block, BlockDelta::Logprobs(raw.clone()), out);
        }
        for call in calls::take(&mut message) {
            if self.calls == MOST_CALLS {
                return Err(DecodeFault::TooMany { what: "tool calls", most: MOST_CALLS });
            }
            self.calls += 1;
            let block = self.said.call(call.id, call.name, out);
            let delta = match call.input {
                ToolInput::Json(raw) => BlockDelta::WholeInput(raw),
                ToolInput::Text(text) => BlockDelta::Input(text),
            };
            OneChoice::grow(block, delta, out);
            OneChoice::close_call(block, out);
        }
        Ok(())
    }
}

impl EventDecoder for OllamaDecoder {
    fn take(&mut self, event: &WireEvent<'_>, out: &mut Vec<ChatEvent>) -> Result<(), DecodeFault> {
        if self.end.is_some() {
            return Ok(());
        }
        let mut members = RawJson::parse(event.data.clone())?.members();
        if let Some(message) = members.take_text("error") {
            let failure = ApiFailure { message, kind: None, code: None, param: None };
            out.push(ChatEvent::Failed(Box::new(failure)));
            self.end = Some(StreamState::Failed);
            return Ok(());
        }
        let is_done = members.get("done").and_then(RawJson::is_true);
        if is_done.is_none() && members.get("message").is_none() {
            return Err(DecodeFault::Field { field: "message", due: "an object" });
        }
        if !self.is_told {
            self.is_told = true;
            let start = AnswerStart { model: members.take_text("model"), ..AnswerStart::default() };
            out.push(ChatEvent::Start(Box::new(start)));
        }
        self.take_message(&members, out)?;
        if is_done == Some(true) {
            self.said.close(out);
            out.extend(usage::read(&members).map(ChatEvent::Usage));
            let stop = usage::stop(members.take_text("done_reason"), self.calls > 0);
            out.push(ChatEvent::Stop { choice: 0, stop });
            out.push(ChatEvent::End);
            self.end = Some(StreamState::Whole);
        }
        Ok(())
    }

    fn finish(&mut self, _clean: bool, out: &mut Vec<ChatEvent>) -> StreamState {
        if self.end.is_none() {
            self.said.close(out);
        }
        *self.end.get_or_insert(StreamState::Broken)
    }
}
