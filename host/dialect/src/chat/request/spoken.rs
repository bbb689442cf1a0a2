//! Turns that came in another wire, written as messages: what one says until another does is one message, and each result of a
//! tool is one.

use super::messages::{role, write_name};
use crate::canon::{
    CacheMark, ChatRequest, ChatTurn, ContentBlock, DocumentSource, JsonText, JsonWriter, RawJson, ReasoningBlock,
    TargetRules, TextBlock, ToolResultBlock,
};
use crate::chat::writing::ChatWriting;
use crate::chat::{calls, parts, thoughts};
use crate::translate::order::{Spoken, SpokenBy, SpokenTurn};

/// Writes all of them.
pub(super) fn write(out: &mut JsonWriter, request: &ChatRequest, rules: &TargetRules, writing: &mut ChatWriting<'_>) {
    for turn in &request.turns {
        writing.losses.lose_extras("messages", &turn.extra);
    }
    let spoken = Spoken::of(request);
    spoken.leading.iter().for_each(|turn| plain(out, turn, rules, writing));
    for run in &spoken.turns {
        match run.speaker {
            SpokenBy::Application => run.turns.iter().for_each(|turn| plain(out, turn, rules, writing)),
            SpokenBy::Assistant => assistant(out, (run, is_last(&spoken, run)), rules, writing),
            SpokenBy::User => user(out, run, rules, writing),
        }
    }
}

/// Whether nobody speaks behind it.
fn is_last(spoken: &Spoken<'_>, run: &SpokenTurn<'_>) -> bool {
    spoken.turns.last().is_some_and(|last| std::ptr::eq(last, run))
}

/// A message with nothing but content. One that would say nothing is left out: what it had is told as lost.
fn plain(out: &mut JsonWriter, turn: &ChatTurn, rules: &TargetRules, writing: &mut ChatWriting<'_>) {
    let said: Vec<_> = turn.blocks.iter().filter(|block| !matches!(block, ContentBlock::ToolResult(_))).collect();
    let Some(content) = content(&said, writing) else { return };
    out.open().name("role").string(role(turn.role, rules)).name("content").raw(&content);
    write_name(out, turn.name.as_ref(), rules, writing);
    out.close();
}

/// A content: a string where that says all, which every provider takes; none where nothing is left.
fn content(blocks: &[&ContentBlock], writing: &mut ChatWriting<'_>) -> Option<RawJson> {
    if let [ContentBlock::Text(text)] = blocks
        && !is_marked(text.cache.as_ref(), writing)
    {
        writing.losses.lose_extras("messages.content", &text.extra);
        return Some(RawJson::of_text(&text.text));
    }
    let mut out = JsonWriter::default();
    out.open_array();
    blocks.iter().for_each(|block| parts::write(&mut out, block, writing));
    out.close_array();
    Some(out.finish_raw()).filter(|content| content.bytes().as_ref() != b"[]")
}

/// Whether a mark for the cache is written; one that is not is lost.
fn is_marked(mark: Option<&CacheMark>, writing: &mut ChatWriting<'_>) -> bool {
    if mark.is_some() && !writing.marks {
        writing.losses.lose("messages.content.cache_control");
    }
    mark.is_some() && writing.marks
}

/// Results of tools before all else, since they must follow the calls; then the images in them, which a result has no place for;
/// then what the user says.
fn user(out: &mut JsonWriter, run: &SpokenTurn<'_>, rules: &TargetRules, writing: &mut ChatWriting<'_>) {
    let mut shown = Vec::new();
    for block in run.blocks() {
        if let ContentBlock::ToolResult(result) = block {
            write_result(out, result, writing);
            shown.extend(result.content.iter().filter(|block| is_shown(block)));
        }
    }
    if let Some(content) = content(&shown, writing) {
        out.open().name("role").string("user").name("content").raw(&content).close();
    }
    run.turns.iter().for_each(|turn| plain(out, turn, rules, writing));
}

fn is_shown(block: &ContentBlock) -> bool {
    match block {
        ContentBlock::Image(_) | ContentBlock::Audio(_) | ContentBlock::Video(_) => true,
        ContentBlock::Document(document) => !matches!(document.source, DocumentSource::Text(_)),
        _ => false,
    }
}

fn write_result(out: &mut JsonWriter, result: &ToolResultBlock, writing: &mut ChatWriting<'_>) {
    if result.failed == Some(true) {
        writing.losses.lose("messages.content.is_error");
    }
    writing.losses.lose_extras("messages.content", &result.extra);
    let mut texts: Vec<TextBlock> = Vec::new();
    for block in result.content.iter().filter(|block| !is_shown(block)) {
        match block {
            ContentBlock::Text(text) => texts.push(text.clone()),
            ContentBlock::Other(other) if other.kind.as_ref() == "json" => {
                texts.push(TextBlock::of(other.raw.text().unwrap_or_else(|| other.raw.to_text())));
            }
            ContentBlock::Document(document) => texts.extend(match &document.source {
                DocumentSource::Text(text) => Some(TextBlock::of(text.clone())),
                _ => None,
            }),
            ContentBlock::Other(other) => writing.losses.lose_extra("messages.content", other.kind.as_bytes()),
            _ => writing.losses.lose("messages.content.tool_result"),
        }
    }
    if let (Some(mark), Some(last)) = (&result.cache, texts.last_mut()) {
        last.cache = Some(mark.clone());
    }
    out.open().name("role").string("tool");
    out.name("tool_call_id").text(&writing.ids.fit(result.id.as_ref().unwrap_or(&JsonText::EMPTY)));
    let texts: Vec<_> = texts.into_iter().map(ContentBlock::Text).collect();
    let content = content(&texts.iter().collect::<Vec<_>>(), writing);
    out.name("content").raw(&content.unwrap_or_else(|| RawJson::of_text(&JsonText::EMPTY))).close();
}

/// All that the model says until another does. A message that would say nothing is left out.
fn assistant(
    out: &mut JsonWriter,
    (run, is_last): (&SpokenTurn<'_>, bool),
    rules: &TargetRules,
    writing: &mut ChatWriting<'_>,
) {
    let mut said = SaidByModel::default();
    for turn in &run.turns {
        let begins = said.texts.len();
        turn.blocks.iter().for_each(|block| said.add(block, begins, writing));
    }
    let (played, name) = match (rules.quirks.reasoning_content, rules.quirks.reasoning) {
        (true, _) => (true, "reasoning_content"),
        (false, named) => (named, "reasoning"),
    };
    let mut reasoning = JsonWriter::default();
    reasoning.open();
    if played {
        thoughts::write(&mut reasoning, &said.thoughts, name, writing);
    }
    reasoning.close();
    let reasoning = reasoning.finish_raw().members();
    let listed: Vec<JsonText> = if rules.quirks.thinking_list && !played {
        said.thoughts.iter().filter_map(|thought| thoughts::said(thought)).collect()
    } else {
        Vec::new()
    };
    if reasoning.is_empty() && listed.is_empty() && !said.thoughts.is_empty() {
        writing.losses.lose("messages.content.reasoning");
    }
    // Who refuses what it does not know is told a refusal as what it is: a text.
    if rules.quirks.known_members {
        said.texts.extend(said.refusals.drain(..).map(|refusal| TextBlock::of(refusal.clone())));
    }
    if said.is_silent() && reasoning.is_empty() && listed.is_empty() {
        return;
    }
    out.open().name("role").string("assistant").name("content");
    if listed.is_empty() {
        said.write_texts(out, writing);
    } else {
        said.write_listed(out, &listed);
    }
    out.members(&reasoning);
    if !said.refusals.is_empty() {
        out.name("refusal").text(&JsonText::concat(said.refusals));
    }
    calls::write(out, &said.calls, &|_| None, writing);
    if rules.quirks.prefix && is_last && said.calls.is_empty() {
        out.name("prefix").boolean(true);
    }
    write_name(out, run.turns.iter().find_map(|turn| turn.name.as_ref()), rules, writing);
    out.close();
}

/// What the model says, by where it is written.
#[derive(Default)]
struct SaidByModel<'a> {
    texts: Vec<TextBlock>,
    refusals: Vec<&'a JsonText>,
    thoughts: Vec<&'a ReasoningBlock>,
    calls: Vec<&'a ContentBlock>,
}

impl<'a> SaidByModel<'a> {
    /// Adds a block of a turn before which there were so many texts.
    fn add(&mut self, block: &'a ContentBlock, begins: usize, writing: &mut ChatWriting<'_>) {
        match block {
            ContentBlock::Text(text) => {
                writing.losses.lose_extras("messages.content", &text.extra);
                if !text.citations.is_empty() {
                    writing.losses.lose("messages.content.citations");
                }
                // Texts of one turn follow each other as they stand; those of several are told apart.
                if begins > 0 && self.texts.len() == begins {
                    self.texts.push(TextBlock::of(JsonText::of("\n\n")));
                }
                self.texts.push(TextBlock { cache: text.cache.clone(), ..TextBlock::of(text.text.clone()) });
            }
            ContentBlock::Refusal(refusal) => self.refusals.push(&refusal.text),
            ContentBlock::Reasoning(thoughts) => self.thoughts.push(thoughts),
            ContentBlock::ToolUse(_) => self.calls.push(block),
            ContentBlock::Image(_) => writing.losses.lose("messages.content.image"),
            ContentBlock::Audio(_) => writing.losses.lose("messages.content.audio"),
            ContentBlock::Video(_) => writing.losses.lose("messages.content.video"),
            ContentBlock::Document(_) => writing.losses.lose("messages.content.document"),
            ContentBlock::ToolResult(_) => writing.losses.lose("messages.content.tool_result"),
            ContentBlock::ServerTool(_) => writing.losses.lose("messages.content.server_tool"),
            ContentBlock::Other(other) => writing.losses.lose_extra("messages.content", other.kind.as_bytes()),
        }
    }

    fn is_silent(&self) -> bool {
        self.texts.is_empty() && self.refusals.is_empty() && self.calls.is_empty()
    }

    /// Writes thoughts and texts as parts of one content (Mistral's API reference, `ThinkChunk`).
    fn write_listed(&self, out: &mut JsonWriter, thoughts: &[JsonText]) {
        out.open_array().open().name("type").string("thinking").name("thinking").open_array();
        for thought in thoughts {
            out.open().name("type").string("text").name("text").text(thought).close();
        }
        out.close_array().close();
        if !self.texts.is_empty() {
            let text = JsonText::concat(self.texts.iter().map(|text| &text.text));
            out.open().name("type").string("text").name("text").text(&text).close();
        }
        out.close_array();
    }

    fn write_texts(&self, out: &mut JsonWriter, writing: &mut ChatWriting<'_>) {
        let marks = self.texts.iter().map(|text| is_marked(text.cache.as_ref(), writing)).collect::<Vec<_>>();
        if self.texts.is_empty() && !self.calls.is_empty() {
            out.null();
        } else if marks.contains(&true) {
            out.open_array();
            self.texts.iter().for_each(|text| parts::write(out, &ContentBlock::Text(text.clone()), writing));
            out.close_array();
        } else {
            out.text(&JsonText::concat(self.texts.iter().map(|text| &text.text)));
        }
    }
}
