//! Why an answer ends, where plugins say something else of it.

use crate::canon::{ChatChoice, ChatStop, ContentBlock, JsonText, StopKind};
use crate::wire::WireFormat;

/// Chat's words, and those of Anthropic, Bedrock, Gemini and OpenAI's responses for the same.
const WORDS: [(&str, StopKind, [&str; 4]); 4] = [
    ("stop", StopKind::End, ["end_turn", "end_turn", "STOP", "completed"]),
    ("length", StopKind::Length, ["max_tokens", "max_tokens", "MAX_TOKENS", "max_output_tokens"]),
    ("tool_calls", StopKind::ToolUse, ["tool_use", "tool_use", "STOP", "completed"]),
    ("content_filter", StopKind::Filtered, ["refusal", "content_filtered", "SAFETY", "content_filter"]),
];

/// Makes a choice end for the reason that this word of chat's says; for any other word it stays.
pub(super) fn put(choice: &mut ChatChoice, wire: WireFormat, word: &str) {
    let Some((_, kind, [anthropic, bedrock, gemini, openai])) = WORDS.iter().find(|(own, ..)| *own == word) else {
        return;
    };
    let word = match wire {
        WireFormat::Messages => anthropic,
        WireFormat::Converse => bedrock,
        WireFormat::GenerateContent => gemini,
        WireFormat::Responses => openai,
        // No client speaks the latter two: other wires have their own word for the kind.
        WireFormat::Chat | WireFormat::CohereChat | WireFormat::OllamaChat => word,
    };
    choice.stop = Some(ChatStop { kind: *kind, word: JsonText::of(word), sequence: None, details: None });
}

/// A choice that waited for tools whose calls are gone waits no longer.
pub(super) fn without_calls(choice: &mut ChatChoice, wire: WireFormat) {
    let calls = choice.blocks.iter().any(|block| matches!(block, ContentBlock::ToolUse(_)));
    if !calls && choice.stop.as_ref().is_some_and(|stop| stop.kind == StopKind::ToolUse) {
        put(choice, wire, "stop");
    }
}
