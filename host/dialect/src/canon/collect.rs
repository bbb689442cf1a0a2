//! A stream's events as one answer.

use std::collections::BTreeMap;

use weir_http::json::JsonKind;

use super::logprobs;
use super::{
    ApiFailure, BlockDelta, BlockPlace, BlockStart, ChatAnswer, ChatChoice, ChatEvent, ContentBlock, JsonText, RawJson,
    ReasoningBlock, TextBlock, ThoughtSignature, ToolInput, ToolUseBlock,
};
use crate::wire::{Vendor, WireFormat};

/// Puts the events of a stream together to the answer that they tell, for a client that wants it whole.
///
/// Every event is kept until then: whoever feeds it looks at [`EventCollector::held`].
#[derive(Debug)]
pub struct EventCollector {
    answer: ChatAnswer,
    blocks: Vec<GatheredBlock>,
    failure: Option<Box<ApiFailure>>,
    held: usize,
}

/// A block, with what it grew by.
#[derive(Debug)]
struct GatheredBlock {
    place: BlockPlace,
    block: ContentBlock,
    /// Its text or arguments in pieces.
    texts: Vec<JsonText>,
    /// The model's thoughts in short, each in pieces.
    summaries: Vec<Vec<JsonText>>,
    logprobs: Vec<RawJson>,
}

impl EventCollector {
    /// Of a stream of this wire.
    #[must_use]
    pub fn new(wire: WireFormat) -> Self {
        Self { answer: ChatAnswer::new(wire), blocks: Vec::new(), failure: None, held: 0 }
    }

    /// The next event. What only the stream's wire has ([`ChatEvent::Beside`], [`BlockDelta::Other`]) is no part of the answer.
    pub fn put(&mut self, event: ChatEvent) {
        match event {
            ChatEvent::Start(start) => {
                let answer = &mut self.answer;
                (answer.id, answer.model, answer.created) = (start.id, start.model, start.created);
                (answer.service_tier, answer.extra) = (start.service_tier, start.extra);
            }
            ChatEvent::Open(place, start) => self.open(place, start),
            ChatEvent::Delta(place, delta) => {
                self.held += size(&delta);
                // The one that grows is mostly the last one.
                if let Some(gathered) = self.blocks.iter_mut().rfind(|gathered| gathered.place == place) {
                    gathered.grow(delta);
                }
            }
            ChatEvent::Stop { choice, stop } => self.choice(choice).stop = Some(stop),
            ChatEvent::Usage(usage) => self.answer.usage = Some(self.answer.usage.unwrap_or_default().then(usage)),
            ChatEvent::Failed(failure) => self.failure = Some(failure),
            ChatEvent::Close(_) | ChatEvent::End | ChatEvent::Beside(..) | ChatEvent::Alive => {}
        }
    }

    /// Bytes of what was said so far.
    #[must_use]
    pub fn held(&self) -> usize {
        self.held
    }

    /// The answer. Choices stand in the order of their numbers, blocks in the order in which they opened.
    ///
    /// # Errors
    /// What the provider says of its failure.
    pub fn finish(mut self) -> Result<ChatAnswer, Box<ApiFailure>> {
        if let Some(failure) = self.failure {
            return Err(failure);
        }
        let mut logprobs: BTreeMap<u32, Vec<RawJson>> = BTreeMap::new();
        for gathered in std::mem::take(&mut self.blocks) {
            let index = gathered.place.choice;
            let (block, of_choice) = gathered.finish();
            self.choice(index).blocks.push(block);
            logprobs.entry(index).or_default().extend(of_choice);
        }
        for (index, of_choice) in logprobs {
            self.choice(index).logprobs = logprobs::joined(of_choice);
        }
        Ok(self.answer)
    }

    fn choice(&mut self, index: u32) -> &mut ChatChoice {
        choice_of(&mut self.answer.choices, index)
    }

    fn open(&mut self, place: BlockPlace, start: BlockStart) {
        let block = match start {
            BlockStart::Text => ContentBlock::Text(TextBlock::default()),
            BlockStart::Refusal => ContentBlock::Refusal(TextBlock::default()),
            BlockStart::Reasoning { id } => ContentBlock::Reasoning(ReasoningBlock { id, ..ReasoningBlock::default() }),
            BlockStart::ToolUse { id, item, name, custom } => {
                let input = ToolInput::Text(JsonText::EMPTY);
                ContentBlock::ToolUse(ToolUseBlock { item, custom, ..ToolUseBlock::of(id, name, input) })
            }
            BlockStart::ServerTool(block) => ContentBlock::ServerTool(block),
            BlockStart::Other(block) => ContentBlock::Other(block),
        };
        let (texts, summaries, logprobs) = (Vec::new(), Vec::new(), Vec::new());
        self.blocks.push(GatheredBlock { place, block, texts, summaries, logprobs });
    }
}

/// The choice of this number, which there is from now on.
fn choice_of(choices: &mut Vec<ChatChoice>, index: u32) -> &mut ChatChoice {
    let at = match choices.binary_search_by_key(&index, |choice| choice.index) {
        Ok(at) => at,
        Err(at) => {
            choices.insert(at, ChatChoice { index, ..ChatChoice::default() });
            at
        }
    };
    #[allow(clippy::indexing_slicing)] // it was found there, or has just been put there
    &mut choices[at]
}

impl GatheredBlock {
    fn grow(&mut self, delta: BlockDelta) {
        match (delta, &mut self.block) {
            (BlockDelta::Text(text) | BlockDelta::Refusal(text) | BlockDelta::Reasoning(text), _)
            | (BlockDelta::Input(text), _) => self.texts.push(text),
            (BlockDelta::Summary(text, begins), _) => match self.summaries.last_mut().filter(|_| !begins) {
                Some(summary) => summary.push(text),
                None => self.summaries.push(vec![text]),
            },
            (BlockDelta::WholeInput(input), ContentBlock::ToolUse(call)) => call.input = ToolInput::Json(input),
            (BlockDelta::Signature(signature), ContentBlock::Reasoning(thoughts)) => {
                thoughts.signature = Some(signature);
            }
            (BlockDelta::Signature(signature), ContentBlock::ToolUse(call)) => call.signature = Some(signature),
            (BlockDelta::Citation(note), ContentBlock::Text(text)) => text.citations.push(note),
            (BlockDelta::Logprobs(raw), _) => self.logprobs.push(raw),
            // None of these blocks has a place for it.
            (
                BlockDelta::WholeInput(_) | BlockDelta::Signature(_) | BlockDelta::Citation(_) | BlockDelta::Other(_),
                _,
            ) => {}
        }
    }

    /// The block, and what was said of the probability of tokens where wires say that of a whole choice, by objects.
    fn finish(self) -> (ContentBlock, Vec<RawJson>) {
        let text = JsonText::concat(&self.texts);
        let mut block = self.block;
        let (of_block, of_choice): (Vec<_>, _) =
            self.logprobs.into_iter().partition(|raw| raw.kind() == JsonKind::Array);
        match &mut block {
            ContentBlock::Text(own) | ContentBlock::Refusal(own) => {
                (own.text, own.logprobs) = (text, logprobs::joined(of_block));
            }
            ContentBlock::Reasoning(own) => {
                own.text = if text.is_empty() { Vec::new() } else { vec![text] };
                own.summary = self.summaries.iter().map(JsonText::concat).collect();
                own.signs_next = signs_next(own);
            }
            ContentBlock::ToolUse(own) if !matches!(own.input, ToolInput::Json(_)) => own.input = ToolInput::Text(text),
            _ => {}
        }
        (block, of_choice)
    }
}

/// Google's models sign what they say next, by a part that says nothing.
fn signs_next(thoughts: &ReasoningBlock) -> bool {
    let is_google = |signature: &ThoughtSignature| signature.vendor == Vendor::Google;
    thoughts.text.is_empty() && thoughts.summary.is_empty() && thoughts.signature.as_ref().is_some_and(is_google)
}

/// Bytes that it adds.
fn size(delta: &BlockDelta) -> usize {
    match delta {
        BlockDelta::Text(text) | BlockDelta::Refusal(text) | BlockDelta::Reasoning(text) => text.token().len(),
        BlockDelta::Summary(text, _) | BlockDelta::Input(text) => text.token().len(),
        BlockDelta::WholeInput(raw) | BlockDelta::Logprobs(raw) | BlockDelta::Other(raw) => raw.bytes().len(),
        BlockDelta::Signature(signature) => signature.value.token().len(),
        BlockDelta::Citation(note) => note.raw.bytes().len(),
    }
}
