//! Turns of a conversation, written as messages: a text each, pictures and calls beside it, and each result of a tool a message of
//! its own.

use crate::canon::{ChatRequest, ContentBlock, FieldLosses, JsonText, JsonWriter, MediaSource, ToolResultBlock};
use crate::translate::ids::ToolNames;
use crate::translate::order::{Spoken, SpokenBy, SpokenTurn};
use crate::translate::results;
use crate::translate::said::{self, ModelSaid};

/// Writes all of them.
pub(super) fn write(out: &mut JsonWriter, request: &ChatRequest, losses: &mut FieldLosses) {
    let names = ToolNames::of(request);
    let spoken = Spoken::of(request);
    for turn in &spoken.leading {
        message(out, "system", turn.blocks.iter(), losses);
    }
    for run in &spoken.turns {
        match run.speaker {
            SpokenBy::Application => {
                run.turns.iter().for_each(|turn| message(out, "system", turn.blocks.iter(), losses));
            }
            SpokenBy::Assistant => assistant(out, run, losses),
            SpokenBy::User => user(out, run, &names, losses),
        }
    }
}

/// Results of tools before all else, since they must follow the calls; then what they show; then what the user says.
fn user(out: &mut JsonWriter, run: &SpokenTurn<'_>, names: &ToolNames<'_>, losses: &mut FieldLosses) {
    let mut shown = Vec::new();
    for block in run.blocks() {
        if let ContentBlock::ToolResult(answered) = block {
            result(out, answered, names, losses);
            shown.extend(results::shown(answered));
        }
    }
    message(out, "user", shown, losses);
    for turn in &run.turns {
        let said = turn.blocks.iter().filter(|block| !matches!(block, ContentBlock::ToolResult(_)));
        message(out, "user", said, losses);
    }
}

/// A message: its texts as one, with a blank line between two, and its pictures. One that would say nothing is left out.
fn message<'a>(
    out: &mut JsonWriter,
    role: &'static str,
    blocks: impl IntoIterator<Item = &'a ContentBlock>,
    losses: &mut FieldLosses,
) {
    let (mut texts, mut pictures) = (Vec::new(), Vec::new());
    for block in blocks {
        match block {
            ContentBlock::Text(text) => texts.push(said::text_of(text, losses).clone()),
            ContentBlock::Refusal(text) => texts.push(text.text.clone()),
            ContentBlock::Image(image) => {
                said::lose_beside(image, losses);
                losses.lose_extras("messages.content", &image.extra);
                match &image.source {
                    MediaSource::Base64(data) => pictures.push(data),
                    // It fetches nothing.
                    MediaSource::Url(_) => losses.lose("messages.content.image.url"),
                    MediaSource::FileId(_) => losses.lose("messages.content.image.file_id"),
                    MediaSource::Store(_) => losses.lose("messages.content.image"),
                }
            }
            ContentBlock::Document(document) => match results::of_document(document) {
                Some(text) => texts.push(text),
                None => losses.lose("messages.content.document"),
            },
            other => said::lose_block(other, losses),
        }
    }
    texts.retain(|text| !text.is_empty());
    if texts.is_empty() && pictures.is_empty() {
        return;
    }
    out.open().name("role").string(role).name("content").text(&results::as_one(&texts));
    if !pictures.is_empty() {
        out.name("images").open_array();
        pictures.into_iter().for_each(|data| {
            out.text(data);
        });
        out.close_array();
    }
    out.close();
}

fn result(out: &mut JsonWriter, result: &ToolResultBlock, names: &ToolNames<'_>, losses: &mut FieldLosses) {
    if result.cache.is_some() {
        losses.lose("messages.content.cache_control");
    }
    let text = results::as_one(&results::texts(result, losses));
    let name = result.id.as_ref().and_then(|id| names.get(id)).or(result.name.as_ref());
    out.open().name("role").string("tool").name("content").text(&text);
    out.text_member("tool_name", name).text_member("tool_call_id", result.id.as_ref()).close();
}

/// All that the model says until another does. A message that would say nothing is left out.
fn assistant(out: &mut JsonWriter, run: &SpokenTurn<'_>, losses: &mut FieldLosses) {
    let said = ModelSaid::of(run, losses);
    let thoughts = results::as_one(&said.thoughts);
    if said.is_silent() && thoughts.is_empty() {
        return;
    }
    out.open().name("role").string("assistant").name("content").text(&said.text().unwrap_or(JsonText::EMPTY));
    out.text_member("thinking", Some(&thoughts).filter(|text| !text.is_empty()));
    if !said.calls.is_empty() {
        out.name("tool_calls").open_array();
        for (index, call) in (0..).zip(&said.calls) {
            out.open().text_member("id", call.id.as_ref()).name("function").open().name("index").number(index);
            out.name("name").text(&call.name).name("arguments").raw(&said::input_of(call, losses)).close().close();
        }
        out.close_array();
    }
    out.close();
}
