//! How a stream is read.

use std::borrow::Cow;

use weir_http::json::JsonKind;

use super::failure;
use super::open::{OpenItemKind, OpenItems};
use super::pieces::{self, SaidPiece};
use crate::canon::{
    AnswerStart, BlockStart, ChatEvent, ContentBlock, DecodeFault, EventDecoder, JsonText, RawJson, RawMembers,
    StreamState, WireEvent,
};
use crate::responses::stop::{self, SaidOfEnd};
use crate::responses::{annotations, items, usage};

/// Reads the events of a stream (OpenAI's API reference, "Streaming events"). What belongs together is told by `output_index`, for
/// the identifiers of items may change within them. What was said whole and not in pieces counts as much.
#[derive(Debug, Default)]
pub struct ResponsesDecoder {
    started: bool,
    ended: Option<StreamState>,
    open: OpenItems,
    /// How many items are complete.
    done: u64,
    said: SaidOfEnd,
}

impl ResponsesDecoder {
    /// One that has read nothing.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }
}

impl EventDecoder for ResponsesDecoder {
    fn take(&mut self, event: &WireEvent<'_>, out: &mut Vec<ChatEvent>) -> Result<(), DecodeFault> {
        if self.ended.is_some() || event.data.trim_ascii() == b"[DONE]" {
            return Ok(());
        }
        let raw = RawJson::parse(event.data.clone())?;
        if raw.kind() != JsonKind::Object {
            return Err(DecodeFault::Field { field: "event", due: "an object" });
        }
        let members = raw.members();
        let kind = members.get("type").and_then(RawJson::text);
        let kind = match (&kind, event.name) {
            (Some(kind), _) => kind.text(),
            (None, _) if members.get("error").is_some_and(|error| !error.is_null()) => Cow::Borrowed("error"),
            (None, Some(name)) => Cow::Borrowed(name),
            (None, None) => return Err(DecodeFault::Field { field: "type", due: "a string" }),
        };
        self.route(&kind, members, &raw, out)
    }

    fn finish(&mut self, _clean: bool, out: &mut Vec<ChatEvent>) -> StreamState {
        if let Some(ended) = self.ended {
            return ended;
        }
        // The last event says how it ended; without it nobody knows.
        self.open.end_all(out);
        self.ended = Some(StreamState::Broken);
        StreamState::Broken
    }
}

impl ResponsesDecoder {
    fn route(
        &mut self,
        kind: &str,
        mut members: RawMembers,
        raw: &RawJson,
        out: &mut Vec<ChatEvent>,
    ) -> Result<(), DecodeFault> {
        if let Some((piece, whole)) = SaidPiece::of(kind) {
            self.start(None, out);
            return self.piece(piece, whole, &members, out);
        }
        match kind {
            "response.created" | "response.in_progress" | "response.queued" => {
                self.start(members.take_members("response"), out);
            }
            "keepalive" | "ping" => out.push(ChatEvent::Alive),
            "error" => self.fail(members, out),
            "response.completed" | "response.incomplete" | "response.failed" | "response.cancelled" => {
                let status = kind.strip_prefix("response.").unwrap_or(kind);
                return self.end(status, members.take_members("response").unwrap_or_default(), out);
            }
            "response.output_item.added" => {
                self.start(None, out);
                return self.added(&members, out);
            }
            "response.output_item.done" => {
                self.start(None, out);
                if let Some(item) = members.take("item") {
                    return self.complete(index_of(&members), &item, out);
                }
            }
            "response.content_part.added" => {
                self.start(None, out);
                return self.part_added(&members, out);
            }
            "response.output_text.annotation.added" => self.annotation(&members, out),
            // They say again what pieces said, or frame it.
            "response.content_part.done"
            | "response.reasoning_summary_part.added"
            | "response.reasoning_summary_part.done" => {}
            // What comes before the answer begins is a sign of life.
            _ if !self.started => out.push(ChatEvent::Alive),
            _ => out.push(ChatEvent::Beside(kind.into(), raw.clone())),
        }
        Ok(())
    }

    fn start(&mut self, response: Option<RawMembers>, out: &mut Vec<ChatEvent>) {
        if self.started {
            return;
        }
        self.started = true;
        let mut response = response.unwrap_or_default();
        out.push(ChatEvent::Start(Box::new(AnswerStart {
            id: response.take_text("id"),
            model: response.take_text("model"),
            created: response.take_unsigned("created_at"),
            service_tier: response.take_text("service_tier"),
            extra: RawMembers::default(),
        })));
    }

    fn added(&mut self, members: &RawMembers, out: &mut Vec<ChatEvent>) -> Result<(), DecodeFault> {
        let index = index_of(members);
        match members.get("item") {
            Some(item) => self.begin(index, item, out),
            None => Ok(()),
        }
    }

    /// Begins an item; a call opens at once.
    fn begin(&mut self, index: u64, item: &RawJson, out: &mut Vec<ChatEvent>) -> Result<(), DecodeFault> {
        let mut members = item.members();
        let kind = members.take_text("type").unwrap_or_default();
        match kind.text().as_ref() {
            "message" => self.open.begin(index, OpenItemKind::Message, out),
            "reasoning" => {
                let id = members.take_text("id");
                self.open.begin(index, OpenItemKind::Reasoning(id.clone()), out)?;
                self.open.open(index, 0, BlockStart::Reasoning { id }, out)
            }
            "function_call" | "custom_tool_call" => {
                let Some(name) = members.take_text("name") else {
                    return self.open.begin(index, OpenItemKind::Whole, out);
                };
                self.open.begin(index, OpenItemKind::Call, out)?;
                self.said.calls = true;
                let custom = kind.is("custom_tool_call");
                let (id, item) = (members.take_text("call_id"), members.take_text("id"));
                self.open.open(index, 0, BlockStart::ToolUse { id, item, name, custom }, out)
            }
            _ => self.open.begin(index, OpenItemKind::Whole, out),
        }
    }

    fn part_added(&mut self, members: &RawMembers, out: &mut Vec<ChatEvent>) -> Result<(), DecodeFault> {
        let kind = members.get("part").and_then(|part| part.members().take_text("type"));
        let piece = match kind.as_ref().map(JsonText::text).as_deref() {
            Some("output_text") => SaidPiece::Text,
            Some("refusal") => SaidPiece::Refusal,
            _ => return Ok(()),
        };
        pieces::open_part(&mut self.open, piece, index_of(members), content_of(members), out)
    }

    fn piece(
        &mut self,
        piece: SaidPiece,
        whole: bool,
        members: &RawMembers,
        out: &mut Vec<ChatEvent>,
    ) -> Result<(), DecodeFault> {
        let said = members.get(piece.member(whole)).or_else(|| members.get("input"));
        let Some(text) = said.and_then(RawJson::text) else { return Ok(()) };
        let index = index_of(members);
        self.said.refuses |= piece == SaidPiece::Refusal;
        match piece {
            SaidPiece::Text | SaidPiece::Refusal => {
                let content = content_of(members);
                pieces::say(&mut self.open, piece, (index, content), text, whole, out)?;
                if let Some(logprobs) = members.get("logprobs").filter(|list| !list.elements().is_empty()) {
                    pieces::say_probable(&mut self.open, (index, content), logprobs, whole, out);
                }
                Ok(())
            }
            SaidPiece::Thought => pieces::think(&mut self.open, piece, (index, content_of(members)), text, whole, out),
            SaidPiece::Summary => {
                let summary = members.get("summary_index").and_then(RawJson::unsigned).unwrap_or(0);
                pieces::think(&mut self.open, piece, (index, summary), text, whole, out)
            }
            SaidPiece::Input => pieces::input(&mut self.open, index, text, whole, out),
        }
    }

    fn annotation(&mut self, members: &RawMembers, out: &mut Vec<ChatEvent>) {
        let part = self.open.part(index_of(members), content_of(members)).filter(|part| part.is_open());
        if let (Some(part), Some(annotation)) = (part, members.get("annotation").filter(|note| !note.is_null())) {
            part.notes += 1;
            part.grow(crate::canon::BlockDelta::Citation(annotations::read(annotation)), out);
        }
    }

    /// An item is complete: what of it was not said in pieces is said now.
    fn complete(&mut self, index: u64, item: &RawJson, out: &mut Vec<ChatEvent>) -> Result<(), DecodeFault> {
        if self.open.get(index).is_none() {
            self.begin(index, item, out)?;
        }
        match self.open.get(index).map(|open| open.kind.clone()) {
            Some(OpenItemKind::Message) => {
                self.said.refuses |= pieces::complete_message(&mut self.open, index, item, out)?;
            }
            Some(OpenItemKind::Reasoning(_)) => {
                let whole = items::reasoning(item.members());
                pieces::complete_reasoning(&mut self.open, index, whole, out)?;
            }
            Some(OpenItemKind::Call) => {
                let mut members = item.members();
                if let Some(text) = members.take_text("arguments").or_else(|| members.take_text("input")) {
                    pieces::input(&mut self.open, index, text, true, out)?;
                }
            }
            Some(OpenItemKind::Whole) | None => {
                let start = match items::read(item) {
                    ContentBlock::ServerTool(tool) => BlockStart::ServerTool(tool),
                    ContentBlock::Other(other) => BlockStart::Other(other),
                    // It was begun as something else, and is told as it stands.
                    _ => BlockStart::Other(crate::canon::OtherBlock { kind: "item".into(), raw: item.clone() }),
                };
                self.open.whole(index, start, out)?;
            }
        }
        self.open.end(index, out);
        self.done += 1;
        Ok(())
    }

    fn end(&mut self, status: &str, mut response: RawMembers, out: &mut Vec<ChatEvent>) -> Result<(), DecodeFault> {
        self.start(Some(response.clone()), out);
        let told = self.done + self.open.len() as u64;
        let output = response.get("output").map(RawJson::elements).unwrap_or_default();
        for (index, item) in (0..).zip(&output) {
            if index >= told || self.open.get(index).is_some() {
                self.complete(index, item, out)?;
            }
        }
        self.open.end_all(out);
        if let Some(used) = response.take_members("usage").as_ref().and_then(usage::read) {
            out.push(ChatEvent::Usage(used));
        }
        if matches!(status, "failed" | "cancelled") {
            self.fail(response, out);
            return Ok(());
        }
        let status = response.take_text("status").unwrap_or_else(|| JsonText::of(status));
        let stop = stop::read(Some(&status), response.get("incomplete_details"), self.said);
        out.push(ChatEvent::Stop { choice: 0, stop });
        out.push(ChatEvent::End);
        self.ended = Some(StreamState::Whole);
        Ok(())
    }

    fn fail(&mut self, members: RawMembers, out: &mut Vec<ChatEvent>) {
        self.start(None, out);
        self.open.end_all(out);
        out.push(ChatEvent::Failed(Box::new(failure::read(members))));
        self.ended = Some(StreamState::Failed);
    }
}

fn index_of(members: &RawMembers) -> u64 {
    members.get("output_index").and_then(RawJson::unsigned).unwrap_or(0)
}

fn content_of(members: &RawMembers) -> u64 {
    members.get("content_index").and_then(RawJson::unsigned).unwrap_or(0)
}
