//! How a stream is written.

use weir_usage::Usage;

use super::call::CallItem;
use super::failure;
use super::message::MessageItem;
use super::output::StreamOutput;
use super::thought::ThoughtItem;
use crate::canon::{
    AnswerContext, AnswerStart, ApiFailure, BlockDelta, BlockPlace, BlockStart, ChatEvent, ChatStop, EventEncoder,
    FieldLosses, JsonText, NewEvent, RawJson, ToolInput, ToolUseBlock,
};
use crate::responses::echo::RequestEcho;
use crate::responses::response::{self, ResponseSoFar};
use crate::responses::{kinds, stop};
use crate::translate::ids;

/// Writes the events of a stream (OpenAI's API reference, "Streaming events"): numbered, each text in pieces and then whole, each
/// item as it is complete, and at the end all of it in a response, which repeats members of the request.
#[derive(Debug)]
pub struct ResponsesEncoder {
    context: AnswerContext,
    echo: RequestEcho,
    output: StreamOutput,
    id: Option<JsonText>,
    created: u64,
    service_tier: Option<JsonText>,
    message: Option<MessageItem>,
    thought: Option<ThoughtItem>,
    calls: Vec<CallItem>,
    /// The call that was closed last: what comes next tells whether it was cut off.
    closed: Option<CallItem>,
    /// How many calls there were.
    called: usize,
    stop: Option<ChatStop>,
    usage: Option<Usage>,
    ended: bool,
}

impl ResponsesEncoder {
    /// One that has written nothing.
    #[must_use]
    pub fn new(context: AnswerContext) -> Self {
        let output = StreamOutput::new(context.id);
        Self::with(context, output, None)
    }

    /// One that writes items behind a provider's own, in whose stream its next event has this number, and its next item that one.
    pub(crate) fn behind(context: AnswerContext, sequence: u64, item: usize) -> Self {
        let output = StreamOutput::behind(context.id, sequence, item);
        Self::with(context, output, Some(JsonText::EMPTY))
    }

    /// The items that are complete.
    pub(crate) fn items(&self) -> impl Iterator<Item = &RawJson> {
        self.output.items()
    }

    fn with(context: AnswerContext, output: StreamOutput, id: Option<JsonText>) -> Self {
        Self {
            echo: RequestEcho::of(&context.request),
            output,
            id,
            created: context.now,
            service_tier: None,
            message: None,
            thought: None,
            calls: Vec::new(),
            closed: None,
            called: 0,
            stop: None,
            usage: None,
            ended: false,
            context,
        }
    }
}

impl EventEncoder for ResponsesEncoder {
    fn put(&mut self, event: ChatEvent, out: &mut Vec<NewEvent>, losses: &mut FieldLosses) {
        if self.ended {
            return;
        }
        match event {
            ChatEvent::Start(start) => self.start(&start, out, losses),
            ChatEvent::Open(place, _) | ChatEvent::Delta(place, _) | ChatEvent::Close(place) if place.choice != 0 => {
                losses.lose("choices");
            }
            ChatEvent::Open(place, start) => {
                self.start(&AnswerStart::default(), out, losses);
                self.open(place, start, out, losses);
            }
            ChatEvent::Delta(place, delta) => self.grow(place, delta, out, losses),
            ChatEvent::Close(place) => self.close(place, out),
            ChatEvent::Stop { choice: 0, stop } => {
                self.stop = Some(stop);
                self.finish_items(out);
            }
            ChatEvent::Stop { .. } => losses.lose("choices"),
            ChatEvent::Usage(usage) => self.usage = Some(self.usage.unwrap_or_default().then(usage)),
            ChatEvent::Failed(failure) => {
                self.start(&AnswerStart::default(), out, losses);
                self.fail(&failure, out);
            }
            ChatEvent::End => {
                self.start(&AnswerStart::default(), out, losses);
                self.end(out);
            }
            ChatEvent::Beside(kind, _) => losses.lose_extra("events", kind.as_bytes()),
            // This wire has none; its framing has.
            ChatEvent::Alive => {}
        }
    }

    fn held(&self) -> usize {
        let open =
            self.message.as_ref().map_or(0, MessageItem::held) + self.thought.as_ref().map_or(0, ThoughtItem::held);
        self.output.held() + open + self.calls.iter().chain(&self.closed).map(CallItem::held).sum::<usize>()
    }
}

impl ResponsesEncoder {
    fn start(&mut self, start: &AnswerStart, out: &mut Vec<NewEvent>, losses: &mut FieldLosses) {
        if self.id.is_some() {
            return;
        }
        self.id = Some(self.output.ids.answer(start.id.as_ref()));
        self.created = start.created.unwrap_or(self.context.now);
        self.service_tier = start.service_tier.clone();
        losses.lose_extras("", &start.extra);
        self.tell("response.created", "in_progress", None, None, out);
        self.tell("response.in_progress", "in_progress", None, None, out);
    }

    /// Writes an event with the response as it is.
    fn tell(
        &mut self,
        name: &'static str,
        status: &'static str,
        incomplete: Option<&'static str>,
        error: Option<(&'static str, &JsonText)>,
        out: &mut Vec<NewEvent>,
    ) {
        let id = self.id.clone().unwrap_or_default();
        let head = ResponseSoFar {
            id: &id,
            model: &self.context.model,
            created: self.created,
            completed: (status == "completed").then(|| self.created.max(self.context.now)),
            status,
            incomplete,
            error,
            service_tier: self.service_tier.as_ref(),
        };
        let items: Vec<RawJson> = self.output.items().cloned().collect();
        let used = self.usage.as_ref().filter(|_| status != "in_progress");
        let echo = &self.echo;
        out.push(self.output.event(name, 2048 + self.output.held(), |out| {
            out.name("response");
            response::write(out, &head, echo, items.iter(), used);
        }));
    }

    fn open(&mut self, place: BlockPlace, start: BlockStart, out: &mut Vec<NewEvent>, losses: &mut FieldLosses) {
        self.finish_thought(out);
        self.finish_closed("completed", out);
        for call in &mut self.calls {
            call.tell(&mut self.output, out);
        }
        let refuses = match start {
            BlockStart::Text => false,
            BlockStart::Refusal => true,
            other => {
                self.finish_message("completed", out);
                return self.open_item(place, other, out, losses);
            }
        };
        let output = &mut self.output;
        let message = self.message.get_or_insert_with(|| MessageItem::begin(output, out));
        message.open(place, refuses, output, out);
    }

    fn open_item(&mut self, place: BlockPlace, start: BlockStart, out: &mut Vec<NewEvent>, losses: &mut FieldLosses) {
        match start {
            BlockStart::Reasoning { id } => {
                self.thought = Some(ThoughtItem::begin(place, id, &mut self.output, out));
            }
            BlockStart::ToolUse { id, item, name, custom } => {
                let id = id.unwrap_or_else(|| ids::made(self.context.id, self.called));
                self.called += 1;
                let block =
                    ToolUseBlock { item, custom, ..ToolUseBlock::of(Some(id), name, ToolInput::Text(JsonText::EMPTY)) };
                self.calls.push(CallItem::new(place, block, &mut self.output));
            }
            BlockStart::ServerTool(tool) => {
                let name = tool.name.as_ref().map_or(&b"server_tool"[..], JsonText::escaped);
                self.whole(&tool.raw, name, out, losses);
            }
            BlockStart::Other(other) => self.whole(&other.raw, other.kind.as_bytes(), out, losses),
            BlockStart::Text | BlockStart::Refusal => {}
        }
    }

    /// An item as it stands, if it is one of this wire.
    fn whole(&mut self, raw: &RawJson, kind: &[u8], out: &mut Vec<NewEvent>, losses: &mut FieldLosses) {
        if !kinds::is_item(raw) {
            return losses.lose_extra("content", kind);
        }
        let number = self.output.begin(out, |out| {
            out.raw(raw);
        });
        self.output.complete(number, raw.clone(), out);
    }

    fn grow(&mut self, place: BlockPlace, delta: BlockDelta, out: &mut Vec<NewEvent>, losses: &mut FieldLosses) {
        let output = &mut self.output;
        if let Some(message) = self.message.as_mut().filter(|message| message.is_at(place)) {
            message.grow(delta, output, out, losses);
        } else if let Some(call) = self.calls.iter_mut().find(|call| call.is_at(place)) {
            call.grow(delta, output, out, losses);
        } else if let Some(thought) = self.thought.as_mut().filter(|thought| thought.is_at(place)) {
            thought.grow(delta, output, out, losses);
        }
    }

    fn close(&mut self, place: BlockPlace, out: &mut Vec<NewEvent>) {
        let output = &mut self.output;
        if let Some(message) = self.message.as_mut().filter(|message| message.is_at(place)) {
            message.close(output, out);
        } else if let Some(at) = self.calls.iter().position(|call| call.is_at(place)) {
            let call = self.calls.remove(at);
            self.finish_closed("completed", out);
            self.closed = Some(call);
        } else if self.thought.as_ref().is_some_and(|thought| thought.is_at(place)) {
            self.finish_thought(out);
        }
    }

    fn finish_thought(&mut self, out: &mut Vec<NewEvent>) {
        if let Some(thought) = self.thought.take() {
            thought.finish(&mut self.output, out);
        }
    }

    fn finish_closed(&mut self, status: &'static str, out: &mut Vec<NewEvent>) {
        if let Some(call) = self.closed.take() {
            call.finish(status, &mut self.output, out);
        }
    }

    fn finish_message(&mut self, status: &'static str, out: &mut Vec<NewEvent>) {
        if let Some(message) = self.message.take() {
            message.finish(status, &mut self.output, out);
        }
    }

    /// All that is open is complete, as far as the answer is.
    pub(crate) fn finish_items(&mut self, out: &mut Vec<NewEvent>) {
        let status = if stop::incomplete(self.stop.as_ref()).is_some() { "incomplete" } else { "completed" };
        self.finish_thought(out);
        self.finish_closed(status, out);
        for call in std::mem::take(&mut self.calls) {
            call.finish(status, &mut self.output, out);
        }
        self.finish_message(status, out);
    }

    fn end(&mut self, out: &mut Vec<NewEvent>) {
        self.finish_items(out);
        self.ended = true;
        match stop::incomplete(self.stop.as_ref()) {
            Some(reason) => self.tell("response.incomplete", "incomplete", Some(reason), None, out),
            None => self.tell("response.completed", "completed", None, None, out),
        }
    }

    fn fail(&mut self, failure: &ApiFailure, out: &mut Vec<NewEvent>) {
        self.ended = true;
        self.tell("response.failed", "failed", None, Some((failure::code(failure), &failure.message)), out);
    }
}
