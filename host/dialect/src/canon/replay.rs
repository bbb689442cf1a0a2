//! One answer as a stream's events.

use super::{
    AnswerStart, BlockDelta, BlockPlace, BlockStart, ChatAnswer, ChatChoice, ChatEvent, ChatStop, ContentBlock,
    JsonText, JsonWriter, MediaBlock, OtherBlock, RawJson, ReasoningBlock, StopKind, TextBlock, ToolInput,
    ToolUseBlock,
};

/// The events of a stream that tells an answer, for a client that wants a stream of what came whole: what
/// [`super::EventCollector`] makes the same answer of, but for what only its wire has ([`super::ChatChoice::extra`] and the like).
#[derive(Debug)]
pub struct EventReplay(std::vec::IntoIter<ChatEvent>);

impl EventReplay {
    /// The events of an answer. A choice without a reason to end gets one, since every stream has one a choice.
    #[must_use]
    pub fn of(answer: ChatAnswer) -> Self {
        let mut events = Vec::new();
        events.push(ChatEvent::Start(Box::new(AnswerStart {
            id: answer.id,
            model: answer.model,
            created: answer.created,
            service_tier: answer.service_tier,
            extra: answer.extra,
        })));
        if let Some(word) = answer.blocked.filter(|_| answer.choices.is_empty()) {
            let stop = ChatStop { kind: StopKind::Filtered, word, sequence: None, details: None };
            events.push(ChatEvent::Stop { choice: 0, stop });
        }
        for choice in answer.choices {
            replay_choice(choice, &mut events);
        }
        events.extend(answer.usage.map(ChatEvent::Usage));
        events.push(ChatEvent::End);
        Self(events.into_iter())
    }
}

impl Iterator for EventReplay {
    type Item = ChatEvent;

    fn next(&mut self) -> Option<ChatEvent> {
        self.0.next()
    }
}

fn replay_choice(choice: ChatChoice, events: &mut Vec<ChatEvent>) {
    let index = choice.index;
    let calls = choice.blocks.iter().any(|block| matches!(block, ContentBlock::ToolUse(_)));
    let mut logprobs = choice.logprobs;
    for (block, content) in (0..).zip(choice.blocks) {
        let (start, mut deltas) = parts(content);
        deltas.extend(logprobs.take().map(BlockDelta::Logprobs));
        let place = BlockPlace { choice: index, block };
        events.push(ChatEvent::Open(place, start));
        events.extend(deltas.into_iter().map(|delta| ChatEvent::Delta(place, delta)));
        events.push(ChatEvent::Close(place));
    }
    let unsaid = || ChatStop {
        kind: if calls { StopKind::ToolUse } else { StopKind::End },
        word: JsonText::EMPTY,
        sequence: None,
        details: None,
    };
    events.push(ChatEvent::Stop { choice: index, stop: choice.stop.unwrap_or_else(unsaid) });
}

/// How a block opens, and what it grows by.
fn parts(block: ContentBlock) -> (BlockStart, Vec<BlockDelta>) {
    match block {
        ContentBlock::Text(text) => (BlockStart::Text, of_text(text, BlockDelta::Text)),
        ContentBlock::Refusal(text) => (BlockStart::Refusal, of_text(text, BlockDelta::Refusal)),
        ContentBlock::Reasoning(thoughts) => of_reasoning(thoughts),
        ContentBlock::ToolUse(call) => of_call(call),
        ContentBlock::ServerTool(block) => (BlockStart::ServerTool(block), Vec::new()),
        ContentBlock::Other(block) => (BlockStart::Other(block), Vec::new()),
        ContentBlock::Image(media) => (shown("image", &media), Vec::new()),
        ContentBlock::Audio(media) => (shown("audio", &media), Vec::new()),
        ContentBlock::Video(media) => (shown("video", &media), Vec::new()),
        // No model answers by one.
        ContentBlock::Document(_) => (other("document", RawJson::EMPTY_OBJECT), Vec::new()),
        ContentBlock::ToolResult(_) => (other("tool_result", RawJson::EMPTY_OBJECT), Vec::new()),
    }
}

fn of_text(block: TextBlock, delta: fn(JsonText) -> BlockDelta) -> Vec<BlockDelta> {
    let text = (!block.text.is_empty()).then(|| delta(block.text));
    let citations = block.citations.into_iter().map(BlockDelta::Citation);
    text.into_iter().chain(citations).chain(block.logprobs.map(BlockDelta::Logprobs)).collect()
}

fn of_reasoning(block: ReasoningBlock) -> (BlockStart, Vec<BlockDelta>) {
    let texts = block.text.into_iter().map(BlockDelta::Reasoning);
    let summaries = block.summary.into_iter().enumerate().map(|(at, text)| BlockDelta::Summary(text, at > 0));
    let deltas = texts.chain(summaries).chain(block.signature.map(BlockDelta::Signature)).collect();
    (BlockStart::Reasoning { id: block.id }, deltas)
}

fn of_call(call: ToolUseBlock) -> (BlockStart, Vec<BlockDelta>) {
    let input = match call.input {
        ToolInput::Json(raw) => Some(BlockDelta::WholeInput(raw)),
        ToolInput::Text(text) if text.is_empty() => None,
        ToolInput::Text(text) => Some(BlockDelta::Input(text)),
    };
    // Wires that have no place for it in a call tell it ahead of the call.
    let deltas = call.signature.map(BlockDelta::Signature).into_iter().chain(input).collect();
    (BlockStart::ToolUse { id: call.id, item: call.item, name: call.name, custom: call.custom }, deltas)
}

/// What has no events of its own: its address, or its data as one.
fn shown(kind: &str, media: &MediaBlock) -> BlockStart {
    let mut out = JsonWriter::default();
    out.open().name("type").string(kind);
    out.text_member("url", media.source.to_url(media.media_type.as_ref()).as_ref()).close();
    other(kind, out.finish_raw())
}

fn other(kind: &str, raw: RawJson) -> BlockStart {
    BlockStart::Other(OtherBlock { kind: kind.into(), raw })
}
