//! Streams (`V2ChatStreamResponse`): server-sent events, each of which says its kind in `type`.

use super::{citations, logprobs, stop, usage};
use crate::canon::{
    AnswerStart, ApiFailure, BlockDelta, ChatEvent, DecodeFault, EventDecoder, JsonText, RawJson, RawMembers,
    StreamState, WireEvent,
};
use crate::translate::blocks::{OneChoice, SaidAs};

/// The most calls of an answer.
const MOST_CALLS: usize = 1_024;

/// Reads the events of a stream.
#[derive(Debug, Default)]
pub struct CohereDecoder {
    is_told: bool,
    said: OneChoice,
    /// The calls so far.
    calls: Vec<CohereCall>,
    end: Option<StreamState>,
}

/// A call of a stream.
#[derive(Debug)]
struct CohereCall {
    /// What its events name it by.
    index: u64,
    block: u32,
    is_open: bool,
}

impl CohereDecoder {
    /// Of a stream that begins.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    fn tell_start(&mut self, id: Option<JsonText>, out: &mut Vec<ChatEvent>) {
        if !self.is_told {
            self.is_told = true;
            out.push(ChatEvent::Start(Box::new(AnswerStart { id, ..AnswerStart::default() })));
        }
    }

    /// What a part of the content says, at its start or later.
    fn take_content(&mut self, members: &RawMembers, message: &RawMembers, out: &mut Vec<ChatEvent>) {
        let mut content = part(message, "content");
        if let Some(text) = content.take_text("thinking") {
            self.said.say(SaidAs::Thoughts, text, out);
        }
        if let Some(text) = content.take_text("text") {
            self.said.say(SaidAs::Text, text, out);
        }
        if let Some(item) = members.get("logprobs").filter(|item| !item.is_null())
            && let Some(raw) = logprobs::read(std::slice::from_ref(item))
            && let Some(block) = self.said.text()
        {
            OneChoice::grow(block, BlockDelta::Logprobs(raw), out);
        }
    }

    fn take_citation(&self, message: &RawMembers, out: &mut Vec<ChatEvent>) {
        let Some(raw) = message.get("citations") else { return };
        let is_of_text = citations::content_index(raw).is_some();
        match (citations::read(raw).filter(|_| is_of_text), self.said.text()) {
            (Some(note), Some(block)) => OneChoice::grow(block, BlockDelta::Citation(note), out),
            _ => out.push(ChatEvent::Beside("citations".into(), raw.clone())),
        }
    }

    fn open_call(&mut self, index: u64, message: &RawMembers, out: &mut Vec<ChatEvent>) -> Result<(), DecodeFault> {
        if self.calls.len() == MOST_CALLS {
            return Err(DecodeFault::TooMany { what: "tool calls", most: MOST_CALLS });
        }
        self.close_call(Some(index), out);
        let mut call = part(message, "tool_calls");
        let mut function = part(&call, "function");
        let id = call.take_text("id").filter(|id| !id.is_empty());
        let block = self.said.call(id, function.take_text("name").unwrap_or_default(), out);
        self.calls.push(CohereCall { index, block, is_open: true });
        self.grow_call(index, message, out);
        Ok(())
    }

    fn grow_call(&self, index: u64, message: &RawMembers, out: &mut Vec<ChatEvent>) {
        let Some(call) = self.calls.iter().rfind(|call| call.index == index && call.is_open) else { return };
        let piece = part(&part(message, "tool_calls"), "function").take_text("arguments");
        if let Some(piece) = piece.filter(|piece| !piece.is_empty()) {
            OneChoice::grow(call.block, BlockDelta::Input(piece), out);
        }
    }

    /// Closes the call of this number, or all of them.
    fn close_call(&mut self, index: Option<u64>, out: &mut Vec<ChatEvent>) {
        let due = |call: &&mut CohereCall| call.is_open && index.is_none_or(|index| call.index == index);
        for call in self.calls.iter_mut().filter(due) {
            call.is_open = false;
            OneChoice::close_call(call.block, out);
        }
    }

    fn close_all(&mut self, out: &mut Vec<ChatEvent>) {
        self.said.close(out);
        self.close_call(None, out);
    }

    fn fail(&mut self, failure: ApiFailure, out: &mut Vec<ChatEvent>) {
        out.push(ChatEvent::Failed(Box::new(failure)));
        self.end = Some(StreamState::Failed);
    }

    fn take_end(&mut self, mut delta: RawMembers, out: &mut Vec<ChatEvent>) {
        let word = delta.take_text("finish_reason");
        let said = delta.take_text("error").filter(|said| !said.is_empty());
        let stop = match (word, &said) {
            (Some(word), None) => stop::read(word.clone()).ok_or(word),
            (word, _) => Err(word.unwrap_or_else(|| JsonText::of("ERROR"))),
        };
        let stop = match stop {
            Ok(stop) => stop,
            Err(word) => return self.fail(stop::failure(word, said), out),
        };
        self.close_all(out);
        if let Some(used) = delta.get("usage").map(RawJson::members).as_ref().and_then(usage::read) {
            out.push(ChatEvent::Usage(used));
        }
        out.push(ChatEvent::Stop { choice: 0, stop });
        out.push(ChatEvent::End);
        self.end = Some(StreamState::Whole);
    }
}

impl EventDecoder for CohereDecoder {
    fn take(&mut self, event: &WireEvent<'_>, out: &mut Vec<ChatEvent>) -> Result<(), DecodeFault> {
        // The end marker is none: what ends an answer is its last event.
        if self.end.is_some() || event.data.trim_ascii() == b"[DONE]" {
            return Ok(());
        }
        let raw = RawJson::parse(event.data.clone())?;
        let mut members = raw.members();
        let Some(kind) = members.take_text("type") else {
            return match members.take_text("message") {
                Some(message) => {
                    self.fail(ApiFailure { message, kind: None, code: None, param: None }, out);
                    Ok(())
                }
                None => Err(DecodeFault::Field { field: "type", due: "a string" }),
            };
        };
        let index = members.get("index").and_then(RawJson::unsigned).unwrap_or_default();
        let delta = part(&members, "delta");
        let mut message = part(&delta, "message");
        let kind = kind.text();
        self.tell_start(members.take_text("id").filter(|_| kind == "message-start"), out);
        match kind.as_ref() {
            "message-start" => {}
            "content-start" => {
                self.said.close(out);
                self.take_content(&members, &message, out);
            }
            "content-delta" => self.take_content(&members, &message, out),
            "content-end" => self.said.close(out),
            "tool-plan-delta" => {
                if let Some(text) = message.take_text("tool_plan") {
                    self.said.say(SaidAs::Thoughts, text, out);
                }
            }
            "tool-call-start" => self.open_call(index, &message, out)?,
            "tool-call-delta" => self.grow_call(index, &message, out),
            "tool-call-end" => self.close_call(Some(index), out),
            "citation-start" => self.take_citation(&message, out),
            "citation-end" => {}
            "message-end" => self.take_end(delta, out),
            other => out.push(ChatEvent::Beside(other.into(), raw)),
        }
        Ok(())
    }

    fn finish(&mut self, _clean: bool, out: &mut Vec<ChatEvent>) -> StreamState {
        if self.end.is_none() {
            self.close_all(out);
        }
        *self.end.get_or_insert(StreamState::Broken)
    }
}

/// The members of an object within others; none if there is no such object.
fn part(members: &RawMembers, name: &str) -> RawMembers {
    members.get(name).map(RawJson::members).unwrap_or_default()
}
