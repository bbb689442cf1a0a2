//! What the demo provider says: the same to the same question, whatever dialect it is asked in.

use crate::control::demo::pieces::{self, letters, words};
use crate::control::demo::question::DemoQuestion;
use crate::control::demo::sample::sample;
use crate::control::demo::{thoughts, tools};
use serde_json::{Value, json};
use weir_dialect::WireFormat;
use weir_dialect::canon::{
    AnswerFormat, BlockDelta, ChatAnswer, ChatChoice, ChatEvent, ChatRequest, ChatStop, ContentBlock, EventReplay,
    JsonText, StopKind, TextBlock,
};
use weir_usage::Usage;

/// Made up once and never changed, so that answers are the same at every time.
pub(super) const CREATED: u64 = 1_750_000_000;

/// As many answers to one question as there are at most.
const MOST_CHOICES: u64 = 16;

/// The answer to a request, for a model by this name.
pub(super) fn answer(request: &ChatRequest) -> ChatAnswer {
    let question = DemoQuestion::of(request);
    let calls = tools::calls(request, &question);
    let thoughts = thoughts::of(request, &question);
    let thought = thoughts.as_ref().map_or(0, |thoughts| thoughts.tokens);
    let (said, stop) = match calls.is_empty() {
        true => spoken(request, &question),
        false => (None, StopKind::ToolUse),
    };
    let written = said.as_ref().map_or(0, |said| said.tokens) + calls.iter().map(tokens_of).sum::<u64>() + thought;
    let choices = request.sampling.choices.as_ref().and_then(|count| count.unsigned()).unwrap_or(1);
    let choices = choices.clamp(1, MOST_CHOICES);
    let text = said.map(|said| ContentBlock::Text(TextBlock::of(JsonText::of(&said.text))));
    let blocks: Vec<ContentBlock> =
        thoughts.map(|thoughts| thoughts.block).into_iter().chain(text).chain(calls).collect();
    let choice = |index| ChatChoice {
        index,
        blocks: blocks.clone(),
        stop: Some(ChatStop { kind: stop, word: JsonText::EMPTY, sequence: None, details: None }),
        ..ChatChoice::default()
    };
    let output = written * choices;
    ChatAnswer {
        created: Some(CREATED),
        choices: (0..u32::try_from(choices).unwrap_or(1)).map(choice).collect(),
        usage: Some(Usage {
            input: Some(question.input_tokens),
            output: Some(output),
            total: Some(question.input_tokens + output),
            reasoning: (thought > 0).then_some(thought * choices),
            ..Usage::default()
        }),
        // As if it had come from elsewhere: then the asked dialect's encoder writes all that an answer has there.
        ..ChatAnswer::new(elsewhere(request.wire))
    }
}

/// Any wire but this one.
fn elsewhere(wire: WireFormat) -> WireFormat {
    if wire == WireFormat::Chat { WireFormat::Messages } else { WireFormat::Chat }
}

/// The same as a stream, word by word.
pub(super) fn events(request: &ChatRequest) -> impl Iterator<Item = ChatEvent> {
    EventReplay::of(answer(request)).flat_map(in_pieces)
}

fn in_pieces(event: ChatEvent) -> Vec<ChatEvent> {
    let ChatEvent::Delta(place, delta) = event else { return vec![event] };
    let deltas: Vec<BlockDelta> = match delta {
        BlockDelta::Text(text) => cut(&text, BlockDelta::Text),
        BlockDelta::Reasoning(text) => cut(&text, BlockDelta::Reasoning),
        BlockDelta::Input(text) => cut(&text, BlockDelta::Input),
        BlockDelta::WholeInput(raw) => {
            letters(&String::from_utf8_lossy(raw.bytes())).map(|piece| BlockDelta::Input(JsonText::of(piece))).collect()
        }
        other => vec![other],
    };
    deltas.into_iter().map(|delta| ChatEvent::Delta(place, delta)).collect()
}

fn cut(text: &JsonText, delta: fn(JsonText) -> BlockDelta) -> Vec<BlockDelta> {
    words(&text.text()).map(|word| delta(JsonText::of(word))).collect()
}

/// A text, and what it costs.
struct SpokenText {
    text: String,
    tokens: u64,
}

/// What it says, and why it ends: within the bounds of the request, and not beyond its words to stop at.
fn spoken(request: &ChatRequest, question: &DemoQuestion) -> (Option<SpokenText>, StopKind) {
    let whole = text(request, question);
    let stops = request.sampling.stop.iter().map(JsonText::text);
    let stop = stops.filter(|stop| !stop.is_empty()).filter_map(|stop| whole.find(&*stop)).min();
    let (text, mut kind) = match stop.and_then(|at| whole.get(..at)) {
        Some(text) => (text, StopKind::Sequence),
        None => (whole.as_str(), StopKind::End),
    };
    let longest = request.max_output.as_ref().and_then(|most| most.unsigned()).unwrap_or(u64::MAX).max(1);
    if pieces::count(text) >= longest {
        kind = StopKind::Length;
    }
    let kept: String = words(text).take(usize::try_from(longest).unwrap_or(usize::MAX)).collect();
    let tokens = pieces::count(&kept);
    (Some(SpokenText { text: kept, tokens }), kind)
}

fn text(request: &ChatRequest, question: &DemoQuestion) -> String {
    match &request.format {
        AnswerFormat::JsonSchema { schema, .. } => {
            let schema = serde_json::from_slice::<Value>(schema.bytes()).unwrap_or_default();
            sample(&schema, &question.text).to_string()
        }
        AnswerFormat::JsonObject => json!({"answer": plain(request, question)}).to_string(),
        AnswerFormat::Unsaid | AnswerFormat::Text => plain(request, question),
    }
}

/// What tools have said, or else what the user has.
fn plain(request: &ChatRequest, question: &DemoQuestion) -> String {
    if !question.results.is_empty() {
        let reports = question.results.iter().map(|report| {
            let verb = if report.failed { "failed" } else { "said" };
            format!("{} {verb}: {}", report.name, report.text)
        });
        return reports.collect::<Vec<_>>().join("\n");
    }
    let opening = if request.model.ends_with("large") { "At length: you said:" } else { "You said:" };
    let asked = &question.text;
    let gap = if asked.starts_with(char::is_whitespace) || asked.is_empty() { "" } else { " " };
    let contact = asked.to_ascii_lowercase().contains("contact");
    let more = if contact { " Write to help@example.com or call +1 415 555 0132." } else { "" };
    format!("{opening}{gap}{asked}{more}")
}

fn tokens_of(block: &ContentBlock) -> u64 {
    match block {
        ContentBlock::ToolUse(call) => {
            let input = call.input.to_text();
            1 + u64::try_from(letters(&input.text()).count()).unwrap_or(u64::MAX)
        }
        _ => 0,
    }
}
