//! A stream, read.

use weir_http::json::JsonKind;
use weir_usage::Usage;

use super::candidate::StreamedCandidate;
use super::failure;
use crate::canon::{
    AnswerStart, BlockDelta, ChatEvent, ChatStop, ContentBlock, DecodeFault, EventDecoder, JsonText, JsonWriter,
    RawJson, RawMembers, StopKind, StreamState, WireEvent,
};
use crate::gemini::answer::{self, BLOCKED};
use crate::gemini::{proto, stop, time, usage};

/// The most candidates of one answer.
const MOST_CANDIDATES: usize = 128;

/// What Google says of a candidate that is its own opinion, and in old models' every event.
const OPINIONS: [&str; 3] = ["safetyRatings", "avgLogprobs", "tokenCount"];

/// Reads the events of a stream (Gemini API reference, `models.streamGenerateContent`), each of which is an object or a list of
/// such. A candidate's end is told when the stream is at its own, for it has no other mark, and the last reason counts.
#[derive(Debug, Default)]
pub struct GeminiDecoder {
    candidates: Vec<StreamedCandidate>,
    usage: Usage,
    started: bool,
    failed: bool,
    /// How it has ended.
    ended: Option<StreamState>,
    /// Why the question was refused.
    blocked: Option<JsonText>,
    /// Used again for each part.
    blocks: Vec<ContentBlock>,
}

impl GeminiDecoder {
    /// Before the first event.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    fn chunk(&mut self, raw: &RawJson, out: &mut Vec<ChatEvent>) -> Result<(), DecodeFault> {
        let due = DecodeFault::Field { field: "candidates", due: "a list of objects" };
        let mut members = proto::as_message(raw).ok_or(due.clone())?;
        if let Some(error) = proto::take_message(&mut members, "error") {
            self.candidates.iter_mut().for_each(|candidate| candidate.close(false, out));
            self.failed = true;
            out.push(ChatEvent::Failed(Box::new(failure::read(&error))));
            return Ok(());
        }
        if !["candidates", "usageMetadata", BLOCKED, "responseId"].iter().any(|name| members.get(name).is_some()) {
            return Err(due);
        }
        self.start(&mut members, out);
        if let Some(feedback) = members.take(BLOCKED) {
            let reason = proto::members(&feedback).get("blockReason").and_then(stop::word);
            if reason.is_some() {
                self.blocked = reason;
                out.push(ChatEvent::Beside(BLOCKED.into(), feedback));
            }
        }
        let candidates = members.take("candidates").map(|raw| raw.elements()).unwrap_or_default();
        for (at, candidate) in candidates.iter().enumerate() {
            self.candidate(proto::as_message(candidate).ok_or(due.clone())?, at, out)?;
        }
        self.count(&mut members, out);
        Ok(())
    }

    fn start(&mut self, members: &mut RawMembers, out: &mut Vec<ChatEvent>) {
        if self.started {
            return;
        }
        self.started = true;
        let created = members.take_text("createTime").and_then(|text| time::read(&text.text()));
        out.push(ChatEvent::Start(Box::new(AnswerStart {
            id: members.take_text("responseId"),
            model: members.take_text("modelVersion"),
            created,
            ..AnswerStart::default()
        })));
    }

    fn candidate(&mut self, mut members: RawMembers, at: usize, out: &mut Vec<ChatEvent>) -> Result<(), DecodeFault> {
        let said = members.take_unsigned("index").and_then(|index| u32::try_from(index).ok());
        let index = said.or_else(|| u32::try_from(at).ok()).unwrap_or(u32::MAX);
        let known = self.candidates.iter().position(|candidate| candidate.index == index);
        if known.is_none() {
            if self.candidates.len() == MOST_CANDIDATES {
                return Err(DecodeFault::TooMany { what: "candidates", most: MOST_CANDIDATES });
            }
            self.candidates.push(StreamedCandidate::new(index));
        }
        let known = known.unwrap_or(self.candidates.len() - 1);
        let Some(candidate) = self.candidates.get_mut(known) else { return Ok(()) };
        let content = members.take("content").map(|raw| proto::members(&raw));
        if let Some(parts) = content.and_then(|mut content| content.take("parts")) {
            let parts = if parts.kind() == JsonKind::Object { vec![parts] } else { parts.elements() };
            for part in &parts {
                candidate.part(part, &mut self.blocks, out)?;
            }
        }
        candidate.take_reason(&mut members);
        rest(candidate, members, out);
        Ok(())
    }

    /// What was used so far: each event says all of it again.
    fn count(&mut self, members: &mut RawMembers, out: &mut Vec<ChatEvent>) {
        let Some(mut later) = proto::take_message(members, "usageMetadata").as_ref().and_then(usage::read) else {
            return;
        };
        // An event without counts of what was written counts none.
        later.output = later.output.filter(|output| *output > 0 || self.usage.output.is_none());
        let all = self.usage.then(later);
        if all != self.usage {
            self.usage = all;
            out.push(ChatEvent::Usage(all));
        }
    }
}

/// What an event says of a candidate beside its parts.
fn rest(candidate: &StreamedCandidate, mut members: RawMembers, out: &mut Vec<ChatEvent>) {
    if let Some(place) = candidate.open_text() {
        if let Some(metadata) = members.take("citationMetadata") {
            let notes = answer::read_citations(&metadata, |bytes| candidate.is_plain().then_some(bytes));
            out.extend(notes.into_iter().map(|note| ChatEvent::Delta(place, BlockDelta::Citation(note))));
        }
        out.extend(members.take("logprobsResult").map(|raw| ChatEvent::Delta(place, BlockDelta::Logprobs(raw))));
    }
    for (name, value) in members.iter() {
        let name = std::str::from_utf8(name).unwrap_or_default();
        if OPINIONS.contains(&name) || value.is_null() {
            continue;
        }
        let mut beside = JsonWriter::with_capacity(value.bytes().len() + name.len() + 24);
        beside.open().name("index").number(candidate.index.into()).name_raw(name.as_bytes()).raw(value).close();
        out.push(ChatEvent::Beside(name.into(), beside.finish_raw()));
    }
}

impl EventDecoder for GeminiDecoder {
    fn take(&mut self, event: &WireEvent<'_>, out: &mut Vec<ChatEvent>) -> Result<(), DecodeFault> {
        if self.failed || self.ended.is_some() {
            return Ok(());
        }
        let raw = RawJson::parse(event.data.clone())?;
        if raw.kind() != JsonKind::Array {
            return self.chunk(&raw, out);
        }
        for chunk in raw.elements() {
            if !self.failed {
                self.chunk(&chunk, out)?;
            }
        }
        Ok(())
    }

    fn finish(&mut self, clean: bool, out: &mut Vec<ChatEvent>) -> StreamState {
        if let Some(state) = self.ended {
            return state;
        }
        let state = self.end(clean, out);
        self.ended = Some(state);
        state
    }
}

impl GeminiDecoder {
    fn end(&mut self, clean: bool, out: &mut Vec<ChatEvent>) -> StreamState {
        if self.failed {
            return StreamState::Failed;
        }
        let ended = self.candidates.iter().all(StreamedCandidate::is_ended);
        let whole = clean && ended && (self.blocked.is_some() || !self.candidates.is_empty());
        for candidate in &mut self.candidates {
            candidate.close(whole, out);
        }
        if !whole {
            return StreamState::Broken;
        }
        if let Some(word) = self.blocked.take().filter(|_| self.candidates.is_empty()) {
            let stop = ChatStop { kind: StopKind::Filtered, word, sequence: None, details: None };
            out.push(ChatEvent::Stop { choice: 0, stop });
        }
        for candidate in &self.candidates {
            let stop = candidate.stop();
            out.extend(stop.map(|stop| ChatEvent::Stop { choice: candidate.index, stop }));
        }
        out.push(ChatEvent::End);
        StreamState::Whole
    }
}
