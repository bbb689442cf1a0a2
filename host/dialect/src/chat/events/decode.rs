//! A stream, read.

use weir_http::json::JsonKind;
use weir_usage::Usage;

use super::choice::ChoiceStream;
use super::failure;
use crate::canon::{AnswerStart, ChatEvent, DecodeFault, EventDecoder, RawJson, RawMembers, StreamState, WireEvent};
use crate::chat::answer::MOST_CHOICES;
use crate::chat::usage;
use crate::chat::writing::{take_said, within};

/// Reads the events of a stream (OpenAI's API reference, `CreateChatCompletionStreamResponse`).
#[derive(Debug, Default)]
pub struct ChatWireDecoder {
    /// What is known of the answer until its beginning is told.
    start: AnswerStart,
    is_told: bool,
    choices: Vec<ChoiceStream>,
    usage: Option<Usage>,
    /// Names of members beside what is known that were told.
    beside: Vec<Box<str>>,
    end: Option<StreamState>,
}

/// Members of a choice and of its delta that have a place in events, or say what those say already.
const KNOWN: [&[u8]; 15] = [
    b"index",
    b"delta",
    b"message",
    b"logprobs",
    b"finish_reason",
    b"text",
    b"role",
    b"content",
    b"refusal",
    b"tool_calls",
    b"function_call",
    b"annotations",
    b"reasoning_content",
    b"reasoning",
    b"reasoning_details",
];

/// The most names of other members that are told, each once.
const MOST_BESIDE: usize = 16;

impl ChatWireDecoder {
    /// Of a stream that begins.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    fn take_choice(&mut self, raw: &RawJson, out: &mut Vec<ChatEvent>) -> Result<(), DecodeFault> {
        let members = raw.members();
        let index = members.get("index").and_then(RawJson::unsigned).and_then(|index| u32::try_from(index).ok());
        let index = index.unwrap_or_default();
        if let Some(error) = members.get("error").filter(|error| failure::says(error)) {
            self.fail(failure::read(error), out);
            return Ok(());
        }
        self.tell_beside(&members, out);
        if let Some(delta) = members.get("delta") {
            self.tell_beside(&delta.members(), out);
        }
        let at = match self.choices.iter().position(|choice| choice.index == index) {
            Some(at) => at,
            None if self.choices.len() == MOST_CHOICES => {
                return Err(DecodeFault::TooMany { what: "choices", most: MOST_CHOICES });
            }
            None => {
                self.choices.push(ChoiceStream::new(index));
                self.choices.len() - 1
            }
        };
        self.choices.get_mut(at).map_or(Ok(()), |choice| choice.take(&members, out))
    }

    /// What only this wire, or only this provider has, once by its name.
    fn tell_beside(&mut self, members: &RawMembers, out: &mut Vec<ChatEvent>) {
        for (name, value) in members.iter().filter(|(name, _)| !KNOWN.contains(name)) {
            let is_told = self.beside.iter().any(|told| told.as_bytes() == name);
            let says = !value.is_null() && value.text().is_none_or(|text| !text.is_empty());
            if !is_told && says && self.beside.len() < MOST_BESIDE {
                let name = String::from_utf8_lossy(name);
                self.beside.push(name.as_ref().into());
                out.push(ChatEvent::Beside(name.as_ref().into(), value.clone()));
            }
        }
    }

    fn tell_start(&mut self, out: &mut Vec<ChatEvent>) {
        if !self.is_told {
            self.is_told = true;
            out.push(ChatEvent::Start(Box::new(std::mem::take(&mut self.start))));
        }
    }

    /// What an event says of the answer as a whole; the first that says something counts.
    fn take_start(&mut self, members: &RawMembers) {
        let mut members = members.clone();
        let start = &mut self.start;
        let (id, model) = (take_said(&mut members, "id"), take_said(&mut members, "model"));
        start.id = start.id.take().or(id);
        start.model = start.model.take().or(model);
        start.created = start.created.filter(|created| *created > 0).or(members.take_unsigned("created"));
        start.service_tier = start.service_tier.take().or(take_said(&mut members, "service_tier"));
        for (name, value) in members.iter().filter(|(name, _)| !UNTOLD.contains(name)) {
            let name = String::from_utf8_lossy(name);
            if start.extra.get(&name).is_none() && start.extra.len() < MOST_BESIDE {
                start.extra.push(&name, value.clone());
            }
        }
        start.extra.hush("system_fingerprint");
    }

    fn take_usage(&mut self, members: &RawMembers, out: &mut Vec<ChatEvent>) {
        // Groq has said it within a member of its own.
        let reported = members.get("usage").filter(|usage| usage.kind() == JsonKind::Object).map(RawJson::members);
        let reported =
            reported.or_else(|| Some(within(&within(members, "x_groq"), "usage")).filter(|usage| !usage.is_empty()));
        let Some(used) = reported.as_ref().and_then(usage::read) else { return };
        if self.usage.replace(used) != Some(used) {
            out.push(ChatEvent::Usage(used));
        }
    }

    fn fail(&mut self, failure: crate::canon::ApiFailure, out: &mut Vec<ChatEvent>) {
        out.push(ChatEvent::Failed(Box::new(failure)));
        self.end = Some(StreamState::Failed);
    }

    fn tell_end(&mut self, out: &mut Vec<ChatEvent>) {
        self.tell_start(out);
        self.choices.iter_mut().for_each(|choice| choice.end(out));
        out.push(ChatEvent::End);
        self.end = Some(StreamState::Whole);
    }
}

/// Members of an event that are told otherwise, or are nothing to be told.
const UNTOLD: [&[u8]; 7] = [b"choices", b"usage", b"object", b"obfuscation", b"p", b"id", b"service_tier"];

impl EventDecoder for ChatWireDecoder {
    fn take(&mut self, event: &WireEvent<'_>, out: &mut Vec<ChatEvent>) -> Result<(), DecodeFault> {
        if self.end.is_some() {
            return Ok(());
        }
        if event.data.trim_ascii() == b"[DONE]" {
            self.tell_end(out);
            return Ok(());
        }
        let raw = RawJson::parse(event.data.clone())?;
        if raw.kind() != JsonKind::Object {
            return Err(DecodeFault::Field { field: "data", due: "an object" });
        }
        let members = raw.members();
        if let Some(failure) = failure::of_event(&members, event.name == Some("error")) {
            self.fail(failure, out);
            return Ok(());
        }
        let choices = members.get("choices").map(RawJson::elements).unwrap_or_default();
        if !self.is_told {
            self.take_start(&members);
            if !choices.is_empty() {
                self.tell_start(out);
            }
        }
        for choice in &choices {
            self.take_choice(choice, out)?;
            if self.end.is_some() {
                return Ok(());
            }
        }
        self.take_usage(&members, out);
        Ok(())
    }

    fn finish(&mut self, clean: bool, out: &mut Vec<ChatEvent>) -> StreamState {
        if let Some(state) = self.end {
            return state;
        }
        let is_whole = clean && !self.choices.is_empty() && self.choices.iter().all(ChoiceStream::is_stopped);
        if is_whole {
            self.tell_end(out);
            return StreamState::Whole;
        }
        self.choices.iter_mut().for_each(|choice| choice.close_blocks(out));
        self.end = Some(StreamState::Broken);
        StreamState::Broken
    }
}
