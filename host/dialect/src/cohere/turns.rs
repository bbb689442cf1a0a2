//! Turns of a conversation, written as messages: what the model says until another speaks is one message, and each result of a
//! tool is one.

use crate::canon::{
    ChatRequest, ContentBlock, FieldLosses, JsonText, JsonWriter, MediaBlock, MediaSource, TargetRules, ToolResultBlock,
};
use crate::translate::order::{Spoken, SpokenBy, SpokenTurn};
use crate::translate::results;
use crate::translate::said::{self, ModelSaid};

/// Writes all of them.
pub(super) fn write(out: &mut JsonWriter, request: &ChatRequest, rules: &TargetRules, losses: &mut FieldLosses) {
    let spoken = Spoken::of(request);
    for turn in &spoken.leading {
        message(out, "system", turn.blocks.iter(), losses);
    }
    for run in &spoken.turns {
        match run.speaker {
            SpokenBy::Application => {
                run.turns.iter().for_each(|turn| message(out, "system", turn.blocks.iter(), losses));
            }
            SpokenBy::Assistant => assistant(out, run, rules, losses),
            SpokenBy::User => user(out, run, losses),
        }
    }
}

/// Results of tools before all else, since they must follow the calls; then what they show, which a result has no place for; then
/// what the user says.
fn user(out: &mut JsonWriter, run: &SpokenTurn<'_>, losses: &mut FieldLosses) {
    let mut shown = Vec::new();
    for block in run.blocks() {
        if let ContentBlock::ToolResult(answered) = block {
            result(out, answered, losses);
            shown.extend(results::shown(answered));
        }
    }
    message(out, "user", shown, losses);
    for turn in &run.turns {
        let said = turn.blocks.iter().filter(|block| !matches!(block, ContentBlock::ToolResult(_)));
        message(out, "user", said, losses);
    }
}

/// A message of texts and, where the user speaks, pictures. One that would say nothing is left out.
fn message<'a>(
    out: &mut JsonWriter,
    role: &'static str,
    blocks: impl IntoIterator<Item = &'a ContentBlock>,
    losses: &mut FieldLosses,
) {
    let (mut parts, mut count, mut only) = (JsonWriter::default(), 0, None);
    parts.open_array();
    for block in blocks {
        let text = match block {
            ContentBlock::Text(text) => Some(said::text_of(text, losses).clone()),
            ContentBlock::Refusal(text) => Some(text.text.clone()),
            ContentBlock::Document(document) => results::of_document(document),
            _ => None,
        };
        match (text, block) {
            (Some(text), _) if text.is_empty() => {}
            (Some(text), _) => {
                parts.open().name("type").string("text").name("text").text(&text).close();
                (only, count) = (Some(text), count + 1);
            }
            (None, ContentBlock::Image(image)) if role == "user" => count += picture(&mut parts, image, losses),
            (None, other) => said::lose_block(other, losses),
        }
    }
    parts.close_array();
    if count == 0 {
        return;
    }
    out.open().name("role").string(role).name("content");
    match only.filter(|_| count == 1) {
        Some(text) => out.text(&text),
        None => out.raw(&parts.finish_raw()),
    };
    out.close();
}

/// Writes a picture, and says how many parts that is.
fn picture(parts: &mut JsonWriter, image: &MediaBlock, losses: &mut FieldLosses) -> usize {
    said::lose_beside(image, losses);
    losses.lose_extras("messages.content", &image.extra);
    let url = match &image.source {
        MediaSource::Store(_) => None,
        source => source.to_url(image.media_type.as_ref()),
    };
    let Some(url) = url else {
        losses.lose("messages.content.image");
        return 0;
    };
    parts.open().name("type").string("image_url").name("image_url").open().name("url").text(&url);
    let detail = image.detail.as_ref().filter(|word| ["auto", "low", "high"].iter().any(|known| word.is(known)));
    parts.text_member("detail", detail).close().close();
    1
}

fn result(out: &mut JsonWriter, result: &ToolResultBlock, losses: &mut FieldLosses) {
    if result.cache.is_some() {
        losses.lose("messages.content.cache_control");
    }
    let text = results::as_one(&results::texts(result, losses));
    out.open().name("role").string("tool");
    out.name("tool_call_id").text(result.id.as_ref().unwrap_or(&JsonText::EMPTY));
    out.name("content").text(&text).close();
}

/// All that the model says until another does. A message that would say nothing is left out.
fn assistant(out: &mut JsonWriter, run: &SpokenTurn<'_>, rules: &TargetRules, losses: &mut FieldLosses) {
    let said = ModelSaid::of(run, losses);
    // Models that think read their thoughts again; of the others those are a plan that goes with calls.
    let thinks = rules.model.contains("reasoning");
    let thoughts = results::as_one(&said.thoughts);
    let is_plan = !thinks && !said.calls.is_empty();
    if !thinks && !is_plan && !thoughts.is_empty() {
        losses.lose("messages.content.reasoning");
    }
    if said.is_silent() {
        return;
    }
    out.open().name("role").string("assistant");
    if thinks && !thoughts.is_empty() {
        out.name("content").open_array();
        out.open().name("type").string("thinking").name("thinking").text(&thoughts).close();
        if let Some(text) = said.text() {
            out.open().name("type").string("text").name("text").text(&text).close();
        }
        out.close_array();
    } else {
        out.text_member("content", said.text().as_ref());
    }
    if is_plan && !thoughts.is_empty() {
        out.name("tool_plan").text(&thoughts);
    }
    if !said.calls.is_empty() {
        out.name("tool_calls").open_array();
        for call in &said.calls {
            out.open().name("id").text(call.id.as_ref().unwrap_or(&JsonText::EMPTY));
            out.name("type").string("function").name("function").open().name("name").text(&call.name);
            out.name("arguments").text(&said::input_of(call, losses).to_text()).close().close();
        }
        out.close_array();
    }
    out.close();
}
